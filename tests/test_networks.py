"""Networks: the forward pass, its gradient, dropout and losses against torch and by hand."""

import contextlib
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads
from scipy.special import expit

from goodinit.errors import InputError
from goodinit.networks import TASKS, affine, inverted_dropout, mlp, parse_sizes
from oracles import torch_logits, torch_parameters


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


def drawn(network, seed=0):
    rng = np.random.default_rng(seed)
    return {layer.name: rng.standard_normal(layer.shape) for layer in (*network.weights, *network.biases)}


def test_layers_say_what_they_are() -> None:
    network = mlp([2, 10, 5, 1], activation="tanh")
    assert [layer.shape for layer in network.weights] == [(10, 2), (5, 10), (1, 5)]
    assert [(layer.fan_in, layer.fan_out) for layer in network.weights] == [(2, 10), (10, 5), (5, 1)]
    assert [layer.activation for layer in network.weights] == ["tanh", "tanh", "linear"]
    assert [layer.role for layer in network.weights] == ["hidden", "hidden", "output"]
    assert [layer.name for layer in network.biases] == ["layer1.bias", "layer2.bias", "layer3.bias"]
    assert str(network) == "2-10-5-1"


def test_without_readout_the_last_layer_is_a_hidden_one() -> None:
    network, inputs = mlp([3, 4, 2], activation="tanh", readout=False), jnp.ones((3, 5))
    start = drawn(network)
    assert [layer.role for layer in network.weights] == ["hidden", "hidden"]
    logits = mlp([3, 4, 2], activation="tanh").forward(start, inputs)
    np.testing.assert_allclose(network.forward(start, inputs), np.tanh(logits), rtol=1e-12)


def test_repeated_widths() -> None:
    assert parse_sizes("500x10") == [500] * 11
    assert parse_sizes("784-100x3-auto") == [784, 100, 100, 100, None]
    assert parse_sizes("7x1") == [7, 7]
    for text in ("5x0-1", "x3-1", "5x-1", "5x2x2", "autox2-1"):
        with pytest.raises(InputError, match="network"):
            parse_sizes(text)


def test_forward_and_gradient_equal_torch() -> None:
    network, inputs = mlp([3, 7, 4, 2]), np.random.default_rng(1).standard_normal((3, 11))
    start = drawn(network)
    theirs = torch_parameters(start)
    logits = torch_logits(theirs, torch.tensor(inputs.T))
    logits.square().sum().backward()
    np.testing.assert_allclose(network.forward(start, jnp.asarray(inputs)), logits.detach().numpy().T, rtol=1e-12)
    ours = jax.grad(lambda p: jnp.sum(network.forward(p, jnp.asarray(inputs)) ** 2))(start)
    for name, tensor in theirs.items():
        np.testing.assert_allclose(ours[name], tensor.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_the_written_backward_pass_equals_finite_differences() -> None:
    rng = np.random.default_rng(0)
    shapes = [(4, 3), (4,), (3, 6)]
    check_grads(affine, tuple(jnp.asarray(rng.standard_normal(shape)) for shape in shapes), 1, modes=["rev"])


def test_dropout_is_inverted_and_passes_the_gradient_through_the_same_mask() -> None:
    a, rate = jnp.ones((100, 1000)), 0.3
    key = jax.random.key(0)
    dropped = np.asarray(inverted_dropout(a, rate, key))
    np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.7])
    assert abs(np.mean(dropped > 0) - 0.7) < 5 * np.sqrt(0.21 / dropped.size)
    gradient = jax.grad(lambda a: jnp.sum(inverted_dropout(a, rate, key)))(a)
    np.testing.assert_array_equal(gradient, dropped)


def test_dropout_only_with_a_key_and_only_between_layers() -> None:
    network, inputs = mlp([2, 50, 1], dropout=0.5), jnp.ones((2, 5))
    start = drawn(network)
    np.testing.assert_array_equal(network.forward(start, inputs), mlp([2, 50, 1]).forward(start, inputs))
    assert not np.allclose(network.forward(start, inputs, jax.random.key(0)), network.forward(start, inputs))


