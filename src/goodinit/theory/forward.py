"""The forward recursion: variance, correlation, and their fluctuations over networks of finite width.

Given the layer below, the pre-activations of one example are independent N(0, q) exactly (normal weights), so
q_l is a Markov chain: q' = sigma_b^2 + sigma_w^2 (1/n) sum_i f(sqrt(q) z_i)^2. The mean over n units fluctuates by
the relative variance r / n with r = E f^4 / (E f^2)^2 - 1: 2 / n for linear and 5 / n for relu, whose products
prod (1 + r / n_l) are exact (1801.03744, thm. 5). The chain is closed by taking ln q as normal, with 3-point
Gauss-Hermite averages, which is exact for activations with E f^2 proportional to q.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from goodinit.theory.panels import Array
from goodinit.theory.table import Table

State = tuple[float, float, float, float]  # an entry of each array of `Chain`

_SPREAD = math.sqrt(3)  # 3-point Gauss-Hermite: 0 and +-sqrt(3) with weights 2/3 and 1/6


@dataclass(frozen=True)
class Stack:
    """Plain numbers of a dense network, one array entry per layer 1 to L.

    Parameters
    ----------
    units, fan_in : array
        n_l and n_(l-1); infinite width is expressed by `inverse_width` = 0.
    weight_variance : array
        sigma_w^2, n_(l-1) times the variance of one weight of layer l.
    bias_variance : array
        sigma_b^2, the variance of one bias of layer l.
    inverse_width : array
        1 / n_l, or 0 for the limit of infinite width.
    kurtosis : float
        Excess kurtosis of one weight.
    """

    units: Array
    fan_in: Array
    weight_variance: Array
    bias_variance: Array
    inverse_width: Array
    kurtosis: float


@dataclass(frozen=True)
class Chain:
    """Distribution of ln q over networks and examples, one entry per layer.

    Parameters
    ----------
    mean, variance : array
        Of ln q_l for one example in one network.
    share : array
        phi_l = sigma_w^2 E f^2 / q_l: how much of the variance comes from the weights.
    shift : array
        How far the mean has been moved by fluctuations, because E f^2 is not a power of q: what the closing by a
        normal distribution rests on being small.
    """

    mean: Array
    variance: Array
    share: Array
    shift: Array


def chain(table: Table, stack: Stack, second_moment: float, spread: float) -> Chain:
    """Return ln q_l for all layers, from the inputs' second moment and its relative spread over examples."""
    weight, bias, noise = (x.tolist() for x in (stack.weight_variance, stack.bias_variance, stack.inverse_width))
    q = weight[0] * second_moment + bias[0]
    share = weight[0] * second_moment / q if q else 1.0
    v = math.log1p((share * spread) ** 2)
    out: list[State] = [(math.log(q) - v / 2 if q else -math.inf, v, share, 0.0)]
    # excess kurtosis of the pre-activations: that of a weight, times sum x^4 / (sum x^2)^2; 3 / n is for normal inputs
    excess = stack.kurtosis * share**2 * 3 / stack.fan_in[0] if noise[0] else 0.0
    step = np.stack([stack.weight_variance[1:], stack.bias_variance[1:], stack.inverse_width[:-1]])
    repeated = [False, *(np.diff(step) == 0).all(axis=0).tolist()]
    for layer in range(len(weight) - 1):
        m, v, _, shift = out[-1]
        if repeated[layer] and _settled(out[-1], out[-2]):
            out.append(out[-1])
            continue
        away = _SPREAD * math.sqrt(v)
        three = [table.quick(x) if x > -math.inf else (table.at_zero[0], 1.0) for x in (m - away, m, m + away)]
        second, fourth = [one for one, _ in three], [one for _, one in three]
        if excess:
            moved = excess * fourth_cumulant_effect(table.quick_b4(m))
            second = [one + moved for one in second]
        jitter = [(one - 1) * noise[layer] for one in fourth]
        out.append(_enter(second, jitter, weight[layer + 1], bias[layer + 1], away, shift))
        excess = stack.kurtosis * out[-1][2] ** 2 * fourth[1] * noise[layer]
    return Chain(*(np.array(column) for column in zip(*out, strict=True)))


def _settled(new: State, old: State) -> bool:
    """Whether a step changed nothing; the same step will then change nothing again."""
    return all(abs(a - b) <= 1e-13 for a, b in zip(new[:3], old[:3], strict=True))


def excess_kurtosis(stack: Stack, share: Array, fourth: Array) -> Array:
    """Return the excess kurtosis of the pre-activations of the hidden layers, by that of the weights.

    A sum of n independent terms w_i x_i has kurtosis(w) sum x_i^4 / (sum x_i^2)^2, which is about
    kurtosis(w) E f^4 / (E f^2)^2 / n; the inputs are taken as normal, E x^4 = 3 (E x^2)^2.
    """
    below = np.append(
        3 * (stack.inverse_width[0] > 0) / stack.fan_in[0], fourth[:-1] * stack.inverse_width[: len(fourth) - 1]
    )
    return np.asarray(stack.kurtosis * share[: len(fourth)] ** 2 * below)


def fourth_cumulant_effect(fourth: Any) -> Any:
    """Return the relative change of E g(h) per unit of excess kurtosis of h, from the term g_4 / E g of g's spectrum.

    It is E g He_4 / (24 E g) (Edgeworth).
    """
    return fourth / math.sqrt(24)


def _enter(second: list[float], jitter: list[float], weight: float, bias: float, away: float, shift: float) -> State:
    """Return mean and variance of ln q', phi and shift, from ln E f^2 and its relative variance at three q's.

    q' given q has mean Q = sigma_w^2 E f^2 + sigma_b^2 and relative variance phi^2 jitter; it is taken as log-normal.
    """
    log_weight = math.log(weight) if weight else -math.inf
    log_bias = math.log(bias) if bias else -math.inf
    if second[0] + log_weight == -math.inf:
        return log_bias, 0.0, 0.0 if bias else 1.0, 0.0
    levels, shares, within = [], [], []
    for log_s, one in zip(second, jitter, strict=True):
        log_w = log_s + log_weight
        log_q = max(log_w, log_bias) + math.log1p(math.exp(-abs(log_w - log_bias)))
        shares.append(math.exp(log_w - log_q))
        within.append(math.log1p(shares[-1] ** 2 * one))
        levels.append(log_q - within[-1] / 2)
    low, high = levels[0] - levels[1], levels[2] - levels[1]
    mean = (low + high) / 6
    variance = (low**2 + high**2) / 6 - mean**2
    noise = (within[0] + 4 * within[1] + within[2]) / 6
    shift = mean + shift * (high - low) / (2 * away) if away else 0.0
    return levels[1] + mean, max(variance, 0.0) + noise, shares[1], shift
