"""The rules that a tensor is compared with: an initializer of the catalogue, and how its numbers are distributed.

Rules have ranks. Rank 1 is what is commonly used; with every further rank there are more of them, and the more there
are, the more deviations agree with one of them by chance.
"""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from goodinit.activations import ACTIVATIONS
from goodinit.frameworks import Default, Place
from goodinit.initializers import Initializer, initializer
from goodinit.initializers.plain import TRUNCATED_SD
from goodinit.layer import Layer, dense
from goodinit.theory import gain

DEFAULT = "torch_default"


@dataclass(frozen=True)
class Rule:
    """One initializer, for one tensor.

    Parameters
    ----------
    name : str
        What it is called in findings: a text spec where there is one, ``torch_default``, ...
    spec : str
        A text spec that draws the same distribution for this tensor.
    family : str
        ``normal``, ``uniform``, ``truncated``, ``constant`` or ``orthogonal``.
    mean, std : float
        Of one entry.
    said : str
        More in words, where the name does not say it all.
    rank : int
        0 for the framework's default, then 1 to 3.
    """

    name: str
    spec: str
    family: str
    mean: float
    std: float
    said: str = ""
    rank: int = 1


@functools.lru_cache(1024)
def _made(spec: str) -> Initializer:
    return initializer(spec)


def family_of(what: Initializer, layer: Layer) -> str:
    """Return the family that an initializer of the catalogue draws from; empty if it is none that is known."""
    if what.variance is None or what.mean is None:
        return ""
    if what.variance(layer) == 0:
        return "constant"
    if not what.independent:
        return "orthogonal" if what.label.startswith("orthogonal") else ""
    kurtosis = {0.0: "normal", -1.2: "uniform"}
    return kurtosis.get(round(what.kurtosis, 9), "truncated" if -0.64 < what.kurtosis < -0.63 else "")


def rule_of(what: str | Initializer, layer: Layer, *, name: str = "", said: str = "", rank: int = 1) -> Rule | None:
    """Return the rule that an initializer is for this tensor, or None if its distribution is none that is known."""
    made = _made(what) if isinstance(what, str) else what
    if not (family := family_of(made, layer)) or made.variance is None or made.mean is None:
        return None
    return Rule(name or made.label, made.label, family, made.mean(layer), math.sqrt(made.variance(layer)), said, rank)


Fans = tuple[float, float]  # fan-in, fan-out
ANYWHERE = dense("", 1, 1)  # for initializers that do not look at the layer
Text = tuple[str, str, int]  # a spec, what more there is to say, rank
FEW = 6  # digits of a gain in a name


@functools.cache
def scaled() -> tuple[Text, ...]:
    """Return the rules that depend on the fans, normal and uniform."""
    return tuple(
        (f"{author}_{kind}{options}", said, rank)
        for author, options, said, rank in _scaled()
        for kind in ("normal", "uniform")
    )


def _scaled() -> Iterator[tuple[str, str, str, int]]:
    for author in ("he", "glorot", "lecun"):
        yield author, "", "", 1
    yield "he", "(mode=fan_out)", "", 1
    yield "lecun", "(mode=fan_out)", "", 2
    torch = {"tanh": 5 / 3, "selu": 3 / 4, "leaky_relu of slope 0.2": math.sqrt(2 / 1.04)}
    for name, factor in torch.items():
        said = f"torch's gain for {name}"
        yield "lecun", f"(gain={factor:.{FEW}g})", said, 2
        yield "glorot", f"(gain={factor:.{FEW}g})", said, 2
        yield "lecun", f"(gain={factor:.{FEW}g}, mode=fan_out)", said, 3
    yield "glorot", f"(gain={math.sqrt(2):.{FEW}g})", "the gain for relu", 2
    yield "lecun", f"(gain={math.sqrt(2 / 5):.{FEW}g})", "sqrt(2 / (5 d)), SmallInit (1910.05895)", 2
    yield "he", "(mode=fan_geom)", "", 3
    yield "glorot", "(mode=fan_geom)", "", 3
    for name, forward, backward in theory_gains():
        yield "lecun", f"(gain={forward:.{FEW}g})", f"gain 1/sqrt(E f^2) of {name}", 3
        yield "lecun", f"(gain={backward:.{FEW}g}, mode=fan_out)", f"backward gain 1/sqrt(E f'^2) of {name}", 3


@functools.cache
def theory_gains() -> tuple[tuple[str, float, float], ...]:
    """Return the activations whose gains are neither 1 nor relu's, with forward and backward gain."""
    known = (name for name in ACTIVATIONS if name not in ("linear", "relu", "leaky_relu"))
    return tuple((name, gain(name), gain(name, "backward")) for name in known)


# distributions that do not depend on the fans: deviations, and bounds of uniform ones
STDS = {1.0: 1, 0.02: 1, 0.01: 1, 0.001: 2, 0.005: 2, 0.05: 2, 0.1: 2, 0.5: 2, 10.0: 2}
BOUNDS = {(0.0, 1.0): 1, (-0.05, 0.05): 1, (-0.1, 0.1): 2, (-0.01, 0.01): 2, (-0.08, 0.08): 2, (-1.0, 1.0): 2}
UNCORRECTED = "cut at two deviations without correction, as torch's and JAX's plain functions do"


