"""The shapes of distributions that initializers draw from, each at mean 0 and standard deviation 1.

Tests of a tensor against a rule need no estimate: a rule says mean, deviation and family, so everything about its
draws is known. Means of n independent numbers are taken as Pearson type III with the right mean, variance and
skewness, which is exact for the mean square of normal numbers (chi-squared) and close for the others.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from goodinit.initializers.plain import TRUNCATED_SD

CUT = 2.0  # deviations of the normal before it is cut
INSIDE = math.erf(CUT / math.sqrt(2))  # P(|z| < 2)


@dataclass(frozen=True)
class Family:
    """One shape.

    Parameters
    ----------
    name : str
        ``normal``, ``uniform`` or ``truncated``.
    moments : tuple of float
        E |z|^k for k = 0 to 6.
    cdf : callable
        P(z < x) of an array x.
    edge : float
        The largest |z| that can occur.
    """

    name: str
    moments: tuple[float, ...]
    cdf: Callable[[Any], Any]
    edge: float

    @property
    def kurtosis(self) -> float:
        """Excess kurtosis."""
        return self.moments[4] - 3

    def standard_error(self, count: float) -> float:
        """Return the relative standard error of a deviation of `count` numbers: sqrt((E z^4 - 1) / (4 n))."""
        return math.sqrt((self.moments[4] - 1) / (4 * count))

    def beyond(self, reach: float) -> float:
        """Return P(|z| > reach)."""
        return float(2 * self.cdf(-reach))

    @functools.cached_property
    def square(self) -> tuple[float, float, float]:
        """Mean, deviation and skewness of z^2."""
        _, _, m2, _, m4, _, m6 = self.moments
        return _summary([m2, m4, m6])

    @functools.cached_property
    def outline(self) -> tuple[float, float, float]:
        """Mean, deviation and skewness of |z| - (E |z| / 2) z^2.

        The mean of this tells shapes apart whatever the deviation is: to first order it is Geary's ratio
        (mean |z|) / (root mean square), which is .798 for normal, .866 for uniform numbers.
        """
        _, m1, m2, m3, m4, m5, m6 = self.moments
        r = m1 / 2
        second = m2 - 2 * r * m3 + r * r * m4
        third = m3 - 3 * r * m4 + 3 * r * r * m5 - r**3 * m6
        return _summary([m1 - r * m2, second, third])


def tail(value: float, count: float, summary: tuple[float, float, float], slack: float = 0.0) -> float:
    """Return how probable it is that a mean of `count` numbers lies at least as far off, on either side.

    Parameters
    ----------
    value : float
        The mean that was found.
    summary : tuple
        Mean, deviation and skewness of one number.
    slack : float
        What rounding may have moved the mean by.
    """
    mean, deviation, skewness = summary
    off = math.copysign(max(abs(value - mean) - slack, 0.0), value - mean)
    t, g = off / deviation * math.sqrt(count), skewness / math.sqrt(count)
    if abs(g) < 1e-4:  # below that the two agree to 1e-4 of the tail
        return float(2 * special.ndtr(-abs(t)))
    k = 4 / (g * g)  # Pearson III is a gamma variable of shape k, less its mean, over its deviation
    x = max(k + math.copysign(t, t * g) * math.sqrt(k), 0.0)
    return float(min(1.0, 2 * min(special.gammainc(k, x), special.gammaincc(k, x))))


def _summary(raw: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, deviation and skewness from the first three raw moments."""
    a, b, c = raw
    variance = b - a * a
    return a, math.sqrt(variance), (c - 3 * a * b + 2 * a**3) / variance**1.5


def _normal_moments() -> tuple[float, ...]:
    """E |z|^k = (k - 1) E |z|^(k - 2)."""
    m = [1.0, math.sqrt(2 / math.pi)]
    for k in range(2, 7):
        m.append((k - 1) * m[k - 2])
    return tuple(m)


def _truncated_moments() -> tuple[float, ...]:
    """E |y|^k = (k - 1) E |y|^(k - 2) - 2^k phi(2) / P(|z| < 2) by parts, in units of the deviation after the cut."""
    phi, phi0 = math.exp(-CUT * CUT / 2) / math.sqrt(2 * math.pi), 1 / math.sqrt(2 * math.pi)
    m = [1.0, 2 * (phi0 - phi) / INSIDE]
    for k in range(2, 7):
        m.append((k - 1) * m[k - 2] - 2 * CUT ** (k - 1) * phi / INSIDE)
    return tuple(value / TRUNCATED_SD**k for k, value in enumerate(m))


ROOT3 = math.sqrt(3)  # a uniform variable of deviation 1 lies between +-sqrt(3)

FAMILIES = {
    "normal": Family("normal", _normal_moments(), special.ndtr, math.inf),
    "uniform": Family(
        "uniform",
        tuple(ROOT3**k / (k + 1) for k in range(7)),
        lambda x: np.clip((np.asarray(x) / ROOT3 + 1) / 2, 0, 1),
        ROOT3,
    ),
    "truncated": Family(
        "truncated",
        _truncated_moments(),
        lambda x: np.clip((special.ndtr(np.asarray(x) * TRUNCATED_SD) - 0.5) / INSIDE + 0.5, 0, 1),
        CUT / TRUNCATED_SD,
    ),
}
