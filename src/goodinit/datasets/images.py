"""Pictures: MNIST in its four IDX files, and cat or not cat in two HDF5 files."""

import gzip
import math
import os
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from goodinit.datasets.data import Data, arrays
from goodinit.datasets.files import MOST_VALUES, PathText, folder, regular_file, shown, spelled
from goodinit.datasets.targets import Array
from goodinit.errors import InputError, whole
from goodinit.spelling import clip

DIGITS = tuple("0123456789")
UNSIGNED_BYTE = 8  # the type code of IDX files of bytes


def mnist(path: PathText, *, holdout: int = 0, standardize: bool = False) -> Data:
    """Read MNIST, or a set laid out like it; pixels are divided by 255.

    Parameters
    ----------
    path : path
        The folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``
        and ``t10k-labels-idx1-ubyte``; also with ``.gz``, also with ``.idx`` in place of ``-idx``.
    holdout : int
        If above 0, the first `holdout` training images are the test set, the others the training set, and
        the files of the test set are not read.
    standardize : bool
        Bring each pixel to training mean 0 and standard deviation 1.

    Returns
    -------
    Data
        Inputs float32 (samples, 784).

    Raises
    ------
    InputError
        If a file is missing, damaged or too large.

    References
    ----------
    Y. LeCun, C. Cortes and C. Burges, http://yann.lecun.com/exdb/mnist/, which also defines the IDX format.
    """
    source = spelled(mnist, path, holdout=holdout, standardize=standardize)
    here = folder(path)
    images, labels = _labelled(here, "train")
    if whole("holdout", holdout, 0) >= len(images):
        raise InputError(f"holdout must be below the {len(images)} training images, got {holdout}; take fewer")
    if holdout:
        split = f"split: the first {holdout} training images are the test set"
        parts = images[holdout:], labels[holdout:], images[:holdout], labels[:holdout]
    else:
        split = "split: as in the files"
        parts = images, labels, *_labelled(here, "t10k")
    return arrays(
        *parts,
        task="multiclass",
        classes=DIGITS,
        standardize=standardize,
        source=source,
        notes=["inputs: pixels divided by 255", split],
    )


def cats(path: PathText, *, standardize: bool = False) -> Data:
    """Read pictures of cats and of other things; pixels are divided by 255.

    Parameters
    ----------
    path : path
        The folder with ``train_catvnoncat.h5`` and ``test_catvnoncat.h5``.
    standardize : bool
        Bring each pixel to training mean 0 and standard deviation 1.

    Returns
    -------
    Data
        Inputs float64 (samples, height * width * 3), flattened in C order: the colours of a pixel are
        neighbours.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    source = spelled(cats, path, standardize=standardize)
    pictures, labels, classes = cat_pictures(path, "train")
    test_pictures, test_labels, _ = cat_pictures(path, "test")
    return arrays(
        _rows(pictures),
        labels,
        _rows(test_pictures),
        test_labels,
        task="binary",
        classes=classes,
        standardize=standardize,
        source=source,
        notes=["inputs: pixels divided by 255", "split: as in the files"],
    )


def cat_pictures(path: PathText, part: str) -> tuple[Array, Array, list[str]]:
    """Return one part of the pictures of cats and of other things, as pictures.

    Parameters
    ----------
    path : path
        The folder with ``train_catvnoncat.h5`` and ``test_catvnoncat.h5``.
    part : str
        ``train`` or ``test``.

    Returns
    -------
    pictures : array, shape (samples, height, width, 3)
        float64, pixels divided by 255.
    labels : array of int, shape (samples,)
    classes : list of str

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    return _pictures(regular_file(folder(path) / f"{part}_catvnoncat.h5"), part)


