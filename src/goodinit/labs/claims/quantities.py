"""Numbers with what is left open about them: an interval over seeds, or nothing where they are exact."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from goodinit.study.statistics import mean_interval, proportion_interval


@dataclass(frozen=True)
class Quantity:
    """A measured number and its 95 % interval, both ends of which are the number itself where it is exact.

    Written in a format of numbers, ``f"{quantity:.2f}"`` gives ``3.48 [3.44, 3.52]``; a ``~`` after the format leaves
    the interval out.
    """

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        number = spec.removesuffix("~")
        value, low, high = (_written(each, number) for each in (self.value, self.low, self.high))
        unit = " %" if number.endswith("%") else ""
        return value + unit if number != spec or self.low == self.high else f"{value}{unit} [{low}, {high}]"


Measured = dict[str, Quantity]


def exact(value: float) -> Quantity:
    """Return a number that no seed changes."""
    return Quantity(float(value), float(value), float(value))


def mean(values: ArrayLike) -> Quantity:
    """Return the mean over seeds with its interval, which is NaN below three seeds or where a value is not finite."""
    return Quantity(float(np.mean(np.asarray(values, float))), *mean_interval(values))


def factor(values: ArrayLike) -> Quantity:
    """Return the geometric mean over seeds of numbers > 0: factors scatter evenly on their logarithm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        on = mean(np.log(np.asarray(values, float)))
    return Quantity(math.exp(on.value), math.exp(on.low), math.exp(on.high))


def share(count: int, total: int) -> Quantity:
    """Return count / total with the Wilson interval of the probability behind it."""
    return Quantity(count / total, *proportion_interval(count, total))


def _written(value: float, spec: str) -> str:
    """Write a number, of a share without its sign of percent."""
    return format(value, spec).removesuffix("%")
