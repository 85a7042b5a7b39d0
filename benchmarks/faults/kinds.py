"""Faults of initialization: what is done to which layers of which architecture. `KINDS` is the one list.

Every one is something that makes training worse or that its author did not mean: a small output layer, a branch that
starts at zero or a small weight before a normalization are recipes and not among them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from architecture import Architecture, drawn

Layers = tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """What is done to a model.

    Parameters
    ----------
    layers : tuple of str
        The layers at which it must be found, by path.
    inject : callable
        Changes the model.
    whole : bool
        Whether it is one of a whole chain, so that any of its layers may be named.
    """

    layers: Layers
    inject: Callable[[nn.Module], None]
    whole: bool = False


def _spread(layers: Sequence[str], count: int) -> list[str]:
    """Return some layers from the beginning, the middle and the end."""
    if len(layers) <= count:
        return list(layers)
    return [layers[round(at * (len(layers) - 1) / max(count - 1, 1))] for at in range(count)]


def _set(
    paths: Sequence[str], change: Callable[[torch.Tensor], object], name: str = "weight"
) -> Callable[[nn.Module], None]:
    def inject(model: nn.Module) -> None:
        with torch.no_grad():
            for path in paths:
                change(getattr(model.get_submodule(path), name))

    return inject


def _inside(a: Architecture) -> Layers:
    return a.hidden + a.normalized


def zeros(a: Architecture) -> Iterator[Fault]:
    """All weights of one hidden layer are 0."""
    for path in _spread(_inside(a), 2):
        yield Fault((path,), _set([path], nn.init.zeros_))


def zeros_everywhere(a: Architecture) -> Iterator[Fault]:
    """All weights of all hidden layers and of the output are 0."""
    if a.hidden:
        yield Fault((*a.hidden, a.output), _set((*a.hidden, a.output), nn.init.zeros_), whole=True)


def constants(a: Architecture) -> Iterator[Fault]:
    """All weights of one hidden layer are the same number."""
    for path in _spread(_inside(a), 2):
        yield Fault((path,), _set([path], lambda w: w.fill_(1 / w[0].numel())))


def small(a: Architecture) -> Iterator[Fault]:
    """A hundredth of the right size in one layer that nothing renews."""
    for path in _spread(a.hidden, 2):
        yield Fault((path,), _set([path], lambda w: w.mul_(0.01)))


def large(a: Architecture) -> Iterator[Fault]:
    """Ten times the right size in one layer that nothing renews, or in the first one of a branch."""
    for path in [*_spread(a.hidden, 2), *_spread([first for first, _ in a.branches if first not in a.normalized], 1)]:
        yield Fault((path,), _set([path], lambda w: w.mul_(10)))


def wrong_fan(a: Architecture) -> Iterator[Fault]:
    """Fan-out instead of fan-in, in one layer of which they differ by more than two."""
    for path in _spread(a.uneven, 4):
        yield Fault((path,), _set([path], lambda w: w.mul_(math.sqrt(w.shape[1] / w.shape[0]))))


def missing_gain(a: Architecture) -> Iterator[Fault]:
    """Deep chains with half the weights' deviation, or with torch's default (a gain of sqrt(1/3))."""
    if a.deep:
        right = math.sqrt(2) if "relu" in a.activation else 1.0
        for gain in (math.sqrt(1 / 3), 0.5):
            yield Fault(a.hidden, _set(a.hidden, lambda w, gain=gain: w.mul_(gain / right)), whole=True)
    if a.deep and "relu" in a.activation:
        yield Fault(a.hidden, _set(a.hidden, lambda w: w.mul_(math.sqrt(1 / 2))), whole=True)  # LeCun's for He's


def exploding(a: Architecture) -> Iterator[Fault]:
    """Deep chains with twice or three times the weights' deviation."""
    if a.deep:
        for times in (2, 3):
            yield Fault(a.hidden, _set(a.hidden, lambda w, times=times: w.mul_(times)), whole=True)


def sigmoid_with_he(a: Architecture) -> Iterator[Fault]:
    """Gains made for others in a chain of sigmoid layers: He's and Glorot's."""
    if a.activation == "sigmoid":
        for gain in (math.sqrt(2), 1.0):

            def inject(model: nn.Module, gain: float = gain) -> None:
                for path in a.hidden:
                    drawn(model.get_submodule(path), gain)

            yield Fault(a.hidden, inject, whole=True)


def identical_layers(a: Architecture) -> Iterator[Fault]:
    """Layers that were copied after they had been drawn: all of them, or one."""

    def inject(model: nn.Module, paths: Sequence[str] = ()) -> None:
        first = model.get_submodule(a.alike[0]).weight.data
        for path in paths:
            model.get_submodule(path).weight.data.copy_(first)

    if len(a.alike) > 1:
        yield Fault(a.alike, lambda model: inject(model, a.alike[1:]))
        yield Fault((a.alike[0], a.alike[-1]), lambda model: inject(model, a.alike[-1:]))


