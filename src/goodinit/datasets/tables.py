"""Comma-separated tables."""

import math
import re
from collections.abc import Iterator
from csv import Error as CsvError
from csv import reader
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from goodinit.datasets.data import Data
from goodinit.datasets.files import PathText, regular_file, shown, spelled
from goodinit.datasets.split import split_arrays
from goodinit.datasets.targets import TOO_LONG, Array, merged
from goodinit.errors import InputError
from goodinit.spelling import clip, nearest

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 100_000  # pandas spends kilobytes on each
MOST_FIRST_LINE = 2**24  # bytes; the header of the widest table

_CELLS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")  # what pandas says of a long line
_WHOLE = re.compile(r"[+-]?[0-9]{1,309}")  # longer ones are infinite as floating-point numbers


def csv(
    path: PathText,
    *,
    target: str | None = None,
    task: str | None = None,
    test: float = 0.25,
    split_seed: int = 0,
    standardize: bool = False,
) -> Data:
    """Read a table of comma-separated numbers with one target column.

    The first line names the columns; where all its cells are numbers it is data, and the columns are called
    ``column1``, ``column2``, ... All columns but the target must be numbers (true and false are 1 and 0).

    Parameters
    ----------
    path : path
        A UTF-8 file of at most 1 GiB.
    target : str, optional
        Name of the target column; the last one if not given.
    task : str, optional
        ``binary``, ``multiclass`` or ``regression``. Inferred if not given: text, true/false and whole numbers
        with at most 20 distinct values are classes, everything else is regression.
    test : float
        The part that becomes the test set, above 0 and below 1; of classes, drawn evenly from each.
    split_seed : int
        Seed of the split.
    standardize : bool
        Bring each input, and the targets of a regression, to training mean 0 and standard deviation 1.

    Raises
    ------
    InputError
        If the file cannot be read as such a table; the message names the column and the line.
    """
    source = spelled(csv, path, target=target, task=task, test=test, split_seed=split_seed, standardize=standardize)
    table = _read(regular_file(path))
    chosen, notes = _target(table, target)
    features = [name for name in table.frame.columns if name != chosen]
    if flags := [name for name in features if table.frame[name].dtype == bool]:
        notes.append(f"inputs: true and false are 1 and 0 in {clip(', '.join(flags))}")
    inputs = np.column_stack([_numbers(table, name) for name in features])
    values = _numbers(table, chosen) if task == "regression" else _labels(table, chosen, task)
    _refuse_merged(table, chosen, values)
    try:
        return split_arrays(
            inputs,
            values,
            f"target {clip(repr(chosen))}",
            task=task,
            test=test,
            split_seed=split_seed,
            features=features,
            standardize=standardize,
            source=source,
            notes=[*table.notes, *notes],
        )
    except InputError as error:
        raise InputError(f"{shown(path)}: {error}") from None


@dataclass(frozen=True)
class _Table:
    """A table as pandas read it, and what is needed to say where in the file a row stands."""

    file: Path
    headed: bool
    frame: "pd.DataFrame"
    notes: tuple[str, ...]


def _read(file: Path) -> _Table:
    from pandas.errors import EmptyDataError, ParserError

    try:
        with file.open("rb") as stream:
            return _parsed(file, stream)
    except EmptyDataError:
        raise InputError(f"{shown(file)} is empty; it needs a line of column names and lines of numbers") from None
    except ParserError as error:
        raise InputError(f"{shown(file)}{_unparsed(str(error))}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(file)} is not UTF-8 text ({error.reason}); save it as UTF-8 CSV") from None
    except OSError as error:
        raise InputError(f"{shown(file)} cannot be read: {error.strerror}; check its permissions") from None


def _parsed(file: Path, stream: BinaryIO) -> _Table:
    import pandas as pd

    if stream.readline(MOST_FIRST_LINE).count(b",") >= MOST_COLUMNS:
        raise InputError(f"{shown(file)} has more than {MOST_COLUMNS} columns; keep those that matter")
    stream.seek(0)
    # Two lines: pandas would take the first cells of lines longer than the header for row names.
    head = pd.read_csv(stream, header=None, nrows=2, dtype=str, skipinitialspace=True)
    headed = not all(map(_is_number, head.iloc[0]))
    if headed:
        _refuse_twins(file, head.iloc[0].fillna("").tolist())
    stream.seek(0)
    frame = pd.read_csv(stream, header=0 if headed else None, skipinitialspace=True, low_memory=False)
    if frame.empty:
        raise InputError(f"{shown(file)} has a line of column names and nothing below; add lines of numbers")
    if not headed:
        frame.columns = pd.Index([f"column{place + 1}" for place in range(frame.shape[1])])
    if frame.shape[1] < 2:
        raise InputError(
            f"{shown(file)} has one column, {clip(repr(frame.columns[0]))}, and needs an input and a target;"
            " separate columns by commas"
        )
    return _Table(file, headed, frame, tuple(_remarks(headed, list(map(str, frame.columns)))))


