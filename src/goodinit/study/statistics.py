"""What may be said from a few seeds: intervals, paired tests, the seeds that would be needed.

Nothing here assumes normal scores except `seeds_needed`, which says so. Every random draw comes from a generator
with a fixed seed, so the same values always give the same interval.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
Interval = tuple[float, float]

SEED = 20_240_229  # of the resampling, not of any network; any number would do, but it must never change
RESAMPLES = 9_999  # + the data themselves = 10,000: an endpoint at 2.5 % is then known to about 0.16 percentage points
BLOCK = 909  # 9,999 = 11 * 909: resamples drawn at a time, so that 10,000 seeds still fit into 80 MB
EXACT = 13  # 2^13 = 8,192 sign patterns are fewer than the 9,999 random ones that larger samples get
FEWEST = 3  # seeds of which an interval can be made
LEVEL = 0.05
POWER = 0.80
MOST_SEEDS = 1_000_000
LARGEST_EFFECT = 10.0  # in standard deviations; beyond it the fewest seeds that the sign-flip test allows suffice
NO_INTERVAL = (math.nan, math.nan)


def median_interval(values: ArrayLike) -> Interval:
    """Say between which values the median lies, with a confidence of at least 95 %: two order statistics.

    Each value lies below the median of the population with probability 1/2, so the k-th smallest of n values lies
    above it with probability P(Bin(n, 1/2) < k), and so does the k-th largest below. k is the largest number for which
    that is at most 2.5 %. The interval thus holds for every continuous distribution, and values may be infinite.

    Parameters
    ----------
    values : array_like, shape (n,)
        May hold +inf and -inf, no NaN: the caller decides which infinity a missing value counts as.

    Returns
    -------
    tuple of float
        Low and high end; both NaN for fewer than 3 values.

    Notes
    -----
    With 3, 4 or 5 values the interval is their whole range, which holds the median of the population in only 75, 87.5
    and 93.75 % of cases (1 - 2^(1-n)): nothing that is made of so few values can do better. A percentile bootstrap
    would come close to these ends for many values, but covers only 87.5 % for 7.
    Source: Thompson 1936, On confidence ranges for the median, Annals of Mathematical Statistics 7,
    doi:10.1214/aoms/1177732502.
    """
    ordered = np.sort(np.asarray(values, float))
    if ordered.size < FEWEST:
        return NO_INTERVAL
    k = max(1, int(stats.binom.ppf(LEVEL / 2, ordered.size, 0.5)))
    return float(ordered[k - 1]), float(ordered[-k])


def mean_interval(values: ArrayLike) -> Interval:
    """Say between which values the mean of paired differences lies: 95 % expanded percentile bootstrap.

    The plain percentile interval of a mean is too short for few values: its spread is sqrt((n-1)/n) of what it should
    be and it knows nothing of Student's t. Widening the tails to alpha' = Phi(-sqrt(n/(n-1)) t(.975; n-1)) mends both
    at once. BCa mends neither, and fails on constant values, which are common here: accuracies on a small test
    set often differ by nothing.

    Parameters
    ----------
    values : array_like, shape (n,)

    Returns
    -------
    tuple of float
        Low and high end; both NaN for fewer than 3 values and if any value is not finite (the mean is then not a
        number either).

    Notes
    -----
    No resample leaves the range of the values; with 3 or 4 the interval therefore still covers less than 95 %.
    Source: Hesterberg, What Teachers Should Know About the Bootstrap, 2015, doi:10.1080/00031305.2015.1089789
    (the "expanded percentile interval").
    """
    ordered = np.sort(np.asarray(values, float))
    n = ordered.size
    if n < FEWEST or not np.isfinite(ordered).all():
        return NO_INTERVAL
    tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(1 - LEVEL / 2, n - 1))
    # from the middle of the values outwards, so that constant values give themselves without rounding
    middle = ordered[n // 2]
    means = np.concatenate([(ordered - middle)[rows].mean(axis=1) for rows in _resamples(n)])
    low, high = middle + np.quantile(means, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)


def proportion_interval(count: int, total: int) -> Interval:
    """Say between which values a probability lies of which `count` in `total` cases were seen: 95 % Wilson score.

    (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) with p = count/total, n = total, z = 1.96.
    It is sensible also for 0 of n and n of n, where the textbook interval has no length.

    Parameters
    ----------
    count, total : int
        0 <= count <= total, total >= 1.

    Returns
    -------
    tuple of float
        Low and high end, within 0..1.
    """
    interval = stats.binomtest(count, total).proportion_ci(confidence_level=1 - LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def sign_flip_p(differences: ArrayLike) -> Floats:
    """Test whether paired differences centre on 0: two-sided sign-flip permutation tests of their means.

    If neither side is better, each difference could as well have had the other sign. p is the share of sign patterns
    whose mean is at least as far from 0 as the observed one: of all 2^n patterns for up to 13 differences,
    otherwise (k + 1)/(patterns + 1) with k of many random patterns (the observed one counts as one of them). There
    are at least 9,999 of these, and 100 for every test, so that Holm's correction can still reach .01.

    Parameters
    ----------
    differences : array_like, shape (..., n)
        The last axis holds the differences of one test. If any of them is not finite, the sign of each is used instead,
        and NaN (both diverged, say) counts as 0: an infinite difference has no mean with the others, and any finite
        stand-in for it would be an arbitrary weight, but which side was better is still known. The test is then the
        sign test.

    Returns
    -------
    ndarray, shape (...)
        0 < p <= 1; 1 without differences.

    Notes
    -----
    Source: Phipson & Smyth 2010, doi:10.2202/1544-6115.1585, for the + 1.
    """
    d = np.array(differences, float)
    tests = d.reshape(math.prod(d.shape[:-1]), d.shape[-1])
    tests = np.where(np.isfinite(tests).all(axis=1, keepdims=True), tests, np.nan_to_num(np.sign(tests)))
    largest = np.abs(tests).max(axis=1, initial=0.0)
    tests = tests / np.where(largest > 0, largest, 1)[:, None]  # no sum overflows
    # the signs are random, so those of d do not matter; sorted, the answer does not depend on the order of the seeds
    sizes = np.sort(np.abs(tests), axis=1)
    # 1e-12: sums that are equal on paper differ by rounding, and a tie must count
    least = np.abs(tests.sum(axis=1)) - 1e-12 * sizes.sum(axis=1)
    if d.shape[-1] <= EXACT:
        p = np.mean(np.abs(_all_signs(d.shape[-1]) @ sizes.T) >= least, axis=0)
    else:
        blocks = max(RESAMPLES, 100 * len(tests)) // BLOCK
        hits = sum(np.sum(np.abs(signs @ sizes.T) >= least, axis=0) for signs in _random_signs(d.shape[-1], blocks))
        p = (hits + 1) / (blocks * BLOCK + 1)
    return np.asarray(p, float).reshape(d.shape[:-1])


def holm(p_values: ArrayLike) -> Floats:
    """Adjust the p values of several tests, so that the chance of any false alarm among them stays below the level.

    Holm's step-down: the i-th smallest of m becomes the largest of (m - j + 1) p_(j) over j <= i, at most 1.

    Parameters
    ----------
    p_values : array_like, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
        In the order given.

    Notes
    -----
    Source: Holm 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)))
    return adjusted


