"""``goodinit signal``, as a user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOODINIT = str(Path(sys.executable).with_name("goodinit"))
SMALL = ("--network", "24x3", "--seeds", "4", "--examples", "50", "--init", "he_normal", "--init", "zeros")


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [GOODINIT, "signal", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("signal")
    return folder, run(*SMALL, "--out", "answer", folder=folder)


def test_it_prints_a_table_for_each_initializer_and_leaves_its_files(finished) -> None:
    folder, done = finished
    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "he_normal: stable",
        "zeros: no signal",
        "activation",
        "standard errors",
        "report: answer/report.html",
    ):
        assert part in done.stdout
    left = {str(path.relative_to(folder / "answer")) for path in (folder / "answer").rglob("*") if path.is_file()}
    names = ("activations", "gradients", "histograms", "phase_diagram", "units")
    pictures = {f"figures/{name}.{kind}" for name in names for kind in ("png", "svg")}
    assert left == {"report.html", "study.toml", "cells.sqlite"} | pictures
    page = (folder / "answer" / "report.html").read_text(encoding="utf-8")
    assert len(page) < 1_000_000
    for part in ("Signal through 24x3", "goodinit signal study.toml", "Layer by layer", "he_normal: stable"):
        assert part in page


def test_json_follows_its_schema_and_the_study_file_measures_nothing_anew(finished) -> None:
    folder, _ = finished
    before = (folder / "answer" / "cells.sqlite").read_bytes()
    done = run("answer/study.toml", "--out", "answer", "--json", folder=folder)
    assert (folder / "answer" / "cells.sqlite").read_bytes() == before
    said = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert said["schema_version"] == 1
    assert [row["initializer"] for row in said["results"]] == ["he_normal", "zeros"]
    row = said["results"][0]
    assert row["verdict"].startswith("stable")
    assert [layer["layer"] for layer in row["layers"]] == [1, 2, 3]
    names = (
        "activation_mean",
        "activation_std",
        "saturated",
        "dead",
        "gradient_rms",
        "weight_gradient_rms",
        "correlation",
    )
    for layer in row["layers"]:
        for name in names:
            one = layer[name]
            assert one["ci"][0] <= one["measured"] <= one["ci"][1]
            assert isinstance(one["predicted"], float)
    assert said["results"][1]["layers"][0]["correlation"] == {
        "measured": None,  # nothing to compare: every example is 0
        "ci": None,
        "predicted": pytest.approx(0, abs=0.1),
        "standard_errors": None,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--input", "normal", "--data", "circles"), "give one of the two"),
        (("--network", "auto-5x3-auto"), "'auto' takes a width from real data"),
        (("--init", "he_norml", "--seeds", "x"), "did you mean 'he_normal'?"),
    ],
)
def test_refusals_are_sentences(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_narrow_terminal_gets_fewer_columns(finished, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = finished
    monkeypatch.setenv("COLUMNS", "70")
    done = run("answer/study.toml", "--out", "answer", folder=folder)
    table = [line for line in done.stdout.splitlines() if "\N{BOX DRAWINGS LIGHT HORIZONTAL}" in line]
    assert max(map(len, table)) <= 70
