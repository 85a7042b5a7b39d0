"""Measuring and predicting whole networks: `goodinit.measure`, `goodinit.predict`, and what they are made of."""

import contextlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import goodinit as gi
from goodinit.errors import InputError
from goodinit.report.profiles import profiles
from goodinit.study.signal import STATISTICS, SignalStudy, resolve
from goodinit.study.signal.statistics import far, one_network, resolution, standard_errors
from goodinit.study.signal.verdicts import Profile, verdict
from goodinit.theory import gradient_at_logits

THREE = ["normal(std=0.01)", "normal(std=1)", "lecun_normal"]
PUBLISHED = (  # standard deviation of all activations, ten tanh layers of 500, 1,000 standard-normal inputs
    ".213471 .047744 .010663 .002377 .000533 .000120 .000027 .000006 .000001 .000000",
    ".981929 .981658 .981834 .981665 .981690 .981558 .981779 .981635 .981700 .981527",
    ".628531 .485856 .407851 .357675 .321055 .294206 .272173 .255200 .239305 .226953",
)


@pytest.fixture(scope="module")
def ten_layers():
    return gi.measure("500x10", THREE, seeds=12)


@pytest.mark.parametrize("scale", range(3))
def test_published_deviations_lie_in_the_band_and_in_the_interval(ten_layers, scale: int) -> None:
    printed = np.array([float(one) for one in PUBLISHED[scale].split()])
    one = ten_layers.isel(initializer=scale).sel(statistic="activation_std")
    for part in ("band", "interval"):
        low, high = one[part].transpose("bound", "layer").values
        assert (printed >= low - 5e-7).all(), part  # half of the last digit printed
        assert (printed <= high + 5e-7).all(), part
    means = np.abs(ten_layers["activation_mean"].values[scale])
    assert (means < 0.004).mean() > 0.95  # one published network stays below it at all layers


def test_verdicts_on_the_three_scales(ten_layers) -> None:
    small, large, right = (str(one) for one in ten_layers["verdict"].values)
    assert small.startswith("vanishes forward: x0.22 a layer, gone by layer 5; gradients vanish: x0.22 a layer")
    assert large.startswith("gradients explode: x3.5 a layer although 95 % of units saturate")
    assert right.startswith("stable to depth ")
    assert 50 < float(ten_layers["stable_depth"][2]) < 120
    # .01 sqrt(500) forward; chi_1 = 12.1 backward (claims 9 and 10)
    assert float(ten_layers["forward_rate"][0]) == pytest.approx(0.01 * math.sqrt(500), rel=0.01)
    assert float(ten_layers["backward_rate"][1]) == pytest.approx(math.sqrt(12.1), rel=0.01)


def test_theory_and_measurement_agree_and_the_findings_say_so(ten_layers) -> None:
    assert np.nanmax(np.abs(ten_layers["standard_errors"].values)) < far(12)
    assert "agree within 5 standard errors at every layer: every initializer." in ten_layers["finding"].values[-1]


def test_a_prediction_needs_no_measurement_and_is_the_same(ten_layers) -> None:
    alone = gi.predict("500x10", THREE)
    for part in ("predicted", "band"):
        np.testing.assert_array_equal(alone[part].values, ten_layers[part].values)
    assert "measured" not in alone
    assert "seed" not in alone.coords


CASES = [
    ("relu", "he_normal", "96x8", "normal(correlation=0.3)"),
    ("gelu", "he_uniform", "128x4", "normal"),
    ("sigmoid", "glorot_normal", "96x4", "normal(std=2)"),
    ("selu", "lecun_normal", "128x6", "normal"),
    ("linear", "truncated_normal(std=0.1)", "100x5", "normal"),
    ("tanh", "glorot_uniform", "auto-64x3-auto", "digits"),
    ("relu", "he_normal", "auto-64x4-auto", "digits"),
    ("tanh", "lecun_normal", "auto-64x3-auto", "moons"),
]


