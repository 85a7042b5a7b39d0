"""Examples that are alike in their inputs and in their gradients at once, as those of one class are.

The weight gradient is (1/m) sum_a delta_a x_a^T, and its second moment a mean over pairs of overlap(delta) times
overlap(x). Where the two are related over pairs, the mean of the product is not the product of the means.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodinit.theory.pairs import Series
from goodinit.theory.panels import Array

GROUPS = 48  # of pairs, by the correlation of their inputs: within one, maps through a layer are as good as linear
MOST = 1_000  # examples whose pairs are looked at


@dataclass(frozen=True)
class Kinship:
    """Pairs of different examples, in groups of about one correlation of their inputs.

    Parameters
    ----------
    correlation : array, shape (groups,)
        Mean of x . y / (abs(x) abs(y)) in each group.
    share : array
        Of the pairs.
    overlap : array
        Mean product of the two examples' gradients at the logits, over the gradients' second moment.
    """

    correlation: Array
    share: Array
    overlap: Array

    @property
    def mean(self) -> float:
        """The overlap of all pairs."""
        return float(self.share @ self.overlap)


def kinship(inputs: ArrayLike, products: NDArray[np.float64]) -> Kinship:
    """Return the pairs of given examples in groups.

    Parameters
    ----------
    inputs : array_like, shape (examples, features)
    products : array, shape (examples, examples)
        Of the examples' gradients at the logits, over their second moment.
    """
    x = np.asarray(inputs, np.float64)
    unit = x / np.sqrt(np.maximum((x**2).sum(axis=1), 1e-300))[:, None]
    above = np.triu_indices(len(x), 1)
    c, overlap = np.clip((unit @ unit.T)[above], -1, 1), products[above]
    if not len(c):
        return Kinship(np.zeros(1), np.ones(1), np.zeros(1))  # one example is alone
    edges = np.linspace(c.min(), c.max(), GROUPS + 1)
    group = np.clip(np.searchsorted(edges, c, side="right") - 1, 0, GROUPS - 1)
    count = np.bincount(group, minlength=GROUPS)
    kept = count > 0
    correlation, overlaps = (
        np.bincount(group, weights=one, minlength=GROUPS)[kept] / count[kept] for one in (c, overlap)
    )
    return Kinship(correlation, count[kept] / len(c), overlaps)


def relation(of: Kinship, product: Series, steepness: Array, share: Array) -> Array:
    """Return by how much the mean of overlap(delta_l) overlap(x_(l-1)) exceeds the product of means, for all layers.

    Each group is carried through the network alone, in the limit of infinite width.

    Its correlation goes by c' = phi kappa(c) + 1 - phi, and its gradients' overlap by E f'(u) f'(v) / E f'^2 a layer.
    The product of means is what `goodinit.theory.backward` takes: each layer's mean factor, times the mean at the
    logits.

    Parameters
    ----------
    of : Kinship
    product : Series
        kappa of the hidden layers.
    steepness : array, shape (hidden layers,)
        q E f'^2 / E f^2, which makes E f' f' / E f'^2 of the slope of kappa.
    share : array, shape (layers,)
        phi, the part of the variance that comes from the weights.
    """
    c, signal, factor = share[0] * of.correlation + 1 - share[0], [of.correlation], []
    for layer, steep in enumerate(steepness):
        one = Series(product.terms[layer], product.tail[layer], product.exponent[layer])
        factor.append(one.slope(c) / steep)
        signal.append(one.value(c))
        c = np.clip(share[layer + 1] * signal[-1] + 1 - share[layer + 1], -1, 1)
    gradient, apart = [of.overlap], [of.mean]
    for by in reversed(factor):
        gradient.append(by * gradient[-1])
        apart.append(float(of.share @ by) * apart[-1])
    x, delta = np.array(signal), np.array(gradient[::-1])
    return np.asarray((x * delta) @ of.share - (x @ of.share) * np.array(apart[::-1]))
