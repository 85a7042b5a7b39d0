"""Statistics against independent oracles: enumeration, formulas by hand, simulation in standard errors."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from goodinit.study.statistics import (
    LEVEL,
    POWER,
    holm,
    mean_interval,
    median_interval,
    proportion_interval,
    seeds_needed,
    sign_flip_p,
)

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
SAMPLES = st.lists(NUMBERS, min_size=3, max_size=20)


# --- the median ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [6, 7, 8, 9, 13, 31, 32, 101, 1000])
def test_median_interval_is_that_of_scipys_quantile_test(n):
    values = np.random.default_rng(n).normal(size=n)
    assert median_interval(values) == tuple(stats.quantile_test(values).confidence_interval(0.95))


@pytest.mark.parametrize("n", range(6, 40))
def test_median_interval_covers_at_least_95_percent_and_no_shorter_one_would(n):
    low, high = (int(end) for end in median_interval(np.arange(1, n + 1)))  # its ranks
    assert low + high == n + 1
    # x_low <= median <= x_high if low .. high - 1 of n values lie below it
    covered = [stats.binom.cdf(last - 1, n, 0.5) - stats.binom.cdf(n - last, n, 0.5) for last in (high, high - 1)]
    assert covered[0] >= 0.95 > covered[1]


@pytest.mark.parametrize("draw", ["normal", "exponential"])
@pytest.mark.parametrize("n", [7, 31])
def test_median_interval_covers_the_median(draw, n):
    rng, trials = np.random.default_rng(1), 2_000
    centre = {"normal": 0.0, "exponential": math.log(2)}[draw]
    intervals = np.array([median_interval(getattr(rng, draw)(size=n)) for _ in range(trials)])
    covered = np.mean((intervals[:, 0] <= centre) & (centre <= intervals[:, 1]))
    expected = {7: 1 - 2.0**-6, 31: 1 - 2 * stats.binom.cdf(9, 31, 0.5)}[n]
    assert abs(covered - expected) < 4 * math.sqrt(expected * (1 - expected) / trials)


def test_median_interval_counts_infinite_values_without_a_warning():
    finite = list(np.linspace(0.1, 0.2, 20))
    assert np.isfinite(median_interval([*finite, math.inf])).all()
    low, high = median_interval([0.1, 0.2, math.inf, math.inf])
    assert (low, high) == (0.1, math.inf)
    assert median_interval([math.inf] * 4) == (math.inf, math.inf)
    assert median_interval([-math.inf, -math.inf, math.inf, math.inf]) == (-math.inf, math.inf)


@pytest.mark.parametrize("interval", [median_interval, mean_interval])
def test_fewer_than_three_values_have_no_interval(interval):
    for values in ([], [1.0], [1.0, 2.0]):
        assert np.isnan(interval(values)).all()


@pytest.mark.parametrize("interval", [median_interval, mean_interval])
@pytest.mark.parametrize("value", [0.1, 0.0, -3.3e300, 1e-300])
def test_constant_values_are_their_own_interval(interval, value):
    assert interval([value] * 7) == (value, value)


@given(SAMPLES, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_intervals_hold_the_centre_and_ignore_the_order(values, random):
    shuffled = random.sample(values, len(values))
    low, high = median_interval(values)
    assert min(values) <= low <= np.median(values) <= high <= max(values)
    assert median_interval(shuffled) == (low, high)
    low, high = mean_interval(values)
    rounding = 1e-12 * np.abs(values).max()
    assert low - rounding <= np.mean(values) <= high + rounding
    assert mean_interval(shuffled) == (low, high)


# --- the mean -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "least"), [(6, 0.90), (10, 0.925), (32, 0.94)])
def test_mean_interval_covers_the_mean_also_for_few_values(n, least):
    rng, trials = np.random.default_rng(2), 1_500
    intervals = np.array([mean_interval(rng.normal(size=n)) for _ in range(trials)])
    covered = np.mean((intervals[:, 0] <= 0) & (intervals[:, 1] >= 0))
    assert covered > least - 4 * math.sqrt(0.05 * 0.95 / trials)
    assert covered < 0.95 + 4 * math.sqrt(0.05 * 0.95 / trials)


def test_mean_interval_of_many_values_is_that_of_the_t_test():
    values = np.random.default_rng(3).normal(size=400)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    # an end of a bootstrap interval has a standard error of sqrt(p(1-p)/B)/pdf(z) = 0.027 standard errors of the mean
    assert np.abs(np.subtract(mean_interval(values), expected)).max() < 4 * 0.027 * stats.sem(values)


def test_mean_interval_has_none_for_differences_without_a_mean():
    assert np.isnan(mean_interval([1.0, 2.0, math.inf, 3.0])).all()
    assert np.isnan(mean_interval([1.0, 2.0, math.nan, 3.0])).all()


# --- proportions --------------------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.data())
@settings(max_examples=50, deadline=None)
def test_proportion_interval_is_the_wilson_score(total, data):
    count = data.draw(st.integers(0, total))
    z, p, n = stats.norm.ppf(0.975), count / total, total
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = proportion_interval(count, total)
    assert low == pytest.approx((middle - half) / (1 + z * z / n), abs=1e-12)
    assert high == pytest.approx((middle + half) / (1 + z * z / n), abs=1e-12)
    assert 0 <= low <= p <= high <= 1


# --- the sign-flip test -------------------------------------------------------------------------------------------


def enumerated_p(differences):
    """The definition, one sign pattern at a time."""
    observed = abs(math.fsum(differences))
    patterns = list(itertools.product([-1, 1], repeat=len(differences)))
    sums = [abs(math.fsum(s * d for s, d in zip(signs, differences, strict=True))) for signs in patterns]
    return sum(total >= observed - 1e-9 * max(1.0, observed) for total in sums) / len(patterns)


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_sign_flip_p_is_the_share_of_all_sign_patterns(differences):
    assert sign_flip_p(differences) == pytest.approx(enumerated_p(differences), rel=1e-12)


def test_sign_flip_p_agrees_with_scipy():
    differences = np.random.default_rng(4).normal(0.5, 1, size=9)
    expected = stats.permutation_test((differences,), np.mean, permutation_type="samples").pvalue
    assert sign_flip_p(differences) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shift", [0.1, 0.4])
def test_random_flips_come_close_to_the_exact_p(shift):
    differences = np.random.default_rng(5).normal(shift, 1, size=16)
    exact = enumerated_p(differences)
    assert abs(sign_flip_p(differences) - exact) < 4 * math.sqrt(exact * (1 - exact) / 9_999) + 1e-4


def test_rounding_does_not_break_ties():
    # 0.1 + 0.2 - 0.3 is not 0 in binary; on paper every pattern is at least as far from 0 as the observed one
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1.0


def test_sign_flip_p_reaches_its_floor():
    assert sign_flip_p([0.1] * 6) == 2 / 2**6
    assert sign_flip_p([0.1] * 40) == 1 / 10_000


def test_differences_that_are_not_finite_count_by_their_sign():
    assert sign_flip_p([math.inf, 3.0, 0.001, -math.inf, math.nan]) == sign_flip_p([1, 1, 1, -1])
    assert sign_flip_p([math.inf] * 6) == stats.binomtest(0, 6).pvalue
    assert sign_flip_p([math.nan] * 4) == sign_flip_p([]) == sign_flip_p([0.0] * 4) == 1.0


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=18),
    st.randoms(use_true_random=False),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_sign_flip_p_is_a_probability_whatever_the_order_and_the_side(differences, random, negate):
    p = sign_flip_p(differences)
    assert 0 < p <= 1
    shuffled = random.sample(differences, len(differences))
    assert sign_flip_p([-d for d in shuffled] if negate else shuffled) == p


def test_sign_flip_p_keeps_its_level_when_there_is_nothing_to_find():
    rng, trials = np.random.default_rng(6), 2_000
    rejected = np.mean([sign_flip_p(rng.laplace(size=10)) <= 0.05 for _ in range(trials)])
    assert abs(rejected - 0.05) < 4 * math.sqrt(0.05 * 0.95 / trials)


# --- Holm ---------------------------------------------------------------------------------------------------------


def test_holm_on_the_textbook_example():
    # p = .01, .04, .03, .005: sorted .005*4, .01*3, .03*2, then .04*1 lifted to .06
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert holm([]).size == 0


@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=12))
def test_holm_rejects_exactly_what_the_step_down_rejects(p_values):
    adjusted = holm(p_values)
    ranked = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert all(adjusted[a] <= adjusted[b] for a, b in itertools.pairwise(ranked))
    assert np.all(adjusted >= np.asarray(p_values))
    assert np.all(adjusted <= np.minimum(1, np.asarray(p_values) * len(p_values)))
    for level in (0.01, 0.05, 0.2):
        rejected = set()
        for step, i in enumerate(ranked):
            if p_values[i] * (len(p_values) - step) > level:
                break
            rejected.add(i)
        assert {i for i, p in enumerate(adjusted) if p <= level} == rejected


# --- seeds needed -------------------------------------------------------------------------------------------------


def standardized(n, effect):
    """n differences whose observed mean is `effect` observed standard deviations."""
    values = np.random.default_rng(7).normal(size=n)
    return (values - values.mean()) / values.std(ddof=1) + effect


@pytest.mark.parametrize(("effect", "expected"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_seeds_needed_gives_the_textbook_sizes(effect, expected):
    """Published sizes of the paired t test, level .05, power .8 (G*Power 3.1)."""
    assert seeds_needed(standardized(10, effect), tests=1) == expected


@pytest.mark.parametrize(("effect", "tests"), [(0.5, 1), (0.7, 6), (1.0, 45)])
def test_seeds_needed_have_the_power_in_a_simulation(effect, tests):
    n, trials = int(seeds_needed(standardized(8, effect), tests)), 20_000
    draws = np.random.default_rng(8).normal(effect, 1, size=(trials, n))
    power = [np.mean(stats.ttest_1samp(draws[:, :size], 0, axis=1).pvalue <= LEVEL / tests) for size in (n - 1, n)]
    error = math.sqrt(POWER * (1 - POWER) / trials)
    assert power[0] < POWER + 4 * error
    assert power[1] > POWER - 4 * error


@pytest.mark.parametrize("tests", [1, 3, 10, 190])
def test_seeds_needed_are_never_fewer_than_the_sign_flip_test_can_use(tests):
    n = int(seeds_needed([1.0, 1.0, 1.0 + 1e-12], tests))
    assert 2 / 2**n <= LEVEL / tests < 2 / 2 ** (n - 1)
    assert sign_flip_p([1.0] * n) <= LEVEL / tests or n > 13


@pytest.mark.parametrize(
    "differences",
    [[], [1.0, 2.0], [0.0, 0.0, 0.0], [1.0, math.inf, 2.0], [1.0, math.nan, 2.0], [-1.0, 0.0, 1.0], [1.0, -1.0, 1e-6]],
)
def test_seeds_needed_admits_what_cannot_be_said(differences):
    assert math.isnan(seeds_needed(differences, tests=1))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=12), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_seeds_needed_is_a_whole_number_or_nothing(differences, tests):
    n = seeds_needed(differences, tests)
    assert math.isnan(n) or (n == int(n) and 6 <= n <= 1_000_000)
    assert seeds_needed([-d for d in differences], tests) == pytest.approx(n, nan_ok=True)
