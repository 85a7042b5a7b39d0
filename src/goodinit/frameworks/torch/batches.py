"""What users call a batch, understood: arguments of the model's forward pass, and targets.

The model gets copies, so that the user's own tensors cannot be changed.
"""

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from goodinit.errors import InputError

_KINDS = "a tensor, a tuple or dict of tensors, (inputs, targets), a DataLoader, or a function of the model"


@dataclass(frozen=True)
class Feed:
    """How to run a model once.

    Parameters
    ----------
    call : callable
        ``call(model)`` makes one forward pass and returns its output.
    targets : object
        None if there are none.
    tensors : tuple of tensor
        The model's inputs, as far as they are known.
    how : str
        How the batch was understood, in words.
    own : object
        The copy of the batch that the model gets; None where a function runs the model.
    """

    call: Callable[[nn.Module], Any]
    targets: Any
    tensors: tuple[torch.Tensor, ...]
    how: str
    own: Any = None


def feed(model: nn.Module, batch: Any, has_loss: bool) -> Feed:
    """Return how to run the model on what the user gave.

    A pair is (inputs, targets) if a loss was given or if the forward pass takes one argument only; otherwise both
    are arguments. A list is what a DataLoader makes, and means the same as a tuple.

    Raises
    ------
    InputError
        If it is nothing that could be a batch.
    """
    if callable(batch) and not isinstance(batch, (torch.Tensor, Mapping, nn.Module)):
        return Feed(batch, None, (), "the given function runs the model")
    first = _first(batch) if _is_loader(batch) else batch
    prefix = "the first batch of the loader: " if _is_loader(batch) else ""
    own = placed(model, copied(first, _precision(model)))
    if first is None or isinstance(first, (str, bytes, int, float)):
        raise InputError(f"a batch must be {_KINDS}, got {type(first).__name__} {str(first)[:40]!r}")
    return replace(_understood(model, own, has_loss, prefix), own=own)


def fewer(model: nn.Module, given: Feed, has_loss: bool, count: int) -> Feed:
    """Return the same with the first few examples; the same itself where it cannot be told what an example is."""
    sizes = {len(one) if one.ndim else 0 for one in tensors_in(given.own)}
    if given.own is None or len(sizes) != 1 or min(sizes) <= count:
        return given
    return _understood(model, _cut(given.own, count), has_loss, "")


def _cut(value: Any, count: int) -> Any:
    if isinstance(value, torch.Tensor):
        return value[:count]
    if type(value) in (list, tuple):
        return type(value)(_cut(one, count) for one in value)
    return {key: _cut(one, count) for key, one in value.items()} if isinstance(value, Mapping) else value


def _understood(model: nn.Module, own: Any, has_loss: bool, prefix: str) -> Feed:
    if isinstance(own, torch.Tensor):
        return Feed(lambda net: net(own), None, (own,), f"{prefix}one tensor of shape {tuple(own.shape)}")
    if isinstance(own, Mapping):
        return _keywords(model, own, prefix)
    if isinstance(own, (tuple, list)) and own:
        return _arguments(model, tuple(own), has_loss, prefix)
    if isinstance(own, (tuple, list)):
        raise InputError(f"a batch must be {_KINDS}, got an empty {type(own).__name__}")
    return Feed(lambda net: net(own), None, tuple(tensors_in(own)), f"{prefix}one {type(own).__name__}")


def _is_loader(batch: Any) -> bool:
    return isinstance(batch, Iterable) and not isinstance(
        batch, (torch.Tensor, np.ndarray, Mapping, tuple, list, str, bytes)
    )


def _first(loader: Any) -> Any:
    """Return the first batch of a loader, None if it has none; its generators are afterwards as they were."""
    if isinstance(loader, Iterator):
        raise InputError(
            "an iterator would lose the batch that is looked at; give the loader itself, or next(iterator)"
        )
    owned = [getattr(one, "generator", None) for one in (loader, getattr(loader, "sampler", None))]
    kept = [(one, one.get_state()) for one in owned if isinstance(one, torch.Generator)]
    try:
        return next(iter(loader), None)
    finally:
        for generator, state in kept:
            generator.set_state(state)


def _keywords(model: nn.Module, own: Mapping[str, Any], prefix: str) -> Feed:
    names = ", ".join(str(key) for key in own)
    return Feed(lambda net: net(**own), None, tuple(tensors_in(own)), f"{prefix}keyword arguments {names}")


def _arguments(model: nn.Module, own: tuple[Any, ...], has_loss: bool, prefix: str) -> Feed:
    if len(own) == 2 and (has_loss or _takes(model) == 1):
        inputs, targets = own
        if isinstance(inputs, Mapping):
            known = _keywords(model, inputs, prefix)
            return Feed(known.call, targets, known.tensors, f"{known.how}; and targets")
        args = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        return Feed(lambda net: net(*args), targets, tuple(tensors_in(args)), f"{prefix}inputs and targets")
    return Feed(lambda net: net(*own), None, tuple(tensors_in(own)), f"{prefix}{len(own)} arguments")


def _takes(model: nn.Module) -> int:
    """Return how many positional arguments the forward pass must have; 1 if that cannot be known."""
    try:
        each = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = sum(one.kind in kinds and one.default is inspect.Parameter.empty for one in each)
    return max(needed, 1)


def _precision(model: nn.Module) -> torch.dtype | None:
    return next((one.dtype for one in model.parameters() if one.is_floating_point()), None)


def copied(value: Any, precision: torch.dtype | None = None) -> Any:
    """Return a copy of whatever holds tensors; NumPy arrays become tensors, floating ones of the given precision."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        made = torch.from_numpy(value.copy())
        return made.to(precision) if made.is_floating_point() else made
    if type(value) in (list, tuple):
        return type(value)(copied(one, precision) for one in value)
    if type(value) is dict:
        return {key: copied(one, precision) for key, one in value.items()}
    try:
        return copy.deepcopy(value)
    except (TypeError, RuntimeError):  # what cannot be copied holds no plain tensors
        return value


def placed(model: nn.Module, value: Any) -> Any:
    """Return copies of tensors on the model's device, floating ones in its precision if that is a half one."""
    first = next((one for one in model.parameters() if not one.is_meta), None)
    if first is None:
        return value
    half = first.dtype if first.dtype in (torch.float16, torch.bfloat16) else None

    def move(one: Any) -> Any:
        if isinstance(one, torch.Tensor):
            cast = half if half and one.dtype == torch.float32 else None
            moved = one.detach().to(first.device, cast)
            return moved.requires_grad_(one.requires_grad) if moved.is_floating_point() else moved
        if type(one) in (list, tuple):
            return type(one)(move(part) for part in one)
        return {key: move(part) for key, part in one.items()} if isinstance(one, Mapping) else one

    return move(value)


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Give the tensors in tuples, lists, dictionaries, data classes and named outputs, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from tensors_in(one)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from tensors_in(one)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for each in dataclasses.fields(value):
            yield from tensors_in(getattr(value, each.name))


def floating(value: Any) -> list[torch.Tensor]:
    """Return the real floating tensors in a value."""
    return [one for one in tensors_in(value) if one.is_floating_point()]
