"""What ``goodinit signal`` prints: a table by layer for each initializer and sentences, or JSON for programs."""

import json
import tomllib
from pathlib import Path
from typing import Any

import xarray as xr
from rich.box import SIMPLE_HEAD
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
from goodinit.report.profiles import HEADINGS, Profile, profiles

# what narrow terminals lack, the first one first
ORDER = ("correlation", "dead", "saturated", "activation_mean", "weight_gradient_rms")


def print_results(results: xr.Dataset, folder: Path) -> None:
    """Print a table for each initializer, and the findings."""
    console = terminal()
    for note in json.loads(results.attrs["notes"]):
        say(console, note)
    say(console, "mean over networks, below it theory (and how many standard errors the measurement lies above it)")
    shown = profiles(results)
    for profile in shown:
        console.print()
        table, needed = _fitting(profile, console)
        terminal(needed).print(table)
        if profile.layers_left:
            say(console, f"{profile.layers_left} more layers: --json has all of them")
    if results.sizes["initializer"] > len(profiles(results)):
        say(
            console,
            f"{results.sizes['initializer'] - len(profiles(results))} more initializers: --json has all of them",
        )
    console.print()
    for sentence in results["finding"].values:
        say(console, f"- {sentence}")
    console.print()
    say(console, f"report: {folder / 'report.html'}", LONGEST_PATH)


def _fitting(profile: Profile, console: Console) -> tuple[Table, int]:
    """Return the table without the columns for which there is no room, and the width that it needs at least."""
    left_out: tuple[str, ...] = ()
    table = _table(profile, left_out)
    while width(console, table) > console.width and len(left_out) < len(ORDER):
        left_out = ORDER[: len(left_out) + 1]
        table = _table(profile, left_out)
    return table, width(console, table)


def _table(profile: Profile, left_out: tuple[str, ...]) -> Table:
    """Return one initializer's table; a cell has what was measured above and theory below."""
    table = Table(
        title=f"{profile.name}: {profile.verdict}",
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 0, 0, 1),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("layer", justify="right", no_wrap=True)
    kept = [at for at, name in enumerate(profile.statistics) if name not in left_out]
    for at in kept:
        table.add_column(HEADINGS[profile.statistics[at]], justify="right", no_wrap=True)
    for layer, cells in profile.rows:
        table.add_row(layer, *(f"{cells[at].measured}\n{cells[at].theory}".rstrip() for at in kept))
    return table


def print_json(results: xr.Dataset, folder: Path) -> None:
    """Print the results as one JSON object; infinite and missing numbers are null."""
    write_json(
        {
            "schema_version": SCHEMA_VERSION,
            "study": tomllib.loads(results.attrs["study"]),
            "notes": json.loads(results.attrs["notes"]),
            "results": [_result(results.isel(initializer=at)) for at in range(results.sizes["initializer"])],
            "findings": [str(sentence) for sentence in results["finding"].values],
            "output": str(folder),
        }
    )


def _result(one: xr.Dataset) -> dict[str, Any]:
    return {
        "initializer": str(one["initializer"].item()),
        "verdict": str(one["verdict"].item()),
        "seeds": one.sizes["seed"],
        "forward_rate": finite_or_none(one["forward_rate"]),
        "backward_rate": finite_or_none(one["backward_rate"]),
        "stable_depth": finite_or_none(one["stable_depth"]),
        "not_predicted": str(one["not_predicted"].item()) or None,
        "layers": [_layer(one.isel(layer=at)) for at in range(one.sizes["layer"])],
    }


def _layer(at: xr.Dataset) -> dict[str, Any]:
    of_statistics = {
        str(name): {
            "measured": finite_or_none(at["measured"].sel(statistic=name)),
            "ci": interval_or_none(at["interval"].sel(statistic=name)),
            "predicted": finite_or_none(at["predicted"].sel(statistic=name)),
            "standard_errors": finite_or_none(at["standard_errors"].sel(statistic=name)),
        }
        for name in at["statistic"].values
    }
    return {"layer": int(at["layer"]), **of_statistics}