@pytest.mark.parametrize(("activation", "init", "network", "data"), CASES)
def test_prediction_within_five_standard_errors(activation: str, init: str, network: str, data: str) -> None:
    found = gi.measure(network, init, data, activation=activation, seeds=24, examples=200, bias="normal(std=0.05)")
    off = found["standard_errors"].isel(initializer=0)
    doubted = found["doubt"].isel(initializer=0).values != ""
    assert np.nanmax(np.abs(off.values[~doubted])) < far(24), off.to_pandas()
    compared = np.isfinite(off.values).all(axis=1)
    assert compared[[0, 1, 3, 4, 5, 6]].all()  # all but the saturated share, which not every activation has


def test_cells_do_not_depend_on_what_else_was_asked_for() -> None:
    alone = gi.measure("20x3", "he_normal", seeds=2, examples=40)
    among = gi.measure("20x3", ["zeros", "he_normal", "orthogonal"], seeds=5, examples=40)
    for name in STATISTICS:
        np.testing.assert_array_equal(alone[name].values[0], among[name].values[1, :2])


def test_interrupted_and_continued_it_ends_with_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    options = {"seeds": 3, "examples": 30}
    with pytest.raises(KeyboardInterrupt, match="3 of 6 networks are finished and kept"):
        gi.measure("12x2", ["he_normal", "lecun_normal"], out=tmp_path, progress=stop, **options)
    found = gi.measure("12x2", ["he_normal", "lecun_normal"], out=tmp_path, **options)
    whole = gi.measure("12x2", ["he_normal", "lecun_normal"], **options)
    for name in STATISTICS:
        np.testing.assert_array_equal(found[name].values, whole[name].values)
    monkeypatch.setattr("goodinit.study.signal.run.trace", None)  # nothing is measured again
    again = gi.measure("12x2", ["he_normal", "lecun_normal"], out=tmp_path, **options)
    np.testing.assert_array_equal(again["measured"].values, whole["measured"].values)


def test_a_folder_of_another_study_is_refused(tmp_path: Path, refused: Callable[..., None]) -> None:
    gi.compare("2-3-1", "circles", "he_normal", seeds=1, steps=2, out=tmp_path)
    refused(lambda: gi.measure("4x2", "he_normal", seeds=1, out=tmp_path), "different study", "signal here", "--force")


def test_constants_have_no_prediction_and_say_why() -> None:
    found = gi.measure("16x3", ["zeros", "constant(value=0.1)", "he_normal"], activation="relu", seeds=3, examples=20)
    silent, copies, _ = (str(one) for one in found["verdict"].values)
    assert silent == "no signal: at every layer all units say the same, whatever goes in"
    assert copies == "no symmetry is broken: 100 % of the units are copies of another one"
    assert found["not_predicted"].values[1] == "theory needs entries of mean 0, and layer1.weight has mean 0.1"
    assert np.isnan(found["predicted"].values[1]).all()
    assert (found["standard_errors"].values[0, 1] == 0).all()  # deviation of the activations: 0 expected, 0 measured


def test_a_function_of_the_users_own_is_predicted_from_its_draws() -> None:
    def laplace(layer, rng):
        return rng.laplace(scale=math.sqrt(1 / layer.fan_in), size=layer.shape)  # variance 2 / fan-in

    ahead = gi.predict("200x4", [laplace, "he_normal"], activation="relu")["predicted"]
    own, he = ahead.sel(statistic="gradient_rms").values
    np.testing.assert_allclose(own, he, rtol=0.02)  # 160,000 draws: 1.1 % a layer, half of it in the root


def test_overflow_is_a_verdict_and_not_an_error() -> None:
    found = gi.measure("50x30", "normal(std=1e3)", activation="relu", seeds=3, examples=20)
    assert str(found["verdict"].values[0]).startswith("overflows: layer ")


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_or_two_seeds_give_no_interval_and_say_so(seeds: int) -> None:
    found = gi.measure("10x2", "he_normal", seeds=seeds, examples=20)
    assert np.isnan(found["interval"].values).all()
    assert np.isnan(found["standard_errors"].values).all()
    assert "no interval can be given" in str(found["finding"].values[-1])


