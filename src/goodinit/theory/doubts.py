"""Where a prediction may miss, in a form that programs can use."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodinit.theory.forward import Chain, Stack
from goodinit.theory.pairs import Pairs
from goodinit.theory.table import Moments

# The bounds were set by the misses that benchmarks/agreement.py found, with room to spare.
BENT = 0.3  # how far fluctuations may move the mean of ln q
APART = 0.8  # relative spread of a distance 1 - c, from which on few networks make its mean
FEW = 0.3  # relative variance of the mean of f'^2 over a layer's units: beyond, few units carry the gradient
NEAR = 1e-6  # a distance that is as good as none
FORWARD = ("log_variance", "log_second_moment", "mean", "std", "saturated", "dead", "correlation")
BACKWARD = ("log_gradient", "log_weight_gradient")


@dataclass(frozen=True)
class Doubt:
    """Why a statistic may be missed, and where.

    Parameters
    ----------
    first, last : int
        Layers, from 1 on, between which it may be missed.
    why : str
        The assumption that does not hold, in a sentence.
    """

    first: int
    last: int
    why: str


def doubts(stack: Stack, found: Chain, at: Moments, alike: Pairs) -> dict[str, Doubt]:
    """Return the doubts, by the name of the field of `Prediction` that they concern.

    Three assumptions are looked at. That ln q is normal over networks: this holds where E f^2 is a power of q, and
    where not, as long as fluctuations do not move their own mean far (`Chain.shift`). That the mean of f'^2 over the n
    units of a layer fluctuates little, by the relative variance (E f'^4 / (E f'^2)^2 - 1) / n: where most units
    saturate, a few carry all of the gradient. And that the distance 1 - c of two examples varies by less than itself.
    """
    out, last = dict[str, Doubt](), len(found.mean)
    if first := _first(np.abs(found.shift) > BENT):
        why = (
            f"ln q is not normal over networks of this width: from layer {first} on fluctuations, of variance up to "
            f"{found.variance.max():.2g}, move its mean by up to {np.abs(found.shift).max():.2g}; some networks go "
            "another way than most"
        )
        out = {name: Doubt(first, last, why) for name in FORWARD} | {name: Doubt(1, last, why) for name in BACKWARD}
    carried = (at.slope_fourth - 1) * stack.inverse_width[:-1]
    if (carried > FEW).any():
        deepest = int(np.flatnonzero(carried > FEW)[-1]) + 1
        why = (
            "so few units have a slope that the mean of f'^2 over those of a layer varies by "
            f"{math.sqrt(carried.max()):.1f} times itself, which first order does not follow"
        )
        for name in BACKWARD:
            out.setdefault(name, Doubt(1, deepest, why))
    apart = 1 - alike.mean
    if first := _first((alike.std > APART * apart) & (apart < 0.5) & (apart > NEAR)):
        why = (
            f"depth comes near the width: from layer {first} on the distance 1 - c of two examples varies over "
            "networks by about itself, and few of them make its mean"
        )
        out.setdefault("correlation", Doubt(first, last, why))
    return out


def _first(where: NDArray[np.bool_]) -> int:
    """Return the first layer, from 1 on, for which something holds; 0 if there is none."""
    return int(np.argmax(where)) + 1 if where.any() else 0
