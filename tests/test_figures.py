"""Figures by structure: what is drawn is what stands in the Dataset, whatever the Dataset holds."""

import json
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from goodinit import figures, theory
from goodinit.errors import InputError
from goodinit.figures import describe, labels, style, words

synthetic = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["results"]

STRANGE = ['<b>$x^2_$</b>\n"&', "$\\frac{" + "q" * 300, "初期化その一", "\ud800\x00\u202e", "%s {0} \\", ""]
RATES = (0.01, 0.1, 1.0)
DRAW = [figures.final_scores, figures.loss_curves, figures.failures, figures.learning_rates]
GRADIENTS = [figures.neuron_gradients, figures.learning_speed, figures.update_ratios]


def first(drawn):
    return drawn.flat[0] if isinstance(drawn, np.ndarray) else drawn


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


def lines(ax, names):
    """The lines of the initializers, by label."""
    return {line.get_label(): line for line in ax.lines if line.get_label() in names}


# --- what is drawn ------------------------------------------------------------------------------------------------


def test_loss_curves_draw_the_quantiles_of_the_dataset():
    results = synthetic(diverged={2: 20})
    names = results["initializer"].values.tolist()
    ax = figures.loss_curves(results)
    drawn = lines(ax, names)
    assert list(drawn) == names
    for name in names:
        np.testing.assert_array_equal(drawn[name].get_xdata(), results["step"])
        expected = results["loss_quantile"].sel(initializer=name, quantile=0.5)
        np.testing.assert_array_equal(drawn[name].get_ydata(), expected)
    assert len(ax.collections) == len(names)  # a band each
    assert ax.get_yscale() == "log"
    assert any("not finite: 20 of 32" in text for text in texts(ax.figure))
    assert "always predicting the base rate" in texts(ax.figure)


def test_final_scores_draw_every_seed_and_join_it_from_row_to_row():
    results = synthetic()
    ax = figures.final_scores(results)
    rows = [line for line in ax.lines if line.get_gid() == "seeds"]
    scores = results["final"].sel(metric="test_accuracy").values
    for row, expected in zip(rows, scores, strict=True):
        np.testing.assert_array_equal(row.get_xdata(), expected)
    paths = ax.collections[0].get_segments()
    assert len(paths) == results.sizes["seed"]
    np.testing.assert_array_equal([path[:, 0] for path in paths], scores.T)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == results["initializer"].values.tolist()


@pytest.mark.parametrize("low", [-5.0, -1e30, -1e300, -np.inf])
def test_scores_far_below_all_others_stand_at_the_edge_and_are_counted(low):
    results = synthetic(regression=True)
    results["final"][0, :, 1] = results["median"][0, 1] = results["worst"][0, 1] = low
    results["interval"][0, 1] = results["interval"][1, 1, 0] = results["final"][1, :5, 1] = low
    ax = figures.final_scores(results)
    style.styled(ax.figure.draw_without_rendering)()  # a warning would fail the test
    assert ax.get_xlim()[0] > -1.2
    why = "below \N{MINUS SIGN}1" if np.isfinite(low) else "not finite"
    shown = " ".join(texts(ax.figure))
    assert f"\n{why}: 32 of 32" in shown
    assert f"\n{why}: 5 of 32" in shown


@given(
    st.lists(st.floats(allow_nan=False, max_value=1), min_size=12, max_size=12),
    st.lists(st.floats(min_value=0) | st.just(np.nan), min_size=12, max_size=12),
)
@settings(max_examples=6, deadline=None)  # each draws eight pictures
def test_no_numbers_make_a_warning(scores, losses):
    results = synthetic(["a", "b", "c"], seeds=4, steps=4, rates=RATES, regression=True, depth=2)
    results["final"][:, :, 1] = np.reshape(scores, (3, 4))
    results["median"][:, 1] = np.sort(np.reshape(scores, (3, 4)))[:, 2]
    curves = np.reshape(losses, (3, 4))
    results["loss_quantile"][:] = np.where(np.isnan(curves), np.inf, curves)[:, :, None]
    results["rate_loss"][:] = np.where(np.isnan(curves), np.inf, curves)[:, :3]
    for name in ("gradient_norm_median", "update_ratio_median"):
        results[name][:] = curves[:, :, None]
    for picture in figures.PICTURES:
        if picture.applies(results):
            style.styled(first(picture.draw(results)).figure.draw_without_rendering)()


