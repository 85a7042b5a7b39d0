"""The look of every figure: one colour an initializer, the same everywhere, whatever the caller's rcParams."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib import colors, patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from goodinit.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")

# Okabe & Ito's palette, told apart with every kind of colour blindness; its yellow and black, which are too light
# for lines on white and taken by the text, are replaced by wine and grey of about their lightness rank
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#777777")
LINES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D")
INK, QUIET, RULE = "#222222", "#6b6b6b", "#dddddd"
WIDTH = 7.5  # inches: the text width of the report at 100 dots an inch
SMALL = 8.0  # points; no text is smaller
HALO = (patheffects.withStroke(linewidth=2.5, foreground="white"),)
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # the one font that matplotlib brings along
    "font.size": 9.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 9.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "goodinit",  # the same results give the same file
    "figure.dpi": 150.0,  # the layout measures text at the resolution that is written
    "savefig.dpi": 150.0,
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.1,
}


@dataclass(frozen=True)
class Look:
    """How one initializer is drawn in every figure."""

    colour: str
    line: str
    marker: str

    @property
    def ink(self) -> tuple[float, float, float]:
        """The colour, darkened until text in it is readable on white."""
        red, green, blue = (0.62 * part for part in colors.to_rgb(self.colour))
        return red, green, blue


def looks(results: xr.Dataset) -> list[Look]:
    """Give each initializer its look, by its position among them; from the ninth on colours return with other lines."""
    wheel, marks = len(PALETTE), len(MARKERS)
    return [
        Look(PALETTE[i % wheel], LINES[i // wheel % len(LINES)], MARKERS[i // wheel % marks])
        for i in range(results.sizes["initializer"])
    ]


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the house style and give the caller's rcParams back unchanged.

    The font that matplotlib brings along lacks, say, Chinese; labels in it show as boxes, and the warnings about it
    are kept quiet (the pages have such labels as they are).
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            mpl.rcdefaults()
            mpl.rcParams.update(STYLE)
            return draw(*args, **kwargs)

    return drawn


def needs(results: xr.Dataset, variable: str, maker: str = "goodinit.measure") -> None:
    """Raise InputError unless the Dataset has what a picture shows."""
    if variable not in results:
        raise InputError(f"this picture shows {variable!r}, which {maker} returns; the given Dataset has none")


def canvas(ax: Axes | None, height: float) -> Axes:
    """Return `ax`, or axes on a new figure of its own that no pyplot state knows of."""
    if ax is not None:
        return ax
    fresh: Axes = Figure(figsize=(WIDTH, height), layout="constrained").subplots()
    return fresh


def row_height(count: int) -> float:
    """Height in inches of a figure with one row an initializer."""
    return float(np.clip(1.15 + 0.5 * count, 1.9, 4.4) if count <= 6 else 1.4 + 0.36 * count)
