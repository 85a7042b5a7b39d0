"""Looking at a model leaves it, the batch and all random states bit for bit as they were, whatever happens."""

import copy
import random

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

import goodinit as gi


class Tied(nn.Module):
    """An embedding that is the output, too."""

    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(7, 5), nn.Linear(5, 7, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.embed((x[:, :3].abs() * 3).long().clamp(max=6)))


class Mutable(nn.Module):
    """Changes everything that a forward pass can change."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 6)
        self.register_buffer("count", torch.zeros(3))
        self.register_buffer("noise", torch.ones(2), persistent=False)
        self.history, self.cache, self.calls, self.loose = [1], {"old": torch.ones(2)}, 0, torch.zeros(2)
        self.nested = {"keys": [(torch.ones(2), [1, 2])]}
        self.numpy_rng, self.torch_rng = np.random.default_rng(5), torch.Generator().manual_seed(5)

    def forward(self, x):
        self.count += 1
        self.noise = torch.rand(2)
        self.history.append(float(x.detach().sum()))
        self.cache["old"].mul_(2)
        self.cache["new"] = x
        self.nested["keys"][0][0].add_(1)
        self.nested["keys"][0][1].append(3)
        self.nested["keys"].append(x)
        self.calls += 1
        self.loose.add_(1)
        self.seen = x
        random.random()
        np.random.rand()  # noqa: NPY002
        scale = self.numpy_rng.random() + torch.rand(1, generator=self.torch_rng) + torch.rand(1)
        x.mul_(1.5)
        return self.layer(x) * scale.to(x.dtype)


def normalized():
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))


def spectral():
    return nn.Sequential(parametrizations.spectral_norm(nn.Linear(6, 8)), nn.Tanh(), nn.Linear(8, 3))


def weight_normed():
    return nn.Sequential(parametrizations.weight_norm(nn.Linear(6, 8)), nn.ReLU(), nn.Linear(8, 3))


def frozen():
    model = normalized()
    model[0].requires_grad_(False)
    model[1].eval()  # a frozen norm in a model that trains
    return model


def with_gradients():
    model = normalized()
    model(torch.randn(4, 6)).sum().backward()
    model[4].bias.grad = None
    return model


def hooked():
    model = normalized()
    model[0].register_forward_hook(lambda module, args, output: output * 2)
    model[2].register_forward_pre_hook(lambda module, args: None)
    model[4].register_full_backward_hook(lambda module, before, after: None)
    model[4].weight.register_hook(lambda gradient: gradient * 2)
    return model


def dead():
    """Zeros, so that parameters take steps to see what moves later."""
    model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 3))
    nn.init.zeros_(model[1].weight)
    nn.init.zeros_(model[2].weight)
    return model


def halved():
    return nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3)).to(torch.bfloat16)


MODELS = [normalized, spectral, weight_normed, frozen, with_gradients, hooked, dead, halved, Tied, Mutable]


def bits(value):
    """Return a tensor, state or plain value in a form that compares bit for bit, NaN and -0 included."""
    if isinstance(value, torch.Tensor):
        if isinstance(value, nn.parameter.UninitializedParameter):
            return "uninitialized"
        raw = value.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        return (id(value), str(value.dtype), tuple(value.shape), value.requires_grad, value.data_ptr(), raw)
    if isinstance(value, np.random.Generator):
        return str(value.bit_generator.state)
    if isinstance(value, torch.Generator):
        return value.get_state().numpy().tobytes()
    if isinstance(value, dict):
        return {key: bits(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [id(value), *map(bits, value)]
    return value if isinstance(value, (bool, int, float, str, type(None))) else id(value)


def snapshot(model):
    """Return everything that must stay as it is."""
    modules = {path: bits(vars(module)) for path, module in model.named_modules()}
    gradients = {path: bits(one.grad) for path, one in model.named_parameters()}
    hooks = {path: list(one._backward_hooks or ()) for path, one in model.named_parameters()}
    legacy = np.random.get_state()  # noqa: NPY002
    states = (random.getstate(), legacy[1].tobytes(), legacy[2:], torch.get_rng_state().numpy().tobytes())
    modes = (torch.is_grad_enabled(), torch.get_default_dtype(), torch.is_inference_mode_enabled())
    return {"modules": modules, "gradients": gradients, "hooks": hooks, "states": states, "modes": modes}


def failing(error):
    """Return a module that raises in the forward pass."""

    class Failing(nn.Module):
        def forward(self, x):
            raise error

    return Failing()


class _Backward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise RuntimeError("no way back")


class NoWayBack(nn.Module):
    def forward(self, x):
        return _Backward.apply(x)


def raising_hook(module, args, output):
    raise ValueError("a hook of the user's own")


def fine(model):
    return model, None


def forward_raises(model):
    return nn.Sequential(model, failing(ValueError("wrong shape"))), ValueError


def backward_raises(model):
    return nn.Sequential(model, NoWayBack()), None  # is told, not raised


def interrupted(model):
    return nn.Sequential(model, failing(KeyboardInterrupt())), KeyboardInterrupt


def out_of_memory(model):
    return nn.Sequential(model, failing(torch.OutOfMemoryError("no memory"))), torch.OutOfMemoryError


def hook_raises(model):
    around = nn.Sequential(model, nn.Identity())
    around[1].register_forward_hook(raising_hook)
    return around, ValueError


OUTCOMES = [fine, forward_raises, backward_raises, interrupted, out_of_memory, hook_raises]


def look(model, batch, error, **options):
    """Check a model and compare everything before and after."""
    before, given = snapshot(model), bits(batch)
    if error is None:
        report = gi.check(model, batch, **options)
        assert report.rows or report.verdict.word == "cannot tell"
    else:
        with pytest.raises(error):
            gi.check(model, batch, **options)
    after = snapshot(model)
    for part, kept in before.items():
        assert after[part] == kept, part
    assert bits(batch) == given


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("build", MODELS, ids=lambda one: one.__name__)
def test_nothing_changes(build, outcome):
    for training in (True, False):
        torch.manual_seed(0)
        model, error = outcome(build())
        model.train(training)
        if build is frozen:
            model.get_submodule("0" if outcome is fine else "0.0").eval()
        look(model, torch.randn(5, 6), error)


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("training", [True, False])
def test_the_other_mode_is_only_visited(mode, training):
    torch.manual_seed(0)
    model = normalized().train(training)
    look(model, torch.randn(5, 6), None, mode=mode)


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_a_loss_may_fail_too(error):
    def loss(output, targets):
        if error is not None:
            raise error
        return (output - targets).square().mean()

    torch.manual_seed(0)
    look(normalized(), (torch.randn(5, 6), torch.randn(5, 3)), error, loss=loss)


def test_whatever_grad_mode_and_dtype_are():
    torch.manual_seed(0)
    with torch.no_grad():
        look(normalized(), torch.randn(5, 6), None)
    torch.set_default_dtype(torch.float64)
    try:
        look(normalized(), torch.randn(5, 6), None)
    finally:
        torch.set_default_dtype(torch.float32)


def test_what_a_model_sets_is_put_back():
    class Careless(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 3)

        def forward(self, x):
            torch.manual_seed(1)
            torch.set_default_dtype(torch.float64)
            torch.set_grad_enabled(True)
            self.layer.eval()
            self.layer.bias.requires_grad_(False)
            self.extra = nn.Linear(2, 2)
            self.layer.register_forward_hook(lambda module, args, output: None)
            return self.layer(x)

    torch.manual_seed(0)
    model = Careless()
    look(model, torch.randn(5, 6), None)
    assert not hasattr(model, "extra")
    assert not model.layer._forward_hooks


def test_a_lazy_layer_stays_lazy():
    torch.manual_seed(0)
    model = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))
    batch = torch.randn(5, 6)
    before = (torch.get_rng_state(), copy.copy(model[0]._forward_pre_hooks), type(model[0]))
    report = gi.check(model, batch)
    assert [row.shape for row in report.rows] == [(8, 6), (3, 8)]
    assert isinstance(model[0].weight, nn.parameter.UninitializedParameter)
    assert type(model[0]) is before[2]
    assert list(model[0]._forward_pre_hooks) == list(before[1])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert model(torch.randn(2, 6)).shape == (2, 3)  # and can still be built


def test_storage_that_is_shared_stays_shared():
    torch.manual_seed(0)
    model = Tied()
    look(model, torch.randn(5, 6), None)
    assert model.head.weight is model.embed.weight
    flat = torch.randn(20)
    views = nn.Sequential(nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 1, bias=False))
    views[0].weight.data, views[2].weight.data = flat[:16].view(4, 4), flat[16:].view(1, 4)
    kept = flat.clone()
    look(views, torch.randn(5, 4), None)
    assert torch.equal(flat, kept)
    flat.zero_()
    assert float(views[0].weight.detach().abs().sum()) == 0


def test_an_optimizer_goes_on_as_if_nothing_had_been():
    def trained(looking):
        torch.manual_seed(0)
        model = normalized()
        optimizer = torch.optim.Adam(model.parameters())
        x = torch.randn(5, 6)
        for _ in range(3):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            if looking:
                gi.check(model, x)
            optimizer.step()
        return [bits(one)[-1] for one in model.state_dict().values()]

    assert trained(True) == trained(False)


LAYERS = {
    "dense": lambda: nn.Linear(4, 4),
    "relu in place": lambda: nn.ReLU(inplace=True),
    "tanh": nn.Tanh,
    "batch norm": lambda: nn.BatchNorm1d(4),
    "layer norm": lambda: nn.LayerNorm(4),
    "dropout": lambda: nn.Dropout(0.3),
    "spectral": lambda: parametrizations.spectral_norm(nn.Linear(4, 4)),
    "interrupt": lambda: failing(KeyboardInterrupt()),
    "error": lambda: failing(RuntimeError("any")),
    "zeros": lambda: nn.init.zeros_(nn.Linear(4, 4).weight) is None or nn.Linear(4, 4),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=6),
    training=st.booleans(),
    freeze=st.booleans(),
    mode=st.sampled_from([None, "train", "eval"]),
)
def test_any_small_model(names, training, freeze, mode):
    torch.manual_seed(len(names))
    model = nn.Sequential(*(LAYERS[name]() for name in names)).train(training)
    if freeze:
        model[0].requires_grad_(False)
    stops = [name for name in names if name in ("interrupt", "error")]
    errors = {"interrupt": KeyboardInterrupt, "error": RuntimeError}
    empty = not any(True for _ in model.parameters())
    look(model, torch.randn(4, 4), errors[stops[0]] if stops and not empty else None, mode=mode)


def test_a_graph_that_awaits_its_backward_pass_stays_valid():
    torch.manual_seed(0)
    models, x = [dead(), dead()], torch.randn(16, 6)
    models[1].load_state_dict(models[0].state_dict())
    pending = [model(x).square().sum() + model(x).sum() for model in models]
    gi.check(models[0], x)  # takes steps to see what moves later
    for one in pending:
        one.backward()
    for ours, plain in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(ours.grad, plain.grad)
