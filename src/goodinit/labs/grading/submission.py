"""Reading a submission: a notebook or a Python file from a stranger, of which the grader only takes the text."""

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodinit.errors import InputError
from goodinit.spelling import one_line

MOST_BYTES = 20_000_000  # notebooks carry their pictures
MOST_CELLS = 2_000
LONGEST_NAME = 120
KINDS = (".ipynb", ".py")

CELL = re.compile(r"^# ?%%.*$", re.MULTILINE)


class SubmissionError(InputError):
    """A file that is no submission."""


@dataclass(frozen=True)
class Submission:
    """The code of one submission.

    Parameters
    ----------
    name : str
        The file's name, fit to be shown.
    cells : tuple of str
        Source text of the code cells.
    digest : str
        SHA-256 of the file's contents: what the submission is, whoever handed it in.
    """

    name: str
    cells: tuple[str, ...]
    digest: str


def read(path: Path, name: str | None = None) -> Submission:
    """Read a notebook (``.ipynb``, format 4) or a Python file (``.py``, with or without ``# %%`` cells).

    Raises
    ------
    SubmissionError
        If it is neither, too large, a link, or no text.
    """
    shown = one_line(name or path.name, LONGEST_NAME)
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise SubmissionError(f"{shown} is not a submission: hand in a notebook (.ipynb) or a Python file (.py)")
    content = _content(path, shown)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SubmissionError(f"{shown} is not a submission: it is not text in UTF-8") from None
    cells = _notebook(text, shown) if kind == ".ipynb" else tuple(CELL.split(text))
    cells = tuple(cell for cell in cells if cell.strip())
    if not 0 < len(cells) <= MOST_CELLS:
        raise SubmissionError(f"{shown} is not a submission: it has {len(cells) or 'no'} cells of code")
    return Submission(shown, cells, hashlib.sha256(content).hexdigest())


def _content(path: Path, shown: str) -> bytes:
    """Read a regular file of bounded size; a link could show the grader's own files, a pipe would never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        reason = "it is a link" if path.is_symlink() else error.strerror
        raise SubmissionError(f"{shown} is not a submission: {reason}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SubmissionError(f"{shown} is not a submission: it is not a regular file")
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise SubmissionError(f"{shown} is not a submission: it has more than {MOST_BYTES:,} bytes; clear its outputs")
    return content


def _notebook(text: str, shown: str) -> tuple[str, ...]:
    """Return the code cells of a notebook."""
    try:
        notebook: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise SubmissionError(f"{shown} is not a submission: the notebook is damaged, it is not JSON") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise SubmissionError(f"{shown} is not a submission: it is no notebook in format 4; save it again in Jupyter")
    return tuple(_source(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code")


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))