# --- the statistics -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["activation_std", "correlation"])
def test_the_interval_holds_one_more_network(name: str) -> None:
    rng, runs, n = np.random.default_rng(1), 4_000, 6
    values = rng.standard_normal((n + 1, runs)) * 0.3
    values = np.exp(values) if name == "activation_std" else values
    low, high = one_network(name, values[:n]).T
    held = ((low <= values[n]) & (values[n] <= high)).mean()
    assert abs(held - 0.95) < 4 * math.sqrt(0.95 * 0.05 / runs)


def test_standard_errors_follow_student() -> None:
    rng, runs, n = np.random.default_rng(2), 4_000, 8
    values = np.exp(0.1 * rng.standard_normal((n, runs)) - 1)
    units = np.full(runs, 100)
    off = standard_errors("gradient_rms", values, np.full(runs, -1.0), units, 100)
    assert stats.kstest(off, stats.t(n - 1).cdf).pvalue > 1e-3
    assert far(10_000) == pytest.approx(5, abs=0.01)
    assert stats.t.sf(far(8), 7) == pytest.approx(stats.norm.sf(5), rel=1e-6)


def test_a_share_is_known_no_better_than_by_counting() -> None:
    units = np.array([100])
    none = standard_errors("dead", np.zeros((5, 1)), np.array([1e-4]), units, 1000)
    assert abs(none[0]) < 1  # none of 500 units where .05 were expected
    some = standard_errors("dead", np.zeros((5, 1)), np.array([0.2]), units, 1000)
    assert some[0] == pytest.approx(-0.2 / math.sqrt((0.2 * 0.8 / 100 + 1e-4) / 5))
    assert resolution("correlation", np.zeros(1), units, 1000)[0] == pytest.approx(1e-3)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_gradient_at_the_logits_is_that_of_torch(task: str) -> None:
    rng = np.random.default_rng(3)
    outputs, m, q, c = {"binary": 1, "multiclass": 4, "regression": 3}[task], 60, 2.0, 0.5
    targets = {
        "binary": rng.integers(0, 2, m).astype(float),
        "multiclass": rng.integers(0, outputs, m),
        "regression": rng.standard_normal((m, outputs)),
    }[task]
    squares, overlaps = [], []
    for _ in range(400):
        z = math.sqrt(q) * (
            math.sqrt(c) * rng.standard_normal(outputs) + math.sqrt(1 - c) * rng.standard_normal((m, outputs))
        )
        logits = torch.tensor(z, requires_grad=True)
        if task == "binary":
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits[:, 0], torch.tensor(targets), reduction="sum"
            )
        elif task == "multiclass":
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(targets), reduction="sum")
        else:
            loss = ((logits - torch.tensor(targets)) ** 2).mean(1).sum()
        loss.backward()
        g = logits.grad.numpy()
        squares.append((g**2).mean())
        overlaps.append((g.sum(0) @ g.sum(0) - (g**2).sum()) / (m * (m - 1) * outputs))
    rms, kin = gradient_at_logits(task, targets, rng.standard_normal((m, 5)), outputs, q, c)
    overlap = kin.mean
    error = np.std(squares) / math.sqrt(64) * math.sqrt(1 + 64 / 400)  # ours is a mean of 64 draws
    assert abs(rms**2 - np.mean(squares)) < 5 * error
    error = np.std(overlaps) / math.sqrt(64) * math.sqrt(1 + 64 / 400)
    assert abs(overlap * rms**2 - np.mean(overlaps)) < 5 * error


