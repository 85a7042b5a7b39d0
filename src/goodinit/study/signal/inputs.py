"""What goes into the networks that are measured: made-up inputs, or examples of a data set."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodinit.datasets import Data
from goodinit.errors import fraction, positive
from goodinit.initializers import generator
from goodinit.spelling import Call, chosen, parse
from goodinit.theory import Inputs, inputs_of

Array = NDArray[Any]
MadeUp = Callable[[int, int], Array]  # from examples and features to inputs


@dataclass(frozen=True)
class Batch:
    """Inputs (examples, features), the same for every network, and what the loss makes of them, if there is one."""

    inputs: Array
    targets: Array | None
    task: str | None
    source: str
    notes: tuple[str, ...] = ()

    @cached_property
    def moments(self) -> Inputs:
        """What the theory needs to know of the inputs."""
        return inputs_of(self.inputs)


def normal(*, std: float = 1.0, correlation: float = 0.0) -> MadeUp:
    """Make inputs N(0, std^2) whose examples resemble each other: x = std (sqrt(c) shared + sqrt(1 - c) own).

    Parameters
    ----------
    std : float
        Of every feature, > 0.
    correlation : float
        c, the correlation of two examples, at least 0 and below 1.
    """
    size, c = positive("std", std), fraction("correlation", correlation)

    def make(examples: int, features: int) -> Array:
        rng = generator(0, "inputs")
        shared, own = rng.standard_normal(features), rng.standard_normal((examples, features))
        return np.asarray(size * (math.sqrt(c) * shared + math.sqrt(1 - c) * own))

    return make


MADE_UP = {"normal": normal}


def made_up(text: Any) -> tuple[str, MadeUp] | None:
    """Return the spelling of made-up inputs and what makes them; None for a text that means something else."""
    if not isinstance(text, str) or text.partition("(")[0].strip() not in MADE_UP:
        return None
    call: Call = parse(text)
    return str(call), chosen(MADE_UP, call, "made-up inputs")()


def made(text: str, make: MadeUp, examples: int, features: int) -> Batch:
    """Return made-up inputs as a batch."""
    said = "gradients begin behind the last layer, standard normal for every unit and example"
    return Batch(make(examples, features), None, None, text, (said,))


def taken(data: Data, examples: int) -> Batch:
    """Return training examples of a data set, drawn at random if there are more than are wanted."""
    count = len(data.train_inputs)
    batch = Batch(data.train_inputs, data.train_targets, data.task, data.source, data.notes)
    if count <= examples:
        return batch
    kept = np.sort(generator(0, "examples").permutation(count)[:examples])
    said = f"{examples:,} of {count:,} training examples are measured, drawn at random with seed 0"
    return replace(batch, inputs=batch.inputs[kept], targets=data.train_targets[kept], notes=(*batch.notes, said))
