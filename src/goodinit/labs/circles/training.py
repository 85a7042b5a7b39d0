"""Gradient descent on all samples at once, and what the trained network answers."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from goodinit.errors import one_of
from goodinit.labs import checks
from goodinit.labs.checks import Array
from goodinit.labs.circles.network import (
    backward_propagation,
    compute_loss_from_logits,
    forward_propagation,
    update_parameters,
)
from goodinit.labs.circles.starts import (
    initialize_parameters_he,
    initialize_parameters_random,
    initialize_parameters_zeros,
)

EVERY = 1000  # iterations from one recorded cost to the next

STARTS: dict[str, Callable[[list[int]], dict[str, Array]]] = {
    "zeros": initialize_parameters_zeros,
    "random": initialize_parameters_random,
    "he": initialize_parameters_he,
}


def gradient_descent(
    X: Array, Y: Array, parameters: dict[str, Array], learning_rate: float, num_iterations: int
) -> Iterator[tuple[int, dict[str, Array], float]]:
    """Train from the given parameters, and yield (iteration, parameters, cost) every 1,000 iterations.

    The first is iteration 0, before any update, the last is `num_iterations`, after the last one. The cost is
    computed from the logits, so that it is exact and finite where the output saturates.

    Parameters
    ----------
    X, Y : arrays, shape (features, m) and (1, m)
    parameters : dict
        W1, b1, W2, b2, W3, b3; not changed.
    learning_rate : float
        > 0.
    num_iterations : int
        At least 1.
    """
    for i in range(num_iterations):
        _, cache = forward_propagation(X, parameters)
        if i % EVERY == 0:
            yield i, parameters, compute_loss_from_logits(cache.z3, Y)
        grads = backward_propagation(X, Y, cache)
        parameters = update_parameters(parameters, grads, learning_rate)
    _, cache = forward_propagation(X, parameters)
    yield num_iterations, parameters, compute_loss_from_logits(cache.z3, Y)


def model(
    X: Array,
    Y: Array,
    learning_rate: float = 0.01,
    num_iterations: int = 15_000,
    print_cost: bool = True,
    initialization: str = "he",
) -> tuple[dict[str, Array], list[float]]:
    """Train a network with hidden layers of 10 and 5 ReLU units.

    Ctrl-C stops it at once; nothing outside has been changed then.

    Parameters
    ----------
    X, Y : arrays, shape (features, m) and (1, m)
        Inputs, and labels 0 or 1.
    learning_rate : float
        > 0.
    num_iterations : int
        At least 1.
    print_cost : bool
        Whether each recorded cost is printed.
    initialization : str
        ``zeros``, ``random`` (normal x 10) or ``he``; the random ones with seed 3.

    Returns
    -------
    parameters : dict
        W1, b1, W2, b2, W3, b3 after the last update.
    costs : list of float
        The cost at iterations 0, 1000, 2000, ... below `num_iterations`.

    Raises
    ------
    InputError
        If an option is out of range, or the shapes do not go together.
    """
    checks.examples(X, Y)
    checks.training(learning_rate, num_iterations)
    initialize = STARTS[one_of("initialization", initialization, STARTS)]
    parameters, costs = initialize([X.shape[0], 10, 5, 1]), []
    for i, current, cost in gradient_descent(X, Y, parameters, learning_rate, num_iterations):
        parameters = current
        if i < num_iterations:
            costs.append(cost)
            if print_cost:
                print(f"Cost after iteration {i}: {cost}")
    return parameters, costs


def predict_dec(parameters: Mapping[str, Array], X: Array) -> Array:
    """Return for each sample whether its probability of class 1 exceeds 1/2: booleans, shape (1, m)."""
    a3, _ = forward_propagation(X, parameters)
    return np.asarray(a3 > 0.5)


def predict(X: Array, y: Array, parameters: Mapping[str, Array]) -> Array:
    """Return the predicted class of each sample, 0 or 1, shape (1, m), and print the share that is right.

    Raises
    ------
    InputError
        If the shapes do not go together.
    """
    predictions = predict_dec(parameters, X).astype(int)
    checks.labels("y", y, predictions.shape[1])
    print(f"Accuracy: {np.mean(predictions == y)}")
    return predictions
