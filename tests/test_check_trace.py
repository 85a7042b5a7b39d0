"""What is seen of PyTorch models: what follows what; statistics against hooks, autograd and goodinit's own traces."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from goodinit import signal
from goodinit.errors import InputError
from goodinit.frameworks.observation import ATTENTION, NORMALIZED, OUTPUT, SUM
from goodinit.frameworks.torch import trace
from goodinit.networks import mlp


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class Calls(nn.Module):
    """Runs a function of its layers."""

    def __init__(self, run, **layers):
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, *args, **kwargs):
        return self.run(self, *args, **kwargs)


def pair(between):
    """Return two dense layers with something between."""
    return Calls(lambda m, x: m.two(between(m.one(x))), one=nn.Linear(6, 8), two=nn.Linear(8, 3))


def seen(model, batch=None, **options):
    """Return the layers by path, and the observation."""
    found = trace(model, torch.randn(16, 6) if batch is None else batch, **options)
    return {one.path: one for one in found.layers}, found


def links(observation):
    return {(one.source, one.sink): one for one in observation.links}


# what follows


ACTIVATIONS = {
    "relu": [functional.relu, nn.ReLU(), torch.relu, lambda z: z.relu_(), nn.ReLU(inplace=True)],
    "tanh": [torch.tanh, nn.Tanh(), lambda z: z.tanh_()],
    "sigmoid": [torch.sigmoid, nn.Sigmoid(), functional.sigmoid],
    "gelu": [functional.gelu, nn.GELU(), nn.GELU(approximate="tanh")],
    "silu": [functional.silu, nn.SiLU(), nn.SiLU(inplace=True)],
    "mish": [functional.mish, nn.Mish()],
    "elu": [functional.elu, nn.ELU()],
    "selu": [functional.selu, nn.SELU(), nn.SELU(inplace=True)],
    "celu": [nn.CELU(alpha=2.0)],
    "leaky_relu": [functional.leaky_relu, nn.LeakyReLU(0.2), nn.LeakyReLU(inplace=True)],
    "prelu": [nn.PReLU()],
    "softplus": [functional.softplus, nn.Softplus()],
    "hardtanh": [functional.hardtanh, nn.Hardtanh()],
    "relu6": [functional.relu6, nn.ReLU6()],
    "hardswish": [functional.hardswish, nn.Hardswish()],
    "hardsigmoid": [functional.hardsigmoid, nn.Hardsigmoid()],
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_seen_however_it_is_written(name):
    for between in ACTIVATIONS[name]:
        layers, found = seen(pair(between))
        assert layers["one"].follows == (name,)
        assert layers["one"].by == "graph"
        assert layers["two"].follows == (OUTPUT,)
        assert links(found)["one", "two"].activation == name


def test_no_activation_between():
    layers, found = seen(pair(lambda z: z.reshape(2, 8, 8).transpose(0, 1).reshape(16, 8).contiguous()))
    assert layers["one"].follows == ("two",)
    assert links(found)["one", "two"].activation is None


class Own(torch.autograd.Function):
    """An activation of the user's own, of which the graph shows a name only."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z.clamp(min=0)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * (ctx.saved_tensors[0] > 0)


class OwnTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z.tanh())
        return z.tanh()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * (1 - ctx.saved_tensors[0] ** 2)


@pytest.mark.parametrize(("function", "name"), [(Own, "relu"), (OwnTanh, "tanh")])
def test_an_activation_of_the_users_own_is_known_by_its_values(function, name):
    layers, _ = seen(pair(function.apply))
    assert (layers["one"].follows, layers["one"].by) == ((name,), "values")


@pytest.mark.parametrize(
    "norm", [nn.LayerNorm(8), nn.BatchNorm1d(8), nn.RMSNorm(8), nn.LayerNorm(8, elementwise_affine=False)]
)
def test_a_norm_follows(norm):
    model = Calls(lambda m, x: m.two(torch.relu(m.norm(m.one(x)))), one=nn.Linear(6, 8), norm=norm, two=nn.Linear(8, 3))
    layers, found = seen(model)
    assert layers["one"].follows == (NORMALIZED,)
    if any(True for _ in norm.parameters()):
        assert layers["norm"].kind == "norm"
        assert layers["norm"].follows == ("relu",)
    else:
        assert links(found)["one", "two"].normalized


