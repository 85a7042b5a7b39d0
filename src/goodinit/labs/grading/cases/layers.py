"""Lab 3, vanishing gradients: layers with their backward passes, dropout, penalties, the loss, and sizes of weights."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from goodinit.labs.checks import Array
from goodinit.labs.grading import chance, look
from goodinit.labs.grading.case import Case, Ref, Script, WrongError
from goodinit.labs.grading.cases import network

LARGE = 800.0  # e^800 overflows
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "ReLU": (lambda z: np.maximum(0, z), lambda z: (z > 0) * 1.0),
    "Sigmoid": (lambda z: (1 + np.tanh(z / 2)) / 2, lambda z: (1 - np.tanh(z / 2) ** 2) / 4),
    "Tanh": (lambda z: np.tanh(z), lambda z: 1 - np.tanh(z) ** 2),
}


def linear(script: Script, rng: np.random.Generator, inputs: int, outputs: int, **options: Any) -> Ref:
    """Make a Linear with weights and biases that the judge knows as ``W`` and ``b``."""
    W, b = rng.standard_normal((outputs, inputs)), rng.standard_normal((outputs, 1))
    layer = script.call("Linear", inputs, outputs, **options)
    script.set(layer, "weight", W)
    script.set(layer, "bias", b)
    script.given |= {"W": W, "b": b}
    return layer


def _linear_script(rng: np.random.Generator) -> Script:
    script, (inputs, outputs, m) = Script(), (int(n) for n in rng.permutation(np.arange(3, 12))[:3])
    X, dz = rng.standard_normal((inputs, m)), rng.standard_normal((outputs, m))
    layer = linear(script, rng, inputs, outputs)
    places = {"z": script.send(layer, "forward", X), "dx": script.send(layer, "backward", dz)}
    places |= {"dw": script.get(layer, "dw"), "db": script.get(layer, "db")}
    script.given |= {"X": X, "dz": dz, "at": places}
    return script


def _forward_script(rng: np.random.Generator) -> Script:
    """Make the same calls up to the forward pass, so that this case does not ask for a backward pass."""
    script = _linear_script(rng)
    del script.steps[script.given["at"]["z"] + 1 :]
    return script


def _forward_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    W, b, X, at = (script.given[name] for name in ("W", "b", "X", "at"))
    z = look.array("the output", answers[at["z"]], (len(W), X.shape[1]))
    look.matched("the output", z, W @ X + b, {"bias-missing": W @ X})


def _backward_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    W, X, dz, at = (script.given[name] for name in ("W", "X", "dz", "at"))
    m, dw, db = X.shape[1], dz @ X.T, dz.sum(axis=1, keepdims=True)
    got = look.array("dw", answers[at["dw"]], W.shape)
    look.matched("dw", got, dw, {"mean-twice": dw / m})
    shapes = {
        (len(W),): "biases-one-dimensional",
        dz.shape: "db-not-summed",
        (1, 1): "db-not-summed",
        (): "db-not-summed",
    }
    got = look.array("db", answers[at["db"]], (len(W), 1), shapes)
    look.matched("db", got, db, {"mean-twice": db / m, "db-not-summed": dz[:, :1]})
    got = look.array("the gradient by the inputs", answers[at["dx"]], X.shape)
    look.matched("the gradient by the inputs", got, W.T @ dz, {"dw-for-w": dw.T @ dz, "mean-twice": W.T @ dz / m})


def _activations_script(rng: np.random.Generator) -> Script:
    script, shape = Script(), (int(rng.integers(4, 9)), int(rng.integers(12, 20)))
    z, da = 2 * rng.standard_normal(shape), rng.standard_normal(shape)
    z[0, :2] = LARGE, -LARGE
    places = []
    for name in ACTIVATIONS:
        layer = script.call("NonLinear", name)
        places.append((name, script.send(layer, "forward", z), script.send(layer, "backward", da)))
    script.given |= {"z": z, "da": da, "at": places}
    return script


def _activations_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    z, da = script.given["z"], script.given["da"]
    for name, forward, backward in script.given["at"]:
        f, slope = ACTIVATIONS[name]
        look.matched(f"{name} forward", look.array(f"{name} forward", answers[forward], z.shape), f(z), {})
        wrong = {"slope-forgotten": da, "gradient-forgotten": slope(z), "slope-of-output": da * slope(f(z))}
        got = look.array(f"{name} backward", answers[backward], z.shape)
        look.matched(f"{name} backward", got, da * slope(z), wrong)


def _dropout_script(rng: np.random.Generator) -> Script:
    script, keep_prob = Script(), float(rng.uniform(0.6, 0.75))
    # no entry is 0, so that every zero that comes back was dropped
    X, da = (rng.uniform(0.5, 2.0, (60, 80)) for _ in range(2))
    layer = script.call("Dropout", keep_prob=keep_prob)
    places = {"first": script.send(layer, "forward", X), "da": script.send(layer, "backward", da)}
    places["second"] = script.send(layer, "forward", X)
    script.set(layer, "training", False)
    places["test"] = script.send(layer, "forward", X)
    script.given |= {"X": X, "da": da, "keep_prob": keep_prob, "at": places}
    return script


def _dropout_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    X, da, keep, at = (script.given[name] for name in ("X", "da", "keep_prob", "at"))
    first, second, test, gradient = (
        look.array(name, answers[at[place]], X.shape)
        for place, name in (
            ("first", "forward"),
            ("second", "forward"),
            ("test", "outside training"),
            ("da", "backward"),
        )
    )
    mask = first != 0
    _kept(mask, second != 0, keep, level)
    look.matched("what is kept", first, X * mask / keep, {"dropout-unscaled": X * mask})
    backward = {"dropout-backward": da * mask, "slope-forgotten": da}
    if not look.same(gradient, da * mask / keep):
        named = next((name for name, wrong in backward.items() if look.same(gradient, wrong)), None)
        raise WrongError(
            "the gradient has other values", "dropout-backward" if named or (gradient == 0).any() else None
        )
    look.matched("the output outside training", test, X, {"dropout-in-test": test})


def _kept(mask: Array, other: Array, keep: float, level: float) -> None:
    """Raise WrongError unless the masks are what independent draws give, by four tests."""
    if (mask == other).all() or (mask == mask[:1]).all() or (mask == mask[:, :1]).all():
        raise WrongError("two passes, or whole rows or columns, drop the same entries", "dropout-alike")
    share = mask.mean()
    if min(chance.share_p(int(each.sum()), each.size, keep) for each in (mask, other)) < level:
        inverted = abs(share - (1 - keep)) < 0.05
        raise WrongError(f"{share:.1%} are kept, not {keep:.1%}", "dropout-inverted" if inverted else None)
    both = keep * keep + (1 - keep) ** 2  # probability that two independent entries agree
    agreeing = [mask == other, mask[::2] == mask[1::2]]
    if min(chance.share_p(int(each.sum()), each.size, both) for each in agreeing) < level:
        raise WrongError("which entries are dropped is not independent", "dropout-alike")


def _sizes_script(rng: np.random.Generator) -> Script:
    fans = [(int(a), int(b)) for a, b in zip(rng.integers(200, 900, 3), rng.integers(10, 100, 3), strict=True)]
    script = Script(given={"fans": fans})
    for fan_in, fan_out in fans:
        script.call("glorot_std", fan_in, fan_out)
        script.call("he_std", fan_in, fan_out)
    return script


def _sizes_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    for at, (fan_in, fan_out) in enumerate(script.given["fans"]):
        glorot, he = np.sqrt(2 / (fan_in + fan_out)), np.sqrt(2 / fan_in)
        wrong = {"size-as-variance": glorot**2, "size-of-uniform": np.sqrt(6 / (fan_in + fan_out))}
        look.matched("glorot_std", look.number("glorot_std", answers[2 * at]), glorot, wrong)
        wrong = {"size-as-variance": he**2, "fan-out": np.sqrt(2 / fan_out), "root-of-one-over-n": he / np.sqrt(2)}
        wrong |= {"glorot-for-he": glorot, "size-of-uniform": np.sqrt(6 / fan_in), "root-of-one-over-2n": he / 2}
        look.matched("he_std", look.number("he_std", answers[2 * at + 1]), he, wrong)


CASES = (
    Case(
        "TestLinearForward",
        "Write Linear.forward.",
        2,
        "z = W x + b for every column x.",
        _forward_script,
        _forward_judge,
    ),
    Case(
        "TestLinearBackward",
        "Write Linear.backward.",
        4,
        "dw = dz x^T and db = the sum of dz over the samples are kept; W^T dz is returned.",
        _linear_script,
        _backward_judge,
        raises={"mismatch": "weight-not-transposed", "not aligned": "weight-not-transposed"},
    ),
    Case(
        "TestActivations",
        "Write NonLinear.forward and NonLinear.backward.",
        3,
        "ReLU, Sigmoid and Tanh, finite for large inputs; backward, the gradient times the derivative at the input.",
        _activations_script,
        _activations_judge,
    ),
    Case(
        "TestDropout",
        "Write Dropout.forward and Dropout.backward.",
        3,
        "Each entry is kept with probability keep_prob and divided by it, anew in every pass; the gradient goes "
        "through the same mask and division; outside training nothing changes.",
        _dropout_script,
        _dropout_judge,
        tests=4,
    ),
    *network.CASES,
    Case(
        "TestWeightSizes",
        "Write glorot_std and he_std.",
        2,
        "The standard deviations sqrt(2 / (fan_in + fan_out)) and sqrt(2 / fan_in).",
        _sizes_script,
        _sizes_judge,
    ),
)
