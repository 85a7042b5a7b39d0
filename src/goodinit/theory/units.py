"""Shares of units: saturated, without slope, and dead on a whole batch."""

import functools

import numpy as np
import scipy.optimize
import scipy.special

from goodinit.theory.panels import NODES, Array, Function, Panels, panels, values
from goodinit.theory.quadrature import slope

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)  # shares of units are wanted to 1e-6
_EDGES = np.array([-6.0, -2, 2, 6])
_GRADES = np.array([-7.0, -4, -2, 0, 2, 4])  # P^examples rises where P nears 1, above an upper end: further down
_FLAT = 1e-6  # of the largest slope: what counts as none, as in measurements
_NARROW = 1e-3  # around a single zero of the slope, as of sin, there are no units to speak of
_RARE = 1e-9  # a share that is not looked into
_FAR = 1e9  # where a bounded activation has reached its bounds
_MARGIN = 0.05  # of the range: how near to a bound a unit counts as saturated, as in measurements


def saturated_share(f: Function, q: Array) -> Array | None:
    """Return the share of units within 5 % of the range from a bound; None unless bounded with limits.

    For tanh these are the units with abs(tanh) > .9; for sigmoid, below .05 or above .95.

    Parameters
    ----------
    f : str, Activation or callable
        A monotone activation, such as tanh, sigmoid, softsign or hardtanh; for others None is returned.
    q : array
        Variances of the pre-activation.
    """
    g = values(f)
    low, nearly_low, nearly_high, high = g(np.array([-_FAR, -_FAR / 10, _FAR / 10, _FAR])).tolist()
    extent = high - low
    if abs(nearly_low - low) + abs(high - nearly_high) > 1e-6 * abs(extent) or abs(extent) > 1e6 or extent == 0:
        return None

    def crossing(level: float) -> float:
        return float(scipy.optimize.brentq(lambda h: float(g(np.array([h]))[0]) - level, -1e4, 1e4, xtol=1e-12))

    first, last = sorted((crossing(low + _MARGIN * extent), crossing(high - _MARGIN * extent)))
    std = np.sqrt(np.maximum(q, 1e-300))
    return np.asarray(scipy.special.ndtr(first / std) + scipy.special.ndtr(-last / std))


def flat_intervals(f: Function, reach: float) -> Array:
    """Return where abs(f') is below 1e-6 of its largest value, shape (intervals, 2), out to infinity if to `reach`."""
    return _flat(panels(f, reach))


@functools.lru_cache(maxsize=64)
def _flat(cut: Panels) -> Array:
    left, right = cut.edges[:-1, None], cut.edges[1:, None]
    h = np.append(((left + right) / 2 + (right - left) / 2 * NODES).ravel(), cut.edges)
    h.sort()
    slopes = np.abs(cut.slope(h))
    least = _FLAT * slopes.max()
    flat = slopes <= least
    at = np.flatnonzero(flat[1:] != flat[:-1])
    low, high, begins = h[at], h[at + 1], flat[at + 1]
    for _ in range(60):
        middle = (low + high) / 2
        before = (np.abs(cut.slope(middle)) <= least) != begins
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    ends = np.concatenate([[-np.inf] if flat[0] else [], low, [np.inf] if flat[-1] else []]).reshape(-1, 2)
    return np.asarray(ends[np.diff(ends)[:, 0] > _NARROW])


def dead_share(f: Function, q: Array, c: Array, examples: int) -> Array:
    """Return the probability that a unit has no slope on every one of some examples.

    The examples' pre-activations are taken as N(0, q) with one correlation c >= 0 between any two: given the part m
    that they share they are independent, so the share is E_m P(f'(m + s y) = 0)^examples with m ~ N(0, q c) and
    s^2 = q (1 - c). For relu that is E Phi(-z sqrt(c / (1 - c)))^examples. A negative c counts as 0.

    Parameters
    ----------
    f : str, Activation or callable
        The activation; a slope below 1e-6 of its largest is taken as 0, as in measurements (`flat_intervals`).
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
    out, some = np.zeros_like(std), alone > _RARE
    if some.any():
        out[some] = _all_at_once(ends[some], c[some, None], examples)
    return out


def _all_at_once(ends: Array, c: Array, examples: int) -> Array:
    shared, own = np.sqrt(np.maximum(c, 1e-12)), np.sqrt(1 - c)
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
