"""The command ``goodinit``. Data goes to stdout, everything else to stderr."""

import typer

from goodinit.cli.check import check
from goodinit.cli.claims import claims
from goodinit.cli.compare import compare
from goodinit.cli.identify import identify
from goodinit.cli.lab import lab
from goodinit.cli.outcome import explained
from goodinit.cli.signal import signal

app = typer.Typer(
    name="goodinit",
    help="Is your network's initialization good? Compare, predict, check, fix, teach.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


for command in (compare, signal, check, identify, claims):
    app.command()(explained(command))
app.add_typer(lab)


def main() -> None:
    """Run the command."""
    app()
