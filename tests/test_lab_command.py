"""``goodinit lab``, as students and teachers meet it: notebooks, checks, grades, and what is left in folders."""

import csv
import dataclasses
import functools
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from goodinit import labs
from goodinit.errors import InputError
from goodinit.labs import grading, notebooks
from goodinit.labs.grading import classes, places
from goodinit.report import write_grades
from lab_submissions import RIGHT

GOODINIT = str(Path(sys.executable).with_name("goodinit"))
NUMBERS = [lab.number for lab in grading.LABS]


def run(*arguments, folder, code=0, **options):
    done = subprocess.run(
        [GOODINIT, "lab", *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=600, **options
    )
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module", autouse=True)
def _bubblewrap():
    if shutil.which("bwrap") is None and os.environ.get("GOODINIT_REQUIRE_ALL") != "1":
        pytest.skip("needs bubblewrap")


def test_the_labs_are_listed_with_their_cases(tmp_path):
    text = run("list", folder=tmp_path).stdout
    said = json.loads(run("list", "--json", folder=tmp_path).stdout)
    assert said["schema_version"] == 1
    assert [each["lab"] for each in said["labs"]] == NUMBERS
    for each in said["labs"]:
        assert each["title"] in text
        assert each["points"] == sum(case["points"] for case in each["cases"])
        assert all(case["case"] in text for case in each["cases"])
    named = {"TestDataGeneration", "TestPreprocessing", "TestZeroInitialization", "TestRandomInitialization"}
    assert named | {"TestHeInitialization"} == {case["case"] for case in said["labs"][0]["cases"]}


def executed(number, folder):
    """Run a solution notebook, and return what it prints; it must show figures and no warnings."""
    path = notebooks.write(number, folder, solution=True, force=False)
    made = nbformat.read(path, as_version=4)
    nbformat.validate(made)
    # a minute for the whole on two quiet cores; a cell gets five, so that a busy machine fails nobody
    NotebookClient(made, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [part for cell in made.cells for part in cell.get("outputs", [])]
    assert [part["text"] for part in outputs if part.get("name") == "stderr"] == []
    shown = [set(part["data"]) for part in outputs if "data" in part]
    assert shown
    assert all("image/png" in kinds for kinds in shown)
    return "".join(part.get("text", "") for part in outputs), path


# a minute each for those that train by seeds
@pytest.mark.parametrize("number", [1, 2, 3, *(pytest.param(number, marks=pytest.mark.campaign) for number in (4, 5))])
def test_the_solution_notebook_runs_clean_and_gets_full_points(number, tmp_path, monkeypatch):
    monkeypatch.delenv("GOODINIT_DATA", raising=False)
    said, path = executed(number, tmp_path)
    lab = grading.lab(number)
    for case in lab.cases:  # the cell below the exercise says so
        assert f"{case.name}: {case.points} of {case.points} points" in said
    assert ("digits:" in said) == (number in (3, 4))
    found = grading.grade(lab, grading.read(path), places.sandbox, grading.Limits())
    assert (found.points, found.of, found.notes) == (lab.points, lab.points, ())


@pytest.mark.campaign
@pytest.mark.parametrize(("number", "data"), [(3, "cats: 768 inputs, 209 pictures"), (4, "mnist: 196 inputs, 3000")])
def test_the_notebooks_take_cats_and_mnist_where_they_are(number, data, tmp_path, monkeypatch, data_folder):
    monkeypatch.setenv("GOODINIT_DATA", str(data_folder.resolve()))
    said, _ = executed(number, tmp_path)
    assert data in said


@pytest.mark.parametrize("number", NUMBERS)
def test_the_student_notebook_holds_no_solution_and_gets_no_points(number, tmp_path):
    path = notebooks.write(number, tmp_path, solution=False, force=False)
    text = path.read_text()
    assert "SOLUTION" not in text
    assert "### STUDENT" not in text
    given = set(notebooks.version(notebooks.source(number), solution=False).splitlines())
    solved = set(notebooks.version(notebooks.source(number), solution=True).splitlines()) - given
    assert len(solved) > 10
    assert [
        line for line in solved if line in jupytext.writes(jupytext.read(path), fmt="py:percent").splitlines()
    ] == []
    found = grading.grade(grading.lab(number), grading.read(path), places.ordinary, grading.Limits())
    assert found.points == 0
    assert {case.got for case in found.cases} == {"it is not written yet"}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_notebook_is_the_same_each_time_and_checks_every_case(number):
    first, again = (nbformat.writes(notebooks.notebook(number, solution=False)) for _ in range(2))
    assert first == again
    checked = re.findall(r"labs\.check\((\d), \\\"(\w+)\\\", globals\(\)\)", first)
    assert sorted(checked) == sorted((str(number), case.name) for case in grading.lab(number).cases)


def test_markers_need_their_partners():
    for text in (notebooks.BEGIN, notebooks.END, f"{notebooks.BEGIN}\n{notebooks.BEGIN}\n{notebooks.END}"):
        with pytest.raises(InputError, match="no partner"):
            notebooks.version(text, solution=True)
    marked = "def f():\n    ### BEGIN SOLUTION\n    ### STUDENT: think\n    return 1\n    ### END SOLUTION\n"
    assert notebooks.version(marked, solution=True) == "def f():\n    return 1\n"
    blank = notebooks.version(marked, solution=False)
    assert blank == 'def f():\n    # think\n    raise NotImplementedError("write this")\n'


def test_a_notebook_that_may_hold_work_is_not_replaced(tmp_path):
    assert run("start", 1, "mine", folder=tmp_path).stdout == "wrote mine/lab1.ipynb\n"
    (tmp_path / "mine" / "lab1.ipynb").write_text("my work")
    refused = run("start", 1, "mine", folder=tmp_path, code=2)
    assert "--force" in refused.stderr
    assert (tmp_path / "mine" / "lab1.ipynb").read_text() == "my work"
    run("start", 1, "mine", "--force", folder=tmp_path)
    assert (tmp_path / "mine" / "lab1.ipynb").read_text() != "my work"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["lab1.ipynb"]


def test_a_missing_extra_is_a_sentence(tmp_path):
    code = "import sys; sys.modules['jupytext'] = None; import goodinit.cli as command; command.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "lab", "start", "1"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 3
    assert done.stderr == "error: notebooks need jupytext: pip install 'goodinit[labs]'\n"


def test_checking_ones_own_work_says_what_is_wrong(tmp_path):
    (tmp_path / "mine.py").write_text(RIGHT[2].replace("np.sqrt(1 / fan_in)", "(1 / fan_in)"))
    said = run("check", 2, "mine.py", folder=tmp_path, code=1).stdout
    assert "mine.py: 14 of 16 points" in said
    for part in (
        "TestKeepingWeights: 0 of 2 points",
        "expected: ",
        "got: ",
        "likely: The weights are multiplied by the",
        "read: ",
    ):
        assert part in said
    one = run("check", 2, "mine.py", "--case", "TestLargeWeights", "--json", folder=tmp_path).stdout
    (row,) = json.loads(one)["submissions"]
    assert [case["case"] for case in row["grade"]["cases"]] == ["TestLargeWeights"]


def test_checking_in_a_notebook_prints_the_same(capsys):
    labs.check(2, "TestLargeWeights", {})
    said = capsys.readouterr().out
    assert said.startswith("TestLargeWeights: 0 of 2 points\n")
    assert "large_weights is not defined" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start", "9"], "there is no lab 9"),
        (["check", "9", "work.py"], "there is no lab 9 to grade; there are 1, 2, 3, 4, 5"),
        (["check", "2", "absent.py"], "absent.py is not a submission: No such file"),
        (["check", "2", "broken.ipynb"], "broken.ipynb is not a submission: the notebook is damaged"),
        (["check", "2", "prose.py"], "prose.py is not a submission: it is no Python"),
        (["check", "2", "work.py", "--case", "TestLargeWeight"], "did you mean 'TestLargeWeights'?"),
        (["grade", "2", "broken.ipynb"], "broken.ipynb is not a submission"),
        (["grade", "2", "empty"], "has no notebooks"),
        (["grade", "2", "class", "--out", "class/grades"], "lies among the submissions"),
    ],
)
def test_what_is_refused(arguments, said, tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "prose.py").write_text("my dog ate it")
    (tmp_path / "work.py").write_text("one = 1")
    (tmp_path / "empty").mkdir()
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "work.py").write_text("one = 1")
    done = run(*arguments, folder=tmp_path, code=2)
    assert said in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_without_bubblewrap_grading_refuses_and_says_what_to_do(tmp_path):
    (tmp_path / "work.py").write_text(RIGHT[2])
    bare = os.environ | {"PATH": str(tmp_path)}
    done = run("grade", 2, "work.py", folder=tmp_path, code=3, env=bare)
    for part in ("needs bubblewrap", "apt install bubblewrap", "--unsandboxed"):
        assert part in done.stderr
    insisted = run("grade", 2, "work.py", "--unsandboxed", folder=tmp_path, env=bare)
    assert "without a sandbox" in insisted.stderr
    assert "16 of 16 points" in insisted.stdout


