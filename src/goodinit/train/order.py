"""The order in which mini-batches visit the examples: a function of the seed alone, drawn with NumPy."""

import numpy as np
from numpy.typing import NDArray

ABSENT = -1  # fills the last mini-batch of an epoch when the examples do not divide evenly


def batches(seed: int, examples: int, batch_size: int, start: int, stop: int) -> NDArray[np.int32]:
    """Return which examples the steps ``start`` to ``stop - 1`` see.

    Every epoch visits each example once, in an order of its own that depends on (seed, epoch) only.

    Returns
    -------
    array of int32, shape (stop - start, batch_size)
        Row numbers; `ABSENT` where the last batch of an epoch has no more examples.
    """
    per_epoch = -(-examples // batch_size)
    first, last = start // per_epoch, (stop - 1) // per_epoch
    visited = [_epoch(seed, epoch, examples, per_epoch * batch_size) for epoch in range(first, last + 1)]
    steps = np.concatenate(visited).reshape(-1, batch_size)
    return steps[start - first * per_epoch : stop - first * per_epoch]


def _epoch(seed: int, epoch: int, examples: int, places: int) -> NDArray[np.int32]:
    order = np.full(places, ABSENT, np.int32)
    order[:examples] = np.random.default_rng([seed, epoch]).permutation(examples)
    return order
