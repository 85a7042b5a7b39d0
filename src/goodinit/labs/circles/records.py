"""A whole run kept in a file: plain arrays in NumPy's .npz format, never pickle."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from goodinit.datasets.archives import unpacked
from goodinit.datasets.files import PathText, folder, regular_file, shown
from goodinit.errors import InputError, one_of
from goodinit.labs import checks
from goodinit.labs.checks import Array
from goodinit.labs.circles.data import load_dataset
from goodinit.labs.circles.training import STARTS, gradient_descent, predict_dec

GRID = np.linspace(-1.5, 1.5, 121)  # the circles' radii are 1 and .8, the noise .05

# what a record holds: k is the number of recorded iterations
SHAPES = {
    "initialization": (),
    "learning_rate": (),
    "iterations": ("k",),
    "costs": ("k",),
    "train_accuracy": ("k",),
    "test_accuracy": ("k",),
    "train_predictions": ("k", "train"),
    "test_predictions": ("k", "test"),
    "grid_x": ("x",),
    "grid_y": ("y",),
    "decision": ("k", "y", "x"),
}


def record(
    initialization: str, path: PathText | None = None, learning_rate: float = 0.01, num_iterations: int = 15_000
) -> dict[str, Array]:
    """Train on the circles of the lesson, note every 1,000 iterations what the network answers, and save all that.

    The file appears under its name only when it is whole: Ctrl-C leaves what was there before.

    Parameters
    ----------
    initialization : str
        ``zeros``, ``random`` (normal x 10) or ``he``.
    path : path, optional
        The file; ``circles-he.npz`` and the like in the current folder if not given. An older one is replaced.
    learning_rate : float
        > 0.
    num_iterations : int
        At least 1.

    Returns
    -------
    dict of arrays
        ``initialization``; ``learning_rate``; ``iterations`` (k,), the last of which is `num_iterations`; at each of
        them ``costs`` (k,), ``train_accuracy`` and ``test_accuracy`` (k,), ``train_predictions`` (k, 300) and
        ``test_predictions`` (k, 100); ``grid_x`` and ``grid_y``, the coordinates of a grid over the plane, and
        ``decision`` (k, len(grid_y), len(grid_x)), whether the network says class 1 there.

    Raises
    ------
    InputError
        If an option is out of range, or the file cannot be written.
    """
    initialize = STARTS[one_of("initialization", initialization, STARTS)]
    checks.training(learning_rate, num_iterations)
    file = Path(os.path.expanduser(f"circles-{initialization}.npz" if path is None else path))
    folder(file.parent)
    train_X, train_Y, test_X, test_Y = load_dataset()
    plane = np.array(np.meshgrid(GRID, GRID)).reshape(2, -1)
    kept: dict[str, list[Array]] = {name: [] for name, shape in SHAPES.items() if shape[:1] == ("k",)}
    run = gradient_descent(train_X, train_Y, initialize([2, 10, 5, 1]), learning_rate, num_iterations)
    for i, parameters, cost in run:
        train, test, decision = (predict_dec(parameters, X)[0] for X in (train_X, test_X, plane))
        accuracies = np.mean(train == train_Y[0]), np.mean(test == test_Y[0])
        seen = (i, cost, *accuracies, train.astype(int), test.astype(int), decision.reshape(GRID.size, GRID.size))
        for name, value in zip(kept, seen, strict=True):
            kept[name].append(np.asarray(value))
    found = {"initialization": np.array(initialization), "learning_rate": np.array(float(learning_rate))}
    found |= {"grid_x": GRID, "grid_y": GRID} | {name: np.array(values) for name, values in kept.items()}
    _save(file, found)
    return found


def load_record(path: PathText) -> dict[str, Array]:
    """Return what `record` saved in a file; nothing in the file is executed.

    Raises
    ------
    InputError
        If there is no such file, or it holds something else.
    """
    file = regular_file(path)
    try:
        found = unpacked(file, _names)
        _check(found)
    except InputError as error:
        raise InputError(f"{shown(path)} {error}; make one with record('he', path)") from None
    return found


def _names(present: Sequence[str]) -> list[str]:
    if missing := [name for name in SHAPES if name not in present]:
        raise InputError(f"is no record of a run, since it lacks {', '.join(missing)}")
    return list(SHAPES)


def _check(found: dict[str, Array]) -> None:
    """Raise InputError unless axes of the same name have the same length everywhere."""
    lengths: dict[str, int] = {}
    for name, axes in SHAPES.items():
        shape = found[name].shape
        if len(shape) != len(axes) or any(lengths.setdefault(a, n) != n for a, n in zip(axes, shape, strict=True)):
            raise InputError(f"is no record of a run, since its {name} has shape {shape}")


def _save(path: Path, arrays: dict[str, Any]) -> None:
    """Write beside the file and rename, so that a half-written one never bears its name."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"{shown(path)} cannot be written: {error.strerror}; give another path") from None
    finally:
        part.unlink(missing_ok=True)
