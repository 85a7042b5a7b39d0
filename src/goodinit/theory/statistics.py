"""What a batch shows of the activations: mean, standard deviation, second moment, with their fluctuations."""

import math
from dataclasses import dataclass

import numpy as np

from goodinit.theory.forward import Chain, Stack, excess_kurtosis, fourth_cumulant_effect
from goodinit.theory.pairs import Batch, Overlaps, series
from goodinit.theory.panels import Array
from goodinit.theory.table import Moments, Table


@dataclass(frozen=True)
class Averages:
    """Averages over the chain of ln q, for the hidden layers.

    Parameters
    ----------
    log_second, log_second_variance : array
        Mean and variance of ln E f^2.
    log_slope : array
        Mean of ln E f'^2.
    log_output : float
        ln of the expected second moment of the outputs.
    """

    log_second: Array
    log_second_variance: Array
    log_slope: Array
    log_output: float


@dataclass(frozen=True)
class Signals:
    """Statistics of a batch's activations by layer; see `goodinit.theory.prediction.Prediction`.

    Parameters
    ----------
    jitter : array
        Variance over networks of ln of the batch's mean q.
    noise : array, shape (hidden layers,)
        n times the relative variance of the batch's mean of f^2, given the layer below.
    square : array
        Mean over pairs, an example with itself included, of the squared correlation of pre-activations.
    overlap, overlap_square : array, shape (hidden layers,)
        Of two different examples' activations: mean product over the second moment, and of its square.
    mean, mean_spread, std, std_spread, log_second, second_variance, absolute : array
        What is shown; the output layer included, as linear.
    """

    jitter: Array
    noise: Array
    square: Array
    overlap: Array
    overlap_square: Array
    mean: Array
    mean_spread: Array
    std: Array
    std_spread: Array
    log_second: Array
    second_variance: Array
    absolute: Array


def averages(known: Table, stack: Stack, of: Chain, at: Moments) -> Averages:
    """Return averages over the chain by 3-point Gauss-Hermite, with the effect of weights that are not normal."""
    step = np.sqrt(3 * of.variance[:-1])
    (low, middle, high), (low_d, middle_d, high_d) = known.logs(of.mean[:-1] + np.array([[-1], [0], [1]]) * step)
    excess = excess_kurtosis(stack, of.share, at.fourth)
    with np.errstate(invalid="ignore"):
        below, above = np.nan_to_num(low - middle), np.nan_to_num(high - middle)
    shift = (below + above) / 6
    return Averages(
        middle + shift + excess * fourth_cumulant_effect(at.b[:, 4]),
        np.maximum((below**2 + above**2) / 6 - shift**2, 0),
        (low_d + 4 * middle_d + high_d) / 6 + excess * fourth_cumulant_effect(at.d[:, 4]),
        float(of.mean[-1] + of.variance[-1] / 2),
    )


def signals(
    stack: Stack, of: Chain, at: Moments, both: Overlaps, mean: Averages, c: Array, c_std: Array, pairs: Batch
) -> Signals:
    """Return the statistics of all layers.

    The common mean over n units and m examples has expected square (1/n) mean_ab E f(u_a) f(v_b) + (1 - 1/n) (E f)^2;
    E f^2 less that is the expected square of the standard deviation. Its fluctuation given the layer below is that of
    the mean of (f - E f)^2, whose spectrum is b_k - 2 a_0 a_k.
    """
    examples = pairs.examples
    noise_of_second = both.squares.over_pairs(pairs)
    gain = at.b[:, 2] / math.sqrt(2)  # d ln E f^2 / d ln q
    jitter = _jitter(stack, of, gain, noise_of_second)
    hidden, out = stack.inverse_width[:-1], stack.inverse_width[-1]
    first, carried = at.a[:, 0], gain**2 * jitter[:-1]
    # all relative to the expected second moment S
    ratio = first * np.exp(-mean.log_second_variance / 8)  # E sqrt(S) / sqrt(E S) = exp(-variance / 8)
    product = both.product.over_pairs(pairs)
    common = hidden * product + (1 - hidden) * ratio**2 * np.exp(carried / 4)
    mean_variance = hidden * np.maximum(product - ratio**2, 0) + at.a[:, 2] ** 2 / 2 * jitter[:-1]
    spread = _std_variance(at, both, pairs, hidden, jitter[:-1])
    alike = (1 + (examples - 1) * c) / examples
    square = (1 + (examples - 1) * (c**2 + c_std**2)) / examples
    last = max(1 - out * alike[-1], 0.0)
    last_variance = jitter[-1] + 2 * out * square[-1]
    log_second = np.append(mean.log_second + mean.log_second_variance / 2, mean.log_output)
    spread = np.append(spread, last_variance)
    root = np.exp(log_second / 2)
    kappa = both.product.at(pairs)
    return Signals(
        jitter=jitter,
        noise=noise_of_second,
        square=square,
        overlap=pairs.mean(kappa),
        overlap_square=pairs.mean(kappa**2),
        mean=np.append(np.where(ratio == 0, 0, ratio * root[:-1]), 0.0),
        mean_spread=np.sqrt(np.append(mean_variance, out * alike[-1])) * root,
        std=np.sqrt(np.append(np.maximum(1 - common, 0), last)) * root * np.exp(-spread / 8),
        std_spread=np.sqrt(spread) / 2,
        log_second=log_second,
        second_variance=np.append(carried + hidden * noise_of_second, last_variance),
        absolute=np.append(at.absolute * np.exp(-mean.log_second_variance / 8), math.sqrt(2 / math.pi)) * root,
    )


def _jitter(stack: Stack, of: Chain, gain: Array, noise: Array) -> Array:
    """Return Var ln Q by layer, Q the batch's mean of q: phi^2 (gain^2 Var + noise / n) from layer to layer."""
    out = [0.0]
    added = (stack.inverse_width[:-1] * noise).tolist()
    for phi, by, new in zip(of.share[1:].tolist(), gain.tolist(), added, strict=True):
        out.append(phi**2 * (by**2 * out[-1] + new))
    return np.array(out)


def _std_variance(at: Moments, both: Overlaps, pairs: Batch, noise: Array, jitter: Array) -> Array:
    """Return the variance of ln of the squared standard deviation."""
    first = at.a[:, 0]
    centred = np.maximum(1 - first**2, 1e-300)
    terms = (at.b - 2 * first[:, None] * at.a) ** 2
    terms[:, 0] = 0
    total = at.fourth - 4 * first * at.t[:, 0] + 6 * first**2 - 3 * first**4 - centred**2
    given = series(terms, total).over_pairs(pairs) / centred**2
    gain = (at.b[:, 2] - 2 * first * at.a[:, 2]) / math.sqrt(2) / centred
    return np.asarray(noise * np.maximum(given, 0) + gain**2 * jitter)
