"""From what was seen of a tensor to what is said of it."""

import math
from collections.abc import Sequence

from goodinit.diagnosis.identification.evidence import Evidence, evidence, flat
from goodinit.diagnosis.identification.families import FAMILIES
from goodinit.diagnosis.identification.findings import NAMED, UNREAD, UNRECOGNISED, UNTOLD, Finding
from goodinit.diagnosis.identification.fit import TESTS, misfit
from goodinit.diagnosis.identification.rules import DEFAULT, Rule, part, rule_of, rules
from goodinit.diagnosis.identification.structure import structured
from goodinit.frameworks import Place, Tensor
from goodinit.initializers.initializer import Array

ALARM = 1e-5  # how probable it may be that draws of a rule are not recognised as such
DEVIATIONS = 4.75  # two-sided normal quantile of ALARM / TESTS
ROUGH = 0.06  # relative standard error of the deviation from which no rule is named
OFF = 0.05  # no rule is named whose deviation is further off than this, relative
SPAN = math.log(1000)  # deviations lie anywhere between 0.001 and 1 if nothing is known of them
FEW = 30
MOST = 4  # rules that a sentence lists
CHANCE = 0.1  # share of that range which rules of rank 2 and 3 may cover for one of them to be named


def finding(tensor: Tensor, repeats: int = 1) -> Finding:
    """Look at a tensor once and say which initializer made it.

    Parameters
    ----------
    tensor : Tensor
        A parameter of a model.
    repeats : int
        How many tensors of the model differ from it in the number of their block only.
    """
    if tensor.unreadable:
        return _nothing(tensor, UNREAD, tensor.unreadable)
    values = tensor.read()
    numbers = flat(tensor, values)
    if len(numbers) == 0:
        return _nothing(tensor, UNREAD, "it has no entries")
    seen = evidence(numbers, tensor.grain)
    if not (seen.finite and math.isfinite(seen.std)):
        return _nothing(tensor, UNRECOGNISED, "it holds NaN or infinity")
    exact = _exact(tensor, values, numbers, seen)
    return _of_exact(tensor, exact, seen) if exact else _of_random(tensor, seen, repeats)


def _nothing(tensor: Tensor, status: str, why: str) -> Finding:
    return _finding(tensor, status, None, (), None, f"{status}: {why}")


def _finding(
    tensor: Tensor, status: str, rule: Rule | None, others: tuple[str, ...], std: float | None, sentence: str
) -> Finding:
    place = tensor.places[0]
    return Finding(
        path=tensor.path,
        tied=tensor.tied,
        owner=place.owner,
        shape=tensor.shape,
        status=status,
        found=rule.name if rule else None,
        spec=(rule.spec or None) if rule else None,
        alternatives=others,
        std=std,
        expected_std=rule.std if rule else None,
        default=rule is not None and _is_default(rule, tensor.places),
        sentence=sentence,
    )


def _is_default(rule: Rule, places: Sequence[Place]) -> bool:
    """Return whether the framework itself would have drawn from this rule."""
    of_defaults = (rule_of(place.default.spec, place.layer) for place in places if place.default)
    return any(
        other and (other.family, other.mean, other.std) == (rule.family, rule.mean, rule.std) for other in of_defaults
    )


def _exact(tensor: Tensor, values: Array, numbers: Array, seen: Evidence) -> Rule | None:
    """Return a rule that is recognised by exact properties, which complex and padded tensors have only as constants."""
    if seen.constant or not (tensor.is_complex or tensor.padding is not None):
        return structured(values, seen, tensor.places[0].layer, ALARM)
    return None


def _of_exact(tensor: Tensor, rule: Rule, seen: Evidence) -> Finding:
    if seen.count == 1 and rule.mean not in (0, 1) and not _is_default(rule, tensor.places):
        return _finding(tensor, UNTOLD, None, (rule.name,), seen.std, f"cannot tell: 1 entry, {seen.mean:.4g}")
    said = f", {rule.said}" if rule.said else ""
    default = f", torch's default of {tensor.places[0].owner}" if _is_default(rule, tensor.places) else ""
    return _finding(tensor, NAMED, rule, (), seen.std, f"{rule.name}{said}{default}{_padding(tensor)}")


def _of_random(tensor: Tensor, seen: Evidence, repeats: int) -> Finding:
    known = _rules(tensor, repeats)
    fitting = [rule for rule in _near(known, seen) if misfit(rule, seen, ALARM) is None]
    if not fitting:
        return _finding(tensor, UNRECOGNISED, None, (), seen.std, _described(seen))
    best = min(rule.rank for rule in fitting)
    among = [rule for rule in fitting if rule.rank == best]
    if doubt := _doubt(best, among, known, seen):
        names = tuple(rule.name for rule in among)
        return _finding(tensor, UNTOLD, None, names, seen.std, f"cannot tell: {doubt}; {_list(names)} would fit")
    return _of_named(tensor, sorted(among, key=lambda rule: _order(rule, seen)), seen)


def _rules(tensor: Tensor, repeats: int) -> list[Rule]:
    """Return the rules of all places of the tensor, without repetition."""
    known = {(rule.name, rule.std): rule for place in tensor.places for rule in rules(place, repeats)}
    if not tensor.is_complex:
        return list(known.values())
    return [part(rule) for rule in known.values() if rule.family in ("normal", "uniform")]


