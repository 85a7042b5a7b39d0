"""Claims about the signal through depth, and about the gradient back."""

import math

import numpy as np

from goodinit import theory
from goodinit.labs.claims.claim import Claim
from goodinit.labs.claims.criteria import above, both, contrary, near
from goodinit.labs.claims.quantities import Measured, exact, factor, mean
from goodinit.labs.claims.through import Passed, a_layer, through

SEEDS = range(12)
KEPT = (0.8, 1.25)  # a factor a layer that counts as keeping a size through a few layers


def _passed(fname: str, width: int, depth: int, std: float) -> list[Passed]:
    return [through(fname, width, depth, std, seed) for seed in SEEDS]


def _saturated() -> Measured:
    seen = _passed("Tanh", 500, 10, 1.0)
    return {
        "growth": factor([a_layer(one.gradient[::-1]) for one in seen]),
        "saturated": mean([np.mean(np.abs(one.outputs) > 0.9) for one in seen]),
        "theory": exact(math.sqrt(theory.fixed_points("tanh", weight_variance=500.0)[-1].chi)),
    }


SATURATED = Claim(
    name="saturated-means-zero",
    claim="Tanh units saturated by weights of standard deviation 1 have zero gradients, and nothing can be learned.",
    done="Ten tanh layers of 500, weights N(0, 1), 12 networks, nothing trained. False if gradients grow from a layer "
    "to the one below.",
    measure=_saturated,
    held=lambda m: {"": contrary(above(m["growth"], 1))},
    said="{saturated:.1%} of the units are beyond +-0.9, and gradients change by x{growth:.2f} a layer backward "
    "(theory: {theory:.2f})",
    truth="Gradients explode: the few units that are not saturated have slopes near 1 and weights 22 times too large "
    "behind them. In mean-field theory their variance grows by chi = 12.1 a layer.",
    source="arXiv 1606.05340, 1611.01232",
)


def _critical() -> Measured:
    seen = _passed("Tanh", 500, 10, 500**-0.5)
    first = [one.outputs for one in seen]
    fourth = [np.mean((h - h.mean()) ** 4) / h.var() ** 2 - 3 for h in first]
    return {
        "first": factor([one.deviation[0] for one in seen]),
        "tenth": factor([one.deviation[-1] for one in seen]),
        "kept": factor([one.deviation[-1] / one.deviation[0] for one in seen]),
        "kurtosis": mean(fourth),
    }


NICELY_NORMAL = Claim(
    name="lecun-stays-normal",
    claim="With 1/sqrt(fan_in) the activations are nicely normal through all ten tanh layers.",
    done="Ten tanh layers of 500, weights of deviation 1/sqrt(500), 12 networks, nothing trained. False if the "
    "deviation at the tenth layer differs from that at the first by more than 20 %, or the first's excess kurtosis "
    "from 0, the normal value, by more than 0.1.",
    measure=_critical,
    held=lambda m: {"": both(near(m["kept"], *KEPT), near(m["kurtosis"], -0.1, 0.1))},
    said="deviation {first:.3f~} at layer 1, {tenth:.3f} at layer 10; excess kurtosis {kurtosis:.2f} at layer 1",
    truth="At weight variance 1 tanh is critical and the deviation decays as a power of depth, from .63 to .23; and "
    "outputs of tanh are bounded, not normal.",
    source="arXiv 1611.01232",
)


def _sigmoids() -> Measured:
    gains = {"glorot": 1.0, "he": math.sqrt(2), "four": 4.0}  # fan-in and fan-out are equal here
    return {
        name: factor([a_layer(one.deviation) for one in _passed("CentredSigmoid", 256, 6, gain / 16)])
        for name, gain in gains.items()  # 16 = sqrt(256)
    }


SIGMOID = Claim(
    name="he-or-glorot-for-sigmoid",
    claim="For sigmoid units use Glorot initialization (or He's, say others).",
    done="Six layers of 256 with sigmoid - 1/2, 12 networks, nothing trained. False where the deviation does not stay "
    "within 20 % from layer to layer.",
    measure=_sigmoids,
    held=lambda m: {"it is Glorot's": near(m["glorot"], *KEPT), "it is He's": near(m["he"], *KEPT)},
    said="deviation changes by x{glorot:.3f} a layer with Glorot, x{he:.3f} with He, x{four:.2f} with gain 4",
    truth="The slope of a sigmoid is 1/4 at most, so it needs a gain of about 4 (3.6 by Kumar's rule) and, since its "
    "outputs have mean 1/2, centring.",
    source="arXiv 1704.08863",
)


def _small_sigmoids() -> Measured:
    back = [a_layer(through("Sigmoid", 30, 4, 0.01, seed).gradient[::-1]) for seed in range(32)]
    return {"fall": factor(back), "weights": factor(np.array(back) / 0.25)}


SLOPE = Claim(
    name="slope-alone",
    claim="That the slope of a sigmoid is at most 1/4 explains alone why gradients vanish in a small-weight network.",
    done="Four sigmoid layers of 30, weights N(0, 0.01^2), 32 networks, nothing trained. False if, the slope of 1/4 "
    "divided out, the gradient still changes by more than 20 % a layer.",
    measure=_small_sigmoids,
    held=lambda m: {"": near(m["weights"], *KEPT)},
    said="gradients change by x{fall:.4f} a layer backward; slope divided out, by x{weights:.3f}",
    truth="Weights of 0.01 sqrt(30) = 0.055 a layer are the stronger factor: they take four times as much as the "
    "slope, and larger weights would make up for it.",
)
