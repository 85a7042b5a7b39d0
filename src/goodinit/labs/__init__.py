"""Lessons about initialization in plain NumPy, written to be read.

`circles` trains one small network from three starts, `signal` sends random inputs through many layers, and
`layers` builds networks of layer objects with backward passes by hand. The fast engine is tested against them.
`claims`, imported on first use, puts what is often taught to the test; it alone needs the fast engine.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from goodinit.labs import circles, layers, signal

__all__ = ["check", "circles", "claims", "layers", "signal"]


def __getattr__(name: str) -> Any:
    """Import `claims` when it is first asked for: the other lessons need NumPy only."""
    if name == "claims":
        return importlib.import_module("goodinit.labs.claims")
    raise AttributeError(f"module 'goodinit.labs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def check(lab: int, case: str, names: Mapping[str, Any]) -> None:
    """Check one exercise of a lab in a notebook, and print what is right, or what is probably wrong.

    Parameters
    ----------
    lab : int
        Number of the lab.
    case : str
        Such as ``TestHeInitialization``.
    names : mapping
        What the notebook has defined: ``globals()``.

    Raises
    ------
    InputError
        If there is no such lab or case.
    """
    from goodinit.labs import grading
    from goodinit.labs.grading.words import sentences

    of = grading.lab(lab)
    for each in of.chosen([case]):
        print("\n".join(sentences(grading.grade_here(of, each, names))))