@pytest.fixture
def classroom(tmp_path):
    """A folder with five submissions, two files that somebody handed in instead, and one that lies beside."""
    works = {
        "anna.py": RIGHT[2],
        "ben/work.py": RIGHT[2].replace("np.tanh(H @", "(H @"),
        "carl.ipynb": "{",
        "ben/plots/scores.csv": "1,2",
        "dora/lab2.docx": "hi",
        "EVE.PY": RIGHT[2] + "# Eve's\n",
    }
    works["<img src=x onerror=alert(1)>\x1b[31m.py"] = RIGHT[2].replace("* 0.01", "* 0.02")
    for name, text in works.items():
        (tmp_path / "class" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "class" / name).write_text(text)
    return tmp_path


def test_a_class_gets_a_table_a_page_and_json_and_its_grades_are_kept(classroom):
    done = run("grade", 2, "class", folder=classroom, code=1)
    out = classroom / "goodinit-grades" / "lab2-class"
    assert "files beside submissions, not graded: ben/plots/scores.csv" in done.stderr
    assert "anna.py: 16 of 16 points" in done.stdout
    assert "EVE.PY: 16 of 16 points" in done.stdout
    no_submission = "is not a submission: hand in a notebook (.ipynb) or a Python file (.py)"
    assert f"dora/lab2.docx: 0 of 16 points: dora/lab2.docx {no_submission}" in " ".join(done.stdout.split())
    assert "carl.ipynb: 0 of 16 points: carl.ipynb is not a submission" in done.stdout
    table = (out / "grades.csv").read_text()
    rows = {row["submission"]: row for row in csv.DictReader(io.StringIO(table))}
    assert len(rows) == 6
    assert rows["dora/lab2.docx"]["note"] == f"dora/lab2.docx {no_submission}"
    assert rows["anna.py"]["points"] == "16"
    assert rows["ben/work.py"]["TestForwardPropagation"] == "0"
    assert "damaged" in rows["carl.ipynb"]["note"]
    page = (out / "index.html").read_text()
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "The activation is missing" in page
    assert "\x1b" not in table + page + done.stdout + done.stderr
    kept = {path: path.stat().st_mtime_ns for path in (out / "results").iterdir()}
    assert len(kept) == 4

    again = run("grade", 2, "class", "--json", folder=classroom, code=1)
    assert {path: path.stat().st_mtime_ns for path in (out / "results").iterdir()} == kept
    assert (out / "grades.csv").read_text() == table
    said = json.loads(again.stdout)
    assert said["schema_version"] == 1
    assert said["output"] == "goodinit-grades/lab2-class"
    assert said["others"] == ["ben/plots/scores.csv"]
    graded = {row["submission"]: row["grade"]["points"] for row in said["submissions"] if row["grade"]}
    assert graded == {name: int(row["points"]) for name, row in rows.items() if not row["note"]}


