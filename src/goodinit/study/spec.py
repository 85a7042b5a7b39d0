"""`Study`: what is to be compared by training."""

from pydantic import Field

from goodinit.study.fields import (
    L1,
    L2,
    ActivationName,
    BatchSize,
    DataText,
    Dropout,
    InitializersByLabel,
    InitializerText,
    LearningRates,
    NetworkText,
    OptimizerText,
    Precision,
    Recorded,
    RecordEvery,
    Seeds,
    Steps,
)
from goodinit.study.record import Record


class Study(Record):
    """What is to be compared. Every field is also a flag of ``goodinit compare`` and a key of a study file.

    Parameters
    ----------
    data : str
        Data set: ``circles``, ``moons``, ``spirals``, ``digits``, ``csv:FILE``, ``npz:FILE``, ``mnist:DIR``,
        ``cats:DIR``, each with options in brackets.
    network : str
        Widths, ``2-10-5-1``; ``auto`` at either end is taken from the data.
    activation : str
        Follows every hidden layer.
    init : dict of str to str
        The initializers to compare, by label; in a file or in `of` also a list, where each is its own label.
    bias : str
        Initializer of the biases.
    seeds : int
        Networks of each initializer; their seeds are 0, 1, 2, ...
    steps : int
        Updates of each network.
    learning_rate : tuple of float
        Each initializer is trained at each of them and judged at its own best.
    batch_size : int or None
        Examples in a mini-batch; None is the full batch.
    optimizer : str
    l1, l2 : float or mapping of layer name to float
        The loss gains l1 sum |w| + l2 / 2 sum w^2, over all weights or those of the layers named.
    dropout : float
        Share of hidden activations dropped in training.
    precision : str
        ``float32`` or ``float64``.
    record_every : int or None
        Steps between two records of losses; None is a hundredth of the steps.
    record : str or None
        ``gradients`` records the sizes of gradients and updates beside the losses.
    """

    data: DataText = "circles"
    network: NetworkText = "auto-10-5-auto"
    activation: ActivationName = "relu"
    init: InitializersByLabel = Field({text: text for text in ("zeros", "normal(std=10)", "he_normal")})
    bias: InitializerText = "zeros"
    seeds: Seeds = 32
    steps: Steps = 15_000
    learning_rate: LearningRates = (0.01,)
    batch_size: BatchSize = None
    optimizer: OptimizerText = "sgd"
    l1: L1 = 0.0
    l2: L2 = 0.0
    dropout: Dropout = 0.0
    precision: Precision = "float32"
    record_every: RecordEvery = None
    record: Recorded = None