def test_residual_sums():
    def run(m, x):
        x = m.stem(x)
        for block in m.blocks:
            x = x + block(x)
        return m.head(x)

    blocks = nn.ModuleList(nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8)) for _ in range(3))
    layers, found = seen(Calls(run, stem=nn.Linear(6, 8), blocks=blocks, head=nn.Linear(8, 3)))
    assert [layers[f"blocks.{at}.2"].follows for at in range(3)] == [(SUM,)] * 3
    assert found.ends == ("stem", "blocks.0.2", "blocks.1.2", "blocks.2.2")
    assert found.stream == ("blocks.1.0", "blocks.2.0", "head")
    assert found.firsts == ("stem",)
    assert not links(found)["stem", "blocks.0.0"].alone


def test_what_is_no_residual_sum():
    parameter, mask = nn.Parameter(torch.ones(8)), torch.zeros(16, 8)
    model = pair(lambda z: torch.relu(z + mask + 1))
    layers, found = seen(model)
    assert layers["one"].follows == ("relu",)
    assert not found.ends
    model = Calls(lambda m, x: m.two(torch.relu(m.one(x) + m.shift)), one=nn.Linear(6, 8), two=nn.Linear(8, 3))
    model.shift = parameter
    layers, found = seen(model)
    assert layers["one"].follows == ("relu",)
    assert not found.ends


def test_a_layer_that_is_called_several_times():
    model = Calls(lambda m, x: m.two(torch.tanh(m.one(torch.tanh(m.one(x))))), one=nn.Linear(6, 6), two=nn.Linear(6, 3))
    x = torch.randn(16, 6)
    first = model.one(x)
    second = model.one(torch.tanh(first))
    layers, found = seen(model, x)
    assert layers["one"].calls == 2
    assert layers["one"].follows == ("tanh",)
    both = torch.cat([first, second]).detach().double()
    assert layers["one"].rms == pytest.approx(float(both.square().mean().sqrt()), rel=1e-5)
    assert [one.path for one in found.layers] == ["one", "two"]


def test_tied_weights_are_one_parameter():
    model = Calls(lambda m, x: m.head(m.norm(m.embed(x))), embed=nn.Embedding(9, 8), norm=nn.LayerNorm(8))
    model.head = nn.Linear(8, 9, bias=False)
    model.head.weight = model.embed.weight
    layers, found = seen(model, torch.randint(9, (4, 5)))
    assert [one.path for one in found.values] == ["embed.weight", "norm.weight", "norm.bias"]
    assert layers["embed"].kind == "embedding"
    assert layers["head"].follows == (OUTPUT,)


class Attend(nn.Module):
    def __init__(self, width=8, causal=False):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.causal = causal

    def forward(self, x):
        q, k, v = (one(x).unflatten(-1, (2, -1)).transpose(1, 2) for one in (self.q, self.k, self.v))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def entropy(self, x):
        q, k = (one(x).detach().unflatten(-1, (2, -1)).transpose(1, 2) for one in (self.q, self.k))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        keys = torch.full((scores.shape[-1],), scores.shape[-1])
        if self.causal:
            scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -math.inf)
            keys = torch.arange(1, scores.shape[-1] + 1)
        weights = scores.softmax(-1)
        entropy = -(weights * weights.clamp(min=1e-30).log()).sum(-1)
        return float((entropy / keys.clamp(min=2).log())[..., keys > 1].mean())


@pytest.mark.parametrize("causal", [False, True])
def test_attention_of_three_projections(causal):
    model, x = Attend(causal=causal), torch.randn(2, 7, 8)
    layers, found = seen(model, x)
    for name in ("q", "k", "v"):
        assert layers[name].follows == (ATTENTION,)
    assert layers["out"].follows == (OUTPUT,)
    assert found.firsts == ("q", "k", "v")
    (attention,) = found.attentions
    assert set(attention.sources) >= {"q", "k"}
    assert attention.keys == 7
    assert attention.entropy == pytest.approx(model.entropy(x), rel=1e-4)


def test_attention_written_out():
    def run(m, x):
        weights = (m.q(x) @ m.k(x).transpose(-1, -2) / 8**0.5).softmax(-1)
        return m.out(weights @ m.v(x))

    names = {name: nn.Linear(8, 8) for name in ("q", "k", "v", "out")}
    model, x = Calls(run, **names), torch.randn(2, 7, 8)
    layers, found = seen(model, x)
    assert layers["q"].follows == layers["k"].follows == (ATTENTION,)
    (attention,) = found.attentions
    assert set(attention.sources) >= {"q", "k"}
    weights = (model.q(x) @ model.k(x).transpose(-1, -2) / 8**0.5).softmax(-1).detach()
    assert attention.entropy == pytest.approx(float(-(weights * weights.log()).sum(-1).mean()) / math.log(7), rel=1e-4)


