"""The command ``goodinit``. Data goes to stdout, everything else to stderr."""

import typer

from goodinit.cli.check import check
from goodinit.cli.claims import claims
from goodinit.cli.compare import compare
from goodinit.cli.identify import identify
from goodinit.cli.lab import lab
from goodinit.cli.outcome import ANEW, explained
from goodinit.cli.signal import signal

app = typer.Typer(
    name="goodinit",
    help="Is your network's initialization good? Compare, predict, check, fix, teach.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


for command in (compare, signal):
    app.command()(explained(command))
app.command()(explained(check, after_ctrl_c=ANEW))
app.command()(explained(identify, after_ctrl_c=ANEW))
app.command()(explained(claims, after_ctrl_c=f"{ANEW}, or fewer claims with --only"))
app.add_typer(lab)


def main() -> None:
    """Run the command."""
    app()
