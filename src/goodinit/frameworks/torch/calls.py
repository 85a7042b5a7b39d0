"""What goes through a layer at each call, summed up on its device as it passes: nothing is kept but numbers.

Of a large output a part is looked at: every k-th position, and if need be every k-th example, so that a call costs at
most about `MOST` values per pass whatever the size of the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from goodinit.frameworks.torch.batches import floating
from goodinit.frameworks.torch.modules import unit_axis

MOST = 2**17  # values of one output that are looked at: a share is known to 0.3 %, a size to better than 1 %
COMPARED = 16  # examples whose outputs are compared with each other
SKEWED = 0.45  # a unit is skewed if the share of its positive values is further than this from a half


@dataclass
class Call:
    """One call of one layer.

    Parameters
    ----------
    path : str
    module : Module
    inputs : list of Node
        Of the autograd graph, from which the inputs came.
    output : Node or None
    numbers : dict of str to tensor
        Statistics, still on the device.
    units : tensor or None
        Values of the output, (rows, units), until it is known which activation follows.
    entries : float
        Output entries for one example.
    """

    path: str
    module: nn.Module
    inputs: list[Any]
    output: Any
    numbers: dict[str, Tensor]
    entries: float
    units: dict[str, Tensor] = field(default_factory=dict)
    floor: Tensor | None = None  # of the input: least, greatest, share of zeros


def part(output: Tensor, axis: int, most: int = MOST) -> Tensor:
    """Return a part of an output as (examples, positions, units), float32, without gradients."""
    seen = output.detach().movedim(axis, -1)
    seen = seen.reshape(seen.shape[0], -1, seen.shape[-1]) if seen.ndim > 1 else seen.reshape(1, 1, -1)
    examples, positions, units = seen.shape
    if examples * positions * units > most:
        every = max(1, min(positions, -(-examples * positions * units // most)))
        seen = seen[:, every // 2 :: every]
        rows = max(COMPARED, most // max(seen.shape[1] * units, 1))
        seen = seen[:: max(1, examples // rows)]
    return seen.float()


@torch.no_grad()
def moments(seen: Tensor) -> dict[str, Tensor]:
    """Return mean, mean square and share of values that are not finite."""
    finite = torch.isfinite(seen)
    clean = torch.where(finite, seen, torch.zeros((), device=seen.device))
    count = finite.sum().clamp(min=1)
    return {
        "mean": clean.sum(dtype=torch.float64 if seen.device.type == "cpu" else torch.float32) / count,
        "square": clean.square().sum() / count,
        "nonfinite": 1 - finite.float().mean(),
    }


@torch.no_grad()
def correlation(seen: Tensor) -> Tensor | None:
    """Return the mean cosine between the outputs for two examples; None for a single example."""
    if len(seen) < 2:
        return None
    flat = seen[:COMPARED].reshape(min(len(seen), COMPARED), -1).double()
    norm = flat.norm(dim=1, keepdim=True)
    directions = flat / norm.clamp(min=torch.finfo(torch.float64).tiny)
    count = len(directions)
    mean: Tensor = (directions.sum(0).square().sum() - directions.square().sum()) / (count * (count - 1))
    return mean


class Recorder:
    """Hooks that record the calls of layers, in order; where the forward pass stopped, `inside` names the layers."""

    def __init__(self, layers: dict[str, nn.Module]) -> None:
        self.layers, self.recording = layers, True
        self.calls: list[Call] = []
        self.inside: list[str] = []

    def attach(self, model: nn.Module) -> None:
        """Put hooks on all modules; `untouched` takes them off."""
        for path, module in model.named_modules():
            module.register_forward_pre_hook(self._entering(path))
            module.register_forward_hook(self._leaving(path), with_kwargs=True)

    def _entering(self, path: str) -> Callable[..., None]:
        return lambda module, args: self.inside.append(path)

    def _leaving(self, path: str) -> Callable[..., None]:
        layer = path in self.layers

        def left(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            self.inside.pop()
            outputs = floating(output)
            if layer and self.recording and outputs and outputs[0].numel():
                self._record(path, module, floating((args, kwargs)), outputs[0])

        return left

    def _record(self, path: str, module: nn.Module, inputs: Sequence[Tensor], output: Tensor) -> None:
        axis = unit_axis(module, output)
        seen = part(output, axis)
        numbers = {f"output_{name}": value for name, value in moments(seen).items()}
        floor = None
        if inputs:
            came = part(inputs[0], inputs[0].ndim - 1)
            numbers |= {f"input_{name}": value for name, value in moments(came).items()}
            floor = torch.stack([came.amin(), came.amax(), (came == 0).float().mean()])
        if (alike := correlation(seen)) is not None:
            numbers["correlation"] = alike
        call = Call(
            path=path,
            module=module,
            inputs=[one.grad_fn for one in inputs if one.grad_fn is not None],
            output=output.grad_fn,
            numbers=numbers,
            entries=output.numel() / max(len(output), 1) if output.ndim > 1 else output.numel(),
            units=_units(seen),
            floor=floor,
        )
        self.calls.append(call)
        if output.requires_grad:
            output.register_hook(lambda gradient: _gradient(call, gradient))  # type: ignore[no-untyped-call]


@torch.no_grad()
def _units(seen: Tensor) -> dict[str, Tensor]:
    """Return what tells the state of units whatever activation follows: quantiles would be dear, these are not."""
    rows = seen.reshape(-1, seen.shape[-1])
    return {
        "most": rows.amax(0),
        "least": rows.amin(0),
        "positive": (rows > 0).float().mean(0),
        "values": rows[:: max(1, len(rows) // 64)],  # for shares in the flat part
        "rows": torch.tensor(len(rows)),
    }


@torch.no_grad()
def _gradient(call: Call, gradient: Tensor) -> None:
    """Add the size of a gradient: mean square by entry, and by example the square of the norm."""
    seen = part(gradient, unit_axis(call.module, gradient))
    square = seen.square().mean()
    call.numbers["gradient"] = call.numbers.get("gradient", torch.zeros((), device=seen.device)) + square
