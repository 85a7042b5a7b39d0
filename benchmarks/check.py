"""What `check` costs beside one plain pass forward and back of the same model on the same batch, and beside torchinfo.

Published architectures at 16 examples of their own size; then plain networks of 50 to 1,000 layers.
"""

import itertools
import statistics
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torchinfo
from torch import nn

import goodinit as gi
from architectures import build, plain, register_operators, seconds
from race import race, ratio, verdict

EXAMPLES = 16
WORDS = 64
NAMES = (
    *("torchvision:resnet18", "torchvision:mobilenet_v3_small", "torchvision:densenet121", "torchvision:alexnet"),
    *("timm:efficientnet_b0", "timm:convnext_atto", "timm:vit_tiny_patch16_224", "timm:mixer_s32_224"),
    *("timm:regnetx_002", "timm:resmlp_12_224", "transformers:bert", "transformers:gpt2", "transformers:llama"),
)
MOST = 2.0  # times a plain pass, in the median over the architectures
DEPTHS = (50, 200, 1000)


def batch_of(given: Any) -> Any:
    """Return as many examples as a user would give, from the few of the collection."""
    if isinstance(given, dict):
        return {key: torch.randint(3, 199, (EXAMPLES, WORDS)) for key in given}
    return torch.randn(EXAMPLES, *given.shape[1:])


def contestants(model: nn.Module, batch: Any) -> dict[str, Callable[[], float]]:
    data = batch if isinstance(batch, dict) else [batch]
    return {
        "plain": lambda: seconds(lambda: plain(model, batch)),
        "check": lambda: seconds(lambda: gi.check(model, batch)),
        "identify": lambda: seconds(lambda: gi.identify(model)),
        "torchinfo": lambda: seconds(lambda: torchinfo.summary(model, input_data=data, verbose=0)),
    }


def deep(depth: int) -> nn.Module:
    torch.manual_seed(0)
    layers = [part for _ in range(depth) for part in (nn.Linear(64, 64), nn.ReLU())]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
    return net


def main() -> None:
    register_operators()
    torch.set_num_threads(1)
    print("| | plain pass, s | check | identify | torchinfo |", "|---|---:|---:|---:|---:|", sep="\n")
    ratios = []
    for name in NAMES:
        model, given = build(name)
        times = race(contestants(model.train(), batch_of(given)), rounds=3)
        of = {key: ratio(times, key, "plain") for key in times}
        ratios.append(of["check"])
        shown = " | ".join(f"{of[key]:.2f}" for key in ("check", "identify", "torchinfo"))
        print(f"| {name} | {statistics.median(times['plain']):.3g} | {shown} |")
    middle = statistics.median(ratios)
    print(f"\n- check: {middle:.2f} times a plain pass in the median, at most {MOST:g}: {verdict(middle <= MOST)}")
    batch = torch.randn(EXAMPLES, 64)
    work = {str(depth): partial(seconds, partial(gi.check, deep(depth), batch)) for depth in DEPTHS}
    each = {int(depth): statistics.median(times) / int(depth) for depth, times in race(work, rounds=3).items()}
    said = ", ".join(f"{1e3 * each[depth]:.2f} ms a layer at {depth}" for depth in DEPTHS)
    growth = max(after / before for before, after in itertools.pairwise(each.values()))
    print(f"- depth: {said}; grows by at most {growth:.2f} from one to the next, at most 1.3: {verdict(growth <= 1.3)}")


if __name__ == "__main__":
    main()
