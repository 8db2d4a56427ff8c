"""One connection's publisher: it numbers, greets, confirms, and loses nothing while the broker is away."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from broker.bus import Bus, UndeliveredError
from broker.numbering import Last, Numbering
from broker.spool import Spool
from plant.messages import Clock, Delivery, Emission, Status
from plant.paths import Node
from plant.time import SECOND

HEARTBEAT_PLANT = 10 * SECOND
HEARTBEAT_WALL = 1.0
AT_ONCE = 500


def wall_clock() -> int:
    """Wall time in microseconds UTC: for ``clock.wall`` only, never for the time of a fact."""
    return time.time_ns() // 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who publishes: shown in ``status``."""

    client: str
    version: str


class Publisher:
    """Publishes the messages of one line over one connection.

    Args:
        node: the line; its ``status`` and ``clock`` speak for the connection.
        numbering: numbers of this run and session; what a backfill has numbered stays numbered.
        identity: who publishes.
        spool: where deliveries wait while the broker is away.
        epoch: first instant of the run.
        speed: seconds of plant time per second, for people to read.
        now: plant time at which it begins; default the epoch.
        wall: wall clock.

    The bus is told apart from the publisher, since a last will has to be known before a connection is opened::

        async with MqttBus(url, identifier=…, will=publisher.will, greet=publisher.greet) as bus:
            await publisher.publish(bus, emissions, now=…)
    """

    def __init__(
        self,
        node: Node,
        numbering: Numbering,
        *,
        identity: Identity,
        spool: Spool,
        epoch: int,
        speed: float = 1.0,
        now: int | None = None,
        wall: Callable[[], int] = wall_clock,
    ) -> None:
        self.node = node
        self.numbering = numbering
        self.speed = speed
        self.now = epoch if now is None else now
        self.running = True
        self._identity = identity
        self._spool = spool
        self._epoch = epoch
        self._wall = wall
        self._retained: dict[str, Delivery] = {}
        self._online: Delivery | None = None  # numbered before the will that follows it
        self._confirmed: tuple[int, Last] = (self.now, {})  # how far all was sent when the spool began to fill
        self._lock = asyncio.Lock()
        self._beat_plant = self.now
        self._beat_wall = time.monotonic()

    @property
    def dropped(self) -> int:
        """Telemetry messages that did not fit into the spool."""
        return self._spool.dropped

    @property
    def waiting(self) -> bool:
        """Whether anything is not with the broker yet."""
        return bool(self._spool)

    def remember(self, deliveries: Iterable[Delivery]) -> None:
        """Keep the latest of each retained topic, also that it is cleared: what a returning broker has to hold."""
        for delivery in deliveries:
            if delivery.retain:
                self._retained[delivery.topic] = delivery

    def heartbeat(self) -> Delivery:
        """A ``clock`` message: plant time, and the last numbers of every topic; of what still waits it says nothing."""
        now, last = self._confirmed if self._spool else (self.now, self.numbering.last)
        clock = Clock(
            ts=now,
            now=now,
            speed=self.speed,
            epoch=self._epoch,
            running=self.running,
            last=last,
            wall=self._wall(),
        )
        self._beat_plant, self._beat_wall = self.now, time.monotonic()
        return self._number_one(clock)

    def will(self) -> Delivery:
        """The last will of the next connection; its ``ts`` is now, it says nothing about the time of death.

        Its number is the one after that of the message by which the connection will say that it is online.
        """
        self._online = self._number_one(self._status(online=True))
        return self._number_one(self._status(online=False))

    async def greet(self, bus: Bus) -> None:
        """What goes first on a new connection: online, heartbeat, the newest of each retained topic, byte for byte.

        Raises:
            UndeliveredError: the broker went away again.
        """
        async with self._lock:
            online = self._online or self._number_one(self._status(online=True))
            self._online = None
            known = [delivery for topic, delivery in self._retained.items() if not self._spool.holds(topic)]
            await bus.publish([online, self.heartbeat(), *known])  # what waits in the spool follows in its order

    async def publish(self, bus: Bus, emissions: Sequence[Emission], *, now: int) -> None:
        """Number what happened up to now and send it; while the broker is away it waits in the spool."""
        self.take(emissions, now=now)
        await self.flush(bus)

    def take(self, emissions: Sequence[Emission], *, now: int) -> None:
        """Number what happened up to now and put it in the spool.

        Args:
            emissions: messages of this line in the order of the stream.
            now: plant time up to which they are complete.
        """
        if emissions and not self._spool:
            self._confirmed = (self.now, self.numbering.last)
        self.now = now
        deliveries = [delivery for node, message in emissions for delivery in self.numbering.number(node, message)]
        self.remember(deliveries)
        for delivery in deliveries:
            self._spool.append(delivery)

    async def flush(self, bus: Bus) -> None:
        """Send what waits, in order, and a heartbeat when it is due."""
        async with self._lock:
            try:
                while batch := self._spool.peek(AT_ONCE):
                    await self._send(bus, batch)
                if self._due():
                    await bus.publish([self.heartbeat()])
            except UndeliveredError:
                return  # what is not confirmed stays in the spool

    async def stop(self, bus: Bus, *, now: int) -> None:
        """End cleanly: what waits, a last heartbeat that confirms the numbers, and offline.

        A broker that is away gets none of it; the next session tells the last numbers then.
        """
        self.now, self.running = now, False
        await self.flush(bus)
        async with self._lock:
            try:
                await bus.publish([self.heartbeat(), self._number_one(self._status(online=False))])
            except UndeliveredError:
                return

    async def _send(self, bus: Bus, batch: list[Delivery]) -> None:
        try:
            await bus.publish(batch)
        except UndeliveredError as error:
            self._spool.discard(error.confirmed)
            raise
        self._spool.discard(len(batch))

    def _due(self) -> bool:
        """Every 10 s of plant time or second of wall time, whichever is longer; a paused plant beats by the wall."""
        wall = time.monotonic() - self._beat_wall
        plant = self.now - self._beat_plant
        return wall >= HEARTBEAT_WALL and (plant >= HEARTBEAT_PLANT or not self.running)

    def _status(self, *, online: bool) -> Status:
        return Status(
            ts=self.now,
            online=online,
            client=self._identity.client,
            version=self._identity.version,
            speed=self.speed if online else None,
        )

    def _number_one(self, message: Clock | Status) -> Delivery:
        (delivery,) = self.numbering.number(self.node, message)
        return delivery
