"""Three ways to start: one small network on two noisy circles, from zeros, from large values and from He's.

The network has 2 inputs, hidden layers of 10 and 5 ReLU units, and one sigmoid output; it learns by gradient descent
on all samples at once. Inputs are (features, samples), labels (1, samples).

::

    train_X, train_Y, test_X, test_Y = load_dataset()
    parameters, costs = model(train_X, train_Y, initialization="he")
    predictions = predict(test_X, test_Y, parameters)
"""

import importlib
from typing import TYPE_CHECKING, Any

from goodinit.labs.circles.data import generate_dataset, load_dataset, preprocess
from goodinit.labs.circles.network import (
    Cache,
    backward_propagation,
    compute_loss,
    compute_loss_from_logits,
    forward_propagation,
    relu,
    sigmoid,
    update_parameters,
)
from goodinit.labs.circles.records import load_record, record
from goodinit.labs.circles.starts import (
    initialize_parameters_he,
    initialize_parameters_random,
    initialize_parameters_zeros,
)
from goodinit.labs.circles.training import gradient_descent, model, predict, predict_dec

if TYPE_CHECKING:
    from goodinit.labs.drawing import plot_decision_boundary, plot_the_cost, visualize_the_data

DRAWINGS = ("plot_decision_boundary", "plot_the_cost", "visualize_the_data")
__all__ = [
    "Cache",
    "backward_propagation",
    "compute_loss",
    "compute_loss_from_logits",
    "forward_propagation",
    "generate_dataset",
    "gradient_descent",
    "initialize_parameters_he",
    "initialize_parameters_random",
    "initialize_parameters_zeros",
    "load_dataset",
    "load_record",
    "model",
    "plot_decision_boundary",
    "plot_the_cost",
    "predict",
    "predict_dec",
    "preprocess",
    "record",
    "relu",
    "sigmoid",
    "update_parameters",
    "visualize_the_data",
]


def __getattr__(name: str) -> Any:
    """Import the drawing functions when one is first asked for: the network itself needs NumPy only."""
    if name in DRAWINGS:
        return getattr(importlib.import_module("goodinit.labs.drawing"), name)
    raise AttributeError(f"module 'goodinit.labs.circles' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
