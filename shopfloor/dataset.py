"""The `dataset` command: a run as labelled tables in Parquet, the same bytes for the same plant, seed and start."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from plant.description import Plant
from plant.errors import InputError, StoreError, did_you_mean, shown
from plant.messages import Emission, Tag
from plant.paths import Node
from plant.time import DAY, HOUR
from shopfloor.card import CARDS, Balance, Card, Stored, as_json, digest, page, write_card
from shopfloor.facts import Energies, Events, Measurements, Parts, Row, Window
from shopfloor.labels import Faults, Lives, balance
from shopfloor.samples import Samples
from shopfloor.schema import RULES, TABLES, TELEMETRY
from shopfloor.settings import DatasetSettings
from shopfloor.tags import TagChoice, machines_of
from simulators import Simulation, TrueValue
from twin import GrowingTables

PLANT = "plant.json"
WAITING = ".waiting"
OURS = (TELEMETRY, *(f"{name}.parquet" for name in (*TABLES, *RULES)), PLANT, WAITING, *CARDS)
"""What a data set consists of; nothing else in its folder is ever touched."""

HORIZONS = (HOUR, 8 * HOUR, DAY, 7 * DAY)


def write_dataset(settings: DatasetSettings, console: Console) -> str:
    """Write a data set into a folder; its card comes last, so that what has none is no data set.

    Returns:
        What is there, for people.

    Raises:
        InputError: there is no such line or tag, or the folder is in use.
        StoreError: there is no room for it, for instance. What was written is deleted then, and after Ctrl-C.
    """
    wanted = _wanted(settings.plant, settings.line)
    simulation = Simulation(settings.plant, seed=settings.seed, start=settings.start, truth=True, keep=False)
    simulation.true_values()  # kept from now on
    nodes = [node for line in settings.plant.lines for station in line.stations for node in line.machines(station)]
    births = machines_of(simulation.births(), (node for node in nodes if wanted(node)))
    choice = TagChoice.read(settings.tags, births)
    machines = {node: (meta.type, choice.of(node, meta)) for node, meta in births.items()}
    window = Window(begin=settings.begin, end=settings.end, wanted=wanted)
    with emptied(settings.out, force=settings.force) as folder, GrowingTables(folder / WAITING) as tables:
        writing = _Writing(
            settings=settings, simulation=simulation, window=window, machines=machines, tables=tables, folder=folder
        )
        with _progress(console, settings.end - settings.start) as tell:
            writing.run(tell)
        (folder / PLANT).write_text(_described(settings.plant), encoding="utf-8", newline="\n")
        card = writing.card()
    told = as_json(card)
    write_card(folder, told, page(told))
    size = sum(file.size for file in card.files) / 1e6
    rows = sum(table.rows for table in card.tables)
    return f"{settings.out}: {rows:,} rows in {len(card.files)} files, {size:,.1f} MB; see {CARDS[0]}"


class _Writing:
    """A run on its way into files."""

    def __init__(
        self,
        *,
        settings: DatasetSettings,
        simulation: Simulation,
        window: Window,
        machines: dict[Node, tuple[str, dict[str, Tag]]],
        tables: GrowingTables,
        folder: Path,
    ) -> None:
        self._settings = settings
        self._simulation = simulation
        self._window = window
        self._machines = machines
        self._tables = tables
        self._folder = folder
        self._samples = Samples(tables, folder, simulation.run, window, machines)
        self._events = Events(window=window)
        self._parts = Parts(window=window)
        self._measurements = Measurements(window=window)
        self._energies = Energies(window=window)
        self._faults = Faults(window=window)
        self._lives = Lives(window=window, plant=settings.plant)
        self._growing: dict[str, list[Row]] = {
            "events": self._events.rows,
            "parts": self._parts.rows,
            "quality": self._measurements.rows,
            "energy": self._energies.rows,
        }
        self._readers: dict[str, tuple[Callable[[Node, Any], None], ...]] = {  # by kind of message
            "telemetry": (self._samples.telemetry,),
            "state": (self._events.state, self._lives.state),
            "alarm": (self._events.alarm, self._lives.alarm),
            "truth": (self._faults.truth,),
            "order": (self._events.order,),
            "part": (self._parts.part,),
            "quality": (self._measurements.quality,),
            "energy": (self._energies.energy,),
        }

    def run(self, tell: Callable[[int], None]) -> None:
        """Simulate and write, hour by hour: neither messages nor rows pile up."""
        for name, table in TABLES.items():
            self._tables.begin(name, table.kinds)
        simulation, block = self._simulation, self._settings.plant.telemetry.block
        step = max(block, HOUR // block * block)
        last = -(-self._window.end // block) * block  # a block is told at its end
        while simulation.now < last:
            to = min((simulation.now // step + 1) * step, last)
            self._read(simulation.advance(to))
            self._compare(simulation.true_values())
            self._samples.settle()
            self._settle()
            tell(to - self._settings.start)
        self._close()

    def _read(self, emissions: list[Emission]) -> None:
        end, readers = self._window.end, self._readers
        for node, message in emissions:
            if message.ts < end or message.kind == "telemetry":
                for read in readers.get(message.kind, ()):
                    read(node, message)

    def _compare(self, values: list[tuple[Node, TrueValue]]) -> None:
        """Keep true values beside faulty readings."""
        start, window = self._settings.start, self._window
        self._tables.append(
            "truth_values",
            [
                (start + of.time, node.path, of.tag, of.true, of.shown, of.code)
                for node, of in values
                if window.wanted(node) and window.begin <= start + of.time < window.end and self._tells(node, of.tag)
            ],
        )

    def _tells(self, node: Node, tag: str) -> bool:
        return node in self._machines and tag in self._machines[node][1]

    def _settle(self) -> None:
        for name, rows in self._growing.items():
            self._tables.append(name, rows)
            rows.clear()

    def _close(self) -> None:
        self._samples.close()
        self._events.close()
        self._parts.close()
        self._settle()
        self._tables.append("truth_faults", self._faults.close(self._detections()))
        self._tables.append("truth_rul", self._lives.close())

    def _detections(self) -> dict[str, int]:
        """From when on faults showed, as far as the data go."""
        start, end = self._settings.start, self._window.end
        return {name: start + at for name, at in self._simulation.detections().items() if start + at < end}

    def card(self) -> Card:
        """Write the tables that are one file each, and say what there is."""
        labels = Balance(
            states=dict(sorted(self._events.share.items())),
            faults=self._tables.groups("truth_faults", "layer", "what", "planned"),
            parts=self._tables.groups("parts", "outcome"),
            quality=self._tables.groups("quality", "ok"),
            lives=len(self._lives.rows),
            ended=sum(row[5] is None for row in self._lives.rows),
            horizons=balance(self._lives.rows, HORIZONS),
        )
        rows = dict(self._samples.files)
        for name in TABLES:
            file = f"{name}.parquet"
            rows[file] = self._tables.store(name, self._folder / file, {"run": self._simulation.run})
        files = [digest(self._folder, name, count) for name, count in sorted(rows.items())]
        files.append(digest(self._folder, PLANT, None))
        return Card(
            settings=self._settings,
            run=self._simulation.run,
            machines=self._machines,
            tables=[
                *(Stored(name=f"{TELEMETRY}/{kind}", rows=n) for kind, n in sorted(self._samples.rows.items())),
                *(Stored(name=name, rows=rows[f"{name}.parquet"]) for name in TABLES),
            ],
            files=files,
            labels=labels,
        )


def _wanted(plant: Plant, line: str | None) -> Callable[[Node], bool]:
    """Whether a node is told of."""
    if line is None:
        return lambda _: True
    names = [of.name for of in plant.lines]
    if line not in names:
        hint = did_you_mean(line, names)
        raise InputError(
            f"--line: there is no line {shown(line)}; allowed: {', '.join(names)}" + (f" ({hint})" if hint else "")
        )
    return lambda node: node.line == line


def _described(plant: Plant) -> str:
    told = plant.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


@contextmanager
def emptied(out: Path, *, force: bool) -> Iterator[Path]:
    """The folder of a data set; whatever goes wrong, nothing half done stays in it."""
    try:
        if out.exists() and not out.is_dir():
            raise InputError(f"--out: {out} is a file; allowed is a folder")
        if out.is_dir() and any(out.iterdir()) and not force:
            raise InputError(
                f"--out: {out} is not empty; allowed: a new or empty folder, or --force, which replaces a data set"
            )
        out.mkdir(parents=True, exist_ok=True)
        _clear(out)
    except OSError as error:
        raise InputError(f"--out: {out} cannot be used: {error.strerror or error}") from error
    try:
        yield out
        shutil.rmtree(out / WAITING, ignore_errors=True)
    except OSError as error:
        _clear(out)
        raise StoreError(f"{out}: the data set cannot be written: {error.strerror or error}") from error
    except BaseException:
        _clear(out)
        raise


def _clear(folder: Path) -> None:
    """Delete a data set, the card first, and nothing else."""
    for name in reversed(OURS):
        place = folder / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """How far the plant time has come, on a terminal."""
    columns = (TextColumn("plant time"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("plant time", total=total)
        yield lambda done: bar.update(task, completed=min(done, total))
