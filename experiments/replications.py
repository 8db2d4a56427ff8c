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
from plant.messages import Energy
from plant.paths import Node
from plant.time import HOUR
from simulators import Interval, Journey, Passage, Simulation, summarise
from simulators.orders import Ticket

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


def replicate_once(plant: Plant, window: Window, start: int, seed: int) -> Results:
    """Run the plant once and summarise the window."""
    counted = (window.warm_up, window.end)
    simulation = Simulation(plant, seed=seed, start=start, messages=False, keep=False, window=counted)
    simulation.advance(start + window.end)
    return summarise(simulation, window.warm_up, window.end)


def departures_once(plant: Plant, until: int, step: int, start: int, seed: int) -> dict[str, list[int]]:
    """Good parts that leave each line in each step of [0, until), µs since the start of the run."""
    record = record_once(plant, Window(warm_up=0, duration=until), start, seed)
    counts: dict[str, list[int]] = {}
    for line, passages in record.passages.items():
        own = counts[line] = [0] * (until // step)
        for of in passages:
            if of.good and not of.into and of.left is not None and of.left // step < len(own):
                own[of.left // step] += 1
    return counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What happened in a run, raw, in µs since its start.

    Args:
        start: first instant, microseconds UTC.
        results: figures of the window, as `replicate_once` tells them.
        intervals: states of each machine without a gap, cut where its order changes.
        journeys: visits of all parts to all stations.
        passages: ways of all parts through each line.
        orders: production orders of each line that works to some.
        energy: readings of the counter of each machine, if they were asked for; microseconds UTC.
    """

    start: int
    results: Results
    intervals: Mapping[Node, Sequence[Interval]]
    journeys: Sequence[Journey]
    passages: Mapping[str, Sequence[Passage]]
    orders: Mapping[str, Sequence[Ticket]]
    energy: Mapping[Node, Sequence[Energy]]


def record_once(plant: Plant, window: Window, start: int, seed: int, *, energy: bool = False) -> Record:
    """Run the plant once and keep all that happened: the same run as that of `replicate_once`, and slower.

    Args:
        plant: the description.
        window: what counts.
        start: first instant, microseconds UTC.
        seed: of the run.
        energy: whether meters are read, which takes many times as long.
    """
    simulation = Simulation(plant, seed=seed, start=start, messages=energy)
    readings: dict[Node, list[Energy]] = {}
    for upto in range(start, start + window.end, HOUR) if energy else ():  # so that messages don't pile up
        _read(simulation, upto, readings)
    _read(simulation, start + window.end, readings)
    ledger = simulation.ledger
    nodes = [node for line in plant.lines for station in line.stations for node in line.machines(station)]
    return Record(
        start=start,
        results=summarise(simulation, window.warm_up, window.end),
        intervals={node: ledger.allotted(node) for node in nodes},
        journeys=ledger.journeys(),
        passages={line.name: ledger.passages(line.name) for line in plant.lines},
        orders={line.name: simulation.orders(line.name) for line in plant.lines if line.arrivals.orders},
        energy=readings,
    )


def _read(simulation: Simulation, upto: int, readings: dict[Node, list[Energy]]) -> None:
    for node, message in simulation.advance(upto):
        if isinstance(message, Energy) and node.station is not None:
            readings.setdefault(node, []).append(message)


def replicate(
    plant: Plant,
    window: Window,
    *,
    start: int,
    seed: int,
    replications: int,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Results]:
    """Run the plant several times, on all cores where that pays; the results don't depend on how.

    Args:
        plant: the description.
        window: what counts of each run.
        start: first instant of each run, microseconds UTC.
        seed: seed of the first replication; the others follow from it.
        replications: how many, at least 1.
        progress: told the number of finished replications.
    """
    seeds = [replication_seed(seed, r) for r in range(replications)]
    work = partial(replicate_once, plant, window, start)
    results = []
    for done, result in enumerate(_map(work, seeds), start=1):
        results.append(result)
        progress(done)
    return results


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
