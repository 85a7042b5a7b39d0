"""An activation's moments and Hermite spectra as functions of ln q, interpolated so that deep networks are quick.

With he_k the normalised Hermite polynomials, f(sqrt(q) z) = sum_k a_k he_k(z), and for u, v of correlation c

    E f(u) f(v) = sum_k a_k^2 c^k,    q E f'(u) f'(v) = sum_k k a_k^2 c^(k-1)

(Mehler; used so by Daniely et al., 1602.05897). One spectrum thus gives the correlation map for every c, and its
slope. The same is kept of f^2, f^3 and f'^2, from which the finite-width fluctuations follow.
"""

import functools
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from goodinit.theory.panels import Array, Function, panels, values
from goodinit.theory.quadrature import REACH, rule

TERMS = 64  # of a spectrum; what is beyond is carried as one term, see `series`
LOWEST, HIGHEST = math.log(1e-14), math.log(1e6)  # beyond, powers of q continue the edge
_WIDTH = 2.0  # of a cell in ln q
_POINTS = 18  # Chebyshev points of a cell: the map is analytic for abs(Im ln q) < pi / 2, so 3.4^-18 = 2e-10
_PARTS = 64  # of a cell, for `quick`: on each, 7 terms of a power series are rounding, (pi / 2 / (1 / 64))^-7 = 1e-14
SCALARS = ("log_second", "log_slope", "fourth", "slope_fourth", "mixed", "absolute", "tilt")
_COLUMNS = len(SCALARS) + 4 * TERMS
_BLOCK = 48  # rows of a product so small that BLAS leaves it to one thread: on a busy machine others keep it waiting
_SECOND, _FOURTH, _BEND = 0, 2, len(SCALARS) + TERMS + 2  # columns: ln S, E f^4 / S^2, b_2


@dataclass(frozen=True)
class Moments:
    """Moments of an activation at pre-activations N(0, q); arrays over whatever q had, spectra with an axis more.

    Parameters
    ----------
    log_second, log_slope : array
        ln S with S = E f^2, and ln D with D = E f'^2.
    fourth, slope_fourth : array
        E f^4 / S^2 and E f'^4 / D^2.
    mixed : array
        E f^2 f'^2 / (S D).
    absolute : array
        E abs(f) / sqrt(S).
    tilt : array
        E z^2 f'^2 / D.
    a, b, t, d : array
        Spectra of f / sqrt(S), f^2 / S, f^3 / S^1.5 and f'^2 / D.
    """

    log_second: Array
    log_slope: Array
    fourth: Array
    slope_fourth: Array
    mixed: Array
    absolute: Array
    tilt: Array
    a: Array
    b: Array
    t: Array
    d: Array


