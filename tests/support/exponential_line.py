"""Serial lines of exponential machines by recursion, whole batches of trials at once: quick enough to search in tests.

Blocking after service. Replication r of all trials has the same times.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np


@cache
def times(seed: int, replication: int, parts: int, machines: int) -> np.ndarray:
    return np.random.default_rng([seed, replication]).exponential(size=(parts, machines))


def throughput(buffers: np.ndarray, work: np.ndarray, warm_up: int) -> np.ndarray:
    """Parts per mean time of each run.

    Args:
        buffers: (runs, machines - 1) places in front of all machines but the first.
        work: (runs, parts, machines) processing times.
        warm_up: parts that are left out.
    """
    runs, parts, machines = work.shape
    line, longest = np.arange(runs), int(buffers.max()) + 1
    gone = np.zeros((machines, longest + parts, runs))  # departures, with zeros for the parts before the first
    for n in range(longest, longest + parts):
        arrived = np.zeros(runs)
        for i in range(machines):
            done = np.maximum(arrived, gone[i, n - 1]) + work[:, n - longest, i]
            if i < machines - 1:
                done = np.maximum(done, gone[i + 1][n - buffers[:, i] - 1, line])
            gone[i, n] = arrived = done
    return (parts - warm_up) / (gone[-1, -1] - gone[-1, longest + warm_up - 1])


def evaluator(
    means: Sequence[float], paths: Sequence[str], *, seed: int, parts: int = 900, warm_up: int = 100
) -> Callable:
    """What a search asks: throughput of lines whose buffers are at the paths."""

    def evaluate(trials):
        runs = [(trial, r) for trial in trials for r in trial.replications]
        buffers = np.array([[trial.settings[path] for path in paths] for trial, _ in runs])
        work = np.array([times(seed, r, parts, len(means)) for _, r in runs]) * np.array(means)
        values = iter(throughput(buffers, work, warm_up))
        return [[{"throughput_per_s": float(next(values))} for _ in trial.replications] for trial in trials]

    return evaluate
