"""What a publisher has handed to its broker, on disk before it goes out, so that one that is killed knows where it was.

A batch is noted with its bytes and then sent; the next note says that it has arrived. After a kill the last batch may
have arrived or not: it is sent again byte for byte, and a reader that has it knows the numbers and drops the copy. All
behind it is new, and the run is made again from its seed.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec

from broker import PREFIX, Bus, FaultyBus, Subscription, parse
from plant.errors import StoreError
from plant.messages import KINDS, Delivery
from plant.paths import Node

Last = dict[str, tuple[int, int]]


class Receipt(msgspec.Struct, kw_only=True):
    """How far a line has come.

    Args:
        run: the run.
        now: newest instant of what was handed over, plant time in microseconds UTC.
        nodes: last (session, n) of each node, the batch included.
        topics: last [session, seq] of each topic of counted kinds, the batch included.
        batch: what may not have arrived.
    """

    run: str
    now: int = 0
    nodes: Last = {}
    topics: Last = {}
    batch: list[Delivery] = []


class _Numbers(msgspec.Struct):
    session: int
    seq: int
    n: int
    ts: int


_numbers = msgspec.json.Decoder(_Numbers).decode
_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(Receipt).decode


def read_receipt(file: Path) -> Receipt | None:
    """What a process before has noted; none if nothing.

    Raises:
        StoreError: the file cannot be read.
    """
    try:
        return _unpacked(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"{file} cannot be read: {error}") from error


class NotedBus:
    """A way to the broker that notes each batch before it goes out.

    Args:
        bus: the way itself.
        file: where it is noted; it is written at once or not at all.
        receipt: what was noted before.

    Attributes:
        sure: whether messages of QoS 0 are sent with QoS 1: a past is not worth less for being sent fast.
    """

    def __init__(self, bus: Bus, file: Path, receipt: Receipt) -> None:
        self.sure = False
        self._bus = bus
        self._file = file
        self._receipt = receipt

    async def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Note them, then send them in order.

        Raises:
            UndeliveredError: the broker is away; says how many of the first are surely delivered.
            StoreError: they cannot be noted.
        """
        counted = [delivery for delivery in deliveries if self._take(delivery)]
        if counted:
            self._receipt.batch = counted
            await asyncio.to_thread(self._write)
        if self.sure:
            deliveries = [one if one.qos else msgspec.structs.replace(one, qos=1) for one in deliveries]
        await self._bus.publish(deliveries)

    async def close(self, line: Node) -> None:
        """Nothing more is sent from a line: what is still on a faulty way arrives.

        Raises:
            UndeliveredError: the broker is away.
        """
        if isinstance(self._bus, FaultyBus):
            await self._bus.close(line)

    def subscribe(self, *filters: str) -> AbstractAsyncContextManager[Subscription]:
        """As the way itself."""
        return self._bus.subscribe(*filters)

    def _take(self, delivery: Delivery) -> bool:
        """Count a message; false for one that takes no part in the order of the stream."""
        if not delivery.payload:
            return True  # it clears a topic, and goes with the message before it
        address = parse(delivery.topic, PREFIX)
        if not KINDS[address.kind].counted or address.node is None:
            return False
        told = _numbers(delivery.payload)
        receipt = self._receipt
        receipt.nodes[address.node.path] = (told.session, told.n)
        receipt.topics[delivery.topic] = (told.session, told.seq)
        receipt.now = max(receipt.now, told.ts)
        return True

    def _write(self) -> None:
        temporary = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as out:
                out.write(_packed(self._receipt))
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self._file)
        except OSError as error:
            raise StoreError(f"{self._file} cannot be written: {error}") from error
