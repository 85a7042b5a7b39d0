"""The maps that carry variance and correlation through one wide layer, and their slopes.

A layer is z' = W f(z) + b with independent entries of mean 0. Throughout, `weight_variance` is sigma_w^2 = fan-in times
the variance of one entry, and `bias_variance` is sigma_b^2.
"""

from goodinit.errors import InputError, non_negative
from goodinit.theory.panels import Function, values
from goodinit.theory.quadrature import covariance, expectation, nodes, slope


def variance_map(f: Function, q: float, weight_variance: float, bias_variance: float = 0.0) -> float:
    """Return q' = sigma_w^2 E f(sqrt(q) z)^2 + sigma_b^2 (1606.05340, eq. 3).

    Parameters
    ----------
    f : str, Activation or callable
        The activation.
    q : float
        Variance of the pre-activation (second moment; its mean over networks is 0), >= 0.
    weight_variance, bias_variance : float
        sigma_w^2 and sigma_b^2, >= 0.

    Examples
    --------
    >>> round(variance_map("relu", 3.0, 2.0), 9)
    3.0
    """
    second = expectation(lambda a, d: a**2, f, q)
    return non_negative("weight_variance", weight_variance) * second + non_negative("bias_variance", bias_variance)


def variance_slope(f: Function, q: float, weight_variance: float) -> float:
    """Return dq'/dq = sigma_w^2 E f(h) f'(h) h / q for h ~ N(0, q), q > 0.

    By d/dq f(sqrt(q) z)^2 = f f' z / sqrt(q); it needs no second derivative. The limit at q = 0 is taken at 1e-20.
    """
    h, w = nodes(f, max(non_negative("q", q), 1e-20))
    return (
        non_negative("weight_variance", weight_variance) * float(w @ (values(f)(h) * slope(f, h) * h)) / max(q, 1e-20)
    )


def correlation_map(f: Function, c: float, q: float, weight_variance: float, bias_variance: float = 0.0) -> float:
    """Return c' = (sigma_w^2 E f(u) f(v) + sigma_b^2) / q' (1606.05340, eq. 5).

    Parameters
    ----------
    f : str, Activation or callable
        The activation.
    c : float
        Correlation of the pre-activations u and v of two examples, from -1 to 1.
    q : float
        Variance of both.
    weight_variance, bias_variance : float
        sigma_w^2 and sigma_b^2, >= 0, not both 0.

    Raises
    ------
    InputError
        If all pre-activations of the next layer are 0, which have no correlation.

    Examples
    --------
    >>> round(correlation_map("relu", 0.0, 1.0, 2.0), 9)  # 1 / pi
    0.318309886
    """
    variance = variance_map(f, q, weight_variance, bias_variance)
    if variance == 0:
        raise InputError(
            f"at q = {q}, weight variance {weight_variance} and bias variance {bias_variance} the next layer is 0 "
            "everywhere and has no correlation; give a variance > 0"
        )
    return (weight_variance * covariance(f, q, c) + bias_variance) / variance


def chi(f: Function, q: float, weight_variance: float, c: float = 1.0) -> float:
    """Return chi = sigma_w^2 E f'(u) f'(v) for pre-activations of variance q and correlation c.

    At c = 1 this is chi_1 = sigma_w^2 E f'^2: the factor of the gradients' variance in one layer backward, and the
    slope of the correlation map at c = 1 where q is a fixed point (1606.05340, eq. 7; 1611.01232, eq. 9).
    """
    return non_negative("weight_variance", weight_variance) * covariance(f, q, c, slopes=True)