def identical_units(a: Architecture) -> Iterator[Fault]:
    """Half of the units of a layer repeat the other half, as after a careless widening."""

    def repeat(weight: torch.Tensor) -> None:
        half = len(weight) // 2
        weight[half : 2 * half] = weight[:half].clone()

    for path in _spread(_inside(a), 2):
        yield Fault((path,), _set([path], repeat))


def dead_bias(a: Architecture) -> Iterator[Fault]:
    """Biases far below zero before ReLU."""
    if a.activation == "relu":
        for path in _spread(a.hidden, 2):
            yield Fault((path,), _set([path], lambda b: b.fill_(-8.0), "bias"))


def saturating_bias(a: Architecture) -> Iterator[Fault]:
    """Biases far above zero before sigmoid or tanh."""
    if a.activation in ("sigmoid", "tanh"):
        for path in _spread(a.hidden, 2):
            yield Fault((path,), _set([path], lambda b: b.fill_(8.0), "bias"))


def double_zero(a: Architecture) -> Iterator[Fault]:
    """Both factors of an adapter, or first and last layer of a branch, are 0: neither can ever move."""
    for down, up in _spread(a.adapters, 3):
        yield Fault((down, up), _set([down, up], nn.init.zeros_))
    for first, last in _spread(a.branches, 2):
        yield Fault((first, last), _set([first, last], nn.init.zeros_))


def dead_gate(a: Architecture) -> Iterator[Fault]:
    """A norm starts at 0 before ReLU, of which the slope at 0 is 0: the last of a branch may, this one may not."""
    for layer, norm in _spread(a.gated, 3):
        yield Fault((layer, norm), _set([norm], nn.init.zeros_))


def unscaled_branches(a: Architecture) -> Iterator[Fault]:
    """Ends of the branches of a deep stack without normalization as large as any other layer."""
    if a.unscaled:
        for gain in (a.unscaled, 1.0):

            def inject(model: nn.Module, gain: float = gain) -> None:
                for _, last in a.branches:
                    drawn(model.get_submodule(last), gain)

            ends = tuple(last for _, last in a.branches)
            yield Fault(ends, inject, whole=True)


def packed_fan(a: Architecture) -> Iterator[Fault]:
    """Glorot's bound of the packed shape (3d, d), which is sqrt(2) less than that of each of the three."""
    if a.packed:
        yield Fault(a.packed, _set(a.packed, nn.init.xavier_uniform_), whole=True)
        yield Fault(a.packed[:1], _set(a.packed[:1], nn.init.xavier_uniform_))


def sharp_attention(a: Architecture) -> Iterator[Fault]:
    """Queries and keys eight times too large."""
    for pair in _spread(a.queries, 2):
        paths = tuple(dict.fromkeys(pair))
        yield Fault(paths, _set(paths, lambda w: w.mul_(8)))


def forgotten(a: Architecture) -> Iterator[Fault]:
    """One of many alike layers drawn at three times, or at a third of, the others' size."""
    if len(a.alike) >= 4:
        for path, times in zip(_spread(a.alike[1:], 2), (3, 1 / 3), strict=True):
            yield Fault((path,), _set([path], lambda w, times=times: w.mul_(times)))


def confident_output(a: Architecture) -> Iterator[Fault]:
    """An output layer so large that the first loss is a multiple of a guess."""
    if a.tied is None and a.loss == "cross_entropy":
        yield Fault((a.output,), _set([a.output], lambda w: w.mul_(60)))


def tied_embedding(a: Architecture) -> Iterator[Fault]:
    """An embedding that is the output, too, drawn from N(0, 1), torch's default."""
    if a.tied:
        yield Fault((a.tied, a.output), _set([a.tied], nn.init.normal_))


KINDS: dict[str, Callable[[Architecture], Iterator[Fault]]] = {
    "zeros in a layer": zeros,
    "zeros everywhere": zeros_everywhere,
    "constants": constants,
    "x .01": small,
    "x 10": large,
    "fan-out for fan-in": wrong_fan,
    "missing gain for depth": missing_gain,
    "too large a gain for depth": exploding,
    "sigmoid with He or Glorot": sigmoid_with_he,
    "identical layers": identical_layers,
    "identical units": identical_units,
    "dead ReLU by bias": dead_bias,
    "saturated by bias": saturating_bias,
    "double-zero adapter or branch": double_zero,
    "zero norm before ReLU": dead_gate,
    "unscaled residual branches": unscaled_branches,
    "packed-attention fan": packed_fan,
    "settled attention": sharp_attention,
    "one forgotten layer": forgotten,
    "confident output": confident_output,
    "tied embedding at N(0, 1)": tied_embedding,
}
