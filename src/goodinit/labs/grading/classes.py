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
import scipy

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
    """One row of a class: a submission's name, its grade, and a note, such as why it has none."""

    name: str
    grade: Grade | None
    note: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether all cases passed."""
        return self.grade is not None and self.grade.passed


def collect(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the files below a folder that get a row, by name, and the names of those that get none.

    Notebooks and Python files get one. So does any other file, for it may be all that somebody handed in, unless a
    submission lies in the same subfolder, in one above it or in one below: then it is what came with that.

    Raises
    ------
    InputError
        If there is no submission in it, or too many files.
    """
    files = list[Path]()
    for top, folders, names in os.walk(folder):  # it follows no links
        folders[:] = [name for name in folders if name[0] != "." and name != "__pycache__"]
        files += [Path(top, name).relative_to(folder) for name in names if name[0] != "."]
    found = {file for file in files if file.suffix.lower() in KINDS}
    if not found:
        raise InputError(f"{folder} has no notebooks (.ipynb) or Python files (.py) to grade")
    homes = {file.parent for file in found} - {Path()}
    above = {parent for home in homes for parent in home.parents} - {Path()}
    beside = {file for file in set(files) - found if file.parent in above or not homes.isdisjoint(file.parents)}
    rows = sorted(set(files) - beside)
    if len(rows) > MOST_FILES:
        raise InputError(f"{folder} has {len(rows):,} files to grade, more than {MOST_FILES:,}; grade it in parts")
    return [folder / file for file in rows], [one_line(str(file), LONGEST_NAME) for file in sorted(beside)]


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
    results, first = [], dict[str, str]()
    for done, file in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        results.append(_result(lab, file, str(file.relative_to(folder)), kept, place, limits, first))
    return results


def _result(lab: Lab, file: Path, name: str, kept: Path, place: Place, limits: Limits, first: dict[str, str]) -> Result:
    """Grade a file; `first` holds the first name of all contents so far."""
    shown = one_line(name, LONGEST_NAME)
    try:
        submission = read(file, name)
        path = kept / f"lab{lab.number}-{submission.digest}.json"
        found = _kept(path, lab)
        if found is None:
            found = grade(lab, submission, place, limits)
            if not found.hurried:  # on a quieter machine it may have its points
                _keep(path, found)
    except SubmissionError as error:
        return Result(shown, None, str(error))
    same = first.setdefault(submission.digest, shown)
    return Result(shown, found, "" if same == shown else f"same contents as {same}")


def _kept(path: Path, lab: Lab) -> Grade | None:
    """Return the grade of an earlier run of this very grader, or None."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["grader"] != identity() or said["lab"] != lab.number:
            return None
        return Grade.of_dict(said)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, found: Grade) -> None:
    """Write beside the file and rename: what bears the name is whole, whenever the run is killed."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"grader": identity()} | found.as_dict(), indent=1), encoding="utf-8")
    os.replace(part, path)


@functools.cache
def identity() -> str:
    """Return a digest of what a grade depends on beside the submission: labs, theory, Python, packages."""
    digest = hashlib.sha256(f"{sys.version} {np.__version__} {scipy.__version__}".encode())
    labs, theory = Path(__file__).parents[1], Path(__file__).parents[2] / "theory"
    for file in sorted([*labs.rglob("*.py"), *labs.rglob("*.md"), *theory.glob("*.py")]):
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


def as_json(lab: Lab, results: Iterable[Result], others: Sequence[str] = ()) -> dict[str, Any]:
    """Return the class as JSON; `others` are the files that got no row."""
    rows = [
        {"submission": result.name, "note": result.note, "grade": result.grade.as_dict() if result.grade else None}
        for result in results
    ]
    return {"lab": lab.number, "title": lab.title, "points": lab.points, "submissions": rows, "others": list(others)}


def _plain(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
