"""Results of a study that never ran, in the agreed schema, for the tests of figures and pages."""

import itertools
import json

import numpy as np
import xarray as xr

from goodinit.study import statistics

LABELS = ("zeros", "glorot_uniform", "he_normal")
QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def results(labels=LABELS, seeds=32, rates=(0.1,), steps=60, diverged=(), regression=False, classes=2, seed=0, depth=0):
    """Build a Dataset: the i-th label learns a little better than the one before; the first learns nothing.

    `diverged` maps a label's position to how many of its seeds end in NaN; with a `depth`, gradients of so many layers
    are recorded: none at all for the first label, and infinite ones at last for those of which all seeds diverge.
    """
    rng, n = np.random.default_rng(seed), len(labels)
    step = np.unique(np.linspace(0, 10 * steps, steps).astype(int))
    skill = np.linspace(0, 3, n) + (3 if n == 1 else 0)
    noise = rng.normal(0, 0.25, size=(n, len(rates), seeds, 1)) + rng.normal(0, 0.25, size=seeds)[:, None]
    off = np.array([abs(np.log10(r / 0.1)) for r in rates])[None, :, None, None]
    learned = np.maximum(skill[:, None, None, None] * (1 + noise) - off, 0)
    loss = 0.69 * np.exp(-learned * (step / max(step[-1], 1)) ** 0.7) + 0.002
    for i, many in dict(diverged).items():
        loss[i, :, :many, step.size // 2 :] = np.nan
    data = xr.Dataset(
        {"train_loss": (("initializer", "learning_rate", "seed", "step"), loss)},
        coords={"initializer": list(labels), "learning_rate": list(rates), "seed": np.arange(seeds), "step": step},
        attrs={
            "kind": "comparison",
            "study": 'data = "circles(noise=0.2)"\nseeds = 32\nlearning_rate = 0.1\n',
            "data": "circles(noise=0.2)",
            "task": "regression" if regression else ("binary" if classes == 2 else "multiclass"),
            "score": "r2" if regression else "accuracy",
            "baseline_loss": 0.693,
            "environment": json.dumps({"goodinit": "0.1.0", "jax": "0.8.0", "platform": "cpu", "lanes": 8}),
            "notes": json.dumps(["he_normal and glorot_uniform were given the same data and the same batches."]),
        },
    )
    _summarize(data, regression)
    _compare(data, "test_r2" if regression else "test_accuracy")
    if not regression:
        _map(data, classes)
    if depth:
        _gradients(data, depth, {i for i, many in dict(diverged).items() if many == seeds})
    return data


def _summarize(data, regression):
    rate_loss = data["train_loss"].isel(step=-1).fillna(np.inf).median("seed")
    ends = np.apply_along_axis(
        lambda v: np.array(statistics.median_interval(v)), 2, data["train_loss"].isel(step=-1).fillna(np.inf).values
    )
    data["rate_loss"], data["rate_loss_interval"] = rate_loss, (("initializer", "learning_rate", "bound"), ends)
    best = data["learning_rate"].values[rate_loss.values.argmin(axis=1)]
    data["best_learning_rate"] = ("initializer", best)
    loss = data["train_loss"].sel(learning_rate=data["best_learning_rate"]).drop_vars("learning_rate")
    counted = loss.fillna(np.inf).transpose("initializer", "step", "seed").values
    quantiles = np.quantile(counted, QUANTILES, axis=-1, method="higher")
    data["loss_quantile"] = (("quantile", "initializer", "step"), quantiles)
    data["loss_quantile"] = data["loss_quantile"].transpose("initializer", "step", "quantile")
    end = loss.isel(step=-1).transpose("initializer", "seed").values
    count = 300  # test points: scores are multiples of 1/300
    score = np.where(np.isfinite(end), np.round(count * (1 - 0.7 * np.minimum(end, 1))) / count, 0.5)
    if regression:
        score = np.where(np.isfinite(end), 1 - end / 0.693, -np.inf)
    names = ["train_r2", "test_r2", "final_loss"] if regression else ["train_accuracy", "test_accuracy", "final_loss"]
    final = np.stack([np.minimum(score + 0.01, 1), score, end], axis=-1)
    data["final"] = (("initializer", "seed", "metric"), final)
    data["metric"] = names
    sign = np.array([1, 1, -1])
    counted = np.where(np.isnan(final), np.inf, final)
    data["median"] = (("initializer", "metric"), np.quantile(counted, 0.5, axis=1, method="higher"))
    data["mean"] = (("initializer", "metric"), counted.mean(axis=1))
    data["best"] = (("initializer", "metric"), sign * (sign * counted).max(axis=1))
    data["worst"] = (("initializer", "metric"), sign * (sign * counted).min(axis=1))
    ends = [[statistics.median_interval(column) for column in one.T] for one in counted]
    data["interval"] = (("initializer", "metric", "bound"), np.array(ends))
    data["bound"], data["quantile"] = ["low", "high"], QUANTILES
    for name, pick in (("best_seed", np.argmax), ("worst_seed", np.argmin)):
        data[name] = ("initializer", data["seed"].values[pick(score, axis=1)])
    failed = ~(end < 0.6)
    data["failed"] = (data["train_loss"].isel(step=-1) < 0.6) == 0
    data["failure_probability"] = ("initializer", failed.mean(axis=1))
    few = data.sizes["seed"] < statistics.FEWEST
    ends = [(np.nan, np.nan) if few else statistics.proportion_interval(int(one.sum()), one.size) for one in failed]
    data["failure_interval"] = (("initializer", "bound"), np.array(ends))


def _compare(data, metric):
    labels, score = list(data["initializer"].values), data["final"].sel(metric=metric).values
    pairs = list(itertools.combinations(range(len(labels)), 2))
    with np.errstate(invalid="ignore"):
        gaps = [score[a] - score[b] for a, b in pairs]
    p = statistics.holm([statistics.sign_flip_p(gap) for gap in gaps])
    data["pair_a"] = ("pair", np.array([labels[a] for a, _ in pairs], dtype=object))
    data["pair_b"] = ("pair", np.array([labels[b] for _, b in pairs], dtype=object))
    data["pair_difference"] = ("pair", np.array([gap.mean() for gap in gaps]))
    data["pair_interval"] = (("pair", "bound"), np.array([statistics.mean_interval(g) for g in gaps]).reshape(-1, 2))
    data["pair_p"], data["pair_distinguishable"] = ("pair", p), ("pair", p <= 0.05)
    data["pair_seeds_needed"] = ("pair", np.array([statistics.seeds_needed(gap, len(pairs)) for gap in gaps]))
    sentences = [f"{labels[-1]} did best: median test score {score[-1].mean():.3g}."]
    sentences += [f"{labels[0]} and {labels[-1]} can be told apart with {score.shape[1]} seeds."]
    data["finding"] = ("finding", np.array(sentences, dtype=object))


def _gradients(data, depth, lost):
    rng, n, steps = np.random.default_rng(2), data.sizes["initializer"], data.sizes["step"]
    of_neuron = np.repeat([f"layer{i + 1}" for i in range(depth)], 5)
    norm = np.exp(-np.arange(depth)[::-1] * np.linspace(3, 0, n)[:, None, None] - np.linspace(0, 2, steps)[:, None])
    neurons = norm[:, [0, -1]][..., np.repeat(np.arange(depth), 5)] * rng.uniform(0.5, 1.5, (n, 2, 5 * depth))
    for values in (norm, neurons):
        values[0] = 0
        values[sorted(lost), -1] = np.inf
    data["gradient_norm_median"] = (("initializer", "step", "layer"), norm)
    data["update_ratio_median"] = (("initializer", "step", "layer"), 0.01 * norm)
    data["neuron_gradient_median"] = (("initializer", "moment", "neuron"), neurons.astype(np.float32))
    data.coords["layer"], data.coords["moment"] = [f"layer{i + 1}" for i in range(depth)], ["start", "end"]
    data.coords["neuron_layer"] = ("neuron", of_neuron)


def _map(data, classes):
    rng, n = np.random.default_rng(1), data.sizes["initializer"]
    axis = np.linspace(-1.5, 1.5, 60)
    radius = np.hypot(*np.meshgrid(axis, axis))
    sharpness = np.linspace(0, 12, n)[:, None, None]
    if classes == 2:
        decision = 1 / (1 + np.exp(sharpness * (radius - 0.9)))
    else:
        decision = np.broadcast_to(np.floor(radius * classes / 2.2), (n, 60, 60)) % classes
    data["decision"] = (("initializer", "grid_y", "grid_x"), decision)
    data["grid_y"], data["grid_x"] = axis, axis * 1.0
    data["decision_seed"] = ("initializer", np.arange(n) % data.sizes["seed"])
    angle, group = rng.uniform(0, 2 * np.pi, 300), np.arange(300) % classes
    reach = 1 - 0.8 * group / classes + rng.normal(0, 0.06, 300)
    data["point_x"], data["point_y"] = ("point", reach * np.cos(angle)), ("point", reach * np.sin(angle))
    data["point_class"] = ("point", group)
