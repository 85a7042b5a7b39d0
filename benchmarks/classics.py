"""The classic experiments on cat pictures in full, beside what others published: the studies docs/studies/cats-*.toml.

``GOODINIT_DATA`` names the folder with ``cats/``. The studies are trained on coordinates (`in_coordinates`); with
``python benchmarks/classics.py pixels`` on the pictures as the files say, which takes an hour or two and goes on where
it stopped.
"""

import os
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from goodinit import compare
from goodinit.datasets import Data, arrays, cats
from goodinit.initializers import Initializer, initializer
from goodinit.layer import Layer, dense
from goodinit.networks import mlp, parse_sizes
from goodinit.study import Study, answer, resolve

HERE = Path(__file__).parent
STUDIES = HERE.parent / "docs" / "studies"
FOLDER = HERE.parent / "goodinit-runs" / "classics"
SMALL_LOSS = 0.03  # where the published run of 23,000 steps ends
SETTINGS = ("seeds", "steps", "learning_rate", "l2", "record_every", "record")

HALF = {
    0: ".6930",
    300: ".6274",
    600: ".5294",
    900: ".4088",
    1200: ".2337",
    1500: ".0490",
    1800: ".0130",
    2100: ".0061",
}
SLOW = {1200: ".6440", 10200: ".6382", 16800: ".5565", 22800: ".0300"}
# study: initializer; as printed there, loss by step, final accuracy in training and test
PUBLISHED: dict[str, tuple[str, dict[int, str], str, str]] = {
    "cats-logistic-regression": ("zeros", {100: ".584508"}, ".99043", ".700"),
    "cats-four-sigmoid-layers": ("normal(std=0.01)", {0: ".6953", 300: ".6440", 2000: ".6440"}, ".6555", ".3400"),
    "cats-five-sigmoid-layers": ("normal(std=0.01)", {0: ".6939", 300: ".6440", 2000: ".6440"}, ".6555", ".3400"),
    "cats-he": ("1/(2 fan_in)", HALF, "1.00", ".78"),
    "cats-centred-sigmoid": ("glorot_normal", SLOW, "1.00", ".68"),
    "cats-centred-sigmoid-gain": ("", {}, "", ""),  # nobody published this one
}


def pictures() -> Path:
    """Return the folder with the pictures."""
    return Path(os.environ["GOODINIT_DATA"]).resolve() / "cats"


def in_pixels(name: str, folder: Path | None = None, **changes: Any) -> xr.Dataset:
    """Run a study as it stands in its file, but for the changes."""
    study = Study.read(STUDIES / f"{name}.toml").changed({"data": f"cats:{pictures()}"} | changes)
    return answer(resolve(study), folder)


def in_coordinates(name: str, **changes: Any) -> xr.Dataset:
    """Run a study on the 259 coordinates of the pictures in the space that they span, which is 40 times faster.

    With Q an orthonormal basis of this space and x in it, W x = (W Q) (Q^T x). The network starts from the same draws
    and computes the same, and gradient descent moves W within this space only. What W has outside of it is seen by
    the penalty alone, and here by nobody: `loss` leaves penalties out.
    """
    study = Study.read(STUDIES / f"{name}.toml").changed(changes)
    Q, data = turned(pictures())

    def first_layer_turned(text: str) -> Initializer:
        whole = initializer(text)

        def draw(layer: Layer, rng: np.random.Generator) -> np.ndarray:
            if layer.name != "layer1.weight":
                return whole(layer, rng)
            return whole(dense(layer.name, len(Q), layer.fan_out), rng) @ Q

        return Initializer(draw, label=text)

    widths = [data.inputs, *(width for width in parse_sizes(study.network)[1:] if width)]
    settings = {key: value for key, value in study if key in SETTINGS}
    inits = {label: first_layer_turned(text) for label, text in study.init.items()}
    return compare(mlp(widths, activation=study.activation), data, inits, **settings)


@lru_cache(maxsize=1)
def turned(folder: Path) -> tuple[np.ndarray, Data]:
    """Return an orthonormal basis of the space that the pictures span, shape (12288, 259), and the pictures in it."""
    pixels = cats(folder)
    Q, _ = np.linalg.qr(np.concatenate([pixels.train_inputs, pixels.test_inputs]).T)
    train, test = pixels.train_inputs @ Q, pixels.test_inputs @ Q
    return Q, arrays(train, pixels.train_targets, test, pixels.test_targets, task="binary")


