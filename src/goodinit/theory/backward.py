"""The backward recursion: second moment of the gradients, their overlap between examples, and both fluctuations.

With p_l the second moment of dL/dh_l, p_l = n_(l+1) var(W_(l+1)) E f'(h_l)^2 p_(l+1) (1611.01232, eq. 18). In the limit
of infinite width the weights of the backward pass may be taken as independent of the forward pass. At width n one
direction is not: W knows h = W x, so that W^T delta has along x the length (h . delta) / abs(x). With
d_l = 1 - E (h . delta)^2 / (n q p), and d_L = 0 for gradients at the logits that do not depend on the weights,

    p_l gets the factor F_l = 1 - d_(l+1) E f^2 f'^2 / (E f^2 E f'^2) / n_l,
    d_l = phi_l (1 - (tau_l - lambda_l d_(l+1)) / F_l),

where tau = E z^2 f'^2 / E f'^2 and lambda = (E z f f')^2 / (E f^2 E f'^2). For relu and linear d = 0. For uncentred
activations, such as softplus, lambda can exceed 1: gradients then turn into the direction of h, until F stops it.
"""

import math
from dataclasses import dataclass

import numpy as np

from goodinit.theory.forward import Chain, Stack
from goodinit.theory.inputs import Inputs
from goodinit.theory.pairs import Batch, series
from goodinit.theory.panels import Array
from goodinit.theory.statistics import Signals
from goodinit.theory.table import Moments


@dataclass(frozen=True)
class Gradients:
    """Gradients of one example's loss with respect to the pre-activations, by layer.

    Parameters
    ----------
    log_second : array
        ln of the second moment p.
    overlap, overlap_square : array
        Mean over pairs of two examples' products over p, and of its square.
    response : array
        d ln p_l / d ln q_l: how a disturbance of the forward signal at layer l reaches the gradient there.
    variance : array
        Variance over networks of ln of the batch's mean of p.
    """

    log_second: Array
    overlap: Array
    overlap_square: Array
    response: Array
    variance: Array


def gradients(
    stack: Stack,
    of: Chain,
    at: Moments,
    log_slope: Array,
    pairs: Batch,
    jitter: Array,
    noise_of_second: Array,
    overlap: tuple[float, float],
) -> Gradients:
    """Return the gradients of all layers where those at the logits have second moment 1.

    Parameters
    ----------
    stack, of, at, pairs
        The network, its chain of q, the moments of its hidden layers, the batch there.
    log_slope : array, shape (hidden layers,)
        Mean over the chain of ln E f'^2.
    jitter, noise_of_second : array
        See `goodinit.theory.statistics.Signals`.
    overlap : tuple of float
        Mean and mean square over pairs of the products of two examples' gradients at the logits, over their second
        moment.
    """
    noise, share = stack.inverse_width[:-1], of.share
    feedback = at.d[:, 2] / math.sqrt(2)  # d ln E f'^2 / d ln q
    carried = at.b[:, 2] / math.sqrt(2) * share[1:]  # d ln q' / d ln q
    response = _backward_sum(feedback, carried)
    reach = response[1:] * share[1:]
    products, squares = _overlaps(stack, at, pairs, np.exp(of.mean[:-1] + at.log_slope - at.log_second), overlap)
    cross = series(_from_one(at.d * at.b), at.mixed - 1).over_pairs(pairs)
    direct = _direct_noise(at, pairs, squares[1:])
    alone = reach**2 * (at.fourth - 1) + 2 * reach * (at.mixed - 1)
    together = reach**2 * noise_of_second + 2 * reach * cross + direct
    scale = stack.units[1:] * stack.weight_variance[1:] / stack.fan_in[1:]
    with np.errstate(divide="ignore"):
        step = np.log(scale) + log_slope + noise * alone / 2 + np.log(_aligned(of, at, noise))
    return Gradients(
        _from_top(step) + response**2 * of.variance / 2,
        products,
        squares,
        response,
        np.maximum(_from_top(noise * together) + response**2 * jitter, 0),
    )


def _from_top(step: Array) -> Array:
    """Return sum_(k>=l) step_k for l up to and including the output layer, where it is 0."""
    return np.append(np.cumsum(step[::-1])[::-1], 0.0)


def _backward_sum(start: Array, factor: Array) -> Array:
    """Return x_l = start_l + factor_l x_(l+1) with x_L = 0."""
    out = [0.0]
    for one, by in zip(start[::-1].tolist(), factor[::-1].tolist(), strict=True):
        out.append(one + by * out[-1])
    return np.array(out[::-1])


