"""Networks on the digits: what several initializers come to on the same few seeds."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodinit.datasets import digits
from goodinit.initializers import Initializer
from goodinit.networks import mlp
from goodinit.study import compare

SHALLOW = [64, 32, 10]  # one hidden layer
DEEP = [64, *[32] * 10, 10]  # ten
SETTINGS: dict[int, dict[str, Any]] = {  # by number of weights; the rate is one at which He's networks learn
    len(SHALLOW) - 1: {"steps": 400, "learning_rate": 0.1},
    len(DEEP) - 1: {"steps": 500, "learning_rate": 0.05},
}
SEEDS = 16

What = str | Initializer | Callable[..., Any]


def accuracies(
    sizes: list[int], initializers: Mapping[str, What], *, bias: str = "zeros", seeds: int = SEEDS, test: float = 0.25
) -> dict[str, NDArray[np.float64]]:
    """Train ReLU networks on the digits, batches of 32, and return their test accuracies, one a seed, by label."""
    settings = SETTINGS[len(sizes) - 1]
    results = compare(
        mlp(sizes), digits(test=test), initializers, bias=bias, seeds=seeds, batch_size=32, record_every=100, **settings
    )
    final = results["final"].sel(metric="test_accuracy")
    return {label: final.sel(initializer=label).values for label in initializers}
