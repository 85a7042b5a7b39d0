"""Pictures of the labs. Without axes of one's own each opens a pyplot figure, which a notebook shows by itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import StrMethodFormatter

from goodinit.errors import InputError
from goodinit.figures.labels import End, label_ends, literal
from goodinit.figures.maps import BINARY, BINARY_DOTS
from goodinit.figures.style import INK, PALETTE, QUIET, SMALL, WIDTH, Look, styled
from goodinit.labs import checks
from goodinit.labs.checks import Array

AREAS = ListedColormap([BINARY(0.22), BINARY(0.78)])  # the classes' colours, light enough for points in front
FINE = 300  # points of the decision map along each side
MARGIN = 0.15  # around the data, as a share of its extent
SQUARE = 2.0  # a ratio of the two extents up to which both axes have the same scale, so that circles are round
WIDE = 20.0  # a ratio of the largest to the smallest value from which a logarithmic axis shows more


@styled
def visualize_the_data(X: Array, Y: Array, ax: Axes | None = None) -> Axes:
    """Draw points of two classes in the plane.

    Parameters
    ----------
    X, Y : arrays
        As `generate_dataset` returns them, (n, 2) and (n,), or preprocessed, (2, n) and (1, n).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes
    """
    X, Y = (np.transpose(X), np.reshape(Y, (1, -1))) if np.ndim(Y) == 1 else (X, Y)
    ax = _plane(X, Y, ax)
    _points(ax, X, Y)
    ax.set_title("The data")
    return ax


@styled
def plot_the_cost(
    costs: Sequence[float] | Mapping[str, Sequence[float]],
    learning_rate: float = 0.01,
    every: int = 1000,
    ax: Axes | None = None,
) -> Axes:
    """Draw how the cost falls.

    Parameters
    ----------
    costs : sequence of float, or dict of name to sequence
        As `model` returns them; a dictionary compares several runs.
    learning_rate : float
        Of the runs, for the title.
    every : int
        Iterations from one cost to the next.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes
    """
    runs = costs if isinstance(costs, Mapping) else {"": costs}
    values = np.array([cost for run in runs.values() for cost in run], float)
    if not runs or not all(len(run) for run in runs.values()):
        raise InputError("there is no cost to draw; give the list that model returns, with at least one")
    if ax is None:
        ax = _fresh(WIDTH, 4.0)
    ends = []
    for i, (name, run) in enumerate(runs.items()):
        look = Look(PALETTE[i % len(PALETTE)], "-", "o")
        ax.plot(every * np.arange(len(run)), run, "o-", color=look.colour, markersize=4)
        ends.append(End(every * (len(run) - 1), run[-1], literal(name), look))
    _heights(ax, values)
    ax.margins(x=0.02)
    if isinstance(costs, Mapping):
        label_ends(ax, ends)
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set(title=f"Cost at learning rate {learning_rate:g}", xlabel="iteration", ylabel="cost (cross-entropy)")
    return ax


@styled
def plot_decision_boundary(model: Callable[[Array], Array], X: Array, y: Array, ax: Axes | None = None) -> Axes:
    """Draw which class a model gives to every point of the plane, and the data in front.

    Parameters
    ----------
    model : callable
        ``model(points)`` returns a class, 0 or 1, or true for class 1, for each row of points (n, 2); such as
        ``lambda points: predict_dec(parameters, points.T)``.
    X, y : arrays, shape (2, m) and (1, m)
        The data.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = _plane(X, y, ax)
    xs, ys = np.linspace(*ax.get_xlim(), FINE), np.linspace(*ax.get_ylim(), FINE)
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    answers = np.asarray(model(points), float)
    if answers.size != len(points):
        raise InputError(
            f"model must give one class for each row of points of shape {points.shape}, got shape {answers.shape}; "
            "try lambda points: predict_dec(parameters, points.T)"
        )
    classes = (answers > 0.5).reshape(FINE, FINE)
    ax.imshow(
        classes,
        origin="lower",
        extent=(*ax.get_xlim(), *ax.get_ylim()),
        cmap=AREAS,
        vmin=0,
        vmax=1,
        aspect=ax.get_aspect(),
    )
    if classes.any() and not classes.all():
        ax.contour(xs, ys, classes, levels=[0.5], colors=INK, linewidths=0.9)
    _points(ax, X, y)
    only = "" if classes.any() and not classes.all() else f": class {int(classes.any())} everywhere"
    ax.grid(visible=False)
    ax.set_title(f"Decision boundary{only}")
    return ax


