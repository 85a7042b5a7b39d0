"""Reference networks: their layers and a pure forward pass in JAX."""

from goodinit.networks.dense import XP, Network, Parameters, affine, inverted_dropout, mlp, parse_sizes
from goodinit.networks.device import arithmetic, compiler_options, workers
from goodinit.networks.losses import TASKS, Task

__all__ = [
    "TASKS",
    "XP",
    "Network",
    "Parameters",
    "Task",
    "affine",
    "arithmetic",
    "compiler_options",
    "inverted_dropout",
    "mlp",
    "parse_sizes",
    "workers",
]
