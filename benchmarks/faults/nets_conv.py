"""Convolutional networks: plain, normalized, residual, dense, mobile, U-shaped."""

import itertools
import math

import torch
from torch import Tensor, nn

from architecture import CLASSES, EXAMPLES, Architecture, conv, dense, drawn, pictures

RELU = math.sqrt(2)


def plain(channels: list[int], activation: type[nn.Module] = nn.ReLU, gain: float = RELU) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(channels):
        layers += [conv(inputs, outputs, gain=gain), activation()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense(channels[-1], CLASSES, 0.5))


def normalized() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 32), (32, 64)):
        layers += [conv(inputs, outputs, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense(64, CLASSES, 0.5))


class Block(nn.Module):
    """The block of a ResNet; the last norm starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(width, width, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, bias=False), nn.BatchNorm2d(width)
        nn.init.zeros_(self.bn2.weight)

    def forward(self, x: Tensor) -> Tensor:
        inner = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(x + self.bn2(self.conv2(inner)))


class Inverted(nn.Module):
    """The block of a MobileNet: wider, by depth, narrower."""

    def __init__(self, width: int, times: int = 4) -> None:
        super().__init__()
        inner = width * times
        self.expand, self.bn1 = conv(width, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.depthwise, self.bn2 = conv(inner, inner, 3, bias=False, groups=inner), nn.BatchNorm2d(inner)
        self.project, self.bn3 = conv(inner, width, 1, 1.0, bias=False), nn.BatchNorm2d(width)
        self.act = nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.expand(x)))
        return x + self.bn3(self.project(self.act(self.bn2(self.depthwise(y)))))


class Growing(nn.Module):
    """The layer of a DenseNet."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(width), conv(width, growth, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(torch.relu(self.norm(x)))], 1)


def classifier(stem: nn.Module, blocks: list[nn.Module], width: int) -> nn.Sequential:
    return nn.Sequential(
        stem,
        *blocks,
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        dense(width, CLASSES, 0.5),
    )


class Unnormalized(nn.Module):
    """Residual convolutions without normalization; the ends of n branches are scaled by 1 / sqrt(n)."""

    def __init__(self, blocks: int = 28, width: int = 16) -> None:
        super().__init__()
        self.stem = conv(3, width, gain=1.0)
        self.first = nn.ModuleList(conv(width, width) for _ in range(blocks))
        self.last = nn.ModuleList(conv(width, width, gain=1 / math.sqrt(blocks)) for _ in range(blocks))
        self.head = dense(width, CLASSES, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for first, last in zip(self.first, self.last, strict=True):
            x = x + last(torch.relu(first(x)))
        return self.head(x.mean((2, 3)))


class UNet(nn.Module):
    """Down and up again, with what was on the way down beside; classes for every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.middle = conv(3, 16), conv(16, 32), conv(32, 64)
        self.up2 = drawn(nn.ConvTranspose2d(64, 32, 2, stride=2))
        self.join2 = conv(64, 32)
        self.up1 = drawn(nn.ConvTranspose2d(32, 16, 2, stride=2))
        self.join1 = conv(32, 16)
        self.head = conv(16, 4, 1, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        one = torch.relu(self.down1(x))
        two = torch.relu(self.down2(nn.functional.max_pool2d(one, 2)))
        deep = torch.relu(self.middle(nn.functional.max_pool2d(two, 2)))
        two = torch.relu(self.join2(torch.cat([self.up2(deep), two], 1)))
        return self.head(torch.relu(self.join1(torch.cat([self.up1(two), one], 1))))


def segments() -> tuple[Tensor, Tensor]:
    return torch.randn(EXAMPLES // 2, 3, 12, 12), torch.randint(4, (EXAMPLES // 2, 12, 12))


def _paths(count: int, every: int = 2) -> tuple[str, ...]:
    return tuple(str(every * at) for at in range(count))


NETS = (
    Architecture("CNN, ReLU", False, lambda: plain([3, 16, 32, 32, 64]), pictures, "10", hidden=_paths(4)),
    Architecture(
        "16 convolutions, ReLU",
        True,
        lambda: plain([3] + [24] * 16),
        lambda: pictures(8),
        "34",
        hidden=_paths(16),
        deep=True,
        alike=_paths(16)[1:],
    ),
    Architecture(
        "CNN with batch norm",
        True,
        normalized,
        pictures,
        "14",
        normalized=_paths(4, 3),
        gated=tuple((str(3 * at), str(3 * at + 1)) for at in range(4)),
    ),
    Architecture(
        "ResNet",
        False,
        lambda: classifier(conv(3, 24), [Block(24) for _ in range(5)], 24),
        pictures,
        "10",
        normalized=tuple(f"{at}.conv1" for at in range(1, 6)),
        branches=tuple((f"{at}.conv1", f"{at}.bn2") for at in range(1, 6)),
        alike=tuple(f"{at}.conv1" for at in range(1, 6)),
        gated=tuple((f"{at}.conv1", f"{at}.bn1") for at in range(1, 6)),
    ),
    Architecture(
        "MobileNet",
        True,
        lambda: classifier(conv(3, 16), [Inverted(16) for _ in range(4)], 16),
        pictures,
        "9",
        normalized=tuple(f"{at}.{name}" for at in range(1, 5) for name in ("expand", "depthwise")),
        alike=tuple(f"{at}.expand" for at in range(1, 5)),
    ),
    Architecture(
        "DenseNet",
        True,
        lambda: classifier(conv(3, 16), [Growing(16 + 8 * at, 8) for at in range(5)], 56),
        pictures,
        "10",
        normalized=("0",),
    ),
    Architecture(
        "residual convolutions without normalization, 28 blocks",
        True,
        Unnormalized,
        lambda: pictures(8),
        "head",
        branches=tuple((f"first.{at}", f"last.{at}") for at in range(28)),
        unscaled=RELU,
        alike=tuple(f"first.{at}" for at in range(28)),
    ),
    Architecture("U-Net", False, UNet, segments, "head", hidden=("down1", "down2", "middle", "join2", "join1")),
)
