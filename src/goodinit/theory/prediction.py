"""What a dense network does to signals and gradients at initialization, layer by layer, from plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from goodinit.errors import InputError, finite, non_negative, positive, whole
from goodinit.theory.backward import Gradients, gradients, weight_gradients
from goodinit.theory.doubts import Doubt, doubts
from goodinit.theory.forward import Chain, Stack, chain
from goodinit.theory.inputs import Inputs
from goodinit.theory.kinship import Kinship, relation
from goodinit.theory.pairs import batch, correlations, overlaps
from goodinit.theory.panels import Array, Function
from goodinit.theory.statistics import Signals, averages, signals
from goodinit.theory.table import LOWEST, table
from goodinit.theory.units import dead_share, saturated_share

ASSUMPTIONS = (
    "entries of a weight are independent, with mean 0 (orthogonal weights agree in the limit of infinite width only, "
    "and fluctuate less)",
    "fluctuations are small: of first order in 1/width, and log-normal",
    "gradients at the logits do not depend on the weights, nor their overlap on the inputs' correlation",
    "where depth nears width the distance 1 - c of two examples is known to about half of itself only",
    "examples differ in length by the given spread, and in direction as pairs of the given mean and spread",
)


@dataclass(frozen=True)
class Prediction:
    """A network at initialization: an array entry for every layer 1 to L, the last of which is linear.

    A ``..._spread`` is the standard deviation over networks of the natural logarithm of a batch's statistic, so that
    `band` gives its interval; `mean_spread` alone is in units of the mean.

    Parameters
    ----------
    log_variance : array
        ln of the expected second moment of the pre-activations.
    variance_spread : array
        Of the batch's second moment.
    correlation, correlation_std : array
        Of the pre-activations of two examples: mean and standard deviation over pairs and networks.
    mean, mean_spread : array
        Mean of the activations over units and examples, and its standard deviation over networks.
    std, std_spread : array
        Standard deviation of the activations over units and examples, about their common mean.
    log_second_moment, second_moment_spread : array
        ln of the expected mean square of the activations.
    absolute : array
        Mean absolute activation.
    saturated : array or None
        Share of units within 5 % of the range from a bound; None for activations that are not bounded.
    flat, dead : array
        Share of units without slope on one example, and on every example of the batch, in a network of usual size.
    log_gradient, gradient_spread : array
        ln of the rms of one example's gradient with respect to pre-activations.
    gradient_overlap : array
        Mean product of two examples' gradients over their second moment.
    log_weight_gradient, weight_gradient_spread : array
        ln of the rms of the batch's mean gradient with respect to the weights of a layer.
    doubts : dict of str to Doubt
        Of the fields above that may be missed here: which assumption does not hold, and from which layer to which.
    assumptions : tuple of str
        What all this rests on.
    """

    log_variance: Array
    variance_spread: Array
    correlation: Array
    correlation_std: Array
    mean: Array
    mean_spread: Array
    std: Array
    std_spread: Array
    log_second_moment: Array
    second_moment_spread: Array
    absolute: Array
    saturated: Array | None
    flat: Array
    dead: Array
    log_gradient: Array
    gradient_spread: Array
    gradient_overlap: Array
    log_weight_gradient: Array
    weight_gradient_spread: Array
    doubts: dict[str, Doubt] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def forward_growth(self) -> float:
        """Factor of the second moment from one layer to the next, at the deepest hidden layers."""
        return _ratio(self.log_variance[-2:])

    @property
    def backward_growth(self) -> float:
        """Factor of the gradient's second moment from one layer to the one below, at the first layers."""
        return _ratio(2 * self.log_gradient[1::-1])


def band(centre: ArrayLike, spread: ArrayLike, deviations: float = 2.0) -> tuple[Array, Array]:
    """Return the log-normal interval centre exp(+-deviations spread)."""
    factor = np.exp(positive("deviations", deviations) * np.asarray(spread, dtype=np.float64))
    return np.asarray(centre) / factor, np.asarray(centre) * factor


def predict_dense(
    widths: Sequence[int],
    activation: Function,
    weight_variance: float | Sequence[float],
    *,
    bias_variance: float | Sequence[float] = 0.0,
    weight_mean: float | Sequence[float] = 0.0,
    weight_kurtosis: float = 0.0,
    inputs: Inputs | None = None,
    gradient_rms: float = 1.0,
    gradient_overlap: float | Kinship = 0.0,
    finite_width: bool = True,
) -> Prediction:
    """Predict a dense network n_0 - n_1 - ... - n_L with one activation in the hidden layers and a linear output.

    Parameters
    ----------
    widths : sequence of int
        n_0 to n_L.
    activation : str, Activation or callable
        Of the hidden layers.
    weight_variance, bias_variance, weight_mean : float or sequence of float
        Of ONE entry, per layer 1 to L or the same for all. (sigma_w^2 is fan-in times this.)
    weight_kurtosis : float
        Excess kurtosis of one weight: 0 for normal, -1.2 for uniform.
    inputs : Inputs, optional
        The data; by default one example with second moment 1. See `inputs_of`.
    gradient_rms : float
        Rms of one example's gradient at the logits.
    gradient_overlap : float or Kinship
        Mean over pairs of examples of the product of their gradients at the logits, over gradient_rms^2; as a
        `Kinship` where examples with like inputs have like gradients, which the weight gradients then know. Their
        spread is then an estimate: that of one example, which is too small at the last layers.
    finite_width : bool
        Whether corrections and fluctuations of order 1/n are wanted; without them this is mean-field theory.

    Raises
    ------
    InputError
        For weights whose mean is not 0: all units of a layer then share a part, and the theory does not hold.
    """
    if np.any(np.asarray(weight_mean) != 0):
        raise InputError(
            f"the theory needs weights of mean 0, got mean {weight_mean}: units would share a part that grows with "
            "fan-in; measure this network instead"
        )
    data = inputs or Inputs()
    positive("gradient_rms", gradient_rms)
    stack = _stack(widths, weight_variance, bias_variance, finite("weight_kurtosis", weight_kurtosis), finite_width)
    return _propagate(activation, stack, data, math.log(gradient_rms), gradient_overlap)


