"""A grade in words."""

from goodinit.labs.grading.grade import CaseGrade, Grade
from goodinit.spelling import SENTENCE, one_line


def sentences(case: CaseGrade) -> list[str]:
    """Say what a case came to: one line if it passed, otherwise also what was expected, what was got, and why."""
    first = f"{case.case}: {case.points} of {case.of} points"
    if case.passed:
        return [first]
    lines = [first, f"  expected: {case.expected}", f"  got: {case.got}"]
    if case.mistake:
        lines += [f"  likely: {case.mistake}", f"  read: {case.read}"]
    return [line[:2] + one_line(line[2:], SENTENCE) for line in lines]


def text(name: str, grade: Grade) -> list[str]:
    """Say what a submission came to."""
    lines = [f"{name}: {grade.points} of {grade.of} points"]
    lines += [line for case in grade.cases for line in sentences(case)]
    if grade.notes:
        lines += ["cells that failed while the code was loaded:", *(f"  {note}" for note in grade.notes)]
    return lines
