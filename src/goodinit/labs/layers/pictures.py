"""Pictures of cats and of other things, and how pictures become columns."""

import os
from pathlib import Path

import numpy as np

from goodinit.datasets.files import PathText
from goodinit.datasets.images import cat_pictures
from goodinit.errors import InputError
from goodinit.labs.checks import Array


def load_train_data(folder: PathText | None = None) -> tuple[Array, Array]:
    """Return the pictures to learn from, and whether each shows a cat.

    Parameters
    ----------
    folder : path, optional
        Where ``train_catvnoncat.h5`` is. If not given, the folder ``cats`` in the one that the environment variable
        ``GOODINIT_DATA`` names.

    Returns
    -------
    pictures : array, shape (m, height, width, 3)
        Pixels already divided by 255, so from 0 to 1.
    labels : array of int, shape (1, m)
        1 for a cat, 0 for something else.

    Raises
    ------
    InputError
        If no folder is named, or the file is missing or damaged.
    """
    return _load(folder, "train")


def load_test_data(folder: PathText | None = None) -> tuple[Array, Array]:
    """Return the pictures to test on: as `load_train_data`, from ``test_catvnoncat.h5``."""
    return _load(folder, "test")


def flatten(pictures: Array) -> Array:
    """Turn pictures (m, height, width, colours) into columns (height * width * colours, m), in C order.

    Raises
    ------
    InputError
        If the array has not four axes.
    """
    if np.ndim(pictures) != 4:
        raise InputError(
            f"pictures must have shape (m, height, width, colours), got {np.shape(pictures)}; grey ones have 1 colour: "
            "pictures[..., np.newaxis]"
        )
    m, height, width, colours = np.shape(pictures)
    return np.reshape(pictures, (m, height * width * colours)).T


def _load(folder: PathText | None, part: str) -> tuple[Array, Array]:
    root = os.environ.get("GOODINIT_DATA")
    if folder is None and not root:
        raise InputError(
            f"where is {part}_catvnoncat.h5? Give its folder, load_{part}_data('my/cats'), or name in the environment "
            "variable GOODINIT_DATA the folder that has it in cats/"
        )
    where = Path(root or "", "cats") if folder is None else folder
    pictures, labels, _ = cat_pictures(where, part)
    return pictures, labels.reshape(1, -1)