def seeds_needed(differences: ArrayLike, tests: int) -> float:
    """Say how many seeds would tell the observed mean difference from 0, if the true difference is the observed one.

    The smallest n for which the two-sided paired t test at level .05/tests has a power of 80 %:
    P(T > t(1 - .05/(2 tests); n-1)) >= .8, T noncentral t with n-1 degrees of freedom and noncentrality
    sqrt(n) mean/sd. .05/tests is Holm's first and hardest step. n is never fewer than the sign-flip
    test needs to reach that level at all: 2/2^n <= .05/tests.

    Parameters
    ----------
    differences : array_like, shape (n,)
        Paired differences, one a seed.
    tests : int
        How many tests are made together, at least 1.

    Returns
    -------
    float
        A whole number, or NaN if it cannot be said: fewer than 3 seeds, a difference that is not finite, a mean of
        0, or more than 1,000,000 seeds.

    Notes
    -----
    The mean and the spread of a few seeds are themselves uncertain, so this is an order of magnitude, not a promise.
    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, section 2.2.
    """
    d = np.asarray(differences, float)
    if d.size < FEWEST or not np.isfinite(d).all() or not d.any():
        return math.nan
    d = d / np.abs(d).max()  # no square overflows or vanishes
    mean, spread = abs(d.mean()), d.std(ddof=1)
    effect = min(mean / spread, LARGEST_EFFECT) if spread > mean / LARGEST_EFFECT else LARGEST_EFFECT
    level = LEVEL / tests
    few = math.ceil(1 - math.log2(level))  # 2/2^n <= level
    return _fewest(few, effect, level)


def _fewest(few: int, effect: float, level: float) -> float:
    """Find the smallest n >= few with enough power; power grows with n, so doubling and halving finds it."""
    if _power(few, effect, level) >= POWER:
        return float(few)
    many = 2 * few
    while _power(many, effect, level) < POWER:
        few, many = many, 2 * many
        if few > MOST_SEEDS:
            return math.nan
    while many - few > 1:
        half = (few + many) // 2
        few, many = (few, half) if _power(half, effect, level) >= POWER else (half, many)
    return float(many) if many <= MOST_SEEDS else math.nan


def _power(n: int, effect: float, level: float) -> float:
    """Power of the two-sided t test on n differences whose mean is `effect` standard deviations."""
    threshold, shift = stats.t.isf(level / 2, n - 1), math.sqrt(n) * effect
    # the other tail, a significant result with the wrong sign, is below 1e-4 where the power is 80 %, and SciPy 1.17
    # returns NaN for it where it is below 1e-16
    return float(stats.nct.sf(threshold, n - 1, shift))


def _resamples(n: int) -> Iterator[NDArray[np.int64]]:
    """Yield blocks of resamples, each row n positions drawn with replacement."""
    rng = np.random.default_rng(SEED)
    for _ in range(RESAMPLES // BLOCK):
        yield rng.integers(0, n, size=(BLOCK, n))


def _all_signs(n: int) -> Floats:
    """Every pattern of n signs, shape (2^n, n)."""
    return np.array(list(itertools.product([-1.0, 1.0], repeat=n)))


def _random_signs(n: int, blocks: int) -> Iterator[Floats]:
    """Yield blocks of random patterns of n signs."""
    rng = np.random.default_rng(SEED)
    for _ in range(blocks):
        yield rng.choice(np.array([-1.0, 1.0]), size=(BLOCK, n))
