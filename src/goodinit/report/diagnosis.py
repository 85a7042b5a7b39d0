"""The diagnosis of a model as one HTML page that needs nothing else."""

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goodinit.diagnosis import Finding, Report
from goodinit.diagnosis.printing import COLUMNS, asked, cells, totals
from goodinit.diagnosis.words import number, some
from goodinit.figures.diagnosis import layers
from goodinit.report.images import data_uris
from goodinit.report.page import environment
from goodinit.spelling import SENTENCE, one_line

MOST_ROWS = 1_000
WORDS = {"blame": "To blame", "acquit": "Not to blame", "cannot tell": "Cannot tell"}


def write_diagnosis(report: Report, path: Path) -> Path:
    """Write the page: verdict, findings, figure, layers, thresholds; no network, no scripts.

    Parameters
    ----------
    report : Report
        What `goodinit.check` returned.
    path : pathlib.Path
        The file to write; it is replaced if it exists.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    seen = report.observation
    rows = [[one and one_line(one, SENTENCE) for one in cells(row)] for row in report.rows[:MOST_ROWS]]
    page = (
        environment()
        .get_template("diagnosis.html.jinja")
        .render(
            title=f"Is the initialization of {one_line(seen.model, SENTENCE)} to blame?",
            asked=one_line(asked(report), SENTENCE),
            word=WORDS[report.verdict.word],
            sentence=one_line(report.verdict.sentence, 2 * SENTENCE),
            findings=[_finding(one) for one in report.findings],
            figure=_figure(report),
            words=_words(report),
            columns=COLUMNS,
            rows=rows,
            left=len(report.rows) - len(rows),
            totals=totals(report),
            thresholds=[
                {
                    "code": code,
                    "quantity": one.quantity,
                    "warning": _bound(one.warning),
                    "error": _bound(one.error),
                    "why": one.why,
                }
                for code, one in report.thresholds.items()
            ],
        )
    )
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path


def _bound(value: float) -> str:
    return number(value) if math.isfinite(value) else "nowhere"


def _finding(one: Finding) -> dict[str, str]:
    return {
        "code": one.code,
        "level": one.level,
        "layers": one_line(some(one.layers, 6), SENTENCE) if one.layers else "",
        "measured": "" if one.measured is None else number(one.measured),
        "expected": "" if one.expected is None else " and ".join(number(bound) for bound in one.expected),
        "reason": one_line(one.reason, SENTENCE),
        "fix": one_line(one.fix, SENTENCE),
    }


def _figure(report: Report) -> str | None:
    if not report.rows:
        return None
    rows: Sequence[dict[str, Any]] = report.to_dict()["layers"]
    bounds = report.thresholds["INIT203"].warning, report.thresholds["INIT204"].warning
    panels = layers(rows, bounds)
    with tempfile.TemporaryDirectory() as folder:
        png = Path(folder) / "layers.png"
        panels[0].figure.savefig(png)
        return data_uris([png])[0]


def _words(report: Report) -> str:
    """Return the figure in words."""
    each = (
        f"{row.path}: outputs {number(row.activation)}"
        + ("" if row.gradient is None else f", gradient {number(row.gradient)}")
        for row in report.rows
    )
    return one_line("; ".join(each), 2_000)
