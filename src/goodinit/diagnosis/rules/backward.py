"""3xx: the gradient with respect to activations on its way back; that of the weights can be flat meanwhile."""

import itertools
import math
from collections.abc import Iterator, Sequence

from goodinit import theory
from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.pointwise import FUNCTIONS, critical
from goodinit.diagnosis.view import PLAIN, View
from goodinit.diagnosis.words import OTHERWISE, number, uncentred
from goodinit.frameworks.observation import Seen

MOST = 1e150  # a size that has a square
_BESIDE = {
    "steps": "draw the weights that read the state orthogonal, with gain 1; look at the size of its inputs, too",
    "stream": "scale the last layer of each branch by 1 / sqrt(number of branches), or normalize before each branch",
}
FEWEST = 8  # values that a batch normalization averages; of two it makes +-1 and lets hardly any gradient back


def drift(view: View) -> Iterator[Finding]:
    """INIT301, INIT302: the norm of the gradient along a chain of layers.

    The norm, not the size of an entry: W^T g has fan_in var(W) times the squared norm of g, whatever widths and
    strides are, so that what keeps signals keeps it too (f' aside). Where a normalization follows, its outputs are
    taken: before it the gradient is the larger the smaller the weights, which says nothing.
    """
    for chain in view.chains(normalized=True):
        if any("BatchNorm" in one.type and one.unit_rows < FEWEST for one in chain):
            continue
        inner = [one for one in chain if _counts(view, one)]
        norms = [one.gradient_norm for one in inner]
        if len(inner) < 2 or any(one is None or not math.isfinite(one) or one == 0 for one in norms):
            continue
        yield from compare(view, inner, [float(one or 0) for one in norms], "chain")


def _counts(view: View, one: Seen) -> bool:
    renewed = one.kind == "norm" or (one.kind in PLAIN and not view.is_normalized(one))
    return renewed and not view.is_output(one)


def stream(view: View) -> Iterator[Finding]:
    """INIT301, INIT302: the gradient of a residual stream, which is that at the ends of its branches."""
    ends = [view.layer[path] for path in view.seen.ends if view.layer[path].kind != "norm"]
    sizes = {one.entries for one in ends}
    norms = [one.gradient_norm for one in ends]
    if len(ends) < 3 or len(sizes) > 1 or any(one is None or not math.isfinite(one) or one == 0 for one in norms):
        return
    yield from compare(view, ends, [float(one or 0) for one in norms], "stream")


def compare(view: View, inner: Sequence[Seen], norms: Sequence[float], what: str) -> Iterator[Finding]:
    """Compare the first norm with the last one, of a ``chain``, a residual ``stream`` or over ``steps``."""
    factor, steps = norms[0] / norms[-1], len(norms) - 1
    vanishing = view.bounds["INIT301"].level(factor)
    level = vanishing or view.bounds["INIT302"].level(factor)
    if level is None:
        return
    expected = _expected(view, inner) if what == "chain" else None
    said = "" if expected is None else f" (theory: {number(expected)})"
    verb, guilty = "vanishes" if vanishing else "explodes", _guilty(inner, norms)
    pace = "over all steps" if what == "steps" else f"x{number(factor ** (1 / steps))} a layer"
    yield Finding(
        "INIT301" if vanishing else "INIT302",
        level,
        guilty,
        factor,
        (view.bounds["INIT301"].warning, view.bounds["INIT302"].warning),
        f"the norm of the gradient {verb} on its way back: {number(norms[0])} at {inner[0].path}, "
        f"{number(norms[-1])} at {inner[-1].path}, {pace}{said}",
        _BESIDE[what] if what in _BESIDE else _remedy(view, inner, guilty),
    )


def _guilty(inner: Sequence[Seen], norms: Sequence[float]) -> tuple[str, ...]:
    """Return the layers through whose weights most of the change comes: those above the steps."""
    logs = [math.log(below / above) for below, above in itertools.pairwise(norms)]
    sign = math.copysign(1, sum(logs))
    worst = max(log * sign for log in logs)
    return tuple(one.path for one, log in zip(inner[1:], logs, strict=False) if log * sign >= worst / 2)


def _expected(view: View, inner: Sequence[Seen]) -> float | None:
    """Return the ratio that theory expects: the product of fan_in var(W) E f'(z)^2, z normal of the size seen."""
    ratio = 1.0
    joins = {(link.source, link.sink): link for link in view.seen.links}
    for below, above in itertools.pairwise(inner):
        link, weight = joins.get((below.path, above.path)), view.weight(above)
        if link is None or link.pooled or link.normalized or weight is None or not 0 < below.rms < MOST:
            return None
        name = view.activation(below)
        if view.is_unknown(below):
            return None
        slope = theory.expectation(lambda a, d: d**2, FUNCTIONS[name], below.rms**2) if name else 1.0
        ratio *= math.sqrt(above.fan_in * slope) * weight.rms
    return ratio


def _remedy(view: View, inner: Sequence[Seen], guilty: Sequence[str]) -> str:
    if any(view.is_unknown(one) for one in inner):
        return "scale the weights so that each layer keeps the norm of the gradient; or add normalization"
    if any(one.kind == "norm" for one in inner):
        return "with normalization the size of weights does not matter: add residual sums, or use fewer layers"
    name = next((view.activation(one) for one in inner if view.activation(one)), None)
    gain = theory.gain(FUNCTIONS[name], "backward") if name else 1.0
    if view.has_gain(guilty, gain):
        return f"the weights have the deviation that keeps it in one layer already: {OTHERWISE}"
    if name == "sigmoid":
        return "sigmoid hands on a quarter at most: use a gain of 4.7 (normal, 4.7 / sqrt(fan_in)), or relu with He's"
    if name and critical(name) is None:
        return uncentred(name)
    before = f" before {name}" if name else ""
    return f"weights of deviation {number(gain)} / sqrt(fan_in) keep the gradient{before}; or add normalization"


RULES = (drift, stream)
