"""Initializers whose variance follows the fan: gain^2 / fan, normal or uniform.

One rule with three classic settings of gain and mode. LeCun: gain 1, fan-in ("Efficient BackProp", 1998). Glorot,
also called Xavier: gain 1, mean of both fans (Glorot & Bengio 2010, eq. 12: 2 / (fan_in + fan_out)). He, also called
Kaiming: gain sqrt(2), fan-in (1502.01852, eq. 10).
"""

import math
from collections.abc import Callable

from goodinit.errors import one_of, positive
from goodinit.initializers.initializer import Initializer, labelled
from goodinit.initializers.plain import UNIFORM_KURTOSIS
from goodinit.layer import MODES, Layer

RELU_GAIN = math.sqrt(2)  # relu halves the second moment: (1/2) fan_in variance = 1


@labelled
def lecun_normal(*, gain: float = 1.0, mode: str = "fan_in") -> Initializer:
    """N(0, gain^2 / fan); by default variance 1 / fan_in."""
    return _normal(gain, mode)


@labelled
def lecun_uniform(*, gain: float = 1.0, mode: str = "fan_in") -> Initializer:
    """U(-a, a) with a = gain sqrt(3 / fan); by default variance 1 / fan_in."""
    return _uniform(gain, mode)


@labelled
def glorot_normal(*, gain: float = 1.0, mode: str = "fan_avg") -> Initializer:
    """N(0, gain^2 / fan); by default variance 2 / (fan_in + fan_out)."""
    return _normal(gain, mode)


@labelled
def glorot_uniform(*, gain: float = 1.0, mode: str = "fan_avg") -> Initializer:
    """U(-a, a) with a = gain sqrt(3 / fan); by default a = sqrt(6 / (fan_in + fan_out))."""
    return _uniform(gain, mode)


@labelled
def he_normal(*, gain: float = RELU_GAIN, mode: str = "fan_in") -> Initializer:
    """N(0, gain^2 / fan); by default variance 2 / fan_in."""
    return _normal(gain, mode)


@labelled
def he_uniform(*, gain: float = RELU_GAIN, mode: str = "fan_in") -> Initializer:
    """U(-a, a) with a = gain sqrt(3 / fan); by default a = sqrt(6 / fan_in)."""
    return _uniform(gain, mode)


def _normal(gain: float, mode: str) -> Initializer:
    variance = _rule(gain, mode)
    return Initializer(
        draw=lambda layer, rng: rng.standard_normal(layer.shape) * math.sqrt(variance(layer)),
        variance=variance,
        mean=lambda layer: 0.0,
    )


def _uniform(gain: float, mode: str) -> Initializer:
    variance = _rule(gain, mode)
    return Initializer(  # U(-a, a) has variance a^2 / 3
        draw=lambda layer, rng: rng.uniform(-1, 1, layer.shape) * math.sqrt(3 * variance(layer)),
        variance=variance,
        mean=lambda layer: 0.0,
        kurtosis=UNIFORM_KURTOSIS,
    )


def _rule(gain: float, mode: str) -> Callable[[Layer], float]:
    g = positive("gain", gain)
    one_of("mode", mode, MODES)
    return lambda layer: g * g / layer.fan(mode)
