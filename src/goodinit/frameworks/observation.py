"""What was seen of a model in one pass forward and one backward, in plain numbers; knows no framework."""

import math
from dataclasses import dataclass

MODEL = "(model)"  # the path of a layer that is the whole model
NORMALIZED, SUM, ATTENTION, OUTPUT = "normalization", "residual sum", "attention", "output"


@dataclass(frozen=True)
class Values:
    """Summary of one parameter tensor.

    Parameters
    ----------
    path : str
        Its name in the state dict.
    shape : tuple of int
    mean, std, largest : float
        Of the entries; `largest` is the maximum of their absolute values.
    unfit : int
        How many entries are NaN or infinite.
    kurtosis : float
        E (w - mean)^4 / variance^2; NaN for a constant tensor.
    twins : float
        Share of units (rows) that equal another one; 0 for fewer than two dimensions.
    same_as : str or None
        Path of an earlier tensor of the same shape with the same values, which is another parameter.
    frozen : bool
        Whether training leaves it as it is.
    gradient : float or None
        Root mean square of the gradient; None where none was computed.
    moves : str
        ``first`` (its gradient is not zero), ``second`` (only after a step of the others), ``never``, ``unused``
        (the result does not depend on it) or ``unknown``.
    """

    path: str
    shape: tuple[int, ...]
    mean: float
    std: float
    largest: float
    unfit: int
    kurtosis: float
    twins: float
    same_as: str | None
    frozen: bool
    gradient: float | None
    moves: str

    @property
    def rms(self) -> float:
        """Return the root mean square of the entries."""
        return math.hypot(self.std, self.mean)

    @property
    def is_off_centre(self) -> bool:
        """Whether the mean is more than half of the deviation."""
        return abs(self.mean) > self.std / 2


@dataclass(frozen=True)
class Seen:
    """One layer: a module with parameters, and what went through it, averaged over its calls.

    Parameters
    ----------
    path, type : str
        Of the module; MODEL if that is the whole model.
    weight, bias : str or None
        Paths of its parameters.
    kind : str
        ``dense``, ``conv``, ``embedding``, ``recurrent``, ``attention``, ``norm``, ``scale`` or ``other``.
    fan_in, fan_out : float
        0 where they mean nothing.
    calls : int
        How often it was called.
    follows : tuple of str
        What its output goes into: names of activations, and NORMALIZED, SUM, ATTENTION, OUTPUT, or names of layers.
    by : str
        Whether that is known by the ``graph`` or by the ``values`` of the next layer's input.
    entries : float
        Output entries for one example.
    input_rms, input_mean, mean, std, rms : float
        Of the inputs and outputs.
    finite : bool
        Whether no output is NaN or infinite.
    unit_rows : int
        How many values of each unit the shares rest on.
    dead, saturated, skewed : float or None
        Shares: of units that are never active, of values in the flat part of the activation, of units nearly all
        of whose values have one sign. None where no activation follows that has such a state.
    correlation : float or None
        Mean cosine between the outputs for two examples.
    gradient_norm, gradient_rms : float or None
        Root mean square over examples of the norm of the gradient with respect to the outputs, and by entry.
    """

    path: str
    type: str
    weight: str | None
    bias: str | None
    kind: str
    fan_in: float
    fan_out: float
    calls: int
    follows: tuple[str, ...]
    by: str
    entries: float
    input_rms: float
    input_mean: float
    mean: float
    std: float
    rms: float
    finite: bool
    unit_rows: int
    dead: float | None
    saturated: float | None
    skewed: float | None
    correlation: float | None
    gradient_norm: float | None
    gradient_rms: float | None


@dataclass(frozen=True)
class Link:
    """A way from the output of one layer to the input of another with no layer and no residual sum between.

    Parameters
    ----------
    source, sink : str
        Paths of layers.
    activation : str or None
        What lies between.
    normalized : bool
        Whether a normalization lies between, one without parameters; one with parameters is a layer.
    pooled : bool
        Whether averages or maxima over positions are taken.
    alone : bool
        Whether nothing else flows into the sink, and the source's output into nothing else.
    """

    source: str
    sink: str
    activation: str | None
    normalized: bool
    pooled: bool
    alone: bool


@dataclass(frozen=True)
class Attention:
    """One attention: mean entropy of its weights over the logarithm of the number of keys, and who feeds it."""

    sources: tuple[str, ...]
    entropy: float
    keys: int


@dataclass(frozen=True)
class Missed:
    """Something that could not be measured.

    Parameters
    ----------
    what, why : str
    layers : tuple of str
    all : bool
        Whether nothing can be said of the model without it.
    """

    what: str
    why: str
    layers: tuple[str, ...] = ()
    all: bool = False


@dataclass(frozen=True)
class Observation:
    """All that was seen; the defaults are those of a model that nothing could be seen of.

    Parameters
    ----------
    model : str
        Name of its class.
    mode : str
        ``train``, ``eval`` or ``mixed``.
    batch, loss : str
        How they were understood.
    examples : int
        Size of the batch.
    layers : tuple of Seen
        In the order in which they were first called.
    values : tuple of Values
        In the order of the state dict.
    firsts : tuple of str
        Layers that read the inputs of the model.
    weighed : tuple of str
        Those of them whose inputs a matrix product outside of any layer has changed before.
    repeated : tuple of str
        Layers that read what they have made themselves in an earlier call.
    links : tuple of Link
    stream : tuple of str
        Layers whose input comes from a residual sum, in order; their `input_rms` is the size of the stream.
    ends : tuple of str
        Layers whose output goes into a residual sum, in order; their gradient is that of the stream.
    attentions : tuple of Attention
    loss_value, prior : float or None
        The loss, and the entropy of the batch's labels.
    output_std : float
        Of the model's main output over its entries.
    classes : int or None
        Of a cross-entropy.
    missed : tuple of Missed
    """

    model: str
    mode: str
    batch: str = ""
    loss: str = ""
    examples: int = 0
    layers: tuple[Seen, ...] = ()
    values: tuple[Values, ...] = ()
    firsts: tuple[str, ...] = ()
    weighed: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    stream: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    attentions: tuple[Attention, ...] = ()
    loss_value: float | None = None
    prior: float | None = None
    output_std: float = math.nan
    classes: int | None = None
    missed: tuple[Missed, ...] = ()
