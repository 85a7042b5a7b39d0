"""Other people's models become plain records: all that imports a foreign framework lives here.

A framework is imported when a model of it is read, never before. Reading changes nothing.
"""

from typing import Any

from goodinit.errors import InputError, MissingError
from goodinit.frameworks.tensor import Default, Place, Tensor

__all__ = ["Default", "Place", "Tensor", "tensors"]


def tensors(model: Any) -> list[Tensor]:
    """Return a record of each parameter of a model, in the order of its state dict.

    Parameters
    ----------
    model : torch.nn.Module
        It is only read: no parameter, gradient, flag or random state changes.

    Raises
    ------
    InputError
        If it is no model of a framework that can be read.
    MissingError
        If PyTorch is not installed.
    """
    try:
        from goodinit.frameworks.torch import is_module, read
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingError("reading a PyTorch model needs PyTorch: pip install 'goodinit[torch]'") from None
    if not is_module(model):
        raise InputError(f"a model is a torch.nn.Module, got {type(model).__name__}")
    return read(model)
