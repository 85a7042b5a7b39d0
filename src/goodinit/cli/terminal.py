"""How commands print: a console of the right width, lines of printable text, JSON without what is not a number."""

import io
import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from goodinit.spelling import SENTENCE, one_line

if TYPE_CHECKING:
    import xarray as xr

SCHEMA_VERSION = 1
WIDE = 120  # columns where nothing says how many there are
LONGEST_PATH = 4096  # characters: PATH_MAX


def terminal(least: int = 0) -> Console:
    """Return a console of the terminal's width or what COLUMNS says, but at least so wide; text is only text."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = WIDE
    console.width = max(console.width, least)
    return console


def say(console: Console, text: str, most: int = SENTENCE) -> None:
    """Print one line that the terminal may wrap and that holds nothing but printable characters."""
    console.print(one_line(text, most), soft_wrap=True)


def width(console: Console, table: Table) -> int:
    """Return how wide a table is that nothing presses."""
    return console.measure(table, options=console.options.update(max_width=10_000)).maximum


def write_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    json.dump(value, sys.stdout, indent=1, allow_nan=False)
    sys.stdout.write("\n")


def interval_or_none(bounds: "xr.DataArray") -> list[float | None] | None:
    """Return [low, high], or null where no interval can be given."""
    low, high = bounds.values
    return None if math.isnan(low) else [finite_or_none(low), finite_or_none(high)]


def finite_or_none(value: Any) -> float | None:
    """Return a number, or null if it is infinite or missing."""
    return float(value) if math.isfinite(float(value)) else None
