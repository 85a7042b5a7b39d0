"""One signal through equal layers, and one gradient back, in plain NumPy."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from goodinit.labs.layers import Linear, NonLinear

Floats = NDArray[np.float64]
EXAMPLES = 100


class Passed(NamedTuple):
    """What came through: by layer, the first one first.

    `deviation` and `rms` are of the activations, `gradient` is the root mean square of the gradient by
    pre-activations, `outputs` are the activations of the first layer.
    """

    deviation: Floats
    rms: Floats
    gradient: Floats
    outputs: Floats


def through(fname: str, width: int, depth: int, std: float, seed: int) -> Passed:
    """Send standard-normal inputs through `depth` layers of `width` units, and standard-normal gradients back.

    Weights are normal with mean 0 and deviation `std`; there are no biases.
    """
    rng = np.random.default_rng(seed)
    affine = [Linear(width, width, bias=False, std=std, rng=rng) for _ in range(depth)]
    between = [NonLinear(fname) for _ in range(depth)]
    a = rng.standard_normal((width, EXAMPLES))
    activations = [a := f(W(a)) for W, f in zip(affine, between, strict=True)]
    da, gradients = rng.standard_normal((width, EXAMPLES)), []
    for W, f in zip(reversed(affine), reversed(between), strict=True):
        dz = f.backward(da)
        gradients.append(_rms(dz))
        da = W.backward(dz)
    return Passed(
        np.array([h.std() for h in activations]),
        np.array([_rms(h) for h in activations]),
        np.array(gradients[::-1]),
        activations[0],
    )


def a_layer(sizes: Floats) -> float:
    """Return the factor from one layer to the next: the geometric mean over all of them."""
    return float((sizes[-1] / sizes[0]) ** (1 / (len(sizes) - 1)))


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
