"""Many replicas: groups that fill the lanes of a program, spread over the cores.

The last group is padded by repeating a replica. Who shares the lanes does not change a replica's numbers.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from goodinit.datasets import Data
from goodinit.networks import arithmetic, workers
from goodinit.train.lanes import Outcome, Start, hold, run
from goodinit.train.training import Training


def train(
    training: Training,
    data: Data,
    starts: Sequence[Start],
    *,
    steps: int,
    record_every: int,
    progress: Callable[[int], None] = lambda steps: None,
) -> Iterator[dict[int, Outcome]]:
    """Train all replicas and yield each group of them as soon as it is ready.

    Parameters
    ----------
    training : Training
    data : Data
        Must fit the network.
    starts : sequence of Start
    steps : int
        Updates of each replica.
    record_every : int
        Losses are recorded before the first update, after every so many, and after the last.
    progress : callable
        Called, from any thread, with the number of steps that so many networks have just made.

    Yields
    ------
    dict of int to Outcome
        By position in `starts`. Closing the iterator stops the work at the next compiled call.
    """
    width = training.lanes(len(data.train_targets))
    groups = [range(at, min(at + width, len(starts))) for at in range(0, len(starts), width)]
    stop = threading.Event()
    with arithmetic(training.precision):
        held = hold(training, data)

    def work(group: range) -> dict[int, Outcome]:
        lanes = [starts[i] for i in group] + [starts[group[-1]]] * (width - len(group))
        with arithmetic(training.precision):
            outcomes = run(
                training,
                held,
                lanes,
                steps=steps,
                record_every=record_every,
                progress=lambda count: progress(count * len(group)),
                stop=stop,
            )
        return dict(zip(group, outcomes, strict=False))

    with ThreadPoolExecutor(workers()) as pool:
        running = [pool.submit(work, group) for group in groups]
        try:
            for ready in as_completed(running):
                yield ready.result()
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
