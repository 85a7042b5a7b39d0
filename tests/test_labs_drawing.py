"""Pictures of the labs by structure: what is drawn is what was given."""

from collections.abc import Callable, Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from goodinit.errors import InputError
from goodinit.labs import circles, signal

X, Y, _, _ = circles.load_dataset()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Give back the figures, and see that nobody's settings have changed."""
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    plt.close("all")


def offsets(ax) -> list[np.ndarray]:
    return [np.asarray(points.get_offsets()) for points in ax.collections if len(points.get_offsets()) > 1]


def test_the_data_is_drawn_by_class_before_and_after_preprocessing() -> None:
    raw = circles.generate_dataset(300, 100, 0.05, 0.05, 1, 2)
    for given in ((X, Y), raw[:2]):
        ax = circles.visualize_the_data(*given)
        assert ax.figure is plt.gcf()  # so that a notebook shows it
        for drawn, group in zip(offsets(ax), (0, 1), strict=True):
            np.testing.assert_array_equal(drawn, X.T[Y[0] == group])
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1"]
        ax.figure.canvas.draw()
    own = plt.figure().add_subplot()
    assert circles.visualize_the_data(X, Y, own) is own


def test_costs_are_drawn_at_their_iterations() -> None:
    ax = circles.plot_the_cost([0.9, 0.6, 0.3], learning_rate=0.05)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[0, 0.9], [1000, 0.6], [2000, 0.3]])
    assert ax.get_title(loc="left") == "Cost at learning rate 0.05"
    assert ax.get_yscale() == "linear"
    assert ax.get_ylim()[0] == 0
    ax = circles.plot_the_cost({"random": [1773.6, 0.6], "he": [0.9, 0.1]}, every=50)
    assert ax.get_yscale() == "log"
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[0, 0.9], [50, 0.1]])
    assert [text.get_text() for text in ax.texts] == ["random", "he"]
    ax.figure.canvas.draw()


def test_the_boundary_lies_where_the_answer_changes() -> None:
    ax = circles.plot_decision_boundary(lambda points: points[:, 0] > 0.25, X * [[3], [1]], Y)
    areas = ax.images[0]
    left, right = areas.get_extent()[:2]
    columns = np.linspace(left, right, areas.get_array().shape[1])
    np.testing.assert_array_equal(np.asarray(areas.get_array(), bool).all(axis=0), columns > 0.25)
    line = np.concatenate([path.vertices for points in ax.collections[:1] for path in points.get_paths()])
    np.testing.assert_allclose(line[:, 0], 0.25, atol=(right - left) / 300)
    assert sum(map(len, offsets(ax)[-2:])) == 300
    ax.figure.canvas.draw()


@pytest.mark.parametrize("group", [0, 1])
def test_one_class_everywhere_is_said(group: int) -> None:
    ax = circles.plot_decision_boundary(lambda points: np.full((1, len(points)), group), X, Y)
    assert ax.get_title(loc="left") == f"Decision boundary: class {group} everywhere"


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_signal_is_drawn_layer_by_layer(activation: str) -> None:
    rng = np.random.default_rng(0)
    found = signal.forward_prop([30] * 7, lambda n, m: 0.05 * rng.standard_normal((n, m)), rng=1, activation=activation)
    axes = signal.plot_signal(*found, theory=found[2])
    assert len(axes) == 2 + 7
    np.testing.assert_array_equal(axes[0].lines[0].get_xydata(), np.column_stack([range(1, 8), found[2]]))
    np.testing.assert_array_equal(axes[1].lines[0].get_ydata(), found[1])
    assert axes[0].get_yscale() == "log"
    assert [ax.get_title(loc="left") for ax in axes[2:]] == [f"layer {k}" for k in range(1, 8)]
    assert sum(bar.get_height() for bar in axes[4].patches) == 1000 * 30
    plt.gcf().canvas.draw()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: circles.visualize_the_data(X, Y[:, :5]), "labels of these very samples"),
        (lambda: circles.visualize_the_data(X.T, Y), r"X must have shape \(2, samples\) .* transpose it: X.T"),
        (lambda: circles.plot_the_cost([]), "no cost to draw"),
        (lambda: circles.plot_the_cost({"he": []}), "no cost to draw"),
        (lambda: circles.plot_decision_boundary(lambda points: points, X, Y), r"predict_dec\(parameters, points.T\)"),
        (lambda: signal.plot_signal({}, [], []), "as from forward_prop"),
        (lambda: signal.plot_signal({0: np.ones(3)}, [1.0], [np.inf]), "as from forward_prop"),
    ],
)
def test_refusals(call: Callable[[], object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        call()
