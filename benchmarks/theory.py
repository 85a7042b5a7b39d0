"""Predicting 1,000 layers of 256 for a batch of 64 examples: what one call costs once the activation is known."""

import itertools
import statistics
import time
from collections.abc import Callable

from goodinit.activations import ACTIVATIONS
from goodinit.theory import Inputs, predict_dense
from race import race, verdict

WIDTHS = [256] * 1001 + [10]
MOST = 50.0  # ms
# with a small bias most networks settle and their deep layers repeat; at He's variance without bias no two are alike
CASES = {"sigma_w^2 = 1, small bias": (1.0, 0.01), "sigma_w^2 = 2, no bias": (2.0, 0.0)}


def milliseconds(activation: str, weight: float, bias: float) -> Callable[[], float]:
    """Return what times one call; each has a weight variance of its own, so that nothing could be remembered."""
    turns = itertools.count()

    def once() -> float:
        variance = weight * (1 + 1e-4 * next(turns)) / WIDTHS[0]
        begin = time.perf_counter()
        predict_dense(WIDTHS, activation, variance, bias_variance=bias, inputs=Inputs(examples=64))
        return (time.perf_counter() - begin) * 1e3

    return once


def main() -> None:
    work = {(name, case): milliseconds(name, *given) for name in ACTIVATIONS for case, given in CASES.items()}
    times = {key: statistics.median(each) for key, each in race(work, rounds=15).items()}
    print(f"| ms | {' | '.join(CASES)} |", f"|---|{'---:|' * len(CASES)}", sep="\n")
    for name in ACTIVATIONS:
        print(f"| {name} | {' | '.join(f'{times[name, case]:.1f}' for case in CASES)} |")
    print()
    for case in CASES:
        slowest = max(times[name, case] for name in ACTIVATIONS)
        print(f"- {case}: the slowest takes {slowest:.0f} ms, at most {MOST:g}: {verdict(slowest <= MOST)}")


if __name__ == "__main__":
    main()
