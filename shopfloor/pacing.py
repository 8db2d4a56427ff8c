"""What a live plant does over and over: step the simulation, take messages in, publish KPIs."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from dataclasses import dataclass, field

from broker import Bus, FaultyBus, MqttBus, Numbering, Publisher, Subscription, UndeliveredError
from plant.clock import Clock
from plant.errors import StoreError
from plant.messages import Delivery
from plant.paths import Node
from plant.time import MINUTE, SECOND
from shopfloor.production import Production, by_line
from shopfloor.receipts import NotedBus
from twin import Recorder, Twin

TICK = 0.1  # seconds of wall time between two steps
MOST = 10 * MINUTE  # plant time of one step at the most: when it falls behind its clock, a plant still breathes
KPI_EVERY = 10.0
LAST_WORDS = 2.0
LAST_POINTS = 5.0
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
AT_ONCE = 2  # batches that are with the twin: one that is written to disk, and one that is decoded meanwhile

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Connection:
    """The publisher of one line and its connection to the broker.

    Args:
        publisher: of the line.
        bus: the connection.
        way: what the publisher sends to: the connection, or a faulty way to it.
    """

    publisher: Publisher
    bus: MqttBus
    way: Bus

    async def stop(self, now: int) -> None:
        """End cleanly; what is still on a faulty way arrives."""
        await self.publisher.stop(self.way, now=now)
        if isinstance(self.way, FaultyBus | NotedBus):
            with contextlib.suppress(UndeliveredError):
                await self.way.close(self.publisher.node)


@dataclass(kw_only=True)
class Sending:
    """A production and a connection per line."""

    production: Production
    connections: dict[Node, Connection] = field(default_factory=dict)


@dataclass(kw_only=True)
class LivePlant(Sending):
    """What runs: the production, a connection per line, the twin and the twin's connection."""

    twin: Twin
    bus: MqttBus
    everything: str


async def pace(plant: Sending, clock: Clock, speed: float) -> None:
    """Step the simulation along the clock and publish what happens, for ever."""
    production = plant.production
    while True:
        until = min(clock.now(), production.now + MOST)
        lines = by_line(production.advance(until) if until > production.now else [])
        for node, connection in plant.connections.items():  # all of it is numbered before anything is waited for
            connection.publisher.take(lines.get(node, []), now=production.now)
        for connection in plant.connections.values():
            await connection.publisher.flush(connection.way)
        await clock.sleep_until(production.now + round(TICK * SECOND * speed))


async def listen(twin: Twin, subscription: Subscription) -> None:
    """Take in what arrives, and acknowledge it only when it is in the journal, for ever.

    While one batch is written the next is decoded. What the twin gives back is offered again, batch by batch in their
    order, before anything else.
    """
    underway: deque[tuple[list[Delivery], asyncio.Task[None]]] = deque()
    arriving: asyncio.Task[list[Delivery]] | None = None
    try:
        while True:
            if arriving is None and len(underway) < AT_ONCE:
                arriving = asyncio.create_task(subscription.batch())
            oldest = underway[0][1] if underway else None
            await asyncio.wait([task for task in (oldest, arriving) if task], return_when=asyncio.FIRST_COMPLETED)
            if oldest is not None and oldest.done():
                count = 1
                if oldest.exception() is not None:  # then what is behind it comes back, too
                    count = len(underway)
                    await asyncio.wait([taking for _, taking in underway])
                for _ in range(count):
                    batch, taking = underway.popleft()
                    try:
                        await taking
                    except StoreError:
                        await take_safely(twin, batch)
                    await subscription.acknowledge()
            elif arriving is not None:
                batch, arriving = arriving.result(), None
                underway.append((batch, twin.offer(batch)))
    finally:
        if arriving is not None:
            arriving.cancel()
            await asyncio.gather(arriving, return_exceptions=True)
        for _, taking in underway:  # go on in the background; nobody is there any more to hear how they end
            taking.add_done_callback(lambda task: task.cancelled() or task.exception())


async def take_safely(twin: Twin, batch: list[Delivery]) -> None:
    """Take a batch in; a store that fails is tried again until it has it."""
    wait = FIRST_WAIT
    while True:
        try:
            await twin.take(batch)
        except StoreError as error:
            log.warning("the journal does not take messages (%s); trying again in %.1f s", error, wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        else:
            return


async def report(plant: LivePlant) -> None:
    """Publish the twin's KPIs, retained, for ever."""
    record = plant.production.record
    described = plant.production.plant
    numbering = Numbering(described.enterprise, described.plant, run=record.run, session=plant.production.session)
    while True:
        await tell_kpis(plant.twin, plant.bus, numbering)
        await asyncio.sleep(KPI_EVERY)


async def tell_kpis(twin: Twin, bus: Bus, numbering: Numbering) -> None:
    """Publish the twin's KPIs of now, retained; while the broker is away there are none."""
    deliveries = [delivery for node, kpi in twin.kpi_messages() for delivery in numbering.number(node, kpi)]
    try:
        await bus.publish(deliveries)
    except UndeliveredError as error:
        log.info("KPIs not published: %s", error)


async def finish(recorder: Recorder) -> None:
    """Record the end of the run; what a store does not take in time is recorded when the run goes on."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_POINTS):
            await recorder.finish()


async def last_words(plant: LivePlant) -> None:
    """Wait a little until the twin has heard the last heartbeat, so that the end of the run is known."""
    deadline = time.monotonic() + LAST_WORDS
    while time.monotonic() < deadline:
        if plant.twin.extent(plant.production.record.run)[1] >= plant.production.now:
            return
        await asyncio.sleep(0.02)
