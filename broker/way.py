"""What is on a faulty way: messages that are held, and what is known of their topics."""

from dataclasses import dataclass, field
from heapq import heappush
from typing import TYPE_CHECKING

from broker.effects import Effects
from broker.fates import Trouble
from plant.draws import Stream
from plant.messages import Delivery
from plant.occurrences import OnTheWay

if TYPE_CHECKING:
    from collections import deque

Number = tuple[int, int]
"""Session and seq of a message."""


class Topic:
    """The messages of one topic.

    Attributes:
        sent: highest number that set out.
        came: highest number that came and could be read.
        confirmed: highest number of which a heartbeat spoke that came.
        free: when the last one that is held comes, µs since the start of the run.
        missing: numbers that were lost, or came malformed.
        held: numbers that are on their way.
        early: those of them that came already, since the publisher sent them again.
    """

    __slots__ = (
        "_streams", "came", "confirmed", "early", "effects", "free", "held", "missing", "path", "sent", "ways",
    )  # fmt: skip

    def __init__(self, path: str, effects: Effects, ways: tuple[OnTheWay, ...]) -> None:
        self.path = path
        self.effects = effects
        self.ways = ways
        self.sent: Number = (0, -1)
        self.came: Number = (0, -1)
        self.confirmed: Number = (0, -1)
        self.free = 0
        self.missing: set[Number] = set()
        self.held: set[Number] = set()
        self.early: set[Number] = set()
        self._streams: dict[tuple[str, int], Stream] = {}

    def stream(self, seed: int, trouble: Trouble, session: int) -> Stream:
        """Draws of a fault for this topic; draw k is of the message with that number."""
        key = trouble.way.purpose, session
        if (found := self._streams.get(key)) is None:
            path = self.path if session == 1 else f"{self.path}#{session}"
            found = self._streams[key] = Stream(seed, path, trouble.way.purpose)
        return found


@dataclass(slots=True, eq=False)
class Item:
    """A message on its way, with what clears its topic behind it."""

    topic: Topic
    number: Number
    deliveries: list[Delivery]
    held: bool = False
    spoiled: bool = False
    copies: int = 0
    lost: bool = False
    came: bool = False
    befallen: list[tuple[int, int]] = field(default_factory=list)


class Way:
    """What is on the way from one line.

    Attributes:
        now: newest plant time, µs since the start of the run.
        due: what is held until an instant: instant, turn, and what it is.
        overtaken: what is held until others have passed, and how many still.
        kept: what waits until a connection is back, by entry.
        free: when the connection has sent what it kept, by entry.
        clock: the newest heartbeat that waits.
        last: what set out last, to which the clearing of an alarm belongs.
    """

    __slots__ = ("clock", "due", "free", "kept", "last", "now", "overtaken", "turn")

    def __init__(self) -> None:
        self.now = 0
        self.turn = 0
        self.due: list[tuple[int, int, Item | Delivery]] = []
        self.overtaken: list[tuple[int, Item]] = []
        self.kept: dict[int, deque[Item]] = {}
        self.free: dict[int, int] = {}
        self.clock: Delivery | None = None
        self.last: Item | None = None

    def hold(self, due: int, what: "Item | Delivery") -> None:
        """Hold something until an instant."""
        self.turn += 1
        heappush(self.due, (due, self.turn, what))
