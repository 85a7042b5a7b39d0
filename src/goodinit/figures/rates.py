"""Final training loss over learning rates."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from goodinit.errors import InputError
from goodinit.figures.labels import End, label_ends, names
from goodinit.figures.losses import baseline_line, loss_axis
from goodinit.figures.style import Look, canvas, looks, needs, styled
from goodinit.figures.words import number, plural

MOST_TICKS = 9
MOST_INTERVALS = 8  # as many as there are colours


@styled
def learning_rates(results: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the median final training loss at each learning rate, a ring at the best rate.

    Bars are 95 % intervals; more than eight initializers would hide each other's and have none.
    Medians that are not finite stand as triangles at the top edge.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study with at least two learning rates; `rate_loss`, `rate_loss_interval` and
        `best_learning_rate` are drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure of its own if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is only one learning rate.
    """
    needs(results, "rate_loss", "goodinit.compare")
    rates = results["learning_rate"].values
    if rates.size < 2:
        raise InputError(f"a picture over learning rates needs at least 2 of them, got {plural(rates.size, 'rate')}")
    order, count = np.argsort(rates), results.sizes["initializer"]
    rates = rates[order]
    ax = canvas(ax, max(4.2, 1.2 + 0.17 * count))
    losses = results["rate_loss"].transpose("initializer", "learning_rate").values[:, order]
    ends = results["rate_loss_interval"].transpose("initializer", "learning_rate", "bound").values[:, order]
    ax.set_xscale("log")
    crowded = count > MOST_INTERVALS
    shown = losses if crowded else np.concatenate([losses.ravel(), ends.ravel()])
    loss_axis(ax, shown, float(results.attrs["baseline_loss"]))
    # side by side, by hundredths of the axis, so that intervals at the same rate do not cover each other
    places = (rates[-1] / rates[0]) ** (0.012 * (np.arange(count) - (count - 1) / 2) * (not crowded))
    lines, labels = [], names(results)
    for i, look in enumerate(looks(results)):
        x = rates * places[i]
        _line(ax, x, losses[i], look, labels[i])
        if not crowded:
            ax.vlines(x, *np.minimum(ends[i].T, 10 * abs(ax.get_ylim()[1])), color=look.colour, linewidth=1.2)
        at = rates == float(results["best_learning_rate"].values[i])
        ax.plot(x[at], losses[i][at], "o", markerfacecolor="none", markeredgecolor=look.colour, markersize=11)
        lines.append(End(x[-1], float(np.nan_to_num(losses[i, -1], nan=np.inf, posinf=np.inf)), labels[i], look))
    baseline_line(ax, results)
    label_ends(ax, lines)
    _ticks(ax, rates)
    spread = "" if crowded or results.sizes["seed"] < 3 else ", bar: 95 % interval"
    ax.set(title="Learning rates", xlabel="learning rate (ring: best)", ylabel=f"final training loss (median{spread})")
    return ax


def _line(ax: Axes, rates: NDArray[np.float64], losses: NDArray[np.float64], look: Look, label: str) -> None:
    """Draw one initializer, and triangles at the top edge where its median is not finite."""
    ax.plot(rates, losses, color=look.colour, linestyle=look.line, marker=look.marker, markersize=4.5, label=label)
    for rate in rates[~np.isfinite(losses)]:
        ax.plot(rate, 1, "^", color=look.colour, transform=ax.get_xaxis_transform(), clip_on=False, markersize=7)


def _ticks(ax: Axes, rates: NDArray[np.float64]) -> None:
    """Put a tick at each rate that was tried, if they are few enough."""
    if rates.size <= MOST_TICKS:
        ax.xaxis.set_major_locator(FixedLocator(rates.tolist()))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: number(rate)))
        ax.xaxis.set_minor_locator(NullLocator())
