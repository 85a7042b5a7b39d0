"""``goodinit check``, as a user meets it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from goodinit.cli import app

GOODINIT = str(Path(sys.executable).with_name("goodinit"))
MODULE = """
import torch
from torch import nn


def mlp(std, hidden=4):
    torch.manual_seed(0)
    layers = [nn.Linear(20, 64), nn.ReLU()]
    for _ in range(hidden):
        layers += [nn.Linear(64, 64), nn.ReLU()]
    net = nn.Sequential(*layers, nn.Linear(64, 5))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=std * layer.in_features**-0.5)
            nn.init.zeros_(layer.bias)
    return net


def good():
    return mlp(2**0.5)


def tiny():
    net = good()
    with torch.no_grad():
        net[4].weight.mul_(0.01)
    return net


def words():
    return nn.Sequential(nn.Embedding(50, 16), nn.Flatten(), nn.Linear(128, 3)), torch.randint(50, (16, 8))


def broken():
    return nn.Sequential(nn.Linear(20, 7), nn.Sequential(nn.Linear(8, 5)))


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(20, 5)

    def forward(self, x):
        return self.layer(x).detach()


def exploding():
    return mlp(64**0.5, 32)


def named():
    net = nn.Sequential()
    net.add_module("<script>alert(1)</script>", nn.Linear(20, 5))
    return net
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    (folder / "nets.py").write_text(MODULE)
    rng = np.random.default_rng(0)
    np.savez(folder / "batch.npz", inputs=rng.standard_normal((32, 20), np.float32), targets=rng.integers(0, 5, 32))
    return folder


def run(folder: Path, *arguments: str) -> Result:
    """Run the command in this process: a new one would import torch each time."""
    here, handler = Path.cwd(), signal.getsignal(signal.SIGINT)
    os.chdir(folder)
    try:
        return CliRunner().invoke(app, ["check", *arguments])
    finally:
        os.chdir(here)
        signal.signal(signal.SIGINT, handler)


def test_a_layer_that_is_too_small_is_blamed_with_exit_code_1_and_a_page(folder: Path) -> None:
    done = run(folder, "nets:tiny", "--batch", "batch.npz", "--report", "page.html")
    assert (done.exit_code, done.stderr) == (1, "")
    row = next(line for line in done.stdout.splitlines() if line.startswith(" 4 "))
    assert "INIT203" in row
    assert "The initialization is to blame in 4" in done.stdout
    page = (folder / "page.html").read_text()
    assert "INIT203, error: 4" in page
    assert page.count("data:image/png;base64,") == 1
    assert len(page) < 1_000_000


def test_a_good_one_is_acquitted_and_json_has_the_schema(folder: Path) -> None:
    done = run(folder, "nets:good", "--batch", "batch.npz", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["schema_version"], found["verdict"], found["loss"]) == (1, "acquit", "cross_entropy")
    assert [row["path"] for row in found["layers"]] == ["0", "2", "4", "6", "8", "10"]
    assert found["layers"][1]["follows"] == "relu"
    # 64 x 64 entries: their deviation is known to 1.1 %
    assert found["layers"][1]["std"] == pytest.approx((2 / 64) ** 0.5, rel=5 * 0.011)
    assert found["layers"][1]["expected_std"] == pytest.approx((2 / 64) ** 0.5)


def test_what_the_json_says_of_a_finding(folder: Path) -> None:
    found = json.loads(run(folder, "nets:tiny", "--input", "32x20", "--json").stdout)
    first = found["findings"][0]
    assert set(first) == {"code", "level", "layers", "measured", "expected", "reason", "fix"}
    assert (first["code"], first["level"], first["layers"]) == ("INIT203", "error", ["4"])
    assert first["measured"] < first["expected"][0] < first["expected"][1]


def test_a_model_may_bring_its_batch_and_words_can_be_made_up(folder: Path) -> None:
    assert run(folder, "nets:words").exit_code == 0
    assert run(folder, "nets:words", "--input", "4x8:50").exit_code == 0


def test_an_exception_of_the_model_is_its_own_traceback_and_names_the_layer(folder: Path) -> None:
    command = [GOODINIT, "check", "nets:broken", "--input", "8x20"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, "")
    assert "RuntimeError: mat1 and mat2 shapes cannot be multiplied" in done.stderr
    assert "'1.0' (Linear)" in done.stderr
    assert "goodinit/diagnosis" not in done.stderr
    assert "goodinit/frameworks" not in done.stderr


def test_a_model_without_gradients_cannot_be_told(folder: Path) -> None:
    done = run(folder, "nets:Frozen", "--batch", "batch.npz")
    assert done.exit_code == 1
    assert "It cannot be told" in done.stdout


