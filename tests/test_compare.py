"""`compare`, from the outside: published numbers, statistics, resuming, and what is refused."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import goodinit as gi
from goodinit.errors import InputError
from goodinit.study.problem import from_objects
from goodinit.study.run import cells
from goodinit.study.statistics import median_interval

INITS = ["zeros", "normal(std=10)", "he_normal"]
QUICK = {"seeds": 6, "steps": 40}


@pytest.fixture(scope="module")
def circles() -> xr.Dataset:
    return gi.compare(gi.networks.mlp([2, 10, 5, 1]), gi.datasets.circles(), INITS, seeds=32)


def published_start(scale: float | str, wobble: int | None = None) -> dict[str, np.ndarray]:
    """Draw as the course material does: one legacy generator, seed 3, W1, W2, W3 in turn.

    With a `wobble`, every weight is moved by about one unit in its last place.
    """
    rng = np.random.RandomState(3)
    weights = {}
    for k, (inputs, outputs) in enumerate([(2, 10), (10, 5), (5, 1)], start=1):
        factor = np.sqrt(2 / inputs) if scale == "he" else scale
        weights[f"layer{k}.weight"] = rng.randn(outputs, inputs) * factor
    last_place = np.random.default_rng(wobble)
    moves = {name: 0 if wobble is None else 2e-16 * last_place.standard_normal(w.shape) for name, w in weights.items()}
    return {name: w * (1 + moves[name]) for name, w in weights.items()}


def test_published_numbers_of_three_initializations_on_circles() -> None:
    own = {name: gi.initializers.given(published_start(name)) for name in ("he",)}
    own |= {"zeros": gi.initializers.given(published_start(0))}
    own |= {f"normal x 10, {i}": gi.initializers.given(published_start(10, i)) for i in (None, *range(30))}
    results = gi.compare("2-10-5-1", "circles", own, seeds=1, precision="float64", record_every=1000)
    results = results.isel(seed=0, learning_rate=0)
    losses = results["train_loss"].sel(step=[0, 1000, 3000, 5000, 7000, 10000, 14000])
    he = [0.8830537463419761, 0.6879825919728063, 0.6526117768893805, 0.5304944491717495,
          0.3117803464844441, 0.15015556280371808, 0.07357895962677366]  # fmt: skip
    np.testing.assert_allclose(losses.sel(initializer="he"), he, atol=1e-10, rtol=0)
    zeros = [0.6931471805599453] * 5 + [0.6931471805599455, 0.6931471805599453]
    np.testing.assert_allclose(losses.sel(initializer="zeros"), zeros, atol=1e-10, rtol=0)
    # chaotic in rounding: moving the weights by one unit in the last place moves the loss at 7,000 by .003 (one
    # standard deviation), so it is the median of such runs that is compared
    large = [1773.5859549373833, 0.6247924745506072, 0.5637539062842213, 0.5443826306793814,
             0.47157999220550006, 0.3920227137490125, 0.38276694641706693]  # fmt: skip
    np.testing.assert_allclose(losses[2:].median("initializer"), large, atol=5e-3, rtol=0)
    np.testing.assert_allclose(losses[2], large, atol=0.015, rtol=0)  # five of these deviations
    scores = results[["train_accuracy", "test_accuracy"]].isel(step=-1).to_array().values.T
    np.testing.assert_allclose(scores[0], [298 / 300, 0.96], atol=1e-12)
    np.testing.assert_allclose(scores[1], [0.5, 0.5], atol=1e-12)
    np.testing.assert_allclose(np.median(scores[2:], axis=0), [0.83, 0.86], atol=1e-12)


def test_what_the_main_job_says(circles: xr.Dataset) -> None:
    assert circles["median"].sel(metric="test_accuracy", initializer="he_normal") >= 0.93
    assert circles["failure_probability"].values.tolist() == [1, 0, 0]
    sentences = list(circles["finding"].values)
    assert any(
        s.startswith("he_normal beats normal(std=10) by 1") and "points of test accuracy [" in s for s in sentences
    )
    assert any(s.startswith("zeros fails in 32 of 32 seeds (32 predict the base rate)") for s in sentences)
    assert any("Holm" in s for s in sentences)


def test_the_dataset_holds_what_its_statistics_are_made_of(circles: xr.Dataset) -> None:
    last = circles.isel(step=-1, learning_rate=0)
    he = last.sel(initializer="he_normal")
    np.testing.assert_array_equal(
        circles["final"].sel(initializer="he_normal", metric="test_accuracy"), he["test_accuracy"]
    )
    assert circles["median"].sel(initializer="he_normal", metric="final_loss") == np.median(he["train_loss"])
    interval = circles["interval"].sel(initializer="he_normal", metric="final_loss").values
    assert tuple(interval) == median_interval(he["train_loss"].values)
    difference = last["test_accuracy"].sel(initializer="normal(std=10)") - he["test_accuracy"]
    pair = circles.isel(pair=2)
    assert (pair["pair_a"], pair["pair_b"]) == ("normal(std=10)", "he_normal")
    assert pair["pair_difference"] == pytest.approx(float(difference.mean()))
    assert pair["pair_p"] < 0.05
    assert stats.ttest_1samp(difference, 0).pvalue < 0.05
    assert circles["decision"].dims == ("initializer", "grid_y", "grid_x")


def test_the_decision_map_is_what_the_network_says(circles: xr.Dataset) -> None:
    grid = circles["decision"].sel(initializer="he_normal")
    near = grid.sel(grid_x=circles["point_x"], grid_y=circles["point_y"], method="nearest")
    agree = np.mean((near.values > 0.5) == circles["point_class"].values)
    seed = int(circles["decision_seed"].sel(initializer="he_normal"))
    trained = float(circles["train_accuracy"].sel(initializer="he_normal", seed=seed).isel(step=-1, learning_rate=0))
    assert abs(agree - trained) < 0.03  # points beside the line may fall on its other side on the grid
    assert float(circles["decision"].sel(initializer="zeros").std()) == 0


def test_close_initializers_are_not_told_apart_and_seeds_are_asked_for() -> None:
    results = gi.compare("2-10-5-1", "circles", ["he_normal", "he_uniform"], seeds=8, steps=200)
    assert not results["pair_distinguishable"].item()
    assert "not distinguishable with 8 seeds" in results["finding"].values[0]


def test_seeds_are_paired_and_do_not_depend_on_what_else_was_asked() -> None:
    together = gi.compare("2-4-1", "circles", INITS, **QUICK)
    alone = gi.compare("2-4-1", "circles", ["he_normal"], **(QUICK | {"seeds": 3}))
    np.testing.assert_array_equal(
        together["train_loss"].sel(initializer="he_normal", seed=[0, 1, 2]), alone["train_loss"].isel(initializer=0)
    )


def test_each_initializer_is_judged_at_its_own_best_learning_rate() -> None:
    results = gi.compare("2-8-1", "circles", ["he_normal", "normal(std=0.1)"], learning_rate=[0.001, 0.5, 1e6], **QUICK)
    assert results["best_learning_rate"].values.tolist() == [0.5, 0.5]
    expected = np.median(results["train_loss"].isel(step=-1).fillna(np.inf), axis=2)
    np.testing.assert_array_equal(results["rate_loss"], expected)
    np.testing.assert_array_equal(
        results["final"].sel(metric="final_loss"), results["train_loss"].sel(learning_rate=0.5).isel(step=-1)
    )
    assert any("own best learning rate, chosen on training loss" in s for s in results["finding"].values)


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_or_two_seeds_give_no_interval_and_say_so(seeds: int) -> None:
    results = gi.compare("2-4-1", "circles", INITS, seeds=seeds, steps=20)
    assert np.isnan(results["interval"]).all()
    assert np.isnan(results["pair_interval"]).all()
    assert np.isnan(results["failure_interval"]).all()
    assert not results["pair_distinguishable"].any()
    assert any("no interval can be given" in s for s in results["finding"].values)


def test_failure_is_no_better_than_the_base_rate_or_not_finite() -> None:
    x, y = np.ones((100, 2)), (np.arange(100) < 30).astype(int)  # x says nothing: only the base rate can be learned
    data = gi.datasets.arrays(x, y, x, y)
    results = gi.compare("2-1", data, ["zeros", "normal(std=1e30)"], seeds=4, steps=2000, learning_rate=0.1)
    assert results.attrs["baseline_loss"] == pytest.approx(stats.entropy([0.3, 0.7]))
    assert results["failed"].all()
    assert results["train_loss"].sel(initializer="zeros").isel(step=-1).max() == pytest.approx(
        stats.entropy([0.3, 0.7]), rel=0.05
    )
    said = " ".join(results["finding"].values)
    assert "zeros fails in 4 of 4 seeds (4 predict the base rate)" in said
    assert results["outcome"].sel(initializer="zeros").values.ravel().tolist() == ["predicts the base rate"] * 4
    assert set(results["outcome"].isel(initializer=1).values.ravel()) <= {
        "not finite",
        "worse than the base rate",
    }


def test_targets_in_large_units_are_not_held_against_an_initializer() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    price = 250_000 + 90_000 * x @ [0.6, -0.5, 0.3]
    starts, split = ["he_normal", "glorot_uniform"], (x[:150], price[:150], x[150:], price[150:])
    raw = gi.compare("3-8-1", gi.datasets.arrays(*split), starts, seeds=3, steps=500, learning_rate=0.1)
    assert raw["outcome"].values.ravel().tolist() == ["not finite"] * 6
    assert any("does not speak against an initializer" in s and "standardize" in s for s in raw["finding"].values)
    data = gi.datasets.arrays(*split, standardize=True)
    scaled = gi.compare("3-8-1", data, starts, seeds=3, steps=500, learning_rate=0.1)
    assert scaled["outcome"].values.ravel().tolist() == ["trained"] * 6
    assert not any("does not speak" in s for s in scaled["finding"].values)


def test_no_difference_between_failures_is_told_first() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 3)), rng.normal(250, 90, size=120)
    data = gi.datasets.arrays(x[:80], y[:80], x[80:], y[80:])
    found = gi.compare("3-8-1", data, ["he_normal", "normal(std=0.01)"], seeds=8, steps=50, learning_rate=1e-9)
    assert found["failed"].all()
    assert str(found["finding"].values[0]).startswith("Every network failed, whatever it started from")


def test_rates_may_come_from_numpy() -> None:
    found = gi.compare("2-4-1", "circles", ["he_normal"], seeds=3, steps=20, learning_rate=np.logspace(-3, 0, 4))
    np.testing.assert_allclose(found["learning_rate"], [0.001, 0.01, 0.1, 1])


@pytest.mark.parametrize("kind", ["compare", "measure", "predict"])
def test_results_survive_a_netcdf_file(tmp_path: Path, kind: str) -> None:
    if kind == "compare":
        found = gi.compare("2-4-1", "circles", ["zeros", "he_normal"], seeds=3, steps=20)
    else:
        options = {"seeds": 3, "examples": 50} if kind == "measure" else {"examples": 50}
        found = getattr(gi, kind)("16x3", ["zeros", "lecun_normal"], **options)
    found.to_netcdf(tmp_path / "results.nc")
    again = xr.load_dataset(tmp_path / "results.nc")
    assert again.identical(found)
    if kind != "predict":
        assert gi.report.publish(again, tmp_path / "report").exists()


def test_penalties_do_not_turn_a_trained_network_into_a_failed_one() -> None:
    results = gi.compare("2-8-1", "circles", ["he_normal"], seeds=4, steps=3000, learning_rate=0.3, l2={"layer2": 0.02})
    last = results.isel(step=-1)
    assert (last["penalty"] > 0).all()
    assert not results["failed"].any()


def test_regression_reports_r2_under_its_own_name() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((80, 3))
    data = gi.datasets.arrays(x[:60], x[:60, :1] * 2, x[60:], x[60:, :1] * 2, task="regression")
    results = gi.compare(
        "3-8-1", data, ["he_normal", "zeros", "normal(std=1e20)"], seeds=8, steps=500, learning_rate=0.05
    )
    assert results["metric"].values.tolist() == ["train_r2", "test_r2", "final_loss"]
    assert results["median"].sel(initializer="he_normal", metric="test_r2") > 0.9
    assert results["failed"].sel(initializer="zeros").all()
    said = " ".join(results["finding"].values)
    assert "predict the mean" in said
    assert "he_normal beats normal(std=1e+20) in 8 of 8 seeds; some have no finite score." in said


def test_functions_and_arrays_of_the_users_own() -> None:
    import jax.numpy as jnp

    def mine(layer, rng):
        return rng.standard_normal(layer.shape) / layer.fan_in

    network = gi.networks.mlp([2, 4, 1], activation=lambda z: jnp.tanh(2 * z))
    results = gi.compare(
        network, "moons", [mine, "he_normal"], bias=lambda layer, rng: np.full(layer.shape, 0.1), **QUICK
    )
    assert results["initializer"].values.tolist() == ["function:mine", "he_normal"]
    assert "function:mine" in results.attrs["study"]


def test_digits_run_end_to_end() -> None:
    results = gi.compare(
        "auto-32-auto", "digits", ["he_normal", "zeros"], seeds=3, steps=300, batch_size=32, learning_rate=0.1
    )
    assert results["median"].sel(initializer="he_normal", metric="test_accuracy") > 0.85
    assert "decision" not in results


def test_recorded_gradients_shrink_towards_the_input_in_a_small_sigmoid_network() -> None:
    network = gi.networks.mlp([2, 30, 30, 30, 1], activation="sigmoid")
    results = gi.compare(network, "circles", ["normal(std=0.01)"], seeds=4, steps=20, record="gradients")
    sizes = results["gradient_norm_median"].isel(initializer=0, step=0)
    assert (np.diff(np.log(sizes)) > 1).all()  # sigma' and weights of .055 a layer: at least a factor e between layers
    assert results["neuron_gradient"].sizes["neuron"] == 91
    assert results["update_ratio"].dims == ("initializer", "learning_rate", "seed", "step", "layer")
    np.testing.assert_allclose(
        results["update_ratio_median"].isel(initializer=0, step=0),
        results["update_ratio"].isel(initializer=0, learning_rate=0, step=0).median("seed"),
    )


# resuming


def test_a_finished_study_costs_no_training_and_an_extension_only_the_new_cells(tmp_path: Path) -> None:
    def steps_trained(**options) -> tuple[int, xr.Dataset]:
        seen = [0]
        results = gi.compare(
            "2-4-1", "circles", out=tmp_path, progress=lambda done, total: seen.append(done), **(QUICK | options)
        )
        return max(seen), results

    count, first = steps_trained(initializers=["he_normal"])
    assert count == 6 * 40
    count, again = steps_trained(initializers=["he_normal"])
    assert count == 0
    xr.testing.assert_identical(first, again)
    count, more = steps_trained(initializers=["he_normal", "normal(std=1)"], seeds=8)
    assert count == (2 * 8 - 6) * 40
    xr.testing.assert_equal(more["train_loss"].isel(initializer=[0], seed=slice(6)), first["train_loss"])
    assert steps_trained(initializers=["he_normal"], seeds=2)[0] == 0
    assert steps_trained(initializers=["he_normal"], learning_rate=[0.01, 0.1])[0] == 6 * 40


def test_a_changed_function_is_trained_anew(tmp_path: Path) -> None:
    for scale, same in ((1.0, False), (1.0, True), (2.0, False)):
        seen: list[int] = []
        gi.compare(
            "2-4-1",
            "circles",
            {"mine": lambda layer, rng, scale=scale: rng.standard_normal(layer.shape) * scale},
            out=tmp_path,
            progress=lambda done, total, seen=seen: seen.append(done),
            **QUICK,
        )
        assert bool(seen) != same


def test_a_changed_activation_is_another_study(tmp_path: Path) -> None:
    import jax
    import jax.numpy as jnp

    def clipped(c, z):  # equal to the identity near 0, whatever c
        return jnp.clip(z, -c, c)

    def stopped(z):  # relu's values, and no gradient
        return jax.lax.stop_gradient(jnp.where(z > 0, z, 0))

    def relu(z):
        return jnp.where(z > 0, z, 0)

    functions = [lambda z: clipped(10, z), lambda z: clipped(20, z), stopped, relu]
    for function in functions:
        function.__name__ = "mine"
    identities = []
    for function in [*functions, functions[0]]:
        problem = from_objects(gi.networks.mlp([2, 4, 1], activation=function), "circles", ["zeros"], "zeros", {})
        identities.append(str(problem.identity()))
    assert len(set(identities)) == 4
    assert identities[0] == identities[-1]


def test_versions_are_part_of_a_cells_key(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = from_objects("2-4-1", "circles", ["zeros"], "zeros", {"seeds": 1})
    before = [cell.key for cell in cells(problem)]
    monkeypatch.setattr("goodinit.study.run.version", lambda name: "another")
    assert [cell.key for cell in cells(problem)] != before


def test_a_network_of_nans_has_no_score() -> None:
    x, y = np.ones((40, 1)), (np.arange(40) < 4).astype(int)
    data = gi.datasets.arrays(x, y, x, y)
    results = gi.compare("1-4-1", data, ["normal(std=1e30)", "he_normal"], seeds=8, steps=20)
    assert results["median"].sel(metric="test_accuracy").values[0] == -np.inf  # not 90 %, the share of class 0
    assert np.isnan(results["test_accuracy"].isel(initializer=0, step=-1)).all()
    said = " ".join(results["finding"].values)
    assert "he_normal beats normal(std=1e+30) in 8 of 8 seeds; some have no finite score." in said


def test_many_initializers_can_still_be_told_apart_and_nothing_else_is_left_unsaid() -> None:
    inits = {f"good {i}": "he_normal" for i in range(20)} | {f"bad {i}": "zeros" for i in range(20)}
    results = gi.compare("2-8-1", "circles", inits, seeds=18, steps=1500, learning_rate=[0.1, 1.0])
    good_a, good_b = (results[name].str.startswith("good").values for name in ("pair_a", "pair_b"))
    assert results["pair_distinguishable"].values[good_a & ~good_b].all()
    assert not results["pair_distinguishable"].values[good_a == good_b].any()
    said = list(results["finding"].values)
    assert sum("not distinguishable" in s or " beats " in s for s in said) == 10
    for part in ("... and 770 more pairs", "bad 19 fails in 18 of 18", "own best learning rate", "Holm"):
        assert any(part in s for s in said)


def test_what_came_from_python_is_named_and_labels_are_written_out() -> None:
    plain = gi.compare("2-4-1", "circles", {"he_normal": "zeros", "b": "ones"}, **QUICK)
    assert plain.attrs["from_python"] == "[]"
    assert 'he_normal = "zeros"' in plain.attrs["study"]
    own = gi.compare("2-4-1", "circles", {"mine": lambda layer, rng: np.ones(layer.shape)}, **QUICK)
    assert own.attrs["from_python"] == '["function:<lambda>"]'


def test_a_function_with_randomness_of_its_own_is_refused() -> None:
    own = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"function:.* gave other weights .* draw from the generator that it is given"):
        gi.compare("2-4-1", "circles", [lambda layer, rng: own.standard_normal(layer.shape)], **QUICK)


def test_a_different_study_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    gi.compare("2-4-1", "circles", ["zeros"], out=tmp_path, **QUICK)
    with pytest.raises(InputError, match="steps 40 there, 41 here"):
        gi.compare("2-4-1", "circles", ["zeros"], out=tmp_path, **(QUICK | {"steps": 41}))
    with pytest.raises(InputError, match="data circles there, moons here"):
        gi.compare("2-4-1", "moons", ["zeros"], out=tmp_path, **QUICK)


CHILD = """
import sys, goodinit as gi, goodinit.train.groups
goodinit.train.groups.workers = lambda: 2  # so that there are moments between groups on a machine of many cores, too
results = gi.compare("2-10-5-1", "circles", ["normal(std=10)", "he_normal"], seeds=40, steps=4000, batch_size=100,
                     out=sys.argv[1], record_every=400, progress=lambda done, total: print(done, flush=True))
