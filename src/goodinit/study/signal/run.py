"""Measure what the store lacks: each network is drawn, looked up, and if need be passed through once."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodinit.networks import workers
from goodinit.signal import Trace, trace
from goodinit.study.objects import parameters
from goodinit.study.run import Progress, machine
from goodinit.study.signal.problem import SignalProblem
from goodinit.study.store import Arrays, Row, Store, cell_key

ROOM = 2**29  # bytes of weights that are held at a time


@dataclass(frozen=True)
class Cell:
    """One network of a signal study, and its key in the store."""

    initializer: str
    seed: int
    key: str


def environment(problem: SignalProblem) -> dict[str, str]:
    """Return what else the numbers depend on, to the last bit; part of every cell's key."""
    return machine(("goodinit", "jax", "jaxlib", "numpy")) | {"precision": problem.study.precision}


def run(problem: SignalProblem, store: Store, progress: Progress) -> list[Cell]:
    """Measure every network that the store lacks, save each group as soon as it is ready, and return all cells.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C; what was finished by then is in the store.
    """
    study, asked = problem.study, []
    total = len(study.init) * study.seeds
    identity = {key: value for key, value in problem.identity().items() if key != "data"}
    shared = json.dumps(identity | environment(problem), sort_keys=True)
    try:
        for label, seeds in _groups(problem):
            drawn = [parameters(problem.network, problem.initializers[label], problem.bias, seed) for seed in seeds]
            group = [
                Cell(label, seed, cell_key(f"{shared} {seed}", each)) for seed, each in zip(seeds, drawn, strict=True)
            ]
            missing = [at for at, cell in enumerate(group) if cell.key not in store]
            if missing:
                store.save(_measured(problem, [group[at] for at in missing], [drawn[at] for at in missing]))
            asked += group
            progress(len(asked), total)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{len(asked)} of {total} networks are finished and kept") from None
    return asked


def _groups(problem: SignalProblem) -> Iterator[tuple[str, range]]:
    """Yield initializers and seeds that are drawn together: a few for every core, as far as there is room."""
    size = 8 * sum(int(np.prod(layer.shape)) for layer in problem.network.weights)
    many = max(1, min(4 * workers(), ROOM // size))
    for label in problem.study.init:
        for first in range(0, problem.study.seeds, many):
            yield label, range(first, min(first + many, problem.study.seeds))


def _measured(problem: SignalProblem, cells: Sequence[Cell], drawn: Sequence[Arrays]) -> Iterator[Row]:
    batch = problem.batch
    found = trace(
        problem.network,
        drawn,
        batch.inputs,
        seeds=[cell.seed for cell in cells],
        targets=batch.targets,
        task=batch.task,
        precision=problem.study.precision,
    )
    for at, cell in enumerate(cells):
        yield cell.key, cell.initializer, cell.seed, _contents(found, at)


def _contents(found: Trace, at: int) -> Arrays:
    """Return what was measured of one network, by the names of `Trace`."""
    named: dict[str, Any] = {field.name: getattr(found, field.name) for field in fields(found)}
    neurons: tuple[NDArray[Any], ...] = named.pop("neuron_gradients")
    arrays = {name: value[at] for name, value in named.items() if isinstance(value, np.ndarray)}
    return arrays | {"neuron_gradients": np.concatenate([layer[at] for layer in neurons])}
