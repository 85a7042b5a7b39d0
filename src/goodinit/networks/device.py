"""Where and how precisely programs run."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import jax


@contextlib.contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Compute in float32 or float64 as asked, and without shortened products on a GPU."""
    with jax.enable_x64(precision == "float64"), jax.default_matmul_precision("highest"):
        yield


def compiler_options() -> dict[str, Any] | None:
    """Return the options of programs that run side by side, one on each core.

    XLA's own threads are off on a CPU: they cost more than they bring where every core has a program of its own.
    """
    return {"xla_cpu_multi_thread_eigen": False} if jax.default_backend() == "cpu" else None


def workers() -> int:
    """Return how many programs run side by side: one for each core that this process may use, or one on a GPU."""
    if jax.default_backend() != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
