"""The record of a data set, and the one function that makes and checks it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from goodinit.datasets import targets as read
from goodinit.datasets.targets import Array
from goodinit.errors import InputError, one_of


# eq=False: arrays compare element by element; two records hold the same data when their digests are equal
@dataclass(frozen=True, eq=False)
class Data:
    """A task with training and test examples; the arrays are read-only. Made by `arrays` and the loaders.

    Parameters
    ----------
    source : str
        The spelling that makes the data again, such as ``circles(noise=0.1)``; ``arrays`` for arrays.
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    train_inputs, test_inputs : array (samples, features), float32 or float64
        The examples.
    train_targets, test_targets : array
        Binary: float64 0 or 1, shape ``(n,)``. Multiclass: int64 0 to k - 1, shape ``(n,)``.
        Regression: float64, shape ``(n, outputs)``.
    classes : tuple of str
        The name of each class; empty for regression.
    features : tuple of str
        The name of each input; empty for pictures.
    notes : tuple of str
        A sentence on everything that was inferred or done.
    """

    source: str
    task: str
    train_inputs: Array
    train_targets: Array
    test_inputs: Array
    test_targets: Array
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def inputs(self) -> int:
        """The number of features."""
        return int(self.train_inputs.shape[1])

    @property
    def outputs(self) -> int:
        """The number of output units that a network for this task needs."""
        if self.task == "regression":
            return int(self.train_targets.shape[1])
        return 1 if self.task == "binary" else len(self.classes)

    def digest(self) -> str:
        """Return the SHA-256 of the task and of every array's type, shape and bytes, as 64 hex digits."""
        summed = hashlib.sha256(self.task.encode())
        for array in (self.train_inputs, self.train_targets, self.test_inputs, self.test_targets):
            summed.update(f" {array.dtype.str} {array.shape} ".encode())
            summed.update(array.reshape(-1).data)
        return summed.hexdigest()


def arrays(
    train_inputs: npt.ArrayLike,
    train_targets: npt.ArrayLike,
    test_inputs: npt.ArrayLike,
    test_targets: npt.ArrayLike,
    *,
    task: str | None = None,
    classes: Sequence[str] = (),
    features: Sequence[str] = (),
    standardize: bool = False,
    source: str = "arrays",
    notes: Sequence[str] = (),
) -> Data:
    """Make a data set of your own arrays, which are copied.

    Parameters
    ----------
    train_inputs, test_inputs : array-like (samples, features)
        Finite numbers. Two float32 arrays stay float32, everything else becomes float64.
    train_targets, test_targets : array-like (samples,) or (samples, outputs)
        Classes as numbers, text or one-hot rows; or quantities.
    task : str, optional
        ``binary``, ``multiclass`` or ``regression``. Inferred from the training targets if not given: text,
        true/false and whole numbers with at most 20 distinct values are classes.
    classes : sequence of str
        Names of the classes 0 to k - 1, which the targets then must be. If not given, the classes are the
        distinct training targets in ascending order.
    features : sequence of str
        Names of the inputs.
    standardize : bool
        Subtract the training mean from each feature and divide by the training standard deviation; the same for the
        targets of a regression, whose squared error would otherwise be in their own units.
    source : str
        How the data is spelled.
    notes : sequence of str
        What was done to the data before.

    Returns
    -------
    Data

    Raises
    ------
    InputError
        If the arrays do not fit each other or the task.

    Examples
    --------
    >>> arrays([[0.0], [1.0]], ["no", "yes"], [[0.5]], ["no"]).classes
    ('no', 'yes')
    """
    inputs = _both(examples("train_inputs", train_inputs), examples("test_inputs", test_inputs))
    train, test = read.checked("train_targets", train_targets), read.checked("test_targets", test_targets)
    _same_length(inputs, (train, test))
    said = list(notes)
    if task != "regression" and (count := read.one_hot(train)):
        train, test = (read.positions(n, t, count) for n, t in (("train_targets", train), ("test_targets", test)))
        task = task or read.classification(count)
        said.append(f"task: {task}, because train_targets has one-hot rows of {count} classes")
    if task is None and classes:
        task = read.classification(len(classes))
    elif task is None:
        task, why = read.infer(train, "train_targets")
        said.append(why)
    names, targets = _targets(one_of("task", task, read.TASKS), train, test, classes)
    if flag("standardize", standardize):
        inputs = _standardized("inputs", *inputs)
        said.append("inputs are standardized with mean and standard deviation of the training set")
        if task == "regression":
            targets = _standardized("targets", *targets)
            said.append("targets are standardized likewise, and errors are in units of their standard deviation")
    _names("feature", features, inputs[0].shape[1])
    for array in (*inputs, *targets):
        array.setflags(write=False)
    return Data(source, task, inputs[0], targets[0], inputs[1], targets[1], names, tuple(features), tuple(said))


