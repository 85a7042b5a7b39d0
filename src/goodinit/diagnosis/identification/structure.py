"""Initializers that are recognised by exact properties: constants, identities, orthonormal rows, sparse columns."""

import math
from collections.abc import Iterator

import numpy as np

from goodinit.diagnosis.identification.evidence import Evidence
from goodinit.diagnosis.identification.fit import misfit
from goodinit.diagnosis.identification.rules import FEW, STDS, Rule
from goodinit.initializers.initializer import Array
from goodinit.layer import Layer

VECTORS = 32  # rows whose products are looked at; all pairs of a large matrix would cost more than the pass
ORTHONORMAL = 2e-5  # relative; QR in single precision leaves some 1e-6
COARSE, ROWS = 1e-4, 8  # grain from which at least so many rows are needed
VECTOR_GAINS = (1.0, math.sqrt(2))
FEWEST = 0.02  # share of zeros in the sample from which they are counted


def structured(values: Array, seen: Evidence, layer: Layer, alarm: float) -> Rule | None:
    """Return the exact rule that made the numbers, if there is one.

    Parameters
    ----------
    values : array
        Of the shape of the layer.
    seen : Evidence
        What was seen of them, not NaN.
    alarm : float
        As for `misfit`.
    """
    if seen.constant:
        return constant(seen.low)
    if len(layer.shape) < 2:
        return _gates(values, layer)
    return _identity(values, seen, layer) or _orthogonal(values, seen, layer) or _sparse(values, seen, layer, alarm)


def constant(value: float) -> Rule:
    """Return the rule of numbers that are all the same."""
    name = {0.0: "zeros", 1.0: "ones"}.get(value, f"constant(value={value:.{FEW}g})")
    return Rule(name, name, "constant", value, 0.0)


def _gates(values: Array, layer: Layer) -> Rule | None:
    """Recognise a bias that is the same within each gate, such as 1 for the forget gate and else 0."""
    if layer.blocks < 2 or len(values) % layer.blocks:
        return None
    gates = values.reshape(layer.blocks, -1)
    if gates.shape[1] < 2 or (gates != gates[:, :1]).any():
        return None
    levels = [float(level) for level in gates[:, 0]]
    said = f"{', '.join(f'{level:g}' for level in levels)} in the {len(levels)} gates"
    return Rule("constant by gate", "", "constant", float(np.mean(levels)), float(np.std(levels)), said)


