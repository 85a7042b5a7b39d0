"""How each field of a study is read: what it may be, and what is said when it is not."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ValidationInfo

from goodinit.activations import ACTIVATIONS
from goodinit.datasets import understood
from goodinit.errors import InputError, fraction, non_negative, one_of, positive, whole
from goodinit.initializers import initializer
from goodinit.networks import parse_sizes, spell_sizes
from goodinit.spelling import nearest, parse
from goodinit.train import optimizer

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


def read_data(value: Any, info: ValidationInfo) -> str:
    """Return the spelling of a data set, which must be known; nothing is loaded."""
    if not _python(value, info):
        understood(_text("data", value, "circles"))
    return str(value)


def _network(value: Any) -> str:
    text = _text("network", value, "2-10-5-1")
    return spell_sizes(parse_sizes(text))


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


def _rates(value: Any, info: ValidationInfo) -> tuple[float, ...]:
    rates = value.tolist() if isinstance(value, np.ndarray) else value
    return _several("learning rate", lambda item, info: positive("learning rate", item), rates, info)


def _whole(name: str, most: int | None = None) -> BeforeValidator:
    return BeforeValidator(lambda value: whole(name, value, 1, most))


def _or_none(check: Callable[[Any], Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value is None else check(value))


DataText = Annotated[str, BeforeValidator(read_data)]
NetworkText = Annotated[str, BeforeValidator(_network)]
ActivationName = Annotated[str, BeforeValidator(_activation)]
InitializerText = Annotated[str, BeforeValidator(_initializer)]
InitializersByLabel = Annotated[dict[str, str], BeforeValidator(_initializers)]
OptimizerText = Annotated[str, BeforeValidator(_optimizer)]
Seeds = Annotated[int, _whole("seeds", MOST_SEEDS)]
Steps = Annotated[int, _whole("steps", MOST_STEPS)]
LearningRates = Annotated[tuple[float, ...], BeforeValidator(_rates)]
BatchSize = Annotated[int | None, _or_none(lambda value: whole("batch_size", value, 1))]
L1 = Annotated[float | dict[str, float], BeforeValidator(lambda value: _penalty("l1", value))]
L2 = Annotated[float | dict[str, float], BeforeValidator(lambda value: _penalty("l2", value))]
Dropout = Annotated[float, BeforeValidator(lambda value: fraction("dropout", value))]
Precision = Annotated[str, BeforeValidator(lambda value: one_of("precision", value, ("float32", "float64")))]
RecordEvery = Annotated[int | None, _or_none(lambda value: whole("record_every", value, 1))]
Recorded = Annotated[str | None, _or_none(lambda value: one_of("record", value, ("gradients",)))]
