"""Maps, gains and fixed points against closed forms, published digits and SciPy's adaptive quadrature."""

import math
import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from goodinit import theory
from goodinit.activations import ACTIVATIONS
from goodinit.errors import InputError

QS = [1e-12, 1e-6, 1e-3, 0.3, 1.0, 100.0, 1e4, 1e6]
CS = [-1.0, -0.99, -0.3, 0.0, 0.3, 0.9, 0.999, 1 - 1e-6, 1 - 1e-10, 1.0]


def second(f: theory.Function, q: float) -> float:
    return theory.expectation(lambda a, d: a**2, f, q)


def slopes(f: theory.Function, q: float) -> float:
    return theory.expectation(lambda a, d: d**2, f, q)


@pytest.mark.parametrize("q", QS)
def test_second_moments_in_closed_form(q: float) -> None:
    leak = (1 + 0.2**2) / 2
    sine = -math.expm1(-2 * q) / 2
    expected = {
        "linear": (q, 1.0),
        "relu": (q / 2, 0.5),
        "sin": (sine, 1 - sine),
        "hardtanh": (None, scipy.special.erf(1 / math.sqrt(2 * q))),
    }
    for name, (forward, backward) in expected.items():
        if forward is not None:
            assert second(name, q) == pytest.approx(forward, rel=1e-12)
        assert slopes(name, q) == pytest.approx(backward, rel=1e-11)
    assert slopes(leaky, q) == pytest.approx(leak, rel=1e-11)
    assert second(leaky, q) == pytest.approx(leak * q, rel=1e-12)
    assert second(scipy.special.erf, q) == pytest.approx(2 / math.pi * math.asin(2 * q / (1 + 2 * q)), rel=1e-12)
    assert slopes(scipy.special.erf, q) == pytest.approx(4 / math.pi / math.sqrt(1 + 4 * q), rel=1e-11)


def leaky(z: np.ndarray) -> np.ndarray:
    return np.where(z > 0, z, 0.2 * z)


@pytest.mark.parametrize("c", CS)
@pytest.mark.parametrize("q", [1e-12, 1.0, 1e6])
def test_relu_and_leaky_correlation_maps(q: float, c: float) -> None:
    """Cho & Saul 2009: C(c) = (sqrt(1 - c^2) + c (pi - arccos c)) / pi and C'(c) = 1 - arccos(c) / pi."""
    expected = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi
    assert theory.correlation_map("relu", c, q, 2.0) == pytest.approx(expected, abs=1e-13)
    assert theory.chi("relu", q, 2.0, c) == pytest.approx(1 - math.acos(c) / math.pi, abs=1e-10)
    # leaky relu is (1 - s) relu + s linear: E f(u) f(v) / q = (1 - s)^2 C / 2 + s (1 - s) c + s^2 c
    mixed = (0.8**2 * expected / 2 + 0.2 * 0.8 * c + 0.04 * c) / (1.04 / 2)
    assert theory.correlation_map(leaky, c, q, 1.0) == pytest.approx(mixed, abs=1e-12)


@pytest.mark.parametrize("c", CS)
@pytest.mark.parametrize("q", [1e-12, 1e-3, 1.0, 9.0])
def test_smooth_correlation_maps(q: float, c: float) -> None:
    """Erf: (2 / pi) arcsin(2 q c / (1 + 2 q)) (Williams 1997); sin: exp(-q) sinh(q c)."""
    arcsine = 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q))
    assert theory.covariance(scipy.special.erf, q, c) == pytest.approx(arcsine, rel=1e-12, abs=2e-15 * q)
    assert theory.covariance("sin", q, c) == pytest.approx(math.exp(-q) * math.sinh(q * c), rel=1e-12, abs=1e-15 * q)
    assert theory.covariance("linear", q, c) == pytest.approx(q * c, rel=1e-12, abs=2e-15 * q)


def test_distance_keeps_its_digits_as_c_tends_to_1() -> None:
    """1 - C(c) of relu is 1 - c less a term (1 - c)^1.5: at 1 - c = 1e-10 it still has five digits."""
    near = 1e-10
    distance = 1 - theory.correlation_map("relu", 1 - near, 1.0, 2.0)
    assert distance == pytest.approx(near - 2 * math.sqrt(2) / (3 * math.pi) * near**1.5, rel=1e-5)


