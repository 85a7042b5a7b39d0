"""The sizes of gradients and updates during training, by layer and by neuron."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from goodinit.networks import Network
from goodinit.train import RECORDED

BY_STEP = ("initializer", "learning_rate", "seed", "step")


def with_gradients(results: xr.Dataset, network: Network, curves: NDArray[Any]) -> xr.Dataset:
    """Add what `goodinit.train` observed beside the losses.

    Parameters
    ----------
    results : xarray.Dataset
    network : Network
    curves : array, shape (initializers, learning rates, seeds, records, columns)
        Columns as in `goodinit.train.Outcome.records`.
    """
    depth, first = len(network.weights), len(RECORDED)
    layers = [layer.name.removesuffix(".weight") for layer in network.weights]
    of_neuron = [name for name, layer in zip(layers, network.weights, strict=True) for _ in range(layer.shape[0])]
    results = results.assign(
        gradient_norm=((*BY_STEP, "layer"), curves[..., first : first + depth]),
        update_ratio=((*BY_STEP, "layer"), curves[..., first + depth : first + 2 * depth]),
        neuron_gradient=((*BY_STEP, "neuron"), curves[..., first + 2 * depth :].astype(np.float32)),
    ).assign_coords(layer=layers, neuron_layer=("neuron", of_neuron))
    at_best = results[["gradient_norm", "update_ratio", "neuron_gradient"]].sel(
        learning_rate=results["best_learning_rate"]
    )
    ends = at_best["neuron_gradient"].isel(step=[0, -1]).drop_vars("step").rename(step="moment")
    return results.assign(
        gradient_norm_median=_median(at_best["gradient_norm"]),
        update_ratio_median=_median(at_best["update_ratio"]),
        neuron_gradient_median=_median(ends),
    ).assign_coords(moment=["start", "end"])


def _median(values: xr.DataArray) -> xr.DataArray:
    """Return the median over seeds; what is not a number counts as infinite."""
    return values.fillna(np.inf).median("seed").drop_vars("learning_rate")