def flag(name: str, value: bool) -> bool:
    """Return `value`, or raise InputError unless it is true or false."""
    if not isinstance(value, bool):
        raise InputError(f"{name} must be true or false, got {value!r}")
    return value


def examples(name: str, given: npt.ArrayLike) -> Array:
    """Return inputs of shape (samples, features), or raise InputError if they are not finite real numbers."""
    values = read.as_array(name, given)
    if values.dtype.kind not in "biuf":
        raise InputError(f"{name} must be real numbers, got dtype {values.dtype}; convert with .astype(float)")
    if values.ndim != 2 or values.shape[1] == 0:
        raise InputError(f"{name} must have shape (samples, features), got {values.shape}; reshape it")
    if len(values) == 0:
        raise InputError(f"{name} needs at least 1 example, got 0; give some")
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise InputError(
            f"{name}[{row}, {column}] is {values[row, column]}; inputs must be finite: fill it or drop the example"
        )
    return values


def _both(train: Array, test: Array) -> tuple[Array, Array]:
    """Return C-ordered copies of the same type, which nobody else can write to."""
    if train.shape[1] != test.shape[1]:
        raise InputError(
            f"train_inputs has {train.shape[1]} features and test_inputs {test.shape[1]};"
            " both need the same features in the same order"
        )
    dtype = np.float32 if train.dtype == test.dtype == np.float32 else np.float64
    return np.array(train, dtype, order="C"), np.array(test, dtype, order="C")


def _same_length(inputs: tuple[Array, Array], targets: tuple[Array, Array]) -> None:
    for part, rows, values in zip(("train", "test"), inputs, targets, strict=True):
        if len(rows) != len(values):
            raise InputError(
                f"{part}_inputs has {len(rows)} examples and {part}_targets {len(values)};"
                " each example needs one target"
            )


def _targets(
    task: str, train: Array, test: Array, classes: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Array, Array]]:
    """Return the names of the classes, and the targets in the form that the task has."""
    if task == "regression":
        return (), _outputs(read.quantities("train_targets", train), read.quantities("test_targets", test))
    _names("class", classes, len(classes))
    known = list(range(len(classes))) if classes else read.distinct(train)
    names = tuple(classes) or tuple(map(read.class_name, known))
    train_codes = read.encode("train_targets", train, known)
    read.fitting(task, "train_targets", names, [names[code] for code in np.unique(train_codes)])
    codes = train_codes, read.encode("test_targets", test, known)
    _seen(names, *codes)
    return names, (codes[0].astype(float), codes[1].astype(float)) if task == "binary" else codes


def _outputs(train: Array, test: Array) -> tuple[Array, Array]:
    if train.shape[1] != test.shape[1]:
        raise InputError(
            f"train_targets has {train.shape[1]} columns and test_targets {test.shape[1]}; both need the same"
        )
    read.varying("train_targets", train)
    if not np.ptp(test / 2, axis=0).any():
        value = ", ".join(f"{number:g}" for number in test[0])
        raise InputError(
            f"test_targets holds one value only ({value}), and R^2 needs at least two;"
            " take more test examples, or others"
        )
    return train, test


def _seen(names: tuple[str, ...], train: Array, test: Array) -> None:
    if unseen := sorted(set(test.tolist()) - set(train.tolist())):
        raise InputError(
            f"test_targets holds class {names[unseen[0]]!r}, which never occurs in train_targets;"
            " every class needs an example in the training targets"
        )


def _names(noun: str, names: Sequence[str], count: int) -> None:
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{noun} names must be a list of text, got {names!r}")
    if names and len(names) != count:
        raise InputError(f"{len(names)} {noun} names for {count}; give one name each, or none")
    if len(set(names)) < len(names):
        raise InputError(f"{noun} names must differ, got {', '.join(names)}; rename one")


def _standardized(what: str, train: Array, test: Array) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):  # too large numbers are found below
        mean, sd = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
        sd[np.ptp(train, axis=0) == 0] = 1  # a constant column; rounding of the mean may give it a tiny sd
        scaled = [((part - mean) / sd).astype(train.dtype) for part in (train, test)]
    if not all(np.isfinite(part).all() for part in (mean, sd, *scaled)):
        raise InputError(f"standardize: some {what} are too large or too close together; rescale them first")
    return scaled[0], scaled[1]
