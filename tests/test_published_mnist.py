"""He normal against Glorot uniform on MNIST: two published single runs, seen among seeds."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import goodinit as gi

EPOCH = 1719  # steps: 55,000 pictures in batches of 32
PUBLISHED = {  # validation accuracy after 1, 2, 5, 8 and 10 epochs
    "he_normal": [0.9068, 0.9238, 0.9458, 0.9566, 0.9632],
    "glorot_uniform": [0.9050, 0.9218, 0.9448, 0.9610, 0.9616],
}


@pytest.mark.campaign
def test_the_published_runs_are_ordinary_ones_and_do_not_tell_the_two_apart(data_folder: Path) -> None:
    results = gi.compare(
        "784-64-32-10",
        gi.datasets.mnist(data_folder / "mnist", holdout=5000),
        list(PUBLISHED),
        seeds=8,
        steps=10 * EPOCH,
        batch_size=32,
        record_every=EPOCH,
    )
    runs = results["test_accuracy"].isel(learning_rate=0).sel(step=[EPOCH * epoch for epoch in (1, 2, 5, 8, 10)])
    for name, published in PUBLISHED.items():
        seen = runs.sel(initializer=name).values
        # interval of one more run beside 8, at 95 % for all ten published numbers together
        reach = stats.t.ppf(1 - 0.025 / 10, 7) * seen.std(axis=0, ddof=1) * np.sqrt(1 + 1 / 8)
        np.testing.assert_array_less(np.abs(published - seen.mean(axis=0)), reach)
    assert not results["pair_distinguishable"].item()
    assert results["pair_difference"].item() == pytest.approx(0, abs=0.003)
    assert "not distinguishable with 8 seeds" in results["finding"].values[0]
