"""Reading PyTorch models."""

from goodinit.frameworks.torch.tensors import is_module, read

__all__ = ["is_module", "read"]