def test_the_gradient_at_small_logits_has_closed_forms() -> None:
    rms, kin = gradient_at_logits("binary", [1.0, 1, 1, 0], np.eye(4), 1, 0.0, 0.0)
    assert rms == pytest.approx(0.5)
    assert kin.mean == pytest.approx((3 * 2 + 0 - 2 * 3) / 12)  # pairs of one class +1, of two classes -1
    rms, _ = gradient_at_logits("multiclass", np.arange(10), np.eye(10), 10, 0.0, 0.0)
    assert rms == pytest.approx(math.sqrt((1 - 1 / 10) / 10))


# --- the verdict ----------------------------------------------------------------------------------------------------


def profile(**changes: object) -> Profile:
    layers = 6
    plain = {"std": np.ones(layers), "gradient": np.ones(layers), "correlation": np.zeros(layers)}
    zero = {name: np.zeros(layers) for name in ("saturated", "dead", "duplicate")}
    return Profile(**({"inputs": 1.0, "inputs_correlation": 0.0} | plain | zero | changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "stable through its 6 hidden layers"),
        ({"std": 0.5 ** np.arange(6.0)}, "vanishes forward: x0.50 a layer"),
        ({"std": 3.0 ** np.arange(6.0)}, "explodes forward: x3.0 a layer"),
        ({"gradient": 0.5 ** np.arange(6.0)}, "gradients explode: x2.0 a layer"),
        ({"gradient": 100 ** np.arange(6.0)}, "gradients vanish: x0.010 a layer"),
        ({"gradient": 10.0 ** np.linspace(-200, 200, 6)}, "gradients vanish: x0.000000 a layer"),
        ({"std": 0.01 ** np.arange(6.0)}, "vanishes forward: x0.010 a layer, gone by layer 3"),
        ({"dead": np.linspace(0, 0.8, 6)}, "80 % of the units of layer 6 are dead"),
        ({"saturated": np.full(6, 0.7)}, "70 % of units saturate"),
        ({"correlation": np.linspace(0.5, 0.999, 6)}, "examples become alike: correlation 0.999 at layer 6"),
        (
            {"std": np.array([1, 1, np.nan, np.nan, np.nan, np.nan])},
            "overflows: layer 3 has values that are not finite",
        ),
        ({"std": np.ones(1), "gradient": np.ones(1)}, "stable in its one hidden layer"),
    ],
)
def test_each_fault_has_its_words(changes: dict, said: str) -> None:
    assert verdict(profile(**changes), None).sentence == said


def test_stable_means_within_a_factor_of_ten() -> None:
    falling = -0.1 * np.arange(1000.0)
    assert verdict(profile(), (falling, np.zeros(1000))).depth == 24  # exp(-2.4) is below a tenth, exp(-2.3) is not
    assert verdict(profile(), (np.zeros(1000), 3 * falling)).depth == 8
    assert verdict(profile(), (np.zeros(1000), np.zeros(1000))).sentence == "stable to depth 1,000 and beyond"
    assert math.isnan(verdict(profile(dead=np.ones(6)), (falling, falling)).depth)


# --- what users give ------------------------------------------------------------------------------------------------


def test_refusals_name_the_value_and_the_way_out(refused: Callable[..., None]) -> None:
    refused(lambda: gi.measure("auto-5", "he_normal"), "'auto'", "give the number")
    refused(lambda: gi.measure("10x2", "he_normal", seeds=0), "seeds", "at least 1", "0")
    refused(lambda: gi.measure("10x2", "he_normal", examples=0), "examples", "at least 1")
    refused(lambda: gi.measure("10x2", "he_norml"), "did you mean 'he_normal'?")
    refused(lambda: gi.measure("10x2", "he_normal", "normal(sd=1)"), "unknown option of normal 'sd'", "did you mean")
    refused(lambda: gi.measure("10x2", "he_normal", "normal(std=-1)"), "std must be > 0")
    refused(
        lambda: gi.measure("10x2", "he_normal", "normal(correlation=1)"), "correlation must be at least 0 and below 1"
    )
    refused(lambda: gi.measure("10x2", "he_normal", "circles"), "takes 10 inputs", "begin with 'auto'")
    refused(lambda: gi.measure(gi.networks.mlp([4, 4, 4]), "he_normal"), "no targets", "readout=False")
    refused(lambda: gi.measure("10x2", "he_normal", np.ones((3, 10))), "data must be a text", "ndarray")
    refused(lambda: gi.predict(7, "he_normal"), "network must be a text")


