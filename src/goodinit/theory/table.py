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
from numpy.typing import NDArray

from goodinit.theory.panels import Array, Function, panels, values
from goodinit.theory.quadrature import REACH, rule

TERMS = 64  # of a spectrum; what is beyond is carried as one term, see `series`
LOWEST, HIGHEST = math.log(1e-14), math.log(1e6)  # beyond, powers of q continue the edge
_WIDTH = 2.0  # of a cell in ln q
_POINTS = 18  # Chebyshev points of a cell: the map is analytic for abs(Im ln q) < pi / 2, so 3.4^-18 = 2e-10
_ORDERS = np.arange(_POINTS)
SCALARS = ("log_second", "log_slope", "fourth", "slope_fourth", "mixed", "absolute", "tilt")
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
    cells: dict[int, Array] = field(default_factory=dict)
    narrow: dict[int, Array] = field(default_factory=dict)

    def cell(self, number: int) -> Array:
        """Return the Chebyshev coefficients, shape (points, columns), of one cell."""
        if number not in self.cells:
            log_q = (number + 0.5) * _WIDTH + _WIDTH / 2 * np.cos(math.pi * (np.arange(_POINTS) + 0.5) / _POINTS)
            self.cells[number] = _TO_CHEBYSHEV @ _columns(self.f, np.exp(log_q))
        return self.cells[number]

    def look(self, log_q: Array, columns: slice = slice(None)) -> Array:
        """Return some columns at an array of ln q, shape (*log_q.shape, columns)."""
        inside = np.clip(log_q, LOWEST, HIGHEST)
        number = np.floor(inside / _WIDTH).astype(int)
        angle = np.arccos(np.clip(2 * (inside / _WIDTH - number) - 1, -1, 1))
        basis = np.cos(angle[..., None] * _ORDERS)
        kept = set(number.ravel().tolist())
        if len(kept) == 1:
            out: Array = basis @ self.cell(kept.pop())[:, columns]
        else:
            width = len(range(*columns.indices(len(SCALARS) + 4 * TERMS)))
            out = np.empty((*log_q.shape, width))
            for one in kept:
                out[number == one] = basis[number == one] @ self.cell(one)[:, columns]
        return out

    def quick(self, log_q: list[float]) -> list[list[float]]:
        """Return [ln S, E f^4 / S^2] at some finite ln q: what the forward loop needs of `look`, quickly."""
        out = []
        for x in log_q:
            inside = min(max(x, LOWEST), HIGHEST)
            number = int(inside // _WIDTH)
            if number not in self.narrow:
                self.narrow[number] = np.ascontiguousarray(self.cell(number)[:, [_SECOND, _FOURTH, _BEND]])
            angle = math.acos(min(max(2 * (inside / _WIDTH - number) - 1, -1.0), 1.0))
            second, fourth, bend = np.cos(angle * _ORDERS).dot(self.narrow[number]).tolist()
            out.append([second + (x - inside) * bend / math.sqrt(2), fourth])
        return out

    def logs(self, log_q: Array) -> tuple[Array, Array]:
        """Return ln E f^2 and ln E f'^2 at an array of ln q; at minus infinity those of h = 0."""
        out = self.look(log_q, slice(0, 2))
        second, slopes = out[..., 0], out[..., 1]
        if (log_q < LOWEST).any() or (log_q > HIGHEST).any():
            second = self._continue(log_q, second, _BEND)
            slopes = self._continue(log_q, slopes, _BEND + 2 * TERMS)
            silent = np.isneginf(log_q)
            second[silent], slopes[silent] = self.at_zero
        return second, slopes

    @functools.cached_property
    def at_zero(self) -> tuple[float, float]:
        """Return ln f(0)^2 and ln f'(0)^2, the slope from the left."""
        zero = np.zeros(1)
        both = float(values(self.f)(zero)[0]), float(panels(self.f, 1.0).slope(zero)[0])
        first, second = (2 * math.log(abs(one)) if one else -math.inf for one in both)
        return first, second

    def _continue(self, log_q: Array, edge: Array, bend: int) -> Array:
        """Go on as the power of q at the edge: d ln E g / d ln q = g_2 / (sqrt(2) E g), g_2 of the spectrum of g."""
        beyond = log_q - np.clip(log_q, LOWEST, HIGHEST)
        power = self.look(log_q, slice(bend, bend + 1))[..., 0] / math.sqrt(2)
        return np.asarray(edge + np.where(np.isneginf(beyond), 0, beyond) * power)

    def moments(self, log_q: Array) -> Moments:
        """Return all moments at an array of ln q."""
        out = self.look(log_q)
        first = len(SCALARS)
        spectra = (out[..., first + i * TERMS : first + (i + 1) * TERMS] for i in range(4))
        return Moments(*self.logs(log_q), *(out[..., i] for i in range(2, first)), *spectra)


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


def _columns(f: Function, q: Array) -> Array:
    """Return the columns of the table at some q, by quadrature."""
    cut = panels(f, REACH * math.sqrt(q.max()))
    std = np.sqrt(q)
    h, w = rule(cut.edges, np.zeros_like(q), std)
    z, a, d = h / std[:, None], values(f)(h), cut.slope(h)
    s, e = np.maximum((w * a**2).sum(1), 1e-290), np.maximum((w * d**2).sum(1), 1e-290)
    a, d2 = a / np.sqrt(s)[:, None], d**2 / e[:, None]
    plain = [a**4, d2**2, a**2 * d2, np.abs(a), z**2 * d2]
    scalars = [np.log(s), np.log(e), *((w * x).sum(1) for x in plain)]
    spectra = _hermite(z, w, np.stack([a, a**2, a**3, d2]))
    return np.concatenate([np.stack(scalars, 1), *spectra], axis=1)


def _hermite(z: Array, w: Array, functions: Array) -> Array:
    """Return sum_j w_j g(z_j) he_k(z_j) for k below TERMS, shape (functions, rows, TERMS).

    sqrt(k + 1) he_(k+1) = z he_k - sqrt(k) he_(k-1).
    """
    basis = np.empty((TERMS, *z.shape))
    basis[0], basis[1] = 1, z
    for k in range(1, TERMS - 1):
        basis[k + 1] = (z * basis[k] - math.sqrt(k) * basis[k - 1]) / math.sqrt(k + 1)
    return np.asarray((functions * w).transpose(1, 0, 2) @ basis.transpose(1, 2, 0)).transpose(1, 0, 2)


def powers(c: NDArray[np.float64]) -> Array:
    """Return c^k for k below TERMS, shape (*c.shape, TERMS)."""
    out = np.broadcast_to(c[..., None], (*c.shape, TERMS)).copy()
    out[..., 0] = 1
    return np.multiply.accumulate(out, axis=-1)
