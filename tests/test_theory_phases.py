"""The phase diagram against closed forms and against `fixed_points`, point by point."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.special

from goodinit import theory
from goodinit.activations import ACTIVATIONS
from goodinit.theory import FixedPoint, phase_diagram


def approached(f: theory.Function, w: float, b: float) -> FixedPoint | None:
    points = theory.fixed_points(f, w, b)
    return next(iter([p for p in points if p.stable] or [p for p in points if p.slope < 1 + 1e-9]), None)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "erf"])
def test_every_point_agrees_with_fixed_points(name: str) -> None:
    """At random, and near the critical line, where the jump of f'' of softsign and elu costs some percent of xi_c."""
    f = scipy.special.erf if name == "erf" else name
    rng, scale = np.random.default_rng(len(name)), theory.gain(f, "backward") ** 2
    w, b = np.sort(rng.uniform(0.2, 2.5, 4)) * scale, np.append(0, np.sort(rng.uniform(0.01, 1, 2)))
    found = phase_diagram(f, w, b)
    picks = [(found, 0, 0), (found, 3, 0), (found, *rng.integers(0, (4, 3))), (found, *rng.integers(0, (4, 3)))]
    line = phase_diagram(f, np.linspace(0.2, 2.5, 24) * scale, np.linspace(0, 1, 24))
    if len(line.line_weight_variance):
        middle = len(line.line_weight_variance) // 2
        x, y = line.line_weight_variance[middle], line.line_bias_variance[middle]
        near = phase_diagram(f, [x * 0.999, x * 1.001], [y])
        assert near.chi[0, 0] < near.chi[1, 0]
        picks += [(near, 0, 0), (near, 1, 0)]
    for of, i, j in picks:
        x, y = of.weight_variance[i], of.bias_variance[j]
        point = approached(f, x, y)
        assert of.phase[i, j] == theory.phase(f, x, y)
        if point is None:
            assert of.variance[i, j] == math.inf
            continue
        closeness = 1e-8 / max(1 - point.slope, 1e-6)
        assert of.variance[i, j] == pytest.approx(point.q, rel=closeness, abs=1e-13)
        assert of.chi[i, j] == pytest.approx(point.chi, rel=1e-6 + closeness)
        assert of.depth_scale[i, j] == pytest.approx(theory.depth_scale(point.chi), rel=1e-3)
        assert of.correlation[i, j] == pytest.approx(point.c, abs=1e-4)
        if abs(point.c_slope - 1) > 1e-6:
            expected = theory.depth_scale(point.c_slope)
            assert of.correlation_depth_scale[i, j] == pytest.approx(expected, rel=0.05)


def test_relu_in_closed_form() -> None:
    """q* = sigma_b^2 / (1 - sigma_w^2 / 2), chi = sigma_w^2 / 2, and examples become alike at the speed chi."""
    w, b = np.array([0.5, 1.0, 1.8, 2.0, 3.0]), np.array([0.0, 0.3])
    found = phase_diagram("relu", w, b)
    np.testing.assert_allclose(found.chi, np.stack([w / 2] * 2, 1), rtol=1e-12)
    np.testing.assert_allclose(found.variance[:3, 1], 0.3 / (1 - w[:3] / 2), rtol=1e-12)
    np.testing.assert_allclose(found.correlation_depth_scale[:3, 1], -1 / np.log(w[:3] / 2), rtol=1e-9)
    assert (found.correlation == 1).all()
    assert found.variance[3:].tolist() == [[1, math.inf], [math.inf, math.inf]]  # at 2 without bias any q is kept
    assert found.phase[:, 0].tolist() == ["ordered"] * 3 + ["critical", "unbounded"]
    assert (found.line_weight_variance, found.line_bias_variance) == (pytest.approx([2]), pytest.approx([0]))


def test_the_line_is_that_of_fixed_points() -> None:
    found = phase_diagram("tanh", np.linspace(0.5, 4, 8), np.linspace(0, 1.5, 4))
    x, y = found.line_weight_variance, found.line_bias_variance
    assert len(x) > 100
    for q in (0.5, 1.0, 2.0):
        w, b = theory.critical_line("tanh", q)
        assert np.interp(w, x, y) == pytest.approx(b, abs=1e-4)
    assert (np.diff(x) > 0).all()
    assert (x[0], y[0]) == (pytest.approx(1, abs=1e-9), pytest.approx(0, abs=1e-9))
    for w, b in ((x[0], 0.0), (x[150], y[150])):
        assert theory.phase("tanh", 0.98 * w, b) == "ordered"
        assert theory.phase("tanh", 1.02 * w, b) == "chaotic"


def test_only_what_is_approached_is_on_the_line() -> None:
    """At gelu's critical point for q = 1 the variance moves away; its line begins at larger bias variances."""
    w, b = theory.critical_line("gelu", 1.0)
    found = phase_diagram("gelu", np.linspace(1, 3, 20), np.linspace(0, 0.5, 20))
    distance = np.hypot(found.line_weight_variance - w, found.line_bias_variance - b)
    assert distance.min() > 0.1
    assert found.line_bias_variance.min() > 0.15


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_number_is_missing(name: str) -> None:
    found = phase_diagram(name, np.geomspace(1e-6, 1e4, 25), np.append(0, np.geomspace(1e-12, 1e3, 9)))
    for key in found.__dataclass_fields__:
        value = getattr(found, key)
        assert value.dtype.kind == "U" or not np.isnan(value).any(), key
    assert ((found.correlation >= 0) & (found.correlation <= 1)).all()


def test_small_biases_have_a_fixed_point() -> None:
    """q* = sigma_b^2 / (1 - sigma_w^2) for tanh when both are small; no bias is too small for it."""
    (point,) = theory.fixed_points("tanh", 0.5, 1e-12)
    assert point.q == pytest.approx(2e-12, rel=1e-9)
    assert [p.q for p in theory.fixed_points("hardtanh", 1.0)] == [0]  # nothing but rounding where its map is linear


def test_what_is_no_window_is_said(refused: Callable[..., None]) -> None:
    refused(lambda: phase_diagram("tanh", [1.0, 0.5], [0.0]), "increasing order")
    refused(lambda: phase_diagram("tanh", [0.0, 0.5], [0.0]), "weight variances must be > 0")
    refused(lambda: phase_diagram("tanh", [1.0], [-0.5]), "bias variances >= 0")
    refused(lambda: phase_diagram("tanh", [[1.0]], [0.5]), "list of finite numbers")
