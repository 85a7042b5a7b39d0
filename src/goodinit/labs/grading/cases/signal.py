"""Lab 2, signal through depth: forward propagation, three scales of weights, and what theory predicts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from goodinit.labs.checks import Array
from goodinit.labs.grading import chance, look, weights
from goodinit.labs.grading.case import Case, Matrices, Script, WrongError
from goodinit.theory.maps import variance_map

EXAMPLES = 1000
DRAWS = 4  # of a weight function for each shape
THEORY = 0.05  # a prediction by a mean over 10,000 random numbers, or a coarse integral, is as good as this


def _forward_script(rng: np.random.Generator) -> Script:
    """Give the first layer scaled orthogonal weights, so that the inputs can be had back from its activations."""
    first, *later = (int(size) for size in rng.permutation(np.arange(24, 40))[:4])
    fans = list(zip([first, first, *later], [first, *later], strict=False))
    matrices = [0.3 * np.linalg.qr(rng.standard_normal((first, first)))[0]]
    matrices += [rng.standard_normal(fan) * 1.3 / np.sqrt(fan[0]) for fan in fans[1:]]
    script = Script(given={"fans": fans, "matrices": matrices})
    script.call("forward_prop", [first, *later], Matrices(matrices))
    return script


def _layers(answers: Sequence[Any], sizes: Sequence[int]) -> tuple[list[Array], list[Any], list[Any]]:
    """Return activations, means and deviations by layer, or raise WrongError."""
    activations, means, deviations = look.items("forward_prop", answers[0], 3)
    if not isinstance(activations, dict):
        raise WrongError(f"the activations are {look.kind(activations)}, not a dictionary by layer")
    if "0" not in activations and len(activations) == len(sizes) - 1:
        raise WrongError("the activations lack layer 0", "first-layer-skipped")
    if set(activations) != {str(layer) for layer in range(len(sizes))}:
        raise WrongError(f"the activations have the keys {', '.join(list(activations)[:8])}, not 0 to {len(sizes) - 1}")
    found = [
        look.array(f"the activations of layer {layer}", activations[str(layer)], (EXAMPLES, size))
        for layer, size in enumerate(sizes)
    ]
    return found, look.items("means", means, len(sizes)), look.items("deviations", deviations, len(sizes))


def _forward_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    fans, matrices = script.given["fans"], script.given["matrices"]
    _no_swap(answers[0], [size for _, size in fans])
    activations, _, _ = _layers(answers, [size for _, size in fans])
    _tanh(activations, matrices)
    x = np.arctanh(activations[0]) @ matrices[0].T / 0.09  # W0 W0^T = 0.09 I
    tests = [chance.mean_p(x), chance.size_p(x), chance.shape_p(x), chance.rows_p(x), chance.rows_p(x.T)]
    if min(tests) < level:
        raise WrongError(
            f"the inputs have mean {x.mean():.3g} and standard deviation {x.std():.4g}, and are not like independent "
            "standard-normal ones",
            "inputs-not-normal",
        )


def _tanh(activations: Sequence[Array], matrices: Sequence[Array]) -> None:
    """Raise WrongError unless every layer is tanh of the one below times its weights."""
    for layer in range(1, len(matrices)):
        z = activations[layer - 1] @ matrices[layer]
        relu, sigmoid = np.maximum(0, z), (1 + np.tanh(z / 2)) / 2
        another = relu if look.same(activations[layer], relu) else sigmoid
        wrong = {"activation-missing": z, "another-activation": another}
        look.matched(f"layer {layer}", activations[layer], np.tanh(z), wrong)
    if np.abs(activations[0]).max() >= 1:
        raise WrongError("layer 0 has activations outside (-1, 1)", "activation-missing")


def _no_swap(answer: Any, sizes: Sequence[int]) -> None:
    """Notice zeros, which the weight function gives where it is asked for a shape that no layer has."""
    activations = answer[0] if isinstance(answer, list) and answer else None
    later = activations.get("1") if isinstance(activations, dict) else None
    if isinstance(later, np.ndarray) and not later.any():
        raise WrongError("weight_init_func was asked for weights of a shape that no layer has", "arguments-swapped")


def _statistics_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    activations, means, deviations = _layers(answers, [size for _, size in script.given["fans"]])
    for layer, H in enumerate(activations):
        mean, deviation = (look.number(name, of[layer]) for name, of in (("mean", means), ("deviation", deviations)))
        if abs(mean - H.mean()) > 1e-4 * H.std():
            raise WrongError(f"the mean of layer {layer} is {mean:.6g}, not {H.mean():.6g}")
        # 1e-3: dividing by n - 1 instead of n is as good
        look.matched(f"deviation of layer {layer}", deviation, H.std(), {"variance-of-activations": H.var()}, 1e-3)


def _weights_script(function: str, rng: np.random.Generator) -> Script:
    shapes = [(int(rng.integers(70, 100)), int(rng.integers(22, 34))), (int(rng.integers(22, 34)), 90)]
    script = Script(given={"shapes": shapes})
    for shape in shapes:
        for _ in range(DRAWS):
            script.call(function, *shape)
    return script


def _weights_judge(asked: weights.Normal, script: Script, answers: Sequence[Any], level: float) -> None:
    layers = []
    for at, shape in enumerate(script.given["shapes"]):
        draws = [look.array("the weights", W, shape).T for W in answers[at * DRAWS : (at + 1) * DRAWS]]
        if look.same(draws[0], draws[1]):
            raise WrongError("two calls gave the same weights", "seed-reset")
        layers.append(weights.Drawn(f"{shape[0]} inputs, {shape[1]} units", np.stack(draws)))
    weights.judge(layers, asked, level)


def _weights(name: str, function: str, expected: str, asked: weights.Normal) -> Case:
    return Case(
        name,
        f"Write {function}.",
        2,
        expected,
        lambda rng: _weights_script(function, rng),
        lambda script, answers, level: _weights_judge(asked, script, answers, level),
        tests=2 * weights.TESTS_A_LAYER,
    )


def _prediction_script(rng: np.random.Generator) -> Script:
    sizes = [int(size) for size in rng.integers(200, 600, 6)]
    stds = [float(rng.uniform(0.01, 0.03)), float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.04, 0.08))]
    script = Script(given={"sizes": sizes, "stds": stds})
    for std in stds:
        script.call("predict_deviations", sizes, std)
    return script


def _prediction_judge(script: Script, answers: Sequence[Any], level: float) -> None:
    sizes = script.given["sizes"]
    for std, value in zip(script.given["stds"], answers, strict=True):
        items = look.items("predict_deviations", value, len(sizes))
        got, right = np.array([look.number("a deviation", each) for each in items]), predicted(sizes, std)
        off = np.flatnonzero(np.abs(got - right) > THEORY * right)
        if not off.size:
            continue
        wrong = {"variance-of-activations": right**2, "linear-theory": predicted(sizes, std, linear=True)}
        wrong["first-fan-in"] = predicted(sizes[:1] * len(sizes), std)
        # one layer may agree by accident; all of them do not
        named = next((mistake for mistake, each in wrong.items() if (np.abs(got - each) <= THEORY * each).all()), None)
        at = off[0]
        raise WrongError(f"layer {at} at std {std:.3g} has {got[at]:.6g}, not {right[at]:.6g}", named)


def predicted(sizes: Sequence[int], std: float, linear: bool = False) -> Array:
    """Return the deviations of wide layers: q becomes E[f(s x)^2] with s^2 = fan_in std^2 q and x standard normal."""
    q, found = 1.0, []
    for fan_in in (sizes[0], *sizes[:-1]):
        before = fan_in * std**2 * q
        q = before if linear else variance_map("tanh", before, 1.0)
        found.append(np.sqrt(q))
    return np.array(found)


SMALL = weights.Normal(
    lambda fan_in, fan_out: 0.01,
    {"not-scaled": lambda fan_in, fan_out: 1.0, "variance-for-deviation": lambda fan_in, fan_out: 1e-4},
)
LARGE = weights.Normal(lambda fan_in, fan_out: 1.0, {})
KEEPING = weights.Normal(
    lambda fan_in, fan_out: np.sqrt(1 / fan_in),
    {
        "variance-for-deviation": lambda fan_in, fan_out: 1 / fan_in,
        "root-of-two-over-n": lambda fan_in, fan_out: np.sqrt(2 / fan_in),
        "fan-out": lambda fan_in, fan_out: np.sqrt(1 / fan_out),
        "not-scaled": lambda fan_in, fan_out: 1.0,
    },
)

CASES = (
    Case(
        "TestForwardPropagation",
        "Write forward_prop: the activations.",
        4,
        "1,000 standard-normal inputs, as many as the first layer has units; H_k = tanh(H_{k-1} W_k) in every layer, "
        "by layer from 0.",
        _forward_script,
        _forward_judge,
        tests=5,
        raises={"mismatch": "arguments-swapped", "not aligned": "arguments-swapped"},
    ),
    Case(
        "TestStatistics",
        "Write forward_prop: means and standard deviations.",
        2,
        "The mean and the standard deviation of all activations of each layer.",
        _forward_script,
        _statistics_judge,
    ),
    _weights("TestSmallWeights", "small_weights", "Normal weights (fan_in, fan_out) with deviation 0.01.", SMALL),
    _weights("TestLargeWeights", "large_weights", "Normal weights (fan_in, fan_out) with deviation 1.", LARGE),
    _weights(
        "TestKeepingWeights",
        "keeping_weights",
        "Normal weights (fan_in, fan_out) with deviation sqrt(1 / fan_in).",
        KEEPING,
    ),
    Case(
        "TestPrediction",
        "Write predict_deviations.",
        4,
        f"The deviations of tanh layers by theory, to {THEORY:.0%}.",
        _prediction_script,
        _prediction_judge,
    ),
)
