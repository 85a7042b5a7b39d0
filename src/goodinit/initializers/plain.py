"""Initializers that do not look at the fans."""

import math

import numpy as np

from goodinit.errors import InputError, finite, non_negative, positive
from goodinit.initializers.initializer import Array, Initializer, labelled
from goodinit.layer import Layer

# sd of N(0,1) cut at +-2: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)); dividing by it restores unit variance
TRUNCATED_SD = 0.8796256610342398
# E z^4 = 3 - 28 phi(2) / (2 Phi(2) - 1) over the square of that variance, less 3
TRUNCATED_KURTOSIS = -0.6344632828703505
UNIFORM_KURTOSIS = -1.2  # (a^4 / 5) / (a^2 / 3)^2 - 3


@labelled
def zeros() -> Initializer:
    """All weights 0: right for biases and residual ends, a network of such layers cannot learn."""
    return _constant(0.0)


@labelled
def ones() -> Initializer:
    """All weights 1: every unit of a layer computes the same and stays the same."""
    return _constant(1.0)


@labelled
def constant(*, value: float = 0.01) -> Initializer:
    """All weights `value`."""
    return _constant(finite("value", value))


@labelled
def normal(*, mean: float = 0.0, std: float = 0.01) -> Initializer:
    """Independent N(mean, std^2), whatever the size of the layer."""
    mu, sigma = finite("mean", mean), non_negative("std", std)
    return Initializer(
        draw=lambda layer, rng: mu + rng.standard_normal(layer.shape) * sigma,
        variance=lambda layer: sigma * sigma,
        mean=lambda layer: mu,
    )


@labelled
def uniform(*, low: float = -0.05, high: float = 0.05) -> Initializer:
    """Independent U(low, high); variance (high - low)^2 / 12."""
    a, b = finite("low", low), finite("high", high)
    if a > b:
        raise InputError(f"low must not exceed high, got low={low!r} and high={high!r}")
    return Initializer(
        draw=lambda layer, rng: rng.uniform(a, b, layer.shape),
        variance=lambda layer: (b - a) * (b - a) / 12,
        mean=lambda layer: (a + b) / 2,
        kurtosis=UNIFORM_KURTOSIS,
    )


@labelled
def truncated_normal(*, mean: float = 0.0, std: float = 0.01) -> Initializer:
    """Draw normals cut at two standard deviations, rescaled so that `std` is the deviation of the result.

    The plain functions of torch and JAX do not rescale: there the result's deviation is 0.88 `std`.
    """
    mu, sigma = finite("mean", mean), non_negative("std", std)
    return Initializer(
        draw=lambda layer, rng: mu + _standard_truncated(rng, layer.shape) * (sigma / TRUNCATED_SD),
        variance=lambda layer: sigma * sigma,
        mean=lambda layer: mu,
        kurtosis=TRUNCATED_KURTOSIS,
    )


@labelled
def orthogonal(*, gain: float = 1.0) -> Initializer:
    """Orthonormal rows or columns, whichever are fewer, times `gain`; uniform over all such matrices.

    The matrix is (fan-out axis) x (all other axes). Entries have variance gain^2 / max(rows, columns).
    QR of a Gaussian matrix, with the signs of R's diagonal moved into Q (Mezzadri, math-ph/0609050).
    """
    g = positive("gain", gain)

    def draw(layer: Layer, rng: np.random.Generator) -> Array:
        if len(layer.shape) < 2:
            raise InputError(f"orthogonal needs a matrix, {layer.name} has shape {layer.shape}")
        rows, columns = layer.shape[0], math.prod(layer.shape[1:])
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
        return g * (q if rows >= columns else q.T).reshape(layer.shape)

    return Initializer(
        draw,
        variance=lambda layer: g * g / max(layer.shape[0], math.prod(layer.shape[1:])),
        mean=lambda layer: 0.0,
        independent=False,
    )


def _constant(value: float) -> Initializer:
    return Initializer(
        draw=lambda layer, rng: np.full(layer.shape, value),
        variance=lambda layer: 0.0,
        mean=lambda layer: value,
    )


def _standard_truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return draws of N(0, 1) given that they lie within +-2, by drawing the others again."""
    z = rng.standard_normal(shape)
    while (outside := np.abs(z) > 2).any():
        z[outside] = rng.standard_normal(int(outside.sum()))
    return z
