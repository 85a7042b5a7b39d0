"""Layers with backward passes by hand on the pictures of cats: published numbers, and where the files are."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import stats

from goodinit import datasets
from goodinit.labs import layers
from goodinit.labs.layers import Linear, Model, NonLinear

BASE_RATE = -(72 / 209) * math.log(72 / 209) - (137 / 209) * math.log(137 / 209)  # entropy of the labels, .643974


@pytest.fixture(scope="module")
def cats(data_folder: Path) -> tuple[np.ndarray, ...]:
    """Columns of pixels and labels, to train on and to test."""
    train, test = (load(data_folder / "cats") for load in (layers.load_train_data, layers.load_test_data))
    return layers.flatten(train[0]), train[1], layers.flatten(test[0]), test[1]


@pytest.fixture(scope="module")
def turned(cats: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """The same pictures in coordinates of the 259 dimensions that they span, where networks are 47 times as fast.

    With X = Q R and orthonormal columns in Q, W X = (W Q) R. W Q is normal with the deviation of W, and gradient
    descent on it is gradient descent on W, since dW = dz X^T = (dz R^T) Q^T. So training is the very same.
    """
    R = np.linalg.qr(np.hstack([cats[0], cats[2]]))[1]
    return np.ascontiguousarray(R[:, :209]), cats[1], np.ascontiguousarray(R[:, 209:]), cats[3]


def deep(depth: int, std: Callable[[int, int], float], hidden: str, l2: float | None = None, seed: int = 0) -> Model:
    """Make 12288-30-...-30-1 for the turned pictures; `std(fan_in, fan_out)` sees the true fans."""
    rng, sizes = np.random.default_rng(seed), [12288] + [30] * (depth - 1) + [1]
    made: list[layers.Layers] = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        penalty = {"regularization": "L2", "strength": l2} if l2 and not made else {}
        made += [Linear(259 if not made else fan_in, fan_out, std=std(fan_in, fan_out), rng=rng, **penalty)]
        made += [NonLinear(hidden)]
    return Model([*made[:-1], NonLinear("Sigmoid")])


def test_turned_pictures_train_as_the_pictures_do(cats: tuple[np.ndarray, ...]) -> None:
    pictures, labels = cats[0], cats[1]
    Q, R = np.linalg.qr(pictures)
    wide, narrow = (
        Model([Linear(n, 30, std=0.01, rng=0), NonLinear("Tanh"), Linear(30, 1, rng=1), NonLinear("Sigmoid")])
        for n in (12288, 209)
    )
    narrow.layers[0].weight = wide.layers[0].weight @ Q
    losses = [layers.train(m, x, labels, 0.01, 5, False, 1) for m, x in ((wide, pictures), (narrow, R))]
    np.testing.assert_allclose(*losses, rtol=1e-10)


def test_the_pictures_are_the_librarys_in_columns(cats: tuple[np.ndarray, ...], data_folder: Path) -> None:
    data = datasets.cats(data_folder / "cats")
    np.testing.assert_array_equal(cats[0], data.train_inputs.T)
    np.testing.assert_array_equal(cats[3], data.test_targets[None])
    assert cats[1].shape == (1, 209)


def test_logistic_regression_from_zeros_meets_the_published_numbers(
    cats: tuple[np.ndarray, ...], turned: tuple[np.ndarray, ...]
) -> None:
    def regression(features: int) -> Model:
        return Model([Linear(features, 1, std=0), NonLinear("Sigmoid")])

    losses = layers.train(regression(12288), cats[0], cats[1], 0.005, 101, print_cost=False)
    assert losses[0] == pytest.approx(math.log(2), abs=1e-12)
    assert losses[1] == pytest.approx(0.584508, abs=5.1e-7)
    model = regression(259)
    again = layers.train(model, turned[0], turned[1], 0.005, 2000, print_cost=False)
    assert again[1] == pytest.approx(losses[1], abs=1e-9)
    assert layers.test_model(model, turned[0], turned[1]) == pytest.approx(0.99043, abs=5e-6)
    assert layers.test_model(model, turned[2], turned[3]) == 0.7


@pytest.mark.parametrize(("depth", "first"), [(4, 0.6953), (5, 0.6939)])
def test_small_sigmoid_networks_learn_the_base_rate_and_nothing_else(
    depth: int, first: float, turned: tuple[np.ndarray, ...]
) -> None:
    runs = []
    for seed in range(6):
        model = deep(depth, lambda fan_in, fan_out: 0.01, "Sigmoid", seed=seed)
        runs.append(layers.train(model, turned[0], turned[1], 0.008, 301, print_cost=False, record_every=300))
    start, later = np.transpose(runs)
    # the start is one unseeded run: inside the interval of one more run beside these
    assert abs(first - start.mean()) < stats.t.ppf(0.975, 5) * start.std(ddof=1) * math.sqrt(1 + 1 / 6)
    np.testing.assert_allclose(later, BASE_RATE, atol=1e-5)  # published as .6440 from 300 on
    assert layers.test_model(model, turned[0], turned[1]) == pytest.approx(137 / 209)
    assert layers.test_model(model, turned[2], turned[3]) == 0.34


def test_a_relu_network_started_to_scale_learns_the_cats_as_published(turned: tuple[np.ndarray, ...]) -> None:
    # sd sqrt(1 / (2 fan_in)), L2 of strength 1.5 on layer 1; the published losses leave the penalty out
    published = [0.6930, 0.6274, 0.5294, 0.4088, 0.2337, 0.0490, 0.0130, 0.0061]
    losses, scores = [], []
    for seed in range(6):
        model = deep(5, lambda fan_in, fan_out: math.sqrt(1 / (2 * fan_in)), "ReLU", 1.5, seed)
        losses.append([])
        for i in range(2200):
            model(turned[0])
            if i % 300 == 0:
                losses[-1].append(model.loss(turned[1]) - model.layers[0].reg_penalty)
            model.backward(turned[1])
            model.update_params(0.008)
        scores.append([np.mean(model.predict(turned[k]) == turned[k + 1]) for k in (0, 2)])
    logs, scores = np.log(losses), np.array(scores)
    # interval of one more run beside six, at 95 % for all ten published numbers together
    reach = stats.t.ppf(1 - 0.025 / 10, 5) * math.sqrt(1 + 1 / 6)
    np.testing.assert_array_less(np.abs(np.log(published) - logs.mean(axis=0)), reach * logs.std(axis=0, ddof=1))
    assert (scores[:, 0] == 1).all()
    assert abs(0.78 - scores[:, 1].mean()) < reach * scores[:, 1].std(ddof=1)


def test_centred_sigmoids_of_glorots_scale_leave_the_plateau_as_published(turned: tuple[np.ndarray, ...]) -> None:
    # published in steps of .01: .6440 after 1,200 and .6382 after 10,200. Ten times the step and a tenth of the steps
    # follow the same gradient flow, to the third digit
    runs = []
    for seed in range(4):
        model = deep(5, lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)), "CentredSigmoid", 1.0, seed)
        runs.append([])
        for iterations in (120, 900):
            layers.train(model, turned[0], turned[1], 0.1, iterations, print_cost=False)
            model(turned[0])
            runs[-1].append(model.loss(turned[1]) - model.layers[0].reg_penalty)
    plateau, leaving = np.transpose(runs)
    np.testing.assert_allclose(plateau, 0.6440, atol=2e-4)
    assert leaving.max() < plateau.min()
    assert abs(0.6382 - leaving.mean()) < stats.t.ppf(0.975, 3) * leaving.std(ddof=1) * math.sqrt(1 + 1 / 4)


def test_the_folder_of_the_cats_is_named_or_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., None]
) -> None:
    (tmp_path / "cats").mkdir()
    pictures = np.arange(48, dtype=np.uint8).reshape(2, 2, 4, 3)
    for part in ("train", "test"):
        with h5py.File(tmp_path / "cats" / f"{part}_catvnoncat.h5", "w") as file:
            file[f"{part}_set_x"], file[f"{part}_set_y"] = pictures, np.array([0, 1])
            file["list_classes"] = np.array([b"no", b"yes"])
    monkeypatch.delenv("GOODINIT_DATA", raising=False)
    refused(layers.load_train_data, "where is train_catvnoncat.h5?", "load_train_data('my/cats')", "GOODINIT_DATA")
    refused(layers.load_test_data, "where is test_catvnoncat.h5?", "load_test_data('my/cats')")
    named = layers.load_train_data(tmp_path / "cats")
    monkeypatch.setenv("GOODINIT_DATA", str(tmp_path))
    for found, labels in (named, layers.load_train_data(), layers.load_test_data()):
        np.testing.assert_array_equal(found, pictures / 255)
        assert labels.tolist() == [[0, 1]]
    np.testing.assert_array_equal(layers.flatten(pictures), pictures.reshape(2, 24).T)
    monkeypatch.setenv("GOODINIT_DATA", str(tmp_path / "none"))
    refused(layers.load_train_data, "there is no folder")
