"""From sums to statistics: what the numbers of a run of layers mean."""

import math
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from goodinit.signal.bins import BINS, OUTER
from goodinit.signal.outline import NEAR, Outline
from goodinit.signal.program import Measured

Array = NDArray[Any]

LOPSIDED = 0.4  # |P(z > 0) - 1/2| beyond which a unit is skewed
ALIKE = 1e-5  # relative difference of projections that rounding in float32 explains


@np.errstate(all="ignore")  # numbers that overflowed give inf or NaN, on purpose
def statistics(shape: Outline, inputs: int, found: Measured, examples: int) -> dict[str, Array]:
    """Return the fields of `Trace` for the layers of one run, on the first axis, on the host."""
    host: Any = jax.tree.map(np.asarray, found)
    (moments, steepest, ahead, back), rows, ends = host
    m, units = examples, rows.shape[1]
    entries = m * units
    square = ahead.square / entries
    lost = np.isnan(ahead.square)  # some z is NaN, and comparisons with it mean nothing
    edge = np.where(lost, math.nan, 0.0)
    shares = ahead.histogram / entries + edge[:, None]
    outer = shares[:, :OUTER].sum(axis=1) + shares[:, -OUTER:].sum(axis=1)
    neurons = rows + back.bias**2
    return {
        "mean": moments.mean,
        "std": moments.std,
        "rms": np.hypot(moments.mean, moments.std),
        "kurtosis": np.where(moments.std > 0, moments.fourth, math.nan),
        "preactivation_rms": np.sqrt(square),
        "saturated": outer if shape.saturates else np.full(len(rows), math.nan),
        "dead": (steepest < NEAR * shape.steepest).mean(axis=1) + edge,
        "skewed": (np.abs(ahead.positive / m - 0.5) > LOPSIDED).mean(axis=1) + edge,
        "duplicate": np.array([_duplicates(each) for each in ahead.projections]) + edge,
        "correlation": _cosine(ahead.direction, ahead.kept),
        "preactivation_correlation": _cosine(ahead.direction_before, ahead.kept_before),
        "gradient_rms": np.sqrt(back.square / entries),
        "activation_gradient_rms": np.sqrt(back.activation_square / entries),
        "weight_gradient_rms": np.sqrt(rows.mean(axis=1) / inputs) / m,
        "bias_gradient_rms": np.sqrt((back.bias**2).mean(axis=1)) / m,
        "neuron_gradients": np.sqrt(neurons) / m,
        "histogram": shares,
        "edges": ends[:, :1] + np.diff(ends) * np.linspace(0, 1, BINS + 1),
    }


def _cosine(directions: Array, kept: Array) -> Array:
    """Return the mean cosine over pairs of k examples, (abs(sum of unit vectors)^2 - k) / (k (k - 1))."""
    pairs = np.where(kept > 1, kept * (kept - 1), math.nan)
    return np.asarray(((directions**2).sum(axis=1) - kept) / pairs)


def _duplicates(projections: Array) -> float:
    """Return the share of units with an equal among the others, by projections of shape (PROJECTIONS, units).

    Equals lie next to each other when sorted by the first projection.
    """
    ordered = projections[:, np.argsort(projections[0])]
    apart = np.abs(np.diff(ordered, axis=1)).max(axis=0)
    size = np.abs(ordered).max(axis=0)
    same = apart <= ALIKE * np.maximum(size[1:], size[:-1])
    return float((np.append(same, False) | np.append(False, same)).mean())
