"""A logarithmic axis that also has a place for zero, at its foot, and one for what is not finite, at its top."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from goodinit.figures.style import QUIET
from goodinit.figures.words import power

SMALLEST, LARGEST = 1e-200, 1e200  # with the strips, 0.19 of 400 decades at each end, all stays a float64
ROOM = 0.05  # of the height, between the extreme values and the ends
FEW = 2.0  # decades up to which there are ticks within them, too
STRIP = 0.14  # of the height, for zero and for infinity, where they occur


@dataclass(frozen=True)
class Decades:
    """How far such an axis reaches, in powers of ten, and which of its two strips are needed."""

    low: float
    high: float
    zero: bool
    infinite: bool

    @classmethod
    def of(cls, values: NDArray[np.float64], also: Sequence[float] = ()) -> "Decades":
        """Make room for every value, at least one decade of it."""
        size = np.abs(np.asarray(values, np.float64))
        seen = np.append(size[(size > SMALLEST) & (size < LARGEST)], also)
        ends = np.log10([seen.min(), seen.max()]) if seen.size else np.array([-1.0, 0.0])
        widen = max(0.0, 1 - (ends[1] - ends[0])) / 2
        return cls(ends[0] - widen, ends[1] + widen, bool((size <= SMALLEST).any()), bool((~(size < LARGEST)).any()))

    def placed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where values are drawn: zero and what is not finite in the middle of their strips."""
        height = self.high - self.low
        foot, top = (end + side * (ROOM + STRIP / 2) * height for end, side in ((self.low, -1), (self.high, 1)))
        size = np.abs(np.asarray(values, np.float64))
        return np.where(size <= SMALLEST, 10**foot, np.where(size < LARGEST, size, 10**top))

    def dress(self, ax: Axes) -> None:
        """Set scale, limits and ticks of the vertical axis, and part off the strips."""
        height = self.high - self.low
        low, high = self.low - ROOM * height, self.high + ROOM * height
        bottom, top = low - STRIP * height * self.zero, high + STRIP * height * self.infinite
        ax.set_yscale("log")
        ax.set_ylim(10**bottom, 10**top)
        # ticks of the values themselves; in the strips they would be untrue
        steps = (1.0,) if height > FEW else (1.0, 2.0, 5.0)
        ticks = np.asarray(LogLocator(subs=steps, numticks=7).tick_values(10**self.low, 10**self.high))
        marks = {float(tick): power(tick) for tick in ticks if 10**low <= tick <= 10**high}
        marks |= {10 ** (low - STRIP / 2 * height): "0"} if self.zero else {}
        marks |= {10 ** (high + STRIP / 2 * height): "not finite"} if self.infinite else {}
        ax.yaxis.set_major_locator(FixedLocator(list(marks)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: marks.get(tick, "")))
        ax.yaxis.set_minor_locator(NullLocator())
        for edge in (*([low] if self.zero else []), *([high] if self.infinite else [])):
            ax.axhline(10**edge, color=QUIET, linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
