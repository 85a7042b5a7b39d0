"""An observation with what rules ask of it: look-ups, chains of layers, and expected sizes."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goodinit import theory
from goodinit.activations import ACTIVATIONS
from goodinit.diagnosis.thresholds import Threshold
from goodinit.errors import InputError
from goodinit.frameworks.observation import NORMALIZED, OUTPUT, SUM, Link, Observation, Seen, Values

PLAIN = ("dense", "conv")


@dataclass(frozen=True)
class View:
    """What rules look at.

    Parameters
    ----------
    seen : Observation
    bounds : dict of str to Threshold
    """

    seen: Observation
    bounds: dict[str, Threshold]

    @functools.cached_property
    def layer(self) -> dict[str, Seen]:
        """Return the layers by path."""
        return {one.path: one for one in self.seen.layers}

    @functools.cached_property
    def values(self) -> dict[str, Values]:
        """Return the parameters by path."""
        return {one.path: one for one in self.seen.values}

    def weight(self, layer: Seen) -> Values | None:
        """Return the values of a layer's weight."""
        return self.values.get(layer.weight) if layer.weight else None

    def weighted(self) -> Iterator[tuple[Seen, Values]]:
        """Give the layers that sum over inputs, with their weights."""
        for layer in self.seen.layers:
            weight = self.weight(layer)
            if weight is not None and layer.kind in (*PLAIN, "attention", "recurrent", "other"):
                yield layer, weight

    def is_output(self, layer: Seen) -> bool:
        """Whether nothing but the result follows."""
        return OUTPUT in layer.follows or not layer.follows

    def is_end(self, layer: Seen) -> bool:
        """Whether a layer ends a residual branch."""
        return SUM in layer.follows

    def is_normalized(self, layer: Seen) -> bool:
        """Whether a normalization follows, so that the size of the output is of no matter."""
        return NORMALIZED in layer.follows

    def is_first(self, layer: Seen) -> bool:
        """Whether a layer reads the inputs of the model."""
        return layer.path in self.seen.firsts

    def unfit_inputs(self) -> tuple[str, ...]:
        """Return the layers that read the model's inputs and find NaN or infinity there."""
        read = [self.layer[path] for path in self.seen.firsts if self.layer[path].kind != "embedding"]
        return tuple(one.path for one in read if not (math.isfinite(one.input_rms) or one.finite))

    def zero_inputs(self) -> tuple[str, ...]:
        """Return the layers that read the model's inputs if all of them find nothing but 0."""
        read = [self.layer[path] for path in self.seen.firsts]
        return tuple(one.path for one in read) if all(one.input_rms == 0 for one in read) else ()

    def activation(self, layer: Seen) -> str | None:
        """Return the activation that follows, if it is one of goodinit's."""
        return next((one for one in layer.follows if one in ACTIVATIONS), None)

    def gain(self, layer: Seen) -> float:
        """Return the gain that keeps the signal's size through what follows; 1 where no activation does."""
        return _gain(self.activation(layer))

    def expected_std(self, layer: Seen) -> float | None:
        """Return the deviation of weights that keeps the signal's size: gain / sqrt(fan_in)."""
        return self.gain(layer) / math.sqrt(layer.fan_in) if layer.fan_in > 0 and layer.kind in PLAIN else None

    def expected_rms(self, layer: Seen) -> tuple[float, float] | None:
        """Return the size of the outputs that independent weights of this deviation give, with a 99.9999 % interval.

        E z^2 = fan_in var(w) E x^2 + E b^2. Over networks its logarithm scatters by sqrt(2 / units), the units
        of one network being independent given their inputs.
        """
        weight = self.weight(layer)
        if weight is None or layer.kind not in PLAIN or not layer.fan_in or math.isnan(layer.input_rms):
            return None
        bias = self.values.get(layer.bias) if layer.bias else None
        product = math.sqrt(layer.fan_in) * math.hypot(weight.std, weight.mean) * layer.input_rms
        centre = math.hypot(product, *(() if bias is None else (bias.std, bias.mean)))
        spread = 5 * math.sqrt(2 / max(weight.shape[0], 1)) / 2
        return centre * math.exp(-spread), centre * math.exp(spread)

    def chains(self, normalized: bool) -> list[list[Seen]]:
        """Return the runs of at least two layers of which each feeds the next and nothing else.

        Parameters
        ----------
        normalized : bool
            Whether they may pass normalizations; the gradient does so unharmed, the signal starts anew.
        """
        kinds = (*PLAIN, "norm", "scale") if normalized else PLAIN
        following: dict[str, str] = {}
        for link in self.seen.links:
            if link.alone and self._joins(link, kinds) and (normalized or not link.normalized):
                following[link.source] = link.sink
        begins = [path for path in following if path not in following.values()]
        return [[self.layer[path] for path in _run(begin, following)] for begin in begins]

    def _joins(self, link: Link, kinds: Sequence[str]) -> bool:
        both = (self.layer[link.source], self.layer[link.sink])
        return all(one.kind in kinds and one.calls == 1 for one in both)


@functools.cache
def _gain(name: str | None) -> float:
    try:
        return theory.gain(name) if name else 1.0
    except InputError:
        return 1.0


def _run(begin: str, following: dict[str, str]) -> list[str]:
    out = [begin]
    while out[-1] in following:
        out.append(following[out[-1]])
    return out
