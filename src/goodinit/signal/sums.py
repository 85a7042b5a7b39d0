"""What is summed up over examples in each layer, from one block of them and over several blocks.

Examples lie on the first axis in here, (examples, units): sums over examples are then wide additions of rows.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from goodinit.signal.bins import counts
from goodinit.signal.moments import Moments, merge, moments, total

Array = jax.Array

PROJECTIONS = 3  # that two different units agree in all of them to 1e-5 happens once in 1e15


class Ahead(NamedTuple):
    """What is added up forward, float64.

    Parameters
    ----------
    histogram : array, shape (bins,)
        Of the activations.
    square : array
        Sum of the squares of the pre-activations.
    positive : array, shape (units,)
        On how many examples the pre-activation is > 0.
    direction, direction_before : array, shape (units,)
        Sum over examples of a / abs(a), and of z / abs(z); examples of length 0 are left out.
    kept, kept_before : array
        How many examples were not left out.
    projections : array, shape (PROJECTIONS, units)
        Sums over examples of random normal numbers times z.
    """

    histogram: Array
    square: Array
    positive: Array
    direction: Array
    direction_before: Array
    kept: Array
    kept_before: Array
    projections: Array


class Back(NamedTuple):
    """What is added up backward, float64; the gradients are those of each example's own loss.

    Parameters
    ----------
    square, activation_square : array
        Sums of the squares of dL/dz and of dL/da.
    bias : array, shape (units,)
        Sum over examples of delta.
    """

    square: Array
    activation_square: Array
    bias: Array


class Sums(NamedTuple):
    """All that is kept of a layer from one block of examples to the next; `steepest` is a unit's largest |f'(z)|."""

    activation: Moments
    steepest: Array
    ahead: Ahead
    back: Back


def combine(one: Sums, other: Sums) -> Sums:
    """Return the sums over two sets of examples."""
    return Sums(
        merge(one.activation, other.activation),
        jnp.maximum(one.steepest, other.steepest),
        jax.tree.map(jnp.add, one.ahead, other.ahead),
        jax.tree.map(jnp.add, one.back, other.back),
    )


def watch(z: Array, a: Array, ends: Array, size: Array, random: Array) -> tuple[Moments, Ahead, Array]:
    """Return the forward statistics of one layer, and the size of its activations.

    Parameters
    ----------
    z, a : array, shape (examples, units)
    ends : array, shape (2,)
        Of the histogram.
    size : array
        Root mean square of what went into the layer, near enough to that of z for squares not to vanish or overflow.
    random : array, shape (PROJECTIONS, examples)
        Normal numbers.
    """
    squares_before = _squares(z, size)
    squares = _squares(a, usable(jnp.sqrt(jnp.sum(squares_before) / z.size), size))
    rms = jnp.sqrt(jnp.sum(squares) / a.size)
    sums, kept = _along(a, squares, random[:0])
    sums_before, kept_before = _along(z, squares_before, random)
    ahead = Ahead(
        histogram=counts(a, ends),
        square=jnp.sum(squares_before),
        positive=jnp.sum(z > 0, axis=0, dtype=jnp.int32).astype(jnp.float64),
        direction=sums[0],
        direction_before=sums_before[0],
        kept=kept,
        kept_before=kept_before,
        projections=sums_before[1:],
    )
    return moments(a, rms), ahead, usable(rms, size)


def usable(size: Array, instead: Array | float = 1.0) -> Array:
    """Return a size by which numbers can be divided."""
    return jnp.where((size > 0) & jnp.isfinite(size), size, instead)


def _squares(x: Array, size: Array) -> Array:
    """Return x . x of every example, in float64: in float32 it is taken in units of the layer's size."""
    relative = x * (1 / size).astype(x.dtype)
    return jnp.sum(relative**2, axis=1).astype(jnp.float64) * size**2


def _along(x: Array, squares: Array, random: Array) -> tuple[Array, Array]:
    """Return the sums over examples of x / abs(x) and of the random numbers times x, and how many had a length."""
    inverse = jnp.where(squares == 0, 0, 1 / jnp.sqrt(squares)).astype(x.dtype)
    sums = jnp.concatenate([inverse[None], random]) @ x
    return sums.astype(jnp.float64), jnp.sum(squares != 0, dtype=jnp.float64)


def watch_back(gradient: Array, delta: Array, size: Array) -> tuple[Back, Array]:
    """Return the backward statistics of one layer from dL/da and dL/dz, and the size of dL/dz.

    `size` is about that of dL/dz one layer above, which is near enough for squares not to vanish or overflow.
    """
    inverse = (1 / size).astype(delta.dtype)
    square, activation_square = (total((x * inverse) ** 2) for x in (delta, gradient))
    bias = jnp.sum(delta, axis=0).astype(jnp.float64)
    found = Back(square * size**2, activation_square * size**2, bias)
    return found, usable(jnp.sqrt(square / delta.size) * size, size)
