"""The `twin` command: a twin of its own that listens to a broker, keeps what it heard, and shows it.

It knows of the plant what the file and the messages say, and nothing of who sends them.
"""

import asyncio
import contextlib
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from broker import PREFIX, MqttBus, Numbering, hide_password
from dashboards import bind, create_app, serve
from dashboards.guard import LOOPBACK as LOOPBACK_NAMES
from plant.description import Plant
from plant.errors import InputError
from plant.time import DAY, SECOND
from shopfloor.broker_access import broker_access
from shopfloor.continuation import RunBook, RunRecord
from shopfloor.keeping import keep_plant
from shopfloor.pacing import KPI_EVERY, listen, tell_kpis
from shopfloor.service import data_folder, first_cause, told_to_stop
from shopfloor.settings import LOOPBACK
from shopfloor.storage import Storage
from twin import Retention, Twin, open_twin
from twin.influx_address import InfluxAddress

PATIENCE = 20.0
FIRST_LOOK = 0.5  # seconds between two looks for the first run
TOKEN = "SHOPFLOOR_TOKEN"  # noqa: S105 the name of a variable


@dataclass(frozen=True, kw_only=True, slots=True)
class TwinSettings:
    """How a twin of its own is run.

    Args:
        plant: the description.
        broker: URL of the broker.
        data: folder that keeps journal and telemetry.
        historian: folder of the telemetry store, or where an InfluxDB is; none: in the data folder.
        host: address that page and API listen at.
        port: of page and API; 0: a free one.
        token: what every request has to bring; none only on the loopback interface.
        ca_file: certificates that the broker's must lead to.
        limit: bytes that the data folder may take.
        keep_raw: plant time that telemetry is kept as it came, in microseconds.
        keep_minutes: plant time that its minutes are kept, in microseconds.
        duration: wall time after which it stops, in microseconds; none: until told.
    """

    plant: Plant
    broker: str
    data: Path
    historian: Path | InfluxAddress | None = None
    host: str = LOOPBACK
    port: int = 8000
    token: str | None = None
    ca_file: Path | None = None
    limit: int = 20 * 10**9
    keep_raw: int = 14 * DAY
    keep_minutes: int = 366 * DAY
    duration: int | None = None


def token_for(host: str, token: str | None) -> str | None:
    """The token of the page, given or from the environment.

    Raises:
        InputError: there is none, and others than this machine could ask.
    """
    found = token or os.environ.get(TOKEN) or None
    if found is None and host not in LOOPBACK_NAMES:
        raise InputError(f"--host: {host} can be reached from outside; --token or {TOKEN} is needed")
    return found


def run_twin(settings: TwinSettings, console: Console) -> None:
    """Listen until told to stop: by Ctrl-C, by a signal, or by the wall time that was asked for."""
    try:
        asyncio.run(_live(settings, console))
    except BaseExceptionGroup as group:
        raise first_cause(group) from group


async def _live(settings: TwinSettings, console: Console) -> None:
    token = token_for(settings.host, settings.token)
    stop = asyncio.Event()
    with told_to_stop(stop), data_folder(settings.data) as folder:
        async with AsyncExitStack() as stack:
            retention = Retention(raw=settings.keep_raw, minutes=settings.keep_minutes)
            twin = await stack.enter_async_context(
                open_twin(settings.plant, folder, historian=settings.historian, retention=retention)
            )
            storage = Storage(twin, folder, limit=settings.limit, run="", elsewhere=settings.historian is not None)
            await stack.enter_async_context(storage)
            app = create_app(twin, token=token, storage=storage.tell)
            page = await stack.enter_async_context(serve(app, bind(settings.host, settings.port)))
            _say(console, "page", page)
            _say(console, "broker", hide_password(settings.broker))
            bus = MqttBus(
                settings.broker,
                identifier=f"shopfloor-{settings.plant.enterprise}-{settings.plant.plant}-twin",
                persistent=True,
                access=broker_access(ca_file=settings.ca_file),
            )
            everything = f"{PREFIX}/{settings.plant.enterprise}/{settings.plant.plant}/#"
            await stack.enter_async_context(bus)
            subscription = await stack.enter_async_context(bus.subscribe(everything))
            async with asyncio.TaskGroup() as group:
                working = [group.create_task(listen(twin, subscription), name="ingest")]
                await bus.wait_connected(PATIENCE)
                _say(console, "live", f"{settings.plant.plant}, listening to {everything}; Ctrl-C ends it cleanly")
                working.append(group.create_task(_tell(settings.plant, twin, bus, folder), name="kpis"))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if settings.duration is None else settings.duration / SECOND):
                        await stop.wait()
                for task in working:
                    task.cancel()


async def _tell(plant: Plant, twin: Twin, bus: MqttBus, folder: Path) -> None:
    """Publish the KPIs of the newest run, and note each new one in the folder, for ever."""
    numbering: Numbering | None = None
    while True:
        run = twin.runs()[-1] if twin.runs() else None
        if run is not None and (numbering is None or numbering.run != run):
            numbering = await asyncio.to_thread(_begin, plant, folder, run, twin.extent(run)[0])
        if numbering is not None:
            await tell_kpis(twin, bus, numbering)
        await asyncio.sleep(FIRST_LOOK if numbering is None else KPI_EVERY)


def _begin(plant: Plant, folder: Path, run: str, start: int) -> Numbering:
    """Numbers of what the twin says of a run: its own sessions of it are counted in the folder."""
    keep_plant(folder, run, plant)
    book = RunBook.open(folder)
    known = next((record for record in book.records if record.run == run), RunRecord(run=run, seed=0, start=start))
    book.begin_next(known)
    return Numbering(plant.enterprise, plant.plant, run=run, session=len(known.sessions) + 1)


def _say(console: Console, what: str, text: str) -> None:
    console.print(f"[bold]{what:>8}[/]  {text}", highlight=False, soft_wrap=True)
