"""The `publish` command: a simulated plant that sends all it has to say, its past as well, to a broker.

It goes on where it was: what was handed to the broker is noted (`receipts`), the run is made again from its seed, and
what lies behind is new. Who listens is no business of its own.
"""

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console

from broker import (
    Bus,
    FaultyBus,
    Identity,
    Link,
    MqttBus,
    Publisher,
    Spool,
    UndeliveredError,
    hide_password,
)
from plant.clock import WallClock
from plant.description import Plant
from plant.errors import InputError, StoreError
from plant.paths import Node
from plant.time import MINUTE, SECOND, format_instant
from shopfloor import __version__
from shopfloor.broker_access import broker_access
from shopfloor.continuation import RunBook, RunRecord
from shopfloor.faulty import link_of
from shopfloor.pacing import Connection, Sending, pace
from shopfloor.production import Production, by_line
from shopfloor.receipts import NotedBus, Receipt, read_receipt
from shopfloor.service import data_folder, first_cause, told_to_stop, without_collector

PIECE = 5 * MINUTE  # plant time of the past that is made at once
PATIENCE = 20.0
RETRY = 0.05
ALMOST = SECOND // 2  # a past this close to the present is the present
READY = "past.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishSettings:
    """How a plant is published.

    Args:
        plant: the description.
        broker: URL of the broker.
        seed: seed of all draws.
        speed: seconds of plant time per second of wall time.
        backfill: plant time that is sent before going live, in microseconds.
        start: first instant of the run, microseconds UTC; none: now minus the backfill.
        line: the line whose messages are sent; none: all.
        ca_file: certificates that the broker's must lead to.
        data: folder that keeps how far it came; none: nothing is kept.
        duration: wall time after which it stops, in microseconds; none: until told.
    """

    plant: Plant
    broker: str
    seed: int = 1
    speed: float = 1.0
    backfill: int = 0
    start: int | None = None
    line: str | None = None
    ca_file: Path | None = None
    data: Path | None = None
    duration: int | None = None

    @property
    def nodes(self) -> list[Node]:
        """The lines that are published.

        Raises:
            InputError: there is no line of that name.
        """
        found = {line.name: line.node for line in self.plant.lines}
        if self.line is None:
            return list(found.values())
        if self.line not in found:
            raise InputError(f"--line: {self.line!r} is not in {self.plant.plant}; allowed: {', '.join(found)}")
        return [found[self.line]]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What a publisher notes when its past is with the broker: its run, and up to when, microseconds UTC."""

    run: str
    to: int


@dataclass(kw_only=True)
class Sender(Sending):
    """A production and what carries it: a connection per line, each with notes of what went out."""

    notes: dict[Node, NotedBus] = field(default_factory=dict)
    link: Link | None = None


def run_publisher(settings: PublishSettings, console: Console) -> None:
    """Publish until told to stop: by Ctrl-C, by a signal, or by the wall time that was asked for."""
    nodes = settings.nodes
    try:
        asyncio.run(_publish(settings, nodes, console))
    except BaseExceptionGroup as group:
        raise first_cause(group) from group


async def _publish(settings: PublishSettings, nodes: list[Node], console: Console) -> None:
    stop = asyncio.Event()
    with told_to_stop(stop), data_folder(settings.data) as folder:
        (folder / READY).unlink(missing_ok=True)
        sender, anchored = await asyncio.to_thread(_begin, settings, nodes, folder)
        production = sender.production
        _say(console, "broker", hide_password(settings.broker))
        _say(console, "run", f"{production.record.run}, session {production.session}")
        async with AsyncExitStack() as stack:
            for connection in sender.connections.values():
                await stack.enter_async_context(connection.bus)
                await connection.bus.wait_connected(PATIENCE)
            sending = asyncio.create_task(_send(settings, sender, folder, console, anchored=anchored), name="sending")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            wall = None if settings.duration is None else settings.duration / SECOND
            await asyncio.wait({sending, stopping}, timeout=wall, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not sending.done():
                sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sending
            for connection in sender.connections.values():
                await connection.stop(connection.publisher.now)


def _begin(settings: PublishSettings, nodes: list[Node], folder: Path) -> tuple[Sender, bool]:
    """Go on with the run of the folder, or begin one; whether its time is the wall's comes along."""
    book = RunBook.open(folder)
    record = book.find(settings.plant, settings.seed, settings.start)
    receipts = {node: read_receipt(_notes(folder, node)) for node in nodes}
    known = {
        node: receipt for node, receipt in receipts.items() if receipt and record and receipt.run == record.run
    }
    if record is not None and known:
        last = {path: numbers for receipt in known.values() for path, numbers in receipt.nodes.items()}
        topics = {topic: numbers for receipt in known.values() for topic, numbers in receipt.topics.items()}
        production = Production(settings.plant, record, last=last, previous=topics)
        production.recall(max(receipt.now for receipt in known.values()))
    else:
        wall = time.time_ns() // 1000 - settings.backfill
        start = settings.start if settings.start is not None else wall - wall % MINUTE
        run = settings.plant.run_id(settings.seed, start)
        fresh = RunRecord(run=run, seed=settings.seed, start=start, anchored=settings.start is None)
        production = Production(settings.plant, fresh)
    book.begin(production.record, production.begun)
    sender = Sender(
        production=production,
        link=link_of(settings.plant, seed=production.record.seed, start=production.record.start),
    )
    run = production.record.run
    for node in nodes:
        _connect(settings, sender, node, known.get(node) or Receipt(run=run), folder)
    return sender, production.record.anchored and settings.speed == 1.0