def test_losses_equal_torchs() -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((4, 50)) * 5
    labels, values = rng.integers(0, 4, 50), rng.standard_normal((4, 50))
    bits = labels > 1
    t = torch.tensor(logits)
    expected = {
        "binary": torch.nn.functional.binary_cross_entropy_with_logits(
            t[0], torch.tensor(bits, dtype=torch.float64), reduction="none"
        ),
        "multiclass": torch.nn.functional.cross_entropy(t.T, torch.tensor(labels), reduction="none"),
        "regression": (t - torch.tensor(values)).square().mean(0),
    }
    targets = {"binary": bits.astype(float), "multiclass": labels, "regression": values}
    for task, losses in expected.items():
        ours = TASKS[task].losses(jnp.asarray(logits), jnp.asarray(targets[task]))
        np.testing.assert_allclose(ours, losses.numpy(), rtol=1e-12, atol=1e-14)


def test_scores() -> None:
    assert TASKS["binary"].score(jnp.array([[1.0, -1, 0, 2]]), jnp.array([1.0, 0, 1, 0])) == 0.5
    assert TASKS["multiclass"].score(jnp.array([[3.0, 0], [1, 5]]), jnp.array([0, 0])) == 0.5
    for broken in (jnp.nan, jnp.inf):
        assert jnp.isnan(TASKS["binary"].score(jnp.array([[1.0, broken]]), jnp.array([1.0, 0])))
        assert jnp.isnan(TASKS["multiclass"].score(jnp.array([[3.0, 0], [1, broken]]), jnp.array([0, 0])))
    targets = jnp.array([[1.0, 2, 3]])
    assert TASKS["regression"].score(targets, targets) == 1
    assert TASKS["regression"].score(jnp.full((1, 3), 2.0), targets) == 0


@pytest.mark.parametrize("z", [-2000.0, -40.0, 0.0, 40.0, 2000.0])
def test_losses_stay_finite_when_saturated_and_their_gradient_is_the_error(z: float) -> None:
    def loss(z):
        return TASKS["binary"].losses(z[None, None], jnp.array([0.0]))[0]

    assert loss(jnp.array(z)) == pytest.approx(max(z, 0) + np.log1p(np.exp(-abs(z))))
    assert jax.grad(loss)(jnp.array(z)) == pytest.approx(expit(z), abs=1e-15)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=5), st.booleans(), st.booleans())
def test_sizes_are_read(sizes: list[int], first: bool, last: bool) -> None:
    words, expected = list(map(str, sizes)), list(sizes)
    for at in [0] * first + [-1] * last:
        words[at], expected[at] = "auto", None
    assert parse_sizes("-".join(words)) == expected


@pytest.mark.parametrize(
    "text", ["", "5", "2--1", "2-0-1", "2-auto-1", "2-x-1", "2-10-", "-2-1", "2.5-1", "2-9999999-1"]
)
def test_sizes_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="network"):
        parse_sizes(text)


@given(st.text(max_size=30))
def test_any_sizes_are_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert len(parse_sizes(text)) >= 2


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (np.tanh, "JAX can differentiate.*TracerArrayConversionError"),
        (math.tanh, "JAX can differentiate"),
        (lambda z: z.sum(), "of the shape it was given"),
        (lambda z: z > 0, "real numbers"),
        (lambda z: None, "of the shape it was given"),
    ],
)
def test_a_function_that_cannot_be_an_activation_is_refused(function: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        mlp([2, 3, 1], activation=function)


@pytest.mark.parametrize(("sizes", "options"), [([2], {}), ([2, 0], {}), ([2, 1.5], {}), ([2, 1], {"dropout": 1.0})])
def test_mlp_refuses(sizes: list[int], options: dict) -> None:
    with pytest.raises(InputError):
        mlp(sizes, **options)


@pytest.mark.parametrize("text", ["100000x2", "2-100000-100000-1", "20000x2"])
def test_a_network_that_fills_the_memory_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="weights, more than 536,870,912"):
        parse_sizes(text)
