"""The compiled program: one network forward and back, block after block of examples."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from goodinit.networks import TASKS, Network, compiler_options
from goodinit.signal.bins import limits
from goodinit.signal.passes import Affine, Run, ahead, back, flow, reference, runs
from goodinit.signal.sums import PROJECTIONS, Sums, combine

Array = jax.Array

REFERENCE = 32  # the first examples, which give the range of a histogram where the activation has no bound


@dataclass(frozen=True)
class Measurement:
    """What is measured; equal records share one compiled program.

    Parameters
    ----------
    network : Network
    task : str or None
        What gives the gradient at the logits; None for random gradients behind the last layer.
    precision : str
        ``float32`` or ``float64``.
    examples : int
    chunk : int
        Examples that pass through the network together, at most.
    """

    network: Network
    task: str | None
    precision: str
    examples: int
    chunk: int


class Examples(NamedTuple):
    """Inputs (examples, features) and targets, examples first, or None."""

    inputs: Array
    targets: Any


class Measured(NamedTuple):
    """What was found in the layers of a run, on their first axis.

    Parameters
    ----------
    sums : Sums
    rows : array, shape (layers, units)
        Squared lengths of the rows of sum_examples delta a^T, float64.
    ends : array, shape (layers, 2)
        Of the histograms.
    """

    sums: Sums
    rows: Array
    ends: Array


Program = Callable[[list[Affine], Examples, Array], list[Measured]]
State = tuple[list[Sums], list[Array]]  # by run; the weight gradients apart, as they are added up in place


@lru_cache(maxsize=16)
def program(measurement: Measurement) -> Program:
    """Return the compiled function from parameters by run, examples and a random key to what was measured by run."""
    along = runs(measurement.network)

    def measure(stacks: list[Affine], data: Examples, key: Array) -> list[Measured]:
        ends = histogram_ends(along, stacks, data.inputs[:REFERENCE])

        def block(first: Any, rows: int, weights: list[Array]) -> State:
            part = jax.tree.map(lambda x: jax.lax.dynamic_slice_in_dim(x, first, rows), data)
            random = key, first + jnp.arange(rows)
            return measure_block(measurement.task, along, stacks, ends, part, random, weights)

        weights = [jnp.zeros_like(stack.weight) for stack in stacks]
        sums, weights = over_blocks(block, len(data.inputs), measurement.chunk, weights)
        rows = [jnp.sum(each.astype(jnp.float64) ** 2, axis=-1) for each in weights]
        return [Measured(*found) for found in zip(sums, rows, ends, strict=True)]

    options = compiler_options()
    # counting bins takes 30 % less time with 16 lanes; processors that have only 8 use them
    jitted = jax.jit(measure, compiler_options=options and options | {"xla_cpu_prefer_vector_width": 512})
    compiled: Program = jitted.lower(*_shapes(measurement, along)).compile()
    return compiled


def _shapes(measurement: Measurement, along: list[Run]) -> tuple[list[Affine], Examples, Any]:
    """Return the shapes of the program's arguments."""
    network, examples = measurement.network, measurement.examples

    def shape(*sizes: int, of: str = measurement.precision) -> Any:
        return jax.eval_shape(lambda: jnp.zeros(sizes, of))

    stacks = []
    for run in along:
        outputs, inputs = network.weights[run.layers.start].shape
        stacks.append(Affine(shape(len(run.layers), outputs, inputs), shape(len(run.layers), outputs)))
    targets = {
        None: None,
        "binary": shape(examples),
        "multiclass": shape(examples, of="int32"),
        "regression": shape(examples, network.sizes[-1]),
    }[measurement.task]
    key = jax.eval_shape(lambda: jax.random.key(0, impl="threefry2x32"))
    return stacks, Examples(shape(examples, network.sizes[0]), targets), key


def histogram_ends(along: list[Run], stacks: list[Affine], a: Array) -> list[Array]:
    """Return the ends of the histograms of each run, from the first examples where an activation has no bounds."""
    if all(run.shape.bounded for run in along):
        return [jnp.tile(limits(run.shape, jnp.ones(())), (len(run.layers), 1)) for run in along]
    ends = []
    for run, stack in zip(along, stacks, strict=True):
        a, found = reference(run, stack, a)
        ends.append(found)
    return ends


def over_blocks(
    block: Callable[[Any, int, list[Array]], State], examples: int, chunk: int, weights: list[Array]
) -> State:
    """Return the sums over all examples, in blocks of equal size; what is left over is a smaller block."""
    rows = block_size(examples, chunk)
    blocks, rest = divmod(examples, rows)

    def add(state: State, first: Any, rows: int) -> State:
        found, weights = block(first, rows, state[1])
        return [combine(a, b) for a, b in zip(state[0], found, strict=True)], weights

    shapes, _ = jax.eval_shape(lambda: block(0, rows, weights))
    state: State = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes), weights
    state = jax.lax.fori_loop(0, blocks, lambda at, state: add(state, at * rows, rows), state)
    return add(state, blocks * rows, rest) if rest else state


def block_size(examples: int, chunk: int) -> int:
    """Return how many examples pass together: if possible a number that leaves none over, which compiles faster."""
    even = max(rows for rows in range(1, min(chunk, examples) + 1) if examples % rows == 0)
    return even if 2 * even >= min(chunk, examples) else examples // -(-examples // chunk)


def measure_block(
    task: str | None,
    along: list[Run],
    stacks: list[Affine],
    ends: list[Array],
    data: Examples,
    random: tuple[Array, Array],
    weights: list[Array],
) -> State:
    """Return the sums of one block of examples, and the weight gradients with those of the block added.

    Parameters
    ----------
    random : tuple of array
        The key, and the places of the examples among all.
    """
    outputs = stacks[-1].bias.shape[1]
    normals = normal(*random, PROJECTIONS + (outputs if task is None else 0), data.inputs.dtype)
    passing, found = flow(data.inputs), []
    for run, stack, limit in zip(along, stacks, ends, strict=True):
        passing, kept_and_seen = ahead(run, stack, limit, normals[:, :PROJECTIONS].T, passing)
        found.append(kept_and_seen)
    last = passing.values
    passing = flow(normals[:, PROJECTIONS:] if task is None else loss_gradient(task, last, data.targets))
    sums, added = [], []
    for at in reversed(range(len(along))):
        passing, weight, one = back(stacks[at], *found[at], passing, weights[at], lowest=at == 0)
        sums.append(one)
        added.append(weight)
    return sums[::-1], added[::-1]


def loss_gradient(task: str, logits: Array, targets: Array) -> Array:
    """Return the gradient of each example's own loss with respect to its logits, shape (examples, outputs)."""
    gradient: Array = jax.grad(lambda z: jnp.sum(TASKS[task].losses(z.T, targets.T)))(logits)
    return gradient


def normal(key: Array, numbers: Array, width: int, dtype: Any) -> Array:
    """Return standard-normal numbers that depend on the key and on an example's place alone.

    Neither its block nor the precision matters: they are drawn in float32.
    """

    def one(number: Array) -> Array:
        return jax.random.normal(jax.random.fold_in(key, number), (width,), jnp.float32).astype(dtype)

    drawn: Array = jax.vmap(one)(numbers.astype(jnp.uint32))
    return drawn
