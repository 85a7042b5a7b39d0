"""How gradients are spread over layers and neurons, and how fast layers learn; for studies that recorded them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from goodinit.errors import InputError
from goodinit.figures.decades import Decades
from goodinit.figures.labels import End, label_ends, literal, title
from goodinit.figures.style import HALO, QUIET, SMALL, WIDTH, Look, looks, styled
from goodinit.figures.words import plural

COLUMNS = 3
MOST_LABELS = 7  # lines of a panel that say which layer they are; between them the tint tells
MOST_TICKS = 8
USUAL_RATIO = 1e-3  # a rule of thumb: Karpathy, CS231n, "Babysitting the learning process", ratio of updates to weights


@styled
def neuron_gradients(results: xr.Dataset, axes: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Draw the size of the gradient of every neuron by layer: at the start hollow, at the end of training filled.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study that recorded gradients; `neuron_gradient_median` and `neuron_layer` are drawn.
    axes : sequence of matplotlib.axes.Axes, optional
        One an initializer; a new figure of its own if left out.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        In the order of the study.

    Raises
    ------
    InputError
        If the study did not record gradients.
    """
    sizes = _recorded(results, "neuron_gradient_median").transpose("initializer", "moment", "neuron")
    layers, places = _layers(results), np.empty(sizes.sizes["neuron"])
    for i, layer in enumerate(layers):
        own = results["neuron_layer"].values == layer
        places[own] = i + (np.linspace(-0.16, 0.16, own.sum()) if own.sum() > 1 else 0.0)
    scale = Decades.of(sizes.values)
    panels = _panels(results, axes, "Gradient of every neuron")
    for panel, one, look in zip(panels, sizes.values, looks(results), strict=True):
        for values, shift, face in zip(one, (-0.2, 0.2), ("none", look.colour), strict=True):
            panel.plot(
                places + shift,
                scale.placed(values),
                "o",
                markersize=3.6,
                markeredgewidth=0.9,
                markeredgecolor=look.colour,
                markerfacecolor=face,
                alpha=0.8,
                rasterized=values.size > 500,
            )
        scale.dress(panel)
        every = math.ceil(len(layers) / MOST_TICKS)
        panel.set_xticks(range(0, len(layers), every), labels=[_short(name) for name in layers[::every]])
        panel.set_xlim(-0.6, len(layers) - 0.4)
        panel.grid(visible=False, axis="x")
    _axis_names(panels, "layer (hollow: start, filled: end)", f"gradient norm ({_over(results)})")
    return panels


