"""Transformers, a mixer, gated layers, a recurrent network; and low-rank adapters of attention."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from architecture import CLASSES, Architecture, conv, dense, pictures, tokens
from nets_dense import Adapter

WORDS, LENGTH = 50, 12


class Attention(nn.Module):
    """Multi-head attention with a packed projection, or with three."""

    def __init__(self, width: int, causal: bool, packed: bool, gain: float = 1.0, end: float = 1.0) -> None:
        super().__init__()
        self.causal, self.packed = causal, packed
        if packed:
            self.qkv = dense(width, 3 * width, gain)
        else:
            self.query, self.key, self.value = (dense(width, width, gain) for _ in range(3))
        self.out = dense(width, width, end)

    def forward(self, x: Tensor) -> Tensor:
        three = self.qkv(x).chunk(3, -1) if self.packed else (self.query(x), self.key(x), self.value(x))
        q, k, v = (one.unflatten(-1, (4, -1)).transpose(1, 2) for one in three)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    """Blocks of attention and a two-layer network: normalized before each branch, or after each sum."""

    def __init__(
        self, blocks: int, width: int, causal: bool, packed: bool, before: bool, gain: float, end: float
    ) -> None:
        super().__init__()
        self.before = before
        self.attend = nn.ModuleList(Attention(width, causal, packed, gain, end) for _ in range(blocks))
        self.fc1 = nn.ModuleList(dense(width, 4 * width, gain) for _ in range(blocks))
        self.fc2 = nn.ModuleList(dense(4 * width, width, end) for _ in range(blocks))
        self.norm1 = nn.ModuleList(nn.LayerNorm(width) for _ in range(blocks))
        self.norm2 = nn.ModuleList(nn.LayerNorm(width) for _ in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        for attend, fc1, fc2, norm1, norm2 in zip(self.attend, self.fc1, self.fc2, self.norm1, self.norm2, strict=True):
            if self.before:
                x = x + attend(norm1(x))
                x = x + fc2(functional.gelu(fc1(norm2(x))))
            else:
                x = norm1(x + attend(x))
                x = norm2(x + fc2(functional.gelu(fc1(x))))
        return x


class Speaker(nn.Module):
    """A language model whose embedding of deviation .02 is its output layer, too."""

    def __init__(self, inner: nn.Module, width: int) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(WORDS, width), nn.Parameter(0.02 * torch.randn(LENGTH, width))
        nn.init.normal_(self.embed.weight, std=0.02)
        self.inner, self.norm = inner, nn.LayerNorm(width)
        self.head = nn.Linear(width, WORDS, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, text: Tensor) -> Tensor:
        return self.head(self.norm(self.inner(self.embed(text) + self.place)))


class Viewer(nn.Module):
    """Patches of a picture as tokens, averaged for a class."""

    def __init__(self, inner: nn.Module, width: int) -> None:
        super().__init__()
        self.patch = conv(3, width, 3, 1.0, stride=3)
        self.inner, self.norm, self.head = inner, nn.LayerNorm(width), dense(width, CLASSES, 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.inner(self.patch(x).flatten(2).transpose(1, 2))).mean(1))


class Mixer(nn.Module):
    """Dense layers along tokens and along channels in turns."""

    def __init__(self, blocks: int, length: int, width: int) -> None:
        super().__init__()
        self.norm1 = nn.ModuleList(nn.LayerNorm(width) for _ in range(blocks))
        self.norm2 = nn.ModuleList(nn.LayerNorm(width) for _ in range(blocks))
        self.token1 = nn.ModuleList(dense(length, 2 * length) for _ in range(blocks))
        self.token2 = nn.ModuleList(dense(2 * length, length) for _ in range(blocks))
        self.channel1 = nn.ModuleList(dense(width, 2 * width) for _ in range(blocks))
        self.channel2 = nn.ModuleList(dense(2 * width, width) for _ in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        for n1, n2, t1, t2, c1, c2 in zip(
            self.norm1, self.norm2, self.token1, self.token2, self.channel1, self.channel2, strict=True
        ):
            x = x + t2(functional.gelu(t1(n1(x).transpose(1, 2)))).transpose(1, 2)
            x = x + c2(functional.gelu(c1(n2(x))))
        return x


class Gated(nn.Module):
    """Pre-norm blocks of gated layers (SwiGLU) after attention with three projections."""

    def __init__(self, blocks: int, width: int) -> None:
        super().__init__()
        end = 1 / math.sqrt(2 * blocks)
        self.attend = nn.ModuleList(Attention(width, True, False, 1.0, end) for _ in range(blocks))
        self.norm1 = nn.ModuleList(nn.RMSNorm(width) for _ in range(blocks))
        self.norm2 = nn.ModuleList(nn.RMSNorm(width) for _ in range(blocks))
        self.gate = nn.ModuleList(dense(width, 2 * width) for _ in range(blocks))
        self.up = nn.ModuleList(dense(width, 2 * width) for _ in range(blocks))
        self.down = nn.ModuleList(dense(2 * width, width, end) for _ in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        for at, attend in enumerate(self.attend):
            x = x + attend(self.norm1[at](x))
            y = self.norm2[at](x)
            x = x + self.down[at](functional.silu(self.gate[at](y)) * self.up[at](y))
        return x


class Reader(nn.Module):
    """Two recurrent layers; the last state is classified."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed, self.memory = nn.Embedding(WORDS, width), nn.LSTM(width, width, 2, batch_first=True)
        self.hidden, self.head = dense(width, width, math.sqrt(2)), dense(width, CLASSES, 0.5)
        for name, one in self.memory.named_parameters():
            if "weight_hh" in name:
                for part in one.data.chunk(4):
                    nn.init.orthogonal_(part)
            elif "weight" in name:
                nn.init.normal_(one, std=1 / math.sqrt(width))
            else:
                nn.init.zeros_(one)

    def forward(self, text: Tensor) -> Tensor:
        return self.head(torch.relu(self.hidden(self.memory(self.embed(text))[0][:, -1])))


