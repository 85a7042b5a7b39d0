"""Checks of PyTorch models: what is not judged and said so, and remedies that help where they are followed."""

import re

import pytest
import torch
from torch import nn

import goodinit as gi
from test_check import dense, levels, mlp


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


# what is not judged


class Sequence(nn.Module):
    """Tokens, a recurrent layer, and a decision from its last state."""

    def __init__(self, kind: type[nn.RNNBase] = nn.RNN) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(100, 32), nn.Linear(64, 2)
        self.steps = kind(32, 64, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.steps(self.embedding(x))[0][:, -1])


def sentences(length=20):
    return torch.randint(100, (32, length)), torch.randint(2, (32,))


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("length", [20, 100])
@pytest.mark.parametrize("orthogonal", [False, True])
def test_recurrent_layers_are_acquitted_as_far_as_they_are_judged(kind, length, orthogonal):
    model = Sequence(kind)
    for one in model.steps.parameters() if orthogonal else ():
        if one.ndim == 2:
            nn.init.orthogonal_(one)
    report = gi.check(model, sentences(length))
    assert report.ok
    assert [(one.code, one.layers) for one in report.findings] == [("INIT902", ("steps",))]
    assert "2 of 3 layers are within bounds; not judged (INIT902): steps" in report.verdict.sentence
    assert "injected" not in report.verdict.sentence
    assert [one.status for one in report.rows] == ["ok", "not judged", "ok"]


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        (nn.RNN, lambda w: nn.init.normal_(w, std=1.3), "INIT204"),
        (nn.LSTM, lambda w: nn.init.normal_(w, std=5), "INIT204"),
        (nn.LSTM, lambda w: nn.init.normal_(w, std=1e-4), "INIT203"),
        (nn.RNN, lambda w: nn.init.orthogonal_(w, gain=2), "INIT302"),
    ],
)
def test_recurrent_weights_far_from_usual_ones(kind, change, code):
    model = Sequence(kind)
    change(model.steps.weight_hh_l0)
    report = gi.check(model, sentences(100))
    assert levels(report, code) == [("error", ("steps",))]
    assert report.verdict.sentence.startswith("The initialization is to blame in steps: ")


class Tied(nn.Module):
    """One layer many times over."""

    def __init__(self) -> None:
        super().__init__()
        self.again, self.head = dense(32, 32, 0.5), dense(32, 4, 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(40):
            x = torch.tanh(self.again(x))
        return self.head(x)


def test_a_layer_that_reads_its_own_outputs_is_not_acquitted():
    report = gi.check(Tied(), torch.randn(32, 32))
    assert [one.status for one in report.rows] == ["not judged", "ok"]
    assert "1 of 2 layers" in report.verdict.sentence
    with_one = nn.Sequential(Tied().again)
    report = gi.check(with_one, lambda net: net(torch.tanh(net(torch.randn(32, 32)))))
    assert report.verdict.word == "cannot tell"
    assert not report.ok


def test_a_layer_called_side_by_side_is_judged():
    tower = mlp(32, 32, 32, 32, 32, 32, 32, 32, gain=0.3)
    report = gi.check(tower, lambda net: torch.cat([net(torch.randn(32, 32)), net(torch.randn(32, 32))]))
    assert levels(report, "INIT201")
    assert not levels(report, "INIT902")


class Loose(nn.Module):
    """Weights that no layer holds, before one that does."""

    def __init__(self, std: float, head: bool = True) -> None:
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(std * torch.randn(64, 64)) for _ in range(6))
        self.head = dense(64, 4) if head else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for one in self.weights:
            x = torch.relu(x @ one)
        return self.head(x)


@pytest.mark.parametrize("std", [1e-4, 0.02, 0.18])
def test_weights_that_no_layer_holds_are_not_acquitted(std):
    report = gi.check(Loose(std), (torch.randn(32, 64), torch.randint(4, (32,))))
    assert "1 of 7 layers and weights of no layer" in report.verdict.sentence
    assert levels(report, "INIT902") == [("note", tuple(f"weights.{at}" for at in range(6)))]
    assert not levels(report, "INIT207")


