"""When a measurement decides: three answers, yes, no, and None for an interval that holds both."""

import math
from collections.abc import Mapping

from goodinit.labs.claims.quantities import Quantity

Answer = bool | None
UNDECIDED = "cannot be told"


def above(quantity: Quantity, bound: float) -> Answer:
    """Say whether a number exceeds `bound`: only an interval that lies wholly on one side decides."""
    if _unknown(quantity):
        return None
    if quantity.low > bound:
        return True
    return False if quantity.high <= bound else None


def near(quantity: Quantity, low: float, high: float) -> Answer:
    """Say whether a number lies from `low` to `high`: its interval must lie wholly inside or wholly outside."""
    if _unknown(quantity):
        return None
    if low <= quantity.low and quantity.high <= high:
        return True
    return False if quantity.high < low or quantity.low > high else None


def both(*answers: Answer) -> Answer:
    """Say whether all are true; one that is false decides."""
    if False in answers:
        return False
    return None if None in answers else True


def contrary(answer: Answer) -> Answer:
    """Return the opposite; what cannot be told stays so."""
    return None if answer is None else not answer


def verdict(held: Mapping[str, Answer]) -> str:
    """Return the verdict on a claim from whether it held in each setting.

    Parameters
    ----------
    held : mapping of str to bool or None
        By setting, worded to follow "true only if"; a claim without conditions has one setting.

    Returns
    -------
    str
        ``true`` or ``false`` where all settings agree, ``true only if ...`` where they differ, and ``cannot be told``
        as soon as one of them was not decided.
    """
    answers = set(held.values())
    if None in answers or not answers:
        return UNDECIDED
    if answers == {True, False}:
        return "true only if " + " or ".join(setting for setting, answer in held.items() if answer)
    return "true" if True in answers else "false"


def _unknown(quantity: Quantity) -> bool:
    return math.isnan(quantity.value) or math.isnan(quantity.low) or math.isnan(quantity.high)
