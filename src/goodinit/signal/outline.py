"""The outline of an activation: between which values it lies, where it saturates, and how steep it gets."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from goodinit.activations import Activation
from goodinit.networks.dense import XP

FAR = 1e9  # where a bounded activation has reached its bounds; softsign is 1e-9 away from them
NEAR = 1e-6  # of the range: what counts as having reached a bound, and of the largest slope: what counts as none
_WINGS = np.concatenate([np.linspace(0, 20, 4001)[1:], np.geomspace(20, FAR, 200)[1:]])
GRID = np.concatenate([-_WINGS[::-1], [0.0], _WINGS])


@dataclass(frozen=True)
class Outline:
    """What the statistics need to know of an activation; it depends on the activation alone.

    Parameters
    ----------
    low, high : float
        Its smallest and largest value, -inf and inf where there is none.
    saturates : bool
        Whether it runs from one bound to the other, as tanh does, and neither overshoots nor oscillates.
    steepest : float
        The largest abs(f').
    """

    low: float
    high: float
    saturates: bool
    steepest: float

    @property
    def bounded(self) -> bool:
        """Whether there are two bounds, with something between them."""
        return math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high


@lru_cache(maxsize=64)
def outline(activation: Activation) -> Outline:
    """Return the outline of an activation, read from a grid that reaches to +-1e9.

    It saturates if both limits exist, differ, and are its smallest and largest value: tanh, sigmoid, softsign,
    hardtanh, erf; not relu, which has one bound, nor sin, which has no limits, nor exp(-z^2), which overshoots them.
    A unit is then saturated where its activation lies within 5 % of the range from either limit: for tanh
    abs(a) > 0.9, where the slope is below 0.19. A bound on activations is preferred to one on slopes: it
    means the same for every activation, shows in the histogram, and calls no unit of relu saturated for being off.
    """
    with jax.enable_x64(True), np.errstate(all="ignore"):
        a, slope = (np.asarray(x, np.float64) for x in jax.jvp(lambda z: activation.formula(z, XP), *_along()))
    inner = np.abs(GRID) <= FAR / 5
    low, high = _end(a, inner), -_end(-a, inner)
    extent = high - low
    left, right = a[[0, -1]]
    settled = abs(a[inner][0] - left) + abs(a[inner][-1] - right) <= NEAR * extent < math.inf
    reached = abs(abs(right - left) - extent) <= NEAR * extent
    return Outline(low, high, bool(extent > 0 and settled and reached), float(np.nanmax(np.abs(slope), initial=0)))


def _along() -> tuple[tuple[Any], tuple[Any]]:
    return (jnp.asarray(GRID),), (jnp.ones(len(GRID)),)


def _end(a: NDArray[np.float64], inner: NDArray[np.bool_]) -> float:
    """Return the smallest value, or -inf if it still falls at the ends of the grid."""
    least = float(np.nanmin(a))
    return least if float(np.nanmin(a[inner])) - least <= NEAR * max(1.0, abs(least)) else -math.inf


LINEAR = Outline(-math.inf, math.inf, False, 1.0)
