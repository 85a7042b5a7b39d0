"""4xx: the state of units, of examples beside each other, and of attention."""

import math
from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import number, some
from goodinit.frameworks.observation import Seen

ROWS = 16  # values of a unit from which never being active tells something: by chance 2^-16 of units are never
COMPARABLE = 1e-9  # a distance between examples that is rounding


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
                "start its biases at 0 and its weights at mean 0",
            )


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
    ratios = [(1 - (one.correlation or 0)) / begin for one in hidden]
    worst = min(ratios)
    if level := bound.level(worst):
        found = [one.path for one, ratio in zip(hidden, ratios, strict=True) if ratio <= bound.warning]
        yield Finding(
            "INIT404",
            "warning" if read else level,
            tuple(found),
            worst,
            (bound.warning, math.inf),
            f"at {found[-1]} examples differ {number(1 / max(worst, 1e-12))} times less than at {hidden[0].path}, as "
            "seen by 1 - correlation",
            "bring the weights nearer to the critical variance, see goodinit.theory.critical_line",
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
