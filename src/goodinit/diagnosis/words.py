"""Numbers and lists of layers in sentences."""

import math
import re
from collections.abc import Sequence

# what works where no size of weights does; not layer normalization, which leaves examples as alike as they were
OTHERWISE = "add batch normalization or residual sums, or use fewer layers"
BLOCK = re.compile(r"(?<=\.)\d+(?=\.)|^\d+(?=\.)")


def uncentred(name: str) -> str:
    """Say what to do where no size of weights keeps both signal and gradient."""
    return f"no size of weights keeps both signal and gradient with {name}: {OTHERWISE}, or take tanh"


def number(value: float) -> str:
    """Write a number with three digits."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:.3g}"


def family(path: str) -> str:
    """Return a path without the number of its block, which is what layers of the same sort have in common."""
    return BLOCK.sub("*", path, count=1)


def some(layers: Sequence[str], most: int = 3) -> str:
    """Name a few layers, and count the others."""
    shown = ", ".join(layers[:most])
    return shown if len(layers) <= most else f"{shown} and {len(layers) - most} more"