def _near(known: Sequence[Rule], seen: Evidence) -> list[Rule]:
    """Return the rules that are worth testing: of a random family, and not absurdly far off in their deviation."""
    if seen.std == 0:
        return []
    # far fewer entries scatter more than the standard error says, and are tested against everything
    window = {
        name: 2 * DEVIATIONS * family.standard_error(seen.count) + 0.02 if seen.count >= FEW else math.inf
        for name, family in FAMILIES.items()
    }
    size = math.log(seen.std)
    return [rule for rule in known if rule.std > 0 and abs(size - math.log(rule.std)) < window.get(rule.family, 0.0)]


def _order(rule: Rule, seen: Evidence) -> tuple[bool, bool, float]:
    """Order rules that fit: the framework's default first, then the nearest deviation; equal ones stay as they are."""
    return _off(rule, seen) > OFF, rule.name != DEFAULT, round(_off(rule, seen), 9)


def _off(rule: Rule, seen: Evidence) -> float:
    return abs(seen.std / rule.std - 1)


def _doubt(rank: int, among: Sequence[Rule], known: Sequence[Rule], seen: Evidence) -> str:
    """Say why none of the rules that fit is named; nothing if one may be."""
    entries = f"{seen.count:,} {'entry' if seen.count == 1 else 'entries'}"
    family = FAMILIES[among[0].family]
    if all(FAMILIES[rule.family].standard_error(seen.count) > ROUGH for rule in among):
        return entries
    if len({rule.family for rule in among}) > 1:
        return f"{entries} do not tell {' from '.join(sorted({rule.family for rule in among}))}"
    if all(_off(rule, seen) > OFF for rule in among):
        return f"{entries} of std {seen.std:.4g}, {100 * min(_off(rule, seen) for rule in among):.0f} % off"
    if rank > 1 and (share := _covered(rank, family.name, known, seen.count)) > CHANCE:
        return f"with {entries}, {100 * share:.0f} % of all deviations agree with some rule by chance"
    return ""


def _covered(rank: int, family: str, known: Sequence[Rule], count: int) -> float:
    """Return the share of deviations, on a logarithmic scale, that the rules of a family up to a rank accept."""
    half = DEVIATIONS * FAMILIES[family].standard_error(count)
    if family == "uniform":  # whose largest value tells more: (1 - x)^n is ALARM / TESTS at this x
        half = min(half, -math.log(ALARM / TESTS) / count / 2)
    centres = sorted(math.log(rule.std) for rule in known if rule.family == family and rule.rank <= rank and rule.std)
    steps = (min(b - a, 2 * half) for a, b in zip(centres, [*centres[1:], math.inf], strict=True))
    return min(sum(steps) / SPAN, 1.0)


def _of_named(tensor: Tensor, among: Sequence[Rule], seen: Evidence) -> Finding:
    rule, *rest = among
    others = tuple(dict.fromkeys(other.name for other in rest))
    default = " of " + tensor.places[0].owner if rule.name == DEFAULT else ""
    said = f"{rule.name}{default}{f', {rule.said}' if rule.said else ''}"
    sentence = f"{said}: {_measured(rule, seen)}{_told_from(rule, rest)}{_padding(tensor)}"
    return _finding(tensor, NAMED, rule, others, seen.std, sentence)


def _measured(rule: Rule, seen: Evidence) -> str:
    errors = (seen.std / rule.std - 1) / FAMILIES[rule.family].standard_error(seen.count)
    return f"std {seen.std:.4g}, expected {rule.std:.4g} ({errors:+.1f} standard errors)"


def _told_from(rule: Rule, rest: Sequence[Rule]) -> str:
    """Say which rules cannot be told from the one that is named, and why."""
    equal = tuple(dict.fromkeys(other.name for other in rest if math.isclose(other.std, rule.std, rel_tol=1e-9)))
    near = tuple(dict.fromkeys(other.name for other in rest if other.name not in equal))
    said = f"; cannot be told from {_list(equal)}: equal variance" if equal else ""
    if near:
        said += f"; nor are there entries enough to exclude {_list(near)}"
    return said


def _padding(tensor: Tensor) -> str:
    return f"; row {tensor.padding} is padding" if tensor.padding is not None else ""


def _described(seen: Evidence) -> str:
    """Describe numbers that no rule explains: the shape of their distribution, and their deviation."""
    own = (Rule("", "", name, seen.mean, seen.std) for name in FAMILIES)
    shapes = [rule.family for rule in own if seen.std > 0 and misfit(rule, seen, 1e-3) is None]
    shape = " or ".join(shapes) if shapes and seen.count >= 30 else "of no known shape"
    mean = f", mean {seen.mean:.4g}" if abs(seen.mean) > 0.1 * seen.std else ""
    return f"unrecognised: {shape}, std {seen.std:.4g}{mean}; no rule of the catalogue gives that"


def _list(names: Sequence[str]) -> str:
    if len(names) > MOST:
        return f"{', '.join(names[:MOST])} or {len(names) - MOST} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
