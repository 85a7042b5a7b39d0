"""Traces: every statistic against PyTorch, NumPy and SciPy on whole arrays, and against what was published."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from goodinit.activations import activation
from goodinit.initializers import generator, initializer
from goodinit.networks import TASKS, arithmetic, mlp
from goodinit.signal import outline, trace
from goodinit.signal.bins import counts
from goodinit.signal.program import Measurement, block_size, normal, program
from goodinit.signal.sums import PROJECTIONS

TORCH = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "centred_sigmoid": lambda z: torch.sigmoid(z) - 0.5,
    "softplus": torch.nn.functional.softplus,
    "sin": torch.sin,
}
WIDTHS, EXAMPLES = (5, 7, 7, 7, 3), 60
MEAN_LOSS = {
    "multiclass": torch.nn.functional.cross_entropy,
    "regression": lambda z, y: ((z - y) ** 2).mean(),
    "binary": lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], y),
}


def drawn(network, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return {layer.name: scale * rng.standard_normal(layer.shape) for layer in (*network.weights, *network.biases)}


def initial(network, spec, seed):
    make = initializer(spec)
    weights = {layer.name: make(layer, generator(seed, layer.name)) for layer in network.weights}
    return weights | {layer.name: np.zeros(layer.shape) for layer in network.biases}


def fields(found):
    """Return the arrays of a trace with those of all neurons in a row."""
    arrays = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
    neurons = np.concatenate(arrays.pop("neuron_gradients"), axis=1)
    return {k: v for k, v in arrays.items() if k not in ("seeds", "examples")} | {"neurons": neurons}


def random_gradients(seed, examples, units, dtype="float64"):
    with arithmetic("float64"):
        key = jax.random.key(seed, impl="threefry2x32")
        return np.asarray(normal(key, jnp.arange(examples), PROJECTIONS + units, dtype))[:, PROJECTIONS:]


def twin(network, start, inputs, name, objective):
    """Return (z, a) of every layer and the parameters of a torch network, with gradients, after objective.backward."""
    tensors = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in start.items()}
    a, layers = torch.tensor(inputs), []
    for k, weight in enumerate(network.weights, start=1):
        z = torch.nn.functional.linear(a, tensors[f"layer{k}.weight"], tensors[f"layer{k}.bias"])
        a = z.clone() if weight.role == "output" else TORCH[name](z)
        z.retain_grad()
        a.retain_grad()
        layers.append((z, a))
    objective(a).backward()
    return layers, tensors


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


def mean_cosine(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    gram = unit @ unit.T
    return (gram.sum() - np.trace(gram)) / (len(x) * (len(x) - 1))


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("softplus", None),
        ("centred_sigmoid", "without readout"),
        ("relu", "multiclass"),
        ("sin", "regression"),
        ("sigmoid", "binary"),
    ],
)
def test_everything_equals_a_torch_twin(name: str, task: str | None) -> None:
    rng = np.random.default_rng(1)
    sizes = [*WIDTHS[:-1], 1] if task == "binary" else WIDTHS
    network = mlp(sizes, activation=name, readout=task != "without readout")
    start, inputs = drawn(network), rng.standard_normal((EXAMPLES, 5))
    task = None if task == "without readout" else task
    target = {
        None: None,
        "multiclass": rng.integers(0, 3, EXAMPLES),
        "regression": rng.standard_normal((EXAMPLES, 3)),
        "binary": rng.integers(0, 2, EXAMPLES).astype(float),
    }[task]
    found = trace(network, [start], inputs, seeds=[3], task=task, targets=target, precision="float64", chunk=20)
    if task is None:
        gradient = torch.tensor(random_gradients(3, EXAMPLES, sizes[-1]))
        layers, tensors = twin(network, start, inputs, name, lambda a: (a * gradient).sum() / EXAMPLES)
    else:
        layers, tensors = twin(network, start, inputs, name, lambda a: MEAN_LOSS[task](a, torch.tensor(target)))
    for at, (z, a) in enumerate(layers):
        dw, db = (tensors[f"layer{at + 1}.{kind}"].grad.numpy() for kind in ("weight", "bias"))
        z_, a_ = z.detach().numpy(), a.detach().numpy()
        expected = {
            "mean": a_.mean(),
            "std": a_.std(),
            "rms": rms(a_),
            "kurtosis": scipy.stats.kurtosis(a_, axis=None, fisher=False),
            "preactivation_rms": rms(z_),
            "correlation": mean_cosine(a_[np.linalg.norm(a_, axis=1) > 0]),
            "preactivation_correlation": mean_cosine(z_),
            "skewed": np.mean(np.abs((z_ > 0).mean(axis=0) - 0.5) > 0.4),
            "gradient_rms": rms(z.grad.numpy()) * EXAMPLES,
            "activation_gradient_rms": rms(a.grad.numpy()) * EXAMPLES,
            "weight_gradient_rms": rms(dw),
            "bias_gradient_rms": rms(db),
            "duplicate": 0,
        }
        for key, value in expected.items():
            np.testing.assert_allclose(getattr(found, key)[0, at], value, rtol=1e-9, atol=1e-12, err_msg=key)
        neurons = np.sqrt((dw**2).sum(axis=1) + db**2)
        np.testing.assert_allclose(found.neuron_gradients[at][0], neurons, rtol=1e-9, atol=1e-14)
        edges = found.edges[0, at]
        counted = np.histogram(np.clip(a_, edges[0], edges[-1]), edges)[0]
        assert np.abs(np.cumsum(found.histogram[0, at] * a_.size - counted)).max() <= 1  # an entry on an edge


def test_gradients_equal_finite_differences() -> None:
    network, rng = mlp([3, 4, 2], activation="tanh"), np.random.default_rng(0)
    start, inputs, targets = drawn(network), rng.standard_normal((9, 3)), rng.integers(0, 2, 9)
    found = trace(network, [start], inputs, seeds=[0], targets=targets, task="multiclass", precision="float64")

    def loss(name, index, step):
        moved = {k: v.copy() for k, v in start.items()}
        moved[name][index] += step
        logits = network.forward(moved, jnp.asarray(inputs.T))
        return float(jnp.mean(TASKS["multiclass"].losses(logits, jnp.asarray(targets))))

    with arithmetic("float64"):
        for at, (weight, offset) in enumerate(zip(network.weights, network.biases, strict=True)):
            slopes = {
                layer.name: np.array(
                    [(loss(layer.name, i, 1e-5) - loss(layer.name, i, -1e-5)) / 2e-5 for i in np.ndindex(layer.shape)]
                )
                for layer in (weight, offset)
            }
            np.testing.assert_allclose(found.weight_gradient_rms[0, at], rms(slopes[weight.name]), rtol=1e-7)
            np.testing.assert_allclose(found.bias_gradient_rms[0, at], rms(slopes[offset.name]), rtol=1e-7)


def test_blocks_change_nothing_and_neither_do_other_seeds() -> None:
    network, inputs = mlp([6, 9, 9, 9, 2], activation="relu"), np.random.default_rng(0).standard_normal((100, 6))
    starts = [drawn(network, seed) for seed in range(3)]
    whole = fields(trace(network, starts, inputs, seeds=[5, 6, 7], precision="float64", chunk=100))
    for chunk in (1, 29):
        parts = fields(trace(network, starts[1:2], inputs, seeds=[6], precision="float64", chunk=chunk))
        for key, value in parts.items():
            np.testing.assert_allclose(value[0], whole[key][1], rtol=1e-12, atol=1e-13, err_msg=f"{key} {chunk}")


def test_block_sizes() -> None:
    assert [block_size(*case) for case in ((1000, 256), (60_000, 256), (209, 256), (211, 100), (1, 9))] == [
        250, 250, 209, 70, 1
    ]  # fmt: skip


def test_a_second_call_compiles_nothing() -> None:
    network, rng = mlp([4, 5, 1]), np.random.default_rng(0)
    for at in range(2):
        before = program.cache_info().misses
        trace(network, [drawn(network, at)] * 2, rng.standard_normal((30, 4)), seeds=[at, 9])
        assert program.cache_info().misses == before + (at == 0)


def test_memory_does_not_grow_with_the_examples() -> None:
    network = mlp([8, 16], activation="tanh", readout=False)
    sizes = []
    for examples in (1_000, 100_000):
        trace(network, [drawn(network)], np.ones((examples, 8)), seeds=[0], chunk=50)
        with arithmetic("float64"):
            compiled = program(Measurement(network, None, "float32", examples, 50))
        sizes.append(compiled.memory_analysis().temp_size_in_bytes)
    assert sizes[0] == sizes[1]


def test_each_seed_may_draw_its_own_inputs() -> None:
    network = mlp([4, 5, 3], activation="tanh", readout=False)
    starts = [drawn(network, seed) for seed in (1, 2)]

    def inputs(seed):
        return np.random.default_rng(seed).standard_normal((20, 4))

    both = fields(trace(network, starts, inputs, seeds=[1, 2]))
    alone = fields(trace(network, starts[1:], inputs(2), seeds=[2]))
    for key, value in alone.items():
        np.testing.assert_array_equal(both[key][1], value[0], err_msg=key)


def test_saturated_share_and_histogram_of_bounded_activations() -> None:
    inputs = np.random.default_rng(0).standard_normal((500, 30))
    for name, low, high in (("sigmoid", 0, 1), ("hardtanh", -1, 1), ("softsign", -1, 1)):
        network = mlp([30, 20], activation=name, readout=False)
        found = trace(network, [drawn(network, scale=0.5)], inputs, seeds=[0], precision="float64")
        start = drawn(network, scale=0.5)
        a = activation(name)(inputs @ start["layer1.weight"].T + start["layer1.bias"])
        margin = 0.05 * (high - low)
        expected = np.mean((a < low + margin) | (a >= high - margin))
        assert found.saturated[0, 0] == pytest.approx(expected, abs=1e-12)
        np.testing.assert_allclose(found.edges[0, 0], np.linspace(low, high, 41), atol=1e-8)
        np.testing.assert_allclose(found.histogram.sum(), 1, rtol=1e-12)


def test_what_never_saturates() -> None:
    for name in ("relu", "sin", "linear", "softplus", "gelu"):
        assert not outline(activation(name)).saturates
    network = mlp([3, 4, 2], activation=lambda z: jnp.maximum(z, 0) ** 2)
    found = trace(network, [drawn(network)], np.ones((4, 3)), seeds=[0])
    assert np.isnan(found.saturated).all()


def test_outlines() -> None:
    assert dataclasses.astuple(outline(activation("sigmoid"))) == (0, 1, True, 0.25)
    relu, centred = outline(activation("relu")), outline(activation("centred_sigmoid"))
    assert (relu.low, relu.high, relu.steepest) == (0, np.inf, 1)
    assert (centred.low, centred.high, centred.saturates) == (-0.5, 0.5, True)
    assert outline(activation(lambda z: 3 * jnp.tanh(z))).high == 3
    assert not outline(activation(lambda z: jnp.exp(-(z**2)))).saturates
    assert not outline(activation(lambda z: 0 * z)).saturates


def test_dead_skewed_and_duplicate_units() -> None:
    network, rng = mlp([4, 10], activation="relu", readout=False), np.random.default_rng(0)
    weight, offset = rng.standard_normal((10, 4)), np.zeros(10)
    weight[1:3] = weight[0]  # three equal units
    offset[3:5] = -100  # two dead ones, both skewed
    offset[5] = 100  # skewed only
    for precision in ("float32", "float64"):
        found = trace(
            network,
            [{"layer1.weight": weight, "layer1.bias": offset}],
            rng.standard_normal((250, 4)),
            seeds=[0],
            precision=precision,
        )
        assert (found.dead, found.skewed, found.duplicate) == (0.2, 0.3, 0.3)
        np.testing.assert_array_equal(found.neuron_gradients[0][0] == 0, np.isin(np.arange(10), [3, 4]))


def test_zeros() -> None:
    network = mlp([3, 4, 4, 2], activation="tanh")
    zeros = {layer.name: np.zeros(layer.shape) for layer in (*network.weights, *network.biases)}
    found = trace(network, [zeros], np.ones((5, 3)), seeds=[0])
    for name in ("mean", "std", "rms", "preactivation_rms", "saturated", "dead"):
        np.testing.assert_array_equal(np.nan_to_num(getattr(found, name)), 0)
    assert (found.duplicate == 1).all()
    assert np.isnan(found.kurtosis).all()
    assert np.isnan(found.correlation).all()
    np.testing.assert_array_equal(found.gradient_rms[0, :2], 0)
    assert found.gradient_rms[0, 2] > 0
    small = mlp([3, 4, 2])
    zeros = {layer.name: np.zeros(layer.shape) for layer in (*small.weights, *small.biases)}
    found = trace(small, [zeros], np.ones((5, 3)), seeds=[0])
    np.testing.assert_array_equal(found.dead, [[1, 0]])


def test_what_overflows_is_said_and_does_not_touch_the_layers_before() -> None:
    network = mlp([20] * 31, activation="relu", readout=False)
    huge = {k: v * 100 for k, v in initial(network, "he_normal", 0).items()}
    inputs = np.random.default_rng(0).standard_normal((50, 20))
    found, true = (trace(network, [huge], inputs, seeds=[0], precision=p) for p in ("float32", "float64"))
    np.testing.assert_allclose(found.std[0, :15], true.std[0, :15], rtol=1e-4)
    np.testing.assert_allclose(found.kurtosis[0, :15], true.kurtosis[0, :15], rtol=1e-3)
    assert not np.isfinite(found.rms[0, 25:]).any()
    assert np.isfinite(true.rms).all()
    assert np.isfinite(true.kurtosis).all()


def test_tiny_numbers_keep_their_shape() -> None:
    network = mlp([50] * 6, activation="tanh", readout=False)
    start = initial(network, "normal(std=0.00001)", 0)
    inputs = np.random.default_rng(0).standard_normal((300, 50))
    found, true = (fields(trace(network, [start], inputs, seeds=[0], precision=p)) for p in ("float32", "float64"))
    assert true["std"][0, -1] < 1e-20
    assert true["gradient_rms"][0, 0] < 1e-16
    for key in ("std", "rms", "kurtosis", "gradient_rms", "preactivation_rms"):
        np.testing.assert_allclose(found[key], true[key], rtol=2e-3, err_msg=key)
    np.testing.assert_allclose(found["correlation"], true["correlation"], atol=1e-5)


def test_a_small_deviation_from_a_large_mean_is_kept() -> None:
    network = mlp([5, 40], activation="linear", readout=False)
    start = drawn(network, scale=1e-3)
    start["layer1.bias"] += 1000
    inputs = np.random.default_rng(0).standard_normal((400, 5))
    found = trace(network, [start], inputs, seeds=[0], precision="float64", chunk=30)
    a = inputs @ start["layer1.weight"].T + (start["layer1.bias"] - 1000)
    np.testing.assert_allclose(found.std[0, 0], a.std(), rtol=1e-8)
    np.testing.assert_allclose(found.kurtosis[0, 0], scipy.stats.kurtosis(a, axis=None, fisher=False), rtol=1e-6)


def test_float32_agrees_with_float64_over_many_examples() -> None:
    network = mlp([3, 8], activation="sigmoid", readout=False)
    inputs = np.random.default_rng(0).standard_normal((200_000, 3)).astype(np.float32)
    starts = [drawn(network)]
    found, true = (
        fields(trace(network, starts, inputs, seeds=[0], precision=p, chunk=250)) for p in ("float32", "float64")
    )
    for key in ("mean", "std", "kurtosis", "correlation", "preactivation_rms", "saturated"):
        np.testing.assert_allclose(found[key], true[key], rtol=2e-5, err_msg=key)


def test_one_example_and_one_unit() -> None:
    network = mlp([1, 1, 1], activation="tanh")
    start = drawn(network)
    found = trace(network, [start], [[0.7]], seeds=[0], precision="float64")
    a = np.tanh(0.7 * start["layer1.weight"][0, 0] + start["layer1.bias"][0])
    np.testing.assert_allclose(found.mean[0, 0], a, rtol=1e-14)
    np.testing.assert_array_equal(found.std, 0)
    assert np.isnan(found.correlation).all()
    np.testing.assert_array_equal(found.duplicate, 0)


def test_the_random_gradient_has_unit_size() -> None:
    gradient = random_gradients(0, 2000, 50)
    assert abs(gradient.var() - 1) < 5 * np.sqrt(2 / gradient.size)
    assert abs(np.corrcoef(gradient[:-1].ravel(), gradient[1:].ravel())[0, 1]) < 5 / np.sqrt(gradient.size)
    assert not np.allclose(gradient, random_gradients(1, 2000, 50))


def test_counts_do_not_overflow() -> None:
    with arithmetic("float64"):
        a = jnp.zeros((1000, 3), "float32")
        found = np.asarray(counts(a, jnp.array([-1.0, 1.0])))
        assert found[20] == 3000
        assert found.sum() == 3000
        np.testing.assert_array_equal(np.asarray(counts(a.at[5, 1].set(jnp.inf), jnp.array([-1.0, 1.0])))[-1], 1)


PUBLISHED = {
    "normal(std=0.01)": ".213471 .047744 .010663 .002377 .000533 .000120 .000027 .000006 .000001 .000000",
    "normal(std=1)": ".981929 .981658 .981834 .981665 .981690 .981558 .981779 .981635 .981700 .981527",
    "lecun_normal": ".628531 .485856 .407851 .357675 .321055 .294206 .272173 .255200 .239305 .226953",
}


@pytest.mark.parametrize("spec", PUBLISHED)
def test_published_deviations(spec: str) -> None:
    """Ten tanh layers of 500: the published run lies within 5 standard deviations of 8 of ours."""
    network = mlp([500] * 11, activation="tanh", readout=False)
    found = trace(
        network,
        [initial(network, spec, seed) for seed in range(8)],
        lambda seed: np.random.default_rng(seed).standard_normal((1000, 500)),
        seeds=range(8),
    )
    mean, sd = found.std.mean(axis=0), found.std.std(axis=0, ddof=1)
    rounding = 5e-7  # six decimals were printed
    assert (np.abs(np.array(PUBLISHED[spec].split(), float) - mean) <= 5 * sd * np.sqrt(1 + 1 / 8) + rounding).all()
    assert (np.abs(found.mean) < 0.004 * 1.5).all()


@settings(max_examples=4, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=4),
    st.integers(1, 8),
    st.integers(1, 9),
    st.sampled_from(["relu", "tanh"]),
    st.booleans(),
)
def test_any_shape(sizes: list[int], examples: int, chunk: int, name: str, readout: bool) -> None:
    network = mlp(sizes, activation=name, readout=readout)
    inputs = np.random.default_rng(0).standard_normal((examples, sizes[0]))
    start = drawn(network)
    found = trace(network, [start], inputs, seeds=[0], precision="float64", chunk=chunk)
    a = inputs
    for at, weight in enumerate(network.weights):
        z = a @ start[weight.name].T + start[f"layer{at + 1}.bias"]
        a = z if weight.role == "output" else activation(name)(z)
        np.testing.assert_allclose(found.mean[0, at], a.mean(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.std[0, at], a.std(), rtol=1e-7, atol=1e-12)
        assert found.neuron_gradients[at].shape == (1, len(z[0]))


def test_what_does_not_fit_is_refused(refused) -> None:
    network = mlp([3, 4, 2])
    start, inputs = drawn(network), np.ones((5, 3))
    refused(lambda: trace(network, [start], inputs, seeds=[]), "0 seeds")
    refused(lambda: trace(network, [start], np.ones((5, 2)), seeds=[0]), "(examples, 3)", "(5, 2)")
    refused(lambda: trace(network, [start], inputs, seeds=[0], task="binary"), "go together")
    refused(lambda: trace(network, [start], inputs, seeds=[0], task="multiclass", targets=[1, 0]), "(5,)", "(2,)")
    refused(lambda: trace(network, [start], inputs, seeds=[0], precision="half"), "float32")
    refused(lambda: trace(network, [start | {"layer1.bias": np.ones(9)}], inputs, seeds=[0]), "layer1.bias", "(9,)")
    refused(lambda: trace(network, [start] * 2, lambda s: np.ones((s, 3)), seeds=[1, 2]), "as many examples")
    bare = mlp([3, 4], readout=False)
    refused(lambda: trace(bare, [drawn(bare)], inputs, seeds=[0], task="binary", targets=np.ones(5)), "readout")
