"""Where submissions run: in a sandbox of bubblewrap, or, if the teacher insists, in an ordinary process."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from goodinit.errors import MissingError
from goodinit.labs.grading import inside, mounts
from goodinit.labs.grading.session import Limits, Session, StoppedError

OLDEST = (0, 8)  # of bubblewrap: --size is from 0.7, --disable-userns from 0.8
# root inside a user namespace is exempt from the limit on processes; so root gives itself up for a number of its own
# from those that systems set aside for such use and give to no person (systemd's dynamic users)
FIRST_UID, UIDS = 61_184, 4_336

# (cells, seed, packages, limits, definitions only) -> a session in which the cells are being loaded
Place = Callable[[Sequence[str], int, Sequence[str], Limits, bool], AbstractContextManager[Session]]

ENVIRONMENT = {
    "HOME": "/work",
    "TMPDIR": "/work",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/work",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "LANG": "C.UTF-8",
    "LD_LIBRARY_PATH": f"{mounts.PYTHON}/lib",
}


@contextlib.contextmanager
def sandbox(
    cells: Sequence[str], seed: int, packages: Sequence[str], limits: Limits, definitions: bool = False
) -> Iterator[Session]:
    """Run a submission in a sandbox: no network, no files but Python and some packages, own processes, limits.

    Raises
    ------
    MissingError
        If there is no bubblewrap, or it can make no sandbox on this machine.
    """
    root = os.geteuid() == 0
    uid = FIRST_UID + (os.getpid() * 997 + seed) % UIDS if root else None
    settings = _settings(cells, seed, limits, definitions) | {"uid": uid, "path": [mounts.PACKAGES]}
    with Session(_command(packages, limits, root), settings, limits) as session:
        yield session


@contextlib.contextmanager
def ordinary(
    cells: Sequence[str], seed: int, packages: Sequence[str], limits: Limits, definitions: bool = False
) -> Iterator[Session]:
    """Run a submission in a process like any other, with limits but free to read and write what its user may.

    It may import what it may import in the sandbox, so that who checks their own work learns what is not there.
    """
    settings = _settings(cells, seed, limits, definitions)
    settings |= {"path": [path for path in sys.path if path], "packages": mounts.importable(packages)}
    if sys.platform != "linux":
        settings["limits"].pop("AS")  # elsewhere the system refuses it
    with tempfile.TemporaryDirectory(prefix="goodinit-lab-") as folder:
        kept = [f"{name}={value.replace('/work', folder)}" for name, value in ENVIRONMENT.items() if name[:2] != "LD"]
        command = ["/usr/bin/env", *kept, sys.executable, "-I", inside.__file__]
        with Session(command, settings, limits, Path(folder)) as session:
            yield session


def check_sandbox(packages: Sequence[str]) -> None:
    """Raise MissingError unless a sandbox can be made here and Python starts in it."""
    program = shutil.which("bwrap")
    way_out = "install it (apt install bubblewrap, dnf install bubblewrap), or add --unsandboxed if you trust the code"
    if program is None:
        raise MissingError(f"grading other people's code needs bubblewrap, which is not here: {way_out}")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < OLDEST:
        raise MissingError(f"grading needs bubblewrap {'.'.join(map(str, OLDEST))} or later, got {said.strip()!r}")
    with sandbox(["one = 1"], 0, packages, Limits(silence=60)) as session:
        try:
            session.ask()
        except StoppedError as stop:
            why = session.complaint().splitlines()[-1:] or [str(stop)]
            raise MissingError(f"bubblewrap can make no sandbox on this machine: {why[0]}") from None


def _settings(cells: Sequence[str], seed: int, limits: Limits, definitions: bool) -> dict[str, Any]:
    """Return what the process is told first; in the sandbox it needs no list of packages, since no others are there."""
    told = {"cells": list(cells), "seed": seed, "definitions": definitions, "loading": limits.loading}
    return told | {"limits": limits.resources(), "uid": None, "packages": None}


def _command(packages: Sequence[str], limits: Limits, root: bool) -> list[str]:
    """Return the command that starts `inside` in a sandbox."""
    program = shutil.which("bwrap")
    if program is None:
        raise MissingError("bubblewrap is missing")
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    options += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox", "--cap-drop", "ALL"]
    if root:
        options += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        options += ["--unshare-user", "--disable-userns"]
    for name, value in ENVIRONMENT.items():
        options += ["--setenv", name, value]
    options += mounts.options(packages)
    options += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(limits.folder), "--tmpfs", "/work"]
    # what bubblewrap makes for itself has room without bound: /dev, /dev/shm and the root are closed
    options += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work"]
    return [program, *options, mounts.INTERPRETER, "-I", "-S", mounts.DRIVER]
