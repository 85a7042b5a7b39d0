"""From what was seen of a tensor to what is said of it."""

import math
from collections.abc import Sequence

from goodinit.diagnosis.identification.evidence import Evidence, evidence, flat
from goodinit.diagnosis.identification.families import FAMILIES
from goodinit.diagnosis.identification.findings import NAMED, UNREAD, UNRECOGNISED, UNTOLD, Identified
from goodinit.diagnosis.identification.fit import TESTS, misfit, surprise
from goodinit.diagnosis.identification.rules import DEFAULT, Rule, part, rule_of, rules
from goodinit.diagnosis.identification.structure import structured
from goodinit.frameworks import Place, Tensor
from goodinit.initializers.initializer import Array

ALARM = 1e-5  # how probable it may be that draws of a rule are not recognised as such
DEVIATIONS = 4.75  # two-sided normal quantile of ALARM / TESTS
ROUGH = 0.06  # relative standard error of the deviation from which no rule is named
OFF = 0.05  # no rule is named whose deviation is further off than this, relative
SPAN = math.log(1000)  # deviations lie anywhere between 0.001 and 1 if nothing is known of them
RANK = 2 * math.log(20)  # a rule of the next rank is taken to be 20 times rarer
ODDS = 2 * math.log(100)  # a rule that is so many times less likely than the likeliest is not mentioned
EQUAL = 1e-5  # relative; names give gains with 6 digits
FEW = 30  # entries
MOST = 4  # rules that a sentence lists
CHANCE = 0.1  # share of that range which rules of rank 2 and 3 may cover for one of them to be named


def finding(tensor: Tensor, repeats: int = 1) -> Identified:
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


def _nothing(tensor: Tensor, status: str, why: str) -> Identified:
    return _finding(tensor, status, None, (), None, f"{status}: {why}")


