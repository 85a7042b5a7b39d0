"""The gradient of a loss at the logits of a network that has not learned anything yet."""

import math
from collections.abc import Callable

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from goodinit.theory.kinship import MOST, Kinship, kinship
from goodinit.theory.panels import Array

DRAWS = (
    64  # of the logits of all examples; the error of what is returned is then below a fifth of one network's scatter
)


def _binary(logits: Array, targets: Array) -> Array:
    return np.asarray(scipy.special.expit(logits) - targets[:, None])


def _multiclass(logits: Array, targets: Array) -> Array:
    out = scipy.special.softmax(logits, axis=-1)
    out[..., np.arange(len(targets)), targets.astype(int)] -= 1
    return np.asarray(out)


def _regression(logits: Array, targets: Array) -> Array:
    return np.asarray(2 * (logits - targets) / targets.shape[1])


GRADIENTS: dict[str, Callable[[Array, Array], Array]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "regression": _regression,
}


def gradient_at_logits(
    task: str, targets: ArrayLike, inputs: ArrayLike, outputs: int, variance: float, correlation: float
) -> tuple[float, Kinship]:
    """Return rms and kinship of the gradients of the examples' own losses with respect to the logits.

    The logits of two examples are taken as N(0, variance) with one correlation, z = sqrt(q) (sqrt(c) shared +
    sqrt(1 - c) own), drawn `DRAWS` times with a fixed seed. The gradient is sigmoid(z) - y, softmax(z) - onehot(y), or
    2 (z - y) / outputs.

    Parameters
    ----------
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    targets : array_like
        Of the batch, as in `goodinit.datasets.Data`; of more than 1,000 examples, evenly spaced ones are taken.
    inputs : array_like, shape (examples, features)
    outputs : int
        Units of the readout.
    variance, correlation : float
        Of the logits.

    Returns
    -------
    rms : float
        Root mean square of an entry.
    kinship : Kinship
        How like the gradients of examples with like inputs are; two examples at least.
    """
    rng, c = np.random.default_rng(0), min(max(correlation, 0.0), 1.0)
    x, y = np.asarray(inputs, np.float64), np.asarray(targets)
    kept = np.unique(np.linspace(0, len(x) - 1, MOST).round().astype(int))
    x, y, m = x[kept], y[kept], len(kept)
    square, products = 0.0, np.zeros((m, m))
    for _ in range(DRAWS):
        shared, own = rng.standard_normal(outputs), rng.standard_normal((m, outputs))
        logits = math.sqrt(variance) * (math.sqrt(c) * shared + math.sqrt(1 - c) * own)
        gradient = GRADIENTS[task](logits, y)
        square += float((gradient**2).sum())
        products += gradient @ gradient.T
    return math.sqrt(square / (DRAWS * m * outputs)), kinship(x, products / (square / m or 1.0))
