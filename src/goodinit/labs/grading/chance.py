"""Is this what chance makes? Tests of random arrays, each with its exact or conservative p-value.

A lab's right answers fail by chance with a probability of at most `BUDGET`, whatever generator drew them: each of the
lab's tests is made at the level BUDGET / (number of tests), so that by Bonferroni's inequality all of them together
stay below it.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from goodinit.labs.checks import Array

BUDGET = 1e-6  # probability that a right answer loses a point, over a whole lab


def mean_p(z: Array) -> float:
    """Return the p-value that standard-normal numbers have such a mean: sum z / sqrt(n) is N(0, 1)."""
    return float(2 * stats.norm.sf(abs(z.sum()) / np.sqrt(z.size)))


def size_p(z: Array) -> float:
    """Return the p-value that standard-normal numbers have such squares: sum z^2 is chi-squared of n."""
    return _two_sided(float((z * z).sum()), z.size)


def shape_p(z: Array) -> float:
    """Return the p-value that standard-normal numbers are distributed like these (Kolmogorov and Smirnov)."""
    return float(stats.kstest(z.ravel(), "norm").pvalue)


def rows_p(z: Array) -> float:
    """Return the p-value that the sums over each row are so different: sum of (row sum)^2 / n is chi-squared."""
    sums = z.sum(axis=1)
    return _two_sided(float((sums * sums).sum() / z.shape[1]), z.shape[0])


def alike_p(a: Array, b: Array) -> float:
    """Return the p-value that two independent arrays, where they overlap, are so correlated.

    The sum of products of independent normal numbers over the root of the sum of squares of one array is N(0, 1).
    """
    n = min(a.size, b.size)
    x, y = a.ravel()[:n], b.ravel()[:n]
    return float(2 * stats.norm.sf(abs(x @ y) / np.sqrt(y @ y)))


def share_p(count: int, of: int, probability: float) -> float:
    """Return the p-value that so many of independent events happened, exactly."""
    return float(stats.binomtest(count, of, probability).pvalue)


def excess_kurtosis(z: Array) -> float:
    """Return 0 for normal numbers and -1.2 for uniform ones."""
    return float(stats.kurtosis(z.ravel()))


def level(tests: Sequence[int]) -> float:
    """Return the false-alarm rate of each test of a lab whose cases make so many."""
    return BUDGET / max(1, sum(tests))


def _two_sided(statistic: float, degrees: int) -> float:
    below, above = stats.chi2.cdf(statistic, degrees), stats.chi2.sf(statistic, degrees)
    return float(min(1.0, 2 * min(below, above)))