def _finding(
    tensor: Tensor, status: str, rule: Rule | None, others: tuple[str, ...], std: float | None, sentence: str
) -> Identified:
    place = tensor.places[0]
    return Identified(
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


def _of_exact(tensor: Tensor, rule: Rule, seen: Evidence) -> Identified:
    if seen.count == 1 and rule.mean not in (0, 1) and not _is_default(rule, tensor.places):
        return _finding(tensor, UNTOLD, None, (rule.name,), seen.std, f"cannot tell: 1 entry, {seen.mean:.4g}")
    said = f", {rule.said}" if rule.said else ""
    default = f", torch's default of {tensor.places[0].owner}" if _is_default(rule, tensor.places) else ""
    return _finding(tensor, NAMED, rule, (), seen.std, f"{rule.name}{said}{default}{_padding(tensor)}")


def _of_random(tensor: Tensor, seen: Evidence, repeats: int) -> Identified:
    known = _rules(tensor, repeats)
    fitting = [rule for rule in _near(known, seen) if misfit(rule, seen, ALARM) is None]
    if not fitting:
        return _finding(tensor, UNRECOGNISED, None, (), seen.std, _described(seen))
    among = _likeliest(fitting, known, seen)
    if doubt := _doubt(among, known, seen):
        names = tuple(rule.name for rule in among)
        return _finding(tensor, UNTOLD, None, names, seen.std, f"cannot tell: {doubt}; {_list(names)} would fit")
    return _of_named(tensor, among, seen)


def _likeliest(fitting: Sequence[Rule], known: Sequence[Rule], seen: Evidence) -> list[Rule]:
    """Return the rules among which the evidence leaves a choice, the likeliest first.

    Of the higher ranks, where so many rules are that deviations agree with one by chance, a rule comes first only if
    none of the lower ranks fits; if it is likelier than those it is an alternative.
    """
    score = {id(rule): surprise(rule, seen) + RANK * rule.rank for rule in fitting}
    ordered = sorted(fitting, key=lambda rule: (_off(rule, seen) > OFF, score[id(rule)]))
    sure = [rule for rule in ordered if rule.rank <= 1 or not _by_chance(rule, known, seen)]
    first = (sure or ordered)[0]
    lead = {id(rule): score[id(rule)] - score[id(first)] for rule in fitting}
    near = [r for r in ordered if lead[id(r)] < (ODDS if r.rank <= max(first.rank, 1) else 0) and r is not first]
    return [first, *near]


def _rules(tensor: Tensor, repeats: int) -> Sequence[Rule]:
    """Return the rules for a tensor; of complex numbers those of their parts."""
    known = rules(tensor.places, repeats)
    return [part(rule) for rule in known if rule.family != "truncated"] if tensor.is_complex else known


def _near(known: Sequence[Rule], seen: Evidence) -> list[Rule]:
    """Return the rules that are worth testing: of a random family, and not absurdly far off in their deviation."""
    # far fewer entries scatter more than the standard error says, and are tested against everything
    factor = {
        name: math.exp(2 * DEVIATIONS * family.standard_error(seen.count) + 0.02) if seen.count >= FEW else math.inf
        for name, family in FAMILIES.items()
    }
    return [
        rule
        for rule in known
        if rule.std > 0 < seen.std
        and rule.family in factor
        and seen.std < rule.std * factor[rule.family]
        and rule.std < seen.std * factor[rule.family]
    ]


def _size(family: str, seen: Evidence) -> tuple[float, float]:
    """Return the deviation that the numbers speak for in a family, and its relative standard error.

    Of n uniform numbers the extremes tell more than the mean square: they span (n - 1) / (n + 1) of the range in the
    mean, and scatter by sqrt(2) / n.
    """
    if family == "uniform" and seen.count > 1:
        span = (seen.high - seen.low) * (seen.count + 1) / (seen.count - 1)
        return span / math.sqrt(12), math.sqrt(2) / seen.count
    return seen.std, FAMILIES[family].standard_error(seen.count)


def _off(rule: Rule, seen: Evidence) -> float:
    return abs(_size(rule.family, seen)[0] / rule.std - 1)


def _doubt(among: Sequence[Rule], known: Sequence[Rule], seen: Evidence) -> str:
    """Say why the likeliest of the rules that fit is not named; nothing if it may be."""
    first = among[0]
    entries = f"{seen.count:,} {'entry' if seen.count == 1 else 'entries'}"
    if seen.count < FEW or _size(first.family, seen)[1] > ROUGH:
        return entries
    if len({rule.family for rule in among}) > 1:
        return f"{entries} do not tell {' from '.join(sorted({rule.family for rule in among}))}"
    if _off(first, seen) > OFF:
        return f"{entries} of std {seen.std:.4g}, {100 * _off(first, seen):.0f} % off"
    if first.rank > 1 and _by_chance(first, known, seen):
        share = _covered(first, known, seen.count)
        return f"with {entries}, {100 * share:.0f} % of all deviations agree with some rule by chance"
    return ""


def _by_chance(rule: Rule, known: Sequence[Rule], seen: Evidence) -> bool:
    return _covered(rule, known, seen.count) > CHANCE


def _covered(rule: Rule, known: Sequence[Rule], count: int) -> float:
    """Return the share of deviations, on a logarithmic scale, that a rule and those of its family and rank accept."""
    half = DEVIATIONS * FAMILIES[rule.family].standard_error(count)
    if rule.family == "uniform":  # whose largest value tells more: (1 - x)^n is ALARM / TESTS at this x
        half = min(half, -math.log(ALARM / TESTS) / count / 2)
    centres = sorted(math.log(r.std) for r in known if r.family == rule.family and r.rank <= rule.rank and r.std)
    steps = (min(b - a, 2 * half) for a, b in zip(centres, [*centres[1:], math.inf], strict=True))
    return min(sum(steps) / SPAN, 1.0)


def _of_named(tensor: Tensor, among: Sequence[Rule], seen: Evidence) -> Identified:
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
    equal = tuple(dict.fromkeys(other.name for other in rest if math.isclose(other.std, rule.std, rel_tol=EQUAL)))
    near = tuple(dict.fromkeys(other.name for other in rest if other.name not in equal))
    said = f"; cannot be told from {_list(equal)}: equal variance" if equal else ""
    if near:
        said += f"; nor are there entries enough to exclude {_list(near)}"
    return said


def _padding(tensor: Tensor) -> str:
    """Say which row is left out, and whether somebody has overwritten it, as ``torch.nn.init`` does."""
    if tensor.padding is None:
        return ""
    return f"; row {tensor.padding} is padding" + (" but is not 0" if tensor.read()[tensor.padding].any() else "")


def _described(seen: Evidence) -> str:
    """Describe numbers that no rule explains: the shape of their distribution, and their deviation."""
    if seen.std == 0:
        return f"unrecognised: {seen.mean:.4g} but for rounding"
    centre = {"uniform": (seen.low + seen.high) / 2}
    own = (Rule("", "", name, centre.get(name, seen.mean), _size(name, seen)[0]) for name in FAMILIES)
    shapes = [rule.family for rule in own if misfit(rule, seen, 1e-3) is None]
    shape = " or ".join(shapes) if shapes and seen.count >= FEW else "of no known shape"
    mean = f", mean {seen.mean:.4g}" if abs(seen.mean) > 0.1 * seen.std else ""
    return f"unrecognised: {shape}, std {seen.std:.4g}{mean}; no rule of the catalogue gives that"


def _list(names: Sequence[str]) -> str:
    if len(names) > MOST:
        return f"{', '.join(names[:MOST])} or {len(names) - MOST} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
