"""The `simulate` command: as fast as it can be, no wall clock anywhere."""

import csv
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from broker import Numbering
from experiments import Window, pool, replicate
from plant.description import Plant
from plant.errors import EntryError, InputError
from plant.messages import Delivery
from plant.states import State
from plant.time import MINUTE, SECOND
from shopfloor.faulty import carried, link_of
from shopfloor.run_picture import WIDTH, draw
from shopfloor.settings import OfflineSettings
from shopfloor.trends import record
from simulators import Engine, Journey, Simulation, choose
from simulators.engines import compiled_run


def chosen_engine(plant: Plant, wanted: str, console: Console) -> Engine:
    """The engine that is wanted, or the fastest that can express the plant; says why if that is not the compiled one.

    Raises:
        InputError: there is no such engine, or it cannot run this plant.
    """
    try:
        choice = choose(plant, wanted)
    except EntryError as wrong:
        raise InputError(f"--engine: {wrong.found}; allowed is {wrong.allowed}") from None
    if choice.engine == "simpy" and choice.why:
        console.print(f"engine: simpy, as {choice.why}", highlight=False)
    return choice.engine


def run_offline(settings: OfflineSettings, console: Console) -> dict[str, Any]:
    """The results of `simulate --json`: means over replications, shares of machine time, half width at 95 %."""
    window = Window(warm_up=settings.warm_up, duration=settings.duration)
    columns = (TextColumn("[progress.description]{task.description}"), BarColumn(), MofNCompleteColumn())
    quiet = not console.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task("replications", total=settings.replications)
        results = replicate(
            settings.plant,
            window,
            start=settings.start,
            seed=settings.seed,
            replications=settings.replications,
            engine=settings.engine,
            progress=lambda done: bar.update(task, completed=done),
        )
    return {
        "plant": settings.plant.plant,
        "run": settings.plant.run_id(settings.seed, settings.start),
        "seed": settings.seed,
        "engine": settings.engine,
        "warm_up_s": settings.warm_up / SECOND,
        "duration_s": settings.duration / SECOND,
        "replications": settings.replications,
        "lines": pool(results),
    }


def write_messages(settings: OfflineSettings, file: Path) -> None:
    """Write every message of the run as a line ``topic TAB payload``, in the order in which they arrive.

    Raises:
        InputError: the file cannot be written.
    """
    plant = settings.plant
    simulation = Simulation(plant, seed=settings.seed, start=settings.start, keep=False)
    numbering = Numbering(plant.enterprise, plant.plant, run=simulation.run, session=1)
    link = link_of(plant, seed=settings.seed, start=settings.start)
    end = settings.start + settings.warm_up + settings.duration
    with _writing(file).open("wb") as out:
        while simulation.now < end:
            emissions = simulation.advance(min(simulation.now + MINUTE, end))
            sent = [delivery for node, message in emissions for delivery in numbering.number(node, message)]
            out.writelines(map(_line, carried(link, sent)))
        out.writelines(map(_line, link.close() if link else ()))


def _line(delivery: Delivery) -> bytes:
    return delivery.topic.encode() + b"\t" + delivery.payload + b"\n"


def write_parts(settings: OfflineSettings, file: Path) -> None:
    """Write a row per part and machine, times in integer microseconds since the start of the run, empty where not yet.

    Raises:
        InputError: the file cannot be written.
    """
    visits = _journeys(settings)
    with _writing(file).open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("part", "station", "machine", "enter", "start", "finish", "leave"))
        for j in visits:
            rows.writerow((j.part, j.station, j.machine, j.enter, j.start, j.finish, j.leave))


def _journeys(settings: OfflineSettings) -> list[Journey]:
    until = settings.warm_up + settings.duration
    if settings.engine == "compiled":
        return compiled_run(settings.plant, until, seed=settings.seed, start=settings.start, keep=True).journeys()
    simulation = Simulation(settings.plant, seed=settings.seed, start=settings.start, messages=False, telemetry=False)
    simulation.advance(settings.start + until)
    return simulation.ledger.journeys()


def picture_file(file: Path | None, tags: str | None) -> Path | None:
    """The file of a picture, if one is wanted, before anything is run for it.

    Raises:
        InputError: it is no SVG file, or tags are given without it.
    """
    if file is None and tags is not None:
        raise InputError("--tags: is for the picture; allowed with --plot FILE.svg")
    if file is not None and file.suffix.lower() != ".svg":
        raise InputError(f"--plot: {file} is no SVG file; allowed is FILE.svg, which browsers show and print")
    return file


def write_picture(settings: OfflineSettings, file: Path, tags: str | None, results: dict[str, Any]) -> None:
    """Draw states of the machines and tags over time; without `tags` those of the station that works most.

    Raises:
        InputError: there is no such tag, or the file cannot be written.
    """

    def busiest() -> tuple[str, str]:
        stations = [
            (of["share"].get(State.PROCESSING.value, 0.0), line, name)
            for line, told in results["lines"].items()
            for name, of in told["stations"].items()
        ]
        _, line, station = max(stations, key=itemgetter(0))
        return line, station

    picture = draw(record(settings, tags, busiest, WIDTH))
    _writing(file).write_text(picture, encoding="utf-8", newline="\n")


def _writing(file: Path) -> Path:
    try:
        file.touch()
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error
    return file
