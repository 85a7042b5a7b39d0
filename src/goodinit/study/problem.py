"""A study together with the objects that its texts mean, and what makes two studies the same."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from goodinit.activations import Activation
from goodinit.datasets import Data, load
from goodinit.errors import InputError
from goodinit.initializers import Initializer, generator, initializer
from goodinit.networks import XP, Network, arithmetic, mlp, parse_sizes
from goodinit.spelling import nearest
from goodinit.study.fields import ARRAYS, PYTHON
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

        Initializers, seeds and learning rates are left out: by these a study may be extended. Data count by what
        they hold, an activation of the user's own by what it and its derivative compute.
        """
        network = self.training.network
        kept = {key: value for key, value in self.study if key not in ("init", "seeds", "learning_rate")}
        kept |= {"network": str(network), "record_every": self.record_every, "data contents": self.data.digest()}
        if network.activation.name.startswith(PYTHON):
            kept["activation program"] = program_digest(network.activation)
        written = {key: value if isinstance(value, str) else json.dumps(value) for key, value in kept.items()}
        return {key: value for key, value in written.items() if value != "null"}


def resolve(study: Study) -> Problem:
    """Return the objects that the texts of a study mean; loads the data.

    Raises
    ------
    InputError
        If the data cannot be loaded, or network or penalties do not fit it; all of these at once.
    """
    try:
        data = load(study.data)
    except InputError as error:
        study.refuse(("data", problem) for problem in error.problems)
        raise
    study = study.changed({"data": data.source})  # with the whole path, so that it runs from any folder
    network = mlp(_sizes(study.network, data), activation=study.activation, dropout=study.dropout)
    inits = {label: initializer(text) for label, text in study.init.items()}
    return assemble(study, network, data, inits, initializer(study.bias))


def assemble(study: Study, network: Network, data: Data, inits: dict[str, Initializer], bias: Initializer) -> Problem:
    """Return the problem, or raise InputError if the network does not fit the data or a penalty no layer."""
    study.refuse([*_misfits(network, data), *_strangers(study, network)])
    training = Training(
        network,
        data.task,
        optimizer=study.optimizer,
        batch_size=study.batch_size if (study.batch_size or 0) < len(data.train_targets) else None,
        l1=_by_layer(study.l1, network),
        l2=_by_layer(study.l2, network),
        precision=study.precision,
        gradients=study.record == "gradients",
    )
    return Problem(study, data, training, inits, bias)


def from_objects(
    network: str | Network,
    data: str | Data,
    initializers: What | Sequence[What] | Mapping[Any, What],
    bias: What,
    settings: Mapping[str, Any],
) -> Problem:
    """Return the problem that a call from Python means; see `goodinit.compare`."""
    held = load(data) if isinstance(data, str) else data
    if not isinstance(held, Data):
        raise InputError(
            f"data must be a text or one of goodinit.datasets, got {type(held).__name__}; see datasets.arrays"
        )
    if isinstance(network, str):
        network = mlp(_sizes(network, held))
    if not isinstance(network, Network):
        raise InputError(f"network must be a text or goodinit.networks.mlp(...), got {type(network).__name__}")
    inits, offset = _labelled(initializers), initializer(bias)
    texts = {label: _text_of(what) for label, what in inits.items()}
    study = Study.of(
        {
            "data": held.source,
            "network": str(network),
            "activation": network.activation.name,
            "dropout": network.dropout,
            "init": texts,
            "bias": _text_of(offset),
            **settings,
        },
        own=[
            name
            for name in (held.source, network.activation.name, _text_of(offset), *texts.values())
            if name.startswith(PYTHON) or name == ARRAYS
        ],
    )
    return assemble(study, network, held, inits, offset)


def program_digest(activation: Activation) -> str:
    """Return a digest of what a function of the user's own and its derivative compute, constants included."""
    with arithmetic("float64"):
        traced = jax.make_jaxpr(jax.value_and_grad(lambda z: activation.formula(z, XP)))(1.0)
    digest = hashlib.sha256(str(traced.jaxpr).encode())
    for constant in traced.consts:
        digest.update(np.asarray(constant).tobytes())
    return digest.hexdigest()


def _text_of(what: Initializer) -> str:
    """Return the text that makes an initializer again, or a name that says that none can."""
    try:
        made = initializer(what.label)
    except InputError:
        return what.label if what.label.startswith(PYTHON) else f"{PYTHON}{what.label}"
    return what.label if made.label == what.label and what.variance is not None else f"{PYTHON}{what.label}"


def _labelled(initializers: What | Sequence[What] | Mapping[Any, What]) -> dict[str, Initializer]:
    """Return initializers by label: the user's, or what each is called."""
    if isinstance(initializers, Mapping):
        pairs = [(str(label), initializer(what)) for label, what in initializers.items()]
    else:
        several = isinstance(initializers, Sequence) and not isinstance(initializers, str)
        each: Sequence[Any] = initializers if several else [initializers]  # type: ignore[assignment]
        made = [initializer(what) for what in each]
        pairs = [(one.label, one) for one in made]
    labels = [label for label, _ in pairs]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise InputError(
            f"two initializers are called {', '.join(twice)}; give different ones, or a mapping with a label for each"
        )
    return dict(pairs)


def _sizes(text: str, data: Data) -> list[int]:
    sizes = parse_sizes(text)
    ends = {0: data.inputs, len(sizes) - 1: data.outputs}
    return [ends[at] if size is None else size for at, size in enumerate(sizes)]


def _misfits(network: Network, data: Data) -> Iterator[tuple[str, str]]:
    inputs, *_, outputs = network.sizes
    if not network.readout:
        yield "network", f"network {network} has no readout, which {data.task} needs"
    if inputs != data.inputs:
        yield (
            "network",
            f"network {network} takes {inputs} inputs, the data {data.source} has {data.inputs}; "
            "begin with 'auto' to take the number from the data",
        )
    if outputs != data.outputs:
        yield (
            "network",
            f"network {network} gives {outputs} outputs, {data.task} with the data {data.source} needs {data.outputs}; "
            "end with 'auto' to take the number from the data",
        )


def _strangers(study: Study, network: Network) -> Iterator[tuple[str, str]]:
    """Yield the layers that a penalty names and the network lacks."""
    for key, given in (("l1", study.l1), ("l2", study.l2)):
        for layer in given if isinstance(given, dict) else ():
            try:
                nearest(layer, _layers(network), f"layer in {key}")
            except InputError as error:
                yield key, str(error)


def _by_layer(given: float | dict[str, float], network: Network) -> tuple[float, ...]:
    return tuple(given.get(layer, 0.0) if isinstance(given, dict) else given for layer in _layers(network))


def _layers(network: Network) -> list[str]:
    return [layer.name.removesuffix(".weight") for layer in network.weights]
