"""Order and chaos: what depth does to gradients, over weight variance and bias variance."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, ListedColormap
from matplotlib.path import Path
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from goodinit.errors import InputError
from goodinit.figures.labels import names
from goodinit.figures.style import HALO, INK, SMALL, Look, canvas, looks, needs, styled
from goodinit.figures.words import number

LAYERS = (1, 2, 5, 10, 20, 50)  # bounds of the bands of colour
GAP = 0.1  # of the axes: points of the critical line further apart belong to different pieces of it
WORDS = {
    "ordered": "ordered:\ngradients vanish",
    "chaotic": "chaotic:\ngradients explode",
    "unbounded": "unbounded:\nsignals grow for ever",
}
ENDS = ("#3f7fb0", "#a9cbe2", "#f7f7f5", "#f3c39b", "#c9702c")  # blue and orange differ for every kind of colour vision
Box = tuple[float, float, float, float]  # left, bottom, right, top as parts of the axes
HEIGHT = 4.4
EDGE = 0.012  # of the axes: how far inside the edge the arrows stand


@styled
def phase_diagram(results: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw in how many layers gradients change by a factor, the critical line, and where initializers stand.

    Blue: gradients vanish on the way down; orange: they explode; the lighter, the more layers that takes. Hatched:
    the variance of the signal grows for ever. An initializer outside the window is an arrow at its edge, with its
    value; one without known variances (NaN) is left out.

    Parameters
    ----------
    results : xarray.Dataset
        `phase` and `depth_scale` over (weight_variance, bias_variance), `line_weight_variance` and
        `line_bias_variance` over line, `mark_weight_variance` and `mark_bias_variance` over initializer; if there is
        an attribute `activation`, the title names it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure of its own if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If the window has fewer than two weight variances or bias variances.
    """
    needs(results, "phase", "goodinit.measure or goodinit.predict")
    if min(results.sizes["weight_variance"], results.sizes["bias_variance"]) < 2:
        raise InputError("a phase diagram needs at least two weight variances and two bias variances")
    ax = canvas(ax, HEIGHT)
    w, b = results["weight_variance"].values, results["bias_variance"].values
    ax.set(xlim=(w[0], w[-1]), ylim=(b[0], b[-1]))
    ax.grid(visible=False)
    named = f" with {results.attrs['activation']}" if "activation" in results.attrs else ""
    ax.set_title(f"Order and chaos{named}")
    ax.set_xlabel(
        "weight variance \N{GREEK SMALL LETTER SIGMA}$_w^2$ = fan-in \N{MULTIPLICATION SIGN} variance of a weight"
    )
    ax.set_ylabel("bias variance \N{GREEK SMALL LETTER SIGMA}$_b^2$")
    _colours(ax, results)
    taken = _marks(ax, results)
    _line(ax, results, taken)
    _regions(ax, results, taken)
    return ax


def _colours(ax: Axes, results: xr.Dataset) -> None:
    """Fill the window by 1 / depth scale, below 0 where gradients vanish, and hatch where signals grow for ever."""
    order = ("bias_variance", "weight_variance")
    w, b = results["weight_variance"].values, results["bias_variance"].values
    phase = results["phase"].transpose(*order).values
    rate = np.where(phase == "ordered", -1, 1) / results["depth_scale"].transpose(*order).values
    inner = np.array([-1 / n for n in LAYERS] + [1 / n for n in LAYERS[::-1]])
    bounds = np.concatenate([[-1e9], inner, [1e9]])
    colours = LinearSegmentedColormap.from_list("phases", ENDS)(np.linspace(0, 1, len(bounds) - 1))
    scale: dict[str, Any] = {"cmap": ListedColormap(list(colours)), "norm": BoundaryNorm(bounds, len(colours))}
    grows = phase == "unbounded"
    for part in (grows, ~grows):  # each for itself, since the rate jumps between them
        if part.any():
            nearest = distance_transform_edt(~part, return_distances=False, return_indices=True)
            filled = ax.contourf(w, b, np.clip(rate, -1e8, 1e8)[tuple(nearest)], levels=bounds, **scale)
            where = _outline(ax, w, b, part, hatched=part is grows)
            filled.set_clip_path(where, transform=ax.transData)
    bar = ax.figure.colorbar(ScalarMappable(**scale), ax=ax, ticks=inner, pad=0.02, aspect=28, spacing="uniform")
    bar.ax.set_yticklabels([str(n) for n in (*LAYERS, *LAYERS[::-1])], fontsize=SMALL)
    bar.ax.tick_params(length=0)
    bar.set_label(
        "layers in which the variance of gradients\nshrinks (blue) or grows (orange) e-fold",
        fontsize=SMALL,
        linespacing=1.3,
    )
    bar.outline.set_visible(False)


def _outline(
    ax: Axes, w: NDArray[np.float64], b: NDArray[np.float64], part: NDArray[np.bool_], *, hatched: bool
) -> Path:
    """Return the outline of a part of the window, without the steps of the grid."""
    smooth = gaussian_filter(part.astype(float), 1, mode="nearest")
    area = ax.contourf(w, b, smooth, levels=[0.5, 1.5], colors="none", hatches=["///" if hatched else ""])
    if hatched:
        area.set(edgecolor="#00000030", linewidth=0)
    return area.get_paths()[0]