def _from_one(terms: Array) -> Array:
    """Return the terms of a spectrum without the constant one."""
    out = terms.copy()
    out[..., 0] = 0
    return out


def _aligned(of: Chain, at: Moments, noise: Array) -> Array:
    """Return the factor of p from what W knows of the forward pass, for the hidden layers (see the module)."""
    lam = at.b[:, 2] ** 2 / 2 * np.exp(at.log_second - at.log_slope - of.mean[:-1])
    lam = np.minimum(lam, at.tilt)  # Cauchy and Schwarz; far outside the table rounding could say otherwise
    out, d = [], 0.0
    columns = (of.share[:-1], at.tilt, lam, at.mixed * noise)
    for share, tilt, back, per_unit in zip(*(one[::-1].tolist() for one in columns), strict=True):
        small = per_unit * d
        out.append(1 - small if small < 0 else 1 / (1 + small))  # never negative, however few the units
        d = min(share * (1 - (tilt - back * d) / out[-1]), 1.0)
    return np.array(out[::-1])


def _direct_noise(at: Moments, pairs: Batch, squares: Array) -> Array:
    """Return n times the relative variance of the batch's mean of f'(h)^2 g^2, where g = W^T delta is normal.

    For one example it is 3 E f'^4 / (E f'^2)^2 - 1: 2 for linear and 5 for relu, as forward.
    """
    both = series(_from_one(at.d**2), at.slope_fourth - 1)
    apart = (1 + 2 * squares) * (1 + pairs.mean(both.at(pairs))) - 1
    return np.asarray((3 * at.slope_fourth - 1 + (pairs.examples - 1) * apart) / pairs.examples)


def _overlaps(
    stack: Stack, at: Moments, pairs: Batch, steepness: Array, overlap: tuple[float, float]
) -> tuple[Array, Array]:
    """Return mean and mean square over pairs of the overlap of gradients.

    The mean is multiplied by E f'(u) f'(v) / E f'^2; each layer adds the variance of a correlation estimated from n
    terms, (1 - mean^2)^2 (1 + E f'(u)^2 f'(v)^2 / (E f'^2)^2 - 1) / n.
    """
    product = series(at.a**2, np.ones_like(steepness), steepness)
    ratio = pairs.mean(product.slope_at(pairs)) / steepness
    fourth = 1 + pairs.mean(series(_from_one(at.d**2), at.slope_fourth - 1).at(pairs))
    mean, variance = [overlap[0]], [max(overlap[1] - overlap[0] ** 2, 0.0)]
    for by, wide, noise in zip(
        ratio[::-1].tolist(), fourth[::-1].tolist(), stack.inverse_width[-2::-1].tolist(), strict=True
    ):
        mean.append(by * mean[-1])
        variance.append(by**2 * variance[-1] + noise * wide * (1 - mean[-1] ** 2) ** 2)
    means = np.array(mean[::-1])
    return means, means**2 + np.array(variance[::-1])


def weight_gradients(
    of: Chain, shown: Signals, back: Gradients, data: Inputs, related: Array | float = 0.0
) -> tuple[Array, Array]:
    """Return the weight gradient, (1/m) sum_a delta_a x_a^T: p S [1/m + (1 - 1/m) overlap(delta) overlap(x)].

    It comes as ln of its expected second moment, and the variance over networks of that ln. Both factors
    fluctuate together where the gradient depends on q, which depends on the x below. The pairs add a part of mean 0
    that fluctuates by 2 E overlap(delta)^2 E overlap(x)^2 / m^2. `related` is what the mean of the product has besides
    where examples are alike in both at once, see `goodinit.theory.kinship`.
    """
    m = data.examples
    with np.errstate(divide="ignore"):
        log_x = np.append(np.log(data.second_moment), shown.log_second[:-1])
    x_overlap = np.append(data.correlation, shown.overlap)
    x_square = np.append(data.correlation**2 + data.correlation_std**2, shown.overlap_square)
    cancel = np.maximum((1 + (m - 1) * (back.overlap * x_overlap + related)) / m, 1e-300)
    share = np.maximum(of.share, 1e-12)
    together = back.response / share
    pairs = 2 * (m - 1) / m**3 * np.maximum(back.overlap_square * x_square - (back.overlap * x_overlap) ** 2, 0)
    below = np.append(0.0, shown.second_variance[:-1])
    variance = back.variance + below + 2 * together * shown.jitter + pairs / cancel**2
    log_second = back.log_second + log_x + np.log(cancel) + together * of.variance
    return log_second, np.maximum(variance, 0)
