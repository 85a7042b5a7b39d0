"""`Record`: what a study file holds, validated; read from and written to TOML, its problems shown with their lines."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from goodinit.errors import InputError
from goodinit.spelling import clip, nearest
from goodinit.study.fields import ARRAYS, PYTHON

LARGEST_FILE = 2**20  # bytes of a study file; they have some hundred


class Record(BaseModel):
    """What every kind of study file shares; the fields stand in the classes made of it, and nothing else does.

    One of the fields is `init`: initializers by label.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    _place: str = PrivateAttr(default="")
    _text: str = PrivateAttr(default="")
    _elsewhere: frozenset[str] = PrivateAttr(default=frozenset())

    @classmethod
    def of(cls, values: Mapping[str, Any], own: Iterable[str] = (), place: str = "", text: str = "") -> Self:
        """Validate `values` and raise one InputError that lists every problem.

        Parameters
        ----------
        values : mapping
            Fields by name; what is missing gets its default.
        own : iterable of str
            Names that stand for objects given in Python (functions, arrays), which are not parsed.
        place, text : str
            File name and contents, so that a problem can be shown with its line.
        """
        try:
            study = cls.model_validate(dict(values), context={"own": frozenset(own)})
        except ValidationError as error:
            problems = [line for one in error.errors() for line in _sentences(one, cls.model_fields, place, text)]
            raise InputError(*problems) from None
        study._place, study._text = place, text
        return study

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a study file.

        Raises
        ------
        InputError
            Lists all problems, each with its line.
        """
        text = _read(path)
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{path} is not TOML: {error}") from None
        return cls.of(values, place=str(path), text=text)

    def changed(self, values: Mapping[str, Any]) -> Self:
        """Return this record with some fields changed; the problems of the others still have their lines."""
        changed = type(self).of(self.plain() | dict(values))
        changed._place, changed._text, changed._elsewhere = self._place, self._text, self._elsewhere | set(values)
        return changed

    def to_toml(self) -> str:
        """Return the text of a study file that gives this study again."""
        return tomli_w.dumps({key: value for key, value in self.plain().items() if value is not None})

    def plain(self) -> dict[str, Any]:
        """Return the fields as a study file has them."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in self}
        init = values["init"]
        return values | {"init": list(init) if init == {text: text for text in init} else init}

    def from_python(self) -> list[str]:
        """Return the names of what came from Python objects, which no study file can make again."""
        values = dict(self)
        named = [values["data"], values["activation"], values["bias"], *values["init"].values()]
        return [name for name in named if name.startswith(PYTHON) or name == ARRAYS]

    def refuse(self, problems: Iterable[tuple[str, str]]) -> None:
        """Raise InputError with the problems of some keys, each with its line, if there are any."""
        told = [
            problem if key in self._elsewhere else problem + _where(problem, key, self._place, self._text)
            for key, problem in problems
        ]
        if told:
            raise InputError(*told)


def _read(path: str | Path) -> str:
    try:
        if (size := Path(path).stat().st_size) > LARGEST_FILE:
            raise InputError(f"{path} has {size} bytes; a study file has at most {LARGEST_FILE}")
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file in UTF-8; a study file is TOML") from None
    except OSError as error:
        raise InputError(f"cannot read the study file {path}: {error.strerror}") from None


def _sentences(error: Any, known: Iterable[str], place: str, text: str) -> list[str]:
    """Return a pydantic error as sentences of our own, each with its place."""
    key = str(error["loc"][0]) if error["loc"] else ""
    cause = error.get("ctx", {}).get("error")
    if error["type"] == "extra_forbidden":
        problems = _unknown(key, known)
    elif isinstance(cause, InputError):
        problems = list(cause.problems)
    else:
        problems = [f"{key}: {error['msg']}, got {error['input']!r}"]
    return [problem + _where(problem, key, place, text) for problem in problems]


def _unknown(key: str, known: Iterable[str]) -> list[str]:
    try:
        nearest(key, known, "key")
    except InputError as error:
        return list(error.problems)
    return []


def _where(problem: str, key: str, place: str, text: str) -> str:
    """Return `` (study.toml, line 7)``: the line of the offending value, else that of its key."""
    lines = text.splitlines()
    starts = [at for at, line in enumerate(lines) if re.match(r"\s*[\"']?([\w-]+)[\"']?\s*(=|\])", line)]
    begin = next((at for at in starts if re.match(rf"\s*\[?[\"']?{re.escape(key)}\b", lines[at])), None)
    if begin is None:
        return f" ({place})" if place else ""
    end = next((at for at in starts if at > begin), len(lines))
    named = [(_first_mention(line, key, problem), at) for at, line in enumerate(lines[begin:end])]
    return f" ({place}, line {begin + 1 + min(named)[1]})"


def _first_mention(line: str, key: str, problem: str) -> int:
    """Return where `problem` first names a value of `line`; a large number if it names none."""
    words = [word for group in re.findall(r"\"([^\"]+)\"|'([^']+)'|([^\s,=\[\]{}]+)", line) for word in group if word]
    places = [problem.find(clip(word)) for word in words if word != key]
    return min((at for at in places if at >= 0), default=len(problem))
