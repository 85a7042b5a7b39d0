"""What one pass over the values of a tensor tells."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.blas import dasum, sasum

from goodinit.frameworks import Tensor
from goodinit.initializers.initializer import Array

CHUNK = 1 << 15  # numbers; a chunk stays in a core's cache
SAMPLE = 4096  # numbers that are kept to compare distributions; more would cost as much as the pass
ROUNDING = 1e-6  # relative; sums of a chunk are taken in the tensor's own precision


@dataclass(frozen=True)
class Evidence:
    """Moments of a tensor's numbers, and some of them.

    Parameters
    ----------
    count : int
        How many numbers.
    mean, second, absolute : float
        Means of w, w^2 and |w|.
    low, high : float
        The least and the largest.
    sample : array
        At most `SAMPLE` of them from all over the tensor, ascending.
    grain : float
        What their rounding may change, relative.
    """

    count: int
    mean: float
    second: float
    absolute: float
    low: float
    high: float
    sample: Array
    grain: float

    @functools.cached_property
    def std(self) -> float:
        """The standard deviation."""
        return 0.0 if self.constant else math.sqrt(max(self.second - self.mean * self.mean, 0.0))

    @property
    def finite(self) -> bool:
        """Whether there is neither NaN nor infinity."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def largest(self) -> float:
        """The largest absolute value."""
        return max(-self.low, self.high)

    @property
    def constant(self) -> bool:
        """Whether all numbers are the same."""
        return self.low == self.high

    @property
    def outline(self) -> float:
        """Geary's ratio (mean |w|) / (root mean square): .798 of normal numbers, .866 of uniform ones."""
        return self.absolute / math.sqrt(self.second) if self.second > 0 else math.nan

    def without_zeros(self, zeros: int) -> "Evidence":
        """Return the evidence on the numbers that are not 0."""
        left = self.count - zeros
        grow = self.count / left
        return replace(
            self,
            count=left,
            mean=self.mean * grow,
            second=self.second * grow,
            absolute=self.absolute * grow,
            sample=self.sample[self.sample != 0],
        )


def flat(tensor: Tensor, values: Array) -> Array:
    """Return the numbers that were drawn, as one axis: without the padding row, without parts that are all 0."""
    if tensor.padding is not None:
        values = np.delete(values, tensor.padding, axis=0)
    if tensor.is_complex and not values[..., 1].any():
        values = values[..., 0]  # real numbers, such as ones, kept as complex
    return values.reshape(-1)


def evidence(values: Array, grain: float) -> Evidence:
    """Summarize numbers in one pass, in chunks that stay in the cache.

    Parameters
    ----------
    values : array of shape (n,)
        n >= 1, float32 or float64.
    grain : float
        Relative spacing of the type in which they are kept.
    """
    with np.errstate(all="ignore"):  # NaN and infinity are findings
        found = _pass(values, 0.0, grain)
        if found.finite and not found.constant and _imprecise(found, values):
            found = _pass(values.astype(np.float64), found.low / 2 + found.high / 2, grain)
    if found.finite and found.constant:  # its moments are known without the rounding of sums
        found = replace(found, mean=found.low, second=found.low * found.low, absolute=found.largest)
    return found


def _imprecise(found: Evidence, values: Array) -> bool:
    """Whether single precision was not enough: squares overflow, underflow, or differ from the mean's too little."""
    lost = not 1e-30 < found.second < math.inf
    return values.dtype != np.float64 and (lost or found.mean**2 > 0.9 * found.second)


def _pass(values: Array, around: float, grain: float) -> Evidence:
    sums = np.zeros(3)
    low, high = math.inf, -math.inf
    sum_of_sizes = dasum if values.dtype == np.float64 else sasum  # without an array of absolute values
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        if around:
            chunk = chunk - around
        sums += (chunk.sum(), chunk @ chunk, sum_of_sizes(chunk))
        low, high = np.minimum(low, chunk.min()), np.maximum(high, chunk.max())  # which keep NaN
    mean, second, absolute = sums / len(values)
    if around:
        second += 2 * around * mean + around**2
        mean += around
        absolute = np.abs(values).mean()
    picked = np.linspace(0, len(values) - 1, min(SAMPLE, len(values))).astype(np.intp)
    sample = np.sort(values[picked].astype(np.float64))
    moments = float(mean), float(second), float(absolute)
    return Evidence(len(values), *moments, float(low) + around, float(high) + around, sample, grain)
