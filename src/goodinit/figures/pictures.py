"""All pictures of studies: which there are, when they apply and what they say in words."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from goodinit.figures import describe
from goodinit.figures.curves import loss_curves
from goodinit.figures.failing import failures
from goodinit.figures.gradients import learning_speed, neuron_gradients, update_ratios
from goodinit.figures.histograms import histograms
from goodinit.figures.maps import decision_maps
from goodinit.figures.phases import phase_diagram
from goodinit.figures.profiles import activations, gradients, units
from goodinit.figures.rates import learning_rates
from goodinit.figures.scores import final_scores
from goodinit.figures.style import styled


@dataclass(frozen=True)
class Picture:
    """One kind of picture: its file's name, the function, when it applies, its words."""

    name: str
    draw: Callable[[xr.Dataset], Any]
    applies: Callable[[xr.Dataset], bool]
    words: Callable[[xr.Dataset], str]


def _trained(results: xr.Dataset) -> bool:
    return "loss_quantile" in results


def _measured(results: xr.Dataset) -> bool:
    return "histogram" in results


def _recorded(results: xr.Dataset) -> bool:
    return "gradient_norm_median" in results


PICTURES = (
    Picture("final_scores", final_scores, _trained, describe.final_scores),
    Picture("loss_curves", loss_curves, _trained, describe.loss_curves),
    Picture("failures", failures, _trained, describe.failures),
    Picture(
        "learning_rates",
        learning_rates,
        lambda r: r.sizes.get("learning_rate", 0) > 1,
        describe.learning_rates,
    ),
    Picture("decision_maps", decision_maps, lambda r: "decision" in r, describe.decision_maps),
    Picture("neuron_gradients", neuron_gradients, _recorded, describe.neuron_gradients),
    Picture("learning_speed", learning_speed, _recorded, describe.learning_speed),
    Picture("update_ratios", update_ratios, _recorded, describe.update_ratios),
    Picture("activations", activations, _measured, describe.activations),
    Picture("histograms", histograms, _measured, describe.histograms),
    Picture("gradients", gradients, _measured, describe.gradients),
    Picture("units", units, _measured, describe.units),
    Picture("phase_diagram", phase_diagram, lambda r: "phase" in r, describe.phase_diagram),
)


@styled
def save_all(results: xr.Dataset, folder: Path) -> list[Path]:
    """Write every picture that applies to these results as PNG (150 dots an inch) and SVG.

    The same results give the same bytes: files carry no date, and the identifiers in SVG are salted with a constant.

    Parameters
    ----------
    results : xarray.Dataset
        Results of a study.
    folder : pathlib.Path
        Made if need be; files of the same names are replaced.

    Returns
    -------
    list of pathlib.Path
        `final_scores.png`, `final_scores.svg`, `loss_curves.png` ...
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for picture in PICTURES:
        if picture.applies(results):
            drawn = picture.draw(results)
            figure = (drawn if not hasattr(drawn, "flat") else drawn.flat[0]).figure
            written += _save(figure, folder / picture.name)
    return written


def _save(figure: Figure, stem: Path) -> list[Path]:
    """Write one figure in both formats."""
    png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # the layout is done; each file would repeat it otherwise
    figure.savefig(png, metadata={"Software": None})
    figure.savefig(svg, metadata={"Date": None, "Creator": None})
    return [png, svg]
