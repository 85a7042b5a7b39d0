"""Claims that rest on a single run, or on a loss that stands still."""

import math
from itertools import pairwise

import numpy as np

from goodinit.labs import circles
from goodinit.labs.checks import Array
from goodinit.labs.claims.claim import Claim
from goodinit.labs.claims.criteria import Answer, above, contrary, near
from goodinit.labs.claims.digits import SHALLOW, accuracies
from goodinit.labs.claims.quantities import Measured, exact, factor, mean, share
from goodinit.labs.layers import Linear, Model, NonLinear, train
from goodinit.study import compare

RARELY = 0.05  # chance may do this in one of twenty cases
PUBLISHED = 0.9632 - 0.9616  # of 5,000 pictures, one run each


def _stuck() -> Measured:
    X, Y, _, _ = circles.load_dataset()
    kept = np.concatenate([np.flatnonzero(Y == 0), np.flatnonzero(Y == 1)[:75]])
    X, Y = X[:, kept], Y[:, kept]
    entropy = -sum(p * math.log(p) for p in (Y.mean(), 1 - Y.mean()))
    deep = [_trained([2, 10, 10, 10, 1], X, Y, seed) for seed in range(6)]
    line = [_trained([2, 1], X, Y, seed) for seed in range(6)]
    return {
        "entropy": exact(entropy),
        "deep": mean([loss / entropy - 1 for loss, _ in deep]),
        "line": mean([loss / entropy - 1 for loss, _ in line]),
        "reach": factor([ratio for _, ratio in deep]),
    }


def _trained(sizes: list[int], X: Array, Y: Array, seed: int) -> tuple[float, float]:
    """Return the loss of a small-weight sigmoid network after training, and its first gradient over its last before."""
    rng = np.random.default_rng(seed)
    affine = [Linear(fan_in, fan_out, std=0.01, rng=rng) for fan_in, fan_out in pairwise(sizes)]
    model = Model([layer for W in affine for layer in (W, NonLinear("Sigmoid"))])
    model(X)
    model.backward(Y)
    first, last = (float(np.sqrt(np.mean(W.dw**2))) for W in (affine[0], affine[-1]))
    train(model, X, Y, learning_rate=0.1, num_iterations=1000, print_cost=False)
    model(X)
    return model.loss(Y), first / last


def _plateau(measured: Measured) -> Answer:
    """Say whether the entropy is a mark of vanished gradients: not if a single layer stands there too."""
    if near(measured["deep"], -0.01, 0.01) is not True:
        return None  # the network of the claim is not on the plateau, so nothing can be learned of it
    return contrary(near(measured["line"], -0.01, 0.01))


STUCK = Claim(
    name="plateau-shows-vanishing",
    claim="A loss of a deep sigmoid network that is stuck at some value shows that the gradient vanished.",
    done="Circles with 150 and 75 points, 1,000 steps from normal * 0.01, 6 seeds: 2-10-10-10-1 sigmoid, and one "
    "layer, through which no gradient has to pass. False if both stand within 1 % of the entropy of the labels.",
    measure=_stuck,
    held=lambda m: {"": _plateau(m)},
    said="entropy of the labels {entropy:.4f}; the deep network ends {deep:z.2%~} from it (at the start its first "
    "gradient is {reach:.0e~} of its last), one layer {line:z.2%~}",
    truth="That value is the entropy of the class shares: the network answers the base rate. Any network that cannot "
    "(yet) use its inputs stands there; gradients have to be looked at.",
)


def _one_run_each() -> Measured:
    found = accuracies(SHALLOW, {"he": "he_normal", "glorot": "glorot_uniform"}, seeds=32, test=0.8)
    he = found["he"]
    apart = np.abs(he[::2] - he[1::2])  # 16 pairs of runs of one initializer, no run in two of them
    rates = 0.9632, 0.9616
    return {
        "chance": share(int(np.sum(apart >= PUBLISHED)), apart.size),
        "lead": mean(he - found["glorot"]),
        "z": exact((rates[0] - rates[1]) / math.sqrt(sum(p * (1 - p) for p in rates) / 5000)),
    }


ONE_RUN_EACH = Claim(
    name="he-wins-by-a-hair",
    claim="One run each, .9632 from He's start and .9616 from Glorot's, shows that He's is the better.",
    done="64-32-10 ReLU on digits, 400 steps, 32 seeds from He in 16 pairs, and 32 from Glorot. False if two runs of "
    "He differ by that much (.0016) in more than 5 % of cases: what chance does so often shows nothing.",
    measure=_one_run_each,
    held=lambda m: {"": contrary(above(m["chance"], RARELY))},
    said="{chance:.0%} of pairs of He's own runs differ by .0016 or more; He leads Glorot by {lead:z.2%} here; the two "
    "published runs are {z:.2f} standard errors apart",
    truth="The difference is 8 of 5,000 pictures. Over 32 seeds on those pictures the two cannot be told apart, and "
    "about 100 would be needed.",
    source="goodinit, docs/he-against-glorot.md",
)


def _two_runs() -> Measured:
    starts = ["normal(std=10)", "he_normal"]
    results = compare("2-10-5-1", "circles", starts, seeds=32, steps=5000, learning_rate=0.03, record_every=1000)
    large, he = results["final"].sel(metric="test_accuracy").values
    gaps = he - large
    alike = (gaps >= gaps.mean() / 2) & (gaps <= 2 * gaps.mean())
    return {
        "alike": share(int(alike.sum()), gaps.size),
        "gap": mean(gaps),
        "least": exact(gaps.min()),
        "most": exact(gaps.max()),
        "points": share(86, 100),
    }


ONE_RUN = Claim(
    name="one-run-settles-it",
    claim="One run with 83 % from large values and one with 99 % from He's settle how much the start matters.",
    done="2-10-5-1 ReLU on circles from normal * 10 and from He, 5,000 steps, 32 seeds. False if fewer than 95 % of "
    "single runs show between half and twice the mean gap.",
    measure=_two_runs,
    held=lambda m: {"": above(m["alike"], 0.95)},
    said="mean gap {gap:.0%} of test accuracy, of single runs {least:z.0%} to {most:.0%}; {alike:.0%} of them are "
    "within a factor of two",
    truth="He's start is better here, but the size of the gap takes many seeds; and 86 right of 100 test points alone "
    "leaves 78 to 91 % open.",
    source="Wilson 1927, doi:10.1080/01621459.1927.10502953",
)
