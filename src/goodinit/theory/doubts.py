"""Where a prediction may miss, in a form that programs can use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodinit.theory.forward import Chain
from goodinit.theory.pairs import Pairs

# Both bounds were set by the misses that benchmarks/agreement.py found, with room to spare.
BENT = 0.3  # how far fluctuations may move the mean of ln q
APART = 0.8  # relative spread of a distance 1 - c, from which on few networks make its mean
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


def doubts(found: Chain, alike: Pairs) -> dict[str, Doubt]:
    """Return the doubts, by the name of the field of `Prediction` that they concern.

    Two assumptions are looked at. That ln q is normal over networks: this holds where E f^2 is a power of q, and where
    not, as long as fluctuations do not move their own mean far (`Chain.shift`). And that the distance 1 - c of two
    examples varies by less than itself.
    """
    out, last = {}, len(found.mean)
    if first := _first(np.abs(found.shift) > BENT):
        why = (
            f"ln q is not normal over networks of this width: from layer {first} on fluctuations, of variance up to "
            f"{found.variance.max():.2g}, move its mean by up to {np.abs(found.shift).max():.2g}; some networks go "
            "another way than most"
        )
        out = {name: Doubt(first, last, why) for name in FORWARD} | {name: Doubt(1, last, why) for name in BACKWARD}
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
