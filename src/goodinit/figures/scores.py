"""Final test score, every seed a point."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from goodinit.figures.labels import names
from goodinit.figures.style import QUIET, SMALL, Look, canvas, looks, needs, row_height, styled
from goodinit.figures.words import is_share, number, plural, score, score_between, score_name

LOWEST_R2 = -1.0  # worse than predicting the mean by as much as that is from perfect: how much worse does not matter
BELOW = 0.34  # rows; where the interval stands, beneath the points


@styled
def final_scores(results: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw the final test score of every seed, one row an initializer; bars show the 95 % interval of the median.

    Thin lines join the same seed (same data order, same generator) from row to row: where they run parallel, seeds
    differ more than initializers do. Scores that are not finite, or an R² below -1, stand at the left edge as
    arrows, and the row says how many.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study; `final`, `median` and `interval` of the test score are drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure of its own if left out.

    Returns
    -------
    matplotlib.axes.Axes
    """
    needs(results, "final", "goodinit.compare")
    count, seeds = results.sizes["initializer"], results.sizes["seed"]
    ax = canvas(ax, row_height(count))
    metric = next(str(name) for name in results["metric"].values if str(name).startswith("test_"))
    scores = results["final"].sel(metric=metric).transpose("initializer", "seed").values
    low, high = _limits(scores, is_share(results))
    ax.set(xlim=(low, high), ylim=(count - 0.35, -0.5))
    rows = np.arange(count)[:, None] + np.linspace(-0.3, 0.14, seeds) if seeds > 1 else np.arange(count)[:, None] + 0.0
    inside = np.where(np.isfinite(scores), np.maximum(scores, low), low)
    if count > 1 and seeds > 1:
        paths = np.stack([inside.T, rows.T], axis=-1)
        ax.add_collection(LineCollection(list(paths), colors=QUIET, linewidths=0.5, alpha=min(0.5, 6 / seeds)))
    for i, look in enumerate(looks(results)):
        _row(ax, scores[i], rows[i], look)
        _median(ax, results.sel(metric=metric).isel(initializer=i), i, look)
    ax.set_yticks(range(count), labels=names(results))
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0, pad=8)
    if is_share(results):
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{number(100 * value)} %"))
    ax.set_title(f"Final test {score_name(results)}")
    bar = "; bar: 95 % interval of the median" if seeds > 2 else ""
    what = f"{plural(seeds, 'seed')}, a point each{bar}" if seeds > 1 else "one seed"
    ax.set_xlabel(f"test {score_name(results)} ({what})")
    return ax


def _limits(scores: NDArray[np.float64], share: bool) -> tuple[float, float]:
    """Choose how far the axis reaches, a little beyond the scores."""
    seen = scores[np.isfinite(scores)]
    if not share:
        seen = seen[seen >= LOWEST_R2]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    room = max(0.04 * (high - low), 0.01)
    return low - room, high + room


def _row(ax: Axes, scores: NDArray[np.float64], rows: NDArray[np.float64], look: Look) -> None:
    """Draw the seeds of one initializer, and at the left edge those that are off the axis."""
    off = ~(scores >= ax.get_xlim()[0])
    style: dict[str, Any] = {"color": look.colour, "linestyle": "none", "clip_on": False}
    # nothing that is not clipped may lie far outside: the layout would make room for it
    ax.plot(
        np.where(off, np.nan, scores),
        rows,
        marker=look.marker,
        markersize=4.2,
        markeredgewidth=0,
        alpha=0.75,
        gid="seeds",
        **style,
    )
    if off.any():
        edge = np.full(off.sum(), ax.get_xlim()[0])
        ax.plot(edge, rows[off], marker="<", markersize=5, **style)


def _median(ax: Axes, one: xr.Dataset, row: int, look: Look) -> None:
    """Draw the median with its interval beneath the points, and write both at the right edge."""
    middle, (low, high) = float(one["median"]), (float(end) for end in one["interval"].values)
    left, scores = ax.get_xlim()[0], one["final"].values
    if scores.size > 1:
        ax.plot(max(middle, left), row + BELOW, "|", color=look.ink, markersize=11, markeredgewidth=2.2)
    ax.plot(np.maximum([low, high], left), [row + BELOW] * 2, color=look.colour, linewidth=3.5, solid_capstyle="butt")
    text = f"{score(one, middle)} {score_between(one, low, high)}".rstrip()
    ax.annotate(
        text + _off(scores, left),
        xy=(1, row),
        xycoords=ax.get_yaxis_transform(),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        color=look.ink,
        annotation_clip=False,
    )


def _off(scores: NDArray[np.float64], left: float) -> str:
    """Say how many seeds are off the axis, on a line of its own."""
    off = ~(scores >= left)
    if not off.any():
        return ""
    lost = ~np.isfinite(scores[off])
    what = [f"below {number(LOWEST_R2)}"] * (not lost.all()) + ["not finite"] * bool(lost.any())
    return f"\n{' or '.join(what)}: {off.sum()} of {scores.size}"
