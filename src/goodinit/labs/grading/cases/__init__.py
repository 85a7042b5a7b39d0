"""The labs and their cases: one literal list."""

from collections.abc import Sequence
from dataclasses import dataclass

from goodinit.errors import InputError
from goodinit.labs.grading import chance
from goodinit.labs.grading.case import Case
from goodinit.labs.grading.cases import circles, fair, layers, signal, trial
from goodinit.spelling import nearest

__all__ = ["LABS", "Lab", "lab"]


@dataclass(frozen=True)
class Lab:
    """A lesson with its cases, and the packages that a submission may import beside the standard library."""

    number: int
    title: str
    cases: Sequence[Case]
    packages: Sequence[str]

    @property
    def points(self) -> int:
        """Return the points of all cases."""
        return sum(case.points for case in self.cases)

    @property
    def level(self) -> float:
        """Return the false-alarm rate of each statistical test."""
        return chance.level([case.tests for case in self.cases])

    def chosen(self, names: Sequence[str]) -> list[Case]:
        """Return the cases of these names, all if there are none, or raise InputError."""
        known = [case.name for case in self.cases]
        wanted = [nearest(name, known, f"case of lab {self.number}") for name in names]
        return [case for case in self.cases if not wanted or case.name in wanted]


LABS = (
    Lab(1, "Three ways to start", circles.CASES, ("numpy", "scipy", "scikit-learn", "matplotlib")),
    Lab(2, "Signal through depth", signal.CASES, ("numpy", "scipy", "matplotlib")),
    Lab(3, "Vanishing gradients", layers.CASES, ("numpy", "scipy", "scikit-learn", "matplotlib", "h5py")),
    Lab(4, "A fair comparison", fair.CASES, ("numpy", "scipy", "scikit-learn", "matplotlib")),
    Lab(5, "Claims on trial", trial.CASES, ("numpy", "scipy", "scikit-learn", "matplotlib")),
)


def lab(number: int) -> Lab:
    """Return the lab of that number, or raise InputError."""
    for each in LABS:
        if each.number == number:
            return each
    raise InputError(f"there is no lab {number} to grade; there are {', '.join(str(each.number) for each in LABS)}")
