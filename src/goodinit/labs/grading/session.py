"""Talking to the process beside a submission: a line there, a line back, and an end to patience."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from goodinit.labs.grading import answers
from goodinit.labs.grading.answers import ForgedError

CHUNK = 1 << 16
MIB = 1 << 20
SILENT = "no answer within"


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Parameters
    ----------
    cpu : int
        Seconds of computing of one process.
    silence : float
        Seconds until an answer must have come, by the clock: more than `cpu`, so that a busy machine fails nobody.
    total : float
        Seconds after which no further case is begun.
    memory, file, folder : int
        Bytes of address space of one process, of one file, and of the work folder.
    processes : int
        Processes and threads, those of the sandbox itself among them.
    """

    cpu: int = 30
    silence: float = 180.0
    total: float = 240.0
    memory: int = 2048 * MIB
    file: int = 16 * MIB
    folder: int = 64 * MIB
    processes: int = 6

    @property
    def loading(self) -> float:
        """Return the seconds of computing for what stands outside functions; the others are for the cases."""
        return 2 * self.cpu / 3

    def resources(self) -> dict[str, tuple[int, int]]:
        """Return soft and hard limits by the names that the system has for them."""
        return {
            "CPU": (self.cpu, self.cpu + 2),
            "AS": (self.memory, self.memory),
            "FSIZE": (self.file, self.file),
            "NPROC": (self.processes, self.processes),
            "NOFILE": (128, 128),
            "CORE": (0, 0),
        }


class StoppedError(Exception):
    """The process gave no answer, and why, in words."""


class Session:
    """A process that answers lines with lines.

    Parameters
    ----------
    command : sequence of str
        What to start.
    settings : dict
        The first line that it is told.
    limits : Limits
    folder : pathlib.Path, optional
        Where it starts.
    """

    def __init__(
        self, command: Sequence[str], settings: dict[str, Any], limits: Limits, folder: Path | None = None
    ) -> None:
        self.limits = limits
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._to, self._from = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._to, False)
        self._unsent = _line(settings)
        self._read = bytearray()

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def ask(self, request: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request, if there is one, and return the reply.

        Raises
        ------
        StoppedError
            If none comes in time, if it is too long, or if it is no JSON.
        """
        self._unsent += b"" if request is None else _line(request)
        deadline = time.monotonic() + self.limits.silence
        while b"\n" not in self._read:
            self._exchange(deadline - time.monotonic())
        line, _, self._read = self._read.partition(b"\n")
        try:
            return answers.read_line(line.decode("utf-8", "replace"))
        except ForgedError:
            raise StoppedError("the answer was not one of the grader's own program: something else wrote it") from None

    def _exchange(self, seconds: float) -> None:
        """Send and receive a piece; neither may wait for the other, or a silent process would block the grader."""
        if seconds <= 0:
            raise StoppedError(f"{SILENT} {self.limits.silence:g} seconds")
        readable, writable, _ = select.select([self._from], [self._to] if self._unsent else [], [], seconds)
        if writable:
            self._send()
        if readable:
            chunk = os.read(self._from, CHUNK)
            self._read += chunk
            if not chunk:
                raise StoppedError(self._ending())
            if len(self._read) > answers.LONGEST_LINE:
                raise StoppedError("the answer is too long: it has more numbers than any exercise asks for")

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._to, self._unsent[:CHUNK]) :]
        except BrokenPipeError:
            self._unsent = b""  # it has ended; what it still said, and its end, come from the other side

    def _ending(self) -> str:
        """Say how the process ended."""
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return "the process closed the channel of its answers"
        if code in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
            return f"it was still computing after {self.limits.cpu} seconds: is there an endless loop?"
        if code in (-signal.SIGKILL, 128 + signal.SIGKILL):
            return "the process was stopped: it used too much time or memory"
        return "the process ended before it had answered: does the code call exit, or crash?"

    def complaint(self) -> str:
        """Return what a process that could not begin has said on stderr; to be called after its end."""
        self.process.kill()
        assert self.process.stderr is not None
        return self.process.stderr.read(2000).decode("utf-8", "replace").strip()

    def close(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