def _notes(folder: Path, node: Node) -> Path:
    return folder / "sent" / f"{node.line}.msgpack"


def _connect(settings: PublishSettings, sender: Sender, node: Node, receipt: Receipt, folder: Path) -> None:
    """Add the publisher of a line; what was noted and may not have arrived goes first on each of its connections."""
    production = sender.production
    record = production.record
    client = f"shopfloor-{record.run}-{node.line}"
    publisher = Publisher(
        node,
        production.numberings[node],
        identity=Identity(client=client, version=__version__),
        spool=Spool(folder / "spool" / node.line),
        epoch=record.start,
        speed=settings.speed,
        now=max(receipt.now, record.start),
    )
    publisher.remember(production.silenced(node))
    again = list(receipt.batch)  # of the process before: what this one notes is its spool's to send again

    async def greet(bus: Bus) -> None:
        await bus.publish(again)
        again.clear()
        await publisher.greet(bus if sender.link is None else FaultyBus(bus, sender.link))

    access = broker_access(line=node.line, ca_file=settings.ca_file)
    bus = MqttBus(settings.broker, identifier=client, will=publisher.will, greet=greet, access=access)
    way = NotedBus(bus if sender.link is None else FaultyBus(bus, sender.link), _notes(folder, node), receipt)
    sender.notes[node] = way
    sender.connections[node] = Connection(publisher=publisher, bus=bus, way=way)


async def _send(
    settings: PublishSettings, sender: Sender, folder: Path, console: Console, *, anchored: bool
) -> None:
    """The past as fast as the broker acknowledges it, then the present at its speed, for ever."""
    for note in sender.notes.values():
        note.sure = True
    with without_collector():
        await _past(settings, sender, anchored=anchored)
    for note in sender.notes.values():
        note.sure = False
    now = sender.production.now
    await asyncio.to_thread(_tell, folder / READY, Ready(run=sender.production.record.run, to=now))
    _say(console, "past", f"is with the broker, up to {format_instant(now)}")
    _say(console, "live", f"{settings.plant.plant}, {settings.speed:g} s a second; Ctrl-C ends it cleanly")
    await pace(sender, WallClock(now, settings.speed), settings.speed)


async def _past(settings: PublishSettings, sender: Sender, *, anchored: bool) -> None:
    """While one piece is sent the next is made; it is numbered when the broker has acknowledged the one before."""
    production = sender.production
    coming, upto = production.resume(), production.now
    whole = production.record.start + settings.backfill
    while True:
        until = time.time_ns() // 1000 if anchored else whole
        step = min(production.now + PIECE, until)
        ended = production.now >= until - ALMOST
        making = None if ended else asyncio.create_task(asyncio.to_thread(production.advance, step))
        lines = by_line(coming)
        for node, connection in sender.connections.items():
            connection.publisher.take(lines.get(node, []), now=upto)
        await asyncio.gather(*map(_deliver, sender.connections.values()))
        if making is None:
            break
        coming, upto = await making, step
    for connection in sender.connections.values():
        with contextlib.suppress(UndeliveredError):  # then the greeting of the next connection says it
            await connection.way.publish([connection.publisher.heartbeat()])


async def _deliver(connection: Connection) -> None:
    """Wait until all that was taken is with the broker, however long that is away."""
    while True:
        await connection.publisher.flush(connection.way)
        if not connection.publisher.waiting:
            return
        await asyncio.sleep(RETRY)


def _tell(file: Path, ready: Ready) -> None:
    try:
        temporary = file.with_suffix(".new")
        temporary.write_bytes(msgspec.json.encode(ready))
        temporary.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error}") from error


def _say(console: Console, what: str, text: str) -> None:
    console.print(f"[bold]{what:>8}[/]  {text}", highlight=False, soft_wrap=True)
