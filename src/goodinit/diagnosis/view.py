"""An observation with what rules ask of it: look-ups, chains of layers, and expected sizes."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goodinit import theory
from goodinit.diagnosis.pointwise import FUNCTIONS, UNKNOWN
from goodinit.diagnosis.thresholds import Threshold
from goodinit.errors import InputError
from goodinit.frameworks.observation import NORMALIZED, OUTPUT, SUM, Link, Observation, Seen, Values

PLAIN = ("dense", "conv")
NEAR = 0.05  # of a deviation: within it advice counts as followed


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
        """Whether a layer reads the inputs of the model, which no weight outside of layers has changed before."""
        return layer.path in self.seen.firsts and layer.path not in self.seen.weighed

    @functools.cached_property
    def unjudged(self) -> dict[str, str]:
        """Return the layers through which neither signal nor gradient is followed, the weights of no layer, and why."""
        out = {}
        for layer in self.seen.layers:
            if layer.kind == "recurrent":
                out[layer.path] = "recurrent"
            elif layer.path in self.seen.repeated and layer.kind != "norm":
                out[layer.path] = f"called {layer.calls} times on what it has made itself"
            elif layer.kind == "other":
                out[layer.path] = f"of the unknown type {layer.type}"
        return out | {one.path: "weights of no layer that was called" for one in self.seen.values if self._stray(one)}

    def _stray(self, values: Values) -> bool:
        """Whether a parameter with two axes or more has a part in the result, but is no layer's weight."""
        if values.moves == "unused" or math.prod(values.shape) == max(values.shape, default=1):
            return False
        owner = self.owner(values)
        return owner is None or (owner.kind in PLAIN and owner.weight not in (None, values.path))

    def owner(self, values: Values) -> Seen | None:
        """Return the layer that holds a parameter, if it was called."""
        path = values.path
        while path and path not in self.layer:
            path = path.rpartition(".")[0]
        return self.layer.get(path)

    def unfit_inputs(self) -> tuple[str, ...]:
        """Return the layers that read the model's inputs and find NaN or infinity there."""
        read = [self.layer[path] for path in self.seen.firsts if self.layer[path].kind != "embedding"]
        return tuple(one.path for one in read if not (math.isfinite(one.input_rms) or one.finite))

    def zero_inputs(self) -> tuple[str, ...]:
        """Return the layers that read the model's inputs if all of them find nothing but 0."""
        read = [self.layer[path] for path in self.seen.firsts]
        return tuple(one.path for one in read) if all(one.input_rms == 0 for one in read) else ()

    def activation(self, layer: Seen) -> str | None:
        """Return the activation that follows, if it is one of which the function is known."""
        return next((one for one in layer.follows if one in FUNCTIONS), None)

    def is_unknown(self, layer: Seen) -> bool:
        """Whether an activation follows of which the function is not known."""
        return self.activation(layer) is None and any(one in UNKNOWN for one in layer.follows)

    def gain(self, layer: Seen) -> float:
        """Return the gain that keeps the signal's size through what follows; 1 where no activation does."""
        return _gain(self.activation(layer))

    def expected_std(self, layer: Seen) -> float | None:
        """Return the deviation of weights that keeps the signal's size, gain / sqrt(fan_in), where that is known."""
        if layer.fan_in <= 0 or layer.kind not in PLAIN or self.is_unknown(layer):
            return None
        return self.gain(layer) / math.sqrt(layer.fan_in)

    def has_gain(self, paths: Sequence[str], gain: float) -> bool:
        """Whether the weights of layers have deviation gain / sqrt(fan_in) already, within 5 %."""
        pairs = [(self.layer[path], self.weight(self.layer[path])) for path in paths]
        sizes = [weight.std * math.sqrt(layer.fan_in) for layer, weight in pairs if weight is not None]
        return bool(sizes) and all(abs(one / gain - 1) < NEAR for one in sizes)

    def expected_rms(self, layer: Seen) -> tuple[float, float] | None:
        """Return the size of the outputs that independent weights of this deviation give, with a 99.9999 % interval.

        E z^2 = fan_in var(w) E x^2 + E b^2. Over networks its logarithm scatters by sqrt(2 / units), the units
        of one network being independent given their inputs.
        """
        weight = self.weight(layer)
        if weight is None or layer.kind not in PLAIN or not layer.fan_in or math.isnan(layer.input_rms):
            return None
        bias = self.values.get(layer.bias) if layer.bias else None
        product = math.sqrt(layer.fan_in) * weight.rms * layer.input_rms
        centre = math.hypot(product, 0.0 if bias is None else bias.rms)
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
        return all(one.kind in kinds and one.path not in self.seen.repeated for one in both)


@functools.cache
def _gain(name: str | None) -> float:
    try:
        return theory.gain(FUNCTIONS[name]) if name else 1.0
    except InputError:
        return 1.0


def _run(begin: str, following: dict[str, str]) -> list[str]:
    out = [begin]
    while out[-1] in following:
        out.append(following[out[-1]])
    return out
