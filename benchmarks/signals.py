"""Measuring ten tanh layers of 500 on 1,000 inputs, forward and backward, for 32 seeds, float32.

The yardstick is a compiled program that makes the matrix products of the same passes and nothing else, run by as many
threads. (Not named `signal.py`, which would hide Python's own module of that name from every script in here.)
"""

import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import jax
import numpy as np
import torch

from goodinit.initializers import generator, initializer
from goodinit.networks import Network, arithmetic, compiler_options, mlp, workers
from goodinit.signal import trace
from race import CORES, race, ratio, verdict

WIDTH, DEPTH, EXAMPLES, SEEDS = 500, 10, 1000, 32
MOST = 1.5  # times the bare products
INPUTS = np.random.default_rng(0).standard_normal((EXAMPLES, WIDTH)).astype(np.float32)
GRADIENT = np.random.default_rng(1).standard_normal((EXAMPLES, WIDTH)).astype(np.float32)

Tensors = Mapping[str, np.ndarray]


def network(depth: int) -> Network:
    return mlp([WIDTH] * (depth + 1), activation="tanh", readout=False)


def drawn(depth: int, seeds: int) -> list[Tensors]:
    net, lecun = network(depth), initializer("lecun_normal")
    zeros = {layer.name: np.zeros(WIDTH, np.float32) for layer in net.biases}
    return [
        {layer.name: lecun(layer, generator(seed, layer.name)).astype(np.float32) for layer in net.weights} | zeros
        for seed in range(seeds)
    ]


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def goodinit(parameters: list[Tensors], depth: int = DEPTH) -> Callable[[], object]:
    return lambda: trace(network(depth), parameters, INPUTS, seeds=range(len(parameters)))


def bare(parameters: list[Tensors]) -> Callable[[], object]:
    """Return what makes W a, W^T delta and delta a^T for every layer, in the layout of `trace` and with its threads."""

    def products(weights: list[jax.Array], a: jax.Array, delta: jax.Array) -> list[jax.Array]:
        inputs, gradients = [a], []
        for W in weights:
            inputs.append(inputs[-1] @ W.T)
        for depth in reversed(range(len(weights))):
            gradients.append(delta.T @ inputs[depth])
            if depth:
                delta = delta @ weights[depth]
        return gradients

    compiled = jax.jit(products, compiler_options=compiler_options())
    stacks = [[jax.numpy.asarray(p[layer.name]) for layer in network(DEPTH).weights] for p in parameters]

    def one(weights: list[jax.Array]) -> None:
        with arithmetic("float32"):
            jax.block_until_ready(compiled(weights, INPUTS, GRADIENT))

    def work() -> None:
        with ThreadPoolExecutor(workers()) as pool:
            list(pool.map(one, stacks))

    return work


def hooks(parameters: list[Tensors], threads: int) -> Callable[[], object]:
    """Return the loop that people write: a hook behind every layer and tensor, one network after the other."""

    def measure(a: torch.Tensor, found: list) -> None:
        centred = a - a.mean()
        found.append((a.mean(), a.std(), a.square().mean().sqrt(), (centred**4).mean() / a.var() ** 2))
        found.append((torch.histc(a, 40, -1, 1), (a.abs() > 0.9).float().mean(), (a.abs() == 1).all(0).float().mean()))
        unit = torch.nn.functional.normalize(a)
        found.append(((a > 0).float().mean(0), unit.sum(0).square().sum()))

    def one(tensors: Tensors) -> None:
        layers = [torch.nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH)]
        net, found = torch.nn.Sequential(*(part for layer in layers for part in (layer, torch.nn.Tanh()))), []
        for k, layer in enumerate(layers, start=1):
            layer.weight.data, layer.bias.data = (torch.tensor(tensors[f"layer{k}.{x}"]) for x in ("weight", "bias"))
        for part in net:
            if isinstance(part, torch.nn.Tanh):
                part.register_forward_hook(lambda module, inputs, out: measure(out.detach(), found))
            part.register_full_backward_hook(lambda module, inner, out: found.append(out[0].square().mean().sqrt()))
        net(torch.tensor(INPUTS, requires_grad=True)).backward(torch.tensor(GRADIENT) / EXAMPLES)
        found.extend(layer.weight.grad.square().sum(1).add(layer.bias.grad.square()).sqrt() for layer in layers)

    def work() -> None:
        torch.set_num_threads(threads)
        for tensors in parameters:
            one(tensors)

    return work


def main() -> None:
    parameters = drawn(DEPTH, SEEDS)
    work: dict[str, tuple[Callable[[], object], int]] = {
        "goodinit": (goodinit(parameters), SEEDS),
        "bare products": (bare(parameters), SEEDS),
        "goodinit, 16 seeds": (goodinit(parameters[:16]), 16),
        "goodinit, 20 layers, 8 seeds": (goodinit(drawn(2 * DEPTH, 8), 2 * DEPTH), 8),
    }
    for threads in sorted({1, CORES}):
        said = "1 thread" if threads == 1 else f"{threads} threads"
        work[f"PyTorch hooks, {said}"] = hooks(parameters[:8], threads), 8
    measured = race({name: partial(lambda f, n: seconds(f) / n * 1e3, f, n) for name, (f, n) in work.items()})
    print("| | ms per network | times bare products |", "|---|---:|---:|", sep="\n")
    for name, times in measured.items():
        print(f"| {name} | {statistics.median(times):.3g} | {ratio(measured, name, 'bare products'):.2f} |")
    reached = ratio(measured, "goodinit", "bare products")
    print(f"\n- goodinit: {reached:.2f} times the bare products, at most {MOST:g}: {verdict(reached <= MOST)}")
    for name, factor in (("goodinit, 16 seeds", 1), ("goodinit, 20 layers, 8 seeds", 2)):
        part = ratio(measured, name, "goodinit") / factor
        print(f"- {name}: {part:.2f} times what linear growth gives, at most 1.15: {verdict(part <= 1.15)}")


if __name__ == "__main__":
    main()
