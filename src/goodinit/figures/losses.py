"""The axis of a loss: how far it reaches, whether it is logarithmic, and the loss of knowing nothing."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from goodinit.figures.style import HALO, QUIET, SMALL
from goodinit.figures.words import baseline_name, number

RATIO = 8.0  # from this ratio of largest to smallest on, a step down matters as a factor, not as a difference
CEILING = 1e3  # times the loss of knowing nothing: what lies above is lost, and must not squeeze what is not
DECADES = 3e2  # a range so wide has ticks enough at the powers of ten
FLOOR = 1e-12  # of the largest: below lies rounding
LIMITS = (1e-3, 1.0)  # where nothing at all is finite


def loss_axis(ax: Axes, losses: NDArray[np.float64], baseline: float) -> None:
    """Set scale and limits of the vertical axis so that every finite loss that matters is seen."""
    seen = losses[np.isfinite(losses)]
    if np.isfinite(baseline):
        seen = np.append(seen, baseline)
    if seen.size == 0:
        ax.set_ylim(*LIMITS)
        return
    low, high = float(seen.min()), float(seen.max())
    if np.isfinite(baseline) and baseline > 0:
        high = min(high, CEILING * max(baseline, low))
    if low < 0 or high <= RATIO * low or high == 0:
        room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        ax.set_ylim(low - room, high + room)
        return
    ax.set_yscale("log", nonpositive="clip")
    positive = seen[seen > FLOOR * high]
    room = max(1.1, float(high / positive.min()) ** 0.06)  # there may be one positive loss only, among zeros
    low = float(positive.min())
    ax.set_ylim(low / room, high * room)
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high / low > DECADES else (1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: number(loss)))
    ax.yaxis.set_minor_formatter(NullFormatter())


def baseline_line(ax: Axes, results: xr.Dataset) -> None:
    """Draw the loss of knowing nothing as a thin line that says so."""
    baseline = float(results.attrs["baseline_loss"])
    bottom, top = ax.get_ylim()
    if not bottom < baseline < top:
        return
    ax.axhline(baseline, color=QUIET, linewidth=0.9, zorder=1.5, label="baseline")
    ax.annotate(
        baseline_name(results),
        xy=(0.99, baseline),
        xycoords=ax.get_yaxis_transform(),
        xytext=(0, 2.5),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=QUIET,
        fontsize=SMALL,
        path_effects=list(HALO),
    )
