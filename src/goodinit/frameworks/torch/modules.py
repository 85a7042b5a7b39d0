"""What each type of PyTorch module does with its parameters: fans, and how it fills them by default.

Defaults are those of ``reset_parameters`` in PyTorch 2; they have not changed since 1.0.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import nn
from torch.nn.modules import batchnorm, conv, instancenorm, linear, rnn

from goodinit import layer as layers
from goodinit.frameworks.tensor import Default, Place
from goodinit.layer import Layer

Shape = tuple[int, ...]
Seen = tuple[Layer, Default | None]
GATES = {"LSTM": 4, "GRU": 3, "LSTMCell": 4, "GRUCell": 3}
# the part of a reparametrized weight that keeps the values drawn first: direction (weight norm), or what is masked
KEPT = ("_v", "_orig", ":original", ":original1")

ZEROS, ONES = Default("zeros", "zeros"), Default("ones", "ones")


def place_of(module: nn.Module, path: str, name: str, shape: Shape) -> Place:
    """Return how `module` uses its parameter `name`.

    A parameter of an unknown module, or of a shape that its module does not normally have, counts as
    ``(fan-out axis, fan-in axis, *kernel)`` if it has two axes or more.
    """
    counted = _counted(path, "other", shape)
    described = next((look for types, look in USES if isinstance(module, types)), _unknown)
    for ending in KEPT:
        name = name.removesuffix(ending)
    seen = described(module, name, path, shape) if shape else None
    layer, default = seen if seen and seen[0].shape == shape else (counted, None)
    if layer.kind == "bias":
        counted = layer  # no framework computes fans of a bias
    return Place(path, _owner(module), layer, replace(counted, kind=layer.kind), default)


def _owner(module: nn.Module) -> str:
    """Return the name of the module's type, for a parametrized or attention's own one of what it stands for."""
    kind = type(module)
    if hasattr(module, "parametrizations"):
        kind = kind.__bases__[0]
    return "Linear" if kind is linear.NonDynamicallyQuantizableLinear else kind.__name__


def _counted(path: str, kind: str, shape: Shape) -> Layer:
    """Return a tensor with the fans of ``torch.nn.init``: of axes 1 and 0 times all that follow."""
    if len(shape) < 2:
        return Layer(path, kind, shape, 0, 0)
    taps = math.prod(shape[2:])
    return Layer(path, kind, shape, shape[1] * taps, shape[0] * taps)


def _uniform(bound: float, said: str) -> Default:
    return Default(f"uniform(low={-bound!r}, high={bound!r})", said)


def _root(fan: float) -> float:
    """Return 1 / sqrt(fan), or 0 where there is no fan."""
    return 1 / math.sqrt(fan) if fan > 0 else 0.0


def _he_a5(name: str, weight: Layer, path: str, torch_fan_in: float) -> Seen | None:
    """Return a weight or bias of a module that starts as Linear does."""
    bound = _root(torch_fan_in)
    if name == "weight":
        return weight, _uniform(bound, "He uniform with a = sqrt(5), std 1/sqrt(3 fan_in)")
    if name == "bias":
        return layers.bias(path, weight), _uniform(bound, "uniform between +-1/sqrt(fan_in)")
    return None


def _linear(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    weight = layers.dense(path, module.in_features, module.out_features)
    if name == "bias" and isinstance(module, linear.NonDynamicallyQuantizableLinear):
        return layers.bias(path, weight), ZEROS  # attention's output projection
    return _he_a5(name, weight, path, module.in_features)


def _bilinear(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    """Count all products of two inputs, which an output sums; torch counts the first input only."""
    one, two, out = module.in1_features, module.in2_features, module.out_features
    weight = Layer(path, "bilinear", (out, one, two), one * two, out)
    default = _uniform(_root(one), "uniform between +-1/sqrt(in1_features)")
    seen = {"weight": weight, "bias": layers.bias(path, weight)}.get(name)
    return (seen, default) if seen else None


def _conv(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    channels = module.in_channels, module.out_channels
    kernel, groups = module.kernel_size, module.groups
    weight = (
        layers.transposed_conv(path, *channels, kernel, stride=module.stride, groups=groups)
        if module.transposed
        else layers.conv(path, *channels, kernel, groups=groups)
    )
    return _he_a5(name, weight, path, weight.shape[1] * math.prod(kernel))


def _recurrent(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    """Gates are stacked along the first axis; with a projection (LSTM only) a state has fewer units than a gate."""
    gates = GATES.get(getattr(module, "mode", type(module).__name__), 1)
    default = _uniform(_root(module.hidden_size), "uniform between +-1/sqrt(hidden_size)")
    if "weight_hr" in name:
        return layers.dense(path, shape[1], shape[0]), default
    inputs = shape[1] if len(shape) == 2 else module.hidden_size
    weight = layers.packed(path, "recurrent", inputs, module.hidden_size, gates)
    return (weight if name.startswith("weight") else layers.bias(path, weight)), default


def _embedding(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    return layers.embedding(path, *shape), Default("normal(std=1)", "standard normal")


def _attention(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    width = module.embed_dim
    if name in ("in_proj_weight", "in_proj_bias"):
        weight = layers.packed(path, "attention", width, width, 3)
        # the packed matrix counts as one of 3 E outputs: 6 / (E + 3 E)
        default = _uniform(math.sqrt(6 / (4 * width)), "Glorot uniform with the packed fan_out 3 E")
        return (weight, default) if name.endswith("weight") else (layers.bias(path, weight), ZEROS)
    if name.endswith("_proj_weight"):
        weight = Layer(path, "attention", shape, shape[1], shape[0])
        return weight, _uniform(math.sqrt(6 / sum(shape)), "Glorot uniform")
    if name in ("bias_k", "bias_v"):  # shape (1, 1, E) counts as fans E and E
        return Layer(path, "other", shape, 0, 0), Default(f"normal(std={_root(width)!r})", "Glorot normal")
    return None


def _norm(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    weight = layers.scale(path, shape)
    return (weight, ONES) if name == "weight" else (replace(weight, kind="bias"), ZEROS)


def _prelu(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    slope = float(module.init)
    return layers.scale(path, shape), Default(f"constant(value={slope!r})", f"{slope:g} everywhere")


def _unknown(module: Any, name: str, path: str, shape: Shape) -> Seen | None:
    """Know one module of another library: the Conv1D of GPT-2, a dense layer with the axes swapped."""
    if type(module).__name__ != "Conv1D" or not hasattr(module, "nf") or len(shape) != 2 or name != "weight":
        return None
    return Layer(path, "dense", shape, shape[0], shape[1]), None


# the first match counts
USES: tuple[tuple[tuple[type, ...], Callable[..., Seen | None]], ...] = (
    ((nn.Linear,), _linear),
    ((nn.Bilinear,), _bilinear),
    ((conv._ConvNd,), _conv),
    ((rnn.RNNBase, rnn.RNNCellBase), _recurrent),
    ((nn.Embedding, nn.EmbeddingBag), _embedding),
    ((nn.MultiheadAttention,), _attention),
    ((nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, batchnorm._NormBase, instancenorm._InstanceNorm), _norm),
    ((nn.PReLU,), _prelu),
)
