"""The lesson on signal through depth: published deviations as ordinary runs, theory, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from goodinit import theory
from goodinit.errors import InputError
from goodinit.labs.signal import forward_prop

SEEDS = 8
PUBLISHED = {  # one unseeded run each, six decimals printed
    0.01: [0.213471, 0.047744, 0.010663, 0.002377, 0.000533, 0.000120, 0.000027, 0.000006, 0.000001, 0.000000],
    1.0: [0.981929, 0.981658, 0.981834, 0.981665, 0.981690, 0.981558, 0.981779, 0.981635, 0.981700, 0.981527],
    500**-0.5: [0.628531, 0.485856, 0.407851, 0.357675, 0.321055, 0.294206, 0.272173, 0.255200, 0.239305, 0.226953],
}
MEAN_FIELD = [0.6279, 0.4863, 0.4082, 0.3576, 0.3216, 0.2944, 0.2729, 0.2554, 0.2409, 0.2285]


def normal(std: float, seed: int) -> Callable[[int, int], np.ndarray]:
    rng = np.random.default_rng(seed)
    return lambda fan_in, fan_out: std * rng.standard_normal((fan_in, fan_out))


@pytest.fixture(scope="module")
def runs() -> dict[float, np.ndarray]:
    """Means and deviations, shape (seeds, 2, layers), of ten tanh layers of 500 for each of the three scales."""
    return {
        std: np.array([forward_prop([500] * 10, normal(std, seed), rng=1000 + seed)[1:] for seed in range(SEEDS)])
        for std in PUBLISHED
    }


@pytest.mark.parametrize("std", PUBLISHED)
def test_the_published_run_is_an_ordinary_one(std: float, runs: dict[float, np.ndarray]) -> None:
    means, deviations = runs[std].transpose(1, 0, 2)
    assert np.abs(means).max() < 0.004
    # interval of one more run beside the seeds, at 95 % for all thirty published numbers together; and rounding
    reach = stats.t.ppf(1 - 0.025 / 30, SEEDS - 1) * deviations.std(axis=0, ddof=1) * np.sqrt(1 + 1 / SEEDS)
    np.testing.assert_array_less(np.abs(PUBLISHED[std] - deviations.mean(axis=0)), reach + 5e-7)


def test_the_deviations_are_those_of_mean_field_theory(runs: dict[float, np.ndarray]) -> None:
    found = runs[500**-0.5][:, 1]
    # interval of the mean, at 99 % for all ten layers together
    reach = stats.t.ppf(1 - 0.005 / 10, SEEDS - 1) * found.std(axis=0, ddof=1) / np.sqrt(SEEDS)
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - MEAN_FIELD), reach + 5e-5)  # four decimals printed
    predicted = theory.predict_dense([500] * 11 + [1], "tanh", 1 / 500, inputs=theory.Inputs(examples=1000)).std[:10]
    np.testing.assert_array_less(np.abs(found.mean(axis=0) - predicted), reach)


def test_activations_come_by_layer_and_can_be_repeated() -> None:
    activations, means, deviations = forward_prop([30, 20], normal(0.2, 0), rng=1)
    assert list(activations) == [0, 1]
    assert [H.shape for H in activations.values()] == [(1000, 30), (1000, 20)]
    X, W = np.random.default_rng(1).standard_normal((1000, 30)), normal(0.2, 0)
    first = np.tanh(X @ W(30, 30))
    np.testing.assert_array_equal(activations[0], first)
    np.testing.assert_allclose(activations[1], np.tanh(first @ W(30, 20)), rtol=1e-12)
    assert (means[0], deviations[1]) == (activations[0].mean(), activations[1].std())
    again = forward_prop([30, 20], normal(0.2, 0), rng=np.random.default_rng(1))
    np.testing.assert_array_equal(again[0][1], activations[1])
    assert forward_prop([30], normal(0.2, 0))[1] != forward_prop([30], normal(0.2, 0))[1]


def test_relu_with_hes_variance_keeps_the_second_moment() -> None:
    def he(fan_in: int, fan_out: int) -> np.ndarray:
        return np.sqrt(2 / fan_in) * weights.standard_normal((fan_in, fan_out))

    weights = np.random.default_rng(0)
    for relu in ("relu", lambda z: np.maximum(0, z)):
        last = forward_prop([400] * 5, he, rng=1, activation=relu)[0][4]
        # E relu(z)^2 = 1/2; to first order a layer adds (E relu^4 / (E relu^2)^2 - 1) / 400 = 5 / 400 of variance
        assert np.mean(last**2) == pytest.approx(1, abs=4 * np.sqrt(5 * 5 / 400))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: forward_prop([], normal(1, 0)), r"needs 1 to 10,000 sizes, got 0; try \[500\] \* 10"),
        (lambda: forward_prop([500, 2.5], normal(1, 0)), "a size in hidden_layer_sizes must be a whole number"),
        (lambda: forward_prop([5, 3], lambda n, m: np.ones((m, n))), r"shape \(5, 3\), got .*not the transpose"),
        (lambda: forward_prop([5], lambda n, m: [["a"] * m] * n), "weight_init_func must return real numbers"),
        (lambda: forward_prop([5], normal(1, 0), activation=np.mean), r"activation must return .*\(1000, 5\)"),
        (lambda: forward_prop([5], normal(1, 0), activation="tahn"), "did you mean 'tanh'"),
        (lambda: forward_prop([5], normal(1, 0), rng=-1), "rng, where it is a seed, must be"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
