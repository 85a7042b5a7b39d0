"""What is differentiated: the user's loss, the obvious one, or a random direction of the outputs."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from goodinit.errors import InputError
from goodinit.frameworks.torch.batches import floating

Loss = Callable[[Any, Any], Tensor]
LOSSES: dict[str, Loss] = {
    "cross_entropy": lambda output, targets: functional.cross_entropy(*_classes_second(output, targets)),
    "binary_cross_entropy": lambda output, targets: functional.binary_cross_entropy_with_logits(
        output, _shaped(targets, output)
    ),
    "mse": lambda output, targets: functional.mse_loss(output, _shaped(targets, output)),
}


@dataclass(frozen=True)
class Scalar:
    """The number whose gradient is measured.

    Parameters
    ----------
    value : tensor
        A scalar.
    is_loss : bool
        Whether it is a loss, or a random projection of the outputs.
    how : str
        In words.
    prior : float or None
        Of a cross-entropy: the entropy of the batch's labels, what a network pays that knows nothing but their shares.
    classes : int or None
        Of a cross-entropy of labels.
    """

    value: Tensor
    is_loss: bool
    how: str
    prior: float | None = None
    classes: int | None = None


def scalar(output: Any, targets: Any, loss: str | Loss | None) -> Scalar:
    """Return what to differentiate.

    The loss that the user gave; else the loss that the output carries; else, with targets, the obvious one: the mean
    square, for whole numbers cross-entropy, for 0 and 1 with one output for each binary cross-entropy; else a random
    direction: every output times a normal number, scaled so that the gradient has norm 1.

    Raises
    ------
    InputError
        If the name of a loss is unknown, it does not give a scalar or does not take outputs and targets such as
        these, or nothing in the output is a floating tensor.
    """
    if isinstance(loss, str) and loss not in LOSSES:
        raise InputError(f"loss must be one of {', '.join(LOSSES)}, or a function (output, targets), got {loss!r}")
    carried = _carried(output)
    if loss is None and carried is not None:
        return Scalar(carried, True, "the loss that the output carries")
    if loss is None and targets is None:
        return _random(output)
    if isinstance(loss, str) and targets is None:
        raise InputError(f"the loss {loss} needs targets: give the batch as (inputs, targets)")
    named = loss if loss is not None else _obvious(main(output), targets)
    value = _by_name(named, main(output), targets) if isinstance(named, str) else named(output, targets)
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise InputError(f"the loss must give one number, got {_words(value)}")
    if not isinstance(named, str):
        return Scalar(value.reshape(()), True, "the given loss")
    labels = named == "cross_entropy" and not targets.is_floating_point()
    classes = _classes_second(main(output), targets)[0].shape if labels else ()
    return Scalar(
        value.reshape(()), True, named, _entropy(targets) if labels else None, classes[1] if len(classes) > 1 else None
    )


def _by_name(name: str, output: Tensor, targets: Any) -> Tensor:
    if not isinstance(targets, Tensor):
        raise InputError(f"the loss {name} takes targets that are a tensor, got {type(targets).__name__}; give loss=")
    try:
        return LOSSES[name](output, targets)
    except (RuntimeError, ValueError, IndexError) as error:
        if is_out_of_memory(error):
            raise
        shapes = f"outputs of shape {tuple(output.shape)} with targets of shape {tuple(targets.shape)}"
        why = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(f"{name} cannot take {shapes}: {why}; loss= may be {', '.join(LOSSES)} or yours") from error


def is_out_of_memory(error: Exception) -> bool:
    """Whether an exception of torch's says that memory has run out."""
    return isinstance(error, torch.OutOfMemoryError) or "not enough memory" in str(error)


def main(output: Any) -> Tensor:
    """Return the first floating tensor of an output, its logits if it names them."""
    named = output.get("logits") if isinstance(output, Mapping) else getattr(output, "logits", None)
    if isinstance(named, Tensor):
        return named
    found = floating(output)
    if not found:
        raise InputError(f"the model's output holds no floating tensor to differentiate, got {type(output).__name__}")
    return found[0]


def _carried(output: Any) -> Tensor | None:
    """Return a loss that comes with the output, or the output if it is one number."""
    named = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
    if isinstance(named, Tensor) and named.numel() == 1:
        return named.reshape(())
    is_number = isinstance(output, Tensor) and output.ndim == 0 and output.is_floating_point()
    return output if is_number else None


def _obvious(output: Tensor, targets: Any) -> str:
    if not isinstance(targets, Tensor):
        raise InputError(f"targets must be a tensor unless a loss is given, got {type(targets).__name__}; give loss=")
    if targets.is_floating_point():
        return "mse"
    if not _alike(output, targets):
        return "cross_entropy"
    if bool(((targets == 0) | (targets == 1)).all()):
        return "binary_cross_entropy"
    raise InputError(
        f"no loss is obvious for whole numbers up to {int(targets.max())} with one output for each; give loss=, mse say"
    )


def _alike(output: Tensor, targets: Tensor) -> bool:
    """Whether there is one target for each output, but for axes of length 1."""
    return [one for one in output.shape if one != 1] == [one for one in targets.shape if one != 1]


def _shaped(targets: Tensor, output: Tensor) -> Tensor:
    """Return targets in the shape and type of the outputs; torch would broadcast (n,) and (n, 1) to (n, n)."""
    if not _alike(output, targets):
        raise ValueError("there must be one target for each output")
    return targets.to(output.dtype).reshape(output.shape)


def _random(output: Any) -> Scalar:
    found = floating(output)
    parts = [one for one in found if one.requires_grad] or found
    noise = [torch.randn(one.shape, dtype=torch.float32).to(one.device) for one in parts]
    norm = math.sqrt(sum(float(one.square().sum()) for one in noise))
    value = torch.stack([(one.float() * n).sum().cpu() for one, n in zip(parts, noise, strict=True)]).sum() / norm
    return Scalar(value, False, "no loss: a random direction of the outputs")


def _classes_second(output: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return output and targets as torch wants them: classes on the second axis."""
    if output.ndim == targets.ndim + 1 and output.shape[:-1] == targets.shape:
        return output.reshape(-1, output.shape[-1]), targets.reshape(-1)
    return output, targets


def _entropy(targets: Tensor) -> float:
    counts = torch.unique(targets[targets >= 0], return_counts=True)[1].double()  # torch's mark for none is -100
    shares = counts / counts.sum()
    return float(-(shares * shares.log()).sum())


def _words(value: Any) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
