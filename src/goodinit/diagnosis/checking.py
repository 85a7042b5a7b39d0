"""Is the initialization to blame? The verb `check`."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from goodinit.diagnosis.findings import CODES, LEVELS, Finding
from goodinit.diagnosis.identification import identified
from goodinit.diagnosis.report import Report, rows
from goodinit.diagnosis.rules import RULES
from goodinit.diagnosis.thresholds import thresholds as bounds_of
from goodinit.diagnosis.verdict import verdict
from goodinit.diagnosis.view import View
from goodinit.diagnosis.words import some
from goodinit.errors import InputError, MissingError
from goodinit.frameworks import tensors
from goodinit.frameworks.observation import Observation
from goodinit.spelling import nearest


def check(
    model: Any,
    batch: Any,
    *,
    loss: Any = None,
    mode: str | None = None,
    seed: int = 0,
    thresholds: Mapping[str, float | tuple[float, float]] | None = None,
    silence: Mapping[str, str | Sequence[str]] | None = None,
) -> Report:
    """Return whether the initialization of a PyTorch model is to blame, which layer, why, and what to do.

    One pass forward and one backward; a few more where gradients are exactly zero. The model is afterwards bit for
    bit as it was. It takes memory for one copy of the model's tensors and for the gradients of its parameters.

    Parameters
    ----------
    model : torch.nn.Module
        Not trained yet.
    batch : tensor, tuple, dict, (inputs, targets), DataLoader or callable
        What the model takes; a callable gets the model and returns its output or a loss. Sixteen examples or more.
    loss : str or callable, optional
        ``cross_entropy``, ``mse``, ``binary_cross_entropy``, or ``loss(output, targets)``. Without one, and without
        targets, a random direction of the outputs is differentiated.
    mode : str, optional
        ``train`` or ``eval``; by default the mode in which the model is.
    seed : int
        Of dropout and of the random direction.
    thresholds : mapping of str to float or (float, float), optional
        Where a code begins: (warning, error), or one number for both.
    silence : mapping of str to str or sequence of str, optional
        Patterns of layers for which a code is not wanted: ``{"INIT203": "head.*"}``.

    Raises
    ------
    InputError
        If model, batch, loss or an option is nothing that can be checked.
    Exception
        Whatever the model itself raises in its forward pass, with a note that names the layer.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.Tanh(), torch.nn.Linear(64, 2))
    >>> check(model, torch.randn(32, 8)).verdict.word
    'acquit'
    """
    try:
        from goodinit.frameworks.torch import trace
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingError("checking a PyTorch model needs PyTorch: pip install 'goodinit[torch]'") from None
    bounds, quiet = bounds_of(thresholds), _patterns(silence)
    seen = trace(model, batch, loss=loss, mode=mode, seed=seed)
    weights = {layer.weight for layer in seen.layers if layer.kind not in ("norm", "scale")}
    found = {one.path: one.label for one in identified([one for one in tensors(model) if one.path in weights])}
    return diagnose(seen, bounds, quiet, found)


def diagnose(
    seen: Observation,
    bounds: Mapping[str, Any],
    quiet: Mapping[str, Sequence[str]],
    identified: Mapping[str, str | None],
) -> Report:
    """Return the report on what was seen of a model."""
    view = View(seen, dict(bounds))
    found = [one for rule in RULES for one in rule(view)]
    kept = _together([heard for one in found if (heard := _heard(one, quiet)) is not None])
    return Report(seen, rows(view, kept, identified), tuple(kept), verdict(seen, kept), dict(bounds))


def _together(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings in order, those of one code and level for single layers as one, told by the first of them."""
    groups: dict[tuple[str, str, bool], list[Finding]] = {}
    for one in sorted(findings, key=lambda one: (LEVELS.index(one.level), one.code)):
        groups.setdefault((one.level, one.code, len(one.layers) == 1), []).append(one)
    out: list[Finding] = []
    for (_, _, single), each in groups.items():
        if not single or len(each) == 1:
            out += each
            continue
        layers = tuple(dict.fromkeys(path for one in each for path in one.layers))
        others = f"; likewise {some(layers[1:])}" if len(layers) > 1 else ""
        out.append(replace(each[0], layers=layers, reason=each[0].reason + others))
    return out


def _patterns(silence: Mapping[str, str | Sequence[str]] | None) -> dict[str, Sequence[str]]:
    out: dict[str, Sequence[str]] = {}
    for code, patterns in (silence or {}).items():
        if nearest(code, CODES, "code").startswith("INIT9"):
            raise InputError(f"{code} cannot be silenced: what could not be measured is never taken for right")
        out[code] = [patterns] if isinstance(patterns, str) else list(patterns)
    return out


def _heard(finding: Finding, quiet: Mapping[str, Sequence[str]]) -> Finding | None:
    """Return the finding without the layers for which it is silenced; None if no layer is left."""
    patterns = quiet.get(finding.code)
    if not patterns:
        return finding
    left = tuple(one for one in finding.layers if not any(fnmatch.fnmatchcase(one, each) for each in patterns))
    return replace(finding, layers=left) if left else None
