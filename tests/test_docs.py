"""What the documentation shows is run: commands, Python and study files of every page, and docstring examples."""

import doctest
import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import goodinit

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FRESH = ("pip install",)  # .ci/run runs these, in an environment of their own
DATA = re.compile(r"\bdata/(mnist|cats)\b")


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def shell(page: str, code: str, folder: Path) -> None:
    for command in code.replace("\\\n", " ").splitlines():
        if command.startswith(FRESH):
            continue
        assert command.startswith("goodinit "), f"{page}: nothing runs {command!r}"
        executable = Path(sys.executable).with_name("goodinit")
        whole = f"{executable}{command.removeprefix('goodinit')}"
        done = subprocess.run(whole, shell=True, cwd=folder, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("page", [page for page in PAGES if not DATA.search((ROOT / page).read_text(encoding="utf-8"))])
def test_every_example_of_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for language, code in blocks(page):
        if language == "toml":
            (tmp_path / "study.toml").write_text(code, encoding="utf-8")
        elif language == "sh":
            shell(page, code, tmp_path)
        elif language == "python":
            exec(compile(code, page, "exec"), names)  # noqa: S102 - our own documentation
        else:
            pytest.fail(f"{page}: nothing runs {language!r}")


@pytest.mark.parametrize("page", [*PAGES, "ARCHITECTURE.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or ((ROOT / page).parent / target).exists(), target


def test_every_page_is_linked_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page for page in PAGES[1:] if page not in text] == []


MODULES = [module.name for module in pkgutil.walk_packages(goodinit.__path__, "goodinit.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_every_initializer_is_documented() -> None:
    page = (ROOT / "docs" / "initializers.md").read_text(encoding="utf-8")
    assert [name for name in goodinit.initializers.CATALOGUE if f"`{name}" not in page] == []


def test_study_files_are_studies() -> None:
    folder = ROOT / "docs" / "studies"
    trained, measured = list(folder.glob("*.toml")), list((folder / "signal").glob("*.toml"))
    assert len(trained) > 5
    assert len(measured) > 1
    assert all(goodinit.study.Study.read(path).seeds >= 8 for path in trained)
    assert all(goodinit.study.signal.SignalStudy.read(path).seeds >= 8 for path in measured)


def test_nothing_unsafe_is_called_and_nothing_imports_a_pickler() -> None:
    unsafe = re.compile(
        r"^\s*(import|from) (pickle|dill|marshal|shelve)|(?<!\.)\b(eval|exec)\(|yaml\.load\(|allow_pickle=True"
    )
    for path in (ROOT / "src").rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not unsafe.search(line), f"{path}: {line}"


def test_the_page_opens_in_a_browser(tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None and os.environ.get("GOODINIT_REQUIRE_ALL") != "1":
        pytest.skip("needs chromium")
    assert browser, "chromium is missing, and nothing may be skipped here"
    results = goodinit.compare("2-4-1", "circles", {"<script>alert(1)</script>": "zeros"}, seeds=3, steps=20)
    page = goodinit.report.publish(results, tmp_path / "out")
    flags = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
               --disable-component-update --disable-sync --dump-dom"""
    done = subprocess.run(
        [browser, *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Initializers compared on circles" in done.stdout
    assert "&lt;script&gt;alert(1)" in done.stdout
    assert "<script" not in done.stdout
