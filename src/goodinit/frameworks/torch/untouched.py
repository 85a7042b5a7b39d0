"""A model that is looked at is afterwards bit for bit what it was, whatever happens in between.

What is kept and put back: every module's attributes (train flags, hooks, submodules, plain values) and the
contents of lists, dictionaries and sets among them, however deep; all tensors with their values, gradients and
`requires_grad`; the random states of Python, NumPy and torch and of generators that modules hold; grad mode and
default dtype.
The values cost once the memory of the model's tensors.
"""

import collections
import contextlib
import random
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

Undo = Callable[[], object]
_CONTAINERS = (list, dict, set, collections.deque)


@contextlib.contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Put model and random states back on the way out, also after an exception or Ctrl-C."""
    undo = [*_surroundings(), *_tensors(model), *_attributes(model)]
    try:
        yield
    finally:
        with _undisturbed():
            for each in reversed(undo):
                each()


def tensors_of(model: nn.Module) -> list[torch.Tensor]:
    """Return all tensors that a model holds, each once: parameters, buffers, attributes, and what containers hold."""
    found = {id(one): one for module in model.modules() for one in _held(module) if isinstance(one, torch.Tensor)}
    return list(found.values())


def _held(module: nn.Module) -> Iterator[Any]:
    """Give the values of a module's attributes, and what stands in containers among them, however deep."""
    waiting, known = list(vars(module).values()), set()
    while waiting:
        value = waiting.pop()
        if id(value) in known:
            continue
        known.add(id(value))
        yield value
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, (*_CONTAINERS, tuple)):
            waiting.extend(value)


def _tensors(model: nn.Module) -> Iterator[Undo]:
    """Keep values, gradients and flags of all tensors."""
    for tensor in tensors_of(model):
        if tensor.is_meta or isinstance(
            tensor, (nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer)
        ):
            continue
        if tensor.grad is not None:
            yield _values(tensor.grad)
        yield _values(tensor)
        yield _gradient(tensor)


def _values(tensor: torch.Tensor) -> Undo:
    where, kept = tensor.data, tensor.detach().clone()

    def undo() -> None:
        if not tensor.is_sparse and tensor.data_ptr() != where.data_ptr():
            tensor.data = where
        with torch.inference_mode(tensor.is_inference()):  # only there may such a tensor be written
            tensor.data.copy_(kept)

    return undo


def _gradient(tensor: torch.Tensor) -> Undo:
    flag, gradient, is_leaf = tensor.requires_grad, tensor.grad if tensor.is_leaf else None, tensor.is_leaf

    def undo() -> None:
        if is_leaf and tensor.is_leaf:
            if tensor.requires_grad != flag:
                tensor.requires_grad_(flag)
            tensor.grad = gradient

    return undo


def _attributes(model: nn.Module) -> Iterator[Undo]:
    """Keep the attributes of all modules, and what stands in containers among them."""
    for module in model.modules():
        yield _bound(module)
        for value in list(_held(module)):
            if isinstance(value, _CONTAINERS):
                yield _contents(value)
            elif isinstance(value, np.random.Generator):
                yield _bits(value)
            elif isinstance(value, torch.Generator):
                yield _state(value)


def _bound(module: nn.Module) -> Undo:
    kept = dict(vars(module))

    def undo() -> None:
        vars(module).clear()
        vars(module).update(kept)

    return undo


def _contents(container: Any) -> Undo:
    kept = list(container.items()) if isinstance(container, dict) else list(container)
    add = container.extend if isinstance(container, (list, collections.deque)) else container.update

    def undo() -> None:
        container.clear()
        add(kept)

    return undo


def _bits(generator: np.random.Generator) -> Undo:
    kept = generator.bit_generator.state

    def undo() -> None:
        generator.bit_generator.state = kept

    return undo


def _state(generator: torch.Generator) -> Undo:
    kept = generator.get_state()
    return lambda: generator.set_state(kept)


def _surroundings() -> Iterator[Undo]:
    """Keep random states, grad mode and default dtype."""
    python, legacy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    yield lambda: random.setstate(python)
    yield lambda: np.random.set_state(legacy)  # noqa: NPY002
    yield lambda: torch.set_rng_state(cpu)
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        cuda = torch.cuda.get_rng_state_all()
        yield lambda: torch.cuda.set_rng_state_all(cuda)
    if torch.backends.mps.is_available():
        mps = torch.mps.get_rng_state()
        yield lambda: torch.mps.set_rng_state(mps)
    grad, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    yield lambda: torch.set_grad_enabled(grad)
    yield lambda: torch.set_default_dtype(dtype)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C back until everything has been put back."""
    held = hasattr(signal, "pthread_sigmask") and threading.current_thread() is threading.main_thread()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if held else set()
    try:
        yield
    finally:
        if held:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
