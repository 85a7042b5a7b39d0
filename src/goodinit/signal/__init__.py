"""What an initialization does to the signal forward and to the gradient backward, measured layer by layer."""

from goodinit.signal.outline import Outline, outline
from goodinit.signal.trace import Trace, trace

__all__ = ["Outline", "Trace", "outline", "trace"]
