"""goodinit: is your network's initialization good? Compare, predict, check, fix, teach.

The modules are the API, and each is imported on first use: ``import goodinit as gi``, then ``gi.initializers``,
``gi.datasets``, ``gi.networks``, ``gi.study``, ``gi.figures``, ``gi.report``, ``gi.labs``. The verbs are functions here
at the top.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goodinit.diagnosis import assert_initialized as assert_initialized
    from goodinit.diagnosis import check as check
    from goodinit.diagnosis import identify as identify
    from goodinit.study import compare as compare
    from goodinit.study.signal import measure as measure
    from goodinit.study.signal import predict as predict

VERBS = {
    "assert_initialized": "goodinit.diagnosis",
    "check": "goodinit.diagnosis",
    "compare": "goodinit.study",
    "identify": "goodinit.diagnosis",
    "measure": "goodinit.study.signal",
    "predict": "goodinit.study.signal",
}
__all__ = [
    "activations",
    "assert_initialized",
    "check",
    "compare",
    "datasets",
    "diagnosis",
    "figures",
    "frameworks",
    "identify",
    "initializers",
    "labs",
    "layer",
    "measure",
    "networks",
    "predict",
    "report",
    "signal",
    "study",
    "theory",
    "train",
]


MODULES = [name for name in __all__ if name not in VERBS]


def __getattr__(name: str) -> Any:
    """Import a module or a verb when it is first asked for."""
    if name in MODULES:
        return importlib.import_module(f"goodinit.{name}")
    if name in VERBS:
        return getattr(importlib.import_module(VERBS[name]), name)
    raise AttributeError(f"module 'goodinit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
