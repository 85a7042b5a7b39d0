"""Shares of units: saturated, without slope, and dead on a whole batch."""

import numpy as np
import scipy.optimize
import scipy.special

from goodinit.theory.panels import Array, Function, panels, values
from goodinit.theory.quadrature import slope

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)  # shares of units are wanted to 1e-6
_EDGES = np.array([-6.0, -2, 2, 6])
_GRADES = np.array([-7.0, -4, -2, 0, 2, 4])  # P^examples rises where P nears 1, above an upper end: further down
_FAR = 1e9  # where a bounded activation has reached its bounds, to any margin that is used


def saturated_share(f: Function, q: Array, margin: float = 0.05) -> Array | None:
    """Return the share of units within `margin` of the range from a bound; None unless bounded with limits.

    For tanh and margin .05 these are the units with abs(tanh) > .9; for sigmoid, below .05 or above .95.

    Parameters
    ----------
    f : str, Activation or callable
        A monotone activation, such as tanh, sigmoid, softsign or hardtanh; for others None is returned.
    q : array
        Variances of the pre-activation.
    margin : float
        Part of the range, between 0 and .5.
    """
    g = values(f)
    low, nearly_low, nearly_high, high = g(np.array([-_FAR, -_FAR / 10, _FAR / 10, _FAR])).tolist()
    extent = high - low
    if abs(nearly_low - low) + abs(high - nearly_high) > 1e-6 * abs(extent) or abs(extent) > 1e6 or extent == 0:
        return None

    def crossing(level: float) -> float:
        return float(scipy.optimize.brentq(lambda h: float(g(np.array([h]))[0]) - level, -1e4, 1e4, xtol=1e-12))

    first, last = sorted((crossing(low + margin * extent), crossing(high - margin * extent)))
    std = np.sqrt(np.maximum(q, 1e-300))
    return np.asarray(scipy.special.ndtr(first / std) + scipy.special.ndtr(-last / std))


def flat_intervals(f: Function, reach: float) -> Array:
    """Return the intervals on which f' = 0 in double precision, shape (intervals, 2), out to infinity if to `reach`."""
    cut = panels(f, reach)
    left, right = cut.edges[:-1][cut.flat], cut.edges[1:][cut.flat]
    if not len(left):
        return np.empty((0, 2))
    starts = np.append(True, left[1:] != right[:-1])
    out = np.stack([left[starts], right[np.append(starts[1:], True)]], axis=1)
    out[out >= cut.edges[-1]] = np.inf
    out[out <= cut.edges[0]] = -np.inf
    return out


def dead_share(f: Function, q: Array, c: Array, examples: int) -> Array:
    """Return the probability that a unit has slope 0 on every one of some examples.

    The examples' pre-activations are taken as N(0, q) with one correlation c >= 0 between any two: given the part m
    that they share they are independent, so the share is E_m P(f'(m + s y) = 0)^examples with m ~ N(0, q c) and
    s^2 = q (1 - c). For relu that is E Phi(-z sqrt(c / (1 - c)))^examples. A negative c counts as 0.

    Parameters
    ----------
    f : str, Activation or callable
        The activation; only those with truly flat parts, such as relu and hardtanh, have dead units.
    q, c : array, shape (layers,)
        Variances and correlations of the pre-activations.
    examples : int
        Size of the batch; 1 gives the share of units without slope.
    """
    if (np.asarray(q) == 0).any():  # h = 0 exactly: the slope from the left decides
        still = float(slope(f, np.zeros(1))[0] == 0)
        return np.where(q == 0, still, dead_share(f, np.maximum(q, 1e-300), c, examples))
    # a network that has settled repeats itself, and this is the dearest part of a prediction
    pairs = np.stack([np.sqrt(q), np.clip(c, 0, 1 - 1e-15)])
    (std, c), back = np.unique(pairs, axis=1, return_inverse=True)
    return _dead_share(f, std, c, examples)[back.ravel()]


def _dead_share(f: Function, std: Array, c: Array, examples: int) -> Array:
    flat = flat_intervals(f, min(11 * float(std.max()), 1e6))
    if not len(flat):
        return np.zeros_like(std)
    ends = flat[None] / std[:, None, None]  # in units of the standard deviation
    alone = (scipy.special.ndtr(ends[..., 1]) - scipy.special.ndtr(ends[..., 0])).sum(axis=1)
    if examples == 1 or not c.any():
        return np.asarray(alone**examples)
    shared, own = np.sqrt(np.maximum(c, 1e-12))[:, None], np.sqrt(1 - c)[:, None]
    m, w = _shared_part(ends, shared, own)
    share = np.zeros_like(m)
    for low, high in np.moveaxis(ends, 1, 0).transpose(0, 2, 1):
        share += scipy.special.ndtr((high[:, None] - m) / own) if np.isfinite(high).all() else 1
        share -= scipy.special.ndtr((low[:, None] - m) / own) if np.isfinite(low).all() else 0
    return np.asarray((w * np.clip(share, 0, 1) ** examples).sum(axis=1) / w.sum(axis=1))


def _shared_part(ends: Array, shared: Array, own: Array) -> tuple[Array, Array]:
    """Return nodes and weights for m ~ N(0, shared^2), fine where an end of an interval is smoothed over `own`."""
    finite = ends[:, np.isfinite(ends[0])]
    around = (finite[:, :, None] + own[:, :, None] * _GRADES).reshape(len(ends), -1)
    cuts = shared * _EDGES
    cuts = np.sort(np.concatenate([cuts, np.clip(around, cuts[:, :1], cuts[:, -1:])], axis=1), axis=1)
    half = np.diff(cuts)[..., None] / 2
    m = ((cuts[:, 1:] + cuts[:, :-1])[..., None] / 2 + half * _NODES).reshape(len(ends), -1)
    return m, (half * _WEIGHTS).reshape(len(ends), -1) * np.exp(-((m / shared) ** 2) / 2)
