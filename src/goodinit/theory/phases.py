"""Order, chaos and what lies between, over a whole window of weight and bias variances at once."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import elementwise

from goodinit.errors import InputError
from goodinit.theory.fixed_points import GRID, SAME
from goodinit.theory.pairs import Series, overlaps
from goodinit.theory.panels import Array, Function
from goodinit.theory.table import Table, table

_ON_LINE = np.linspace(GRID[0], GRID[-1], 6001)  # of ln q
_ANY = 0.0  # ln q that stands for all, where every q is kept
_STEP = 1 / 400  # of the window, between the points of the line that are kept


@dataclass(frozen=True)
class PhaseDiagram:
    """Where depth leads for every pair of a weight variance and a bias variance.

    All arrays but the coordinates have shape (weight variances, bias variances). They describe the smallest variance
    that is approached, as `phase` does: it is reached from small inputs. gelu, silu and mish have above it a second
    one that is not approached, from where on the variance grows for ever. Where it grows from any input, `variance`
    is infinite and the others are their limits for large variances.

    Parameters
    ----------
    weight_variance, bias_variance : array
        The coordinates sigma_w^2 and sigma_b^2.
    variance : array
        q*, the variance that pre-activations settle at; infinite where they grow for ever.
    chi : array
        chi_1 there, the factor of the gradients' variance for one layer backward.
    depth_scale : array
        1 / abs(ln chi): the layers in which the gradients' variance changes by e.
    correlation : array
        c*, the correlation that two different examples tend to.
    correlation_depth_scale : array
        Layers in which the distance of the correlation from c* falls by e.
    phase : array of str
        ``ordered``, ``critical``, ``chaotic`` or ``unbounded``.
    line_weight_variance, line_bias_variance : array, shape (points,)
        The critical line inside the window, in the order of its q; empty where none is approached.
    """

    weight_variance: Array
    bias_variance: Array
    variance: Array
    chi: Array
    depth_scale: Array
    correlation: Array
    correlation_depth_scale: Array
    phase: NDArray[np.str_]
    line_weight_variance: Array
    line_bias_variance: Array


def phase_diagram(f: Function, weight_variances: ArrayLike, bias_variances: ArrayLike) -> PhaseDiagram:
    """Return what `fixed_points` and `phase` say, for a grid of variances at once.

    q* is the first q at which sigma_w^2 E f(sqrt(q) z)^2 + sigma_b^2 - q goes from above 0 to below. It is looked for
    on a grid of ln q between 1e-14 and 1e4 and then bracketed in: unlike an iteration of the map, that takes no
    longer where the approach is a power law. c* is found likewise where chi_1 > 1.

    Parameters
    ----------
    f : str, Activation or callable
        The activation.
    weight_variances : array, shape (weight variances,)
        sigma_w^2 = fan-in times the variance of one weight, > 0, increasing.
    bias_variances : array, shape (bias variances,)
        sigma_b^2 >= 0, increasing.

    Examples
    --------
    >>> found = phase_diagram("tanh", [0.5, 1.5], [0.0, 0.1])
    >>> found.phase.tolist()
    [['ordered', 'ordered'], ['chaotic', 'ordered']]
    """
    w, b = _axis("weight_variances", weight_variances), _axis("bias_variances", bias_variances)
    if w[0] <= 0 or b[0] < 0:
        raise InputError(f"weight variances must be > 0 and bias variances >= 0, got {w[0]} and {b[0]}")
    known = table(f)
    weight, bias = (one.ravel() for one in np.meshgrid(w, b, indexing="ij"))
    log_q = _settled(known, weight, bias)
    fields = _at(known, weight, bias, np.clip(log_q, GRID[0], GRID[-1]))
    phase = np.where(np.isposinf(log_q), "unbounded", _phase(fields["chi"]))
    shaped = {name: one.reshape(len(w), len(b)) for name, one in fields.items()}
    variance = np.exp(log_q).reshape(len(w), len(b))
    return PhaseDiagram(w, b, variance, **shaped, phase=phase.reshape(len(w), len(b)), **_line(known, w, b))


def _axis(name: str, given: ArrayLike) -> Array:
    out = np.asarray(given, dtype=np.float64)
    if out.ndim != 1 or not len(out) or not np.isfinite(out).all() or (np.diff(out) <= 0).any():
        raise InputError(f"{name} must be a list of finite numbers in increasing order, got {given!r:.200}")
    return out


def _phase(chi: Array) -> NDArray[np.str_]:
    return np.where(np.abs(chi - 1) <= 1e-6, "critical", np.where(chi < 1, "ordered", "chaotic"))


def _settled(known: Table, w: Array, b: Array) -> Array:
    """Return ln q* for each pair; minus infinity for 0, infinity where the variance grows for ever."""
    drift = (w[:, None] * np.exp(known.logs(GRID)[0]) + b[:, None]) / np.exp(GRID) - 1
    above = drift > SAME
    falls = above[:, :-1] & ~above[:, 1:]
    first, out = np.argmax(falls, axis=1), np.full_like(w, np.inf)

    def excess(log_q: Array, w: Array, b: Array) -> Array:
        return np.asarray((w * np.exp(known.logs(log_q)[0]) + b) * np.exp(-log_q) - 1)

    at = np.flatnonzero(falls.any(axis=1))
    ends = GRID[first[at]], GRID[first[at] + 1]
    found = elementwise.find_root(excess, ends, args=(w[at], b[at]))
    out[at] = np.where(found.success, found.x, ends[1])  # no success where the drift falls to 0 but for rounding
    out[~above[:, 0]] = -np.inf
    out[np.abs(drift).max(axis=1) < SAME] = _ANY
    return np.asarray(out)


def _at(known: Table, w: Array, b: Array, log_q: Array) -> dict[str, Array]:
    """Return the fields that depend on q*; away from fixed points, where lengths change, angles are meant."""
    at = known.moments(log_q)
    from_weights = w * np.exp(at.log_second)
    share, chi = from_weights / (from_weights + b), w * np.exp(at.log_slope)
    product = overlaps(at, log_q).product
    c = np.ones_like(chi)
    apart = chi * np.exp(log_q) / (from_weights + b) > 1 + 1e-6  # identical examples, disturbed, part
    c[apart] = _correlation(product.rows(apart), share[apart])
    return {
        "chi": chi,
        "depth_scale": _depth_scale(chi),
        "correlation": c,
        "correlation_depth_scale": _depth_scale(share * product.slope(c)),
    }


def _correlation(kappa: Series, share: Array) -> Array:
    """Return the fixed point of c' = phi kappa(c) + 1 - phi below 1: c' is convex in c >= 0, and steep at 1."""

    def excess(c: Array, share: Array, row: NDArray[Any]) -> Array:
        return np.asarray(share * kappa.rows(row).value(c) + 1 - share - c)

    out, row = np.zeros_like(share), np.arange(len(share))
    at = np.flatnonzero(excess(out, share, row) > 1e-15)
    highest = np.full(len(at), 1 - 1e-7)
    found = elementwise.find_root(excess, (out[at], highest), args=(share[at], row[at]))
    out[at] = np.where(found.success, found.x, highest)
    return out


def _depth_scale(slope: Array) -> Array:
    """Return 1 / abs(ln slope), as `goodinit.theory.depth_scale` does for one."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.abs(np.log(slope)))