@styled
def learning_speed(results: xr.Dataset, axes: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Draw the gradient norm of every layer's weight over the training steps, the first layer lightest.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study that recorded gradients; `gradient_norm_median` is drawn.
    axes : sequence of matplotlib.axes.Axes, optional
        One an initializer; a new figure of its own if left out.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        In the order of the study.

    Raises
    ------
    InputError
        If the study did not record gradients.
    """
    panels = _over_steps(results, "gradient_norm_median", axes, "Gradient of every layer")
    _axis_names(panels, "training step (beside the lines: the layer)", f"gradient norm ({_over(results)})")
    return panels


@styled
def update_ratios(results: xr.Dataset, axes: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Draw the size of every layer's update over that of its weight, with the usual 0.001 as a thin line.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study that recorded gradients; `update_ratio_median` is drawn.
    axes : sequence of matplotlib.axes.Axes, optional
        One an initializer; a new figure of its own if left out.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        In the order of the study.

    Raises
    ------
    InputError
        If the study did not record gradients.
    """
    panels = _over_steps(results, "update_ratio_median", axes, "Update of every layer", guide=USUAL_RATIO)
    _axis_names(panels, "training step (beside the lines: the layer)", f"update / weight ({_over(results)})")
    return panels


def _over_steps(
    results: xr.Dataset, name: str, axes: Sequence[Axes] | None, heading: str, guide: float | None = None
) -> NDArray[Any]:
    """Draw one line a layer over the steps, one panel an initializer."""
    values = _recorded(results, name).transpose("initializer", "layer", "step")
    steps, layers = values["step"].values, _layers(results)
    scale = Decades.of(values.values, [] if guide is None else [guide])
    panels = _panels(results, axes, heading)
    said = np.unique(np.linspace(0, len(layers) - 1, MOST_LABELS).round().astype(int))
    for panel, one, look in zip(panels, values.values, looks(results), strict=True):
        tints = [Look(_tint(look.colour, i, len(layers)), look.line, look.marker) for i in range(len(layers))]
        drawn = scale.placed(one)
        scale.dress(panel)
        if guide is not None:
            _guide(panel, guide)
        for line, tint, layer in zip(drawn, tints, layers, strict=True):
            marker = look.marker if steps.size == 1 else None
            panel.plot(steps, line, color=tint.colour, linewidth=1.4, marker=marker, markersize=4, label=layer)
        panel.margins(x=0)
        label_ends(panel, [End(steps[-1], drawn[i, -1], _short(layers[i]), tints[i]) for i in said])
    return panels


def _recorded(results: xr.Dataset, name: str) -> xr.DataArray:
    if name not in results:
        raise InputError("this study did not record gradients; run it with record='gradients'")
    return results[name]


def _layers(results: xr.Dataset) -> list[str]:
    return [str(name) for name in results["layer"].values]


def _short(layer: str) -> str:
    """Call `layer3` 3: the axis and the words say that these are layers."""
    digits = layer.removeprefix("layer")
    return digits if digits.isdigit() else literal(layer, 10)


def _over(results: xr.Dataset) -> str:
    seeds = results.sizes["seed"]
    return f"median of {plural(seeds, 'seed')}" if seeds > 1 else "one seed"


def _tint(colour: str, place: int, count: int) -> str:
    """Shade the initializer's colour by depth: the first layer light, the last one dark."""
    depth = place / max(1, count - 1)
    white, dark = max(0.0, 0.5 - depth), 1 - 0.6 * max(0.0, depth - 0.5)
    red, green, blue = (dark * (part + white * (1 - part)) for part in colors.to_rgb(colour))
    return colors.to_hex((red, green, blue))


def _panels(results: xr.Dataset, axes: Sequence[Axes] | None, heading: str) -> NDArray[Any]:
    """Return one panel an initializer, with its label above; the axes given, or those of a new figure."""
    count = results.sizes["initializer"]
    if axes is None:
        columns = min(count, COLUMNS)
        rows = math.ceil(count / columns)
        figure = Figure(figsize=(WIDTH, 0.6 + rows * (2.4 if columns > 1 else 3.2)), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for unused in grid[count:]:
            unused.remove()
        figure.suptitle(heading, x=0.012, ha="left", fontsize=10.5, fontweight="bold")
        panels = np.asarray(grid[:count])
        room = 0.8 * figure.bbox.width / columns
    else:
        panels = np.array(list(axes), dtype=object)
        room = panels[0].bbox.width
    for i, (panel, label) in enumerate(zip(panels, results["initializer"].values, strict=True)):
        title(panel, str(label), room)
        panel.tick_params(labelbottom=i + COLUMNS >= count)
    return panels


def _axis_names(panels: NDArray[Any], x: str, y: str) -> None:
    """Name the axes once for all panels; on the caller's figure, on the first panel."""
    figure = panels[0].figure
    if figure.get_layout_engine() is not None:
        figure.supxlabel(x, fontsize=9)
        figure.supylabel(y, fontsize=9)
    else:
        panels[0].set(xlabel=x, ylabel=y)


def _guide(panel: Axes, ratio: float) -> None:
    """Draw a thin line at what is usual, and say so."""
    panel.axhline(ratio, color=QUIET, linewidth=0.9, zorder=1.5)
    panel.annotate(
        "usual: 0.001",
        xy=(0.02, ratio),
        xycoords=panel.get_yaxis_transform(),
        xytext=(0, 2),
        textcoords="offset points",
        color=QUIET,
        fontsize=SMALL,
        va="bottom",
        path_effects=list(HALO),
    )
