"""Signal through depth: what the first values of the weights do to the activations, before any training."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from goodinit.activations import activation as activation_of
from goodinit.errors import InputError, whole
from goodinit.labs.checks import Array, generator

if TYPE_CHECKING:
    from goodinit.labs.drawing import plot_signal

__all__ = ["forward_prop", "plot_signal"]

INPUTS = 1000  # examples
WIDEST, DEEPEST = 100_000, 10_000  # a larger number is a slip of the finger


def forward_prop(
    hidden_layer_sizes: Sequence[int],
    weight_init_func: Callable[[int, int], Array],
    *,
    rng: np.random.Generator | int | None = None,
    activation: str | Callable[[Array], Array] = "tanh",
) -> tuple[dict[int, Array], list[float], list[float]]:
    """Send 1,000 standard-normal inputs through a network without biases, and look at every layer.

    H_0 = f(X W_0), H_k = f(H_{k-1} W_k), with as many inputs as the first layer has units. Here, unlike in the other
    labs, an example is a row.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Units of each layer, such as ``[500] * 10``.
    weight_init_func : callable
        ``weight_init_func(fan_in, fan_out)`` returns the weights of a layer, shape (fan_in, fan_out).
    rng : numpy.random.Generator or int, optional
        What draws the inputs, or its seed; without it every call draws others.
    activation : str or callable
        f: a name that `goodinit.activations` knows, or an elementwise function of an array.

    Returns
    -------
    activations : dict of int to array, shape (1000, units)
        By layer, from 0.
    means, deviations : list of float
        Of all activations of a layer, in the same order.

    Raises
    ------
    InputError
        If a size is not a whole number > 0, or a function returns the wrong shape.

    Examples
    --------
    >>> weights = np.random.default_rng(0)
    >>> _, means, deviations = forward_prop([500] * 10, lambda n, m: 0.01 * weights.standard_normal((n, m)), rng=1)
    >>> [round(deviation, 3) for deviation in deviations[:3]]
    [0.213, 0.048, 0.011]
    """
    f = activation_of(activation)
    sizes = _sizes(hidden_layer_sizes)
    H = generator(rng).standard_normal((INPUTS, sizes[0]))
    activations = {}
    for layer, fan_out in enumerate(sizes):
        fan_in = H.shape[1]
        W = _shaped("weight_init_func", weight_init_func(fan_in, fan_out), (fan_in, fan_out))
        H = _shaped("activation", f(H @ W), (INPUTS, fan_out))
        activations[layer] = H
    means = [float(np.mean(H)) for H in activations.values()]
    deviations = [float(np.std(H)) for H in activations.values()]
    return activations, means, deviations


def _sizes(hidden_layer_sizes: Sequence[int]) -> list[int]:
    sizes = [whole("a size in hidden_layer_sizes", size, 1, WIDEST) for size in hidden_layer_sizes]
    if not 0 < len(sizes) <= DEEPEST:
        raise InputError(f"hidden_layer_sizes needs 1 to {DEEPEST:,} sizes, got {len(sizes)}; try [500] * 10")
    return sizes


def _shaped(name: str, returned: Any, shape: tuple[int, int]) -> Array:
    """Return the array that a user's function returned, or raise InputError if it has another shape."""
    array = np.asarray(returned)
    if array.shape != shape or array.dtype.kind not in "fiu":
        turned = ": return (fan_in, fan_out), not the transpose" if array.T.shape == shape else ""
        raise InputError(
            f"{name} must return real numbers of shape {shape}, got shape {array.shape} of {array.dtype}{turned}"
        )
    return array


def __getattr__(name: str) -> Any:
    """Import the drawing function when it is first asked for."""
    if name == "plot_signal":
        from goodinit.labs import drawing

        return drawing.plot_signal
    raise AttributeError(f"module 'goodinit.labs.signal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
