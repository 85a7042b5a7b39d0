"""The signal through depth: what was measured by layer as points, what theory expects as thin lines and bands."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from goodinit.figures.decades import Decades
from goodinit.figures.labels import End, label_ends, names
from goodinit.figures.style import WIDTH, looks, needs, styled
from goodinit.figures.words import plural

DOTS = 40  # layers; of more, points would hide each other, and lines are drawn


@styled
def activations(results: xr.Dataset, axes: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Draw mean and standard deviation of the activations by layer.

    Points are means over networks with the interval of one network; thin lines are theory, with the band in which it
    expects one network.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a signal study; `measured`, `interval`, `predicted` and `band` are drawn.
    axes : sequence of matplotlib.axes.Axes, optional
        Two; a new figure of its own if left out.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        Standard deviation, mean.
    """
    needs(results, "measured")
    panels = _panels(axes, "Activations", "standard deviation", "mean")
    _profile(panels[0], results, "activation_std", log=True)
    return _named(panels, results, _profile(panels[1], results, "activation_mean", log=False))


@styled
def gradients(results: xr.Dataset, axes: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Draw the gradients by pre-activations and by weights, by layer, on logarithmic axes; see `activations`.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        By pre-activations, by weights.
    """
    needs(results, "measured")
    panels = _panels(axes, "Gradients", "by pre-activations (rms)", "by weights (rms)")
    _profile(panels[0], results, "gradient_rms", log=True)
    return _named(panels, results, _profile(panels[1], results, "weight_gradient_rms", log=True))


@styled
def units(results: xr.Dataset, axes: Sequence[Axes] | None = None) -> NDArray[Any]:
    """Draw the shares of saturated and of dead units and the correlation between examples, by layer; see `activations`.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        Saturated, dead, correlation.
    """
    needs(results, "measured")
    panels = _panels(axes, "Units and examples", "share saturated", "share dead", "correlation of examples")
    for panel, name in zip(panels[:2], ("saturated", "dead"), strict=True):
        _profile(panel, results, name, log=False)
        panel.set_ylim(-0.04, 1.04)
        if np.isnan(results["measured"].sel(statistic=name)).all():
            panel.text(0.5, 0.5, "not for this\nactivation", ha="center", va="center", transform=panel.transAxes)
    ends = _profile(panels[2], results, "correlation", log=False)
    panels[2].set_ylim(min(-0.04, panels[2].get_ylim()[0]), 1.04)
    return _named(panels, results, ends)


def _panels(axes: Sequence[Axes] | None, heading: str, *titles: str) -> NDArray[Any]:
    if axes is None:
        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        panels = np.asarray(figure.subplots(1, len(titles), squeeze=False)).ravel()
        figure.suptitle(heading, x=0.012, ha="left", fontsize=10.5, fontweight="bold")
    else:
        panels = np.array(list(axes), dtype=object)
    for panel, title in zip(panels, titles, strict=True):
        panel.set_title(title, fontsize=9, fontweight="normal", pad=5)
    return panels


def _profile(ax: Axes, results: xr.Dataset, name: str, *, log: bool) -> list[tuple[float, float]]:
    """Draw one statistic of every initializer over the layers, and return where each ends."""
    at = results.sel(statistic=name)
    layers = at["layer"].values
    measured, predicted = (at[part].transpose("initializer", "layer").values for part in ("measured", "predicted"))
    interval, band = (at[part].transpose("initializer", "layer", "bound").values for part in ("interval", "band"))
    scale = Decades.of(np.concatenate([measured, predicted[~np.isnan(predicted)]], axis=None)) if log else None
    shown = scale.placed(measured) if scale else measured
    for i, look in enumerate(looks(results)):
        ax.fill_between(layers, *band[i].T, color=look.colour, alpha=0.18, linewidth=0)
        line = scale.placed(predicted[i]) if scale else predicted[i]
        ax.plot(layers, np.where(np.isnan(predicted[i]), np.nan, line), color=look.colour, lw=0.9, ls=look.line)
        if len(layers) > DOTS:
            ax.plot(layers, shown[i], ".", color=look.colour, markersize=2.5)
            continue
        ax.vlines(layers, *interval[i].T, color=look.colour, linewidth=1.6, alpha=0.75)
        ax.plot(layers, shown[i], look.marker, color=look.colour, markersize=4.2, markeredgecolor="white", mew=0.5)
    if scale:
        scale.dress(ax)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    ax.set_xlim(layers[0] - 0.5, layers[-1] + 0.5)
    return [(float(layers[-1]), float(y)) for y in np.nan_to_num(shown[:, -1], posinf=1e300)]


def _named(panels: NDArray[Any], results: xr.Dataset, ends: Sequence[tuple[float, float]]) -> NDArray[Any]:
    """Name the horizontal axis once, and beside the last panel the initializers."""
    figure, networks = panels[0].figure, plural(results.sizes["seed"], "network")
    said = f"layer (points: mean of {networks}, bars: 95 % range of one; lines and bands: theory)"
    if figure.get_layout_engine() is None:
        panels[0].set_xlabel(said)
    else:
        figure.supxlabel(said, fontsize=9)
    labels = zip(ends, names(results, 20), looks(results), strict=True)
    label_ends(panels[-1], [End(x, y, text, look) for (x, y), text, look in labels])
    return panels
