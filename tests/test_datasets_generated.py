"""The record, spelling, arrays and the data sets that need no file."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits, make_circles, make_moons

from goodinit import datasets
from goodinit.errors import InputError

Refused = Callable[..., None]

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 2))
Y = np.array([0, 1, 2, 0, 1, 2])


def test_the_import_is_cheap() -> None:
    code = "import sys, goodinit.datasets; print({'sklearn', 'pandas', 'h5py', 'scipy', 'jax'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


@pytest.mark.parametrize(("name", "oracle"), [("circles", make_circles), ("moons", make_moons)])
def test_scikit_learn_draws_are_untouched(name: str, oracle: Any) -> None:
    data = datasets.load(name)
    inputs, targets = oracle(n_samples=300, noise=0.05, random_state=1)
    test_inputs, test_targets = oracle(n_samples=100, noise=0.05, random_state=2)
    np.testing.assert_array_equal(data.train_inputs, inputs)
    np.testing.assert_array_equal(data.train_targets, targets)
    np.testing.assert_array_equal(data.test_inputs, test_inputs)
    np.testing.assert_array_equal(data.test_targets, test_targets)


def test_circles_are_the_published_ones() -> None:
    # printed by generate_dataset(10, 5, .05, .05, 1, 2)
    data = datasets.circles(train=10, test=5)
    printed = [[-0.72987938, 0.53552791], [0.26009327, -0.85881494], [0.17182321, 0.74508061]]
    assert np.abs(data.train_inputs[:3] - printed).max() <= 5.1e-9  # eight decimals were printed
    assert data.train_targets.tolist() == [0, 1, 1, 0, 0, 0, 0, 1, 1, 1]
    assert data.test_targets.tolist() == [1, 1, 0, 1, 0]
    assert data.train_targets.dtype == np.float64
    assert (data.inputs, data.outputs, data.task) == (2, 1, "binary")


def test_noiseless_spirals_follow_the_formula() -> None:
    data = datasets.spirals(noise=0, train=1000)
    x, y = data.train_inputs.T
    radius = np.hypot(x, y)
    turned = np.arctan2(y, x) - 3 * np.pi * radius - np.pi * data.train_targets
    # a whole number of turns; arctan2 of numbers with relative error 1e-16 and angles up to 10
    assert np.abs(np.sin(turned / 2)).max() < 1e-13
    assert data.train_targets.sum() == 500
    # r = sqrt(u): r^2 is uniform, mean 1/2 with standard error 1 / sqrt(12 n)
    assert abs((radius**2).mean() - 0.5) < 4 / np.sqrt(12 * 1000)


def test_spiral_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    added = datasets.spirals(noise=0.3, train=5000).train_inputs - datasets.spirals(noise=0, train=5000).train_inputs
    assert abs(added.std() - 0.3) < 4 * 0.3 / np.sqrt(2 * added.size)


def test_digits_are_split_evenly_and_completely() -> None:
    data = datasets.digits()
    pixels, labels = load_digits(return_X_y=True)
    assert (len(data.train_targets), len(data.test_targets)) == (1348, 449)
    both = np.vstack([data.train_inputs, data.test_inputs]) * 16
    assert sorted(map(tuple, both.tolist())) == sorted(map(tuple, pixels.tolist()))
    share = np.bincount(data.test_targets) / np.bincount(labels)
    assert np.abs(share - 0.25).max() < 0.01  # one of 174 or more either way
    assert data.outputs == 10
    assert data.digest() != datasets.digits(split_seed=1).digest()


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("circles", "circles"),
        (" circles ( noise=.05, train=300 ) ", "circles"),
        ("circles(noise=0.10)", "circles(noise=0.1)"),
        ("moons(test_seed=7, standardize=true)", "moons(test_seed=7, standardize=true)"),
        ("spirals(train=20, test=4)", "spirals(train=20, test=4)"),
        ("digits(test=.5)", "digits(test=0.5)"),
    ],
)
def test_source_makes_the_same_data_again(text: str, source: str) -> None:
    data = datasets.load(text)
    assert data.source == source
    assert datasets.load(data.source).digest() == data.digest()


def test_numpy_floats_are_spelled_as_numbers() -> None:
    assert datasets.circles(noise=np.float64(0.1)).source == "circles(noise=0.1)"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("circels", ["'circels'", "did you mean 'circles'"]),
        ("cvs:a.csv", ["'cvs'", "did you mean 'csv'"]),
        ("houses.csv", ["'houses.csv'", "csv:FILE"]),
        ("csv", ["csv needs a path", "csv:FILE"]),
        ("csv: (task=binary)", ["has no path", "csv:FILE"]),
        ("circles(trian=3)", ["'trian'", "did you mean 'train'"]),
        ("circles(train=1)", ["train", "at least 2", "got 1"]),
        ("circles(train=100000000000)", ["train", "at most 10000000", "take fewer"]),
        ("moons(noise=-1)", ["noise must be >= 0", "-1"]),
        ("moons(noise=1e300)", ["noise must be at most 1e+06"]),
        ("spirals(train_seed=5000000000)", ["train_seed must be at most 4294967295", "5000000000"]),
        ("circles(standardize=1)", ["standardize must be true or false", "got 1"]),
        ("digits(test=0)", ["test must be above 0 and below 1", "got 0", "0.25"]),
        ("digits(test=0.9999)", ["too few rows to split", "1797", "change test"]),
        ("digits(split_seed=-1)", ["split_seed", "at least 0", "-1"]),
    ],
)
def test_what_load_refuses(text: str, parts: list[str], refused: Refused) -> None:
    refused(lambda: datasets.load(text), *parts)


def test_standardizing_uses_the_training_statistics() -> None:
    plain, scaled = datasets.moons(), datasets.moons(standardize=True)
    mean, sd = plain.train_inputs.mean(axis=0), plain.train_inputs.std(axis=0)
    np.testing.assert_allclose(scaled.test_inputs, (plain.test_inputs - mean) / sd, rtol=1e-13)
    assert any("standardized" in note for note in scaled.notes)


def test_standardizing_a_regression_takes_its_targets_along() -> None:
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(40, 2)), rng.normal(2000, 500, size=(40, 1))
    data = datasets.arrays(inputs[:30], targets[:30], inputs[30:], targets[30:], task="regression", standardize=True)
    mean, sd = targets[:30].mean(), targets[:30].std()
    np.testing.assert_allclose(data.train_targets, (targets[:30] - mean) / sd, rtol=1e-13)
    np.testing.assert_allclose(data.test_targets, (targets[30:] - mean) / sd, rtol=1e-13)
    assert any("targets are standardized" in note for note in data.notes)


def test_a_constant_feature_is_only_shifted() -> None:
    # the mean of 0.1 is off by a rounding error, and so is the standard deviation
    inputs = np.column_stack([np.full(6, 0.1), np.arange(6)])
    data = datasets.arrays(inputs, Y, inputs + 1, Y, standardize=True)
    np.testing.assert_allclose(data.train_inputs[:, 0], 0, atol=1e-15)
    np.testing.assert_allclose(data.test_inputs[:, 0], 1, rtol=1e-15)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint8, np.float16, np.longdouble, bool])
def test_only_single_precision_stays_as_it_is(kind: Any) -> None:
    data = datasets.arrays(np.ones((6, 2), kind), Y, np.ones((6, 2), kind), Y)
    assert data.train_inputs.dtype == (np.float32 if kind is np.float32 else np.float64)


def test_arrays_are_copied_and_read_only() -> None:
    mine = X.copy()
    data = datasets.arrays(mine, Y, mine, Y)
    mine[:] = 0
    np.testing.assert_array_equal(data.train_inputs, X)
    for array in (data.train_inputs, data.train_targets, data.test_inputs, data.test_targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    mine[0] = 1  # the user's own array is not locked


@pytest.mark.parametrize(
    ("targets", "task", "classes", "outputs"),
    [
        ([0, 1, 0, 1, 0, 1], "binary", ("0", "1"), 1),
        ([7, 3, 7, 3, 7, 3], "binary", ("3", "7"), 1),
        ([1.0, 10.0, 2.0, 1.0, 10.0, 2.0], "multiclass", ("1", "2", "10"), 3),
        (["b", "a", "c", "a", "b", "c"], "multiclass", ("a", "b", "c"), 3),
        ([True, False] * 3, "binary", ("False", "True"), 1),
        ([[0], [1], [2], [0], [1], [2]], "multiclass", ("0", "1", "2"), 3),
        (np.eye(3)[Y], "multiclass", ("0", "1", "2"), 3),
        ([0.5, 1, 2, 3, 4, 5], "regression", (), 1),
        ([[0.5, 1], [1, 0.5], [2, 2]] * 2, "regression", (), 2),
    ],
)
def test_the_task_is_inferred(targets: Any, task: str, classes: tuple[str, ...], outputs: int) -> None:
    data = datasets.arrays(X, targets, X, targets)
    assert (data.task, data.classes, data.outputs, data.source) == (task, classes, outputs, "arrays")
    assert any(note.startswith(f"task: {task}") and "because" in note for note in data.notes)
    shape, dtype = data.train_targets.shape, data.train_targets.dtype
    assert shape == ((6, outputs) if task == "regression" else (6,))
    assert dtype == (np.int64 if task == "multiclass" else np.float64)


def test_twenty_whole_numbers_are_classes_and_twenty_one_are_not() -> None:
    inputs = np.ones((21, 1))
    twenty, more = np.minimum(np.arange(21), 19), np.arange(21)
    assert datasets.arrays(inputs, twenty, inputs, twenty).task == "multiclass"
    assert datasets.arrays(inputs, more, inputs, more).task == "regression"
    assert datasets.arrays(inputs, more, inputs, more, task="multiclass").outputs == 21


def test_one_hot_rows_are_classes_unless_regression_is_asked_for() -> None:
    many = np.eye(30)
    data = datasets.arrays(many, many, many, many)
    assert (data.task, data.outputs) == ("multiclass", 30)
    np.testing.assert_array_equal(data.train_targets, np.arange(30))
    data = datasets.arrays(X, np.eye(2)[Y % 2], X, np.eye(2)[Y % 2], task="regression")
    assert data.train_targets.shape == (6, 2)
    # only the training targets decide: the test targets of a regression may look one-hot by chance
    assert datasets.arrays(X, X, X[:2], [[0, 1], [1, 0]]).task == "regression"


def test_given_names_stand_for_the_numbers() -> None:
    data = datasets.arrays(X, Y, X, Y, classes=("a", "b", "c", "d"))
    assert (data.task, data.outputs) == ("multiclass", 4)
    assert datasets.arrays(X, Y % 2, X, Y % 2, classes=("no", "yes")).task == "binary"


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"train_inputs": X[0]}, ["train_inputs", "(samples, features)", "(2,)", "reshape"]),
        ({"train_inputs": X[:0], "train_targets": Y[:0]}, ["train_inputs", "at least 1 example"]),
        ({"test_inputs": X[:0], "test_targets": Y[:0]}, ["test_inputs", "at least 1 example"]),
        ({"test_inputs": X[:, :1]}, ["2 features", "test_inputs 1"]),
        ({"train_targets": Y[:4]}, ["6 examples", "train_targets 4", "one target"]),
        ({"train_inputs": np.where(np.arange(12).reshape(6, 2) == 5, np.nan, X)}, ["train_inputs[2, 1] is nan"]),
        ({"train_inputs": X * 1j}, ["complex", "astype(float)"]),
        ({"train_inputs": [["a", "b"]] * 6}, ["real numbers"]),
        ({"train_inputs": [[1], [1, 2]]}, ["train_inputs", "equally long"]),
        ({"train_targets": [0.5, 1, 2, np.inf, 4, 5]}, ["train_targets[3] is inf", "fill it"]),
        ({"train_targets": [None] * 6}, ["train_targets", "numbers, true/false or text"]),
        ({"train_targets": np.zeros((6, 2, 2))}, ["(n, outputs)", "(6, 2, 2)", "reshape"]),
        ({"train_targets": np.zeros(6)}, ["one class only ('0')", "at least two", "task=regression"]),
        ({"test_targets": [0, 1, 2, 3, 0, 0]}, ["test_targets[3] is 3", "none of the 3 classes 0, 1, 2"]),
        ({"train_targets": Y % 2, "classes": "abc"}, ["class names must be a list", "'abc'"]),
        ({"train_targets": Y % 2, "classes": ("a", "b", "c")}, ["test_targets", "class 'c'", "never occurs"]),
        ({"train_targets": np.eye(3)[Y]}, ["test_targets has no one-hot rows", "of 3", "both alike"]),
        ({"train_targets": np.eye(3)[Y], "test_targets": np.eye(4)[Y]}, ["rows of 4 classes", "of 3"]),
        ({"classes": ("a", "b")}, ["train_targets[2] is 2", "none of the 2 classes"]),
        ({"task": "binary"}, ["task=binary needs 2 classes", "3", "multiclass"]),
        ({"task": "sorting"}, ["task must be one of", "'sorting'"]),
        ({"train_targets": ["a", "b"] * 3, "task": "regression"}, ["train_targets holds text", "task=multiclass"]),
        ({"task": "multiclass", "train_targets": np.ones((6, 3))}, ["one class per example", "(6, 3)"]),
        ({"train_targets": Y * 0 + 0.5}, ["train_targets holds one value only (0.5)", "another target"]),
        ({"train_targets": X, "test_targets": X * 0 + 1}, ["test_targets holds one value only (1, 1)", "R^2"]),
        ({"train_targets": X * 1e306, "test_targets": X, "task": "regression"}, ["column 1 of 2", "rescale"]),
        ({"train_targets": X * 1e-200, "test_targets": X, "task": "regression"}, ["column 1 of 2", "rescale"]),
        ({"features": ("a",)}, ["1 feature names for 2", "one name each"]),
        ({"features": ("a", "a")}, ["feature names must differ", "rename"]),
        ({"train_inputs": X * 1e308, "standardize": True}, ["standardize", "too large", "rescale"]),
        ({"train_targets": X, "test_targets": X[:, :1], "task": "regression"}, ["2 columns", "test_targets 1"]),
    ],
)
def test_what_arrays_refuse(change: dict[str, Any], parts: list[str], refused: Refused) -> None:
    good = {"train_inputs": X, "train_targets": Y, "test_inputs": X, "test_targets": Y}
    refused(lambda: datasets.arrays(**(good | change)), *parts)


def test_the_digest_sees_every_array_and_the_task() -> None:
    base = datasets.arrays(X, Y, X, Y)
    others = [
        datasets.arrays(X + 1, Y, X, Y),
        datasets.arrays(X, Y[::-1], X, Y),
        datasets.arrays(X, Y, X[::-1], Y),
        datasets.arrays(X, Y, X, Y[::-1]),
        datasets.arrays(X, Y, X, Y, task="regression"),
        datasets.arrays(X.astype(np.float32), Y, X.astype(np.float32), Y),
    ]
    assert len({data.digest() for data in [base, *others]}) == 7
    assert base.digest() == datasets.arrays(X.tolist(), Y.tolist(), X, Y).digest()


@settings(deadline=None)
@given(st.text(max_size=60))
@example("circles(" * 400)
@example("csv:" + "(a=" * 1300 + ")")
@example("csv:\ud800")
@example("csv:~nobody/x")
@example("npz:a\0b")
@example("circles(noise=1e999)")
def test_arbitrary_text_makes_data_or_a_sentence(text: str) -> None:
    try:
        data = datasets.load(text)
    except InputError:
        return
    assert datasets.load(data.source).digest() == data.digest()


@settings(max_examples=200, deadline=None)  # the first call imports scikit-learn
@given(
    st.sampled_from(["circles", "moons", "spirals", "digits", "csv:a.csv", "npz:.", "mnist:.", "cats:."]),
    st.dictionaries(
        st.sampled_from(["train", "test", "noise", "train_seed", "split_seed", "target", "task", "holdout"]),
        st.one_of(st.integers(-3, 50).map(str), st.floats().map(str), st.text(max_size=5), st.booleans().map(str)),
        max_size=3,
    ),
)
def test_arbitrary_options_make_data_or_a_sentence(name: str, options: dict[str, str]) -> None:
    text = f"{name}({', '.join(f'{key}={value}' for key, value in options.items())})"
    try:
        data = datasets.load(text)
    except InputError:
        return
    assert datasets.load(data.source).digest() == data.digest()
