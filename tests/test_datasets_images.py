"""MNIST and the cats."""

import gzip
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodinit import datasets

Refused = Callable[..., None]

FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PIXELS = np.arange(10 * 2 * 3, dtype=np.uint8).reshape(10, 2, 3) * 4
LABELS = np.arange(10, dtype=np.uint8)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def small_mnist(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    for name, array in zip(names, (PIXELS, LABELS, PIXELS[::-1], LABELS[::-1]), strict=True):
        (folder / name).write_bytes(gzip.compress(idx(array)) if name.endswith(".gz") else idx(array))
    return folder


def small_cats(folder: Path, **change: Any) -> Path:
    pictures = np.arange(4 * 2 * 2 * 3, dtype=np.uint8).reshape(4, 2, 2, 3)
    for part in ("train", "test"):
        content = {"set_x": pictures, "set_y": np.array([0, 1, 1, 0]), "classes": np.array([b"no", b"yes"])} | change
        with h5py.File(folder / f"{part}_catvnoncat.h5", "w") as file:
            for key, value in content.items():
                if value is not None:
                    file["list_classes" if key == "classes" else f"{part}_{key}"] = value
    return folder


# --- the real ones ---


def test_mnist_is_the_published_one(data_folder: Path) -> None:
    data = datasets.load(f"mnist:{data_folder}/mnist")
    assert (data.task, data.inputs, data.outputs) == ("multiclass", 784, 10)
    assert data.train_inputs.shape == (60_000, 784)
    assert data.test_inputs.shape == (10_000, 784)
    assert data.train_inputs.dtype == np.float32
    assert data.train_targets[:5].tolist() == [5, 0, 4, 1, 9]
    # each array, put back behind its header, has the published SHA-256
    published = {
        "train": ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                  "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        "test": ("0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                 "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    }  # fmt: skip
    for part, sums in published.items():
        pixels = np.rint(getattr(data, f"{part}_inputs") * 255).astype(np.uint8).reshape(-1, 28, 28)
        labels = getattr(data, f"{part}_targets").astype(np.uint8)
        assert tuple(hashlib.sha256(idx(array)).hexdigest() for array in (pixels, labels)) == sums


def test_the_cats_are_the_published_ones(data_folder: Path) -> None:
    data = datasets.load(f"cats:{data_folder}/cats")
    assert (data.task, data.classes, data.inputs, data.outputs) == ("binary", ("non-cat", "cat"), 64 * 64 * 3, 1)
    assert np.bincount(data.train_targets.astype(int)).tolist() == [137, 72]
    assert np.bincount(data.test_targets.astype(int)).tolist() == [17, 33]
    assert data.train_inputs.dtype == np.float64
    assert data.source == f"cats:{data_folder}/cats"


def test_logistic_regression_on_the_cats_meets_the_published_numbers(data_folder: Path) -> None:
    # zeros, learning rate .005, full batch: loss .584508 after 100 iterations, six decimals printed
    data = datasets.cats(data_folder / "cats")
    weight, bias = np.zeros(data.inputs), 0.0
    for _ in range(100):
        output = 1 / (1 + np.exp(-(data.train_inputs @ weight + bias)))
        error = (output - data.train_targets) / len(output)
        weight, bias = weight - 0.005 * error @ data.train_inputs, bias - 0.005 * error.sum()
    output = 1 / (1 + np.exp(-(data.train_inputs @ weight + bias)))
    right = np.where(data.train_targets == 1, output, 1 - output)
    assert abs(-np.log(right).mean() - 0.584508) <= 5.1e-7


# --- small ones ---


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        tuple(name + ".gz" for name in NAMES),
        tuple(name.replace("-idx", ".idx") for name in NAMES),
        tuple(name.replace("-idx", ".idx") + ".gz" for name in NAMES),
    ],
)
def test_all_usual_names_of_mnist(tmp_path: Path, names: tuple[str, ...]) -> None:
    data = datasets.mnist(small_mnist(tmp_path, names))
    np.testing.assert_array_equal(data.train_inputs, PIXELS.reshape(10, 6).astype(np.float32) / 255)
    np.testing.assert_array_equal(data.test_inputs, data.train_inputs[::-1])
    assert data.test_targets.tolist() == list(range(9, -1, -1))


