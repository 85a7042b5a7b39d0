"""What a case is: a script of calls whose inputs are drawn anew for every submission, and a judge of the answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from goodinit.labs.grading.packing import pack


class Ref(int):
    """The place of a step in its script: stands for what that step gives, and indexes the answers."""


@dataclass(frozen=True)
class Matrices:
    """A weight function to be handed to the submission: it gives these matrices in turn."""

    matrices: Sequence[Any]


@dataclass
class Script:
    """Calls that are made of a submission, one after the other; `given` is what only the judge is told."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Ref:
        """Call what the submission has defined under that name."""
        return self._step({"name": function, "args": args, "kwargs": kwargs})

    def send(self, owner: Ref, method: str, *args: Any, **kwargs: Any) -> Ref:
        """Call a method of what an earlier step gave."""
        return self._step({"of": owner, "name": method, "args": args, "kwargs": kwargs})

    def get(self, owner: Ref, name: str) -> Ref:
        """Read an attribute of what an earlier step gave."""
        return self._step({"of": owner, "name": name})

    def set(self, owner: Ref, name: str, value: Any) -> Ref:
        """Set an attribute of what an earlier step gave."""
        return self._step({"of": owner, "name": name, "to": value})

    def packed(self) -> list[dict[str, Any]]:
        """Return the steps as JSON."""
        return [_packed_step(step) for step in self.steps]

    def _step(self, step: dict[str, Any]) -> Ref:
        self.steps.append(step)
        return Ref(len(self.steps) - 1)


class WrongError(Exception):
    """What a judge raises.

    Parameters
    ----------
    got : str
        What was got, in words.
    mistake : str, optional
        The likely mistake, a key of `goodinit.labs.grading.mistakes.MISTAKES`.
    """

    def __init__(self, got: str, mistake: str | None = None) -> None:
        super().__init__(got)
        self.got, self.mistake = got, mistake


Judge = Callable[[Script, Sequence[Any], float], None]


@dataclass(frozen=True)
class Case:
    """One exercise, and how it is graded.

    Parameters
    ----------
    name : str
        Such as ``TestHeInitialization``.
    exercise : str
        What the student is to write.
    points : int
        All of them or none.
    expected : str
        What a right answer does, in words.
    script : callable
        ``script(rng)`` makes the calls; the rng is seeded by the submission's contents, so that no answer can be
        written into the code and the same submission is always asked the same.
    judge : callable
        ``judge(script, answers, level)`` raises WrongError, or returns if the answers are right.
    tests : int
        Statistical tests that the judge makes at most, each at the false-alarm rate `level`.
    raises : mapping of str to str
        Words of an exception, and the mistake of which they tell.
    """

    name: str
    exercise: str
    points: int
    expected: str
    script: Callable[[np.random.Generator], Script]
    judge: Judge
    tests: int = 0
    raises: Mapping[str, str] = field(default_factory=dict)


def _packed_step(step: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: step[key] for key in ("of", "name") if key in step}
    if "to" in step:
        made["to"] = _packed(step["to"])
    if "args" in step:
        made["args"] = [_packed(value) for value in step["args"]]
        made["kwargs"] = {name: _packed(value) for name, value in step["kwargs"].items()}
    return made


def _packed(value: Any) -> Any:
    if isinstance(value, Ref):
        return {"ref": int(value)}
    if isinstance(value, Matrices):
        return {"matrices": [pack(matrix) for matrix in value.matrices]}
    if isinstance(value, list):
        return {"list": [_packed(item) for item in value]}
    return pack(value)
