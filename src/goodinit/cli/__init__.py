"""The command ``goodinit``. Data goes to stdout, everything else to stderr."""

import typer

from goodinit.cli.compare import compare
from goodinit.cli.outcome import explained

app = typer.Typer(
    name="goodinit",
    help="Is your network's initialization good? Compare, predict, check, fix, teach.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options() -> None:
    """Make ``compare`` a subcommand although it is the only one."""


app.command()(explained(compare))


def main() -> None:
    """Run the command."""
    app()
