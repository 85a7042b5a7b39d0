"""What is the same for every replica of a study, and how replicas are grouped into compiled calls."""

from dataclasses import dataclass

from goodinit.networks import Network

LANES = 16  # replicas in one compiled call at most


@dataclass(frozen=True)
class Training:
    """How networks are trained; equal records share one compiled program.

    Parameters
    ----------
    network : Network
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    optimizer : str
        Text such as ``momentum(decay=0.95)``.
    batch_size : int or None
        Examples in a mini-batch, shuffled anew in every epoch; None is the full batch.
    l1, l2 : tuple of float
        Strength of the penalties by layer: the loss gains l1 sum |w| + l2 / 2 sum w^2 over its weights.
    precision : str
        ``float32`` or ``float64``.
    gradients : bool
        Whether the sizes of gradients and moves are recorded beside the losses.
    """

    network: Network
    task: str
    optimizer: str = "sgd"
    batch_size: int | None = None
    l1: tuple[float, ...] = ()
    l2: tuple[float, ...] = ()
    precision: str = "float32"
    gradients: bool = False

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one forward pass on one example; a training step costs about three times as much."""
        return sum(weight.shape[0] * weight.shape[1] for weight in self.network.weights)

    def lanes(self, examples: int) -> int:
        """Return how many replicas one compiled call trains.

        The results of a batched program depend in the last bit on the number of its lanes, so this number
        follows from the problem alone, never from how many replicas were asked for. Measured on two cores: for the
        2-10-5-1 network on 300 points 8 lanes are 9 % faster than 16 and 25 % than 4; for 784-64-32-10 with batches
        of 32, 8 as fast as 4 and 30 % faster than 16; only for the tiniest do 16 win.
        """
        batch = min(examples, self.batch_size or examples)
        numbers = self.multiply_adds + batch * sum(self.network.sizes[1:])
        return LANES if numbers <= 2**12 else 8 if numbers <= 2**18 else 2


def record_steps(steps: int, every: int) -> list[int]:
    """Return the steps after which losses are recorded: 0, every, 2 every, ..., and the last."""
    return [*range(0, steps, every), steps]
