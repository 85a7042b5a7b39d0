"""5xx: what the untrained model says."""

import math
from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import number


def first_loss(view: View) -> Iterator[Finding]:
    """INIT501: a model that knows nothing should pay what a guess costs, ln of the number of classes."""
    seen, bound = view.seen, view.bounds["INIT501"]
    if seen.loss_value is None or not seen.classes or not math.isfinite(seen.loss_value):
        return
    guess = math.log(seen.classes)
    if level := bound.level(seen.loss_value - guess):
        prior = "" if seen.prior is None else f", one that knows the labels' shares {number(seen.prior)}"
        yield Finding(
            "INIT501",
            level,
            _last(view),
            seen.loss_value,
            (0.0, guess + bound.warning),
            f"the first loss is {number(seen.loss_value)}; a guess pays ln {seen.classes} = "
            f"{number(guess)}{prior}: the "
            f"outputs have deviation {number(seen.output_std)} before anything is learned",
            "make the weights of the output layer smaller, or 0",
        )


def confident(view: View) -> Iterator[Finding]:
    """INIT502: outputs of that size, where no cross-entropy says it better."""
    bound = view.bounds["INIT502"]
    level = bound.level(view.seen.output_std) if math.isfinite(view.seen.output_std) else None
    if level and view.seen.classes is None and view.seen.layers:
        yield Finding(
            "INIT502",
            level,
            _last(view),
            view.seen.output_std,
            (0.0, bound.warning),
            f"the outputs have deviation {number(view.seen.output_std)} before anything is learned",
            "make the weights of the output layer smaller, or 0",
        )


def _last(view: View) -> tuple[str, ...]:
    last = [one.path for one in view.seen.layers if view.is_output(one)]
    return tuple(last[-1:]) or (view.seen.layers[-1].path,)


RULES = (first_loss, confident)
