"""Looking at what a submission gave: each function returns it in the form that was asked for, or raises WrongError."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from goodinit.labs.checks import Array
from goodinit.labs.grading.answers import Object
from goodinit.labs.grading.case import WrongError

ROUNDING = 1e-5  # of the largest value: what single precision and another order of summation may change


def kind(value: Any) -> str:
    """Say what a value is, in words."""
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, Object):
        return f"something of type {value.type}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return f"a {type(value).__name__}"


def array(name: str, value: Any, shape: Sequence[int], mistakes: Mapping[Any, str] | None = None) -> Array:
    """Return an array of finite numbers of that shape; `mistakes` names what other shapes come from."""
    if not isinstance(value, np.ndarray):
        raise WrongError(f"for {name} there is {kind(value)}, not an array of shape {tuple(shape)}")
    if value.shape != tuple(shape):
        mistake = (mistakes or {}).get(value.shape)
        if mistake is None and value.shape == tuple(shape)[::-1]:
            mistake = "transposed"
        raise WrongError(f"the shape of {name} is {value.shape}, not {tuple(shape)}", mistake)
    numbers = value.astype(float)
    if not np.isfinite(numbers).all():
        raise WrongError(f"there is NaN or infinity in {name}", "saturation")
    return numbers


def number(name: str, value: Any) -> float:
    """Return one number; an array with a single number in it will do."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = float(value.ravel()[0])
    if not isinstance(value, int | float):
        raise WrongError(f"{name} is {kind(value)}, not a number")
    if not np.isfinite(value):
        raise WrongError(f"{name} is not finite", "saturation")
    return float(value)


def items(name: str, value: Any, count: int) -> list[Any]:
    """Return a list or tuple of so many things."""
    if isinstance(value, np.ndarray) and value.shape == (count,):
        return list(value.astype(float))
    if not isinstance(value, list) or len(value) != count:
        got = f"{len(value)} things" if isinstance(value, list) else kind(value)
        raise WrongError(f"{name} gave {got}, not {count} things")
    return value


def same(a: Any, b: Any, rounding: float = ROUNDING) -> bool:
    """Tell whether two arrays or numbers are equal but for rounding."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    if x.shape != y.shape:
        return False
    return bool(np.abs(x - y).max(initial=0.0) <= rounding * np.abs(y).max(initial=0.0) + np.finfo(float).tiny)


def matched(name: str, value: Any, right: Any, wrong: Mapping[str, Any], rounding: float = ROUNDING) -> None:
    """Raise WrongError unless a value is the right one; `wrong` are the values that known mistakes give."""
    if same(value, right, rounding):
        return
    named = next((mistake for mistake, given in wrong.items() if same(value, given, rounding)), None)
    raise WrongError(f"{name} has other values: {_sample(value)}, not {_sample(right)}", named)


def _sample(value: Any) -> str:
    """Write a number, or the first few of an array."""
    flat = np.asarray(value, float).ravel()
    few = ", ".join(f"{entry:.6g}" for entry in flat[:4])
    return few if flat.size <= 1 else f"[{few}{', ...' if flat.size > 4 else ''}]"
