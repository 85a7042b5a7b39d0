"""Claims about the backward pass, held against differences of the loss itself."""

from collections.abc import Callable

import numpy as np

from goodinit.labs import circles
from goodinit.labs.checks import Array
from goodinit.labs.claims.claim import Claim
from goodinit.labs.claims.criteria import near
from goodinit.labs.claims.quantities import Measured, mean
from goodinit.labs.layers import Dropout, Linear

SEEDS = range(12)
STEP = 1e-5  # of the central difference: its error, STEP^2 and rounding / STEP, is about 1e-10
RIGHT = 1e-6  # relative error below which a formula is the derivative


def _slope(loss: Callable[[Array], float], at: Array) -> Array:
    """Return the gradient of `loss` by central differences, entry by entry."""
    found = np.empty_like(at)
    for place in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[place] = STEP
        found[place] = (loss(at + step) - loss(at - step)) / (2 * STEP)
    return found


def _error(formula: Array, slope: Array) -> float:
    """Return how far a formula is from the slope, over the size of the slope."""
    return float(np.linalg.norm(formula - slope) / np.linalg.norm(slope))


def _chain() -> Measured:
    taught, right = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        X, Y = rng.standard_normal((2, 6)), rng.integers(0, 2, (1, 6))
        _, cache = circles.forward_propagation(X, circles.initialize_parameters_he([2, 10, 5, 1], seed))
        grads = circles.backward_propagation(X, Y, cache)

        def loss(a2: Array, W: Array = cache.W3, b: Array = cache.b3, Y: Array = Y) -> float:
            return circles.compute_loss_from_logits(W @ a2 + b, Y)

        slope = _slope(loss, cache.a2)
        taught.append(_error(grads["dW3"].T @ grads["dz3"], slope))
        right.append(_error(cache.W3.T @ grads["dz3"], slope))
    return {"taught": mean(taught), "right": mean(right)}


CHAIN = Claim(
    name="backward-through-dw",
    claim="The gradient goes back through a layer as da[l] = dW[l+1]^T dz[l+1].",
    done="The last layer of a 2-10-5-1 network, 12 seeds: the formula against differences of the loss by each "
    "activation. False if it is off by more than a millionth.",
    measure=_chain,
    held=lambda m: {"": near(m["taught"], 0, RIGHT)},
    said="relative error {taught:.2f}; of W^T dz {right:.0e~}",
    truth="da[l] = W[l+1]^T dz[l+1], by the chain rule: the weights stand in it, not their gradients.",
)


def _dropout() -> Measured:
    taught, right = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        X, weights = rng.standard_normal((20, 10)), rng.standard_normal((20, 10))
        layer = Dropout(keep_prob=0.8, rng=rng)
        layer(X)
        scale = layer.scale

        def loss(X: Array, seed: int = seed, weights: Array = weights, scale: Array = scale) -> float:
            return float(np.sum(weights * np.tanh(X * scale)))

        da = weights * (1 - np.tanh(X * scale) ** 2)
        slope = _slope(loss, X)
        taught.append(_error(da * (scale > 0), slope))
        right.append(_error(layer.backward(da), slope))
    return {"taught": mean(taught), "right": mean(right)}


DROPOUT = Claim(
    name="dropout-backward-mask",
    claim="The backward pass of inverted dropout multiplies by the mask.",
    done="Dropout that keeps 80 %, mask held, 12 seeds: the formula against differences of a loss by each input. False "
    "if it is off by more than a millionth.",
    measure=_dropout,
    held=lambda m: {"": near(m["taught"], 0, RIGHT)},
    said="relative error {taught:.2f}; of da * mask / keep_prob {right:.0e~}",
    truth="It multiplies by mask / keep_prob, as the forward pass does: a derivative carries every factor of its "
    "function.",
    source="Srivastava et al. 2014, JMLR 15:1929",
)


def _penalty() -> Measured:
    without, included = [], []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        X, Y = rng.standard_normal((5, 20)), rng.integers(0, 2, (1, 20))
        layer = Linear(5, 1, regularization="L2", strength=1.5, rng=rng)
        layer.backward((circles.sigmoid(layer(X)) - Y) / Y.size)

        def loss(W: Array, X: Array = X, Y: Array = Y) -> float:
            return circles.compute_loss_from_logits(W @ X, Y)

        def whole(W: Array, X: Array = X, Y: Array = Y) -> float:
            return circles.compute_loss_from_logits(W @ X, Y) + 1.5 / (2 * Y.size) * float(np.sum(W**2))

        without.append(_error(layer.dw, _slope(loss, layer.weight)))
        included.append(_error(layer.dw, _slope(whole, layer.weight)))
    return {"without": mean(without), "included": mean(included)}


PENALTY = Claim(
    name="penalty-left-out",
    claim="The gradient of a penalty may be applied while the reported loss leaves the penalty out.",
    done="Logistic regression with an L2 penalty, 12 seeds: the applied gradient against differences of the reported "
    "loss. False if it is off by more than a millionth.",
    measure=_penalty,
    held=lambda m: {"": near(m["without"], 0, RIGHT)},
    said="the applied gradient is {without:.2f} off the slope of the reported loss, {included:.0e~} off that of the "
    "loss with the penalty",
    truth="The reported number is then not what is minimised: it may rise while training does what it should.",
)