def test_holding_out_takes_the_first_and_needs_no_test_files(tmp_path: Path) -> None:
    images, labels = np.concatenate([PIXELS, PIXELS]), np.concatenate([LABELS, LABELS])
    (tmp_path / NAMES[0]).write_bytes(idx(images))
    (tmp_path / NAMES[1]).write_bytes(idx(labels))
    data = datasets.load(f"mnist:{tmp_path}(holdout=4, standardize=true)")
    assert data.test_targets.tolist() == [0, 1, 2, 3]
    assert data.train_targets.tolist() == [4, 5, 6, 7, 8, 9, *range(10)]
    assert any("first 4 training images are the test set" in note for note in data.notes)
    assert any("standardized" in note for note in data.notes)
    again = datasets.load(data.source)
    assert (again.source, again.digest()) == (data.source, data.digest())
    np.testing.assert_allclose(data.train_inputs.mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        (NAMES[0], b"", ["begins with nothing", "00000803", "fetch it again"]),
        (NAMES[0], b"\x89PNG\r\n", ["begins with 89504e47", "00000803"]),
        (NAMES[0], idx(LABELS), ["begins with 00000801", "00000803"]),
        (NAMES[0], idx(PIXELS)[:9], ["ends within its header"]),
        (NAMES[0], idx(PIXELS)[:-1], ["must hold 60 bytes", "(10, 2, 3)", "holds 59"]),
        (NAMES[0], idx(PIXELS) + b"\0", ["must hold 60 bytes", "holds more"]),
        (NAMES[0], struct.pack(">4B3I", 0, 0, 8, 3, *[2**32 - 1] * 3), ["claims", "at most"]),
        (NAMES[0], idx(PIXELS[:, :0]), ["train_inputs", "(samples, features)"]),
        (NAMES[0], idx(PIXELS[:0]), ["10 labels", "same set"]),
        (NAMES[1], idx(LABELS[:7]), ["10 images", "7 labels", "same set"]),
        (NAMES[1], idx(LABELS + 1), ["label 10", "must be 0 to 9"]),
        (NAMES[1], idx(LABELS * 0), ["one class only ('0')"]),
        (NAMES[3], idx(LABELS)[:-1], ["must hold 10 bytes"]),
    ],
)
def test_what_idx_files_are_refused_for(
    tmp_path: Path, name: str, content: bytes, parts: list[str], refused: Refused
) -> None:
    (small_mnist(tmp_path) / name).write_bytes(content)
    refused(lambda: datasets.mnist(tmp_path), *parts)


def test_damaged_gzip(tmp_path: Path, refused: Refused) -> None:
    small_mnist(tmp_path, tuple(name + ".gz" for name in NAMES))
    path = tmp_path / f"{NAMES[0]}.gz"
    packed = path.read_bytes()
    for content in (b"nothing packed", packed[:-12], packed[:20] + b"\xff\xff\xff" + packed[23:]):
        path.write_bytes(content)
        refused(lambda: datasets.mnist(tmp_path), path.name, "fetch it again")


def test_a_gzip_bomb_is_read_only_as_far_as_its_header_says(tmp_path: Path, refused: Refused) -> None:
    small_mnist(tmp_path, tuple(name + ".gz" for name in NAMES))
    (tmp_path / f"{NAMES[0]}.gz").write_bytes(gzip.compress(idx(PIXELS) + bytes(50_000_000)))
    refused(lambda: datasets.mnist(tmp_path), "must hold 60 bytes", "holds more")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("mnist:{}/no", ["no folder", "check the name"]),
        ("mnist:{}/file", ["is a file, and a folder is needed"]),
        ("mnist:{}/empty", ["no train-images-idx3-ubyte", "put the four MNIST files there"]),
        ("mnist:{}/mnist(holdout=10)", ["holdout must be below the 10 training images", "got 10", "take fewer"]),
        ("mnist:{}/mnist(holdout=-1)", ["holdout", "at least 0", "-1"]),
        ("mnist:{}/mnist(holdout=2)", ["class '0'", "never occurs"]),
        ("cats:{}/empty", ["no file", "train_catvnoncat.h5"]),
    ],
)
def test_folders_and_options_that_do_not_fit(tmp_path: Path, text: str, parts: list[str], refused: Refused) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "mnist").mkdir()
    small_mnist(tmp_path / "mnist")
    (tmp_path / "file").touch()
    refused(lambda: datasets.load(text.format(tmp_path)), *parts)


