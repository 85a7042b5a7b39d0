"""Optimizers: Optax's, each with the options that people set, as functions of the learning rate.

The learning rate is an argument of every replica, so it arrives as a traced array and is never compiled in.
"""

from collections.abc import Callable
from typing import Any

import optax

from goodinit.errors import fraction, non_negative, positive
from goodinit.spelling import make, parse

Optimizer = Callable[[Any], optax.GradientTransformation]


def sgd() -> Optimizer:
    """Gradient descent: w <- w - rate g."""
    return lambda rate: optax.sgd(rate)


def momentum(*, decay: float = 0.9) -> Optimizer:
    """Heavy ball: v <- decay v + g, w <- w - rate v."""
    beta = fraction("decay", decay)
    return lambda rate: optax.sgd(rate, momentum=beta)


def nesterov(*, decay: float = 0.9) -> Optimizer:
    """Nesterov's momentum: v <- decay v + g, w <- w - rate (g + decay v)."""
    beta = fraction("decay", decay)
    return lambda rate: optax.sgd(rate, momentum=beta, nesterov=True)


def adam(*, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Optimizer:
    """Adam (1412.6980)."""
    first, second, small = fraction("b1", b1), fraction("b2", b2), positive("eps", eps)
    return lambda rate: optax.adam(rate, b1=first, b2=second, eps=small)


def adamw(*, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, weight_decay: float = 1e-4) -> Optimizer:
    """Adam with decoupled weight decay (1711.05101); biases are not decayed."""
    first, second, small = fraction("b1", b1), fraction("b2", b2), positive("eps", eps)
    decay = non_negative("weight_decay", weight_decay)
    return lambda rate: optax.adamw(rate, b1=first, b2=second, eps=small, weight_decay=decay, mask=_is_weight)


def rmsprop(*, decay: float = 0.9, eps: float = 1e-8) -> Optimizer:
    """RMSProp: s <- decay s + (1 - decay) g^2, w <- w - rate g / sqrt(s + eps)."""
    beta, small = fraction("decay", decay), positive("eps", eps)
    return lambda rate: optax.rmsprop(rate, decay=beta, eps=small)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adam": adam,
    "adamw": adamw,
    "rmsprop": rmsprop,
}


def optimizer(text: str) -> Optimizer:
    """Return the optimizer that a text such as ``momentum(decay=0.95)`` means.

    Raises
    ------
    InputError
        If the text is malformed, or the name or an option is unknown or out of range.
    """
    return make(OPTIMIZERS, parse(text), "optimizer")


def _is_weight(parameters: dict[str, Any]) -> dict[str, bool]:
    return {name: array.ndim > 1 for name, array in parameters.items()}
