"""A plant, live: simulator, broker, twin, historian and page in one process; a past first, then the present."""

import asyncio
import contextlib
import time
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from broker import PREFIX, Bus, FaultyBus, Identity, Link, MqttBus, Publisher, Spool, embedded_broker, hide_password
from dashboards import bind, create_app, serve
from dashboards.server import PortBusyError
from plant.clock import WallClock
from plant.messages import Delivery
from plant.time import MINUTE, SECOND
from shopfloor import __version__
from shopfloor.broker_access import broker_access
from shopfloor.continuation import RunBook, RunRecord
from shopfloor.faulty import carried, link_of
from shopfloor.keeping import keep_plant
from shopfloor.pacing import Connection, LivePlant, finish, last_words, listen, pace, report
from shopfloor.production import Production
from shopfloor.service import data_folder, first_cause, told_to_stop, without_collector
from shopfloor.settings import FIRST_PORT, LOOPBACK, LiveSettings
from shopfloor.storage import Storage
from twin import Recorder, Retention, Twin, open_twin

BROKER_PATIENCE = 10.0
ALMOST = SECOND // 10  # a past this close to the present is the present


@dataclass(kw_only=True)
class Phase:
    """What is going on, as the page tells it."""

    name: str = "past"
    progress: float = 0.0
    text: str = "Filling the past …"

    def tell(self) -> dict[str, Any]:
        """As plain values."""
        return {"name": self.name, "progress": self.progress, "text": self.text}


def run_live(settings: LiveSettings, console: Console) -> None:
    """Run until told to stop: by Ctrl-C, by a signal, or by the wall time that was asked for."""
    try:
        asyncio.run(_live(settings, console))
    except BaseExceptionGroup as group:
        raise first_cause(group) from group


async def _live(settings: LiveSettings, console: Console) -> None:
    stop = asyncio.Event()
    with told_to_stop(stop):
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(data_folder(settings.data))
            twin = await stack.enter_async_context(
                open_twin(
                    settings.plant,
                    folder,
                    historian=settings.historian,
                    retention=Retention(raw=settings.keep_raw, minutes=settings.keep_minutes),
                    durable=settings.data is not None,
                )
            )
            production, anchored = _begin(settings, twin, folder)
            link = link_of(settings.plant, seed=production.record.seed, start=production.record.start)
            storage = Storage(
                twin, folder, limit=settings.limit, run=production.record.run, elsewhere=settings.historian is not None
            )
            await stack.enter_async_context(storage)
            phase = Phase()
            app = create_app(twin, phase=phase.tell, storage=storage.tell)
            page = await stack.enter_async_context(serve(app, _listener(settings.port)))
            _announce(console, "page", page)
            url = await stack.enter_async_context(_broker(settings.broker, console))
            with _progress(console, phase) as past, without_collector():
                await _fill(settings, production, twin, past, stop, anchored=anchored, link=link)
            if stop.is_set():
                return
            plant = _connect(settings, production, twin, url, folder, link=link)

            def started() -> None:
                phase.name, phase.progress, phase.text = "live", 1.0, ""
                _invite(console, settings, page)

            await _run(plant, settings, stop, started)


@dataclass(kw_only=True)
class Past:
    """Tells how far the past is filled, on the page and on a terminal."""

    phase: Phase
    bar: Progress
    task: TaskID

    def tell(self, share: float) -> None:
        """So much of it is filled."""
        self.phase.progress = share
        self.bar.update(self.task, completed=share)


