"""Three ways to start: the first values of weights and biases.

Each returns a dictionary ``{"W1": ..., "b1": ..., "W2": ...}`` with W of shape (outputs, inputs) and b of shape
(outputs, 1). The random ones draw W1, W2, ... in this order from a legacy generator of their own, so that they give
the published values of ``numpy.random.seed(3)`` and touch no global state.
"""

from collections.abc import Sequence

import numpy as np

from goodinit.errors import InputError, whole
from goodinit.labs.checks import MOST_SEED, Array

WIDEST = 100_000  # units of one layer; a larger number is a slip of the finger


def initialize_parameters_zeros(layers_dims: Sequence[int]) -> dict[str, Array]:
    """Start from W = 0, b = 0: all units of a layer compute the same, and no weight of a ReLU network ever moves.

    Parameters
    ----------
    layers_dims : sequence of int
        Widths from the inputs to the outputs, such as ``[2, 10, 5, 1]``.

    Raises
    ------
    InputError
        If there are fewer than two widths, or one is not a whole number > 0.
    """
    parameters = {}
    for layer, fan_out, fan_in in _layers(layers_dims):
        parameters[f"W{layer}"] = np.zeros((fan_out, fan_in))
        parameters[f"b{layer}"] = np.zeros((fan_out, 1))
    return parameters


def initialize_parameters_random(layers_dims: Sequence[int], seed: int = 3) -> dict[str, Array]:
    """Start from W = 10 N(0, 1), b = 0: far too large, so that the output saturates.

    Parameters
    ----------
    layers_dims : sequence of int
        Widths from the inputs to the outputs.
    seed : int
        Of the legacy generator, 0 to 2**32 - 1.

    Raises
    ------
    InputError
        If a width or the seed is out of range.
    """
    rng = _legacy(seed)
    parameters = {}
    for layer, fan_out, fan_in in _layers(layers_dims):
        parameters[f"W{layer}"] = rng.randn(fan_out, fan_in) * 10
        parameters[f"b{layer}"] = np.zeros((fan_out, 1))
    return parameters


def initialize_parameters_he(layers_dims: Sequence[int], seed: int = 3) -> dict[str, Array]:
    """Start from W = sqrt(2 / fan_in) N(0, 1), b = 0: a ReLU layer then keeps the size of the signal.

    A ReLU passes half of the second moment, so (1/2) fan_in Var(W) = 1, that is Var(W) = 2 / fan_in.

    Parameters
    ----------
    layers_dims : sequence of int
        Widths from the inputs to the outputs.
    seed : int
        Of the legacy generator, 0 to 2**32 - 1.

    Raises
    ------
    InputError
        If a width or the seed is out of range.

    References
    ----------
    K. He et al. 2015, arXiv 1502.01852, eq. 10.
    """
    rng = _legacy(seed)
    parameters = {}
    for layer, fan_out, fan_in in _layers(layers_dims):
        parameters[f"W{layer}"] = rng.randn(fan_out, fan_in) * np.sqrt(2 / fan_in)
        parameters[f"b{layer}"] = np.zeros((fan_out, 1))
    return parameters


def _layers(layers_dims: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (number, fan-out, fan-in) of every layer."""
    widths = [whole("a width in layers_dims", width, 1, WIDEST) for width in layers_dims]
    if len(widths) < 2:
        raise InputError(f"layers_dims needs at least two widths, inputs and outputs, got {widths}; try [2, 10, 5, 1]")
    return [(layer, widths[layer], widths[layer - 1]) for layer in range(1, len(widths))]


def _legacy(seed: int) -> np.random.RandomState:
    return np.random.RandomState(whole("seed", seed, 0, MOST_SEED))
