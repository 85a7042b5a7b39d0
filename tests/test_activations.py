"""Activations: against torch's, in NumPy and in JAX, with derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch.nn import functional

from goodinit.activations import ACTIVATIONS, activation
from goodinit.errors import InputError
from goodinit.networks.dense import XP

TORCH = {
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "centred_sigmoid": lambda z: torch.sigmoid(z) - 0.5,
    "hardtanh": functional.hardtanh,
    "sin": torch.sin,
    "linear": lambda z: z,
}
Z = np.concatenate([np.linspace(-12, 12, 241), [0.0, 1e-8, -1e-8, 40.0, -40.0, 500.0, -500.0]])


def test_every_activation_has_an_oracle() -> None:
    assert set(TORCH) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_in_numpy_and_in_jax(name: str) -> None:
    expected = TORCH[name](torch.tensor(Z)).numpy()
    np.testing.assert_allclose(activation(name)(Z), expected, rtol=1e-7, atol=3e-9)  # torch's softplus is cut at 20
    with jax.enable_x64(True):
        np.testing.assert_allclose(activation(name).formula(jnp.asarray(Z), XP), expected, rtol=1e-7, atol=3e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_also_at_the_kink_and_far_out(name: str) -> None:
    z = torch.tensor(Z, requires_grad=True)
    TORCH[name](z).sum().backward()
    with jax.enable_x64(True):
        derivative = jax.vmap(jax.grad(lambda z: activation(name).formula(z, XP)))(jnp.asarray(Z))
    inside = np.abs(Z) != 1 if name == "hardtanh" else np.ones_like(Z, bool)  # either value is right at its kinks
    np.testing.assert_allclose(derivative[inside], z.grad.numpy()[inside], rtol=1e-7, atol=3e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_is_no_number_stays_none(name: str) -> None:
    with np.errstate(invalid="ignore"):  # NumPy's logaddexp remarks on NaN
        assert np.isnan(activation(name)(np.array([np.nan, 1.0]))[0])
    assert np.isnan(activation(name).formula(jnp.array([jnp.nan, 1.0]), XP)[0])


def test_a_function_of_the_users_own() -> None:
    def cube(z):
        return z**3

    own = activation(cube)
    assert own.name == "function:cube"
    assert own(np.array([2.0])) == 8


def test_unknown() -> None:
    with pytest.raises(InputError, match="did you mean 'relu'"):
        activation("rellu")
    with pytest.raises(InputError, match="a name or a function"):
        activation(3)
