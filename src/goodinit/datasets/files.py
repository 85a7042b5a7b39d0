"""The user's files: how they are spelled, that they are there, and that they are not too large."""

import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path

from goodinit.datasets.data import Data
from goodinit.errors import InputError
from goodinit.spelling import Call, Scalar, clip

PathText = str | os.PathLike[str]

MOST_BYTES = 2**30  # of a file, and of what it unpacks to: a typing error must not fill the memory
MOST_VALUES = 2**28  # numbers in one array: 2 GiB as float64; CIFAR-10 has 1.5e8

# The last bracket, if it is empty or begins with option=; brackets within quotes do not count.
_BRACKET = re.compile(r"""\((\s*(?:[A-Za-z_][A-Za-z0-9_]*\s*=(?:[^()"']|"[^"]*"|'[^']*')*)?)\)\Z""")


def parted(text: str) -> tuple[str, str]:
    """Return the path and the options in ``PATH`` or ``PATH(option=value, ...)``.

    The options are the last bracket, provided that it ends the text and is empty or begins with ``option=``.
    So ``my (1).csv`` and ``my (1)`` are paths. A path that itself ends like options gets an empty bracket:
    ``run(seed=1)()``.
    """
    found = _BRACKET.search(text := text.strip())
    return (text[: found.start()].strip(), found[1]) if found else (text, "")


def spelled(factory: Callable[..., Data], path: PathText | None = None, **options: Scalar | None) -> str:
    """Return the text from which `load` makes the same call again: only options that differ from the default."""
    defaults = inspect.signature(factory).parameters
    written = {key: _scalar(key, value) for key, value in options.items() if value is not None}
    changed = {key: value for key, value in written.items() if value != defaults[key].default}
    if path is None:
        return str(Call(factory.__name__, changed))
    # from the root, so that a study file that holds this text runs from any folder
    where = _text(str(Path(os.path.expanduser(_text(path))).resolve()))
    text = str(Call(f"{factory.__name__}:{where}", changed))
    return text if changed or parted(where) == (where, "") else f"{text}()"


def regular_file(path: PathText) -> Path:
    """Return the path of a file of bounded size, or raise InputError."""
    text = _text(path)
    found = Path(os.path.expanduser(text))
    try:
        if found.is_dir():
            raise InputError(f"{shown(text)} is a folder, and a file is needed; name a file in it")
        if not found.exists():
            raise InputError(f"there is no file {shown(text)}{_looked(found)}; check the name{_hint(text)}")
        if not found.is_file():
            raise InputError(f"{shown(text)} is not an ordinary file; copy its content into one")
        size = found.stat().st_size
    except OSError as error:
        raise InputError(f"{shown(text)} cannot be read: {error.strerror}; check the name") from None
    if size > MOST_BYTES:
        raise InputError(f"{shown(text)} has {size} bytes, and at most {MOST_BYTES} are read; cut it down")
    return found


def folder(path: PathText) -> Path:
    """Return the path of a folder, or raise InputError."""
    text = _text(path)
    found = Path(os.path.expanduser(text))
    try:
        if found.is_dir():
            return found
        if found.exists():
            raise InputError(f"{shown(text)} is a file, and a folder is needed; name the folder it is in")
    except OSError as error:
        raise InputError(f"{shown(text)} cannot be read: {error.strerror}; check the name") from None
    raise InputError(f"there is no folder {shown(text)}{_looked(found)}; check the name{_hint(text)}")


def shown(path: PathText) -> str:
    """Return a path for messages: its end, where it is long, and in quotes."""
    text = repr(os.fspath(path))
    return text if len(text) <= 80 else f"'...{text[-76:]}"


def _scalar(key: str, value: Scalar) -> Scalar:
    """Return `value` if it can be written down, NumPy's floats as Python's."""
    if not isinstance(value, (bool, int, float, str)):
        raise InputError(f"{key} must be a number, true, false or text, got {clip(repr(value))}; convert it")
    if isinstance(value, str) and '"' in value and "'" in value:
        raise InputError(f"{key} must not have both kinds of quotes, got {clip(repr(value))}; rename it")
    return float(value) if isinstance(value, float) else value


def _text(path: PathText) -> str:
    """Return the path as text that can be written down and read again."""
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else path
    if not isinstance(text, str):
        raise InputError(f"a path must be text, got {text!r}")
    if not text or text != text.strip():
        raise InputError(f"a path must not be empty nor begin or end with a space, got {text!r}; rename it")
    if "\0" in text or not _encodable(text):
        raise InputError(f"{shown(text)} cannot be the name of a file; check it")
    return text


def _encodable(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _looked(path: Path) -> str:
    return "" if path.is_absolute() else f" in {Path.cwd()}"


def _hint(text: str) -> str:
    """Say how options are written where the missing file's name ends as if it had some."""
    return "; options are written (option=value, ...), text in quotes" if text.endswith(")") else ""
