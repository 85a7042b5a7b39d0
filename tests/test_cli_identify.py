"""``goodinit identify``, as a user meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOODINIT = str(Path(sys.executable).with_name("goodinit"))
MODULE = """
import torch
from torch import nn

print("building")


class Small(nn.Sequential):
    def __init__(self):
        torch.manual_seed(3)
        super().__init__(nn.Linear(300, 200), nn.LayerNorm(200), nn.Linear(200, 100), nn.LazyLinear(3))
        nn.init.normal_(self[2].weight, std=0.0137)


def make():
    return Small()


def with_a_batch():
    return Small(), torch.randn(4, 300)


model = Small()
"""
LIGHT = """
def make():
    return 3


def fails():
    raise RuntimeError("no such checkpoint")


def needs(path, depth=3):
    return 3


number = 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "models.py").write_text(MODULE)
    (folder / "package" / "light.py").write_text(LIGHT)
    (folder / "broken.py").write_text("import package.light\nimport no_such_library\n")
    (folder / "wrong.py").write_text("def make(:\n")
    (folder / "quits.py").write_text("raise SystemExit(0)\n")
    return folder


def run(*arguments: str, folder: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ)
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join([path, environment.get("PYTHONPATH", "")])
    command = [GOODINIT, "identify", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, env=environment
    )


@pytest.mark.parametrize("name", ["make", "Small", "with_a_batch", "model"])
def test_a_function_a_class_or_a_model_becomes_a_table(name: str, folder: Path) -> None:
    done = run(f"package.models:{name}", folder=folder)
    assert (done.returncode, done.stderr) == (0, "building\n")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["tensor", "shape", "initializer", "std", "expected"]
    rows = {line[0]: line[1:] for line in lines if line and line[0][0].isdigit()}
    assert rows["0.weight"][:2] == ["200x300", "torch_default"]
    assert float(rows["0.weight"][2]) == pytest.approx(float(rows["0.weight"][3]), rel=0.02)
    assert rows["1.weight"] == ["200", "ones", "0", "0"]
    assert rows["2.weight"][:2] == ["100x200", "unrecognised"]
    assert rows["3.weight"] == ["unread"]
    assert "- 2.weight: unrecognised: normal, std 0.013" in done.stdout
    assert "- 3.bias: unread: not yet built" in done.stdout


def test_json_follows_its_schema(folder: Path) -> None:
    done = run("package.models:make", "--json", folder=folder)
    assert done.returncode == 0
    said = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (said["schema_version"], said["model"]) == (1, "package.models:make")
    entries = {one["path"]: one for one in said["tensors"]}
    assert list(entries) == [f"{at}.{name}" for at in range(4) for name in ("weight", "bias")]
    first = entries["0.weight"]
    assert first.pop("std") == pytest.approx(first.pop("expected_std"), rel=0.02)
    assert first.pop("sentence").startswith("torch_default of Linear")
    assert first.pop("spec").startswith("uniform(low=-0.0577")
    assert first == {
        "path": "0.weight",
        "tied": [],
        "owner": "Linear",
        "shape": [200, 300],
        "status": "named",
        "found": "torch_default",
        "alternatives": [],
        "default": True,
    }
    assert entries["2.weight"]["found"] is None
    assert entries["2.weight"]["status"] == "unrecognised"
    assert entries["3.weight"]["std"] is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("package.light", "not of the form package.module:factory"),
        ("package.light:make()", "not of the form package.module:factory"),
        ("package.light:mak", "did you mean 'make'?"),
        ("package.lihgt:make", "there is no module 'package.lihgt'"),
        ("no_such_package.models:make", "there is no module 'no_such_package'"),
        ("package.light:needs", "needs path; name a function without arguments"),
        ("package.light:make", "a model is a torch.nn.Module, got int"),
        ("package.light:number", "a model is a torch.nn.Module, got int"),
    ],
)
def test_what_is_asked_wrongly_is_a_sentence(given: str, said: str, folder: Path) -> None:
    done = run(given, folder=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "last", "line"),
    [
        ("package.light:fails", "RuntimeError: no such checkpoint", 'raise RuntimeError("no such checkpoint")'),
        ("broken:make", "ModuleNotFoundError: No module named 'no_such_library'", "import no_such_library"),
        ("wrong:make", "SyntaxError", "def make(:"),
        ("quits:make", "SystemExit: 0", "raise SystemExit(0)"),
    ],
)
def test_what_the_users_code_raises_is_shown_with_its_own_traceback(
    given: str, last: str, line: str, folder: Path
) -> None:
    done = run(given, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr
    assert last in done.stderr
    assert "goodinit/" not in done.stderr  # none of our own lines
    assert "importlib" not in done.stderr


def test_a_missing_torch_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n")
    done = run("package.models:make", folder=folder, path=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: torch is not installed: pip install torch\n"
    (folder / "plain.py").write_text("model = 3\n")
    done = run("plain:model", folder=folder, path=str(tmp_path))
    assert done.returncode == 3
    assert "needs PyTorch: pip install 'goodinit[torch]'" in done.stderr


def test_a_narrow_terminal_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    done = run("package.models:make", folder=folder)
    assert done.returncode == 0
    assert "torch_default" in done.stdout
    assert "0.weight" in done.stdout
