"""From calls and graph to plain numbers by layer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from goodinit.frameworks.observation import ATTENTION, MODEL, NORMALIZED, OUTPUT, SUM, Attention, Link, Seen
from goodinit.frameworks.torch.calls import SKEWED, Call
from goodinit.frameworks.torch.graph import ATTENTIONS, MATRIX, NORMS, POOLS, PRODUCTS, Graph, Way, is_weighed
from goodinit.frameworks.torch.layers import fans, kind, owner_of, weight_of

# where an activation hands nothing on, or nearly nothing: at or below, at or above
DEAD = {"relu": 0.0, "relu6": 0.0, "hardswish": -3.0}
# within 5 % of the range from a bound, as in `goodinit.signal`: atanh .9 for tanh, ln 19 for sigmoid
SATURATED = {"tanh": math.atanh(0.9), "sigmoid": math.log(19), "hardtanh": 0.9, "hardsigmoid": 2.7}


@dataclass(frozen=True)
class Surroundings:
    """What a layer's output goes into.

    Parameters
    ----------
    follows : tuple of str
    by : str
        ``graph`` or ``values``.
    """

    follows: tuple[str, ...]
    by: str


@dataclass(frozen=True)
class Structure:
    """What the graph says: surroundings of layers by path, and see `Observation`."""

    around: dict[str, Surroundings]
    firsts: tuple[str, ...]
    weighed: tuple[str, ...]
    repeated: tuple[str, ...]
    links: tuple[Link, ...]
    stream: tuple[str, ...]
    ends: tuple[str, ...]
    attentions: tuple[Attention, ...]


def structure(lines: Graph, calls: Sequence[Call]) -> Structure:
    """Return what lies around and between layers; before the backward pass, which frees what nodes have saved."""
    firsts = [one for one, ways in zip(calls, lines.ways, strict=False) if not ways]
    return Structure(
        around=surroundings(lines, calls),
        firsts=tuple(dict.fromkeys(one.path for one in firsts)),
        weighed=tuple(dict.fromkeys(one.path for one in firsts if is_weighed(one.inputs))),
        repeated=repeated(lines, calls),
        links=links(lines, calls),
        stream=stream(lines, calls),
        ends=ends(lines, calls),
        attentions=attentions(lines, calls),
    )


def surroundings(lines: Graph, calls: Sequence[Call]) -> dict[str, Surroundings]:
    """Return, by path, what follows each layer; before the backward pass, which frees what nodes have saved."""
    found: dict[str, dict[str, None]] = {call.path: {} for call in calls}
    by: dict[str, str] = {}
    for vertex, ways in enumerate(lines.ways):
        for way in ways:
            if way.source < lines.calls:
                path = calls[way.source].path
                said, how = _next(way, vertex, lines, calls)
                found[path].setdefault(said)
                if vertex == lines.output and said not in (ATTENTION, NORMALIZED):
                    found[path].setdefault(OUTPUT)
                by[path] = "values" if how == "values" else by.get(path, how)
    return {path: Surroundings(tuple(each), by.get(path, "")) for path, each in found.items()}


def _next(way: Way, vertex: int, lines: Graph, calls: Sequence[Call]) -> tuple[str, str]:
    """Return what comes next on a way, and how that is known."""
    guess = vertex == lines.output and way.first == ATTENTION and not way.passes(MATRIX)  # a softmax of logits
    if way.first is not None and not guess:
        return way.first, "graph"
    if lines.is_sum(vertex):
        return SUM, "graph"
    if vertex == lines.output:
        return OUTPUT, "graph"
    sink = calls[vertex]
    if kind(sink.module) == "norm":
        return NORMALIZED, "graph"
    shown = _shown(sink.floor) if way.unknown else None
    return (shown, "values") if shown else (sink.path, "graph")


def _shown(floor: Tensor | None) -> str | None:
    """Return the activation that the values of its outputs show: their least, greatest, and the share of zeros."""
    if floor is None:
        return None
    least, most, zeros = floor.tolist()
    if least >= 0:
        return "relu" if zeros > 0.02 else "sigmoid" if most <= 1 else "softplus"
    if least >= -1 and most <= 1 and most - least > 0.5:
        return "tanh"
    lowest = {"gelu": -0.1701, "silu": -0.2785, "mish": -0.3089, "hardswish": -0.375, "elu": -1.0, "selu": -1.7581}
    return next((name for name, bound in lowest.items() if least >= bound and most > -4 * bound), None)


def layers(calls: Sequence[Call], around: dict[str, Surroundings]) -> tuple[Seen, ...]:
    """Return what was seen of every layer, in the order of first calls; after the backward pass."""
    by_path: dict[str, list[Call]] = {}
    for call in calls:
        by_path.setdefault(call.path, []).append(call)
    return tuple(_layer(path, own, around[path]) for path, own in by_path.items())


def _layer(path: str, calls: list[Call], around: Surroundings) -> Seen:
    module = calls[0].module
    mean, std = _pooled(calls, "output")
    input_mean, input_std = _pooled(calls, "input")
    fan_in, fan_out = fans(module)
    gradient = _mean(calls, "gradient")
    entries = sum(call.entries for call in calls)
    state = _states(calls, next((one for one in around.follows if one in DEAD or one in SATURATED), None))
    return Seen(
        path=path,
        type=type(module).__name__,
        weight=_named(module, path, "weight"),
        bias=_named(module, path, "bias"),
        kind=kind(module),
        fan_in=fan_in,
        fan_out=fan_out,
        calls=len(calls),
        follows=around.follows,
        by=around.by,
        entries=entries / len(calls),
        input_rms=math.hypot(input_std, input_mean),
        input_mean=input_mean,
        mean=mean,
        std=std,
        rms=math.hypot(std, mean),
        finite=math.isfinite(mean),  # of finite values the deviation, too, may be beyond double precision
        correlation=_mean(calls, "correlation"),
        gradient_rms=None if gradient is None else math.sqrt(gradient * len(calls) / entries / calls[0].examples),
        gradient_norm=None if gradient is None else math.sqrt(gradient * len(calls) / calls[0].examples),
        **state,
    )


def _pooled(calls: list[Call], name: str) -> tuple[float, float]:
    """Return mean and deviation over all calls of a layer, from those of each: calls may have different means."""
    each = [call.numbers[name] for call in calls if name in call.numbers]
    if not each:
        return math.nan, math.nan
    variances, means = torch.stack(each).cpu().double().unbind(1)
    return float(means.mean()), math.sqrt(float(variances.mean() + means.var(correction=0)))


def _mean(calls: list[Call], name: str) -> float | None:
    """Return the mean of a statistic over the calls of a layer that have it."""
    each = [call.numbers[name] for call in calls if name in call.numbers]
    return float(torch.stack(each).cpu().double().mean()) if each else None


def _named(module: nn.Module, path: str, name: str) -> str | None:
    """Return the path of a parameter in the state dict."""
    path = "" if path == MODEL else path
    inside = "" if owner_of(module) is module else "out_proj."
    owner = owner_of(module)
    if name == "weight" and not isinstance(owner._parameters.get("weight"), Tensor):
        wanted = weight_of(module)
        own = [key for key, one in module.named_parameters() if one is wanted]
        return f"{path}.{own[0]}".lstrip(".") if own else None
    has = isinstance(owner._parameters.get(name), Tensor)
    return f"{path}.{inside}{name}".lstrip(".") if has else None


def _states(calls: list[Call], follows: str | None) -> dict[str, Any]:
    """Return the shares of dead, saturated and skewed units, each over all calls of a layer."""
    same = len({call.units["most"].shape for call in calls}) == 1
    used = calls if same else calls[:1]
    rows = int(sum(int(call.units["rows"]) for call in used))
    positive = torch.stack([call.units["positive"] for call in used]).mean(0)
    most = torch.stack([call.units["most"] for call in used]).amax(0)
    values = torch.cat([call.units["values"] for call in used])
    out: dict[str, Any] = {"unit_rows": rows, "dead": None, "saturated": None, "skewed": None}
    out["skewed"] = float(((positive - 0.5).abs() > SKEWED).float().mean())
    if follows in DEAD:
        out["dead"] = float((most <= DEAD[follows]).float().mean())
    if follows in SATURATED:
        out["saturated"] = float((values.abs() >= SATURATED[follows]).float().mean())
    return out


def links(lines: Graph, calls: Sequence[Call]) -> tuple[Link, ...]:
    """Return the ways from layer to layer that pass neither a sum nor an attention."""
    leaving: dict[int, int] = {}
    for ways in lines.ways:
        for way in ways:
            leaving[way.source] = leaving.get(way.source, 0) + 1
    found: dict[tuple[str, str], Link] = {}
    for vertex, ways in enumerate(lines.ways[: lines.calls]):
        for way in ways:
            if way.source >= lines.calls or way.passes(ATTENTIONS):
                continue
            source, sink = calls[way.source].path, calls[vertex].path
            alone = len(ways) == 1 and leaving[way.source] == 1 and not way.passes(PRODUCTS)
            made = Link(source, sink, way.activation, way.passes(NORMS), way.passes(POOLS), alone)
            known = found.get((source, sink))
            found[source, sink] = made if known is None else replace(known, alone=known.alone and made.alone)
    return tuple(found.values())


def stream(lines: Graph, calls: Sequence[Call]) -> tuple[str, ...]:
    """Return the layers that read from a residual sum and from nothing else."""
    reads = [
        calls[vertex].path
        for vertex, ways in enumerate(lines.ways[: lines.calls])
        if len(ways) == 1 and lines.is_sum(ways[0].source) and not ways[0].passes((*ATTENTIONS, *NORMS))
    ]
    return tuple(dict.fromkeys(reads))


def repeated(lines: Graph, calls: Sequence[Call]) -> tuple[str, ...]:
    """Return the layers whose last call reads what an earlier call of theirs has made."""
    by_path: dict[str, list[int]] = {}
    for vertex, call in enumerate(calls):
        by_path.setdefault(call.path, []).append(vertex)
    many = {path: own for path, own in by_path.items() if len(own) > 1}
    return tuple(path for path, own in many.items() if lines.above(own[-1]) & set(own[:-1]))


def ends(lines: Graph, calls: Sequence[Call]) -> tuple[str, ...]:
    """Return the layers whose output goes straight into a residual sum, in order of their calls."""
    into = {
        way.source
        for vertex, ways in enumerate(lines.ways)
        for way in ways
        if lines.is_sum(vertex) and way.source < lines.calls and way.activation is None and not way.passes(PRODUCTS)
    }
    return tuple(dict.fromkeys(calls[vertex].path for vertex in sorted(into)))


def attentions(lines: Graph, calls: Sequence[Call]) -> tuple[Attention, ...]:
    """Return the entropy of every attention; before the backward pass, which frees what it is read from."""
    found = []
    for node, sources in lines.attentions.items():
        weights = _weights(node) if sources else None  # a softmax that weighs nothing, as one of logits, has none
        if weights is not None and weights.ndim >= 3 and weights.shape[-1] > 1:
            own = tuple(dict.fromkeys(calls[one].path for one in sorted(sources) if one < lines.calls))
            log = torch.where(weights > 0, weights, torch.ones((), device=weights.device)).log()
            entropy = -(weights * log).sum(-1)
            # a causal mask leaves the first queries few keys
            open_keys = (weights > 0).sum(-1)
            ratio = entropy / open_keys.clamp(min=2).float().log()
            found.append(Attention(own, float(ratio[open_keys > 1].mean()), int(weights.shape[-1])))
    return tuple(found)


@torch.no_grad()
def _weights(node: Any) -> Tensor | None:
    """Return some of the weights of an attention: of its first examples and heads."""
    if hasattr(node, "_saved_query"):
        query, key = node._saved_query[:2, :4].float(), node._saved_key[:2, :4].float()
        query = query[:, :, -64:]
        scale = getattr(node, "_saved_scale", None) or query.shape[-1] ** -0.5
        if key.shape[1] != query.shape[1]:  # grouped queries
            return None
        scores = query @ key.transpose(-1, -2) * scale
        if getattr(node, "_saved_is_causal", False):
            late = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device)
            scores = scores.masked_fill(late.triu(1 + scores.shape[-1] - scores.shape[-2]), -math.inf)
        mask = getattr(node, "_saved_attn_mask", None)
        if isinstance(mask, Tensor) and mask.ndim == 4:
            part = mask[:2, :4, -64:]
            scores = scores.masked_fill(~part, -math.inf) if part.dtype == torch.bool else scores + part.float()
        weights: Tensor = scores.softmax(-1)
        return weights
    result = getattr(node, "_saved_result", None)
    return result[:2].float() if isinstance(result, Tensor) and result.ndim >= 3 else None
