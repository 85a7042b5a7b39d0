"""9xx: what could not be measured is never taken for right."""

from collections.abc import Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import some


def missed(view: View) -> Iterator[Finding]:
    """INIT901, INIT902."""
    for one in view.seen.missed:
        yield Finding(
            "INIT901" if one.all else "INIT902",
            "error" if one.all else "note",
            one.layers,
            None,
            None,
            f"could not measure {one.what}: {one.why}",
            "see docs/check.md for what can be measured",
        )
    if not view.seen.layers and not view.seen.missed:
        yield _none("no layer with parameters was called")
    elif view.seen.examples == 1:
        yield Finding(
            "INIT902",
            "note",
            (),
            1.0,
            None,
            "could not compare examples: the batch has one",
            "give a batch of 16 examples or more",
        )


def unfit_inputs(view: View) -> Iterator[Finding]:
    """INIT901: inputs that are all 0, NaN or infinite say nothing of the weights that they meet."""
    for layers, why in ((view.unfit_inputs(), "NaN or infinity"), (view.zero_inputs(), "nothing but 0")):
        if layers:
            yield _none(f"the inputs of {some(layers)} hold {why}", layers, "look at the batch")


def unjudged(view: View) -> Iterator[Finding]:
    """INIT902: layers and weights of which no rule knows what they do to the signal over their steps."""
    by: dict[str, list[str]] = {}
    for path, why in view.unjudged.items():
        by.setdefault(why, []).append(path)
    if by:
        yield Finding(
            "INIT902",
            "note",
            tuple(view.unjudged),
            None,
            None,
            "could not judge signal and gradient in "
            + "; ".join(f"{some(paths)} ({why})" for why, paths in by.items()),
            "look at their weights, and at the gradients before and after them, yourself",
        )


def _none(why: str, layers: tuple[str, ...] = (), fix: str = "see docs/check.md for what can be measured") -> Finding:
    return Finding("INIT901", "error", layers, None, None, f"could not measure anything: {why}", fix)


RULES = (missed, unfit_inputs, unjudged)
