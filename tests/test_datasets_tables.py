"""CSV files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from goodinit import datasets
from goodinit.datasets import files, tables
from goodinit.errors import InputError

Refused = Callable[..., None]

# one file for all examples of a property: each overwrites it
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

HOUSES = "age,rooms,price\n" + "".join(f"{age},{age % 7},{age * 1.5}\n" for age in range(40))
YES_NO = "a,b,label\n" + "".join(f"{n},{-n},{'yes' if n % 4 == 0 else 'no'}\n" for n in range(40))


def written(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def data_or_sentence(make: Callable[[], datasets.Data], name: str) -> None:
    try:
        data = make()
    except InputError as error:
        said = str(error)
    else:
        assert np.isfinite(data.train_inputs).all()
        return
    assert name in said


def test_a_table_of_quantities(tmp_path: Path) -> None:
    path = written(tmp_path, HOUSES)
    data = datasets.load(f"csv:{path}")
    assert (data.task, data.outputs, data.classes) == ("regression", 1, ())
    assert data.features == ("age", "rooms")
    assert (len(data.train_inputs), len(data.test_inputs)) == (30, 10)
    rows = np.vstack(
        [np.hstack([data.train_inputs, data.train_targets]), np.hstack([data.test_inputs, data.test_targets])]
    )
    oracle = np.loadtxt(path, delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], oracle)
    assert data.notes == (
        "target: column 'price', the last one",
        "task: regression, because target 'price' has fractions",
        "split: 25 % test (10 of 40), seed 0",
    )


def test_a_table_of_classes_is_split_evenly(tmp_path: Path) -> None:
    data = datasets.csv(written(tmp_path, YES_NO), test=0.3)
    assert (data.task, data.classes, data.outputs) == ("binary", ("no", "yes"), 1)
    assert (data.test_targets == 1).sum() == 3  # of 10
    assert (data.test_targets == 0).sum() == 9  # of 30
    assert "task: binary classification, because target 'label' has 2 values" in data.notes
    assert "split: 30 % test (12 of 40), seed 0, stratified" in data.notes


def test_every_class_stays_in_training(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'common' if n < 30 else n}\n" for n in range(40))
    for seed in range(20):
        data = datasets.csv(written(tmp_path, "a,b\n" + rows), split_seed=seed)
        assert set(data.train_targets.tolist()) == set(range(11))
        assert len(data.test_targets) == 10


def test_target_and_task_may_be_chosen(tmp_path: Path) -> None:
    path = written(tmp_path, YES_NO.replace("a,b", "a,year 2020 (est.)"))
    data = datasets.load(f"csv:{path}(target=label, split_seed=3, standardize=true)")
    assert data.source == f"csv:{path}(target=label, split_seed=3, standardize=true)"
    whole = written(tmp_path, HOUSES, "whole.csv")
    assert datasets.csv(whole, target="rooms").task == "multiclass"
    assert datasets.csv(whole, target="rooms", task="regression").task == "regression"
    assert datasets.csv(whole, target="age").task == "regression"
    assert datasets.csv(whole, target="rooms").features == ("age", "price")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("my (1).csv", {}),
        ("my data (1)", {}),
        ("it's.csv", {"target": "label"}),
        ("run(seed=1)", {}),
        ("run(seed=1)", {"test": 0.5}),
        ("run()", {}),
        ("a:b=c,d.csv", {"task": "binary"}),
    ],
)
def test_paths_with_brackets_are_spelled_and_read(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    data = datasets.csv(written(tmp_path, YES_NO, name), **options)
    again = datasets.load(data.source)
    assert (again.source, again.digest()) == (data.source, data.digest())


def test_column_names_with_brackets_are_quoted(tmp_path: Path) -> None:
    path = written(tmp_path, HOUSES.replace("price", "price (a=b)"))
    data = datasets.csv(path, target="price (a=b)")
    assert data.source.endswith('t.csv(target="price (a=b)")')
    assert datasets.load(data.source).digest() == data.digest()


def test_a_table_without_header(tmp_path: Path) -> None:
    data = datasets.csv(written(tmp_path, HOUSES.split("\n", 1)[1]))
    assert data.features == ("column1", "column2")
    assert len(data.train_inputs) + len(data.test_inputs) == 40
    assert any("first line holds numbers only" in note for note in data.notes)


def test_true_and_false(tmp_path: Path) -> None:
    rows = "".join(f"{n % 3 == 0},{n},{n % 2 == 0}\n" for n in range(20))
    data = datasets.csv(written(tmp_path, "flag,n,even\n" + rows))
    assert data.classes == ("False", "True")
    assert set(data.train_inputs[:, 0].tolist()) == {0.0, 1.0}
    assert any("true and false are 1 and 0 in flag" in note for note in data.notes)


def test_row_numbers_that_were_saved_along_are_mentioned(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n * 0.1},{n % 2}\n" for n in range(20))
    data = datasets.csv(written(tmp_path, ",x,y\n" + rows))
    assert any("has no name in the header" in note and "numbers the rows" in note for note in data.notes)


def test_spaces_byte_order_mark_line_ends_and_long_numbers(tmp_path: Path) -> None:
    rows = "".join(f"{n}, 12345678901234567890123{n}, {n % 2}\r\n" for n in range(20))
    data = datasets.csv(written(tmp_path, b"\xef\xbb\xbf" + ("a, b, c\r\n" + rows).encode()), target="c")
    assert data.features == ("a", "b")
    assert data.train_inputs[:, 1].min() > 1e22


ROWS = "a,b\n" + "1,2\n" * 5


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["is empty", "column names"]),
        ("\n\n", ["is empty"]),
        ("a,b\n", ["nothing below", "add lines"]),
        ("a\n1\n2\n", ["one column, 'a'", "commas"]),
        ("a;b\n1;2\n", ["one column, 'a;b'", "commas"]),
        (ROWS + "x,3\n", ["column 'a', line 7", "'x' is not a number", "take the column out"]),
        (ROWS + "\n\n,3\n", ["column 'a', line 9", "is empty", "fill the cell or drop the line"]),
        (ROWS + "3\n", ["column 'b', line 7", "is empty"]),
        (ROWS + "NA,3\n", ["column 'a', line 7", "NA"]),
        (ROWS + "inf,3\n", ["column 'a', line 7", "infinite", "replace"]),
        (ROWS + "1e999,3\n", ["column 'a', line 7", "infinite"]),
        (ROWS + "1,nan\n", ["column 'b', line 7", "empty or says NA"]),
        (ROWS + "1,-inf\n", ["column 'b', line 7", "infinite"]),
        (ROWS + "1,x\n", ["column 'b', line 7", "'x' stands among numbers", "task=multiclass"]),
        ('a,b\n"1\n2",3\n1,2\n', ["column 'a', line 3"]),
        (ROWS + "1,2,3\n", ["line 7: 3 cells", "have 2", "quotes"]),
        ("a,b\n1,2,3\n1,2,3\n", ["line 2: 3 cells", "have 2"]),
        (ROWS + '"1,2\n', ["quote", "never closed"]),
        (ROWS, ["target 'b'", "one class only ('2')", "task=regression"]),
        ("a,b\n1,x\n2,y\n", ["too few rows to split", "add rows"]),
        ("a,b\n1,0.5\n", ["too few rows to split"]),
        (b"a,b\n1,\xff\n", ["is not UTF-8", "save it as UTF-8"]),
        (b"a,b\n1,2\n" + b"PK\x03\x04\x8b\x1f" * 9, ["is not UTF-8"]),
        ("a,b\n" + "".join(f"{n},2.5\n" for n in range(8)), ["target 'b'", "one value only (2.5)", "another target"]),
        ("a,b\n" + "0,1.5\n" + "1,2.5\n" * 9, ["test_targets holds one value only (2.5)", "R^2", "test examples"]),
        ("a,b\n" + "".join(f"1,{n}e300\n" for n in range(30)), ["target 'b'", "too large", "rescale"]),
        ("a,b,a\n" + "1,2,3\n" * 9, ["columns 1 and 3 are both called 'a'", "rename one"]),
        ("a,,b,,b\n" + "1,2,3,4,5\n" * 9, ["columns 3 and 5 are both called 'b'"]),
        ("a,b\n" + "".join(f"1,{10**19 + n}\n" for n in range(30)), ["column 'b'", "2^53", "subtract"]),
        ("a,b\n" + "".join(f"1,{10**25 + n}\n" for n in range(30)), ["column 'b'", "2^53", "subtract"]),
        ("," * tables.MOST_COLUMNS, ["more than 100000 columns", "keep those that matter"]),
    ],
)
def test_what_a_table_is_refused_for(tmp_path: Path, content: str | bytes, parts: list[str], refused: Refused) -> None:
    path = written(tmp_path, content)
    refused(lambda: datasets.csv(path), "t.csv", *parts)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"target": "prise"}, ["t.csv", "column 'prise'", "did you mean 'price'"]),
        ({"target": 7}, ["column '7'"]),
        ({"target": "a'\""}, ["both kinds of quotes", "rename"]),
        ({"target": ["price"]}, ["target must be", "['price']"]),
        ({"task": "ranking"}, ["task must be one of", "'ranking'"]),
        ({"task": "binary"}, ["task=binary needs 2 classes", "40"]),
        ({"test": 1.5}, ["test must be above 0 and below 1", "1.5"]),
        ({"test": "half"}, ["test must be a finite number", "'half'"]),
        ({"test": 0.001}, ["too few rows", "change test"]),
    ],
)
def test_options_that_do_not_fit_a_table(
    tmp_path: Path, options: dict[str, Any], parts: list[str], refused: Refused
) -> None:
    path = written(tmp_path, HOUSES)
    refused(lambda: datasets.csv(path, **options), *parts)


def test_large_whole_numbers_that_stay_apart_are_fine(tmp_path: Path) -> None:
    data = datasets.csv(written(tmp_path, "a,b\n" + "".join(f"{n},{n}{'0' * 20}\n" for n in range(1, 40))))
    assert data.task == "regression"


def test_text_cannot_be_regressed_on(tmp_path: Path, refused: Refused) -> None:
    path = written(tmp_path, YES_NO)
    refused(lambda: datasets.csv(path, task="regression"), "column 'label', line 2", "'yes' is not a number")


def test_files_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    refused(lambda: datasets.load(f"csv:{tmp_path}/no.csv"), "no file", "no.csv", "check the name")
    refused(lambda: datasets.load(f"csv:{tmp_path}/no.csv(target='a)"), "no file", "(option=value, ...)")
    refused(lambda: datasets.load("csv:no.csv"), f"no file 'no.csv' in {Path.cwd()}")
    refused(lambda: datasets.csv(tmp_path), "is a folder", "name a file in it")
    refused(lambda: datasets.csv("/dev/null"), "not an ordinary file")
    refused(lambda: datasets.csv(" a.csv"), "begin or end with a space", "rename")
    refused(lambda: datasets.csv(""), "must not be empty")
    refused(lambda: datasets.csv("a" * 5000), "cannot be read", "too long")
    refused(lambda: datasets.csv(3), "a path must be text, got 3")  # type: ignore[arg-type]
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    path = written(tmp_path, HOUSES)
    refused(lambda: datasets.csv(path), "t.csv", "at most 10 are read", "cut it down")


def test_the_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, HOUSES)
    assert datasets.load("csv:~/t.csv").source == f"csv:{tmp_path}/t.csv"


def test_the_source_can_be_read_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, HOUSES)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    data = datasets.load("csv:./t.csv(split_seed=3)")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert data.source == f"csv:{tmp_path}/t.csv(split_seed=3)"
    assert datasets.load(data.source).digest() == data.digest()


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("csv:/a/b/my (1).csv(target=price)", "csv:my (1).csv(target=price)"),
        ("mnist:/data/run(seed=1)()", "mnist:run(seed=1)"),
        ("circles(noise=0.1)", "circles(noise=0.1)"),
        ("arrays", "arrays"),
        ("my own: a/b", "my own: a/b"),
        ("npz:", "npz:"),
    ],
)
def test_titles_show_only_the_name_of_a_file(source: str, title: str) -> None:
    assert datasets.short(source) == title


def test_a_cell_that_the_line_finder_cannot_read_is_named_by_its_row(tmp_path: Path, refused: Refused) -> None:
    # Python's csv module stops at cells of 131072 characters, pandas does not
    path = written(tmp_path, "a,b\n" + "9" * 140_000 + ",2\nx,3\n")
    refused(lambda: datasets.csv(path), "column 'a'", "row ")


CELL = st.one_of(st.integers().map(str), st.floats().map(str), st.sampled_from(["", "a", '"', "NA", "True", " ", "\0"]))


@FUZZ
@given(st.binary(max_size=200))
@example(b"\0,\0\n\0,\0")
@example(b'"\n')
@example(b"a,a,a.1\n1,2,3\n4,5,6\n")
def test_arbitrary_bytes_as_a_table(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    data_or_sentence(lambda: datasets.csv(path), "t.csv")


@FUZZ
@given(st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=8), st.sampled_from([None, *datasets.data.read.TASKS]))
def test_arbitrary_cells_as_a_table(tmp_path: Path, rows: list[list[str]], task: str | None) -> None:
    path = written(tmp_path, "\n".join(",".join(row) for row in rows))
    data_or_sentence(lambda: datasets.csv(path, task=task), "t.csv")


@FUZZ
@given(
    st.lists(
        st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e100, 1e100)), min_size=4, max_size=9
    )
)
def test_numbers_come_through_exactly(tmp_path: Path, rows: list[tuple[float, float]]) -> None:
    cells = [f"{a!r},{b!r},{place}" for place, (a, b) in enumerate(rows)]
    data = datasets.csv(written(tmp_path, "a,b,c\n" + "\n".join(cells)), task="regression", test=0.5)
    read = np.vstack([data.train_inputs, data.test_inputs]).tolist()
    assert sorted(read) == sorted(map(list, rows))