@styled
def plot_signal(
    activations: Mapping[int, Array],
    means: Sequence[float],
    deviations: Sequence[float],
    theory: Sequence[float] | None = None,
) -> Any:
    """Draw means and standard deviations by layer, and below them a histogram of every layer's activations.

    Parameters
    ----------
    activations, means, deviations
        As `forward_prop` returns them.
    theory : sequence of float, optional
        Predicted standard deviations, drawn as a thin line.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        Deviations, means, then a histogram a layer.
    """
    if not (len(activations) == len(means) == len(deviations) > 0 and np.isfinite(deviations).all()):
        raise InputError("there must be finite activations, means and deviations of every layer, as from forward_prop")
    layers, columns = np.arange(1, len(deviations) + 1), min(5, len(deviations))
    rows = -(-len(deviations) // columns)
    figure = plt.figure(figsize=(WIDTH, 2.6 + 1.15 * rows), layout="constrained")
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.6, 1.15 * rows])[:, 0]
    spread, centre = top.subplots(1, 2)
    _by_layer(spread, layers, deviations, "Standard deviation")
    _by_layer(centre, layers, means, "Mean")
    _heights(spread, np.asarray(deviations))
    if theory is not None:
        spread.plot(layers, theory, color=INK, linewidth=0.8, label="theory")
        spread.legend(frameon=False)
    reach = 1.15 * max(abs(float(mean)) for mean in means) + 0.2 * max(deviations)
    centre.set_ylim(-reach, reach)
    panels = bottom.subplots(rows, columns, squeeze=False).ravel()
    for panel, (layer, H) in zip(panels[: len(deviations)], activations.items(), strict=True):
        _histogram(panel, layer + 1, H)
    for unused in panels[len(deviations) :]:
        unused.remove()
    return np.array([spread, centre, *panels[: len(deviations)]])


def _plane(X: Array, Y: Array, ax: Axes | None) -> Axes:
    """Prepare axes for points in the plane."""
    checks.samples("X", X, 2, "a point of the plane has two coordinates")
    checks.examples(X, Y)
    if ax is None:
        ax = _fresh(0.78 * WIDTH, 0.66 * WIDTH)
    low, high = X.min(axis=1), X.max(axis=1)
    room = MARGIN * (high - low) + (high == low)
    (left, below), (right, above) = low - room, high + room
    ax.set(xlim=(left, right), ylim=(below, above), xlabel="$x_1$", ylabel="$x_2$")
    alike = 1 / SQUARE < (right - left) / (above - below) < SQUARE
    ax.set_aspect("equal" if alike else "auto")
    return ax


def _points(ax: Axes, X: Array, Y: Array) -> None:
    """Draw the samples in the colours of their classes."""
    for group, (colour, marker) in enumerate(zip(BINARY_DOTS, "os", strict=True)):
        x, y = X[:, Y[0] == group]
        ax.scatter(x, y, s=18, color=colour, marker=marker, edgecolors="white", linewidths=0.4, label=f"class {group}")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=SMALL, handletextpad=0.1)


def _fresh(width: float, height: float) -> Axes:
    _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return ax


def _heights(ax: Axes, values: Array) -> None:
    """Let the axis begin at 0, or be logarithmic where ratios are the message."""
    if values.min() > 0 and values.max() > WIDE * values.min():
        ax.set_yscale("log")
    else:
        ax.set_ylim(0, 1.08 * values.max() or 1.0)


def _by_layer(ax: Axes, layers: Array, values: Sequence[float], what: str) -> None:
    ax.plot(layers, values, "o", color=PALETTE[0], markersize=4.5, label="measured")
    ax.set(title=what, xlabel="layer", xticks=layers if len(layers) <= 12 else layers[:: -(-len(layers) // 10)])


def _histogram(ax: Axes, layer: int, H: Array) -> None:
    """Draw what share of a layer's activations lies where; the axis reaches as far as they do."""
    high = float(np.abs(H).max()) or 1.0
    low = -high if H.min() < 0 else 0.0
    ax.hist(H.ravel(), bins=40, range=(low, high), color=PALETTE[0])
    ax.set_title(f"layer {layer}", fontsize=SMALL + 0.5, fontweight="normal", pad=3)
    ticks = sorted({low, 0.0, high})
    ax.set(yticks=[], xlim=(low, high))
    ax.set_xticks(ticks, labels=[f"{tick:.2g}" for tick in ticks], fontsize=SMALL)
    ax.grid(visible=False)
    ax.spines["left"].set_color(QUIET)
