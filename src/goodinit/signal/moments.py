"""Mean, deviation and kurtosis of very many numbers, block by block, whatever their size."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from goodinit.networks.dense import barrier

Array = jax.Array


class Moments(NamedTuple):
    """Moments of some numbers, float64.

    Parameters
    ----------
    number : array
        How many there are.
    mean, std : array
        Their mean and standard deviation.
    third, fourth : array
        Mean of ((x - mean) / std)^3 and ^4; 0 if all numbers are equal.
    """

    number: Array
    mean: Array
    std: Array
    third: Array
    fourth: Array


def total(x: Array) -> Array:
    """Return the sum of an array (examples, units) in float64.

    Examples are added up first, row onto row, which the compiler turns into wide instructions; the barrier keeps it
    from making one long sum of both, of which every addition waits for the one before.
    """
    return jnp.sum(barrier(x.sum(axis=0)), dtype=jnp.float64)


def moments(x: Array, rms: Array) -> Moments:
    """Return the moments of an array (examples, units) whose root mean square is known.

    Powers are taken of u = (x - mean) / rms, so that none overflows or vanishes: numbers of the size 1e-20 have a
    fourth power, and a deviation far below the mean is kept.
    """
    mean = total(x) / x.size
    unit = (x - mean.astype(x.dtype)) * jnp.where(rms > 0, 1 / rms, 0).astype(x.dtype)
    m2, m3, m4 = (total(power) / x.size for power in (unit**2, unit**3, (unit**2) ** 2))
    return Moments(jnp.asarray(x.size, jnp.float64), mean, jnp.sqrt(m2) * rms, *_shape(m2, m3, m4))


def merge(one: Moments, other: Moments) -> Moments:
    """Return the moments of two sets of numbers together; a set may be empty.

    Those of each set are moved to the common mean (with d the way there, m2 becomes m2 + d^2, m3 becomes
    m3 + 3 d m2 + d^3, m4 becomes m4 + 4 d m3 + 6 d^2 m2 + d^4) and averaged, in units of the largest
    deviation. (Chan, Golub & LeVeque 1983; Pebay 2008, SAND2008-6212.)
    """
    number = one.number + other.number
    share = other.number / number
    gap = other.mean - one.mean
    scale = jnp.maximum(jnp.maximum(one.std, other.std), jnp.abs(gap))
    scale = jnp.where(scale == 0, 1, scale)
    both = zip(_about(one, -share * gap, scale), _about(other, (1 - share) * gap, scale), strict=True)
    m2, m3, m4 = ((1 - share) * a + share * b for a, b in both)
    return Moments(number, one.mean + share * gap, jnp.sqrt(m2) * scale, *_shape(m2, m3, m4))


def _about(part: Moments, d: Array, scale: Array) -> tuple[Array, Array, Array]:
    """Return second to fourth moment about the point part.mean - d, in units of the scale."""
    d, std = d / scale, part.std / scale
    m2, m3, m4 = std**2, part.third * std**3, part.fourth * std**4
    return m2 + d**2, m3 + 3 * d * m2 + d**3, m4 + 4 * d * m3 + 6 * d**2 * m2 + d**4


def _shape(m2: Array, m3: Array, m4: Array) -> tuple[Array, Array]:
    """Return third and fourth moment in units of the standard deviation."""
    divisor = jnp.where(m2 == 0, 1, m2)
    return m3 / divisor**1.5, m4 / divisor**2
