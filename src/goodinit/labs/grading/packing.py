"""Values as bounded JSON, on their way to a submission and back.

In the sandbox this file lies beside `inside`, without goodinit: it imports the standard library and NumPy only.
"""

import base64
from collections.abc import Sequence
from typing import Any

MOST_TEXT = 300  # characters of a message
MOST_BYTES = 24_000_000  # of all numbers in one answer; the largest honest one is a tenth of it
MOST_ITEMS = 5_000  # of all lists and dictionaries in one answer
DEEPEST = 6  # lists within lists


class TooLargeError(ValueError):
    """An answer that no exercise asks for."""


class Matrices:
    """A weight function for the submission to call: it gives the matrices in turn, and remembers what it was asked."""

    def __init__(self, matrices: Sequence[Any]) -> None:
        self._left = list(matrices)
        self.calls: list[tuple[int, int]] = []

    def __call__(self, fan_in: int, fan_out: int) -> Any:
        """Return the first matrix of shape (fan_in, fan_out) that is left, or zeros where there is none."""
        import numpy as np

        shape = (int(fan_in), int(fan_out))
        self.calls.append(shape)
        for at, matrix in enumerate(self._left):
            if matrix.shape == shape:
                return self._left.pop(at)
        return np.zeros(shape)


def pack(value: Any, room: list[int] | None = None, depth: int = 0) -> Any:
    """Turn a value into JSON: numbers and arrays as float64 in base64 with their shape and type."""
    import numpy as np

    room = [MOST_BYTES, MOST_ITEMS] if room is None else room
    room[1] -= 1
    if depth > DEEPEST or room[1] < 0:
        raise TooLargeError("it has too many parts; return arrays, not lists in lists")
    if value is None:
        return None
    if isinstance(value, str):
        return {"text": value[:MOST_TEXT]}
    if isinstance(value, np.ndarray | np.generic | bool | int | float):
        return _numbers(value, room)
    if isinstance(value, list | tuple):
        return {"list": [pack(item, room, depth + 1) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key)[:80], pack(item, room, depth + 1)] for key, item in value.items()]}
    return {"object": type(value).__name__[:80]}


def _numbers(value: Any, room: list[int]) -> Any:
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        return {"object": f"array of {array.dtype}"[:80]}
    room[0] -= 8 * array.size
    if room[0] < 0:
        raise TooLargeError("it has too many numbers")
    kind = type(value).__name__ if isinstance(value, bool | int | float) else str(array.dtype)
    coded = base64.b64encode(np.ascontiguousarray(array, "<f8").tobytes()).decode("ascii")
    return {"numbers": coded, "shape": list(array.shape), "type": kind}


def unpack(packed: Any, given: Sequence[Any] = ()) -> Any:
    """Turn what the grader packed into a value; ``ref`` stands for what an earlier step gave."""
    import numpy as np

    if packed is None:
        return None
    ((kind, value),) = ((key, packed[key]) for key in packed if key not in ("shape", "type"))
    if kind == "numbers":
        array = np.frombuffer(base64.b64decode(value), "<f8").reshape(packed["shape"])
        plain = {"bool": bool, "int": int, "float": float}.get(packed["type"]) if not packed["shape"] else None
        return plain(array) if plain else array.astype(packed["type"])
    if kind == "list":
        return [unpack(item, given) for item in value]
    if kind == "matrices":
        return Matrices([unpack(item) for item in value])
    return given[value] if kind == "ref" else value
