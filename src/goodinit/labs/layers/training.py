"""Gradient descent for a model of layers, and its accuracy."""

import numpy as np

from goodinit.errors import whole
from goodinit.labs import checks
from goodinit.labs.checks import Array
from goodinit.labs.layers.network import Model


def train(
    model: Model,
    X: Array,
    Y: Array,
    learning_rate: float = 0.01,
    num_iterations: int = 2000,
    print_cost: bool = True,
    record_every: int = 100,
) -> list[float]:
    """Train a model in place by gradient descent on all samples at once.

    Ctrl-C stops it at once. The model can be used and trained further then: every weight is whole, from before or
    after its last update.

    Parameters
    ----------
    model : Model
    X, Y : arrays, shape (features, m) and (1, m)
        Inputs, and labels 0 or 1.
    learning_rate : float
        > 0.
    num_iterations : int
        At least 1.
    print_cost : bool
        Whether each recorded loss is printed.
    record_every : int
        Iterations from one recorded loss to the next.

    Returns
    -------
    list of float
        The loss, penalties included, before iterations 0, `record_every`, 2 `record_every`, ...

    Raises
    ------
    InputError
        If an option is out of range, or the shapes do not go together.
    """
    checks.examples(X, Y)
    checks.training(learning_rate, num_iterations)
    whole("record_every", record_every, 1)
    losses = []
    for i in range(num_iterations):
        model.forward(X)
        if i % record_every == 0:
            losses.append(model.loss(Y))
            if print_cost:
                print(f"Loss after iteration {i}: {losses[-1]}")
        model.backward(Y)
        model.update_params(learning_rate)
    return losses


def test_model(model: Model, X: Array, Y: Array) -> float:
    """Return the share of samples whose class the model tells, without dropout, and print it.

    Parameters
    ----------
    X, Y : arrays, shape (features, m) and (1, m)

    Raises
    ------
    InputError
        If the shapes do not go together.
    """
    checks.examples(X, Y)
    accuracy = float(np.mean(model.predict(X) == Y))
    print(f"Accuracy: {accuracy}")
    return accuracy


setattr(test_model, "__test__", False)  # noqa: B010 - pytest takes whatever is called test_... for a test
