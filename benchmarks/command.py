"""The command as its user meets it: cold, in a fresh process, into a fresh folder.

This process stays small: on Linux a child's peak memory is never reported lower than its parent's at the start.
"""

import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from race import race, verdict

GOODINIT = str(Path(sysconfig.get_path("scripts")) / "goodinit")
BARE, IMPORT = [sys.executable, "-c", ""], [sys.executable, "-c", "import goodinit"]
KIB = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss

# the default study without command line and report; training ends when the last steps are reported
ANSWER = """
import sys, time
from pathlib import Path
from goodinit.study import Study, answer, resolve
problem, ended = resolve(Study()), []
begin = time.perf_counter()
answer(problem, Path(sys.argv[1]), progress=lambda done, total: ended.append(time.perf_counter()))
print(ended[-1] - begin, time.perf_counter() - begin)
"""


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command and return its wall seconds and its peak memory in GB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:3]} failed:\n{said.decode()}")
    return time.perf_counter() - begin, used.ru_maxrss * KIB / 1e9


def main() -> None:
    peaks, whole = [], []

    def compare() -> float:
        with tempfile.TemporaryDirectory() as folder:
            seconds, memory = measure([GOODINIT, "compare", "--out", f"{folder}/study"])
        peaks.append(memory)
        return seconds

    def training() -> float:
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([sys.executable, "-c", ANSWER, f"{folder}/study"], capture_output=True, text=True)
        if run.returncode:
            raise SystemExit(f"answer failed:\n{run.stderr}")
        seconds, answered = map(float, run.stdout.split())
        whole.append(answered)
        return seconds

    short = race(
        {
            "help": lambda: measure([GOODINIT, "--help"])[0],
            "bare": lambda: measure(BARE)[0],
            "import": lambda: measure(IMPORT)[0],
        }
    )
    long = race({"compare": compare, "training": training})
    imported = statistics.median(a - b for a, b in zip(short["import"], short["bare"], strict=True))
    rows = [
        ("`goodinit compare`, wall", statistics.median(long["compare"]), 12, "s"),
        ("`goodinit compare`, peak memory", statistics.median(peaks[1:]), 1.5, "GB"),
        ("training and compiling in it", statistics.median(long["training"]), 6, "s"),
        ("all of `study.answer`", statistics.median(whole[1:]), None, "s"),
        ("`goodinit --help`", statistics.median(short["help"]), 0.3, "s"),
        ("`import goodinit`, beyond bare Python", imported, 0.15, "s"),
    ]
    print("| | measured | target | |", "|---|---:|---:|---|", sep="\n")
    for name, value, most, unit in rows:
        said = ("", "") if most is None else (f"{most:g} {unit}", verdict(value <= most))
        print(f"| {name} | {value:.3g} {unit} | {' | '.join(said)} |")


if __name__ == "__main__":
    main()
