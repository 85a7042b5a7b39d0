"""Judging random weights: their distribution by tests with a stated false-alarm rate, and a name for what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from goodinit.labs.checks import Array
from goodinit.labs.grading import chance
from goodinit.labs.grading.case import WrongError

Size = Callable[[int, int], float]  # of (fan_in, fan_out)

NEAR = 0.06  # of a size, to name the mistake that makes it: six standard errors of the smallest sample here
TESTS_A_LAYER = 6


@dataclass(frozen=True)
class Normal:
    """Weights N(0, size^2), and the sizes that known mistakes give."""

    size: Size
    wrong: Mapping[str, Size]


@dataclass(frozen=True)
class Drawn:
    """Independent draws of one layer's weights, shape (draws, fan_out, fan_in)."""

    name: str
    weights: Array

    def size_by(self, size: Size) -> float:
        """Return the size for this layer's fans."""
        _, fan_out, fan_in = self.weights.shape
        return size(fan_in, fan_out)


def judge(layers: Sequence[Drawn], asked: Normal, level: float) -> None:
    """Raise WrongError unless all weights are independent N(0, size^2), as far as tests at this level can tell.

    It makes `TESTS_A_LAYER` tests of each of at least two layers.
    """
    for at, layer in enumerate(layers):
        size = layer.size_by(asked.size)
        if min(p_values(layer.weights / size, layers[at - 1].weights)) >= level:
            continue
        mistake = _named(layers, asked)
        if mistake == "seed-reset":
            raise WrongError("two layers, or two calls, have the same random numbers", mistake)
        raise WrongError(
            f"{layer.name}: the weights have mean {layer.weights.mean():.3g} and standard deviation "
            f"{layer.weights.std():.4g}; asked for were independent normal ones with 0 and {size:.4g}",
            mistake,
        )


def p_values(z: Array, other: Array) -> list[float]:
    """Return a p-value for each property of independent standard-normal weights.

    Parameters
    ----------
    z : array, shape (draws, fan_out, fan_in)
        The weights divided by the size that was asked for.
    other : array
        The weights of another layer, of which these must be independent; of the first layer its neighbour is the last.
    """
    fan_out, fan_in = z.shape[1:]
    return [
        chance.mean_p(z),
        chance.size_p(z),
        chance.shape_p(z),
        chance.rows_p(z.reshape(-1, fan_in)),
        chance.rows_p(z.transpose(0, 2, 1).reshape(-1, fan_out)),
        chance.alike_p(z[0], other[0]),
    ]


def _named(layers: Sequence[Drawn], asked: Normal) -> str | None:
    """Name the likely mistake; here nothing is tested any more, only described."""
    first, weights = layers[0].weights, [layer.weights for layer in layers]
    if any(_correlated(a[0], b[0]) for a, b in pairwise(weights)) or _correlated(*first[:2]):
        return "seed-reset"
    if any(np.ptp(w, axis=axis).max() == 0 for w in weights for axis in (1, 2) if w.shape[axis] > 1):
        return "units-alike"
    if any(abs(w.mean()) > 0.2 * w.std() for w in weights):
        return "not-centred"
    if min(chance.excess_kurtosis(w) for w in weights) < -0.6:  # half way from normal to uniform
        return "uniform-for-normal"
    return _size_named(layers, asked)


def _size_named(layers: Sequence[Drawn], asked: Normal) -> str | None:
    """Name the mistake that makes these sizes: in all layers, or in the first one only."""
    for mistake, size in asked.wrong.items():
        if all(_near(layer, size) for layer in layers):
            return mistake
    others_right = all(_near(layer, asked.size) for layer in layers[1:])
    return "first-layer-unscaled" if len(layers) > 1 and others_right else None


def _near(layer: Drawn, size: Size) -> bool:
    return bool(abs(layer.weights.std() / layer.size_by(size) - 1) < NEAR)


def _correlated(a: Array, b: Array) -> bool:
    """Tell whether two arrays are the same stream of numbers, perhaps on another scale."""
    n = min(a.size, b.size)
    x, y = a.ravel()[:n], b.ravel()[:n]
    return bool(x.std() > 0 and y.std() > 0 and np.corrcoef(x, y)[0, 1] > 0.9)
