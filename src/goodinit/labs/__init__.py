"""Lessons about initialization in plain NumPy, written to be read.

`circles` trains one small network from three starts, `signal` sends random inputs through many layers, and
`layers` builds networks of layer objects with backward passes by hand. The fast engine is tested against them.
"""

from collections.abc import Mapping
from typing import Any

from goodinit.labs import circles, layers, signal

__all__ = ["check", "circles", "layers", "signal"]


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
