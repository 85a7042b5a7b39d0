"""What a study says, in plain words."""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import xarray as xr

from goodinit.study import statistics

WAYS = {
    "predicts the base rate": "predict the base rate",
    "predicts the mean": "predict the mean",
}  # of several networks


MOST_PAIRS = 10  # told in sentences: those with the best initializer come first


def findings(results: xr.Dataset) -> list[str]:
    """Return the sentences that a study supports, the most useful first."""
    return [*_all_failed(results), *_pairs(results), *_failures(results), *_rates(results), *_caveats(results)]


def _pairs(results: xr.Dataset) -> Iterator[str]:
    """Say of each pair whether it can be told apart; pairs with the best initializer come first."""
    if results.sizes["seed"] < statistics.FEWEST:
        return
    score = results["median"].isel(metric=1)
    best = str(score["initializer"].values[np.argmax(score.values)])
    without_best = (results["pair_a"] != best) & (results["pair_b"] != best)
    order = np.argsort(without_best.values, kind="stable")
    for at in order[:MOST_PAIRS]:
        pair = results.isel(pair=at)
        yield _distinguished(pair) if pair["pair_distinguishable"] else _undistinguished(pair)
    if len(order) > MOST_PAIRS:
        yield f"... and {len(order) - MOST_PAIRS} more pairs, which the results list."


def _distinguished(pair: xr.Dataset) -> str:
    a, b = pair["pair_a"].item(), pair["pair_b"].item()
    difference, (low, high) = pair["pair_difference"].item(), pair["pair_interval"].values
    if not math.isfinite(difference):
        scores = pair["final"].isel(metric=1)
        first = int((scores.sel(initializer=a) > scores.sel(initializer=b)).sum())
        second = int((scores.sel(initializer=b) > scores.sel(initializer=a)).sum())
        winner, loser = (a, b) if first > second else (b, a)
        return (
            f"{winner} beats {loser} in {max(first, second)} of {pair.sizes['seed']} seeds; some have no finite score."
        )
    if difference < 0:
        a, b, difference, low, high = b, a, -difference, -high, -low
    return f"{a} beats {b} by {_amount(pair, difference, low, high)}."


def _undistinguished(pair: xr.Dataset) -> str:
    a, b, seeds = pair["pair_a"].item(), pair["pair_b"].item(), pair.sizes["seed"]
    difference, (low, high), needed = (
        pair["pair_difference"].item(),
        pair["pair_interval"].values,
        pair["pair_seeds_needed"].item(),
    )
    start = f"{a} and {b}: not distinguishable with {seeds} seeds"
    if not math.isfinite(difference):
        return f"{start}; some have no finite score."
    if difference == low == high == 0:
        return f"{start}: the same in every one."
    shown = f"{start} (difference {_amount(pair, difference, low, high)})"
    if math.isnan(needed):
        return f"{shown}; more than {statistics.MOST_SEEDS:,} would be needed."
    if needed <= seeds:
        return f"{shown}; a few more may be enough."
    return f"{shown}; about {_round(needed):,} would be needed."


def _amount(results: xr.Dataset, difference: float, low: float, high: float) -> str:
    """Write a difference with its interval, to the digit that the interval leaves standing."""
    unit, scale = ("points of test accuracy", 100) if results.attrs["score"] == "accuracy" else ("of test R^2", 1)
    width = (high - low) * scale
    digits = min(8, max(0, -math.floor(math.log10(width / 3)))) if width > 0 else (2 if scale == 1 else 1)
    # + 0.0 turns -0.0 into 0.0
    d, lo, hi = (f"{round(scale * x, digits) + 0.0:.{digits}f}" for x in (difference, low, high))
    return f"{d} {unit} [{lo}, {hi}]"


def _round(needed: float) -> int:
    """Round to two digits: the number of seeds needed is an order of magnitude."""
    step = int(10 ** max(0, math.floor(math.log10(needed)) - 1))
    return math.ceil(needed / step) * step


def _failures(results: xr.Dataset) -> Iterator[str]:
    """Say which initializers fail and how."""
    seeds = results.sizes["seed"]
    for label in results["initializer"].values:
        one = results.sel(initializer=label)
        failed = round(float(one["failure_probability"]) * seeds)
        if not failed:
            continue
        low, high = one["failure_interval"].values
        outcomes = one["outcome"].sel(learning_rate=one["best_learning_rate"]).values
        ways = [f"{count} {WAYS.get(way, way)}" for way, count in Counter(outcomes).items() if way != "trained"]
        chance = f": probability {100 * failed / seeds:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
        yield f"{label} fails in {failed} of {seeds} seeds ({'; '.join(ways)}){'' if math.isnan(low) else chance}."


def _all_failed(results: xr.Dataset) -> Iterator[str]:
    """Say what else may be the matter where every network of every initializer failed."""
    several, diverged = results.sizes["initializer"] > 1, bool((results["outcome"] == "not finite").all())
    if not (results["failure_probability"] == 1).all() or not (several or diverged):
        return
    cause = "a lower learning rate" if diverged else "other learning rates or more steps"
    if results.attrs["task"] == "regression":
        cause += ", or standardize the targets: the squared error is in their units"
    yield f"Every network failed, whatever it started from, which does not speak against an initializer: try {cause}."


def _rates(results: xr.Dataset) -> Iterator[str]:
    """Say which learning rate each initializer is judged at, and warn where it is at the end of the range."""
    rates = results["learning_rate"].values
    if len(rates) < 2:
        return
    best = results["best_learning_rate"]
    learns = np.isfinite(results["rate_loss"].min("learning_rate").values)
    chosen = ", ".join(
        f"{label} {rate:g}"
        for label, rate, able in zip(best["initializer"].values, best.values, learns, strict=True)
        if able
    )
    if chosen:
        yield f"Each initializer is judged at its own best learning rate, chosen on training loss: {chosen}."
    for end, word in ((rates.min(), "smaller"), (rates.max(), "larger")):
        if at_end := [str(one) for one in best["initializer"].values[(best.values == end) & learns]]:
            yield f"{', '.join(at_end)}: {end:g} is the end of the range tried; a {word} rate may be better."


def _caveats(results: xr.Dataset) -> Iterator[str]:
    """Say what the number of seeds and of comparisons allows."""
    seeds, pairs = results.sizes["seed"], max(1, results.sizes["pair"])
    least = math.ceil(1 - math.log2(statistics.LEVEL / pairs))
    if seeds < statistics.FEWEST:
        runs = "1 seed" if seeds == 1 else f"{seeds} seeds"
        yield f"With {runs} no interval can be given and no difference judged; use at least {max(6, least)} seeds."
    elif seeds < least:
        yield f"With {seeds} seeds no difference can be significant, however large; use at least {least} seeds."
    if statistics.FEWEST <= seeds < 6:
        cover = 100 * (1 - 2.0 ** (1 - seeds))
        yield f"With {seeds} seeds even the whole range covers the median in only {cover:.1f} % of cases, not 95 %."
    if pairs > 1 and seeds >= statistics.FEWEST:
        yield f"{pairs} pairs were compared; Holm's correction keeps the chance of any false alarm at 5 %."