def loss(results: xr.Dataset, label: str) -> xr.DataArray:
    """Return training losses as the sources print them, without the penalty; dims seed, step."""
    one = results.sel(initializer=label).isel(learning_rate=0)
    return one["train_loss"] - one["penalty"]


def one_more(values: np.ndarray, *, logarithmic: bool, together: int = 1) -> tuple[float, float]:
    """Return between what one more run lies, at 95 % for so many numbers together: mean +- t s sqrt(1 + 1/n).

    Losses spread over factors: for these it is the interval of the logarithm.
    """
    seen, n = np.log(values) if logarithmic else values, values.size
    reach = stats.t.ppf(1 - 0.025 / together, n - 1) * seen.std(ddof=1) * np.sqrt(1 + 1 / n)
    low, high = seen.mean() - reach, seen.mean() + reach
    return (np.exp(low), np.exp(high)) if logarithmic else (max(low, 0.0), min(high, 1.0))


def inside(printed: str, low: float, high: float) -> bool:
    """Whether a printed number lies in an interval; it is known to half a unit of its last digit."""
    rounding = 0.5 * 10.0 ** -len(printed.partition(".")[2])
    return low - rounding <= float(printed) <= high + rounding


def row(what: str, printed: str, values: np.ndarray, *, logarithmic: bool) -> str:
    low, high = one_more(values, logarithmic=logarithmic)
    digits = max(3, len(printed.partition(".")[2]))
    median, least, most = (f"{value:.{digits}f}" for value in (np.median(values), low, high))
    return (
        f"| {what} | {printed} | {median} | {least} to {most} | {'yes' if inside(printed, low, high) else '**no**'} |"
    )


def rows(name: str, results: xr.Dataset) -> list[str]:
    """Return the published numbers of a study beside ours."""
    label, losses, *accuracies = PUBLISHED[name]
    if not label:
        return []
    seen, last = loss(results, label), results.sel(initializer=label).isel(learning_rate=0, step=-1)
    table = [
        row(f"{name}: loss, step {step:,}", text, seen.sel(step=step).values, logarithmic=True)
        for step, text in losses.items()
    ]
    for part, text in zip(("train", "test"), accuracies, strict=True):
        table.append(row(f"{name}: {part} accuracy", text, last[f"{part}_accuracy"].values, logarithmic=False))
    return table


def outcome(results: xr.Dataset, label: str) -> str:
    """Say how one initializer ended: failures, final loss, test accuracy, and the steps to a small loss."""
    one, seen = results.sel(initializer=label).isel(learning_rate=0), loss(results, label)
    small = (seen < SMALL_LOSS).values
    steps = seen["step"].values[small.argmax(axis=1)[small.any(axis=1)]]
    when = f", after {np.median(steps):,.0f} steps ({steps.min():,} to {steps.max():,})" if steps.size else ""
    last = seen.isel(step=-1)
    return (
        f"`{label}`: failed {int(one['failed'].sum())} of {last.size}; final loss {float(last.median()):.4f} "
        f"({float(last.min()):.4f} to {float(last.max()):.4f}); "
        f"test accuracy {100 * float(one['test_accuracy'].isel(step=-1).mean()):.1f} %; "
        f"below {SMALL_LOSS}: {steps.size} of {last.size}{when}"
    )


def main() -> None:
    pixels = sys.argv[1:] == ["pixels"]
    table, notes = [], []
    for name in PUBLISHED:
        begin = time.perf_counter()
        results = in_pixels(name, FOLDER / name) if pixels else in_coordinates(name)
        took = time.perf_counter() - begin
        table += rows(name, results)
        notes.append(f"- {name}, {results['failed'].size} networks of {int(results['step'][-1]):,} steps: {took:.0f} s")
        notes += [f"    - {outcome(results, str(label))}" for label in results["initializer"].values]
        print(*notes, sep="\n", file=sys.stderr, flush=True)
    print("| | published | our median | one more run, 95 % | inside |", "|---|---:|---:|---:|---|", *table, sep="\n")
    print("", *notes, sep="\n")


if __name__ == "__main__":
    main()
