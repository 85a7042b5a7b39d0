"""Run a problem: which cells there are, which of them the store already has, and training the rest."""

import json
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from typing import Any

import jax

from goodinit.errors import InputError
from goodinit.study.problem import Problem
from goodinit.study.store import Row, Store, cell_key
from goodinit.train import Outcome, Start, train

Progress = Callable[[int, int], None]  # (network steps done, of how many)


@dataclass(frozen=True)
class Cell:
    """One network of a study: its place in the comparison, and its key in the store."""

    initializer: str
    learning_rate: float
    seed: int
    key: str


def environment(problem: Problem) -> dict[str, str]:
    """Return what else the numbers of a result depend on, to the last bit; part of every cell's key."""
    return {
        **machine(("goodinit", "jax", "jaxlib", "optax", "numpy")),
        "lanes": str(problem.training.lanes(len(problem.data.train_targets))),
        "precision": problem.training.precision,
    }


def machine(packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of some packages and what the programs run on."""
    return {
        **{name: version(name) for name in packages},
        "platform": f"{jax.default_backend()} {platform.machine()}",
        "device": jax.devices()[0].device_kind,
    }


def cells(problem: Problem) -> Iterator[Cell]:
    """Yield all networks of a study, in its order."""
    shared, study = _shared(problem), problem.study
    for label, rate, seed in product(study.init, study.learning_rate, range(study.seeds)):
        yield Cell(label, rate, seed, _key(shared, problem.start(label, rate, seed)))


def _shared(problem: Problem) -> str:
    """Return what all cells of a study have in common, as text."""
    identity = {key: value for key, value in problem.identity().items() if key != "data"}
    return json.dumps(identity | environment(problem), sort_keys=True)


def _key(shared: str, start: Start) -> str:
    return cell_key(f"{shared} {start.learning_rate!r} {start.seed}", start.parameters)


def run(problem: Problem, store: Store, progress: Progress) -> list[Cell]:
    """Train every cell that the store lacks, save each as soon as it is ready, and return all cells.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C; what was finished by then is in the store.
    """
    asked = list(cells(problem))
    missing = list({cell.key: cell for cell in asked if cell.key not in store}.values())
    counter = _Counter(len(missing) * problem.study.steps, progress)
    outcomes = train(
        problem.training,
        problem.data,
        _Starts(problem, missing),
        steps=problem.study.steps,
        record_every=problem.record_every,
        progress=counter.add,
    )
    try:
        for group in outcomes if missing else ():
            store.save(_row(missing[at], outcome, draws_map(problem)) for at, outcome in group.items())
    except KeyboardInterrupt:
        done = sum(cell.key in store for cell in asked)
        raise KeyboardInterrupt(f"{done} of {len(asked)} networks are finished and kept") from None
    return asked


def _row(cell: Cell, outcome: Outcome, keep_parameters: bool) -> Row:
    contents = {"records": outcome.records, **(outcome.parameters if keep_parameters else {})}
    return cell.key, cell.initializer, cell.seed, contents


def draws_map(problem: Problem) -> bool:
    """Whether the trained networks are looked at again: two inputs and classes make a decision map."""
    return problem.data.inputs == 2 and problem.data.task != "regression"


class _Starts(Sequence[Start]):
    """Where each of some cells starts; drawn when it is asked for, since all of them may not fit into memory."""

    def __init__(self, problem: Problem, missing: list[Cell]) -> None:
        self.problem, self.missing, self.shared = problem, missing, _shared(problem)

    def __len__(self) -> int:
        return len(self.missing)

    def __getitem__(self, at: Any) -> Any:
        cell = self.missing[at]
        start = self.problem.start(cell.initializer, cell.learning_rate, cell.seed)
        if _key(self.shared, start) != cell.key:
            raise InputError(
                f"initializer {cell.initializer} gave other weights when it was asked again for seed {cell.seed}; "
                "a function must draw from the generator that it is given, and from nothing else"
            )
        return start


class _Counter:
    """Adds up the steps that the threads report."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def add(self, steps: int) -> None:
        self.done += steps  # a lost update under threads would only make the progress line a little late
        self.progress(self.done, self.total)