def test_neuron_gradients_draw_every_neuron_at_start_and_end():
    results = synthetic(depth=4)
    panels = figures.neuron_gradients(results)
    for panel, one in zip(panels, results["neuron_gradient_median"].values.astype(float), strict=True):
        start, end = panel.lines[0], panel.lines[1]
        assert start.get_markerfacecolor() == "none"
        for line, expected in ((start, one[0]), (end, one[1])):
            seen = expected > 0
            np.testing.assert_array_equal(line.get_ydata()[seen], expected[seen])
            assert np.all(line.get_ydata()[~seen] < expected[seen].min(initial=1))
        assert panel.get_yscale() == "log"
    assert "0" in [tick.get_text() for tick in panels[0].get_yticklabels()]


@pytest.mark.parametrize(
    ("draw", "name"), [(figures.learning_speed, "gradient_norm"), (figures.update_ratios, "update_ratio")]
)
def test_layers_are_drawn_over_the_steps(draw, name):
    results = synthetic(depth=4, diverged={1: 32})
    panels = draw(results)
    drawn = lines(panels[2], results["layer"].values.tolist())
    for layer, line in drawn.items():
        expected = results[f"{name}_median"].isel(initializer=2).sel(layer=layer)
        np.testing.assert_array_equal(line.get_ydata(), expected)
    assert len(drawn) == len({line.get_color() for line in drawn.values()}) == 4
    ticks = [tick.get_text() for tick in panels[0].get_yticklabels()]
    assert {"0", "not finite"} <= set(ticks)
    lost = next(iter(lines(panels[1], ["layer1"]).values())).get_ydata()
    assert panels[0].get_ylim()[1] > lost[-1] > lost[:-1].max()
    assert ("usual: 0.001" in texts(panels[0].figure)) == (name == "update_ratio")


@pytest.mark.parametrize("draw", GRADIENTS)
def test_gradients_that_were_not_recorded_are_a_sentence(draw):
    with pytest.raises(InputError, match="record='gradients'"):
        draw(synthetic())


def test_failures_draw_the_wilson_interval():
    results = synthetic(diverged={1: 5})
    ax = figures.failures(results)
    points = [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "share"]
    np.testing.assert_array_equal(points, results["failure_probability"])
    bars = [line.get_xdata() for line in ax.lines if line.get_gid() != "share"]
    np.testing.assert_array_equal(bars, results["failure_interval"])


def test_learning_rates_draw_medians_in_order_and_ring_the_best():
    results = synthetic(rates=(1.0, 0.01, 0.1))
    ax = figures.learning_rates(results)
    for name, line in lines(ax, results["initializer"].values.tolist()).items():
        expected = results["rate_loss"].sel(initializer=name).sortby("learning_rate")
        np.testing.assert_array_equal(line.get_ydata(), expected)
    rings = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    np.testing.assert_allclose([ring.get_ydata()[0] for ring in rings], results["rate_loss"].min("learning_rate"))
    with pytest.raises(InputError, match="at least 2"):
        figures.learning_rates(synthetic())


@pytest.mark.parametrize("classes", [2, 3])
def test_decision_maps_show_the_data_first(classes):
    results = synthetic(classes=classes)
    panels = figures.decision_maps(results)
    assert len(panels) == 1 + results.sizes["initializer"]
    assert not panels[0].images
    for i, panel in enumerate(panels[1:]):
        np.testing.assert_array_equal(panel.images[0].get_array(), results["decision"].values[i])
        assert panel.get_title(loc="left") == results["initializer"].values[i]
    with pytest.raises(InputError, match="two-dimensional"):
        figures.decision_maps(synthetic(regression=True))


@pytest.mark.parametrize(
    ("classes", "given", "expected"),
    [
        (2, ["no", "yes"], ["probability of yes"]),
        (2, ["0", "1"], ["probability of class 1"]),
        (2, None, ["probability of class 1"]),
        (3, ["setosa", "$x$", "third"], ["setosa", r"\$x\$", "third"]),
        (3, None, ["0", "1", "2"]),
        (10, [f"kind {i}" for i in range(10)], ["kind 0\nkind 8", "kind 1\nkind 9", "kind 7"]),
    ],
)
def test_decision_maps_say_which_colour_is_which_class(classes, given, expected):
    results = synthetic(classes=classes, seeds=4)
    if given:
        results.attrs["classes"] = json.dumps(given)
    shown = texts(figures.decision_maps(results)[0].figure)
    assert set(expected) <= set(shown)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("classes", [2, 3])
