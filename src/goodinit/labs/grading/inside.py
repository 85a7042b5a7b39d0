"""What runs beside a submission: it loads it, calls what it is asked to call, and sends bounded JSON back.

In the sandbox this file stands alone, so it imports the standard library and NumPy only, and knows no right answer.
Requests and answers are lines of JSON, on copies of stdin and stdout that the submission's own prints do not reach.
"""

import ast
import base64
import importlib.abc
import importlib.machinery
import itertools
import json
import os
import random
import re
import sys
import types
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

MOST_BYTES = 24_000_000  # of all numbers in one answer; the largest honest one is a tenth of it
MOST_ITEMS = 5_000  # of all lists and dictionaries in one answer
MOST_TEXT = 300  # characters of a message
DEEPEST = 6  # lists within lists
MOST_NOTES = 20  # cells that failed, of which the report speaks

_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


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


class Absent:
    """What a submission gets from goodinit here: nothing, which can be called, subclassed and passed on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> "Absent":
        """Return the same nothing again."""
        return self

    def __getattr__(self, name: str) -> "Absent":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Any:
        raise TypeError("goodinit is not here while work is graded")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()  # class Linear(Layers) is then a class without that base


class Nowhere(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers every import of goodinit with a module of `Absent` things: the lessons import it, the grader hides it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for goodinit and what is below it, and None for everything else."""
        if name.partition(".")[0] == "goodinit":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> types.ModuleType:
        """Return a module that has every name."""
        module = types.ModuleType(spec.name)
        module.__getattr__ = Absent().__getattr__  # type: ignore[method-assign]
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Do nothing: the module is made already."""


class Statement(importlib.abc.InspectLoader):
    """One statement of a submission, run the way a module is imported."""

    def __init__(self, statement: ast.stmt, cell: int) -> None:
        self.tree, self.file = ast.Module([statement], []), f"cell {cell}"

    def get_source(self, fullname: str) -> str:
        """Return the statement as text."""
        return ast.unparse(self.tree)

    def get_code(self, fullname: str) -> types.CodeType:
        """Compile the statement."""
        code: types.CodeType = compile(self.tree, self.file, "exec")
        return code


def load(cells: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the cells one statement after the other, and go on where one fails, as a person with a notebook does.

    Returns
    -------
    names : dict
        What the submission has defined.
    report : dict
        ``cells``, how many; ``broken``, which are no Python; ``failed``, which raised; each with its message.
    """
    module = types.ModuleType("submission")
    sys.modules["submission"] = module
    broken, failed = [], []
    for number, source in enumerate(cells, start=1):
        try:
            tree = _parsed(source, number)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            broken.append([number, told(error)])
            continue
        for statement in tree.body:
            try:
                Statement(statement, number).exec_module(module)
            except BaseException as error:  # noqa: BLE001 - SystemExit, too, must not end the grading
                failed.append([number, told(error)])
    report = {"cells": len(cells), "broken": broken[:MOST_NOTES], "failed": failed[:MOST_NOTES]}
    return vars(module), report | {"unreadable": len(broken)}


def _parsed(source: str, number: int) -> ast.Module:
    """Parse a cell; if it is no Python, leave out lines such as ``%matplotlib inline`` and ``!pip list``."""
    try:
        return ast.parse(source, f"cell {number}")
    except SyntaxError:
        if source.lstrip().startswith("%%"):
            return ast.Module([], [])
        return ast.parse(_MAGIC.sub(r"\1pass", source), f"cell {number}")


def answer(names: Mapping[str, Any], script: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Take the steps of a script in turn, and return what they gave, packed, up to the first that raised."""
    given: list[Any] = []
    answers: list[Any] = []
    room = [MOST_BYTES, MOST_ITEMS]
    for step in script:
        try:
            with warnings.catch_warnings(action="ignore"):
                given.append(_taken(names, step, given))
            answers.append(pack(given[-1], room))
        except BaseException as error:  # noqa: BLE001 - whatever a submission raises is an answer
            return {"answers": answers, "raised": told(error)}
    return {"answers": answers, "raised": None}


def _taken(names: Mapping[str, Any], step: Mapping[str, Any], given: list[Any]) -> Any:
    """Take one step: call something, get an attribute, or set one."""
    if "of" in step:
        owner = given[step["of"]]
        if "to" in step:
            return setattr(owner, step["name"], unpack(step["to"], given))
        target = getattr(owner, step["name"])
    elif step["name"] not in names:
        raise NameError(f"{step['name']} is not defined")
    else:
        target = names[step["name"]]
    if "args" not in step:
        return target
    args = [unpack(value, given) for value in step["args"]]
    return target(*args, **{name: unpack(value, given) for name, value in step["kwargs"].items()})


def told(error: BaseException) -> str:
    """Say in one line what an exception says."""
    try:
        text = f"{type(error).__name__}: {error}"
    except BaseException:  # noqa: BLE001 - an exception of the submission may not even have a text
        text = "an exception without a text"
    return " ".join(str(text)[: 2 * MOST_TEXT].split())[:MOST_TEXT]


def pack(value: Any, room: list[int] | None = None, depth: int = 0) -> Any:
    """Turn a value into JSON: numbers and arrays as float64 in base64 with their shape and type."""
    import numpy as np

    room = [MOST_BYTES, MOST_ITEMS] if room is None else room
    room[1] -= 1
    if depth > DEEPEST or room[1] < 0:
        raise TooLargeError("the answer has too many parts")
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
        raise TooLargeError("the answer has too many numbers")
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


def repeatable(seed: int) -> None:
    """Seed every generator that is seeded from outside, so that grading the same work again gives the same grade."""
    import numpy as np

    entropy = random.Random(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - what submissions draw from
    bit_generator: Any = np.random.bit_generator
    bit_generator.randbits = entropy.getrandbits  # from where default_rng() without a seed takes one


def confine(settings: Mapping[str, Any]) -> None:
    """Set the limits, which nobody here can raise again, and give up root where the sandbox started as root."""
    if sys.platform == "linux":  # where memory runs out, this goes first
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:
            stream.write("1000")
    if settings["limits"]:
        import resource

        for name, bounds in settings["limits"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), tuple(bounds))
    if settings["uid"]:
        os.setgroups([])
        os.setresgid(settings["uid"], settings["uid"], settings["uid"])
        os.setresuid(settings["uid"], settings["uid"], settings["uid"])


def main() -> None:
    """Answer requests until there are no more."""
    requests, answers = os.fdopen(os.dup(0), encoding="utf-8"), os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    settings = json.loads(requests.readline())
    sys.path += settings["path"]
    confine(settings)
    import numpy  # noqa: F401, ICN001 - before the submission, so that what is missing is told as such

    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    sys.meta_path.insert(0, Nowhere())
    repeatable(settings["seed"])
    own = os.getpid()
    names, report = load(settings["cells"])
    for reply in itertools.chain([report], (_replied(names, line) for line in requests)):
        if os.getpid() != own:
            os._exit(1)  # a submission that forks has come back twice
        answers.write(json.dumps(reply) + "\n")
        answers.flush()
    os._exit(0)


def _replied(names: Mapping[str, Any], line: str) -> dict[str, Any]:
    request = json.loads(line)
    repeatable(request["seed"])
    return answer(names, request["script"])


if __name__ == "__main__":
    main()
