"""Numbers and lists of layers in sentences."""

import math
from collections.abc import Sequence


def number(value: float) -> str:
    """Write a number with three digits."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:.3g}"


def some(layers: Sequence[str], most: int = 3) -> str:
    """Name a few layers, and count the others."""
    shown = ", ".join(layers[:most])
    return shown if len(layers) <= most else f"{shown} and {len(layers) - most} more"
