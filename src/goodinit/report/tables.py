"""What the Dataset says, in the words and numbers of the page. Nothing is computed that does not stand in it."""

import json
import math
from itertools import accumulate
from typing import Any

import xarray as xr

from goodinit.figures.words import (
    between,
    number,
    plural,
    score,
    score_between,
    score_name,
    share,
    shares_between,
)
from goodinit.spelling import SENTENCE, one_line
from goodinit.study.statistics import FEWEST

Cell = tuple[str, str]  # what matters, and the small print beneath it

MOST_ROWS, MOST_PAIRS = 100, 200
MOST_FINDINGS, FINDINGS = 300, 12_000  # sentences, and characters in all: far more than a study says
LABEL, TOML = 80, 12_000  # characters; longer texts are cut, so that the page stays below 1 MB


def summary(results: xr.Dataset, most: int = MOST_ROWS) -> list[dict[str, Cell]]:
    """Make one row an initializer: `name`, `train`, `test`, `loss`, `failed`, `best`, `worst`, `rate`."""
    return [_summary_row(results.isel(initializer=i)) for i in range(min(results.sizes["initializer"], most))]


def _summary_row(one: xr.Dataset) -> dict[str, Cell]:
    train, test = (_metric(one, part) for part in ("train_", "test_"))
    return {
        "name": (one_line(str(one["initializer"].item()), LABEL), ""),
        "train": _with_interval(one, train),
        "test": _with_interval(one, test),
        "loss": _with_interval(one, "final_loss"),
        "failed": (share(float(one["failure_probability"])), shares_between(*one["failure_interval"].values)),
        "best": (score(one, float(one["best"].sel(metric=test))), f"seed {int(one['best_seed'])}"),
        "worst": (score(one, float(one["worst"].sel(metric=test))), f"seed {int(one['worst_seed'])}"),
        "rate": (number(float(one["best_learning_rate"])), ""),
    }


def _metric(results: xr.Dataset, part: str) -> str:
    """Find the name of the score on that part of the data."""
    return next(str(name) for name in results["metric"].values if str(name).startswith(part))


def _with_interval(one: xr.Dataset, metric: str) -> Cell:
    """Write a median and its interval."""
    middle, (low, high) = float(one["median"].sel(metric=metric)), one["interval"].sel(metric=metric).values
    if metric == "final_loss":
        return number(middle), between(low, high)
    return score(one, middle), score_between(one, low, high)


def comparisons(results: xr.Dataset) -> list[dict[str, str]]:
    """Make one row a pair: `a`, `b`, `difference`, `p`, `verdict`, `seeds`."""
    return [_pair_row(results, results.isel(pair=i)) for i in range(min(results.sizes.get("pair", 0), MOST_PAIRS))]


def _pair_row(results: xr.Dataset, pair: xr.Dataset) -> dict[str, str]:
    needed = float(pair["pair_seeds_needed"])
    return {
        "a": one_line(str(pair["pair_a"].item()), LABEL),
        "b": one_line(str(pair["pair_b"].item()), LABEL),
        "difference": _difference(results, float(pair["pair_difference"]), *pair["pair_interval"].values),
        "p": number(float(pair["pair_p"])),
        "verdict": "yes" if bool(pair["pair_distinguishable"]) else "no",
        "seeds": "cannot be said" if math.isnan(needed) else f"{needed:,.0f}",
    }


def _difference(results: xr.Dataset, middle: float, low: float, high: float) -> str:
    """Write a difference of scores with its sign: percentage points for accuracies."""
    if not math.isfinite(middle):
        return "not finite"
    points = score_name(results) == "accuracy"
    scale, unit = (100.0, " points") if points else (1.0, "")
    sign = "+" if middle > 0 else ""
    return f"{sign}{number(scale * middle)}{unit} {between(scale * low, scale * high)}".rstrip()


def findings(results: xr.Dataset) -> list[str]:
    """Give the sentences that say what was found."""
    sentences = [one_line(str(sentence), SENTENCE) for sentence in results["finding"].values[:MOST_FINDINGS]]
    ends = accumulate(map(len, sentences))
    sentences = [sentence for sentence, end in zip(sentences, ends, strict=True) if end <= FINDINGS]
    left = results.sizes["finding"] - len(sentences)
    return sentences + ([f"… and {left:,} sentences more, which are left out here."] if left else [])


def notes(results: xr.Dataset) -> list[str]:
    """Give the remarks on how the study was run."""
    return [one_line(note, SENTENCE) for note in _listed(results, "notes")[:MOST_ROWS]]


def environment(results: xr.Dataset) -> list[tuple[str, str]]:
    """Give the machine and the versions, as pairs of name and value."""
    text = str(results.attrs.get("environment", ""))
    try:
        told: Any = json.loads(text)
    except ValueError:
        told = None
    pairs = told.items() if isinstance(told, dict) else [("environment", text)]
    return [(one_line(str(name), LABEL), one_line(_plain(value), SENTENCE)) for name, value in list(pairs)[:MOST_ROWS]]


def _plain(value: Any) -> str:
    """Write a value of the environment: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def seeds(results: xr.Dataset) -> str:
    """Say which seeds were run."""
    values = [int(seed) for seed in results["seed"].values]
    if len(values) > 2 and values == list(range(values[0], values[-1] + 1)):
        return f"{values[0]} to {values[-1]} ({plural(len(values), 'seed')})"
    listed = ", ".join(str(seed) for seed in values[:MOST_ROWS])
    return listed + (f" … ({plural(len(values), 'seed')})" if len(values) > MOST_ROWS else "")


def study(results: xr.Dataset) -> str:
    """Give the study as TOML text, cut if it is beyond reason."""
    text = str(results.attrs["study"])
    return text if len(text) <= TOML else f"{text[:TOML]}\n# … and {len(text) - TOML:,} characters more"


def _listed(results: xr.Dataset, name: str) -> list[str]:
    """Read an attribute that is a list as JSON, which is text so that every format can keep it."""
    try:
        return [str(item) for item in json.loads(results.attrs.get(name, "[]"))]
    except (TypeError, ValueError):
        return [f"{name} cannot be read"]


def from_python(results: xr.Dataset) -> str:
    """List the names of what came as Python objects, which no study file can make again."""
    listed = [one_line(name, LABEL) for name in _listed(results, "from_python")]
    return ", ".join(listed[:MOST_ROWS]) + (" …" if len(listed) > MOST_ROWS else "")


def sentence(text: str) -> str:
    """Make a sentence of a description: a capital letter first, a full stop last."""
    line = one_line(text, SENTENCE)
    return f"{line[:1].upper()}{line[1:]}" + ("" if line.endswith((".", "!", "?")) else ".")


def too_few_seeds(results: xr.Dataset) -> str:
    """Say that no interval can be given, where that is so."""
    count = results.sizes["seed"]
    if count >= FEWEST:
        return ""
    return (
        f"No interval ({plural(count, 'seed')}): with fewer than {FEWEST} seeds nothing can be said about how "
        "much the results would change with other random numbers. Run more seeds before you conclude anything."
    )
