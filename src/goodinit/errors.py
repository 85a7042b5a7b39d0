"""What goes wrong through no fault of the program, and small checks that say so in one sentence.

Every message names the value, the rule and the way out.
"""

import math
import numbers
from collections.abc import Iterable


class InputError(ValueError):
    """Something that the user gave is wrong.

    Parameters
    ----------
    *problems : str
        One sentence each; all of them are shown at once.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class MissingError(RuntimeError):
    """Something is missing on this machine: an extra, a program, room on the disk."""


class InitializationError(AssertionError):
    """A model is not initialized as somebody promised.

    Parameters
    ----------
    *problems : str
        One sentence for each tensor that differs.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ForeignError(RuntimeError):
    """Code of the user's own has raised; the message is its traceback."""


class BugError(RuntimeError):
    """goodinit itself has failed; the message says where."""


def finite(name: str, value: float) -> float:
    """Return `value` as a float, or raise InputError if it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise InputError(f"{name} must be a finite number, got {value!r}")
    return float(value)


def positive(name: str, value: float) -> float:
    """Return `value` as a float, or raise InputError unless it is finite and > 0."""
    if finite(name, value) <= 0:
        raise InputError(f"{name} must be > 0, got {value!r}")
    return float(value)


def non_negative(name: str, value: float) -> float:
    """Return `value` as a float, or raise InputError unless it is finite and >= 0."""
    if finite(name, value) < 0:
        raise InputError(f"{name} must be >= 0, got {value!r}")
    return float(value)


def fraction(name: str, value: float) -> float:
    """Return `value` as a float, or raise InputError unless 0 <= value < 1."""
    if not 0 <= finite(name, value) < 1:
        raise InputError(f"{name} must be at least 0 and below 1, got {value!r}")
    return float(value)


def whole(name: str, value: int, least: int, most: int | None = None) -> int:
    """Return `value`, or raise InputError unless it is a whole number of at least `least` and at most `most`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
    if most is not None and value > most:
        raise InputError(f"{name} must be at most {most:,}, got {value!r}")
    return int(value)


def one_of(name: str, value: str, known: Iterable[str]) -> str:
    """Return `value`, or raise InputError unless it is among `known`."""
    if value not in (choices := list(known)):
        raise InputError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return value
