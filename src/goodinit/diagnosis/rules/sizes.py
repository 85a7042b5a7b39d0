"""2xx, causes: the deviation of one layer's weights against what keeps the signal's size."""

import math
from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.view import PLAIN, View
from goodinit.diagnosis.words import number
from goodinit.frameworks.observation import ATTENTION, NORMALIZED, SUM, Seen, Values

# entries of embeddings: from word2vec's 1 / width to 1 times the root of a small transformer's width
USUAL = (0.002, 8.0)
SMALLEST = 64  # entries of a weight from which its deviation is known to a tenth
PACKED = 3  # queries, keys and values
# where the size of the output is of no matter a weight must be further off, and is never an error; upwards by the
# gain of relu and a little: He's weights for the relu that follows a normalization are no finding
MILD_BELOW, MILD_ABOVE = 3.0, 1.6


def scale(view: View) -> Iterator[Finding]:
    """INIT203, INIT204: the weights are off, and the outputs show it.

    Both are asked, since modules exist that scale what they have drawn when they use it. A small output layer or a
    small end of a branch is a recipe, and so is 0; what is inside of a branch may be smaller than elsewhere.
    """
    for layer, weight in view.weighted():
        expected = view.expected_std(layer)
        if expected is None or weight.std == 0 or math.prod(weight.shape) < SMALLEST or not layer.input_rms > 0:
            continue
        ratio, shown = weight.rms / expected, layer.rms / layer.input_rms / view.gain(layer)
        if weight.is_off_centre:  # a mean adds up over inputs that have one, too
            ratio = shown = max(ratio, shown)
        code = "INIT203" if ratio < 1 else "INIT204"
        bound = view.bounds[code]
        mild = _is_mild(view, layer, ratio)
        slack = 1.0 if not mild else MILD_BELOW if ratio < 1 else 1 / MILD_ABOVE
        level = bound.level(ratio * slack)
        recipe = ratio < 1 and (view.is_end(layer) or view.is_output(layer))  # as 0 is one
        if level is None or recipe or not 1 / 3 < shown / ratio < 3:
            continue
        yield _off(view, layer, weight, code, "warning" if mild else level)


def _is_mild(view: View, layer: Seen, ratio: float) -> bool:
    return view.is_normalized(layer) or (ratio < 1 and (ATTENTION in layer.follows or _in_branch(view, layer)))


def _in_branch(view: View, layer: Seen) -> bool:
    """Whether what a layer feeds ends a residual branch."""
    sinks = [link.sink for link in view.seen.links if link.source == layer.path]
    return any(view.is_end(view.layer[one]) or ATTENTION in view.layer[one].follows for one in sinks)


def _off(view: View, layer: Seen, weight: Values, code: str, level: str) -> Finding:
    expected = view.expected_std(layer) or math.nan
    low, high = (view.bounds[one].warning * expected for one in ("INIT203", "INIT204"))
    times = weight.rms / expected
    said = f"{number(times)} times" if times > 1 else f"1/{number(1 / times)} of"
    after = f" before {view.activation(layer)}" if view.activation(layer) else ""
    off = weight.is_off_centre
    size = f"mean {number(weight.mean)} and size" if off else "deviation"
    return Finding(
        code,
        level,
        (layer.path,),
        weight.rms,
        None if off else (low, high),
        f"the weights of {layer.path} have {size} {number(weight.rms)}, {said} the {number(expected)} that "
        "keeps the "
        f"signal{after} (fan-in {number(layer.fan_in)}); inputs of size "
        f"{number(layer.input_rms)} become {number(layer.rms)}",
        f"{'subtract their mean, and ' if off else ''}draw them with deviation {number(expected)}",
    )


