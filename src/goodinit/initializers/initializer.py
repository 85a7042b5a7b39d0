"""What an initializer is, how its label comes about, and how its random numbers are seeded."""

import functools
import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ParamSpec

import numpy as np
from numpy.typing import NDArray

from goodinit.errors import InputError
from goodinit.layer import Layer
from goodinit.spelling import Call

Array = NDArray[Any]
Options = ParamSpec("Options")
Draw = Callable[[Layer, np.random.Generator], Array]


@dataclass(frozen=True)
class Initializer:
    """A pure callable ``(layer, rng) -> array`` that knows its own moments.

    Parameters
    ----------
    draw : callable
        ``draw(layer, rng)`` returns a float64 array of shape ``layer.shape``.
    variance, mean : callable or None
        Variance and mean of one entry for a given layer; None where no formula is known.
    kurtosis : float
        Excess kurtosis of one entry: E (w - mean)^4 / variance^2 - 3, which is 0 for normal numbers.
    independent : bool
        Whether the entries of a tensor are independent of each other.
    label : str
        How it is written, ``he_normal(mode=fan_out)``.
    """

    draw: Draw
    variance: Callable[[Layer], float] | None = None
    mean: Callable[[Layer], float] | None = None
    kurtosis: float = 0.0
    independent: bool = True
    label: str = ""

    def __call__(self, layer: Layer, rng: np.random.Generator) -> Array:
        """Return the initial weights of `layer`.

        Raises
        ------
        InputError
            If a user's own function returns something else than finite numbers of the right shape.
        """
        weights = np.asarray(self.draw(layer, rng))
        if weights.shape != layer.shape or weights.dtype.kind not in "fiub":
            raise InputError(
                f"initializer {self.label} must return real numbers of shape {layer.shape} for {layer.name}, "
                f"got shape {weights.shape} of {weights.dtype}"
            )
        if not np.isfinite(weights).all():
            raise InputError(f"initializer {self.label} returned NaN or infinity for {layer.name}")
        return weights.astype(np.float64)


def labelled(factory: Callable[Options, Initializer]) -> Callable[Options, Initializer]:
    """Give what a factory makes the label that would make it again: its name and the options that were given."""
    parameters = inspect.signature(factory).parameters

    @functools.wraps(factory)
    def make(*args: Options.args, **options: Options.kwargs) -> Initializer:
        written: dict[str, Any] = {key: options[key] for key in parameters if key in options}
        return replace(factory(*args, **options), label=str(Call(factory.__name__, written)))

    return make


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random generator of one tensor, seeded by the seed and the tensor's name alone.

    Neighbours do not matter: adding a layer changes no other layer's draw. Different initializers get the same
    stream, so that a comparison at equal seeds is paired.
    """
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.default_rng(np.random.SeedSequence([seed, word]))
