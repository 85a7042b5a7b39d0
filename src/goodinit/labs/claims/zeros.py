"""Claims about starts at zero and at other constants."""

import numpy as np

from goodinit.datasets import digits
from goodinit.initializers import he_normal
from goodinit.labs import circles
from goodinit.labs.checks import Array
from goodinit.labs.claims.claim import Claim
from goodinit.labs.claims.criteria import above, both, contrary, near
from goodinit.labs.claims.digits import SHALLOW, accuracies
from goodinit.labs.claims.quantities import Measured, exact, mean
from goodinit.labs.layers import Linear, Model, NonLinear, train
from goodinit.layer import Layer

ROUNDING = 1e-6  # gradients that cancel on paper leave less than this behind
POORLY = 0.05  # of test accuracy: five points


def _from_zeros() -> Measured:
    X, Y, _, _ = circles.load_dataset()
    zeros = circles.initialize_parameters_zeros([2, 10, 5, 1])
    few = np.sort(np.concatenate([np.flatnonzero(Y == 0), np.flatnonzero(Y == 1)[:75]]))
    found = {"pull": exact(np.abs(circles.forward_propagation(X, zeros)[0] - Y).max())}
    for name, kept in (("balanced", np.arange(Y.size)), ("unbalanced", few)):
        *_, (_, parameters, _) = circles.gradient_descent(X[:, kept], Y[:, kept], zeros, 0.1, 2000)
        found[name] = exact(max(np.abs(value).max() for value in parameters.values()))
        found[f"{name}_answer"] = exact(circles.sigmoid(parameters["b3"]).item())
    return found


NOTHING_ADJUSTED = Claim(
    name="zero-nothing-adjusted",
    claim="From zero weights both classes cost the same, ln 2, so there is nothing to correct and nothing is adjusted.",
    done="2-10-5-1 ReLU on circles, 2,000 steps from zeros, once with 150 points of each class and once with 150 and "
    "75. False where a parameter moves by more than rounding.",
    measure=_from_zeros,
    held=lambda m: {
        "the classes are balanced": near(m["balanced"], 0, ROUNDING),
        "they are not": near(m["unbalanced"], 0, ROUNDING),
    },
    said="every output is pulled by {pull:.1f}; parameters move by {balanced:.2g} with equal classes, by "
    "{unbalanced:.2f} with unequal ones: the network then answers {unbalanced_answer:.3f}",
    truth="The loss says nothing of its gradient: each output is pulled by 1/2. No weight gets a gradient, because "
    "hidden activations and last weights are 0; the output bias does, and learns the share of each class.",
)


def _against_a_line() -> Measured:
    data = digits()
    (X, Y), (test_X, test_Y) = (
        _zero_or_one(*part) for part in ((data.train_inputs, data.train_targets), (data.test_inputs, data.test_targets))
    )
    deep = Model([Linear(64, 16, std=0), NonLinear("ReLU"), Linear(16, 1, std=0), NonLinear("Sigmoid")])
    line = Model([Linear(64, 1, std=0), NonLinear("Sigmoid")])
    for model in (deep, line):
        train(model, X, Y, learning_rate=0.5, num_iterations=300, print_cost=False)
    right, right_line = ((model.predict(test_X) == test_Y)[0].astype(float) for model in (deep, line))
    answers = deep(test_X, training=False)
    return {
        "zeros": mean(right),
        "line": mean(right_line),
        "lead": mean(right_line - right),
        "spread": exact(np.ptp(answers)),
    }


def _zero_or_one(inputs: Array, targets: Array) -> tuple[Array, Array]:
    """Return the pictures of a 0 or a 1 as columns, and their labels as a row."""
    return inputs[targets < 2].T, targets[targets < 2].reshape(1, -1)


LINEAR = Claim(
    name="zero-is-linear",
    claim="A network that starts from all zeros ends as a linear classifier would.",
    done="64-16-1 ReLU from zeros and logistic regression from zeros, digits 0 against 1, 300 steps. False if their "
    "accuracies differ by more than 5 points over test pictures.",
    measure=_against_a_line,
    held=lambda m: {"": near(m["lead"], -POORLY, POORLY)},
    said="accuracy {zeros:.0%} from zeros, {line:.0%} by logistic regression; outputs of the former differ by "
    "{spread:.1g} over all test pictures",
    truth="An all-zero ReLU network stays a constant and says the same to every input, which is less than linear. "
    "Equal weights other than 0 make one unit of each layer, which is not a linear function either.",
)


def _zero_readout(layer: Layer, rng: np.random.Generator) -> Array:
    return np.zeros(layer.shape) if layer.role == "output" else he_normal()(layer, rng)


def _constants() -> Measured:
    found = accuracies(SHALLOW, {"he": he_normal(), "all": "constant(value=0.1)", "readout": _zero_readout})
    drawn = accuracies(SHALLOW, {"he": he_normal()}, bias="normal(std=0.1)")["he"]
    return {
        "all": mean(found["he"] - found["all"]),
        "readout": mean(found["he"] - found["readout"]),
        "biases": mean(drawn - found["he"]),
    }


CONSTANT = Claim(
    name="constants-fail",
    claim="Any constant initialization performs poorly.",
    done="64-32-10 ReLU on digits, 400 steps, 16 seeds: weights all 0.1, a readout of zeros, biases of zeros, each "
    "against drawn ones. False where it costs less than 5 points of test accuracy.",
    measure=_constants,
    held=lambda m: {
        "every weight is constant": above(m["all"], POORLY),
        "only the readout is": above(m["readout"], POORLY),
        "only the biases are": above(m["biases"], POORLY),
    },
    said="points of accuracy lost: {all:z.1%} with equal weights, {readout:z.1%} with a readout of zeros, "
    "{biases:z.1%} with biases of zeros",
    truth="Zero biases, zero readouts, zero ends of residual branches and the identity are standard; what fails is a "
    "layer whose units have the same weights in and the same weights out, which stay alike.",
    source="arXiv 1901.09321, 2110.12661",
)


def _biases() -> Measured:
    X, Y, test_X, test_Y = circles.load_dataset()
    sizes, lost = [], []
    for seed in range(12):
        start = circles.initialize_parameters_he([2, 10, 5, 1], seed)
        *_, (_, learned, _) = circles.gradient_descent(X, Y, start, 0.1, 1500)
        without = {name: value * (0 if name.startswith("b") else 1) for name, value in learned.items()}
        biases = np.concatenate([value.ravel() for name, value in learned.items() if name.startswith("b")])
        sizes.append(np.sqrt(np.mean(biases**2)))
        answers, bare = (np.mean(circles.predict_dec(p, test_X) == test_Y) for p in (learned, without))
        lost.append(answers - bare)
    return {"size": mean(sizes), "lost": mean(lost)}


BIASES = Claim(
    name="zero-biases-idle",
    claim="Biases that are initialized with zero have no effect.",
    done="2-10-5-1 ReLU on circles from He's weights and zero biases, 1,500 steps, 12 seeds; then the biases are set "
    "back to zero. False if they had moved and accuracy falls.",
    measure=_biases,
    held=lambda m: {"": contrary(both(above(m["size"], 0), above(m["lost"], 0)))},
    said="learned biases have size {size:.2f}; without them accuracy falls by {lost:z.1%}",
    truth="The gradient of a bias is the sum of dz over examples, whatever the bias is: it learns from the first step.",
)
