"""Lessons about initialization in plain NumPy, written to be read.

`circles` trains one small network from three starts, `signal` sends random inputs through many layers, and
`layers` builds networks of layer objects with backward passes by hand. The fast engine is tested against them.
"""

from goodinit.labs import circles, layers, signal

__all__ = ["circles", "layers", "signal"]
