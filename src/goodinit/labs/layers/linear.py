"""The layer that learns: z = W x + b, with a penalty on W if asked."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from goodinit.errors import InputError, non_negative, whole
from goodinit.labs import checks
from goodinit.labs.checks import Array
from goodinit.labs.layers.layer import Layers

WIDEST = 10_000_000  # features; a larger number is a slip of the finger

# the penalty of a weight, and its derivative, both still to be multiplied by strength / m
PENALTIES: dict[str | None, tuple[Callable[[Array], Any], Callable[[Array], Any]]] = {
    None: (lambda w: 0.0, lambda w: 0.0),
    "L1": (lambda w: np.abs(w).sum(), np.sign),
    "L2": (lambda w: (w * w).sum() / 2, lambda w: w),
}


class Linear(Layers):
    """z = W x + b for every column x of the inputs.

    With a penalty the loss grows by (strength / m) sum |w| for L1 and (strength / 2m) sum w^2 for L2, where m is the
    number of samples, and dw by the derivative of that. The bias has no penalty.

    Parameters
    ----------
    in_features, out_features : int
        Fan-in and fan-out.
    bias : bool
        Whether there is a b, which starts at 0.
    regularization : str or None
        ``L1``, ``L2`` or none.
    strength : float
        Of the penalty, >= 0; without `regularization` it does nothing.
    std : float, optional
        W starts normal with mean 0 and this standard deviation; sqrt(1 / in_features) if not given, with which a
        linear layer keeps the size of the signal. He's is sqrt(2 / in_features), Glorot's
        sqrt(2 / (in_features + out_features)).
    rng : numpy.random.Generator or int, optional
        What draws W, or its seed; without it every layer starts from other values.

    Attributes
    ----------
    weight, dw : array, shape (out_features, in_features)
        W, and the loss's gradient by it from the last backward pass.
    bias, db : array, shape (out_features, 1), or None
        b, and the gradient by it.
    reg_penalty : float
        The penalty in the last forward pass.

    Raises
    ------
    InputError
        If an option is out of range.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        regularization: str | None = None,
        strength: float = 1.0,
        std: float | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> None:
        fan_in = whole("in_features", in_features, 1, WIDEST)
        fan_out = whole("out_features", out_features, 1, WIDEST)
        if regularization not in list(PENALTIES):
            raise InputError(f"regularization must be 'L1', 'L2' or None, got {regularization!r}")
        sigma = math.sqrt(1 / fan_in) if std is None else non_negative("std", std)
        self.regularization, self.strength = regularization, non_negative("strength", strength)
        self.weight: Array = sigma * checks.generator(rng).standard_normal((fan_out, fan_in))
        self.bias: Array | None = np.zeros((fan_out, 1)) if bias else None
        self.dw: Array = np.zeros_like(self.weight)
        self.db: Array | None = np.zeros((fan_out, 1)) if bias else None

    def forward(self, X: Array) -> Array:
        """Return W x + b for every column x of `X`, shape (in_features, m)."""
        checks.samples("X", X, self.weight.shape[1], f"the weight of {self} has shape {self.weight.shape}")
        penalty, _ = PENALTIES[self.regularization]
        self.inputs = X
        self.reg_penalty = float(self.strength / X.shape[1] * penalty(self.weight))
        self.outputs = self.weight @ X if self.bias is None else self.weight @ X + self.bias
        return self.outputs

    def backward(self, dA: Array) -> Array:
        """Set dw = dz x^T + the penalty's derivative and db = sum of dz over the samples; return W^T dz."""
        checks.gradient(dA, self.outputs)
        _, slope = PENALTIES[self.regularization]
        self.dw = dA @ self.inputs.T + self.strength / dA.shape[1] * slope(self.weight)
        if self.bias is not None:
            self.db = dA.sum(axis=1, keepdims=True)
        return self.weight.T @ dA

    def update_params(self, learning_rate: float) -> None:
        """W becomes W - learning_rate dw, and b becomes b - learning_rate db."""
        self.weight = self.weight - learning_rate * self.dw
        if self.bias is not None and self.db is not None:
            self.bias = self.bias - learning_rate * self.db

    def __repr__(self) -> str:
        return f"Linear({self.weight.shape[1]}, {self.weight.shape[0]})"
