"""What is found, in a form for programs and people alike."""

from dataclasses import dataclass
from typing import Any

LEVELS = ("error", "warning", "note")

CODES = {
    "INIT101": "a weight is all zero where that stops the signal",
    "INIT102": "a weight is constant, so that its units are all the same",
    "INIT103": "units are copies of each other",
    "INIT104": "two layers hold the same values",
    "INIT105": "a parameter can never move",
    "INIT106": "a parameter moves only from the second step on",
    "INIT107": "a parameter has no part in the result",
    "INIT201": "the signal vanishes from layer to layer",
    "INIT202": "the signal explodes from layer to layer",
    "INIT203": "a weight is far too small for what follows it",
    "INIT204": "a weight is far too large for what follows it",
    "INIT205": "a weight is scaled by its fan-out where the fan-in decides",
    "INIT206": "the stream of a residual network explodes",
    "INIT207": "the inputs are not standardized",
    "INIT208": "outputs are NaN or infinite",
    "INIT301": "the gradient vanishes on its way to the first layers",
    "INIT302": "the gradient explodes on its way to the first layers",
    "INIT401": "units are dead",
    "INIT402": "units are saturated",
    "INIT403": "units are skewed",
    "INIT404": "all examples look the same",
    "INIT405": "attention is settled on single keys before training",
    "INIT501": "the first loss is far above that of a guess",
    "INIT502": "the outputs are too confident",
    "INIT601": "one layer of many alike is scaled otherwise",
    "INIT602": "some residual branches are scaled down for depth and others are not",
    "INIT901": "nothing could be measured",
    "INIT902": "something could not be measured",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Parameters
    ----------
    code : str
        A key of `CODES`; the docs have a section for each.
    level : str
        ``error`` (training will suffer from it), ``warning`` (it may) or ``note``.
    layers : tuple of str
        Paths of the layers, or of the parameters where no layer is concerned.
    measured : float or None
    expected : tuple of two floats, or None
        Bounds between which the measured number would give no finding.
    reason, fix : str
        A sentence each.
    """

    code: str
    level: str
    layers: tuple[str, ...]
    measured: float | None
    expected: tuple[float, float] | None
    reason: str
    fix: str

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON takes it."""
        return {
            "code": self.code,
            "level": self.level,
            "layers": list(self.layers),
            "measured": self.measured,
            "expected": None if self.expected is None else list(self.expected),
            "reason": self.reason,
            "fix": self.fix,
        }
