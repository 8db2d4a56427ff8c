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
from typing import Any, Protocol

import numpy as np

from experiments.intervals import estimate
from plant.description import Plant
from plant.draws import Stream
from plant.messages import Energy
from plant.paths import Node
from plant.time import HOUR
from simulators import Engine, Interval, Journey, Passage, Simulation, choose, summarise
from simulators.compiled.engine import CompiledRun
from simulators.engines import Run, compiled_run
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What happened in a run, raw, in µs since its start.

    Args:
        start: first instant, microseconds UTC.
        results: figures of the window.
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


class Kept(Protocol):
    """What a run of either engine has kept."""

    def allotted(self, node: Node) -> list[Interval]:
        """States of a machine without a gap, cut where the order on it changes."""

    def journeys(self) -> list[Journey]:
        """Visits of all parts to all stations."""

    def passages(self, line: str) -> list[Passage]:
        """Ways of all parts through a line."""


class Model:
    """A plant that runs again and again, with one seed after the other; its engine changes nothing but the time.

    Args:
        plant: the description.
        window: what counts of each run.
        start: first instant of each run, microseconds UTC.
        engine: ``simpy``, ``compiled``, or ``auto`` for the fastest that can express the plant.

    Raises:
        EntryError: there is no such engine, or it cannot express the plant.
    """

    def __init__(self, plant: Plant, window: Window, start: int, engine: str = "auto") -> None:
        self.plant = plant
        self.window = window
        self.start = start
        self.engine: Engine = choose(plant, engine).engine
        self._run: Run | None = None
        self._kept: CompiledRun | None = None

    @property
    def _counted(self) -> tuple[int, int]:
        return self.window.warm_up, self.window.end

    def _compiled(self, seed: int) -> Run:
        if self._run is None:
            self._run = compiled_run(self.plant, self.window.end, seed=seed, start=self.start, window=self._counted)
        else:
            self._run.again(seed)
        return self._run

    def results(self, seed: int) -> Results:
        """The figures of a run."""
        if self.engine == "compiled":
            return summarise(self._compiled(seed), *self._counted)
        simulation = Simulation(
            self.plant, seed=seed, start=self.start, messages=False, keep=False, window=self._counted
        )
        simulation.advance(self.start + self.window.end)
        return summarise(simulation, *self._counted)

    def departures(self, step: int, seed: int) -> dict[str, list[int]]:
        """Good parts that leave each line in each step of a run, from its start on and through the warm-up."""
        steps = self.window.end // step
        if self.engine == "compiled":
            run = self._compiled(seed)
            left = {line.name: run.departures(line.name)[:, 0] for line in self.plant.lines}
        else:
            told = self.record(seed).passages
            left = {line: np.array([of.left for of in ways if _shipped(of)], dtype=int) for line, ways in told.items()}
        return {line: np.bincount(times // step, minlength=steps)[:steps].tolist() for line, times in left.items()}

    def record(self, seed: int, *, energy: bool = False) -> Record:
        """All that happened in a run: the same run as that of `results`, and slower.

        Args:
            seed: of the run.
            energy: whether meters are read: messages, so by SimPy, which takes many times as long.
        """
        if self.engine == "compiled" and not energy:
            if self._kept is None:
                self._kept = CompiledRun(
                    self.plant, self.window.end, seed=seed, start=self.start, window=self._counted, keep=True
                )
            else:
                self._kept.again(seed)
            return self._recorded(self._kept, self._kept, {})
        simulation = Simulation(self.plant, seed=seed, start=self.start, messages=energy)
        readings: dict[Node, list[Energy]] = {}
        end = self.start + self.window.end
        for upto in range(self.start, end, HOUR) if energy else ():  # so that messages don't pile up
            _read(simulation, upto, readings)
        _read(simulation, end, readings)
        return self._recorded(simulation, simulation.ledger, readings)

    def _recorded(self, run: Simulation | CompiledRun, ledger: Kept, energy: Mapping[Node, Sequence[Energy]]) -> Record:
        lines = self.plant.lines
        nodes = [node for line in lines for station in line.stations for node in line.machines(station)]
        return Record(
            start=self.start,
            results=summarise(run, *self._counted),
            intervals={node: ledger.allotted(node) for node in nodes},
            journeys=ledger.journeys(),
            passages={line.name: ledger.passages(line.name) for line in lines},
            orders={line.name: run.orders(line.name) for line in lines if line.arrivals.orders},
            energy=energy,
        )


def _shipped(of: Passage) -> bool:
    return of.good and not of.into and of.left is not None


def _read(simulation: Simulation, upto: int, readings: dict[Node, list[Energy]]) -> None:
    for node, message in simulation.advance(upto):
        if isinstance(message, Energy) and node.station is not None:
            readings.setdefault(node, []).append(message)


def replicate_once(plant: Plant, window: Window, start: int, seed: int, engine: str = "auto") -> Results:
    """Run the plant once and summarise the window."""
    return Model(plant, window, start, engine).results(seed)


def replicate(
    plant: Plant,
    window: Window,
    *,
    start: int,
    seed: int,
    replications: int,
    engine: str = "auto",
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
    model = Model(plant, window, start, engine)
    told: Iterator[Results] = map(model.results, seeds)
    if model.engine == "simpy":
        told = _map(partial(replicate_once, plant, window, start, engine="simpy"), seeds)
    results = []
    for done, result in enumerate(told, start=1):
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
