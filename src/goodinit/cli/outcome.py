"""How a command ends: errors as sentences on stderr, and the exit code that says what kind they are."""

import errno
import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from goodinit.errors import InputError, MissingError

Options = ParamSpec("Options")

USAGE, MISSING, INTERRUPTED = 2, 3, 130


def explained(command: Callable[Options, None]) -> Callable[Options, None]:
    """Turn what may go wrong in a command into sentences and an exit code; no traceback for these reaches a user."""

    @functools.wraps(command)
    def run(*args: Options.args, **options: Options.kwargs) -> None:
        try:
            command(*args, **options)
        except InputError as error:
            raise _end(USAGE, *error.problems) from None
        except MissingError as error:
            raise _end(MISSING, str(error)) from None
        except KeyboardInterrupt as stop:
            typer.echo(
                f"interrupted{f': {stop}' if str(stop) else ''}; run the same command again to continue", err=True
            )
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # whoever read our output has seen enough; without this, Python complains once more at its own exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.EIO):
                raise
            raise _end(
                MISSING,
                f"cannot write {error.filename or 'a file'}: {error.strerror}; nothing that is "
                "finished is lost: mend it and run the same command again",
            ) from None

    return run


def _end(code: int, *problems: str) -> typer.Exit:
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    return typer.Exit(code)
