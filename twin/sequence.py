"""Book-keeping of sequence numbers per topic and session: what is missing, what came late, what came twice.

Pure. The result is a function of the set of numbers seen, whatever their order; only the counters of late and double
arrivals tell how they came.
"""

from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from plant.messages import Message
from twin.kept import Kept, Stored
from twin.values import Tally


class Arrival(Enum):
    """What a number means when it arrives."""

    START = "start"
    NEXT = "next"
    HOLE = "hole"
    LATE = "late"
    DUPLICATE = "duplicate"


START, NEXT, HOLE, LATE, DUPLICATE = Arrival


class Hole(NamedTuple):
    """Numbers first to last are missing; their messages happened between the instants `after` and `before`."""

    first: int
    last: int
    after: int
    before: int


class Tracker(Kept):
    """Numbers of one topic in one session.

    Args:
        complete: whether the session was heard from its beginning, so that the first number has to be 0.
        begin: earliest instant at which a message of the session can have happened.
    """

    __slots__ = (
        "confirmed", "duplicates", "ended", "high", "holes", "late", "low", "n", "received", "same", "seq", "ts",
    )  # fmt: skip
    stored = Stored(
        values={
            "low": int,
            "high": int,
            "confirmed": int,
            "ended": bool,
            "seq": int,
            "n": int,
            "ts": int,
            "same": int,
            "received": int,
            "duplicates": int,
            "late": int,
        },
        columns=({"holes": Hole},),
    )

    def __init__(self, *, complete: bool = False, begin: int = 0) -> None:
        super().__init__()
        self.low = 0 if complete else -1  # -1: not begun
        self.high = -1
        self.holes: list[Hole] = []
        self.confirmed = begin  # a heartbeat said at this instant that `high` was the last
        self.ended = False  # a later birth named the last number
        self.seq = self.n = self.ts = -1  # the newest message received
        self.same = 0  # messages in a row with its ts
        self.received = self.duplicates = self.late = 0

    def seen(self, seq: int) -> bool:
        """Whether a number has arrived."""
        if seq > self.high or seq < self.low or self.low < 0:
            return False
        return not any(hole.first <= seq <= hole.last for hole in self.holes)

    def observe(self, seq: int, n: int, ts: int) -> Arrival:
        """Note a number that arrived."""
        if seq == self.high + 1 and self.low >= 0:
            self.high = seq
            arrival = NEXT
        else:
            arrival = self._place(seq, ts)
            if arrival is DUPLICATE:
                self.duplicates += 1
                return DUPLICATE
        self.received += 1
        if seq > self.seq:
            self.same = self.same + 1 if ts == self.ts else 1
            self.seq, self.n, self.ts = seq, n, ts
        elif ts == self.ts:
            self.same += 1
        return arrival

    def observe_all(self, messages: list[Message]) -> list[Message]:
        """Note messages that arrived; those that are new, in the same order."""
        if self.low < 0 and len(messages) > 1:
            return [*self.observe_all(messages[:1]), *self.observe_all(messages[1:])]
        seqs = [m.seq for m in messages]
        count = len(seqs)
        if self.low < 0 or seqs != list(range(self.high + 1, self.high + 1 + count)):
            return [m for m in messages if self.observe(m.seq, m.n, m.ts) is not DUPLICATE]
        newest = messages[-1]
        same = 1
        while same < count and messages[-1 - same].ts == newest.ts:
            same += 1
        if same == count and self.ts == newest.ts:
            same += self.same
        self.high = self.seq = newest.seq
        self.n, self.ts, self.same = newest.n, newest.ts, same
        self.received += count
        return messages

    def _place(self, seq: int, ts: int) -> Arrival:
        if self.low < 0:
            self.low = self.high = seq
            return START
        if seq > self.high:
            self.holes.append(Hole(self.high + 1, seq - 1, max(self.ts, self.confirmed), ts))
            self.high = seq
            return HOLE
        if seq < self.low:
            if seq + 1 < self.low:
                self.holes.insert(0, Hole(seq + 1, self.low - 1, ts, self._first_instant()))
                self.moved(0)
            self.low = seq
            self.late += 1
            return LATE
        for i, hole in enumerate(self.holes):
            if hole.first <= seq <= hole.last:
                pieces = (
                    Hole(hole.first, seq - 1, hole.after, min(ts, hole.before)),
                    Hole(seq + 1, hole.last, max(ts, hole.after), hole.before),
                )
                self.holes[i : i + 1] = [piece for piece in pieces if piece.first <= piece.last]
                self.moved(i)
                self.late += 1
                return LATE
        return DUPLICATE

    def claim(self, seq: int, now: int, *, final: bool = False) -> None:
        """A heartbeat at `now`, or finally a birth of the next session, says that `seq` was the last number."""
        self.ended = self.ended or final
        if self.low < 0:
            self.low = seq + 1  # heard from the middle: what went before is nobody's gap
        elif seq > self.high:
            self.holes.append(Hole(self.high + 1, seq, max(self.ts, self.confirmed), now))
        if seq >= self.high:
            self.high = seq
            self.confirmed = max(self.confirmed, now)

    def assume(self, seq: int) -> None:
        """Numbers up to `seq` were received before, by somebody who kept no book of them."""
        self.low = max(0, self.low)
        self.high = max(self.high, seq)

    def complete(self, begin: int) -> None:
        """The session was heard from its beginning: what lies before the first number seen is missing."""
        if self.low > 0:
            self.holes.insert(0, Hole(0, self.low - 1, begin, self._first_instant()))
            self.moved(0)
        self.low = 0

    def missing(self, begin: int, end: int) -> int:
        """How many missing messages may have happened in [begin, end)."""
        return sum(h.last - h.first + 1 for h in self.holes if h.before >= begin and h.after < end)

    @property
    def gaps(self) -> int:
        """How many messages are missing."""
        return sum(hole.last - hole.first + 1 for hole in self.holes)

    @property
    def tally(self) -> Tally:
        """Counters of this topic and session."""
        return Tally(received=self.received, duplicates=self.duplicates, late=self.late, gaps=self.gaps)

    def _first_instant(self) -> int:
        return self.holes[0].after if self.holes else max(self.ts, self.confirmed)


