"""Sorted facts in columns, and stays: how many parts were somewhere, exactly, over any window.

Facts may arrive in any order: a column stays sorted by time, so the state is a function of the set of facts.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import le
from sys import intern
from typing import cast

import numpy as np
from numpy.typing import NDArray

from plant.messages import PartEvent

Canonical = list[object]
"""What a digest is made of: equal for equal states."""


def view(column: "array[int]") -> NDArray[np.int64]:
    """A column as NumPy sees it; drop it before the column grows."""
    return np.frombuffer(column, dtype=np.int64) if column else np.empty(0, dtype=np.int64)


def in_order(last: tuple[int, int, int], ts: list[int], session: int, n: list[int]) -> bool:
    """Whether messages of one session go on in order after the one with the key `last`."""
    return (ts[0], session, n[0]) > last and (len(ts) == 1 or (ts == sorted(ts) and n == sorted(n)))


EVENTS = ("entered", "started", "finished", "scrapped", "reworked", "left")
_EVENT_CODES = {event: code for code, event in enumerate(EVENTS)}


class PartLog:
    """Part events of one node in the order of the stream: by ts, session, n."""

    __slots__ = ("event", "n", "part", "session", "ts")

    def __init__(self) -> None:
        self.ts = array("q")
        self.session = array("q")
        self.n = array("q")
        self.event = bytearray()
        self.part: list[str] = []

    def extend(self, messages: Sequence[PartEvent]) -> None:
        """Note events of one session."""
        ts, n = [m.ts for m in messages], [m.n for m in messages]
        session = messages[0].session
        last = (self.ts[-1], self.session[-1], self.n[-1]) if self.ts else (-1, -1, -1)
        if in_order(last, ts, session, n):
            self.ts.extend(ts)
            self.session.extend([session] * len(ts))
            self.n.extend(n)
            self.event.extend([_EVENT_CODES[m.event] for m in messages])
            self.part.extend([intern(m.part) for m in messages])
            return
        for m in messages:
            self._insert(m)

    def _insert(self, m: PartEvent) -> None:
        """Put a late event in its place."""
        ts = self.ts
        row = bisect_left(ts, m.ts)
        while row < len(ts) and (ts[row], self.session[row], self.n[row]) < (m.ts, m.session, m.n):
            row += 1
        ts.insert(row, m.ts)
        self.session.insert(row, m.session)
        self.n.insert(row, m.n)
        self.event.insert(row, _EVENT_CODES[m.event])
        self.part.insert(row, intern(m.part))

    def events(self, begin: int, end: int) -> list[tuple[int, str, str]]:
        """Instant, event and part of the events in [begin, end)."""
        rows = range(bisect_left(self.ts, begin), bisect_left(self.ts, end))
        return [(self.ts[row], EVENTS[self.event[row]], self.part[row]) for row in rows]

    def present(self, at: int) -> tuple[int, str | None]:
        """When the last event not after an instant was, and the part that is worked on, or finished and not away."""
        row = bisect_right(self.ts, at) - 1
        while row >= 0 and EVENTS[self.event[row]] == "entered":
            row -= 1
        if row < 0:
            return -1, None
        return self.ts[row], None if EVENTS[self.event[row]] == "left" else self.part[row]

    @property
    def canonical(self) -> Canonical:
        """The same for the same events."""
        return [list(self.ts), list(self.session), list(self.n), list(self.event), self.part]


class Stays:
    """Stays of parts at a place: a part begins to be there, and ends; one visit per part.

    An end whose begin is not known counts nowhere (yet), so a lost message costs one part, not all that follow.
    """

    __slots__ = ("begins", "ends", "good", "lost", "open", "since")

    def __init__(self) -> None:
        self.begins = array("q")
        self.ends = array("q")
        self.since = array("q")  # beside each end: its begin
        self.good = bytearray()  # and whether the part was good
        self.open: dict[str, int] = {}
        self.lost: dict[str, tuple[int, bool]] = {}

    def begin(self, parts: Sequence[str], instants: Sequence[int]) -> None:
        """Parts are there from these instants on."""
        in_turn = not self.begins or instants[0] >= self.begins[-1]
        if in_turn and sorted(instants) == instants and self.lost.keys().isdisjoint(parts):
            self.begins.extend(instants)
            self.open.update(zip(parts, instants, strict=True))
            return
        for part, ts in zip(parts, instants, strict=True):
            self.begins.insert(bisect_right(self.begins, ts), ts)
            if (end := self.lost.pop(part, None)) is not None:
                self._complete(ts, *end)
            else:
                self.open[part] = ts

    def end(self, parts: Sequence[str], instants: Sequence[int], good: Sequence[bool] | None = None) -> None:
        """Parts are there no more from these instants on; with `good`, they are good or bad."""
        pop = self.open.pop
        begins = [pop(part, None) for part in parts]
        good = [True] * len(parts) if good is None else good
        if None not in begins and (not self.ends or instants[0] >= self.ends[-1]):
            known = cast("list[int]", begins)
            if sorted(instants) == instants and all(map(le, known, instants)):
                self.ends.extend(instants)
                self.since.extend(known)
                self.good.extend(good)
                return
        for part, begin, ts, fine in zip(parts, begins, instants, good, strict=True):
            if begin is None:
                self.lost[part] = (ts, fine)
            else:
                self._complete(begin, ts, fine)

    def level(self, at: int) -> int:
        """How many parts are there at an instant."""
        return bisect_right(self.begins, at) - bisect_right(self.ends, at)

    def integral(self, begin: int, end: int) -> int:
        """Parts times microseconds over [begin, end), exactly."""
        return _since(self.begins, begin, end) - _since(self.ends, begin, end)

    def highest(self, begin: int, end: int) -> int:
        """The most parts that were there at once in [begin, end), for any time."""
        level = self.level(begin)
        entries, exits = (
            view(column)[bisect_right(column, begin) : bisect_left(column, end)] for column in (self.begins, self.ends)
        )
        if not len(entries):
            return level
        levels = np.searchsorted(entries, entries, "right") - np.searchsorted(exits, entries, "right")
        return level + max(0, int(levels.max()))

    def completed(self, begin: int, end: int) -> tuple[int, int]:
        """Number and total length of the stays of good parts that ended in [begin, end)."""
        first, last = bisect_left(self.ends, begin), bisect_left(self.ends, end)
        if first >= last:
            return 0, 0
        lengths = view(self.ends)[first:last] - view(self.since)[first:last]
        good = np.frombuffer(self.good, dtype=np.uint8)[first:last] == 1
        return int(good.sum()), int(lengths[good].sum())

    @property
    def canonical(self) -> Canonical:
        """The same for the same facts."""
        ended = sorted(zip(self.ends, self.since, self.good, strict=True))
        return [list(self.begins), ended, sorted(self.open.items()), sorted(self.lost.items())]

    def _complete(self, begin: int, end: int, good: bool) -> None:  # noqa: FBT001
        end = max(begin, end)
        ends = self.ends
        place = len(ends) if not ends or end >= ends[-1] else bisect_right(ends, end)
        ends.insert(place, end)
        self.since.insert(place, begin)
        self.good.insert(place, good)


def _since(column: "array[int]", begin: int, end: int) -> int:
    """Integral over [begin, end) of how many instants of a sorted column have passed."""
    before, until = bisect_right(column, begin), bisect_left(column, end)
    inside = max(0, until - before)
    total = before * (end - begin)
    if inside:
        total += inside * (end - begin) - int((view(column)[before:until] - begin).sum())
    return total


UNTOLD = -1


class Outcomes:
    """Parts that a machine worked on: when the work ended, how long it took, whether they are good.

    A part is booked when its work ends. Scrapped at that very instant it is bad; scrapped without an end of work it
    was struck in the machine, and is booked bad at that instant.
    """

    __slots__ = ("_good", "_settled", "cycle", "good", "parts", "ts", "worked")

    def __init__(self) -> None:
        self.ts = array("q")
        self.cycle = array("q")  # UNTOLD where nobody said how long the work took
        self.worked = bytearray()  # finished was seen
        self.good = bytearray()
        self.parts: list[str] = []
        self._good = array("q", [0])  # good parts before each row
        self._settled = 0

    def finish(self, instants: Sequence[int], parts: Sequence[str], cycles: Sequence[int]) -> None:
        """Work on parts ended at these instants."""
        in_turn = not self.ts or instants[0] > self.ts[-1]
        if in_turn and sorted(instants) == instants:
            self.ts.extend(instants)
            self.cycle.extend(cycles)
            self.worked.extend([True] * len(parts))
            self.good.extend([True] * len(parts))
            self.parts.extend(map(intern, parts))
            return
        for ts, part, cycle in zip(instants, parts, cycles, strict=True):
            if (row := self._find(ts, part)) is None:
                self._insert(ts, part, cycle, worked=True, good=True)
            else:
                self.cycle[row] = max(self.cycle[row], cycle)
                self.worked[row] = 1

    def scrap(self, ts: int, part: str) -> None:
        """A part is bad."""
        if (row := self._find(ts, part)) is None:
            self._insert(ts, part, UNTOLD, worked=False, good=False)
        else:
            self.good[row] = 0
            self._settled = min(self._settled, row)

    def produced(self, begin: int, end: int) -> int:
        """Parts booked in [begin, end), good and bad."""
        return bisect_left(self.ts, end) - bisect_left(self.ts, begin)

    def good_count(self, begin: int, end: int) -> int:
        """Good parts booked in [begin, end)."""
        first, last = bisect_left(self.ts, begin), bisect_left(self.ts, end)
        if first >= last:
            return 0
        self._settle()
        return self._good[last] - self._good[first]

    def cycles(self, begin: int, end: int) -> list[int]:
        """Work times of the parts finished in [begin, end), as far as they are told."""
        first, last = bisect_left(self.ts, begin), bisect_left(self.ts, end)
        return [cycle for cycle in self.cycle[first:last] if cycle != UNTOLD]

    def cycle_sum(self, begin: int, end: int) -> tuple[int, int]:
        """Number of the parts finished in [begin, end) whose work times are told, and the sum of these."""
        first, last = bisect_left(self.ts, begin), bisect_left(self.ts, end)
        if first >= last:
            return 0, 0
        cycles = view(self.cycle)[first:last]
        told = cycles[cycles != UNTOLD]
        return len(told), int(told.sum())

    def good_instants(self, begin: int, end: int) -> NDArray[np.int64]:
        """When the good parts of [begin, end) were booked."""
        first, last = bisect_left(self.ts, begin), bisect_left(self.ts, end)
        mask = np.frombuffer(self.good, dtype=np.uint8)[first:last] == 1
        instants: NDArray[np.int64] = view(self.ts)[first:last][mask]
        return instants

    def last_cycle(self, at: int) -> int | None:
        """Work time of the last part finished not after an instant of which it is told."""
        row = bisect_right(self.ts, at) - 1
        while row >= 0 and self.cycle[row] == UNTOLD:
            row -= 1
        return self.cycle[row] if row >= 0 else None

    @property
    def canonical(self) -> Canonical:
        """The same for the same facts."""
        return sorted(zip(self.ts, self.parts, self.cycle, self.worked, self.good, strict=True))  # type: ignore[return-value]

    def _find(self, ts: int, part: str) -> int | None:
        row = len(self.ts) - 1
        if row < 0 or self.ts[row] < ts:
            return None
        if self.ts[row] > ts:
            row = bisect_right(self.ts, ts) - 1
        while row >= 0 and self.ts[row] == ts:
            if self.parts[row] == part:
                return row
            row -= 1
        return None

    def _insert(self, ts: int, part: str, cycle: int, *, worked: bool, good: bool) -> None:
        row = bisect_right(self.ts, ts)
        self.ts.insert(row, ts)
        self.cycle.insert(row, cycle)
        self.worked.insert(row, worked)
        self.good.insert(row, good)
        self.parts.insert(row, part)
        self._settled = min(self._settled, row)

    def _settle(self) -> None:
        """Good parts before each row, from the first row that changed."""
        if self._settled == len(self.ts):
            return
        del self._good[self._settled + 1 :]
        sums = np.cumsum(np.frombuffer(self.good, dtype=np.uint8)[self._settled :], dtype=np.int64)
        self._good.frombytes((sums + self._good[-1]).tobytes())
        self._settled = len(self.ts)


