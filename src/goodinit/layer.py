"""The vocabulary: what an initializer is told about the weight that it fills."""

import math
from dataclasses import dataclass, replace

MODES = ("fan_in", "fan_out", "fan_avg", "fan_geom")


@dataclass(frozen=True)
class Layer:
    """One weight of a network. Knows no framework.

    Parameters
    ----------
    name : str
        Name of the tensor, unique in its network; it seeds the tensor's random draw.
    kind : str
        ``dense``, ``conv``, ``transposed conv``, ``recurrent``, ``attention``, ``bilinear``, ``embedding``, ``scale``
        (of a normalization), ``bias`` or ``other``.
    shape : tuple of int
        ``(fan-out axis, fan-in axis, *kernel)``; of a transposed convolution ``(fan-in axis, fan-out axis, *kernel)``,
        of a bias ``(fan-out axis,)``.
    fan_in, fan_out : float
        How many inputs one output sums, and how many outputs one input feeds; with strides a mean. A bias carries the
        fans of its weight. Both are 0 where nothing is known about them.
    activation : str
        Name of the activation that follows.
    role : str
        ``hidden`` or ``output``.
    groups : int
        A convolution's groups, between which nothing is connected.
    blocks : int
        How many matrices are stacked along the first axis: the gates of a recurrent cell, packed query, key and value.
        The fans are those of one.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    fan_in: float
    fan_out: float
    activation: str = "linear"
    role: str = "hidden"
    groups: int = 1
    blocks: int = 1

    def fan(self, mode: str) -> float:
        """Return the fan that a mode names.

        ``fan_avg`` is the arithmetic mean of both fans (Glorot & Bengio 2010), ``fan_geom`` the geometric.
        """
        return {
            "fan_in": float(self.fan_in),
            "fan_out": float(self.fan_out),
            "fan_avg": (self.fan_in + self.fan_out) / 2,
            "fan_geom": math.sqrt(self.fan_in * self.fan_out),
        }[mode]


def dense(name: str, inputs: int, outputs: int, *, activation: str = "linear", role: str = "hidden") -> Layer:
    """Return the weight of a dense layer, shape (outputs, inputs)."""
    return Layer(name, "dense", (outputs, inputs), inputs, outputs, activation, role)


def conv(name: str, inputs: int, outputs: int, kernel: tuple[int, ...], *, groups: int = 1) -> Layer:
    """Return the kernel of a convolution, shape (outputs, inputs / groups, *kernel).

    Each output sums inputs / groups channels over the kernel, each input feeds outputs / groups.
    """
    taps = math.prod(kernel)
    shape = (outputs, inputs // groups, *kernel)
    return Layer(name, "conv", shape, inputs // groups * taps, outputs // groups * taps, groups=groups)


def transposed_conv(
    name: str, inputs: int, outputs: int, kernel: tuple[int, ...], *, stride: tuple[int, ...] = (), groups: int = 1
) -> Layer:
    """Return the kernel of a transposed convolution, shape (inputs, outputs / groups, *kernel).

    Each input feeds all taps; an output meets one tap in prod(stride), in the mean over positions.
    """
    taps = math.prod(kernel)
    fan_in = inputs // groups * taps / math.prod(stride)
    shape = (inputs, outputs // groups, *kernel)
    return Layer(name, "transposed conv", shape, fan_in, outputs // groups * taps, groups=groups)


def packed(name: str, kind: str, inputs: int, outputs: int, blocks: int) -> Layer:
    """Return `blocks` dense matrices stacked along the first axis, shape (blocks * outputs, inputs), fans of one."""
    return Layer(name, kind, (blocks * outputs, inputs), inputs, outputs, blocks=blocks)


def embedding(name: str, rows: int, width: int) -> Layer:
    """Return a table of rows, shape (rows, width); one row is picked, nothing is summed: fan-in 1."""
    return Layer(name, "embedding", (rows, width), 1, width)


def scale(name: str, shape: tuple[int, ...]) -> Layer:
    """Return the factors of a normalization, one for each unit: fans 1."""
    return Layer(name, "scale", shape, 1, 1)


def bias(name: str, weight: Layer) -> Layer:
    """Return the bias that belongs to `weight`, shape (outputs,), with the fans of the weight."""
    outputs = weight.shape[1] * weight.groups if weight.kind == "transposed conv" else weight.shape[0]
    return replace(weight, name=name, kind="bias", shape=(outputs,))
