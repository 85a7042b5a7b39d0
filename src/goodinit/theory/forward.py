"""The forward recursion: variance, correlation, and their fluctuations over networks of finite width.

Given the layer below, the pre-activations of one example are independent N(0, q) exactly (normal weights), so
q_l is a Markov chain: q' = sigma_b^2 + sigma_w^2 (1/n) sum_i f(sqrt(q) z_i)^2. The mean over n units fluctuates by
the relative variance r / n with r = E f^4 / (E f^2)^2 - 1: 2 / n for linear and 5 / n for relu, whose products
prod (1 + r / n_l) are exact (1801.03744, thm. 5). The chain is closed by taking ln q as normal, with 3-point
Gauss-Hermite averages, which is exact for activations with E f^2 proportional to q.
"""

import math
from dataclasses import dataclass

import numpy as np

from goodinit.theory.panels import Array
from goodinit.theory.table import Table

_SPREAD = math.sqrt(3)  # 3-point Gauss-Hermite: 0 and +-sqrt(3) with weights 2/3 and 1/6


@dataclass(frozen=True)
class Stack:
    """Plain numbers of a dense network, one array entry per layer 1 to L.

    Parameters
    ----------
    units, fan_in : array
        n_l and n_(l-1); infinite width is expressed by `noise` = 0.
    gain : array
        n_(l-1) times the variance of one weight of layer l.
    bias : array
        Variance of one bias of layer l.
    noise : array
        1 / n_l, or 0 for the limit of infinite width.
    kurtosis : float
        Excess kurtosis of one weight.
    """

    units: Array
    fan_in: Array
    gain: Array
    bias: Array
    noise: Array
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
    """

    mean: Array
    variance: Array
    share: Array


def chain(table: Table, stack: Stack, second_moment: float, spread: float) -> Chain:
    """Return ln q_l for all layers, from the inputs' second moment and its relative spread over examples."""
    gain, bias, noise = stack.gain.tolist(), stack.bias.tolist(), stack.noise.tolist()
    q = gain[0] * second_moment + bias[0]
    share = gain[0] * second_moment / q if q else 1.0
    v = math.log1p((share * spread) ** 2)
    out = [(math.log(q) - v / 2 if q else -math.inf, v, share)]
    # excess kurtosis of the pre-activations: that of a weight, times sum x^4 / (sum x^2)^2; 3 / n is for normal inputs
    excess = stack.kurtosis * share**2 * 3 / stack.fan_in[0] if noise[0] else 0.0
    repeated = [False, *(np.diff([stack.gain[1:], stack.bias[1:], stack.noise[:-1]]) == 0).all(axis=0).tolist()]
    for layer in range(len(gain) - 1):
        m, v, share = out[-1]
        if repeated[layer] and _settled(out[-1], out[-2]):
            out.append(out[-1])
            continue
        step = _SPREAD * math.sqrt(v)
        three = [table.quick(x) if x > -math.inf else (table.at_zero[0], 1.0) for x in (m - step, m, m + step)]
        second, fourth = [one for one, _ in three], [one for _, one in three]
        if stack.kurtosis:
            shift = excess * fourth_cumulant_effect(table.moments(np.array(m)).b)
            second = [one + float(shift) for one in second]
        jitter = [(one - 1) * noise[layer] for one in fourth]
        out.append(_enter(second, jitter, gain[layer + 1], bias[layer + 1]))
        excess = stack.kurtosis * out[-1][2] ** 2 * fourth[1] * noise[layer]
    return Chain(*(np.array(column) for column in zip(*out, strict=True)))


def _settled(new: tuple[float, float, float], old: tuple[float, float, float]) -> bool:
    """Whether a step changed nothing; the same step will then change nothing again."""
    return abs(new[0] - old[0]) <= 1e-13 and abs(new[1] - old[1]) <= 1e-13 and abs(new[2] - old[2]) <= 1e-13


def excess_kurtosis(stack: Stack, share: Array, fourth: Array) -> Array:
    """Return the excess kurtosis of the pre-activations of the hidden layers, by that of the weights.

    A sum of n independent terms w_i x_i has kurtosis(w) sum x_i^4 / (sum x_i^2)^2, which is about
    kurtosis(w) E f^4 / (E f^2)^2 / n; the inputs are taken as normal, E x^4 = 3 (E x^2)^2.
    """
    below = np.append(3 * (stack.noise[0] > 0) / stack.fan_in[0], fourth[:-1] * stack.noise[: len(fourth) - 1])
    return np.asarray(stack.kurtosis * share[: len(fourth)] ** 2 * below)


def fourth_cumulant_effect(spectrum: Array) -> Array:
    """Return the relative change of E g(h) per unit of excess kurtosis of h: E g He_4 / (24 E g) (Edgeworth)."""
    return np.asarray(spectrum[..., 4] * math.sqrt(24) / 24)


def _enter(second: list[float], jitter: list[float], gain: float, bias: float) -> tuple[float, float, float]:
    """Return mean and variance of ln q' and phi, from ln E f^2 and its relative variance at three q's.

    q' given q has mean Q = gain E f^2 + bias and relative variance phi^2 jitter; it is taken as log-normal.
    """
    log_gain = math.log(gain) if gain else -math.inf
    log_bias = math.log(bias) if bias else -math.inf
    if second[0] + log_gain == -math.inf:
        return log_bias, 0.0, 0.0 if bias else 1.0
    levels, shares, within = [], [], []
    for log_s, one in zip(second, jitter, strict=True):
        log_w = log_s + log_gain
        log_q = max(log_w, log_bias) + math.log1p(math.exp(-abs(log_w - log_bias)))
        shares.append(math.exp(log_w - log_q))
        within.append(math.log1p(shares[-1] ** 2 * one))
        levels.append(log_q - within[-1] / 2)
    low, high = levels[0] - levels[1], levels[2] - levels[1]
    mean = (low + high) / 6
    variance = (low**2 + high**2) / 6 - mean**2
    noise = (within[0] + 4 * within[1] + within[2]) / 6
    return levels[1] + mean, max(variance, 0.0) + noise, shares[1]
