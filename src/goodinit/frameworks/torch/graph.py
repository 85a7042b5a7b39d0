"""What lies between layers, read off the autograd graph: activations, normalizations, residual sums, attention.

The graph has a node for every operation that a gradient passes, wherever it was called, so functional activations
are seen as well as modules. Each walk goes from the input of a layer, or of a residual sum, up to the nearest
layers and sums; no walk passes another's end, so that all together visit each node a few times.
"""

from collections import deque
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from torch import nn

from goodinit.frameworks.observation import ATTENTION, NORMALIZED
from goodinit.frameworks.torch.calls import Call

ACTIVATIONS = {
    "Relu": "relu",
    "Gelu": "gelu",
    "Silu": "silu",
    "Mish": "mish",
    "Celu": "celu",
    "LeakyRelu": "leaky_relu",
    "PreluKernel": "prelu",
    "RreluWithNoise": "leaky_relu",
    "Softplus": "softplus",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Hardswish": "hardswish",
    "Hardsigmoid": "hardsigmoid",
    "LogSigmoid": "logsigmoid",
    "Glu": "glu",
    "Sin": "sin",
    "Erf": "erf",
    "Softshrink": "softshrink",
    "Hardshrink": "hardshrink",
    "Threshold": "threshold",
}
NORMS = ("Norm", "Rsqrt")
POOLS = ("Pool", "Mean", "UpsampleNearest", "UpsampleBilinear")
ATTENTIONS = ("ScaledDotProduct", "SoftmaxBackward0", "SafeSoftmaxBackward0")
_SUMS = ("AddBackward0", "SubBackward0")
MATRIX = ("BmmBackward0", "MmBackward0", "ScaledDotProduct")
WEIGHING = ("mmBackward", "MmBackward", "MvBackward", "Convolution")
PRODUCTS = ("MulBackward0", "BmmBackward0", "MmBackward0")


@dataclass(frozen=True)
class Way:
    """From a vertex down to another: what lies between, nearest to the source first."""

    source: int
    names: tuple[str, ...]
    nodes: tuple[Any, ...]

    @property
    def activation(self) -> str | None:
        """Return the first activation on the way."""
        return next((said for node in self.nodes if (said := activation(node))), None)

    @property
    def first(self) -> str | None:
        """Return what changes the signal first: an activation, NORMALIZED, ATTENTION, or nothing."""
        for node in self.nodes:
            if (said := activation(node)) is not None:
                return said
            if node.name().startswith(ATTENTIONS):
                return ATTENTION
            if any(word in node.name() for word in NORMS):
                return NORMALIZED
        return None

    @property
    def unknown(self) -> bool:
        """Whether an operation on the way is a function of the user's own, which may be an activation."""
        return any(
            "Backward0" not in name and "Backward1" not in name and name.endswith("Backward") for name in self.names
        )

    def passes(self, words: Sequence[str]) -> bool:
        """Whether an operation on the way has one of these words in its name."""
        return any(
            name.startswith(word) if word in ATTENTIONS else word in name for name in self.names for word in words
        )


@dataclass(frozen=True)
class Graph:
    """Vertices are calls (0, 1, ...), then residual sums, then the output; `ways` lists what leads into each.

    Parameters
    ----------
    calls : int
        How many vertices are calls.
    ways : list of list of Way
        By vertex.
    attentions : dict of node to set of int
        The nodes of attentions, and the vertices that feed each.
    """

    calls: int
    ways: list[list[Way]]
    attentions: dict[Any, set[int]]

    @property
    def output(self) -> int:
        """Return the vertex of the output."""
        return len(self.ways) - 1

    def is_sum(self, vertex: int) -> bool:
        """Whether a vertex is a residual sum."""
        return self.calls <= vertex < self.output

    def above(self, vertex: int) -> set[int]:
        """Return the vertices from which a way leads to a vertex."""
        found: set[int] = set()
        waiting = [vertex]
        while waiting:
            fresh = {way.source for way in self.ways[waiting.pop()]} - found
            found |= fresh
            waiting += fresh
        return found


def activation(node: Any) -> str | None:
    """Return the activation that a node of the graph is the gradient of."""
    name = node.name().removesuffix("0").removesuffix("1").removesuffix("Backward")
    if name == "Elu":
        return "selu" if getattr(node, "_saved_scale", 1.0) > 1.05 else "elu"
    if name == "Hardtanh":
        return "relu6" if getattr(node, "_saved_min_val", -1.0) == 0 else "hardtanh"
    return "softsign" if name == "Div" and _is_softsign(node) else ACTIVATIONS.get(name)


