"""Parameters in numbers: their values, twins among units and tensors, and whether they can ever move."""

import functools
import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from goodinit.frameworks.observation import Values
from goodinit.frameworks.torch.calls import norm
from goodinit.frameworks.torch.layers import unit_rows

MOST_ROWS = 4096  # units of one tensor that are compared with each other
ROOM = 1e9  # its fourth power, and that of its reciprocal, is within float32
MOST_ENTRIES = 2**16  # of which the kurtosis is taken, which is then known to 1 %


def parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters by path in the state dict, tied ones once."""
    return dict(model.named_parameters())


@torch.no_grad()
def values(model: nn.Module, gradients: Mapping[str, float | None], frozen: set[str]) -> tuple[Values, ...]:
    """Return a summary of every parameter that has entries and real numbers; what moves is not known yet."""
    owners = {f"{path}.{name}".lstrip("."): module for path, module in model.named_modules() for name in _own(module)}
    earlier: dict[tuple[object, ...], list[tuple[str, Tensor]]] = {}
    found = []
    for path, parameter in parameters(model).items():
        if isinstance(parameter, nn.parameter.UninitializedParameter) or not parameter.is_floating_point():
            continue
        if parameter.numel() == 0 or parameter.is_meta:
            continue
        mean, std, largest, kurtosis = _moments(parameter)
        twins = _twins(unit_rows(owners[path], parameter)) if parameter.ndim > 1 and path in owners else 0.0
        twin = _same(path, parameter, (tuple(parameter.shape), mean, std), earlier) if std > 0 else None
        found.append(
            Values(
                path=path,
                shape=tuple(parameter.shape),
                mean=mean,
                std=std,
                largest=largest,
                unfit=0 if math.isfinite(largest) else int((~parameter.isfinite()).sum()),
                kurtosis=kurtosis,
                twins=twins,
                same_as=twin,
                frozen=path in frozen,
                gradient=gradients.get(path),
                moves="unknown",
            )
        )
    return tuple(found)


def _own(module: nn.Module) -> Iterator[str]:
    yield from (name for name, one in module._parameters.items() if one is not None)


def _moments(parameter: Tensor) -> tuple[float, float, float, float]:
    flat = parameter.detach().reshape(-1)
    flat = flat.float() if flat.dtype in (torch.float16, torch.bfloat16) else flat
    least, greatest = (float(one) for one in torch.aminmax(flat))
    largest = max(-least, greatest)
    if least == greatest or not math.isfinite(largest):
        return least, 0.0 if least == greatest else math.nan, largest, math.nan
    unit = 1.0 if 1 / ROOM < largest < ROOM else largest
    flat = flat if unit == 1 else flat / unit
    mean = float(flat.mean())
    second = float(torch.linalg.vector_norm(flat)) ** 2 / len(flat)
    some = flat[:: max(1, len(flat) // MOST_ENTRIES)]
    centred = some - mean
    # of what is nearly constant the difference of second moments would be rounding
    variance = second - mean**2 if second > 2 * mean**2 else float(centred.square().mean())
    kurtosis = float(centred.square().square().mean()) / float(centred.square().mean()) ** 2
    return mean * unit, math.sqrt(variance) * unit, largest, kurtosis


def _twins(rows: Tensor) -> float:
    """Return the share of units that equal another one, of those that are not all zero (padding is)."""
    rows = rows[:MOST_ROWS]
    if len(rows) < 2 or rows.shape[1] == 0:
        return 0.0
    # units with the same sum of the same few entries are compared in full
    some = rows[:, :: max(1, rows.shape[1] // 8)].float().unbind(1)
    # entry by entry: the last bits of a matrix product depend on where in it a row stands
    marks = functools.reduce(torch.add, [one * (1 + at / len(some)) for at, one in enumerate(some)])
    order = marks.argsort()
    ordered = marks[order]
    close = torch.nonzero(ordered[1:] == ordered[:-1]).reshape(-1)
    if len(close) == 0:
        return 0.0
    equal = (rows[order[close]] == rows[order[close + 1]]).all(1) & (rows[order[close]] != 0).any(1)
    alike = torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
    alike[order[close[equal]]] = True
    alike[order[close[equal] + 1]] = True
    return float(alike.float().mean())


def _same(
    path: str, parameter: Tensor, key: tuple[object, ...], earlier: dict[tuple[object, ...], list[tuple[str, Tensor]]]
) -> str | None:
    """Return the path of an earlier tensor with the same values."""
    known = earlier.setdefault(key, [])
    twin = next((name for name, one in known if torch.equal(one, parameter)), None)
    known.append((path, parameter))
    return twin


def sizes(gradients: Mapping[str, Tensor | None]) -> dict[str, float | None]:
    """Return the root mean squares of gradients; None for what the result does not depend on."""
    return {
        name: None if one is None else float(norm(one)) / math.sqrt(max(one.numel(), 1))
        for name, one in gradients.items()
    }
