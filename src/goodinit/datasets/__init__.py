"""Data sets: made from a formula, or read from the user's files.

Each is a function with keyword-only options, and has a spelling that `load` understands:
``circles(noise=0.1)``, ``csv:houses.csv(target=price)``, ``mnist:folder(holdout=5000)``.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from goodinit.datasets.archives import npz
from goodinit.datasets.data import Data, arrays
from goodinit.datasets.files import parted
from goodinit.datasets.generated import circles, digits, moons, spirals
from goodinit.datasets.images import cats, mnist
from goodinit.datasets.tables import csv
from goodinit.errors import InputError
from goodinit.spelling import Call, chosen, clip, nearest, parse, parse_options, shorten

__all__ = [
    "CATALOGUE",
    "FILES",
    "Data",
    "arrays",
    "cats",
    "circles",
    "csv",
    "digits",
    "load",
    "mnist",
    "moons",
    "npz",
    "short",
    "spirals",
    "understood",
]

CATALOGUE: dict[str, Callable[..., Data]] = {
    "circles": circles,
    "moons": moons,
    "spirals": spirals,
    "digits": digits,
}

FILES: dict[str, Callable[..., Data]] = {"csv": csv, "npz": npz, "mnist": mnist, "cats": cats}

_FILE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*:(.*)", re.DOTALL)
_FORMS = "csv:FILE, npz:FILE, mnist:FOLDER or cats:FOLDER"


def load(text: str) -> Data:
    """Make the data set that `text` spells.

    ``NAME`` or ``NAME(option=value, ...)`` for what is generated (`CATALOGUE`), ``KIND:PATH`` or
    ``KIND:PATH(option=value, ...)`` for files (`FILES`). The last bracket holds options only if it ends the text
    and is empty or begins with ``option=``; so a path may contain brackets, and one that itself ends like
    options is followed by an empty bracket: ``mnist:run(seed=1)()``.

    Parameters
    ----------
    text : str
        At most 4096 characters.

    Raises
    ------
    InputError
        If the text is not understood, or the data set's function refuses an option or a file.

    Examples
    --------
    >>> load("circles(train=200, noise=0.1)").source
    'circles(train=200, noise=0.1)'
    """
    return understood(text)()


def understood(text: str) -> Callable[[], Data]:
    """Return what makes the data set that `text` spells; its name and options are known, nothing is read yet."""
    if not isinstance(text, str):
        raise InputError(f"a data set is spelled as text, got {text!r}; give arrays to datasets.arrays")
    if found := _FILE.fullmatch(shorten(text)):
        return _from_file(found[1], found[2], text)
    name = text.strip()
    if name in FILES:
        raise InputError(f"{name} needs a path; files are written {_FORMS}")
    try:
        call = parse(text)
    except InputError as error:
        raise InputError(f"{error}; files are written {_FORMS}") from None
    return chosen(CATALOGUE, call, "data set")


def short(source: str) -> str:
    """Return the spelling of a data set with only the last part of its path, for titles.

    Examples
    --------
    >>> short("csv:/home/me/houses.csv(target=price)")
    'csv:houses.csv(target=price)'
    """
    kind, _, rest = source.partition(":")
    if kind not in FILES:
        return source
    path, options = parted(rest)
    return f"{kind}:{Path(path).name}" + (f"({options})" if options else "")


def _from_file(kind: str, rest: str, text: str) -> Callable[[], Data]:
    factory = FILES[nearest(kind, FILES, "kind of file")]
    path, options = parted(rest)
    if not path:
        raise InputError(f"{clip(repr(text))} has no path; files are written {_FORMS}")
    return chosen({kind: partial(factory, path)}, Call(kind, parse_options(options, text)), "kind of file")
