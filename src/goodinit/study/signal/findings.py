"""What a signal study says, in plain words."""

import math
from collections.abc import Iterator

import numpy as np
import xarray as xr

from goodinit.study.signal.statistics import FAR, STATISTICS, far
from goodinit.study.statistics import FEWEST

FIRST_ORDER = "the corrections for finite width are of first order only, and this is what they leave"
MOST = 3  # statistics of an initializer whose disagreement is told in words


def findings(results: xr.Dataset) -> list[str]:
    """Return the sentences that a signal study supports: verdicts first, then how well theory holds."""
    verdicts = (f"{one['initializer'].item()}: {one['verdict'].item()}." for one in _each(results))
    return [*verdicts, *_agreement(results), *_caveats(results)]


def _each(results: xr.Dataset) -> Iterator[xr.Dataset]:
    return (results.isel(initializer=at) for at in range(results.sizes["initializer"]))


def _agreement(results: xr.Dataset) -> Iterator[str]:
    """Say where measurement and theory agree, where they do not, and where there is no theory."""
    seeds = results.sizes["seed"]
    most, near, apart = far(seeds), list[str](), list[str]()
    for one in _each(results):
        label, why = one["initializer"].item(), one["not_predicted"].item()
        off = np.abs(one["standard_errors"].values)
        if why:
            yield f"{label} is not predicted: {why}."
        elif (off > most).any():
            yield from _misses(one, off, most)
        elif np.isfinite(off).any() and not np.isnan(off[np.isfinite(one["predicted"].values)]).any():
            (near if np.nanmax(off) <= FAR else apart).append(label)
    if near:
        which = "every initializer" if len(near) == results.sizes["initializer"] > 1 else ", ".join(near)
        yield f"Theory and measurement agree within {FAR:g} standard errors at every layer: {which}."
    if apart:
        yield (
            f"Beyond {FAR:g} standard errors, but not beyond the {most:.0f} that {seeds} seeds exceed as rarely by "
            f"chance: {', '.join(apart)}; more seeds would tell whether theory holds."
        )


def _misses(one: xr.Dataset, off: np.ndarray, most: float) -> Iterator[str]:
    """Say which statistics of an initializer are not what theory expects, and from which layer on."""
    label, names = one["initializer"].item(), list(STATISTICS)
    worst = np.nan_to_num(off, nan=0.0, posinf=math.inf).max(axis=1)
    for at in [i for i in np.argsort(-worst) if worst[i] > most][:MOST]:
        layer = int(np.flatnonzero(off[at] > most)[0])
        measured, predicted = (float(one[part].values[at, layer]) for part in ("measured", "predicted"))
        yield (
            f"{label}: {STATISTICS[names[at]].words} leaves theory at layer {layer + 1} (measured {measured:.3g}, "
            f"predicted {predicted:.3g}; {_far(worst[at])}): "
            f"{one['doubt'].values[at, layer] or FIRST_ORDER}."
        )


def _far(errors: float) -> str:
    return f"up to {errors:.0f} standard errors" if math.isfinite(errors) else "infinitely far"


def _caveats(results: xr.Dataset) -> Iterator[str]:
    seeds = results.sizes["seed"]
    if seeds < FEWEST:
        runs = "1 seed" if seeds == 1 else f"{seeds} seeds"
        yield f"With {runs} no interval can be given, and no prediction judged; use at least {FEWEST} seeds."
