"""1xx: weights that make units the same, and parameters that cannot move."""

from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import number, some
from goodinit.frameworks.observation import ATTENTION, Seen, Values


def zero_weights(view: View) -> Iterator[Finding]:
    """INIT101: zeros are a recipe for the end of a residual branch and for the output layer, and a wall elsewhere."""
    for layer, weight in view.weighted():
        if weight.largest != 0 or weight.moves == "unused" or _may_be_zero(view, layer, weight):
            continue
        stuck = weight.moves == "never"
        yield Finding(
            "INIT101",
            "error",
            (layer.path,),
            0.0,
            None,
            f"all weights of {layer.path} are 0, so no signal passes and no gradient reaches what is before it"
            + ("; they can never move" if stuck else ""),
            "draw them at random, or if this is meant to be the end of a residual branch let it add to the stream",
        )


def _may_be_zero(view: View, layer: Seen, weight: Values) -> bool:
    return weight.moves in ("first", "second") and (view.is_output(layer) or view.is_end(layer))


def constant_weights(view: View) -> Iterator[Finding]:
    """INIT102: a constant weight gives every unit the same output and, if units are used alike, the same gradient."""
    for layer, weight in view.weighted():
        if weight.std == 0 and weight.largest > 0 and weight.shape[0] > 1 and weight.moves != "unused":
            yield Finding(
                "INIT102",
                "error",
                (layer.path,),
                weight.mean,
                None,
                f"all weights of {layer.path} are {number(weight.mean)}, so its {weight.shape[0]} units are one unit",
                "draw them at random",
            )


def twin_units(view: View) -> Iterator[Finding]:
    """INIT103: units with equal weights stay equal as long as they are used alike."""
    bound = view.bounds["INIT103"]
    for layer, weight in view.weighted():
        level = bound.level(weight.twins)
        if level and weight.std > 0:
            yield Finding(
                "INIT103",
                level,
                (layer.path,),
                weight.twins,
                (0.0, bound.warning),
                f"{weight.twins:.0%} of the units of {layer.path} have the same weights as another one",
                "draw every unit by itself",
            )


def twin_layers(view: View) -> Iterator[Finding]:
    """INIT104: layers that were copied after they had been drawn."""
    pairs = [
        (layer, weight) for layer, weight in view.weighted() if weight.same_as is not None and weight.moves != "unused"
    ]
    if pairs:
        firsts = dict.fromkeys(str(weight.same_as) for _, weight in pairs)
        yield Finding(
            "INIT104",
            "warning",
            tuple(layer.path for layer, _ in pairs),
            float(len(pairs)),
            (0.0, 0.0),
            f"{some([layer.path for layer, _ in pairs])} hold the very values of {some(list(firsts))}, but are "
            "not tied",
            "draw each layer anew after copying it: nn.TransformerEncoder and copy.deepcopy repeat one draw",
        )


def stuck(view: View) -> Iterator[Finding]:
    """INIT105: weights whose gradient is exactly zero now and after a step of the others.

    Queries and keys get none where there is one key only: that is the batch's doing.
    """
    zero = {layer.path for layer, weight in view.weighted() if weight.largest == 0}
    found = [
        layer.path
        for layer, weight in view.weighted()
        if weight.moves == "never" and not weight.frozen and layer.path not in zero and ATTENTION not in layer.follows
    ]
    if found and not view.zero_inputs():
        yield Finding(
            "INIT105",
            "error",
            tuple(found),
            0.0,
            None,
            f"the gradient with respect to {some(found)} is exactly 0, and stays so after a step of the others",
            "something after them lets nothing back: look for zeros, dead units, or a value that is rounded or "
            "detached",
        )


def late(view: View) -> Iterator[Finding]:
    """INIT106: zeros that open at the first step; how LoRA, ReZero and zero-gamma are meant."""
    found = [weight.path for weight in view.seen.values if weight.moves == "second"]
    if found:
        yield Finding(
            "INIT106",
            "note",
            tuple(found),
            None,
            None,
            f"{some(found)} get no gradient at the first step, but do from the second on",
            "nothing to do if a zero after them is meant to be there",
        )


def unused(view: View) -> Iterator[Finding]:
    """INIT107: parameters on which the result does not depend."""
    found = [weight.path for weight in view.seen.values if weight.moves == "unused"]
    if found:
        yield Finding(
            "INIT107",
            "note",
            tuple(found),
            None,
            None,
            f"the result does not depend on {some(found)} for this batch",
            "check that the batch takes the whole way through the model",
        )


RULES = (zero_weights, constant_weights, twin_units, twin_layers, stuck, late, unused)
