"""A study together with the objects that its texts mean, and what makes two studies the same."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goodinit.datasets import Data, load
from goodinit.errors import InputError
from goodinit.initializers import Initializer, initializer
from goodinit.networks import Network, mlp
from goodinit.spelling import nearest
from goodinit.study.fields import PYTHON
from goodinit.study.objects import What, labelled, misfits, own, parameters, program_digest, sizes, text_of
from goodinit.study.spec import Study
from goodinit.train import Start, Training


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
        drawn = parameters(self.training.network, self.initializers[label], self.bias, seed)
        return Start(drawn, learning_rate, seed)

    def identity(self) -> dict[str, str]:
        """Return what two studies must share to be the same one, so that they may share a folder.

        Initializers, seeds and learning rates are left out: by these a study may be extended. Data count by what
        they hold, an activation of the user's own by what it and its derivative compute.
        """
        network = self.training.network
        kept = {key: value for key, value in self.study if key not in ("init", "seeds", "learning_rate")}
        kept |= {"kind": "comparison", "network": str(network), "record_every": self.record_every}
        kept["data contents"] = self.data.digest()
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
    network = mlp(sizes(study.network, data), activation=study.activation, dropout=study.dropout)
    inits = {label: initializer(text) for label, text in study.init.items()}
    return assemble(study, network, data, inits, initializer(study.bias))


def assemble(study: Study, network: Network, data: Data, inits: dict[str, Initializer], bias: Initializer) -> Problem:
    """Return the problem, or raise InputError if the network does not fit the data or a penalty no layer."""
    study.refuse([*misfits(network, data), *_strangers(study, network)])
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
        network = mlp(sizes(network, held))
    if not isinstance(network, Network):
        raise InputError(f"network must be a text or goodinit.networks.mlp(...), got {type(network).__name__}")
    inits, offset = labelled(initializers), initializer(bias)
    texts = {label: text_of(what) for label, what in inits.items()}
    study = Study.of(
        {
            "data": held.source,
            "network": str(network),
            "activation": network.activation.name,
            "dropout": network.dropout,
            "init": texts,
            "bias": text_of(offset),
            **settings,
        },
        own=own([held.source, network.activation.name, text_of(offset), *texts.values()]),
    )
    return assemble(study, network, held, inits, offset)


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