def _labelled(here: Path, part: str) -> tuple[Array, Array]:
    """Return the images of one part as float32 (samples, pixels) in [0, 1], and their labels."""
    images = _idx(_find(here, f"{part}-images", 3), 3)
    labels = _idx(_find(here, f"{part}-labels", 1), 1)
    if len(images) != len(labels):
        raise InputError(
            f"{part}-images in {shown(here)} has {len(images)} images and {part}-labels {len(labels)} labels;"
            " take both files from the same set"
        )
    if (labels > 9).any():
        raise InputError(
            f"{part}-labels in {shown(here)} has label {labels.max()}; labels must be 0 to 9: take another set"
        )
    return images.reshape(len(images), math.prod(images.shape[1:])).astype(np.float32) / 255, labels


def _find(here: Path, stem: str, dimensions: int) -> Path:
    usual = f"{stem}-idx{dimensions}-ubyte"
    for name in (usual, f"{usual}.gz", f"{stem}.idx{dimensions}-ubyte", f"{stem}.idx{dimensions}-ubyte.gz"):
        if os.path.exists(here / name):  # unlike Path.exists, False also for what must not be looked at
            return regular_file(here / name)
    raise InputError(f"there is no {usual} or {usual}.gz in {shown(here)}; put the four MNIST files there")


def _idx(file: Path, dimensions: int) -> Array:
    """Read an IDX file of bytes: 0, 0, type code, dimensions; big-endian 4-byte sizes; the bytes."""
    try:
        with ExitStack() as opened:
            stream: BinaryIO = opened.enter_context(file.open("rb"))
            if file.suffix == ".gz":
                stream = cast(BinaryIO, opened.enter_context(gzip.GzipFile(fileobj=stream)))
            return _idx_content(stream, dimensions)
    except InputError as error:
        raise InputError(f"{shown(file)} {error}; fetch it again") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{shown(file)} cannot be read ({clip(str(error))}); fetch it again") from None


def _idx_content(stream: BinaryIO, dimensions: int) -> Array:
    magic = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if (found := stream.read(4)) != magic:
        raise InputError(f"begins with {found.hex() or 'nothing'}, and this IDX file must begin with {magic.hex()}")
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise InputError("ends within its header")
    shape = tuple(int(size) for size in np.frombuffer(sizes, dtype=">u4"))
    if (length := math.prod(shape)) > MOST_VALUES:
        raise InputError(f"claims {length} bytes of data, and at most {MOST_VALUES} are read")
    content = stream.read(length + 1)  # one more shows whether the file ends where it should
    if len(content) != length:
        raise InputError(f"must hold {length} bytes of data for shape {shape}, and holds {_held(content, length)}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _held(content: bytes, length: int) -> str:
    return "more" if len(content) > length else str(len(content))


def _pictures(file: Path, part: str) -> tuple[Array, Array, list[str]]:
    """Return pictures as float64 (samples, height, width, colours) in [0, 1], their labels and the classes' names."""
    import h5py

    try:
        with h5py.File(file, "r") as content:
            pictures = _dataset(content, f"{part}_set_x", "u", 4)
            labels = _dataset(content, f"{part}_set_y", "iu", 1)
            classes = [bytes(name).decode() for name in _dataset(content, "list_classes", "S", 1)]
    except InputError as error:
        raise InputError(f"{shown(file)} {error}; fetch it again") from None
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise InputError(f"{shown(file)} is not a sound HDF5 file ({clip(str(error))}); fetch it again") from None
    return pictures / 255, labels, classes


def _rows(pictures: Array) -> Array:
    return pictures.reshape(len(pictures), math.prod(pictures.shape[1:]))


def _dataset(content: Any, key: str, kinds: str, dimensions: int) -> Array:
    """Read an array that lies in this very file and has the type and the dimensions it should have."""
    import h5py

    link = content.get(key, getlink=True)
    found = content.get(key) if isinstance(link, h5py.HardLink) else None  # other links may lead to other files
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external:
        raise InputError(f"has no array {key!r}")
    if found.dtype.kind not in kinds or found.ndim != dimensions:
        raise InputError(f"has {key!r} with dtype {found.dtype} and shape {found.shape}, which is not the layout")
    if (size := found.size) > MOST_VALUES:
        raise InputError(f"has {key!r} of {size} values, and at most {MOST_VALUES} are read")
    return np.asarray(found[()])
