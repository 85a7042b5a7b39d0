"""`compare`: the main job, from a question to a Dataset and a folder with the answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from goodinit.datasets import Data
from goodinit.networks import Network
from goodinit.study.decision import with_maps
from goodinit.study.findings import findings
from goodinit.study.objects import What
from goodinit.study.problem import Problem, from_objects
from goodinit.study.results import collect
from goodinit.study.run import Progress, draws_map, run
from goodinit.study.store import Store, open_folder


def compare(
    network: str | Network,
    data: str | Data,
    initializers: What | Sequence[What] | Mapping[str, What],
    *,
    bias: What = "zeros",
    seeds: int = 32,
    steps: int = 15_000,
    learning_rate: float | Sequence[float] = 0.01,
    batch_size: int | None = None,
    optimizer: str = "sgd",
    l1: float | Mapping[str, float] = 0.0,
    l2: float | Mapping[str, float] = 0.0,
    precision: str = "float32",
    record_every: int | None = None,
    record: str | None = None,
    out: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compare initializations over many seeds.

    Every initializer gets the same seeds, the same order of the data and the same learning rates; all networks are
    trained in compiled batches on all cores.

    Parameters
    ----------
    network : str or Network
        ``"2-10-5-1"``, or `goodinit.networks.mlp` with an activation and dropout of your choice.
    data : str or Data
        ``"circles"``, ``"csv:houses.csv"``, or one of `goodinit.datasets`.
    initializers : sequence, or mapping of label to initializer
        Each a text such as ``"he_normal(mode=fan_out)"``, one of `goodinit.initializers`, or a function
        ``(layer, rng) -> array`` of your own.
    bias : str or initializer
        Initializer of the biases.
    seeds : int
        Networks of each initializer.
    steps : int
        Updates of each network.
    learning_rate : float or sequence of float
        With several, each initializer is judged at its own best one, chosen on training loss.
    batch_size : int or None
        Examples in a mini-batch, shuffled anew in every epoch; None is the full batch.
    optimizer : str
        ``sgd``, ``momentum``, ``nesterov``, ``adam``, ``adamw`` or ``rmsprop``, with options in brackets.
    l1, l2 : float or mapping of layer name to float
        The loss gains l1 sum |w| + l2 / 2 sum w^2, over all weights or those of the layers named (``layer1``).
    precision : str
        ``float32`` or ``float64``.
    record_every : int or None
        Steps between two records of losses; None is a hundredth of the steps.
    record : str or None
        ``"gradients"`` records the sizes of gradients and updates, by layer and by neuron, beside the losses.
    out : path or None
        Folder for the store, so that an interrupted study continues and a finished one is not trained again.
    force : bool
        Start anew in a folder that holds another study.
    progress : callable or None
        Called with the number of network steps done and their total.

    Returns
    -------
    xarray.Dataset
        Losses and scores with dims ``initializer, learning_rate, seed, step``, and the statistics made of them:
        `docs/results.md` lists the variables.

    Raises
    ------
    InputError
        If anything given is out of range, unknown, or does not fit the rest; all problems of the settings are
        listed at once.

    Examples
    --------
    >>> results = compare("2-3-1", "circles", ["zeros", "he_normal"], seeds=3, steps=10)
    >>> results["median"].sel(initializer="zeros", metric="test_accuracy").item()
    0.5
    """
    settings = {
        "seeds": seeds,
        "steps": steps,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "l1": l1,
        "l2": l2,
        "precision": precision,
        "record_every": record_every,
        "record": record,
    }
    problem = from_objects(network, data, initializers, bias, settings)
    return answer(problem, None if out is None else Path(out), force=force, progress=progress)


def answer(
    problem: Problem, folder: Path | None, *, force: bool = False, progress: Progress | None = None
) -> xr.Dataset:
    """Train what the folder's store lacks and return the results."""
    identity = problem.identity()
    store = Store(None, identity) if folder is None else open_folder(folder, identity, force)
    try:
        asked = run(problem, store, progress or _silent)
        results = collect(problem, asked, store)
        if draws_map(problem):
            results = with_maps(results, problem, asked, store)
    finally:
        store.close()
    return results.assign(finding=("finding", findings(results)))


def _silent(done: int, total: int) -> Any:
    """Show nothing."""