def adapted() -> nn.Module:
    model = Viewer(Transformer(3, 48, False, False, True, 1.0, 0.5), 48)
    for attend in model.inner.attend:
        attend.query, attend.value = Adapter(attend.query), Adapter(attend.value)
    return model


def labelled() -> tuple[Tensor, Tensor]:
    text, _ = tokens(WORDS, LENGTH)
    return text, torch.randint(CLASSES, (len(text),))


def _each(name: str, count: int, inside: str = "inner.") -> tuple[str, ...]:
    return tuple(f"{inside}{name.format(at)}" for at in range(count))


def _branches(count: int, first: str, last: str) -> tuple[tuple[str, str], ...]:
    return tuple(zip(_each(first, count), _each(last, count), strict=True))


_QKV, _FC1 = _each("attend.{}.qkv", 6), _each("fc1.{}", 6)
_APART = _branches(6, "attend.{}.query", "attend.{}.key")
NETS = (
    Architecture(
        "GPT",
        False,
        lambda: Speaker(Transformer(6, 64, True, True, True, 1.0, 1 / math.sqrt(12)), 64),
        tokens,
        "head",
        "gelu",
        branches=_branches(6, "fc1.{}", "fc2.{}"),
        packed=_QKV,
        queries=tuple(zip(_QKV, _QKV, strict=True)),
        alike=_FC1,
        tied="embed",
    ),
    Architecture(
        "post-norm encoder",
        True,
        lambda: Speaker(Transformer(4, 64, False, False, False, 1.0, 1.0), 64),
        tokens,
        "head",
        "gelu",
        branches=_branches(4, "fc1.{}", "fc2.{}"),
        queries=_APART[:4],
        alike=_FC1[:4],
        tied="embed",
    ),
    Architecture(
        "ViT",
        True,
        lambda: Viewer(Transformer(4, 64, False, True, True, 1.0, 0.5), 64),
        pictures,
        "head",
        "gelu",
        branches=_branches(4, "fc1.{}", "fc2.{}"),
        packed=_QKV[:4],
        queries=tuple(zip(_QKV[:4], _QKV, strict=False)),
        alike=_FC1[:4],
    ),
    Architecture(
        "ViT with adapters",
        True,
        adapted,
        pictures,
        "head",
        "gelu",
        adapters=tuple(
            (f"{path}.down", f"{path}.up") for path in _each("attend.{}.query", 3) + _each("attend.{}.value", 3)
        ),
    ),
    Architecture(
        "mixer",
        False,
        lambda: Viewer(Mixer(4, 16, 48), 48),
        pictures,
        "head",
        "gelu",
        branches=_branches(4, "channel1.{}", "channel2.{}"),
        alike=_each("channel1.{}", 4),
    ),
    Architecture(
        "gated transformer",
        False,
        lambda: Speaker(Gated(6, 48), 48),
        tokens,
        "head",
        "silu",
        queries=_APART,
        alike=_each("gate.{}", 6),
        tied="embed",
        branches=_branches(6, "gate.{}", "down.{}"),
    ),
    Architecture("LSTM", True, lambda: Reader(48), labelled, "head", "relu", hidden=("hidden",)),
)
