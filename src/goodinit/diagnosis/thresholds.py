"""Where findings begin: two bounds a code, each with where it comes from. Printed with every report."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from goodinit.diagnosis.findings import CODES
from goodinit.errors import InputError, finite
from goodinit.spelling import nearest


@dataclass(frozen=True)
class Threshold:
    """From where on something is a warning, and from where on an error.

    Parameters
    ----------
    quantity : str
        What is compared.
    warning, error : float
        Bounds; the error's is the worse one, or the same.
    why : str
        Their derivation, or how they were calibrated.
    low : bool
        Whether small numbers are the bad ones.
    """

    quantity: str
    warning: float
    error: float
    why: str
    low: bool = False

    def level(self, measured: float) -> str | None:
        """Return the level of a measured number, None where it is fine."""
        for name, bound in (("error", self.error), ("warning", self.warning)):
            if (measured < bound) if self.low else (measured > bound):
                return name
        return None


_DEPTH = (
    "eight layers of torch's default before ReLU shrink by .408^8 = 8e-4 and AlexNet, which is such a network, trains"
)
THRESHOLDS: dict[str, Threshold] = {
    "INIT103": Threshold("share of units that equal another one", 0.02, 0.5, "random units never agree"),
    "INIT201": Threshold("signal at the end of a plain chain over that at its begin", 1e-2, 1e-4, _DEPTH, low=True),
    "INIT202": Threshold("signal at the end of a plain chain over that at its begin", 1e2, 1e4, "as INIT201"),
    "INIT203": Threshold(
        "weight deviation over the expected one",
        1 / 12,
        1 / 40,
        ".02 at a fan-in of 27 before ReLU is 1/14 of it",
        low=True,
    ),
    "INIT204": Threshold(
        "weight deviation over the expected one", 3.5, 8.0, "gains go up to 1.7; sigmoid alone can use 4.7"
    ),
    "INIT205": Threshold("fan-in over fan-out, or its reciprocal", 2.0, math.inf, "a factor sqrt(2) in size"),
    "INIT206": Threshold(
        "size of the stream at its end over that at its begin", 1e2, 1e4, "n independent branches give sqrt(1 + n)"
    ),
    "INIT207": Threshold(
        "root mean square of the inputs, or its reciprocal", 8.0, math.inf, "standardized ones have 1"
    ),
    "INIT301": Threshold(
        "gradient at the first layer over that at the last", 1e-2, 1e-3, "as INIT201, for plain descent", low=True
    ),
    "INIT302": Threshold("gradient at the first layer over that at the last", 1e2, 1e3, "as INIT301"),
    "INIT401": Threshold("share of units that no example makes active", 0.5, 0.9, "see docs/check.md"),
    "INIT402": Threshold("share of values in the flat part", 0.5, 0.9, "N(0, 1) has 14 % in that of tanh"),
    "INIT404": Threshold(
        "1 - correlation of examples, over that at the first layer",
        1e-2,
        1e-4,
        "critical relu has 20 / depth^2",
        low=True,
    ),
    "INIT405": Threshold(
        "entropy of attention over its largest",
        0.5,
        0.0,
        "scores of variance 1 have about .9; models with normalized queries and keys begin lower, and train",
        low=True,
    ),
    "INIT501": Threshold("loss less the logarithm of the number of classes", 2.0, 8.0, "logits of variance 1 cost .5"),
    "INIT502": Threshold("standard deviation of the outputs", 10.0, 100.0, "softmax of N(0, 10^2) is settled"),
    "INIT601": Threshold(
        "deviation over that of the others, or its reciprocal", 1.5, math.inf, "and by 6 standard errors"
    ),
}


def thresholds(given: Mapping[str, float | tuple[float, float]] | None) -> dict[str, Threshold]:
    """Return the thresholds with a user's own: one number for both bounds, or (warning, error).

    Raises
    ------
    InputError
        If a code is unknown or has no threshold, a bound is no number, or the error's is the milder one.
    """
    out = dict(THRESHOLDS)
    for code, bounds in (given or {}).items():
        if code not in out:
            known = nearest(code, CODES, "code")
            raise InputError(f"{known} has no threshold; those that have one are {', '.join(THRESHOLDS)}")
        pair = bounds if isinstance(bounds, tuple) else (bounds, bounds)
        if len(pair) != 2:
            raise InputError(f"thresholds of {code} are (warning, error), got {bounds!r}")
        warning, error = (finite(f"a threshold of {code}", one) for one in pair)
        out[code] = replace(out[code], warning=warning, error=error, why="given")
        if out[code].level(warning) == "error":
            worse = "smaller" if out[code].low else "larger"
            raise InputError(
                f"thresholds of {code} are (warning, error), and {worse} is worse, so the error's cannot be "
                f"{error:g} when the warning's is {warning:g}"
            )
    return out
