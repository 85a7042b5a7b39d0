"""The parameters of a PyTorch model, one record each."""

import functools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from goodinit.frameworks.tensor import Array, Place, Tensor
from goodinit.frameworks.torch.modules import place_of

Key = tuple[Any, ...]


def is_module(model: Any) -> bool:
    """Return whether `model` is a PyTorch module."""
    return isinstance(model, nn.Module)


def read(model: nn.Module) -> list[Tensor]:
    """Return one record for each distinct parameter, in state-dict order; buffers are not parameters."""
    found: dict[Key, tuple[nn.Module, nn.Parameter, list[Place]]] = {}
    for module, path, name, parameter in _parameters(model):
        known = found.setdefault(_key(parameter), (module, parameter, []))
        known[2].append(place_of(module, path, name, _shape(parameter)))
    return [_tensor(*entry) for entry in found.values()]


def _parameters(model: nn.Module) -> Iterator[tuple[nn.Module, str, str, nn.Parameter]]:
    """Yield (module that uses it, path, name within that module, parameter) in state-dict order.

    A parametrized weight is kept by a list below the module that uses it.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    for prefix, module in modules.items():
        for key, parameter in module._parameters.items():
            if parameter is None:
                continue
            path = f"{prefix}.{key}" if prefix else key
            parent, listed, name = f".{prefix}".rpartition(".parametrizations.")
            if listed and parent.lstrip(".") in modules:
                yield modules[parent.lstrip(".")], path, f"{name}:{key}", parameter
            else:
                yield module, path, key, parameter


def _key(parameter: nn.Parameter) -> Key:
    """Return what two names of the same numbers have in common."""
    if _unreadable(parameter) or parameter.numel() == 0:
        return (id(parameter),)
    return (parameter.device, parameter.data_ptr(), parameter.dtype, parameter.shape, parameter.stride())


def _shape(parameter: nn.Parameter) -> tuple[int, ...]:
    return () if nn.parameter.is_lazy(parameter) else tuple(parameter.shape)


def _unreadable(parameter: nn.Parameter) -> str:
    """Say why a parameter has no values to look at; nothing if it has."""
    if nn.parameter.is_lazy(parameter):
        return "not yet built: a lazy module gets its shape from the first batch"
    if parameter.is_meta:
        return "on the meta device, which keeps no values"
    if parameter.is_quantized:
        return "quantized: the initial values are gone"
    if parameter.layout != torch.strided:
        return f"in the layout {str(parameter.layout).removeprefix('torch.')}, of which only the dense one is read"
    if not (parameter.is_floating_point() or parameter.is_complex()):
        return f"whole numbers ({_dtype(parameter)}), which no initializer draws"
    return ""


def _dtype(parameter: nn.Parameter) -> str:
    return str(parameter.dtype).removeprefix("torch.")


def _tensor(module: nn.Module, parameter: nn.Parameter, places: list[Place]) -> Tensor:
    unreadable = _unreadable(parameter)
    padding = getattr(module, "padding_idx", None) if places[0].layer.kind == "embedding" else None
    return Tensor(
        places=tuple(places),
        shape=_shape(parameter),
        dtype=_dtype(parameter),
        grain=math.nan if unreadable else torch.finfo(parameter.dtype).eps,
        read=functools.partial(_values, parameter),
        unreadable=unreadable,
        padding=padding,
        is_complex=parameter.is_complex(),
    )


@torch.no_grad()
def _values(parameter: nn.Parameter) -> Array:
    """Return the numbers of a parameter for NumPy, without a copy where they lie in memory as 32 or 64 bits."""
    values = parameter.detach()
    if values.is_complex():
        values = torch.view_as_real(values.resolve_conj())
    if values.dtype not in (torch.float32, torch.float64):
        values = values.float()
    array: Array = np.asarray(values.cpu().resolve_neg().numpy())
    return array
