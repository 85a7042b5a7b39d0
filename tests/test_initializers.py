"""One contract over every entry of the catalogue: an entry added there is tested here."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from goodinit import initializers
from goodinit.errors import InputError
from goodinit.initializers import CATALOGUE, generator, initializer
from goodinit.layer import Layer, bias, dense
from goodinit.spelling import Call

LAYER = dense("layer1.weight", 300, 200)
KERNEL = Layer("conv.weight", "conv", (64, 32, 3, 3), 288, 576)


def several_draws(what: initializers.Initializer, layer: Layer, count: int = 8) -> np.ndarray:
    return np.stack([what(layer, generator(seed, layer.name)) for seed in range(count)])


@pytest.mark.parametrize("layer", [LAYER, KERNEL, dense("wide", 5, 4000)], ids=lambda layer: layer.name)
@pytest.mark.parametrize("name", CATALOGUE)
class TestContract:
    def test_shape_and_type(self, name: str, layer: Layer) -> None:
        weights = CATALOGUE[name]()(layer, generator(0, layer.name))
        assert weights.shape == layer.shape
        assert weights.dtype == np.float64
        assert np.isfinite(weights).all()

    def test_moments_are_those_it_states(self, name: str, layer: Layer) -> None:
        what = CATALOGUE[name]()
        draws = several_draws(what, layer).reshape(8, -1)
        mean, variance = what.mean(layer), what.variance(layer)
        assert abs(draws.mean() - mean) <= 5 * math.sqrt(variance / draws.size) + 1e-12
        # the standard error of a variance is sqrt((kurtosis - 1) / n) of it; kurtosis is at most 3 here
        spread = np.mean((draws - mean) ** 2)
        assert abs(spread - variance) <= 5 * variance * math.sqrt(2 / draws.size) + 1e-15
        if variance > 0 and what.independent:  # orthogonal entries are normal in wide layers only
            excess = stats.kurtosis(draws, axis=None)
            assert abs(excess - what.kurtosis) <= 5 * math.sqrt(24 / draws.size)

    def test_neighbours_do_not_matter_and_names_do(self, name: str, layer: Layer) -> None:
        what = CATALOGUE[name]()
        first, again = what(layer, generator(3, layer.name)), what(layer, generator(3, layer.name))
        np.testing.assert_array_equal(first, again)
        if what.variance(layer) > 0:
            assert not np.array_equal(first, what(layer, generator(3, "another")))
            assert not np.array_equal(first, what(layer, generator(4, layer.name)))

    def test_its_label_makes_it_again(self, name: str, layer: Layer) -> None:
        what = CATALOGUE[name]()
        assert what.label == name
        np.testing.assert_array_equal(initializer(what.label)(layer, generator(1, "w")), what(layer, generator(1, "w")))


@pytest.mark.parametrize(
    "what",
    [
        initializers.constant(value=-0.3),
        initializers.normal(std=0.1 + 0.2, mean=1e-3),
        initializers.uniform(low=-1 / 3, high=0.7),
        initializers.truncated_normal(std=1 / 7),
        initializers.he_normal(gain=5 / 3, mode="fan_geom"),
        initializers.glorot_uniform(gain=1e-9),
        initializers.orthogonal(gain=2**0.5),
    ],
    ids=lambda what: what.label,
)
def test_a_label_keeps_every_option(what: initializers.Initializer) -> None:
    layer, plain = dense("w", 30, 20), CATALOGUE[what.label.partition("(")[0]]()
    again = initializer(what.label)(layer, generator(1, "w"))
    np.testing.assert_array_equal(again, what(layer, generator(1, "w")))
    assert not np.array_equal(again, plain(layer, generator(1, "w")))


@pytest.mark.parametrize(
    ("text", "variance"),
    [
        ("lecun_normal", 1 / 300),
        ("glorot_uniform", 2 / 500),
        ("he_normal", 2 / 300),
        ("he_normal(mode=fan_out)", 2 / 200),
        ("he_uniform(mode=fan_avg, gain=1)", 1 / 250),
        ("glorot_normal(gain=3, mode=fan_geom)", 9 / math.sqrt(300 * 200)),
        ("normal(std=10)", 100),
        ("uniform(low=0, high=6)", 3),
        ("orthogonal(gain=2)", 4 / 300),
    ],
)
def test_published_variances(text: str, variance: float) -> None:
    what = initializer(text)
    assert what.variance(LAYER) == pytest.approx(variance, rel=1e-12)
    assert np.var(several_draws(what, LAYER)) == pytest.approx(variance, rel=5 * math.sqrt(2 / (8 * 60_000)))


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("he_normal", stats.norm(0, math.sqrt(2 / 300))),
        ("glorot_uniform", stats.uniform(-math.sqrt(6 / 500), 2 * math.sqrt(6 / 500))),
        ("truncated_normal(std=1)", stats.truncnorm(-2, 2, scale=1 / stats.truncnorm(-2, 2).std())),
    ],
)
def test_distributions(text: str, distribution: stats.rv_continuous) -> None:
    draws = several_draws(initializer(text), LAYER, 2).ravel()
    assert stats.kstest(draws, distribution.cdf).pvalue > 1e-4


def test_torch_draws_with_the_same_deviations() -> None:
    torch.manual_seed(0)
    weight = torch.empty(200, 300, dtype=torch.float64)
    for text, fill in {
        "he_normal": torch.nn.init.kaiming_normal_,
        "he_uniform": lambda w: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"),
        "glorot_normal": torch.nn.init.xavier_normal_,
        "glorot_uniform": torch.nn.init.xavier_uniform_,
    }.items():
        theirs = fill(weight).var().item()
        assert initializer(text).variance(LAYER) == pytest.approx(theirs, rel=5 * math.sqrt(2 / 60_000))


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5), (6, 2, 3, 3)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    layer = Layer("w", "dense", shape, 1, 1)
    flat = initializer("orthogonal(gain=3)")(layer, generator(0, "w")).reshape(shape[0], -1)
    product = flat @ flat.T if shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(product, 9 * np.eye(len(product)), atol=1e-12)


def test_a_truncated_normal_stays_within_two_of_its_parents_deviations() -> None:
    parent = 1 / 0.8796256610342398
    draws = several_draws(initializer("truncated_normal(std=1)"), LAYER)
    assert np.abs(draws).max() <= 2 * parent
    assert np.abs(draws).max() > 1.99 * parent


def test_first_names_are_understood_and_echoed_as_surnames() -> None:
    assert initializer("xavier_uniform").label == "glorot_uniform"
    assert initializer("kaiming_normal(mode=fan_out)").label == "he_normal(mode=fan_out)"


def test_labels_hold_the_options_that_were_given() -> None:
    assert initializer("normal(std=1e1, mean=0.0)").label == "normal(mean=0, std=10)"
    assert initializer("normal(std=0.01)").label == "normal(std=0.01)"  # though that is the default
    assert initializers.he_normal(mode="fan_in").label == "he_normal(mode=fan_in)"
    assert initializers.he_normal().label == "he_normal"
    assert initializers.constant(value=0.5).label == "constant(value=0.5)"


def test_biases_carry_the_fans_of_their_weight() -> None:
    offset = bias("layer1.bias", LAYER)
    assert offset.shape == (200,)
    assert initializer("lecun_uniform").variance(offset) == pytest.approx(1 / 300)
    with pytest.raises(InputError, match="orthogonal needs a matrix"):
        initializer("orthogonal")(offset, generator(0, "b"))


def test_a_function_of_the_users_own() -> None:
    def half(layer: Layer, rng: np.random.Generator) -> np.ndarray:
        return np.full(layer.shape, 0.5, np.float32)

    assert initializer(half).label == "function:half"
    assert initializer(half)(LAYER, generator(0, "w")).dtype == np.float64


@pytest.mark.parametrize("wrong", [np.zeros(3), np.full(LAYER.shape, np.nan), np.full(LAYER.shape, "a"), None])
def test_what_a_users_function_returns_is_checked(wrong: object) -> None:
    with pytest.raises(InputError, match="initializer function:"):
        initializer(lambda layer, rng: wrong)(LAYER, generator(0, "w"))


def test_given_arrays() -> None:
    arrays = {"layer1.weight": np.arange(60_000.0).reshape(200, 300)}
    what = initializers.given(arrays, label="mine")
    arrays["layer1.weight"][:] = 0  # a copy was taken
    assert what(LAYER, generator(0, "w"))[0, 1] == 1
    with pytest.raises(InputError, match=r"mine: no array for other; given are layer1.weight"):
        what(dense("other", 1, 1), generator(0, "w"))
    for wrong in (np.zeros(2), "text", [[1j]], [[None]]):
        with pytest.raises(InputError, match="must return real numbers of shape"):
            initializers.given({"w": wrong})(dense("w", 1, 1), generator(0, "w"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("he_norml", "did you mean 'he_normal'"),
        ("he_normal(mod=fan_out)", "did you mean 'mode'"),
        ("he_normal(mode=fan)", "mode must be one of fan_in, fan_out"),
        ("he_normal(gain=0)", "gain must be > 0, got 0"),
        ("normal(std=-1)", "std must be >= 0, got -1"),
        ("normal(std=1e999)", "std must be a finite number"),
        ("normal(std=big)", "std must be a finite number, got 'big'"),
        ("normal(std=true)", "std must be a finite number, got True"),
        ("uniform(low=1, high=0)", "low must not exceed high"),
        ("zeros(value=1)", "unknown option of zeros 'value'"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(InputError, match="(?s).*" + said.replace("(", r"\(")):
        initializer(text)


@pytest.mark.parametrize("text", ["he_normal(gain=1e308)", "glorot_uniform(gain=1e200)"])
def test_weights_too_large_to_be_numbers_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="NaN or infinity"):
        initializer(text)(dense("w", 200, 200), generator(0, "w"))


def test_the_largest_orthogonal_weights_are_numbers() -> None:
    weights = initializer("orthogonal(gain=1e308)")(dense("w", 200, 200), generator(0, "w"))
    assert np.isfinite(weights).all()


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(CATALOGUE)) | st.text(max_size=20),
    st.dictionaries(
        st.sampled_from(["std", "mean", "gain", "mode", "low", "high", "value"]),
        st.floats() | st.integers() | st.sampled_from(["fan_in", "fan_out", "nonsense"]),
        max_size=3,
    ),
)
def test_any_spelling_draws_finite_numbers_or_is_refused(name: str, options: dict) -> None:
    layer = dense("w", 3, 2)
    try:
        weights = initializer(str(Call(name, options)))(layer, generator(0, "w"))
    except InputError:
        return
    assert weights.shape == (2, 3)
    assert np.isfinite(weights).all()
