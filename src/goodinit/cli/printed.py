"""What ``goodinit compare`` prints: a table and sentences for people, or JSON for programs."""

import json
import math
import sys
import tomllib
from pathlib import Path
from typing import Any

import xarray as xr
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from goodinit.study.statistics import FEWEST

SCHEMA_VERSION = 1
WIDE = 120  # columns where no terminal says how many there are
MOST_FINDINGS = 12  # on a terminal; the report has them all


def print_results(results: xr.Dataset, folder: Path) -> None:
    """Print the table, one row an initializer, and the findings."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDE)
    for note in results.attrs["notes"]:
        console.print(escape(note), soft_wrap=True)
    console.print(_table(results))
    sentences = [str(sentence) for sentence in results["finding"].values]
    for sentence in sentences[:MOST_FINDINGS]:
        console.print(f"- {escape(sentence)}", soft_wrap=True)
    if len(sentences) > MOST_FINDINGS:
        console.print(f"... and {len(sentences) - MOST_FINDINGS} more in the report")
    console.print(f"\nreport: {escape(str(folder / 'report.html'))}", soft_wrap=True)


def _table(results: xr.Dataset) -> Table:
    """Return the table; every cell has its value above and its interval below."""
    seeds, rates = results.sizes["seed"], results.sizes["learning_rate"] > 1
    score = "accuracy, %" if results.attrs["score"] == "accuracy" else "R^2"
    table = Table(
        title=f"{escape(results.attrs['data'])}, {seeds} seed{'s' * (seeds > 1)}: median"
        + (" and its 95 % interval" if seeds >= FEWEST else ""),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("initializer", overflow="fold")
    for column in [
        *(["best\nrate"] if rates else []),
        f"train\n{score}",
        f"test\n{score}",
        "final\nloss",
        "failed,\n%",
        "best and worst\ntest (seed)",
    ]:
        table.add_column(column, justify="right", no_wrap=True)
    for label in results["initializer"].values:
        row = results.sel(initializer=label)
        rate = [f"{float(row['best_learning_rate']):g}"] if rates else []
        table.add_row(escape(str(label)), *rate, *_cells(row))
    return table


def _cells(row: xr.Dataset) -> list[str]:
    train, test, loss = (row.sel(metric=metric) for metric in row["metric"].values)
    unit = 100 if row.attrs["score"] == "accuracy" else None
    return [
        _cell(train["median"], train["interval"], unit),
        _cell(test["median"], test["interval"], unit),
        _cell(loss["median"], loss["interval"], None),
        _cell(row["failure_probability"], row["failure_interval"], 100),
        "\n".join(f"{_number(test[end], unit)} ({int(row[f'{end}_seed'])})" for end in ("best", "worst")),
    ]


def _cell(value: xr.DataArray, interval: xr.DataArray, scale: int | None) -> str:
    low, high = interval.values
    shown = _number(value, scale)
    return shown if math.isnan(low) else f"{shown}\n\\[{_number(low, scale)}, {_number(high, scale)}]"


def _number(value: Any, scale: int | None) -> str:
    """Write a share in percent, or any other number to three digits."""
    number = float(value)
    if not math.isfinite(number):
        return "not finite"
    return f"{number:.3g}" if scale is None else f"{scale * number:.1f}"


def print_json(results: xr.Dataset, folder: Path) -> None:
    """Print the results as one JSON object; infinite and missing numbers are null."""
    json.dump(_object(results, folder), sys.stdout, indent=1, allow_nan=False)
    sys.stdout.write("\n")


def _object(results: xr.Dataset, folder: Path) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "study": tomllib.loads(results.attrs["study"]),
        "notes": results.attrs["notes"],
        "results": [_result(results.sel(initializer=label)) for label in results["initializer"].values],
        "pairs": [_pair(results.isel(pair=at)) for at in range(results.sizes["pair"])],
        "findings": [str(sentence) for sentence in results["finding"].values],
        "output": str(folder),
    }


def _result(row: xr.Dataset) -> dict[str, Any]:
    of_metrics = {
        str(metric): {
            "median": _null(row["median"].sel(metric=metric)),
            "mean": _null(row["mean"].sel(metric=metric)),
            "ci": _interval(row["interval"].sel(metric=metric)),
        }
        for metric in row["metric"].values
    }
    return {
        "initializer": str(row["initializer"].item()),
        "learning_rate": _null(row["best_learning_rate"]),
        "seeds": row.sizes["seed"],
        **of_metrics,
        "failure": {"probability": _null(row["failure_probability"]), "ci": _interval(row["failure_interval"])},
        "best_seed": int(row["best_seed"]),
        "worst_seed": int(row["worst_seed"]),
        "learning_rates": [
            {
                "learning_rate": float(rate),
                "final_loss": {
                    "median": _null(row["rate_loss"].sel(learning_rate=rate)),
                    "ci": _interval(row["rate_loss_interval"].sel(learning_rate=rate)),
                },
            }
            for rate in row["learning_rate"].values
        ],
    }


def _pair(pair: xr.Dataset) -> dict[str, Any]:
    needed = _null(pair["pair_seeds_needed"])
    return {
        "a": str(pair["pair_a"].item()),
        "b": str(pair["pair_b"].item()),
        "metric": str(pair["metric"].values[1]),
        "difference": _null(pair["pair_difference"]),
        "ci": _interval(pair["pair_interval"]),
        "p": _null(pair["pair_p"]),
        "distinguishable": bool(pair["pair_distinguishable"]),
        "seeds_needed": None if needed is None else int(needed),
    }


def _interval(bounds: xr.DataArray) -> list[float | None] | None:
    """Return [low, high], or null where no interval can be given."""
    low, high = bounds.values
    return None if math.isnan(low) else [_null(low), _null(high)]


def _null(value: Any) -> float | None:
    return float(value) if math.isfinite(float(value)) else None
