"""The vocabulary: what an initializer is told about the weight that it fills."""

import math
from dataclasses import dataclass

MODES = ("fan_in", "fan_out", "fan_avg", "fan_geom")


@dataclass(frozen=True)
class Layer:
    """One weight of a network. Knows no framework.

    Parameters
    ----------
    name : str
        Name of the tensor, unique in its network; it seeds the tensor's random draw.
    kind : str
        ``dense`` or ``bias``.
    shape : tuple of int
        ``(fan-out axis, fan-in axis, *kernel)``; of a bias ``(fan-out axis,)``.
    fan_in, fan_out : int
        How many inputs one output sums, and how many outputs one input feeds. A bias carries the fans of
        its weight.
    activation : str
        Name of the activation that follows.
    role : str
        ``hidden`` or ``output``.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    fan_in: int
    fan_out: int
    activation: str = "linear"
    role: str = "hidden"

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


def bias(name: str, weight: Layer) -> Layer:
    """Return the bias that belongs to `weight`, shape (outputs,), with the fans of the weight."""
    return Layer(name, "bias", weight.shape[:1], weight.fan_in, weight.fan_out, weight.activation, weight.role)
