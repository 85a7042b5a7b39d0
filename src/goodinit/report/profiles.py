"""The tables of a signal study: one for each initializer, a row a layer, for the page and for the terminal."""

import math
from typing import NamedTuple

import numpy as np
import xarray as xr

from goodinit.figures.words import between, number, share, shares_between
from goodinit.report.tables import LABEL
from goodinit.spelling import SENTENCE, one_line

MOST_TABLES = 12
MOST_LAYERS = 120  # rows of all tables together

HEADINGS = {
    "activation_mean": "activation\nmean",
    "activation_std": "activation\ndeviation",
    "saturated": "satu-\nrated",
    "dead": "dead",
    "gradient_rms": "gradient\n(rms)",
    "weight_gradient_rms": "weight\ngradient",
    "correlation": "corre-\nlation",
}
SHARES = ("saturated", "dead")


class Cell(NamedTuple):
    """What was measured, the interval of one network, and what theory expects with its distance; texts."""

    measured: str
    interval: str
    theory: str


class Profile(NamedTuple):
    """One initializer's table: name, verdict, the statistics that have a value, and a row of cells for each layer."""

    name: str
    verdict: str
    statistics: list[str]
    rows: list[tuple[str, list[Cell]]]
    layers_left: int


def profiles(results: xr.Dataset) -> list[Profile]:
    """Return the tables; of very deep networks some layers, evenly spaced, the first and the last among them."""
    count = min(results.sizes["initializer"], MOST_TABLES)
    most = max(3, MOST_LAYERS // count)
    kept = np.unique(np.linspace(0, results.sizes["layer"] - 1, most).round().astype(int))
    return [_profile(results.isel(initializer=at), kept) for at in range(count)]


def _profile(one: xr.Dataset, kept: np.ndarray) -> Profile:
    measured = one["measured"]
    statistics = [str(name) for name in one["statistic"].values if not measured.sel(statistic=name).isnull().all()]
    rows = [
        (str(one["layer"].values[at]), [_cell(one.sel(statistic=name).isel(layer=at), name) for name in statistics])
        for at in kept
    ]
    name = one_line(str(one["initializer"].item()), LABEL)
    verdict = one_line(str(one["verdict"].item()), SENTENCE)
    return Profile(name, verdict, statistics, rows, one.sizes["layer"] - len(kept))


def _cell(at: xr.Dataset, name: str) -> Cell:
    value, predicted, off = (float(at[part]) for part in ("measured", "predicted", "standard_errors"))
    low, high = (float(end) for end in at["interval"].values)
    write, bracket = (share, shares_between) if name in SHARES else (_number, between)
    if name == "correlation":
        write, bracket = _cosine, _cosines
    theory = "" if math.isnan(predicted) else write(predicted)
    if theory and not math.isnan(off):
        theory += f" ({_sign(off)})"
    interval = "" if low == high == value else bracket(low, high)
    return Cell("" if math.isnan(value) else write(value), interval, theory)


def _number(value: float) -> str:
    """Write a number; what is below rounding counts as 0."""
    return number(0.0 if abs(value) < 1e-14 else value)


def _cosine(value: float) -> str:
    return f"{value + 0.0:.4f}".replace("-0.0000", "0.0000").replace("-", "\N{MINUS SIGN}")


def _cosines(low: float, high: float) -> str:
    return "" if math.isnan(low) else f"[{_cosine(low)}, {_cosine(high)}]"


def _sign(off: float) -> str:
    """Write a number of standard errors with its sign."""
    text = f"{off:+.1f}" if abs(off) < 100 else f"{off:+.0f}".replace("inf", "\N{INFINITY}")
    return text.replace("-", "\N{MINUS SIGN}").replace("+0.0", "0.0").replace("\N{MINUS SIGN}0.0", "0.0")