@dataclass(frozen=True)
class Table:
    """Moments of one activation; cells of ln q are filled when first looked at."""

    f: Function
    cells: dict[tuple[int, bool], Array] = field(default_factory=dict)
    parts: dict[int, list[list[float]]] = field(default_factory=dict)

    def cell(self, number: int, whole: bool) -> Array:
        """Return a cell's Chebyshev coefficients, shape (points, columns), of all columns or of the scalars."""
        if (number, whole) not in self.cells:
            log_q = (number + 0.5) * _WIDTH + _WIDTH / 2 * np.cos(math.pi * (np.arange(_POINTS) + 0.5) / _POINTS)
            self.cells[number, whole] = _TO_CHEBYSHEV @ _columns(self.f, np.exp(log_q), whole)
        return self.cells[number, whole]

    def look(self, log_q: Array, columns: int) -> Array:
        """Return the first columns at an array of ln q, shape (*log_q.shape, columns)."""
        inside = np.clip(log_q, LOWEST, HIGHEST).ravel()
        number = np.floor(inside / _WIDTH).astype(int)
        basis = chebyshev.chebvander(2 * (inside / _WIDTH - number) - 1, _POINTS - 1)
        out = np.empty((len(inside), columns))
        for one in set(number.tolist()):
            rows, known = np.flatnonzero(number == one), self.cell(one, columns > len(SCALARS))[:, :columns]
            for start in range(0, len(rows), _BLOCK):
                part = rows[start : start + _BLOCK]
                out[part] = basis[part] @ known
        return out.reshape(*log_q.shape, columns)

    def quick(self, log_q: float) -> tuple[float, float]:
        """Return ln S and E f^4 / S^2 at one finite ln q: what the forward loop needs of `look`, quickly."""
        inside = min(max(log_q, LOWEST), HIGHEST)
        place = inside * (_PARTS / _WIDTH)
        number = math.floor(place)
        if number not in self.parts:
            self._cut(number // _PARTS)
        x, second, fourth = 2 * (place - number) - 1, 0.0, 0.0
        for a, b in self.parts[number]:
            second, fourth = second * x + a, fourth * x + b
        if inside != log_q:
            second += (log_q - inside) * (self.below if log_q < inside else self.above)[0]
        return second, fourth

    def _cut(self, cell: int) -> None:
        """Cut a cell into parts, and keep the two columns of `quick` on each as short polynomials."""
        polynomials = _TO_PARTS @ self.cell(cell, False)[:, [_SECOND, _FOURTH]]
        for part, each in enumerate(polynomials.tolist()):
            self.parts[cell * _PARTS + part] = each[::-1]

    def logs(self, log_q: Array) -> tuple[Array, Array]:
        """Return ln E f^2 and ln E f'^2 at an array of ln q; at minus infinity those of h = 0."""
        out = self._beyond(log_q, self.look(log_q, 2))
        return out[..., 0], out[..., 1]

    def _beyond(self, log_q: Array, logs: Array) -> Array:
        """Put right what lies beyond the edges of the table, as the power of q that holds there."""
        low, high, silent = log_q < LOWEST, log_q > HIGHEST, np.isneginf(log_q)
        if low.any():
            with np.errstate(invalid="ignore"):
                logs[low] += (log_q[low] - LOWEST)[:, None] * self.below
            logs[silent] = self.at_zero
        if high.any():
            logs[high] += (log_q[high] - HIGHEST)[:, None] * self.above
        return logs

    @functools.cached_property
    def below(self) -> Array:
        """Return d ln E g / d ln q at the lower edge, for g = f^2 and f'^2."""
        return self._powers(LOWEST)

    @functools.cached_property
    def above(self) -> Array:
        """Return the same at the upper edge."""
        return self._powers(HIGHEST)

    def _powers(self, edge: float) -> Array:
        """Return g_2 / (sqrt(2) E g), g_2 of the spectrum of g."""
        return self.look(np.array(edge), _COLUMNS)[_BEND :: 2 * TERMS] / math.sqrt(2)

    @functools.cached_property
    def at_zero(self) -> tuple[float, float]:
        """Return ln f(0)^2 and ln f'(0)^2, the slope from the left."""
        zero = np.zeros(1)
        both = float(values(self.f)(zero)[0]), float(panels(self.f, 1.0).slope(zero)[0])
        first, second = (2 * math.log(abs(one)) if one else -math.inf for one in both)
        return first, second

    def moments(self, log_q: Array) -> Moments:
        """Return all moments at an array of ln q."""
        out = self.look(log_q, _COLUMNS)
        self._beyond(log_q, out[..., :2])
        first = len(SCALARS)
        spectra = (out[..., first + i * TERMS : first + (i + 1) * TERMS] for i in range(4))
        return Moments(*(out[..., i] for i in range(first)), *spectra)


@functools.lru_cache(maxsize=64)
def table(f: Function) -> Table:
    """Return the table of an activation, the same one every time."""
    return Table(f)


def _chebyshev() -> Array:
    angle = math.pi * (np.arange(_POINTS) + 0.5) / _POINTS
    out: Array = 2 / _POINTS * np.cos(np.arange(_POINTS)[:, None] * angle)
    out[0] /= 2
    return out


_TO_CHEBYSHEV = _chebyshev()


def _parts() -> Array:
    """Return what turns the Chebyshev coefficients of a cell into power series on its parts."""
    x = chebyshev.chebpts1(7)
    middles = (2 * np.arange(_PARTS) + 1) / _PARTS - 1
    basis = chebyshev.chebvander(middles[:, None] + x / _PARTS, _POINTS - 1)
    return np.asarray(np.linalg.inv(np.vander(x, increasing=True)) @ basis)


_TO_PARTS = _parts()


def _columns(f: Function, q: Array, whole: bool) -> Array:
    """Return the columns of the table at some q, by quadrature: all of them, or the scalars."""
    cut = panels(f, REACH * math.sqrt(q.max()))
    std = np.sqrt(q)
    h, w = rule(cut.edges, np.zeros_like(q), std)
    z, a, d = h / std[:, None], values(f)(h), cut.slope(h)
    s, e = np.maximum((w * a**2).sum(1), 1e-290), np.maximum((w * d**2).sum(1), 1e-290)
    a, d2 = a / np.sqrt(s)[:, None], d**2 / e[:, None]
    plain = [a**4, d2**2, a**2 * d2, np.abs(a), z**2 * d2]
    scalars = np.stack([np.log(s), np.log(e), *((w * x).sum(1) for x in plain)], axis=1)
    return np.concatenate([scalars, *_hermite(z, w, np.stack([a, a**2, a**3, d2]))], axis=1) if whole else scalars


def _hermite(z: Array, w: Array, functions: Array) -> Array:
    """Return sum_j w_j g(z_j) he_k(z_j) for k below TERMS, shape (functions, rows, TERMS).

    sqrt(k + 1) he_(k+1) = z he_k - sqrt(k) he_(k-1). An oscillating activation has 1e5 nodes: no more than two orders
    are kept.
    """
    weighed = functions * w
    out = np.empty((*functions.shape[:2], TERMS))
    last, now = np.zeros_like(z), np.ones_like(z)
    for k in range(TERMS):
        out[..., k] = np.einsum("frn,rn->fr", weighed, now)
        last, now = now, (z * now - math.sqrt(k) * last) / math.sqrt(k + 1)
    return out


def powers(c: NDArray[np.float64]) -> Array:
    """Return c^k for k below TERMS, shape (*c.shape, TERMS)."""
    out = np.broadcast_to(c[..., None], (*c.shape, TERMS)).copy()
    out[..., 0] = 1
    return np.multiply.accumulate(out, axis=-1)