def _refuse_twins(file: Path, names: list[str]) -> None:
    """Raise InputError if two columns have the same name; pandas would tacitly rename the second one."""
    for place, name in enumerate(names):
        if name and (first := names.index(name)) < place:
            raise InputError(
                f"{shown(file)}, header: columns {first + 1} and {place + 1} are both called {clip(repr(name))};"
                " rename one"
            )


def _remarks(headed: bool, names: list[str]) -> Iterator[str]:
    if not headed:
        yield f"header: none, since the first line holds numbers only; columns are column1 to column{len(names)}"
    for name in names:
        if name.startswith("Unnamed: "):  # so pandas calls it; mostly row numbers that were saved along
            yield f"column {name!r} has no name in the header; delete it from the file if it numbers the rows"


def _target(table: _Table, target: str | None) -> tuple[str, list[str]]:
    names = list(map(str, table.frame.columns))
    if target is None:
        return names[-1], [f"target: column {clip(repr(names[-1]))}, the last one"]
    try:
        return nearest(str(target), names, "column"), []  # from text, a name may come as a number
    except InputError as error:
        raise InputError(f"{shown(table.file)}: {error}") from None


def _numbers(table: _Table, name: str) -> Array:
    """Return a column as float64, or raise InputError that names the first cell that is no finite number."""
    import pandas as pd

    column = table.frame[name]
    _refuse(table, name, column.isna().to_numpy(), "is empty or says NA", "fill the cell or drop the line")
    numbers = pd.to_numeric(column, errors="coerce")
    _refuse(table, name, numbers.isna().to_numpy(), "is not a number", "write a number or take the column out")
    values: Array = numbers.to_numpy(dtype=np.float64)
    _refuse(table, name, ~np.isfinite(values), "is infinite", "replace the cell or drop the line")
    return values


def _labels(table: _Table, name: str, task: str | None) -> Array:
    """Return a target column as it is, numbers or text, with no cell empty."""
    import pandas as pd

    column = table.frame[name]
    if pd.api.types.is_bool_dtype(column):
        return column.to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column):
        return _numbers(table, name)
    _refuse(table, name, column.isna().to_numpy(), "is empty or says NA", "fill the cell or drop the line")
    text = np.array([str(cell) for cell in column], dtype=object)
    odd = pd.to_numeric(column.astype(str), errors="coerce").isna().to_numpy()
    if task is None and odd.mean() < 0.5:  # a slip in a column of numbers must not turn it into classes
        _refuse(table, name, odd, "stands among numbers", "write a number, or say task=multiclass for classes")
        return _numbers(table, name)
    return text


def _refuse_merged(table: _Table, name: str, values: Array) -> None:
    """Raise InputError if the column has different whole numbers that are the same as floating-point numbers."""
    if values.dtype.kind != "f" or np.abs(values).max(initial=0) < 2**53:
        return
    cells = [str(cell) for cell in table.frame[name]]
    whole = np.array([int(cell) for cell in cells if _WHOLE.fullmatch(cell)], dtype=object)
    if merged(whole, whole.astype(np.float64)):
        raise InputError(f"{shown(table.file)}, column {clip(repr(name))} {TOO_LONG}")


def _refuse(table: _Table, name: str, bad: Any, problem: str, way_out: str) -> None:
    """Raise InputError about the first row where `bad` holds."""
    if not bad.any():
        return
    row = int(np.argmax(bad))
    cell = table.frame[name].iloc[row]
    what = f"{clip(repr(cell))} " if isinstance(cell, str) else "the cell "
    raise InputError(f"{shown(table.file)}, column {clip(repr(name))}, {_line(table, row)}: {what}{problem}; {way_out}")


def _line(table: _Table, row: int) -> str:
    """Return where a row of the table stands in the file, in which lines may be blank or cells have line ends."""
    try:
        with table.file.open(encoding="utf-8-sig", newline="") as stream:
            lines = reader(stream, skipinitialspace=True)
            rows = (lines.line_num for cells in lines if len(cells) > 1 or "".join(cells).strip())
            for place, line in enumerate(rows):
                if place == row + table.headed:
                    return f"line {line}"
    except (CsvError, ValueError):  # the two readers disagree on very odd files
        pass
    return f"row {row + 1}"


def _unparsed(message: str) -> str:
    if found := _CELLS.search(message):
        return (
            f", line {found[2]}: {found[3]} cells, and the lines above have {found[1]};"
            " give every line the same number, and put text with commas into quotes"
        )
    if "EOF inside string" in message:
        return ' has a quote (") that is never closed; close it, or take it out'
    return f" is not a table of comma-separated cells ({clip(message.strip())}); save it as CSV"


def _is_number(cell: object) -> bool:
    try:
        return math.isfinite(float(str(cell)))
    except ValueError:
        return False