def test_torchs_own_attention_is_one_layer():
    attend = nn.MultiheadAttention(8, 2, batch_first=True)
    model = Calls(lambda m, x: m.head(m.attend(x, x, x, need_weights=False)[0]), attend=attend, head=nn.Linear(8, 3))
    layers, found = seen(model, torch.randn(4, 6, 8))
    assert list(layers) == ["attend", "head"]
    assert layers["attend"].kind == "attention"
    assert layers["attend"].weight == "attend.out_proj.weight"
    assert layers["attend"].follows == ("head",)
    (one,) = found.attentions
    assert one.sources == ("attend",)


@pytest.mark.parametrize("make", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers(make):
    model = Calls(lambda m, x: m.head(m.memory(x)[0][:, -1]), memory=make(6, 8, batch_first=True), head=nn.Linear(8, 3))
    layers, found = seen(model, torch.randn(16, 5, 6))
    assert layers["memory"].kind == "recurrent"
    assert layers["memory"].gradient_norm > 0
    assert {one.moves for one in found.values} == {"first"}


def test_convolutions_have_their_own_fans_and_units():
    model = nn.Sequential(
        nn.Conv2d(4, 8, 3, padding=1, groups=2), nn.ReLU(), nn.ConvTranspose2d(8, 6, 2, stride=2), nn.Tanh(),
        nn.Flatten(), nn.Linear(6 * 64, 3),
    )  # fmt: skip
    x = torch.randn(16, 4, 4, 4)
    layers, _ = seen(model, x)
    assert (layers["0"].fan_in, layers["0"].fan_out) == (2 * 9, 4 * 9)
    assert (layers["2"].fan_in, layers["2"].fan_out) == (8, 6 * 4)
    with torch.no_grad():
        model[0].bias[:2] = -100.0
    layers, _ = seen(model, x)
    assert layers["0"].dead == pytest.approx(2 / 8)


# batches and outputs


@dataclasses.dataclass
class Said:
    logits: torch.Tensor
    hidden: torch.Tensor | None = None


OUTPUTS = {
    "tensor": lambda y: y,
    "tuple": lambda y: (y, y * 2),
    "dict": lambda y: {"hidden": torch.zeros(3), "logits": y},
    "nested": lambda y: [{"a": (y,)}],
    "data class": Said,
    "named tuple": lambda y: torch.return_types.max((y, torch.zeros(1, dtype=torch.long))),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_of_all_sorts(kind):
    model = Calls(lambda m, x: OUTPUTS[kind](m.one(x)), one=nn.Linear(6, 3))
    x = torch.randn(16, 6)
    layers, found = seen(model, x)
    assert layers["one"].follows == (OUTPUT,)
    assert layers["one"].gradient_rms > 0
    assert found.output_std == pytest.approx(float(model.one(x).detach().std()), rel=1e-5)
    assert (found.loss_value, found.examples) == (None, 16)


class Product(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(6, 3)

    def forward(self, a, b):
        return self.one(a * b)


def test_inputs_of_all_sorts_are_the_same_batch():
    one, two, targets = torch.randn(16, 6), torch.randn(16, 6), torch.randint(3, (16,))
    model = Product()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(one * two, targets), batch_size=16, shuffle=False
    )
    single = Calls(lambda m, x: m.one(x), one=model.one)
    given = {
        "tuple": (model, (one, two), None),
        "list": (model, [one, two], None),
        "dict": (model, {"b": two, "a": one}, None),
        "array": (single, (one * two).numpy(), None),
        "pair with targets": (model, ((one, two), targets), "cross_entropy"),
        "dict with targets": (model, ({"a": one, "b": two}, targets), "cross_entropy"),
        "loader": (single, loader, "cross_entropy"),
        "function": (model, lambda net: net(one, two), None),
    }
    found = {name: seen(net, batch, loss=loss)[0]["one"] for name, (net, batch, loss) in given.items()}
    sizes = {name: (layer.input_rms, layer.rms) for name, layer in found.items()}
    assert len(set(sizes.values())) == 1, sizes
    assert found["loader"].gradient_rms == found["pair with targets"].gradient_rms
    assert found["function"].gradient_rms == found["tuple"].gradient_rms


def test_a_loader_is_where_it_was():
    data = torch.utils.data.TensorDataset(torch.randn(32, 6))
    generator = torch.Generator().manual_seed(3)
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True, generator=generator)
    before, model = generator.get_state(), Calls(lambda m, x: m.one(x), one=nn.Linear(6, 3))
    found = trace(model, loader)
    assert found.examples == 8
    assert torch.equal(generator.get_state(), before)
    (first,) = next(iter(loader))
    assert found.layers[0].input_rms == pytest.approx(rms(first), rel=1e-5)  # it was what comes next


@pytest.mark.parametrize("batch", ["text", 3, None, [], iter([1])])
def test_what_is_no_batch(batch, refused):
    refused(lambda: trace(nn.Linear(6, 3), batch), "")


def test_what_is_no_loss(refused):
    x, y = torch.randn(4, 6), torch.randint(3, (4,))
    refused(lambda: trace(nn.Linear(6, 3), (x, y), loss="hinge"), "hinge", "cross_entropy")
    refused(lambda: trace(nn.Linear(6, 3), (x, y), loss=lambda output, targets: output), "one number", "(4, 3)")
    refused(lambda: trace(nn.Linear(6, 3), x, mode="both"), "train or eval", "both")
    refused(lambda: trace(torch.relu, x), "torch.nn.Module")


def test_losses_by_name_are_torchs():
    model, x = nn.Linear(6, 3), torch.randn(16, 6)
    labels, values, bits = torch.randint(3, (16,)), torch.randn(16, 3), torch.randint(2, (16, 3)).float()
    output = model(x).detach()
    expected = {
        "cross_entropy": (labels, functional.cross_entropy(output, labels)),
        "mse": (values, functional.mse_loss(output, values)),
        "binary_cross_entropy": (bits, functional.binary_cross_entropy_with_logits(output, bits)),
    }
    for name, (targets, value) in expected.items():
        assert trace(model, (x, targets), loss=name).loss_value == pytest.approx(float(value), rel=1e-6)
    assert trace(model, (x, labels)).loss_value == pytest.approx(float(expected["cross_entropy"][1]), rel=1e-6)
    assert trace(model, (x, values)).loss_value == pytest.approx(float(expected["mse"][1]), rel=1e-6)


def test_without_a_loss_the_direction_is_random_and_has_norm_1():
    model, x = nn.Linear(6, 3), torch.randn(16, 6)
    layers, found = seen(model, x)
    assert found.loss_value is None
    # the gradient by the outputs is the direction itself: norm 1 over 16 examples
    assert layers["(model)"].gradient_norm == pytest.approx(math.sqrt(1 / 16), rel=1e-5)
    again, _ = seen(model, x)
    other, _ = seen(model, x, seed=1)
    values = [one["(model)"].gradient_rms for one in (layers, again, other)]
    assert values[0] == values[1]
    weights = [trace(model, x, seed=seed).values[0].gradient for seed in (0, 0, 1)]
    assert weights[0] == weights[1] != weights[2]


# statistics


class Network(nn.Module):
    """Convolution, norm, dense layers; functional activations."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 6, 3, bias=False), nn.BatchNorm2d(6)
        self.one, self.two, self.three = nn.Linear(6 * 16, 20), nn.Linear(20, 20), nn.Linear(20, 4)
        with torch.no_grad():
            self.one.bias[:5] = -30.0
            self.two.weight.mul_(12)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x))).flatten(1)
        return self.three(torch.tanh(self.two(torch.relu(self.one(x)))))


def measured(model, x, y):
    """Return outputs, inputs and gradients by outputs of every layer, and by parameters, with hooks of our own."""
    kept, hooks = {}, []
    for path, module in model.named_children():

        def keep(module, args, output, path=path):
            output.retain_grad()
            kept[path] = (args[0].detach(), output)

        hooks.append(module.register_forward_hook(keep))
    functional.cross_entropy(model(x), y).backward()
    for hook in hooks:
        hook.remove()
    parts = {path: (came, out.detach(), out.grad) for path, (came, out) in kept.items()}
    return parts, {name: one.grad for name, one in model.named_parameters()}


def rms(values):
    return float(values.double().square().mean().sqrt())


def test_statistics_are_those_of_whole_tensors():
    x, y = torch.randn(32, 3, 6, 6), torch.randint(4, (32,))
    torch.manual_seed(1)
    layers, found = seen(Network(), (x, y))
    torch.manual_seed(1)
    parts, gradients = measured(Network(), x, y)
    assert set(layers) == set(parts)
    for path, (came, out, gradient) in parts.items():
        layer = layers[path]
        assert layer.input_rms == pytest.approx(rms(came), rel=1e-5)
        assert layer.input_mean == pytest.approx(float(came.double().mean()), rel=1e-4, abs=1e-6)
        assert layer.mean == pytest.approx(float(out.double().mean()), rel=1e-4, abs=1e-6)
        assert layer.std == pytest.approx(float(out.double().std(correction=0)), rel=1e-5)
        assert layer.rms == pytest.approx(rms(out), rel=1e-5)
        assert layer.entries == out[0].numel()
        assert layer.gradient_rms == pytest.approx(rms(gradient), rel=1e-4)
        norms = gradient.double().flatten(1).norm(dim=1)
        assert layer.gradient_norm == pytest.approx(rms(norms), rel=1e-4)
        directions = out.double().flatten(1)[:16]
        cosine = functional.cosine_similarity(directions[:, None], directions[None], dim=-1)
        assert layer.correlation == pytest.approx(float((cosine.sum() - 16) / (16 * 15)), abs=1e-6)
    for value in found.values:
        assert value.gradient == pytest.approx(rms(gradients[value.path]), rel=1e-4, abs=1e-12)


def test_states_of_units():
    x, y = torch.randn(64, 3, 6, 6), torch.randint(4, (64,))
    torch.manual_seed(1)
    layers, _ = seen(Network(), (x, y))
    torch.manual_seed(1)
    parts, _ = measured(Network(), x, y)
    dead = (parts["one"][1] <= 0).all(0).float().mean()
    assert layers["one"].dead == pytest.approx(float(dead))
    assert layers["one"].dead >= 5 / 20
    saturated = (parts["two"][1].abs() >= math.atanh(0.9)).float().mean()
    assert layers["two"].saturated == pytest.approx(float(saturated), abs=1e-6)
    assert layers["three"].dead is layers["three"].saturated is None
    assert layers["one"].unit_rows == 64


def test_values_of_parameters():
    model = nn.Sequential(nn.Linear(40, 30), nn.ReLU(), nn.Linear(30, 3))
    with torch.no_grad():
        model[0].weight.add_(3.0)  # a mean far above the deviation must not cost digits
    _, found = seen(model, torch.randn(16, 40))
    for value in found.values:
        entries = dict(model.named_parameters())[value.path].detach().double()
        centred = entries - entries.mean()
        assert value.mean == pytest.approx(float(entries.mean()), rel=1e-5, abs=1e-7)
        assert value.std == pytest.approx(float(entries.std(correction=0)), rel=1e-4)
        assert value.largest == pytest.approx(float(entries.abs().max()), rel=1e-6)
        kurtosis = float((centred**4).mean() / (centred**2).mean() ** 2)
        assert value.kurtosis == pytest.approx(kurtosis, rel=1e-3)


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_the_same_weights_give_the_same_trace_as_the_reference_networks(name):
    widths, examples = [7, 12, 12, 12, 4], 16
    network, rng = mlp(widths, activation=name), np.random.default_rng(2)
    parameters = {one.name: 0.6 * rng.standard_normal(one.shape) for one in (*network.weights, *network.biases)}
    inputs, targets = rng.standard_normal((examples, 7)), rng.integers(0, 4, examples)
    ours = signal.trace(
        network, [parameters], inputs, seeds=[0], targets=targets, task="multiclass", precision="float64"
    )

    function = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[name]
    layers = []
    for at, (fan_in, fan_out) in enumerate(itertools.pairwise(widths), start=1):
        layer = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        layer.weight.data = torch.from_numpy(parameters[f"layer{at}.weight"].copy())
        layer.bias.data = torch.from_numpy(parameters[f"layer{at}.bias"].copy())
        layers += [layer, function()]
    model = nn.Sequential(*layers[:-1])
    found = trace(model, (torch.from_numpy(inputs), torch.from_numpy(targets)), loss="cross_entropy")

    rows, values = found.layers, {one.path: one for one in found.values}
    assert [row.rms for row in rows] == pytest.approx(ours.preactivation_rms[0], rel=1e-6)
    assert [row.input_rms for row in rows[1:]] == pytest.approx(ours.rms[0][:-1], rel=1e-6)
    # theirs is the gradient of the mean loss, ours that of each example's
    assert [examples * row.gradient_rms for row in rows] == pytest.approx(ours.gradient_rms[0], rel=1e-6)
    weights = [values[row.weight].gradient for row in rows]
    assert weights == pytest.approx(ours.weight_gradient_rms[0], rel=1e-6)
    biases = [values[row.bias].gradient for row in rows]
    assert biases == pytest.approx(ours.bias_gradient_rms[0], rel=1e-6)
    correlations = [row.correlation for row in rows]
    assert correlations == pytest.approx(ours.preactivation_correlation[0], abs=1e-6)


# what moves


def test_what_moves_and_when():
    class Zeros(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.aside, self.down, self.up = (nn.Linear(6, 6, bias=False) for _ in range(4))
            self.never = nn.Linear(6, 6, bias=False)
            nn.init.zeros_(self.up.weight)

        def forward(self, x):
            shut = torch.relu(self.never(x) * 0 - 1)
            return self.layer(x) + self.up(self.down(x)) + shut

    _, found = seen(Zeros())
    said = {one.path: one.moves for one in found.values}
    assert said == {
        "layer.weight": "first",
        "aside.weight": "unused",
        "down.weight": "second",
        "up.weight": "first",
        "never.weight": "never",
    }


def test_what_is_frozen_is_measured_and_told():
    model = pair(torch.relu)
    model.one.requires_grad_(False)
    layers, found = seen(model)
    assert [one.frozen for one in found.values] == [True, True, False, False]
    assert layers["one"].gradient_norm > 0


# what cannot be seen


def test_an_error_of_the_model_names_the_layer():
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Sequential(nn.Linear(9, 3)))
    with pytest.raises(RuntimeError, match="mat1 and mat2") as caught:
        trace(model, torch.randn(4, 6))
    assert any("'2.0' (Linear)" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (nn.Sequential(nn.ReLU()), "no parameters"),
        (nn.Linear(6, 3, device="meta"), "meta device"),
        (Calls(lambda m, x: m.one(x).argmax(1), one=nn.Linear(6, 3)), "no floating tensor"),
        (Calls(lambda m, x: m.one(x).detach().sum(), one=nn.Linear(6, 3)), "does not depend"),
    ],
)
def test_models_that_cannot_be_looked_at(model, why):
    found = trace(model, torch.randn(4, 6))
    assert [one.all for one in found.missed] == [True]
    assert why in found.missed[0].why


def test_scripted_and_inference_models():
    with pytest.warns(DeprecationWarning, match="deprecated"):
        scripted = torch.jit.trace(nn.Linear(6, 3), torch.randn(4, 6))
    found = trace(scripted, torch.randn(4, 6))
    assert "TorchScript" in found.missed[0].why
    with torch.inference_mode():
        model = nn.Linear(6, 3)
    found = trace(model, torch.randn(4, 6))
    assert "inference" in found.missed[0].why


def test_errors_are_input_errors():
    with pytest.raises(InputError, match="iterator"):
        trace(nn.Linear(6, 3), iter([torch.randn(4, 6)]))


@pytest.mark.parametrize(
    ("last", "follows"),
    [
        (nn.Sigmoid(), ("sigmoid", OUTPUT)),
        (nn.Tanh(), ("tanh", OUTPUT)),
        (nn.Softmax(dim=1), (OUTPUT,)),
        (nn.LogSoftmax(dim=1), (OUTPUT,)),
    ],
)
def test_an_output_layer_with_an_activation_is_one_all_the_same(last, follows):
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3), last)
    layers, found = seen(model)
    assert layers["2"].follows == follows
    assert not found.attentions
    layers, _ = seen(model, (torch.randn(16, 6), torch.randn(16, 3)), loss=lambda y, t: (y.softmax(1) * t).mean())
    assert layers["2"].follows == follows


def test_a_softmax_of_logits_is_no_attention():
    model = Calls(lambda m, x: m.head(m.embed(x)), embed=nn.Embedding(9, 8), head=nn.Linear(8, 9))
    layers, found = seen(
        model,
        (torch.randint(9, (4, 5)), torch.randint(9, (4, 5))),
        loss=lambda y, t: -y.softmax(-1).gather(-1, t[..., None]).log().mean(),
    )
    assert layers["head"].follows == (OUTPUT,)
    assert not found.attentions
