"""Statistics of one forward and one backward pass, by seed and layer."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from goodinit.errors import InputError, one_of, whole
from goodinit.layer import Layer
from goodinit.networks import TASKS, Network, arithmetic, workers
from goodinit.signal.layers import statistics
from goodinit.signal.passes import Affine, Run, runs
from goodinit.signal.program import Examples, Measurement, program

Array = NDArray[Any]
Drawn = Array | Callable[[int], Array]  # one array for all seeds, or what gives each seed its own
Fields = dict[str, Array]

CHUNK = 256  # a block of 500 activations each in float32 stays in a core's cache; larger ones take a tenth longer


@dataclass(frozen=True)
class Trace:
    """What was measured; arrays have shape (seeds, layers) unless it is said otherwise, and are float64.

    A readout counts as a layer whose activation is its logits. With m examples, L the mean of their losses and l_i
    that of one, dL/dW = mean_i dl_i/dW. Forward averages are over all units and examples. A statistic of numbers
    that overflow is inf or NaN, which does not touch the layers before it.

    Parameters
    ----------
    seeds : tuple of int
    examples : int
    mean, std, rms : array
        Of the activations; std about the common mean, dividing by their number.
    kurtosis : array
        E (a - mean)^4 / std^4: 3 for normal, 1 for two equally likely values; NaN if std is 0.
    preactivation_rms : array
    saturated : array
        Share of activations within 5 % of the range from a bound, see `outline`; NaN where none saturates.
    dead : array
        Share of units with |f'(z)| < 1e-6 of the activation's largest slope on every example.
    skewed : array
        Share of units with |P(z > 0) - 1/2| > 0.4 over examples.
    duplicate : array
        Share of units whose z equals that of another unit on every example: random projections agree to 1e-5.
    correlation, preactivation_correlation : array
        Mean over pairs of different examples of the cosine of their activations, and of their pre-activations;
        examples of length 0 are left out, NaN for fewer than two.
    gradient_rms, activation_gradient_rms : array
        Root mean square over units and examples of dl_i/dz and of dl_i/da (m times that of the mean loss).
    weight_gradient_rms, bias_gradient_rms : array
        Root mean square over entries of dL/dW and dL/db.
    neuron_gradients : tuple of array, shape (seeds, units)
        By layer: Euclidean norm of a neuron's row of dL/dW together with its dL/db.
    histogram : array, shape (seeds, layers, bins)
        Share of activations in each bin; the outermost bins take what lies outside.
    edges : array, shape (seeds, layers, bins + 1)
        The activation's bounds in equal steps, or +-4 root mean squares of the first 32 examples; see `bins.limits`.
    """

    seeds: tuple[int, ...]
    examples: int
    mean: Array
    std: Array
    rms: Array
    kurtosis: Array
    preactivation_rms: Array
    saturated: Array
    dead: Array
    skewed: Array
    duplicate: Array
    correlation: Array
    preactivation_correlation: Array
    gradient_rms: Array
    activation_gradient_rms: Array
    weight_gradient_rms: Array
    bias_gradient_rms: Array
    neuron_gradients: tuple[Array, ...]
    histogram: Array
    edges: Array


def trace(
    network: Network,
    parameters: Sequence[Mapping[str, Array]],
    inputs: Drawn,
    *,
    seeds: Sequence[int],
    targets: Drawn | None = None,
    task: str | None = None,
    precision: str = "float32",
    chunk: int = CHUNK,
) -> Trace:
    """Measure a network once for every seed.

    With a task and targets the gradient is that of the mean loss. Otherwise it begins behind the last layer with
    dl_i/da ~ N(0, 1), independent for every unit and example, drawn from the seed: its expected rms is 1 there.

    Parameters
    ----------
    network : Network
        Nothing is dropped.
    parameters : sequence of mapping of str to array
        Weights and biases by tensor name, for every seed.
    inputs : array, shape (examples, features), or callable
        The same for all seeds, or a function of the seed that returns as many examples for each.
    seeds : sequence of int
        What each network is measured with: the random gradients and, if a function is given, the inputs.
    targets : array or callable, optional
        As in `goodinit.datasets.Data`; goes with `task` and a network with readout.
    task : str, optional
        ``binary``, ``multiclass`` or ``regression``.
    precision : str
        ``float32`` or ``float64``. Sums over examples are float64 in either.
    chunk : int
        Examples that pass through the network together at most; memory grows with it and not with the examples.

    Raises
    ------
    InputError
        If numbers or shapes do not go together.
    """
    one_of("precision", precision, ("float32", "float64"))
    _check(network, parameters, seeds, targets, task)
    whole("chunk", chunk, 1)
    along = runs(network)

    def examples(seed: int) -> Examples:
        x = inputs(seed) if callable(inputs) else inputs
        y = targets(seed) if callable(targets) else targets
        return _examples(network, x, y, task, precision)

    with arithmetic("float64"):  # so that sums can be float64; the network's own numbers say what they are
        first = examples(seeds[0])
        count = len(first.inputs)
        measure = program(Measurement(network, task, precision, count, chunk))
    shared = None if callable(inputs) or callable(targets) else first

    def one(at: int) -> list[Fields]:
        with arithmetic("float64"):
            data = shared or examples(seeds[at])
            if len(data.inputs) != count:
                raise InputError(f"every seed must have as many examples, got {count} and {len(data.inputs)}")
            key = jax.random.key(seeds[at], impl="threefry2x32")
            measured = measure(_stacks(network, along, parameters[at], precision), data, key)
            found = zip(along, measured, strict=True)
            return [statistics(run.shape, run.inputs, each, count) for run, each in found]

    with ThreadPoolExecutor(workers()) as pool:
        return _trace(tuple(seeds), count, list(pool.map(one, range(len(seeds)))))


def _trace(seeds: tuple[int, ...], examples: int, found: list[list[Fields]]) -> Trace:
    """Put the statistics of all seeds and runs together."""
    layered = {
        name: np.stack([np.concatenate([run[name] for run in one]) for one in found])
        for name in found[0][0]
        if name != "neuron_gradients"
    }
    rows = [[row for run in one for row in run["neuron_gradients"]] for one in found]
    neurons = tuple(np.stack(layer) for layer in zip(*rows, strict=True))
    return Trace(seeds=seeds, examples=examples, neuron_gradients=neurons, **layered)


def _stacks(network: Network, along: Sequence[Run], parameters: Mapping[str, Array], precision: str) -> list[Affine]:
    """Put the tensors of each run on top of each other."""

    def stack(layers: Sequence[Layer]) -> jax.Array:
        together = np.empty((len(layers), *layers[0].shape), precision)
        for place, layer in zip(together, layers, strict=True):
            if np.shape(parameters[layer.name]) != layer.shape:
                found = np.shape(parameters[layer.name])
                raise InputError(f"{layer.name} must have shape {layer.shape}, got {found}")
            place[...] = parameters[layer.name]
        return jnp.asarray(together)

    cuts = [slice(run.layers.start, run.layers.stop) for run in along]
    return [Affine(stack(network.weights[cut]), stack(network.biases[cut])) for cut in cuts]


def _examples(network: Network, x: Array, y: Array | None, task: str | None, precision: str) -> Examples:
    """Put the examples on the device."""
    given = np.asarray(x, precision)
    if given.ndim != 2 or len(given) == 0 or given.shape[1] != network.sizes[0]:
        raise InputError(f"inputs must have shape (examples, {network.sizes[0]}), got {given.shape}")
    if y is None:
        return Examples(jnp.asarray(given), None)
    answers = np.asarray(y, np.int32 if task == "multiclass" else precision)
    wanted = (len(given), network.sizes[-1]) if task == "regression" else (len(given),)
    if answers.shape != wanted:
        raise InputError(f"targets of a {task} task must have shape {wanted} here, got {answers.shape}")
    return Examples(jnp.asarray(given), jnp.asarray(answers))


def _check(
    network: Network, parameters: Sequence[Any], seeds: Sequence[int], targets: Drawn | None, task: str | None
) -> None:
    if not seeds or len(parameters) != len(seeds):
        raise InputError(f"there must be parameters for every seed, got {len(parameters)} for {len(seeds)} seeds")
    if (task is None) != (targets is None):
        raise InputError(
            "a task and targets go together: give both for the gradient of a loss, neither for a random one"
        )
    if task is not None:
        one_of("task", task, TASKS)
        if not network.readout:
            raise InputError("a loss needs logits: give a network with readout, or leave task and targets out")
