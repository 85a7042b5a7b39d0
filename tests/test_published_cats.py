"""Cat or not: published single runs seen among seeds, and what the studies in docs/studies say of them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from classics import PUBLISHED, in_coordinates, in_pixels, inside, loss, one_more

BASE_RATE = 0.643974  # entropy of 72 cats among 209 pictures


@pytest.fixture(scope="module", autouse=True)
def pictures(data_folder: Path) -> None:
    """Skip, or fail, without the pictures, which `classics` finds through GOODINIT_DATA."""


def is_ordinary(name: str, results: xr.Dataset) -> None:
    """Assert that one more run of a study may have printed the published losses, at 95 % for all of them together."""
    label, losses, *_ = PUBLISHED[name]
    seen = loss(results, label)
    printed = {step: text for step, text in losses.items() if step in seen["step"]}
    assert printed
    for step, text in printed.items():
        low, high = one_more(seen.sel(step=step).values, logarithmic=True, together=len(printed))
        assert inside(text, low, high), f"loss {text} at step {step} is not within {low:.4f} to {high:.4f}"


def test_logistic_regression_from_zeros_is_the_published_one_to_every_digit() -> None:
    results = in_pixels("cats-logistic-regression", init=["zeros"], seeds=1)
    one = results.isel(initializer=0, learning_rate=0, seed=0)
    assert f"{one['train_loss'].sel(step=100):.6f}" == "0.584508"
    assert f"{one['train_accuracy'].sel(step=2000):.5f}" == "0.99043"
    assert f"{one['test_accuracy'].sel(step=2000):.3f}" == "0.700"


def test_coordinates_are_as_good_as_pixels() -> None:
    few = {"seeds": 1, "steps": 6, "record_every": 2, "learning_rate": 0.1}
    pixels, coordinates = in_pixels("cats-he", **few), in_coordinates("cats-he", **few)
    for label in pixels["initializer"].values:
        one, other = loss(pixels, label), loss(coordinates, label)
        # float32 sums of 12,288 terms, each off by up to 6e-8
        np.testing.assert_allclose(other, one, rtol=1e-4)
        assert (np.abs(one - one.isel(step=0)).max("step") > 1e-3).all(), "too few steps to see anything"


def test_four_sigmoid_layers_from_small_weights_predict_the_base_rate() -> None:
    results = in_pixels("cats-four-sigmoid-layers", seeds=2, steps=300)
    one = results.isel(initializer=0, learning_rate=0)
    assert np.all(np.round(one["train_loss"].isel(step=-1), 4) == 0.6440)
    assert np.all(np.round(one["train_accuracy"].isel(step=-1), 4) == 0.6555)
    assert np.all(np.round(one["test_accuracy"].isel(step=-1), 4) == 0.3400)
    assert results.attrs["baseline_loss"] == pytest.approx(BASE_RATE, abs=1e-6)
    assert np.all(one["outcome"] == "predicts the base rate")
    assert results["failure_probability"].item() == 1
    assert "normal(std=0.01) fails in 2 of 2 seeds (2 predict the base rate)" in results["finding"].values[0]


@pytest.mark.parametrize("name", ["cats-four-sigmoid-layers", "cats-five-sigmoid-layers"])
def test_the_published_sigmoid_networks_are_ordinary_ones(name: str) -> None:
    results = in_coordinates(name, init=["normal(std=0.01)"], seeds=8, steps=600, record=None)
    is_ordinary(name, results)
    assert np.all(np.round(loss(results, "normal(std=0.01)").sel(step=[300, 600]), 4) == 0.6440)
    assert results["failed"].all()


def test_the_small_weights_make_the_gradient_vanish_more_than_the_sigmoid_does() -> None:
    results = in_coordinates("cats-five-sigmoid-layers", seeds=4, steps=500)
    start = results["gradient_norm_median"].isel(step=0)
    falls = (start.sel(layer="layer2") / start.sel(layer="layer4")) ** 0.5  # a layer
    # a layer back multiplies gradients by the weights, sqrt(30) times their deviation, and by the sigmoid's slope 1/4
    assert falls.sel(initializer="normal(std=0.01)") == pytest.approx(30**0.5 * 0.01 / 4, rel=0.15)
    assert falls.sel(initializer="glorot_normal") == pytest.approx(1 / 4, rel=0.25)
    assert falls.sel(initializer="lecun_normal(gain=4.72)") > 0.5
    failed = results["failed"].isel(learning_rate=0)
    assert failed.sel(initializer=["normal(std=0.01)", "glorot_normal"]).all()
    assert not failed.sel(initializer="lecun_normal(gain=4.72)").any()


def test_half_the_deviation_is_slower_than_he_and_the_published_run_is_an_ordinary_one() -> None:
    results = in_coordinates("cats-he", seeds=8)
    is_ordinary("cats-he", results)
    half, he = loss(results, "1/(2 fan_in)"), loss(results, "2/fan_in")
    assert (he.sel(step=300) < half.sel(step=300)).all()
    assert he.sel(step=600).median() < half.sel(step=1500).median()
    assert results["train_accuracy"].isel(step=-1).median() == pytest.approx(1)
    assert not results["pair_distinguishable"].item()


def test_a_penalty_of_lambda_not_divided_by_the_examples_is_another_network() -> None:
    results = in_coordinates("cats-he", seeds=8, steps=900, l2={"layer1": 1.5})
    assert loss(results, "1/(2 fan_in)").sel(step=900).min() > float(PUBLISHED["cats-he"][1][900]) + 0.05


@pytest.mark.campaign
def test_the_recommended_gain_does_in_two_thousand_steps_what_glorot_does_not_in_ten() -> None:
    glorot = in_coordinates("cats-centred-sigmoid", seeds=8, steps=10_200)
    is_ordinary("cats-centred-sigmoid", glorot)
    assert loss(glorot, "glorot_normal").isel(step=-1).min() > 0.6
    gain = in_coordinates("cats-centred-sigmoid-gain", seeds=8, init=["glorot_normal(gain=4.8)"], steps=2000)
    assert loss(gain, "glorot_normal(gain=4.8)").isel(step=-1).max() < 0.06
    assert gain["train_accuracy"].isel(step=-1).min() == pytest.approx(1)
