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
        output, targets.to(output.dtype).reshape(output.shape)
    ),
    "mse": lambda output, targets: functional.mse_loss(output, targets.to(output.dtype)),
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
    """

    value: Tensor
    is_loss: bool
    how: str
    prior: float | None = None


def scalar(output: Any, targets: Any, loss: str | Loss | None) -> Scalar:
    """Return what to differentiate.

    The loss that the user gave; else the loss that the output carries; else, with targets, cross-entropy for whole
    numbers and the mean square for others; else a random direction: every output times a normal number, scaled so
    that the gradient has norm 1.

    Raises
    ------
    InputError
        If the name of a loss is unknown, it does not give a scalar, or nothing in the output is a floating tensor.
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
    named = loss if loss is not None else _obvious(targets)
    function = LOSSES[named] if isinstance(named, str) else named
    seen = main(output) if isinstance(named, str) else output
    value = function(seen, targets) if targets is not None else function(seen, None)
    if not isinstance(value, Tensor) or value.numel() != 1:
        raise InputError(f"the loss must give one number, got {_words(value)}")
    prior = _entropy(targets) if named == "cross_entropy" else None
    return Scalar(value.reshape(()), True, named if isinstance(named, str) else "the given loss", prior)


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


def _obvious(targets: Any) -> str:
    if not isinstance(targets, Tensor):
        raise InputError(f"targets must be a tensor unless a loss is given, got {type(targets).__name__}; give loss=")
    return "mse" if targets.is_floating_point() else "cross_entropy"


def _random(output: Any) -> Scalar:
    parts = [one for one in floating(output) if one.requires_grad]
    if not parts:
        main(output)
        raise InputError("nothing in the model's output depends on a parameter, so there is no gradient to measure")
    noise = [torch.randn(one.shape, dtype=torch.float32).to(one.device) for one in parts]
    norm = math.sqrt(sum(float(one.square().sum()) for one in noise))
    value = torch.stack([(one.float() * n).sum().cpu() for one, n in zip(parts, noise, strict=True)]).sum() / norm
    return Scalar(value, False, "no loss: a random direction of the outputs")


def _classes_second(output: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return output and targets as torch wants them: classes on the second axis."""
    if output.ndim == targets.ndim + 1 and output.shape[:-1] == targets.shape:
        return output.reshape(-1, output.shape[-1]), targets.reshape(-1)
    return output, targets


def _entropy(targets: Tensor) -> float | None:
    if targets.is_floating_point():
        return None
    counts = torch.unique(targets[targets >= 0], return_counts=True)[1].double()  # torch's mark for none is -100
    shares = counts / counts.sum()
    return float(-(shares * shares.log()).sum())


def _words(value: Any) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
