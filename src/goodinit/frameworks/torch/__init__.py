"""PyTorch models: what goes through them, and what their tensors hold."""

from goodinit.frameworks.torch.tensors import is_module, read
from goodinit.frameworks.torch.trace import trace

__all__ = ["is_module", "read", "trace"]
