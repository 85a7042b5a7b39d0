"""Prediction and measurement on a small part of the grid of `benchmarks/agreement.py`, which holds the comparison."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goodinit import theory
from goodinit.networks import mlp

SEEDS, WIDTH, DEPTH = 16, 128, 24


@pytest.fixture(scope="module")
def grid() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parent.parent / "benchmarks" / "agreement.py"))


@pytest.mark.parametrize("activation", ["gelu", "softplus"])
def test_the_prediction_is_met_or_doubted(grid: dict[str, Any], activation: str) -> None:
    """Both are far from what first-order theory likes: one is unstable, the other's gradients align."""
    cells = grid["compared"]([activation], WIDTH, DEPTH, SEEDS)
    assert len(cells) == 4
    for cell, name, layers in grid["misses"](cells):
        assert cell.doubted(name)[layers].all(), (cell.initializer, name, layers)
    seen = [np.isfinite(cell.deviations[name]) for cell in cells for name in grid["FIELDS"]]
    doubted = [cell.doubted(name) for cell in cells for name in grid["FIELDS"]]
    assert sum(map(np.sum, doubted)) < 0.4 * sum(map(np.sum, seen))
    assert sum(map(np.sum, seen)) > 6 * 4 * DEPTH * 0.9


def test_the_comparison_would_see_a_wrong_prediction(grid: dict[str, Any]) -> None:
    """A fifth more weight variance in every layer, or examples that are less alike, are found out."""
    network = mlp([100, *[WIDTH] * DEPTH, 10], activation="tanh")
    seen = grid["measured"](["tanh"], WIDTH, DEPTH, SEEDS)["tanh", "he_normal"]
    inputs, variances = theory.inputs_of(grid["inputs"]()), [2 / layer.fan_in for layer in network.weights]

    def worst(factor: float, data: theory.Inputs) -> dict[str, float]:
        at = theory.predict_dense(network.sizes, "tanh", [factor * one for one in variances], inputs=data)
        return {name: np.nanmax(np.abs(z)) for name, z in grid["deviations"](seen, at, WIDTH).items()}

    assert max(worst(1.0, inputs).values()) < 5
    wrong = worst(1.2, inputs)
    assert min(wrong["std"], wrong["log_gradient"], wrong["saturated"]) > 5
    assert worst(1.0, replace(inputs, correlation=0.1))["correlation"] > 5
