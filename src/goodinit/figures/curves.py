"""Training loss over the steps, over all seeds."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from goodinit.figures.labels import End, label_ends, names
from goodinit.figures.losses import baseline_line, loss_axis
from goodinit.figures.style import Look, canvas, looks, needs, styled
from goodinit.figures.words import plural

MOST_BANDS = 8  # more bands than colours hide each other


@styled
def loss_curves(results: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw how the training loss falls: a line for the median over seeds, a band from the 5 % to the 95 % quantile.

    Seeds whose loss is not finite count as infinitely high: a line that is lost leaves at the top edge, where a
    triangle marks the step, and its label says how many seeds ended like this.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study; `loss_quantile`, `final` and `baseline_loss` are drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure of its own if left out.

    Returns
    -------
    matplotlib.axes.Axes
    """
    needs(results, "loss_quantile", "goodinit.compare")
    count, seeds = results.sizes["initializer"], results.sizes["seed"]
    ax = canvas(ax, max(4.2, 1.2 + 0.17 * count))
    steps = results["step"].values
    low, middle, high = (
        results["loss_quantile"].sel(quantile=q, method="nearest").transpose("initializer", "step").values
        for q in (0.05, 0.5, 0.95)
    )
    banded = seeds > 1 and count <= MOST_BANDS
    loss_axis(ax, np.stack([low, middle, high]) if banded else middle, float(results.attrs["baseline_loss"]))
    for i, look in enumerate(looks(results)):
        if banded:
            _band(ax, steps, low[i], high[i], look)
        marker = look.marker if steps.size == 1 else None
        ax.plot(steps, middle[i], color=look.colour, linestyle=look.line, marker=marker, label=names(results)[i])
        _lost(ax, steps, middle[i], look)
    ax.margins(x=0)
    baseline_line(ax, results)
    label_ends(ax, _ends(results, steps, middle))
    spread = ", band 5\N{EN DASH}95 %" if banded else ""
    what = f"median of {plural(seeds, 'seed')}{spread}" if seeds > 1 else "one seed"
    ax.set(title="Training loss", xlabel="training step", ylabel=f"training loss ({what})")
    return ax


def _band(
    ax: Axes, steps: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], look: Look
) -> None:
    """Draw the spread over seeds; what is infinite reaches beyond the top edge."""
    beyond = 10 * abs(ax.get_ylim()[1])
    ends = np.minimum(low, beyond), np.minimum(high, beyond)
    ax.fill_between(steps, *ends, color=look.colour, alpha=0.16, linewidth=0)


def _lost(ax: Axes, steps: NDArray[np.float64], middle: NDArray[np.float64], look: Look) -> None:
    """Mark at the top edge where the median stops being finite."""
    lost = ~np.isfinite(middle)
    if lost.any():
        place = (steps[lost.argmax()], 1.0)
        ax.plot(*place, "^", color=look.colour, transform=ax.get_xaxis_transform(), clip_on=False, markersize=7)


def _ends(results: xr.Dataset, steps: NDArray[np.float64], middle: NDArray[np.float64]) -> list[End]:
    """Say what stands at the end of each line."""
    seeds = results.sizes["seed"]
    final = results["final"].sel(metric="final_loss").transpose("initializer", "seed").values
    lost = (~np.isfinite(final)).sum(axis=1)
    return [
        End(
            float(steps[-1]),
            float(np.nan_to_num(middle[i, -1], nan=np.inf, posinf=np.inf)),
            name + (f"\nnot finite: {lost[i]} of {seeds}" if lost[i] else ""),
            look,
        )
        for i, (name, look) in enumerate(zip(names(results), looks(results), strict=True))
    ]
