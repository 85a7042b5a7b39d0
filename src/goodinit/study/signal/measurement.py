"""`measure` and `predict`: the signal through a network, from a question to a Dataset."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from goodinit.datasets import Data
from goodinit.networks import Network
from goodinit.study.objects import What
from goodinit.study.run import Progress
from goodinit.study.signal.findings import findings
from goodinit.study.signal.problem import SignalProblem, from_objects
from goodinit.study.signal.results import collect, prediction
from goodinit.study.signal.run import run
from goodinit.study.store import Store, open_folder


def measure(
    network: str | Network,
    initializers: What | Sequence[What] | Mapping[str, What],
    data: str | Data = "normal",
    *,
    activation: str | Callable[[Any], Any] = "tanh",
    bias: What = "zeros",
    seeds: int = 32,
    examples: int = 1_000,
    precision: str = "float32",
    out: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Measure what initializations do to the signal forward and to the gradient backward, beside what theory expects.

    Parameters
    ----------
    network : str or Network
        ``"500x10"`` (ten layers of 500 on 500 inputs), ``"auto-64x5-auto"`` with real data, or `goodinit.networks.mlp`;
        without real data ``mlp(..., readout=False)``.
    initializers : sequence, or mapping of label to initializer
        Each a text such as ``"he_normal(mode=fan_out)"``, one of `goodinit.initializers`, or a function
        ``(layer, rng) -> array`` of your own.
    data : str or Data
        ``"normal"`` or ``"normal(std=2, correlation=0.5)"``: made-up inputs, the same for every network, and
        standard-normal gradients behind the last layer. Or a data set: its training inputs, and the gradients of its
        loss.
    activation : str or callable
        Of the hidden layers where the network is given as text.
    bias : str or initializer
        Initializer of the biases.
    seeds : int
        Networks of each initializer.
    examples : int
        Inputs that are made up, or training examples that are taken at most.
    precision : str
        ``float32`` or ``float64``.
    out : path or None
        Folder for the store, so that nothing is measured twice.
    force : bool
        Start anew in a folder that holds another study.
    progress : callable or None
        Called with the number of networks done and their total.

    Returns
    -------
    xarray.Dataset
        Statistics with dims ``initializer, seed, layer``; `measured`, `interval`, `predicted`, `band` and
        `standard_errors` with dims ``initializer, statistic, layer``; `verdict` and `finding`. `docs/signal.md` lists
        the variables.

    Raises
    ------
    InputError
        If anything given is out of range, unknown, or does not fit the rest.

    Examples
    --------
    >>> results = measure("64x4", ["normal(std=0.01)", "lecun_normal"], seeds=3, examples=100)
    >>> results["verdict"].values[0].partition(":")[0]
    'vanishes forward'
    """
    settings = {"seeds": seeds, "examples": examples, "precision": precision}
    problem = from_objects(network, data, initializers, bias, activation, settings)
    return answer(problem, None if out is None else Path(out), force=force, progress=progress)


def predict(
    network: str | Network,
    initializers: What | Sequence[What] | Mapping[str, What],
    data: str | Data = "normal",
    *,
    activation: str | Callable[[Any], Any] = "tanh",
    bias: What = "zeros",
    examples: int = 1_000,
) -> xr.Dataset:
    """Predict what initializations do to a network, by theory; see `measure` for the parameters.

    Returns
    -------
    xarray.Dataset
        `predicted` and the `band` that holds 95 % of all networks, with dims ``initializer, statistic, layer``; NaN
        where theory cannot tell, and `not_predicted` says why; `assumptions`.

    Examples
    --------
    >>> by_layer = predict("500x10", "lecun_normal")["predicted"].sel(statistic="activation_std")
    >>> [round(x, 3) for x in by_layer.values[0, :3].tolist()]
    [0.628, 0.486, 0.408]
    """
    problem = from_objects(network, data, initializers, bias, activation, {"examples": examples})
    return prediction(problem)


def answer(
    problem: SignalProblem, folder: Path | None, *, force: bool = False, progress: Progress | None = None
) -> xr.Dataset:
    """Measure what the folder's store lacks and return the results."""
    identity = problem.identity()
    store = Store(None, identity) if folder is None else open_folder(folder, identity, force)
    try:
        results = collect(problem, run(problem, store, progress or _silent), store)
    finally:
        store.close()
    return results.assign(finding=("finding", findings(results)))


def _silent(done: int, total: int) -> Any:
    """Show nothing."""
