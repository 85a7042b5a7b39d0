"""Where depth leads: fixed points of the variance and correlation maps, criticality, depth scales."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.optimize

from goodinit.errors import InputError, non_negative, positive
from goodinit.theory.maps import chi, correlation_map, variance_map, variance_slope
from goodinit.theory.panels import Function, values
from goodinit.theory.quadrature import expectation

GRID = np.linspace(math.log(1e-14), math.log(1e4), 209)  # of ln q; two roots closer than 20 % would be missed
_ZERO = 1e-20  # stands for the limit q -> 0, where a smooth slope has come within sqrt(q) of its limit
SAME = 1e-9  # relative difference below which a map counts as the identity, or a slope as 1


@dataclass(frozen=True)
class FixedPoint:
    """A variance that a layer keeps.

    Parameters
    ----------
    q : float
        Variance of the pre-activations.
    any_q : bool
        Whether every variance is kept, as by relu with weight variance 2; `q` is then 1 and stands for all.
    slope : float
        dq'/dq there; below 1 the point is approached with depth scale ``depth_scale(slope)``.
    chi : float
        chi_1 there: factor of the gradients' variance for one layer, and slope of the correlation map at c = 1.
    c : float
        Correlation that two different examples tend to at this variance. At q = 0 without bias, where tanh, sin and
        their like are linear, angles are kept in the limit: what they tend to depends on the start, and 1 is given.
    c_slope : float
        Slope of the correlation map at that correlation.
    """

    q: float
    any_q: bool
    slope: float
    chi: float
    c: float
    c_slope: float

    @property
    def stable(self) -> bool:
        """Whether nearby variances come closer; a line of fixed points counts as stable.

        The slope is never below -1/2, since d ln E f^2 / d ln q = E f^2 z^2 / (2 E f^2) - 1/2.
        """
        return self.any_q or self.slope < 1 - SAME

    @property
    def phase(self) -> str:
        """``ordered`` (gradients vanish), ``critical`` or ``chaotic`` (gradients explode), by chi_1 against 1."""
        if abs(self.chi - 1) <= 1e-6:
            return "critical"
        return "ordered" if self.chi < 1 else "chaotic"


def fixed_points(f: Function, weight_variance: float, bias_variance: float = 0.0) -> list[FixedPoint]:
    """Return the fixed points of q' = sigma_w^2 E f^2 + sigma_b^2 between 0 and 1e4, smallest first.

    An empty list means that the variance grows for ever. Where q = 0 is fixed it comes first, with the limits of its
    slopes for q -> 0.

    Parameters
    ----------
    f : str, Activation or callable
        The activation.
    weight_variance : float
        sigma_w^2 = fan-in times the variance of one weight, > 0.
    bias_variance : float
        sigma_b^2 >= 0.
    """
    w, b = positive("weight_variance", weight_variance), non_negative("bias_variance", bias_variance)

    def excess(log_q: float) -> float:
        return variance_map(f, math.exp(log_q), w, b) / math.exp(log_q) - 1

    drift = [excess(x) for x in GRID]
    if max(map(abs, drift)) < SAME:
        return [_fixed_point(f, 1.0, w, b, any_q=True)]
    at_zero = [0.0] if b == 0 and float(values(f)(np.zeros(1))[0]) == 0 else []
    return [_fixed_point(f, q, w, b) for q in [*at_zero, *_roots(excess, drift)]]


def phase(f: Function, weight_variance: float, bias_variance: float = 0.0) -> str:
    """Return ``ordered``, ``critical`` or ``chaotic``: the phase of the smallest stable fixed point.

    Where the variance tends to no finite value, ``unbounded``. (1606.05340; 1611.01232.) At q = 0 with slope 1, as for
    tanh with weight variance 1, the approach is a power law, and the point counts.
    """
    points = fixed_points(f, weight_variance, bias_variance)
    settled = [p for p in points if p.stable] or [p for p in points if p.slope < 1 + SAME]
    return settled[0].phase if settled else "unbounded"


def depth_scale(slope: float) -> float:
    """Return xi = 1 / abs(ln slope): the layers in which a distance, or a gradient's variance, changes by e.

    Of `FixedPoint.slope`: how fast the variance settles (xi_q); of `c_slope`: how far apart two examples can still be
    told (xi_c); of `chi`: over how many layers gradients survive (1611.01232, eq. 8, 10 and 22). Infinite at 1.
    """
    if non_negative("slope", slope) == 1:
        return math.inf
    return 0.0 if slope == 0 else 1 / abs(math.log(slope))


def critical_line(f: Function, q: float) -> tuple[float, float]:
    """Return (sigma_w^2, sigma_b^2) at which q is a fixed point with chi_1 = 1 (1611.01232, fig. 1; 1902.06853).

    sigma_w^2 = 1 / E f'^2 and sigma_b^2 = q - E f^2 / E f'^2. At q = 0 the limit is given.

    Raises
    ------
    InputError
        If that needs a negative bias variance.
    """
    w, b = _critical(f, max(non_negative("q", q), _ZERO))
    rounding = SAME * max(q, _ZERO)
    if b < -rounding:
        raise InputError(f"no bias variance makes q = {q} critical for this activation; it would have to be {b:.4g}")
    return w, (0.0 if q == 0 or b <= rounding else b)


def critical_weight_variance(f: Function, bias_variance: float = 0.0) -> float:
    """Return the sigma_w^2 with chi_1 = 1 at a fixed point, for a given sigma_b^2.

    Of several, the first that the variance tends to; else the first. For gelu, silu and mish there is at small bias
    variance only the latter kind: the variance drifts away from where chi_1 = 1 (see `fixed_points`).

    Raises
    ------
    InputError
        If there is none, as for relu with bias variance above 0.
    """
    b = non_negative("bias_variance", bias_variance)

    def missing(log_q: float) -> float:
        return (_critical(f, math.exp(log_q))[1] - b) / math.exp(log_q)

    gap = [missing(x) for x in GRID]
    if max(map(abs, gap)) < SAME:
        return _critical(f, 1.0)[0]
    candidates = _roots(missing, gap)
    if b == 0 and float(values(f)(np.zeros(1))[0]) == 0:
        candidates.insert(0, _ZERO)
    weights = [_critical(f, q)[0] for q in candidates]
    if not weights:
        raise InputError(f"this activation has no critical weight variance at bias variance {b}")
    approached = (w for q, w in zip(candidates, weights, strict=True) if _approached(f, q, w))
    return next(approached, weights[0])


def _critical(f: Function, q: float) -> tuple[float, float]:
    slopes = expectation(lambda a, d: d**2, f, q)
    if slopes == 0:
        raise InputError("an activation without slope has no critical point")
    return 1 / slopes, q - expectation(lambda a, d: a**2, f, q) / slopes


def _approached(f: Function, q: float, w: float) -> bool:
    """Whether variances near a critical q come closer; at q = 0, where the slope is 1, whether small ones shrink."""
    return variance_map(f, 1e-6, w) < 1e-6 if q == _ZERO else variance_slope(f, q, w) < 1


def _roots(function: Callable[[float], float], seen: list[float]) -> list[float]:
    """Return exp(x) for the sign changes of a function that was `seen` on the grid; what is rounding has no sign."""
    signs = np.where(np.abs(seen) < 1e-12, 0, np.sign(seen))
    found = []
    for i, j in pairwise(np.flatnonzero(signs).tolist()):
        if signs[i] != signs[j]:
            found.append(math.exp(scipy.optimize.brentq(function, GRID[i], GRID[j], xtol=1e-14, rtol=1e-14)))
    return found


def _fixed_point(f: Function, q: float, w: float, b: float, *, any_q: bool = False) -> FixedPoint:
    near = max(q, _ZERO)  # slopes at q = 0 are limits
    steep = chi(f, near, w)
    scale = near / variance_map(f, near, w, b)  # 1 but at q = 0, where lengths change and angles need not
    c = _correlation(f, near, w, b) if steep * scale > 1 + 1e-6 else 1.0
    return FixedPoint(q, any_q, variance_slope(f, near, w), steep, c, chi(f, near, w, c) * scale)


def _correlation(f: Function, q: float, w: float, b: float) -> float:
    """Return the fixed point below 1, of which there is one: c' is convex in c >= 0, not negative at 0, steep at 1."""

    def excess(c: float) -> float:
        return correlation_map(f, c, q, w, b) - c

    if excess(0.0) <= 1e-15:
        return 0.0
    return float(scipy.optimize.brentq(excess, 0.0, 1 - 1e-7, xtol=1e-12))