def test_thresholds_and_silence(folder: Path) -> None:
    quiet = [part for code in ("INIT203", "INIT201", "INIT601") for part in ("--silence", f"{code}=*")]
    assert run(folder, "nets:tiny", "--batch", "batch.npz", *quiet).exit_code == 0
    strict = run(folder, "nets:good", "--batch", "batch.npz", "--threshold", "INIT204=0.9")
    assert strict.exit_code == 1
    assert "INIT204 error" in strict.stdout


def test_one_threshold_for_what_is_worse_when_smaller(folder: Path) -> None:
    for code in ("INIT404=1e-30", "INIT301=1e-3", "INIT201=1e-4", "INIT203=0.02"):
        done = run(folder, "nets:good", "--batch", "batch.npz", "--threshold", code)
        assert (done.exit_code, done.stderr) == (0, ""), code


def test_an_explosion_is_blamed(folder: Path) -> None:
    done = run(folder, "nets:exploding", "--input", "32x20")
    assert (done.exit_code, done.stderr) == (1, "")
    assert "INIT202" in done.stdout


def test_arrays_in_double_precision_are_taken(folder: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(folder / "double.npz", inputs=rng.standard_normal((32, 20)), targets=rng.integers(0, 5, 32))
    assert run(folder, "nets:good", "--batch", "double.npz").exit_code == 0


def test_a_page_that_exists_is_replaced_only_by_force(folder: Path) -> None:
    kept = folder / "kept.txt"
    kept.write_text("mine")
    done = run(folder, "nets:good", "--batch", "batch.npz", "--report", "kept.txt")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "kept.txt exists; choose another file with --report, or replace it with --force" in done.stderr
    assert kept.read_text() == "mine"
    assert run(folder, "nets:good", "--batch", "batch.npz", "--report", "kept.txt", "--force").exit_code == 0
    assert "Not to blame" in kept.read_text()


def test_a_page_goes_into_a_new_folder_and_what_was_found_is_printed_first(folder: Path) -> None:
    done = run(folder, "nets:good", "--batch", "batch.npz", "--report", "new/page.html")
    assert done.exit_code == 0
    assert (folder / "new" / "page.html").exists()
    done = run(folder, "nets:tiny", "--batch", "batch.npz", "--report", "nets.py/page.html")
    assert done.exit_code == 2
    assert "The initialization is to blame in 4" in done.stdout
    assert "cannot write nets.py/page.html" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_fails_in_our_own_lines_is_not_called_the_users(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goodinit.diagnosis.checking.verdict", None)
    done = run(folder, "nets:good", "--batch", "batch.npz")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "goodinit itself has failed" in done.stderr
    assert "goodinit/diagnosis/checking.py, line" in done.stderr
    assert "the code that was named raised" not in done.stderr
    assert "Traceback" not in done.stderr


def test_names_of_other_people_are_text(folder: Path) -> None:
    run(folder, "nets:named", "--batch", "batch.npz", "--report", "named.html")
    assert "<script>" not in (folder / "named.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nets:good"], "gives no batch"),
        (["nets:good", "--input", "3xx"], "--input must be a shape"),
        (["nets:good", "--input", "0x20"], "--input must be a shape"),
        (["nets:words", "--input", "8x8:0"], "--input must be a shape"),
        (["nets:good", "--input", "8x20", "--batch", "batch.npz"], "give one of the two"),
        (["nets:good", "--input", "8x20", "--loss", "cross_entropy"], "needs targets"),
        (["nets:good", "--input", "8x20", "--loss", "crossentropy"], "must be one of cross_entropy"),
        (["nets:good", "--input", "8x20", "--mode", "training"], "mode must be train or eval"),
        (["nets:good", "--input", "8x20", "--threshold", "INIT203"], "must be CODE=VALUE"),
        (["nets:good", "--input", "8x20", "--threshold", "INIT203=low"], "must be a number"),
        (["nets:good", "--input", "8x20", "--threshold", "INIT999=1"], "unknown code 'INIT999'"),
        (["nets:good", "--input", "8x20", "--silence", "INIT901=*"], "cannot be silenced"),
        (["nets:good", "--input", "8x20", "--seed", "-1"], "--seed must be a whole number"),
        (["nets:good", "--batch", "none.npz"], "there is no file 'none.npz'"),
        (["nets:good", "--batch", "nets.py"], "cannot be read as .npz"),
        (["nets:mlp", "--input", "8x20"], "needs std"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(folder: Path, arguments: list[str], said: str) -> None:
    done = run(folder, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
