"""One compiled program that trains a fixed number of replicas side by side, its lanes."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from goodinit.datasets import Data
from goodinit.errors import InputError
from goodinit.networks import compiler_options
from goodinit.train.order import ABSENT, Order
from goodinit.train.step import Examples, Replica, State, gather
from goodinit.train.training import LANES, Training, record_steps

Array = jax.Array
wait: Callable[[Any], Any] = jax.block_until_ready

CALL = 2**30  # multiply-adds of one compiled call: some tenths of a second, the longest that Ctrl-C waits


@dataclass(frozen=True)
class Start:
    """Where a replica starts: initial parameters, learning rate, and the seed of its data order and dropout."""

    parameters: dict[str, NDArray[np.float64]]
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What became of a replica.

    Parameters
    ----------
    records : array, shape (records, columns)
        Columns as in `step.RECORDED`, and those of `Replica.observe` if asked for; rows as in `record_steps`.
    parameters : dict of str to array
        The trained tensors.
    """

    records: NDArray[Any]
    parameters: dict[str, NDArray[Any]]


class Held(NamedTuple):
    """The data on the device: examples last, and for mini-batches once more with the examples first."""

    train: Examples
    test: Examples
    rows: Examples | None


class Next(NamedTuple):
    """What the next steps of every lane need: number of the first, examples (None: all), learning rates, keys."""

    first: np.int32
    order: Array | None
    rates: Array
    keys: Array


class Program(NamedTuple):
    """The compiled functions of a `Training`."""

    begin: Callable[..., State]
    advance: Callable[..., State]
    evaluate: Callable[..., Array]
    observe: Callable[..., Array]


class Stopped(Exception):  # noqa: N818 - not an error, somebody asked for it
    """Training was asked to stop before its end."""


