"""The gradient of a loss at the logits of a network that has not learned anything yet."""

import math
from collections.abc import Callable

import numpy as np
import scipy.special
from numpy.typing import NDArray

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
    task: str, targets: NDArray[np.float64], outputs: int, variance: float, correlation: float
) -> tuple[float, float]:
    """Return rms and overlap of the gradients of the examples' own losses with respect to the logits.

    The logits of two examples are taken as N(0, variance) with one correlation, z = sqrt(q) (sqrt(c) shared +
    sqrt(1 - c) own), drawn `DRAWS` times with a fixed seed. The gradient is sigmoid(z) - y, softmax(z) - onehot(y), or
    2 (z - y) / outputs.

    Parameters
    ----------
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    targets : array
        Of the batch, as in `goodinit.datasets.Data`.
    outputs : int
        Units of the readout.
    variance, correlation : float
        Of the logits.

    Returns
    -------
    rms, overlap : float
        Root mean square of an entry; mean product of two examples' gradients, over their mean square.
    """
    rng, c, m = np.random.default_rng(0), min(max(correlation, 0.0), 1.0), len(targets)
    square = together = 0.0
    for _ in range(DRAWS):
        shared, own = rng.standard_normal(outputs), rng.standard_normal((m, outputs))
        logits = math.sqrt(variance) * (math.sqrt(c) * shared + math.sqrt(1 - c) * own)
        gradient = GRADIENTS[task](logits, np.asarray(targets))
        square += float((gradient**2).sum())
        together += float((gradient.sum(axis=0) ** 2).sum())
    rms = math.sqrt(square / (DRAWS * m * outputs))
    overlap = (together / square - 1) / (m - 1) if m > 1 and square else 0.0
    return rms, overlap
