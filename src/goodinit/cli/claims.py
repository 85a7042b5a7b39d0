"""``goodinit claims``."""

from typing import Annotated

import typer

from goodinit.cli.outcome import uninterrupted
from goodinit.cli.progress import progress_line


def claims(
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this claim, by the name in the table; repeat for several."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Put claims about initialization that are often taught to the test, and say what is true.

    Each is an experiment of a few seconds that runs here and now; the verdict is computed from what it measures.
    """
    # imported here: these take a second, which --help should not
    with uninterrupted():
        from goodinit.cli.trials import print_json, print_table
        from goodinit.labs.claims import run

    with progress_line("trying claims", "claims/s", quiet) as progress:
        trials = run(only or (), progress)
    if as_json:
        print_json(trials)
    else:
        print_table(trials)
