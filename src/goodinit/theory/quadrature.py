"""Gaussian expectations of an activation, in one and two dimensions.

A pre-activation of variance q is h = sqrt(q) z with z ~ N(0, 1). Its line is cut at the activation's panels and at
multiples of sqrt(q), and each piece gets a 16-point Gauss-Legendre rule. Built-in activations come out to about
1e-12 relative for q from 1e-12 to 1e6; a kink of a user's function is found by halving, to 1e-9.
"""

import math
from collections.abc import Callable

import numpy as np

from goodinit.errors import InputError, finite, non_negative
from goodinit.theory.panels import NODES, WEIGHTS, Array, Function, Panels, panels, values

REACH = 10.5  # in standard deviations: z^8 exp(-z^2 / 2) has fallen to 1e-16 there
_SCALES = np.array([0, 1, 2, 3, 4.25, 5.75, 8, REACH])
_GAUSSIAN_EDGES = np.concatenate([-_SCALES[:0:-1], _SCALES])
_GRADES = np.array([0.75, 1.5, 3, 6, REACH])  # how a kink smoothed over s is resolved, in units of s


def rule(edges: Array, mean: Array, std: Array) -> tuple[Array, Array]:
    """Return nodes and weights for E g(mean + std z), one row for every mean and std.

    Parameters
    ----------
    edges : array
        Where g may have kinks, increasing.
    mean, std : array, shape (rows,)
        Of the normal distributions; std > 0.

    Returns
    -------
    nodes, weights : array, shape (rows, nodes)
        Rows of equal length; panels outside a row's reach have width 0.
    """
    m, s = mean[:, None], std[:, None]
    low, high = m - REACH * s, m + REACH * s
    first = np.searchsorted(edges, low[:, 0])
    count = int((np.searchsorted(edges, high[:, 0], side="right") - first).max())
    inside = edges[np.minimum(first[:, None] + np.arange(count), len(edges) - 1)]
    cuts = np.sort(np.concatenate([np.clip(inside, low, high), m + s * _GAUSSIAN_EDGES], axis=1), axis=1)
    middle, half = (cuts[:, 1:] + cuts[:, :-1]) / 2, np.diff(cuts) / 2
    h = (middle[..., None] + half[..., None] * NODES).reshape(len(m), -1)
    density = np.exp(-(((h - m) / s) ** 2) / 2) / (s * math.sqrt(2 * math.pi))
    return h, (half[..., None] * WEIGHTS).reshape(len(m), -1) * density


def nodes(f: Function, q: float) -> tuple[Array, Array]:
    """Return the nodes h and weights w with which sum w g(h) = E g(sqrt(q) z) for functions g of f.

    Parameters
    ----------
    f : str, Activation or callable
        Whose kinks are respected.
    q : float
        Variance of the pre-activation, >= 0.
    """
    if non_negative("q", q) == 0:
        return np.zeros(1), np.ones(1)
    std = math.sqrt(q)
    h, w = rule(panels(f, REACH * std).edges, np.zeros(1), np.array([std]))
    return h[0], w[0]


def slope(f: Function, h: Array) -> Array:
    """Return f'(h), from the polynomial that f is on each of its panels.

    At a kink it is the derivative from the left, and a jump has none, as in backpropagation.
    """
    return panels(f, float(np.max(np.abs(h), initial=0))).slope(h)


def expectation(g: Callable[[Array, Array], Array], f: Function, q: float) -> float:
    """Return E g(f(h), f'(h)) for h ~ N(0, q).

    Parameters
    ----------
    g : callable
        Of two arrays, the activation and its slope: ``lambda a, d: d**2`` for E f'^2.
    f : str, Activation or callable
        The activation.
    q : float
        Variance of the pre-activation, >= 0.

    Examples
    --------
    >>> round(expectation(lambda a, d: a**2, "relu", 2.0), 12)
    1.0
    """
    h, w = nodes(f, q)
    return float(w @ g(values(f)(h), slope(f, h)))


def covariance(f: Function, q: float, c: float, *, slopes: bool = False) -> float:
    """Return E f(u) f(v), or E f'(u) f'(v), for u, v ~ N(0, q) with correlation c (1606.05340, eq. 6).

    With u, v = m + s y where m, the part that both share, has variance q c and s^2 = q (1 - c), this is
    E_m (E_y f(m + s y))^2. It is computed as E f^2 - E_m Var_y f(m + s y), which keeps 1 - c' exact as c -> 1.

    Parameters
    ----------
    f : str, Activation or callable
        The activation.
    q : float
        Variance of both pre-activations, >= 0.
    c : float
        Their correlation, from -1 to 1.
    slopes : bool
        Take f' in place of f.
    """
    if not -1 <= finite("c", c) <= 1:
        raise InputError(f"c must be a correlation from -1 to 1, got {c!r}")
    second = expectation(lambda a, d: (d if slopes else a) ** 2, f, q)
    if q == 0 or c == 1:
        return second
    cut = panels(f, REACH * math.sqrt(q) * (math.sqrt(abs(c)) + math.sqrt(1 - abs(c))))
    shared, own = math.sqrt(q * abs(c)), math.sqrt(q * (1 - abs(c)))
    m, w = _outer(cut, shared, own)
    g = cut.slope if slopes else values(f)
    mean, spread = _inner(g, cut, m, own)
    if c >= 0:
        return second - float(w @ spread)
    return float(w @ (mean * _inner(g, cut, -m, own)[0]))


def _outer(cut: Panels, shared: float, own: float) -> tuple[Array, Array]:
    if shared == 0:
        return np.zeros(1), np.ones(1)
    grades = own * np.concatenate([-_GRADES, _GRADES])
    edges = np.unique(np.concatenate([cut.edges, (cut.kinks[:, None] + grades).ravel()]))
    m, w = rule(edges, np.zeros(1), np.array([shared]))
    keep = w[0] > 0
    return m[0][keep], w[0][keep]


def _inner(g: Callable[[Array], Array], cut: Panels, m: Array, own: float) -> tuple[Array, Array]:
    """Return mean and variance over y of g(m + own y), in slices that keep memory small."""
    if own == 0:
        return g(m), np.zeros_like(m)
    mean, spread = np.empty_like(m), np.empty_like(m)
    for start in range(0, len(m), 256):
        part = slice(start, start + 256)
        h, w = rule(cut.edges, m[part], np.full(len(m[part]), own))
        a = g(h)
        mean[part] = (w * a).sum(axis=1)
        spread[part] = (w * (a - mean[part, None]) ** 2).sum(axis=1)
    return mean, spread
