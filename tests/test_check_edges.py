"""Checks at the edges: sizes beyond the squares of float32, bounds of the user's own, unusual batches and models."""

import itertools
import math

import pytest
import torch
from torch import nn

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
