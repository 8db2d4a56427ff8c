"""Experiments from Python: in a notebook or a script, without files of results.

>>> from experiments import experiment, simulate
>>> line = {
...     "plant": "demo",
...     "lines": [{"name": "line", "stations": [
...         {"name": "OP10", "cycle_time": "exponential(10 s)"},
...         {"name": "OP20", "cycle_time": "exponential(10 s)", "buffer": 2},
...     ]}],
... }
>>> found = simulate(line, "2 h", warm_up="10 min", replications=3, jobs=1)
>>> found.figures["line"]["parts_out"] > 400
True
>>> found.array("throughput_per_s").shape
(3,)
>>> study = experiment(
...     {
...         "experiment": "buffers",
...         "run": {"for": "1 h", "warm_up": "10 min", "replications": 4},
...         "factors": {"lines.line.stations.OP20.buffer": [2, 8]},
...         "responses": ["throughput_per_s"],
...     },
...     plant=line, jobs=1,
... )
>>> [of.name for of in study.configurations]
['OP20.buffer=2', 'OP20.buffer=8']
>>> study.configurations[1].answers["throughput_per_s"].difference.mean > 0
True
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from experiments.conduct import conduct
from experiments.loading import prepare
from experiments.pools import Processes
from experiments.replications import Model, Window, pool, replicate_once, replication_seed
from experiments.responses import Response, answer, figure, parse_response
from experiments.study import Study
from plant.description import Plant
from plant.document import Document, read_document
from plant.loader import build_plant
from plant.time import DEFAULT_START, parse_duration

Described = Plant | Mapping[str, Any] | str | Path
"""A plant: read already, as a tree of values like that of a file, or the name of a file."""

JOURNEY = np.dtype(
    [
        ("part", "U80"), ("line", "U64"), ("station", "U64"), ("machine", np.int64), ("enter", np.int64),
        ("start", np.int64), ("finish", np.int64), ("leave", np.int64), ("outcome", "U8"),
    ]
)  # fmt: skip
"""A visit of a part to a station, times in µs since the start of the run, -1 where they are not yet."""


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Replications of a plant.

    Args:
        plant: what ran.
        window: what counts of each run.
        start: first instant of the runs, microseconds UTC.
        seed: of replication 0.
        results: figures of each replication by line, as in ``simulate --json``.
    """

    plant: Plant
    window: Window
    start: int
    seed: int
    results: Sequence[Mapping[str, Any]]

    @property
    def figures(self) -> dict[str, Any]:
        """Means over replications by line, with the half width of throughput: ``lines`` of ``simulate --json``."""
        return pool([dict(of) for of in self.results])

    def array(self, name: str) -> NDArray[np.float64]:
        """A response by replication, shape (replications,); not a number where it has no value.

        A KPI needs all that happened, so the replications run again for it.

        Raises:
            EntryError: the plant has no such response.
        """
        wanted = parse_response(name, self.plant)
        return np.array([np.nan if value is None else value for value in self._values(wanted)], dtype=np.float64)

    def _values(self, wanted: Response) -> list[float | None]:
        if not wanted.kpi:
            return [figure(results, wanted) for results in self.results]
        seeds = [replication_seed(self.seed, r) for r in range(len(self.results))]
        model = Model(self.plant, self.window, self.start)
        return [answer(model, (wanted,), seed)[wanted.name] for seed in seeds]

    def parts(self, replication: int = 0) -> NDArray[np.void]:
        """Visits of all parts to all stations in one replication, from the start of the run, of dtype `JOURNEY`.

        A row for each visit, line by line, in order of part and entering; ``pandas.DataFrame`` takes it as it is.
        """
        record = Model(self.plant, self.window, self.start).record(replication_seed(self.seed, replication))
        rows = [
            (
                of.part, of.line, of.station, of.machine, of.enter,
                *(-1 if time is None else time for time in (of.start, of.finish, of.leave)), of.outcome,
            )
            for of in record.journeys
        ]  # fmt: skip
        return np.array(rows, dtype=JOURNEY)


def simulate(
    plant: Described,
    duration: str | float,
    *,
    warm_up: str | float = 0,
    replications: int = 1,
    seed: int = 1,
    start: int = DEFAULT_START,
    jobs: int | None = None,
) -> Simulated:
    """Run a plant several times.

    Args:
        plant: a `Plant`, the tree of one, or a file.
        duration: what counts of each run: ``"8 h"``, or seconds.
        warm_up: what does not count before.
        replications: independent runs.
        seed: of the first one.
        start: first instant, microseconds UTC.
        jobs: processes; none: one for each core.

    Raises:
        PlantError: the plant is wrong, with all its problems.
        EntryError: a duration is none.
        SimulationError: the run cannot go on.
    """
    described = plant if isinstance(plant, Plant) else build_plant(_document(plant))
    window = Window(warm_up=parse_duration(warm_up), duration=parse_duration(duration))
    with Processes(jobs) as processes:
        seeds = [replication_seed(seed, r) for r in range(replications)]
        work = partial(replicate_once, described, window, start)
        found = dict(processes.map(work, seeds))
    results = [found[r] for r in range(replications)]
    return Simulated(plant=described, window=window, start=start, seed=seed, results=results)


def experiment(
    asked: Mapping[str, Any] | str | Path,
    *,
    plant: Mapping[str, Any] | str | Path | None = None,
    jobs: int | None = None,
    out: Path | None = None,
) -> Study:
    """Run an experiment.

    Args:
        asked: an experiment file, or a tree of values like that of one.
        plant: the plant, in place of the one that it names: a file, or a tree of values.
        jobs: processes; none: one for each core.
        out: folder for results.csv, summary.json and report.html, and for what is finished; none: nothing is written.

    Raises:
        PlantError: the experiment or its plant is wrong, with all problems.
        SimulationError: a run cannot go on.
    """
    given = dict(asked) if isinstance(asked, Mapping) else asked
    if isinstance(given, dict) and plant is not None:
        given.setdefault("plant", str(plant) if isinstance(plant, str | Path) else "plant")
    document = _document(given)
    text = yaml.safe_dump(given, sort_keys=False) if isinstance(given, dict) else _text(given)
    prepared = prepare(document, text, None if plant is None else _document(plant))
    return conduct(prepared, pool=Processes(jobs), folder=out)


def _document(given: Mapping[str, Any] | str | Path) -> Document:
    if isinstance(given, str | Path):
        return read_document(given)
    return Document(file="notebook", folder=Path(), tree=dict(given), lines={(): 0})


def _text(file: str | Path) -> str:
    return Path(file).read_text(encoding="utf-8-sig")
