"""What the texts of a study mean, and what objects that a user gives are called in it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from goodinit.activations import Activation
from goodinit.datasets import Data
from goodinit.errors import InputError
from goodinit.initializers import Initializer, generator, initializer
from goodinit.networks import XP, Network, arithmetic, parse_sizes
from goodinit.study.fields import ARRAYS, PYTHON

What = str | Initializer | Callable[..., Any]


def parameters(network: Network, weight: Initializer, bias: Initializer, seed: int) -> dict[str, NDArray[np.float64]]:
    """Draw all tensors of a network, each from the seed and its own name."""
    drawn = {layer.name: weight(layer, generator(seed, layer.name)) for layer in network.weights}
    return drawn | {layer.name: bias(layer, generator(seed, layer.name)) for layer in network.biases}


def own(names: Sequence[str]) -> list[str]:
    """Return the names that stand for objects given in Python, which no text can make."""
    return [name for name in names if name.startswith(PYTHON) or name == ARRAYS]


def program_digest(activation: Activation) -> str:
    """Return a digest of what a function of the user's own and its derivative compute, constants included."""
    with arithmetic("float64"):
        traced = jax.make_jaxpr(jax.value_and_grad(lambda z: activation.formula(z, XP)))(1.0)
    digest = hashlib.sha256(str(traced.jaxpr).encode())
    for constant in traced.consts:
        digest.update(np.asarray(constant).tobytes())
    return digest.hexdigest()


def text_of(what: Initializer) -> str:
    """Return the text that makes an initializer again, or a name that says that none can."""
    try:
        made = initializer(what.label)
    except InputError:
        return what.label if what.label.startswith(PYTHON) else f"{PYTHON}{what.label}"
    return what.label if made.label == what.label and what.variance is not None else f"{PYTHON}{what.label}"


def labelled(initializers: What | Sequence[What] | Mapping[Any, What]) -> dict[str, Initializer]:
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


def sizes(text: str, data: Data) -> list[int]:
    """Return the widths that a network's text means for some data."""
    widths = parse_sizes(text)
    ends = {0: data.inputs, len(widths) - 1: data.outputs}
    return [ends[at] if size is None else size for at, size in enumerate(widths)]


def misfits(network: Network, data: Data) -> Iterator[tuple[str, str]]:
    """Yield what does not fit between a network and the data that it is to be trained on, with the field's name."""
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
