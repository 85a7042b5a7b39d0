"""Which modules are layers, of what kind, with which fans, and on which axis their units lie."""

import torch
from torch import nn
from torch.nn.modules import conv as convolutions

from goodinit.frameworks.torch.modules import place_of

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
PARAMETRIC = (nn.PReLU,)  # activations with parameters: seen in the graph, not layers


def layers(model: nn.Module) -> dict[str, nn.Module]:
    """Return the modules that are layers, by path: those with parameters of their own and no layer inside.

    Attention is one too, although its output projection lies inside and is never called.
    """
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        own = any(one is not None for one in module._parameters.values())
        attention = isinstance(module, nn.MultiheadAttention)
        has_children = any(True for _ in module.children()) and not _parametrized(module)
        if (own or _parametrized(module)) and (attention or not has_children) and not isinstance(module, PARAMETRIC):
            found[path] = module
    return found


def _parametrized(module: nn.Module) -> bool:
    return hasattr(module, "parametrizations")


def kind(module: nn.Module) -> str:
    """Return what sort of layer a module is."""
    named = type(module).__name__.lower()
    if isinstance(module, convolutions._ConvNd):
        return "conv"
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)) or named.endswith("embedding"):
        return "embedding"
    if isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        return "recurrent"
    if isinstance(module, nn.MultiheadAttention):
        return "attention"
    if "norm" in named or isinstance(module, (nn.GroupNorm, nn.LayerNorm)):
        return "norm"
    weight = weight_of(module)
    if weight is None or (weight.ndim > 2 and weight.numel() == max(weight.shape)):
        return "scale"  # also with axes of length 1 for positions
    if weight.ndim == 2:
        return "dense"
    return "conv" if weight.ndim in (3, 4, 5) and "conv" in named else "other"


def weight_of(module: nn.Module) -> torch.Tensor | None:
    """Return the tensor that a layer multiplies with: its weight, or else its first with at least two axes."""
    named = getattr(owner_of(module), "weight", None)
    if isinstance(named, torch.Tensor) and named.ndim >= 2:
        return named
    own = [one for one in module._parameters.values() if one is not None and one.ndim >= 2]
    return own[0] if own else None


def fans(module: nn.Module) -> tuple[float, float]:
    """Return how many inputs one output sums and how many outputs one input feeds, (0, 0) where that means nothing."""
    weight, owner = weight_of(module), owner_of(module)
    name = next((key for key, one in owner._parameters.items() if one is weight), "weight")
    if weight is None or nn.parameter.is_lazy(weight) or kind(module) in ("norm", "scale"):
        return 0, 0
    layer = place_of(owner, "", name, tuple(weight.shape)).layer
    return layer.fan_in, layer.fan_out


def owner_of(module: nn.Module) -> nn.Module:
    """Return the module that holds a layer's weight: of attention the output projection, which is never called."""
    return module.out_proj if isinstance(module, nn.MultiheadAttention) else module


def unit_axis(module: nn.Module, output: torch.Tensor) -> int:
    """Return the axis of an output on which its units lie: the second one for channels, else the last."""
    channels = isinstance(module, (convolutions._ConvNd, nn.modules.batchnorm._BatchNorm, nn.GroupNorm))
    channels |= isinstance(module, nn.modules.instancenorm._InstanceNorm)
    return 1 if channels and output.ndim > 2 else output.ndim - 1


def unit_rows(module: nn.Module, weight: torch.Tensor) -> torch.Tensor:
    """Return a weight as (units, inputs)."""
    turned = isinstance(module, TRANSPOSED) or type(module).__name__ == "Conv1D"
    if turned and weight.ndim >= 2:
        weight = weight.transpose(0, 1)
    return weight.reshape(weight.shape[0], -1)
