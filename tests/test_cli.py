"""The command, as a user meets it: what it prints, what it leaves, how it ends."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

GOODINIT = str(Path(sys.executable).with_name("goodinit"))
SMALL = ["--seeds", "6", "--steps", "60", "--network", "auto-4-auto"]


def run(*arguments: str, folder: Path, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [GOODINIT, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        **options,
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for part in said:
        assert part in " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("run")
    return folder, run("compare", *SMALL, "--out", "answer", folder=folder)


def test_a_study_prints_a_table_and_findings_and_leaves_its_files(finished) -> None:
    folder, done = finished
    assert done.returncode == 0
    assert done.stderr == ""
    for part in ("zeros", "normal(std=10)", "he_normal", "95 % interval", "Holm", "report: answer/report.html"):
        assert part in done.stdout
    left = {str(path.relative_to(folder / "answer")) for path in (folder / "answer").rglob("*") if path.is_file()}
    names = ("final_scores", "loss_curves", "failures", "decision_maps")
    pictures = {f"figures/{name}.{kind}" for name in names for kind in ("png", "svg")}
    assert left == {"report.html", "study.toml", "cells.sqlite"} | pictures
    assert (folder / "answer" / "report.html").stat().st_size < 1_000_000


def test_the_study_file_runs_the_study_again_without_training(finished) -> None:
    folder, done = finished
    before = (folder / "answer" / "cells.sqlite").read_bytes()
    again = run("compare", "answer/study.toml", "--out", "answer", folder=folder)
    assert again.stdout == done.stdout
    assert (folder / "answer" / "cells.sqlite").read_bytes() == before


def test_json_follows_its_schema(finished) -> None:
    folder, _ = finished
    done = run("compare", "answer/study.toml", "--out", "answer", "--json", folder=folder)
    said = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert said["schema_version"] == 1
    assert said["study"]["init"] == ["zeros", "normal(std=10)", "he_normal"]
    assert said["output"] == "answer"
    assert [row["initializer"] for row in said["results"]] == said["study"]["init"]
    for row in said["results"]:
        assert row["seeds"] == 6
        assert row["learning_rate"] == 0.01
        for metric in ("train_accuracy", "test_accuracy", "final_loss"):
            low, high = row[metric]["ci"]
            assert low <= row[metric]["median"] <= high
            assert isinstance(row[metric]["mean"], float)
        assert row["failure"].keys() == {"probability", "ci"}
    assert len(said["pairs"]) == 3
    for pair in said["pairs"]:
        assert pair["metric"] == "test_accuracy"
        assert isinstance(pair["distinguishable"], bool)
        assert pair["seeds_needed"] is None or isinstance(pair["seeds_needed"], int)


def test_infinite_numbers_are_null_and_one_seed_has_no_interval(tmp_path: Path) -> None:
    done = run("compare", "--init", "normal(std=1e30)", "--seeds", "1", "--steps", "20", "--json", folder=tmp_path)
    row = json.loads(done.stdout)["results"][0]
    assert row["final_loss"] == {"median": None, "mean": None, "ci": None}
    assert row["failure"] == {"probability": 1.0, "ci": None}


def test_an_own_table_runs_end_to_end_and_says_what_was_inferred(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((120, 3))
    rows = [f"{a},{b},{c},{'yes' if a > b else 'no'}" for a, b, c in x]
    (tmp_path / "own.csv").write_text("\n".join(["a,b,c,answer", *rows]))
    done = run(
        "compare", "--data", "csv:own.csv(standardize=true)", *SMALL[:4], "--learning-rate", "0.5", folder=tmp_path
    )
    assert done.returncode == 0
    for part in ("binary", "answer", "split", "standardized"):
        assert part in done.stdout
    assert list((tmp_path / "goodinit-runs").glob("own-*/report.html"))


def test_the_default_folder_is_that_of_the_study(tmp_path: Path) -> None:
    for steps in ("20", "30", "20"):
        assert run("compare", "--seeds", "1", "--steps", steps, "--quiet", folder=tmp_path).returncode == 0
    assert len(list((tmp_path / "goodinit-runs").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "0"], ["seeds must be a whole number of at least 1, got 0"]),
        (["--seeds", "three"], ["seeds must be a whole number of at least 1, got 'three'"]),
        (
            ["--learning-rate", "-0.1", "--init", "he_norml"],
            ["learning rate must be > 0, got -0.1", "did you mean 'he_normal'?"],
        ),
        (["--data", "circle"], ["did you mean 'circles'?"]),
        (["--data", "csv:absent.csv"], ["absent.csv"]),
        (["--network", "3-1"], ["takes 3 inputs, the data circles has 2"]),
        (["--l2", "much"], ["l2 must be a finite number, got 'much'"]),
        (["--l2", "layer7=1"], ["unknown layer in l2 'layer7'; did you mean 'layer"]),
        (["--out", "file.txt/below"], ["cannot write into file.txt/below"]),
        (["--out", "."], ["is not empty and holds no study", "--out", "--force"]),
        (["--sedes", "3"], ["No such option: --sedes"]),
        (["absent.toml"], ["cannot read the study file absent.toml: No such file"]),
    ],
)
def test_what_is_refused(arguments: list[str], said: list[str], tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("")
    refused(run("compare", *arguments, folder=tmp_path), 2, *said)
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def on_a_terminal(*arguments: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the command with a terminal for its stderr, and return it with the other end of that terminal."""
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    running = subprocess.Popen(
        [GOODINIT, *arguments], cwd=folder, stderr=theirs, stdout=subprocess.DEVNULL, env=environment
    )
    os.close(theirs)
    return running, ours