class Topic:
    """Numbers of one topic over the sessions of a run.

    Args:
        born: sessions that were heard from their beginning, and when they began; all topics of a line share it.
    """

    __slots__ = ("_current", "_session", "asked", "born", "trackers")

    def __init__(self, born: dict[int, int]) -> None:
        self.born = born
        self.trackers: dict[int, Tracker] = {}
        self.asked: set[int] = set()  # sessions whose numbers may have changed since the last snapshot
        self._session = 0
        self._current = Tracker()

    def tracker(self, session: int) -> Tracker:
        """Numbers of one session."""
        if session == self._session:
            return self._current
        found = self.trackers.get(session)
        if found is None:
            found = Tracker(complete=session in self.born, begin=self.born.get(session, 0))
            self.trackers[session] = found
        self.asked.add(session)
        self._session, self._current = session, found
        return found

    def settle(self) -> list[int]:
        """Sessions whose numbers may have changed since this was asked last: all that were asked for."""
        asked = sorted(self.asked)
        self.asked.clear()
        self._session = 0
        return asked

    @property
    def last(self) -> tuple[int, Tracker] | None:
        """The newest session of which something arrived, and its numbers."""
        heard = [session for session, tracker in self.trackers.items() if tracker.seq >= 0]
        return (max(heard), self.trackers[max(heard)]) if heard else None

    @property
    def tally(self) -> Tally:
        """Counters over all sessions."""
        return sum((tracker.tally for tracker in self.trackers.values()), Tally())

    def missing(self, begin: int, end: int) -> int | None:
        """How many missing messages may have happened in [begin, end); none when nobody can tell."""
        sessions = sorted(self.trackers)
        for old, new in pairwise(sessions):
            before, after = self.trackers[old], self.trackers[new]
            unknown_tail = not before.ended and max(before.ts, before.confirmed) < end
            if unknown_tail and (after.seq < 0 or after.ts >= begin):
                return None
        return sum(self.trackers[session].missing(begin, end) for session in sessions)