import numpy as np
np.save(sys.argv[2], results["train_loss"].values)
"""


def cells_in(folder: Path) -> int:
    """Count the finished cells as another process sees them, 0 while there is no store."""
    path = folder / "cells.sqlite"
    if not path.exists():
        return 0
    copy = folder.parent / "copy.sqlite"
    for suffix in ("", "-wal"):
        source = Path(f"{path}{suffix}")
        Path(f"{copy}{suffix}").write_bytes(source.read_bytes() if source.exists() else b"")
    try:
        file = sqlite3.connect(copy)
        count = file.execute("SELECT count(*) FROM cell").fetchone()[0]
    except sqlite3.Error:
        return 0
    file.close()
    return int(count)


@pytest.mark.parametrize("moment", [0, 33])
def test_killed_and_run_again_it_ends_with_the_same_bits(moment: int, tmp_path: Path) -> None:
    def child(folder: str) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-c", CHILD, str(tmp_path / folder), str(tmp_path / f"{folder}.npy")]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE)

    with child("killed") as running:
        while cells_in(tmp_path / "killed") < moment:
            running.stdout.readline()  # waits for the next compiled call
        running.send_signal(signal.SIGKILL)
    assert moment <= cells_in(tmp_path / "killed") < 80
    for folder in ("killed", "whole"):
        with child(folder) as running:
            running.communicate()
            assert running.returncode == 0
    np.testing.assert_array_equal(np.load(tmp_path / "killed.npy"), np.load(tmp_path / "whole.npy"))
    assert os.listdir(tmp_path / "killed") == ["cells.sqlite"]


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        (("3-4-1", "circles", ["zeros"]), {}, "takes 3 inputs, the data circles has 2"),
        (("2-4-3", "circles", ["zeros"]), {}, "gives 3 outputs, binary"),
        (("2-4-1", "circle", ["zeros"]), {}, "did you mean 'circles'"),
        (("2-4-1", "circles", []), {}, "at least one initializer is needed"),
        (
            ("2-4-1", "circles", [lambda layer, rng: 0, lambda layer, rng: 1]),
            {},
            "two initializers are called function:<lambda>",
        ),
        (
            ("2-4-1", "circles", ["zeros"]),
            {"seeds": 0, "learning_rate": -1},
            "(?s)seeds must be.*learning rate must be",
        ),
        (("2-4-1", "circles", ["zeros"]), {"l2": {"layer9": 1}}, "unknown layer in l2 'layer9'"),
        (([2, 4, 1], "circles", ["zeros"]), {}, "network must be a text or goodinit.networks.mlp"),
        (("2-4-1", (1, 2), ["zeros"]), {}, "data must be a text or one of goodinit.datasets"),
        (("2-4-1", "circles", {1: "zeros", "1": "ones"}), {}, "two initializers are called 1"),
        (("2-4-1", "circles", {"a\nb": "zeros"}), {}, "must be printable text"),
        (("2-4-1", "circles", {"\ud800": "zeros"}), {}, "must be printable text"),
        ((gi.networks.mlp([2, 1], readout=False), "circles", ["zeros"]), {}, "has no readout"),
        (("2-4-1", "circles", ["zeros"]), {"seeds": 10**9}, "seeds must be at most 100,000"),
        (("2-4-1", "circles", [3]), {}, "an initializer is a text such as"),
        (("2-4-1", "circles", ["zeros"]), {"bias": "orthogonal"}, "orthogonal needs a matrix"),
    ],
)
def test_refusals(arguments: tuple, options: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        gi.compare(*arguments, **options)
