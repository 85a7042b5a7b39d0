"""Lab 5, claims on trial: verdicts from intervals, and the quantities that a claim is judged by."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from goodinit.labs.checks import Array
from goodinit.labs.grading import look
from goodinit.labs.grading.case import Case, Script, WrongError
from goodinit.theory import chi, expectation, variance_map

INTEGRAL = 0.02  # a mean over 100,000 random numbers is known to .4 % at worst here, a coarse integral as well
ACTIVATIONS = ("relu", "tanh", "sigmoid", "centred_sigmoid")
ITERATIONS = 60  # until q stands still: in each its distance falls to less than .7 of what it was


def _verdict_script(rng: np.random.Generator) -> Script:
    """Put intervals inside the claimed range, outside, across both ends, around it, touching it, and nowhere."""
    at, width = float(rng.uniform(-2, 2)), float(rng.uniform(1, 2))
    ends = [(0.2, 0.8), (0.0, 1.0), (1.2, 1.9), (-0.9, -0.1), (0.5, 1.4), (-0.3, 0.6), (-0.2, 1.1)]
    ends += [(-0.5, 0.0), (1.0, 1.5)]  # they touch the range, whose ends belong to it
    words = ["true", "true", "false", "false", *["cannot be told"] * 5]
    cases = [
        (at + low * width, at + high * width, at, at + width, word)
        for (low, high), word in zip(ends, words, strict=True)
    ]
    cases.append((math.nan, math.nan, at, at + width, "cannot be told"))
    script = Script(given={"cases": [cases[int(i)] for i in rng.permutation(len(cases))]})
    for low, high, *claimed, _ in script.given["cases"]:
        script.call("verdict", low, high, *claimed)
    return script


def _verdict_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for (low, high, least, most, word), answer in zip(script.given["cases"], answers, strict=True):
        if isinstance(answer, str) and answer == word:
            continue
        got = repr(answer) if isinstance(answer, str) else look.kind(answer)
        mistake = None
        if math.isnan(low):
            mistake = "missing-is-a-verdict"
        elif word == "cannot be told":
            mistake = "no-third-answer"
        asked = f"an interval from {low:.3g} to {high:.3g} and a claim of {least:.3g} to {most:.3g}"
        raise WrongError(f"for {asked} verdict gave {got}, not {word!r}", mistake if isinstance(answer, str) else None)


def _entropy_script(rng: np.random.Generator) -> Script:
    script = Script(given={"labels": []})
    for classes, total in ((2, 90), (4, 160)):
        shares = rng.permutation(np.linspace(1, 3, classes)) + rng.uniform(0, 0.3, classes)
        labels = rng.permutation(np.repeat(np.arange(classes), np.ceil(total * shares / shares.sum()).astype(int)))
        script.given["labels"].append(labels)
        script.call("base_rate_loss", labels)
    return script


def _entropy_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for labels, answer in zip(script.given["labels"], answers, strict=True):
        p = np.bincount(labels) / labels.size
        right = float(-np.sum(p * np.log(p)))
        wrong = {"entropy-in-bits": right / math.log(2), "classes-taken-as-equal": math.log(p.size)}
        wrong |= {"entropy-negative": -right, "first-class-only": -p[1] * np.log(p[1])}
        look.matched(f"the loss for {p.size} classes", look.number("base_rate_loss", answer), right, wrong)


def _alike_script(rng: np.random.Generator) -> Script:
    """Make units of which some share their weights in, some their weights out, and some both."""
    script = Script(given={"layers": []})
    for _ in range(2):
        inputs, outputs = int(rng.integers(3, 6)), int(rng.integers(2, 4))
        W, V = rng.standard_normal((14, inputs)), rng.standard_normal((outputs, 14))
        W[8:12], V[:, 8:10] = W[2:6], V[:, 2:4]  # 8 and 9 are copies of 2 and 3; 10 and 11 of 4 and 5 in W only
        V[:, 12] = V[:, 6]  # the weights out alone
        order = rng.permutation(14)
        script.given["layers"].append((W[order], V[:, order]))
        script.call("different_units", W[order], V[:, order])
    return script


def _alike_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for (W, V), answer in zip(script.given["layers"], answers, strict=True):
        wrong = {"weights-out-ignored": _rows(W), "weights-in-ignored": _rows(V.T), "units-counted": len(W)}
        right = _rows(np.hstack([W, V.T]))
        look.matched("different_units", look.number("different_units", answer), right, wrong)


def _rows(matrix: Array) -> int:
    return len(np.unique(matrix, axis=0))


def _fans_script(rng: np.random.Generator) -> Script:
    script = Script(given={"cases": []})
    for low_in, low_out in ((40, 300), (300, 40)):
        fan_in, fan_out = int(rng.integers(low_in, 2 * low_in)), int(rng.integers(low_out, 2 * low_out))
        std = float(rng.uniform(0.02, 0.2))
        script.given["cases"].append((fan_in, fan_out, std))
        script.call("layer_factors", fan_in, fan_out, std)
    return script


def _fans_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for (fan_in, fan_out, std), answer in zip(script.given["cases"], answers, strict=True):
        got = [look.number("a factor", each) for each in look.items("layer_factors", answer, 2)]
        right = np.sqrt([fan_in, fan_out]) * std
        wrong = {"fans-swapped": right[::-1], "squares-of-factors": right**2, "deviation-not-squared": right**2 / std}
        look.matched(f"layer_factors({fan_in}, {fan_out}, {std:.3g})", got, right, wrong)


def _gain_script(rng: np.random.Generator) -> Script:
    script = Script(given={"cases": [(name, float(rng.uniform(0.3, 3.0))) for name in rng.permutation(ACTIVATIONS)]})
    for name, q in script.given["cases"]:
        script.call("gain", str(name), q)
    return script


def _gain_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    slopes = {"tanh": 1.0, "sigmoid": 0.25, "centred_sigmoid": 0.25}
    for (name, q), answer in zip(script.given["cases"], answers, strict=True):
        second = variance_map(name, q, 1.0)
        right = math.sqrt(q / second)
        spread = second - expectation(lambda a, d: a, name, q) ** 2
        wrong = {"gain-squared": right**2, "variance-for-second-moment": math.sqrt(q / spread)}
        wrong |= {"q-ignored": 1 / math.sqrt(variance_map(name, 1.0, 1.0)), "gain-inverted": 1 / right}
        if name in slopes:
            wrong["slope-at-zero"] = 1 / slopes[name]
        asked = f"gain({str(name)!r}, {q:.3g})"
        look.matched(asked, look.number(asked, answer), right, wrong, INTEGRAL)


def _growth_script(rng: np.random.Generator) -> Script:
    script = Script(
        given={
            "cases": [(int(rng.integers(150, 600)), float(weight)) for weight in rng.uniform([1.6, 20.0], [2.4, 60.0])]
        }
    )
    for width, weight in script.given["cases"]:
        script.call("gradient_growth", width, math.sqrt(weight / width))
    return script


def _growth_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for (width, weight), answer in zip(script.given["cases"], answers, strict=True):
        q = 1.0
        for _ in range(ITERATIONS):
            q = variance_map("tanh", q, weight)
        right = math.sqrt(chi("tanh", q, weight))
        wrong = {"gain-squared": right**2, "weights-alone": math.sqrt(weight), "slope-alone": right / math.sqrt(weight)}
        wrong |= {"q-not-iterated": math.sqrt(chi("tanh", 1.0, weight))}
        asked = f"gradient_growth({width}, {math.sqrt(weight / width):.4g})"
        look.matched(asked, look.number(asked, answer), right, wrong, INTEGRAL)


CASES = (
    Case(
        "TestVerdict",
        "Write verdict.",
        3,
        "'true' if all of the interval lies in the claimed range, 'false' if all lies outside, else 'cannot be told'.",
        _verdict_script,
        _verdict_judge,
    ),
    Case(
        "TestBaseRateLoss",
        "Write base_rate_loss.",
        2,
        "The entropy of the class shares, -sum p ln p.",
        _entropy_script,
        _entropy_judge,
    ),
    Case(
        "TestDifferentUnits",
        "Write different_units.",
        3,
        "The number of units that differ from each other in their weights in (a row of W) or out (a column of V).",
        _alike_script,
        _alike_judge,
    ),
    Case(
        "TestLayerFactors",
        "Write layer_factors.",
        2,
        "sqrt(fan_in) std for the signal and sqrt(fan_out) std for the gradient.",
        _fans_script,
        _fans_judge,
    ),
    Case(
        "TestGain",
        "Write gain.",
        3,
        f"sqrt(q / E f(z)^2) with z normal of variance q, to {INTEGRAL:.0%}.",
        _gain_script,
        _gain_judge,
    ),
    Case(
        "TestGradientGrowth",
        "Write gradient_growth.",
        4,
        f"sqrt(fan_in std^2 E tanh'(z)^2) with z normal of the variance at which q stands still, to {INTEGRAL:.0%}.",
        _growth_script,
        _growth_judge,
    ),
)
