"""The statistics of a layer that are tabulated, and the scale on which networks scatter evenly about each.

Sizes scatter by factors, so they are averaged as logarithms: what is shown is the geometric mean over networks, the
interval of one network is the t prediction interval on that scale, and a prediction is so many standard errors away.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from goodinit.study.statistics import FEWEST

Floats = NDArray[np.float64]
COVERED = 0.95
ROUNDING = 1e-6  # relative: what float32 leaves uncertain of a mean over very many numbers
FAR = 5.0  # standard errors beyond which a prediction is said not to hold


@dataclass(frozen=True)
class Statistic:
    """One statistic of a layer.

    Parameters
    ----------
    field : str
        Its name in `goodinit.signal.Trace`.
    words : str
        What it is, for people.
    kind : str
        ``size`` (positive, on a logarithmic scale), ``share`` (0 to 1) or ``plain``.
    theory : str
        Its name in `goodinit.theory.Prediction`.
    """

    field: str
    words: str
    kind: str
    theory: str


STATISTICS = {
    "activation_mean": Statistic("mean", "mean of the activations", "plain", "mean"),
    "activation_std": Statistic("std", "standard deviation of the activations", "size", "std"),
    "saturated": Statistic("saturated", "share of activations near a bound", "share", "saturated"),
    "dead": Statistic("dead", "share of units without slope on every example", "share", "dead"),
    "gradient_rms": Statistic(
        "gradient_rms", "gradient with respect to pre-activations, root mean square", "size", "log_gradient"
    ),
    "weight_gradient_rms": Statistic(
        "weight_gradient_rms", "gradient with respect to weights, root mean square", "size", "log_weight_gradient"
    ),
    "correlation": Statistic("preactivation_correlation", "correlation between examples", "plain", "correlation"),
}


@np.errstate(all="ignore")  # the logarithm of 0 is -inf, on purpose, and inf - inf NaN
def scaled(name: str, values: Floats) -> Floats:
    """Return values of a statistic on its scale."""
    return np.log(values) if STATISTICS[name].kind == "size" else np.asarray(values, np.float64)


@np.errstate(all="ignore")
def unscaled(name: str, values: Floats) -> Floats:
    """Return values on a statistic's scale as they are shown."""
    if STATISTICS[name].kind == "size":
        return np.exp(values)
    return np.clip(values, 0, 1) if STATISTICS[name].kind == "share" else np.asarray(values)


@np.errstate(all="ignore")
def one_network(name: str, values: Floats) -> Floats:
    """Return the interval that holds one more network's value with 95 %, from values (seeds, layers).

    mean +- t s sqrt(1 + 1/n), on the statistic's scale, t the 97.5 % quantile of n - 1 degrees of freedom: normal
    scatter is assumed, which shares near 0 or 1 do not have. NaN for fewer than three seeds, and where a value is not
    finite.

    Returns
    -------
    ndarray, shape (layers, 2)
    """
    n, on = len(values), scaled(name, values)
    if n < FEWEST:
        return np.full((values.shape[1], 2), math.nan)
    still = np.isneginf(on).all(axis=0)  # a size that is 0 in every network is 0 in the next one
    reach = stats.t.ppf((1 + COVERED) / 2, n - 1) * on.std(axis=0, ddof=1) * math.sqrt(1 + 1 / n)
    ends = np.stack([on.mean(axis=0) - reach, on.mean(axis=0) + reach], axis=-1)
    ends[still] = -math.inf
    return unscaled(name, ends)


@np.errstate(all="ignore")
def standard_errors(name: str, values: Floats, centre: Floats, units: NDArray[np.int64], examples: int) -> Floats:
    """Return how many standard errors the mean over seeds lies above what is expected, for every layer.

    The standard error is s / sqrt(n), with the deviation s over n seeds, but s is not taken below `resolution`.

    Parameters
    ----------
    values : array, shape (seeds, layers)
    centre : array, shape (layers,)
        Expected, on the statistic's scale.
    units : array of int, shape (layers,)
    examples : int

    Returns
    -------
    ndarray, shape (layers,)
        NaN where nothing is expected, where a value is not finite, and for fewer than three seeds; infinite where a
        size is 0 either in theory or in a network, but not in both.
    """
    n, on = len(values), scaled(name, values)
    if n < FEWEST:
        return np.full(len(centre), math.nan)
    mean = on.mean(axis=0)
    s = np.maximum(on.std(axis=0, ddof=1), resolution(name, centre, units, examples))
    apart = mean - centre  # -inf - -inf is NaN
    off = np.where(np.isinf(apart) & ~np.isposinf(mean), apart, apart / (s / math.sqrt(n)))
    return np.where(np.isneginf(on).all(axis=0) & np.isneginf(centre), 0.0, off)


def resolution(name: str, centre: Floats, units: NDArray[np.int64], examples: int) -> Floats:
    """Return the difference between one network and theory that means nothing, on the statistic's scale.

    Of a share p of N entries that of counting them, (p (1 - p) / N + 1 / N^2)^1/2; of a mean cosine over pairs of m
    examples 1 / m, since it can never be below -1 / (m - 1), which first-order theory does not know; else rounding.
    """
    if STATISTICS[name].kind == "share":
        entries, p = units * (examples if name == "saturated" else 1), np.clip(centre, 0, 1)
        return np.asarray(np.sqrt(p * (1 - p) / entries + 1 / entries**2))
    if name == "correlation":
        return np.full(len(units), 1 / examples)
    return np.full(len(units), ROUNDING)


def far(seeds: int) -> float:
    """Return the deviation that n seeds exceed as rarely as a normal number exceeds 5 standard deviations."""
    return float(stats.t.isf(stats.norm.sf(FAR), seeds - 1)) if seeds >= FEWEST else math.inf