def test_decision_maps_fill_the_width_and_leave_no_gap(count, classes):
    results = synthetic([str(i) for i in range(count)], seeds=3, classes=classes)
    panels = figures.decision_maps(results)
    figure = panels[0].figure
    assert figure.get_figwidth() == style.WIDTH
    style.styled(figure.draw_without_rendering)()
    box = figure.get_tightbbox()
    assert box.y0 < 0.3  # inches
    assert box.x0 < 0.2
    assert figure.get_figwidth() - box.x1 < 0.2


def test_decision_maps_say_where_a_network_has_no_answer():
    results = synthetic()
    results["decision"][1] = np.nan
    assert "not finite" in texts(figures.decision_maps(results)[2])


# --- one colour an initializer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 20])
def test_an_initializer_has_the_same_colour_everywhere(count):
    names = [f"normal(sd={i})" for i in range(count)]
    results = synthetic(names, seeds=5, rates=RATES)
    expected = [look.colour for look in style.looks(results)]
    assert len({(look.colour, look.line) for look in style.looks(results)}) == count
    for draw in (figures.loss_curves, figures.learning_rates):
        drawn = lines(draw(results), names)
        assert [drawn[name].get_color() for name in names] == expected
    for draw, gid in ((figures.final_scores, "seeds"), (figures.failures, "share")):
        assert [line.get_color() for line in draw(results).lines if line.get_gid() == gid] == expected


def test_text_in_the_colours_is_readable_on_white():
    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    for look in style.looks(synthetic([str(i) for i in range(8)], seeds=3)):
        assert 1.05 / (luminance(look.ink) + 0.05) >= 4.5  # WCAG 2.2, contrast of text


# --- whatever the Dataset holds -----------------------------------------------------------------------------------

CASES = {
    "one seed": {"seeds": 1, "rates": RATES},
    "two seeds": {"seeds": 2, "rates": RATES},
    "one initializer": {"labels": ["he_normal"], "rates": RATES},
    "one step": {"steps": 1, "rates": RATES},
    "all diverged": {"diverged": {0: 32, 1: 32, 2: 32}, "rates": RATES},
    "all diverged, regression": {"diverged": {0: 32, 1: 32, 2: 32}, "rates": RATES, "regression": True},
    "some diverged, regression": {"diverged": {1: 3}, "rates": RATES, "regression": True},
    "no labels needed": {"depth": 3, "steps": 1, "seeds": 1},
    "gradients": {"depth": 5, "diverged": {1: 32}},
    "only zeros": {"labels": ["zeros"], "depth": 2},
    "only lost": {"diverged": {0: 32, 1: 32, 2: 32}, "depth": 30},
    "twenty, gradients": {"labels": [f"normal(sd={i})" for i in range(20)], "seeds": 3, "depth": 4},
    "strange labels, gradients": {"labels": STRANGE, "seeds": 4, "depth": 2},
    "many classes": {"classes": 11},
    "twenty": {"labels": [f"normal(sd={i})" for i in range(20)], "seeds": 6, "rates": RATES},
    "strange labels": {"labels": STRANGE, "seeds": 4, "rates": RATES, "diverged": {1: 2}},
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_crashes_and_no_text_leaves_the_figure(case):
    results = synthetic(**CASES[case])
    for picture in figures.PICTURES:
        if picture.applies(results):
            figure = first(picture.draw(results)).figure
            style.styled(figure.draw_without_rendering)()
            width, height = figure.bbox.size
            for text in figure.findobj(mpl.text.Text):
                if text.get_text() and text.get_visible() and text.axes is not None and not _off_axis(text):
                    box = style.styled(text.get_window_extent)()
                    assert box.x0 >= 0, (picture.name, text)
                    assert box.x1 <= width, (picture.name, text)
                    assert box.y0 >= 0, (picture.name, text)
                    assert box.y1 <= height, (picture.name, text)
            assert all(word not in picture.words(results) for word in ("nan", "inf "))


def _off_axis(text):
    """Ticks beyond the limits have a text that is never drawn."""
    ticks = [*text.axes.get_xticklabels(which="both"), *text.axes.get_yticklabels(which="both")]
    return text in ticks and not text.axes.bbox.padded(1).contains(*text.get_transform().transform(text.get_position()))


def test_losses_beyond_all_bounds_do_not_squeeze_the_others():
    results = synthetic()
    results["loss_quantile"][0, -5:] = 1e30
    results["loss_quantile"][1, -5:] = 0.0
    bottom, top = figures.loss_curves(results).get_ylim()
    assert bottom > 0
    assert top < 1e4


def test_a_scale_is_linear_where_no_ratio_is_the_message():
    results = synthetic()
    results["loss_quantile"] = 0.6 + 0.1 * results["loss_quantile"]
    assert figures.loss_curves(results).get_yscale() == "linear"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4, unique=True))
