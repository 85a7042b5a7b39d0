"""Independent twins of the engine: the lab library's NumPy loop and a PyTorch loop."""

import numpy as np
import torch

from goodinit.labs.circles import gradient_descent

KINDS = (("W", "weight"), ("b", "bias"))

torch.set_num_threads(1)  # on networks this small its threads cost more than they bring

TORCH_OPTIMIZERS = {
    "sgd": lambda p, rate: torch.optim.SGD(p, lr=rate),
    "momentum": lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9),
    "nesterov": lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9, nesterov=True),
    "adam": lambda p, rate: torch.optim.Adam(p, lr=rate),
    "adamw": lambda p, rate: torch.optim.AdamW(_decayed(p, 1e-4), lr=rate),
}


def _decayed(parameters, strength):
    return [{"params": [p], "weight_decay": strength if p.ndim > 1 else 0.0} for p in parameters]


def numpy_losses(start, inputs, targets, rate, steps):
    """Return the losses of the lab library's plain NumPy loop every 1,000 steps, for a network of three layers."""
    columns = {name: array if array.ndim == 2 else array[:, None] for name, array in start.items()}
    parameters = {f"{kind}{k}": columns[f"layer{k}.{name}"] for k in (1, 2, 3) for kind, name in KINDS}
    return np.array([cost for _, _, cost in gradient_descent(inputs, targets[None], parameters, rate, steps)])


def torch_parameters(start, precision=torch.float64):
    return {name: torch.tensor(array, dtype=precision, requires_grad=True) for name, array in start.items()}


def torch_logits(parameters, inputs, activation=torch.relu):
    """Return logits (examples, outputs) for inputs (examples, features)."""
    a, depth = inputs, len(parameters) // 2
    for k in range(1, depth + 1):
        z = torch.nn.functional.linear(a, parameters[f"layer{k}.weight"], parameters[f"layer{k}.bias"])
        a = activation(z)
    return z


def torch_losses(start, loss, rate, steps, every, optimizer="sgd", batches=None):
    """Train with torch's own optimizer; `loss(parameters, rows)` is minimised, rows None means all."""
    parameters = torch_parameters(start)
    rule = TORCH_OPTIMIZERS[optimizer](list(parameters.values()), rate)
    losses = []
    for step in range(steps + 1):
        if step % every == 0:
            losses.append(loss(parameters, None).item())
        rule.zero_grad()
        loss(parameters, None if batches is None else batches[step % len(batches)]).backward()
        rule.step()
    return np.array(losses)
