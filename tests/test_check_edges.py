"""Checks at the edges: sizes beyond the squares of float32, bounds of the user's own, unusual batches and models."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import goodinit as gi


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def chain(depth, gain, activation=nn.ReLU, width=64, inputs=32, outputs=10):
    """Return dense layers of deviation gain / sqrt(fan_in) with biases of 0."""
    widths = [inputs, *[width] * depth, outputs]
    layers = []
    for pair in itertools.pairwise(widths):
        layer = nn.Linear(*pair)
        nn.init.normal_(layer.weight, std=gain / pair[0] ** 0.5)
        nn.init.zeros_(layer.bias)
        layers += [layer, activation()]
    return nn.Sequential(*layers[:-1])


def labelled(examples=64, inputs=32):
    return torch.randn(examples, inputs), torch.randint(10, (examples,))


def finding(report, code):
    """Return the one finding with a code, None if there is none."""
    found = [one for one in report.findings if one.code == code]
    assert len(found) <= 1
    return found[0] if found else None


def levels(report, code):
    return {one.level for one in report.findings if one.code == code}


def size(values):
    return float(values.detach().double().square().mean().sqrt())


# sizes beyond the squares of float32


@pytest.mark.parametrize("depth", [20, 30])
def test_what_explodes_is_blamed_and_measured(depth):
    model, (x, y) = chain(depth, 13, width=128), labelled()
    report = gi.check(model, (x, y))
    assert report.verdict.word == "blame"
    assert len(finding(report, "INIT202").layers) == depth
    assert levels(report, "INIT204") == {"error"}
    assert finding(report, "INIT208") is None
    hidden = x
    for at, module in enumerate(model[:-1]):
        hidden = module(hidden)
        if isinstance(module, nn.Linear):
            assert report.rows[at // 2].activation == pytest.approx(size(hidden), rel=0.01)  # of a part of them
    assert 1e18 < size(hidden) < math.inf


@pytest.mark.parametrize(
    ("activation", "gain", "depth", "dtype"),
    [
        (nn.Tanh, 0.577, 100, torch.float32),
        (nn.Tanh, 0.3, 100, torch.float32),  # down to exactly 0
        (nn.GELU, 0.4, 40, torch.float32),
        (nn.SiLU, 0.4, 40, torch.float32),
        (nn.Tanh, 0.5, 30, torch.float16),  # to exactly 0 much earlier
        (nn.Tanh, 0.1, 10, torch.float16),
    ],
)
def test_of_layers_that_are_all_alike_no_few_carry_the_blame(activation, gain, depth, dtype):
    model, x = chain(depth, gain, activation).to(dtype), torch.randn(64, 32, dtype=dtype)
    report = gi.check(model, x)
    assert report.verdict.word == "blame"
    named = finding(report, "INIT201").layers
    with_digits = 1e-3 if dtype == torch.float16 else 1e-33
    reached = [row.path for row in report.rows if row.activation > with_digits]
    # the first one has larger steps, the last one is the output
    assert set(reached) - {"0", str(2 * depth)} <= set(named)


def test_a_layer_that_lets_nothing_pass_carries_the_blame():
    model = chain(8, 2**0.5)
    nn.init.constant_(model[6].bias, -1e4)
    assert finding(gi.check(model, torch.randn(64, 32)), "INIT201").layers == ("6",)


@pytest.mark.parametrize("scale", [1e-25, 1e21])
def test_inputs_of_any_size_are_measured(scale):
    x = scale * torch.randn(64, 32)
    report = gi.check(chain(3, 2**0.5), x)
    assert report.verdict.word == "acquit"
    assert finding(report, "INIT207").measured == pytest.approx(size(x), rel=1e-5, abs=0)


@pytest.mark.parametrize(
    ("scale", "code"), [(1e-42, "INIT203"), (1e-25, "INIT203"), (1e20, "INIT204"), (1e25, "INIT204")]
)
def test_weights_of_any_size_are_measured(scale, code):
    model = chain(3, 2**0.5)
    with torch.no_grad():
        model[2].weight.mul_(scale)
    report = gi.check(model, torch.randn(64, 32))
    assert finding(report, code).layers == ("2",)
    weight, values = model[2].weight.detach().double(), {one.path: one for one in report.observation.values}
    assert values["2.weight"].std == pytest.approx(float(weight.std(correction=0)), rel=1e-4, abs=0)
    assert values["2.weight"].kurtosis == pytest.approx(3, abs=6 * (24 / weight.numel()) ** 0.5)


@pytest.mark.parametrize("scale", [1e-200, 1e160, 1e300])
def test_double_precision_beyond_its_squares_raises_nothing(scale):
    model, (x, y) = chain(3, 2**0.5).double(), labelled()
    with torch.no_grad():
        model[2].weight.mul_(scale)
    assert gi.check(model, (x.double(), y)).verdict.word == "blame"
    assert not gi.identify(model)["2.weight"].found


# bounds of the user's own


SMALLER_IS_WORSE = {"INIT201", "INIT203", "INIT301", "INIT404", "INIT405"}


@pytest.mark.parametrize("code", gi.diagnosis.THRESHOLDS)
def test_one_number_is_a_bound_on_the_bad_side(code):
    bound = gi.diagnosis.THRESHOLDS[code].warning
    model, x = chain(6, 2**0.5), torch.randn(64, 32)
    report = gi.check(model, x, thresholds={code: bound})
    assert report.verdict.word == "acquit"
    given = report.thresholds[code]
    worse, better = (bound / 1.1, bound * 1.1) if code in SMALLER_IS_WORSE else (bound * 1.1, bound / 1.1)
    assert (given.level(worse), given.level(better)) == ("error", None)


@pytest.mark.parametrize("code", ["INIT201", "INIT301", "INIT404"])
def test_one_number_for_what_vanishes_or_collapses(code):
    model, x = chain(12, 0.3, nn.Tanh), torch.randn(64, 32)
    nn.init.constant_(model[2].bias, 1.0)  # so that examples become alike
    measured = finding(gi.check(model, x), code).measured
    assert levels(gi.check(model, x, thresholds={code: 1.1 * measured}), code) == {"error"}
    assert finding(gi.check(model, x, thresholds={code: measured / 1.1}), code) is None


@pytest.mark.parametrize("code", gi.diagnosis.THRESHOLDS)
def test_an_error_milder_than_its_warning_is_refused(code, refused):
    pair = (0.1, 0.2) if code in SMALLER_IS_WORSE else (0.2, 0.1)
    worse = "smaller is worse" if code in SMALLER_IS_WORSE else "larger is worse"
    refused(lambda: gi.check(chain(1, 1.0), torch.randn(16, 32), thresholds={code: pair}), code, worse, "0.1", "0.2")


def test_inputs_are_not_the_initializations_fault_whatever_their_bound():
    report = gi.check(chain(3, 2**0.5), 5 * torch.randn(64, 32), thresholds={"INIT207": 3})
    assert (levels(report, "INIT207"), report.verdict.word) == ({"warning"}, "acquit")


# losses and targets


class Words(nn.Module):
    """Tells every word from the word itself."""

    def __init__(self, words, gain):
        super().__init__()
        self.embed, self.head = nn.Embedding(words, 64), nn.Linear(64, words)
        nn.init.normal_(self.head.weight, std=gain / 8)

    def forward(self, x):
        return self.head(self.embed(x))


def test_classes_of_words_stand_on_the_last_axis():
    model, x = Words(50, 12.0), torch.randint(50, (16, 12))
    found = finding(gi.check(model, (x, x)), "INIT501")
    assert f"ln 50 = {math.log(50):.3g}" in found.reason
    assert found.expected[1] == pytest.approx(math.log(50) + 2)
    assert found.measured == pytest.approx(float(functional.cross_entropy(model(x).flatten(0, 1), x.flatten())))
    # and on the second one where the targets say so
    model = nn.Sequential(nn.Conv1d(4, 50, 1))
    nn.init.normal_(model[0].weight, std=12.0)
    report = gi.check(model, (torch.randn(16, 4, 12), torch.randint(50, (16, 12))))
    assert report.observation.classes == 50


def test_one_output_for_each_label_of_0_and_1_is_a_binary_cross_entropy():
    x, bits = torch.randn(64, 32), torch.randint(2, (64,))
    model = chain(2, 2**0.5, outputs=1)
    expected = functional.binary_cross_entropy_with_logits(model(x)[:, 0], bits.float())
    for targets in (bits, bits[:, None]):
        seen = gi.check(model, (x, targets)).observation
        assert (seen.loss, seen.loss_value) == ("binary_cross_entropy", pytest.approx(float(expected)))
    several = gi.check(chain(2, 2**0.5), (x, torch.randint(2, (64, 10))))
    assert several.observation.loss == "binary_cross_entropy"


def test_mean_square_of_one_output_is_that_of_each_example_with_its_own_target():
    x, y = torch.randn(64, 32), torch.randn(64)
    model = chain(2, 2**0.5, outputs=1)
    value = gi.check(model, (x, y)).observation.loss_value
    assert value == pytest.approx(float((model(x)[:, 0] - y).square().mean()), rel=1e-5)


@pytest.mark.parametrize(
    ("outputs", "targets", "loss", "said"),
    [
        (1, torch.arange(64), None, "whole numbers up to 63 with one output for each; give loss="),
        (10, torch.arange(64), None, "cross_entropy cannot take outputs of shape (64, 10)"),
        (10, torch.zeros(64, 3), None, "mse cannot take outputs of shape (64, 10) with targets of shape (64, 3)"),
        (10, torch.zeros(10, 64), "mse", "one target for each output"),
        (10, torch.zeros(64, 3), "binary_cross_entropy", "one target for each output"),
        (10, [1, 2], "mse", "got list"),
    ],
)
def test_targets_that_do_not_fit_are_a_sentence(outputs, targets, loss, said, refused):
    refused(lambda: gi.check(chain(1, 1.0, outputs=outputs), (torch.randn(64, 32), targets), loss=loss), said)


@pytest.mark.parametrize("targets", [torch.full((64,), -100), torch.full((64, 10), math.nan)])
def test_targets_that_say_nothing_are_not_the_initializations_fault(targets):
    report = gi.check(chain(3, 2**0.5), (torch.randn(64, 32), targets))
    assert report.verdict.word == "cannot tell"
    assert "targets" in report.verdict.sentence
    assert {one.level for one in report.findings} == {"error"}
    assert [one.code for one in report.findings] == ["INIT901"]


class Detached(nn.Sequential):
    def forward(self, x):
        return super().forward(x).detach()


@pytest.mark.parametrize("with_targets", [True, False])
def test_a_detached_output_cannot_be_told_with_targets_or_without(with_targets):
    x, y = labelled()
    report = gi.check(Detached(*chain(2, 2**0.5)), (x, y) if with_targets else x)
    assert report.verdict.word == "cannot tell"
    assert "does not depend on any parameter" in report.verdict.sentence


# weights, batches and models


@pytest.mark.parametrize(("name", "entries"), [("weight", 64 * 64), ("bias", 64)])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_weights_that_are_no_numbers_are_not_called_zeros(name, entries, bad):
    model = chain(3, 2**0.5)
    with torch.no_grad():
        getattr(model[2], name).view(-1)[:3] = bad
    report = gi.check(model, labelled())
    assert finding(report, "INIT101") is None
    assert f"2.{name} holds NaN or infinity in 3 of its {entries:,} entries" in report.verdict.sentence
    assert "blame in 2:" in report.verdict.sentence


class Functional(nn.Module):
    """Uses its layers' weights without calling the layers."""

    def __init__(self):
        super().__init__()
        self.layers = chain(2, 2**0.5)

    def forward(self, x):
        for layer in self.layers[:-1:2]:
            x = functional.linear(x, layer.weight).relu()
        return 100 * functional.linear(x, self.layers[-1].weight)  # so that the first loss is large


