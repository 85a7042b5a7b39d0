"""The default study: 96 networks 2-10-5-1 on 300 points, full batches, 15,000 steps, float32.

Every contestant is a function of the number of steps that returns the trained tensors of the first network, so that
all can be seen to do the same work.
"""

import statistics
import time
import warnings
from functools import partial

import jax.numpy as jnp
import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from goodinit.datasets import circles
from goodinit.initializers import generator, initializer
from goodinit.networks import mlp
from goodinit.train import Start, Training, train
from race import CORES, microseconds, race, times_table

NETWORKS, RATE = 96, 0.01
TARGETS = {"NumPy": 25, "PyTorch eager": 60, "torch.baddbmm": 2}

DATA, NETWORK = circles(), mlp([2, 10, 5, 1])
INPUTS, LABELS = DATA.train_inputs.T.copy(), DATA.train_targets  # (2, 300) and (300,)
EXAMPLES = INPUTS.shape[1]
HE = initializer("he_normal")
WEIGHTS = [{w.name: HE(w, generator(seed, w.name)) for w in NETWORK.weights} for seed in range(NETWORKS)]
STARTS = [Start(w | {b.name: np.zeros(b.shape) for b in NETWORK.biases}, RATE, at) for at, w in enumerate(WEIGHTS)]

Tensors = list[np.ndarray]  # W1, W2, W3 of the first network


