"""Dense networks: plain, deep, residual, with adapters, auto-encoding, siamese."""

import itertools
import math

import torch
from torch import Tensor, nn

from architecture import CLASSES, EXAMPLES, Architecture, dense, drawn, vectors

RELU = math.sqrt(2)


def plain(widths: list[int], activation: type[nn.Module], gain: float, output_gain: float = 0.5) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths[:-1]):
        layers += [dense(inputs, outputs, gain), activation()]
    return nn.Sequential(*layers, dense(widths[-2], widths[-1], output_gain))


def sigmoid(widths: list[int], output_gain: float = 0.5) -> nn.Sequential:
    """Return sigmoid layers with a gain of 4.7; the first reads inputs of size 1, not of .6, and has less."""
    model = plain(widths, nn.Sigmoid, 4.7, output_gain)
    drawn(model[0], 2.0)
    return model


def _paths(count: int) -> tuple[str, ...]:
    return tuple(str(2 * at) for at in range(count))


class ResidualMLP(nn.Module):
    """x + f(x) without normalization; the ends of n branches are scaled by 1 / sqrt(n)."""

    def __init__(self, blocks: int, width: int, activation: type[nn.Module], gain: float) -> None:
        super().__init__()
        self.stem = dense(32, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(dense(width, width, gain), activation(), dense(width, width, 1 / math.sqrt(blocks)))
            for _ in range(blocks)
        )
        self.head = dense(width, CLASSES, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


class Adapter(nn.Module):
    """A frozen layer with a low-rank addition of which the second factor starts at zero."""

    def __init__(self, layer: nn.Linear, rank: int = 4) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.down, self.up = (
            nn.Linear(layer.in_features, rank, bias=False),
            nn.Linear(rank, layer.out_features, bias=False),
        )
        nn.init.normal_(self.down.weight, std=1 / math.sqrt(layer.in_features))
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + self.up(self.down(x))


def adapted(activation: type[nn.Module], gain: float, width: int) -> nn.Sequential:
    hidden = [(Adapter(dense(32 if at == 0 else width, width, gain)), activation()) for at in range(3)]
    return nn.Sequential(*(one for pair in hidden for one in pair), dense(width, CLASSES, 0.5))


class Siamese(nn.Module):
    """One encoder for two inputs; says whether they belong together."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = plain([32, 64, 64, 64, 16], nn.ReLU, RELU, 1.0)
        self.head = dense(16, 1, 0.5)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.head((self.encoder(a) - self.encoder(b)).abs())[:, 0]


def pairs() -> tuple[tuple[Tensor, Tensor], Tensor]:
    return (torch.randn(EXAMPLES, 32), torch.randn(EXAMPLES, 32)), torch.randint(2, (EXAMPLES,)).float()


def itself() -> tuple[Tensor, Tensor]:
    x = torch.randn(EXAMPLES, 64)
    return x, x.clone()


SHALLOW = [32, 64, 128, 64, 64, CLASSES]
CODING = [64, 48, 24, 8, 24, 48, 64]
_ADAPTERS = tuple((f"{at}.down", f"{at}.up") for at in (0, 2, 4))
NETS = (
    Architecture(
        "MLP, ReLU", False, lambda: plain(SHALLOW, nn.ReLU, RELU), vectors, "8", hidden=_paths(4), alike=("6",)
    ),
    Architecture("MLP, tanh", True, lambda: plain(SHALLOW, nn.Tanh, 1.0), vectors, "8", "tanh", hidden=_paths(4)),
    Architecture(
        "MLP, sigmoid",
        False,
        lambda: sigmoid([32] + [64] * 6 + [CLASSES]),
        vectors,
        "12",
        "sigmoid",
        hidden=_paths(6),
        alike=_paths(6)[1:],
    ),
    Architecture(
        "MLP, SELU",
        True,
        lambda: plain([32] + [64] * 6 + [CLASSES], nn.SELU, 1.0),
        vectors,
        "12",
        "selu",
        hidden=_paths(6),
        alike=_paths(6)[1:],
    ),
    Architecture(
        "wide and narrow MLP, ReLU",
        False,
        lambda: plain([32, 256, 32, 256, 32, CLASSES], nn.ReLU, RELU),
        vectors,
        "8",
        hidden=_paths(4),
        uneven=_paths(4),
    ),
    Architecture(
        "wide and narrow MLP, GELU",
        True,
        lambda: plain([32, 256, 32, 256, 32, CLASSES], nn.GELU, 1.5),
        vectors,
        "8",
        "gelu",
        hidden=_paths(4),
        uneven=_paths(4),
    ),
    Architecture(
        "30 layers, ReLU",
        False,
        lambda: plain([32] + [96] * 30 + [CLASSES], nn.ReLU, RELU),
        vectors,
        "60",
        hidden=_paths(30),
        deep=True,
        alike=_paths(30)[1:],
    ),
    Architecture(
        "20 layers, tanh",
        True,
        lambda: plain([32] + [96] * 20 + [CLASSES], nn.Tanh, 1.0),
        vectors,
        "40",
        "tanh",
        hidden=_paths(20),
        deep=True,
        alike=_paths(20)[1:],
    ),
    Architecture(
        "30 layers, leaky ReLU",
        True,
        lambda: plain([32] + [96] * 30 + [CLASSES], nn.LeakyReLU, RELU),
        vectors,
        "60",
        "leaky_relu",
        hidden=_paths(30),
        deep=True,
        alike=_paths(30)[1:],
    ),
    Architecture(
        "residual MLP without normalization, 32 blocks",
        False,
        lambda: ResidualMLP(32, 64, nn.ReLU, RELU),
        vectors,
        "head",
        branches=tuple((f"blocks.{at}.0", f"blocks.{at}.2") for at in range(32)),
        unscaled=RELU,
        alike=tuple(f"blocks.{at}.0" for at in range(32)),
    ),
    Architecture(
        "autoencoder, ReLU",
        False,
        lambda: plain(CODING, nn.ReLU, RELU, 1.0),
        itself,
        "10",
        loss="mse",
        hidden=_paths(5),
        uneven=("6",),
    ),
    Architecture(
        "autoencoder, sigmoid",
        True,
        lambda: sigmoid([64, 48, 32, 16, 32, 48, 64], 1.0),
        itself,
        "10",
        "sigmoid",
        "mse",
        hidden=_paths(5),
    ),
    Architecture("adapted MLP, ReLU", False, lambda: adapted(nn.ReLU, RELU, 64), vectors, "6", adapters=_ADAPTERS),
    Architecture(
        "siamese MLP, ReLU",
        True,
        Siamese,
        pairs,
        "head",
        loss="binary_cross_entropy",
        hidden=tuple(f"encoder.{path}" for path in _paths(3)),
    ),
)
