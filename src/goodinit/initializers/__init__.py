"""Initializers: pure callables ``(layer, rng) -> array``, each made by a factory with keyword-only options.

``CATALOGUE`` is the one list of them. An entry is found by its name in text specs, and one suite of tests runs over
all entries.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from goodinit.errors import InputError
from goodinit.initializers.initializer import Array, Initializer, generator
from goodinit.initializers.plain import (
    constant,
    normal,
    ones,
    orthogonal,
    truncated_normal,
    uniform,
    zeros,
)
from goodinit.initializers.scaled import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
)
from goodinit.layer import Layer
from goodinit.spelling import Call, make, parse

__all__ = [
    "CATALOGUE",
    "Initializer",
    "constant",
    "generator",
    "given",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "initializer",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "zeros",
]

CATALOGUE: dict[str, Callable[..., Initializer]] = {
    "zeros": zeros,
    "ones": ones,
    "constant": constant,
    "normal": normal,
    "uniform": uniform,
    "truncated_normal": truncated_normal,
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "orthogonal": orthogonal,
}

# the authors' first names are as common as their surnames; text specs understand both and echo the latter
FIRST_NAMES = {"xavier": "glorot", "kaiming": "he"}


def initializer(what: str | Initializer | Callable[..., Any]) -> Initializer:
    """Return the initializer that a text or a function means.

    Parameters
    ----------
    what : str, Initializer or callable
        A text such as ``he_normal(mode=fan_out)``, or a function ``(layer, rng) -> array`` of the user's own.

    Raises
    ------
    InputError
        If the text is malformed, or the name or an option is unknown or out of range.

    Examples
    --------
    >>> initializer("xavier_uniform").label
    'glorot_uniform'
    """
    if isinstance(what, Initializer):
        return what
    if isinstance(what, str):
        call = parse(what)
        first, underscore, rest = call.name.partition("_")
        name = FIRST_NAMES.get(first, first) + underscore + rest
        return make(CATALOGUE, Call(name, call.options), "initializer")
    if callable(what):
        return Initializer(draw=what, label=f"function:{getattr(what, '__name__', type(what).__name__)}")
    raise InputError(f"an initializer is a text such as 'he_normal' or a function (layer, rng), got {what!r}")


def given(arrays: Mapping[str, Any], *, label: str = "given") -> Initializer:
    """Return the initializer that hands out given arrays, whatever the seed.

    Parameters
    ----------
    arrays : mapping of str to array
        One array for every weight, by tensor name (``layer1.weight``); a tensor whose name is missing is an error.
    label : str
        What to call it in results.
    """
    kept = {name: np.array(array) for name, array in arrays.items()}  # checked when they are drawn

    def draw(layer: Layer, rng: np.random.Generator) -> Array:
        if layer.name not in kept:
            raise InputError(f"{label}: no array for {layer.name}; given are {', '.join(kept) or 'none'}")
        return kept[layer.name]

    return Initializer(draw, label=label)
