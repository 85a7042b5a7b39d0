"""2xx and 3xx of recurrent layers: the size of their weights, and the gradient through their steps as a whole."""

import math
from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.rules.backward import compare
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import number
from goodinit.frameworks.observation import Seen, Values


def scale(view: View) -> Iterator[Finding]:
    """INIT203, INIT204: weights far from all that is usual.

    That is from PyTorch's default, uniform between +-1/sqrt(hidden), of deviation 1/sqrt(3 hidden), to the
    1/sqrt(fan_in) of LeCun's and of orthogonal ones; of weights that read the inputs the default knows no fan-in.
    """
    for layer in (one for one in view.seen.layers if one.kind == "recurrent"):
        for weight in _weights(view, layer):
            usual = sorted((1 / math.sqrt(weight.shape[1]), 1 / math.sqrt(3 * _hidden(view, weight))))
            ratio = weight.std / min(max(weight.std, usual[0]), usual[1])
            code = "INIT203" if ratio < 1 else "INIT204"
            if weight.std > 0 and (level := view.bounds[code].level(ratio)):
                low, high = usual[0] * view.bounds["INIT203"].warning, usual[1] * view.bounds["INIT204"].warning
                yield Finding(
                    code,
                    level,
                    (layer.path,),
                    weight.std,
                    (low, high),
                    f"the weights {weight.path} have deviation {number(weight.std)}, where usual ones have between "
                    f"{number(usual[0])} and {number(usual[1])}",
                    "draw them orthogonal, or as PyTorch does, uniform between +-1 / sqrt(hidden size)",
                )


def _weights(view: View, layer: Seen) -> list[Values]:
    """Return the matrices of a recurrent layer."""
    return [one for one in view.seen.values if len(one.shape) == 2 and view.owner(one) is layer]


def _hidden(view: View, weight: Values) -> int:
    """Return the size of the state, which is the fan-in of the weights that read it."""
    reads = view.values.get(weight.path.replace("weight_ih", "weight_hh"), weight)
    return reads.shape[1]


def gradient(view: View) -> Iterator[Finding]:
    """INIT301, INIT302: the norm of the gradient before a recurrent layer against that after it, over all steps."""
    for link in view.seen.links:
        pair = [view.layer[link.source], view.layer[link.sink]]
        norms = [one.gradient_norm or 0.0 for one in pair]
        if pair[1].kind == "recurrent" and all(math.isfinite(one) and one > 0 for one in norms):
            yield from compare(view, pair, norms, "steps")


RULES = (scale, gradient)
