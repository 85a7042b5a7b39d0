"""What `--record gradients` costs: the default study with and without it, at the default interval of a hundredth.

Twice: the small network on circles with full batches, and 784-64-32-10 on random pictures with mini-batches of 32.
"""

import statistics
from functools import partial

import numpy as np

from goodinit.datasets import Data, arrays, circles
from goodinit.initializers import generator, initializer
from goodinit.networks import Network, mlp
from goodinit.train import Start, Training, train
from race import microseconds, race, ratio, verdict

MOST = 1.2  # times the training without


def starts(network: Network, count: int) -> list[Start]:
    he = initializer("he_normal")
    zeros = {bias.name: np.zeros(bias.shape) for bias in network.biases}
    drawn = [{w.name: he(w, generator(seed, w.name)) for w in network.weights} | zeros for seed in range(count)]
    return [Start(one, 0.01, at) for at, one in enumerate(drawn)]


def pictures() -> Data:
    rng = np.random.default_rng(0)
    inputs, labels = rng.random((6_000, 784), np.float32), rng.integers(0, 10, 6_000)
    labels[:10] = np.arange(10)
    return arrays(inputs, labels, inputs[:500], labels[:500], task="multiclass")


def training(network: Network, data: Data, batch: int | None, count: int, gradients: bool, steps: int) -> None:
    what = Training(network, data.task, batch_size=batch, gradients=gradients)
    list(train(what, data, starts(network, count), steps=steps, record_every=steps // 100))


def main() -> None:
    cases = {
        "2-10-5-1, full batch": (mlp([2, 10, 5, 1]), circles(), None, 96, 15_000),
        "784-64-32-10, batch 32": (mlp([784, 64, 32, 10]), pictures(), 32, 16, 1_500),
    }
    print("| | us per step and network | with gradients | ratio |", "|---|---:|---:|---:|", sep="\n")
    reached = []
    for name, (network, data, batch, count, steps) in cases.items():
        runs = {
            said: partial(microseconds, partial(training, network, data, batch, count, recorded), steps, count)
            for said, recorded in (("without", False), ("with", True))
        }
        measured = race(runs)
        reached.append(ratio(measured, "with", "without"))
        without, with_gradients = (statistics.median(measured[said]) for said in runs)
        print(f"| {name} | {without:.3g} | {with_gradients:.3g} | {reached[-1]:.2f} |")
    print(f"\n- recording: {max(reached):.2f} times, at most {MOST:g}: {verdict(max(reached) <= MOST)}")


if __name__ == "__main__":
    main()
