"""How often training fails."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from goodinit.figures.labels import names
from goodinit.figures.style import SMALL, canvas, looks, needs, row_height, styled
from goodinit.figures.words import plural


@styled
def failures(results: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the probability that training fails, one row an initializer, with its 95 % Wilson interval.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study; `failure_probability` and `failure_interval` are drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure of its own if left out.

    Returns
    -------
    matplotlib.axes.Axes
    """
    needs(results, "failure_probability", "goodinit.compare")
    count, seeds = results.sizes["initializer"], results.sizes["seed"]
    ax = canvas(ax, 0.75 * row_height(count) + 0.3)
    shares = results["failure_probability"].values
    ends = results["failure_interval"].transpose("initializer", "bound").values
    for row, look in enumerate(looks(results)):
        ax.plot(ends[row], [row, row], color=look.colour, linewidth=3.5, alpha=0.45, solid_capstyle="butt")
        ax.plot(shares[row], row, marker=look.marker, color=look.colour, markersize=7, clip_on=False, gid="share")
        ax.annotate(
            f"{round(shares[row] * seeds)} of {seeds}",
            xy=(1, row),
            xycoords=ax.get_yaxis_transform(),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=look.ink,
            annotation_clip=False,
        )
    ax.set(xlim=(-0.015, 1.015), ylim=(count - 0.5, -0.5), title="Failed training runs")
    bar = "; bar: 95 % interval" if np.isfinite(ends).any() else ""
    ax.set_xlabel(f"probability of failure ({plural(seeds, 'seed')}{bar})")
    ax.set_yticks(range(count), labels=names(results))
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0, pad=8)
    return ax