LAYOUTS = {
    "files": (["a.py", "b.docx", "c.IPYNB", ".hidden"], ["a.py", "b.docx", "c.IPYNB"]),
    "a folder each": (["a/x.py", "a/x.png", "b/x.pdf", "b/x.png"], ["a/x.py", "b/x.pdf", "b/x.png"]),
    "below and above": (["a/src/x.py", "a/x.csv", "a/src/data/x.csv", "b/x"], ["a/src/x.py", "b/x"]),
    "groups": (["one/a/x.py", "one/b/x.zip", "two/c/x.py"], ["one/a/x.py", "one/b/x.zip", "two/c/x.py"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nobody_who_handed_something_in_vanishes(layout, tmp_path):
    files, rows = LAYOUTS[layout]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found, others = classes.collect(tmp_path)
    assert [str(file.relative_to(tmp_path)) for file in found] == rows
    assert others == sorted(set(files) - set(rows) - {".hidden"})


def test_the_same_contents_are_graded_once_and_said_to_be_the_same(tmp_path):
    (tmp_path / "class").mkdir()
    for name in ("anna.py", "ben.py", "carl.py"):
        (tmp_path / "class" / name).write_text(RIGHT[2] + ("# Carl's\n" if name == "carl.py" else ""))
    done = run("grade", 2, "class", "--out", "out", folder=tmp_path)
    assert "ben.py: 16 of 16 points (same contents as anna.py)\n" in done.stdout
    rows = csv.DictReader(io.StringIO((tmp_path / "out" / "grades.csv").read_text()))
    assert [row["note"] for row in rows] == ["", "same contents as anna.py", ""]
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("same contents as anna.py") == 1
    assert "not a submission" not in page
    assert page.count("Everything is right.") == 3
    assert len(list((tmp_path / "out" / "results").iterdir())) == 2


def test_a_page_of_what_ran_without_a_sandbox_says_so(tmp_path):
    graded = classes.as_json(grading.lab(2), [classes.Result("anna.py", None, "anna.py is not a submission")])
    for sandboxed in (True, False):
        page = write_grades(graded, tmp_path / "index.html", sandboxed).read_text()
        assert ("ran without a sandbox" in page) == (not sandboxed)
        assert "anna.py is not a submission" in page


def test_a_class_goes_on_where_it_was_killed(classroom):
    for name in "defg":
        (classroom / "class" / f"{name}.py").write_text(RIGHT[2] + f"# {name}\n")
    running = subprocess.Popen(
        [GOODINIT, "lab", "grade", "2", "class", "--out", "out"], cwd=classroom, start_new_session=True
    )
    results, end = classroom / "out" / "results", time.monotonic() + 120
    while not (results.is_dir() and len(list(results.glob("*.json"))) >= 2) and time.monotonic() < end:
        pass
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept = {path: path.stat().st_mtime_ns for path in results.glob("*.json")}
    assert 2 <= len(kept) < 8
    run("grade", 2, "class", "--out", "out", folder=classroom, code=1)
    assert len(list(results.glob("*.json"))) == 8
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len((classroom / "out" / "grades.csv").read_text().splitlines()) == 11


def test_damaged_results_are_graded_again(tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "anna.py").write_text(RIGHT[2])
    grade = functools.partial(
        classes.grade_all,
        *(grading.lab(2), tmp_path / "class", [tmp_path / "class" / "anna.py"], tmp_path / "out"),
        *(places.ordinary, grading.Limits()),
    )
    first = grade()
    (result,) = (tmp_path / "out" / "results").iterdir()
    whole = result.read_text()
    lacking = json.loads(whole)
    del lacking["cases"]
    another = json.loads(whole) | {"grader": "another", "cases": []}
    for damaged in ("{", "[]", "null", json.dumps(another), json.dumps(lacking), json.dumps(lacking | {"cases": [1]})):
        result.write_text(damaged)
        assert grade() == first
        assert result.read_text() == whole


def test_a_grade_that_the_clock_took_is_not_kept(tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "anna.py").write_text(RIGHT[2])
    files = [tmp_path / "class" / "anna.py"]
    of, hurry = grading.lab(2), dataclasses.replace(grading.Limits(), total=0.0)
    (late,) = classes.grade_all(of, tmp_path / "class", files, tmp_path / "out", places.ordinary, hurry)
    assert late.grade.points == 0
    (again,) = classes.grade_all(of, tmp_path / "class", files, tmp_path / "out", places.ordinary, grading.Limits())
    assert again.grade.points == of.points