def shown_until(terminal: int, pattern: bytes | None) -> bytes:
    """Read what a terminal shows until `pattern` appears, or to the end."""
    shown = b""
    with contextlib.suppress(OSError):  # Linux ends a closed terminal so
        while (pattern is None or not re.search(pattern, shown)) and (chunk := os.read(terminal, 4096)):
            shown += chunk
    return shown


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_continue(tmp_path: Path) -> None:
    long = ["compare", "--seeds", "60", "--steps", "20000", "--out", "long"]
    running, terminal = on_a_terminal(*long, folder=tmp_path)
    shown_until(terminal, rb" [3-8]\d%")
    running.send_signal(signal.SIGINT)
    last = shown_until(terminal, None).decode().strip().splitlines()[-1]
    assert running.wait() == 130
    kept = re.fullmatch(r".*interrupted: (\d+) of 180 networks are finished and kept; run .* again to continue", last)
    assert int(kept[1]) >= 8
    again = run(*long, "--seeds", "2", "--init", "zeros", folder=tmp_path)  # these are finished
    assert again.returncode == 0


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    limited = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (60_000, 60_000)); import goodinit.cli as c; c.main()"
    done = subprocess.run(
        [sys.executable, "-c", limited, "compare", *SMALL, "--out", "full"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    refused(done, 3, "cannot write", "run the same command again")
    assert run("compare", *SMALL, "--out", "full", folder=tmp_path).returncode == 0


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{GOODINIT} compare --seeds 1 --steps 10 --json | head -1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""


def test_nothing_is_animated_and_nothing_coloured_outside_a_terminal(finished) -> None:
    _, done = finished
    assert "\x1b" not in done.stdout + done.stderr


def test_progress_is_one_line_on_a_terminal(tmp_path: Path) -> None:
    running, terminal = on_a_terminal("compare", "--seeds", "16", "--steps", "3000", folder=tmp_path)
    shown = shown_until(terminal, None)
    assert running.wait() == 0
    assert b"training 48 networks" in shown
    assert b"steps/s" in shown


HEAVY = ("jax", "torch", "keras", "xarray", "matplotlib", "sklearn", "pandas")


@pytest.mark.parametrize("code", ["import goodinit", "import goodinit.cli", "import goodinit.initializers"])
def test_what_an_import_brings_in(code: str) -> None:
    listed = subprocess.run(
        [sys.executable, "-c", f"{code}, sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {name.partition(".")[0] for name in listed} & set(HEAVY)


def test_help_imports_nothing_heavy_and_names_every_flag() -> None:
    code = """if True:
        import sys
        from goodinit.cli import main
        sys.argv = ["goodinit", "compare", "--help"]
        try:
            main()
        finally:
            print(*sys.modules, file=sys.stderr)
        """
    wide = os.environ | {"COLUMNS": "150"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=wide)
    assert not {name.partition(".")[0] for name in done.stderr.split()} & set(HEAVY)
    flags = """data network activation init bias seeds steps learning-rate batch-size optimizer l1 l2 dropout precision
               record-every out force json quiet"""
    for flag in flags.split():
        assert f"--{flag} " in done.stdout
