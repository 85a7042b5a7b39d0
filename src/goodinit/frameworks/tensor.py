"""What is known of one parameter of a model before its values are looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from goodinit.layer import Layer

Array = NDArray[Any]


@dataclass(frozen=True)
class Default:
    """How a framework fills a tensor if nobody says otherwise.

    Parameters
    ----------
    spec : str
        The initializer, as in ``uniform(low=-0.1, high=0.1)``.
    said : str
        The rule in words, for messages.
    """

    spec: str
    said: str


@dataclass(frozen=True)
class Place:
    """One path under which a parameter is used; a tied parameter has several.

    Parameters
    ----------
    path : str
        Name in the state dict.
    owner : str
        Type of the module that uses it: ``Linear``, ``Conv2d``, ...
    layer : Layer
        With the fans that count what is really connected.
    counted : Layer
        The same with the fans that the framework's own initializers count; they differ for groups, transposed
        convolutions, packed matrices and embeddings.
    default : Default or None
        The framework's default, where the type of the module has one.
    """

    path: str
    owner: str
    layer: Layer
    counted: Layer
    default: Default | None = None


@dataclass(frozen=True)
class Tensor:
    """One distinct parameter of a model.

    Parameters
    ----------
    places : tuple of Place
        Where it is used, in the order of the state dict; at least one.
    shape : tuple of int
        Empty for a scalar, and for a parameter that is not yet built.
    dtype : str
        ``float32``, ``bfloat16``, ...
    grain : float
        Relative spacing of its numbers: 2^-23 for float32.
    read : callable
        Returns the values as a real array of at least 32 bits, a view where possible; never to be written to. Of
        complex numbers it has one axis more, for both parts.
    unreadable : str
        Why there are no values to look at; empty if there are.
    padding : int or None
        Row of an embedding that stands for padding and is held at 0.
    is_complex : bool
        Whether its numbers are complex.
    """

    places: tuple[Place, ...]
    shape: tuple[int, ...]
    dtype: str
    grain: float
    read: Callable[[], Array]
    unreadable: str = ""
    padding: int | None = None
    is_complex: bool = False

    @property
    def path(self) -> str:
        """Its first name in the state dict."""
        return self.places[0].path

    @property
    def tied(self) -> tuple[str, ...]:
        """Its other names."""
        return tuple(place.path for place in self.places[1:])
