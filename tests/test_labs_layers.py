"""Layers with backward passes by hand: finite differences, torch, and what students get wrong."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from goodinit.errors import InputError
from goodinit.labs import layers
from goodinit.labs.layers import Dropout, Linear, Model, NonLinear, test_model  # which is no test, in spite of its name

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((4, 12)), RNG.integers(0, 2, (1, 12))

ACTIVATIONS = {
    "ReLU": torch.relu,
    "Sigmoid": torch.sigmoid,
    "Tanh": torch.tanh,
    "CentredSigmoid": lambda z: torch.sigmoid(z) - 0.5,
}


def network(fname: str = "Tanh", regularization: str | None = None, bias: bool = True, seed: int = 1) -> Model:
    """Make 4-6-5-1 with dropout after the first layer, penalties of two sizes, and weights and biases off zero."""
    made = [
        Linear(4, 6, bias, regularization, 0.7, std=0.8, rng=seed),
        NonLinear(fname),
        Dropout(0.6, rng=seed),
        Linear(6, 5, bias, regularization, 1.3, std=0.8, rng=seed + 1),
        NonLinear(fname),
        Linear(5, 1, bias, std=0.8, rng=seed + 2),
        NonLinear("Sigmoid"),
    ]
    for layer in made:
        if isinstance(layer, Linear) and layer.bias is not None:
            layer.bias = layer.bias + 0.3
    return Model(made)


def loss(model: Model) -> float:
    """Return the loss of a training pass that drops the same units every time."""
    model.layers[2].rng = np.random.default_rng(5)
    model(X)
    return model.loss(Y)


def linears(model: Model) -> list[Linear]:
    return [layer for layer in model.layers if isinstance(layer, Linear)]


# --- gradients ---


@pytest.mark.parametrize("fname", ACTIVATIONS)
@pytest.mark.parametrize("regularization", [None, "L1", "L2"])
def test_gradients_are_finite_differences_and_torchs(fname: str, regularization: str | None) -> None:
    model = network(fname, regularization)
    found = loss(model)
    by_inputs = model.backward(Y)
    dropped = model.layers[2].scale
    assert set(np.unique(dropped)) == {0, 1 / 0.6}

    tensors = [torch.tensor(p, requires_grad=True) for layer in linears(model) for p in (layer.weight, layer.bias)]
    inputs = torch.tensor(X, requires_grad=True)
    z1 = ACTIVATIONS[fname](tensors[0] @ inputs + tensors[1]) * torch.tensor(dropped)
    logits = tensors[4] @ ACTIVATIONS[fname](tensors[2] @ z1 + tensors[3]) + tensors[5]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.tensor(Y, dtype=logits.dtype))
    for strength, w in ((0.7, tensors[0]), (1.3, tensors[2])):
        size = {None: 0 * w, "L1": w.abs(), "L2": w.square() / 2}[regularization]
        expected = expected + strength / 12 * size.sum()
    expected.backward()
    assert found == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(by_inputs, inputs.grad, rtol=1e-9, atol=1e-14)
    by_hand = [g for layer in linears(model) for g in (layer.dw, layer.db)]
    for ours, tensor in zip(by_hand, tensors, strict=True):
        np.testing.assert_allclose(ours, tensor.grad, rtol=1e-9, atol=1e-14)

    step = 1e-6  # the error is step^2 from the third derivative and 2^-52 / step from rounding, some 1e-10
    for layer, entry in itertools.product(linears(model), range(4)):
        place = np.unravel_index(entry, layer.weight.shape)
        before, gradient = layer.weight, layer.dw[place]
        ends = []
        for sign in (-1, 1):
            layer.weight = before.copy()
            layer.weight[place] += sign * step
            ends.append(loss(model))
        layer.weight = before
        assert gradient == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-8)


def test_without_bias_there_is_none_and_nothing_changes_elsewhere() -> None:
    model = network(bias=False)
    loss(model)
    model.backward(Y)
    model.update_params(0.1)
    assert all(layer.bias is None and layer.db is None for layer in linears(model))
    np.testing.assert_array_equal(Linear(4, 3, bias=False, rng=1)(X), Linear(4, 3, rng=1)(X))


def test_an_update_is_a_step_against_the_gradient() -> None:
    model = network(regularization="L2")
    loss(model)
    model.backward(Y)
    before = [(layer.weight, layer.bias, layer.dw, layer.db) for layer in linears(model)]
    model.update_params(0.5)
    for layer, (weight, bias, dw, db) in zip(linears(model), before, strict=True):
        np.testing.assert_array_equal(layer.weight, weight - 0.5 * dw)
        np.testing.assert_array_equal(layer.bias, bias - 0.5 * db)


def test_the_loss_is_finite_and_exact_where_the_sigmoid_saturates() -> None:
    model = Model([Linear(1, 1), NonLinear("Sigmoid")])
    model.layers[0].weight = np.array([[1e4]])
    model(np.array([[1.0, -1.0, 1.0]]))
    assert model.loss(np.array([[0, 1, 1]])) == pytest.approx(2e4 / 3)


# --- layers ---


def test_a_linear_layer_starts_with_the_deviation_that_it_is_given() -> None:
    for std, expected in ((None, math.sqrt(1 / 400)), (0.01, 0.01), (0, 0)):
        weight = Linear(400, 250, std=std, rng=0).weight
        assert weight.shape == (250, 400)
        # standard error of a deviation over 100,000 normal values: sigma / sqrt(200,000)
        assert weight.std() == pytest.approx(expected, abs=4 * expected / math.sqrt(200_000))
    np.testing.assert_array_equal(Linear(3, 2, rng=7).weight, Linear(3, 2, rng=np.random.default_rng(7)).weight)
    assert not np.array_equal(Linear(3, 2).weight, Linear(3, 2).weight)


def test_dropout_keeps_its_share_and_the_mean_and_is_off_outside_training() -> None:
    ones, dropout = np.ones((200, 500)), Dropout(0.3, rng=0)
    out = dropout(ones)
    kept = np.mean(out > 0)
    assert kept == pytest.approx(0.3, abs=4 * math.sqrt(0.3 * 0.7 / out.size))
    assert set(np.unique(out)) == {0, 1 / 0.3}
    np.testing.assert_array_equal(dropout.backward(2 * ones), 2 * out)  # the mask and the division
    assert not np.array_equal(dropout(ones), out)
    dropout.training = False
    np.testing.assert_array_equal(dropout(ones), ones)
    np.testing.assert_array_equal(dropout.backward(2 * ones), 2 * ones)
    np.testing.assert_array_equal(Dropout(1)(ones), ones)


@given(st.integers(0, 2**32), st.floats(0.05, 1), st.sampled_from(sorted(ACTIVATIONS)), st.floats(1e-3, 1e3))
@settings(deadline=None)
def test_predictions_drop_nothing_and_numbers_stay_finite(seed: int, keep: float, fname: str, size: float) -> None:
    made = [Linear(4, 3, std=size, rng=seed), NonLinear(fname), Dropout(keep), Linear(3, 1, rng=seed)]
    model = Model([*made, NonLinear("Sigmoid")])
    first = model.predict(X)
    assert first.shape == (1, 12)
    assert set(np.unique(first)) <= {0, 1}
    np.testing.assert_array_equal(first, model.predict(X))
    model(X)
    assert math.isfinite(model.loss(Y))
    assert np.isfinite(model.backward(Y)).all()


# --- training ---


def test_train_records_prints_and_lowers_the_loss(capsys: pytest.CaptureFixture[str]) -> None:
    model = network(regularization="L2")
    losses = layers.train(model, X, Y, 0.3, 25, record_every=10)
    assert capsys.readouterr().out == "".join(f"Loss after iteration {10 * k}: {v}\n" for k, v in enumerate(losses))
    assert len(losses) == 3
    assert losses[2] < losses[0]
    accuracy = test_model(model, X, Y)
    assert capsys.readouterr().out == f"Accuracy: {accuracy}\n"
    assert accuracy == np.mean(model.predict(X) == Y)
    layers.train(model, X, Y, num_iterations=1, print_cost=False)
    assert capsys.readouterr().out == ""


def test_an_interrupted_model_is_whole_and_learns_on() -> None:
    class Interrupting(NonLinear):
        left = 5

        def update_params(self, learning_rate: float) -> None:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    model = Model([Linear(4, 6, rng=0), Interrupting("Tanh"), Linear(6, 1, rng=1), NonLinear("Sigmoid")])
    model(X)
    before = model.loss(Y)
    with pytest.raises(KeyboardInterrupt):
        layers.train(model, X, Y, 0.1, 100, print_cost=False)
    assert layers.train(model, X, Y, 0.1, 200, print_cost=False)[-1] < before


# --- what students hand in by mistake ---


LINEAR = Linear(4, 1, rng=0)
SIGMOID = NonLinear("Sigmoid")


def passed() -> Model:
    model = network()
    model(X)
    return model


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: NonLinear("relu"), "fname must be one of ReLU, Sigmoid, Tanh, CentredSigmoid, got 'relu'"),
        (lambda: Dropout(0), "keep_prob must be above 0 and at most 1, got 0"),
        (lambda: Dropout(1.5), "keep_prob must be above 0 and at most 1, got 1.5"),
        (lambda: Dropout("half"), "keep_prob must be a finite number, got 'half'"),
        (lambda: Linear(4, 1, regularization="L3"), "regularization must be 'L1', 'L2' or None, got 'L3'"),
        (lambda: Linear(4, 1, regularization=["L1"]), "regularization must be"),
        (lambda: Linear(4, 1, regularization="L2", strength=-1), "strength must be >= 0, got -1"),
        (lambda: Linear(0, 1), "in_features must be a whole number of at least 1"),
        (lambda: Linear(4, 1, std=-1), "std must be >= 0"),
        (lambda: Linear(4, 1, rng="seed"), "rng, where it is a seed, must be"),
        (lambda: Linear(4, 1)(X.T), r"X must have shape \(4, samples\).*Linear\(4, 1\).*transpose it: X.T"),
        (lambda: Linear(4, 1)(X[:3]), "a column is one sample"),
        (lambda: Linear(4, 1).backward(X), "needs a forward pass first"),
        (lambda: NonLinear("ReLU").backward(X), "needs a forward pass first"),
        (lambda: passed().layers[0].backward(X), r"shape of the outputs, \(6, 12\), got \(4, 12\)"),
        (lambda: Model([]), r"the last layer must be NonLinear\('Sigmoid'\), .* got None"),
        (lambda: Model([LINEAR]), r"the last layer must be NonLinear\('Sigmoid'\), .* got Linear\(4, 1\)"),
        (lambda: Model([LINEAR, "Sigmoid"]), "got 'Sigmoid' at place 2"),
        (lambda: Model([SIGMOID, LINEAR, SIGMOID]), "place 3 has the very object of an earlier place"),
        (lambda: Model([Linear(4, 5), SIGMOID, LINEAR]), r"Linear\(4, 1\) follows Linear\(4, 5\), which gives 5"),
        (lambda: Model([Linear(4, 5), SIGMOID]), r"the last Linear must give 1 feature, .* got Linear\(4, 5\)"),
        (lambda: network().loss(Y), "need a forward pass first"),
        (lambda: passed().loss(Y[0]), r"Y must have shape \(1, 12\).*Y.reshape\(1, -1\)"),
        (lambda: passed().backward(Y[:, :5]), "labels of these very samples"),
        (lambda: layers.train(network(), X, Y, learning_rate=-1), "learning_rate must be > 0"),
        (lambda: layers.train(network(), X, Y, num_iterations=2.5), "num_iterations must be"),
        (lambda: layers.train(network(), X, Y, record_every=0), "record_every must be"),
        (lambda: layers.train(network(), X, Y - 1), "0 and 1 only, got -1"),
        (lambda: test_model(network(), X, Y[0]), r"Y.reshape\(1, -1\)"),
        (lambda: layers.flatten(X), r"pictures must have shape \(m, height, width, colours\), got \(4, 12\)"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