def by_quad(g: Callable[[float], float], kinks: list[float]) -> float:
    def weighed(z: float) -> float:
        return g(z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    edges = [-12.0, *sorted(kinks), 12.0]
    return sum(quad(weighed, a, b, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for a, b in pairwise(edges))


@settings(max_examples=25, deadline=None)
@given(
    scales=st.lists(st.floats(0.1, 3), min_size=1, max_size=3),
    kink=st.floats(-2, 2),
    lean=st.floats(0, 2),
    q=st.floats(1e-3, 30),
)
def test_any_monotone_function_against_scipy(scales: list[float], kink: float, lean: float, q: float) -> None:
    """A sum of tanh and a relu whose kink is where nobody expects it."""

    def f(h: np.ndarray) -> np.ndarray:
        return sum(np.tanh(s * h) for s in scales) + lean * np.maximum(h - kink, 0)

    def derivative(h: float) -> float:
        return sum(s * (1 - math.tanh(s * h) ** 2) for s in scales) + lean * (h > kink)

    root = math.sqrt(q)
    cuts = [0.0, *([kink / root] if abs(kink / root) < 12 else [])]
    assert second(f, q) == pytest.approx(by_quad(lambda z: float(f(np.array(root * z))) ** 2, cuts), rel=1e-9)
    assert slopes(f, q) == pytest.approx(by_quad(lambda z: derivative(root * z) ** 2, cuts), rel=1e-6)


def test_steps_and_lower_precision_are_understood() -> None:
    assert second(np.sign, 3.0) == pytest.approx(1, rel=1e-8)
    assert slopes(np.sign, 3.0) == 0
    assert theory.covariance(np.sign, 3.0, 0.4) == pytest.approx(2 / math.pi * math.asin(0.4), rel=1e-6)
    single = second(lambda h: np.tanh(h.astype(np.float32)), 1.0)
    assert single == pytest.approx(second("tanh", 1.0), rel=1e-6)


GAINS = {
    "linear": (1, 1),
    "relu": (1.414214, 1.414214),
    "leaky_relu": (1.414143, 1.414143),
    "silu": (1.676532, 1.623320),
    "gelu": (1.533530, 1.481114),
    "mish": (1.486848, 1.444755),
    "sin": (1.520867, 1.327251),
    "tanh": (1.592537, 1.467414),
    "sigmoid": (1.846229, 4.722646),
    "softplus": (1.041867, 1.846229),
    # the four below: backward re-derived in test_backward_gains_with_kinks
    "elu": (1.245198, 1.223429),
    "selu": (1, 0.966026),
    "softsign": (2.337533, 2.095781),
    "hardtanh": (1.392036, 1.210287),
}


@pytest.mark.parametrize("name", GAINS)
def test_gains(name: str) -> None:
    forward, backward = GAINS[name]
    assert theory.gain(name) == pytest.approx(forward, abs=6e-7)
    assert theory.gain(name, "backward") == pytest.approx(backward, abs=6e-7)


def test_backward_gains_with_kinks() -> None:
    """Closed forms, and SciPy, decide where a printed table has the error of a rule that ignores the kink.

    E exp(2z) [z < 0] = e^2 Phi(-2).
    """
    tail = math.exp(2) * scipy.special.ndtr(-2)
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    assert theory.gain("elu", "backward") == pytest.approx((0.5 + tail) ** -0.5, rel=1e-12)
    assert theory.gain("selu", "backward") == pytest.approx((0.5 + alpha**2 * tail) ** -0.5 / scale, rel=1e-12)
    assert theory.gain("hardtanh", "backward") == pytest.approx(math.erf(math.sqrt(0.5)) ** -0.5, rel=1e-12)
    assert theory.gain("softsign", "backward") == pytest.approx(
        by_quad(lambda z: (1 + abs(z)) ** -4, [0.0]) ** -0.5, rel=1e-10
    )


def test_user_functions_have_gains(refused: Callable[..., None]) -> None:
    assert theory.gain(scipy.special.erf) == pytest.approx(1.467167, abs=6e-7)
    assert theory.gain(scipy.special.erf, "backward") == pytest.approx(1.325218, abs=6e-7)
    assert theory.gain(leaky) == pytest.approx(1.386750, abs=6e-7)
    assert theory.gain(lambda h: np.maximum(h, 0) ** 2) == pytest.approx(0.816497, abs=6e-7)
    assert theory.gain(lambda h: np.maximum(h, 0) ** 2, "backward") == pytest.approx(0.707107, abs=6e-7)
    refused(lambda: theory.gain(lambda h: h * 0), "sets to 0")
    refused(lambda: theory.gain(lambda h: h[:1]), "one finite number")
    refused(lambda: theory.gain("tanh", "sideways"), "forward, backward")


@pytest.mark.parametrize(
    ("name", "q", "weight", "bias", "digit"),
    [
        ("tanh", 0, 1, 0, 1e-9),
        ("tanh", 0.5, 1.688, 0.038, 5e-4),
        ("tanh", 1, 2.1533, 0.151, 5e-4),
        ("tanh", 2, 2.8612, 0.5123, 5e-5),
        ("tanh", 4, 3.907, 1.518, 5e-4),
        ("relu", 7, 2, 0, 1e-9),
        ("gelu", 1, 2.1937, 0.0672, 5e-5),
        ("silu", 1, 2.6352, 0.0625, 5e-5),
    ],
)
def test_critical_line(name: str, q: float, weight: float, bias: float, digit: float) -> None:
    w, b = theory.critical_line(name, q)
    assert (w, b) == (pytest.approx(weight, abs=digit), pytest.approx(bias, abs=digit))


def test_critical_weight_variance_inverts_the_line(refused: Callable[..., None]) -> None:
    w, b = theory.critical_line("tanh", 1.7)
    assert theory.critical_weight_variance("tanh", b) == pytest.approx(w, rel=1e-9)
    assert theory.critical_weight_variance("tanh") == pytest.approx(1, rel=1e-9)
    assert theory.critical_weight_variance("relu") == pytest.approx(2, rel=1e-9)
    assert theory.critical_weight_variance("centred_sigmoid") == pytest.approx(16, rel=1e-9)
    refused(lambda: theory.critical_weight_variance("relu", 0.1), "no critical weight variance")
    refused(lambda: theory.critical_line("sigmoid", 1.0), "no bias variance")


def test_torch_tanh_gain_is_chaotic() -> None:
    """Gain 5/3: q* = 1.1785, activations of .6513, gradients that grow by 21 % a layer."""
    zero, point = theory.fixed_points("tanh", 25 / 9)
    assert (zero.q, zero.stable, zero.slope) == (0, False, pytest.approx(25 / 9, rel=1e-9))
    assert point.stable
    assert point.q == pytest.approx(1.1785, abs=5e-5)
    assert math.sqrt(second("tanh", point.q)) == pytest.approx(0.6513, abs=5e-5)
    assert point.chi == pytest.approx(1.2098, abs=5e-5)
    assert theory.depth_scale(point.chi) == pytest.approx(5.25, abs=5e-3)
    assert (point.phase, point.c) == ("chaotic", 0)
    assert point.c_slope < 1


def test_fixed_points_are_fixed() -> None:
    for name, w, b in (("tanh", 3.0, 0.2), ("gelu", 2.1937, 0.0672), ("sigmoid", 120.0, 0.1), ("erf", 0.0, 0.0)):
        f = scipy.special.erf if name == "erf" else name
        for point in theory.fixed_points(f, w or 1.7, b):
            if point.q:
                assert theory.variance_map(f, point.q, w or 1.7, b) == pytest.approx(point.q, rel=1e-10)
                c = theory.correlation_map(f, point.c, point.q, w or 1.7, b)
                assert c == pytest.approx(point.c, abs=1e-8)


def test_phases() -> None:
    whole = theory.fixed_points("relu", 2.0)
    assert len(whole) == 1
    assert (whole[0].any_q, whole[0].phase) == (True, "critical")
    given_phases = {1.0: "ordered", 2.0: "critical", 2.1: "unbounded"}
    assert {w: theory.phase("relu", w) for w in given_phases} == given_phases
    assert [theory.phase("tanh", w) for w in (0.8, 1.0, 1.2)] == ["ordered", "critical", "chaotic"]
    selu = theory.fixed_points("selu", 1.0)[-1]
    assert (selu.q, selu.stable) == (pytest.approx(1, rel=1e-9), True)
    assert selu.chi == pytest.approx(1 / 0.966026**2, rel=1e-5)
    gelu = [point.stable for point in theory.fixed_points("gelu", 2.1937, 0.0672)]
    assert gelu == [True, False]  # at the printed critical point the variance moves away
    assert theory.depth_scale(1.0) == math.inf


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_of_the_correlation_map_at_1_is_chi(name: str) -> None:
    """At a fixed point; elsewhere up to the factor q / q'."""
    step = 1e-6
    w, q = 1.5, 0.8
    scale = q / theory.variance_map(name, q, w)
    slope = (1 - theory.correlation_map(name, 1 - step, q, w)) / step
    assert slope == pytest.approx(theory.chi(name, q, w) * scale, rel=5e-3)  # kinked maps approach as sqrt(1 - c)
    numeric = (theory.variance_map(name, q + step, w) - theory.variance_map(name, q - step, w)) / (2 * step)
    assert theory.variance_slope(name, q, w) == pytest.approx(numeric, rel=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_table_agrees_with_quadrature(name: str) -> None:
    """Interpolation in ln q to 1e-9, correlations of the series to 1e-5."""
    from goodinit.theory.pairs import overlaps
    from goodinit.theory.table import table

    log_q = np.array([-20.3, -8.1, -1.3, 0.37, 2.2, 4.9])
    at = table(name).moments(log_q)
    series = overlaps(at, log_q).product
    for c in (-0.6, 0.5, 0.95):
        near = series.value(np.full(6, c))
        for i, q in enumerate(np.exp(log_q[:4])):
            exact = theory.covariance(name, q, c) / second(name, q)
            assert near[i] == pytest.approx(exact, abs=1e-5)
    for i, q in enumerate(np.exp(log_q)):
        assert at.log_second[i] == pytest.approx(math.log(second(name, q)), abs=1e-9)
        assert at.log_slope[i] == pytest.approx(math.log(slopes(name, q)), abs=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: theory.correlation_map("relu", 0.5, 0.0, 2.0), "has no correlation"),
        (lambda: theory.correlation_map("tanh", 0.5, 1.0, 0.0, 0.0), "has no correlation"),
        (lambda: theory.variance_slope("tanh", 0.5, -2.0), "weight_variance must be"),
        (lambda: theory.Inputs(correlation=2), "between -1 and 1, got 2"),
        (lambda: theory.Inputs(spread=-1), "spread must be"),
        (lambda: theory.Inputs(examples=0), "examples must be"),
        (lambda: theory.inputs_of([]), "shape (examples, features), got (0,)"),
        (lambda: theory.inputs_of([[1.0, math.nan]]), "must be finite"),
        (lambda: theory.gain(lambda z: 1e200 * z), "no gain can be told"),
    ],
)
def test_what_has_no_answer_is_refused_in_a_sentence(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        call()


def test_a_forward_gain_keeps_the_variance_it_was_made_for() -> None:
    for q in (0.01, 0.5, 9.0):
        g = theory.gain("tanh", q=q)
        assert theory.variance_map("tanh", q, g**2) == pytest.approx(q, rel=1e-9)


def test_depth_scales_at_the_ends() -> None:
    assert (theory.depth_scale(0.0), theory.depth_scale(1.0)) == (0.0, math.inf)
    assert theory.depth_scale(math.exp(-1 / 7)) == pytest.approx(7)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "linear"])
def test_the_critical_bias_of_what_has_no_scale_is_exactly_none(name: str) -> None:
    assert [theory.critical_line(name, q)[1] for q in (0.1, 1.0, 7.0)] == [0, 0, 0]
