"""Layers one after the other, ending in a sigmoid, with the cross-entropy as loss."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from goodinit.errors import InputError
from goodinit.labs import checks
from goodinit.labs.checks import Array
from goodinit.labs.layers.layer import Layers
from goodinit.labs.layers.linear import Linear
from goodinit.labs.layers.nonlinear import NonLinear


class Model:
    """A network that gives the probability of class 1 for every sample.

    Parameters
    ----------
    layers : sequence of Layers
        From the inputs to the outputs: every object at one place only, the last two a Linear with one output and
        ``NonLinear("Sigmoid")``.

    Raises
    ------
    InputError
        If the layers do not fit together.
    """

    def __init__(self, layers: Sequence[Layers]) -> None:
        self.layers = list(layers)
        _check_places(self.layers)
        _check_widths([layer for layer in self.layers if isinstance(layer, Linear)])
        self.output = _last_sigmoid(self.layers)

    def forward(self, X: Array, training: bool = True) -> Array:
        """Return the probability of class 1, shape (1, m), for inputs of shape (features, m).

        `training` False is for answers that count: dropout then keeps everything.
        """
        for layer in self.layers:
            layer.training = training
            X = layer(X)
        return X

    def __call__(self, X: Array, training: bool = True) -> Array:
        """Return `forward` of the inputs."""
        return self.forward(X, training)

    def predict(self, X: Array) -> Array:
        """Return the class of each sample, 1 where its probability exceeds 1/2: integers, shape (1, m)."""
        return (self.forward(X, training=False) > 0.5).astype(int)

    def loss(self, Y: Array) -> float:
        """Return what is minimised, at the last forward pass: the cross-entropy plus the penalties of all layers.

        The cross-entropy -(1/m) sum(Y ln a + (1 - Y) ln(1 - a)) with a = sigmoid(z) is computed from z as
        (1/m) sum(ln(1 + e^z) - Y z), which is exact and finite where the sigmoid saturates.
        """
        _, m = self._answer(Y)
        z = self.output.inputs
        cross_entropy = np.sum(np.logaddexp(0, z) - Y * z) / m
        return float(cross_entropy + sum(layer.reg_penalty for layer in self.layers))

    def backward(self, Y: Array) -> Array:
        """Leave in every layer the gradient of the loss at the last forward pass; return that by the inputs.

        It begins below the last sigmoid, whose slope cancels against the cross-entropy's: dz = (a - Y) / m.
        """
        A, m = self._answer(Y)
        gradient = (A - Y) / m
        for layer in reversed(self.layers[:-1]):
            gradient = layer.backward(gradient)
        return gradient

    def update_params(self, learning_rate: float) -> None:
        """Take one step of gradient descent in every layer."""
        for layer in self.layers:
            layer.update_params(learning_rate)

    def _answer(self, Y: Array) -> tuple[Array, int]:
        """Return the answer of the last forward pass and its number of samples, which must be that of the labels."""
        if self.output.outputs is None:
            raise InputError("loss and backward need a forward pass first; call the model with its inputs")
        m = self.output.outputs.shape[1]
        checks.labels("Y", Y, m)
        return self.output.outputs, m


def _check_places(layers: Sequence[Layers]) -> None:
    """Raise InputError unless all are layers, and each stands at one place: it remembers one forward pass only."""
    for place, layer in enumerate(layers, start=1):
        if not isinstance(layer, Layers):
            raise InputError(f"a model is made of layers such as Linear(2, 10), got {layer!r} at place {place}")
        if any(layer is other for other in layers[: place - 1]):
            raise InputError(f"place {place} has the very object of an earlier place; make a new {layer!r} for it")


def _check_widths(layers: Sequence[Linear]) -> None:
    """Raise InputError unless every Linear takes as many features as the one before gives, and the last gives one."""
    for before, after in pairwise(layers):
        if before.weight.shape[0] != after.weight.shape[1]:
            raise InputError(f"{after!r} follows {before!r}, which gives {before.weight.shape[0]} features; match them")
    if layers and layers[-1].weight.shape[0] != 1:
        raise InputError(f"the last Linear must give 1 feature, the logit of class 1, got {layers[-1]!r}")


def _last_sigmoid(layers: Sequence[Layers]) -> NonLinear:
    """Return the layer that turns the logits into probabilities."""
    last = layers[-1] if layers else None
    if not isinstance(last, NonLinear) or last.fname != "Sigmoid":
        raise InputError(f"the last layer must be NonLinear('Sigmoid'), which gives probabilities, got {last!r}")
    return last
