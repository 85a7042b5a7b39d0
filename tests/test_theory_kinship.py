"""Gradients by weights where examples are alike in their inputs and their gradients at once."""

import math

import numpy as np
import pytest

from goodinit import theory
from goodinit.theory import Kinship, inputs_of, predict_dense
from goodinit.theory.kinship import kinship, relation
from goodinit.theory.pairs import series


def two_classes(m: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs around one of two centres, and gradients at one logit whose sign is that of the class."""
    rng, label = np.random.default_rng(1), np.arange(m) % 2 * 2.0 - 1
    x = rng.standard_normal((m, features)) + 1.2 * label[:, None] * rng.standard_normal(features)
    return x, label[:, None]


def test_groups_hold_the_means_over_pairs() -> None:
    x, delta = two_classes(30, 8)
    kin = kinship(x, delta @ delta.T)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    above = np.triu_indices(30, 1)
    assert kin.share.sum() == pytest.approx(1)
    assert kin.mean == pytest.approx((delta @ delta.T)[above].mean())
    assert kin.share @ kin.correlation == pytest.approx((unit @ unit.T)[above].mean())
    alone = kinship(x[:1], np.ones((1, 1)))
    assert (alone.mean, alone.share.sum()) == (0, 1)


def test_the_relation_of_a_linear_network_is_the_covariance_over_pairs() -> None:
    """There correlations and overlaps stay what they are, at every layer."""
    rng = np.random.default_rng(2)
    share = rng.dirichlet(np.ones(6))
    kin = Kinship(rng.uniform(-1, 1, 6), share, rng.uniform(-1, 1, 6))
    terms = np.zeros((3, 64))
    terms[:, 1] = 1  # kappa(c) = c
    found = relation(kin, series(terms, np.ones(3), np.ones(3)), np.ones(3), np.ones(4))
    expected = share @ (kin.correlation * kin.overlap) - (share @ kin.correlation) * (share @ kin.overlap)
    np.testing.assert_allclose(found, np.full(4, expected), rtol=1e-12)


def test_unrelated_gradients_add_nothing_in_a_linear_network_and_little_elsewhere() -> None:
    x, _ = two_classes(30, 8)
    flat = kinship(x, np.full((30, 30), 0.3))
    for name in ("linear", "tanh"):
        options = {"inputs": inputs_of(x), "finite_width": False}
        plain = predict_dense([8, 50, 50, 1], name, [1 / 8, 1 / 50, 1 / 50], gradient_overlap=0.3, **options)
        kin = predict_dense([8, 50, 50, 1], name, [1 / 8, 1 / 50, 1 / 50], gradient_overlap=flat, **options)
        np.testing.assert_allclose(kin.log_weight_gradient[-1], plain.log_weight_gradient[-1], atol=1e-9)
        np.testing.assert_allclose(kin.log_gradient, plain.log_gradient, rtol=1e-12)
        np.testing.assert_allclose(
            kin.log_weight_gradient, plain.log_weight_gradient, atol=1e-9 if name == "linear" else 0.1
        )


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
def test_weight_gradients_of_two_classes_against_simulation(name: str) -> None:
    """Gradients at the logit are fixed, so that nothing but the relation over pairs is tried."""
    m, widths, runs = 24, [20, 200, 200, 1], 120
    x, delta = two_classes(m, widths[0])
    variances = [2 / n for n in widths[:-1]]
    f, rng, seen = theory.quadrature.values(name), np.random.default_rng(3), []
    for _ in range(runs):
        weights = [
            rng.standard_normal((b, a)) * math.sqrt(v) for a, b, v in zip(widths, widths[1:], variances, strict=False)
        ]
        acts, pre = [x], []
        for w in weights:
            pre.append(acts[-1] @ w.T)
            acts.append(f(pre[-1]))
        back, row = delta, []
        for layer in (2, 1, 0):
            row.append(math.log(((back.T @ acts[layer] / m) ** 2).mean()) / 2)
            if layer:
                slope = (f(pre[layer - 1] + 1e-6) - f(pre[layer - 1] - 1e-6)) / 2e-6
                back = (back @ weights[layer]) * slope
        seen.append(row[::-1])
    values = np.array(seen)
    error = values.std(axis=0, ddof=1) / math.sqrt(runs)

    kin = kinship(x, delta @ delta.T)
    at = predict_dense(widths, name, variances, inputs=inputs_of(x), gradient_overlap=kin)
    off = (values.mean(axis=0) - at.log_weight_gradient + at.weight_gradient_spread**2) / error
    assert np.abs(off).max() < 5
    ratio = values.std(axis=0, ddof=1) / at.weight_gradient_spread
    assert (ratio[:-1] > 0.6).all(), ratio  # an estimate, whose standard error is 6.5 % here, and too small at the end
    assert (ratio[:-1] < 1.5).all(), ratio
    apart = predict_dense(widths, name, variances, inputs=inputs_of(x), gradient_overlap=kin.mean)
    assert (values.mean(axis=0) - apart.log_weight_gradient > 0.5).all()  # as if the two were unrelated: far too low
