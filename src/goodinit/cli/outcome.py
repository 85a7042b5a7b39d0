"""How a command ends: errors as sentences on stderr, and the exit code that says what kind they are."""

import contextlib
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec

import typer

from goodinit.errors import BugError, ForeignError, InputError, MissingError

Options = ParamSpec("Options")

USAGE, MISSING, INTERRUPTED = 2, 3, 130
CONTINUE = "run the same command again to continue"
ANEW = "nothing is kept: run the same command again to start anew"


def explained(command: Callable[Options, None], after_ctrl_c: str = CONTINUE) -> Callable[Options, None]:
    """Turn what may go wrong in a command into sentences and an exit code; no traceback for these reaches a user.

    Parameters
    ----------
    command : callable
    after_ctrl_c : str
        What an interrupted user may do; `ANEW` for a command that keeps nothing.
    """

    @functools.wraps(command)
    def run(*args: Options.args, **options: Options.kwargs) -> None:
        signal.signal(signal.SIGINT, _interrupted_once)
        try:
            command(*args, **options)
        except InputError as error:
            raise _end(USAGE, *error.problems) from None
        except (MissingError, BugError, MemoryError) as error:
            full = "memory is full: take fewer examples, or a smaller network; "
            raise _end(MISSING, f"{full if isinstance(error, MemoryError) else ''}{error}") from None
        except ForeignError as error:
            typer.echo(str(error), err=True)
            raise _end(USAGE, "this is what the code that was named raised") from None
        except KeyboardInterrupt as stop:
            said = f"interrupted: {stop}" if str(stop) else "interrupted"
            typer.echo(f"{said}; {after_ctrl_c}", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # whoever read our output has seen enough; without this, Python complains once more at its own exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            where = f"{error.filename or 'a file'}: {error.strerror or error}"
            raise _end(
                MISSING, f"cannot write {where}; what is finished is kept: mend it and run the same command again"
            ) from None

    return run


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back for a moment: some imports swallow it, and the command would go on regardless."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _interrupted_once(number: int, frame: Any) -> None:
    """Interrupt, and let nothing disturb what is tidied up then: the work stops at the next compiled call."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end(code: int, *problems: str) -> typer.Exit:
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    return typer.Exit(code)
