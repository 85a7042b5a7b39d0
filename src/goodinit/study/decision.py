"""Decision maps: what the median network of each initializer says at every point of the plane."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from goodinit.networks import Network
from goodinit.study.problem import Problem
from goodinit.study.run import Cell
from goodinit.study.store import Store

POINTS = 160  # of the grid along each axis: one a pixel or two in the report
MARGIN = 0.15  # of the range of the data, drawn around it


def with_maps(results: xr.Dataset, problem: Problem, asked: Sequence[Cell], store: Store) -> xr.Dataset:
    """Add the decision map of the median seed of each initializer, and the training points.

    The median seed is the one in the middle by final training loss, at the initializer's best learning rate.
    """
    inputs, network = problem.data.train_inputs, problem.training.network
    axes = [_axis(inputs[:, column]) for column in (0, 1)]
    by_place = {(cell.initializer, cell.learning_rate, cell.seed): cell for cell in asked}
    maps, seeds = [], []
    for label in problem.study.init:
        loss = results["final"].sel(initializer=label).isel(metric=2).values
        seeds.append(int(np.argsort(loss, kind="stable")[(len(loss) - 1) // 2]))
        rate = float(results["best_learning_rate"].sel(initializer=label))
        trained = store[by_place[label, rate, seeds[-1]].key]
        maps.append(_map(network, trained, axes, problem.data.task))
    return results.assign(
        decision=(("initializer", "grid_y", "grid_x"), np.stack(maps)),
        decision_seed=("initializer", seeds),
        point_x=("point", inputs[:, 0]),
        point_y=("point", inputs[:, 1]),
        point_class=("point", problem.data.train_targets.astype(int)),
    ).assign_coords(grid_x=axes[0], grid_y=axes[1])


def _axis(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    room = MARGIN * ((high - low) or 1.0)
    return np.linspace(low - room, high + room, POINTS)


def _map(
    network: Network, trained: dict[str, NDArray[np.float64]], axes: list[NDArray[np.float64]], task: str
) -> NDArray[np.float64]:
    """Return the probability of class 1, or the number of the most probable class; NaN where neither is a number."""
    grid = np.stack([plane.ravel() for plane in np.meshgrid(*axes)])
    logits = np.asarray(network.forward({name: jnp.asarray(w) for name, w in trained.items()}, jnp.asarray(grid)))
    said = (1 + np.tanh(logits[0] / 2)) / 2 if task == "binary" else logits.argmax(axis=0)
    return np.where(np.isfinite(logits).all(axis=0), said, np.nan).reshape(POINTS, POINTS)
