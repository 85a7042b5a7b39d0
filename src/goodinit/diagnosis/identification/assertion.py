"""A promise about a model's initialization, kept by a test."""

import fnmatch
import math
from collections.abc import Iterator, Mapping
from typing import Any

from goodinit.diagnosis.identification.evidence import Evidence, evidence, flat
from goodinit.diagnosis.identification.fit import misfit
from goodinit.diagnosis.identification.rules import DEFAULT, Rule, part, rule_of
from goodinit.diagnosis.identification.structure import ORTHONORMAL, gains
from goodinit.diagnosis.identification.verdict import finding
from goodinit.errors import InitializationError, InputError, fraction, positive
from goodinit.frameworks import Place, Tensor, tensors
from goodinit.initializers import Initializer, initializer

Claim = tuple[Tensor, Place, str]


def assert_initialized(model: Any, expected: Mapping[str, str | Initializer], *, false_alarm: float = 1e-6) -> None:
    """Raise unless the tensors of a model can be draws of the initializers that are expected.

    Parameters
    ----------
    model : torch.nn.Module
        It is only read.
    expected : mapping of str to str or Initializer
        Pattern of paths in the state dict to an initializer, ``{"*.weight": "he_normal", "head.weight": "zeros"}``.
        ``*`` matches anything, dots too, ``?`` one character, ``[ab]`` one of these. Of several patterns that match a
        tensor the last one counts; what no pattern matches is not looked at. ``torch_default`` is what the type of
        module does if nobody says otherwise. Fans count what is really connected, which for grouped and transposed
        convolutions, packed matrices and embeddings differs from what ``torch.nn.init`` counts.
    false_alarm : float
        How probable it may be that a model which was initialized as expected is refused; shared equally between all
        tensors that are looked at and the five tests on each. Exact values (zeros, orthogonal) are compared exactly.

    Raises
    ------
    InitializationError
        An AssertionError that names each tensor which differs, what was expected, and what was found.
    InputError
        If a pattern matches nothing, or a text is no initializer with a known distribution.
    MissingError
        If PyTorch is not installed.

    Examples
    --------
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 10))
    >>> for layer in (model[0], model[2]):
    ...     _ = nn.init.kaiming_normal_(layer.weight)
    >>> assert_initialized(model, {"*.weight": "he_normal", "*.bias": "torch_default"})
    """
    alarm = positive("false_alarm", fraction("false_alarm", false_alarm))
    makers = {pattern: what if what == DEFAULT else initializer(what) for pattern, what in expected.items()}
    claims = list(_claims(tensors(model), makers))
    problems = [
        f"{place.path} should be {_label(makers[pattern])} (pattern {pattern!r}), but {why}; it is "
        f"{finding(tensor).sentence}"
        for tensor, place, pattern in claims
        if (why := _refuted(tensor, place, makers[pattern], alarm / len(claims)))
    ]
    if problems:
        raise InitializationError(*problems)


def _label(what: str | Initializer) -> str:
    return what if isinstance(what, str) else what.label


def _claims(read: list[Tensor], patterns: Mapping[str, Any]) -> Iterator[Claim]:
    """Yield each tensor under each path that a pattern matches, with the last such pattern."""
    places = [(tensor, place) for tensor in read for place in tensor.places]
    unused = [p for p in patterns if not any(fnmatch.fnmatchcase(place.path, p) for _, place in places)]
    if unused:
        known = ", ".join(place.path for _, place in places[:5]) or "none"
        raise InputError(*(f"pattern {pattern!r} matches no tensor; the first are {known}" for pattern in unused))
    for tensor, place in places:
        matching = [pattern for pattern in patterns if fnmatch.fnmatchcase(place.path, pattern)]
        if matching:
            yield tensor, place, matching[-1]


def _refuted(tensor: Tensor, place: Place, what: str | Initializer, alarm: float) -> str:
    """Say what speaks against an initializer; nothing if the tensor can be its draw."""
    if tensor.unreadable:
        return "there are no values to compare"
    rule = _expected(place, what)
    values = tensor.read()
    numbers = flat(tensor, values)
    if rule is None:
        return "modules of this type have no default for it"
    if len(numbers) == 0:
        return ""
    seen = evidence(numbers, tensor.grain)
    if not (seen.finite and math.isfinite(seen.std)):
        return "it holds NaN or infinity"
    if rule.family == "orthogonal":
        return _not_orthogonal(rule, [gain for gain, _ in gains(values, seen.grain, place.layer)], place)
    if rule.family == "constant":
        return _not_constant(rule, seen)
    against = misfit(part(rule) if tensor.is_complex else rule, seen, alarm)
    return f"{against.said} (p = {against.p:.1g})" if against else ""


def _expected(place: Place, what: str | Initializer) -> Rule | None:
    """Return the rule that is expected at a place; None where it is the default, and there is none."""
    if isinstance(what, str):
        return rule_of(place.default.spec, place.layer, name=DEFAULT) if place.default else None
    try:
        rule = rule_of(what, place.layer)
    except ZeroDivisionError:
        raise InputError(f"{what.label} depends on fans, and nothing is known of those of {place.path}") from None
    if rule is None:
        raise InputError(f"{what.label} has no known distribution to compare {place.path} with")
    return rule


def _not_constant(rule: Rule, seen: Evidence) -> str:
    slack = seen.grain * abs(rule.mean)
    if seen.low >= rule.mean - slack and seen.high <= rule.mean + slack:
        return ""
    return f"its values lie between {seen.low:.4g} and {seen.high:.4g}"


def _not_orthogonal(rule: Rule, found: list[float], place: Place) -> str:
    shape = place.layer.shape
    gain = rule.std * math.sqrt(max(shape[0], math.prod(shape[1:])))
    if any(math.isclose(one, gain, rel_tol=1e-4 + ORTHONORMAL) for one in found):
        return ""
    return f"its rows have length {found[0]:.6g}" if found else "its rows are not orthogonal"
