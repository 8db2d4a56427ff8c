"""The bus port, and the bus inside one process.

A subscription gives batches, and a batch is acknowledged when the reader has it safe; only then may the bus forget it.
A reader may have several at once; it acknowledges them in their order.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from typing import Protocol

import msgspec

from plant.errors import BrokerError
from plant.messages import Delivery


class Subscription(Protocol):
    """Deliveries of one subscriber, in batches."""

    async def batch(self) -> list[Delivery]:
        """Everything that has arrived, at least one delivery."""
        ...

    async def acknowledge(self) -> None:
        """The oldest batch that was not acknowledged is safe: the bus need not send it again."""
        ...


class Bus(Protocol):
    """Carries deliveries from publishers to subscribers."""

    async def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Send in order; when it returns, those with QoS 1 are with the bus.

        Raises:
            UndeliveredError: the bus is away; says how many of the first are surely delivered.
        """
        ...

    def subscribe(self, *filters: str) -> AbstractAsyncContextManager[Subscription]:
        """Deliveries whose topic matches one of the filters, retained ones first."""
        ...


class UndeliveredError(BrokerError):
    """The bus went away while sending.

    Attributes:
        confirmed: how many of the first deliveries are surely with the bus.
    """

    def __init__(self, confirmed: int, detail: str) -> None:
        self.confirmed = confirmed
        super().__init__(f"the broker is away: {detail}")


def check_filter(pattern: str) -> str:
    """The filter itself.

    Raises:
        ValueError: it is not a legal MQTT topic filter (brokers differ in what they let pass).
    """
    levels = pattern.split("/")
    wrong = (
        not pattern
        or "\0" in pattern
        or any("#" in level and (level != "#" or i != len(levels) - 1) for i, level in enumerate(levels))
        or any("+" in level and level != "+" for level in levels)
    )
    if wrong:
        raise ValueError(f"{pattern!r} is not a topic filter")
    return pattern


@lru_cache(maxsize=16384)
def matches(pattern: str, topic: str) -> bool:
    """Whether a topic filter takes a topic (MQTT 3.1.1, section 4.7)."""
    levels, names = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and levels[0] in {"+", "#"}:
        return False
    for i, level in enumerate(levels):
        if level == "#":
            return True
        if i >= len(names) or level not in {"+", names[i]}:
            return False
    return len(levels) == len(names)


class MemorySubscription:
    """Deliveries waiting for one reader of a memory bus."""

    def __init__(self, filters: Iterable[str], bound: int) -> None:
        self._filters = tuple(check_filter(pattern) for pattern in filters)
        self._waiting: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._bound = bound

    def takes(self, topic: str) -> bool:
        """Whether this reader wants the topic."""
        return any(matches(pattern, topic) for pattern in self._filters)

    @property
    def full(self) -> bool:
        """Whether the reader is too far behind."""
        return len(self._waiting) >= self._bound

    async def room(self) -> None:
        """Wait until the reader is no longer too far behind."""
        while self.full:
            self._room.clear()
            await self._room.wait()

    def keep(self, delivery: Delivery) -> None:
        """Hand over one delivery at once, however far behind the reader is."""
        if not self._waiting:
            self._arrived.set()
        self._waiting.append(delivery)

    async def batch(self) -> list[Delivery]:
        """Everything that has arrived, at least one delivery."""
        await self._arrived.wait()
        batch = list(self._waiting)
        self._waiting.clear()
        self._arrived.clear()
        self._room.set()
        return batch

    async def acknowledge(self) -> None:
        """Nothing to do: what a reader took is the reader's."""

    def open_up(self) -> None:
        """Let publishers pass: this reader is gone."""
        self._bound = 1 << 62
        self._room.set()


class MemoryBus:
    """A bus inside one process, with retained messages and back-pressure: nothing is ever lost on it.

    Args:
        bound: deliveries that may wait for one reader before publishers have to wait.
    """

    def __init__(self, bound: int = 10_000) -> None:
        self._bound = bound
        self._retained: dict[str, Delivery] = {}
        self._readers: list[MemorySubscription] = []

    async def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Send in order to everyone who listens."""
        takers: dict[str, list[MemorySubscription]] = {}
        for delivery in deliveries:
            topic, live = delivery.topic, delivery
            if delivery.retain:
                if delivery.payload:
                    self._retained[topic] = delivery
                else:
                    self._retained.pop(topic, None)
                live = msgspec.structs.replace(delivery, retain=False)
            if (readers := takers.get(topic)) is None:
                readers = takers[topic] = [reader for reader in self._readers if reader.takes(topic)]
            for reader in readers:
                if reader.full:
                    await reader.room()
                    takers.clear()  # others may have come or gone meanwhile
                reader.keep(live)

    @asynccontextmanager
    async def subscribe(self, *filters: str) -> AsyncIterator[MemorySubscription]:
        """Deliveries whose topic matches one of the filters, retained ones first."""
        reader = MemorySubscription(filters, self._bound)
        for topic, delivery in sorted(self._retained.items()):
            if reader.takes(topic):
                reader.keep(delivery)  # waiting would be for a reader that does not read yet
        self._readers.append(reader)
        try:
            yield reader
        finally:
            self._readers.remove(reader)
            reader.open_up()
