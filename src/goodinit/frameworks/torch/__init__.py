"""PyTorch models: what goes through them, and what their tensors hold. The one place that imports torch."""

from goodinit.frameworks.torch.trace import trace

__all__ = ["trace"]
