"""Checks of PyTorch models: what is found, what is not, and what is said."""

import itertools

import pytest
import torch
from torch import nn

import goodinit as gi


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def dense(inputs, outputs, gain=1.0):
    """Return a dense layer with normal weights of deviation gain / sqrt(fan_in)."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=gain / inputs**0.5)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(*widths, activation=nn.ReLU, gain=2**0.5):
    pairs = list(itertools.pairwise(widths))
    hidden = [one for pair in pairs[:-1] for one in (dense(*pair, gain), activation())]
    return nn.Sequential(*hidden, dense(*pairs[-1], 0.5))


def levels(report, code):
    """Return level and layers of the findings with a code."""
    return [(one.level, one.layers) for one in report.findings if one.code == code]


class Adapted(nn.Module):
    """A layer with a low-rank addition of which the second factor is zero."""

    def __init__(self):
        super().__init__()
        self.layer, self.down, self.up = dense(16, 16), dense(16, 4), dense(4, 16)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.layer(x) + self.up(self.down(x))


def test_values_are_those_before_any_step():
    model = nn.Sequential(Adapted(), nn.ReLU(), dense(16, 3))
    seen = {one.path: one for one in gi.check(model, torch.randn(32, 16)).observation.values}
    assert seen["0.up.weight"].largest == 0
    assert seen["0.up.weight"].moves == "first"
    assert seen["0.down.weight"].moves == "second"
    assert seen["2.weight"].std == pytest.approx(float(model[2].weight.detach().std(correction=0)), rel=1e-5)


def test_what_opens_at_the_third_step_is_not_stuck():
    model = nn.Sequential(Adapted(), nn.ReLU(), dense(16, 3))
    nn.init.zeros_(model[2].weight)  # so that the adapter's second factor moves at the second step, its first later
    report = gi.check(model, (torch.randn(32, 16), torch.randint(3, (32,))))
    assert report.ok
    assert not levels(report, "INIT105")
    assert "0.down.weight" in levels(report, "INIT106")[0][1]


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_raw_inputs_are_not_the_initializations_fault(loss):
    model, inputs = mlp(32, 64, 64, 10), torch.randint(256, (32, 32)).float()
    targets = torch.randint(10, (32,)) if loss == "cross_entropy" else torch.randn(32, 10)
    report = gi.check(model, (inputs, targets), loss=loss)
    code = "INIT501" if loss == "cross_entropy" else "INIT502"
    assert report.ok
    assert "inputs" in report.verdict.sentence
    assert levels(report, "INIT207") == [("warning", ("0",))]
    assert levels(report, code) == [("warning", ("4",))]
    with torch.no_grad():
        model[4].weight.mul_(200)  # but now it is, whatever the inputs are
    assert not gi.check(model, (inputs, targets), loss=loss).ok
    assert not gi.check(model, (inputs / 255, targets), loss=loss).ok


class Residual(nn.Module):
    """Adds branches, of which the last layers are smaller than the first."""

    def __init__(self, blocks, end=0.2):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(dense(32, 32), nn.ReLU(), dense(32, 32, end)) for _ in range(blocks))
        self.head = dense(32, 4, 0.5)

    def forward(self, x):
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


def test_an_odd_one_among_the_first_layers_of_blocks():
    model = Residual(6)
    assert not levels(gi.check(model, torch.randn(32, 32)), "INIT601")
    with torch.no_grad():
        model.blocks[3][0].weight.mul_(3)
    assert levels(gi.check(model, torch.randn(32, 32)), "INIT601") == [("warning", ("blocks.3.0",))]


class Packed(nn.Module):
    """Attention whose queries, keys and values come from one layer."""

    def __init__(self, width=48):
        super().__init__()
        self.qkv, self.out = dense(width, 3 * width), dense(width, width)

    def forward(self, x):
        three = (one.unflatten(-1, (4, -1)).transpose(1, 2) for one in self.qkv(x).chunk(3, -1))
        return self.out(nn.functional.scaled_dot_product_attention(*three).transpose(1, 2).flatten(2))


def test_the_fans_of_a_packed_projection():
    model, x = Packed(), torch.randn(8, 10, 48)
    assert not levels(gi.check(model, x), "INIT205")
    nn.init.xavier_uniform_(model.qkv.weight)
    assert levels(gi.check(model, x), "INIT205") == [("warning", ("qkv",))]
    for part in model.qkv.weight.data.chunk(3):
        nn.init.xavier_uniform_(part)
    assert not levels(gi.check(model, x), "INIT205")


@pytest.mark.parametrize(("units", "inputs"), [(3, 33), (5, 9), (64, 100), (66, 2), (127, 17), (130, 33)])
def test_twins_are_found_wherever_they_stand(units, inputs):
    model = nn.Sequential(dense(inputs, units), nn.ReLU(), dense(units, 2))
    with torch.no_grad():
        model[0].weight[-1] = model[0].weight[0]
    values = {one.path: one for one in gi.check(model, torch.randn(16, inputs)).observation.values}
    assert values["0.weight"].twins == pytest.approx(2 / units)
    assert values["2.weight"].twins == 0


def test_a_model_in_double_precision_by_default():
    torch.set_default_dtype(torch.float64)
    try:
        report = gi.check(mlp(8, 16, 3), torch.randn(16, 8))
    finally:
        torch.set_default_dtype(torch.float32)
    assert report.ok


def test_a_gradient_too_small_for_its_square_is_not_zero():
    model = mlp(16, *[32] * 24, 3, activation=nn.Tanh, gain=0.03)
    report = gi.check(model, torch.randn(16, 16))
    values = {one.path: one for one in report.observation.values}
    assert 1e-45 < values["0.weight"].gradient < 1e-25
    assert {one.moves for one in values.values()} == {"first"}
    assert levels(report, "INIT301")[0][0] == "error"
    assert not levels(report, "INIT105")
