"""What every layer can do."""

from abc import ABC, abstractmethod

from goodinit.labs.checks import Array


class Layers(ABC):
    """One step of a network; calling it is its forward pass.

    A layer remembers its last forward pass, from which its backward pass computes. So one object stands at one place.

    Attributes
    ----------
    training : bool
        Whether the passes are for training; `Dropout` drops only then.
    reg_penalty : float
        What the layer adds to the loss.
    outputs : array or None
        What the last forward pass returned.
    """

    training: bool = True
    reg_penalty: float = 0.0
    outputs: Array | None = None

    @abstractmethod
    def forward(self, X: Array) -> Array:
        """Return the layer's outputs for inputs of shape (features, samples)."""

    @abstractmethod
    def backward(self, dA: Array) -> Array:
        """Turn the loss's gradient by the outputs of the last forward pass into that by its inputs, and return it."""

    @abstractmethod
    def update_params(self, learning_rate: float) -> None:
        """Take one step against the gradients that the last backward pass left."""

    def __call__(self, X: Array) -> Array:
        """Return `forward` of the inputs."""
        return self.forward(X)
