"""One training step and one evaluation of one replica. No function here knows that there are others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from goodinit.networks import TASKS, Parameters
from goodinit.train.optimizers import optimizer
from goodinit.train.order import ABSENT
from goodinit.train.training import Training

Array = jax.Array
State = tuple[Parameters, Any]

RECORDED = ("train_loss", "penalty", "train_score", "test_loss", "test_score")


class Examples(NamedTuple):
    """Inputs (features, examples) and targets (examples,) or (outputs, examples)."""

    inputs: Array
    targets: Array


@dataclass(frozen=True)
class Replica:
    """The functions of one network under one `Training`."""

    training: Training

    def penalty(self, parameters: Parameters) -> Array:
        """Return l1 sum |w| + l2 / 2 sum w^2, added up over the layers."""
        total = jnp.zeros((), self.training.precision)
        for weight, l1, l2 in zip(self.training.network.weights, self.training.l1, self.training.l2, strict=False):
            w = parameters[weight.name]
            if l1:
                total += l1 * jnp.sum(jnp.abs(w))
            if l2:
                total += l2 / 2 * jnp.sum(w**2)
        return total

    def loss(self, parameters: Parameters, batch: Examples, present: Array | None, key: Array | None) -> Array:
        """Return what is minimised: the mean loss of the examples that are present, plus the penalty."""
        logits = self.training.network.forward(parameters, batch.inputs, key)
        losses = TASKS[self.training.task].losses(logits, batch.targets)
        data = jnp.mean(losses) if present is None else jnp.sum(losses * present) / jnp.sum(present)
        return data + self.penalty(parameters)

    def step(
        self, state: State, rate: Array, batch: Examples, present: Array | None = None, key: Array | None = None
    ) -> State:
        """Return the state after one update."""
        parameters, memory = state
        gradient = jax.grad(self.loss)(parameters, batch, present, key)
        updates, memory = self.rule(rate).update(gradient, memory, parameters)
        return optax.apply_updates(parameters, updates), memory

    def observe(
        self, state: State, rate: Array, batch: Examples, present: Array | None = None, key: Array | None = None
    ) -> Array:
        """Return the sizes of the gradient that the next step follows and of the move that it makes.

        In order: of each layer's weight the norm of its gradient; of each layer's weight |move| / |weight|; of each
        neuron the norm of the gradient of its incoming weights and its bias.
        """
        before, gradient = state[0], jax.grad(self.loss)(state[0], batch, present, key)
        after = self.step(state, rate, batch, present, key)[0]
        network = self.training.network
        weights = [layer.name for layer in network.weights]
        sizes = [jnp.linalg.norm(gradient[name]) for name in weights]
        moves = [_ratio(jnp.linalg.norm(after[name] - before[name]), jnp.linalg.norm(before[name])) for name in weights]
        neurons = [
            jnp.sqrt(jnp.sum(gradient[weight.name] ** 2, axis=1) + gradient[offset.name] ** 2)
            for weight, offset in zip(network.weights, network.biases, strict=True)
        ]
        return jnp.concatenate([jnp.stack(sizes), jnp.stack(moves), *neurons])

    def start(self, parameters: Parameters) -> State:
        """Return the state before the first update."""
        return parameters, self.rule(0.0).init(parameters)

    def evaluate(self, parameters: Parameters, train: Examples, test: Examples) -> Array:
        """Return the numbers named by `RECORDED`, nothing dropped; the training loss includes the penalty."""
        task, forward = TASKS[self.training.task], self.training.network.forward
        train_logits, test_logits = forward(parameters, train.inputs), forward(parameters, test.inputs)
        penalty = self.penalty(parameters)
        return jnp.stack(
            [
                jnp.mean(task.losses(train_logits, train.targets)) + penalty,
                penalty,
                task.score(train_logits, train.targets),
                jnp.mean(task.losses(test_logits, test.targets)),
                task.score(test_logits, test.targets),
            ]
        )

    @property
    def rule(self) -> Callable[[Any], optax.GradientTransformation]:
        """The optimizer as a function of the learning rate."""
        return optimizer(self.training.optimizer)


def _ratio(move: Array, size: Array) -> Array:
    """Return move / size, and 0 where nothing moves, be its size 0 or not."""
    return jnp.where(move == 0, 0, move / size)


def gather(rows: Examples, order: Array) -> tuple[Examples, Array]:
    """Return one mini-batch and which of its places are filled.

    Parameters
    ----------
    rows : Examples
        Here with the examples on the first axis, so that one example is one contiguous read.
    order : array of int, shape (batch,)
    """
    present = order != ABSENT
    chosen = jnp.where(present, order, 0)
    return Examples(rows.inputs[chosen].T, rows.targets[chosen].T), present.astype(rows.inputs.dtype)
