"""Lessons about initialization in plain NumPy, written to be read.

`circles` trains one small network from three starts, `signal` sends random inputs through many layers, and
`layers` builds networks of layer objects with backward passes by hand. The fast engine is tested against them.
`claims`, imported on first use, puts what is often taught to the test; it alone needs the fast engine.
"""

import importlib
from typing import Any

from goodinit.labs import circles, layers, signal

__all__ = ["circles", "claims", "layers", "signal"]


def __getattr__(name: str) -> Any:
    """Import `claims` when it is first asked for: the other lessons need NumPy only."""
    if name == "claims":
        return importlib.import_module("goodinit.labs.claims")
    raise AttributeError(f"module 'goodinit.labs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
