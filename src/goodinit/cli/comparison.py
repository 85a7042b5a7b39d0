"""What ``goodinit compare`` prints: a table and sentences for people, or JSON for programs."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from goodinit.cli.terminal import (
    LONGEST_PATH,
    SCHEMA_VERSION,
    finite_or_none,
    interval_or_none,
    say,
    terminal,
    width,
    write_json,
)
from goodinit.datasets import short
from goodinit.figures.words import plural, score_name
from goodinit.report import tables
from goodinit.spelling import one_line
from goodinit.study.statistics import FEWEST

# what is given up on narrower and narrower terminals: the columns left out, and how narrow labels may be folded
STAGES: tuple[tuple[tuple[str, ...], int], ...] = (((), 24), (("best",), 24), (("best", "train"), 24))
STAGES += ((("best", "train"), 12),)


def print_results(results: xr.Dataset, folder: Path) -> None:
    """Print the table, one row an initializer, and the findings."""
    console = terminal()
    for note in json.loads(results.attrs["notes"]):
        say(console, note)
    table, needed = _fitting(results, console)
    terminal(needed).print(table, "")
    for sentence in results["finding"].values:
        say(console, f"- {sentence}")
    console.print()
    say(console, f"report: {folder / 'report.html'}", LONGEST_PATH)


def _fitting(results: xr.Dataset, console: Console) -> tuple[Table, int]:
    """Return the table with as many columns as fit, and the width that it needs at least."""
    rows = tables.summary(results, results.sizes["initializer"])
    longest = max(cell_len(row["name"][0]) for row in rows)
    for left_out, fold in STAGES:
        columns = [column for column in _columns(results) if column[0] not in left_out]
        name = min(longest, fold)
        needed = width(console, _table(results, rows, columns, name, name))
        if needed <= console.width:
            break
    return _table(results, rows, columns, name, None), needed


def _columns(results: xr.Dataset) -> Iterator[tuple[str, str]]:
    """Yield the key and the heading of each column after the initializer's."""
    if results.sizes["learning_rate"] > 1:
        yield "rate", "best\nrate"
    score = score_name(results)
    yield "train", f"train\n{score}"
    yield "test", f"test\n{score}"
    yield "loss", "final\nloss"
    yield "failed", "failed"
    yield "best", "best and\nworst test"


def _table(
    results: xr.Dataset,
    rows: list[dict[str, tables.Cell]],
    columns: list[tuple[str, str]],
    least: int,
    most: int | None,
) -> Table:
    """Return the table; a cell has its value above and its interval below, names take `least` to `most` columns."""
    interval = " and its 95 % interval" if results.sizes["seed"] >= FEWEST else ""
    table = Table(
        title=f"{one_line(short(results.attrs['data']), tables.LABEL)}, {plural(results.sizes['seed'], 'seed')}: "
        f"median{interval}",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 0, 0, 1),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("initializer", overflow="fold", min_width=least, max_width=most)
    for _, heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row["name"][0], *(_cell(row, key) for key, _ in columns))
    return table


def _cell(row: dict[str, tables.Cell], key: str) -> str:
    if key == "best":
        return "\n".join(f"{value} ({seed})" for value, seed in (row["best"], row["worst"]))
    return "\n".join(row[key]).rstrip()


def print_json(results: xr.Dataset, folder: Path) -> None:
    """Print the results as one JSON object; infinite and missing numbers are null."""
    write_json(_object(results, folder))


def _object(results: xr.Dataset, folder: Path) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "study": tomllib.loads(results.attrs["study"]),
        "notes": json.loads(results.attrs["notes"]),
        "results": [_result(results.sel(initializer=label)) for label in results["initializer"].values],
        "pairs": [_pair(results.isel(pair=at)) for at in range(results.sizes["pair"])],
        "findings": [str(sentence) for sentence in results["finding"].values],
        "output": str(folder),
    }


def _result(row: xr.Dataset) -> dict[str, Any]:
    of_metrics = {
        str(metric): {
            "median": finite_or_none(row["median"].sel(metric=metric)),
            "mean": finite_or_none(row["mean"].sel(metric=metric)),
            "ci": interval_or_none(row["interval"].sel(metric=metric)),
        }
        for metric in row["metric"].values
    }
    return {
        "initializer": str(row["initializer"].item()),
        "learning_rate": finite_or_none(row["best_learning_rate"]),
        "seeds": row.sizes["seed"],
        **of_metrics,
        "failure": {
            "probability": finite_or_none(row["failure_probability"]),
            "ci": interval_or_none(row["failure_interval"]),
        },
        "best_seed": int(row["best_seed"]),
        "worst_seed": int(row["worst_seed"]),
        "learning_rates": [
            {
                "learning_rate": float(rate),
                "final_loss": {
                    "median": finite_or_none(row["rate_loss"].sel(learning_rate=rate)),
                    "ci": interval_or_none(row["rate_loss_interval"].sel(learning_rate=rate)),
                },
            }
            for rate in row["learning_rate"].values
        ],
    }


def _pair(pair: xr.Dataset) -> dict[str, Any]:
    needed = finite_or_none(pair["pair_seeds_needed"])
    return {
        "a": str(pair["pair_a"].item()),
        "b": str(pair["pair_b"].item()),
        "metric": str(pair["metric"].values[1]),
        "difference": finite_or_none(pair["pair_difference"]),
        "ci": interval_or_none(pair["pair_interval"]),
        "p": finite_or_none(pair["pair_p"]),
        "distinguishable": bool(pair["pair_distinguishable"]),
        "seeds_needed": None if needed is None else int(needed),
    }
