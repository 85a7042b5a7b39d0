"""Measure contestants in turns, and print what came out."""

import os
import statistics
import time
from collections.abc import Callable

ROUNDS = 5
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Measured = dict[str, list[float]]  # one number a round


def race(contestants: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> Measured:
    """Let every contestant measure itself once a round, so that all meet the same disturbances of the machine.

    A round before the first one is thrown away: it compiles and warms the caches.
    """
    measured: Measured = {name: [] for name in contestants}
    for at in range(rounds + 1):
        for name, contestant in contestants.items():
            value = contestant()
            if at > 0:
                measured[name].append(value)
            time.sleep(0.02)  # idle threads of one library spin for some milliseconds
    return measured


def microseconds(work: Callable[[int], object], steps: int, networks: int = 1) -> float:
    """Return what a step of one network costs when `work` makes so many steps of so many networks."""
    begin = time.perf_counter()
    work(steps)
    return (time.perf_counter() - begin) / steps / networks * 1e6


def ratio(measured: Measured, name: str, reference: str = "goodinit") -> float:
    """Return how many times slower than the reference: the median of the ratios within each round."""
    return statistics.median(a / b for a, b in zip(measured[name], measured[reference], strict=True))


def times_table(measured: Measured, targets: dict[str, float]) -> str:
    """Return a table of microseconds and ratios, and below it a line for each target.

    A target names how a family of contestants begins; the fastest of the family counts.
    """
    lines = ["| | us per step and network | times goodinit |", "|---|---:|---:|"]
    lines += [f"| {name} | {statistics.median(t):.3g} | {ratio(measured, name):.1f} |" for name, t in measured.items()]
    lines.append("")
    for family, least in targets.items():
        reached = min(ratio(measured, name) for name in measured if name.startswith(family))
        lines.append(f"- {family}: {reached:.1f} times, target {least:g}: {verdict(reached >= least)}")
    return "\n".join(lines)


def verdict(met: bool) -> str:
    return "met" if met else "**missed**"