@FUZZ
@given(st.binary(max_size=80), st.sampled_from([b"", idx(PIXELS)[:4], idx(PIXELS)[:8]]), st.booleans())
def test_arbitrary_bytes_as_idx(tmp_path: Path, refused: Refused, content: bytes, begin: bytes, packed: bool) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    name = NAMES[0] + ".gz" * packed
    (tmp_path / name).write_bytes(gzip.compress(begin + content) if packed and begin else begin + content)
    (tmp_path / NAMES[1]).write_bytes(idx(LABELS))
    refused(lambda: datasets.mnist(tmp_path, holdout=1))


def test_cats_are_flattened_in_c_order(tmp_path: Path) -> None:
    data = datasets.cats(small_cats(tmp_path))
    np.testing.assert_array_equal(data.train_inputs, np.arange(48).reshape(4, 12) / 255)
    assert data.classes == ("no", "yes")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"set_x": None}, ["has no array 'train_set_x'", "fetch it again"]),
        ({"classes": None}, ["has no array 'list_classes'"]),
        ({"set_x": h5py.ExternalLink("other.h5", "x")}, ["has no array 'train_set_x'"]),
        ({"set_x": h5py.SoftLink("/train_set_y")}, ["has no array 'train_set_x'"]),
        ({"set_x": np.zeros((4, 2, 2, 3))}, ["dtype float64", "not the layout"]),
        ({"set_x": np.zeros((4, 12), np.uint8)}, ["shape (4, 12)", "not the layout"]),
        ({"set_x": np.zeros((4, 0, 2, 3), np.uint8)}, ["(samples, features)"]),
        ({"set_y": np.array([0, 1])}, ["4 examples and train_targets 2"]),
        ({"set_y": np.array([0, 1, 2, 0])}, ["train_targets[2] is 2"]),
        ({"set_y": np.array([0, 0, 0, 0])}, ["one class only ('no')"]),
        ({"classes": np.array([b"a", b"b", b"c"])}, ["task=binary needs 2 classes", "3"]),
        ({"classes": np.array([b"\xff", b"b"])}, ["not a sound HDF5 file"]),
    ],
)
def test_what_cats_are_refused_for(tmp_path: Path, change: dict[str, Any], parts: list[str], refused: Refused) -> None:
    small_cats(tmp_path, **change)
    refused(lambda: datasets.cats(tmp_path), *parts)


def test_pictures_that_claim_to_be_huge(tmp_path: Path, refused: Refused) -> None:
    small_cats(tmp_path, set_x=None)
    with h5py.File(tmp_path / "train_catvnoncat.h5", "a") as file:
        file.create_dataset("train_set_x", (10**6, 64, 64, 3), np.uint8, chunks=(1, 64, 64, 3))  # nothing stored
    refused(lambda: datasets.cats(tmp_path), "12288000000 values", "at most")


def test_foreign_and_cut_files_instead_of_hdf5(tmp_path: Path, refused: Refused) -> None:
    path = small_cats(tmp_path) / "train_catvnoncat.h5"
    sound = path.read_bytes()
    for content in (b"", b"not HDF5", sound[:100], sound[: len(sound) // 2]):
        path.write_bytes(content)
        refused(lambda: datasets.cats(tmp_path), path.name, "not a sound HDF5 file", "fetch it again")
