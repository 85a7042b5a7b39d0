"""``goodinit identify``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from goodinit.cli.outcome import uninterrupted
from goodinit.cli.terminal import SCHEMA_VERSION, finite_or_none, say, terminal, width, write_json
from goodinit.spelling import SENTENCE, one_line

if TYPE_CHECKING:
    from goodinit.diagnosis import Identification, Identified


def identify(
    model: Annotated[
        str,
        typer.Argument(
            help="A function without arguments that returns a PyTorch model, or a model and a batch; or the model.",
            metavar="MODULE:FACTORY",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say which initializer made each tensor of a PyTorch model.

    The module is imported from the working directory or from what is installed; the model is only looked at.
    """
    # imported here: these take a while, which --help and a mistyped flag should not
    from goodinit.frameworks.factory import built, model_and_batch

    given, _ = model_and_batch(built(model))
    with uninterrupted():
        from goodinit.diagnosis import identify as look

    found = look(given)
    if as_json:
        write_json({"schema_version": SCHEMA_VERSION, "model": model, "tensors": [_entry(one) for one in found]})
    else:
        _print(found)


def _print(found: "Identification") -> None:
    console = terminal()
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("tensor", overflow="fold")
    table.add_column("shape", no_wrap=True)
    table.add_column("initializer", overflow="fold")
    table.add_column("std", justify="right", no_wrap=True)
    table.add_column("expected", justify="right", no_wrap=True)
    for one in found:
        table.add_row(one_line(one.path, SENTENCE), one.size, one.label, _number(one.std), _number(one.expected_std))
    terminal(min(width(console, table), LEAST)).print(table)
    remarks = [one for one in found if one.remarkable]
    if remarks:
        console.print()
    for one in remarks[:MOST]:
        say(console, f"- {one.path}: {one.sentence}")
    if len(remarks) > MOST:
        say(console, f"- and {len(remarks) - MOST} more: --json has all of them")


LEAST = 70  # columns; narrower tables fold every word
MOST = 20  # remarks that are printed


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _entry(one: "Identified") -> dict[str, Any]:
    return {
        "path": one.path,
        "tied": list(one.tied),
        "owner": one.owner,
        "shape": list(one.shape),
        "status": one.status,
        "found": one.found,
        "spec": one.spec,
        "alternatives": list(one.alternatives),
        "default": one.default,
        "std": None if one.std is None else finite_or_none(one.std),
        "expected_std": None if one.expected_std is None else finite_or_none(one.expected_std),
        "sentence": one.sentence,
    }