def _identity(values: Array, seen: Evidence, layer: Layer) -> Rule | None:
    """Recognise torch's ``eye_`` and ``dirac_``, times any factor."""
    if seen.low != 0 or seen.high <= 0:
        return None
    for groups in sorted({1, layer.groups}):
        ones = min(layer.shape[0] // groups, layer.shape[1]) * groups
        if not math.isclose(seen.mean * seen.count, ones * seen.high, rel_tol=1e-4):
            continue
        if np.array_equal(values, _dirac(layer, groups, values) * values.dtype.type(seen.high)):
            name = "identity" if len(layer.shape) == 2 else "dirac"
            factor = "" if seen.high == 1 else f" times {seen.high:g}"
            return Rule(f"{name}{factor}", "", "constant", seen.mean, seen.std)
    return None


def _dirac(layer: Layer, groups: int, values: Array) -> Array:
    """Return a kernel that hands on channel i of each group: 1 at its centre tap."""
    kernel = np.zeros_like(values)
    each = layer.shape[0] // groups
    centre = tuple(size // 2 for size in layer.shape[2:])
    for group in range(groups):
        for at in range(min(each, layer.shape[1])):
            kernel[(group * each + at, at, *centre)] = 1
    return kernel


def _orthogonal(values: Array, seen: Evidence, layer: Layer) -> Rule | None:
    """Recognise orthonormal rows or columns times a gain, in the whole matrix or in each of its stacked blocks.

    A single row is always orthogonal. It counts only with the length 1 or sqrt(2), which a random row has with a
    probability of about 1e-4.
    """
    for g, blocks in gains(values, seen.grain, layer):
        longest = max(layer.shape[0] // blocks, math.prod(layer.shape[1:]))
        if seen.count == longest * blocks and not _telling(g, seen):
            continue
        known = _known(g, seen.grain)
        name = "orthogonal" if known == 1 else f"orthogonal(gain={known:.{FEW}g})"
        said = f"each of {blocks} stacked blocks is orthogonal" if blocks > 1 else ""
        return Rule(name, name, "orthogonal", 0.0, g / math.sqrt(longest), said)
    return None


def gains(values: Array, grain: float, layer: Layer) -> Iterator[tuple[float, int]]:
    """Yield (gain, number of blocks) with which a tensor is orthogonal: as a whole, and block by block."""
    for blocks in sorted({1, layer.blocks}, reverse=True):  # square orthogonal blocks make an orthogonal stack, too
        matrices = values.reshape(blocks, layer.shape[0] // blocks, -1)
        found = [_gain(matrix, grain) for matrix in matrices]
        if np.allclose(found, found[0], rtol=ORTHONORMAL + 4 * grain, atol=0):  # NaN is close to nothing
            yield found[0], blocks


def _gain(matrix: Array, grain: float) -> float:
    """Return the common length of a matrix's orthogonal rows (columns if they are fewer), NaN if they are not so.

    Some of the rows are looked at, with all their numbers. Rounding changes a number by up to half a grain, hence a
    product of two rows of n numbers by about 0.4 grain / sqrt(n) and a squared length by 1 grain / sqrt(n), each times
    the square of their length; 6 of the latter are granted. In half precision random rows pass that, too, now and
    then, so that there have to be some of them.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    if grain > COARSE and len(wide) < ROWS:
        return math.nan
    picked = np.unique(np.linspace(0, len(wide) - 1, min(VECTORS, len(wide))).astype(int))
    for few in (picked[:2], picked):  # two rows are enough to see that most tensors are not orthogonal
        vectors = wide[few].astype(np.float64)
        products = vectors @ vectors.T
        square = float(np.diag(products).mean())
        slack = ORTHONORMAL + 6 * grain / math.sqrt(wide.shape[1])
        if square == 0 or np.abs(products - square * np.eye(len(vectors))).max() > slack * square:
            return math.nan
    return math.sqrt(square)


def _telling(gain: float, seen: Evidence) -> bool:
    """Return whether the length of a single row says that it was made orthogonal."""
    known = any(math.isclose(gain, length, rel_tol=1e-6) for length in VECTOR_GAINS)
    return known and seen.grain < 1e-6 and seen.count >= 8


def _known(gain: float, grain: float) -> float:
    """Return the gain without what rounding did to it, where it is 1, sqrt(2) or a short decimal."""
    plain = (1.0, math.sqrt(2), 5 / 3, round(gain, 3))
    return next((g for g in plain if math.isclose(g, gain, rel_tol=ORTHONORMAL + grain)), gain)


def _sparse(values: Array, seen: Evidence, layer: Layer, alarm: float) -> Rule | None:
    """Recognise torch's ``sparse_``: the same number of zeros in each column, elsewhere normal numbers."""
    if len(layer.shape) != 2 or (seen.sample == 0).mean() < FEWEST:
        return None
    zeros = layer.shape[0] - np.count_nonzero(values, axis=0)
    if (zeros != zeros[0]).any() or not 0 < zeros[0] < layer.shape[0]:
        return None
    left = seen.without_zeros(int(zeros.sum()))
    for rule in _normal(left):
        if misfit(rule, left, alarm) is None:
            share = zeros[0] / layer.shape[0]
            said = f"{share:.3g} of each column is 0, the rest is {rule.name}"
            return Rule(f"sparse, {rule.name}", "", "sparse", 0.0, rule.std * math.sqrt(1 - share), said)
    return None


def _normal(seen: Evidence) -> Iterator[Rule]:
    for std in sorted(STDS, key=lambda std: abs(math.log(std / seen.std))):
        yield Rule(f"normal(std={std:g})", "", "normal", 0.0, std)
