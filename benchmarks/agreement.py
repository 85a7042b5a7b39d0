"""Prediction against measurement: `theory.predict_dense` beside `goodinit.signal.trace`, over a grid of networks.

Every statistic of every layer is compared in standard errors of its mean over seeds. What is a product of many factors
is compared by its logarithm: standard deviations, gradients, and means of activations that are mostly positive. The
standard errors are estimated from the same seeds, so that deviations follow Student's distribution; each is turned into
the normal deviation that is as improbable. A share of units cannot be known better than that many independent
units tell, nor a correlation better than to 1e-6.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats

from goodinit import theory
from goodinit.initializers import Initializer, generator, initializer
from goodinit.layer import Layer
from goodinit.networks import Network, mlp, workers
from goodinit.signal import trace
from goodinit.theory import Doubt, Prediction

ACTIVATIONS = (
    *("relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign", "tanh", "sigmoid", "hardtanh", "sin"),
)
CELLS = ((128, 10, 24), (128, 100, 24), (512, 100, 16), (2048, 10, 10))  # width, depth, seeds
EXAMPLES, FEATURES, OUTPUTS = 16, 100, 10
BEYOND = 5.0
FIELDS = {  # of `Prediction`, and of `Trace`
    "mean": "mean",
    "std": "std",
    "saturated": "saturated",
    "dead": "dead",
    "correlation": "preactivation_correlation",
    "log_gradient": "gradient_rms",
    "log_weight_gradient": "weight_gradient_rms",
}

Array = np.ndarray
Measured = dict[str, Array]  # by name of a field of `Trace`, shape (seeds, layers)


@dataclass(frozen=True)
class Cell:
    """One network and initializer: deviations of all statistics by layer, NaN where there is nothing to compare."""

    activation: str
    initializer: str
    width: int
    depth: int
    deviations: Measured
    doubts: dict[str, Doubt]

    def doubted(self, name: str) -> Array:
        """Tell, by layer, whether the prediction of a statistic may miss."""
        layer, doubt = np.arange(1, self.depth + 2), self.doubts.get(name)
        return np.zeros(len(layer), bool) if doubt is None else (doubt.first <= layer) & (layer <= doubt.last)


def inputs() -> Array:
    """Return examples that resemble each other, as real ones do: correlation 0.36."""
    rng = np.random.default_rng(11)
    return 0.8 * rng.standard_normal((EXAMPLES, FEATURES)) + 0.6 * rng.standard_normal((1, FEATURES))


def initializers(activation: str) -> dict[str, Initializer]:
    gain = f"lecun_normal(gain={theory.gain(activation):.6f})"
    return {"gain": initializer(gain)} | {
        name: initializer(name) for name in ("lecun_normal", "glorot_uniform", "he_normal")
    }


def prediction(network: Network, init: Initializer) -> Prediction:
    return theory.predict_dense(
        network.sizes,
        network.activation,
        [init.variance(layer) for layer in network.weights],
        weight_kurtosis=-1.2 if "uniform" in init.label else 0.0,
        inputs=theory.inputs_of(inputs()),
    )


def measured(activations: Sequence[str], width: int, depth: int, seeds: int) -> dict[tuple[str, str], Measured]:
    """Measure all initializers of all activations; those that differ by a factor share one draw."""
    found: dict[tuple[str, str], list] = {}
    networks = {name: mlp([FEATURES, *[width] * depth, OUTPUTS], activation=name) for name in activations}
    layers, biases = next(iter(networks.values())).weights, next(iter(networks.values())).biases
    zeros = {layer.name: np.zeros(layer.shape) for layer in biases}
    for first in range(0, seeds, workers()):
        part = range(first, min(first + workers(), seeds))
        drawn = {
            family: [_draw(layers, family, seed) for seed in part] for family in ("lecun_normal", "glorot_uniform")
        }
        for name, network in networks.items():
            for label, init in initializers(name).items():
                family = "glorot_uniform" if "uniform" in label else "lecun_normal"
                factors = {
                    one.name: math.sqrt(init.variance(one) / initializer(family).variance(one)) for one in layers
                }
                parameters = [{key: w * factors[key] for key, w in one.items()} | zeros for one in drawn[family]]
                seen = trace(network, parameters, inputs(), seeds=list(part), precision="float64")
                found.setdefault((name, label), []).append(seen)
    return {
        key: {field: np.concatenate([getattr(one, field) for one in parts]) for field in FIELDS.values()}
        for key, parts in found.items()
    }


def _draw(layers: Sequence[Layer], family: str, seed: int) -> Mapping[str, Array]:
    return {layer.name: initializer(family)(layer, generator(seed, layer.name)) for layer in layers}


@np.errstate(all="ignore")  # NaN where a layer has no such statistic
def deviations(seen: Measured, at: Prediction, width: int) -> Measured:
    """Return how far the means over seeds are from the prediction, by name of the field of `Prediction`."""
    out = {}
    for name, field in FIELDS.items():
        values = seen[field]
        seeds, layers = values.shape
        if name in ("saturated", "dead"):
            share = getattr(at, name)
            centre = np.full(layers, math.nan) if share is None else np.append(share, math.nan)[:layers]
            out[name] = _deviation(values, centre, np.sqrt(centre * (1 - centre) / (seeds * width)))
        elif name == "correlation":
            out[name] = _deviation(values, at.correlation, np.full(layers, 1e-6))
        elif name == "mean":
            positive = at.mean > at.absolute / 2
            spread = np.log1p((at.mean_spread / at.mean) ** 2)
            by_log = _deviation(np.log(values), np.log(at.mean) - spread / 2)
            out[name] = np.where(positive & np.isfinite(by_log), by_log, _deviation(values, at.mean))
        elif name == "std":
            out[name] = _deviation(np.log(values), np.log(at.std) - at.std_spread**2 / 2)
        else:  # of what is log-normal with spread s, the root of the mean square is exp(s^2) times the median
            spread = at.gradient_spread if name == "log_gradient" else at.weight_gradient_spread
            out[name] = _deviation(np.log(values), getattr(at, name) - spread**2)
    return out


def _deviation(values: Array, centre: Array, least: Array | float = 0.0) -> Array:
    """Return the normal deviation that is as improbable as Student's t of the mean over the first axis."""
    seeds = len(values)
    error = np.hypot(values.std(axis=0, ddof=1) / math.sqrt(seeds), least)
    off = values.mean(axis=0) - centre
    t = np.where(np.abs(off) <= 1e-9 * np.abs(centre), 0, off / error)
    return np.sign(t) * scipy.stats.norm.isf(np.exp(scipy.stats.t.logsf(np.abs(t), seeds - 1)))


