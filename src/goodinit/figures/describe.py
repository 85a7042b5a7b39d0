"""The pictures in words, with the numbers that they show: for those who cannot see them."""

import math
from collections.abc import Iterable

import xarray as xr

from goodinit.figures.words import (
    baseline_name,
    between,
    number,
    plural,
    score,
    score_between,
    score_name,
    share,
    shares_between,
)
from goodinit.spelling import one_line

MOST = 12  # initializers; the table of the report has all of them


def loss_curves(results: xr.Dataset) -> str:
    """Say where each curve of `loss_curves` ends."""
    last = results["loss_quantile"].isel(step=-1).transpose("initializer", "quantile")
    low, middle, high = (last.sel(quantile=q, method="nearest").values for q in (0.05, 0.5, 0.95))
    many = results.sizes["seed"] > 1
    ends = (
        f"{label} ends at {number(middle[i])}" + (f" ({number(low[i])} to {number(high[i])})" if many else "")
        for i, label in enumerate(_labels(results))
    )
    steps = plural(int(results["step"].values[-1]), "step")
    what = f"median and 5 to 95 % of {plural(results.sizes['seed'], 'seed')}" if many else "one seed"
    known = f"{baseline_name(results).capitalize()} has a loss of {number(float(results.attrs['baseline_loss']))}."
    return f"Training loss over {steps}, {what}. {_joined(results, ends)} {known}"


def final_scores(results: xr.Dataset) -> str:
    """Say what median each row of `final_scores` has, and between which scores its seeds lie."""
    metric = next(str(name) for name in results["metric"].values if str(name).startswith("test_"))
    one = results.sel(metric=metric)
    middle, best, worst = one["median"].values, one["best"].values, one["worst"].values
    interval = one["interval"].transpose("initializer", "bound").values
    rows = (
        f"{label}: median {score(results, middle[i])} {score_between(results, *interval[i])}".rstrip()
        + f", seeds from {score(results, worst[i])} to {score(results, best[i])}"
        for i, label in enumerate(_labels(results))
    )
    seeds = plural(results.sizes["seed"], "seed")
    return f"Final test {score_name(results)} of {seeds}, one row an initializer. {_joined(results, rows)}"


def failures(results: xr.Dataset) -> str:
    """Say how often each initializer failed."""
    seeds, shares = results.sizes["seed"], results["failure_probability"].values
    interval = results["failure_interval"].transpose("initializer", "bound").values
    rows = (
        f"{label}: {round(shares[i] * seeds)} of {seeds} failed, "
        + f"{share(shares[i])} {shares_between(*interval[i])}".rstrip()
        for i, label in enumerate(_labels(results))
    )
    return f"Probability of failure. {_joined(results, rows)}"


def learning_rates(results: xr.Dataset) -> str:
    """Say at which rate each initializer did best, and how well."""
    losses = results["rate_loss"].transpose("initializer", "learning_rate")
    best = results["best_learning_rate"].values
    rows = (
        f"{label}: best at {number(best[i])}, loss {number(float(losses[i].sel(learning_rate=best[i])))}"
        for i, label in enumerate(_labels(results))
    )
    rates = results["learning_rate"].values
    tried = f"{rates.size} learning rates {between(rates.min(), rates.max())}"
    return f"Median final training loss at {tried}. {_joined(results, rows)}"


def decision_maps(results: xr.Dataset) -> str:
    """Say which network each decision map belongs to, and how good it is."""
    metric = next(str(name) for name in results["metric"].values if str(name).startswith("test_"))
    seeds, final = results["decision_seed"].values, results["final"].sel(metric=metric)
    rows = (
        f"{label}: seed {seeds[i]}, test {score_name(results)} {score(results, float(final[i].sel(seed=seeds[i])))}"
        for i, label in enumerate(_labels(results))
    )
    points = plural(results.sizes["point"], "training point")
    return f"{points}, then how the network of the median seed divides the plane. {_joined(results, rows)}"


def neuron_gradients(results: xr.Dataset) -> str:
    """Say between which sizes the gradients of the neurons of each layer lie, at the start and at the end."""
    sizes = results["neuron_gradient_median"]
    rows = (
        f"{label}: "
        + ", ".join(
            f"{layer} {' then '.join(_range(one.isel(initializer=i, moment=at)) for at in (0, 1))}"
            for layer, one in sizes.groupby("neuron_layer", squeeze=False)
        )
        for i, label in enumerate(_labels(results))
    )
    return f"Gradient norm of every neuron, {_over(results)}, at the start then at the end. {_joined(results, rows)}"


def learning_speed(results: xr.Dataset) -> str:
    """Say what gradient each layer has at the start and at the end."""
    return f"Gradient norm of every layer, {_over(results)}, from the start to the end. " + _by_layer(
        results, "gradient_norm_median"
    )


