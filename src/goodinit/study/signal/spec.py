"""`SignalStudy`: what is to be measured and predicted at initialization."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo

from goodinit.errors import whole
from goodinit.study.fields import (
    ActivationName,
    InitializersByLabel,
    InitializerText,
    NetworkText,
    Precision,
    Seeds,
    read_data,
)
from goodinit.study.record import Record
from goodinit.study.signal.inputs import made_up

MOST_EXAMPLES = 10_000_000


def _data(value: Any, info: ValidationInfo) -> str:
    made = made_up(value)
    return made[0] if made else read_data(value, info)


class SignalStudy(Record):
    """What is to be measured. Every field is also a flag of ``goodinit signal`` and a key of a study file.

    Parameters
    ----------
    data : str
        ``normal``, with options in brackets (see `goodinit.study.signal.inputs.normal`): made-up inputs of the
        network's first width, and standard-normal gradients behind its last layer. Or a data set as in
        `goodinit.study.Study`: its training examples, and the gradients of its loss.
    network : str
        Widths, ``784-100x5-10``; ``500x10`` alone is ten layers of 500 on 500 inputs. Without real data every layer is
        followed by the activation; with it the last layer is a linear readout.
    activation : str
        Follows every hidden layer.
    init : dict of str to str
        The initializers, by label; in a file or in `of` also a list, where each is its own label.
    bias : str
        Initializer of the biases.
    seeds : int
        Networks of each initializer; their seeds are 0, 1, 2, ...
    examples : int
        How many inputs are made up, or are taken from the training examples at random if there are more.
    precision : str
        ``float32`` or ``float64``.
    """

    data: Annotated[str, BeforeValidator(_data)] = "normal"
    network: NetworkText = "500x10"
    activation: ActivationName = "tanh"
    init: InitializersByLabel = Field({text: text for text in ("normal(std=0.01)", "normal(std=1)", "lecun_normal")})
    bias: InitializerText = "zeros"
    seeds: Seeds = 32
    examples: Annotated[int, BeforeValidator(lambda value: whole("examples", value, 1, MOST_EXAMPLES))] = 1_000
    precision: Precision = "float32"
