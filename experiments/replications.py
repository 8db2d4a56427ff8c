"""Independent replications of one plant, and what they say together.

Replication 0 uses the seed itself, so that a single run and the first of many are the same run; the others use words of
a stream of the seed. Means are plain means over replications.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

from experiments.intervals import estimate
from plant.description import Plant
from plant.draws import Stream
from simulators import Engine, Simulation, summarise
from simulators.engines import Run, compiled_run

Results = dict[str, Any]
"""A tree of plain values: the ``lines`` of ``simulate --json``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The part of a run that counts, in microseconds since its start: [warm_up, warm_up + duration)."""

    warm_up: int
    duration: int

    @property
    def end(self) -> int:
        """First instant that no longer counts."""
        return self.warm_up + self.duration


def replication_seed(seed: int, replication: int) -> int:
    """Seed of one replication."""
    return seed if replication == 0 else Stream(seed, "", "replication").word(replication) >> 1


def replicate_once(plant: Plant, window: Window, start: int, seed: int, engine: Engine = "simpy") -> Results:
    """Run the plant once and summarise the window; the engine changes nothing but the time that it takes."""
    counted = (window.warm_up, window.end)
    if engine == "compiled":
        run = compiled_run(plant, window.end, seed=seed, start=start, window=counted)
        return summarise(run, window.warm_up, window.end)
    simulation = Simulation(plant, seed=seed, start=start, messages=False, keep=False, window=counted)
    simulation.advance(start + window.end)
    return summarise(simulation, window.warm_up, window.end)


def replicate(
    plant: Plant,
    window: Window,
    *,
    start: int,
    seed: int,
    replications: int,
    engine: Engine = "simpy",
    progress: Callable[[int], None] = lambda _: None,
) -> list[Results]:
    """Run the plant several times, on all cores where that pays; the results don't depend on how.

    Args:
        plant: the description.
        window: what counts of each run.
        start: first instant of each run, microseconds UTC.
        seed: seed of the first replication; the others follow from it.
        replications: how many, at least 1.
        engine: which one runs the model.
        progress: told the number of finished replications.
    """
    seeds = [replication_seed(seed, r) for r in range(replications)]
    if engine == "compiled":
        told = _again(plant, window, start, seeds)
    else:
        told = _map(partial(replicate_once, plant, window, start), seeds)
    results = []
    for done, result in enumerate(told, start=1):
        results.append(result)
        progress(done)
    return results


def _again(plant: Plant, window: Window, start: int, seeds: Sequence[int]) -> Iterator[Results]:
    """The same run again and again, with one seed after the other."""
    run: Run | None = None
    for seed in seeds:
        if run is None:
            run = compiled_run(plant, window.end, seed=seed, start=start, window=(window.warm_up, window.end))
        else:
            run.again(seed)
        yield summarise(run, window.warm_up, window.end)


def _map(work: Callable[[int], Results], seeds: Sequence[int]) -> Iterator[Results]:
    workers = min(len(seeds), os.cpu_count() or 1)
    if workers == 1 or len(seeds) < 3:  # starting processes costs more than it saves
        yield from map(work, seeds)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, seeds)


def pool(results: Sequence[Results]) -> Results:
    """Means over replications, leaf by leaf; the throughput of each line gets its half width at 95 %."""
    pooled: Results = {}
    for name in results[0]:
        lines = [result[name] for result in results]
        throughput = estimate([line["throughput_per_s"] for line in lines])
        mean = _mean(lines)
        mean["throughput_half_width"] = throughput.half_width
        pooled[name] = mean
    return pooled


def _mean(trees: Sequence[Any]) -> Any:
    first = trees[0]
    if isinstance(first, Mapping):
        return {key: _mean([tree[key] for tree in trees]) for key in first}
    known = [tree for tree in trees if tree is not None]
    if not known:
        return None
    if len(trees) == 1:
        return first
    return math.fsum(known) / len(known)