@contextlib.contextmanager
def _progress(console: Console, phase: Phase) -> Iterator[Past]:
    columns = (TextColumn("    past "), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield Past(phase=phase, bar=bar, task=bar.add_task("past", total=1.0))


def _begin(settings: LiveSettings, twin: Twin, folder: Path) -> tuple[Production, bool]:
    """Go on with the run that the folder holds, or begin one; whether its time is the wall's comes along."""
    book = RunBook.open(folder)
    record = book.find(settings.plant, settings.seed, settings.start)
    if record is not None and record.run in twin.runs():
        known = twin.last(record.run)
        last = {path: (node.session, node.n) for path, node in known.nodes.items()}
        production = Production(settings.plant, record, last=last, stored=known.telemetry, previous=known.topics)
        production.recall(twin.extent(record.run)[1])
    else:
        wall = time.time_ns() // 1000 - settings.backfill
        start = settings.start if settings.start is not None else wall - wall % MINUTE
        fresh = RunRecord(
            run=settings.plant.run_id(settings.seed, start),
            seed=settings.seed,
            start=start,
            anchored=settings.start is None,
        )
        production = Production(settings.plant, fresh)
    keep_plant(folder, production.record.run, settings.plant)
    book.begin(production.record, production.begun)
    return production, production.record.anchored and settings.speed == 1.0


def _listener(port: int | None) -> Any:
    """A socket for the page: the port asked for, else the first free one from 8000."""
    if port is not None:
        return bind(LOOPBACK, port)
    for candidate in range(FIRST_PORT, FIRST_PORT + 20):
        with contextlib.suppress(PortBusyError):
            return bind(LOOPBACK, candidate)
    return bind(LOOPBACK, 0)


@asynccontextmanager
async def _broker(url: str | None, console: Console) -> AsyncIterator[str]:
    if url is not None:
        _announce(console, "broker", hide_password(url))
        yield url
        return
    async with embedded_broker() as broker:
        _announce(console, "broker", broker.url, f"({broker.kind}, started here)")
        yield broker.url


async def _fill(
    settings: LiveSettings,
    production: Production,
    twin: Twin,
    past: Past,
    stop: asyncio.Event,
    *,
    anchored: bool,
    link: Link | None,
) -> None:
    """The past goes the same way as the present, but for the broker: numbered, then straight to the twin."""
    coming = carried(link, _unflagged(production.number(production.resume())))
    first, whole = production.now, production.record.start + settings.backfill
    while True:
        until = time.time_ns() // 1000 if anchored else whole
        step = min(production.now + production.chunk, until)
        ended = stop.is_set() or production.now >= until - ALMOST
        producing = None if ended else asyncio.create_task(asyncio.to_thread(_produce, production, step))
        await twin.take(coming)  # while the next piece is made
        if producing is None:
            return
        coming = carried(link, await producing)
        past.tell((production.now - first) / max(1, until - first))


def _produce(production: Production, until: int) -> list[Delivery]:
    return _unflagged(production.number(production.advance(until)))


def _unflagged(deliveries: list[Delivery]) -> list[Delivery]:
    """As a subscriber hears them live: the flag marks what a broker kept from before."""
    return [msgspec.structs.replace(one, retain=False) if one.retain else one for one in deliveries]


def _connect(
    settings: LiveSettings, production: Production, twin: Twin, url: str, folder: Path, *, link: Link | None
) -> LivePlant:
    """Hand over from the past: each retained topic goes to the broker once, with its latest bytes."""
    described, run = settings.plant, production.record.run
    plant = LivePlant(
        production=production,
        twin=twin,
        bus=MqttBus(
            url, identifier=f"shopfloor-{run}-twin", persistent=settings.data is not None, access=broker_access()
        ),
        everything=f"{PREFIX}/{described.enterprise}/{described.plant}/#",
    )
    for line in described.lines:
        client = f"shopfloor-{run}-{line.name}"
        publisher = Publisher(
            line.node,
            production.numberings[line.node],
            identity=Identity(client=client, version=__version__),
            spool=Spool(folder / "spool" / line.name),
            epoch=production.record.start,
            speed=settings.speed,
            now=production.now,
        )
        publisher.remember([*production.silenced(line.node), *production.retained(line.node)])
        greet = publisher.greet if link is None else partial(_greet, publisher, link)
        access = broker_access(line=line.name)
        bus = MqttBus(url, identifier=client, will=publisher.will, greet=greet, access=access)
        way = bus if link is None else FaultyBus(bus, link)
        plant.connections[line.node] = Connection(publisher=publisher, bus=bus, way=way)
    return plant


async def _greet(publisher: Publisher, link: Link, bus: Bus) -> None:
    """What is sent again on a new connection goes the same way as the rest."""
    await publisher.greet(FaultyBus(bus, link))


async def _run(plant: LivePlant, settings: LiveSettings, stop: asyncio.Event, started: Callable[[], None]) -> None:
    async with plant.bus, plant.bus.subscribe(plant.everything) as subscription, asyncio.TaskGroup() as group:
        listening = group.create_task(listen(plant.twin, subscription), name="ingest")
        await plant.bus.wait_connected(BROKER_PATIENCE)
        async with AsyncExitStack() as stack:
            for connection in plant.connections.values():
                await stack.enter_async_context(connection.bus)
                await connection.bus.wait_connected(BROKER_PATIENCE)
            started()
            clock = WallClock(plant.production.now, settings.speed)
            recorder = Recorder(plant.twin, plant.twin.historian)
            working = [
                group.create_task(pace(plant, clock, settings.speed), name="pace"),
                group.create_task(report(plant), name="kpis"),
                group.create_task(recorder.run(), name="points"),
            ]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if settings.duration is None else settings.duration / SECOND):
                    await stop.wait()
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            for connection in plant.connections.values():
                await connection.stop(plant.production.now)
            await last_words(plant)
            await finish(recorder)
        listening.cancel()


def _announce(console: Console, what: str, address: str, remark: str = "") -> None:
    console.print(f"[bold]{what:>8}[/]  {address} [dim]{remark}[/]", highlight=False, soft_wrap=True)


def _invite(console: Console, settings: LiveSettings, page: str) -> None:
    pace_of = "at the speed of the wall clock" if settings.speed == 1 else f"at {settings.speed:g} times the wall clock"
    console.print(f"[bold]{'live':>8}[/]  {settings.plant.plant} {pace_of}; Ctrl-C ends it cleanly", highlight=False)
    if settings.browser:
        webbrowser.open(page)
