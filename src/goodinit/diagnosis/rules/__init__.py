"""Rules: functions of a `View` that give findings, one file for each hundred of codes. `RULES` is the one list."""

from collections.abc import Callable, Iterator

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.rules import backward, forward, intent, measuring, outputs, recurrent, sizes, symmetry, units
from goodinit.diagnosis.view import View

Rule = Callable[[View], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    *symmetry.RULES,
    *forward.RULES,
    *sizes.RULES,
    *recurrent.RULES,
    *backward.RULES,
    *units.RULES,
    *outputs.RULES,
    *intent.RULES,
    *measuring.RULES,
)
