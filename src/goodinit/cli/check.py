"""``goodinit check``."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from goodinit.cli.flags import Text, number
from goodinit.cli.outcome import uninterrupted
from goodinit.cli.terminal import terminal, write_json
from goodinit.errors import InputError, MissingError
from goodinit.spelling import clip

if TYPE_CHECKING:
    from goodinit.diagnosis import Report

SHAPE = re.compile(r"(?P<sizes>\d{1,7}(?:x\d{1,7})*)(?::(?P<below>\d{1,9}))?")
MOST = 2**28  # numbers of a made-up batch
PAIRS = (("inputs", "targets"), ("x", "y"))


def check(
    model: Annotated[
        str,
        typer.Argument(
            help="A function without arguments that returns a PyTorch model, or a model and a batch.",
            metavar="MODULE:FACTORY",
        ),
    ],
    inputs: Annotated[
        Text,
        typer.Option(
            "--input", help="Made-up inputs: 32x3x224x224 normal numbers, or 8x16:1000 whole numbers below 1000."
        ),
    ] = None,
    batch: Annotated[
        Path | None, typer.Option(help="FILE.npz with inputs and targets, or with the model's keyword arguments.")
    ] = None,
    loss: Annotated[Text, typer.Option(help="cross_entropy, mse or binary_cross_entropy.")] = None,
    mode: Annotated[Text, typer.Option(help="train or eval. Default: as the model is.")] = None,
    seed: Annotated[Text, typer.Option(metavar="INTEGER", help="Of made-up inputs and dropout. Default: 0.")] = None,
    threshold: Annotated[
        list[str] | None, typer.Option(metavar="CODE=NUMBER", help="Where a code begins; repeat for more.")
    ] = None,
    silence: Annotated[
        list[str] | None, typer.Option(metavar="CODE=PATTERN", help="Layers for which a code is not wanted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page with figures.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a page that exists.")] = False,
) -> None:
    """Say whether the initialization of a PyTorch model is to blame, which layer, why, and what to do.

    One pass forward and one backward, before training; the model is only looked at. Exit code 1 if something is found
    that training will suffer from, or if it cannot be told.
    """
    if inputs is not None and batch is not None:
        raise InputError(f"--input {inputs} makes a batch up and --batch {batch} reads one; give one of the two")
    if report is not None and report.exists() and not force:
        raise InputError(f"{report} exists; choose another file with --report, or replace it with --force")
    options = {
        "loss": loss,
        "mode": mode,
        "seed": _whole(seed),
        "thresholds": {code: _number(code, value) for code, value in _pairs("--threshold", threshold)},
        "silence": _gathered(_pairs("--silence", silence)),
    }
    found = _checked(model, inputs, batch, options)
    _print(found, as_json)
    if report is not None:
        _write(found, report)
        if not as_json:
            typer.echo(f"\nreport: {report}")
    raise typer.Exit(0 if found.ok else 1)


def _checked(model: str, inputs: Text, batch: Path | None, options: dict[str, Any]) -> "Report":
    # imported here: these take a while, which --help and a mistyped flag should not
    with uninterrupted():
        from goodinit import diagnosis
        from goodinit.frameworks.factory import built, explained, model_and_batch, own_fault

    own, given = model_and_batch(built(model))
    taken = _made_up(inputs, options["seed"]) if inputs else _read(batch) if batch else given
    if taken is None:
        raise InputError(f"{model} gives no batch: add --input 32x784, say, or --batch FILE.npz")
    try:
        return diagnosis.check(own, taken, **options)
    except (InputError, MissingError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a user's model raises is shown as it is
        raise (own_fault(error) or explained(error)) from None


def _print(found: "Report", as_json: bool) -> None:
    from goodinit.diagnosis.printing import show

    if as_json:
        write_json(found.to_dict())
    else:
        show(found, terminal())


def _write(found: "Report", page: Path) -> None:
    from goodinit.report import write_diagnosis

    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        write_diagnosis(found, page)
    except OSError as error:
        raise InputError(f"cannot write {page}: {error.strerror}; choose another file with --report") from None


def _gathered(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for code, pattern in pairs:
        out.setdefault(code, []).append(pattern)
    return out


def _pairs(flag: str, given: Sequence[str] | None) -> list[tuple[str, str]]:
    out = []
    for one in given or ():
        code, equals, value = one.partition("=")
        if not equals or not value:
            raise InputError(f"{flag} must be CODE=VALUE, as in INIT203=..., got {clip(one)!r}")
        out.append((code.strip(), value.strip()))
    return out


def _number(code: str, text: str) -> float:
    found = number(text)
    if not isinstance(found, (int, float)):
        raise InputError(f"--threshold {code} must be a number, got {clip(text)!r}")
    return float(found)


def _whole(text: Text) -> int:
    found = 0 if text is None else number(text)
    if not isinstance(found, int) or not 0 <= found < 2**32:
        raise InputError(f"--seed must be a whole number from 0 to {2**32 - 1}, got {clip(str(text))!r}")
    return found


def _made_up(text: str, seed: int) -> Any:
    """Return normal numbers of a shape, or whole numbers below a bound."""
    import numpy as np

    match = SHAPE.fullmatch(text.strip())
    sizes = [int(one) for one in match["sizes"].split("x")] if match else []
    if match is None or 0 in (*sizes, int(match["below"] or 1)) or np.prod(sizes, dtype=float) > MOST:
        raise InputError(
            f"--input must be a shape such as 32x3x224x224 or 8x16:1000, at most {MOST:,}, got {clip(text)!r}"
        )
    rng = np.random.default_rng(seed)
    if match["below"]:
        return rng.integers(0, int(match["below"]), sizes)
    return rng.standard_normal(sizes, dtype=np.float32)


def _read(path: Path) -> Any:
    """Return inputs and targets, or keyword arguments, from a file of arrays."""
    from goodinit.datasets.archives import unpacked
    from goodinit.datasets.files import regular_file

    file = regular_file(path)
    try:
        found = unpacked(file, list)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if not found:
        raise InputError(f"{path} holds no arrays; write it with numpy.savez")
    for names in PAIRS:
        if set(found) == set(names):
            return tuple(found[name] for name in names)
    return next(iter(found.values())) if set(found) in ({"inputs"}, {"x"}) else dict(found)
