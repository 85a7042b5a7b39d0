"""A class of 100 with 20 attackers: whether the other 80 are graded as if those were not there, again and again.

Run as ``python benchmarks/lab_class.py``; it needs bubblewrap.
"""

import itertools
import runpy
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from goodinit.labs import grading
from goodinit.labs.grading import classes, places
from goodinit.labs.grading.session import Limits

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))
WORKS = runpy.run_path(str(TESTS / "lab_submissions.py"))
ATTACKERS = runpy.run_path(str(TESTS / "test_lab_sandbox.py"))["ATTACKERS"]
LAB = grading.lab(2)
LIMITS = Limits(cpu=5)
AGAIN = 100


def honest() -> dict[str, str]:
    """Return 80 submissions, right and wrong; a comment makes each one's contents, and so its questions, its own."""
    right = [WORKS["changed"](2, replaced) for _, lab, replaced in WORKS["ALSO_RIGHT"] if lab == 2]
    wrong = [WORKS["changed"](2, [(old, new)]) for _, lab, _, old, new in WORKS["WRONG"] if lab == 2]
    texts = itertools.islice(itertools.cycle(right + wrong), 80)
    return {f"honest-{at:03}.py": f"{text}\n# student {at}\n" for at, text in enumerate(texts)}


def attackers() -> dict[str, str]:
    """Return 20 attackers."""
    chosen = itertools.islice(itertools.cycle(ATTACKERS.items()), 20)
    return {f"{at:03}-{name}".replace("/", "_"): f"{text}\n# {at}\n" for at, (name, text) in enumerate(chosen)}


def graded(folder: Path, works: dict[str, str]) -> tuple[str, float]:
    """Grade a class, and return the lines of honest students and the seconds it took."""
    folder.mkdir()
    for name, text in works.items():
        (folder / name).write_text(text, encoding="utf-8")
    files, _ = classes.collect(folder)
    begun = time.perf_counter()
    results = classes.grade_all(LAB, folder, files, folder.with_name(f"{folder.name}-out"), places.sandbox, LIMITS)
    kept = [str(classes.as_json(LAB, [result])) for result in results if result.name.startswith("honest")]
    return "\n".join(kept), time.perf_counter() - begun


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        without, quick = graded(Path(scratch, "without"), honest())
        beside, slow = graded(Path(scratch, "beside"), honest() | attackers())
        print(f"80 submissions: {quick:.0f} s; with 20 attackers: {slow:.0f} s")
        print("grades of the 80 byte-identical:", without == beside)
        work = grading.read(next(iter(sorted(Path(scratch, "without").iterdir()))))
        again = Counter(str(grading.grade(LAB, work, places.sandbox, LIMITS)) for _ in range(AGAIN))
        print(f"different grades in {AGAIN} runs: {len(again)}")


if __name__ == "__main__":
    main()
