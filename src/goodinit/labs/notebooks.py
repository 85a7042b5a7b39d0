"""Lessons become notebooks: one for students, with blanks, and one with the solutions, from a single source.

A source is a Python file in jupytext's percent format. What stands between the lines ``### BEGIN SOLUTION`` and
``### END SOLUTION`` is for the solution only; in the student's version the lines ``### STUDENT: ...`` between them
become comments, followed by ``raise NotImplementedError``.
"""

import os
from pathlib import Path
from typing import Any

from goodinit.errors import InputError, MissingError

LESSONS = Path(__file__).parent / "lessons"
BEGIN, END, HINT = "### BEGIN SOLUTION", "### END SOLUTION", "### STUDENT:"
BLANK = 'raise NotImplementedError("write this")'


def source(lab: int) -> str:
    """Return the source of a lab, or raise InputError if there is none."""
    path = LESSONS / f"lab{lab}.py"
    if not path.is_file():
        known = sorted(each.stem.removeprefix("lab") for each in LESSONS.glob("lab*.py"))
        raise InputError(f"there is no lab {lab}; there are {', '.join(known)}")
    return path.read_text(encoding="utf-8")


def version(text: str, solution: bool) -> str:
    """Return the source with its solutions, or with blanks in their place; no marker is left in either.

    Raises
    ------
    InputError
        If a marker has no partner.
    """
    kept: list[str] = []
    hints: list[str] | None = None  # of the region that is open
    for number, line in enumerate(text.splitlines(), start=1):
        words, indent = line.strip(), line[: len(line) - len(line.lstrip())]
        if words in (BEGIN, END):
            if (words == END) == (hints is None):
                raise InputError(f"line {number}: {words} has no partner")
            if hints is not None and not solution:
                kept += [*hints, f"{indent}{BLANK}"]
            hints = [] if words == BEGIN else None
        elif hints is None or (solution and not words.startswith(HINT)):
            kept.append(line)
        elif words.startswith(HINT):
            hints.append(f"{indent}# {words.removeprefix(HINT).strip()}")
    if hints is not None:
        raise InputError(f"the last {BEGIN} has no partner")
    return "\n".join(kept) + "\n"


def notebook(lab: int, solution: bool) -> Any:
    """Return the notebook of a lab, an `nbformat.NotebookNode` that is the same each time.

    Raises
    ------
    InputError
        If there is no such lab.
    MissingError
        If jupytext is not installed.
    """
    try:
        import jupytext
    except ImportError:
        raise MissingError("notebooks need jupytext: pip install 'goodinit[labs]'") from None
    made = jupytext.reads(version(source(lab), solution), fmt="py:percent")
    for number, cell in enumerate(made.cells, start=1):
        cell["id"] = f"cell-{number}"
    return made


def write(lab: int, folder: Path, solution: bool, force: bool) -> Path:
    """Write ``lab1.ipynb`` or ``lab1-solution.ipynb`` and the like, and return the path.

    Raises
    ------
    InputError
        If the file exists and `force` is not given: it may hold somebody's work.
    """
    made = notebook(lab, solution)
    import jupytext

    path = folder / f"lab{lab}{'-solution' if solution else ''}.ipynb"
    if path.exists() and not force:
        raise InputError(f"{path} exists and may hold your work; give another folder, or --force to replace it")
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(jupytext.writes(made, fmt="ipynb"), encoding="utf-8")
    os.replace(part, path)
    return path
