"""`Study`: what is to be compared, as a validated record that is written to and read from TOML."""

import functools
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, ValidationError, ValidationInfo

from goodinit.activations import ACTIVATIONS
from goodinit.datasets import understood
from goodinit.errors import InputError, fraction, non_negative, one_of, positive, whole
from goodinit.initializers import initializer
from goodinit.networks import parse_sizes
from goodinit.spelling import clip, nearest, parse
from goodinit.train import optimizer

LARGEST_FILE = 2**20  # bytes of a study file; they have some hundred
PYTHON = "function:"  # begins the name of what was given as a Python function
ARRAYS = "arrays"  # the name of data that was given as arrays
MOST_SEEDS = 100_000
MOST_STEPS = 2**31 - 1  # the engine counts them in 32 bits


def _python(value: Any, info: ValidationInfo) -> bool:
    """Whether `value` names an object that was handed over in Python and needs no parsing."""
    return isinstance(value, str) and value in ((info.context or {}).get("own", ()))


def _text(noun: str, value: Any, example: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{noun} must be text such as {example!r}, got {value!r}")
    if value.startswith(PYTHON) or value == ARRAYS:
        raise InputError(f"{noun} {value!r} came from Python; rerun this study from there")
    return value


def _data(value: Any, info: ValidationInfo) -> str:
    if not _python(value, info):
        understood(_text("data", value, "circles"))
    return str(value)


def _network(value: Any) -> str:
    text = _text("network", value, "2-10-5-1")
    return "-".join("auto" if size is None else str(size) for size in parse_sizes(text))


def _activation(value: Any, info: ValidationInfo) -> str:
    if _python(value, info):
        return str(value)
    return nearest(_text("activation", value, "relu"), ACTIVATIONS, "activation")


def _initializer(value: Any, info: ValidationInfo) -> str:
    if _python(value, info):
        return str(value)
    return initializer(_text("initializer", value, "he_normal")).label


def _initializers(value: Any, info: ValidationInfo) -> dict[str, str]:
    """Return initializers by label; in a list each is its own label."""
    if not isinstance(value, Mapping):
        return {text: text for text in _several("initializer", _initializer, value, info)}
    texts = _several("initializer", _initializer, list(value.values()), info, distinct=False)
    if strange := [label for label in value if not str(label).isprintable() or not str(label).strip()]:
        raise InputError(f"the label of an initializer must be printable text, got {strange[0]!r}")
    return dict(zip(map(str, value), texts, strict=True))


def _optimizer(value: Any) -> str:
    text = _text("optimizer", value, "sgd")
    optimizer(text)
    return str(parse(text))


def _several(
    noun: str, one: Callable[[Any, ValidationInfo], Any], value: Any, info: ValidationInfo, distinct: bool = True
) -> tuple[Any, ...]:
    """Validate a value or a list of values, and report every bad one."""
    read: list[Any] = []
    problems: list[str] = []
    for item in value if isinstance(value, list | tuple) else [value]:
        try:
            read.append(one(item, info))
        except InputError as error:
            problems.extend(error.problems)
    twice = [item for item in dict.fromkeys(read) if read.count(item) > 1] if distinct else []
    problems += [f"{noun} {item!r} is given twice" for item in twice]
    if not read and not problems:
        problems.append(f"at least one {noun} is needed")
    if problems:
        raise InputError(*problems)
    return tuple(read)


def _penalty(name: str, value: Any) -> float | dict[str, float]:
    if isinstance(value, Mapping):
        return {str(layer): non_negative(f"{name} of {layer}", value[layer]) for layer in sorted(value)}
    return non_negative(name, value)


def _or_none(check: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else check(value)


def _record(value: Any) -> str:
    return one_of("record", value, ("gradients",))


def _whole(name: str, least: int, most: int | None = None) -> Callable[[Any], int]:
    return lambda value: whole(name, value, least, most)


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

    data: Annotated[str, BeforeValidator(_data)] = "circles"
    network: Annotated[str, BeforeValidator(_network)] = "auto-10-5-auto"
    activation: Annotated[str, BeforeValidator(_activation)] = "relu"
    init: Annotated[dict[str, str], BeforeValidator(_initializers)] = {
        text: text for text in ("zeros", "normal(std=10)", "he_normal")
    }
    bias: Annotated[str, BeforeValidator(_initializer)] = "zeros"
    seeds: Annotated[int, BeforeValidator(_whole("seeds", 1, MOST_SEEDS))] = 32
    steps: Annotated[int, BeforeValidator(_whole("steps", 1, MOST_STEPS))] = 15_000
    learning_rate: Annotated[
        tuple[float, ...],
        BeforeValidator(
            functools.partial(_several, "learning rate", lambda value, info: positive("learning rate", value))
        ),
    ] = (0.01,)
    batch_size: Annotated[int | None, BeforeValidator(functools.partial(_or_none, _whole("batch_size", 1)))] = None
    optimizer: Annotated[str, BeforeValidator(_optimizer)] = "sgd"
    l1: Annotated[float | dict[str, float], BeforeValidator(functools.partial(_penalty, "l1"))] = 0.0
    l2: Annotated[float | dict[str, float], BeforeValidator(functools.partial(_penalty, "l2"))] = 0.0
    dropout: Annotated[float, BeforeValidator(functools.partial(fraction, "dropout"))] = 0.0
    precision: Annotated[str, BeforeValidator(lambda value: one_of("precision", value, ("float32", "float64")))] = (
        "float32"
    )
    record_every: Annotated[int | None, BeforeValidator(functools.partial(_or_none, _whole("record_every", 1)))] = None

    record: Annotated[str | None, BeforeValidator(functools.partial(_or_none, _record))] = None

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
        changed._place, changed._text, changed._elsewhere = self._place, self._text, frozenset(values)
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
