"""The network of the lesson: forward, loss, backward, update. X is (features, m), Y is (1, m), m samples."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from goodinit.errors import InputError
from goodinit.labs import checks
from goodinit.labs.checks import Array


class Cache(NamedTuple):
    """What the forward pass keeps for the backward pass."""

    z1: Array
    a1: Array
    W1: Array
    b1: Array
    z2: Array
    a2: Array
    W2: Array
    b2: Array
    z3: Array
    a3: Array
    W3: Array
    b3: Array


def sigmoid(z: Array) -> Array:
    """Return 1 / (1 + e^-z), elementwise."""
    with np.errstate(over="ignore"):  # where e^-z overflows to infinity, 1 / infinity = 0 is the right answer
        return np.asarray(1 / (1 + np.exp(-z)))


def relu(z: Array) -> Array:
    """Return max(0, z), elementwise."""
    return np.maximum(0, z)


def forward_propagation(X: Array, parameters: Mapping[str, Array]) -> tuple[Array, Cache]:
    """Compute z = W a + b and a = relu(z), twice, and a3 = sigmoid(z3).

    Parameters
    ----------
    X : array, shape (features, m)
    parameters : dict
        W1, b1, W2, b2, W3, b3; W of shape (outputs, inputs), b of shape (outputs, 1).

    Returns
    -------
    a3 : array, shape (1, m)
        The probability of class 1 for each sample.
    cache : Cache
        All of z1, a1, W1, b1, z2, ..., b3.

    Raises
    ------
    InputError
        If a parameter is missing or shapes do not go together.
    """
    W1, b1, W2, b2, W3, b3 = _fitting(X, parameters)
    z1 = W1 @ X + b1
    a1 = relu(z1)
    z2 = W2 @ a1 + b2
    a2 = relu(z2)
    z3 = W3 @ a2 + b3
    a3 = sigmoid(z3)
    return a3, Cache(z1, a1, W1, b1, z2, a2, W2, b2, z3, a3, W3, b3)


def compute_loss(a3: Array, Y: Array) -> float:
    """Return the cross-entropy -(1/m) sum(Y ln a3 + (1 - Y) ln(1 - a3)).

    A sigmoid that saturates is rounded to 0 or 1, and the logarithm of 0 is minus infinity. Such an a3 is taken for
    the nearest number strictly between 0 and 1, so that a wrong sample costs at most 745 (a3 = 0) or 37 (a3 = 1): a
    lower bound, since a3 no longer knows how wrong it was. The logits still do: `compute_loss_from_logits`.

    Parameters
    ----------
    a3, Y : arrays, shape (1, m)
        Probabilities of class 1, and labels 0 or 1.
    """
    m = _count(a3, Y)
    a = np.clip(a3, np.nextafter(0, 1), np.nextafter(1, 0))
    return float(-1 / m * np.sum(Y * np.log(a) + (1 - Y) * np.log(1 - a)))


def compute_loss_from_logits(z3: Array, Y: Array) -> float:
    """Return the same cross-entropy from z3, exact also where the sigmoid saturates: (1/m) sum(ln(1 + e^z3) - Y z3).

    It follows from ln a = z - ln(1 + e^z) and ln(1 - a) = -ln(1 + e^z).

    Parameters
    ----------
    z3, Y : arrays, shape (1, m)
        What the output's sigmoid is applied to, and labels 0 or 1.
    """
    m = _count(z3, Y)
    return float(1 / m * np.sum(np.logaddexp(0, z3) - Y * z3))


def backward_propagation(X: Array, Y: Array, cache: Cache) -> dict[str, Array]:
    """Return the gradients of the loss, by the chain rule from the output back to the first layer.

    The sigmoid's slope cancels against the cross-entropy's: dz3 = (a3 - Y) / m. From there, layer by layer,
    dW = dz a^T with the a that went into the layer, db = sum of dz over the samples, and for the layer below
    da = W^T dz, dz = da where its relu was on and 0 where it was off.

    Returns
    -------
    dict
        dz3, dW3, db3, da2, dz2, ..., db1, each of the shape of what it is the gradient of.
    """
    _, a1, _, _, _, a2, W2, _, _, a3, W3, _ = cache
    m = _count(a3, Y)
    dz3 = 1 / m * (a3 - Y)
    dW3 = dz3 @ a2.T
    db3 = np.sum(dz3, axis=1, keepdims=True)

    da2 = W3.T @ dz3
    dz2 = da2 * (a2 > 0)
    dW2 = dz2 @ a1.T
    db2 = np.sum(dz2, axis=1, keepdims=True)

    da1 = W2.T @ dz2
    dz1 = da1 * (a1 > 0)
    dW1 = dz1 @ X.T
    db1 = np.sum(dz1, axis=1, keepdims=True)

    top = {"dz3": dz3, "dW3": dW3, "db3": db3}
    return top | {"da2": da2, "dz2": dz2, "dW2": dW2, "db2": db2, "da1": da1, "dz1": dz1, "dW1": dW1, "db1": db1}


def update_parameters(
    parameters: Mapping[str, Array], grads: Mapping[str, Array], learning_rate: float
) -> dict[str, Array]:
    """Return new parameters W - learning_rate dW and b - learning_rate db; those that were given stay as they are.

    Raises
    ------
    InputError
        If a gradient is missing or has another shape than its parameter.
    """
    for name, value in parameters.items():
        gradient = grads.get(f"d{name}")
        if gradient is None or np.shape(gradient) != value.shape:
            got = "none" if gradient is None else f"shape {np.shape(gradient)}"
            raise InputError(f"grads needs d{name} of shape {value.shape}, the shape of {name}, got {got}")
    return {name: value - learning_rate * grads[f"d{name}"] for name, value in parameters.items()}


def _fitting(X: Array, parameters: Mapping[str, Array]) -> list[Array]:
    """Return W1, b1, W2, b2, W3, b3, or raise InputError if they do not fit X and each other."""
    if missing := [name for name in ("W1", "b1", "W2", "b2", "W3", "b3") if name not in parameters]:
        raise InputError(
            f"parameters lack {', '.join(missing)}; this network has three layers: initialize [2, 10, 5, 1]"
        )
    tensors, inputs = [], np.shape(parameters["W1"])[-1]
    checks.samples("X", X, inputs, f"W1 has shape {np.shape(parameters['W1'])}")
    for layer in (1, 2, 3):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        units = len(W)
        if np.shape(W) != (units, inputs) or np.shape(b) != (units, 1):
            got = f"{np.shape(W)} and {np.shape(b)}"
            raise InputError(f"W{layer} and b{layer} must have shapes (units, {inputs}) and (units, 1), got {got}")
        tensors += [W, b]
        inputs = units
    return tensors


def _count(a: Array, Y: Array) -> int:
    """Return the number of samples m, or raise InputError unless both are (1, m)."""
    checks.samples("the network's answer", a, 1, "there is one output")
    checks.labels("Y", Y, a.shape[1])
    return int(a.shape[1])
