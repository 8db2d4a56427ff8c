"""What waits for a broker that is away: in order, on disk beyond a little memory, within a bound.

Beyond the bound the oldest telemetry goes first and is counted; states, parts, quality and all the rest never go.
"""

from collections import Counter, deque
from itertools import islice
from pathlib import Path

import msgspec

from plant.messages import Delivery

SEGMENT = 1 << 20
BOUND = 256 << 20

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Delivery])


def _size(delivery: Delivery) -> int:
    return len(delivery.payload) + len(delivery.topic) + 16


class _Segment:
    __slots__ = ("file", "size", "thinned")

    def __init__(self, file: Path, size: int) -> None:
        self.file = file
        self.size = size
        self.thinned = False

    def load(self) -> list[Delivery]:
        return _DECODER.decode(self.file.read_bytes())

    def store(self, deliveries: list[Delivery]) -> None:
        self.file.write_bytes(_ENCODER.encode(deliveries))
        self.size = sum(map(_size, deliveries))


class Spool:
    """A queue of deliveries.

    Args:
        folder: where segments are kept while there is more than fits in memory; it is the spool's alone, and what
            a process before has left there is deleted.
        bound: bytes that may wait before telemetry is dropped.

    Attributes:
        dropped: telemetry messages that had to go.
    """

    def __init__(self, folder: Path, *, bound: int = BOUND, segment: int = SEGMENT) -> None:
        self._folder = folder
        self._bound = bound
        self._segment = segment
        self._head: deque[Delivery] = deque()
        self._middle: deque[_Segment] = deque()
        self._tail: list[Delivery] = []
        self._tail_size = 0
        self._files = 0
        self._retained: Counter[str] = Counter()
        self.dropped = 0
        for left in folder.glob("spool-*"):
            if left.is_file():  # a folder of that name may be the spool of a line
                left.unlink()

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._head or self._middle or self._tail)

    def holds(self, topic: str) -> bool:
        """Whether a retained message of this topic waits."""
        return self._retained[topic] > 0

    def append(self, delivery: Delivery) -> None:
        """Put one more at the end."""
        if delivery.retain:
            self._retained[delivery.topic] += 1
        self._tail.append(delivery)
        self._tail_size += _size(delivery)
        if self._tail_size >= self._segment:
            self._spill()

    def peek(self, most: int) -> list[Delivery]:
        """The first ones in order, without taking them away."""
        while self._middle and not self._head:  # a segment that held nothing but dropped telemetry is empty
            segment = self._middle.popleft()
            self._head.extend(segment.load())
            segment.file.unlink()
        if not self._head:
            self._head.extend(self._tail)
            self._tail, self._tail_size = [], 0
        return list(islice(self._head, most))

    def discard(self, count: int) -> None:
        """Take the first ones away: they are safe elsewhere. No more than were peeked at."""
        for _ in range(count):
            gone = self._head.popleft()
            if gone.retain:
                self._retained[gone.topic] -= 1

    def _spill(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        segment = _Segment(self._folder / f"spool-{self._files:08}", 0)
        self._files += 1
        segment.store(self._tail)
        self._middle.append(segment)
        self._tail, self._tail_size = [], 0
        waiting = sum(segment.size for segment in self._middle)
        for old in self._middle:
            if waiting <= self._bound:
                return
            if not old.thinned:
                before = old.size
                self._thin(old)
                waiting -= before - old.size

    def _thin(self, segment: _Segment) -> None:
        deliveries = segment.load()
        kept = [delivery for delivery in deliveries if not delivery.topic.endswith("/telemetry")]
        self.dropped += len(deliveries) - len(kept)
        segment.store(kept)
        segment.thinned = True
