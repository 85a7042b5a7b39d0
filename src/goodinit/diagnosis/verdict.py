"""Blame, acquit, or cannot tell: in one sentence, with what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.words import some
from goodinit.frameworks.observation import Observation

# the held-out half of benchmarks/faults, see benchmarks/README.md: how many sound models there were, none of which was
# blamed; how many faults, and how many of them were not found, or found as warnings only
SOUND, FAULTS, UNSEEN, MILD = 169, 209, 1, 48
INNOCENT = ("INIT207",)  # findings for which the initialization is not to blame
# what others follow from comes first in the sentence
CAUSES = ("INIT208", "INIT101", "INIT102", "INIT103", "INIT203", "INIT204", "INIT401", "INIT206", "INIT201", "INIT202")


@dataclass(frozen=True)
class Verdict:
    """The verdict.

    Parameters
    ----------
    word : str
        ``blame``, ``acquit`` or ``cannot tell``.
    sentence : str
        Why, and on what it rests.
    confidence : str
        How often a verdict like this was wrong where the truth is known, with a 95 % interval (Wilson's).
    """

    word: str
    sentence: str
    confidence: str


def verdict(seen: Observation, findings: Sequence[Finding]) -> Verdict:
    """Return the verdict: blame for any error, cannot tell if nothing could be measured or judged, else acquit."""
    guilty = [one for one in findings if one.level == "error" and not one.code.startswith("INIT9")]
    lost = [one for one in findings if one.code == "INIT901"]
    rests = f"seen in {seen.mode} mode on one batch of {seen.examples or 'unknown'} examples"
    if guilty:
        worst = min(guilty, key=lambda one: CAUSES.index(one.code) if one.code in CAUSES else len(CAUSES))
        where = f" in {some(worst.layers)}" if worst.layers else ""
        sure = f"of {SOUND} sound models none was blamed ({_interval(0, SOUND)})"
        return Verdict("blame", f"The initialization is to blame{where}: {worst.reason} ({rests}; {sure}).", sure)
    if lost:
        sentence = f"It cannot be told whether the initialization is to blame: {lost[0].reason}."
        return Verdict("cannot tell", sentence, "none: nothing was measured")
    warnings = [one for one in findings if one.level == "warning"]
    left = tuple(path for one in findings if one.code == "INIT902" for path in one.layers)
    judged = len(seen.layers) - sum(one.path in left for one in seen.layers)
    if left and not judged:
        sentence = f"It cannot be told whether the initialization is to blame: no layer could be judged ({some(left)})."
        return Verdict("cannot tell", sentence, "none: nothing was judged")
    doubts = f"; {len(warnings)} warnings deserve a look" if len(warnings) > 1 else "; one warning deserves a look"
    other = next((one for one in warnings if one.code in INNOCENT), None)
    but = f", but {other.reason}" if other else ""
    wrong, how = (MILD + UNSEEN, "showed no more than warnings") if warnings else (UNSEEN, "went unseen")
    sure = f"of {FAULTS} injected faults {wrong} {how} ({_interval(wrong, FAULTS)})"
    within = f"signal, gradient and units of all {len(seen.layers)} layers are within bounds"
    if left:  # the share of faults that went unseen was measured on models that were judged as a whole
        parts = "layers" if judged + len(left) == len(seen.layers) else "layers and weights of no layer"
        within = f"signal, gradient and units of {judged} of {judged + len(left)} {parts} are within bounds"
        within += f"; not judged (INIT902): {some(left)}"
        sure = "how often faults go unseen where parts are not judged is not known"
    return Verdict(
        "acquit",
        f"The initialization is not to blame{' as far as it was judged' if left else ''}: {within}"
        f"{doubts if warnings else ''}{but} ({rests}; that the batch is like the data is assumed; {sure}).",
        sure,
    )


def _interval(count: int, of: int) -> str:
    from scipy.stats import binomtest

    low, high = binomtest(count, of).proportion_ci(method="wilson")
    return f"{100 * low:.1f} to {100 * high:.1f} %"
