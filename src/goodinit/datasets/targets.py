"""What the targets say: which task they pose, and which number stands for which class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from goodinit.errors import InputError
from goodinit.spelling import clip

Array = npt.NDArray[Any]

TASKS = ("binary", "multiclass", "regression")
TOO_LONG = (
    f"has different whole numbers beyond 2^53 = {2**53} that floating-point numbers cannot tell apart;"
    " subtract a constant from them, or, if they name classes, put a letter in front"
)
FEW = 20  # distinct whole numbers: up to here they are read as classes, beyond as quantities


def as_array(name: str, values: npt.ArrayLike) -> Array:
    """Return `values` as an array, or raise InputError if they do not make one."""
    try:
        found = np.asarray(values)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError(f"{name} must be an array of equally long rows: {error}") from None
    with np.errstate(over="ignore"):  # longer floats that overflow become infinite, which the callers refuse
        return found.astype(np.float64) if found.dtype.kind == "f" and found.dtype.itemsize > 8 else found


def checked(name: str, targets: npt.ArrayLike) -> Array:
    """Return finite numbers or text of shape ``(n,)`` or ``(n, outputs > 1)``; a single column becomes flat."""
    values = _plain(name, as_array(name, targets))
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def one_hot(values: Array) -> int:
    """Return the number of classes if every row has a single 1 among zeros; otherwise 0."""
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        return 0
    return values.shape[1] if np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all() else 0


def positions(name: str, values: Array, classes: int) -> Array:
    """Return the positions of the ones in one-hot rows for so many classes."""
    if (found := one_hot(values)) != classes:
        raise InputError(
            f"{name} has {f'one-hot rows of {found} classes' if found else 'no one-hot rows'}, and the training"
            f" targets have one-hot rows of {classes}; write both alike, or say task=regression"
        )
    places: Array = values.argmax(axis=1)
    return places


def classification(count: int) -> str:
    """Return which classification it is with so many classes."""
    return "binary" if count == 2 else "multiclass"


def infer(values: Array, name: str) -> tuple[str, str]:
    """Return the task that the targets pose, and a sentence that says why.

    Text and true/false are classes; so are whole numbers with at most 20 distinct values; the rest is regression.
    """
    if values.ndim == 2:
        return "regression", f"task: regression, because {name} has {values.shape[1]} columns"
    if values.dtype.kind == "f" and not np.array_equal(values, np.rint(values)):
        return "regression", f"task: regression, because {name} has fractions"
    count = len(np.unique(values))
    if values.dtype.kind in "iuf" and count > FEW:
        return "regression", f"task: regression, because {name} has {count} distinct numbers, more than {FEW}"
    task = classification(count)
    return task, f"task: {task} classification, because {name} has {count} value{'' if count == 1 else 's'}"


def distinct(values: Array) -> list[Any]:
    """Return the distinct values in ascending order; their positions are the class numbers."""
    found: list[Any] = np.unique(values).tolist()
    return found


def class_name(value: Any) -> str:
    """Return how a class is called: ``1`` for 1.0, the text itself for text."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def encode(name: str, values: Array, known: Sequence[Any]) -> npt.NDArray[np.int64]:
    """Return for each value its position in `known`; raise InputError for a value that is not there."""
    if values.ndim != 1:
        raise InputError(f"{name} must hold one class per example, got shape {values.shape}; flatten it")
    code = {value: position for position, value in enumerate(known)}
    codes = np.array([code.get(value, -1) for value in values.tolist()], dtype=np.int64)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        names = clip(", ".join(map(class_name, known)))
        raise InputError(
            f"{name}[{row}] is {clip(repr(values.tolist()[row]))}, which is none of the {len(known)} classes {names};"
            " every class needs an example in the training targets"
        )
    return codes


def fitting(task: str, name: str, classes: Sequence[str], seen: Sequence[str]) -> None:
    """Raise InputError unless at least two classes are seen, and there are no others if the task is binary."""
    if len(seen) < 2:
        raise InputError(
            f"{name} holds one class only ({clip(repr(seen[0]))}), and classification needs at least two;"
            " choose another target or task=regression"
        )
    if task == "binary" and len(classes) != 2:
        raise InputError(f"task=binary needs 2 classes, and {name} has {len(classes)}; choose task=multiclass")


def quantities(name: str, values: Array) -> npt.NDArray[np.float64]:
    """Return regression targets as float64 of shape ``(n, outputs)``."""
    if values.dtype.kind not in "biuf":
        raise InputError(f"{name} holds text, and regression needs numbers; choose task=multiclass or binary")
    numbers = values.reshape(len(values), -1).astype(np.float64)
    if values.dtype.kind in "iu" and merged(values, numbers):
        raise InputError(f"{name} {TOO_LONG}")
    return numbers


def merged(whole: Array, numbers: Array) -> bool:
    """Tell whether different whole numbers became the same floating-point number."""
    return len(set(whole.ravel().tolist())) > len(np.unique(numbers))


def varying(name: str, values: Array) -> None:
    """Raise InputError unless every column of training targets has a variance above 0 that can be computed."""
    for column, output in enumerate(values.T):
        where = f"{name}, column {column + 1} of {values.shape[1]}," if values.shape[1] > 1 else name
        if np.ptp(output / 2) == 0:  # halves: the range of the largest numbers would overflow
            raise InputError(
                f"{where} holds one value only ({output[0]:g}), and regression needs at least two;"
                " choose another target"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            variance = float(np.var(output))
        if not 0 < variance < np.inf:
            raise InputError(f"{where} has numbers too large or too close together to have a variance; rescale them")


def _plain(name: str, values: Array) -> Array:
    """Return numbers or text in one or two dimensions, all of them finite."""
    if values.dtype.kind == "O" and not all(isinstance(value, str) for value in values.flat):
        values = as_array(name, values.tolist())
    if values.dtype.kind not in "biufUO" or (values.dtype.kind == "O" and not _all_text(values)):
        raise InputError(f"{name} must be numbers, true/false or text, got dtype {values.dtype}; convert them")
    if values.ndim not in (1, 2) or 0 in values.shape[1:]:
        raise InputError(f"{name} must have shape (n,) or (n, outputs), got {values.shape}; reshape it")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0, 0])
        raise InputError(f"{name}[{row}] is {values[row]}; targets must be finite: fill it or drop the example")
    return values


def _all_text(values: Array) -> bool:
    return all(isinstance(value, str) for value in values.flat)
