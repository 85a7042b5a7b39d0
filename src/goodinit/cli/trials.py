"""What ``goodinit claims`` prints: a table of claims, measurements and verdicts, or JSON for programs."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from goodinit.cli.terminal import SCHEMA_VERSION, finite_or_none, say, terminal, write_json
from goodinit.labs.claims import Quantity, Trial

ROOMY = 110  # columns from which on what is true has a column of its own
VERDICT = 15  # columns; "cannot be told" fits, conditions are folded


def print_table(trials: Sequence[Trial]) -> None:
    """Print a row for each claim: what is taught, what was measured, the verdict, and if there is room the truth."""
    console = terminal()
    roomy = console.width >= ROOMY
    table = Table(box=SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for heading in ("claim", "measured [95 % interval]"):
        table.add_column(heading, ratio=1)
    table.add_column("verdict", width=VERDICT)
    if roomy:
        table.add_column("what is true", ratio=1)
    for trial in trials:
        claim = Text.assemble((trial.name, "bold"), "\n", trial.claim)
        cells = [claim, Text(trial.said), Text(trial.verdict, "bold")]
        truth = Text.assemble(trial.truth, (f"\n{trial.source}" if trial.source else "", "dim"))
        table.add_row(*cells, *([truth] if roomy else []), end_section=True)
    console.print(table)
    console.print()
    if not roomy:
        say(console, f"what is true, with sources: a terminal of {ROOMY} columns, or --json")
    say(console, "how each was tried, and what makes it false: --json")


def print_json(trials: Sequence[Trial]) -> None:
    """Print the trials as one JSON object."""
    write_json({"schema_version": SCHEMA_VERSION, "claims": [_claim(trial) for trial in trials]})


def _claim(trial: Trial) -> dict[str, Any]:
    return {
        "name": trial.name,
        "claim": trial.claim,
        "done": trial.done,
        "measured": {name: _quantity(quantity) for name, quantity in trial.measured.items()},
        "verdict": trial.verdict,
        "truth": trial.truth,
        "source": trial.source or None,
    }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    """Return a number and its interval, which is null where the number is exact or no interval can be given."""
    ends = [finite_or_none(quantity.low), finite_or_none(quantity.high)]
    open_ = quantity.low != quantity.high and None not in ends
    return {"value": finite_or_none(quantity.value), "ci": ends if open_ else None}
