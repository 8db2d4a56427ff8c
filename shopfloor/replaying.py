"""The `replay` command: a recorded line sends its events over MQTT, and the twin says what it makes of them."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from broker import (
    PREFIX,
    CellRecording,
    Identity,
    MqttBus,
    Numbering,
    Publisher,
    Recording,
    Spool,
    embedded_broker,
    read_cell,
    read_recording,
)
from dashboards import bind, create_app, serve
from plant.clock import Clock, SimulatedClock, WallClock
from plant.description import Plant
from plant.errors import InputError, StoreError
from plant.messages import Emission
from plant.time import SECOND
from shopfloor import __version__
from shopfloor.cell_report import make_cell_report, spread, time_in_state
from shopfloor.continuation import RunBook, RunRecord
from shopfloor.keeping import keep_plant
from shopfloor.pacing import listen
from shopfloor.settings import LOOPBACK
from twin import Twin, open_twin
from twin.stays import Stays

PATIENCE = 30.0
AnyRecording: TypeAlias = Recording | CellRecording


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplaySettings:
    """How a recording is replayed.

    Args:
        logs: the recording; several only with a mapping.
        plant: description of the line that was recorded.
        mapping: what the data items of MTConnect logs mean; none: the log is a CSV file of events.
        speed: seconds of the recording per second; none: as fast as possible.
        broker: URL of a broker to use; none: start one.
        data: folder that keeps journal and historian; none: nothing is kept.
        port: serve the page on this port until stopped; none: no page, the report alone.
    """

    logs: tuple[Path, ...]
    plant: Plant
    mapping: Path | None = None
    speed: float | None = None
    broker: str | None = None
    data: Path | None = None
    port: int | None = None


def run_replay(settings: ReplaySettings, console: Console) -> dict[str, Any]:
    """Replay a recording over MQTT and give the twin's report of it."""
    recording: AnyRecording
    if settings.mapping is not None:
        recording = read_cell(settings.logs, settings.plant, settings.mapping)
    elif len(settings.logs) == 1:
        recording = read_recording(settings.logs[0], settings.plant)
    else:
        raise InputError(f"{settings.logs[1]}: a second log needs --map FILE, the mapping of MTConnect logs")
    return asyncio.run(_replay(settings, recording, console))


async def _replay(settings: ReplaySettings, recording: AnyRecording, console: Console) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        folder = settings.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shopfloor-")))
        twin = await stack.enter_async_context(open_twin(settings.plant, folder, durable=settings.data is not None))
        if settings.port is not None:
            page = await stack.enter_async_context(serve(create_app(twin), bind(LOOPBACK, settings.port)))
            console.print(f"[bold]    page[/]  {page}", highlight=False)
        missing = twin.counters().gaps
        url = settings.broker or (await stack.enter_async_context(embedded_broker())).url
        publisher = _publisher(settings, recording, folder)
        ears = await stack.enter_async_context(MqttBus(url, identifier=f"shopfloor-{recording.run}-twin"))
        await ears.wait_connected(PATIENCE)
        everything = f"{PREFIX}/{settings.plant.enterprise}/{settings.plant.plant}/#"
        subscription = await stack.enter_async_context(ears.subscribe(everything))
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen(twin, subscription), name="ingest")
            client = f"shopfloor-{recording.run}-{recording.line.name}"
            async with MqttBus(url, identifier=client, will=publisher.will, greet=publisher.greet) as bus:
                await bus.wait_connected(PATIENCE)
                clock: Clock = SimulatedClock(recording.begin)
                if settings.speed is not None:
                    clock = WallClock(recording.begin, settings.speed)
                await _send(recording, publisher, bus, clock, console)
                await publisher.stop(bus, now=recording.end)
            await _heard(twin, recording)
            if isinstance(recording, CellRecording):
                report = await make_cell_report(twin, recording, lost=twin.counters().gaps - missing)
            else:
                report = make_report(twin, recording)
            if settings.port is not None:
                console.print("[bold]    done[/]  the page stays until Ctrl-C", highlight=False)
                await asyncio.Event().wait()
            listening.cancel()
        return report


