"""Models that do not train, or do, for which the initialization must not be blamed. `NEGATIVES` is the one list.

The model is always built well; what differs is what is wrong beside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from architecture import Architecture

Loss = str | Callable[[Any, Tensor], Tensor]


@dataclass(frozen=True)
class Trial:
    """What is checked."""

    model: nn.Module
    batch: tuple[Any, Tensor]
    loss: Loss | None
    mode: str = "train"


def healthy(a: Architecture) -> Trial:
    """Nothing is wrong."""
    return Trial(a.build(), a.batch(), a.loss)


def evaluating(a: Architecture) -> Trial:
    """Nothing is wrong; looked at in eval mode, without a loss."""
    model, (inputs, _) = a.build(), a.batch()
    return Trial(model, inputs, None, "eval")


def shuffled(a: Architecture) -> Trial:
    """The targets belong to other examples."""
    model, (inputs, targets) = a.build(), a.batch()
    return Trial(model, (inputs, targets[torch.randperm(len(targets))]), a.loss)


def fast(a: Architecture) -> Trial:
    """The learning rate is far too high, of which nothing shows before training: another draw of the model."""
    return Trial(a.build(), a.batch(), a.loss)


def orthogonal(a: Architecture) -> Trial:
    """The other usual draw, of the same size: rows or columns at right angles."""
    model = a.build()
    for path in (*a.hidden, *(first for first, _ in a.branches)):
        weight = model.get_submodule(path).weight
        size = float(weight.std())
        nn.init.orthogonal_(weight)
        with torch.no_grad():
            weight.mul_(size / weight.std())
    return Trial(model, a.batch(), a.loss)


def uniform(a: Architecture) -> Trial:
    """The other usual distribution, of the same size."""
    model = a.build()
    for path in (*a.hidden, *(one for pair in a.branches for one in pair)):
        weight = model.get_submodule(path).weight
        bound = 3**0.5 * float(weight.std()) if weight.ndim > 1 else 0.0
        if bound > 0:
            nn.init.uniform_(weight, -bound, bound)
    return Trial(model, a.batch(), a.loss)


def zero_output(a: Architecture) -> Trial | None:
    """The output layer starts at 0."""
    if a.tied or a.loss == "mse":
        return None
    model = a.build()
    nn.init.zeros_(model.get_submodule(a.output).weight)
    return Trial(model, a.batch(), a.loss)


def zero_branches(a: Architecture) -> Trial | None:
    """The last layer of every residual branch starts at 0."""
    if not a.branches:
        return None
    model = a.build()
    for _, last in a.branches:
        nn.init.zeros_(model.get_submodule(last).weight)
    return Trial(model, a.batch(), a.loss)


def raw(a: Architecture) -> Trial | None:
    """The inputs are bytes, 0 to 255."""
    model, (inputs, targets) = a.build(), a.batch()
    if not _floats(inputs):
        return None
    return Trial(model, (_each(inputs, lambda one: torch.randint_like(one, 256)), targets), a.loss)


def offset(a: Architecture) -> Trial | None:
    """The inputs have a mean of 20 deviations."""
    model, (inputs, targets) = a.build(), a.batch()
    return Trial(model, (_each(inputs, lambda one: one + 20), targets), a.loss) if _floats(inputs) else None


def softmax_missing(a: Architecture) -> Trial | None:
    """The negative log-likelihood of what are no log-probabilities."""
    if a.loss != "cross_entropy":
        return None
    return Trial(a.build(), a.batch(), lambda output, targets: functional.nll_loss(*_classes(output, targets)))


def softmax_twice(a: Architecture) -> Trial | None:
    """Cross-entropy of what are probabilities already."""
    if a.loss != "cross_entropy":
        return None

    def loss(output: Tensor, targets: Tensor) -> Tensor:
        logits, labels = _classes(output, targets)
        return functional.cross_entropy(logits.softmax(1), labels)

    return Trial(a.build(), a.batch(), loss)


def _classes(output: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    if output.ndim == 3:
        return output.flatten(0, 1), targets.flatten()
    return output, targets


def _floats(inputs: Any) -> bool:
    return all(one.is_floating_point() for one in (inputs if isinstance(inputs, tuple) else (inputs,)))


def _each(inputs: Any, change: Callable[[Tensor], Tensor]) -> Any:
    return tuple(map(change, inputs)) if isinstance(inputs, tuple) else change(inputs)


NEGATIVES: dict[str, Callable[[Architecture], Trial | None]] = {
    "healthy": healthy,
    "healthy, eval mode, no loss": evaluating,
    "healthy, orthogonal": orthogonal,
    "healthy, uniform": uniform,
    "output layer at 0": zero_output,
    "ends of branches at 0": zero_branches,
    "labels shuffled": shuffled,
    "learning rate too high": fast,
    "inputs 0 to 255": raw,
    "inputs with mean 20": offset,
    "missing softmax": softmax_missing,
    "softmax twice": softmax_twice,
}