def test_a_file_of_mistakes_lists_them_with_their_lines(tmp_path: Path, refused: Callable[..., None]) -> None:
    file = tmp_path / "s.toml"
    file.write_text('network = "10x2"\nactivation = "tan"\nsteps = 5\nseeds = -1\ndata = "normal(std=x)"\n')
    refused(
        lambda: SignalStudy.read(file),
        "unknown activation 'tan'; did you mean 'tanh'? (",
        "line 2)",
        "unknown key 'steps'; did you mean 'seeds'?",
        "line 3)",
        "line 4)",
        "line 5)",
    )


def test_a_study_is_its_toml(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    study = SignalStudy.of({"network": "8x3", "init": {"a": "he_normal"}, "data": "normal(std=2)", "seeds": 4})
    file.write_text(study.to_toml())
    assert SignalStudy.read(file).plain() == study.plain()
    assert str(resolve(study).network) == "8x3"


TEXT = st.text(max_size=20) | st.sampled_from(
    ["normal", "normal(", "normal(std=1e400)", "500x10", "1x1", "tanh", "auto-1"]
)


@given(st.dictionaries(st.sampled_from([*SignalStudy.model_fields, "steps"]), TEXT | st.integers() | st.lists(TEXT)))
@settings(max_examples=150, deadline=None)
def test_anything_is_a_study_or_refused(values: dict) -> None:
    with contextlib.suppress(InputError):
        study = SignalStudy.of(values)
        assert SignalStudy.of(study.plain()).plain() == study.plain()


def test_gradients_that_are_zero_in_every_network_agree_with_no_prediction() -> None:
    found = gi.measure("32x8", "normal(std=10)", activation="hardtanh", seeds=24, examples=64)
    gradient = found.isel(initializer=0).sel(statistic="gradient_rms")
    assert (gradient["measured"].values[:4] == 0).all()
    assert (gradient["predicted"].values[:4] > 1).all()
    assert (gradient["standard_errors"].values[:4] == -np.inf).all()
    said = " ".join(found["finding"].values)
    assert "agree" not in said
    assert "infinitely far): so few units have a slope" in said
    layer = int(np.flatnonzero(gradient["measured"].values == 0)[-1]) + 1
    assert f"gradients vanish: 0 from layer {layer} down" in str(found["verdict"].values[0])
    assert np.isnan(found["backward_rate"].values[0])
    (shown,) = profiles(found)
    assert shown.rows[0][1][shown.statistics.index("gradient_rms")].theory.endswith(" (\N{MINUS SIGN}\N{INFINITY})")


def test_few_seeds_are_not_said_to_agree_where_they_lie_far_off() -> None:
    found = gi.measure("32x8", "normal(std=10)", seeds=4, examples=64)
    assert 5 < np.nanmax(np.abs(found["standard_errors"].values)) < far(4)
    said = " ".join(found["finding"].values)
    assert "Beyond 5 standard errors, but not beyond the 157 that 4 seeds exceed" in said
    assert "agree within" not in said


@pytest.mark.parametrize(("width", "depth", "std"), [(32, 8, 10.0), (128, 10, 10.0), (32, 8, 3.0)])
def test_a_gradient_that_few_units_carry_is_doubted(width: int, depth: int, std: float) -> None:
    network = gi.networks.mlp([width] * (depth + 1), activation="tanh", readout=False)
    doubt = gi.predict(network, f"normal(std={std:g})")["doubt"].isel(initializer=0)
    assert "so few units have a slope" in str(doubt.sel(statistic="gradient_rms").values[0])
    assert doubt.sel(statistic="activation_std").values.tolist() == [""] * depth
