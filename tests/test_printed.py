"""What a person reads on a terminal: nothing essential is lost when it is narrow, and no label can disturb it."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from goodinit.cli.comparison import print_json, print_results

synthetic = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["results"]

LABELS = ["zeros", "normal(std=10)", "variance_scaling(scale=2, mode=fan_avg, distribution=uniform)"]


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return what is printed at a width."""

    def show(results, columns=None):
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        print_results(results, Path("out"))
        return capsys.readouterr().out

    return show


def table(shown):
    """The lines of the table."""
    lines = shown.splitlines()
    first = next(at for at, line in enumerate(lines) if "median" in line)
    return lines[first : next(at for at, line in enumerate(lines) if line.startswith("- "))]


@pytest.mark.parametrize(
    ("columns", "gone"), [(None, []), (100, ["best and"]), (80, ["best and", "train"]), (70, ["best and", "train"])]
)
def test_names_stay_and_lesser_columns_go(printed, columns, gone):
    results = synthetic(LABELS, rates=(0.01, 0.1), diverged={1: 20})
    lines = table(printed(results, columns))
    assert max(map(len, lines)) <= (columns or 120)
    text = "\n".join(lines)
    for part in ["initializer", "zeros", "normal(std=10)", "variance_scal", "test", "failed", "32 seeds"]:
        assert part in text
    for heading in ("best and", "train"):
        assert (heading in text) == (heading not in gone)


def test_a_terminal_that_is_far_too_narrow_still_shows_every_number(printed):
    text = printed(synthetic(LABELS, seeds=6), 20)
    assert "zeros" in text
    assert "100.0 %" in text


def test_the_numbers_are_those_of_the_dataset(printed):
    results = synthetic(rates=(0.01, 0.1))
    text = " ".join(printed(results).split())
    for label in results["initializer"].values:
        middle = float(results["median"].sel(initializer=label, metric="test_accuracy"))
        assert f"{100 * middle:.1f} %" in text
    assert all(sentence in text for sentence in results["finding"].values)
    assert "median and its 95 % interval" in text
    assert "interval" not in printed(synthetic(seeds=2))


def test_what_is_not_finite_says_so_in_few_columns(printed):
    lines = table(printed(synthetic(diverged={0: 32, 1: 16, 2: 1}, regression=True), 80))
    text = "\n".join(lines)
    assert "not finite" in text
    assert "[not finite" not in text
    assert "nan" not in text
    assert max(map(len, lines)) <= 80


HOSTILE = "\x1b[31mred\x1b[0m\nsecond\x07 [bold]b[/bold] :smile: " + "x" * 3000


def test_other_peoples_text_is_one_short_line(printed):
    results = synthetic([HOSTILE, "he_normal"], seeds=4)
    results.attrs["notes"] = json.dumps([HOSTILE])
    results.attrs["data"] = HOSTILE
    results["finding"] = ("finding", np.array([HOSTILE], dtype=object))
    text = printed(results)
    assert set(text) & set("\x1b\x07\r") == set()
    assert "[bold]b[/bold] :smile:" in text
    assert max(map(len, text.splitlines())) < 700


def test_the_title_shows_the_file_and_not_its_folder(printed):
    results = synthetic(seeds=3)
    results.attrs["data"] = "csv:/home/somebody/data/iris.csv"
    assert "csv:iris.csv, 3 seeds: median" in printed(results)


def test_every_finding_is_printed(printed):
    results = synthetic(seeds=3)
    results["finding"] = ("finding", np.array([f"sentence {i}." for i in range(40)], dtype=object))
    assert "sentence 39." in printed(results)


def test_json_has_null_for_what_is_not_finite(capsys):
    results = synthetic(diverged={0: 32}, regression=True)
    results.attrs["study"] = "seeds = 32"
    print_json(results, Path("out"))
    said = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert said["results"][0]["test_r2"]["median"] is None
