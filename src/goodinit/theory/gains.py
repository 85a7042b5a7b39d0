"""The gain of an activation: the factor on sqrt(1 / fan) that keeps a signal's size in one layer."""

import math

import numpy as np

from goodinit.errors import InputError, one_of, positive
from goodinit.theory.panels import Function
from goodinit.theory.quadrature import expectation


def gain(f: Function, mode: str = "forward", q: float = 1.0) -> float:
    """Return the gain that keeps the forward or the backward signal.

    Forward, E (W f(z))^2 = fan_in var(W) E f(z)^2 stays q when var(W) = gain^2 / fan_in with
    gain = sqrt(q / E f(z)^2). Backward, E (f'(z) W^T g)^2 = fan_out var(W) E f'(z)^2 E g^2 stays E g^2 when
    gain = 1 / sqrt(E f'(z)^2). Both with z ~ N(0, q). (1704.08863, sec. 3, without its linearisation.)

    Parameters
    ----------
    f : str, Activation or callable
        The activation.
    mode : str
        ``forward`` or ``backward``.
    q : float
        Variance of the pre-activations, > 0; a forward gain makes it a fixed point.

    Raises
    ------
    InputError
        If the activation, or its slope, is 0 everywhere, or too large for its square.

    Examples
    --------
    >>> round(gain("tanh"), 6), round(gain("tanh", "backward"), 6)
    (1.592537, 1.467414)
    """
    forward = one_of("mode", mode, ("forward", "backward")) == "forward"
    with np.errstate(over="ignore", invalid="ignore"):
        moment = expectation(lambda a, d: a**2 if forward else d**2, f, positive("q", q))
    if not math.isfinite(moment):
        raise InputError(
            f"no gain can be told: the activation's squares at q = {q} are beyond {np.finfo(float).max:.0e}"
        )
    if moment == 0:
        raise InputError(f"no gain keeps a {mode} signal that the activation sets to 0 everywhere")
    return math.sqrt(q / moment) if forward else 1 / math.sqrt(moment)
