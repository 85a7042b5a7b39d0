"""The lesson on three ways to start: published numbers, gradients against torch, and what students get wrong."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from goodinit import datasets
from goodinit.errors import InputError
from goodinit.labs import circles

AT = [0, 1, 3, 5, 7, 10, 14]  # thousands of iterations
PUBLISHED = {
    "zeros": [0.6931471805599453] * 5 + [0.6931471805599455, 0.6931471805599453],
    "random": [1773.5859549373833, 0.6247924745506072, 0.5637539062842213, 0.5443826306793814,
               0.47157999220550006, 0.3920227137490125, 0.38276694641706693],
    "he": [0.8830537463419761, 0.6879825919728063, 0.6526117768893805, 0.5304944491717495,
           0.3117803464844441, 0.15015556280371808, 0.07357895962677366],
}  # fmt: skip
START = circles.initialize_parameters_he([2, 10, 5, 1])
TRAIN_X, TRAIN_Y, TEST_X, TEST_Y = circles.load_dataset()


def accuracies(parameters: dict) -> list[float]:
    return [np.mean(circles.predict_dec(parameters, X) == Y) for X, Y in ((TRAIN_X, TRAIN_Y), (TEST_X, TEST_Y))]


# --- published numbers ---


def test_the_data_is_the_published_one() -> None:
    train_X, train_Y, _, test_Y = circles.generate_dataset(10, 5, 0.05, 0.05, 1, 2)
    rows = [[-0.72987938, 0.53552791], [0.26009327, -0.85881494], [0.17182321, 0.74508061]]
    np.testing.assert_allclose(train_X[:3], rows, atol=5e-9, rtol=0)
    assert train_Y.tolist() == [0, 1, 1, 0, 0, 0, 0, 1, 1, 1]
    assert test_Y.tolist() == [1, 1, 0, 1, 0]


def test_the_lessons_data_is_the_librarys_with_samples_in_columns() -> None:
    data = datasets.circles()
    assert [a.shape for a in (TRAIN_X, TRAIN_Y, TEST_X, TEST_Y)] == [(2, 300), (1, 300), (2, 100), (1, 100)]
    np.testing.assert_array_equal(TRAIN_X, data.train_inputs.T)
    np.testing.assert_array_equal(TEST_Y, data.test_targets[None])


def test_the_drawn_values_are_the_published_ones_and_no_global_state_is_touched() -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - the global generator is what must be left alone
    large, he = circles.initialize_parameters_random([3, 2, 1]), circles.initialize_parameters_he([2, 4, 1])
    drawn = [
        (large["W1"], [[17.88628473, 4.36509851, 0.96497468], [-18.63492703, -2.77388203, -3.54758979]]),
        (large["W2"], [[-0.82741481, -6.27000677]]),
        (he["W1"], [[1.78862847, 0.43650985], [0.09649747, -1.8634927], [-0.2773882, -0.35475898],
                    [-0.08274148, -0.62700068]]),
        (he["W2"], [[-0.03098412, -0.33744411, -0.92904268, 0.62552248]]),
    ]  # fmt: skip
    for weights, published in drawn:
        np.testing.assert_allclose(weights, published, atol=5e-9, rtol=0)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    zeros = circles.initialize_parameters_zeros([3, 2, 1])
    assert list(zeros) == list(large) == ["W1", "b1", "W2", "b2"]
    for name, value in zeros.items():
        assert value.shape == large[name].shape
        assert not value.any()
    assert not large["b1"].any()
    assert not he["b2"].any()


def test_another_seed_draws_other_values() -> None:
    assert not np.array_equal(circles.initialize_parameters_he([2, 4, 1], seed=4)["W1"], START["W1"][:4])


@pytest.mark.parametrize(("initialization", "scores"), [("zeros", [0.5, 0.5]), ("he", [298 / 300, 0.96])])
def test_published_log(initialization: str, scores: list[float]) -> None:
    parameters, costs = circles.model(TRAIN_X, TRAIN_Y, print_cost=False, initialization=initialization)
    assert len(costs) == 15
    np.testing.assert_allclose([costs[k] for k in AT], PUBLISHED[initialization], atol=1e-10, rtol=0)
    assert accuracies(parameters) == pytest.approx(scores, abs=1e-12)


def large_run(wobble: int | None = None) -> tuple[list[float], list[float]]:
    """Return the losses and accuracies from normal x 10, with every weight moved by about its last place on request."""
    parameters = circles.initialize_parameters_random([2, 10, 5, 1])
    if wobble is not None:
        rng = np.random.default_rng(wobble)
        parameters = {name: p * (1 + 2e-16 * rng.standard_normal(p.shape)) for name, p in parameters.items()}
    *_, (_, last, _) = run = list(circles.gradient_descent(TRAIN_X, TRAIN_Y, parameters, 0.01, 15_000))
    return [run[k][2] for k in AT], accuracies(last)


def test_published_log_of_large_values() -> None:
    losses, scores = large_run()
    # chaotic in rounding: a processor whose matrix product rounds in another order moves the loss at 7,000 by .003
    # (one standard deviation). There it is the median of runs that differ in the last place which is compared
    if np.abs(np.subtract(losses, PUBLISHED["random"])).max() > 5e-3:
        runs = [large_run(wobble) for wobble in range(31)]
        losses, scores = (np.median([run[part] for run in runs], axis=0) for part in (0, 1))
    np.testing.assert_allclose(losses, PUBLISHED["random"], atol=5e-3, rtol=0)
    assert list(scores) == pytest.approx([0.83, 0.86], abs=1e-12)


def test_model_reports_every_thousandth_cost_and_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    first = circles.compute_loss_from_logits(circles.forward_propagation(TRAIN_X, START)[1].z3, TRAIN_Y)
    _, costs = circles.model(TRAIN_X, TRAIN_Y, num_iterations=1001)
    assert costs[0] == first
    assert len(costs) == 2
    assert capsys.readouterr().out == "".join(f"Cost after iteration {1000 * k}: {c}\n" for k, c in enumerate(costs))
    circles.model(TRAIN_X, TRAIN_Y, num_iterations=10, print_cost=False)
    assert capsys.readouterr().out == ""


# --- formulas ---


def test_gradients_are_torchs() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((3, 20)), rng.integers(0, 2, (1, 20))
    parameters = {name: p + 0.1 for name, p in circles.initialize_parameters_he([3, 7, 4, 1]).items()}
    tensors = {name: torch.tensor(p, requires_grad=True) for name, p in parameters.items()}
    a = torch.tensor(X)
    for layer in (1, 2, 3):
        z = tensors[f"W{layer}"] @ a + tensors[f"b{layer}"]
        a = torch.relu(z)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(Y, dtype=z.dtype))
    loss.backward()
    a3, cache = circles.forward_propagation(X, parameters)
    np.testing.assert_allclose(a3, torch.sigmoid(z).detach(), rtol=1e-12)
    assert circles.compute_loss(a3, Y) == pytest.approx(loss.item(), rel=1e-12)
    grads = circles.backward_propagation(X, Y, cache)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(grads[f"d{name}"], tensor.grad, rtol=1e-10, atol=1e-14)
    moved = circles.update_parameters(parameters, grads, 0.1)
    np.testing.assert_allclose(moved["W2"], parameters["W2"] - 0.1 * tensors["W2"].grad.numpy(), rtol=1e-12)
    assert moved["W2"] is not parameters["W2"]


@given(st.lists(st.tuples(st.floats(-30, 30), st.integers(0, 1)), min_size=1, max_size=20))
def test_both_losses_are_scikit_learns(samples: list[tuple[float, int]]) -> None:
    z, Y = (np.array([column]) for column in zip(*samples, strict=True))
    expected = log_loss(Y[0], 1 / (1 + np.exp(-z[0])), labels=[0, 1])
    # 1 - a carries an error of 1e-16 where a is near 1, which is 1e-16 e^z of it
    assert circles.compute_loss(circles.sigmoid(z), Y) == pytest.approx(expected, rel=1e-12, abs=1e-16 * np.exp(30))
    exact = np.mean([np.log1p(np.exp(-abs(v))) + max(v, 0) - y * v for v, y in samples])
    assert circles.compute_loss_from_logits(z, Y) == pytest.approx(exact, rel=1e-12, abs=1e-15)


def test_saturation_costs_what_is_known_of_it() -> None:
    z, Y = np.array([[-1e4, 1e4, -1e4, 1e4]]), np.array([[1, 0, 0, 1]])  # two wrong, two right
    a3 = circles.sigmoid(z)
    assert a3.tolist() == [[0, 1, 0, 1]]
    assert circles.compute_loss(a3, Y) == pytest.approx((1074 + 53) * np.log(2) / 4)  # of 2^-1074 and 1 - 2^-53
    assert circles.compute_loss_from_logits(z, Y) == 5000


@given(st.integers(0, 10**6), st.floats(1e-3, 1e60), st.integers(1, 30))
def test_no_start_however_large_overflows_into_nan(seed: int, scale: float, m: int) -> None:
    rng = np.random.default_rng(seed)
    parameters = {name: scale * p for name, p in circles.initialize_parameters_he([2, 4, 3, 1], seed).items()}
    X, Y = rng.standard_normal((2, m)), rng.integers(0, 2, (1, m))
    a3, cache = circles.forward_propagation(X, parameters)
    assert np.isfinite([circles.compute_loss(a3, Y), circles.compute_loss_from_logits(cache.z3, Y)]).all()
    assert all(np.isfinite(g).all() for g in circles.backward_propagation(X, Y, cache).values())


def test_predict_gives_a_row_of_integers_and_prints_the_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    right = circles.predict_dec(START, TEST_X).astype(int)
    predictions = circles.predict(TEST_X, np.where(np.arange(100) < 25, 1 - right, right), START)
    assert capsys.readouterr().out == "Accuracy: 0.75\n"
    assert predictions.shape == (1, 100)
    assert predictions.dtype.kind == "i"
    np.testing.assert_array_equal(predictions, right)
    assert circles.predict_dec(START, TEST_X).dtype == bool


# --- what students hand in by mistake ---


def changed(**values: object) -> dict:
    return {name: p for name, p in (START | values).items() if p is not None}


CACHE = circles.forward_propagation(TRAIN_X, START)[1]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: circles.generate_dataset(0, 5, 0.05, 0.05, 1, 2), "n_samples_train must be .* at least 1, got 0"),
        (lambda: circles.generate_dataset(10, 5, 0.05, -1, 1, 2), "noise_test must be >= 0, got -1"),
        (lambda: circles.generate_dataset(10, 5, 0.05, 0.05, 1.5, 2), "seed_train must be a whole number"),
        (lambda: circles.preprocess(*circles.load_dataset()), r"\(n, 2\) and \(n,\), got \(2, 300\) and \(1, 300\)"),
        (lambda: circles.initialize_parameters_he([2]), "at least two widths"),
        (lambda: circles.initialize_parameters_zeros([2, 0, 1]), "a width in layers_dims must be"),
        (lambda: circles.initialize_parameters_random([2, 1], seed=-3), "seed must be .* at least 0, got -3"),
        (lambda: circles.forward_propagation(TRAIN_X.T, START), r"X must have shape \(2, samples\).*transpose it: X.T"),
        (lambda: circles.forward_propagation(TRAIN_X, changed(W3=None)), "lack W3; this network has three layers"),
        (lambda: circles.forward_propagation(TRAIN_X, changed(b1=np.zeros(10))), r"W1 and b1 .* and \(10,\)"),
        (lambda: circles.forward_propagation(TRAIN_X, changed(W2=np.ones((10, 5)))), r"W2 and b2 .*\(units, 10\)"),
        (lambda: circles.backward_propagation(TRAIN_X, TRAIN_Y[0], CACHE), r"\(1, 300\).*Y.reshape\(1, -1\)"),
        (lambda: circles.compute_loss(CACHE.a3, TEST_Y), "labels of these very samples"),
        (lambda: circles.compute_loss(CACHE.a3[0], TRAIN_Y), r"the network's answer must have shape \(1, samples\)"),
        (lambda: circles.update_parameters(START, {"dW1": START["W1"].T}, 1), r"dW1 of shape \(10, 2\).*\(2, 10\)"),
        (lambda: circles.update_parameters(START, {}, 1), "grads needs dW1 .* got none"),
        (lambda: circles.predict(TEST_X, TEST_Y[0], START), r"y must have shape \(1, 100\).*y.reshape"),
        (lambda: circles.model(TRAIN_X, TRAIN_Y, initialization="xavier"), "one of zeros, random, he, got 'xavier'"),
        (lambda: circles.model(TRAIN_X, TRAIN_Y, learning_rate=0), "learning_rate must be > 0"),
        (lambda: circles.model(TRAIN_X, TRAIN_Y, num_iterations=0), "num_iterations must be"),
        (lambda: circles.model(TRAIN_X.T, TRAIN_Y), "transpose it: X.T"),
        (lambda: circles.model(TRAIN_X, TRAIN_Y[0]), r"Y.reshape\(1, -1\)"),
        (lambda: circles.model(TRAIN_X, 2 * TRAIN_Y), "0 and 1 only, got 2"),
        (lambda: circles.model(TRAIN_X * np.nan, TRAIN_Y), "X holds NaN or infinity"),
        (lambda: circles.model(TRAIN_X[0], TRAIN_Y), r"X must have shape \(features, samples\), got \(300,\)"),
        (lambda: circles.model([[0.5]], TRAIN_Y), "X must be a NumPy array, got list; convert it with np.array"),
        (lambda: circles.model(TRAIN_X.astype(str), TRAIN_Y), "must hold real numbers, got <U"),
        (lambda: circles.predict(TEST_X, [[1]], START), "y must be a NumPy array, got list"),
        (lambda: circles.record("xavier"), "one of zeros, random, he"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
