"""Text in figures: labels of any content made harmless and short, and set beside the lines without overlapping."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from goodinit.figures.style import SMALL, Look
from goodinit.spelling import one_line

LONGEST = 28  # characters: about a quarter of the width of a figure


def literal(text: str, most: int = LONGEST) -> str:
    """Make one short line, and escape the dollar signs, which would start a formula."""
    return one_line(text, most).replace("$", r"\$")


def names(results: xr.Dataset, most: int = LONGEST) -> list[str]:
    """Labels of the initializers, ready to be drawn."""
    return [literal(str(label), most) for label in results["initializer"].values]


def spread(wanted: ArrayLike, heights: ArrayLike) -> NDArray[np.float64]:
    """Move labels as little as possible (least squares) until none overlaps, inside 0..1 if they fit.

    With the room that the labels below need taken off, positions that may not overtake each other are an isotonic
    regression.
    """
    place, tall = np.asarray(wanted, float), np.asarray(heights, float)
    order = np.argsort(place, kind="stable")
    between = (tall[order][1:] + tall[order][:-1]) / 2
    room = np.concatenate([[0.0], np.cumsum(between)])
    fitted = isotonic_regression(place[order] - room).x
    moved = np.empty_like(place)
    moved[order] = np.clip(fitted, 0, max(0.0, 1 - room[-1])) + room
    return moved


@dataclass(frozen=True)
class End:
    """The last point of a line, and what to write beside it."""

    x: float
    y: float
    text: str
    look: Look


def label_ends(ax: Axes, ends: Sequence[End]) -> None:
    """Write beside each line what it is, joined to its last point; call it when the limits are set."""
    bottom, top = ax.get_ylim()
    points = [(end.x, min(max(end.y, bottom), top)) for end in ends]
    wanted = ax.transAxes.inverted().transform(ax.transData.transform(points))[:, 1]
    height = ax.bbox.height * 72 / ax.figure.dpi  # in points, as the text is
    heights = [(1.35 + 1.2 * end.text.count("\n")) * SMALL / height for end in ends]
    for end, point, place in zip(ends, points, spread(wanted, heights), strict=True):
        ax.annotate(
            end.text,
            xy=point,
            xytext=(1.045, place),
            textcoords="axes fraction",
            color=end.look.ink,
            fontsize=SMALL,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": end.look.colour,
                "linewidth": 0.8,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def title(ax: Axes, label: str, room: float) -> None:
    """Set a label above small axes, cut until it is at most `room` pixels wide."""
    for most in (LONGEST, 24, 20, 16, 12, 8):
        text = ax.set_title(literal(label, most), fontsize=SMALL + 0.5, pad=4, fontweight="normal")
        if text.get_window_extent().width <= room:
            return
