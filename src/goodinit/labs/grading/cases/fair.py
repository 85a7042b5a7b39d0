"""Lab 4, a fair comparison: sizes of weights, paired differences, shares, seeds that are needed, and single races."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from goodinit.labs.checks import Array
from goodinit.labs.grading import look
from goodinit.labs.grading.case import Case, Script, WrongError

RULES = ("lecun", "glorot", "he")
PAIRS = 20
ENDS = 0.25  # of half the t interval: a percentile bootstrap of 20 pairs is 7 % narrower, and itself random
CLOSED = 1e-6  # of half an interval: two bootstraps do not end so near a formula's ends by chance
DIGITS = 2e-3  # of an end: 2 in place of 1.96 would be another interval, 1.96 in place of 1.95996 is none
EXTRA = 3  # seeds that Student's t asks for beyond the normal approximation, and one for rounding
PARTS = (0.25, 0.45)  # of a seed: rounding to the nearest goes down, and 1.96 + .84, .11 % below, is still rounded up


def _size_script(rng: np.random.Generator) -> Script:
    """Ask for dense and for convolutional shapes, whose fans differ by more than any mistake could hide in."""
    dense = [int(n) for n in rng.permutation([48, 80, 176, 272])[:2]]
    kernel = [int(n) for n in rng.permutation([3, 5, 7])[:2]]
    script = Script(given={"shapes": [dense, [*(int(n) for n in rng.permutation([8, 24, 40])[:2]), *kernel]]})
    for shape in script.given["shapes"]:
        for rule in RULES:
            script.call("init_std", rule, shape)
    return script


def _size(rule: str, fan_in: float, fan_out: float) -> float:
    variance = {"lecun": 1 / fan_in, "glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in}[rule]
    return float(np.sqrt(variance))


def _size_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    asked = [(shape, rule) for shape in script.given["shapes"] for rule in RULES]
    for (shape, rule), answer in zip(asked, answers, strict=True):
        (outputs, inputs, *_), field = shape, float(np.prod(shape[2:]))
        right = _size(rule, inputs * field, outputs * field)
        wrong = {"size-as-variance": right**2, "kernel-forgotten": _size(rule, inputs, outputs)}
        wrong |= {"fan-out": _size(rule, outputs * field, inputs * field), "size-of-uniform": np.sqrt(3) * right}
        if rule == "he":
            wrong |= {"root-of-one-over-n": right / np.sqrt(2), "root-of-one-over-2n": right / 2}
        name = f"init_std({rule!r}, {tuple(shape)})"
        look.matched(name, look.number(name, answer), right, wrong)


def _pairs_script(rng: np.random.Generator) -> Script:
    """Draw scores whose seeds differ far more than the two sides do; the differences are evenly normal."""
    each = stats.norm.ppf((np.arange(PAIRS) + 0.5) / PAIRS)  # symmetric, so that all good intervals agree
    deviation = float(rng.uniform(0.002, 0.01))
    differences = deviation * (rng.permutation(each) + rng.uniform(0.5, 1.5) * rng.choice([-1, 1]))
    common = 0.8 + 12 * deviation * rng.standard_normal(PAIRS)
    script = Script(given={"a": common + differences / 2, "b": common - differences / 2})
    script.call("paired_difference", script.given["a"], script.given["b"])
    return script


def _pairs_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    a, b = script.given["a"], script.given["b"]
    got = look.items("paired_difference", answers[0], 3)
    mean, *ends = (
        look.number(f"the {name}", each) for name, each in zip(("mean", "low end", "high end"), got, strict=True)
    )
    d = a - b
    if look.same(mean, -d.mean()):
        raise WrongError(f"the mean difference is {mean:.4g}, not {d.mean():.4g}", "difference-reversed")
    look.matched("the mean difference", mean, d.mean(), {})
    error, t = d.std(ddof=1) / np.sqrt(d.size), float(stats.t.ppf(0.975, d.size - 1))
    formula = next((name for name, half in _formulas(d) if _ends_match(ends, mean, half, CLOSED)), None)
    if formula is None and _ends_match(ends, mean, t * error):
        return
    apart = np.sqrt(a.var(ddof=1) / a.size + b.var(ddof=1) / b.size)
    wrong = {"unpaired": t * apart, "deviation-for-error": t * error * np.sqrt(d.size), "one-standard-error": error}
    named = next((mistake for mistake, half in wrong.items() if _ends_match(ends, mean, half)), None)
    raise WrongError(
        f"the interval is {ends[0]:.6g} to {ends[1]:.6g}, not {mean - t * error:.6g} to {mean + t * error:.6g}",
        formula or named,
    )


def _ends_match(ends: Sequence[float], mean: float, half: float, part: float = ENDS) -> bool:
    return abs(ends[0] - (mean - half)) <= part * half and abs(ends[1] - (mean + half)) <= part * half


def _formulas(d: Array) -> Iterator[tuple[str, float]]:
    """Yield half the interval by formulas that are wrong, yet nearer to the right one than a good bootstrap may be."""
    n, t, normal = d.size, stats.t.ppf, stats.norm.ppf
    quantiles = {
        "one-sided-interval": (t(0.95, n - 1), t(0.95, n), normal(0.95), 1.645, 1.64, 1.65),
        "normal-for-student": (normal(0.975), 1.96, 2.0),
        "degrees-of-freedom": (t(0.975, n), t(0.975, 2 * n - 2)),
        "deviation-by-n": (t(0.975, n - 1),),
    }
    for mistake, factors in quantiles.items():
        for ddof in (0,) if mistake == "deviation-by-n" else (1, 0):
            yield from ((mistake, float(factor * d.std(ddof=ddof) / np.sqrt(n))) for factor in factors)


def _share_script(rng: np.random.Generator) -> Script:
    total = int(rng.integers(12, 40))
    cases = [(0, total), (int(rng.integers(2, total - 2)), total), (86, 100)]
    script = Script(given={"cases": cases})
    for count, of in cases:
        script.call("share_interval", count, of)
    return script


def _share_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for (count, total), answer in zip(script.given["cases"], answers, strict=True):
        got = [look.number("an end", end) for end in look.items("share_interval", answer, 2)]
        p, found = count / total, stats.binomtest(count, total)
        right, exact = (found.proportion_ci(method=method) for method in ("wilson", "exact"))
        half = float(stats.norm.ppf(0.975)) * np.sqrt(p * (1 - p) / total)
        wrong = {"textbook-interval": (p - half, p + half), "exact-interval": (exact.low, exact.high)}
        look.matched(f"share_interval({count}, {total})", got, (right.low, right.high), wrong, DIGITS)


def _seeds_script(rng: np.random.Generator) -> Script:
    """Ask for 45 to 150 seeds, so many that every mistake leads elsewhere, and a part that must be rounded up."""
    script = Script(given={"cases": []})
    for power in (0.8, 0.9):
        deviation, wanted = float(rng.uniform(0.2, 3.0)), float(rng.integers(45, 150) + rng.uniform(*PARTS))
        difference = deviation * _factor(power) / np.sqrt(wanted)
        script.given["cases"].append((difference, deviation, power))
        script.call("seeds_needed", difference, deviation, power)
    return script


def _factor(power: float, level: float = 0.05) -> float:
    return float(stats.norm.isf(level / 2) + stats.norm.ppf(power))


def _seeds_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for (difference, deviation, power), answer in zip(script.given["cases"], answers, strict=True):
        name, effect = f"seeds_needed({difference:.3g}, {deviation:.3g}, {power})", difference / deviation
        got, right = look.number(name, answer), (_factor(power) / effect) ** 2
        if np.ceil(right) <= got <= np.ceil(right) + EXTRA:
            continue
        if np.floor(right) <= got < np.ceil(right):
            raise WrongError(f"{name} gave {got:.6g}, not {np.ceil(right):.0f}", "not-rounded-up")
        wrong = {"power-forgotten": (stats.norm.isf(0.025) / effect) ** 2, "not-squared": _factor(power) / effect}
        wrong |= {"unpaired-seeds": 2 * right, "one-sided": (_factor(power, 0.1) / effect) ** 2}
        named = next((mistake for mistake, seeds in wrong.items() if _about(got, seeds)), None)
        raise WrongError(f"{name} gave {got:.6g}, not {np.ceil(right):.0f}", named)


def _about(got: float, seeds: float) -> bool:
    return bool(np.floor(seeds) <= got <= np.ceil(seeds) + EXTRA)


def _race_script(rng: np.random.Generator) -> Script:
    """Draw scores in whole pictures of 200, so that some are equal."""
    script = Script(given={"cases": []})
    for sizes in ((12, 12), (15, 9)):
        better, worse = (rng.integers(low, low + 14, size) / 200 for low, size in zip((176, 172), sizes, strict=True))
        worse[:2], better[0] = better[1:3], worse[2]
        script.given["cases"].append((better, worse))
        script.call("upset_probability", better, worse)
    return script


def _race_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for (better, worse), answer in zip(script.given["cases"], answers, strict=True):
        lead = worse[None, :] - better[:, None]
        right = float(np.mean(lead > 0) + np.mean(lead == 0) / 2)
        wrong = {"ties-lost": np.mean(lead > 0), "ties-won": np.mean(lead >= 0), "wins-of-the-better": 1 - right}
        wrong |= {"same-seeds-only": _same_seeds(better, worse)}
        look.matched("upset_probability", look.number("upset_probability", answer), right, wrong)


def _same_seeds(better: Array, worse: Array) -> float:
    n = min(better.size, worse.size)
    return float(np.mean(worse[:n] > better[:n]) + np.mean(worse[:n] == better[:n]) / 2)


CASES = (
    Case(
        "TestWeightSizes",
        "Write init_std.",
        3,
        "The standard deviations sqrt(1/fan_in), sqrt(2/(fan_in + fan_out)) and sqrt(2/fan_in); in a convolution both "
        "fans are multiplied by the entries of the kernel.",
        _size_script,
        _size_judge,
    ),
    Case(
        "TestPairedDifference",
        "Write paired_difference.",
        4,
        "The mean of a - b over seeds and the 95 % interval of that mean, by Student's t or a bootstrap of the pairs.",
        _pairs_script,
        _pairs_judge,
    ),
    Case(
        "TestShareInterval",
        "Write share_interval.",
        3,
        "The 95 % Wilson interval of a share.",
        _share_script,
        _share_judge,
    ),
    Case(
        "TestSeedsNeeded",
        "Write seeds_needed.",
        3,
        "((z(.975) + z(power)) deviation / difference)^2, rounded up; a few more, by Student's t, are right as well.",
        _seeds_script,
        _seeds_judge,
    ),
    Case(
        "TestUpsetProbability",
        "Write upset_probability.",
        3,
        "The share of all pairs of one run of each in which the worse scores higher; equal scores count one half.",
        _race_script,
        _race_judge,
    ),
)
