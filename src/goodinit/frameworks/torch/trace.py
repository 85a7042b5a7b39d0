"""One pass forward and one backward through anybody's model, which is afterwards as it was."""

import copy
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from goodinit.errors import InputError
from goodinit.frameworks.observation import Missed, Observation
from goodinit.frameworks.torch import reading
from goodinit.frameworks.torch.batches import feed, fewer, floating
from goodinit.frameworks.torch.calls import Call, Recorder
from goodinit.frameworks.torch.graph import graph
from goodinit.frameworks.torch.layers import layers
from goodinit.frameworks.torch.losses import Loss, Scalar, is_out_of_memory, main, scalar
from goodinit.frameworks.torch.parameters import parameters, sizes, values
from goodinit.frameworks.torch.untouched import untouched

FEW = 4  # examples with which it is first tried what moves next
COMPLEX = "complex numbers, of which nothing is measured"
STEP = 1e-2  # of its own size, by which a parameter moves to see what moves next


def trace(
    model: nn.Module, batch: Any, *, loss: str | Loss | None = None, mode: str | None = None, seed: int = 0
) -> Observation:
    """Return what one pass forward and one backward show.

    Parameters
    ----------
    model : Module
        In train or eval mode; its parameters, buffers, gradients, flags, hooks and all random states are bit for
        bit the same afterwards, whatever happens. Lazily built modules are built in a copy.
    batch : tensor, tuple, dict, (inputs, targets), DataLoader or callable
        See `goodinit.frameworks.torch.batches.feed`.
    loss : str or callable, optional
        ``cross_entropy``, ``mse``, ``binary_cross_entropy``, or ``loss(output, targets)``.
    mode : str, optional
        ``train`` or ``eval``: look at it in that mode; by default in that in which it is.
    seed : int
        Of what is random in the forward pass, such as dropout, and of a random direction of the outputs.

    Raises
    ------
    InputError
        If there is no model, batch or loss to speak of.
    Exception
        Whatever the model raises in its forward pass, with a note that names the layer.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"a PyTorch model is a torch.nn.Module, got {type(model).__name__}")
    if mode not in (None, "train", "eval"):
        raise InputError(f"mode must be train or eval, got {mode!r}")
    model = _looked_at(model)
    with untouched(model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the model, which has shown them already
        torch.manual_seed(seed)
        if mode is not None:
            model.train(mode == "train")
        with torch.inference_mode(False), torch.enable_grad():
            return _observe(model, batch, loss)


def _looked_at(model: nn.Module) -> nn.Module:
    """Return the module inside wrappers; a copy of one that has not been built yet."""
    inside = getattr(model, "_orig_mod", model)  # of torch.compile
    if isinstance(inside, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        inside = inside.module
    if not any(nn.parameter.is_lazy(one) for one in (*inside.parameters(), *inside.buffers())):
        return inside
    try:
        return copy.deepcopy(inside)
    except Exception as error:
        raise InputError(
            f"the model is built lazily, and torch cannot copy it ({type(error).__name__}): "
            "call it once on a batch first"
        ) from error


def _observe(model: nn.Module, batch: Any, loss: str | Loss | None) -> Observation:
    if unfit := _unfit(model):
        return _nothing(model, unfit)
    given = feed(model, batch, loss is not None)
    frozen = _thawed(model)
    recorder = Recorder(layers(model))
    recorder.attach(model)
    output = _forward(model, given.call, recorder)
    recorder.recording = False
    if not floating(output):
        return _nothing(model, Missed("gradients", "the model's output holds no floating tensor", all=True))
    value = scalar(output, given.targets, loss)
    calls = recorder.calls
    lines = graph(calls, [value.value.grad_fn] if value.value.grad_fn is not None else [])
    structure = reading.structure(lines, calls)
    gradients, missed = _backward(model, value, calls)
    summary = values(model, sizes(gradients), frozen)  # before parameters take a step to see what moves
    few = fewer(model, given, loss is not None, FEW)
    attempts = [given] if few is given else [few, given]
    passes = [lambda one=one: scalar(one.call(model), one.targets, loss) for one in attempts]
    moves = _moves(model, passes, gradients)
    result = main(output).detach().double()  # float32 may have no room for the squares
    return Observation(
        model=type(model).__name__,
        mode=_mode(model),
        batch=given.how,
        loss=value.how,
        examples=len(given.tensors[0]) if given.tensors and given.tensors[0].ndim else 0,
        layers=reading.layers(calls, structure.around),
        values=tuple(replace(one, moves=moves.get(one.path, "unknown")) for one in summary),
        firsts=structure.firsts,
        weighed=structure.weighed,
        repeated=structure.repeated,
        links=structure.links,
        stream=structure.stream,
        ends=structure.ends,
        attentions=structure.attentions,
        loss_value=float(value.value) if value.is_loss else None,
        prior=value.prior,
        output_std=float(result.std()) if result.numel() > 1 else 0.0,
        classes=value.classes,
        missed=(*missed, *_unseen(model)),
    )


def _thawed(model: nn.Module) -> set[str]:
    """Let gradients reach all parameters, and return which were frozen."""
    frozen = {path for path, one in parameters(model).items() if not one.requires_grad}
    for one in model.parameters():
        if one.is_floating_point() and not isinstance(one, nn.parameter.UninitializedParameter):
            one.requires_grad_(True)
    return frozen


def _unfit(model: nn.Module) -> Missed | None:
    """Return why a model cannot be looked at, if it cannot."""
    if isinstance(model, torch.jit.ScriptModule):
        return Missed(
            "everything", "a TorchScript module takes no hooks; check the module that it was made from", all=True
        )
    if any(one.is_meta for one in model.parameters()):
        return Missed(
            "everything", "parameters on the meta device have no values; build the model on a real one", all=True
        )
    built = [one for one in model.parameters() if not isinstance(one, nn.parameter.UninitializedParameter)]
    if any(one.is_inference() for one in built):
        return Missed("everything", "parameters made under torch.inference_mode() have no gradients", all=True)
    if not any(True for _ in model.parameters()):
        return Missed("everything", "the model has no parameters", all=True)
    if built and all(one.is_complex() for one in built):
        return Missed("everything", f"its parameters are {COMPLEX}", all=True)
    return None


def _unseen(model: nn.Module) -> list[Missed]:
    """Return the parameters that are not looked at."""
    found = tuple(path for path, one in parameters(model).items() if one.is_complex())
    return [Missed(", ".join(found[:3]), f"they are {COMPLEX}", found)] if found else []


def _nothing(model: nn.Module, missed: Missed) -> Observation:
    return Observation(type(model).__name__, _mode(model), missed=(missed,))


def _mode(model: nn.Module) -> str:
    modes = {module.training for module in model.modules()}
    return "mixed" if len(modes) > 1 else "train" if modes.pop() else "eval"


def _forward(model: nn.Module, call: Any, recorder: Recorder) -> Any:
    try:
        return call(model)
    except Exception as error:
        where = recorder.inside[-1] if recorder.inside else ""
        name = type(model.get_submodule(where)).__name__
        at = f"{where!r} ({name})" if where else f"the model itself ({name})"
        error.add_note(f"goodinit: raised in the forward pass of {at}; the model is as it was before")
        raise


def _lost(value: Scalar, calls: Sequence[Call]) -> str:
    """Return why there is no gradient to speak of, if there is none."""
    what = "loss" if value.is_loss else "output"
    if value.value.grad_fn is None:
        return f"the {what} does not depend on any parameter through differentiable steps"
    if bool(value.value.isnan()) and all(bool(one.numbers["output"].isfinite().all()) for one in calls):
        return (
            f"the {what} is NaN although the outputs of all layers are finite; look at what follows them, and at "
            "the targets: cross_entropy leaves those of -100 out"
        )
    return ""


def _backward(model: nn.Module, value: Scalar, calls: Sequence[Call]) -> tuple[dict[str, Tensor | None], list[Missed]]:
    """Return the gradients with respect to all parameters, and what went wrong."""
    named = {name: one for name, one in parameters(model).items() if one.requires_grad}
    if lost := _lost(value, calls):
        return {}, [Missed("gradients", lost, all=True)]
    try:
        found = torch.autograd.grad(value.value, list(named.values()), allow_unused=True)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        why = f"the backward pass raised {type(error).__name__}: {str(error).strip().splitlines()[0]}"
        return {}, [Missed("gradients", why, all=True)]
    return dict(zip(named, found, strict=True)), []


def _moves(
    model: nn.Module, passes: Sequence[Callable[[], Scalar]], gradients: Mapping[str, Tensor | None]
) -> dict[str, str]:
    """Tell which parameters move at the first step, and of the others which move later.

    Those with a gradient take a step against it, and gradients are taken once more; that is repeated as long as
    it brings others to move, since a zero may wait for another one. Needed only where some are exactly zero. A few
    examples are enough to see a gradient, and all are asked before it is said that there is none.
    """
    named, sized = parameters(model), sizes(gradients)
    moves = {name: "unused" if size is None else "first" if size != 0 else "never" for name, size in sized.items()}
    for again in passes if any(sized.values()) else ():
        fresh = gradients
        while still := [name for name, said in moves.items() if said == "never"]:
            _step(named, fresh)
            try:
                found = torch.autograd.grad(again().value, [named[name] for name in still], allow_unused=True)
            except RuntimeError:
                return moves | dict.fromkeys(still, "unknown")
            fresh = dict(zip(still, found, strict=True))
            moved = [name for name, size in sizes(fresh).items() if size]
            if not moved:
                break
            moves |= dict.fromkeys(moved, "second")
        gradients = {}
    return moves


@torch.no_grad()
def _step(named: Mapping[str, Tensor], gradients: Mapping[str, Tensor | None]) -> None:
    """Move parameters against their gradients, by a hundredth of their own size."""
    for name, gradient in gradients.items():
        size = sizes({name: gradient})[name]
        if gradient is not None and size and math.isfinite(size):
            own = sizes({name: named[name]})[name] or 1.0
            # by `data`, which counts no change: a graph of the user's that awaits its backward pass stays valid
            named[name].data.sub_(gradient.to_dense() * (STEP * own / size))
