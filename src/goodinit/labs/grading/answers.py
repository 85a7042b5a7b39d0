"""Reading what came back from a submission: JSON from strangers, of which nothing is believed but its shape."""

import base64
import binascii
import json
import math
from typing import Any, NamedTuple

import numpy as np

from goodinit.labs.grading.packing import DEEPEST, MOST_BYTES, MOST_TEXT

TYPES = ("bool", "int", "float", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)))
TYPES += ("float16", "float32", "float64", "float128", "longdouble")
LONGEST_LINE = 2 * MOST_BYTES  # base64 makes 4/3 of it


class ForgedError(ValueError):
    """A line that the grader's own program would not have written."""


class Object(NamedTuple):
    """Something that cannot come back, of which only the type's name is told."""

    type: str


class Answers(NamedTuple):
    """What the steps of a script gave, up to the first that raised, and what that one said."""

    values: list[Any]
    raised: str | None


class Loaded(NamedTuple):
    """How loading went: cells in all, how many are no Python, and (cell, message) of those and of what raised."""

    cells: int
    unreadable: int
    broken: list[tuple[int, str]]
    failed: list[tuple[int, str]]


def read_line(line: str) -> dict[str, Any]:
    """Read one line of JSON with an object in it, or raise ForgedError."""
    try:
        value = json.loads(line, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise ForgedError("no JSON") from None
    if not isinstance(value, dict):
        raise ForgedError("no object")
    return value


def read_answers(said: dict[str, Any]) -> Answers:
    """Read the reply to a script, or raise ForgedError."""
    if set(said) != {"answers", "raised"} or not isinstance(said["answers"], list):
        raise ForgedError("no answers")
    raised = said["raised"]
    return Answers([value(item) for item in said["answers"]], None if raised is None else _text(raised))


def read_loaded(said: dict[str, Any]) -> Loaded:
    """Read the report on loading, or raise ForgedError."""
    if set(said) != {"cells", "unreadable", "broken", "failed"}:
        raise ForgedError("no report on loading")
    return Loaded(_count(said["cells"]), _count(said["unreadable"]), _notes(said["broken"]), _notes(said["failed"]))


def value(said: Any, depth: int = 0) -> Any:
    """Turn packed JSON into None, text, a number, an array, a list, a dictionary or an `Object`."""
    if said is None:
        return None
    if not isinstance(said, dict) or depth > DEEPEST + 1:
        raise ForgedError("no packed value")
    if set(said) == {"numbers", "shape", "type"}:
        return _array(said)
    if len(said) != 1:
        raise ForgedError("no packed value")
    ((kind, inner),) = said.items()
    if kind not in READERS:
        raise ForgedError("an unknown kind of value")
    return READERS[kind](inner, depth)


def _list(inner: Any, depth: int) -> list[Any]:
    if not isinstance(inner, list):
        raise ForgedError("no list")
    return [value(item, depth + 1) for item in inner]


def _dict(inner: Any, depth: int) -> dict[str, Any]:
    if not isinstance(inner, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in inner):
        raise ForgedError("no dictionary")
    return {_text(key): value(item, depth + 1) for key, item in inner}


READERS = {
    "text": lambda inner, depth: _text(inner),
    "object": lambda inner, depth: Object(_text(inner)),
    "list": _list,
    "dict": _dict,
}


def _array(said: dict[str, Any]) -> Any:
    shape, kind = said["shape"], said["type"]
    if kind not in TYPES or not isinstance(shape, list) or not isinstance(said["numbers"], str) or len(shape) > 8:
        raise ForgedError("no array")
    try:
        content = base64.b64decode(said["numbers"], validate=True)
    except (ValueError, binascii.Error):
        raise ForgedError("no base64") from None
    if len(content) > MOST_BYTES or 8 * math.prod(_count(length) for length in shape) != len(content):
        raise ForgedError("another number of values than the shape says")
    array = np.frombuffer(content, "<f8").reshape(shape)
    if kind in ("bool", "int", "float") and shape == []:
        return _scalar(float(array), kind)
    with np.errstate(all="ignore"):  # forged numbers may not fit their forged type
        return array.astype("float64" if kind in ("float128", "longdouble", "float", "int") else kind)


def _scalar(number: float, kind: str) -> bool | int | float:
    if kind == "float" or not math.isfinite(number):
        return number
    return bool(number) if kind == "bool" else int(number)


def _notes(said: Any) -> list[tuple[int, str]]:
    if not isinstance(said, list) or not all(isinstance(note, list) and len(note) == 2 for note in said):
        raise ForgedError("no notes")
    return [(_count(cell), _text(text)) for cell, text in said[:100]]


def _count(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said < 2**40:
        raise ForgedError("no count")
    return said


def _text(said: Any) -> str:
    if not isinstance(said, str) or len(said) > MOST_TEXT:
        raise ForgedError("no short text")
    return said


def _refused(name: str) -> None:
    raise ForgedError(f"{name} is no JSON")
