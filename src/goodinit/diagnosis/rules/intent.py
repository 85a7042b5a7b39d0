"""6xx: something was meant for all layers of a kind, and is not there for some."""

import math
import re
from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import family, number, some
from goodinit.frameworks.observation import Seen, Values

FEWEST = 4  # layers of one name and shape of which one can be the odd one
AGREEING = 0.75  # share of them that must agree with each other
Pair = tuple[Seen, Values]


def odd_ones(view: View) -> Iterator[Finding]:
    """INIT601: among layers of one shape whose names differ in one number, those of another deviation."""
    bound = view.bounds["INIT601"]
    named: set[str] = set()
    for group in _groups(view).values():
        if len(group) < FEWEST:
            continue
        middle = sorted(weight.std for _, weight in group)[len(group) // 2]
        if middle == 0:
            continue
        off = [pair for pair in group if not _agrees(pair[1], middle)]
        far = [pair for pair in off if bound.level(max(pair[1].std / middle, middle / max(pair[1].std, 1e-300)))]
        far = [(layer, weight) for layer, weight in far if layer.path not in named]
        if far and len(off) <= (1 - AGREEING) * len(group):
            named |= {layer.path for layer, _ in far}
            yield Finding(
                "INIT601",
                "warning",
                tuple(layer.path for layer, _ in far),
                far[0][1].std,
                (middle / bound.warning, middle * bound.warning),
                f"the weights of {some([layer.path for layer, _ in far])} have deviation "
                f"{number(far[0][1].std)}, those of "
                f"{len(group) - len(off)} layers of the same name and shape {number(middle)}",
                "draw them as the others",
            )


def _groups(view: View) -> dict[tuple[str, tuple[int, ...]], list[Pair]]:
    """Return the layers by shape and by what remains of their name without one of its numbers."""
    out: dict[tuple[str, tuple[int, ...]], list[Pair]] = {}
    for layer, weight in view.weighted():
        for found in re.finditer(r"\d+", layer.path):
            name = f"{layer.path[: found.start()]}*{layer.path[found.end() :]}"
            out.setdefault((name, weight.shape), []).append((layer, weight))
    return out


def _agrees(weight: Values, middle: float) -> bool:
    """Whether a deviation is the middle one within 6 standard errors, sqrt((kurtosis - 1) / 4n) of its logarithm."""
    error = math.sqrt(max(weight.kurtosis - 1, 0.1) / (4 * math.prod(weight.shape))) if weight.std > 0 else 0.0
    return weight.std > 0 and abs(math.log(weight.std / middle)) <= 6 * math.sqrt(2) * error


def half_scaled(view: View) -> Iterator[Finding]:
    """INIT602: GPT-2 scales what ends a residual branch by 1 / sqrt(2 blocks); some ports scale one of the two only."""
    groups: dict[str, list[Pair]] = {}
    for layer in (view.layer[path] for path in view.seen.ends):
        weight = view.weight(layer)
        if weight is not None and layer.kind in ("dense", "attention", "other") and weight.std > 0:
            groups.setdefault(family(layer.path), []).append((layer, weight))
    named = {name: group for name, group in groups.items() if len(group) >= FEWEST}
    if len(named) < 2:
        return
    middle = {name: sorted(weight.std for _, weight in group)[len(group) // 2] for name, group in named.items()}
    small, large = min(middle, key=lambda name: middle[name]), max(middle, key=lambda name: middle[name])
    blocks = len(named[large])
    if abs(math.log(middle[large] / middle[small] / math.sqrt(2 * blocks))) < 0.05:
        yield Finding(
            "INIT602",
            "warning",
            tuple(layer.path for layer, _ in named[large]),
            middle[large],
            (middle[small] * 0.95, middle[small] * 1.05),
            f"the ends of branches {small} have deviation {number(middle[small])}, those of {large} "
            f"{number(middle[large])}, "
            f"sqrt(2 x {blocks} blocks) times more: scaled for depth in one and not in the other",
            f"multiply those of {large} by 1 / sqrt({2 * blocks}) as well",
        )


RULES = (odd_ones, half_scaled)
