"""Pictures and page of a signal study: what is drawn is what stands in the Dataset, whatever the Dataset holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import goodinit as gi
import synthetic
from goodinit.errors import InputError
from goodinit.figures import PICTURES, describe

SIGNAL = ("activations", "histograms", "gradients", "units", "phase_diagram")
STRANGE = '<script>alert(1)</script> "&$x^2'


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    inits = {"he": "he_normal", STRANGE: "zeros", "huge": "normal(std=1e9)", "ones": "ones"}
    return gi.measure("12x9", inits, activation="relu", seeds=4, examples=30)


def test_points_are_measured_and_lines_are_theory(results: xr.Dataset) -> None:
    for draw, names in (
        (gi.figures.activations, ("activation_std", "activation_mean")),
        (gi.figures.gradients, ("gradient_rms", "weight_gradient_rms")),
    ):
        for panel, name in zip(draw(results), names, strict=True):
            line, points = panel.lines[0], panel.lines[1]  # of the first initializer
            one = results.isel(initializer=0).sel(statistic=name)
            np.testing.assert_allclose(points.get_ydata(), one["measured"], rtol=1e-12)
            np.testing.assert_allclose(line.get_ydata(), one["predicted"], rtol=1e-12)
            assert points.get_linestyle() == "None"
            low, high = panel.get_ylim()
            assert (low <= points.get_ydata()).all()
            assert (points.get_ydata() <= high).all()


def test_zero_and_overflow_have_places_of_their_own(results: xr.Dataset) -> None:
    panel = gi.figures.gradients(results)[0]
    panel.figure.draw_without_rendering()
    said = [label.get_text() for label in panel.get_yticklabels()]
    assert "0" in said
    assert "not finite" in said


def test_histograms_hold_the_shares_of_the_dataset(results: xr.Dataset) -> None:
    panels = gi.figures.histograms(results)
    assert panels.shape == (4, 9)
    drawn = panels[0, 3].patches[0].get_data().values
    expected = results["histogram"].values[0, 3]
    np.testing.assert_allclose(drawn, expected / expected.max())


def test_saturation_is_not_asked_of_relu(results: xr.Dataset) -> None:
    words = [text.get_text() for text in gi.figures.units(results)[0].texts]
    assert "not for this\nactivation" in words
    assert "saturated not defined" in describe.units(results)


@pytest.mark.parametrize("layers", [1, 60])
def test_any_depth_can_be_drawn(layers: int) -> None:
    found = gi.measure(f"6x{layers}" if layers > 1 else "6-6", "lecun_normal", seeds=3, examples=10)
    for picture in PICTURES:
        if picture.name in SIGNAL:
            assert picture.applies(found)
            picture.draw(found)


def test_the_page_holds_every_picture_and_escapes_every_label(results: xr.Dataset, tmp_path: Path) -> None:
    page = gi.report.publish(results, tmp_path).read_text(encoding="utf-8")
    assert page.count("<figure>") == len(SIGNAL)
    assert page.count('alt="') == len(SIGNAL)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "no signal: at every layer" in page
    assert "not predicted: theory needs entries of mean 0" in page
    assert "What theory assumes" in page
    assert "default-src 'none'" in page


def test_the_picture_of_a_prediction_is_its_phase_diagram() -> None:
    ahead = gi.predict("50x4", ["lecun_normal", "normal(std=1)"])
    ax = gi.figures.phase_diagram(ahead)
    assert any("lecun_normal" in text.get_text() for text in ax.texts)
    assert "lecun_normal has weight variance 1 / fan-in" in describe.phase_diagram(ahead)


@pytest.mark.parametrize(
    ("picture", "given", "said"),
    [
        (gi.figures.gradients, "predicted", "'measured', which goodinit.measure returns"),
        (gi.figures.histograms, "trained", "'histogram', which goodinit.measure returns"),
        (gi.figures.loss_curves, "predicted", "'loss_quantile', which goodinit.compare returns"),
        (gi.figures.final_scores, "predicted", "'final', which goodinit.compare returns"),
        (gi.figures.phase_diagram, "trained", "'phase', which goodinit.measure or goodinit.predict returns"),
    ],
)
def test_another_dataset_is_refused_in_a_sentence(picture: Callable[..., Any], given: str, said: str) -> None:
    results = gi.predict("16x4", "he_normal") if given == "predicted" else synthetic.results(seeds=3)
    with pytest.raises(InputError, match=said):
        picture(results)


def test_no_report_is_made_of_another_dataset(tmp_path: Path) -> None:
    for results in (gi.predict("16x4", "he_normal"), xr.Dataset()):
        with pytest.raises(InputError, match="a report is made of what"):
            gi.report.publish(results, tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_an_axis_of_few_decades_can_be_read() -> None:
    found = gi.measure("32x6", "lecun_normal", seeds=3, examples=50)
    for panel in gi.figures.gradients(found):
        low, high = panel.get_ylim()
        assert sum(low < tick < high for tick in panel.get_yticks()) >= 2