def _line(known: Table, w: Array, b: Array) -> dict[str, Array]:
    """Return the critical line in the window, see `critical_line`: the points whose q is the one that is approached.

    sigma_w^2 = 1 / E f'^2 and sigma_b^2 = q - E f^2 / E f'^2.
    """
    second, slopes = known.logs(_ON_LINE)
    weight, bias = np.exp(-slopes), np.exp(_ON_LINE) - np.exp(second - slopes)
    bias[np.abs(bias) <= SAME * np.exp(_ON_LINE)] = 0
    inside = (weight >= w[0]) & (weight <= w[-1]) & (bias >= b[0]) & (bias <= b[-1])
    line = np.stack([weight, bias, _ON_LINE])[:, inside]
    size = np.array([[np.ptp(w) or 1.0], [np.ptp(b) or 1.0]])
    along = np.append(0, np.abs(np.diff(line[:2] / size, axis=1)).sum(axis=0).cumsum())[: line.shape[1]]
    weight, bias, log_q = line[:, np.unique(np.floor(along / _STEP), return_index=True)[1]]
    settled = _settled(known, weight, bias)
    close = (np.abs(settled - log_q) < 0.01) | (np.abs(np.exp(settled) - np.exp(log_q)) < 1e-6)
    approached = close | (settled == _ANY)
    return {"line_weight_variance": weight[approached], "line_bias_variance": bias[approached]}
