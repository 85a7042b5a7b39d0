"""The labels: trained cells become one `xarray.Dataset`, with every statistic that tables and figures show."""

import json
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from goodinit.networks import TASKS
from goodinit.study import statistics
from goodinit.study.gradients import with_gradients
from goodinit.study.problem import Problem
from goodinit.study.run import Cell, environment
from goodinit.study.store import Store
from goodinit.train import RECORDED, record_steps

Floats = NDArray[np.float64]
BY_STEP = ("initializer", "learning_rate", "seed", "step")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FAILED_ABOVE = 0.99  # of the loss of always predicting the base rate


def collect(problem: Problem, asked: Iterable[Cell], store: Store) -> xr.Dataset:
    """Return the Dataset of a finished study."""
    study, score = problem.study, TASKS[problem.data.task].score_name
    curves = np.stack([store[cell.key]["records"] for cell in asked])
    shape = (len(study.init), len(study.learning_rate), study.seeds, *curves.shape[1:])
    curves = curves.reshape(shape).astype(np.float64)
    names = [name.replace("score", score) for name in RECORDED]
    results = xr.Dataset(
        {name: (BY_STEP, curves[..., at]) for at, name in enumerate(names)},
        {
            "initializer": list(study.init),
            "learning_rate": list(study.learning_rate),
            "seed": np.arange(study.seeds),
            "step": record_steps(study.steps, problem.record_every),
        },
        {
            "kind": "comparison",
            "study": study.to_toml(),
            "data": problem.data.source,
            "task": problem.data.task,
            "score": score,
            "baseline_loss": baseline_loss(problem),
            "environment": json.dumps(environment(problem)),
            "notes": json.dumps(problem.data.notes),
            "classes": json.dumps(problem.data.classes),
            "from_python": json.dumps(study.from_python()),
        },
    )
    results = _with_pairs(_with_summary(_with_rates(results)))
    return with_gradients(results, problem.training.network, curves) if problem.training.gradients else results


def baseline_loss(problem: Problem) -> float:
    """Return the training loss of always predicting the base rate.

    For classes it is the entropy of their shares, -sum p ln p; for regression the variance, averaged over outputs.
    """
    targets = problem.data.train_targets
    if problem.data.task == "regression":
        return float(np.mean(np.var(targets, axis=0)))
    shares = np.unique(targets, return_counts=True)[1] / len(targets)
    return float(-np.sum(shares * np.log(shares)))


def _with_rates(results: xr.Dataset) -> xr.Dataset:
    """Add which cells failed, how each learning rate did, and each initializer's best one."""
    last = results.isel(step=-1)
    results["outcome"] = (BY_STEP[:3], _outcomes(results))
    results["failed"] = results["outcome"] != "trained"
    results["failed"].attrs["description"] = (
        f"final training loss, penalties left out, not finite or not below {FAILED_ABOVE:.0%} of what always "
        f"predicting the {constant(results)} costs, {results.attrs['baseline_loss']:.4g}"
    )
    losses = _nan_to_inf(last["train_loss"].values)
    results["rate_loss"] = (BY_STEP[:2], np.median(losses, axis=2))
    results["rate_loss_interval"] = ((*BY_STEP[:2], "bound"), _over_last(statistics.median_interval, losses))
    best = results["rate_loss"].argmin("learning_rate")
    results["best_learning_rate"] = ("initializer", results["learning_rate"].values[best.values])
    return results.assign_coords(bound=["low", "high"])


def constant(results: xr.Dataset) -> str:
    """Return what a network predicts that has learned nothing of its inputs."""
    return "mean" if results.attrs["task"] == "regression" else "base rate"


def _outcomes(results: xr.Dataset) -> NDArray[np.str_]:
    """Name what became of each network, by its final training loss without penalties."""
    last = results.isel(step=-1)
    ratio = (last["train_loss"] - last["penalty"]).values / results.attrs["baseline_loss"]
    return np.select(
        [~np.isfinite(ratio), ratio < FAILED_ABOVE, ratio <= 2 - FAILED_ABOVE],
        ["not finite", "trained", f"predicts the {constant(results)}"],
        f"worse than the {constant(results)}",
    )