def test_large_inputs_of_a_layer_after_such_weights_are_not_the_models_inputs():
    batch = torch.randn(32, 64), torch.randint(4, (32,))
    report = gi.check(Loose(1), batch)
    assert not levels(report, "INIT207")
    assert report.verdict.word == "blame"
    assert gi.check(Loose(1, head=False), batch).findings  # no layer at all was called


def test_weights_with_a_mean_are_blamed_where_they_are():
    model = mlp(32, 128, 128, 128, 128, 128, 10)
    batch = torch.randn(64, 32), torch.randint(10, (64,))
    assert gi.check(model, batch).ok
    nn.init.uniform_(model[4].weight)
    report = gi.check(model, batch)
    assert report.verdict.sentence.startswith("The initialization is to blame in 4: ")
    found = next(one for one in report.findings if one.code == "INIT204")
    assert "mean 0.5" in found.reason
    assert found.fix.startswith("subtract their mean")
    assert not any("output layer smaller" in one.fix for one in report.findings)
    with torch.no_grad():
        model[4].weight.sub_(0.5).mul_(gi.theory.gain("relu") / 128**0.5 / 12**-0.5)
    assert gi.check(model, batch).ok


# remedies: what is advised helps where it is followed


def plain(activation: type[nn.Module], depth: int, gain: float = 3**-0.5, bias: float = 0.0) -> nn.Sequential:
    model = mlp(64, *[128] * depth, 10, activation=activation, gain=gain)
    for one in model:
        if isinstance(one, nn.Linear) and bias:
            nn.init.normal_(one.bias, std=bias)
    return model


def fixes(report):
    return {one.code: one.fix for one in report.findings if one.level != "note"}


PICTURE = torch.randn(64, 64, generator=torch.Generator().manual_seed(0)), torch.arange(64) % 10


@pytest.mark.parametrize("activation", [nn.Tanh, nn.SELU, nn.ELU, nn.Mish, nn.Hardtanh])
def test_critical_weights_and_biases_keep_examples_apart(activation):
    model = plain(activation, 30, bias=0.1)
    assert not gi.check(model, PICTURE).ok
    fix = fixes(gi.check(model, PICTURE))["INIT404"]
    gain, bias = (float(one) for one in re.findall(r"deviation ([\d.]+)", fix))
    assert gi.check(plain(activation, 30, gain, bias), PICTURE).ok


@pytest.mark.parametrize("activation", [nn.Sigmoid, nn.Softplus, nn.Hardsigmoid, nn.LogSigmoid])
def test_what_helps_where_nothing_is_critical(activation):
    model = plain(activation, 10)
    fix = fixes(gi.check(model, PICTURE))["INIT404"]
    assert "critical_line" not in fix
    assert all(word in fix for word in ("batch normalization", "residual", "fewer layers", "tanh"))
    hidden = [[dense(64 if at == 0 else 128, 128), nn.BatchNorm1d(128), activation()] for at in range(10)]
    assert gi.check(nn.Sequential(*[one for each in hidden for one in each], dense(128, 10)), PICTURE).ok
    assert gi.check(plain(activation, 2), PICTURE).ok
    assert gi.check(plain(nn.Tanh, 7), PICTURE).ok


@pytest.mark.parametrize(
    ("activation", "depth", "gain"), [(nn.Sigmoid, 30, 4.7), (nn.SiLU, 40, 1.68), (nn.Tanh, 100, 1.467)]
)
def test_advice_is_not_repeated_to_who_follows_it(activation, depth, gain):
    found = fixes(gi.check(plain(activation, depth, gain), PICTURE))
    gradient = found.get("INIT301") or found["INIT302"]
    assert "already" in gradient
    assert "deviation " + str(gain) not in gradient


