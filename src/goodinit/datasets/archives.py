"""NumPy's .npz files, read without pickle and without trusting what they say about their size."""

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from goodinit.datasets.data import Data, arrays
from goodinit.datasets.files import MOST_BYTES, MOST_VALUES, PathText, regular_file, shown, spelled
from goodinit.datasets.split import split_arrays
from goodinit.datasets.targets import Array
from goodinit.errors import InputError
from goodinit.spelling import clip, nearest

READY = ("x_train", "y_train", "x_test", "y_test")  # as Keras lays them out
INPUTS = ("x", "inputs", "input")
TARGETS = ("y", "targets", "target")

# What zipfile and the .npy reader raise for damaged files; encrypted ones give RuntimeError, and a header
# nested too deeply MemoryError.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


def npz(
    path: PathText,
    *,
    inputs: str | None = None,
    target: str | None = None,
    task: str | None = None,
    test: float = 0.25,
    split_seed: int = 0,
    standardize: bool = False,
) -> Data:
    """Read arrays that ``numpy.savez`` or ``numpy.savez_compressed`` wrote.

    The file holds inputs and targets, called ``x`` and ``y`` or ``inputs`` and ``targets`` (also ``input`` and
    ``target``) in upper or lower case; or ``x_train``, ``y_train``, ``x_test``, ``y_test``, which are not split
    again. Inputs of more than two dimensions are flattened, the last axis fastest.

    Parameters
    ----------
    path : path
        A file of at most 1 GiB, packed and unpacked.
    inputs, target : str, optional
        Names of the arrays, if they are called otherwise.
    task : str, optional
        ``binary``, ``multiclass`` or ``regression``; inferred from the targets as in `csv` if not given.
    test : float
        The part that becomes the test set, above 0 and below 1.
    split_seed : int
        Seed of the split.
    standardize : bool
        Bring each input, and the targets of a regression, to training mean 0 and standard deviation 1.

    Raises
    ------
    InputError
        If the file is damaged or too large, or its arrays do not fit.
    """
    source = spelled(
        npz,
        path,
        inputs=inputs,
        target=target,
        task=task,
        test=test,
        split_seed=split_seed,
        standardize=standardize,
    )
    file = regular_file(path)
    try:
        found = unpacked(file, lambda names: _chosen(names, inputs, target))
        if len(found) == 4:
            return _ready(found, task, standardize, source)
        (x_name, x), (y_name, y) = found.items()
        x, notes = _flat(x_name, x)
        named = [f"inputs: array {x_name!r}", f"targets: array {y_name!r}", *notes]
        return split_arrays(
            x,
            y,
            f"array {y_name!r}",
            task=task,
            test=test,
            split_seed=split_seed,
            standardize=standardize,
            source=source,
            notes=named,
        )
    except InputError as error:
        raise InputError(f"{shown(path)}: {error}") from None


def unpacked(file: Path, choose: Callable[[Sequence[str]], list[str]]) -> dict[str, Array]:
    """Return the arrays of an .npz file that `choose` picks from the names of all.

    Raises
    ------
    InputError
        If the file is damaged or too large, or holds other things than numbers and text; its name is not in the
        message.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            wanted = choose(list(members))
            if (total := sum(members[name].file_size for name in wanted)) > MOST_BYTES:
                raise InputError(f"unpacks to {total} bytes, and at most {MOST_BYTES} are read; cut it down")
            return {name: _array(archive, members[name]) for name in wanted}
    except InputError:
        raise
    except _DAMAGED as error:
        why = f"{type(error).__name__}: {clip(str(error))}"
        raise InputError(f"cannot be read as .npz ({why}); write it with numpy.savez") from None


def _ready(found: dict[str, Array], task: str | None, standardize: bool, source: str) -> Data:
    x_train, notes = _flat("x_train", found["x_train"])
    x_test, _ = _flat("x_test", found["x_test"])
    return arrays(
        x_train,
        found["y_train"],
        x_test,
        found["y_test"],
        task=task,
        standardize=standardize,
        source=source,
        notes=[*notes, "split: as in the file; test and split_seed are not used"],
    )


def _chosen(names: Sequence[str], inputs: str | None, target: str | None) -> list[str]:
    """Return the names of the four arrays that are split already, or of inputs and targets."""
    if inputs is None and target is None and set(READY) <= set(names):
        return list(READY)
    chosen = [_named("inputs", inputs, INPUTS, names), _named("target", target, TARGETS, names)]
    if chosen[0] == chosen[1]:
        raise InputError(f"inputs and target are the same array, {chosen[0]!r}; name two")
    return chosen


def _named(option: str, given: str | None, usual: Sequence[str], names: Sequence[str]) -> str:
    if given is not None:
        return nearest(str(given), names, "array")
    for name in names:
        if name.lower() in usual:
            return name
    raise InputError(
        f"has no array {' or '.join(usual)}, but {clip(', '.join(names)) or 'none at all'};"
        f" say {option}=NAME which one it is"
    )


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    """Read one array, after checking that its header claims as many bytes as there are."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"array {info.filename!r} is packed by a method that NumPy does not use; repack it")
    name = clip(repr(info.filename.removesuffix(".npy")))
    with archive.open(info) as stream:
        shape, dtype = _header(stream)
        begin, size = stream.tell(), math.prod(shape)
        if dtype.kind not in "biufU" or dtype.itemsize == 0:
            raise InputError(f"array {name} has dtype {dtype}; save plain numbers or text")
        if size > MOST_VALUES:
            raise InputError(f"array {name} has {size} values, and at most {MOST_VALUES} are read; cut it down")
        if begin + size * dtype.itemsize != info.file_size:
            raise InputError(f"array {name} has shape {shape}, and its data another length; save it again")
    with archive.open(info) as stream:
        found: Array = npy.read_array(stream, allow_pickle=False)
        return found


def _header(stream: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):  # 3.0 is for field names, and no array here has fields
        raise InputError(f"holds an array of format {version[0]}.{version[1]}; save plain numbers or text")
    parse = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = parse(stream)
    return shape, dtype


def _flat(name: str, values: Array) -> tuple[Array, list[str]]:
    if values.ndim <= 2 or len(values) == 0:
        return values, []
    sizes = " x ".join(map(str, values.shape[1:]))
    flat = values.reshape(len(values), -1)
    return flat, [f"inputs: {sizes} values each, flattened to {flat.shape[1]}, the last axis fastest"]
