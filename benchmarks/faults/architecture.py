"""What the fault suite knows of a model: how to build it well, what to feed it, and which layers play which part."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

CLASSES = 10
EXAMPLES = 32


@dataclass(frozen=True)
class Architecture:
    """A model with a right initialization, and the parts of its layers by path.

    Parameters
    ----------
    name : str
    held_out : bool
        Whether it belongs to the half that no rule or threshold may be adjusted to.
    build : callable
        Returns the model, drawn from torch's global generator.
    batch : callable
        Returns (inputs, targets).
    activation : str
        What follows the hidden layers.
    loss : str
    hidden : tuple of str
        Layers before an activation whose size nothing renews: no normalization follows.
    uneven : tuple of str
        Those of them of which fan-in and fan-out differ by more than two.
    normalized : tuple of str
        Layers before a normalization.
    deep : bool
        Whether the hidden layers are a chain of a dozen or more.
    branches : tuple of (str, str)
        First and last layer of each residual branch.
    unscaled : float
        Deviation of the ends of branches, times sqrt(fan_in), with which the stream explodes; 0 where none does.
    packed : tuple of str
        Layers that make queries, keys and values at once.
    queries : tuple of (str, str)
        Layers of queries and keys, or the packed one twice.
    alike : tuple of str
        Layers of one shape that are drawn one by one.
    adapters : tuple of (str, str)
        Down and up projection.
    gated : tuple of (str, str)
        A layer, and the norm after it that an activation without normalization follows.
    tied : str or None
        An embedding that is the output layer, too.
    output : str
    """

    name: str
    held_out: bool
    build: Callable[[], nn.Module]
    batch: Callable[[], tuple[Any, Tensor]]
    output: str
    activation: str = "relu"
    loss: str = "cross_entropy"
    hidden: tuple[str, ...] = ()
    uneven: tuple[str, ...] = ()
    normalized: tuple[str, ...] = ()
    deep: bool = False
    branches: tuple[tuple[str, str], ...] = ()
    unscaled: float = 0.0
    packed: tuple[str, ...] = ()
    queries: tuple[tuple[str, str], ...] = ()
    alike: tuple[str, ...] = ()
    adapters: tuple[tuple[str, str], ...] = ()
    gated: tuple[tuple[str, str], ...] = ()
    tied: str | None = None


def drawn(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """Return a dense or convolutional layer with normal weights of deviation gain / sqrt(fan_in), and biases 0."""
    weight, bias = layer.weight, layer.bias
    nn.init.normal_(weight, std=gain / math.sqrt(fan_in(layer)))
    if bias is not None:
        nn.init.zeros_(bias)
    return layer


def fan_in(layer: nn.Module) -> float:
    """Return how many inputs one output sums."""
    weight = layer.weight
    if isinstance(layer, nn.ConvTranspose2d):
        return weight.shape[0] * math.prod(layer.kernel_size) / math.prod(layer.stride)
    return math.prod(weight.shape[1:])


def dense(inputs: int, outputs: int, gain: float = 1.0) -> nn.Linear:
    return drawn(nn.Linear(inputs, outputs), gain)


def conv(inputs: int, outputs: int, kernel: int = 3, gain: float = math.sqrt(2), **options: Any) -> nn.Conv2d:
    return drawn(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, **options), gain)


def vectors(features: int = 32) -> tuple[Tensor, Tensor]:
    return torch.randn(EXAMPLES, features), torch.randint(CLASSES, (EXAMPLES,))


def pictures(side: int = 12) -> tuple[Tensor, Tensor]:
    return torch.randn(EXAMPLES, 3, side, side), torch.randint(CLASSES, (EXAMPLES,))


def tokens(vocabulary: int = 50, length: int = 12) -> tuple[Tensor, Tensor]:
    text = torch.randint(vocabulary, (EXAMPLES, length + 1))
    return text[:, :-1], text[:, 1:]