@pytest.mark.parametrize("gain", [0.3, 3.0])
def test_a_plain_chain_has_no_branches(gain):
    model = nn.Sequential(*[dense(64, 64, gain) for _ in range(12)])
    found = fixes(gi.check(model, torch.randn(32, 64)))
    gradient = found.get("INIT301") or found["INIT302"]
    assert "branch" not in gradient
    assert "1 / sqrt(fan_in)" in gradient


@pytest.mark.parametrize(
    "activation", [nn.PReLU, nn.ReLU6, nn.Hardswish, nn.CELU, nn.LogSigmoid, nn.Hardsigmoid, nn.Softsign]
)
def test_the_gain_of_an_activation_that_goodinit_does_not_train_with(activation):
    model = plain(activation, 2)
    with torch.no_grad():  # an oracle that knows no quadrature
        normal = torch.randn(1_000_000, dtype=torch.float64)
        gain = float(activation().double()(normal).square().mean().rsqrt())
    assert gi.check(model, PICTURE).rows[1].expected_std == pytest.approx(gain / 128**0.5, rel=0.01)


def test_no_size_is_expected_before_an_activation_of_unknown_width():
    report = gi.check(plain(nn.Softshrink, 2, 2.0), PICTURE)
    assert [one.follows for one in report.rows] == ["softshrink", "softshrink", "output"]
    assert [one.expected_std is None for one in report.rows] == [True, True, False]


def test_dead_units_are_told_what_is_not_done_yet():
    norm = nn.BatchNorm1d(64)
    model = nn.Sequential(dense(64, 64), norm, nn.ReLU(), dense(64, 10))
    nn.init.zeros_(norm.weight)
    assert fixes(gi.check(model, PICTURE))["INIT401"] == "set its weights, which are 0, to 1"
    nn.init.ones_(norm.weight)
    assert gi.check(model, PICTURE).ok
    nn.init.constant_(norm.bias, -8)
    assert fixes(gi.check(model, PICTURE))["INIT401"] == "start its biases at 0"
    fix = fixes(gi.check(mlp(64, *[32] * 100, 10), PICTURE))["INIT401"]
    assert "biases at 0" not in fix


# embeddings


@pytest.mark.parametrize(("std", "code"), [(100, "INIT204"), (1e-6, "INIT203")])
@pytest.mark.parametrize("recurrent", [False, True])
def test_embeddings_of_the_wrong_size_are_blamed_themselves(std, code, recurrent):
    flat = nn.Sequential(nn.Embedding(100, 32), nn.Flatten(), nn.Linear(640, 64), nn.ReLU(), nn.Linear(64, 2))
    model, path = (Sequence(), "embedding") if recurrent else (flat, "0")
    assert gi.check(model, sentences()).ok
    nn.init.normal_(model.get_submodule(path).weight, std=std)
    report = gi.check(model, sentences())
    assert levels(report, code) == [("error", (path,))]
    assert report.verdict.sentence.startswith(f"The initialization is to blame in {path}: the vectors of the embedding")
    assert not levels(report, "INIT202")  # what grows is the bias of the layer after it


@pytest.mark.parametrize("std", [1e-3, 0.01, 0.02, 1, 8])
def test_embeddings_of_usual_sizes(std):
    model = Sequence(nn.LSTM)
    nn.init.normal_(model.embedding.weight, std=std)
    assert gi.check(model, sentences()).ok
    assert not any(one.level != "note" and "embedding" in one.layers for one in gi.check(model, sentences()).findings)


def test_the_norm_of_a_gradient_is_not_taken_for_its_root_mean_square():
    report = gi.check(plain(nn.Tanh, 10, 0.3), PICTURE)
    assert "the norm of the gradient" in next(one for one in report.findings if one.code == "INIT301").reason
    assert "gradient rms" in str(report)
