"""Histograms with fixed bins, counted without scattering."""

import jax
import jax.numpy as jnp

from goodinit.networks.dense import barrier
from goodinit.signal.outline import Outline

Array = jax.Array

BINS = 40  # of a bounded activation each is 2.5 % of the range: the two outermost on either side are what is saturated
OUTER = 2
DEVIATIONS = 4.0  # root mean squares to either side where an activation has no bound
_FIELD = 5  # bits of a counter; XLA takes sums of up to 32 rows in one piece, with what is summed computed in it
_WORD = 6  # counters in an int32
_FULL = 2**_FIELD - 1  # as many entries can be counted before a counter overflows


def limits(shape: Outline, rms: Array) -> Array:
    """Return the ends of the histogram, shape (2,): the bounds of the activation, or +-4 root mean squares.

    Where one bound exists, as for relu, the histogram begins or ends there or at 4 rms, whichever is nearer. A layer
    without size, whose rms is 0, infinite or NaN, is counted on a range of +-4.
    """
    if shape.bounded:
        return jnp.asarray([shape.low, shape.high], jnp.float64)
    reach = DEVIATIONS * jnp.where((rms > 0) & jnp.isfinite(rms), rms, 1)
    low, high = jnp.maximum(shape.low, -reach), jnp.minimum(shape.high, reach)
    return jnp.stack([low, jnp.where(high > low, high, low + reach)])


def counts(a: Array, ends: Array) -> Array:
    """Return how many entries of an array (examples, units) lie in each bin, shape (BINS,), float64.

    What lies outside is counted in the first or the last bin. A counter has five bits of an integer, and bin k adds
    2^(5 (k - 6 w)) to word w. A shift by less than 0 or more than 31 places gives 0 in XLA, so that one shift and
    one addition serve six bins, a small part of the work of comparing with every edge.
    """
    low, high = ends.astype(a.dtype)
    bins = jnp.clip((a - low) * (BINS / (high - low)), 0, BINS - 1).astype(jnp.int32)
    blocks = -(-len(a) // _FULL)
    rows = -(-len(a) // blocks)
    padded = jnp.pad(bins, ((0, blocks * rows - len(a)), (0, 0)), constant_values=-1 - _WORD)  # in no word
    shifts = barrier(_FIELD * padded.reshape(blocks, rows, -1))
    words = [_word(shifts - _FIELD * first) for first in range(0, BINS, _WORD)]
    together = barrier(jnp.stack(words))
    places = _FIELD * jnp.arange(_WORD, dtype=jnp.int32)[:, None, None]
    fields = ((together[:, None] >> places) & _FULL).astype(jnp.float32)
    found = barrier(jnp.sum(fields, axis=3)).astype(jnp.float64)  # whole numbers: float32 is exact up to 500,000 units
    return jnp.sum(found, axis=2).reshape(-1)[:BINS]


def _word(shifts: Array) -> Array:
    """Return six counters in one integer for each block of rows and each unit."""
    ones = jax.lax.shift_left(jnp.int32(1), shifts)
    return barrier(jnp.sum(ones, axis=1, dtype=jnp.int32))
