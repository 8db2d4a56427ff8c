"""A bus behind a faulty way."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from broker.bus import Bus, Subscription, UndeliveredError
from broker.link import Link
from plant.messages import Delivery
from plant.paths import Node


class FaultyBus:
    """A bus behind a link: what is published goes through the link first.

    Args:
        bus: the bus itself.
        link: the way to it; several buses may share it, each with lines of its own.

    What the link has let through waits here while the bus is away, in memory.
    """

    def __init__(self, bus: Bus, link: Link) -> None:
        self._bus = bus
        self._link = link
        self._waiting: list[Delivery] = []

    async def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Let them set out, and send what arrives.

        Raises:
            UndeliveredError: the bus is away; all of the deliveries are on their way all the same.
        """
        self._waiting += self._link.carry(deliveries)
        await self._send(len(deliveries))

    async def close(self, line: Node) -> None:
        """Nothing more is sent from a line: what is on its way arrives.

        Raises:
            UndeliveredError: the bus is away.
        """
        self._waiting += self._link.close(line)
        await self._send(0)

    def subscribe(self, *filters: str) -> AbstractAsyncContextManager[Subscription]:
        """As the bus itself."""
        return self._bus.subscribe(*filters)

    async def _send(self, taken: int) -> None:
        if not self._waiting:
            return
        try:
            await self._bus.publish(self._waiting)
        except UndeliveredError as error:
            del self._waiting[: error.confirmed]
            raise UndeliveredError(taken, str(error)) from error
        self._waiting.clear()
