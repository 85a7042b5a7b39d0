"""What `check` returns: rows, findings, and a verdict in one sentence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goodinit.diagnosis.findings import Finding
from goodinit.diagnosis.thresholds import Threshold
from goodinit.diagnosis.verdict import Verdict
from goodinit.diagnosis.view import View
from goodinit.frameworks.observation import Observation, Seen

SCHEMA = 1
UNJUDGED = "not judged"  # the status of a layer through which signal and gradient were not followed


class CheckError(AssertionError):
    """Raised by `Report.raise_if_failed`."""


@dataclass(frozen=True)
class Row:
    """One layer of a report; sizes are root mean squares.

    Parameters
    ----------
    path, type : str
    shape : tuple of int
        Of its weight.
    identified : str or None
        The initializer that was found.
    std, expected_std : float or None
        Deviation of the weights, and the one that keeps the signal through what follows.
    follows : str
        What follows, and where that is not known by the graph, how it is.
    activation : float
        Size of the outputs.
    expected_activation : tuple of two floats, or None
        What independent weights of this deviation give.
    gradient : float or None
        Size of the gradient with respect to the outputs.
    weight_gradient : float or None
        Size of the gradient with respect to the weights.
    share : str
        Dead or saturated share.
    status : str
        ``ok``, ``not judged`` (INIT902), or the codes of the findings that name it.
    """

    path: str
    type: str
    shape: tuple[int, ...]
    identified: str | None
    std: float | None
    expected_std: float | None
    follows: str
    activation: float
    expected_activation: tuple[float, float] | None
    gradient: float | None
    weight_gradient: float | None
    share: str
    status: str


@dataclass(frozen=True)
class Report:
    """The diagnosis of one model.

    Parameters
    ----------
    observation : Observation
        What was seen.
    rows : tuple of Row
        One a layer, in the order of execution.
    findings : tuple of Finding
        Errors first.
    verdict : Verdict
    thresholds : dict of str to Threshold
        The bounds that were used.
    """

    observation: Observation
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    thresholds: Mapping[str, Threshold]

    @property
    def ok(self) -> bool:
        """Whether the initialization was acquitted; not being able to tell is not ok."""
        return self.verdict.word == "acquit"

    def raise_if_failed(self) -> None:
        """Raise unless `ok`.

        Raises
        ------
        CheckError
            With the verdict and the errors.
        """
        if not self.ok:
            errors = [f"{one.code}: {one.reason}" for one in self.findings if one.level == "error"]
            raise CheckError("\n".join([self.verdict.sentence, *errors]))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return {
            "schema_version": SCHEMA,
            "verdict": self.verdict.word,
            "sentence": self.verdict.sentence,
            "confidence": self.verdict.confidence,
            "model": self.observation.model,
            "mode": self.observation.mode,
            "batch": self.observation.batch,
            "loss": self.observation.loss,
            "findings": [_finite(one.to_dict()) for one in self.findings],
            "layers": [_plain(one) for one in self.rows],
            "thresholds": {
                code: {
                    "quantity": one.quantity,
                    "warning": _finite(one.warning),
                    "error": _finite(one.error),
                    "why": one.why,
                }
                for code, one in self.thresholds.items()
            },
        }

    def to_frame(self) -> Any:
        """Return the rows as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame([vars(one) for one in self.rows])

    def __str__(self) -> str:
        from goodinit.diagnosis.printing import text

        return text(self)

    def _repr_html_(self) -> str:
        from goodinit.diagnosis.printing import html

        return html(self)


def rows(view: View, findings: Sequence[Finding], identified: Mapping[str, str | None]) -> tuple[Row, ...]:
    """Return one row a layer."""
    return tuple(_row(view, layer, findings, identified) for layer in view.seen.layers)


def _row(view: View, layer: Seen, findings: Sequence[Finding], identified: Mapping[str, str | None]) -> Row:
    weight = view.weight(layer)
    codes = dict.fromkeys(one.code for one in findings if layer.path in one.layers and one.level != "note")
    by = f" ({layer.by})" if layer.by == "values" else ""
    return Row(
        path=layer.path,
        type=layer.type,
        shape=weight.shape if weight else (),
        identified=identified.get(layer.weight or ""),
        std=weight.std if weight else None,
        expected_std=view.expected_std(layer),
        follows=", ".join(layer.follows) + by,
        activation=layer.rms,
        expected_activation=view.expected_rms(layer),
        gradient=layer.gradient_rms,
        weight_gradient=weight.gradient if weight else None,
        share=_share(layer),
        status=", ".join(codes) or (UNJUDGED if layer.path in view.unjudged else "ok"),
    )


def _share(layer: Seen) -> str:
    if layer.dead is not None:
        return f"{layer.dead:.0%} dead"
    return "" if layer.saturated is None else f"{layer.saturated:.0%} saturated"


def _plain(row: Row) -> dict[str, Any]:
    return {key: _finite(value) for key, value in vars(row).items()}


def _finite(value: Any) -> Any:
    """Return a value with None for what JSON has no number for, and lists for tuples."""
    if isinstance(value, (tuple, list)):
        return [_finite(one) for one in value]
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
