"""Two examples in one network: their correlation by layer, and averages over the pairs of a batch.

The mean of f(h)^2 over n units fluctuates, for examples of correlation c, with covariance sum_(k>=1) b_k^2 c^k / n
between them, b_k the spectrum of f^2. Averages over a batch fluctuate the less, the less its examples resemble.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.special
from numpy.typing import NDArray

from goodinit.theory.forward import Chain, Stack
from goodinit.theory.panels import Array
from goodinit.theory.table import TERMS, Moments, powers

_KINKED = 2.4 * TERMS  # exponents beyond mean a kink; a jump of f'' gives 5/3 TERMS
_LEAST = 1e-3  # tails of smaller correlations are 0
_ARRAYS = SimpleNamespace(exp=np.exp, sqrt=np.sqrt, erfc=scipy.special.erfc)  # what `math` has for numbers


@dataclass(frozen=True)
class Pairs:
    """Distribution of the correlation of two examples, over pairs and networks, one entry per layer.

    Parameters
    ----------
    mean, std : array
    points, shares : array, shape (2, layers)
        Two correlations and their probabilities that represent it, see `two_points`.
    """

    mean: Array
    std: Array
    points: Array
    shares: Array


@dataclass(frozen=True)
class Batch:
    """How alike the examples of a batch are in one network, one row per layer.

    Parameters
    ----------
    examples : int
        Size m of the batch.
    pairs : Pairs
    powers : array, shape (2, layers, TERMS)
        Powers of the two points.
    """

    examples: int
    pairs: Pairs
    powers: Array

    def mean(self, values: Array) -> Array:
        """Return the mean over pairs of what has these values at the two points."""
        return np.asarray((self.pairs.shares * values).sum(axis=0))


def batch(examples: int, pairs: Pairs, layers: int) -> Batch:
    """Return a batch of which so many layers, from the first on, are wanted."""
    cut = Pairs(*(one[..., :layers] for one in (pairs.mean, pairs.std, pairs.points, pairs.shares)))
    return Batch(examples, cut, powers(cut.points))


def two_points(mean: float, std: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return two correlations and their probabilities, of given mean, standard deviation and skewness.

    Near 1 the distance 1 - c is a product of many factors, thus log-normal, of skewness v^3 + 3 v with
    v = std / (1 - c); near 0 the correlation is symmetric. The skewness is taken as c (v^3 + 3 v).
    """
    if std <= 1e-9 * (1 - mean) or mean >= 1:
        return (mean, mean), (0.5, 0.5)
    v = min(std / (1 - mean), 10.0)
    half = max(mean, 0.0) * (v**3 + 3 * v) / 2
    root = math.sqrt(1 + half**2)
    above, below = 1 / (half + root), half + root  # root - half without cancellation
    rare = (1 - half / root) / 2
    return (min(mean + std * above, 1.0), max(mean - std * below, -1.0)), (1 - rare, rare)


