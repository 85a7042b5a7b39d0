"""What identification says: one record a tensor, and all of them together."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

NAMED, UNTOLD, UNRECOGNISED, UNREAD = "named", "cannot tell", "unrecognised", "unread"


@dataclass(frozen=True)
class Identified:
    """Which initializer made one tensor.

    Parameters
    ----------
    path : str
        Its name in the state dict.
    tied : tuple of str
        Its other names.
    owner : str
        Type of the module that uses it.
    shape : tuple of int
    status : str
        ``named``; ``cannot tell``, when the entries are too few to prefer one of the rules that fit;
        ``unrecognised``, when no rule fits; ``unread``, when there are no values to look at.
    found : str or None
        The rule, in the spelling of the catalogue where it has one; ``torch_default`` is what the type of module
        does if nobody says otherwise. None unless named.
    spec : str or None
        A text that `initializer` and `assert_initialized` understand, for the same distribution.
    alternatives : tuple of str
        Other rules that the values cannot tell from it; if it cannot be told, all rules that fit.
    std : float or None
        Standard deviation of the entries.
    expected_std : float or None
        What the rule makes it.
    default : bool
        Whether the rule is the framework's default for this tensor.
    sentence : str
        All this in words.
    """

    path: str
    tied: tuple[str, ...]
    owner: str
    shape: tuple[int, ...]
    status: str
    found: str | None
    spec: str | None
    alternatives: tuple[str, ...]
    std: float | None
    expected_std: float | None
    default: bool
    sentence: str

    @property
    def label(self) -> str:
        """What stands in a table: the rule, or why there is none."""
        if self.status == UNTOLD and self.alternatives:
            return f"{self.status}; {self.alternatives[0]} fits"
        more = {0: "", 1: f" or {self.alternatives[0]}" if self.alternatives else ""}
        return (self.found or self.status) + more.get(len(self.alternatives), f" or {len(self.alternatives)} more")

    @property
    def size(self) -> str:
        """The shape in a table, ``64x3x3x3``."""
        return "x".join(map(str, self.shape))

    @property
    def remarkable(self) -> bool:
        """Whether the sentence says what the label does not: no rule, or one by other fans than the real ones."""
        return self.status in (UNRECOGNISED, UNREAD) or "torch's fans" in (self.found or "")


@dataclass(frozen=True)
class Identification:
    """The findings on all tensors of a model, in the order of its state dict."""

    findings: tuple[Identified, ...]

    def __iter__(self) -> Iterator[Identified]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, path: str) -> Identified:
        """Return the finding on the tensor of that name; a tied tensor has several names."""
        for finding in self.findings:
            if path == finding.path or path in finding.tied:
                return finding
        raise KeyError(path)

    def __str__(self) -> str:
        rows = [("tensor", "shape", "initializer", "std", "expected")]
        rows += [(f.path, f.size, f.label, number(f.std), number(f.expected_std)) for f in self.findings]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain values by path."""
        return {finding.path: asdict(finding) for finding in self.findings}


def number(value: float | None) -> str:
    """Write a deviation with four digits, nothing where there is none."""
    return "" if value is None else f"{value:.4g}"
