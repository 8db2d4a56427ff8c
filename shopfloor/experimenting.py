"""The `experiment` command: a question in a file, its answer in a folder and on the terminal."""

import math
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from experiments.conduct import conduct
from experiments.designs import short_names, told
from experiments.loading import Prepared, load_experiment
from experiments.pools import Cluster, Pool, Processes
from experiments.running import Progress as Done
from experiments.study import Answer, Search, Study
from plant.errors import InputError
from plant.time import format_duration
from plant.units import symbol
from shopfloor.offline import chosen_engine

ROWS = 40  # configurations in the table on the terminal, at most


@dataclass(frozen=True, kw_only=True, slots=True)
class ExperimentSettings:
    """What the command was told.

    Args:
        file: the experiment.
        jobs: processes; none: one for each core.
        cluster: address of a Ray cluster, in place of processes.
        out: folder for the answer; none: one called as the experiment, here.
        engine: which engine runs the model.
    """

    file: Path
    jobs: int | None = None
    cluster: str | None = None
    out: Path | None = None
    engine: str = "auto"


def run_experiment(settings: ExperimentSettings, console: Console, errors: Console) -> Study:
    """Run an experiment, or what is left of it; write results.csv, summary.json and report.html.

    Raises:
        InputError: the file, a flag or the folder is wrong.
        SimulationError: a run cannot go on.
        KeyboardInterrupt: it was stopped; what is finished is kept.
    """
    prepared = load_experiment(settings.file)
    chosen_engine(prepared.described.plant, settings.engine, errors)
    pool = _pool(settings)
    folder = settings.out or Path(f"{prepared.experiment.experiment}-results")
    study = _conducted(prepared, pool, folder, errors, settings.engine)
    print_study(study, console)
    console.print(f"{folder}: results.csv, summary.json, report.html", highlight=False, markup=False, soft_wrap=True)
    return study


def _pool(settings: ExperimentSettings) -> Pool:
    if settings.cluster is None:
        return Processes(settings.jobs)
    if settings.jobs is not None:
        raise InputError("--on: the cluster says how much runs at once; allowed: --on or --jobs")
    if settings.cluster != "auto" and not settings.cluster.startswith("ray://"):
        raise InputError(f"--on: {settings.cluster!r} is no cluster; allowed: ray://HOST:10001, or auto")
    return Cluster(settings.cluster)


def _conducted(prepared: Prepared, pool: Pool, folder: Path, errors: Console, engine: str) -> Study:
    columns = (TextColumn("[progress.description]{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=errors, transient=True, disable=not errors.is_terminal
    ) as bar:
        task = bar.add_task("replications", total=None)
        done = Done(lambda done, total: bar.update(task, completed=done, total=total))
        try:
            return conduct(prepared, pool=pool, folder=folder, progress=done, engine=engine)
        except KeyboardInterrupt:
            bar.stop()
            errors.print(
                f"stopped: what is finished is kept in {folder}; the same command goes on from there",
                highlight=False, soft_wrap=True,
            )  # fmt: skip
            raise


def print_study(study: Study, console: Console) -> None:
    """Print what an experiment found: means and half widths, differences to the baseline, and which are the best."""
    finalists = None if study.search is None else {*study.search.finalists, *study.search.front}
    shown = [of for of in study.configurations if of.baseline or finalists is None or of.name in finalists]
    for name in study.responses:
        unit = symbol(study.units[name])
        table = Table(title=f"{name}{f' in {unit}' if unit else ''}", title_justify="left", box=None, pad_edge=False)
        table.add_column("")
        table.add_column("mean", justify="right")
        table.add_column("difference", justify="right")
        for of in shown[:ROWS]:
            also = ", baseline" if of.baseline and of.name != "baseline" else ""
            table.add_row(of.name + also, *_cells(of.answers[name]))
        console.print(table)
    if (more := len(study.configurations) - len(shown[:ROWS])) > 0:
        console.print(f"and {more} more in results.csv", highlight=False)
    if study.search is not None:
        console.print(_chosen(study, study.search), highlight=False, markup=False)
    console.print(
        f"± half width of the 95 % interval; differences share 95 % among {study.comparisons}; "
        "* the difference is there; ▲ best mean; △ cannot be told from the best",
        highlight=False, markup=False,
    )  # fmt: skip
    cut = f"warm-up {format_duration(study.warm_up.cut)}" + (" by MSER-5" if study.warm_up.rule == "mser-5" else "")
    if not study.warm_up.enough:
        cut += ": the runs are too short for it; nothing was cut (a longer run.for, or a warm_up of your own)"
    console.print(f"{cut}; seed {study.seed}, engine {study.engine}", highlight=False, markup=False)


def _chosen(study: Study, search: Search) -> str:
    """The answer of a search: what it changes, and how sure it is the best finalist."""
    chosen = next(of for of in study.configurations if of.name == search.chosen)
    standing = {} if study.baseline is None else study.baseline.settings
    words = short_names(set(chosen.settings))
    changed = [
        f"{words[path]} = {told(value)}" for path, value in chosen.settings.items() if value != standing.get(path)
    ]
    return (
        f"answer: {search.chosen}: {', '.join(changed) or 'the plant as it stands'}; "
        f"the best of {len(search.finalists)} finalists with {search.correct:.0%}, after {search.runs} replications"
    )


def _cells(answer: Answer) -> tuple[str, str]:
    """Mean with its half width and marks; difference with its own."""
    if answer.mean is None:
        return "none  ", ""
    mark = " ▲" if answer.best else " △" if answer.in_best else "  "
    mean = _within(answer.mean, answer.half_width) + mark
    difference = answer.difference
    if difference is None:
        return mean, ""
    return mean, f"{_within(difference.mean, difference.half_width, '+')}{' *' if difference.distinct else '  '}"


def _within(value: float, half_width: float | None, sign: str = "") -> str:
    """As many digits as the interval allows."""
    if not half_width:
        return f"{value:{sign}.4g}" + ("" if half_width is None else " ± 0")
    digits = max(0, min(9, 1 - math.floor(math.log10(half_width))))
    return f"{value:{sign}.{digits}f} ± {half_width:.{digits}f}"
