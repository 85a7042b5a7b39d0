"""One pass forward and one backward of one network on one block of examples, layer by layer.

Layers of one shape that follow each other are a run, and a run is one loop: the time to compile does not grow with
depth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from goodinit.networks import Network
from goodinit.networks.dense import XP
from goodinit.signal.bins import limits
from goodinit.signal.moments import Moments
from goodinit.signal.outline import LINEAR, Outline, outline
from goodinit.signal.sums import Ahead, Back, Sums, usable, watch, watch_back

Array = jax.Array


class Affine(NamedTuple):
    """Weights (outputs, inputs) and biases (outputs,); of a run with the layers on a new first axis."""

    weight: Array
    bias: Array


@dataclass(frozen=True)
class Run:
    """Layers of one shape that follow each other.

    Parameters
    ----------
    layers : range
        Which of the network's layers.
    inputs : int
        Of each of them.
    formula : callable
        The elementwise function behind each of them.
    shape : Outline
        Of that function.
    """

    layers: range
    inputs: int
    formula: Callable[[Array], Array]
    shape: Outline


def runs(network: Network) -> list[Run]:
    """Return the runs of a network; its first layer is one of its own, as no gradient is sent to the inputs."""

    def kind(at: int) -> tuple[object, ...]:
        weight = network.weights[at]
        return weight.shape, weight.role, at == 0

    hidden = outline(network.activation)
    found = []
    for (_, role, _), group in groupby(range(len(network.weights)), kind):
        several = list(group)
        of = _identity if role == "output" else lambda z: network.activation.formula(z, XP).astype(z.dtype)
        layers = range(several[0], several[-1] + 1)
        found.append(Run(layers, network.sizes[several[0]], of, LINEAR if role == "output" else hidden))
    return found


def _identity(z: Array) -> Array:
    return z


def _over(one: Callable[..., Any], carry: Any, layers: Any, reverse: bool = False) -> tuple[Any, Any]:
    """Go through the layers of a run; a single one may have as many outputs as it likes."""
    if len(jax.tree.leaves(layers)[0]) > 1:
        return jax.lax.scan(one, carry, layers, reverse=reverse)
    carry, found = one(carry, jax.tree.map(lambda x: x[0], layers))
    return carry, jax.tree.map(lambda x: x[None], found)


class Kept(NamedTuple):
    """What the backward pass needs of a layer: what went into it, and its slope f'(z)."""

    inputs: Array
    slope: Array


class Seen(NamedTuple):
    """What the forward pass found out about a layer."""

    activation: Moments
    steepest: Array
    ahead: Ahead


def forward(run: Run, layer: Affine, a: Array) -> tuple[Array, Array, Array]:
    """Return z_l = W_l a_(l-1) + b_l, a_l = f(z_l) and f'(z_l) of one layer; where z is NaN, so is f(z)."""
    z = a @ layer.weight.T + layer.bias
    after, slope = jax.jvp(run.formula, (z,), (jnp.ones_like(z),))
    return z, jnp.where(jnp.isnan(z), z, after), slope  # relu, which compares, would make it 0


def reference(run: Run, stack: Affine, a: Array) -> tuple[Array, Array]:
    """Return the activations behind a run, and the ends of its layers' histograms, from a few examples."""

    def one(a: Array, layer: Affine) -> tuple[Array, Array]:
        _, after, _ = forward(run, layer, a)
        return after, limits(run.shape, jnp.sqrt(jnp.mean(after.astype(jnp.float64) ** 2)))

    behind, ends = _over(one, a, stack)
    return behind, ends


class Flow(NamedTuple):
    """What goes from layer to layer: a forward, dL/da backward (examples, units), and about its root mean square."""

    values: Array
    size: Array


def flow(values: Array) -> Flow:
    """Return what enters a pass, with its size."""
    return Flow(values, usable(jnp.sqrt(jnp.mean(values.astype(jnp.float64) ** 2))))


def ahead(run: Run, stack: Affine, ends: Array, random: Array, inputs: Flow) -> tuple[Flow, tuple[Kept, Seen]]:
    """Return the activations behind a run, and what was kept and seen in its layers."""

    def one(before: Flow, given: tuple[Affine, Array]) -> tuple[Flow, tuple[Kept, Seen]]:
        (a, size), (layer, limit) = before, given
        z, after, slope = forward(run, layer, a)
        moments, added, size = watch(z, after, limit, size, random)
        return Flow(after, size), (Kept(a, slope), Seen(moments, jnp.max(jnp.abs(slope), axis=0), added))

    behind, found = _over(one, inputs, (stack, ends))
    return behind, found


def back(
    stack: Affine, kept: Kept, seen: Seen, gradient: Flow, weights: Array, lowest: bool
) -> tuple[Flow, Array, Sums]:
    """Return what goes on to the run below, the weight gradients with these examples added, and the layers' sums.

    delta_l = dL/da_l * f'(z_l), dL/dW_l = delta_l a_(l-1)^T, dL/da_(l-1) = W_l^T delta_l. Weight gradients are
    added up in place: for 10 layers of 500 a second copy of them would double the time that memory takes.
    """

    def one(carried: tuple[Flow, Array], given: tuple[Array, Affine, Kept]) -> tuple[tuple[Flow, Array], Back]:
        ((gradient, size), weights), (at, layer, (inputs, slope)) = carried, given
        delta = gradient * slope
        added = jax.lax.dynamic_index_in_dim(weights, at, keepdims=False) + delta.T @ inputs
        weights = jax.lax.dynamic_update_index_in_dim(weights, added, at, 0)
        found, size = watch_back(gradient, delta, size)
        return (Flow(gradient if lowest else delta @ layer.weight, size), weights), found

    layers = jnp.arange(len(stack.weight))
    (below, weights), sums = _over(one, (gradient, weights), (layers, stack, kept), reverse=True)
    return below, weights, Sums(*seen, sums)
