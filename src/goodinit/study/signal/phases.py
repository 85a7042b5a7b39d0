"""The phase diagram of a study's activation, with its initializers marked in it."""

import math

import numpy as np
import xarray as xr

from goodinit.errors import InputError
from goodinit.study.signal.expected import entries_of
from goodinit.study.signal.problem import SignalProblem
from goodinit.theory import phase_diagram

WEIGHTS, BIASES = 81, 61  # points of the grid
WIDEST = 4.0, 1.0  # the window in weight and bias variance: it shows the usual initializations of every activation
FURTHEST = 20.0, 5.0  # what the window is widened to for an initializer; what lies beyond is named at its edge
ROOM = 1.25


def with_phases(problem: SignalProblem, results: xr.Dataset) -> xr.Dataset:
    """Add order, chaos and the critical line over weight and bias variance, and where each initializer lies.

    An initializer is marked by the last hidden layer: sigma_w^2 is the fan-in times the variance of a weight there.
    Left out for an activation that theory cannot follow.
    """
    last = len(problem.network.weights) - 1 - problem.network.readout
    weights, biases = [], []
    for one in problem.initializers.values():
        entries = entries_of(problem.network, one, problem.bias)
        known = not entries.why_not
        fan_in = problem.network.weights[last].fan_in
        weights.append(fan_in * entries.weight_variance[last] if known else math.nan)
        biases.append(entries.bias_variance[last] if known else math.nan)
    ends = [_end(marks, *limits) for marks, *limits in zip((weights, biases), WIDEST, FURTHEST, strict=True)]
    try:
        found = phase_diagram(
            problem.network.activation,
            np.linspace(0, ends[0], WEIGHTS + 1)[1:],
            np.linspace(0, ends[1], BIASES),
        )
    except InputError:
        return results
    plane = ("weight_variance", "bias_variance")
    return results.assign(
        chi=(plane, found.chi),
        phase=(plane, found.phase),
        depth_scale=(plane, found.depth_scale),
        settled_variance=(plane, found.variance),
        settled_correlation=(plane, found.correlation),
        correlation_depth_scale=(plane, found.correlation_depth_scale),
        line_weight_variance=("line", found.line_weight_variance),
        line_bias_variance=("line", found.line_bias_variance),
        mark_weight_variance=("initializer", weights),
        mark_bias_variance=("initializer", biases),
    ).assign_coords(weight_variance=found.weight_variance, bias_variance=found.bias_variance)


def _end(marks: list[float], least: float, most: float) -> float:
    """Return the end of an axis: with room for every mark that is not too far away."""
    near = [mark for mark in marks if mark <= most / ROOM]
    return max([least, *(ROOM * mark for mark in near)])
