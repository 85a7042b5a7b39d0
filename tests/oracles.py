"""Independent twins of the engine: a plain NumPy loop and a PyTorch loop, for full batches and for mini-batches."""

import numpy as np
import torch

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


def numpy_losses(start, inputs, targets, rate, steps, every):
    """Train a relu network with a sigmoid output in plain NumPy, as the course material does, and record losses."""
    depth = len(start) // 2
    weights = [start[f"layer{k}.weight"].copy() for k in range(1, depth + 1)]
    offsets = [start[f"layer{k}.bias"][:, None].copy() for k in range(1, depth + 1)]
    count, losses = inputs.shape[1], []
    for step in range(steps + 1):
        activations = [inputs]
        for w, b in zip(weights, offsets, strict=True):
            z = w @ activations[-1] + b
            activations.append(np.maximum(z, 0))
        a = 1 / (1 + np.exp(-z))
        if step % every == 0:
            losses.append(-np.mean(targets * np.log(a) + (1 - targets) * np.log(1 - a)))
        dz = (a - targets) / count
        for k in reversed(range(depth)):
            da = weights[k].T @ dz
            weights[k] -= rate * dz @ activations[k].T
            offsets[k] -= rate * dz.sum(axis=1, keepdims=True)
            dz = da * (activations[k] > 0)
    return np.array(losses)


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