def test_layers_that_are_not_called_cannot_be_told():
    report = gi.check(Functional(), labelled())
    assert report.verdict.word == "cannot tell"
    assert "no layer with parameters was called" in report.verdict.sentence


@pytest.mark.parametrize("affine", [True, False])
def test_a_lazy_model_that_cannot_be_copied_is_not_built(affine, refused):
    model = nn.Sequential(nn.Linear(32, 8), nn.LazyBatchNorm1d(affine=affine))
    refused(lambda: gi.check(model, torch.randn(16, 32)), "call it once on a batch")
    assert isinstance(model[1], nn.LazyBatchNorm1d)
    assert model[1].has_uninitialized_params()


class Spectral(nn.Module):
    """Multiplies frequencies with complex weights."""

    def __init__(self):
        super().__init__()
        self.before, self.after = nn.Linear(32, 32), nn.Linear(32, 10)
        self.filter = nn.Parameter(torch.randn(17, dtype=torch.complex64))

    def forward(self, x):
        return self.after(torch.fft.irfft(torch.fft.rfft(self.before(x)) * self.filter, n=32))


class Modulus(nn.Sequential):
    def forward(self, x):
        return super().forward(x.to(torch.complex64)).abs()


def test_complex_weights_are_said_not_to_be_measured():
    x, y = labelled()
    report = gi.check(Modulus(nn.Linear(32, 10, dtype=torch.complex64)), (x, y))
    assert report.verdict.word == "cannot tell"
    assert "complex" in report.verdict.sentence
    report = gi.check(Spectral(), (x, y))
    assert report.verdict.word == "acquit"
    note = finding(report, "INIT902")
    assert (note.level, note.layers) == ("note", ("filter",))
    assert "complex" in note.reason


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
@pytest.mark.parametrize("given", [np.float32, np.float64])
def test_arrays_come_in_the_models_precision_and_tensors_as_they_are(precision, given):
    model, rng = chain(2, 2**0.5).to(precision), np.random.default_rng(0)
    x, y = rng.standard_normal((64, 32)).astype(given), rng.standard_normal((64, 10)).astype(given)
    assert gi.check(model, (x, y)).verdict.word == "acquit"
    if precision == torch.float32 and given == np.float64:
        with pytest.raises(RuntimeError, match="dtype"):
            gi.check(model, torch.from_numpy(x))


def test_a_model_that_is_one_layer_has_a_name_in_sentences():
    model = nn.Linear(32, 10)
    nn.init.normal_(model.weight, std=5)
    report = gi.check(model, labelled())
    assert report.verdict.sentence.startswith("The initialization is to blame in (model): the weights of (model) have")
    assert [row.path for row in report.rows] == ["(model)"]
    assert report.rows[0].std == pytest.approx(5, rel=5 * (2 * 320) ** -0.5)


def test_the_heading_of_a_model_that_was_not_run_ends_with_its_mode():
    report = gi.check(nn.ReLU(), torch.randn(4, 3))
    assert str(report).splitlines()[0] == "ReLU, train mode"
    assert "<p>ReLU, train mode</p>" in report._repr_html_()
