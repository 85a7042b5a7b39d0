"""`check` on architectures that others have published, with random weights and without a download.

Writes one JSON line a model to stdout: verdict, findings, time beside a plain pass, and whether anything of the model's
state has changed. Names are given as ``timm:resnet18``, ``torchvision:vgg11`` or ``transformers:bert``; without any,
the collection is every torchvision classifier, small models of every timm family and all types of transformers that a
small configuration can be made of. ``table FILE ...`` prints the table of what was written before.
"""

import hashlib
import json
import random
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import goodinit as gi

EXAMPLES = 4
SIDE = 128  # pixels, of pictures for models that take any size
MOST_PARAMETERS = 30e6
OF_A_FAMILY = 8
SECONDS = 120  # for one model

warnings.simplefilter("ignore")


def register_operators() -> None:
    """Make torchvision's PyPI build import beside a CPU build of torch: declare the two operators that it lacks."""
    library = torch.library.Library("torchvision", "DEF")
    for schema in (
        "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
        "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    ):
        library.define(schema)
    globals()["_kept"] = library


def torchvision_models() -> Iterator[str]:
    from torchvision import models

    yield from (f"torchvision:{name}" for name in models.list_models(module=models))


SMALL_WORDS = (
    "atto",
    "femto",
    "pico",
    "nano",
    "zepto",
    "tiny",
    "xxs",
    "xs",
    "small",
    "mini",
    "050",
    "_s",
    "10",
    "18",
    "26",
)
LARGE_WORDS = (
    "base",
    "large",
    "huge",
    "giant",
    "xl",
    "_l",
    "_b",
    "152",
    "200",
    "269",
    "so150",
    "so400",
    "384",
    "448",
    "512",
)


def timm_models() -> Iterator[str]:
    """Give some models of every family, those first whose names say that they are small; one of each family in turn."""
    import timm

    families = []
    for family in timm.list_modules():
        names = [name for name in timm.list_models(module=family) if not any(word in name for word in LARGE_WORDS)]
        rank = {name: next((i for i, word in enumerate(SMALL_WORDS) if word in name), 99) for name in names}
        families.append(sorted(names, key=lambda name: (rank[name], name))[:OF_A_FAMILY])
    for turn in range(OF_A_FAMILY):
        yield from (f"timm:{names[turn]}" for names in families if turn < len(names))


def transformers_models() -> Iterator[str]:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    yield from (f"transformers:{name}" for name in CONFIG_MAPPING)


SMALL = {
    "hidden_size": 64, "d_model": 64, "n_embd": 64, "dim": 64, "embed_dim": 64, "embedding_size": 64, "emb_dim": 64,
    "num_hidden_layers": 4, "n_layer": 4, "n_layers": 4, "num_layers": 4, "encoder_layers": 4, "decoder_layers": 4,
    "num_decoder_layers": 4, "num_attention_heads": 4, "n_head": 4, "n_heads": 4, "num_heads": 4, "head_dim": 16,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 128,
    "ffn_dim": 128, "d_ff": 128, "d_kv": 16, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "hidden_dim": 128,
    "vocab_size": 200, "max_position_embeddings": 64, "n_positions": 64, "image_size": 32, "patch_size": 8,
    "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2, "d_inner": 128, "dim_feedforward": 128, "projection_dim": 64, "decoder_start_token_id": 1,
}  # fmt: skip


def build(name: str) -> tuple[nn.Module, Any]:
    """Return a model with random weights and a batch for it."""
    library, _, what = name.partition(":")
    torch.manual_seed(0)
    if library == "torchvision":
        from torchvision import models

        side = 299 if "inception" in what else 128 if "vit" not in what and "swin" not in what else 224
        options = {"init_weights": True} if what in ("googlenet", "inception_v3") else {}
        return models.get_model(what, weights=None, **options), torch.randn(EXAMPLES, 3, side, side)
    if library == "timm":
        import timm

        model = timm.create_model(what, pretrained=False)
        if (count := sum(one.numel() for one in model.parameters())) > MOST_PARAMETERS:
            raise ValueError(f"{count:,} parameters")
        channels, side, _ = model.pretrained_cfg.get("input_size", (3, 224, 224))
        side = side if model.pretrained_cfg.get("fixed_input_size") else min(side, SIDE)
        return model, torch.randn(2, channels, side, side)
    return _transformer(what)


def _transformer(what: str) -> tuple[nn.Module, Any]:
    from transformers import AutoModel
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = CONFIG_MAPPING[what]
    known = kind().to_dict()
    config = kind(**{key: value for key, value in SMALL.items() if isinstance(known.get(key), int)})
    with torch.device("meta"):
        count = sum(one.numel() for one in AutoModel.from_config(config).parameters())
    if count > MOST_PARAMETERS:
        raise ValueError(f"{count:,} parameters even when small")
    torch.manual_seed(0)
    model = AutoModel.from_config(config)
    words = torch.randint(3, 199, (EXAMPLES, 16))
    wanted = model.main_input_name
    if wanted == "pixel_values":
        return model, {"pixel_values": torch.randn(EXAMPLES, 3, config.image_size, config.image_size)}
    batch = {wanted: words}
    return model, batch | ({"decoder_input_ids": words} if getattr(config, "is_encoder_decoder", False) else {})


def fingerprint(model: nn.Module) -> str:
    """Return a digest of all that `check` must leave alone."""
    digest = hashlib.sha256()
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        digest.update(name.encode())
        digest.update(
            tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        )
        digest.update(repr((tensor.requires_grad, tensor.grad is None)).encode())
    for module in model.modules():
        digest.update(repr((module.training, len(module._forward_hooks), len(module._forward_pre_hooks))).encode())
    digest.update(torch.get_rng_state().numpy().tobytes())
    digest.update(repr((random.getstate(), np.random.get_state()[1].tobytes())).encode())  # noqa: NPY002
    return digest.hexdigest()


def plain(model: nn.Module, batch: Any) -> None:
    """Make one pass forward and one backward, as a training step would."""
    output = model(**batch) if isinstance(batch, dict) else model(batch)
    from goodinit.frameworks.torch.batches import floating

    found = [one for one in floating(output) if one.requires_grad]
    sum(one.float().square().mean() for one in found).backward()


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def examine(name: str) -> dict[str, Any]:
    """Return what `check` says of a model, how long it takes, and whether it left everything alone."""
    out: dict[str, Any] = {"name": name}
    signal.alarm(SECONDS)
    try:
        model, batch = build(name)
        model.train()
        once = seconds(lambda: plain(model, batch))
    except Exception as error:  # noqa: BLE001
        return out | {"outcome": "not built", "why": f"{type(error).__name__}: {error}"[:300]}
    if once > 60:
        return out | {"outcome": "too large"}
    model.zero_grad(set_to_none=True)
    before = fingerprint(model)
    try:
        begin = time.perf_counter()
        report = gi.check(model, batch)
        took = time.perf_counter() - begin
    except TimeoutError as slow:  # the alarm of this program
        return out | {"outcome": "too large", "why": str(slow)}
    except Exception:  # noqa: BLE001
        return out | {"outcome": "traceback", "why": traceback.format_exc()[-1500:]}
    same = fingerprint(model) == before
    once = min(once, seconds(lambda: plain(model, batch)))
    return out | {
        "outcome": report.verdict.word,
        "unchanged": same,
        "plain": once,
        "check": took,
        "layers": len(report.rows),
        "parameters": sum(one.numel() for one in model.parameters()),
        "findings": [
            [one.code, one.level, list(one.layers)[:6], len(one.layers), one.reason] for one in report.findings
        ],
    }


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return what came of each library in a line, and below it what was blamed and how often each code was given."""
    measured = [row for row in rows if row["outcome"] in ("acquit", "blame", "cannot tell")]
    lines = ["| | checked | blamed | cannot tell | state changed | traceback |", f"|---|{'---:|' * 5}"]
    for library in dict.fromkeys(row["name"].partition(":")[0] for row in rows):
        own = [row for row in measured if row["name"].startswith(f"{library}:")]
        count = [sum(row["outcome"] == word for row in own) for word in ("blame", "cannot tell")]
        raised = sum(row["outcome"] == "traceback" and row["name"].startswith(f"{library}:") for row in rows)
        changed = sum(not row["unchanged"] for row in own)
        lines.append(f"| {library} | {len(own)} | {count[0]} | {count[1]} | {changed} | {raised} |")
    lines.append("")
    for row in measured:
        if row["outcome"] != "acquit":
            errors = {code: of for code, level, _, of, _ in row["findings"] if level == "error"}
            lines.append(
                f"- {row['name']}: {row['outcome']}: {', '.join(f'{c} at {n} layers' for c, n in errors.items())}"
            )
    return lines


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def main() -> None:
    if sys.argv[1:2] == ["table"]:
        lines = [line for path in sys.argv[2:] for line in Path(path).read_text().splitlines() if line.startswith("{")]
        print("\n".join(table([json.loads(line) for line in lines])))
        return
    register_operators()
    torch.set_num_threads(1)
    names = sys.argv[1:] or [*torchvision_models(), *timm_models(), *transformers_models()]
    signal.signal(signal.SIGALRM, _too_long)
    for name in names:
        print(json.dumps(examine(name)), flush=True)


if __name__ == "__main__":
    main()