def _with_summary(results: xr.Dataset) -> xr.Dataset:
    """Add statistics over seeds, at each initializer's best learning rate."""
    score = results.attrs["score"]
    metrics = [f"train_{score}", f"test_{score}", "final_loss"]
    at_best = (
        results[[metrics[0], metrics[1], "train_loss", "failed"]]
        .sel(learning_rate=results["best_learning_rate"])
        .drop_vars("learning_rate")
    )
    last = at_best.isel(step=-1)
    final = np.stack([last[metrics[0]], last[metrics[1]], _nan_to_inf(last["train_loss"].values)], axis=-1)
    final[..., :2] = np.where(np.isnan(final[..., :2]), -np.inf, final[..., :2])
    over_seeds = np.moveaxis(final, 1, 2)
    each = ("initializer", "metric")
    results["final"] = (("initializer", "seed", "metric"), final)
    results["median"] = (each, np.median(over_seeds, axis=-1))
    results["mean"] = (each, np.mean(over_seeds, axis=-1))
    results["interval"] = ((*each, "bound"), _over_last(statistics.median_interval, over_seeds))
    results = results.assign_coords(metric=metrics, quantile=list(QUANTILES))
    results = _with_best_and_worst(results)
    failures = last["failed"].values
    results["failure_probability"] = ("initializer", failures.mean(axis=1))
    results["failure_interval"] = (
        ("initializer", "bound"),
        [
            statistics.proportion_interval(int(f.sum()), f.size) if f.size >= statistics.FEWEST else (np.nan, np.nan)
            for f in failures
        ],
    )
    curves = _nan_to_inf(at_best["train_loss"].transpose("initializer", "seed", "step").values)
    spread = np.quantile(curves, QUANTILES, axis=1, method="inverted_cdf")
    results["loss_quantile"] = (("initializer", "step", "quantile"), np.moveaxis(spread, 0, -1))
    return results


def _with_best_and_worst(results: xr.Dataset) -> xr.Dataset:
    """Add the seeds with the best and the worst test score; the training loss decides between equals."""
    final = results["final"].values
    order = np.array([np.lexsort((one[:, 2], -one[:, 1])) for one in final])  # by test score, then by loss
    for name, place in (("best", 0), ("worst", -1)):
        seeds = order[:, place]
        results[f"{name}_seed"] = ("initializer", results["seed"].values[seeds])
        results[name] = (("initializer", "metric"), final[np.arange(len(final)), seeds])
    return results


def _with_pairs(results: xr.Dataset) -> xr.Dataset:
    """Add the paired differences of the test score between every two initializers."""
    labels = list(results["initializer"].values)
    pairs = list(combinations(range(len(labels)), 2))
    scores = results["final"].values[:, :, 1]
    with np.errstate(invalid="ignore"):  # -inf - -inf: both diverged, and neither is better
        differences = np.array([scores[a] - scores[b] for a, b in pairs]).reshape(len(pairs), scores.shape[1])
    p = statistics.holm(statistics.sign_flip_p(differences))
    few = scores.shape[1] < statistics.FEWEST
    results["pair_a"] = ("pair", np.array([labels[a] for a, _ in pairs], dtype=object))
    results["pair_b"] = ("pair", np.array([labels[b] for _, b in pairs], dtype=object))
    results["pair_difference"] = ("pair", [d.mean() if np.isfinite(d).all() else np.nan for d in differences])
    results["pair_interval"] = (("pair", "bound"), _over_last(statistics.mean_interval, differences))
    results["pair_p"] = ("pair", np.full(len(pairs), np.nan) if few else p)
    results["pair_distinguishable"] = ("pair", (p < statistics.LEVEL) & (not few))
    results["pair_seeds_needed"] = ("pair", [statistics.seeds_needed(d, len(pairs)) for d in differences])
    return results


def _nan_to_inf(losses: Floats) -> Floats:
    """Return losses with NaN as +inf: a network that is not a number any more is as far from trained as can be."""
    return np.where(np.isnan(losses), np.inf, losses)


def _over_last(interval: Any, values: Floats) -> Floats:
    """Apply `interval` to the last axis, which becomes (low, high)."""
    flat = values.reshape(-1, values.shape[-1])
    return np.array([interval(row) for row in flat]).reshape(*values.shape[:-1], 2)