def compared(activations: Sequence[str], width: int, depth: int, seeds: int) -> list[Cell]:
    cells = []
    for (name, label), seen in measured(activations, width, depth, seeds).items():
        network = mlp([FEATURES, *[width] * depth, OUTPUTS], activation=name)
        at = prediction(network, initializers(name)[label])
        cells.append(Cell(name, label, width, depth, deviations(seen, at, width), at.doubts))
    return cells


def worst(cells: Sequence[Cell], name: str) -> str:
    """Write the largest deviation where there is no doubt."""
    each = [np.abs(cell.deviations[name][~cell.doubted(name)]) for cell in cells]
    every = np.concatenate(each)
    return f"{np.nanmax(every):.1f}" if np.isfinite(every).any() else ""


def misses(cells: Sequence[Cell]) -> list[tuple[Cell, str, Array]]:
    """Return cell, statistic and layers (from 0 on) of all that is further away than 5 standard errors."""
    found = [(cell, name, np.flatnonzero(np.abs(z) > BEYOND)) for cell in cells for name, z in cell.deviations.items()]
    return [one for one in found if len(one[2])]


def report(cells: Sequence[Cell]) -> list[str]:
    activations = list(dict.fromkeys(cell.activation for cell in cells))
    lines = [f"| | {' | '.join(name.removeprefix('log_').replace('_', ' ') for name in FIELDS)} |"]
    lines += [f"|---|{'---:|' * len(FIELDS)}"]
    for activation in activations:
        own = [cell for cell in cells if cell.activation == activation]
        lines.append(f"| {activation} | {' | '.join(worst(own, name) for name in FIELDS)} |")
    pairs = [(np.isfinite(cell.deviations[name]), cell.doubted(name)) for cell in cells for name in FIELDS]
    count = sum(int(seen.sum()) for seen, _ in pairs)
    doubted = sum(int((seen & doubt).sum()) for seen, doubt in pairs)
    off = misses(cells)
    bare = sum(int((~cell.doubted(name)[layers]).sum()) for cell, name, layers in off)
    lines += ["", f"- {count:,} comparisons; doubts are raised for {doubted / count:.1%} of them"]
    lines += [f"- beyond {BEYOND:g} without a doubt: {bare} of them: {'met' if bare == 0 else '**missed**'}"]
    for cell, name, layers in off:
        largest = float(np.nanmax(np.abs(cell.deviations[name])))
        where = f"{cell.activation}, {cell.initializer}, {cell.depth} layers of {cell.width}"
        why = cell.doubts[name].why if name in cell.doubts else "**no doubt was raised**"
        what = name.removeprefix("log_").replace("_", " ")
        span = f"{len(layers)} layers from {layers[0] + 1} to {layers[-1] + 1}, at most {largest:.1f}"
        lines.append(f"- {where}: {what}, {span}: {why}")
    return lines


def main() -> None:
    cells: list[Cell] = []
    for width, depth, seeds in CELLS:
        cells += compared(ACTIVATIONS, width, depth, seeds)
        print(f"{width} x {depth} done", file=sys.stderr)
    print("\n".join(report(cells)))


if __name__ == "__main__":
    main()
