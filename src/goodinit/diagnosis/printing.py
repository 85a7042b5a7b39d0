"""A report as text for terminals and as HTML for notebooks."""

import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from goodinit.diagnosis.words import number, some
from goodinit.spelling import SENTENCE, one_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from goodinit.diagnosis.report import Report, Row

COLUMNS = (
    "layer",
    "type",
    "weights",
    "initializer",
    "std (expected)",
    "followed by",
    "output rms",
    "gradient rms",
    "units",
    "status",
)
SPARED = ("type", "weights", "units", "initializer", "followed by")  # on narrow terminals, in this order
WIDEST = 40  # characters of a cell
MOST_ROWS = 60  # of a table on a terminal; the report page and `to_dict` have all
WIDE = 140
_STYLE = {"blame": "bold red", "acquit": "bold green", "cannot tell": "bold yellow"}
_LEVEL = {"error": "red", "warning": "yellow", "note": "dim"}


def text(report: "Report", width: int | None = None) -> str:
    """Return the report as plain text."""
    from rich.console import Console

    columns = os.environ.get("COLUMNS", "")
    wide = width or (int(columns) if columns.isdigit() else WIDE)
    console = Console(file=io.StringIO(), width=wide, highlight=False, markup=False, emoji=False)
    show(report, console)
    return str(console.file.getvalue()).rstrip()  # type: ignore[attr-defined]


def show(report: "Report", console: "Console") -> None:
    """Print the report: rows, totals, findings, verdict."""
    console.print(one_line(f"{report.observation.model}, {asked(report)}", SENTENCE), soft_wrap=True)
    if report.rows:
        console.print(_fitting(report, console))
        console.print(one_line(totals(report), SENTENCE), soft_wrap=True)
    for one in report.findings:
        console.print()
        console.print(f"{one.code} {one.level}", style=_LEVEL[one.level], end="  ")
        console.print(one_line(f"{some(one.layers)}" if one.layers else "the model", SENTENCE))
        console.print(one_line(f"  {one.reason}", 1000))
        if one.expected is not None and one.measured is not None:
            low, high = (number(bound) for bound in one.expected)
            console.print(f"  measured {number(one.measured)}, no finding between {low} and {high}")
        console.print(one_line(f"  fix: {one.fix}", 1000))
    console.print()
    console.print(one_line(report.verdict.sentence, 2000), style=_STYLE[report.verdict.word])


def asked(report: "Report") -> str:
    """Return mode, batch and loss, the latter two unless nothing was run."""
    seen = report.observation
    return "; ".join(one for one in (f"{seen.mode} mode", seen.batch, seen.loss) if one)


def totals(report: "Report") -> str:
    """Return how many layers, parameters and findings there are."""
    count = sum(_entries(value.shape) for value in report.observation.values)
    levels = {name: sum(one.level == name for one in report.findings) for name in _LEVEL}
    said = ", ".join(f"{many} {name}{'s' if many != 1 else ''}" for name, many in levels.items())
    return f"{len(report.rows)} layers, {count:,} parameters; {said}"


def _entries(shape: tuple[int, ...]) -> int:
    out = 1
    for one in shape:
        out *= one
    return out


def cells(row: "Row") -> tuple[str, ...]:
    """Return a row in words."""
    std = "" if row.std is None else number(row.std)
    expected = "" if row.expected_std is None else f" ({number(row.expected_std)})"
    gradient = "" if row.gradient is None else number(row.gradient)
    shape = "x".join(str(one) for one in row.shape)
    activation = number(row.activation)
    return (
        *(row.path, row.type, shape, row.identified or "", std + expected),
        *(row.follows, activation, gradient, row.share, row.status),
    )


def _fitting(report: "Report", console: "Console") -> "RenderableType":
    """Return the table without the columns that it can do without, as far as the console is too narrow."""
    used = _used(report)
    table = _table(report, used)
    for name in SPARED:
        if console.measure(table, options=console.options.update(max_width=10_000)).maximum <= console.width:
            break
        used[COLUMNS.index(name)] = False
        table = _table(report, used)
    return table


def _table(report: "Report", used: Sequence[bool]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, keep in zip(COLUMNS, used, strict=True):
        if keep:
            right = name in ("output rms", "gradient rms")
            table.add_column(name, overflow="fold", justify="right" if right else "left", max_width=WIDEST)
    shown = _most_telling(report)
    for row in shown:
        style = None if row.status == "ok" else "yellow"
        table.add_row(
            *(one and one_line(one, SENTENCE) for one, keep in zip(cells(row), used, strict=True) if keep), style=style
        )
    if len(shown) < len(report.rows):
        table.caption = f"{len(report.rows) - len(shown)} more layers without findings are not shown"
    return table


def _used(report: "Report") -> list[bool]:
    """Return which columns hold anything."""
    return [any(column) for column in zip(*(cells(row) for row in report.rows), strict=True)]


def _most_telling(report: "Report") -> "list[Row]":
    """Return all rows if they are few, else those with findings and the first ones, in order."""
    if len(report.rows) <= MOST_ROWS:
        return list(report.rows)
    order = sorted(range(len(report.rows)), key=lambda at: (report.rows[at].status == "ok", at))
    return [report.rows[at] for at in sorted(order[:MOST_ROWS])]


_PAGE = """<div class="goodinit-report">
<p>{{ head }}</p>
<table><thead><tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for one in row %}<td>{{ one }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>
<p>{{ totals }}</p>
<ul>{% for one in findings %}
<li><b>{{ one.code }}</b> {{ one.level }}: {{ one.reason }}. <i>{{ one.fix }}</i></li>{% endfor %}
</ul>
<p><b>{{ sentence }}</b></p>
</div>"""


def html(report: "Report") -> str:
    """Return the report as a fragment of HTML in which everything is escaped."""
    import jinja2

    used = _used(report) if report.rows else [True] * len(COLUMNS)
    return (
        jinja2.Environment(autoescape=True)
        .from_string(_PAGE)
        .render(
            head=f"{report.observation.model}, {asked(report)}",
            columns=[name for name, keep in zip(COLUMNS, used, strict=True) if keep],
            rows=[[one for one, keep in zip(cells(row), used, strict=True) if keep] for row in report.rows],
            totals=totals(report),
            findings=report.findings,
            sentence=report.verdict.sentence,
        )
    )
