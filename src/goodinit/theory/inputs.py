"""What the theory needs to know of the data: four numbers and the size of the batch."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from goodinit.errors import InputError, finite, non_negative, whole


@dataclass(frozen=True)
class Inputs:
    """What the theory needs to know of the data.

    Parameters
    ----------
    second_moment : float
        Mean of the squares of all features of all examples; 1 for standardised data.
    spread : float
        Standard deviation over examples of an example's mean square, over its mean.
    correlation, correlation_std : float
        Mean and standard deviation over pairs of different examples of x . y / (abs(x) abs(y)).
    examples : int
        Size of the batch over which statistics and the loss are averaged.

    Raises
    ------
    InputError
        If a number is out of its range.
    """

    second_moment: float = 1.0
    spread: float = 0.0
    correlation: float = 0.0
    correlation_std: float = 0.0
    examples: int = 1

    def __post_init__(self) -> None:
        for name in ("second_moment", "spread", "correlation_std"):
            non_negative(name, getattr(self, name))
        if not -1 <= finite("correlation", self.correlation) <= 1:
            raise InputError(f"correlation must lie between -1 and 1, got {self.correlation}")
        whole("examples", self.examples, 1)


def inputs_of(x: ArrayLike) -> Inputs:
    """Return what the theory needs to know of given inputs, shape (examples, features).

    Raises
    ------
    InputError
        If there are no examples, or one is not finite.
    """
    data = np.asarray(x, dtype=np.float64)
    if data.ndim < 2 or data.size == 0:
        raise InputError(f"inputs must have shape (examples, features), got {data.shape}; reshape them")
    if not np.isfinite(data).all():
        raise InputError("inputs must be finite, got NaN or infinity; drop those examples")
    data = data.reshape(len(data), -1)
    squares = (data**2).mean(axis=1)
    m, second = len(data), float(squares.mean())
    unit = data / np.sqrt(np.maximum((data**2).sum(axis=1), 1e-300))[:, None]
    kept = float((unit**2).sum())  # examples that are not all zero
    total = float((unit.sum(axis=0) ** 2).sum()) - kept
    gram = unit @ unit.T if m < data.shape[1] else unit.T @ unit
    both = max(m * (m - 1), 1)
    mean, square = total / both, max(float((gram**2).sum()) - kept, 0.0) / both
    spread = float(squares.std()) / second if second else 0.0
    return Inputs(second, spread, mean, math.sqrt(max(square - mean**2, 0.0)), m)
