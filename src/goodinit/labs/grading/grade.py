"""Grading one submission: its cases are asked one after the other, and judged here, where the right answers are."""

import hashlib
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from goodinit.labs.grading.answers import Answers, ForgedError, Loaded, read_answers, read_loaded
from goodinit.labs.grading.case import Case, Script, WrongError
from goodinit.labs.grading.cases import Lab
from goodinit.labs.grading.inside import answer
from goodinit.labs.grading.mistakes import MISTAKES
from goodinit.labs.grading.places import Place
from goodinit.labs.grading.session import Limits, Session, StoppedError
from goodinit.labs.grading.submission import Submission, SubmissionError
from goodinit.spelling import one_line

LONGEST = 400  # characters of what was got
UNWRITTEN = "NotImplementedError"


@dataclass(frozen=True)
class CaseGrade:
    """What one case came to: points, and for the student what was expected, got, the likely mistake, where to read."""

    case: str
    exercise: str
    points: int
    of: int
    expected: str
    got: str = ""
    mistake: str = ""
    read: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether the case has its points."""
        return self.points == self.of


@dataclass(frozen=True)
class Grade:
    """What a submission came to."""

    lab: int
    cases: tuple[CaseGrade, ...]
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """Return the points of all cases."""
        return sum(case.points for case in self.cases)

    @property
    def of(self) -> int:
        """Return the points that can be had."""
        return sum(case.of for case in self.cases)

    @property
    def passed(self) -> bool:
        """Tell whether all cases passed."""
        return all(case.passed for case in self.cases)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON."""
        return asdict(self) | {"points": self.points, "of": self.of}

    @classmethod
    def of_dict(cls, said: Mapping[str, Any]) -> "Grade":
        """Return the grade that `as_dict` wrote."""
        cases = tuple(CaseGrade(**case) for case in said["cases"])
        return cls(said["lab"], cases, tuple(said["notes"]))


def grade(lab: Lab, submission: Submission, place: Place, limits: Limits, only: Sequence[str] = ()) -> Grade:
    """Grade a submission.

    One process answers all cases; where a case ends it, or it falls silent, that case is lost and a fresh process
    answers the next. The same submission is asked the same again and draws the same random numbers, so that it gets
    the same grade.

    Parameters
    ----------
    lab : Lab
    submission : Submission
    place : Place
        `goodinit.labs.grading.places.sandbox` or `ordinary`.
    limits : Limits
    only : sequence of str
        Names of the cases; all of them if there are none.

    Raises
    ------
    SubmissionError
        If no cell of it is Python.
    InputError
        If there is no case of such a name.
    """
    waiting, done, notes = lab.chosen(only), list[CaseGrade](), tuple[str, ...]()
    end = time.monotonic() + limits.total
    while waiting:
        with place(submission.cells, number(submission.digest), lab.packages, limits) as session:
            notes, grades = _answered(session, lab, submission, waiting, end)
        done += grades
        waiting = waiting[len(grades) :]
    # what failed while the code was loaded matters where something is missing; training on goodinit's data fails here
    missing = any("is not defined" in case.got for case in done)
    return Grade(lab.number, tuple(done), notes if missing else ())


def _answered(
    session: Session, lab: Lab, submission: Submission, waiting: Sequence[Case], end: float
) -> tuple[tuple[str, ...], list[CaseGrade]]:
    """Ask a process for as many cases as it answers; return notes on loading, and at least one grade."""
    try:
        loaded = read_loaded(session.ask())
    except (StoppedError, ForgedError) as stop:
        return (), [failed(case, WrongError(f"while the code was loaded: {stop}")) for case in waiting]
    grades: list[CaseGrade] = []
    for case in waiting:
        if time.monotonic() > end:
            return _notes(loaded, submission), grades + [failed(each, LATE) for each in waiting[len(grades) :]]
        script = case.script(np.random.default_rng(number(submission.digest + case.name)))
        request = {"seed": number(case.name + submission.digest), "script": script.packed()}
        try:
            grades.append(judged(lab, case, script, read_answers(session.ask(request))))
        except (StoppedError, ForgedError) as stop:
            grades.append(failed(case, WrongError(str(stop))))
            break
    return _notes(loaded, submission), grades


def _notes(loaded: Loaded, submission: Submission) -> tuple[str, ...]:
    """Tell which cells failed, or raise SubmissionError if not one is Python."""
    notes = tuple(one_line(f"cell {cell}: {text}", LONGEST) for cell, text in (*loaded.broken, *loaded.failed))
    if loaded.unreadable >= len(submission.cells):
        raise SubmissionError(f"{submission.name} is not a submission: it is no Python; {notes[0] if notes else ''}")
    return notes


def grade_here(lab: Lab, case: Case, names: Mapping[str, Any]) -> CaseGrade:
    """Grade one case in this very process: a student's own work, in the student's notebook."""
    script = case.script(np.random.default_rng(number(case.name)))
    return judged(lab, case, script, read_answers(answer(names, script.packed())))


def judged(lab: Lab, case: Case, script: Script, answers: Answers) -> CaseGrade:
    """Judge the answers to a script."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # of forged and absurd numbers
            _judge(lab, case, script, answers)
    except WrongError as wrong:
        return failed(case, wrong)
    except Exception as error:  # noqa: BLE001 - whatever answer a judge stumbles over, the next submission is graded
        return failed(case, WrongError(f"the answer cannot be judged ({type(error).__name__})"))
    return CaseGrade(case.name, case.exercise, case.points, case.points, case.expected)


def _judge(lab: Lab, case: Case, script: Script, answers: Answers) -> None:
    """Raise WrongError if a step raised, or the judge says so."""
    if answers.raised is not None:
        if answers.raised.startswith(UNWRITTEN):
            raise WrongError("it is not written yet")
        at = min(len(answers.values), len(script.steps) - 1)
        mistake = next((name for words, name in case.raises.items() if words in answers.raised), None)
        raise WrongError(f"{script.steps[at]['name']} raised {answers.raised}", mistake)
    if len(answers.values) != len(script.steps):
        raise WrongError("there are other answers than questions: something else wrote them")
    case.judge(script, answers.values, lab.level)


def failed(case: Case, wrong: WrongError) -> CaseGrade:
    """Return the grade of a case that has no points."""
    words, read = MISTAKES[wrong.mistake] if wrong.mistake else ("", "")
    got = one_line(wrong.got, LONGEST)
    return CaseGrade(case.name, case.exercise, 0, case.points, case.expected, got, words, read)


LATE = WrongError("the time of this submission was used up before")


def number(text: str) -> int:
    """Turn text into a number that only it has."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
