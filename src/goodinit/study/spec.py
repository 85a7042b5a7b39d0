"""`Study`: what is to be compared, as a validated record that is written to and read from TOML."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from goodinit.errors import InputError
from goodinit.spelling import clip, nearest
from goodinit.study.fields import (
    ARRAYS,
    L1,
    L2,
    PYTHON,
    ActivationName,
    BatchSize,
    DataText,
    Dropout,
    InitializersByLabel,
    InitializerText,
    LearningRates,
    NetworkText,
    OptimizerText,
    Precision,
    Record,
    RecordEvery,
    Seeds,
    Steps,
)

LARGEST_FILE = 2**20  # bytes of a study file; they have some hundred


class Study(BaseModel):
    """What is to be compared. Every field is also a flag of ``goodinit compare`` and a key of a study file.

    Parameters
    ----------
    data : str
        Data set: ``circles``, ``moons``, ``spirals``, ``digits``, ``csv:FILE``, ``npz:FILE``, ``mnist:DIR``,
        ``cats:DIR``, each with options in brackets.
    network : str
        Widths, ``2-10-5-1``; ``auto`` at either end is taken from the data.
    activation : str
        Follows every hidden layer.
    init : dict of str to str
        The initializers to compare, by label; in a file or in `of` also a list, where each is its own label.
    bias : str
        Initializer of the biases.
    seeds : int
        Networks of each initializer; their seeds are 0, 1, 2, ...
    steps : int
        Updates of each network.
    learning_rate : tuple of float
        Each initializer is trained at each of them and judged at its own best.
    batch_size : int or None
        Examples in a mini-batch; None is the full batch.
    optimizer : str
    l1, l2 : float or mapping of layer name to float
        The loss gains l1 sum |w| + l2 / 2 sum w^2, over all weights or those of the layers named.
    dropout : float
        Share of hidden activations dropped in training.
    precision : str
        ``float32`` or ``float64``.
    record_every : int or None
        Steps between two records of losses; None is a hundredth of the steps.
    record : str or None
        ``gradients`` records the sizes of gradients and updates beside the losses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    data: DataText = "circles"
    network: NetworkText = "auto-10-5-auto"
    activation: ActivationName = "relu"
    init: InitializersByLabel = {text: text for text in ("zeros", "normal(std=10)", "he_normal")}
    bias: InitializerText = "zeros"
    seeds: Seeds = 32
    steps: Steps = 15_000
    learning_rate: LearningRates = (0.01,)
    batch_size: BatchSize = None
    optimizer: OptimizerText = "sgd"
    l1: L1 = 0.0
    l2: L2 = 0.0
    dropout: Dropout = 0.0
    precision: Precision = "float32"
    record_every: RecordEvery = None
    record: Record = None

    _place: str = PrivateAttr(default="")
    _text: str = PrivateAttr(default="")
    _elsewhere: frozenset[str] = PrivateAttr(default=frozenset())

    @classmethod
    def of(cls, values: Mapping[str, Any], own: Iterable[str] = (), place: str = "", text: str = "") -> "Study":
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
            problems = [line for one in error.errors() for line in _sentences(one, place, text)]
            raise InputError(*problems) from None
        study._place, study._text = place, text
        return study

    @classmethod
    def read(cls, path: str | Path) -> "Study":
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

    def changed(self, values: Mapping[str, Any]) -> "Study":
        """Return this study with some fields changed; the problems of the others still have their lines."""
        changed = Study.of(self.plain() | dict(values))
        changed._place, changed._text, changed._elsewhere = self._place, self._text, self._elsewhere | set(values)
        return changed

    def to_toml(self) -> str:
        """Return the text of a study file that gives this study again."""
        return tomli_w.dumps({key: value for key, value in self.plain().items() if value is not None})

    def plain(self) -> dict[str, Any]:
        """Return the fields as a study file has them."""
        values = {key: list(value) if isinstance(value, tuple) else value for key, value in self}
        return values | {"init": list(self.init) if self.init == {text: text for text in self.init} else self.init}

    def from_python(self) -> list[str]:
        """Return the names of what came from Python objects, which no study file can make again."""
        named = [self.data, self.activation, self.bias, *self.init.values()]
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


def _sentences(error: Any, place: str, text: str) -> list[str]:
    """Return a pydantic error as sentences of our own, each with its place."""
    key = str(error["loc"][0]) if error["loc"] else ""
    cause = error.get("ctx", {}).get("error")
    if error["type"] == "extra_forbidden":
        problems = _unknown(key)
    elif isinstance(cause, InputError):
        problems = list(cause.problems)
    else:
        problems = [f"{key}: {error['msg']}, got {error['input']!r}"]
    return [problem + _where(problem, key, place, text) for problem in problems]


def _unknown(key: str) -> list[str]:
    try:
        nearest(key, Study.model_fields, "key")
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
