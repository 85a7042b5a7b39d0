"""What theory expects of a network's statistics, or why it cannot tell."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from goodinit.errors import InputError
from goodinit.initializers import Initializer, generator
from goodinit.layer import Layer
from goodinit.networks import Network
from goodinit.study.signal.inputs import Batch
from goodinit.study.signal.statistics import STATISTICS
from goodinit.theory import Prediction, gradient_at_logits, predict_dense

Floats = NDArray[np.float64]
BEHIND = 10**6  # units of a readout that nobody sees: gradients that come through it are independent and normal
LARGEST = 600.0  # ln of a variance of logits; beyond, a softmax has long been 0 and 1
SMALLEST = 1e-300  # stands for a gradient that is 0
DRAWS = 4  # of a function without a formula, from which its variance is taken


@dataclass(frozen=True)
class Expected:
    """Centre and spread over networks of every statistic, on its own scale, by layer; NaN where there is none.

    Parameters
    ----------
    centre, spread : dict of str to array, shape (layers,)
    why_not : str
        Why there is no prediction at all; empty if there is one.
    assumptions : tuple of str
        What it rests on.
    doubts : dict of str to str
        Of the statistics that the prediction may miss: which assumption does not hold here.
    """

    centre: dict[str, Floats]
    spread: dict[str, Floats]
    why_not: str = ""
    assumptions: tuple[str, ...] = ()
    doubts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entries:
    """Variance and mean of one entry of each tensor, by layer, and excess kurtosis of the weights."""

    weight_variance: list[float]
    bias_variance: list[float]
    kurtosis: float
    why_not: str = ""


def expected(network: Network, weight: Initializer, bias: Initializer, batch: Batch) -> Expected:
    """Return what theory expects of a network's layers."""
    entries = entries_of(network, weight, bias)
    if entries.why_not:
        return _nothing(network, entries.why_not)
    try:
        prediction = predicted(network, entries, batch, finite_width=weight.independent)
    except InputError as error:  # an activation that overflows, say
        return _nothing(network, str(error))
    centre, spread = _on_scales(prediction, len(network.weights), weight.independent)
    doubts = _doubts(prediction, weight.independent, batch.task)
    return Expected(centre, spread, assumptions=prediction.assumptions, doubts=doubts)


def _nothing(network: Network, why: str) -> Expected:
    none = {name: np.full(len(network.weights), math.nan) for name in STATISTICS}
    return Expected(none, none, why)


def _doubts(at: Prediction, independent: bool, task: str | None) -> dict[str, str]:
    """Return which assumption does not hold, for every statistic that is concerned."""
    out = {}
    if not independent:
        out = dict.fromkeys(STATISTICS, "the entries of a weight depend on each other, which matters at finite width")
    if task in ("binary", "multiclass"):
        out["weight_gradient_rms"] = "examples of a class are alike in their inputs and their gradients at once"
    return out


def further(
    network: Network, weight: Initializer, bias: Initializer, batch: Batch, layers: int
) -> tuple[Floats, Floats] | None:
    """Return ln of the activations' deviation and of the gradient, by layer, of a network that goes on like this one.

    None where there is no prediction, or no two hidden layers of the same width to go on with.
    """
    entries, hidden = entries_of(network, weight, bias), len(network.weights) - network.readout
    if entries.why_not or network.sizes[hidden] != network.sizes[hidden - 1] or hidden >= layers:
        return None
    try:
        at = predicted(network, entries, batch, finite_width=weight.independent, repeat=layers - hidden + 1)
    except InputError:
        return None
    with np.errstate(divide="ignore"):
        return np.log(at.std[:layers]), at.log_gradient[:layers]


