"""2xx, effects: the signal on its way forward."""

import itertools
import math
from collections.abc import Iterator, Sequence

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.pointwise import critical
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import OTHERWISE, number, uncentred
from goodinit.frameworks.observation import Seen

LEAST = 1e-37  # a size below which float32 runs out of digits, and steps are rounding
ROUNDED = 6e-5  # one below which float16 does, and from which a signal may come to be exactly 0
DIGITS = 1e4  # from where float16 has digits to what it can hold at least, and by a few zeros among ones of that size


def drift(view: View) -> Iterator[Finding]:
    """INIT201, INIT202: the size of the signal along a chain of layers with nothing to renew it."""
    for chain in view.chains(normalized=False):
        sizes = [one.input_rms for one in chain]
        if not view.is_output(chain[-1]):
            sizes.append(chain[-1].rms)
        if len(sizes) < 2 or not all(math.isfinite(one) for one in sizes) or sizes[0] == 0:
            continue
        if (bias := view.values.get(chain[0].bias or "")) is not None:
            sizes[0] = max(sizes[0], min(bias.rms, sizes[-1]))  # what a bias adds to small inputs is no growth
        factor, steps = sizes[-1] / sizes[0], len(sizes) - 1
        vanishing = view.bounds["INIT201"].level(factor)
        level = vanishing or view.bounds["INIT202"].level(factor)
        in_branch = vanishing and view.is_end(chain[-1])  # a small branch is a recipe
        if level is None or in_branch or any(_is_zero(view, one) for one in chain):
            continue
        guilty = _guilty(chain, sizes)
        code, verb = ("INIT201", "shrinks") if vanishing else ("INIT202", "grows")
        a_layer = factor ** (1 / steps)
        yield Finding(
            code,
            level,
            guilty,
            factor,
            (view.bounds["INIT201"].warning, view.bounds["INIT202"].warning),
            f"from {chain[0].path} to {chain[-1].path} the signal {verb} from {number(sizes[0])} to "
            f"{number(sizes[-1])}, "
            f"x{number(a_layer)} a layer over {steps} layers",
            _remedy(view, chain, guilty),
        )


def _is_zero(view: View, layer: Seen) -> bool:
    weight = view.weight(layer)
    return weight is not None and weight.largest == 0


def _guilty(chain: Sequence[Seen], sizes: Sequence[float]) -> tuple[str, ...]:
    """Return the layers whose factor is at least half as far from 1, as a logarithm, as the worst one's.

    Where the signal is lost in rounding the layers are no worse than those that brought it there.
    """
    least = _least(sizes)
    sign = 1 if sizes[-1] > sizes[0] else -1
    logs = [sign * math.log(max(after, least) / max(before, least)) for before, after in itertools.pairwise(sizes)]
    worst = max(logs)
    return tuple(one.path for one, log in zip(chain, logs, strict=False) if log >= worst / 2)


def _least(sizes: Sequence[float]) -> float:
    """Return the size below which steps are rounding: higher where a signal in half precision has come down to 0."""
    last = next((before for before, after in itertools.pairwise(sizes) if after == 0), math.inf)
    return max(LEAST, DIGITS * last) if last < ROUNDED else LEAST


def _remedy(view: View, chain: Sequence[Seen], guilty: Sequence[str]) -> str:
    layer = next(one for one in chain if one.path in guilty)
    expected = view.expected_std(layer)
    if expected is None:
        return "scale the weights so that each layer keeps the size of its inputs"
    if all(view.has_gain([one.path], view.gain(one)) for one in chain if one.path in guilty):
        return f"the weights have the deviation that keeps it in one layer already: {OTHERWISE}"
    name = view.activation(layer)
    if name and critical(name) is None:
        return uncentred(name)
    after = f" before {name}" if name else ""
    return (
        f"weights of deviation {number(view.gain(layer))} / sqrt(fan_in) keep it{after}: {number(expected)} "
        f"for {layer.path}"
    )


def stream(view: View) -> Iterator[Finding]:
    """INIT206: every branch adds as much as the stream holds, and the stream doubles at every block."""
    readers = [view.layer[path] for path in view.seen.stream]
    plain = [one for one in readers if one.kind != "norm"]
    both = ((plain, 1.0), ([one for one in readers if one.kind == "norm"], 10.0))  # normalized branches do not mind
    for each, slack in both:
        if len(each) < 3 or not each[0].input_rms > 0:
            continue
        factor = each[-1].input_rms / each[0].input_rms
        bound = view.bounds["INIT206"]
        if level := bound.level(factor / slack):
            yield Finding(
                "INIT206",
                level,
                tuple(dict.fromkeys([*view.seen.ends])),
                factor,
                (0.0, bound.warning * slack),
                f"the stream grows from {number(each[0].input_rms)} at {each[0].path} to "
                f"{number(each[-1].input_rms)} at "
                f"{each[-1].path}: the {len(view.seen.ends)} branches add too much",
                "scale the last layer of every branch by 1 / sqrt(number of branches), or start it at 0",
            )


def nonfinite(view: View) -> Iterator[Finding]:
    """INIT208: the first layer that makes NaN or infinity of finite inputs."""
    first = next((one for one in view.seen.layers if not one.finite), None)
    if first is not None and not view.unfit_inputs():
        yield Finding("INIT208", "error", (first.path,), None, None, *_whence(view, first))


def _whence(view: View, layer: Seen) -> tuple[str, str]:
    """Return where NaN or infinity comes from, and what to do."""
    for one in (view.values[path] for path in (layer.weight, layer.bias) if path in view.values):
        if one.unfit:
            reason = f"{one.path} holds NaN or infinity in {one.unfit:,} of its {math.prod(one.shape):,} entries"
            return reason, "look at the formula or file that it comes from, and draw it anew"
    return (
        f"outputs of {layer.path} are NaN or infinite, for inputs of size {number(layer.input_rms)}",
        "check the inputs for NaN, the weights for size, and the precision",
    )


def inputs(view: View) -> Iterator[Finding]:
    """INIT207: initializers assume inputs of size about 1; this is not the initialization's fault."""
    bound = view.bounds["INIT207"]
    for layer, weight in view.weighted():
        size = layer.input_rms
        if (
            not view.is_first(layer)
            or not math.isfinite(size)
            or size == 0
            or weight is None
            or layer.kind == "attention"
        ):
            continue
        if bound.level(max(size, 1 / size)):
            yield Finding(
                "INIT207",
                "warning",
                (layer.path,),
                size,
                (1 / bound.warning, bound.warning),
                f"the inputs of {layer.path} have size {number(size)} (mean {number(layer.input_mean)}) where "
                "recipes assume 1",
                "standardize the inputs: subtract the mean, divide by the standard deviation",
            )


RULES = (drift, stream, nonfinite, inputs)
