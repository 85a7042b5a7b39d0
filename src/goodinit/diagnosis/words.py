"""Numbers and lists of layers in sentences."""

import math
import re
from collections.abc import Sequence

BLOCK = re.compile(r"(?<=\.)\d+(?=\.)|^\d+(?=\.)")


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
