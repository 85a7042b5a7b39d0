"""Dropout, inverted: what is kept is scaled up in training, so that nothing needs scaling afterwards."""

import numpy as np

from goodinit.errors import InputError, finite
from goodinit.labs import checks
from goodinit.labs.checks import Array
from goodinit.labs.layers.layer import Layers


class Dropout(Layers):
    """Keep each activation with probability `keep_prob`, divided by it, and set the others to 0.

    The expected output is the input. Outside training (``training`` False) the output is the input itself.

    Parameters
    ----------
    keep_prob : float
        Above 0, at most 1.
    rng : numpy.random.Generator or int, optional
        What draws the mask, or its seed.

    Attributes
    ----------
    scale : array
        What the last forward pass multiplied by: mask / keep_prob, or 1 outside training.

    Raises
    ------
    InputError
        If `keep_prob` is out of range.

    References
    ----------
    N. Srivastava et al. 2014, JMLR 15:1929.
    """

    def __init__(self, keep_prob: float = 0.8, rng: np.random.Generator | int | None = None) -> None:
        if not 0 < finite("keep_prob", keep_prob) <= 1:
            raise InputError(f"keep_prob must be above 0 and at most 1, got {keep_prob!r}; 1 keeps everything")
        self.keep_prob = float(keep_prob)
        self.rng = checks.generator(rng)

    def forward(self, X: Array) -> Array:
        """Return x mask / keep_prob with a fresh mask, or x itself outside training."""
        checks.numbers("X", X)
        if self.training:
            mask = self.rng.random(X.shape) < self.keep_prob
            self.scale = mask / self.keep_prob
        else:
            self.scale = np.ones(X.shape)
        self.outputs = X * self.scale
        return self.outputs

    def backward(self, dA: Array) -> Array:
        """Return da mask / keep_prob: the gradient passes through the same mask and the same division."""
        checks.gradient(dA, self.outputs)
        return dA * self.scale

    def update_params(self, learning_rate: float) -> None:
        """Do nothing: there is nothing to learn here."""

    def __repr__(self) -> str:
        return f"Dropout({self.keep_prob})"
