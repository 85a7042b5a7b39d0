"""Predictions of whole networks against published numbers and small simulations, in standard errors."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from goodinit import theory
from goodinit.activations import ACTIVATIONS, activation
from goodinit.theory import Inputs, predict_dense

PUBLISHED = {  # ten tanh layers of 500, 1000 standard normal inputs, standard deviation of all activations
    0.01: ".213471 .047744 .010663 .002377 .000533 .000120 .000027 .000006 .000001 .000000",
    1.0: ".981929 .981658 .981834 .981665 .981690 .981558 .981779 .981635 .981700 .981527",
    500**-0.5: ".628531 .485856 .407851 .357675 .321055 .294206 .272173 .255200 .239305 .226953",
}
MEAN_FIELD = ".6279 .4863 .4082 .3576 .3216 .2944 .2729 .2554 .2409 .2285"


def numbers(text: str) -> np.ndarray:
    return np.array([float(one) for one in text.split()])


@pytest.mark.parametrize("scale", PUBLISHED)
def test_published_layers_lie_inside_the_band(scale: float) -> None:
    data = Inputs(spread=math.sqrt(2 / 500), correlation_std=500**-0.5, examples=1000)
    predicted = predict_dense([500] * 11 + [10], "tanh", scale**2, inputs=data)
    low, high = theory.band(predicted.std, predicted.std_spread, 2)
    printed = numbers(PUBLISHED[scale])
    assert (printed >= low[:-1] - 5e-7).all()  # half of the last digit printed
    assert (printed <= high[:-1] + 5e-7).all()
    assert (predicted.std_spread[:-1] < 0.012).all()  # the band is narrow enough to say something
    assert np.abs(predicted.mean).max() < 1e-12
    assert (predicted.mean_spread[:-1] < 0.004).all()


def test_mean_field_row() -> None:
    predicted = predict_dense([500] * 11 + [10], "tanh", 1 / 500, finite_width=False)
    np.testing.assert_allclose(predicted.std[:-1], numbers(MEAN_FIELD), atol=5.1e-5)


def test_taught_claims() -> None:
    """Rows 10, 13 and 14 of the claims: exploding tanh, centred sigmoid with Glorot."""
    point = theory.fixed_points("tanh", 500.0)[-1]
    assert point.chi == pytest.approx(12.1, abs=0.05)
    assert math.sqrt(point.chi) == pytest.approx(3.48, abs=0.005)
    shallow = predict_dense([500] * 5 + [10], "centred_sigmoid", 1 / 500)
    np.testing.assert_allclose(shallow.std[:4], [0.208, 0.0515, 0.0129, 0.0032], rtol=0.008)
    vanishing = predict_dense([30] * 4, "sigmoid", 1e-4, finite_width=False)
    factor = math.exp(vanishing.log_gradient[1] - vanishing.log_gradient[2])
    assert factor == pytest.approx(0.01 * math.sqrt(30) / 4, rel=1e-3)  # .055 a layer from weights, 1/4 from the slope


def simulate(
    widths: list[int], name: str, variances: list[float], bias: float, x: np.ndarray, runs: int, uniform: bool
) -> dict[str, np.ndarray]:
    """Return statistics of random networks, each of shape (runs, layers); gradients at the logits have rms 1."""
    rng, f, seen = np.random.default_rng(7), activation(name), []
    for _ in range(runs):
        acts, pre, weights, row = [x], [], [], {}
        for layer, variance in enumerate(variances):
            shape, std = (widths[layer + 1], widths[layer]), math.sqrt(variance)
            w = rng.uniform(-1, 1, shape) * std * math.sqrt(3) if uniform else rng.standard_normal(shape) * std
            h = acts[-1] @ w.T + rng.standard_normal(widths[layer + 1]) * math.sqrt(bias)
            weights.append(w)
            pre.append(h)
            acts.append(f(h) if layer < len(variances) - 1 else h)
        row["variance"] = [(h**2).mean() for h in pre]
        row["mean"] = [a.mean() for a in acts[1:]]
        row["std"] = [a.std() for a in acts[1:]]
        row["second"] = [(a**2).mean() for a in acts[1:]]
        row["correlation"] = [correlation(h) for h in pre]
        delta = rng.standard_normal(pre[-1].shape)
        delta /= np.sqrt((delta**2).mean())
        back, by_weight = [], []
        for layer in reversed(range(len(variances))):
            back.append((delta**2).mean())
            by_weight.append(((delta.T @ acts[layer] / len(x)) ** 2).mean())
            if layer:
                below = pre[layer - 1]
                delta = (delta @ weights[layer]) * (f(below + 1e-6) - f(below - 1e-6)) / 2e-6
        row["gradient"], row["weight_gradient"] = back[::-1], by_weight[::-1]
        seen.append(row)
    return {key: np.array([row[key] for row in seen]) for key in seen[0]}


def correlation(h: np.ndarray) -> float:
    unit = h / np.sqrt((h**2).sum(axis=1, keepdims=True))
    m = len(h)
    return float(((unit.sum(axis=0) ** 2).sum() - m) / (m * (m - 1)))


CASES = [  # activation, width, depth, sigma_w^2, bias variance, uniform weights
    ("relu", 128, 10, 2.0, 0.0, False),
    ("relu", 512, 5, 2.0, 0.0, True),
    ("tanh", 128, 20, 1.0, 0.0, False),
    ("tanh", 128, 10, 25 / 9, 0.0, True),
    ("sigmoid", 256, 6, 1.0, 0.0, False),
    ("gelu", 128, 8, 2.0, 0.05, False),
    ("linear", 128, 10, 1.0, 0.0, False),
    ("hardtanh", 128, 10, 1.5, 0.05, False),
    ("selu", 128, 10, 1.0, 0.0, False),
    ("softplus", 128, 6, 1.0, 0.0, False),
    ("sin", 128, 10, 2.0, 0.1, False),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}")
def test_simulation_within_five_standard_errors(case: tuple[str, int, int, float, float, bool]) -> None:
    name, width, depth, weight, bias, uniform = case
    x = np.random.default_rng(5).standard_normal((12, 64))
    x = 0.6 * x + 0.8 * x[:1]  # correlated examples
    widths = [64, *[width] * depth, 10]
    variances = [weight / n for n in widths[:-1]]
    seen = simulate(widths, name, variances, bias, x, 100, uniform)
    at = predict_dense(
        widths,
        name,
        variances,
        bias_variance=bias,
        inputs=theory.inputs_of(x),
        weight_kurtosis=-1.2 if uniform else 0.0,
    )
    predicted = {
        "variance": np.exp(at.log_variance),
        "mean": at.mean,
        "std": at.std,
        "second": np.exp(at.log_second_moment),
        "correlation": at.correlation,
        "gradient": np.exp(2 * at.log_gradient),
        "weight_gradient": np.exp(2 * at.log_weight_gradient),
    }
    spread = {
        "variance": at.variance_spread,
        "std": at.std_spread,
        "second": at.second_moment_spread,
        "gradient": 2 * at.gradient_spread,
        "weight_gradient": 2 * at.weight_gradient_spread,
    }
    for key, expected in predicted.items():
        measured = seen[key]
        error = measured.std(axis=0, ddof=1) / math.sqrt(len(measured))
        off = np.abs(measured.mean(axis=0) - expected) / np.maximum(error, 1e-12 * np.abs(expected) + 1e-300)
        assert off.max() < 5, (key, off)
        if key in spread:  # the standard deviation of ln has a standard error of 7 % at 100 runs
            ratio = np.log(measured).std(axis=0, ddof=1)[:-1] / spread[key][:-1]
            assert (ratio > 0.65).all(), (key, ratio)
            assert (ratio < 1.4).all(), (key, ratio)


@pytest.mark.parametrize(("name", "excess"), [("linear", 2), ("relu", 5)])
def test_fluctuations_multiply(name: str, excess: int) -> None:
    """E q_L^2 / (E q_L)^2 = prod (1 + excess / n_l) over hidden layers, predicted exactly and met by simulation."""
    hidden = [32, 64, 48, 100]
    product = math.prod(1 + excess / n for n in hidden)
    gain = 2.0 if name == "relu" else 1.0
    widths = [16, *hidden, 1]
    at = predict_dense(widths, name, [gain / n for n in widths[:-1]])
    # to first order the sum of excess / n, and the 2 / n of one output unit measured on one example
    assert at.variance_spread[-1] ** 2 == pytest.approx(sum(excess / n for n in hidden) + 2, rel=1e-9)
    rng, runs = np.random.default_rng(3), 40_000
    q = np.full(runs, gain)
    for n in hidden:
        z = rng.standard_normal((runs, n))
        q = q * gain * (activation(name)(z) ** 2).mean(axis=1)
    squares = (q / gain) ** 2
    assert abs(squares.mean() - product) < 5 * squares.std() / math.sqrt(runs)


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("c", [0.0, 0.5, 0.95])
def test_correlation_after_one_layer(name: str, c: float) -> None:
    """Mean and variance of the cosine of two activation vectors of 128 units, to first order in 1 / n."""
    from goodinit.theory.forward import Chain, Stack
    from goodinit.theory.pairs import correlations, overlaps
    from goodinit.theory.table import table

    n, runs, rng = 128, 10_000, np.random.default_rng(4)
    log_q = np.zeros(1)
    both = overlaps(table(name).moments(log_q), log_q)
    stack = Stack(np.full(2, n), np.full(2, n), np.ones(2), np.zeros(2), np.full(2, 1 / n), 0.0)
    found = correlations(both, stack, Chain(np.zeros(2), np.zeros(2), np.ones(2)), c, 0.0)
    mean, std = found.mean[1], found.std[1]
    u = rng.standard_normal((runs, n))
    v = c * u + math.sqrt(1 - c * c) * rng.standard_normal((runs, n))
    a, b = activation(name)(u), activation(name)(v)
    cosine = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    assert abs(cosine.mean() - mean) < 5 * cosine.std() / math.sqrt(runs)
    assert cosine.std() == pytest.approx(std, rel=0.06)


def test_two_points_have_the_given_moments() -> None:
    from goodinit.theory.pairs import two_points

    for mean, std in ((0.0, 0.3), (0.5, 0.1), (0.99, 0.005), (0.9999, 0.0003), (1.0, 0.0), (-0.5, 0.2)):
        points, shares = (np.array(one) for one in two_points(mean, std))
        assert shares.sum() == pytest.approx(1, rel=1e-12)
        assert shares @ points == pytest.approx(mean, abs=1e-12)
        assert shares @ (points - mean) ** 2 == pytest.approx(std**2, rel=1e-9)
        assert np.abs(points).max() <= 1


def test_chain_variance_is_exact_for_relu() -> None:
    from goodinit.theory.forward import Stack, chain
    from goodinit.theory.table import table

    n = np.array([32.0, 64, 48, 100, 1])
    stack = Stack(n, np.append(16, n[:-1]), np.full(5, 2.0), np.zeros(5), 1 / n, 0.0)
    found = chain(table("relu"), stack, 1.0, 0.0)
    expected = sum(math.log1p(5 / one) for one in n[:-1])
    assert found.variance[-1] == pytest.approx(expected, rel=1e-9)
    assert found.mean[-1] + found.variance[-1] / 2 == pytest.approx(math.log(2), abs=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("weight", [0.0, 1e-4, 2.0, 1e4])
def test_a_thousand_layers_give_numbers(name: str, weight: float) -> None:
    """No NaN and no warning, whether signals vanish, explode or are not there."""
    at = predict_dense([64] * 1001 + [3], name, weight / 64, inputs=Inputs(1.0, 0.1, 0.1, 0.1, 50))
    for key in at.__dataclass_fields__:
        value = getattr(at, key)
        assert key in ("assumptions", "saturated") or not np.isnan(value).any(), key
    if weight == 2.0 and name == "relu":
        assert at.log_variance[-1] == pytest.approx(math.log(2), abs=1e-6)
        assert (at.forward_growth, at.backward_growth) == (pytest.approx(1, rel=1e-9), pytest.approx(1, rel=1e-9))
    if weight == 1e-4 and name == "linear":
        assert at.log_variance[-1] == pytest.approx(1001 * math.log(1e-4), rel=1e-9)


def test_zero_weights() -> None:
    at = predict_dense([4, 8, 8, 2], "relu", 0.0)
    assert np.isneginf(at.log_variance).all()
    assert np.isneginf(at.log_second_moment).all()
    assert np.isneginf(at.log_weight_gradient).all()
    assert (at.flat[:-1] == 1).all()
    np.testing.assert_allclose(predict_dense([4, 8, 8, 2], "sigmoid", 0.0).mean, [0.5, 0.5, 0], rtol=1e-15)


def test_dead_units_against_simulation() -> None:
    """Equally correlated pre-activations are an assumption; for random inputs it holds to about 1 / sqrt(n)."""
    rng, m, n, runs = np.random.default_rng(2), 8, 400, 200
    q, c = 1.7, 0.6
    shared, own = rng.standard_normal((runs * n, 1)), rng.standard_normal((runs * n, m))
    h = math.sqrt(q) * (math.sqrt(c) * shared + math.sqrt(1 - c) * own)
    for name, alive in (("relu", h > 0), ("hardtanh", np.abs(h) < 1)):
        measured = (~alive).all(axis=1)
        predicted = theory.dead_share(name, np.array([q]), np.array([c]), m)[0]
        assert abs(measured.mean() - predicted) < 5 * math.sqrt(predicted * (1 - predicted) / len(measured))
    both = theory.dead_share("relu", np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.5]), 4)
    np.testing.assert_allclose(both, [1 / 16, 0.5, 1], atol=1e-6)
    half = theory.dead_share("relu", np.array([2.0]), np.array([0.5]), 2)[0]
    assert half == pytest.approx(0.25 + math.asin(0.5) / (2 * math.pi), abs=1e-9)  # orthant probability
    assert theory.dead_share("gelu", np.array([1.0]), np.array([0.5]), 2)[0] == 0


def test_saturation() -> None:
    share = theory.saturated_share("tanh", np.array([1.0, 481.0]))
    assert share is not None
    edge = math.atanh(0.9)
    np.testing.assert_allclose(share, [math.erfc(edge / math.sqrt(2 * q)) for q in (1.0, 481.0)], rtol=1e-9)
    assert [theory.saturated_share(name, np.ones(1)) for name in ("relu", "sin", "elu", "linear")] == [None] * 4


def test_inputs_are_described() -> None:
    x = np.random.default_rng(1).standard_normal((40, 30)) + 0.5
    got = theory.inputs_of(x)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    pairs = (unit @ unit.T)[~np.eye(40, dtype=bool)]
    squares = (x**2).mean(axis=1)
    expected = Inputs((x**2).mean(), squares.std() / squares.mean(), pairs.mean(), pairs.std(), 40)
    for key in expected.__dataclass_fields__:
        assert getattr(got, key) == pytest.approx(getattr(expected, key), rel=1e-9)
    assert theory.inputs_of(np.zeros((3, 2))) == Inputs(0.0, 0.0, 0.0, 0.0, 3)


def test_what_breaks_the_theory_is_said(refused: Callable[..., None]) -> None:
    refused(lambda: predict_dense([9, 9, 9], "relu", 0.1, weight_mean=0.5), "mean 0", "measure this network")
    refused(lambda: predict_dense([9, 9], "relu", 0.1), "at least one hidden layer")
    refused(lambda: predict_dense([9, 9, 9], "relu", [0.1]), "one for each of 2 layers")
    refused(lambda: predict_dense([9, 9, 9], "relu", -0.1), "weight_variance must be >= 0")
    wild = predict_dense([64, *[64] * 40, 1], "gelu", 2 / 64, bias_variance=0.02)
    assert wild.assumptions[-1].startswith("DOUBTFUL")
    assert not predict_dense([64, *[64] * 40, 1], "relu", 2 / 64).assumptions[-1].startswith("DOUBTFUL")
