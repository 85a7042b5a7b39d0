"""Activations as layers."""

from collections.abc import Callable

import numpy as np

from goodinit.errors import one_of
from goodinit.labs import checks
from goodinit.labs.checks import Array
from goodinit.labs.layers.layer import Layers

# f(z), and its derivative written in terms of a = f(z)
FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "ReLU": (lambda z: np.maximum(0, z), lambda a: a > 0),
    "Sigmoid": (lambda z: (1 + np.tanh(z / 2)) / 2, lambda a: a * (1 - a)),  # 1 / (1 + e^-z) without overflow
    "Tanh": (lambda z: np.tanh(z), lambda a: 1 - a * a),
    "CentredSigmoid": (lambda z: np.tanh(z / 2) / 2, lambda a: 1 / 4 - a * a),  # sigmoid - 1/2
}


class NonLinear(Layers):
    """a = f(z), elementwise.

    Parameters
    ----------
    fname : str
        ``ReLU``, ``Sigmoid``, ``Tanh`` or ``CentredSigmoid`` (the sigmoid - 1/2).

    Raises
    ------
    InputError
        If the name is another.
    """

    def __init__(self, fname: str) -> None:
        self.fname = one_of("fname", fname, FUNCTIONS)

    def forward(self, X: Array) -> Array:
        """Return f(z) for every entry z of `X`."""
        f, _ = FUNCTIONS[self.fname]
        checks.numbers("X", X)
        self.inputs = X
        self.outputs = f(X)
        return self.outputs

    def backward(self, dA: Array) -> Array:
        """Return dz = da f'(z)."""
        _, slope = FUNCTIONS[self.fname]
        return dA * slope(checks.gradient(dA, self.outputs))

    def update_params(self, learning_rate: float) -> None:
        """Do nothing: there is nothing to learn here."""

    def __repr__(self) -> str:
        return f"NonLinear({self.fname!r})"
