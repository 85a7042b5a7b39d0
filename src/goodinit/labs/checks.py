"""What is easily handed to a lab by mistake, and the sentence that says how to mend it.

Samples lie on the last axis everywhere in the labs: inputs are (features, samples), labels (1, samples).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodinit.errors import InputError, positive, whole

Array = NDArray[Any]

MOST_ITERATIONS = 10**9
MOST_SEED = 2**32 - 1  # the largest that NumPy's legacy generator takes


def numbers(name: str, given: Array) -> Array:
    """Return `given`, or raise InputError unless it is a NumPy array of real numbers."""
    if not isinstance(given, np.ndarray):
        raise InputError(f"{name} must be a NumPy array, got {type(given).__name__}; convert it with np.array")
    if given.dtype.kind not in "biuf":
        raise InputError(f"{name} must hold real numbers, got {given.dtype}; convert it with .astype(float)")
    return given


def samples(name: str, X: Array, features: int, why: str) -> None:
    """Raise InputError unless `X` has shape (features, samples); `why` says what asks for so many features."""
    shape = numbers(name, X).shape
    if len(shape) == 2 and shape[0] == features and shape[1] > 0:
        return
    turned = f"; transpose it: {name}.T" if shape[1:] == (features,) else "; a column is one sample"
    raise InputError(f"{name} must have shape ({features}, samples) because {why}, got {shape}{turned}")


def labels(name: str, Y: Array, count: int) -> None:
    """Raise InputError unless `Y` has shape (1, count)."""
    if numbers(name, Y).shape == (1, count):
        return
    row = f"reshape it: {name}.reshape(1, -1)" if Y.size == count else "take the labels of these very samples"
    raise InputError(f"{name} must have shape (1, {count}), one label for each sample, got {Y.shape}; {row}")


def examples(X: Array, Y: Array) -> None:
    """Raise InputError unless `X` is finite and of shape (features, samples), and `Y` holds a 0 or 1 for each."""
    if numbers("X", X).ndim != 2 or 0 in X.shape:
        raise InputError(f"X must have shape (features, samples), got {X.shape}; a column is one sample")
    if not np.isfinite(X).all():
        raise InputError("X holds NaN or infinity, and inputs must be finite; fill it or drop the sample")
    if numbers("Y", Y).shape == (1, X.shape[0]) != (1, X.shape[1]):
        raise InputError(f"Y has {X.shape[0]} labels and X of shape {X.shape} as many rows; transpose it: X.T")
    labels("Y", Y, X.shape[1])
    if (wrong := Y[(Y != 0) & (Y != 1)]).size:
        raise InputError(f"Y must hold 0 and 1 only, got {wrong[0]}; number the two classes 0 and 1")


def gradient(given: Array, outputs: Array | None) -> Array:
    """Return the outputs of the last forward pass, or raise InputError unless `given` is a gradient by them."""
    if outputs is None:
        raise InputError("backward needs a forward pass first; call the layer with its inputs")
    if np.shape(given) != outputs.shape:
        raise InputError(f"the gradient must have the shape of the outputs, {outputs.shape}, got {np.shape(given)}")
    return outputs


def training(learning_rate: float, num_iterations: int) -> None:
    """Raise InputError unless the learning rate is > 0 and the number of iterations a whole number > 0."""
    positive("learning_rate", learning_rate)
    whole("num_iterations", num_iterations, 1, MOST_ITERATIONS)


def generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return a generator: the one that is given, one of this seed, or for None one that nobody can repeat."""
    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    return np.random.default_rng(whole("rng, where it is a seed,", rng, 0))
