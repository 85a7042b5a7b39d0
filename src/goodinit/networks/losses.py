"""What a network is trained on, by task: the loss of each example, from logits, and the score of a prediction.

Everything is computed from logits, stably: a saturated network has a large loss, never an infinite one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

Array = jax.Array


@dataclass(frozen=True)
class Task:
    """Loss and score of one kind of problem.

    Parameters
    ----------
    losses : callable
        ``losses(logits, targets) -> (examples,)``; logits (outputs, examples).
    score : callable
        ``score(logits, targets) -> ()``: share of right answers, or R^2.
    score_name : str
        ``accuracy`` or ``r2``.
    """

    losses: Callable[[Array, Array], Array]
    score: Callable[[Array, Array], Array]
    score_name: str


@jax.custom_jvp
def softplus(z: Array) -> Array:
    """Return ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|), which neither overflows nor loses digits.

    Its derivative is written out, sigmoid(z) = (1 + tanh(z / 2)) / 2: that of the right-hand side would be wrong at
    the kink z = 0, where a network of zeros sits, and slower.
    """
    return jnp.maximum(z, 0) + jnp.log1p(jnp.exp(-jnp.abs(z)))


softplus.defjvps(lambda tangent, value, z: (1 + jnp.tanh(z / 2)) / 2 * tangent)


def binary_losses(logits: Array, targets: Array) -> Array:
    """Return the cross-entropy -y ln a - (1 - y) ln(1 - a) with a = sigmoid(z), that is softplus(z) - y z."""
    return softplus(logits[0]) - targets * logits[0]


def multiclass_losses(logits: Array, targets: Array) -> Array:
    """Return the cross-entropy -ln softmax(z)_y = logsumexp(z) - z_y."""
    chosen = jnp.take_along_axis(logits, targets[None, :], axis=0)[0]
    return jax.nn.logsumexp(logits, axis=0) - chosen


def regression_losses(logits: Array, targets: Array) -> Array:
    """Return the squared error, averaged over the outputs; targets (outputs, examples)."""
    return jnp.mean((logits - targets) ** 2, axis=0)


def binary_score(logits: Array, targets: Array) -> Array:
    """Return the share of examples on the right side of probability 1/2; NaN unless every logit is finite."""
    return _if_finite(logits, jnp.mean((logits[0] > 0) == (targets > 0.5), dtype=logits.dtype))


def multiclass_score(logits: Array, targets: Array) -> Array:
    """Return the share of examples whose largest logit is the right one; NaN unless every logit is finite."""
    return _if_finite(logits, jnp.mean(jnp.argmax(logits, axis=0) == targets, dtype=logits.dtype))


def _if_finite(logits: Array, score: Array) -> Array:
    """Return the score of a network that still computes numbers; comparisons with NaN would pass for answers."""
    return jnp.where(jnp.isfinite(logits).all(), score, jnp.nan)


def regression_score(logits: Array, targets: Array) -> Array:
    """Return R^2 = 1 - residual sum of squares / total sum of squares about the mean of each output."""
    residual = jnp.sum((targets - logits) ** 2)
    total = jnp.sum((targets - targets.mean(axis=1, keepdims=True)) ** 2)
    return 1 - residual / total


TASKS = {
    "binary": Task(binary_losses, binary_score, "accuracy"),
    "multiclass": Task(multiclass_losses, multiclass_score, "accuracy"),
    "regression": Task(regression_losses, regression_score, "r2"),
}