@settings(max_examples=15, deadline=None)
def test_any_label_can_be_drawn(names):
    results = synthetic(names, seeds=3, steps=5)
    figure = figures.failures(results).figure
    style.styled(figure.draw_without_rendering)()


# --- labels -------------------------------------------------------------------------------------------------------


def test_labels_are_one_short_line_that_keeps_both_ends():
    assert labels.literal("start" + "x" * 300 + "end") == "start" + "x" * 13 + "…" + "x" * 6 + "end"
    assert labels.literal("$a$") == r"\$a\$"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.001, 0.03))
@settings(max_examples=50, deadline=None)
def test_spread_labels_keep_their_order_and_their_distance(wanted, height):
    moved = labels.spread(wanted, [height] * len(wanted))
    order = np.argsort(wanted, kind="stable")
    assert np.all(np.diff(moved[order]) >= height - 1e-9)
    assert moved.min() >= -1e-9
    assert moved.max() <= 1 + 1e-9
    apart = len(wanted) == 1 or np.diff(np.sort(wanted)).min() >= height
    if apart:
        np.testing.assert_allclose(moved, wanted, atol=1e-9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.012345, "0.0123"),
        (-1.5, "\N{MINUS SIGN}1.5"),
        (999.6, "1,000"),
        (123456.0, "123,456"),
        (1.25e-9, "1.25 \N{MULTIPLICATION SIGN} 10⁻⁹"),
        (2e30, "2 \N{MULTIPLICATION SIGN} 10³⁰"),
        (float("inf"), "not finite"),
        (float("nan"), "not finite"),
    ],
)
def test_numbers_are_written_for_people(value, text):
    assert words.number(value) == text


# --- house rules --------------------------------------------------------------------------------------------------


def test_drawing_leaves_settings_and_pyplot_alone():
    with mpl.rc_context({"axes.facecolor": "black", "lines.linewidth": 17, "savefig.dpi": 10}):
        before = dict(mpl.rcParams)
        results = synthetic(rates=RATES, seeds=4)
        ax = figures.loss_curves(results)
        assert dict(mpl.rcParams) == before
        assert mpl.colors.to_hex(ax.get_facecolor()) == "#ffffff"
        assert ax.lines[0].get_linewidth() < 3


@pytest.mark.parametrize("draw", DRAW)
def test_a_figure_can_be_drawn_on_the_callers_axes(draw):
    ax = Figure().subplots()
    assert draw(synthetic(rates=RATES, seeds=4), ax=ax) is ax


def test_maps_can_be_drawn_on_the_callers_axes():
    panels = Figure().subplots(1, 4)
    assert list(figures.decision_maps(synthetic(), axes=panels)) == list(panels)


@pytest.mark.parametrize("draw", GRADIENTS)
def test_gradients_can_be_drawn_on_the_callers_axes(draw):
    panels = Figure().subplots(1, 3)
    assert list(draw(synthetic(depth=3), axes=panels)) == list(panels)
    assert panels[0].get_ylabel()


# --- files --------------------------------------------------------------------------------------------------------


