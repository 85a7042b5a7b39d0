"""Whether a tensor's numbers can be draws of a rule: five tests, none of which estimates anything."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from goodinit.diagnosis.identification.evidence import ROUNDING, Evidence
from goodinit.diagnosis.identification.families import FAMILIES, INSIDE, ROOT3, Family, tail
from goodinit.diagnosis.identification.rules import Rule
from goodinit.initializers.plain import TRUNCATED_SD

TESTS = 5
FEWEST = 1000  # numbers


@dataclass(frozen=True)
class Misfit:
    """The first test that a rule fails.

    Parameters
    ----------
    p : float
        How probable so large a difference is.
    said : str
        What differs.
    """

    p: float
    said: str


def misfit(rule: Rule, seen: Evidence, alarm: float) -> Misfit | None:
    """Return what speaks against a rule, or None if the numbers can be its draws.

    Tested are the mean, the mean square, the outline (mean absolute value at a given mean square), the largest
    value, and the distance of the distribution functions on a sample (Kolmogorov-Smirnov).

    Parameters
    ----------
    rule : Rule
        Its family is normal, uniform or truncated, its deviation > 0.
    seen : Evidence
        Of at least one number.
    alarm : float
        How probable it may be that true draws fail; each test gets a fifth of it.
    """
    family, level = FAMILIES[rule.family], alarm / TESTS
    for test in (_spread, _centre, _outline, _reach, _distance):
        p, said = test(rule, family, seen)
        if p < level:
            return Misfit(p, said)
    return None


def surprise(rule: Rule, seen: Evidence) -> float:
    """Return -2 log likelihood of the numbers under a rule that they do not contradict, up to a constant.

    The logarithm of a density of deviation s is -log s - z^2 / 2 for a normal variable, -log s - log(2 sqrt(3)) for a
    uniform one, and for a cut one that of the normal before the cut, less the logarithm of what is left of it.
    """
    if rule.family == "uniform":
        each = 2 * math.log(2 * ROOT3)
    else:
        cut = rule.family == "truncated"
        before = TRUNCATED_SD if cut else 1.0  # deviation after the cut, of one before it
        each = (
            math.log(2 * math.pi / before**2) + _second(rule, seen) * before**2 + (2 * math.log(INSIDE) if cut else 0)
        )
    return seen.count * (2 * math.log(rule.std) + each)


def _second(rule: Rule, seen: Evidence) -> float:
    """Return the mean square about the rule's mean, in its variances."""
    return (seen.second - 2 * rule.mean * seen.mean + rule.mean**2) / rule.std**2


def _spread(rule: Rule, family: Family, seen: Evidence) -> tuple[float, str]:
    found = math.sqrt(max(_second(rule, seen), 0.0))
    p = tail(found**2, seen.count, family.square, slack=2 * seen.grain + ROUNDING)
    errors = (found - 1) / family.standard_error(seen.count)
    about = "root mean square" if rule.mean == 0 else f"deviation from {rule.mean:g}"
    return p, f"its {about} is {found * rule.std:.4g} instead of {rule.std:.4g}, {errors:+.3g} standard errors"


def _centre(rule: Rule, family: Family, seen: Evidence) -> tuple[float, str]:
    # rounding down, as generators in half precision do, moves the mean by up to a spacing of the largest
    slack = (seen.grain + ROUNDING) * (ROUNDED_AT + abs(rule.mean) / rule.std)
    off = (seen.mean - rule.mean) / rule.std
    errors = math.copysign(max(abs(off) - slack, 0.0), off) * math.sqrt(seen.count)
    p = float(2 * special.ndtr(-abs(errors)))
    return p, f"its mean is {seen.mean:.3g} instead of {rule.mean:g}, {errors:+.3g} standard errors"


ROUNDED_AT = 2.0  # deviations; about the largest value of a uniform variable


def _reach(rule: Rule, family: Family, seen: Evidence) -> tuple[float, str]:
    """Compare the largest |z|: P(all below m) = P(|z| < m)^n."""
    largest = max(seen.high - rule.mean, rule.mean - seen.low) / rule.std
    slack = 1 + 2 * (seen.grain + ROUNDING)
    if largest > family.edge * slack:
        return 0.0, f"its largest value is {seen.largest:.4g}, beyond {family.edge * rule.std:.4g}"
    with np.errstate(divide="ignore"):
        least = float(np.exp(seen.count * np.log1p(-family.beyond(largest * slack))))
        most = -float(np.expm1(seen.count * np.log1p(-family.beyond(largest / slack))))
    p = 2 * min(least, most) if math.isinf(family.edge) else least
    return p, f"its largest value is {seen.largest:.4g}, {largest:.3g} deviations"


def _outline(rule: Rule, family: Family, seen: Evidence) -> tuple[float, str]:
    if rule.mean != 0 or seen.count < FEWEST:
        return 1.0, ""  # mean |w - mean| is not known; of a few numbers the tail is not that of Pearson III
    value = seen.absolute / rule.std - family.moments[1] / 2 * _second(rule, seen)
    p = tail(value, seen.count, family.outline, slack=2 * (seen.grain + ROUNDING))
    said = f"mean |w| is {seen.outline:.4g} root mean squares instead of {family.moments[1]:.4g}"
    return p, f"it is not {rule.family}: {said}"


def _distance(rule: Rule, family: Family, seen: Evidence) -> tuple[float, str]:
    n = len(seen.sample)
    expected = family.cdf((seen.sample - rule.mean) / rule.std)
    steps = np.arange(n + 1) / n
    distance = float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))
    root = math.sqrt(n)  # Stephens 1970: the limit law at this argument serves from n = 5 on
    free = max(distance - seen.grain, 0.0)
    p = float(special.kolmogorov((root + 0.12 + 0.11 / root) * free))
    return p, f"it is not {rule.family}: the distribution functions are {distance:.3g} apart on {n:,} numbers"
