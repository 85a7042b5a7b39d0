"""What holds for all labs: what they import, and that nothing but a sentence comes of strange inputs."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from goodinit.errors import InputError
from goodinit.labs import circles, layers

SHAPES = array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
BITS = arrays(np.int64, SHAPES, elements=st.integers(0, 1))
TYPES = st.sampled_from([np.float32, np.int64, np.uint8, np.bool_, np.dtype("U3"), np.complex128, np.object_])
NUMBERS = st.floats(-1000, 1000) | st.sampled_from([np.nan, np.inf])
BINARY = st.builds(lambda bits, dtype: bits.astype(dtype), BITS, TYPES)
ANYTHING = arrays(np.float64, SHAPES, elements=NUMBERS) | BINARY | st.sampled_from([None, [[1, 0]], 3.5])
FITTING = arrays(np.float64, (2, 3), elements=NUMBERS)
LABELS = arrays(np.int64, (1, 3), elements=st.integers(0, 1))


def loss(train: Callable[[], float]) -> float:
    try:
        return train()
    except InputError:
        return 0.0


@given(ANYTHING | FITTING, ANYTHING | LABELS)
@settings(deadline=None, max_examples=300)
def test_whatever_is_given_is_learned_from_or_refused(X: object, Y: object) -> None:
    def by_layers() -> float:
        model = layers.Model([layers.Linear(2, 1, rng=0), layers.NonLinear("Sigmoid")])
        return layers.train(model, X, Y, num_iterations=1, print_cost=False)[0]

    assert np.isfinite(loss(lambda: circles.model(X, Y, num_iterations=1, print_cost=False)[1][0]))
    assert np.isfinite(loss(by_layers))


def test_networks_of_the_labs_need_numpy_only() -> None:
    code = (
        "import sys, goodinit.labs as labs\n"
        "labs.circles.forward_propagation, labs.layers.Model, labs.signal.forward_prop\n"
        "print({'jax', 'torch', 'matplotlib', 'xarray', 'pandas', 'sklearn', 'h5py'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
