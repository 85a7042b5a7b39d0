"""Reference networks: their layers and a pure forward pass in JAX."""

from goodinit.networks.dense import XP, Network, Parameters, affine, inverted_dropout, mlp
from goodinit.networks.device import arithmetic, compiler_options, workers
from goodinit.networks.losses import TASKS, Task
from goodinit.networks.widths import parse_sizes, spell_sizes

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
    "spell_sizes",
    "workers",
]