def embeddings(view: View) -> Iterator[Finding]:
    """INIT203, INIT204: vectors far from all usual sizes; a normalization or a stream that follows may renew them."""
    for layer in view.seen.layers:
        size = layer.rms
        ratio = size / min(max(size, USUAL[0]), USUAL[1])
        code = "INIT203" if ratio < 1 else "INIT204"
        level = view.bounds[code].level(ratio)
        if layer.kind != "embedding" or not size > 0 or level is None or view.is_output(layer):
            continue
        mild = any(one in layer.follows for one in (NORMALIZED, SUM, ATTENTION))
        low, high = USUAL[0] * view.bounds["INIT203"].warning, USUAL[1] * view.bounds["INIT204"].warning
        yield Finding(
            code,
            "warning" if mild else level,
            (layer.path,),
            size,
            (low, high),
            f"the vectors of the embedding {layer.path} have size {number(size)}, where usual ones have about .02 to 1",
            "draw them with deviation 1, or smaller if they are the output's weights, too",
        )


def wrong_fan(view: View) -> Iterator[Finding]:
    """INIT205: deviation gain / sqrt(fan_out) where fan-in and fan-out differ; only before what does not normalize."""
    bound = view.bounds["INIT205"]
    for layer, weight in view.weighted():
        if layer.kind not in PLAIN or view.is_normalized(layer) or view.is_output(layer) or weight.std == 0:
            continue
        ratio = layer.fan_in / layer.fan_out if layer.fan_out else 1.0
        level = bound.level(max(ratio, 1 / ratio))
        error = 4 * _relative_error(weight) + 1e-3
        fits = {fan: _fits(view, layer, weight, fan, error) for fan in (layer.fan_in, layer.fan_out)}
        if level and fits[layer.fan_out] and not fits[layer.fan_in]:
            yield Finding(
                "INIT205",
                level,
                (layer.path,),
                weight.std,
                None,
                f"the weights of {layer.path} have deviation {fits[layer.fan_out]} / sqrt(fan_out) = "
                f"{number(weight.std)}, "
                f"{number(math.sqrt(ratio))} times what its {number(layer.fan_in)} inputs ask for",
                "use mode='fan_in'",
            )


def packed_fan(view: View) -> Iterator[Finding]:
    """INIT205: Glorot's sqrt(2 / (fan_in + fan_out)) of queries, keys and values at once, 1/sqrt(2) of each one's."""
    for layer, weight in view.weighted():
        width, packed = layer.fan_in, ATTENTION in layer.follows and layer.fan_out == PACKED * layer.fan_in
        if layer.kind != "dense" or not packed or weight.std == 0:
            continue
        drawn, meant = math.sqrt(2 / (width + PACKED * width)), math.sqrt(1 / width)
        if abs(math.log(weight.std / drawn)) < 4 * _relative_error(weight) + 1e-3:
            yield Finding(
                "INIT205",
                "warning",
                (layer.path,),
                weight.std,
                None,
                f"the weights of {layer.path} have Glorot's deviation {number(drawn)} of all {weight.shape[0]} rows: "
                f"queries, keys and values drawn one by one would have {number(meant)}",
                "draw the three parts one by one",
            )


def _relative_error(weight: Values) -> float:
    """Return the standard error of a deviation's logarithm: sqrt((kurtosis - 1) / 4n)."""
    return math.sqrt(max(weight.kurtosis - 1, 0.1) / (4 * math.prod(weight.shape)))


def _fits(view: View, layer: Seen, weight: Values, fan: float, error: float) -> str | None:
    """Return the gain with which a fan gives the weight's deviation, if one of the usual ones does."""
    gains = {"sqrt(2)": math.sqrt(2), "1": 1.0, "sqrt(1/3)": math.sqrt(1 / 3), "5/3": 5 / 3}
    own = view.gain(layer)
    gains.setdefault(number(own), own)
    seen = weight.std * math.sqrt(fan)
    return next((name for name, gain in gains.items() if abs(math.log(seen / gain)) < error), None)


RULES = (scale, embeddings, wrong_fan, packed_fan)
