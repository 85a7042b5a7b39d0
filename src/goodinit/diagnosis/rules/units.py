"""4xx: the state of units, of examples beside each other, and of attention."""

import math
from collections.abc import Iterator, Sequence

from goodinit import theory
from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.pointwise import FUNCTIONS, critical
from goodinit.diagnosis.view import NEAR, View
from goodinit.diagnosis.words import OTHERWISE, number, some, uncentred
from goodinit.frameworks.observation import Seen

ROWS = 16  # values of a unit from which never being active tells something: by chance 2^-16 of units are never
STAYS = 1.05  # dq'/dq up to which a few dozen layers stay near a variance; silu has 1.1, gelu 1.07, mish 1.02
COMPARABLE = 1e-9  # a distance between examples that is rounding
ROUNDED = 1e-15  # what rounding leaves of 1 - correlation where examples are the same


def dead(view: View) -> Iterator[Finding]:
    """INIT401."""
    bound = view.bounds["INIT401"]
    for layer in view.seen.layers:
        if layer.dead is None or layer.unit_rows < ROWS or layer.input_rms == 0:  # a victim of one before it
            continue
        if level := bound.level(layer.dead):
            yield Finding(
                "INIT401",
                level,
                (layer.path,),
                layer.dead,
                (0.0, bound.warning),
                f"{layer.dead:.0%} of the units of {layer.path} are inactive for all {layer.unit_rows} values "
                "that were "
                f"looked at{_because(view, layer)}",
                _revival(view, layer),
            )


def _revival(view: View, layer: Seen) -> str:
    """Return what makes units active again, and is not so already."""
    bias, weight = view.values.get(layer.bias or ""), view.weight(layer)
    scale = view.values.get(layer.weight or "") if layer.kind == "norm" else None
    if scale is not None and scale.largest == 0:
        return "set its weights, which are 0, to 1"
    if bias is not None and bias.largest > 0 and abs(bias.mean) > layer.std / 2:
        return "start its biases at 0"
    if weight is not None and layer.kind != "norm" and weight.is_off_centre:
        return "start its weights at mean 0"
    return f"its weights and biases are centred: what it reads is much the same for all examples; {OTHERWISE}"


def _because(view: View, layer: Seen) -> str:
    bias = view.values.get(layer.bias) if layer.bias else None
    if bias is not None and bias.mean < -layer.std:
        return f": its biases are {number(bias.mean)} on average"
    return ": its outputs are negative" if layer.mean < -layer.std else ""


def saturated(view: View) -> Iterator[Finding]:
    """INIT402; a first layer whose inputs are huge is their victim, not the initialization's."""
    bound = view.bounds["INIT402"]
    for layer in view.seen.layers:
        if layer.saturated is None:
            continue
        level = bound.level(layer.saturated)
        if level is None:
            continue
        huge = view.is_first(layer) and layer.input_rms > view.bounds["INIT207"].warning
        yield Finding(
            "INIT402",
            "warning" if huge else level,
            (layer.path,),
            layer.saturated,
            (0.0, bound.warning),
            f"{layer.saturated:.0%} of the values of {layer.path} lie in the flat part of {view.activation(layer)}: "
            f"its outputs have size {number(layer.rms)}" + (f", its inputs {number(layer.input_rms)}" if huge else ""),
            "standardize the inputs"
            if huge
            else "make its weights smaller, 1 / sqrt(fan_in) keeps them in its steep part",
        )


def skewed(view: View) -> Iterator[Finding]:
    """INIT403: units that have one sign for nearly all inputs are linear, or off, for them."""
    found = [
        layer
        for layer in view.seen.layers
        if layer.skewed is not None
        and layer.skewed > 0.9
        and layer.unit_rows >= ROWS
        and view.activation(layer) == "relu"
    ]
    if found:
        yield Finding(
            "INIT403",
            "note",
            tuple(one.path for one in found),
            max(one.skewed or 0 for one in found),
            (0.0, 0.9),
            f"nearly all units of {some([one.path for one in found])} are positive, or negative, for 95 % of "
            "the values",
            "examples are alike at this depth: see INIT404",
        )


def collapse(view: View) -> Iterator[Finding]:
    """INIT404: examples that differ at the first layer and no more at a deep one.

    Of a residual network the layers that read its stream are compared: a branch may well be the same for all examples.
    Never an error there, since a stream may begin with a token that is the same for all and be told apart later.
    """
    alike = [one for one in view.seen.layers if one.correlation is not None and one.kind in ("dense", "conv", "norm")]
    read = set(view.seen.stream)
    hidden = [one for one in alike if not view.is_output(one) and (one.path in read if read else one.kind != "norm")]
    if len(hidden) < 3 or view.seen.examples == 1:
        return
    begin = 1 - (hidden[0].correlation or 0)
    if begin < COMPARABLE:
        return
    bound = view.bounds["INIT404"]
    ratios = [max(1 - (one.correlation or 0), ROUNDED) / begin for one in hidden]
    worst = min(ratios)
    if level := bound.level(worst):
        found = [one.path for one, ratio in zip(hidden, ratios, strict=True) if ratio <= bound.warning]
        yield Finding(
            "INIT404",
            "warning" if read else level,
            tuple(found),
            worst,
            (bound.warning, math.inf),
            f"at {found[-1]} examples differ {number(1 / worst)} times less than at {hidden[0].path}, as "
            "seen by 1 - correlation",
            _apart(view, hidden),
        )


def _apart(view: View, hidden: Sequence[Seen]) -> str:
    """Return what keeps examples apart: weights and biases at criticality, where there is such a thing to stay at."""
    name = next((one for layer in hidden if (one := view.activation(layer))), None)
    if name is None:
        return OTHERWISE
    found = critical(name)
    if found is None:
        return uncentred(name)
    weight, bias = found
    biases = [view.values[one.bias].rms for one in hidden if one.bias in view.values]
    if all(abs(one - bias) <= NEAR for one in biases) and view.has_gain([one.path for one in hidden], weight):
        return f"weights and biases are critical already: {OTHERWISE}"
    if theory.variance_slope(FUNCTIONS[name], 1.0, weight**2) > STAYS:
        return OTHERWISE
    return (
        f"weights of deviation {number(weight)} / sqrt(fan_in) and biases of deviation {number(bias)} are critical "
        f"with {name}, see goodinit.theory.critical_line; or {OTHERWISE}"
    )


def attention(view: View) -> Iterator[Finding]:
    """INIT405."""
    bound = view.bounds["INIT405"]
    for one in view.seen.attentions:
        level = bound.level(one.entropy) if one.keys >= 4 else None
        if level:
            yield Finding(
                "INIT405",
                level,
                one.sources,
                one.entropy,
                (bound.warning, 1.0),
                f"the attention fed by {some(one.sources)} has {one.entropy:.0%} of the largest entropy over "
                f"{one.keys} keys: "
                "queries and keys are too large",
                "scores should have a deviation of at most 1: make the query and key weights smaller",
            )


RULES = (dead, saturated, skewed, collapse, attention)
