"""Grading a class: one submission after the other, each result kept at once, so that a run that stops goes on."""

import csv
import functools
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goodinit.errors import InputError
from goodinit.labs.grading.cases import Lab
from goodinit.labs.grading.grade import Grade, grade
from goodinit.labs.grading.places import Place
from goodinit.labs.grading.session import Limits
from goodinit.labs.grading.submission import KINDS, LONGEST_NAME, SubmissionError, read
from goodinit.spelling import one_line

MOST_FILES = 10_000
FORMULA = ("=", "+", "-", "@")  # with which a spreadsheet would begin to compute


@dataclass(frozen=True)
class Result:
    """One row of a class: a submission's name, its grade, or why it has none."""

    name: str
    grade: Grade | None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether all cases passed."""
        return self.grade is not None and self.grade.passed


def collect(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the notebooks and Python files below a folder, by name, and the names of other files.

    Raises
    ------
    InputError
        If there is no submission in it.
    """
    found, others = list[Path](), list[str]()
    for top, folders, files in os.walk(folder):  # it follows no links
        folders[:] = [name for name in folders if name[0] != "." and name != "__pycache__"]
        for name in files:
            if name.endswith(KINDS) and name[0] != ".":
                found.append(Path(top, name))
            elif name[0] != ".":
                others.append(one_line(name, LONGEST_NAME))
    if not 0 < len(found) <= MOST_FILES:
        raise InputError(f"{folder} has {len(found) or 'no'} notebooks (.ipynb) or Python files (.py) to grade")
    return sorted(found), sorted(others)


def grade_all(
    lab: Lab,
    folder: Path,
    files: Sequence[Path],
    out: Path,
    place: Place,
    limits: Limits,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Grade files of a folder, or take the grades that an earlier run left in ``out/results``.

    Raises
    ------
    InputError
        If `out` lies in the folder: a student could leave results in it.
    """
    if out.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"--out {out} lies among the submissions, which could bring results; give another folder")
    kept = out / "results"
    kept.mkdir(parents=True, exist_ok=True)
    results = []
    for done, file in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        results.append(_result(lab, file, str(file.relative_to(folder)), kept, place, limits))
    return results


def _result(lab: Lab, file: Path, name: str, kept: Path, place: Place, limits: Limits) -> Result:
    shown = one_line(name, LONGEST_NAME)
    try:
        submission = read(file, name)
        path = kept / f"lab{lab.number}-{submission.digest}.json"
        found = _kept(path, lab)
        if found is None:
            found = grade(lab, submission, place, limits)
            _keep(path, found)
    except SubmissionError as error:
        return Result(shown, None, str(error))
    return Result(shown, found)


def _kept(path: Path, lab: Lab) -> Grade | None:
    """Return the grade of an earlier run of this very grader, or None."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(said, dict) or said.get("grader") != identity() or said.get("lab") != lab.number:
        return None
    return Grade.of_dict(said)


def _keep(path: Path, found: Grade) -> None:
    """Write beside the file and rename: what bears the name is whole, whenever the run is killed."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"grader": identity()} | found.as_dict(), indent=1), encoding="utf-8")
    os.replace(part, path)


@functools.cache
def identity() -> str:
    """Return a digest of what a grade depends on beside the submission: this package, Python and NumPy."""
    digest = hashlib.sha256(f"{sys.version} {np.__version__}".encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def table(lab: Lab, results: Iterable[Result]) -> str:
    """Return the class as CSV: a row for each submission, a column for each case."""
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["submission", "points", "of", *(case.name for case in lab.cases), "note"])
    for result in results:
        points = [case.points for case in result.grade.cases] if result.grade else [0 for _ in lab.cases]
        rows.writerow([_plain(result.name), sum(points), lab.points, *points, _plain(result.note)])
    return stream.getvalue()


def as_json(lab: Lab, results: Iterable[Result]) -> dict[str, Any]:
    """Return the class as JSON."""
    rows = [
        {"submission": result.name, "note": result.note, "grade": result.grade.as_dict() if result.grade else None}
        for result in results
    ]
    return {"lab": lab.number, "title": lab.title, "points": lab.points, "submissions": rows}


def _plain(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
