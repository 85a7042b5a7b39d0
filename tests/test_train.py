"""The engine against independent twins, and what batching must not change."""

import jax
import numpy as np
import pytest
import torch

from goodinit.datasets import arrays, circles
from goodinit.errors import InputError
from goodinit.initializers import generator, initializer
from goodinit.networks import mlp
from goodinit.train import RECORDED, Start, Training, record_steps, train
from goodinit.train.lanes import Stopped, program
from goodinit.train.optimizers import optimizer
from goodinit.train.order import ABSENT, Order
from oracles import TORCH_OPTIMIZERS, numpy_losses, torch_logits, torch_losses, torch_parameters

NETWORK = mlp([2, 10, 5, 1])
CIRCLES = circles()
LOSS = RECORDED.index("train_loss")


def start(network, seed, text="he_normal", rate=0.01):
    weights = {layer.name: initializer(text)(layer, generator(seed, layer.name)) for layer in network.weights}
    return Start(weights | {layer.name: np.zeros(layer.shape) for layer in network.biases}, rate, seed)


def trained(training, data, starts, **options):
    outcomes = {}
    for group in train(training, data, starts, **options):
        outcomes |= group
    return [outcomes[i] for i in range(len(starts))]


def binary_loss(data, penalty=lambda parameters: 0.0):
    inputs, targets = torch.tensor(data.train_inputs), torch.tensor(data.train_targets)

    def loss(parameters, rows):
        rows = slice(None) if rows is None else rows
        logits = torch_logits(parameters, inputs[rows])[:, 0]
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets[rows]) + penalty(parameters)

    return loss