@dataclass(frozen=True)
class Series:
    """Power series in the correlation c of two examples, one row per layer; `tail` stands for the terms left out.

    The value at c is sum_k terms_k c^k + tail g(c) with g(1) = 1 and g'(1) = exponent: exact at c = 1, and where the
    function's slope at c = 1 is known, exact in slope too. Terms of a function with a kink fall off like k^-2.5, from
    which the slope is 3 TERMS and g follows, see `_power_law`; otherwise g = c^exponent. Distances 1 - value are then
    right to 1e-4 for relu, and to 1e-2 at worst, for steep smooth ones.
    """

    terms: Array
    tail: Array
    exponent: Array

    def value(self, c: Array) -> Array:
        """Return the values at one correlation a row."""
        return np.asarray((self.terms * powers(c)).sum(axis=-1) + self.tail * self._tails(c))

    def slope(self, c: Array) -> Array:
        """Return the derivatives by c at one correlation a row."""
        return np.asarray((self._steps() * powers(c)).sum(axis=-1) + self.tail * self._tail_slopes(c))

    def at(self, of: Batch) -> Array:
        """Return the values at the batch's two points, shape (2, layers)."""
        return np.asarray(np.einsum("lk,plk->pl", self.terms, of.powers) + self.tail * self._tails(of.pairs.points))

    def slope_at(self, of: Batch) -> Array:
        """Return the derivatives by c at the batch's two points, shape (2, layers)."""
        return np.asarray(
            np.einsum("lk,plk->pl", self._steps(), of.powers) + self.tail * self._tail_slopes(of.pairs.points)
        )

    def rows(self, which: NDArray[Any]) -> "Series":
        """Return some of the rows."""
        return Series(self.terms[which], self.tail[which], self.exponent[which])

    def alone(self) -> Array:
        """Return the value at c = 1, that of an example with itself."""
        return np.asarray(self.terms.sum(axis=-1) + self.tail)

    def over_pairs(self, of: Batch) -> Array:
        """Return the mean over all ordered pairs of a batch: 1 / m of them are an example with itself."""
        return np.asarray((self.alone() + (of.examples - 1) * of.mean(self.at(of))) / of.examples)

    def _steps(self) -> Array:
        """Return the terms of the derivative."""
        out = np.zeros_like(self.terms)
        out[..., :-1] = self.terms[..., 1:] * np.arange(1, TERMS)
        return out

    def _tails(self, c: Array) -> Array:
        near, kinked = np.maximum(c, _LEAST), self.exponent > _KINKED
        return np.where(kinked, _power_law(-np.log(near) * self.exponent / 3, _ARRAYS), near**self.exponent)

    def _tail_slopes(self, c: Array) -> Array:
        near, kinked = np.maximum(c, _LEAST), self.exponent > _KINKED
        x = -np.log(near) * self.exponent / 3
        steep = np.exp(-x) - np.sqrt(math.pi * x) * scipy.special.erfc(np.sqrt(x))
        return self.exponent / near * np.where(kinked, steep, near**self.exponent)


def _power_law(x: Any, xp: Any) -> Any:
    """Return sum_(k > K) k^-2.5 c^k over its value at c = 1, for large K and x = -K ln c: 1.5 E_2.5(x)."""
    return (1 - 2 * x) * xp.exp(-x) + 2 * x * xp.sqrt(math.pi * x) * xp.erfc(xp.sqrt(x))


def series(terms: Array, total: Array, steepness: Array | None = None) -> Series:
    """Return the series with given terms, value at c = 1 and, where known, slope at c = 1."""
    tail = total - terms.sum(axis=-1)
    tail = np.where(np.abs(tail) < 1e-10 * np.abs(total), 0, tail)  # rounding, not a tail
    if steepness is None:
        return Series(terms, tail, np.full_like(tail, 2 * TERMS))
    missing = steepness - (terms * np.arange(TERMS)).sum(axis=-1)
    exponent = np.divide(missing, tail, out=np.full_like(tail, TERMS), where=tail != 0)
    return Series(terms, tail, np.maximum(exponent, TERMS))


@dataclass(frozen=True)
class Overlaps:
    """Series of one network's layers: E f(u) f(v) / S, E f(u)^2 f(v)^2 / S^2 - 1 and E f(u) f(v)^3 / S^2."""

    product: Series
    squares: Series
    skew: Series


def overlaps(at: Moments, log_q: Array) -> Overlaps:
    """Return the series at the moments of every layer; slopes at c = 1 are q E g' h' (Price's theorem)."""
    steep = np.exp(log_q + at.log_slope - at.log_second)  # q E f'^2 / S
    squares = at.b**2
    squares[..., 0] = 0
    return Overlaps(
        series(at.a**2, np.ones_like(steep), steep),
        series(squares, at.fourth - 1, 4 * at.mixed * steep),
        series(at.a * at.t, at.fourth, 3 * at.mixed * steep),
    )


