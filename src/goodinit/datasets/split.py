"""Parting examples into a training and a test set."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from goodinit.datasets import targets as read
from goodinit.datasets.data import Data, arrays, examples
from goodinit.datasets.targets import Array
from goodinit.errors import InputError, finite, one_of, whole

Rows = npt.NDArray[np.int64]


def split_rows(strata: Rows, test: float, seed: int) -> tuple[Rows, Rows]:
    """Return the rows of the training and of the test set, both in ascending order.

    One random row of every stratum stays in training. The others stand in line, stratum after stratum and
    shuffled within; of their m, T = round(n * test) go to the test set, evenly spaced: place p does when
    floor((p + 1) T / m) > floor(p T / m).

    Parameters
    ----------
    strata : array (n,) of int
        The class of each row; all equal for regression.
    test : float
        The part that goes to the test set, above 0 and below 1.
    seed : int
        Seed of the shuffling.

    Raises
    ------
    InputError
        If there are too few rows.
    """
    if not 0 < finite("test", test) < 1:
        raise InputError(f"test must be above 0 and below 1, got {test!r}; 0.25 holds out a quarter")
    shuffled = np.random.default_rng(whole("split_seed", seed, 0)).permutation(len(strata))
    line = shuffled[np.argsort(strata[shuffled], kind="stable")]
    kept = np.diff(strata[line], prepend=-1) != 0  # the first of each stratum
    wanted, free = round(len(line) * test), line[~kept]
    if not 1 <= wanted <= len(free):
        raise InputError(
            f"too few rows to split: of {len(line)}, test={test} wants {wanted} for the test set, which needs at"
            f" least 1, and {kept.sum()} must stay to train each class; add rows, merge classes or change test"
        )
    place = np.arange(len(free))
    chosen = (place + 1) * wanted // len(free) > place * wanted // len(free)
    return np.sort(np.concatenate([line[kept], free[~chosen]])), np.sort(free[chosen])


def split_arrays(
    inputs: Array,
    targets: npt.ArrayLike,
    name: str,
    *,
    task: str | None,
    test: float,
    split_seed: int,
    features: Sequence[str] = (),
    standardize: bool,
    source: str,
    notes: Sequence[str],
) -> Data:
    """Make a data set from arrays that are not split yet; `name` is what messages call the targets."""
    inputs = examples("inputs", inputs)
    values = read.checked(name, targets)
    if len(values) != len(inputs):
        raise InputError(f"there are {len(inputs)} inputs and {len(values)} of {name}; both need the same number")
    said = list(notes)
    if task != "regression" and (count := read.one_hot(values)):
        values, task = read.positions(name, values, count), task or read.classification(count)
        said.append(f"task: {task}, because {name} has one-hot rows of {count} classes")
    if task is None:
        task, why = read.infer(values, name)
        said.append(why)
    if one_of("task", task, read.TASKS) == "regression":
        classes, strata = [], np.zeros(len(values), np.int64)
        values = read.quantities(name, values)
    else:
        known = read.distinct(values)
        classes = [read.class_name(value) for value in known]
        read.fitting(task, name, classes, classes)
        values = strata = read.encode(name, values, known)
    train_rows, test_rows = split_rows(strata, test, split_seed)
    if not classes:
        read.varying(name, values)
    how = ", stratified" if classes else ""
    said.append(f"split: {100 * test:g} % test ({len(test_rows)} of {len(values)}), seed {split_seed}{how}")
    return arrays(
        inputs[train_rows],
        values[train_rows],
        inputs[test_rows],
        values[test_rows],
        task=task,
        classes=classes,
        features=features,
        standardize=standardize,
        source=source,
        notes=said,
    )