def test_he_follows_the_lab_library_over_15000_steps_and_a_torch_twin_over_3000() -> None:
    begin = start(NETWORK, 5)
    ours = trained(Training(NETWORK, "binary", precision="float64"), CIRCLES, [begin], steps=15_000, record_every=1000)
    by_hand = numpy_losses(begin.parameters, CIRCLES.train_inputs.T, CIRCLES.train_targets, 0.01, 15_000)
    np.testing.assert_allclose(ours[0].records[:, LOSS], by_hand, atol=1e-9, rtol=0)
    theirs = torch_losses(begin.parameters, binary_loss(CIRCLES), 0.01, 3_000, 1000)
    np.testing.assert_allclose(ours[0].records[: len(theirs), LOSS], theirs, atol=1e-9, rtol=0)
    single = trained(Training(NETWORK, "binary"), CIRCLES, [begin], steps=15_000, record_every=1000)
    np.testing.assert_allclose(single[0].records[:, LOSS], by_hand, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", TORCH_OPTIMIZERS)
def test_optimizers_follow_torchs(name: str) -> None:
    begin = start(NETWORK, 1, rate=0.003)
    ours = trained(
        Training(NETWORK, "binary", optimizer=name, precision="float64"), CIRCLES, [begin], steps=300, record_every=50
    )
    theirs = torch_losses(begin.parameters, binary_loss(CIRCLES), 0.003, 300, 50, name)
    np.testing.assert_allclose(ours[0].records[:, LOSS], theirs, rtol=1e-9)


def test_rmsprop_follows_its_formula() -> None:
    begin = start(mlp([2, 1]), 1, rate=0.01)
    ours = trained(
        Training(mlp([2, 1]), "binary", optimizer="rmsprop", precision="float64"),
        CIRCLES,
        [begin],
        steps=50,
        record_every=50,
    )
    w, b, moments = begin.parameters["layer1.weight"].copy(), np.zeros(1), [np.zeros((1, 2)), np.zeros(1)]
    for _ in range(50):
        error = 1 / (1 + np.exp(-(w @ CIRCLES.train_inputs.T + b[:, None]))) - CIRCLES.train_targets
        gradients = [error @ CIRCLES.train_inputs / 300, error.mean(axis=1)]
        moments = [0.9 * s + 0.1 * g**2 for s, g in zip(moments, gradients, strict=True)]
        w, b = (p - 0.01 * g / np.sqrt(s + 1e-8) for p, g, s in zip((w, b), gradients, moments, strict=True))
    np.testing.assert_allclose(ours[0].parameters["layer1.weight"], w, rtol=1e-9)


def test_mini_batches_follow_torch_in_the_same_order_with_a_shorter_last_batch() -> None:
    begin, size = start(NETWORK, 2), 64  # 300 examples: four batches of 64 and one of 44
    order = [row[row != ABSENT] for row in Order(2, 300, size).batches(0, 200)]
    assert [len(row) for row in order[:5]] == [64, 64, 64, 64, 44]
    ours = trained(
        Training(NETWORK, "binary", batch_size=size, precision="float64"), CIRCLES, [begin], steps=200, record_every=20
    )
    theirs = torch_losses(begin.parameters, binary_loss(CIRCLES), 0.01, 200, 20, batches=order)
    np.testing.assert_allclose(ours[0].records[:, LOSS], theirs, rtol=1e-9)


def test_every_epoch_sees_every_example_once_in_an_order_of_its_own() -> None:
    seven = Order(7, 10, 4)
    order = seven.batches(0, 6)
    for epoch in (order[:3], order[3:]):
        assert sorted(epoch[epoch != ABSENT]) == list(range(10))
    assert not np.array_equal(order[:3], order[3:])
    for start, stop in ((2, 5), (0, 1), (5, 6), (1, 6)):
        np.testing.assert_array_equal(seven.batches(start, stop), order[start:stop])
    assert not np.array_equal(Order(8, 10, 4).batches(0, 6), order)


def test_penalties_are_in_the_loss_and_in_the_gradient() -> None:
    begin, l1, l2 = start(NETWORK, 3), (0.01, 0.0, 0.02), (0.0, 0.05, 0.01)

    def penalty(parameters):
        weights = [parameters[f"layer{k}.weight"] for k in (1, 2, 3)]
        return sum(a * w.abs().sum() + b / 2 * w.square().sum() for a, b, w in zip(l1, l2, weights, strict=True))

    training = Training(NETWORK, "binary", l1=l1, l2=l2, precision="float64")
    ours = trained(training, CIRCLES, [begin], steps=500, record_every=50)[0]
    theirs = torch_losses(begin.parameters, binary_loss(CIRCLES, penalty), 0.01, 500, 50)
    np.testing.assert_allclose(ours.records[:, LOSS], theirs, rtol=1e-9)
    final = {name: torch.tensor(array) for name, array in ours.parameters.items()}
    assert ours.records[-1, RECORDED.index("penalty")] == pytest.approx(float(penalty(final)), rel=1e-9)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_follow_torch(task: str) -> None:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((60, 4))
    targets = rng.integers(0, 3, 60) if task == "multiclass" else inputs[:, :3] ** 2
    data = arrays(inputs, targets, inputs[:9], targets[:9], task=task)
    begin = start(network := mlp([4, 8, 3]), 0)
    ours = trained(Training(network, task, precision="float64"), data, [begin], steps=200, record_every=20)[0]

    def loss(parameters, rows):
        logits = torch_logits(parameters, torch.tensor(inputs))
        if task == "multiclass":
            return torch.nn.functional.cross_entropy(logits, torch.tensor(targets))
        return torch.nn.functional.mse_loss(logits, torch.tensor(targets))

    np.testing.assert_allclose(ours.records[:, LOSS], torch_losses(begin.parameters, loss, 0.01, 200, 20), rtol=1e-9)


def problem(task: str):
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((70, 3))
    targets = {
        "binary": inputs[:, 0] > 0,
        "multiclass": rng.integers(0, 3, 70),
        "regression": inputs @ np.ones((3, 2)),
    }[task]
    return arrays(inputs, targets, inputs[:9], targets[:9], task=task)


@pytest.mark.parametrize(
    ("task", "hidden", "options"),
    [
        ("binary", [10, 5], {}),
        ("binary", [10, 5], {"batch_size": 32, "optimizer": "adam"}),
        ("binary", [300, 60], {"optimizer": "momentum"}),  # 8 lanes
        ("multiclass", [800, 400], {"batch_size": 16}),  # 2 lanes
        ("multiclass", [10], {"precision": "float64", "optimizer": "rmsprop", "gradients": True}),
        ("regression", [10], {"l1": (0.01, 0.01), "l2": (0.0, 0.1)}),
    ],
)
def test_a_replicas_numbers_do_not_depend_on_the_others(task: str, hidden: list[int], options: dict) -> None:
    rng, data = np.random.default_rng(0), problem(task)
    network = mlp([3, *hidden, data.outputs], dropout=0.1)
    training = Training(network, task, **options)
    pool = [
        start(network, s, text, rate)
        for s in range(4)
        for text, rate in (("zeros", 0.01), ("he_normal", 0.01), ("he_normal", 0.3), ("normal(std=1e15)", 0.01))
    ]  # the last of each seed explodes at once
    alone = trained(training, data, pool, steps=24, record_every=12)
    for _ in range(4):
        chosen = rng.permutation(len(pool))[: rng.integers(1, len(pool))]
        together = trained(training, data, [pool[i] for i in chosen], steps=24, record_every=12)
        for i, outcome in zip(chosen, together, strict=True):
            np.testing.assert_array_equal(outcome.records, alone[i].records)
            for name, array in outcome.parameters.items():
                np.testing.assert_array_equal(array, alone[i].parameters[name])


def test_lanes_follow_from_the_problem() -> None:
    assert [
        Training(mlp(sizes), "binary").lanes(70) for sizes in ([3, 10, 5, 1], [3, 300, 60, 1], [3, 800, 400, 1])
    ] == [16, 8, 2]


def test_the_length_of_a_call_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(NETWORK, "binary", batch_size=32)
    long = trained(training, CIRCLES, [start(NETWORK, 0)], steps=90, record_every=30)
    monkeypatch.setattr("goodinit.train.lanes.CALL", 1)  # one step a call
    short = trained(training, CIRCLES, [start(NETWORK, 0)], steps=90, record_every=30)
    np.testing.assert_array_equal(long[0].records, short[0].records)


def test_a_second_run_compiles_nothing() -> None:
    training = Training(mlp([2, 3, 1]), "binary")
    trained(training, CIRCLES, [start(training.network, 0)], steps=30, record_every=10)
    compiled = program(training)
    before = [function._cache_size() for function in compiled]
    twin = Training(mlp([2, 3, 1]), "binary")
    trained(twin, circles(noise=0.2), [start(twin.network, s, rate=0.1) for s in range(20)], steps=50, record_every=10)
    assert program(twin) is compiled
    assert [function._cache_size() for function in compiled] == before == [1, 1, 1, 0]


@pytest.mark.parametrize("batch_size", [None, 50])
def test_sizes_of_gradients_and_moves_equal_torchs(batch_size: int | None) -> None:
    begin = start(NETWORK, 6)
    training = Training(NETWORK, "binary", "momentum", batch_size, precision="float64", gradients=True)
    seen = trained(training, CIRCLES, [begin], steps=30, record_every=30)[0].records[0, len(RECORDED) :]
    parameters = torch_parameters(begin.parameters)
    rows = slice(None) if batch_size is None else Order(6, 300, batch_size).batches(0, 1)[0]
    binary_loss(CIRCLES)(parameters, rows).backward()
    weights = [parameters[f"layer{k}.weight"] for k in (1, 2, 3)]
    sizes = [w.grad.norm().item() for w in weights]
    moves = [0.01 * w.grad.norm().item() / w.detach().norm().item() for w in weights]
    neurons = [
        torch.cat([parameters[f"layer{k}.weight"].grad, parameters[f"layer{k}.bias"].grad[:, None]], 1).norm(dim=1)
        for k in (1, 2, 3)
    ]
    np.testing.assert_allclose(seen, [*sizes, *moves, *torch.cat(neurons).tolist()], rtol=1e-9)


def test_a_weight_of_zeros_that_does_not_move_has_ratio_zero() -> None:
    training = Training(NETWORK, "binary", gradients=True)
    seen = trained(training, CIRCLES, [start(NETWORK, 0, "zeros")], steps=2, record_every=1)[0].records
    np.testing.assert_array_equal(seen[:, len(RECORDED) : len(RECORDED) + 6], 0)


def test_watching_gradients_changes_no_network() -> None:
    plain, watched = (
        trained(Training(NETWORK, "binary", gradients=on), CIRCLES, [start(NETWORK, 0)], steps=60, record_every=7)[0]
        for on in (False, True)
    )
    np.testing.assert_array_equal(plain.records, watched.records[:, : len(RECORDED)])
    np.testing.assert_array_equal(plain.parameters["layer1.weight"], watched.parameters["layer1.weight"])


def test_dropout_is_drawn_from_the_seed_alone() -> None:
    training = Training(mlp([2, 10, 5, 1], dropout=0.5), "binary")
    begin = start(NETWORK, 3)
    first, second, other = trained(
        training, CIRCLES, [begin, begin, Start(begin.parameters, 0.01, 4)], steps=20, record_every=20
    )
    np.testing.assert_array_equal(first.records, second.records)
    assert not np.array_equal(first.records, other.records)


def test_records_are_made_before_the_first_step_and_after_the_last() -> None:
    assert record_steps(10, 4) == [0, 4, 8, 10]
    assert record_steps(8, 4) == [0, 4, 8]
    outcome = trained(Training(NETWORK, "binary"), CIRCLES, [start(NETWORK, 0)], steps=10, record_every=4)[0]
    assert outcome.records.shape == (4, len(RECORDED))


def test_progress_adds_up_to_every_step_of_every_network() -> None:
    counts: list[int] = []
    starts = [start(NETWORK, s) for s in range(20)]
    trained(Training(NETWORK, "binary"), CIRCLES, starts, steps=30, record_every=7, progress=counts.append)
    assert sum(counts) == 20 * 30


def test_closing_the_iterator_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goodinit.train.groups.workers", lambda: 2)
    counts: list[int] = []
    running = train(
        Training(NETWORK, "binary"),
        CIRCLES,
        [start(NETWORK, s) for s in range(16 * 50)],
        steps=1000,
        record_every=1,
        progress=counts.append,
    )
    next(running)
    running.close()
    assert sum(counts) < 16 * 50 * 1000 / 4
    assert issubclass(Stopped, Exception)


def test_float64_is_on_only_where_it_was_asked_for() -> None:
    for precision in ("float64", "float32"):
        outcome = trained(
            Training(NETWORK, "binary", precision=precision), CIRCLES, [start(NETWORK, 0)], steps=1, record_every=1
        )[0]
        assert outcome.records.dtype == outcome.parameters["layer1.weight"].dtype == precision
    assert not jax.config.jax_enable_x64


def test_numbers_that_float32_cannot_hold_are_refused() -> None:
    with pytest.raises(InputError, match=r"layer1.weight holds .*e\+39, more than float32 can; .*float64"):
        trained(Training(NETWORK, "binary"), CIRCLES, [start(NETWORK, 0, "normal(std=1e39)")], steps=1, record_every=1)
    huge = arrays([[1e39], [0.0]], [0, 1], [[0.0]], [0])
    with pytest.raises(InputError, match="data holds 1e\\+39"):
        trained(Training(mlp([1, 1]), "binary"), huge, [start(mlp([1, 1]), 0)], steps=1, record_every=1)


@pytest.mark.parametrize("text", ["sdg", "sgd(decay=1)", "momentum(decay=1)", "adam(eps=0)", "adamw(weight_decay=-1)"])
def test_optimizers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"did you mean|must be|unknown option"):
        optimizer(text)
