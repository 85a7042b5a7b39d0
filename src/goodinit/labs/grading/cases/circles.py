"""Lab 1, three ways to start: the data and the first values of a network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from goodinit.labs import circles
from goodinit.labs.checks import Array
from goodinit.labs.grading import look, weights
from goodinit.labs.grading.case import Case, Script, WrongError

ARRAYS = ("train_X", "train_Y", "test_X", "test_Y")
SEEDS = 3  # networks from which a start is judged

HE = weights.Normal(
    lambda fan_in, fan_out: np.sqrt(2 / fan_in),
    {
        "root-of-one-over-n": lambda fan_in, fan_out: np.sqrt(1 / fan_in),
        "one-over-n": lambda fan_in, fan_out: 1 / fan_in,
        "one-over-2n": lambda fan_in, fan_out: 1 / (2 * fan_in),
        "two-over-n": lambda fan_in, fan_out: 2 / fan_in,
        "root-of-one-over-2n": lambda fan_in, fan_out: np.sqrt(1 / (2 * fan_in)),
        "fan-out": lambda fan_in, fan_out: np.sqrt(2 / fan_out),
        "glorot-for-he": lambda fan_in, fan_out: np.sqrt(2 / (fan_in + fan_out)),
        "not-scaled": lambda fan_in, fan_out: 1.0,
    },
)
LARGE = weights.Normal(
    lambda fan_in, fan_out: 10.0,
    {"factor-missing": lambda fan_in, fan_out: 1.0, "variance-for-deviation": lambda fan_in, fan_out: 100.0},
)


def _data_script(rng: np.random.Generator) -> Script:
    counts, noises = rng.integers(30, 80, 2) * 2, rng.uniform([0.02, 0.08], [0.04, 0.12])
    asked = (int(counts[0]), int(counts[1]) + 200, *map(float, noises), *map(int, rng.integers(10, 10**6, 2)))
    script = Script(given={"asked": asked})
    script.call("generate_dataset", *asked)
    return script


def _data_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    train, test, noise_train, noise_test, seed_train, seed_test = script.given["asked"]
    got = look.items("generate_dataset", answers[0], 4)
    right = circles.generate_dataset(*script.given["asked"])
    if all(look.same(value, array) for value, array in zip(got, (*right[2:], *right[:2]), strict=True)):
        raise WrongError("the test data come first", "train-test-swapped")
    swapped = circles.generate_dataset(train, test, noise_train, noise_test, seed_test, seed_train)
    alike = circles.generate_dataset(train, test, noise_train, noise_test, seed_train, seed_train)
    for name, value, array, *others in zip(ARRAYS, got, right, swapped, alike, strict=True):
        _data_array(name, value, array, others)


def _data_array(name: str, value: Any, right: Array, other_seeds: Sequence[Array]) -> None:
    numbers = look.array(name, value, right.shape, {(right.size, 1): "labels-a-column"})
    if look.same(numbers, right):
        return
    if any(look.same(numbers, other) for other in other_seeds):
        raise WrongError(f"{name} is what another seed gives", "seeds-swapped")
    # both circles are centred, so what noise does shows in the distance from them; the labels do not depend on it
    raise WrongError(f"{name} has other values than make_circles gives for this seed and noise", _data_mistake(numbers))


def _data_mistake(numbers: Array) -> str | None:
    if numbers.ndim != 2:
        return None
    radii = np.hypot(*numbers.T)
    return "noise-ignored" if np.minimum(abs(radii - 1), abs(radii - 0.8)).max() < 0.5 else None


def _preprocessing_script(rng: np.random.Generator) -> Script:
    m, k = (int(count) for count in rng.integers(11, 40, 2))
    arrays = [part for n in (m, k + 40) for part in (rng.standard_normal((n, 2)), rng.integers(0, 2, n))]
    script = Script(given={"arrays": arrays})
    script.call("preprocess", *arrays)
    return script


def _preprocessing_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    got, arrays = look.items("preprocess", answers[0], 4), script.given["arrays"]
    for name, value, array in zip(ARRAYS, got, arrays, strict=True):
        if array.ndim == 1:
            shapes = {array.shape: "labels-one-dimensional", (array.size, 1): "labels-a-column"}
            look.matched(name, look.array(name, value, (1, array.size), shapes), array.reshape(1, -1), {})
        else:
            points = look.array(name, value, array.shape[::-1])
            look.matched(name, points, array.T, {"reshaped-not-transposed": array.reshape(2, -1)})


def parameters(value: Any, dims: Sequence[int]) -> list[tuple[Array, Array]]:
    """Return (W, b) of every layer, of the shapes that the widths ask for, or raise WrongError."""
    if not isinstance(value, dict):
        raise WrongError(f"{look.kind(value)} was returned, not a dictionary with W1, b1, W2, ...")
    layers, last = range(1, len(dims)), len(dims) - 1
    missing = [name for layer in layers for name in (f"W{layer}", f"b{layer}") if name not in value]
    if missing:
        first, end = {"W1", "b1"} & set(missing), {f"W{last}", f"b{last}"} & set(missing)
        mistake = "first-layer-skipped" if first and not end else "last-layer-skipped" if end and not first else None
        raise WrongError(f"the dictionary lacks {', '.join(missing)}", mistake)
    return [_layer(value, layer, dims[layer], dims[layer - 1]) for layer in layers]


def _layer(value: dict[str, Any], layer: int, fan_out: int, fan_in: int) -> tuple[Array, Array]:
    flat = {(fan_out,): "biases-one-dimensional"}
    return (
        look.array(f"W{layer}", value[f"W{layer}"], (fan_out, fan_in)),
        look.array(f"b{layer}", value[f"b{layer}"], (fan_out, 1), flat),
    )


def _zeros_script(rng: np.random.Generator) -> Script:
    script = Script(given={"dims": [_widths(rng, 4), _widths(rng, 3)]})
    for dims in script.given["dims"]:
        script.call("initialize_parameters_zeros", dims)
    return script


def _zeros_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for dims, value in zip(script.given["dims"], answers, strict=True):
        for layer, (W, b) in enumerate(parameters(value, dims), start=1):
            _no_biases(layer, b)
            if W.any():
                raise WrongError(f"W{layer} has entries such as {W[W != 0][0]:.4g}", "weights-not-zero")


def _start_script(function: str, rng: np.random.Generator) -> Script:
    """Ask for several seeds, for the first of them once more, and for a network of another depth."""
    dims, seeds = _widths(rng, 4), [int(seed) for seed in np.cumsum(rng.integers(1000, 10**6, SEEDS))]
    script = Script(given={"dims": dims, "other": _widths(rng, 3)})
    for seed in (*seeds, seeds[0]):
        script.call(function, dims, seed=seed)
    script.call(function, script.given["other"], seed=seeds[0])
    return script


def _start_judge(asked: weights.Normal, script: Script, answers: Sequence[Any], level: float) -> None:
    dims = script.given["dims"]
    *networks, again = [parameters(value, dims) for value in answers[: SEEDS + 1]]
    parameters(answers[SEEDS + 1], script.given["other"])
    for layer, (_, b) in enumerate(networks[0], start=1):
        _no_biases(layer, b)
    if not all(look.same(W, other) for (W, _), (other, _) in zip(networks[0], again, strict=True)):
        raise WrongError("the same seed gave other weights the second time", "not-repeatable")
    if look.same(networks[0][0][0], networks[1][0][0]):
        raise WrongError("two seeds gave the same weights", "seed-ignored")
    drawn = [np.stack([network[layer][0] for network in networks]) for layer in range(len(dims) - 1)]
    weights.judge([weights.Drawn(f"W{layer}", W) for layer, W in enumerate(drawn, start=1)], asked, level)


def _no_biases(layer: int, b: Array) -> None:
    if b.any():
        raise WrongError(f"b{layer} has entries such as {b[b != 0][0]:.4g}", "biases-not-zero")


def _widths(rng: np.random.Generator, count: int) -> list[int]:
    """Draw widths of which neighbours differ by a factor of two or more: fan-in and fan-out can be told apart."""
    wide, narrow = rng.permutation(np.arange(70, 101))[:count], rng.permutation(np.arange(22, 35))[:count]
    return [int(wide[at] if at % 2 == 0 else narrow[at]) for at in range(count)]


def _start(name: str, function: str, points: int, expected: str, asked: weights.Normal) -> Case:
    return Case(
        name,
        f"Write {function}.",
        points,
        expected,
        lambda rng: _start_script(function, rng),
        lambda script, answers, level: _start_judge(asked, script, answers, level),
        tests=3 * weights.TESTS_A_LAYER,
        raises={"keyword argument 'seed'": "seed-ignored"},
    )


CASES = (
    Case(
        "TestDataGeneration",
        "Write generate_dataset.",
        2,
        "make_circles for the training and for the test data, each with its own number of points, noise and seed: "
        "points (n, 2), labels (n,).",
        _data_script,
        _data_judge,
    ),
    Case(
        "TestPreprocessing",
        "Write preprocess.",
        2,
        "Points as columns, (2, n), and labels as a row, (1, n).",
        _preprocessing_script,
        _preprocessing_judge,
    ),
    Case(
        "TestZeroInitialization",
        "Write initialize_parameters_zeros.",
        2,
        "W1, b1, W2, ... of shapes (units, inputs) and (units, 1), all zero.",
        _zeros_script,
        _zeros_judge,
    ),
    _start(
        "TestRandomInitialization",
        "initialize_parameters_random",
        2,
        "Independent normal weights with mean 0 and standard deviation 10, biases zero, repeatable by the seed.",
        LARGE,
    ),
    _start(
        "TestHeInitialization",
        "initialize_parameters_he",
        4,
        "Independent normal weights with mean 0 and standard deviation sqrt(2 / fan_in), biases zero, repeatable by "
        "the seed.",
        HE,
    ),
)
