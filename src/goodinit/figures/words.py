"""Numbers as people write them, for figures and pages."""

import math
from collections.abc import Callable

import xarray as xr

MINUS = "\N{MINUS SIGN}"
RAISED = str.maketrans("-0123456789", "\N{SUPERSCRIPT MINUS}⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Write a number with three significant digits: `0.0123`, `4,210`, 1.2e-9 with a raised exponent, `not finite`."""
    if not math.isfinite(value):
        return "not finite"
    size = abs(value)
    if size == 0 or 1e-4 <= size < 999.5:
        text = f"{value:.3g}"
    elif 999.5 <= size < 1e6:
        text = f"{value:,.0f}"
    else:
        mantissa, exponent = f"{value:.2e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')} \N{MULTIPLICATION SIGN} 10{str(int(exponent)).translate(RAISED)}"
    return text.replace("-", MINUS)


def power(value: float) -> str:
    """Write a power of ten: `0.01`, `100`, 10⁻⁵."""
    return number(value).removeprefix("1 \N{MULTIPLICATION SIGN} ")


def share(value: float) -> str:
    """Write a number between 0 and 1 as a percentage with one decimal: `97.5 %`."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else "not finite"


def plural(count: int, noun: str) -> str:
    """Write `1 seed`, `32 seeds`, `2,000 steps`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def is_share(results: xr.Dataset) -> bool:
    """Tell whether the score of this study is a share of right answers (it is R² otherwise)."""
    return bool(results.attrs["score"] == "accuracy")


def score(results: xr.Dataset, value: float) -> str:
    """Write a score the way this study measures it: accuracy as a percentage, R² as a number."""
    return share(value) if is_share(results) else number(value)


def score_between(results: xr.Dataset, low: float, high: float) -> str:
    """Write an interval of scores in brackets; its percent sign stands behind the number in front of it."""
    return shares_between(low, high) if is_share(results) else between(low, high)


def shares_between(low: float, high: float) -> str:
    """Write an interval of shares as percentages in brackets, or nothing if there is none."""
    return _bracketed(low, high, lambda share: f"{100 * share:.1f}")


def between(low: float, high: float) -> str:
    """Write an interval in brackets, or nothing if there is none."""
    return _bracketed(low, high, number)


def _bracketed(low: float, high: float, write: Callable[[float], str]) -> str:
    """Write two ends; of an interval from infinity to the same infinity, the value in front of it says it all."""
    if math.isnan(low) or math.isnan(high) or (math.isinf(low) and low == high):
        return ""
    ends = (write(end) if math.isfinite(end) else (f"{MINUS}∞" if end < 0 else "∞") for end in (low, high))
    return f"[{', '.join(ends)}]"


def score_name(results: xr.Dataset) -> str:
    """Name the score of this study."""
    return "accuracy" if is_share(results) else "R²"


def baseline_name(results: xr.Dataset) -> str:
    """Say what a network that learned nothing would do."""
    return "always predicting the " + ("mean" if results.attrs["task"] == "regression" else "base rate")
