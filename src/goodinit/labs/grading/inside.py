"""What runs beside a submission: it loads it, calls what it is asked to call, and sends bounded JSON back.

In the sandbox this file and `packing` stand alone, so they import the standard library and NumPy only, and know no
right answer.
Requests and answers are lines of JSON, on copies of stdin and stdout that the submission's own prints do not reach.
"""

import ast
import importlib.abc
import importlib.machinery
import itertools
import json
import os
import random
import re
import signal
import sys
import time
import types
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any

if __name__ == "__main__":  # beside a submission, where goodinit is not
    sys.path.insert(0, os.path.dirname(__file__))
    from packing import MOST_BYTES, MOST_ITEMS, MOST_TEXT, pack, unpack  # type: ignore[import-not-found]

    del sys.path[0]
else:
    from goodinit.labs.grading.packing import MOST_BYTES, MOST_ITEMS, MOST_TEXT, pack, unpack

MOST_NOTES = 100  # statements that failed, of which the report speaks
DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)

_MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


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
    """Answers every import of goodinit with a module of `Absent` things: the lessons import it, the grader hides it.

    Outside the sandbox it also refuses what would not be there: what is neither in the standard library nor among
    `packages`. None refuses nothing.
    """

    def __init__(self, packages: Collection[str] | None = None) -> None:
        self.packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for goodinit and what is below it, and None for everything else that may be imported."""
        top = name.partition(".")[0]
        if top == "goodinit":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        if self.packages is None or top in self.packages or top in sys.stdlib_module_names:
            return None
        if top.startswith("_sysconfigdata"):  # the standard library's, named after the platform
            return None
        raise ModuleNotFoundError(f"{top} is not there when work is graded", name=name)

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


class OvertimeError(BaseException):
    """Raised in a statement that takes too long; no ``except Exception`` of a loop holds it back."""


class Stopwatch:
    """Seconds of computing for the statements of a submission, each of which may take half of what is left."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        signal.signal(signal.SIGPROF, self._over)

    def run(self, statement: Statement, module: types.ModuleType) -> None:
        """Run a statement, or raise OvertimeError in the midst of it."""
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, max(self._left / 2, 1e-3))
        try:
            statement.exec_module(module)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._left -= time.process_time() - began

    def _over(self, number: int, frame: Any) -> None:
        raise OvertimeError("it took too long: is there an endless loop?")


def load(
    cells: Sequence[str], seconds: float = 3600.0, definitions: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the cells one statement after the other, and go on where one fails, as a person with a notebook does.

    Parameters
    ----------
    cells : sequence of str
        Source text.
    seconds : float
        Of computing, for all of them.
    definitions : bool
        Run only imports, functions, classes and assignments: what is left to do where running everything ended badly.

    Returns
    -------
    names : dict
        What the submission has defined.
    report : dict
        ``cells``, how many; ``broken``, which are no Python; ``failed``, which raised; each with its message.
    """
    module = types.ModuleType("submission")
    sys.modules["submission"] = module
    broken, failed, watch = [], [], Stopwatch(seconds)
    for number, source in enumerate(cells, start=1):
        try:
            tree = _parsed(source, number)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            broken.append([number, told(error)])
            continue
        for statement in tree.body:
            if definitions and not isinstance(statement, DEFINITIONS):
                continue
            try:
                watch.run(Statement(statement, number), module)
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
        text = str(error) if isinstance(error, OvertimeError) else f"{type(error).__name__}: {error}"
    except BaseException:  # noqa: BLE001 - an exception of the submission may not even have a text
        text = "an exception without a text"
    return " ".join(str(text)[: 2 * MOST_TEXT].split())[:MOST_TEXT]


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
    sys.meta_path.insert(0, Nowhere(settings["packages"]))
    repeatable(settings["seed"])
    own = os.getpid()
    names, report = load(settings["cells"], settings["loading"], settings["definitions"])
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