@np.errstate(over="ignore", invalid="ignore")  # what explodes over 1,000 layers is infinite outside its logarithm
def _propagate(
    activation: Function, stack: Stack, data: Inputs, log_rms: float, overlap: float | Kinship
) -> Prediction:
    """Run the recursions and put their results together."""
    known = table(activation)
    found = chain(known, stack, data.second_moment, data.spread)
    # a layer that is exactly 0 has no shape; any small q stands in for it and its size is put right in the report
    of = replace(found, mean=np.where(np.isneginf(found.mean), LOWEST, found.mean))
    at = known.moments(of.mean[:-1])
    both = overlaps(at, of.mean[:-1])
    alike = correlations(both, stack, of, data.correlation, data.correlation_std)
    c, c_std = alike.mean, alike.std
    means = averages(known, stack, found, at)
    mean = overlap.mean if isinstance(overlap, Kinship) else finite("gradient_overlap", overlap)
    # two unrelated gradients at n_L logits have overlaps of variance 1 / n_L
    moments = mean, max(mean**2, 1 / float(stack.units[-1]))

    def passes(examples: int) -> tuple[Signals, Gradients]:
        """Go forward and backward with a batch of so many examples."""
        pairs = batch(examples, alike, len(c) - 1)
        shown = signals(stack, of, at, both, means, c, c_std, pairs)
        return shown, gradients(stack, of, at, means.log_slope, pairs, shown.jitter, shown.noise, moments)

    shown, back = passes(data.examples)
    log_second, variance = weight_gradients(of, shown, back, data)
    if isinstance(overlap, Kinship):
        steepness = np.exp(of.mean[:-1] + at.log_slope - at.log_second)
        log_second, _ = weight_gradients(of, shown, back, data, relation(overlap, both.product, steepness, of.share))
        # what related examples share fluctuates together, about as one example does
        _, variance = weight_gradients(of, *passes(1), replace(data, examples=1))
    flat, dead, saturated = _shares(activation, found, c, data.examples)
    return Prediction(
        log_variance=found.mean + found.variance / 2,
        variance_spread=np.sqrt(shown.jitter + 2 * stack.inverse_width * shown.square),
        # a correlation measured on n units is off by a variance of (1 - c^2)^2 / n, and on average by -c (1 - c^2) / 2n
        correlation=c * (1 - stack.inverse_width * (1 - c**2) / 2),
        correlation_std=np.sqrt(c_std**2 + stack.inverse_width * (1 - c**2) ** 2),
        mean=shown.mean,
        mean_spread=shown.mean_spread,
        std=shown.std,
        std_spread=shown.std_spread,
        log_second_moment=shown.log_second,
        second_moment_spread=np.sqrt(shown.second_variance),
        absolute=shown.absolute,
        saturated=saturated,
        flat=np.append(flat, 0.0),
        dead=np.append(dead, 0.0),
        log_gradient=back.log_second / 2 + log_rms,
        gradient_spread=np.sqrt(back.variance) / 2,
        gradient_overlap=back.overlap,
        log_weight_gradient=log_second / 2 + log_rms,
        weight_gradient_spread=np.sqrt(variance) / 2,
        doubts=doubts(stack, of, at, alike),
    )


def _shares(activation: Function, found: Chain, c: Array, examples: int) -> tuple[Array, Array, Array | None]:
    """Return the shares of units without slope for one example and for all, and of saturated ones, by layer.

    The saturated share is averaged over ln q with 3-point Gauss-Hermite: its tail comes from the largest examples.
    """
    q = np.exp(np.minimum(found.mean[:-1], 700))  # shares do not change beyond
    flat, dead = (dead_share(activation, q, c[:-1], m) for m in (1, examples))
    three = np.exp(np.minimum(found.mean[:-1] + np.array([[-1], [0], [1]]) * np.sqrt(3 * found.variance[:-1]), 700))
    saturated = saturated_share(activation, three)
    return flat, dead, None if saturated is None else np.array([1, 4, 1]) / 6 @ saturated


def _ratio(logs: Array) -> float:
    """Return exp of the second less the first; NaN where both are silent."""
    return float(np.exp(logs[1] - logs[0])) if np.isfinite(logs).all() else math.nan


def _stack(
    widths: Sequence[int],
    weight_variance: float | Sequence[float],
    bias_variance: float | Sequence[float],
    kurtosis: float,
    finite_width: bool,
) -> Stack:
    if len(widths) < 3:
        raise InputError(f"widths must name the inputs, at least one hidden layer and the outputs, got {list(widths)}")
    for one in set(widths):
        whole("a width", one, 1)
    n = np.array(widths, dtype=np.float64)
    depth = len(n) - 1
    spread = []
    for name, given in (("weight_variance", weight_variance), ("bias_variance", bias_variance)):
        each = np.asarray(given, dtype=np.float64)
        if each.shape not in ((), (depth,)):
            raise InputError(f"{name} must be one number or one for each of {depth} layers, got {each.size}")
        non_negative(name, float(each.min()))
        spread.append(np.broadcast_to(each, depth))
    noise = 1 / n[1:] if finite_width else np.zeros(depth)
    return Stack(n[1:], n[:-1], n[:-1] * spread[0], spread[1], noise, kurtosis)