def _publisher(settings: ReplaySettings, recording: AnyRecording, folder: Path) -> Publisher:
    book = RunBook.open(folder)
    if any(record.run == recording.run for record in book.records):  # its parts would count twice
        raise InputError(f"{folder}: holds this recording already, as run {recording.run}; another folder is needed")
    record = RunRecord(run=recording.run, seed=0, start=recording.begin)
    keep_plant(folder, recording.run, settings.plant)
    book.begin_next(record)
    numbering = Numbering(settings.plant.enterprise, settings.plant.plant, run=recording.run)
    return Publisher(
        recording.line.node,
        numbering,
        identity=Identity(client=f"shopfloor-replay-{settings.logs[0].name}", version=__version__),
        spool=Spool(folder / "spool"),
        epoch=recording.begin,
        speed=settings.speed or 1.0,
    )


async def _send(recording: AnyRecording, publisher: Publisher, bus: MqttBus, clock: Clock, console: Console) -> None:
    columns = (TextColumn("replaying"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("replaying", total=recording.end - recording.begin)
        for ts, emissions in groupby(recording.emissions(), key=_ts):
            await clock.sleep_until(ts)
            await publisher.publish(bus, list(emissions), now=ts)
            bar.update(task, completed=ts - recording.begin)


def _ts(emission: Emission) -> int:
    return emission[1].ts


async def _heard(twin: Twin, recording: AnyRecording) -> None:
    """Wait until the twin has heard the last heartbeat."""
    try:
        async with asyncio.timeout(PATIENCE):
            while recording.run not in twin.runs() or twin.extent(recording.run)[1] < recording.end:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise StoreError("the twin has not heard the whole recording") from None


def make_report(twin: Twin, recording: Recording) -> dict[str, Any]:
    """What the twin says about a recorded line: counts, service times, shares of time, rate, queue between stations."""
    line = recording.line
    begin, end = recording.begin, recording.end
    paths = [f"{line.node.path}/{station.name}" for station in line.stations]
    before = [None, *paths[:-1]]
    return {
        "plant": twin.plant.plant,
        "line": line.name,
        "run": recording.run,
        "from_us": begin,
        "to_us": end,
        "span_s": (end - begin) / SECOND,
        "stations": {
            station.name: _station_report(twin, path, feeder, recording)
            for station, path, feeder in zip(line.stations, paths, before, strict=True)
        },
    }


def _station_report(twin: Twin, path: str, feeder: str | None, recording: Recording) -> dict[str, Any]:
    begin, end, run = recording.begin, recording.end, recording.run
    window = (begin, end + 1)  # an event at the last instant belongs to the recording
    cycles = [cycle / SECOND for cycle in twin.cycles(path, *window, run=run)]
    events = twin.part_events(path, *window, run=run)
    time = time_in_state(twin, path, begin, end, run)
    finishes = [ts for ts, event, _ in events if event == "finished"]
    between = (finishes[-1] - finishes[0]) / SECOND if len(finishes) > 1 else 0.0
    queue = None if feeder is None else _between(twin, feeder, path, recording)
    return {
        "started": sum(event == "started" for _, event, _ in events),
        "finished": len(finishes),
        "cycles": len(cycles),
        "service_s": spread(cycles),
        "share": {state: micros / (end - begin) for state, micros in time.items()},
        "finishes_per_h": 3600 * (len(finishes) - 1) / between if between else None,
        "queue_mean": None if queue is None else queue.integral(*window) / (end + 1 - begin),
        "queue_max": None if queue is None else queue.highest(*window),
    }


def _between(twin: Twin, feeder: str, path: str, recording: Recording) -> Stays:
    """Parts between two stations: a recording tells when they were finished and started, not when they moved."""
    between = Stays()
    window = (recording.begin, recording.end + 1)
    told = {"finished": between.begin, "started": between.end}
    for node, wanted in ((feeder, "finished"), (path, "started")):
        happened = twin.part_events(node, *window, run=recording.run)
        if rows := [(part, ts) for ts, event, part in happened if event == wanted]:
            told[wanted]([part for part, _ in rows], [ts for _, ts in rows])
    return between
