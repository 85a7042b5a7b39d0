"""Activation functions: one formula each, for NumPy (theory) and for JAX (training) alike.

A formula takes the pre-activation `z` and the namespace `xp` whose functions it may use: NumPy's with `erf` added,
or jax.numpy's with `erf` added. Piecewise formulas use `where` and keep the branch that is not taken finite, so
that their derivative at 0 is the left one (0 for relu, as everywhere in this field) and never NaN.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from goodinit.errors import InputError
from goodinit.spelling import nearest

Formula = Callable[[Any, Any], Any]


class _NumpyWithErf:
    """NumPy's functions and SciPy's `erf` under one name."""

    erf = staticmethod(scipy.special.erf)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


NUMPY = _NumpyWithErf()

SELU_SCALE = 1.0507009873554805  # 1706.02515, eq. 14: makes mean 0 and variance 1 a fixed point
SELU_ALPHA = 1.6732632423543772
LEAKY_SLOPE = 0.01  # the slope that Maas et al. 2013 used and the frameworks kept


@dataclass(frozen=True)
class Activation:
    """An elementwise function with a name.

    Parameters
    ----------
    name : str
        How it is written in specs and labels.
    formula : callable
        ``formula(z, xp)`` with `z` an array and `xp` the namespace to compute in.
    """

    name: str
    formula: Formula

    def __call__(self, z: Any) -> Any:
        """Return the activation of NumPy values `z`."""
        return self.formula(np.asarray(z), NUMPY)


def _elu(z: Any, xp: Any, alpha: float = 1.0) -> Any:
    return xp.where(z > 0, z, alpha * xp.expm1(xp.where(z > 0, 0, z)))


def _softplus(z: Any, xp: Any) -> Any:
    return xp.logaddexp(z, 0)


def _sigmoid(z: Any, xp: Any) -> Any:
    return (1 + xp.tanh(z / 2)) / 2  # the same function, and no exponential that could overflow


ACTIVATIONS: dict[str, Formula] = {
    "relu": lambda z, xp: xp.where(z <= 0, 0, z),  # so that NaN stays NaN
    "leaky_relu": lambda z, xp: xp.where(z > 0, z, LEAKY_SLOPE * z),
    "elu": _elu,
    "selu": lambda z, xp: SELU_SCALE * _elu(z, xp, SELU_ALPHA),
    "gelu": lambda z, xp: z * (1 + xp.erf(z / math.sqrt(2))) / 2,
    "silu": lambda z, xp: z * _sigmoid(z, xp),
    "mish": lambda z, xp: z * xp.tanh(_softplus(z, xp)),
    "softplus": _softplus,
    "softsign": lambda z, xp: z / (1 + xp.abs(z)),
    "tanh": lambda z, xp: xp.tanh(z),
    "sigmoid": _sigmoid,
    "centred_sigmoid": lambda z, xp: xp.tanh(z / 2) / 2,  # sigmoid(z) - 1/2
    "hardtanh": lambda z, xp: xp.where(z > 1, 1, xp.where(z < -1, -1, z)),
    "sin": lambda z, xp: xp.sin(z),
    "linear": lambda z, xp: z,
}


def activation(given: str | Activation | Callable[[Any], Any]) -> Activation:
    """Return the activation that a name or a callable means.

    Parameters
    ----------
    given : str, Activation or callable
        A known name, or an elementwise function of one array; to be trained it must be written with
        functions that JAX can differentiate, such as those of jax.numpy.

    Raises
    ------
    InputError
        If the name is unknown; the nearest known one is suggested.
    """
    if isinstance(given, Activation):
        return given
    if isinstance(given, str):
        return Activation(given, ACTIVATIONS[nearest(given, ACTIVATIONS, "activation")])
    if callable(given):
        return Activation(f"function:{getattr(given, '__name__', 'activation')}", lambda z, xp: given(z))
    raise InputError(f"an activation is a name or a function of one array, got {given!r}")