def _line(ax: Axes, results: xr.Dataset, taken: list[Box]) -> None:
    """Draw the critical line and write along it what it is; where it is one point, a ring."""
    x, y = results["line_weight_variance"].values, results["line_bias_variance"].values
    if not len(x):
        return
    at = ax.transLimits.transform(np.stack([x, y], axis=1))
    steps = np.hypot(*np.diff(at, axis=0).T)
    gaps = steps > GAP  # between pieces of the line, as for gelu
    along = np.append(0, np.cumsum(np.where(gaps, 0, steps)))
    if along[-1] < 0.02:
        ring: dict[str, Any] = {
            "markerfacecolor": "none",
            "markersize": 12,
            "markeredgewidth": 1.1,
            "clip_on": False,
            "zorder": 6,
        }
        ax.plot(x[:1], y[:1], "o", color=INK, gid="critical", **ring)
        taken.append(_label(ax, at[0], "critical point", (INK, INK), taken))
        return
    breaks = np.flatnonzero(gaps) + 1
    ax.plot(np.insert(x, breaks, np.nan), np.insert(y, breaks, np.nan), color=INK, linewidth=1.1, gid="critical")
    here = int(np.searchsorted(along, 0.55 * along[-1]))
    run, rise = np.diff(at[[max(here - 5, 0), min(here + 5, len(at) - 1)]], axis=0)[0] * ax.bbox.size
    turned: dict[str, Any] = {"rotation": np.degrees(np.arctan2(rise, run)), "rotation_mode": "anchor"}
    halo: dict[str, Any] = {"fontsize": SMALL, "path_effects": list(HALO)}
    ax.text(x[here], y[here], "critical line", ha="center", va="bottom", **turned, **halo)


def _marks(ax: Axes, results: xr.Dataset) -> list[Box]:
    """Draw the initializers with their names, and return which parts of the axes they take."""
    given = np.stack([results["mark_weight_variance"].values, results["mark_bias_variance"].values], axis=1)
    places = ax.transLimits.transform(given)
    taken: list[Box] = []
    for i in np.argsort(places[:, 0]):
        if np.isfinite(given[i]).all():
            text = f"{names(results)[i]}{_outside(places[i], given[i])}"
            taken.append(_mark(ax, places[i], text, looks(results)[i], taken))
    return taken


def _outside(place: NDArray[np.float64], given: NDArray[np.float64]) -> str:
    """Say the values that are outside the window."""
    said = [
        f"\N{GREEK SMALL LETTER SIGMA}$_{letter}^2$ = {number(value)}"
        for letter, value, at in zip("wb", given, place, strict=True)
        if not 0 <= at <= 1
    ]
    return f" ({', '.join(said)})" if said else ""


def _mark(ax: Axes, place: NDArray[np.float64], text: str, look: Look, taken: list[Box]) -> Box:
    """Draw one initializer, its name where no other stands."""
    x, y = np.where((place >= 0) & (place <= 1), place, np.clip(place, EDGE, 1 - EDGE))
    beyond = {"<": place[0] < 0, ">": place[0] > 1, "v": place[1] < 0, "^": place[1] > 1}
    arrow = next((sign for sign, there in beyond.items() if there), look.marker)
    frame: dict[str, Any] = {"transform": ax.transAxes, "clip_on": False, "zorder": 5, "markeredgecolor": "white"}
    ax.plot(x, y, arrow, color=look.colour, markersize=8, markeredgewidth=1, gid="mark", **frame)
    return _label(ax, np.array([x, y]), text, (look.ink, look.colour), taken, fontweight="bold")


def _label(
    ax: Axes, place: NDArray[np.float64], text: str, colours: tuple[Any, str], taken: list[Box], **style: Any
) -> Box:
    """Write a name beside a point, joined to it, where no other stands; return what it takes."""
    points = np.asarray(ax.bbox.size) * 72 / ax.figure.dpi
    wide, tall = np.array([0.56 * len(text.replace("$", "").replace("_w^", "")), 1.5]) * SMALL / points
    x, y = place
    rightward = x + wide < 1
    left, up = (x - 0.01 if rightward else x - wide + 0.01), (1 if y < 0.6 else -1)
    level = y + up * 2.2 * tall
    while any(
        left < right and left + wide > left_of and level < top and level + tall > bottom
        for left_of, bottom, right, top in taken
    ):
        level += up * tall
    joint = {"arrowstyle": "-", "color": colours[1], "linewidth": 0.8, "shrinkA": 0, "shrinkB": 4}
    ax.annotate(
        text,
        xy=(x, y),
        xytext=(left if rightward else left + wide, level),
        xycoords="axes fraction",
        textcoords="axes fraction",
        color=colours[0],
        fontsize=SMALL,
        ha="left" if rightward else "right",
        va="bottom",
        path_effects=list(HALO),
        arrowprops={**joint, "relpos": (0.05 if rightward else 0.95, 0.5)},
        **style,
    )
    return left, level, left + wide, level + tall


def _regions(ax: Axes, results: xr.Dataset, taken: list[Box]) -> None:
    """Write into each region what happens there, where most room is."""
    phase = results["phase"].transpose("bias_variance", "weight_variance").values
    rows, columns = phase.shape
    free = np.ones(phase.shape, dtype=bool)
    for left, bottom, right, top in taken:
        free[
            int(max(bottom, 0) * rows) : int(top * rows) + 1, int(max(left, 0) * columns) : int(right * columns) + 1
        ] = False
    for name, words in WORDS.items():
        room = np.pad((phase == name) & free, 1)
        # in halves of a text, which is about three times as wide as high
        distance = distance_transform_edt(room, sampling=(1 / rows / 0.05, 1 / columns / 0.15))[1:-1, 1:-1]
        if distance.max(initial=0) < 0.7:
            continue
        row, column = np.unravel_index(int(distance.argmax()), phase.shape)
        x, y = results["weight_variance"].values[column], results["bias_variance"].values[row]
        ax.text(x, y, words, ha="center", va="center", color=INK, fontsize=9.5, path_effects=list(HALO), gid="region")