def hold(training: Training, data: Data) -> Held:
    """Put the data on the device."""

    def both(inputs: NDArray[Any], targets: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        values = targets if training.task == "multiclass" else in_range("data", targets, training.precision)
        whole = np.int32 if training.task == "multiclass" else training.precision
        return np.asarray(in_range("data", inputs, training.precision), training.precision), np.asarray(values, whole)

    def last(inputs: NDArray[Any], targets: NDArray[Any]) -> Examples:
        return Examples(jnp.asarray(np.ascontiguousarray(inputs.T)), jnp.asarray(np.ascontiguousarray(targets.T)))

    train = both(data.train_inputs, data.train_targets)
    rows = Examples(*map(jnp.asarray, train)) if training.batch_size else None
    return Held(last(*train), last(*both(data.test_inputs, data.test_targets)), rows)


def in_range(name: str, values: NDArray[Any], precision: str) -> NDArray[Any]:
    """Return `values`, or raise InputError if `precision` would make infinity of one of them."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest > float(np.finfo(precision).max):
        raise InputError(f"{name} holds {largest:.3g}, more than {precision} can; rescale it, or use precision float64")
    return values


@lru_cache(maxsize=16)
def program(training: Training) -> Program:
    """Return the compiled functions of a training; all that changes between calls is an argument."""
    replica = Replica(training)

    def advance(state: State, next_: Next, count: Array, held: Held) -> State:
        step = _on_lanes(replica.step)
        final: State = jax.lax.fori_loop(0, count, lambda at, state: step(state, next_, at, held), state)
        return final

    def observe(state: State, next_: Next, held: Held) -> Array:
        seen: Array = _on_lanes(replica.observe)(state, next_, 0, held)
        return seen

    def evaluate(state: State, held: Held) -> Array:
        # one lane after the other where the activations of all examples would fill the memory
        numbers = held.train.inputs.shape[1] * sum(training.network.sizes)
        recorded: Array = jax.lax.map(
            lambda parameters: replica.evaluate(parameters, held.train, held.test),
            state[0],
            batch_size=LANES if numbers <= 2**20 else 1,
        )
        return recorded

    options = compiler_options()
    return Program(
        jax.jit(jax.vmap(replica.start)),
        jax.jit(advance, compiler_options=options),
        jax.jit(evaluate, compiler_options=options),
        jax.jit(observe, compiler_options=options),
    )


def _on_lanes(what: Callable[..., Any]) -> Callable[..., Any]:
    """Apply a function of one replica and its next batch to all lanes."""

    def one(state: State, rate: Array, key: Array, order: Array | None, step: Array, held: Held) -> Any:
        drop = jax.random.fold_in(key, step)  # not computed where nothing is dropped
        if order is None or held.rows is None:
            return what(state, rate, held.train, None, drop)
        return what(state, rate, *gather(held.rows, order), drop)

    def all_lanes(state: State, next_: Next, at: Array, held: Held) -> Any:
        order = None if next_.order is None else next_.order[:, at]
        lanes = jax.vmap(one, in_axes=(0, 0, 0, None if order is None else 0, None, None))
        return lanes(state, next_.rates, next_.keys, order, next_.first + at, held)

    return all_lanes


def run(
    training: Training,
    held: Held,
    starts: list[Start],
    *,
    steps: int,
    record_every: int,
    progress: Callable[[int], None],
    stop: threading.Event,
) -> list[Outcome]:
    """Train replicas, one in each lane, and return what became of them.

    Raises
    ------
    Stopped
        At the next compiled call after `stop` is set.
    """
    compiled, examples = program(training), held.train.inputs.shape[1]
    most = steps_in_a_call(training, examples, len(starts), record_every)
    rates = jnp.asarray([start.learning_rate for start in starts], training.precision)
    keys = jnp.stack([jax.random.key(start.seed, impl="threefry2x32") for start in starts])
    orders = [Order(start.seed, examples, training.batch_size) for start in starts] if training.batch_size else []

    def following(first: int, count: int) -> Next:
        return Next(np.int32(first), _next(orders, first, count, most), rates, keys)

    def record(state: State, step: int) -> NDArray[Any]:
        seen = [compiled.evaluate(state, held)]
        if training.gradients:
            seen.append(compiled.observe(state, following(step, 1), held))
        return np.concatenate(seen, axis=1)

    stacked = {name: np.stack([start.parameters[name] for start in starts]) for name in starts[0].parameters}
    fitting = {name: in_range(name, array, training.precision) for name, array in stacked.items()}
    state = compiled.begin({name: jnp.asarray(array, training.precision) for name, array in fitting.items()})
    records = [record(state, 0)]
    for at, mark in itertools.pairwise(record_steps(steps, record_every)):
        for first in range(at, mark, most):
            if stop.is_set():
                raise Stopped
            count = min(most, mark - first)
            state = compiled.advance(state, following(first, count), np.int32(count), held)
            wait(state)
            progress(count)
        records.append(record(state, mark))
    return _outcomes(np.stack(records, axis=1), state)


def steps_in_a_call(training: Training, examples: int, lanes: int, record_every: int) -> int:
    """Return how many steps one compiled call makes at most."""
    step = 3 * training.multiply_adds * min(examples, training.batch_size or examples) * lanes
    return max(1, min(record_every, CALL // step))


def _next(orders: list[Order], first: int, count: int, most: int) -> Array | None:
    """Return the examples of the next steps for every lane, shape (lanes, most, batch), or None for full batches."""
    if not orders:
        return None
    rows = np.full((len(orders), most, orders[0].batch_size), ABSENT, np.int32)  # the same shape in every call
    for lane, order in enumerate(orders):
        rows[lane, :count] = order.batches(first, first + count)
    return jnp.asarray(rows)


def _outcomes(records: NDArray[Any], state: State) -> list[Outcome]:
    trained = {name: np.asarray(array) for name, array in state[0].items()}
    return [Outcome(records[i], {name: a[i] for name, a in trained.items()}) for i in range(len(records))]
