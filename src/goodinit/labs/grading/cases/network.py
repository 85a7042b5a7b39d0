"""Lab 3, the whole network: penalties, the loss, and the gradient through all layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from goodinit.labs.checks import Array
from goodinit.labs.grading import look
from goodinit.labs.grading.case import Case, Ref, Script

SATURATED = 60.0  # a logit far beyond 37, from where on the sigmoid is rounded to 1


def _penalty_script(rng: np.random.Generator) -> Script:
    script, strength = Script(), float(rng.uniform(0.3, 0.9))
    inputs, outputs, m = (int(n) for n in rng.permutation(np.arange(4, 12))[:3])
    W, X = rng.standard_normal((outputs, inputs)), rng.standard_normal((inputs, m))
    dz = rng.standard_normal((outputs, m))
    places = {}
    for kind in ("L1", "L2"):
        layer = script.call("Linear", inputs, outputs, regularization=kind, strength=strength)
        script.set(layer, "weight", W)
        script.send(layer, "forward", X)
        penalty = script.get(layer, "reg_penalty")
        script.send(layer, "backward", dz)
        places[kind] = penalty, script.get(layer, "dw")
    script.given |= {"W": W, "X": X, "dz": dz, "strength": strength, "at": places}
    return script


def _penalty_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    W, X, dz, strength = (script.given[name] for name in ("W", "X", "dz", "strength"))
    m, plain = X.shape[1], dz @ X.T
    right = {"L1": (np.abs(W).sum(), np.sign(W)), "L2": ((W * W).sum() / 2, W)}
    for kind, (penalty_at, dw_at) in script.given["at"].items():
        penalty, slope = right[kind]
        wrong = {"penalty-missing": 0.0, "penalty-not-averaged": strength * penalty}
        if kind == "L2":
            wrong["half-missing"] = 2 * strength / m * penalty
        got = look.number(f"the {kind} penalty", answers[penalty_at])
        look.matched(f"the {kind} penalty", got, strength / m * penalty, wrong)
        dw = look.array(f"dw with {kind}", answers[dw_at], W.shape)
        wrong = {"penalty-gradient-missing": plain, "penalty-not-averaged": plain + strength * slope}
        look.matched(f"dw with {kind}", dw, plain + strength / m * slope, wrong)


def _network(rng: np.random.Generator, logit: float = 0.0) -> tuple[Script, Ref, Ref]:
    """Make a network of two layers, the first with an L2 penalty, and run it forward; also return its first layer.

    The logits lie around `logit`.
    """
    inputs, units, m = (int(n) for n in rng.permutation(np.arange(4, 12))[:3])
    W1, W2 = rng.standard_normal((units, inputs)), rng.standard_normal((1, units))
    b1, b2 = rng.standard_normal((units, 1)), logit + rng.standard_normal((1, 1))
    X, Y = rng.standard_normal((inputs, m)), rng.integers(0, 2, (1, m))
    script = Script(given={"W1": W1, "b1": b1, "W2": W2, "b2": b2, "X": X, "Y": Y, "strength": 0.7})
    first = script.call("Linear", inputs, units, regularization="L2", strength=0.7)
    last = script.call("Linear", units, 1)
    for layer, W, b in ((first, W1, b1), (last, W2, b2)):
        script.set(layer, "weight", W)
        script.set(layer, "bias", b)
    tanh, sigmoid = script.call("NonLinear", "Tanh"), script.call("NonLinear", "Sigmoid")
    model = script.call("Model", [first, tanh, last, sigmoid])
    script.send(model, "forward", X)
    return script, model, first


def _loss_script(rng: np.random.Generator) -> Script:
    script, model, _ = _network(rng)
    script.given["at"] = script.send(model, "loss", script.given["Y"])
    return script


def _hidden(given: dict[str, Any]) -> tuple[Array, Array]:
    """Return the hidden activations and the logits."""
    a1 = np.tanh(given["W1"] @ given["X"] + given["b1"])
    return a1, given["W2"] @ a1 + given["b2"]


def _loss_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    given = script.given
    Y, (_, z) = given["Y"], _hidden(given)
    m, each = Y.size, np.logaddexp(0, z) - Y * z
    penalty = given["strength"] / (2 * m) * (given["W1"] ** 2).sum()
    wrong = {"penalty-missing": each.mean(), "loss-not-averaged": each.sum() + penalty}
    wrong |= {"penalty-not-averaged": each.mean() + m * penalty, "half-missing": each.mean() + 2 * penalty}
    look.matched("the loss", look.number("the loss", answers[given["at"]]), each.mean() + penalty, wrong)


def _saturated_script(rng: np.random.Generator) -> Script:
    script, model, _ = _network(rng, SATURATED)
    script.given["at"] = script.send(model, "loss", script.given["Y"])
    return script


def _saturated_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    """Ask for a finite loss only: one that is computed from the probabilities is a lower bound of the exact one."""
    look.number("the loss", answers[script.given["at"]])


def _gradient_script(rng: np.random.Generator) -> Script:
    script, model, first = _network(rng)
    dx = script.send(model, "backward", script.given["Y"])
    script.given["at"] = dx, script.get(first, "dw")
    return script


def _gradient_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    given = script.given
    (dx_at, dw_at), (a1, z), X, Y = given["at"], _hidden(given), given["X"], given["Y"]
    m = Y.size
    dz = given["W2"].T @ ((1 + np.tanh(z / 2)) / 2 - Y) / m * (1 - a1**2)
    dw, slope = dz @ X.T, given["strength"] / m * given["W1"]
    got = look.array("dw of the first layer", answers[dw_at], given["W1"].shape)
    wrong = {"penalty-gradient-missing": dw, "loss-not-averaged": m * dw + slope, "mean-twice": dw / m + slope}
    look.matched("dw of the first layer", got, dw + slope, wrong)
    got = look.array("the gradient by the inputs", answers[dx_at], X.shape)
    look.matched("the gradient by the inputs", got, given["W1"].T @ dz, {"loss-not-averaged": m * given["W1"].T @ dz})


CASES = (
    Case(
        "TestPenalties",
        "Give Linear its penalty and the penalty's derivative.",
        3,
        "L1: strength/m times the sum of |w|; L2: strength/(2m) times that of w^2. Their derivatives are part of dw.",
        _penalty_script,
        _penalty_judge,
    ),
    Case(
        "TestLoss",
        "Write Model.loss.",
        3,
        "The mean cross-entropy over the samples, plus the penalties of all layers.",
        _loss_script,
        _loss_judge,
    ),
    Case(
        "TestLossIsFinite",
        "Keep Model.loss finite.",
        1,
        "A finite loss where the sigmoid is rounded to 0 or 1.",
        _saturated_script,
        _saturated_judge,
    ),
    Case(
        "TestModelBackward",
        "Write Model.backward.",
        4,
        "The gradient of the loss goes back through all layers; that by the inputs is returned.",
        _gradient_script,
        _gradient_judge,
    ),
)
