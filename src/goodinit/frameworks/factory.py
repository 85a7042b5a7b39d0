"""From ``package.module:factory`` on the command line to the model that a user's own code builds."""

import contextlib
import importlib
import inspect
import re
import sys
import traceback
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from goodinit.errors import BugError, ForeignError, InputError, MissingError
from goodinit.spelling import clip, nearest, shorten

NAME = r"[^\W\d]\w*"
FORM = re.compile(rf"(?P<module>{NAME}(?:\.{NAME})*):(?P<name>{NAME}(?:\.{NAME})*)")
MACHINERY = str(Path(importlib.__file__).parent)
OURS = str(Path(__file__).parents[1])
FRAMEWORKS = ("torch",)


def built(text: str) -> Any:
    """Import a module, the working directory's before all others, and return what the factory named after it makes.

    What the user's code prints goes to stderr, so that stdout is kept for results.

    Parameters
    ----------
    text : str
        ``package.module:factory``. A function or a class is called without arguments, anything else taken as it is.

    Raises
    ------
    InputError
        If the text has another form, there is no such module or name, or the factory needs arguments.
    MissingError
        If the user's code imports a framework that is not installed.
    ForeignError
        If the user's code raises; the message is its traceback without our own lines.
    """
    match = FORM.fullmatch(shorten(text))
    if match is None:
        raise InputError(f"{clip(text)!r} is not of the form package.module:factory")
    with contextlib.redirect_stdout(sys.stderr):
        found = _found(_imported(match["module"]), match["module"], match["name"])
        if not (inspect.isroutine(found) or inspect.isclass(found) or isinstance(found, partial)):
            return found
        _refuse_arguments(found, text)
        return _run(found)


def model_and_batch(made: Any) -> tuple[Any, Any]:
    """Return what a factory made as a model and its batch, None if it brings none."""
    return made if isinstance(made, tuple) and len(made) == 2 else (made, None)


def _imported(name: str) -> Any:
    here = str(Path.cwd())
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise InputError(f"there is no module {error.name!r} in {here} or among what is installed") from None
        raise explained(error) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's module raises is shown as it is
        raise explained(error) from None


def _found(module: Any, name: str, dotted: str) -> Any:
    found = module
    for part in dotted.split("."):
        if not hasattr(found, part):
            known = (known for known in dir(found) if not known.startswith("_"))
            nearest(part, known, f"name in {name}")
        found = getattr(found, part)
    return found


def _refuse_arguments(factory: Any, text: str) -> None:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (ValueError, TypeError):  # some builtins have none; the call will tell
        return
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if needed:
        raise InputError(f"{text} needs {', '.join(needed)}; name a function without arguments that returns the model")


def _run(factory: Any) -> Any:
    try:
        return factory()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's factory raises is shown as it is
        raise explained(error) from None


def explained(error: BaseException) -> MissingError | ForeignError:
    """Return the sentence on a missing framework, or the user's traceback without our own lines before it."""
    if isinstance(error, ModuleNotFoundError) and error.name in FRAMEWORKS:
        return MissingError(f"{error.name} is not installed: pip install {error.name}")
    at: TracebackType | None = error.__traceback__
    while at is not None and _ours(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return ForeignError("".join(traceback.format_exception(type(error), error, at)).rstrip())


def own_fault(error: Exception) -> BugError | None:
    """Return the sentence on what our own lines raised; None if the user's or a framework's did."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    if not last.filename.startswith(OURS):
        return None
    where = f"goodinit/{Path(last.filename).relative_to(OURS).as_posix()}, line {last.lineno}"
    return BugError(
        f"goodinit itself has failed, not the code that was named: {type(error).__name__}: {clip(str(error))} "
        f"({where}); please report it with what was given"
    )


def _ours(file: str) -> bool:
    return file.startswith(("<frozen importlib", MACHINERY, OURS))
