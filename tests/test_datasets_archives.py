"""NPZ files."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodinit import datasets
from goodinit.errors import InputError

Refused = Callable[..., None]

# one file for all examples of a property: each overwrites it
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

X = np.arange(120, dtype=np.float64).reshape(20, 3, 2)
Y = np.arange(20) % 4


def saved(folder: Path, **arrays: Any) -> Path:
    np.savez_compressed(folder / "t.npz", **arrays)
    return folder / "t.npz"


@pytest.mark.parametrize("names", [("x", "y"), ("X", "Y"), ("inputs", "targets"), ("input", "target")])
def test_arrays_of_the_usual_names(tmp_path: Path, names: tuple[str, str]) -> None:
    data = datasets.npz(saved(tmp_path, **dict(zip(names, (X, Y), strict=True))))
    assert (data.task, data.inputs, data.outputs) == ("multiclass", 6, 4)
    both = np.vstack([data.train_inputs, data.test_inputs])
    np.testing.assert_array_equal(both[np.argsort(both[:, 0])], X.reshape(20, 6))
    assert any("3 x 2" in note and "flattened to 6" in note for note in data.notes)
    assert f"targets: array {names[1]!r}" in data.notes


def test_one_hot_targets(tmp_path: Path) -> None:
    data = datasets.npz(saved(tmp_path, x=X, y=np.eye(4)[Y]))
    assert (data.task, data.outputs) == ("multiclass", 4)
    assert any("one-hot rows of 4 classes" in note for note in data.notes)
    assert datasets.npz(tmp_path / "t.npz", task="regression").train_targets.shape == (15, 4)


def test_arrays_of_other_names(tmp_path: Path) -> None:
    path = saved(tmp_path, pixels=X, label=np.array(["a", "b"])[Y % 2], x=X)
    data = datasets.load(f"npz:{path}(inputs=pixels, target=label, test=.5)")
    assert data.classes == ("a", "b")
    assert data.source == f"npz:{path}(inputs=pixels, target=label, test=0.5)"


def test_arrays_that_are_split_already(tmp_path: Path) -> None:
    path = saved(tmp_path, x_train=X, y_train=Y, x_test=X[:5], y_test=Y[:5], x=X)
    data = datasets.npz(path)
    np.testing.assert_array_equal(data.train_inputs, X.reshape(20, 6))
    assert len(data.test_inputs) == 5
    assert any("as in the file" in note for note in data.notes)


@pytest.mark.parametrize(
    ("arrays", "options", "parts"),
    [
        ({"x": X}, {}, ["no array y or targets or target, but x", "target=NAME"]),
        ({"y": Y}, {}, ["no array x or inputs or input, but y", "inputs=NAME"]),
        ({"x": X, "y": Y}, {"target": "z"}, ["array 'z'", "known: x, y"]),
        ({"x": X, "y": Y}, {"target": "x"}, ["same array, 'x'"]),
        ({"x": X, "y": Y[:3]}, {}, ["20 inputs and 3"]),
        ({"x": X * 1j, "y": Y}, {}, ["array 'x' has dtype complex128", "plain numbers"]),
        ({"x": np.array([{}] * 20), "y": Y}, {}, ["array 'x' has dtype object"]),
        ({"x": np.where(X == 7, np.nan, X), "y": Y}, {}, ["inputs[1, 1] is nan", "fill it"]),
        ({"x": X[:, 0, 0], "y": Y}, {}, ["(samples, features)", "reshape"]),
        ({"x": X, "y": Y * 0}, {}, ["array 'y'", "one class only"]),
        ({"x": X, "y": Y * 0 + 0.5}, {}, ["array 'y'", "one value only (0.5)"]),
        ({"x": X, "y": Y[:, None] * [1.5, 0]}, {}, ["array 'y', column 2 of 2, holds one value only (0)"]),
        ({"x": X, "y": 10**18 + np.arange(20)}, {"task": "regression"}, ["array 'y'", "2^53", "subtract"]),
        ({"x": np.array(5), "y": Y}, {}, ["(samples, features)", "()"]),
        ({"x": X, "y": np.array(5)}, {}, ["array 'y'", "(n,)"]),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y}, {}, ["6 features and test_inputs 4"]),
    ],
)
def test_what_an_archive_is_refused_for(
    tmp_path: Path, arrays: dict[str, Any], options: dict[str, Any], parts: list[str], refused: Refused
) -> None:
    path = saved(tmp_path, **arrays)
    refused(lambda: datasets.npz(path, **options), "t.npz", *parts)


def member(shape: str, content: bytes = b"") -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def archive(folder: Path, x: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    y = io.BytesIO()
    np.save(y, Y)
    with zipfile.ZipFile(folder / "t.npz", "w", method) as made:
        made.writestr("x.npy", x)
        made.writestr("y.npy", y.getvalue())
    return folder / "t.npz"


@pytest.mark.parametrize(
    ("x", "parts"),
    [
        (member("(1000000000000,)"), ["1000000000000 values", "at most"]),
        (member("(1000,)"), ["another length", "save it again"]),
        (member("(20, 1)", b"\0" * 161), ["another length"]),
        (member("(-2, -3)", b"\0" * 48), ["cannot be read as .npz"]),
        (member("(10 ** 9,)"), ["cannot be read as .npz"]),
        (member("(" + "9" * 40 + ", 0)"), ["cannot be read as .npz", "numpy.savez"]),
        (member("(" * 4000), ["cannot be read as .npz"]),
        (member("-" * 9000 + "1"), ["cannot be read as .npz"]),
        (b"\x93NUMPY\x03\x00", ["format 3.0"]),
        (b"not an array", ["cannot be read as .npz"]),
        (b"", ["cannot be read as .npz"]),
    ],
)
def test_headers_that_lie(tmp_path: Path, x: bytes, parts: list[str], refused: Refused) -> None:
    path = archive(tmp_path, x)
    refused(lambda: datasets.npz(path), "t.npz", *parts)


def test_bombs_and_foreign_packing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    path = archive(tmp_path, member("(20, 1)", b"\0" * 160), zipfile.ZIP_LZMA)
    refused(lambda: datasets.npz(path), "a method that NumPy does not use", "repack")
    bomb = archive(tmp_path, b"\0" * 10_000_000)
    monkeypatch.setattr("goodinit.datasets.archives.MOST_BYTES", 1_000_000)
    refused(lambda: datasets.npz(bomb), "unpacks to 1", "at most 1000000", "cut it down")
    np.save(tmp_path / "t.npy", X)
    refused(lambda: datasets.npz(tmp_path / "t.npy"), "t.npy': cannot be read as .npz", "numpy.savez")


@FUZZ
@given(st.binary(max_size=300))
def test_arbitrary_bytes_as_an_archive(tmp_path: Path, refused: Refused, content: bytes) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(content)
    refused(lambda: datasets.npz(path), "t.npz")


@FUZZ
@given(st.binary(max_size=200))
def test_arbitrary_bytes_as_an_array(tmp_path: Path, refused: Refused, content: bytes) -> None:
    path = archive(tmp_path, b"\x93NUMPY\x01\x00" + content)
    refused(lambda: datasets.npz(path), "t.npz")


@FUZZ
@given(st.data())
def test_archives_with_a_few_bytes_changed(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(saved(tmp_path, x=X[:4], y=Y[:4]).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "t.npz"
    path.write_bytes(bytes(content))
    try:
        datasets.npz(path)
    except InputError as error:
        said = str(error)
    else:
        return  # some bytes do not matter
    assert "t.npz" in said