def goodinit(steps: int) -> Tensors:
    """`train`, with losses and scores of training and test set at 100 steps, as the command records them."""
    ready = {}
    for group in train(Training(NETWORK, "binary"), DATA, STARTS, steps=steps, record_every=max(1, steps // 100)):
        ready |= group
    return [ready[0].parameters[layer.name] for layer in NETWORK.weights]


def numpy_loop(steps: int) -> Tensors:
    """Forward, backward, update as courses write them, in NumPy's float64."""
    W1, W2, W3 = (WEIGHTS[0][layer.name] for layer in NETWORK.weights)
    b1, b2, b3 = (np.zeros((len(W), 1)) for W in (W1, W2, W3))
    for _ in range(steps):
        a1 = np.maximum(W1 @ INPUTS + b1, 0)
        a2 = np.maximum(W2 @ a1 + b2, 0)
        a3 = 1 / (1 + np.exp(-(W3 @ a2 + b3)))
        d3 = (a3 - LABELS) / EXAMPLES
        d2 = (W3.T @ d3) * (a2 > 0)
        d1 = (W2.T @ d2) * (a1 > 0)
        W1, b1 = W1 - RATE * (d1 @ INPUTS.T), b1 - RATE * d1.sum(axis=1, keepdims=True)
        W2, b2 = W2 - RATE * (d2 @ a1.T), b2 - RATE * d2.sum(axis=1, keepdims=True)
        W3, b3 = W3 - RATE * (d3 @ a2.T), b3 - RATE * d3.sum(axis=1, keepdims=True)
    return [W1, W2, W3]


def eager(threads: int, steps: int) -> Tensors:
    """One PyTorch module and its optimizer."""
    torch.set_num_threads(threads)
    layers = [torch.nn.Linear(2, 10), torch.nn.ReLU(), torch.nn.Linear(10, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1)]
    net, dense = torch.nn.Sequential(*layers), layers[::2]
    with torch.no_grad():
        for layer, record in zip(dense, NETWORK.weights, strict=True):
            layer.weight.copy_(torch.tensor(WEIGHTS[0][record.name]))
            layer.bias.zero_()
    rule, loss = torch.optim.SGD(net.parameters(), lr=RATE), torch.nn.BCEWithLogitsLoss()
    inputs, labels = torch.tensor(INPUTS.T, dtype=torch.float32), torch.tensor(LABELS, dtype=torch.float32)[:, None]
    for _ in range(steps):
        rule.zero_grad()
        loss(net(inputs), labels).backward()
        rule.step()
    return [layer.weight.detach().numpy() for layer in dense]


def stacked() -> tuple[list[torch.Tensor], list[torch.Tensor], torch.Tensor, torch.Tensor]:
    """Return weights (96, out, in), biases (96, out, 1), inputs (96, 2, 300) and labels (300,) in float32."""
    weights = [torch.tensor(np.stack([w[layer.name] for w in WEIGHTS])).float() for layer in NETWORK.weights]
    inputs = torch.tensor(INPUTS).float().expand(NETWORKS, -1, -1).contiguous()
    return weights, [torch.zeros(*w.shape[:2], 1) for w in weights], inputs, torch.tensor(LABELS).float()


def batched_autograd(threads: int, steps: int) -> Tensors:
    """All replicas in one batch of matrices, derivatives by autograd."""
    torch.set_num_threads(threads)
    weights, biases, inputs, labels = stacked()
    tensors = [tensor.requires_grad_() for tensor in weights + biases]
    for _ in range(steps):
        a = inputs
        for depth, (W, b) in enumerate(zip(weights, biases, strict=True)):
            z = torch.baddbmm(b, W, a)
            a = z.relu() if depth < 2 else z
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            a[:, 0], labels.expand(NETWORKS, -1), reduction="sum"
        )
        gradients = torch.autograd.grad(losses / EXAMPLES, tensors)
        with torch.no_grad():
            torch._foreach_add_(tensors, gradients, alpha=-RATE)
    return [W[0].detach().numpy() for W in weights]


@torch.inference_mode()
def batched_by_hand(threads: int, steps: int) -> Tensors:
    """Do the same with the backward pass written out, every array allocated once and everything in place."""
    torch.set_num_threads(threads)
    (W1, W2, W3), (b1, b2, b3), inputs, labels = stacked()
    a1, d1, a2, d2, z3 = (torch.empty(NETWORKS, rows, EXAMPLES) for rows in (10, 10, 5, 5, 1))
    masked = torch.ops.aten.threshold_backward.grad_input
    for _ in range(steps):
        torch.baddbmm(b1, W1, inputs, out=a1).relu_()
        torch.baddbmm(b2, W2, a1, out=a2).relu_()
        torch.baddbmm(b3, W3, a2, out=z3)
        d3 = z3.sigmoid_().sub_(labels).mul_(1 / EXAMPLES)
        masked(torch.bmm(W3.mT, d3, out=d2), a2, 0, grad_input=d2)
        masked(torch.bmm(W2.mT, d2, out=d1), a1, 0, grad_input=d1)
        for W, b, d, a in ((W1, b1, d1, inputs), (W2, b2, d2, a1), (W3, b3, d3, a2)):
            W.baddbmm_(d, a.mT, alpha=-RATE)
            b.sub_(d.sum(2, keepdim=True), alpha=RATE)
    return [W[0].numpy() for W in (W1, W2, W3)]


def scikit_learn(steps: int) -> None:
    """`MLPClassifier`, which draws its own weights."""
    settings = {"solver": "sgd", "momentum": 0, "alpha": 0, "tol": 0, "batch_size": EXAMPLES, "shuffle": False}
    net = MLPClassifier((10, 5), learning_rate_init=RATE, max_iter=steps, n_iter_no_change=steps, **settings)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        net.fit(INPUTS.T.astype(np.float32), LABELS)


def peak(size: int = 4096) -> float:
    """Return multiply-adds in float32 per microsecond, all cores: the best of the three libraries.

    JAX's is the one that uses AVX-512 on every processor that has it.
    """
    torch.set_num_threads(CORES)
    square = np.random.default_rng(0).random((size, size), np.float32)
    best = 0.0
    for array in (square, torch.tensor(square), jnp.asarray(square)):
        begin = time.perf_counter()
        np.asarray(array @ array)
        best = max(best, size**3 / (time.perf_counter() - begin) / 1e6)
    return best


def multiply_adds() -> int:
    """Multiply-adds of a step: forward, weight gradients, and activation gradients of all layers but the first."""
    by_layer = [int(np.prod(layer.shape)) for layer in NETWORK.weights]
    return EXAMPLES * (3 * sum(by_layer) - by_layer[0])


def agree() -> None:
    """Make sure that all contestants train the same network: after 300 steps the weights are the same."""
    trained = {f: f(300) for f in (numpy_loop, goodinit)}
    trained |= {f: f(1, 300) for f in (eager, batched_autograd, batched_by_hand)}
    for name, tensors in trained.items():
        for mine, theirs in zip(tensors, trained[numpy_loop], strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-4, err_msg=str(name))


def main() -> None:
    agree()
    contestants = {
        "goodinit": partial(microseconds, goodinit, 15_000, NETWORKS),
        "NumPy loop, float64": partial(microseconds, numpy_loop, 10_000),
        "scikit-learn MLPClassifier": partial(microseconds, scikit_learn, 3_000),
    }
    for threads in sorted({1, CORES}):
        said = "1 thread" if threads == 1 else f"{threads} threads"
        contestants |= {
            f"PyTorch eager, {said}": partial(microseconds, partial(eager, threads), 3_000),
            f"torch.baddbmm, autograd, {said}": partial(
                microseconds, partial(batched_autograd, threads), 800, NETWORKS
            ),
            f"torch.baddbmm, by hand, {said}": partial(
                microseconds, partial(batched_by_hand, threads), 1_500, NETWORKS
            ),
        }
    measured = race(contestants | {"peak": peak})
    most = statistics.median(measured.pop("peak"))
    share = statistics.median(multiply_adds() / t / most for t in measured["goodinit"])
    print(times_table(measured, TARGETS))
    print(f"- float32 peak of a large matrix product: {2 * most / 1e3:.0f} GFLOP/s; goodinit reaches {share:.1%} of it")
    print(f"  with {2 * multiply_adds():,} floating point operations a step and network")


if __name__ == "__main__":
    main()
