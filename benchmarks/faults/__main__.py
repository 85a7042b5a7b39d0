"""The fault suite: what `check` finds of what was done to a model, and what it blames where nothing was.

    python benchmarks/faults            # the table
    python benchmarks/faults misses     # and below it every fault that was missed and every negative that was blamed

A fault is found at the right layer if a warning or an error names one of the layers concerned, and of others at most
three times as many; for a fault of a whole chain any of its layers will do, and no more others than the chain has. A
code that names the same layer before anything was done does not count.
"""

import sys
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from scipy import stats

from architecture import Architecture
from goodinit import check
from goodinit.diagnosis import Report
from kinds import KINDS, Fault
from negatives import NEGATIVES
from nets_attention import NETS as ATTENTION
from nets_conv import NETS as CONV
from nets_dense import NETS as DENSE

ARCHITECTURES = (*DENSE, *CONV, *ATTENTION)
OTHERS = 3  # layers that may be named beside one that is concerned
DOSES = (0.01, 0.03, 0.1, 0.3, 0.5, 1, 2, 3, 5, 10, 30)
RECALL, BLAMED = 0.95, 0.02  # what is asked for


@dataclass(frozen=True)
class Case:
    """What came out for one model."""

    kind: str
    architecture: Architecture
    found: bool
    blamed: bool
    said: str


def seeded(*words: str) -> None:
    """Seed torch from words, so that no case depends on another one."""
    torch.manual_seed(zlib.crc32(" ".join(words).encode()))


def named(report: Report) -> set[tuple[str, str]]:
    """Return (code, layer) of all warnings and errors."""
    return {(one.code, layer) for one in report.findings if one.level != "note" for layer in _paths(one.layers)}


def _paths(layers: Sequence[str]) -> Iterator[str]:
    """Give layers, of parameters the layers that they belong to as well."""
    for one in layers:
        yield one
        if one.endswith((".weight", ".bias")):
            yield one.rpartition(".")[0]


def is_found(report: Report, before: set[tuple[str, str]], fault: Fault) -> bool:
    """Whether a finding names the layers concerned and few others."""
    most = len(fault.layers) if fault.whole else OTHERS * len(fault.layers)
    for one in report.findings:
        fresh = {layer for layer in _paths(one.layers) if (one.code, layer) not in before}
        right = fresh & set(fault.layers)
        if one.level != "note" and right and len(set(one.layers) - set(fault.layers)) <= most:
            return True
    return False


def said(report: Report) -> str:
    return "; ".join(f"{one.code} {one.level} {', '.join(one.layers[:4])}" for one in report.findings) or "nothing"


def faults(a: Architecture) -> Iterator[Case]:
    for kind, make in KINDS.items():
        for number, fault in enumerate(make(a)):
            seeded(a.name, kind, str(number))
            model, batch = a.build(), a.batch()
            before = named(check(model, batch, loss=a.loss))
            fault.inject(model)
            report = check(model, batch, loss=a.loss)
            blamed = report.verdict.word == "blame"
            yield Case(kind, a, is_found(report, before, fault), blamed, f"{fault.layers[:3]}: {said(report)}")


def negatives(a: Architecture) -> Iterator[Case]:
    for kind, make in NEGATIVES.items():
        seeded(a.name, kind)
        trial = make(a)
        if trial is not None:
            report = check(trial.model, trial.batch, loss=trial.loss, mode=trial.mode)
            fine = not any(one.level != "note" for one in report.findings)
            yield Case(kind, a, not fine, report.verdict.word != "acquit", said(report))


def doses(a: Architecture) -> Iterator[Case]:
    """Give what is found of a hidden layer that is too small or too large by less and by more."""
    for path in a.hidden[1:3]:
        for times in DOSES:
            seeded(a.name, "dose", path)
            model, batch = a.build(), a.batch()
            with torch.no_grad():
                model.get_submodule(path).weight.mul_(times)
            report = check(model, batch, loss=a.loss)
            found = is_found(report, set(), Fault((path,), lambda model: None))
            yield Case(f"x {times:g}", a, found, report.verdict.word == "blame", said(report))


def interval(count: int, of: int) -> str:
    """Return count and number with Wilson's 95 % interval of the share."""
    if of == 0:
        return ""
    low, high = stats.binomtest(count, of).proportion_ci(method="wilson")
    return f"{count} of {of} ({100 * low:.0f} to {100 * high:.0f} %)"


def row(name: str, cases: Sequence[Case]) -> str:
    """Return a row: found and blamed, for both halves."""
    cells = [name]
    for held_out in (False, True):
        half = [one for one in cases if one.architecture.held_out == held_out]
        cells += [
            interval(sum(one.found for one in half), len(half)),
            f"{sum(one.blamed for one in half)}" if half else "",
        ]
    return f"| {' | '.join(cells)} |"


def table(cases: Sequence[Case], kinds: Sequence[str], found: str) -> list[str]:
    """Return a row for each kind, and one for all of them."""
    head = [f"| | development: {found} | blamed | held out: {found} | blamed |", "|---|---:|---:|---:|---:|"]
    rows = [row(kind, [one for one in cases if one.kind == kind]) for kind in kinds]
    return [*head, *rows, row("**all**", cases)]


def summary(positive: Sequence[Case], negative: Sequence[Case]) -> Iterator[str]:
    """Say what is met, by half."""
    for held_out, name in ((False, "development"), (True, "held out")):
        own = [one for one in positive if one.architecture.held_out == held_out]
        other = [one for one in negative if one.architecture.held_out == held_out]
        recall = sum(one.found for one in own) / len(own)
        wrong = sum(one.blamed for one in other)
        right = sum(one.blamed for one in own)
        met = ["met" if good else "**missed**" for good in (recall >= RECALL, wrong <= BLAMED * len(other))]
        yield f"- {name}: {recall:.1%} of faults found at the right layer, at least {RECALL:.0%}: {met[0]}"
        yield f"- {name}: {wrong / len(other):.1%} of negatives blamed, at most {BLAMED:.0%}: {met[1]}"
        precision = right / max(right + wrong, 1)
        yield f"- {name}: {right / len(own):.1%} of models with a fault blamed; precision of blame {precision:.1%}"


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    positive = [case for a in ARCHITECTURES for case in faults(a)]
    negative = [case for a in ARCHITECTURES for case in negatives(a)]
    graded = [case for a in ARCHITECTURES for case in doses(a)]
    held = sum(one.held_out for one in ARCHITECTURES)
    print(f"{len(positive)} faults of {len(KINDS)} kinds and {len(negative)} negatives of {len(NEGATIVES)};", end=" ")
    print(f"{len(ARCHITECTURES) - held} architectures for development and {held} held out.\n")
    print("\n".join(table(positive, tuple(KINDS), "found")), "\n")
    print("\n".join(table(negative, tuple(NEGATIVES), "a warning")), "\n")
    print("\n".join(table(graded, tuple(f"x {times:g}" for times in DOSES), "found")[:-1]), "\n")
    print("\n".join(summary(positive, negative)))
    if "misses" in sys.argv[1:]:
        for one in [case for case in positive if not case.found] + [case for case in negative if case.blamed]:
            print(f"\n{one.kind} | {one.architecture.name} | held out {one.architecture.held_out}\n    {one.said}")


if __name__ == "__main__":
    main()