def _plain() -> Iterator[Text]:
    for std, rank in STDS.items():
        yield f"normal(std={std:g})", "", rank
        yield f"truncated_normal(std={std:g})", "", rank
        yield f"truncated_normal(std={std * TRUNCATED_SD:.{FEW}g})", f"std {std:g} {UNCORRECTED}", rank
    for (low, high), rank in BOUNDS.items():
        yield f"uniform(low={low:g}, high={high:g})", "", rank


def rules(places: Sequence[Place], repeats: int = 1) -> tuple[Rule, ...]:
    """Return all rules for a tensor: by the fans of each of its places, and those that look at no fans.

    Parameters
    ----------
    places : sequence of Place
        Their layers, the fans that the framework counts, and its defaults.
    repeats : int
        How many tensors of the model differ from it in the number of their block only.
    """
    if len(places) == 1:
        place = places[0]
        return _rules(_fans(place.layer), _fans(place.counted), place.default, repeats)
    each = (rule for place in places for rule in rules([place], repeats))
    return tuple({(rule.name, rule.std): rule for rule in each}.values())


@functools.lru_cache(256)
def _rules(right: Fans, counted: Fans, default: Default | None, repeats: int) -> tuple[Rule, ...]:
    found: list[Rule | None] = []
    if default is not None:
        found.append(rule_of(default.spec, ANYWHERE, name=DEFAULT, said=default.said, rank=0))
    if repeats > 1:
        std = 0.02 / math.sqrt(2 * repeats)
        said = f"0.02 / sqrt(2 n) with n = {repeats} blocks, as GPT-2's residual ends"
        found.append(rule_of(f"normal(std={std:.{FEW}g})", ANYWHERE, said=said))
    return tuple(rule for rule in found if rule is not None) + _by_fans(right, counted) + _plain_rules()


@functools.cache
def _plain_rules() -> tuple[Rule, ...]:
    found = (rule_of(text, ANYWHERE, said=said, rank=rank) for text, said, rank in _plain())
    return tuple(rule for rule in found if rule is not None)


@functools.lru_cache(256)
def _by_fans(right: Fans, counted: Fans) -> tuple[Rule, ...]:
    """Return the rules that depend on fans: on the real ones, then on what the framework counts where that differs."""
    known = {(rule.name, f"{rule.std:.9g}") for rule in _scaled_rules(*right)}
    others = (rule for rule in _scaled_rules(*counted) if (rule.name, f"{rule.std:.9g}") not in known)
    return _scaled_rules(*right) + tuple(_by_counted(rule, right, counted) for rule in others)


def _fans(layer: Layer) -> Fans:
    return (0, 0) if layer.kind == "scale" else (layer.fan_in, layer.fan_out)


@functools.lru_cache(256)
def _scaled_rules(fan_in: float, fan_out: float) -> tuple[Rule, ...]:
    """Return the rules for these fans; none where a fan is 0."""
    if not (fan_in and fan_out):
        return ()
    layer = Layer("", "other", (), fan_in, fan_out)
    found = (rule_of(text, layer, said=said, rank=rank) for text, said, rank in scaled())
    return tuple(one for rule in found if rule is not None for one in (rule, *_cut(rule)))


def part(rule: Rule) -> Rule:
    """Return the rule of the real and imaginary parts of complex numbers.

    A complex normal number of deviation s has parts of deviation s / sqrt(2); uniform ones are drawn part by part.
    """
    return replace(rule, std=rule.std / math.sqrt(2)) if rule.family == "normal" else rule


def _by_counted(rule: Rule, right: Fans, counted: Fans) -> Rule:
    """Return a rule by the framework's fans under a name that says so."""
    words = {
        "fan_in": f"fan_in {counted[0]:,g} where one output sums {right[0]:,g}",
        "fan_out": f"fan_out {counted[1]:,g} where one input feeds {right[1]:,g}",
    }
    if "mode=fan_out" in rule.name:
        del words["fan_in"]
    elif not ("glorot" in rule.name or "mode" in rule.name):
        del words["fan_out"]
    same = {"fan_in": counted[0] == right[0], "fan_out": counted[1] == right[1]}
    said = " and ".join(word for mode, word in words.items() if not same[mode])
    said = f"torch counts {said}" + (f"; {rule.said}" if rule.said else "")
    return replace(rule, name=f"{rule.name} by torch's fans", spec=_spelled(rule), said=said)


def _spelled(rule: Rule) -> str:
    """Return a text spec that states the deviation itself."""
    if rule.family == "uniform":
        bound = rule.std * math.sqrt(3)
        return f"uniform(low={-bound!r}, high={bound!r})"
    return f"{'truncated_normal' if rule.family == 'truncated' else 'normal'}(std={rule.std!r})"


def _cut(rule: Rule) -> Iterator[Rule]:
    """Yield the truncated versions of a normal rule: at the same deviation, and as it comes when nobody corrects it."""
    if rule.family != "normal":
        return
    for factor, said, rank in (
        (1.0, "cut at two deviations, as Keras and JAX draw it", 1),
        (TRUNCATED_SD, UNCORRECTED, 2),
    ):
        std = rule.std * factor
        spec = f"truncated_normal(std={std!r})"
        more = f"{said}; {rule.said}" if rule.said else said
        yield Rule(f"truncated {rule.name}", spec, "truncated", 0.0, std, more, max(rank, rule.rank))
