"""The labels: measured networks become one `xarray.Dataset`, with what theory expects of them and a verdict on each."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from goodinit.study.signal.expected import Expected, expected, further
from goodinit.study.signal.phases import with_phases
from goodinit.study.signal.problem import SignalProblem
from goodinit.study.signal.run import Cell, environment
from goodinit.study.signal.statistics import STATISTICS, one_network, scaled, standard_errors, unscaled
from goodinit.study.signal.verdicts import DEEPEST, Profile, Verdict, verdict
from goodinit.study.store import Store

Floats = NDArray[np.float64]
EACH = ("initializer", "seed", "layer")
BY_LAYER = ("initializer", "statistic", "layer")
TWO_SIDED = 1.959964  # 97.5 % quantile of the normal distribution
# what else is measured of a layer, by its name in `goodinit.signal.Trace`
BESIDE = {
    "rms": "activation_rms",
    "kurtosis": "kurtosis",
    "preactivation_rms": "preactivation_rms",
    "skewed": "skewed",
    "duplicate": "duplicate",
    "correlation": "activation_correlation",
    "activation_gradient_rms": "activation_gradient_rms",
    "bias_gradient_rms": "bias_gradient_rms",
}


def collect(problem: SignalProblem, cells: Iterable[Cell], store: Store) -> xr.Dataset:
    """Return the Dataset of a finished signal study, findings left out."""
    each = _expected(problem)
    results = _with_summary(problem, _with_expected(_measured(problem, cells, store), each), each)
    return with_phases(problem, _with_verdicts(problem, results))


def prediction(problem: SignalProblem) -> xr.Dataset:
    """Return what theory expects of a study's networks; none is drawn or measured."""
    return with_phases(problem, _with_expected(_blank(problem).drop_vars("seed"), _expected(problem)))


def _expected(problem: SignalProblem) -> list[Expected]:
    return [expected(problem.network, one, problem.bias, problem.batch) for one in problem.initializers.values()]


def _blank(problem: SignalProblem) -> xr.Dataset:
    study, network = problem.study, problem.network
    return xr.Dataset(
        coords={
            "initializer": list(study.init),
            "seed": np.arange(study.seeds),
            "layer": np.arange(1, len(network.weights) + 1),
            "statistic": list(STATISTICS),
            "bound": ["low", "high"],
        },
        attrs={
            "kind": "signal",
            "study": study.to_toml(),
            "data": problem.batch.source,
            "examples": len(problem.batch.inputs),
            "network": str(network),
            "activation": network.activation.name,
            "readout": int(network.readout),
            "inputs_rms": math.sqrt(problem.batch.moments.second_moment),
            "environment": json.dumps(environment(problem)),
            "notes": json.dumps(problem.batch.notes),
            "from_python": json.dumps(study.from_python()),
        },
    )


def _measured(problem: SignalProblem, cells: Iterable[Cell], store: Store) -> xr.Dataset:
    """Label what the store holds: every statistic by seed and layer, and the first seed's histograms."""
    study, found = problem.study, [store[cell.key] for cell in cells]

    def by_seed(field: str) -> NDArray[Any]:
        every = np.stack([one[field] for one in found])
        return every.reshape(len(study.init), study.seeds, *every.shape[1:])

    named = {name: statistic.field for name, statistic in STATISTICS.items()}
    named |= {name: field for field, name in BESIDE.items()}
    results = _blank(problem).assign({name: (EACH, by_seed(field)) for name, field in named.items()})
    return results.assign(
        neuron_gradient=(("initializer", "seed", "neuron"), by_seed("neuron_gradients").astype(np.float32)),
        histogram=(("initializer", "layer", "bin"), by_seed("histogram")[:, 0]),
        histogram_edges=(("initializer", "layer", "edge"), by_seed("edges")[:, 0]),
    ).assign_coords(neuron_layer=("neuron", np.repeat(results["layer"].values, problem.network.sizes[1:])))


def _with_expected(results: xr.Dataset, each: Sequence[Expected]) -> xr.Dataset:
    """Add what theory expects of one network: its value, and the band that holds 95 % of them."""
    shown = [{name: unscaled(name, one.centre[name]) for name in STATISTICS} for one in each]
    bands = [
        {name: unscaled(name, _around(one.centre[name], TWO_SIDED * one.spread[name])) for name in STATISTICS}
        for one in each
    ]
    layers = results.sizes["layer"]
    return results.assign(
        predicted=(BY_LAYER, np.array([list(one.values()) for one in shown])),
        band=((*BY_LAYER, "bound"), np.array([list(one.values()) for one in bands])),
        not_predicted=("initializer", [one.why_not for one in each]),
        assumptions=("initializer", ["\n".join(one.assumptions) for one in each]),
        doubt=(BY_LAYER, [[one.doubts.get(name, [""] * layers) for name in STATISTICS] for one in each]),
    )


def _around(centre: Floats, reach: Floats) -> Floats:
    with np.errstate(invalid="ignore"):  # what is infinite on its scale has no band
        return np.stack([centre - reach, centre + reach], axis=-1)


def _with_summary(problem: SignalProblem, results: xr.Dataset, each: Sequence[Expected]) -> xr.Dataset:
    """Add the mean over seeds, the interval of one network, and how far theory is from it in standard errors."""
    units, examples = np.array(problem.network.sizes[1:]), len(problem.batch.inputs)
    middle, intervals, off = [], [], []
    for at, one in enumerate(each):
        values = {name: results[name].values[at] for name in STATISTICS}
        with np.errstate(all="ignore"):
            middle.append([unscaled(name, scaled(name, v).mean(axis=0)) for name, v in values.items()])
        intervals.append([one_network(name, v) for name, v in values.items()])
        off.append([standard_errors(name, v, one.centre[name], units, examples) for name, v in values.items()])
    return results.assign(
        measured=(BY_LAYER, np.array(middle)),
        interval=((*BY_LAYER, "bound"), np.array(intervals)),
        standard_errors=(BY_LAYER, np.array(off)),
    )


def _with_verdicts(problem: SignalProblem, results: xr.Dataset) -> xr.Dataset:
    hidden = len(problem.network.weights) - problem.network.readout
    each: list[Verdict] = []
    for at, weight in enumerate(problem.initializers.values()):
        middle = {name: results["measured"].values[at, i] for i, name in enumerate(STATISTICS)}
        seen = Profile(
            inputs=results.attrs["inputs_rms"],
            inputs_correlation=problem.batch.moments.correlation,
            std=middle["activation_std"][:hidden],
            gradient=middle["gradient_rms"][:hidden],
            saturated=middle["saturated"][:hidden],
            dead=middle["dead"][:hidden],
            correlation=middle["correlation"][:hidden],
            duplicate=results["duplicate"].values[at].mean(axis=0)[:hidden],
        )
        each.append(verdict(seen, further(problem.network, weight, problem.bias, problem.batch, DEEPEST)))
    return results.assign(
        verdict=("initializer", [one.sentence for one in each]),
        forward_rate=("initializer", [one.forward for one in each]),
        backward_rate=("initializer", [one.backward for one in each]),
        stable_depth=("initializer", [one.depth for one in each]),
    )
