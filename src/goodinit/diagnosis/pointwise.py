"""Activations of PyTorch that are none of goodinit's own, as functions, so that their gains can be computed."""

import functools
import math
from typing import Any

import numpy as np
import scipy.special

from goodinit import theory
from goodinit.activations import ACTIVATIONS, NUMPY
from goodinit.errors import InputError


def _relu6(z: Any) -> Any:
    return np.clip(z, 0, 6)


def _hardsigmoid(z: Any) -> Any:
    return np.clip(z + 3, 0, 6) / 6


def _hardswish(z: Any) -> Any:
    return z * _hardsigmoid(z)


def _logsigmoid(z: Any) -> Any:
    return -np.logaddexp(-z, 0)


def _celu(z: Any) -> Any:
    return ACTIVATIONS["elu"](z, NUMPY)


def _prelu(z: Any) -> Any:
    return np.where(z > 0, z, 0.25 * z)  # PyTorch's first slope; from 0 to 1 the gain goes from 1.41 to 1 only


def _erf(z: Any) -> Any:
    return scipy.special.erf(z)


FUNCTIONS: dict[str, theory.Function] = {
    **{name: name for name in ACTIVATIONS},
    "relu6": _relu6,
    "hardsigmoid": _hardsigmoid,
    "hardswish": _hardswish,
    "logsigmoid": _logsigmoid,
    "celu": _celu,
    "prelu": _prelu,
    "erf": _erf,
}
UNKNOWN = ("glu", "softshrink", "hardshrink", "threshold")  # not pointwise, or with a width that is not seen


@functools.cache
def critical(name: str) -> tuple[float, float] | None:
    """Return the deviations of weights, as a gain, and of biases that are critical at variance 1; None if none are."""
    try:
        weight, bias = theory.critical_line(FUNCTIONS[name], 1.0)
    except InputError:
        return None
    return math.sqrt(weight), math.sqrt(bias)
