"""An activation cut into panels on which it is a polynomial to rounding: its kinks, its slope, its flat parts.

Everything else here integrates panel by panel, so that a kink never lies inside a Gauss-Legendre rule.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from goodinit.activations import Activation, activation
from goodinit.errors import InputError

Array = NDArray[np.float64]
Function = str | Activation | Callable[[Any], Any]

ORDER = 16  # nodes of a panel; tanh on a panel of width 1 is then exact to rounding
NODES, WEIGHTS = legendre.leggauss(ORDER)
# Legendre coefficients of the interpolating polynomial: c_k = (2k + 1)/2 sum_j w_j P_k(x_j) f_j
_TO_COEFFICIENTS = (legendre.legvander(NODES, ORDER - 1) * WEIGHTS[:, None]).T * (np.arange(ORDER)[:, None] + 0.5)
_BESIDE = np.array([-1 + 1e-9, 1 - 1e-9])  # next to the edges of a panel, on its side of a jump
_TO_BESIDE = _TO_COEFFICIENTS.T @ legendre.legvander(_BESIDE, ORDER - 1).T
_FIRST_EDGES = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 6, 8])  # kinks of the usual piecewise functions are among them
_MOST_PANELS = 40_000


@dataclass(frozen=True, eq=False)
class Panels:
    """Panels of an activation on [-radius, radius].

    Parameters
    ----------
    edges : array, shape (panels + 1,)
        Where one panel ends and the next begins, increasing.
    slopes : array, shape (panels, ORDER - 1)
        Legendre coefficients of the derivative on each panel; 0 where the function is constant or jumps.
    flat : array of bool, shape (panels,)
        Where the function is constant in double precision.
    kinks : array
        Edges at which the first or second derivative jumps.
    """

    edges: Array
    slopes: Array
    flat: NDArray[np.bool_]
    kinks: Array

    def index(self, h: Array) -> NDArray[np.intp]:
        """Return the panel of each pre-activation; an edge belongs to the panel on its left."""
        return np.clip(np.searchsorted(self.edges, h) - 1, 0, len(self.flat) - 1)

    def slope(self, h: Array) -> Array:
        """Return f'(h) from the polynomials; at a kink the derivative from the left, as in `goodinit.activations`."""
        panel = self.index(h)
        left, right = self.edges[panel], self.edges[panel + 1]
        powers = legendre.legvander((2 * h - left - right) / (right - left), ORDER - 2)
        return np.asarray(np.einsum("...k,...k->...", powers, self.slopes[panel]))


def values(f: Function) -> Callable[[Array], Array]:
    """Return `f` as a function of float64 arrays that gives float64 arrays of the same shape.

    Raises
    ------
    InputError
        When it is called, if `f` gives another shape or something that is not a finite number.
    """
    what = activation(f)

    def evaluate(h: Array) -> Array:
        out = np.asarray(what(h), dtype=np.float64)
        if out.shape != h.shape or not np.isfinite(out).all():
            raise InputError(f"activation {what.name} must give one finite number for each number it is given")
        return out

    return evaluate


def panels(f: Function, radius: float) -> Panels:
    """Return the panels of `f`, at least out to `radius`; the work is done once for every power of 2."""
    return _panels(f, max(4, math.ceil(math.log2(max(radius, 1)))))


@functools.lru_cache(maxsize=256)
def _panels(f: Function, exponent: int) -> Panels:
    double = np.asarray(activation(f)(np.array([0.3]))).dtype.itemsize >= 8
    edges, samples = _cut(values(f), _first_edges(exponent), 1e-13 if double else 3e-6)
    width = np.diff(edges)
    coefficients = samples @ _TO_COEFFICIENTS.T
    slopes = legendre.legder(coefficients, axis=1) * (2 / width)[:, None]
    flat = np.ptp(samples, axis=1) == 0
    # a panel that could not be resolved holds a kink or a jump; backpropagation sees no slope in a jump
    slopes[flat | (width <= _thinnest(edges))] = 0
    return Panels(edges, slopes, flat, _kinks(edges, slopes))


def _first_edges(exponent: int) -> Array:
    out = np.concatenate([_FIRST_EDGES, 2.0 ** np.arange(4, exponent + 1)])
    return np.concatenate([-out[:0:-1], out])


def _thinnest(edges: Array) -> Array:
    return np.asarray(1e-10 * np.maximum(1, np.abs(edges[:-1])))


def _cut(f: Callable[[Array], Array], edges: Array, tolerance: float) -> tuple[Array, Array]:
    """Halve panels until the last two Legendre coefficients are below `tolerance` of the size of `f` out to there.

    The polynomial must also meet `f` next to both edges, where a kink beyond the outermost node would hide.
    """
    reach = np.geomspace(1e-3, edges[-1], 400)
    largest = np.maximum.accumulate(np.maximum(np.abs(f(reach)), np.abs(f(-reach))))
    todo = np.stack([edges[:-1], edges[1:]], axis=1)
    done: list[Array] = []
    seen: list[Array] = []
    while len(todo):
        left, right = todo.T
        samples = f((left + right)[:, None] / 2 + (right - left)[:, None] / 2 * NODES)
        tail = np.abs(samples @ _TO_COEFFICIENTS[-2:].T).max(axis=1)
        beside = f((left + right)[:, None] / 2 + (right - left)[:, None] / 2 * _BESIDE)
        tail = np.maximum(tail, np.abs(samples @ _TO_BESIDE - beside).max(axis=1) / 30)  # end values add up all terms
        size = np.interp(np.abs(todo).max(axis=1), reach, largest)
        enough = (tail <= tolerance * size) | (right - left <= _thinnest(np.append(left, 0)))
        if sum(map(len, done)) + 2 * len(todo) > _MOST_PANELS:
            enough[:] = True
        done.append(left[enough])
        seen.append(samples[enough])
        rest = todo[~enough]
        middle = rest.mean(axis=1)
        todo = np.concatenate([np.stack([rest[:, 0], middle], 1), np.stack([middle, rest[:, 1]], 1)])
    starts = np.concatenate(done)
    order = np.argsort(starts)
    return np.append(starts[order], edges[-1]), np.concatenate(seen)[order]


def _kinks(edges: Array, slopes: Array) -> Array:
    """Compare f' and f'' on both sides of every inner edge."""
    sign = (-1.0) ** np.arange(ORDER - 1)
    first = (slopes.sum(axis=1), slopes @ sign)
    bend = legendre.legder(slopes, axis=1) * (2 / np.diff(edges))[:, None]
    second = (bend.sum(axis=1), bend @ sign[:-1])
    jump = [np.abs(b[1:] - a[:-1]) > 1e-6 * (1 + np.abs(a[:-1])) for a, b in (first, second)]
    return np.asarray(edges[1:-1][jump[0] | jump[1]])
