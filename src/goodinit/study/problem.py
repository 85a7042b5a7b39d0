"""A study together with the objects that its texts mean, and what makes two studies the same."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goodinit.activations import Activation
from goodinit.datasets import Data, load
from goodinit.errors import InputError
from goodinit.initializers import Initializer, generator, initializer
from goodinit.networks import Network, mlp, parse_sizes
from goodinit.spelling import nearest
from goodinit.study.spec import Study
from goodinit.train import Start, Training

What = str | Initializer | Callable[..., Any]


@dataclass(frozen=True)
class Problem:
    """A study and what its texts mean.

    Parameters
    ----------
    study : Study
    data : Data
    training : Training
    initializers : dict of str to Initializer
        By label, in the order of the study.
    bias : Initializer
    """

    study: Study
    data: Data
    training: Training
    initializers: dict[str, Initializer]
    bias: Initializer

    @property
    def record_every(self) -> int:
        """Steps between two records."""
        return self.study.record_every or -(-self.study.steps // 100)

    def start(self, label: str, learning_rate: float, seed: int) -> Start:
        """Return where the network of one initializer, rate and seed starts."""
        network, weight = self.training.network, self.initializers[label]
        drawn = {layer.name: weight(layer, generator(seed, layer.name)) for layer in network.weights}
        drawn |= {layer.name: self.bias(layer, generator(seed, layer.name)) for layer in network.biases}
        return Start(drawn, learning_rate, seed)

    def identity(self) -> dict[str, str]:
        """Return what two studies must share to be the same one, so that they may share a folder.

        Initializers, seeds and learning rates are left out: by these a study may be extended. Data and activation
        count by what they hold, not by what they are called.
        """
        network = self.training.network
        grid = np.linspace(-8, 8, 4097)
        shape = hashlib.sha256(np.asarray(network.activation(grid), np.float64).tobytes()).hexdigest()
        kept = {key: value for key, value in self.study if key not in ("init", "seeds", "learning_rate")}
        kept |= {"network": str(network), "record_every": self.record_every}
        written = {key: value if isinstance(value, str) else json.dumps(value) for key, value in kept.items()}
        return written | {"data contents": self.data.digest(), "activation values": shape}


def resolve(study: Study) -> Problem:
    """Return the objects that the texts of a study mean; loads the data."""
    data = load(study.data)
    network = mlp(_sizes(study.network, data), activation=study.activation, dropout=study.dropout)
    inits = {label: initializer(label) for label in study.init}
    return assemble(study, network, data, inits, initializer(study.bias))


def assemble(study: Study, network: Network, data: Data, inits: dict[str, Initializer], bias: Initializer) -> Problem:
    """Return the problem, or raise InputError if the network does not fit the data or a penalty no layer."""
    _check_fit(network, data)
    layers = [layer.name.removesuffix(".weight") for layer in network.weights]
    training = Training(
        network,
        data.task,
        optimizer=study.optimizer,
        batch_size=study.batch_size if (study.batch_size or 0) < len(data.train_targets) else None,
        l1=_by_layer("l1", study.l1, layers),
        l2=_by_layer("l2", study.l2, layers),
        precision=study.precision,
        gradients=study.record == "gradients",
    )
    return Problem(study, data, training, inits, bias)


def from_objects(
    network: str | Network,
    data: str | Data,
    initializers: What | Sequence[What] | Mapping[str, What],
    bias: What,
    settings: Mapping[str, Any],
) -> Problem:
    """Return the problem that a call from Python means; see `goodinit.compare`."""
    held = load(data) if isinstance(data, str) else data
    asked = (
        initializers
        if isinstance(initializers, Mapping | Sequence) and not isinstance(initializers, str)
        else [initializers]
    )
    inits = _labelled(asked)
    offset = initializer(bias)
    if isinstance(network, str):
        network = mlp(_sizes(network, held))
    study = Study.of(
        {
            "data": held.source,
            "network": str(network),
            "activation": network.activation.name,
            "dropout": network.dropout,
            "init": list(inits),
            "bias": offset.label,
            **settings,
        },
        own=_own(held, network.activation, asked, inits, offset),
    )
    return assemble(study, network, held, inits, offset)


def _own(data: Data, between: Activation, asked: Any, inits: dict[str, Initializer], bias: Initializer) -> list[str]:
    """Return the names that no text can make again: arrays, functions, and labels that the user chose."""
    chosen = (
        list(inits)
        if isinstance(asked, Mapping)
        else [label for label, what in zip(inits, asked, strict=True) if not isinstance(what, str)]
    )
    return [data.source, between.name, bias.label, *chosen]


def _labelled(initializers: Sequence[What] | Mapping[str, What]) -> dict[str, Initializer]:
    if isinstance(initializers, Mapping):
        return {str(label): initializer(what) for label, what in initializers.items()}
    made = [initializer(what) for what in initializers]
    labels = [one.label for one in made]
    if twice := {label for label in labels if labels.count(label) > 1}:
        raise InputError(
            f"two initializers are called {', '.join(sorted(twice))}; "
            "give different ones, or a mapping with a label for each"
        )
    return dict(zip(labels, made, strict=True))


def _sizes(text: str, data: Data) -> list[int]:
    sizes = parse_sizes(text)
    ends = {0: data.inputs, len(sizes) - 1: data.outputs}
    return [ends[at] if size is None else size for at, size in enumerate(sizes)]


def _check_fit(network: Network, data: Data) -> None:
    inputs, *_, outputs = network.sizes
    problems = []
    if inputs != data.inputs:
        problems.append(
            f"network {network} takes {inputs} inputs, the data {data.source} has {data.inputs}; "
            "begin with 'auto' to take the number from the data"
        )
    if outputs != data.outputs:
        problems.append(
            f"network {network} gives {outputs} outputs, {data.task} with the data {data.source} needs {data.outputs}; "
            "end with 'auto' to take the number from the data"
        )
    if problems:
        raise InputError(*problems)


def _by_layer(name: str, given: float | dict[str, float], layers: list[str]) -> tuple[float, ...]:
    if not isinstance(given, dict):
        return (given,) * len(layers)
    for layer in given:
        nearest(layer, layers, f"layer in {name}")
    return tuple(given.get(layer, 0.0) for layer in layers)