def correlations(of: Overlaps, stack: Stack, along: Chain, c0: float, std0: float) -> Pairs:
    """Return how alike two examples are at each layer, from mean and standard deviation at the inputs."""
    phi, noise, radial = (one.tolist() for one in (along.share, stack.inverse_width, of.squares.alone()))
    out = [(phi[0] * c0 + 1 - phi[0], phi[0] * std0)]
    points = [two_points(*out[0])]
    step = np.stack([along.mean[:-1], along.share[1:], stack.inverse_width[:-1]])
    repeated = [False, *(np.diff(step) == 0).all(axis=0).tolist()]
    rows = _rows(of)
    for layer, r in enumerate(radial):
        if repeated[layer] and max(abs(new - old) for new, old in zip(out[-1], out[-2], strict=True)) <= 1e-14:
            out.append(out[-1])
            points.append(points[-1])
            continue
        where, shares = points[-1]
        out.append(_hand_on(rows(layer, where), shares, phi[layer + 1], noise[layer], r))
        points.append(two_points(*out[-1]))
    return Pairs(*np.array(out).T, *np.array(points).transpose(1, 2, 0))


def _hand_on(
    values: list[list[float]], shares: tuple[float, float], phi: float, noise: float, r: float
) -> tuple[float, float]:
    """Return mean and standard deviation of c' from kappa, beta and gamma, the values of `Overlaps`, at two points.

    With s = (1/n) sum f(u_i) f(v_i) and c' = (sigma_w^2 s + sigma_b^2) / sqrt(q'_u q'_v), to first order in 1 / n the
    variance is phi^2 / n [1 + beta - kappa^2 + c'^2 (r + beta) / 2 - 2 c' (gamma - kappa)] plus what is handed on, and
    the mean moves by phi^2 / n [c' (3 r + beta) / 4 - gamma + kappa]; both vanish at c = 1.
    """
    moved, jitter = [], 0.0
    for share, (kappa, beta, gamma) in zip(shares, values, strict=True):
        new = phi * kappa + 1 - phi
        moved.append(new + phi**2 * noise * (new * (3 * r + beta) / 4 - gamma + kappa))
        within = 1 + beta - kappa**2 + new**2 * (r + beta) / 2 - 2 * new * (gamma - kappa)
        jitter += share * phi**2 * noise * max(within, 0.0)
    first, second = shares
    mean = min(max(first * moved[0] + second * moved[1], -1.0), 1.0)
    return mean, math.sqrt(first * second * (moved[0] - moved[1]) ** 2 + jitter)


def _rows(of: Overlaps) -> Callable[[int, tuple[float, float]], list[list[float]]]:
    """Return a quick evaluation, for one layer, of product, squares and skew at two correlations.

    A prediction spends most of its time in here; `Series.at` does the same for many layers together.
    """
    each = (of.product, of.squares, of.skew)
    terms = np.stack([one.terms for one in each], axis=-1)
    tails = np.array([[one.tail, one.exponent] for one in each]).transpose(2, 0, 1).tolist()
    left_out = [[(at, tail, power) for at, (tail, power) in enumerate(row) if tail] for row in tails]
    base = np.ones((2, TERMS))

    def at(layer: int, c: tuple[float, float]) -> list[list[float]]:
        base[0, 1:], base[1, 1:] = c
        values: list[list[float]] = np.multiply.accumulate(base, axis=1).dot(terms[layer]).tolist()
        for row, x in zip(values, c, strict=True):
            if x > 0.5:  # below, tails of order x^64 are rounding
                for at, tail, power in left_out[layer]:
                    row[at] += tail * _tail(x, power)
        return values

    return at


def _tail(c: float, exponent: float) -> float:
    """Return `Series._tails` for one number."""
    power: float = _power_law(-math.log(c) * exponent / 3, math) if exponent > _KINKED else c**exponent
    return power
