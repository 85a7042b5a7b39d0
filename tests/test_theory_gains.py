"""The closed forms of the gains that docs/theory.md derives."""

import math

import pytest
from scipy.stats import norm

from goodinit import theory

UP = 1 / (2 * math.pi * math.sqrt(3))  # E phi(z)^2
BELOW = math.exp(2) * norm.cdf(-2)  # E e^(2z) on z < 0
ELU = BELOW - 2 * math.exp(0.5) * norm.cdf(-1) + 0.5
LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772

CLOSED = {  # E f^2 and E f'^2
    "linear": (1, 1),
    "relu": (0.5, 0.5),
    "leaky_relu": ((1 + 0.01**2) / 2, (1 + 0.01**2) / 2),
    "elu": (0.5 + ELU, 0.5 + BELOW),
    "selu": (LAMBDA**2 * (0.5 + ALPHA**2 * ELU), LAMBDA**2 * (0.5 + ALPHA**2 * BELOW)),
    "hardtanh": (1 - 2 * norm.pdf(1), 1 - 2 * norm.cdf(-1)),
    "sin": ((1 - math.exp(-2)) / 2, (1 + math.exp(-2)) / 2),
    "gelu": (1 / 3 + UP, 1 / 3 + UP + UP / 3),
}


@pytest.mark.parametrize("name", CLOSED)
def test_gains_have_the_closed_forms_of_the_docs(name: str) -> None:
    forward, backward = CLOSED[name]
    assert theory.gain(name) == pytest.approx(forward**-0.5, rel=1e-11)
    assert theory.gain(name, "backward") == pytest.approx(backward**-0.5, rel=1e-11)


def test_what_saves_a_quadrature() -> None:
    assert CLOSED["selu"][0] == pytest.approx(1, rel=1e-9)
    assert theory.gain("softplus", "backward") == pytest.approx(theory.gain("sigmoid"), rel=1e-11)
