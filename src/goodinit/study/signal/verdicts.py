"""What an initialization does to a network, in words: forward, backward, to the units, to the examples.

A signal is called stable as long as its size stays within a factor of ten, from the first hidden layer on; a gradient,
from the last hidden layer back. That is a convention, as is every threshold in here; what it is compared with is
measured.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DECADE = math.log(10)  # ln of the factor within which a size is stable
GONE = 1e-3  # of the inputs' size, below which a signal is gone
MANY = 0.5  # share of units from which on saturated or dead ones are mentioned
ALIKE = 0.99  # correlation from which on examples are called alike
COPIES = 0.9  # share of units that equal another one, from which on a layer has no units of its own
DEEPEST = 1_000  # layers to which a prediction is carried on


@dataclass(frozen=True)
class Profile:
    """What is typical of the networks of one initializer, by hidden layer.

    Parameters
    ----------
    inputs : float
        Root mean square of the inputs.
    inputs_correlation : float
        Of two examples of them.
    std, gradient, saturated, dead, correlation, duplicate : array, shape (hidden layers,)
        A readout is left out: it often has other widths, and gradients change size there for that alone.
    """

    inputs: float
    inputs_correlation: float
    std: Floats
    gradient: Floats
    saturated: Floats
    dead: Floats
    correlation: Floats
    duplicate: Floats


@dataclass(frozen=True)
class Verdict:
    """The sentence, and the numbers in it.

    Parameters
    ----------
    sentence : str
    forward, backward : float
        Factor of the activations' standard deviation from layer to layer, and of the gradient from a layer to the one
        below it; geometric means, NaN where there is nothing to compare, or it ends in 0.
    depth : float
        To how many hidden layers both stay within a factor of ten; NaN where it is not known.
    """

    sentence: str
    forward: float
    backward: float
    depth: float


def verdict(seen: Profile, ahead: tuple[Floats, Floats] | None) -> Verdict:
    """Judge a network.

    Parameters
    ----------
    seen : Profile
        Measured.
    ahead : tuple of array or None
        ln of the standard deviation and of the gradient at layers 1 to `DEEPEST` of a network that goes on like this
        one, as predicted; None where that is not known.
    """
    forward, backward = _rate(_forward(seen)), _rate(seen.gradient[::-1])
    depth = _stable_depth(*ahead) if ahead else math.nan
    faults = list(_broken(seen)) or [*_sizes(seen, forward, backward), *_units(seen, forward, backward)]
    sentence = "; ".join(faults) if faults else _stable(len(seen.std), depth)
    return Verdict(sentence, forward, backward, depth if not faults else math.nan)


def _forward(seen: Profile) -> Floats:
    """Return the sizes that are compared: from the first hidden layer on, or from the inputs if there is but one."""
    return seen.std if len(seen.std) > 1 else np.append(seen.inputs, seen.std)


@np.errstate(all="ignore")
def _rate(sizes: Floats) -> float:
    """Return the factor from one size to the next; NaN unless all are numbers above 0."""
    usable = np.isfinite(sizes).all() and (sizes > 0).all() and len(sizes) > 1
    return math.exp((math.log(sizes[-1]) - math.log(sizes[0])) / (len(sizes) - 1)) if usable else math.nan


def _broken(seen: Profile) -> Iterator[str]:
    """Say what leaves nothing to be judged."""
    lost = ~(np.isfinite(seen.std) & np.isfinite(seen.gradient))
    if lost.any():
        yield f"overflows: layer {int(np.argmax(lost)) + 1} has values that are not finite"
    elif not seen.std.any():
        yield "no signal: at every layer all units say the same, whatever goes in"
    elif (seen.duplicate > COPIES).all():
        yield f"no symmetry is broken: {_percent(seen.duplicate.min())} of the units are copies of another one"


def _sizes(seen: Profile, forward: float, backward: float) -> Iterator[str]:
    """Say how sizes change."""
    if (change := _change(_forward(seen))) != 0:
        gone = np.flatnonzero(seen.std < GONE * seen.inputs)
        where = f", gone by layer {gone[0] + 1}" if change < 0 and gone.size else ""
        silent = np.flatnonzero(seen.std == 0)
        way = f"0 from layer {silent[0] + 1} on" if silent.size else f"x{_factor(forward)} a layer{where}"
        yield f"{'vanishes' if change < 0 else 'explodes'} forward: {way}"
    if (change := _change(seen.gradient[::-1])) != 0:
        most = float(np.nanmax(seen.saturated, initial=0.0))
        although = f" although {_percent(most)} of units saturate" if change > 0 and most > MANY else ""
        silent = np.flatnonzero(seen.gradient == 0)
        way = f"0 from layer {silent[-1] + 1} down" if silent.size else f"x{_factor(backward)} a layer{although}"
        yield f"gradients {'vanish' if change < 0 else 'explode'}: {way}"


def _change(sizes: Floats) -> int:
    """Return -1, 0 or 1: whether the last size is a tenth of the first or less, or ten times as large or more."""
    first, last = sizes[0], sizes[-1]
    change = math.log(last) - math.log(first) if first > 0 and last > 0 else -math.inf  # the quotient may underflow
    return 0 if abs(change) < DECADE else int(math.copysign(1, change))


def _units(seen: Profile, forward: float, backward: float) -> Iterator[str]:
    """Say what is wrong with units, and whether examples can still be told apart."""
    dead = float(np.nanmax(seen.dead, initial=0.0))
    if dead > MANY:
        yield f"{_percent(dead)} of the units of layer {int(np.nanargmax(seen.dead)) + 1} are dead"
    saturated = float(np.nanmax(seen.saturated, initial=0.0))
    if saturated > MANY and _change(seen.gradient[::-1]) <= 0:
        yield f"{_percent(saturated)} of units saturate"
    alike = np.flatnonzero(seen.correlation > ALIKE)
    if alike.size and seen.inputs_correlation < ALIKE:
        at = alike[0]
        yield f"examples become alike: correlation {seen.correlation[at]:.3f} at layer {at + 1}"


def _stable(layers: int, depth: float) -> str:
    if math.isnan(depth) or depth < layers:
        return f"stable through its {layers} hidden layers" if layers > 1 else "stable in its one hidden layer"
    return f"stable to depth {depth:,.0f}" + (" and beyond" if depth >= DEEPEST else "")


@np.errstate(all="ignore")
def _stable_depth(log_std: Floats, log_gradient: Floats) -> float:
    """Return to how many layers both sizes stay within a factor of ten of the first."""
    out = np.abs(log_std - log_std[0]) >= DECADE
    out |= np.abs(log_gradient - log_gradient[0]) >= DECADE
    out |= ~(np.isfinite(log_std) & np.isfinite(log_gradient))
    return float(np.argmax(out)) if out.any() else float(len(out))


def _factor(rate: float) -> str:
    """Write a factor with two significant digits, and without an exponent."""
    digits = max(0, 1 - math.floor(math.log10(rate))) if rate < 10 else 0
    return f"{rate:.{min(digits, 6)}f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
