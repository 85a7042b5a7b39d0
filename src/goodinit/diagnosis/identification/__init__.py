"""Which initializer made each tensor of a model, from one pass over its values."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from goodinit.diagnosis.identification.assertion import assert_initialized
from goodinit.diagnosis.identification.findings import Identification, Identified
from goodinit.diagnosis.identification.verdict import finding
from goodinit.diagnosis.words import family
from goodinit.frameworks import Tensor, tensors

__all__ = ["Identification", "Identified", "assert_initialized", "identified", "identify"]


def identify(model: Any) -> Identification:
    """Say which initializer made each parameter of a model, without changing anything in it.

    A rule is named when the values can be its draws: mean, mean square, outline, largest value and distribution
    function agree, so that true draws of a rule fail with a probability of at most 1e-5 a tensor. "Unrecognised" means
    that no rule does; "cannot tell" that the entries are too few to prefer one.

    Parameters
    ----------
    model : torch.nn.Module
        Any model; freshly built, or from a checkpoint.

    Returns
    -------
    Identification
        A `Identified` for each distinct parameter, in the order of the state dict; prints as a table.

    Raises
    ------
    InputError
        If it is no PyTorch module.
    MissingError
        If PyTorch is not installed.

    Examples
    --------
    >>> from torch import nn
    >>> print(identify(nn.Linear(300, 200))["weight"].found)
    torch_default
    """
    return identified(tensors(model))


def identified(read: Sequence[Tensor]) -> Identification:
    """Say which initializer made each of some tensors of one model; see `identify`."""
    alike = Counter(family(tensor.path) for tensor in read)
    return Identification(tuple(finding(tensor, alike[family(tensor.path)]) for tensor in read))
