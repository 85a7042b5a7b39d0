"""One line that shows how far a command is, with its rate and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_line(doing: str, unit: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show the line on stderr, if that is a terminal and nobody asked for quiet.

    Parameters
    ----------
    doing : str
        What is done, ``training 96 networks``.
    unit : str
        Of the rate, ``steps/s``.
    quiet : bool

    Yields
    ------
    callable or None
        To be called with what is done and its total.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        line = bar.add_task(doing, total=None, rate="")

        def show(done: int, total: int) -> None:
            speed = bar.tasks[line].speed
            bar.update(line, completed=done, total=total, rate=f"{speed:,.3g} {unit}" if speed else "")

        yield show
