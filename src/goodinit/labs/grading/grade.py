"""Grading one submission: its cases are asked one after the other, and judged here, where the right answers are."""

import functools
import hashlib
import re
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from goodinit.labs import notebooks
from goodinit.labs.grading.answers import Answers, ForgedError, Loaded, read_answers, read_loaded
from goodinit.labs.grading.case import Case, Script, WrongError
from goodinit.labs.grading.cases import Lab
from goodinit.labs.grading.inside import answer
from goodinit.labs.grading.mistakes import MISTAKES
from goodinit.labs.grading.packing import TooLargeError
from goodinit.labs.grading.places import Place
from goodinit.labs.grading.session import SILENT, Limits, Session, StoppedError
from goodinit.labs.grading.submission import CELL, Submission, SubmissionError
from goodinit.spelling import one_line

LONGEST = 400  # characters of what was got
MOST_NOTES = 20
UNWRITTEN = "NotImplementedError"
UNDEFINED = re.compile(r"\w+ is not defined")  # said of what was asked for, not of a name that a function misses

_MAGIC = re.compile(r"^# (?=%\w)", re.MULTILINE)


@dataclass(frozen=True)
class CaseGrade:
    """What one case came to: points, and for the student what was expected, got, the likely mistake, what to read."""

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

    @property
    def hurried(self) -> bool:
        """Tell whether a case was lost to the clock, which goes on while a busy machine does other things."""
        return any(case.got == LATE.got or SILENT in case.got for case in self.cases)

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
    answers the next. Where loading ends it, a fresh one loads the definitions only. The same submission is asked the
    same again and draws the same random numbers, so that it gets the same grade.

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
    waiting, done, loaded, stopped = lab.chosen(only), list[CaseGrade](), NOTHING, ""
    end = time.monotonic() + limits.total
    while waiting:
        with place(submission.cells, number(submission.digest), lab.packages, limits, bool(stopped)) as session:
            try:
                loaded = read_loaded(session.ask())
            except (StoppedError, ForgedError) as stop:
                if not stopped:
                    stopped = str(stop)
                    continue
                grades = [failed(case, WrongError(f"while the code was loaded: {stop}")) for case in waiting]
            else:
                _python(loaded, submission)
                grades = _answered(session, lab, submission, waiting, end)
        done += grades
        waiting = waiting[len(grades) :]
    return Grade(lab.number, tuple(done), _notes(lab, submission, done, loaded, stopped))


def _answered(
    session: Session, lab: Lab, submission: Submission, waiting: Sequence[Case], end: float
) -> list[CaseGrade]:
    """Ask a process for as many cases as it answers, and return their grades, at least one."""
    grades: list[CaseGrade] = []
    for case in waiting:
        if time.monotonic() > end:
            return grades + [failed(each, LATE) for each in waiting[len(grades) :]]
        script = case.script(np.random.default_rng(number(submission.digest + case.name)))
        request = {"seed": number(case.name + submission.digest), "script": script.packed()}
        try:
            grades.append(judged(lab, case, script, read_answers(session.ask(request))))
        except (StoppedError, ForgedError) as stop:
            grades.append(failed(case, WrongError(str(stop))))
            break
    return grades


def _python(loaded: Loaded, submission: Submission) -> None:
    """Raise SubmissionError if no cell is Python."""
    if loaded.unreadable >= len(submission.cells):
        first = one_line(_note(*loaded.broken[0]), LONGEST) if loaded.broken else ""
        raise SubmissionError(f"{submission.name} is not a submission: it is no Python; {first}")


def _notes(
    lab: Lab, submission: Submission, done: Sequence[CaseGrade], loaded: Loaded, stopped: str
) -> tuple[str, ...]:
    """Tell what went wrong while the code was loaded, as far as it matters.

    What raised matters where something that was asked for is missing, and only in cells of the student's own: those
    of the lesson train on goodinit's data and draw with it, so they fail here.
    """
    if all(case.passed for case in done):
        return ()
    missing = any(UNDEFINED.fullmatch(case.got) for case in done)
    given = handed_out(lab.number)
    notes = [f"only imports, functions, classes and assignments were run: {stopped}"] if stopped else []
    for cell, text in (*loaded.broken, *(loaded.failed if missing else ())):
        if not given.intersection(map(plain, submission.cells[max(0, cell - 1) : cell])):
            notes.append(_note(cell, text))
    return tuple(one_line(note, LONGEST) for note in notes[:MOST_NOTES])


def _note(cell: int, text: str) -> str:
    return f"code cell {cell}: {text}"


@functools.cache
def handed_out(number: int) -> frozenset[str]:
    """Return the cells of a student's notebook as it is handed out."""
    return frozenset(map(plain, CELL.split(notebooks.version(notebooks.source(number), solution=False))))


def plain(cell: str) -> str:
    """Return a cell without blank lines around it, its magics as they stand in a notebook."""
    return _MAGIC.sub("", cell).strip()


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
        asked = script.steps[min(len(answers.values), len(script.steps) - 1)]["name"]
        if answers.raised == f"NameError: {asked} is not defined":
            raise WrongError(f"{asked} is not defined")
        kind, _, said = answers.raised.partition(": ")
        if kind == TooLargeError.__name__:
            raise WrongError(f"what {asked} gave cannot be read: {said}")
        mistake = next((name for words, name in case.raises.items() if words in answers.raised), None)
        raise WrongError(f"{asked} raised {answers.raised}", mistake)
    if len(answers.values) != len(script.steps):
        raise WrongError("there are other answers than questions: something else wrote them")
    case.judge(script, answers.values, lab.level)


def failed(case: Case, wrong: WrongError) -> CaseGrade:
    """Return the grade of a case that has no points."""
    known, got = MISTAKES.get(wrong.mistake or ""), one_line(wrong.got, LONGEST)
    words, read = (known.words, known.read) if known else ("", "")
    return CaseGrade(case.name, case.exercise, 0, case.points, case.expected, got, words, read)


NOTHING = Loaded(0, 0, [], [])
LATE = WrongError("the time of this submission was used up before")


def number(text: str) -> int:
    """Turn text into a number that only it has."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
