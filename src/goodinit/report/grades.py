"""The grades of a class as one HTML page: how the class did, and what each can learn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from goodinit.figures.words import plural
from goodinit.report.page import environment

MOST_ROWS = 1_000  # the CSV has all


def write_grades(graded: Mapping[str, Any], path: Path, sandboxed: bool) -> Path:
    """Write the page; it needs nothing else: no network, no scripts.

    Parameters
    ----------
    graded : mapping
        What ``goodinit lab grade --json`` prints: ``lab``, ``title``, ``points``, and a list ``submissions``.
    path : pathlib.Path
        The file to write; it is replaced if it exists.
    sandboxed : bool
        Whether the submissions ran in sandboxes; if not, the page says so.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    rows = [_row(submission) for submission in graded["submissions"][:MOST_ROWS]]
    left = len(graded["submissions"]) - len(rows)
    page = (
        environment()
        .get_template("grades.html.jinja")
        .render(
            title=f"Grades of lab {graded['lab']}: {graded['title']}",
            asked=f"{plural(len(rows), 'submission')}, {plural(graded['points'], 'point')} each"
            + (f"; {left:,} more stand in grades.csv" if left else ""),
            of=graded["points"],
            rows=rows,
            cases=_cases([row for row in rows if row["cases"]]),
            sandboxed=sandboxed,
        )
    )
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path


def _row(submission: Mapping[str, Any]) -> dict[str, Any]:
    grade = submission["grade"]
    return {
        "name": submission["submission"],
        "note": submission["note"],
        "points": grade["points"] if grade else 0,
        "cases": grade["cases"] if grade else [],
        "failed": grade["notes"] if grade else [],
    }


def _cases(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say of each case how many passed it, and what the others most often did."""
    cases = []
    for grades in zip(*(row["cases"] for row in rows), strict=True):
        mistakes = Counter(grade["mistake"] for grade in grades if grade["mistake"])
        (frequent, count), *_ = mistakes.most_common(1) or [("", 0)]
        cases.append(
            {
                "name": grades[0]["case"],
                "short": grades[0]["case"].removeprefix("Test"),
                "points": grades[0]["of"],
                "passed": sum(grade["points"] == grade["of"] for grade in grades),
                "mistake": f"{frequent} ({plural(count, 'submission')})" if frequent else "",
            }
        )
    return cases