def predicted(
    network: Network, entries: Entries, batch: Batch, *, finite_width: bool = True, repeat: int = 1
) -> Prediction:
    """Return the prediction, of a network whose last hidden layer stands there `repeat` times.

    A network without readout is given one that is wide and linear: what comes back through it is standard normal, as
    the gradient that is measured with. The gradient of a loss depends on the logits, which are predicted first.
    """
    widths, weights, biases = list(network.sizes), list(entries.weight_variance), list(entries.bias_variance)
    last = len(weights) - 1 if network.readout else len(weights)
    widths[last:last] = [widths[last]] * (repeat - 1)
    for each in (weights, biases):
        each[last:last] = [each[last - 1]] * (repeat - 1)
    if not network.readout:
        widths, weights, biases = [*widths, BEHIND], [*weights, 1 / BEHIND], [*biases, 0.0]

    def run(**gradient: float) -> Prediction:
        return predict_dense(
            widths,
            network.activation,
            weights,
            bias_variance=biases,
            weight_kurtosis=entries.kurtosis,
            inputs=batch.moments,
            finite_width=finite_width,
            **gradient,
        )

    first = run()
    if batch.task is None or batch.targets is None:
        return first
    variance = math.exp(min(float(first.log_variance[-1]), LARGEST))
    rms, overlap = gradient_at_logits(batch.task, batch.targets, widths[-1], variance, float(first.correlation[-1]))
    return run(gradient_rms=rms or SMALLEST, gradient_overlap=overlap)


def entries_of(network: Network, weight: Initializer, bias: Initializer) -> Entries:
    """Return the moments of every tensor's entries: by the formula, or from a few draws where there is none."""
    of_weights = {layer.name: _moments(weight, layer) for layer in network.weights}
    of_biases = {layer.name: _moments(bias, layer) for layer in network.biases}
    for name, (mean, _) in (of_weights | of_biases).items():
        if mean:
            return Entries([], [], 0.0, f"theory needs entries of mean 0, and {name} has mean {mean:.3g}")
    weights, biases = ([variance for _, variance in each.values()] for each in (of_weights, of_biases))
    return Entries(weights, biases, weight.kurtosis)


def _moments(what: Initializer, layer: Layer) -> tuple[float, float]:
    """Return mean and variance of one entry; a measured mean within 5 standard errors of 0 is taken as 0."""
    if what.variance is not None and what.mean is not None:
        return what.mean(layer), what.variance(layer)
    draws = np.stack([what(layer, generator(seed, layer.name)) for seed in range(DRAWS)])
    mean, variance = float(draws.mean()), float(draws.var())
    if abs(mean) <= 5 * math.sqrt(variance / draws.size):
        return 0.0, float((draws**2).mean())
    return mean, variance


@np.errstate(all="ignore")  # what explodes is inf and what is not there NaN, on purpose
def _on_scales(at: Prediction, layers: int, finite_width: bool) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return centre and spread of every statistic on its own scale.

    Of what is log-normal with spread s, the mean is exp(s^2 / 2) and the root of the mean square exp(s^2) times the
    median, which is the centre here.
    """
    none = np.full(layers, math.nan)

    def hidden(values: Floats | None) -> Floats:
        return none if values is None else np.append(values, none)[:layers]

    centre = {
        "activation_mean": at.mean[:layers],
        "activation_std": np.log(at.std[:layers]) - at.std_spread[:layers] ** 2 / 2,
        "saturated": hidden(at.saturated),
        "dead": at.dead[:layers],
        "gradient_rms": at.log_gradient[:layers] - at.gradient_spread[:layers] ** 2,
        "weight_gradient_rms": at.log_weight_gradient[:layers] - at.weight_gradient_spread[:layers] ** 2,
        "correlation": at.correlation[:layers],
    }
    spread = {
        "activation_mean": at.mean_spread[:layers],
        "activation_std": at.std_spread[:layers],
        "gradient_rms": at.gradient_spread[:layers],
        "weight_gradient_rms": at.weight_gradient_spread[:layers],
    }
    return centre, {name: spread.get(name, none) if finite_width else none for name in centre}
