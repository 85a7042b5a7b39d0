"""What the networks made of the plane: decision maps beside the data."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from goodinit.errors import InputError
from goodinit.figures.labels import literal, title
from goodinit.figures.style import INK, QUIET, SMALL, WIDTH, styled
from goodinit.figures.words import score

COLUMNS = 4
KEY = 0.9  # inches
MOST_POINTS = 1_500  # more dots than that are a stain
# purple and orange differ for every kind of colour vision; without the dark ends, on which points would not be seen
BINARY = LinearSegmentedColormap.from_list("classes", colormaps["PuOr_r"](np.linspace(0.16, 0.84, 128)))
# Paul Tol's muted palette: for every kind of colour vision too, and not the colours of the initializers
CLASSES = ("#332288", "#DDCC77", "#117733", "#CC6677", "#88CCEE", "#AA4499", "#999933", "#44AA99")
BINARY_DOTS = ("#4d2a80", "#a85208")


@styled
def decision_maps(results: xr.Dataset, axes: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Draw the data, and beside it, for each initializer, how its network of the median seed divides the plane.

    Binary tasks show the probability of class 1 and its 50 % line, others the class that is predicted.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study on two-dimensional inputs; `decision`, `decision_seed`, `point_x`, `point_y`, `point_class`
        are drawn.
    axes : sequence of matplotlib.axes.Axes, optional
        One more than initializers; a new figure of its own if left out.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        The data first, then one an initializer, in the order of the study.

    Raises
    ------
    InputError
        If the inputs were not two-dimensional, so that the results hold no decision map.
    """
    if "decision" not in results:
        raise InputError("decision maps need a classification of two-dimensional inputs; this study has none")
    count = results.sizes["initializer"]
    panels = _panels(count + 1) if axes is None else np.array(list(axes), dtype=object)
    x, y = results["grid_x"].values, results["grid_y"].values
    for panel in panels:
        panel.set(xticks=[], yticks=[], xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), aspect="equal")
        panel.spines[:].set(visible=True, color=QUIET, linewidth=0.6)
        panel.grid(visible=False)
    _points(panels[0], results, size=9)
    # the layout comes later and makes the panels of an own figure about as wide as their share of it
    room = panels[0].bbox.width if axes is not None else 0.9 * panels[0].figure.dpi * _side(min(count + 1, COLUMNS))
    title(panels[0], "training data", room)
    metric = next(str(name) for name in results["metric"].values if str(name).startswith("test_"))
    shape = ("initializer", "grid_y", "grid_x")
    image = None
    for i, label in enumerate(results["initializer"].values):
        image = _map(panels[i + 1], results["decision"].transpose(*shape).values[i], results)
        _points(panels[i + 1], results, size=2)
        one = results["final"].sel(metric=metric, seed=results["decision_seed"].values[i])
        below = f"seed {results['decision_seed'].values[i]}, test {score(results, float(one.values[i]))}"
        title(panels[i + 1], str(label), room)
        panels[i + 1].set_xlabel(below, fontsize=SMALL, labelpad=3)
    if axes is None:
        _key(panels, results, image)
    return panels


def _side(columns: int) -> float:
    """Side of a panel in inches: so many of them and the key fill the width of the page."""
    return (WIDTH - KEY) / columns - 0.1


def _panels(count: int) -> NDArray[Any]:
    """Lay out that many square panels on a new figure, with room for the key to the colours."""
    columns = min(count, COLUMNS)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(WIDTH, rows * (_side(columns) + 0.5) + 0.45))
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in grid[count:]:
        unused.remove()
    figure.suptitle("Decision maps", x=0.012, ha="left", fontsize=10.5, fontweight="bold")
    return np.asarray(grid[:count])


def _map(panel: Axes, decision: NDArray[np.float64], results: xr.Dataset) -> Any:
    """Draw one decision map; where the network's answer is not finite, the panel stays grey."""
    x, y = results["grid_x"].values, results["grid_y"].values
    half_x, half_y = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    extent = (x[0] - half_x, x[-1] + half_x, y[0] - half_y, y[-1] + half_y)
    panel.set_facecolor("#d0d0d0")
    shown = np.ma.masked_invalid(np.asarray(decision, float))
    binary = _is_binary(results)
    colours = BINARY if binary else ListedColormap([_tint(c) for c in _class_colours(results)])
    limits = (0.0, 1.0) if binary else (-0.5, len(_class_colours(results)) - 0.5)
    image = panel.imshow(
        shown,
        origin="lower",
        extent=extent,
        cmap=colours,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="bilinear" if binary else "nearest",
        aspect="equal",
    )
    if binary and shown.count() == shown.size and shown.min() < 0.5 < shown.max():
        panel.contour(x, y, shown, levels=[0.5], colors=INK, linewidths=0.9)
    if shown.count() < shown.size:
        panel.text(0.5, 0.5, "not finite", transform=panel.transAxes, ha="center", va="center", fontsize=SMALL)
    return image


def _points(panel: Axes, results: xr.Dataset, size: float) -> None:
    """Draw the training points in the colours of their classes, at most some of them."""
    every = math.ceil(results.sizes["point"] / MOST_POINTS)
    x, y, group = (results[f"point_{part}"].values[::every] for part in ("x", "y", "class"))
    colours = np.array([to_rgb(c) for c in _class_colours(results)])
    shades = colours[np.asarray(group, int) % len(colours)]
    panel.scatter(x, y, s=size, c=shades, edgecolors="white", linewidths=0.25, rasterized=True)


def _key(panels: NDArray[Any], results: xr.Dataset, image: Any) -> None:
    """Say which colour is which class."""
    figure, named = panels[0].figure, _class_names(results)
    if not _is_binary(results):
        colours = _class_colours(results)[: len(CLASSES)]
        # beyond eight classes colours return, and one of them stands for several
        words = ["\n".join(literal(name, 18) for name in named[i :: len(CLASSES)][:3]) for i in range(len(colours))]
        marks = [Line2D([], [], marker="s", linestyle="none", markersize=7, color=colour) for colour in colours]
        figure.legend(marks, words, loc="outside right upper", fontsize=SMALL, frameon=False, title="class")
        return
    bar = figure.colorbar(image, ax=list(panels), shrink=0.6, aspect=28, pad=0.02, ticks=[0, 0.5, 1])
    bar.set_label(f"probability of {literal(named[1])}", fontsize=SMALL)
    bar.ax.set_yticklabels(["0 %", "50 %", "100 %"], fontsize=SMALL)
    bar.outline.set_visible(False)


def _class_names(results: xr.Dataset) -> list[str]:
    """Name every class, by its number if the results have no names."""
    given = [str(name) for name in json.loads(results.attrs.get("classes", "[]"))]
    count = len(_class_colours(results))
    names = given if len(given) >= count else [str(i) for i in range(count)]
    return [f"class {name}" for name in names] if _is_binary(results) and names[1].isdigit() else names


def _is_binary(results: xr.Dataset) -> bool:
    return bool(results.attrs["task"] == "binary")


def _class_colours(results: xr.Dataset) -> tuple[str, ...]:
    """One colour a class; beyond eight classes they return."""
    if _is_binary(results):
        return BINARY_DOTS
    most = int(max(results["point_class"].max(), results["decision"].max(skipna=True))) + 1
    return tuple(CLASSES[i % len(CLASSES)] for i in range(most))


def _tint(colour: str) -> tuple[float, float, float]:
    """Mix a colour with white, so that points in the colour itself stand out from it."""
    red, green, blue = (0.45 * part + 0.55 for part in to_rgb(colour))
    return red, green, blue
