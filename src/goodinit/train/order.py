"""The order in which mini-batches visit the examples: a function of the seed alone, drawn with NumPy."""

import numpy as np
from numpy.typing import NDArray

ABSENT = -1  # fills the last mini-batch of an epoch when the examples do not divide evenly


class Order:
    """The mini-batches of one replica.

    Every epoch visits each example once, in an order of its own that depends on (seed, epoch) only.

    Parameters
    ----------
    seed : int
    examples : int
        Size of the training set.
    batch_size : int
    """

    def __init__(self, seed: int, examples: int, batch_size: int) -> None:
        self.seed, self.examples, self.batch_size = seed, examples, batch_size
        self.steps_in_an_epoch = -(-examples // batch_size)
        self._drawn: dict[int, NDArray[np.int32]] = {}  # the epochs of the last call: the next one begins in them

    def batches(self, start: int, stop: int) -> NDArray[np.int32]:
        """Return which examples the steps ``start`` to ``stop - 1`` see.

        Returns
        -------
        array of int32, shape (stop - start, batch_size)
            Row numbers; `ABSENT` where the last batch of an epoch has no more examples.
        """
        first, last = start // self.steps_in_an_epoch, (stop - 1) // self.steps_in_an_epoch
        held = self._drawn
        self._drawn = {e: held[e] if e in held else self._epoch(e) for e in range(first, last + 1)}
        steps = np.concatenate(list(self._drawn.values())).reshape(-1, self.batch_size)
        return steps[start - first * self.steps_in_an_epoch : stop - first * self.steps_in_an_epoch]

    def _epoch(self, epoch: int) -> NDArray[np.int32]:
        order = np.full(self.steps_in_an_epoch * self.batch_size, ABSENT, np.int32)
        order[: self.examples] = np.random.default_rng([self.seed, epoch]).permutation(self.examples)
        return order
