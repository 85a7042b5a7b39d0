"""A signal study together with the objects that its texts mean, and what makes two of them the same."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goodinit.datasets import Data, load
from goodinit.errors import InputError
from goodinit.initializers import Initializer, initializer
from goodinit.networks import Network, mlp, parse_sizes
from goodinit.study.fields import PYTHON
from goodinit.study.objects import What, labelled, misfits, own, program_digest, sizes, text_of
from goodinit.study.signal.inputs import Batch, made, made_up, taken
from goodinit.study.signal.spec import SignalStudy


@dataclass(frozen=True)
class SignalProblem:
    """A signal study and what its texts mean.

    Parameters
    ----------
    study : SignalStudy
    network : Network
        Without readout where the inputs are made up.
    batch : Batch
    initializers : dict of str to Initializer
        By label, in the order of the study.
    bias : Initializer
    """

    study: SignalStudy
    network: Network
    batch: Batch
    initializers: dict[str, Initializer]
    bias: Initializer

    def identity(self) -> dict[str, str]:
        """Return what two signal studies must share to be the same one; initializers and seeds may be added to it."""
        kept = {key: value for key, value in self.study if key not in ("init", "seeds")}
        kept |= {"kind": "signal", "network": str(self.network), "data contents": _digest(self.batch)}
        if self.network.activation.name.startswith(PYTHON):
            kept["activation program"] = program_digest(self.network.activation)
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in kept.items()}


def resolve(study: SignalStudy) -> SignalProblem:
    """Return the objects that the texts of a study mean; loads the data.

    Raises
    ------
    InputError
        If the data cannot be loaded, or the network does not fit it.
    """
    try:
        source = study.data if made_up(study.data) else load(study.data)
        network = _network(study.network, study.activation, source)
    except InputError as error:
        study.refuse(("data" if not made_up(study.data) else "network", problem) for problem in error.problems)
        raise
    if isinstance(source, Data):
        study = study.changed({"data": source.source})  # with the whole path, so that it runs from any folder
    inits = {label: initializer(text) for label, text in study.init.items()}
    return _assemble(study, network, source, inits, initializer(study.bias))


def from_objects(
    network: str | Network,
    data: str | Data,
    initializers: What | Sequence[What] | Mapping[Any, What],
    bias: What,
    activation: Any,
    settings: Mapping[str, Any],
) -> SignalProblem:
    """Return the problem that a call from Python means; see `goodinit.measure`."""
    source: str | Data = load(data) if isinstance(data, str) and not made_up(data) else data
    if not isinstance(source, str | Data):
        raise InputError(f"data must be a text or one of goodinit.datasets, got {type(source).__name__}")
    net = _network(network, activation, source) if isinstance(network, str) else network
    if not isinstance(net, Network):
        raise InputError(f"network must be a text or goodinit.networks.mlp(...), got {type(net).__name__}")
    inits, offset = labelled(initializers), initializer(bias)
    texts = {label: text_of(what) for label, what in inits.items()}
    name = source if isinstance(source, str) else source.source
    study = SignalStudy.of(
        {
            "data": name,
            "network": str(net),
            "activation": net.activation.name,
            "init": texts,
            "bias": text_of(offset),
            **settings,
        },
        own=own([name, net.activation.name, text_of(offset), *texts.values()]),
    )
    return _assemble(study, net, source, inits, offset)


def _network(text: str, activation: Any, source: str | Data) -> Network:
    if isinstance(source, Data):
        return mlp(sizes(text, source), activation=activation)
    widths = [size for size in parse_sizes(text) if size is not None]
    if len(widths) < len(parse_sizes(text)):
        raise InputError(
            f"network {text!r}: 'auto' takes a width from real data, and {source} has none; give the number"
        )
    return mlp(widths, activation=activation, readout=False)


def _assemble(
    study: SignalStudy, network: Network, source: str | Data, inits: dict[str, Initializer], bias: Initializer
) -> SignalProblem:
    if isinstance(source, Data):
        study.refuse(misfits(network, source))
        batch = taken(source, study.examples)
    else:
        found = made_up(source)
        assert found is not None, "a text that is no data set was checked to be made up"
        if network.readout:
            study.refuse([("network", "made-up inputs have no targets: give mlp(..., readout=False), or real data")])
        batch = made(*found, study.examples, network.sizes[0])
    if not batch.inputs.any():
        study.refuse([("data", f"all inputs of {batch.source} are 0: no signal goes in, so none can be followed")])
    return SignalProblem(study, network, batch, inits, bias)


def _digest(batch: Batch) -> str:
    digest = hashlib.sha256(f"{batch.task}".encode())
    for array in (batch.inputs, batch.targets):
        if array is not None:
            digest.update(f" {array.dtype.str} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
