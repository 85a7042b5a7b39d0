"""Run the benchmarks and write their tables into README.md: ``python benchmarks/run.py [PART ...]``, see `PARTS`.

`agreement`, `classics` and `faults` are parts too, and left out unless they are named: they take longer.
"""

import importlib.metadata
import platform
import re
import subprocess
import sys
from pathlib import Path

from race import CORES

HERE = Path(__file__).parent
PARTS = ("small", "mnist", "command", "signals", "theory", "recording", "identify")
PACKAGES = ("goodinit", "numpy", "jax", "torch", "keras", "scikit-learn")


def machine() -> str:
    """Return processor, cores and versions in one line, which goes below every table."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    name = found[1].strip() if found else platform.processor() or platform.machine()
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)
    return f"{name}, {CORES} cores, Python {platform.python_version()}, {versions}"


def put(text: str, part: str, table: str) -> str:
    """Return the text with what stands between the markers of a part replaced."""
    begin, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def main() -> None:
    readme = HERE / "README.md"
    for part in sys.argv[1:] or PARTS:
        # each in a process of its own, so that no library disturbs another one
        script = HERE / part if (HERE / part).is_dir() else HERE / f"{part}.py"
        run = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=True)
        print(run.stdout)
        readme.write_text(put(readme.read_text(), part, f"{run.stdout.strip()}\n\n<sub>{machine()}</sub>"))


if __name__ == "__main__":
    main()