def update_ratios(results: xr.Dataset) -> str:
    """Say how large the update of each layer is, over its weight, at the start and at the end."""
    return (
        f"Size of every layer's update over the size of its weight, {_over(results)}, from the start to the end; "
        f"0.001 is usual. {_by_layer(results, 'update_ratio_median')}"
    )


def _by_layer(results: xr.Dataset, name: str) -> str:
    """Say for each initializer and layer with which value it starts and ends."""
    ends = results[name].transpose("initializer", "layer", "step").values[:, :, [0, -1]]
    rows = (
        f"{label}: "
        + ", ".join(
            f"{layer} {number(start)} to {number(end)}"
            for layer, (start, end) in zip(results["layer"].values, ends[i], strict=True)
        )
        for i, label in enumerate(_labels(results))
    )
    return _joined(results, rows)


def activations(results: xr.Dataset) -> str:
    """Say how the activations of each initializer change with depth."""
    return f"Activations by layer, {_depth(results)}. " + _first_to_last(
        results, {"activation_std": "standard deviation", "activation_mean": "mean"}
    )


def gradients(results: xr.Dataset) -> str:
    """Say how the gradients of each initializer change with depth."""
    return f"Gradients by layer, {_depth(results)}. " + _first_to_last(
        results, {"gradient_rms": "by pre-activations", "weight_gradient_rms": "by weights"}
    )


def units(results: xr.Dataset) -> str:
    """Say which shares of units are saturated or dead, and how alike examples are."""
    return f"Units and examples by layer, {_depth(results)}. " + _first_to_last(
        results, {"saturated": "saturated", "dead": "dead", "correlation": "correlation of examples"}
    )


def histograms(results: xr.Dataset) -> str:
    """Say between which values the histograms reach, and how many activations lie in the outermost bins."""
    shares, edges = results["histogram"].values, results["histogram_edges"].values
    rows = (
        f"{label}: "
        + ", then ".join(
            f"from {number(edges[i, at, 0])} to {number(edges[i, at, -1])} with {share(shares[i, at, [0, -1]].sum())} "
            "in the two outermost bins"
            for at in (0, -1)
        )
        for i, label in enumerate(_labels(results))
    )
    return f"Histograms of one network's activations, first and last layer. {_joined(results, rows)}"


def phase_diagram(results: xr.Dataset) -> str:
    """Say where each initializer lies in the plane of weight and bias variance."""
    rows = (
        f"{label} has weight variance {number(float(one['mark_weight_variance']))} / fan-in and bias variance "
        f"{number(float(one['mark_bias_variance']))}"
        for label, one in ((label, results.isel(initializer=i)) for i, label in enumerate(_labels(results)))
    )
    return (
        f"Phase diagram of {results.attrs['activation']}: on the ordered side of the critical line gradients vanish "
        f"with depth, on the chaotic side they explode. {_joined(results, rows)}"
    )


def _depth(results: xr.Dataset) -> str:
    return f"measured on {plural(results.sizes['seed'], 'network')}, from the first to the last layer"


def _first_to_last(results: xr.Dataset, shown: dict[str, str]) -> str:
    """Say of some statistics the measured value at the first and at the last layer, and the predicted one there."""
    ends = results.isel(layer=[0, -1])

    def part(at: int, name: str, words: str) -> str:
        one = ends.isel(initializer=at).sel(statistic=name)
        first, last = one["measured"].values
        if math.isnan(first) and math.isnan(last):
            return f"{words} not defined"
        theory = float(one["predicted"].values[-1])
        told = f" (predicted {number(theory)})" if math.isfinite(theory) else ""
        return f"{words} {number(float(first))} to {number(float(last))}{told}"

    rows = (
        f"{label}: {', '.join(part(i, name, words) for name, words in shown.items())}"
        for i, label in enumerate(_labels(results))
    )
    return _joined(results, rows)


def _range(values: xr.DataArray) -> str:
    low, high = float(values.min()), float(values.max())
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _over(results: xr.Dataset) -> str:
    """Say over how many seeds the medians are."""
    seeds = results.sizes["seed"]
    return f"median of {plural(seeds, 'seed')}" if seeds > 1 else "one seed"


def _labels(results: xr.Dataset) -> list[str]:
    """Labels of the initializers that are put in words."""
    return [one_line(str(label), 60) for label in results["initializer"].values[:MOST]]


def _joined(results: xr.Dataset, rows: Iterable[str]) -> str:
    """Make one sentence of the rows, and say how many are left out."""
    left = results.sizes["initializer"] - MOST
    return "; ".join(rows) + (f"; and {left} more, which the table has." if left > 0 else ".")