def _is_softsign(node: Any) -> bool:
    """Whether a quotient is x / (1 + abs(x)), which has no node of its own."""
    above = _above(node)
    inside = _above(above[1]) if len(above) == 2 and above[1].name() == "AddBackward0" else []
    return len(inside) == 1 and inside[0].name() == "AbsBackward0" and _above(inside[0]) == above[:1]


def graph(calls: Sequence[Call], result: Sequence[Any]) -> Graph:
    """Return what leads where, from the calls and the nodes that the result came from."""
    at = {call.output: number for number, call in enumerate(calls) if call.output is not None}
    attentions: dict[Any, set[int]] = {}
    sums: dict[Any, int] = {}  # vertex of each residual sum, in the order in which they are met

    def ways_from(nodes: Sequence[Any]) -> list[Way]:
        return _walk(list(nodes), at, sums, len(calls), attentions)

    ways = [ways_from(call.inputs) for call in calls]
    last = ways_from(result)
    while len(ways) < len(calls) + len(sums):  # going up from a sum may meet more
        ways.append(ways_from(_above(list(sums)[len(ways) - len(calls)])))
    _inside(calls, attentions)
    return _without_turns(Graph(len(calls), [*ways, last], attentions))


def _without_turns(found: Graph) -> Graph:
    """Take out sums of which both parts come the same way, such as those of rotary positions: they join nothing."""
    turns = {
        vertex: found.ways[vertex][0] for vertex in range(found.calls, found.output) if len(found.ways[vertex]) == 1
    }

    def straight(way: Way) -> Way:
        while way.source in turns:
            above = turns[way.source]
            way = Way(above.source, (*above.names, *way.names), (*above.nodes, *way.nodes))
        return way

    ways = [[straight(way) for way in each] for each in found.ways]
    attentions = {
        node: {straight(Way(one, (), ())).source for one in sources} for node, sources in found.attentions.items()
    }
    return Graph(found.calls, ways, attentions)


def _above(node: Any) -> list[Any]:
    return [above for above, _ in node.next_functions if above is not None]


def _walk(
    begin: list[Any],
    at: dict[Any, int],
    sums: dict[Any, int],
    first: int,
    attentions: dict[Any, set[int]],
    stop: Set[Any] = frozenset(),
) -> list[Way]:
    """Go up from some nodes to the nearest vertices; sums that are met for the first time become vertices."""
    below: dict[Any, Any] = dict.fromkeys(begin)
    waiting, found = deque(below), []
    while waiting:
        node = waiting.popleft()
        vertex = at.get(node)
        if vertex is None and _is_sum(node):
            vertex = sums.setdefault(node, first + len(sums))
        if vertex is not None:
            found.append(_way(vertex, node, below))
            _note(found[-1], attentions)
            continue
        if node.name().startswith(ATTENTIONS):
            attentions.setdefault(node, set())
        for above in _above(node) if node not in stop else ():
            if above not in below:
                below[above] = node
                waiting.append(above)
    return found


def _way(vertex: int, node: Any, below: dict[Any, Any]) -> Way:
    nodes = []
    step = below[node]
    while step is not None:
        nodes.append(step)
        step = below[step]
    return Way(vertex, tuple(one.name() for one in nodes), tuple(nodes))


def _note(way: Way, attentions: dict[Any, set[int]]) -> None:
    for at, node in enumerate(way.nodes):
        if node in attentions and any(name.startswith(MATRIX) for name in way.names[at:]):
            attentions[node].add(way.source)


def _inside(calls: Sequence[Call], attentions: dict[Any, set[int]]) -> None:
    """Note the attention inside of layers that are attentions as a whole."""
    for number, call in enumerate(calls):
        if isinstance(call.module, nn.MultiheadAttention) and call.output is not None:
            known: dict[Any, set[int]] = {}
            _walk(_above(call.output), {}, {}, 0, known, stop=set(call.inputs))
            attentions |= {node: {number} for node in known}


def is_weighed(nodes: Sequence[Any]) -> bool:
    """Whether matrix products or convolutions lie above nodes: weights that no layer holds have been at work."""
    seen, waiting = set(nodes), list(nodes)
    while waiting:
        node = waiting.pop()
        if any(word in node.name() for word in WEIGHING):
            return True
        fresh = [one for one in _above(node) if one not in seen]
        seen.update(fresh)
        waiting += fresh
    return False


def _is_sum(node: Any) -> bool:
    """Whether a node adds two signals; a sum with a parameter, a mask or a position is none."""
    if node.name() not in _SUMS:
        return False
    return len([above for above in _above(node) if not _is_parameter(above)]) > 1


def _is_parameter(node: Any) -> bool:
    """Whether what comes from a node is a parameter, looked at through views and casts."""
    for _ in range(8):
        above = _above(node)
        if not above:
            return "AccumulateGrad" in node.name()
        if len(above) > 1:
            return False
        node = above[0]
    return False
