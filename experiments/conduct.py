"""An experiment from its file to its answer."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from experiments.answers import Tried, configurations
from experiments.description import Design
from experiments.limits import changes, effects, limiting
from experiments.loading import Candidate, Prepared
from experiments.optimisation import Task
from experiments.pools import Pool
from experiments.progress_file import Finished
from experiments.replications import Model, Window, replication_seed
from experiments.report import write
from experiments.responses import parse_response
from experiments.running import Progress, Runs
from experiments.searching import Searching
from experiments.stopping import FEWEST, enough
from experiments.study import Bottleneck, Effect, Search, Setting, Study, WarmUp
from experiments.warm_up import mser5
from plant.description import Line
from plant.errors import InputError
from plant.time import DEFAULT_START, SECOND
from simulators import choose

USUAL = 20  # replications, if the file does not say how many
MORE = 5  # replications between two looks whether they are enough
POINTS = 300  # of the series that tells when a run has warmed up
PILOTS = 5  # replications of it
PILOTED = 4  # configurations that are looked at for it
LONGER = (1, 2, 4)  # times the duration, until the series is long enough


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """An experiment while it runs.

    Args:
        prepared: what is asked.
        runs: where replications come from.
    """

    prepared: Prepared
    runs: Runs

    def study(self) -> tuple[list[Tried], Study]:
        """What was tried, and the answer."""
        of = self.prepared.experiment
        warm_up = self._warm_up()
        window = Window(warm_up=warm_up.cut, duration=of.run.duration)
        tried = self._design(window)
        search = None
        if self.prepared.task is not None:
            tried, search = self._search(self.prepared.task, window, tried)
        comparisons = max(1, sum(of.compared for of in tried) - 1)
        sensitivity = self._sensitivity(window) if of.sensitivity else ()
        return tried, Study(
            name=of.experiment,
            plant=self.prepared.described.plant.plant,
            run=self.prepared.candidates[0].plant.run_id(of.seed, self.runs.start),
            seed=of.seed,
            engine=choose(self.prepared.described.plant, self.runs.engine).engine,
            duration=of.run.duration,
            warm_up=warm_up,
            design=str(of.design) if isinstance(of.design, Design) else "named scenarios",
            factors=tuple(of.factors) or self.prepared.paths,
            responses=tuple(response.name for response in self.prepared.responses),
            better={response.name: response.better for response in self.prepared.responses},
            units={response.name: response.unit for response in self.prepared.responses},
            configurations=configurations(tried, self.prepared.responses, comparisons),
            comparisons=comparisons,
            sensitivity=sensitivity,
            bottleneck=self._bottleneck(window, sensitivity),
            search=search,
            file=self.prepared.text,
            title=of.title,
            as_it_stands=not of.baseline,
            version=version("shopfloor"),
        )

    # --- the beginning of runs -----------------------------------------------------------------------------------

    def _warm_up(self) -> WarmUp:
        """What is cut: the same of all configurations, by the one that takes longest of a few."""
        of = self.prepared.experiment
        if of.run.warm_up.time is not None:
            return WarmUp(cut=of.run.warm_up.time, rule="fixed")
        chosen = _spread(self.prepared.candidates, PILOTED)
        found: list[WarmUp] = []
        for times in LONGER:
            step = max(SECOND, of.run.duration * times // POINTS)
            self.runs.progress.expect(len(chosen) * PILOTS)
            wanted = [(candidate.plant, range(PILOTS)) for candidate in chosen]
            told = self.runs.departures(step * POINTS, step, wanted)
            found = [_cut(self._pooled(series), step) for series in told]
            if all(one.enough for one in found):
                break
        return max(found, key=lambda one: (not one.enough, one.cut))

    def _pooled(self, replications: Sequence[Mapping[str, Sequence[int]]]) -> tuple[float, ...]:
        """Mean over replications of the parts out of the lines that are looked at, step by step."""
        lines = {response.line for response in self.prepared.responses}
        columns = zip(*(told[line] for told in replications for line in sorted(lines)), strict=True)
        return tuple(sum(column) / len(replications) for column in columns)

    # --- the design ----------------------------------------------------------------------------------------------

    def _design(self, window: Window) -> list[Tried]:
        """All configurations, with the same replications of each."""
        run = self.prepared.experiment.run
        if run.until is None:
            return self._tried(window, run.replications or USUAL)
        count = min(FEWEST, run.until.at_most)
        while True:
            tried = self._tried(window, count)
            if count >= run.until.at_most or self._known_well(tried, run.until.half_width):
                return tried
            count = min(count + MORE, run.until.at_most)

    def _known_well(self, tried: Sequence[Tried], share: float) -> bool:
        """Whether every mean is known well enough; one that some replication has no value of never is."""
        for of in tried:
            for response in self.prepared.responses:
                values = [of.values[r][response.name] for r in of.numbers]
                known = [value for value in values if value is not None]
                if len(known) < len(values) or not enough(known, share):
                    return False
        return True

    def _tried(self, window: Window, count: int) -> list[Tried]:
        candidates = self.prepared.candidates
        self.runs.progress.expect(len(candidates) * count - self.runs.progress.done)
        found = self.runs.answers(window, [(of.plant, range(count)) for of in candidates])
        return [
            Tried(
                name=of.name, settings=self._settings(of), values=dict(enumerate(values)), baseline=k == 0
            )
            for k, (of, values) in enumerate(zip(candidates, found, strict=True))
        ]

    # --- the search, and what limits the line --------------------------------------------------------------------

    def _search(self, task: Task, window: Window, tried: list[Tried]) -> tuple[list[Tried], Search]:
        """The baseline runs what the finalists run, so that each is compared with it on the same streams."""
        searching = Searching(prepared=self.prepared, task=task, runs=self.runs, window=window)
        outcome = searching.outcome()
        found = searching.tried(outcome)
        fresh = sorted({r for of in found if of.compared for r in of.counted or ()} - set(tried[0].values))
        self.runs.progress.expect(len(fresh))
        (more,) = self.runs.answers(window, [(self.prepared.candidates[0].plant, fresh)])
        standing = {of.path: searching.standing(of.path) for of in task.space.variables}
        baseline = replace(
            tried[0],
            settings={**standing, **tried[0].settings},
            values={**tried[0].values, **dict(zip(fresh, more, strict=True))},
        )
        return [baseline, *tried[1:], *found], searching.told(outcome, found)

    @property
    def _line(self) -> Line:
        """The line that is looked at first."""
        return self.prepared.candidates[0].plant.line(self.prepared.responses[0].line)

    def _sensitivity(self, window: Window) -> tuple[Effect, ...]:
        plant, line = self.prepared.candidates[0].plant, self._line
        name = f"{line.name}.throughput_per_s"
        runs = replace(self.runs, responses=(parse_response(name, plant),), apart="sensitivity")
        changed = list(changes(plant, line))
        replications = range(self.prepared.experiment.sensitivity)
        self.runs.progress.expect(len(replications) * (len(changed) + 1))
        wanted = [(of, replications) for of in (plant, *(change.plant for change in changed))]
        told = [[values[name] or 0.0 for values in of] for of in runs.answers(window, wanted)]
        return effects(changed, told[1:], told[0])

    def _bottleneck(self, window: Window, sensitivity: Sequence[Effect]) -> Bottleneck | None:
        plant, seed = self.prepared.candidates[0].plant, self.prepared.experiment.seed
        record = Model(plant, window, self.runs.start, self.runs.engine).record(replication_seed(seed, 0))
        return limiting(plant, self._line, window, record, sensitivity)

    def _settings(self, of: Candidate) -> dict[str, Setting]:
        """What a configuration has at each path that any of them sets."""
        standing = self.prepared.described.standing
        return {path: of.settings[path] if path in of.settings else standing(path) for path in self.prepared.paths}


def _spread(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The first, the last and some between."""
    last = len(candidates) - 1
    return [candidates[k] for k in sorted({last * i // max(1, most - 1) for i in range(most)})]


def _cut(series: tuple[float, ...], step: int) -> WarmUp:
    found = mser5(series)
    return WarmUp(cut=found.index * step, rule="mser-5", step=step, series=series, enough=found.enough)


def conduct(
    prepared: Prepared,
    *,
    pool: Pool,
    folder: Path | None = None,
    start: int = DEFAULT_START,
    progress: Progress | None = None,
    engine: str = "auto",
) -> Study:
    """Run an experiment, or what is left of it.

    Args:
        prepared: what is asked.
        pool: where replications run.
        folder: where finished ones are kept, and the results; none: nowhere.
        start: first instant of the runs, microseconds UTC.
        progress: is told.
        engine: which one runs the model; the results don't depend on it.

    Raises:
        EntryError: there is no such engine, or it cannot express the plant.
        InputError: the folder holds results of another experiment.
        SimulationError: a run cannot go on.
    """
    with Finished(folder, identity(prepared, start)) as finished, pool:
        runs = Runs(
            pool=pool, finished=finished, seed=prepared.experiment.seed, start=start,
            responses=prepared.responses, progress=progress or Progress(), engine=engine,
        )  # fmt: skip
        tried, study = Conduct(prepared=prepared, runs=runs).study()
    if folder is not None:
        write_results(tried, study, folder / "results.csv")
        write_summary(study, folder / "summary.json")
        write(study, folder / "report.html")
    return study


def identity(prepared: Prepared, start: int) -> dict[str, str]:
    """What the results of an experiment depend on."""
    return {
        "experiment file": hashlib.blake2b(prepared.text.encode(), digest_size=8).hexdigest(),
        "plant file": prepared.described.plant.run_id(prepared.experiment.seed, start),
        "version": version("shopfloor"),
    }


def write_results(tried: Sequence[Tried], study: Study, file: Path) -> None:
    """Write a row per configuration and replication: its name, number, seed, settings and responses.

    Raises:
        InputError: the file cannot be written.
    """
    paths = list(dict.fromkeys(path for of in tried for path in of.settings))
    try:
        with file.open("w", newline="", encoding="utf-8") as out:
            rows = csv.writer(out, lineterminator="\n")
            rows.writerow(["configuration", "replication", "seed", *paths, *study.responses])
            for of in tried:
                settings = [_cell(of.settings.get(path)) for path in paths]
                for r in sorted(of.values):
                    values = [_cell(of.values[r][name]) for name in study.responses]
                    rows.writerow([of.name, r, replication_seed(study.seed, r), *settings, *values])
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error


def _cell(value: Setting) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


def write_summary(study: Study, file: Path) -> None:
    """Write a study as JSON.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        file.write_text(json.dumps(plain(study), indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error


def plain(study: Study) -> dict[str, Any]:
    """A study as a tree of plain values."""
    return asdict(study)
