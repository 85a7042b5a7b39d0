"""5xx: what the untrained model says."""

import math
from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import number


def first_loss(view: View) -> Iterator[Finding]:
    """INIT501: a model that knows nothing should pay what a guess costs, ln of the number of classes."""
    seen, bound = view.seen, view.bounds["INIT501"]
    if seen.loss_value is None or not seen.classes or not math.isfinite(seen.loss_value) or not seen.layers:
        return
    guess = math.log(seen.classes)
    if level := bound.level(seen.loss_value - guess):
        level, because = _excused(view, level)
        prior = "" if seen.prior is None else f", one that knows the labels' shares {number(seen.prior)}"
        yield Finding(
            "INIT501",
            level,
            _last(view),
            seen.loss_value,
            (0.0, guess + bound.warning),
            f"the first loss is {number(seen.loss_value)}; a guess pays ln {seen.classes} = "
            f"{number(guess)}{prior}: the "
            f"outputs have deviation {number(seen.output_std)} before anything is learned{because}",
            _remedy(view, because),
        )


def _remedy(view: View, because: str) -> str:
    """Return what to do: what is large before the output layer is not its fault."""
    last = [view.layer[path] for path in _last(view)]
    if last and not because and not view.is_first(last[0]) and last[0].input_rms > view.bounds["INIT207"].warning:
        size = number(last[0].input_rms)
        return f"look at what comes before {last[0].path} first: its inputs have size {size} already"
    return "standardize the inputs" if because else "make the weights of the output layer smaller, or 0"


def _excused(view: View, level: str) -> tuple[str, str]:
    """Return level and words, milder if outputs are large because inputs are, see INIT207: sizes are in proportion."""
    sizes = [one.input_rms for one in view.seen.layers if view.is_first(one)]
    largest = max((one for one in sizes if math.isfinite(one)), default=1.0)
    explained = view.seen.output_std / max(largest, 1.0) <= view.bounds["INIT502"].warning
    if largest <= view.bounds["INIT207"].warning or not explained:
        return level, ""
    return "warning", f", of inputs of size {number(largest)}"


def confident(view: View) -> Iterator[Finding]:
    """INIT502: outputs of that size, where no cross-entropy says it better."""
    bound = view.bounds["INIT502"]
    level = bound.level(view.seen.output_std) if math.isfinite(view.seen.output_std) else None
    if level and view.seen.classes is None and view.seen.layers:
        level, because = _excused(view, level)
        yield Finding(
            "INIT502",
            level,
            _last(view),
            view.seen.output_std,
            (0.0, bound.warning),
            f"the outputs have deviation {number(view.seen.output_std)} before anything is learned{because}",
            _remedy(view, because),
        )


def _last(view: View) -> tuple[str, ...]:
    last = [one.path for one in view.seen.layers if view.is_output(one)]
    return tuple((last or [one.path for one in view.seen.layers])[-1:])


RULES = (first_loss, confident)
