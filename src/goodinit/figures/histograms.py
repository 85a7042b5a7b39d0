"""How the activations of each layer are spread: one small histogram a layer, in a row for each initializer."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from goodinit.figures.labels import literal
from goodinit.figures.style import SMALL, WIDTH, looks, needs, styled
from goodinit.figures.words import number

MOST = 10  # histograms in a row; of more layers some are left out
MOST_ROWS = 12


@styled
def histograms(results: xr.Dataset) -> NDArray[Any]:
    """Draw the activations of the first seed's network, layer by layer.

    A histogram reaches from bound to bound of the activation, or four root mean squares to either side; its height is
    relative to its highest bin.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a signal study; `histogram` and `histogram_edges` are drawn.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (initializers, layers)
        On a new figure.
    """
    needs(results, "histogram")
    kept = np.unique(np.linspace(0, results.sizes["layer"] - 1, MOST).round().astype(int))
    rows = min(results.sizes["initializer"], MOST_ROWS)
    figure = Figure(figsize=(WIDTH, 0.75 + 0.95 * rows), layout="constrained")
    figure.suptitle("Activations of one network", x=0.012, ha="left", fontsize=10.5, fontweight="bold")
    panels = np.asarray(figure.subplots(rows, len(kept), squeeze=False))
    shares, edges = results["histogram"].values, results["histogram_edges"].values
    for i, look in zip(range(rows), looks(results), strict=False):
        for panel, layer in zip(panels[i], kept, strict=True):
            _histogram(panel, shares[i, layer], edges[i, layer], look.colour)
        label = literal(str(results["initializer"].values[i]), 22)
        panels[i, 0].set_ylabel(label, rotation=0, ha="right", va="center", color=look.ink, fontsize=SMALL)
    for panel, layer in zip(panels[0], kept, strict=True):
        title = str(results["layer"].values[layer])
        panel.set_title(title, fontsize=SMALL, pad=4, fontweight="normal", loc="center")
    figure.supxlabel("activation, by layer from left to right", fontsize=9)
    return panels


def _histogram(panel: Axes, shares: NDArray[np.float64], edges: NDArray[np.float64], colour: str) -> None:
    """Draw one histogram, with the numbers at its ends."""
    highest = max(float(np.nanmax(shares, initial=0)), 1e-300)
    panel.stairs(np.nan_to_num(shares / highest), edges, fill=True, color=colour)
    ends = edges[[0, -1]]
    panel.set(ylim=(0, 1.08), yticks=[], xlim=ends)
    panel.set_xticks(ends, labels=[number(float(end)) for end in ends], fontsize=6.5)
    first, last = panel.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    panel.spines["left"].set_visible(False)
    panel.grid(visible=False)
