"""A checked model: what each layer does to the signal, the gradient, and how far its weights are from what it needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from goodinit.figures.style import HALO, PALETTE, QUIET, SMALL, WIDTH, styled

NAMED = 24  # layers of which each has its name on the axis
FINE, FOUND, THEORY = PALETTE[0], PALETTE[1], "#56B4E9"
PANELS = (
    ("activation", "size of the outputs (rms)"),
    ("gradient", "size of the gradient (rms)"),
    ("ratio", "weights' deviation over the expected one"),
)


@styled
def layers(rows: Sequence[Mapping[str, Any]], bounds: tuple[float, float]) -> NDArray[Any]:
    """Draw outputs, gradients and weights of every layer, in the order of execution, on logarithmic axes.

    Parameters
    ----------
    rows : sequence of mapping
        The entry ``layers`` of a report's `to_dict`.
    bounds : tuple of two floats
        Between which the deviation of weights over the expected one gives no finding.

    Returns
    -------
    ndarray of matplotlib.axes.Axes
        Outputs, gradients, weights.
    """
    figure = Figure(figsize=(WIDTH, 6.6), layout="constrained")
    panels = np.asarray(figure.subplots(3, 1, sharex=True))
    where = np.arange(1, len(rows) + 1)
    wrong = np.array([row["status"] not in ("ok", "not judged") for row in rows], dtype=bool)
    for panel, (name, title) in zip(panels, PANELS, strict=True):
        panel.set_title(title, fontsize=9, fontweight="normal", pad=5)
        values = np.array([_value(row, name) for row in rows])
        if not (values > 0).any():
            panel.text(0.5, 0.5, "not measured", ha="center", va="center", transform=panel.transAxes)
            continue
        panel.set_yscale("log")
        _points(panel, where, values, wrong)
    _expected(panels[0], where, rows)
    panels[2].axhspan(*bounds, color=THEORY, alpha=0.15, lw=0)
    panels[2].axhline(1, color=QUIET, lw=0.8)
    _name(panels[0], where, rows, wrong)
    _axis(panels[-1], where, rows)
    return panels


def _value(row: Mapping[str, Any], name: str) -> float:
    if name != "ratio":
        return float(np.nan if row[name] is None else row[name])
    std, expected = row["std"], row["expected_std"]
    return float(std / expected) if std and expected else np.nan


def _points(ax: Axes, where: NDArray[Any], values: NDArray[Any], wrong: NDArray[Any]) -> None:
    shown = np.where(values > 0, values, np.nan)
    ax.plot(where, shown, color=FINE, lw=0.8, alpha=0.5)
    ax.plot(where[~wrong], shown[~wrong], "o", color=FINE, ms=4, mec="white", mew=0.5)
    ax.plot(where[wrong], shown[wrong], "s", color=FOUND, ms=5, mec="white", mew=0.5)
    zero = where[values == 0]
    if len(zero):  # they have no place on a logarithmic axis
        ax.plot(
            zero, np.full(len(zero), 0.02), "v", color=FOUND, ms=5, transform=ax.get_xaxis_transform(), clip_on=False
        )


def _expected(ax: Axes, where: NDArray[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw what independent weights of this deviation would give."""
    for at, row in zip(where, rows, strict=True):
        if row["expected_activation"] is not None and row["expected_activation"][0] > 0:
            ax.vlines(at, *row["expected_activation"], color=THEORY, lw=5, alpha=0.35)


def _name(ax: Axes, where: NDArray[Any], rows: Sequence[Mapping[str, Any]], wrong: NDArray[Any]) -> None:
    """Name the first layer with findings, where names are not on the axis."""
    if len(rows) <= NAMED or not wrong.any():
        return
    at = where[wrong][0]
    path, value = rows[at - 1]["path"], rows[at - 1]["activation"] or 0
    if value > 0:
        text = ax.annotate(path, (at, value), (3, 6), textcoords="offset points", fontsize=SMALL, color=FOUND)
        text.set_path_effects(list(HALO))


def _axis(ax: Axes, where: NDArray[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    said = (
        "blue bars: expected for independent weights of this size; orange squares: layers with findings; triangles: 0"
    )
    if len(rows) <= NAMED:
        ax.set_xticks(where, [row["path"] or "model" for row in rows], rotation=60, ha="right", fontsize=SMALL)
        ax.set_xlabel(said, fontsize=SMALL)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        ax.set_xlabel(f"layer, in the order of execution\n{said}", fontsize=SMALL)
    ax.set_xlim(0.4, len(rows) + 0.6)
