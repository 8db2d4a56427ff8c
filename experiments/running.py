"""Running replications of configurations: what is not finished yet goes to the pool, and is kept as it comes.

Replication r of every configuration has the same seed, so all of them see the same draws: common random numbers.
"""

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from experiments.pools import Pool
from experiments.progress_file import Finished
from experiments.replications import Model, Window, replication_seed
from experiments.responses import Response, Values, answer
from plant.description import Plant

LONGEST = 10  # replications in a piece of work
PIECES = 8  # pieces for each worker, at least, where there are so many replications


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Replications of one configuration for one worker.

    Args:
        plant: the description, pickled: it goes to several workers several times.
        of: key under which results are kept.
        replications: which ones.
        seed: of replication 0.
        start: first instant of the runs, microseconds UTC.
        window: what counts.
        responses: what is looked at; none: parts out by step.
        step: of these, in µs.
        engine: which one runs the model.
    """

    plant: bytes
    of: str
    replications: tuple[int, ...]
    seed: int
    start: int
    window: Window
    responses: tuple[Response, ...]
    step: int = 0
    engine: str = "auto"


def work_off(piece: Piece) -> list[Any]:
    """What is found in each replication of a piece."""
    plant = _plant(piece.plant)
    seeds = [replication_seed(piece.seed, r) for r in piece.replications]
    model = Model(plant, piece.window, piece.start, piece.engine)
    if piece.step:
        return [model.departures(piece.step, seed) for seed in seeds]
    return [answer(model, piece.responses, seed) for seed in seeds]


@lru_cache(maxsize=64)
def _plant(pickled: bytes) -> Plant:
    plant: Plant = pickle.loads(pickled)  # noqa: S301 our own
    return plant


class Progress:
    """How many replications are done, and how many there will be at least.

    Args:
        told: called with both whenever one of them changes.
    """

    def __init__(self, told: Callable[[int, int], None] = lambda _, __: None) -> None:
        self._told = told
        self.done = 0
        self.total = 0

    def expect(self, more: int) -> None:
        """More are to come."""
        self.total += more
        self._told(self.done, self.total)

    def add(self, done: int = 1) -> None:
        """Some are done."""
        self.done += done
        self._told(self.done, max(self.done, self.total))


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Replications of plants, on one pool, kept in one place.

    Args:
        pool: where they run.
        finished: what is done.
        seed: of replication 0.
        start: first instant of the runs, microseconds UTC.
        responses: what is looked at.
        progress: is told.
        engine: which one runs the model; results don't depend on it.
        apart: of what these results are, if responses differ from those of other runs in the same place.
    """

    pool: Pool
    finished: Finished
    seed: int
    start: int
    responses: tuple[Response, ...]
    progress: Progress
    engine: str = "auto"
    apart: str = ""

    def answers(self, window: Window, wanted: Sequence[tuple[Plant, Iterable[int]]]) -> list[list[Values]]:
        """Answers of some replications of each plant, in their order."""
        return self._found(window, wanted, 0)

    def departures(
        self, until: int, step: int, wanted: Sequence[tuple[Plant, Iterable[int]]]
    ) -> list[list[Mapping[str, list[int]]]]:
        """Good parts out by line and step of some replications of each plant, from the beginning of each run."""
        return self._found(Window(warm_up=0, duration=until), wanted, step)

    def _found(self, window: Window, wanted: Sequence[tuple[Plant, Iterable[int]]], step: int) -> list[list[Any]]:
        asked = [(plant, self._key(plant, window, step), list(replications)) for plant, replications in wanted]
        fresh: dict[str, tuple[Plant, list[int]]] = {}
        for plant, of, replications in asked:
            _, own = fresh.setdefault(of, (plant, []))
            own += [r for r in replications if r not in own and self.finished.get(of, r) is None]
        self._run(window, fresh, step)
        return [[self.finished.get(of, r) for r in replications] for _, of, replications in asked]

    def _key(self, plant: Plant, window: Window, step: int) -> str:
        """What a result belongs to: the same plant again is not run again."""
        run = plant.run_id(self.seed, self.start)
        told = [run, window.warm_up, window.duration, *([step] if step else []), *([self.apart] if self.apart else [])]
        return " ".join(map(str, told))

    def _run(self, window: Window, fresh: Mapping[str, tuple[Plant, list[int]]], step: int) -> None:
        todo = sum(len(replications) for _, replications in fresh.values())
        longest = max(1, min(LONGEST, todo // (PIECES * self.pool.workers)))
        pieces = []
        for of, (plant, replications) in fresh.items():
            pickled = pickle.dumps(plant) if replications else b""
            pieces += [
                Piece(
                    plant=pickled, of=of, replications=tuple(replications[k : k + longest]), seed=self.seed,
                    start=self.start, window=window, responses=self.responses, step=step, engine=self.engine,
                )
                for k in range(0, len(replications), longest)
            ]  # fmt: skip
        for number, found in self.pool.map(work_off, pieces):
            for replication, one in zip(pieces[number].replications, found, strict=True):
                self.finished.add(pieces[number].of, replication, one)
                self.progress.add()