def test_the_same_results_give_the_same_files(tmp_path):
    results = synthetic(rates=RATES, seeds=6, depth=3)
    written = figures.save_all(results, tmp_path / "a" / "b")
    again = figures.save_all(results, tmp_path / "c")
    assert [path.name for path in written] == [
        f"{picture.name}.{ending}"
        for picture in figures.PICTURES
        if picture.applies(results)
        for ending in ("png", "svg")
    ]
    for one, other in zip(written, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
        if one.suffix == ".svg":
            assert ET.fromstring(one.read_text()).tag.endswith("svg")
            assert "<dc:date>" not in one.read_text()


def test_pictures_that_do_not_apply_are_left_out(tmp_path):
    written = figures.save_all(synthetic(regression=True, seeds=3), tmp_path)
    assert {path.stem for path in written} == {"final_scores", "loss_curves", "failures"}


# --- words --------------------------------------------------------------------------------------------------------


def test_the_words_hold_the_numbers_of_the_picture():
    results = synthetic(rates=RATES, diverged={1: 3})
    end = results["loss_quantile"].sel(initializer="he_normal", quantile=0.5).values[-1]
    assert f"he_normal ends at {words.number(end)}" in describe.loss_curves(results)
    middle = float(results["median"].sel(initializer="he_normal", metric="test_accuracy"))
    assert f"he_normal: median {100 * middle:.1f} %" in describe.final_scores(results)
    failed = round(32 * float(results["failure_probability"].sel(initializer="glorot_uniform")))
    assert f"glorot_uniform: {failed} of 32 failed" in describe.failures(results)
    assert "3 learning rates [0.01, 1]" in describe.learning_rates(results)
    assert describe.decision_maps(results).startswith("300 training points")


def test_the_words_of_gradients_say_zero_and_not_finite():
    results = synthetic(depth=2, diverged={1: 32})
    assert "zeros: layer1 0 then 0" in describe.neuron_gradients(results)
    assert "glorot_uniform: layer1 0.223 to not finite" in describe.learning_speed(results)
    assert "0.001 is usual" in describe.update_ratios(results)
    assert "layer2 0.01 to 0.00135." in describe.update_ratios(results)


def test_the_words_for_many_initializers_say_that_there_are_more():
    results = synthetic([f"normal(sd={i})" for i in range(20)], seeds=3)
    assert "and 8 more" in describe.failures(results)


# --- phases -------------------------------------------------------------------------------------------------------


def window(activation="tanh", marks=(("lecun_normal", 1.0, 0.0), ("he_normal", 2.0, 0.0), ("normal(std=1)", 500, 0.0))):
    """A phase diagram as a Dataset, with three initializers of which one is far outside."""
    w, b = np.linspace(0.1, 4, 30), np.linspace(0, 1, 20)
    found, grid = theory.phase_diagram(activation, w, b), ("weight_variance", "bias_variance")
    labels, x, y = zip(*marks, strict=True)
    return xr.Dataset(
        {name: (grid, getattr(found, name)) for name in ("chi", "phase", "depth_scale")}
        | {name: ("line", getattr(found, name)) for name in ("line_weight_variance", "line_bias_variance")}
        | {"mark_weight_variance": ("initializer", list(x)), "mark_bias_variance": ("initializer", list(y))},
        coords={"weight_variance": w, "bias_variance": b, "initializer": list(labels)},
        attrs={"activation": activation},
    )


def test_phases_draw_the_line_and_every_initializer():
    results = window()
    ax = figures.phase_diagram(results)
    (line,) = [line for line in ax.lines if line.get_gid() == "critical"]
    np.testing.assert_array_equal(line.get_xydata()[:, 0], results["line_weight_variance"])
    marks = [line for line in ax.lines if line.get_gid() == "mark"]
    assert [mark.get_color() for mark in marks] == [look.colour for look in style.looks(results)]
    placed = [ax.transLimits.inverted().transform(mark.get_xydata()[0]) for mark in marks]
    np.testing.assert_allclose(placed[:2], [[1, 0], [2, 0]], atol=1e-9)
    assert marks[2].get_marker() == ">"
    shown = texts(ax.figure)
    assert {"critical line", "lecun_normal", "ordered:\ngradients vanish", "chaotic:\ngradients explode"} <= set(shown)
    assert any(text.startswith("normal(std=1) (") and "500" in text for text in shown)
    assert ax.get_title(loc="left") == "Order and chaos with tanh"


@pytest.mark.parametrize("activation", ["relu", "gelu", "sigmoid", "sin"])
def test_phases_of_any_activation_stay_inside_the_figure(activation):
    marks = (("a" * 90, -3.0, 2.0), ("$x$", 1.0, 0.5), ("初期化", np.nan, 0.0), ("same", 1.0, 0.5), ("top", 2.0, 1e9))
    ax = figures.phase_diagram(window(activation, marks))
    style.styled(ax.figure.draw_without_rendering)()
    assert len([line for line in ax.lines if line.get_gid() == "mark"]) == 4  # NaN is left out
    boxes = [style.styled(text.get_window_extent)() for text in ax.texts if text.get_text()]
    assert all(ax.figure.bbox.padded(1).contains(*corner) for box in boxes for corner in box.corners())
    assert ("critical point" in texts(ax.figure)) == (activation == "relu")
    assert any("unbounded" in text for text in texts(ax.figure)) == (activation in ("relu", "gelu"))


def test_phases_need_a_window():
    with pytest.raises(InputError, match="at least two"):
        figures.phase_diagram(window().isel(bias_variance=[0]))
