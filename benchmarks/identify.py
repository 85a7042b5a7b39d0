"""Identifying the initializers of a model of 50 million parameters, against one pass over its weights."""

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

import goodinit as gi
from race import race, ratio, verdict

MOST = 4.0  # passes of NumPy's std
PASSES = {
    "torch's std of each tensor": lambda model: [weight.detach().std() for weight in model.parameters()],
    "NumPy's std of each tensor": lambda model: [weight.detach().numpy().std() for weight in model.parameters()],
    "goodinit": gi.identify,
}


def seconds(work: Callable[[nn.Module], object], model: nn.Module) -> Callable[[], float]:
    def once() -> float:
        begin = time.perf_counter()
        work(model)
        return time.perf_counter() - begin

    return once


def main() -> None:
    torch.set_num_threads(1)
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(512, 8, 2048), 16, enable_nested_tensor=False)
    count = sum(weight.numel() for weight in model.parameters())
    measured = race({name: seconds(work, model) for name, work in PASSES.items()})
    print(f"{count / 1e6:.1f} million parameters in {len(list(model.parameters()))} tensors\n")
    print("| | seconds |", "|---|---:|", sep="\n")
    for name, times in measured.items():
        print(f"| {name} | {statistics.median(times):.2f} |")
    print()
    for name in list(PASSES)[:2]:
        print(f"- goodinit takes {1 / ratio(measured, name):.1f} times as long as {name}")
    passes = 1 / ratio(measured, "NumPy's std of each tensor")
    print(f"- at most {MOST:g} passes of NumPy's std: {verdict(passes <= MOST)}")


if __name__ == "__main__":
    main()
