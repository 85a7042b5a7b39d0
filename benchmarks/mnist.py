"""16 networks 784-64-32-10 on 60,000 random examples of MNIST's size, mini-batches of 32, float32."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn

from goodinit.datasets import arrays
from goodinit.initializers import generator, initializer
from goodinit.networks import mlp
from goodinit.train import Start, Training, train
from race import CORES, microseconds, race, times_table

SIZES, BATCH, RATE, NETWORKS = (784, 64, 32, 10), 32, 0.01, 16
EXAMPLES = 60_000
STEPS = EXAMPLES // BATCH  # one epoch
TOGETHER = (1, 75)  # steps that Keras makes in one call: its default, and where more brings nothing
TARGETS = {"Keras fit": 5, "PyTorch eager": 4}

INPUTS = np.random.default_rng(0).random((EXAMPLES, 784), np.float32)
LABELS = np.random.default_rng(1).integers(0, 10, EXAMPLES)


def goodinit_epoch() -> Callable[[], float]:
    """Return what measures a step of `train`, without the two evaluations that it makes at least.

    Those are taken off by measuring one step as well. The order of the mini-batches is drawn anew, as always.
    """
    network, he = mlp(SIZES), initializer("he_normal")
    names = [str(digit) for digit in range(10)]
    data = arrays(INPUTS, LABELS, INPUTS[:100], LABELS[:100], task="multiclass", classes=names)
    starts = []
    for seed in range(NETWORKS):
        drawn = {layer.name: he(layer, generator(seed, layer.name)) for layer in network.weights}
        starts.append(Start(drawn | {b.name: np.zeros(b.shape) for b in network.biases}, RATE, seed))

    def work(steps: int) -> None:
        list(train(Training(network, "multiclass", batch_size=BATCH), data, starts, steps=steps, record_every=steps))

    def epoch() -> float:
        few, many = (microseconds(work, steps, NETWORKS) * steps for steps in (1, 1 + STEPS))
        return (many - few) / STEPS

    return epoch


def eager_epoch(threads: int) -> float:
    """Return the microseconds of a step of a PyTorch module with shuffled mini-batches."""
    torch.set_num_threads(threads)
    net = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    rule, loss = torch.optim.SGD(net.parameters(), lr=RATE), nn.CrossEntropyLoss()
    inputs, labels = torch.from_numpy(INPUTS), torch.from_numpy(LABELS)

    def work(steps: int) -> None:
        for batch in torch.randperm(EXAMPLES).split(BATCH)[:steps]:
            rule.zero_grad()
            loss(net(inputs[batch]), labels[batch]).backward()
            rule.step()

    return microseconds(work, STEPS)


def keras_network(together: int) -> Callable[[int], object]:
    """Return a function that fits a Keras model for so many steps, some of them together in one call of JAX."""
    import keras

    layers = [keras.layers.Dense(size, activation="relu") for size in SIZES[1:-1]]
    net = keras.Sequential([keras.Input((784,)), *layers, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.SGD(RATE), loss, steps_per_execution=together)
    return lambda steps: net.fit(INPUTS[: steps * BATCH], LABELS[: steps * BATCH], batch_size=BATCH, verbose=0)


def answer_with_keras() -> None:
    """Fit one more epoch for every line read, which names a network, and print the microseconds of a step."""
    networks = {together: keras_network(together) for together in TOGETHER}
    for line in sys.stdin:
        print(microseconds(networks[int(line)], STEPS), flush=True)


def main() -> None:
    # Keras chooses its backend when it is imported: it gets a process of its own
    command, settings = [sys.executable, __file__, "keras"], os.environ | {"KERAS_BACKEND": "jax"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=settings, text=True, **pipes) as keras:

        def keras_epoch(together: int) -> float:
            keras.stdin.write(f"{together}\n")
            keras.stdin.flush()
            return float(keras.stdout.readline())

        contestants = {"goodinit": goodinit_epoch(), "Keras fit": partial(keras_epoch, TOGETHER[0])}
        contestants[f"Keras, steps_per_execution={TOGETHER[1]}"] = partial(keras_epoch, TOGETHER[1])
        for threads in sorted({1, CORES}):
            said = "1 thread" if threads == 1 else f"{threads} threads"
            contestants[f"PyTorch eager, {said}"] = partial(eager_epoch, threads)
        print(times_table(race(contestants), TARGETS))
        keras.stdin.close()


if __name__ == "__main__":
    answer_with_keras() if sys.argv[1:] == ["keras"] else main()
