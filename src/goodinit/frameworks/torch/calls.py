"""What goes through a layer at each call, summed up on its device as it passes: nothing is kept but numbers.

Of a large output a part is looked at: every k-th position, and if need be every k-th example, so that a call costs at
most about `MOST` values per pass whatever the size of the batch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from goodinit.frameworks.observation import MODEL
from goodinit.frameworks.torch.batches import floating
from goodinit.frameworks.torch.layers import unit_axis

MOST = 2**16  # values of one output that are looked at for shares of units
SAMPLE = 2**15  # and for its size, which is then known to half a percent
SOME = 64  # rows of which shares of values are taken
STEPS = 4  # up the graph, past reshapes and casts
ROOM = 1e-15  # a norm below which squares of entries may lie below 1e-38, what float32 can hold
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
    examples: int = 1
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


def norm(values: Tensor) -> Tensor:
    """Return the Euclidean norm; in double precision where squares leave the range of float32, as vanishing ones do."""
    values = (values.coalesce().values() if values.is_sparse else values).detach()
    values = values.abs() if values.is_complex() else values
    if values.device.type not in ("cpu", "cuda"):
        values = values.cpu()  # not every device has double precision
    single = values.dtype != torch.float64 and values.device.type == "cpu"  # elsewhere to look at the result is to wait
    found: Tensor = torch.linalg.vector_norm(values, dtype=torch.float32 if single else torch.float64)
    if single and not ROOM < float(found) < 1 / ROOM:
        found = torch.linalg.vector_norm(values, dtype=torch.float64)
    return found.double()


def moments(values: Tensor) -> Tensor:
    """Return variance and mean of a tensor's entries, of every k-th one if they are many; NaN if one is not finite.

    In double precision: float32 has no room for the squares of what explodes or vanishes.
    """
    flat = values.detach().reshape(-1)
    every = max(1, len(flat) // SAMPLE)
    while every > 1 and math.gcd(every, values.shape[-1]) > 1:  # so that all units have their turn
        every += 1
    flat = flat[::every]
    return torch.stack(torch.var_mean(flat.double(), correction=0))


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
                self._record(path or MODEL, module, floating((args, kwargs)), outputs[0])

        return left

    def _record(self, path: str, module: nn.Module, inputs: Sequence[Tensor], output: Tensor) -> None:
        seen = part(output, unit_axis(module, output))
        nodes = [one.grad_fn for one in inputs if one.grad_fn is not None]
        call = Call(
            path=path,
            module=module,
            inputs=nodes,
            output=output.grad_fn,
            numbers={"output": moments(output)},
            entries=output.numel() / max(len(output), 1) if output.ndim > 1 else output.numel(),
            units=_units(seen),
        )
        if inputs and inputs[0].numel():
            call.numbers["input"] = moments(inputs[0])
            if any(is_custom(node) for node in nodes):
                call.floor = _floor(inputs[0])
        if (alike := correlation(seen)) is not None:
            call.numbers["correlation"] = alike
        self.calls.append(call)
        if output.requires_grad:
            output.register_hook(lambda gradient: _gradient(call, gradient))  # type: ignore[no-untyped-call]


@torch.no_grad()
def _units(seen: Tensor) -> dict[str, Tensor]:
    """Return what tells the state of units whatever activation follows."""
    rows = seen.reshape(-1, seen.shape[-1])
    return {
        "most": rows.amax(0),
        "positive": (rows > 0).sum(0) / len(rows),
        "values": rows[:: max(1, len(rows) // SOME)].clone(),  # for shares in the flat part
        "rows": torch.tensor(len(rows)),
    }


@torch.no_grad()
def _floor(values: Tensor) -> Tensor:
    """Return the least value, the greatest, and the share of zeros."""
    return torch.stack([*torch.aminmax(values), (values == 0).float().mean()])


def is_custom(node: Any) -> bool:
    """Whether what a tensor came from, up to a few steps, is a function of the user's own, perhaps an activation."""
    for _ in range(STEPS):
        name = node.name()
        if name.endswith("Backward"):  # torch's own end in a number
            return True
        above = [one for one, _ in node.next_functions if one is not None]
        if len(above) != 1:
            return False
        node = above[0]
    return False


@torch.no_grad()
def _gradient(call: Call, gradient: Tensor) -> None:
    """Add the square of a gradient's norm; of all of it, since single positions may get all the gradient there is."""
    square = norm(gradient).square()
    known = call.numbers.get("gradient")
    call.numbers["gradient"] = square if known is None else known + square
    call.examples = max(len(gradient), 1) if gradient.ndim > 1 else 1
