"""Sorted facts in columns, and stays: how many parts were somewhere, exactly, over any window.

Facts may arrive in any order: a column stays sorted by time, so the state is a function of the set of facts.
"""

import contextlib
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterator, Sequence
from operator import le
from sys import intern
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from plant.messages import PartEvent
from plant.remarks import Verdict
from twin.kept import Kept, Stored

Canonical = list[object]
"""What a digest is made of: equal for equal states."""

Key = str | tuple[str, int]
"""Who stays: a part, from its second visit on a part and the number of the visit."""


Rows = slice | NDArray[np.intp]
"""Which rows of a column: a stretch of them, or some."""


def view(column: "array[int]") -> NDArray[np.int64]:
    """A column as NumPy sees it; drop it before the column grows."""
    return np.frombuffer(column, dtype=np.int64) if column else np.empty(0, dtype=np.int64)


def in_order(last: tuple[int, int, int], ts: list[int], session: int, n: list[int]) -> bool:
    """Whether messages of one session go on in order after the one with the key `last`."""
    return (ts[0], session, n[0]) > last and (len(ts) == 1 or (ts == sorted(ts) and n == sorted(n)))


BEGUN, ENDED = 0, 1
"""Groups of columns of stays: those beside the begins, and those beside the ends."""

EVENTS = ("entered", "started", "finished", "scrapped", "reworked", "left")
_EVENT_CODES = {event: code for code, event in enumerate(EVENTS)}


class PartLog(Kept):
    """Part events of one node in the order of the stream: by ts, session, n."""

    __slots__ = ("event", "n", "part", "product", "session", "ts")
    stored = Stored(columns=({"ts": int, "session": int, "n": int, "event": int, "part": str, "product": str},))

    def __init__(self) -> None:
        super().__init__()
        self.ts = array("q")
        self.session = array("q")
        self.n = array("q")
        self.event = bytearray()
        self.part: list[str] = []
        self.product: list[str] = []

    def extend(self, messages: Sequence[PartEvent]) -> None:
        """Note events of one session."""
        ts, n = [m.ts for m in messages], [m.n for m in messages]
        session = messages[0].session
        last = (self.ts[-1], self.session[-1], self.n[-1]) if self.ts else (-1, -1, -1)
        if in_order(last, ts, session, n):
            self.ts.extend(array("q", ts))  # an array takes another one several times as fast as a list
            self.session.extend(array("q", [session]) * len(ts))
            self.n.extend(array("q", n))
            self.event.extend(bytes([_EVENT_CODES[m.event] for m in messages]))
            self.part.extend([intern(m.part) for m in messages])
            self.product.extend([intern(m.product) for m in messages])
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
        self.product.insert(row, intern(m.product))
        self.moved(row)

    def in_machine(self, row: int, part: str | None) -> str | None:
        """The part in a machine after an event, if this one was there before."""
        event = EVENTS[self.event[row]]
        if event in {"started", "finished"}:
            return self.part[row]
        return None if event == "left" and self.part[row] == part else part

    def events(self, begin: int, end: int) -> list[tuple[int, str, str]]:
        """Instant, event and part of the events in [begin, end)."""
        rows = range(bisect_left(self.ts, begin), bisect_left(self.ts, end))
        return [(self.ts[row], EVENTS[self.event[row]], self.part[row]) for row in rows]

    def backwards(self, before: int) -> Iterator[tuple[int, str, str]]:
        """Instant, event and part of the events before an instant, the last one first."""
        for row in range(bisect_left(self.ts, before) - 1, -1, -1):
            yield self.ts[row], EVENTS[self.event[row]], self.part[row]

    def of(self, part: str) -> list[tuple[int, str]]:
        """Instant and event of all that happened to a part here."""
        found, row = [], -1
        with contextlib.suppress(ValueError):  # there is no further one
            while True:
                row = self.part.index(part, row + 1)
                found.append((self.ts[row], EVENTS[self.event[row]]))
        return found

    def of_all(self, parts: Collection[str]) -> list[tuple[int, str, str]]:
        """Instant, event and part of all that happened to some parts here."""
        rows = [row for row, part in enumerate(self.part) if part in parts]
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
        return [list(self.ts), list(self.session), list(self.n), list(self.event), self.part, self.product]


class Stays(Kept):
    """Stays at a place: somebody begins to be there, and ends; once per key.

    An end whose begin is not known counts nowhere (yet), so a lost message costs one part, not all that follow.
    """

    __slots__ = ("begins", "ends", "good", "lost", "open", "since")
    stored = Stored(
        columns=({"begins": int}, {"ends": int, "since": int, "good": int}),
        tables={"open": dict[Key, int], "lost": dict[Key, tuple[int, bool, int | None]]},
    )

    def __init__(self) -> None:
        super().__init__()
        self.begins = array("q")
        self.ends = array("q")
        self.since = array("q")  # beside each end: from when on its length counts, its begin if nothing else is told
        self.good = bytearray()  # and whether the part was good
        self.open: dict[Key, int] = {}
        self.lost: dict[Key, tuple[int, bool, int | None]] = {}

    def begin(self, keys: Sequence[Key], instants: Sequence[int]) -> None:
        """They are there from these instants on."""
        self.dirty["open"].update(keys)
        in_turn = not self.begins or instants[0] >= self.begins[-1]
        if in_turn and (not self.lost or self.lost.keys().isdisjoint(keys)) and sorted(instants) == instants:
            self.begins.extend(array("q", instants))
            self.open.update(zip(keys, instants, strict=True))
            return
        for key, ts in zip(keys, instants, strict=True):
            row = bisect_right(self.begins, ts)
            self.begins.insert(row, ts)
            self.moved(row, BEGUN)
            if (end := self.lost.pop(key, None)) is not None:
                self.dirty["lost"].add(key)
                self._complete(ts, *end)
            else:
                self.open[key] = ts

    def end(
        self,
        keys: Sequence[Key],
        instants: Sequence[int],
        good: Sequence[bool] | None = None,
        since: Sequence[int | None] | None = None,
    ) -> None:
        """They are there no more from these instants on.

        Args:
            keys: who.
            instants: when.
            good: whether they are good; left out: all of them.
            since: from when on the lengths of their stays count, where that is before their begins.
        """
        self.dirty["open"].update(keys)
        pop = self.open.pop
        begins = [pop(key, None) for key in keys]
        good = [True] * len(keys) if good is None else good
        if since is None and None not in begins and (not self.ends or instants[0] >= self.ends[-1]):
            known = cast("list[int]", begins)
            if sorted(instants) == instants and all(map(le, known, instants)):
                self.ends.extend(array("q", instants))
                self.since.extend(array("q", known))
                self.good.extend(bytes(good))
                return
        told = [None] * len(keys) if since is None else since
        for key, begin, ts, fine, from_ in zip(keys, begins, instants, good, told, strict=True):
            if begin is None:
                self.lost[key] = (ts, fine, from_)
                self.dirty["lost"].add(key)
            else:
                self._complete(begin, ts, fine, from_)

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
        return [list(self.begins), ended, sorted(self.open.items(), key=repr), sorted(self.lost.items(), key=repr)]

    def _complete(self, begin: int, end: int, good: bool, since: int | None) -> None:  # noqa: FBT001
        end = max(begin, end)
        ends = self.ends
        place = len(ends) if not ends or end >= ends[-1] else bisect_right(ends, end)
        ends.insert(place, end)
        self.since.insert(place, begin if since is None else min(begin, since))
        self.good.insert(place, good)
        self.moved(place, ENDED)


class Lives(Stays):
    """Stays that may seem to begin several times, where parts are sent back to another entry: the earliest counts."""

    __slots__ = ("first", "last")
    stored = Stored(tables={"first": dict[Key, int], "last": dict[Key, tuple[int, bool, int | None]]})

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[Key, int] = {}
        self.last: dict[Key, tuple[int, bool, int | None]] = {}

    def begin(self, keys: Sequence[Key], instants: Sequence[int]) -> None:
        """They are there from these instants on, if they were not before."""
        self.dirty["first"].update(keys)
        for key, ts in zip(keys, instants, strict=True):
            known = self.first.get(key)
            if known is None:
                self.first[key] = ts
                super().begin([key], [ts])
            elif ts < known:
                self.first[key] = ts
                self._begin_earlier(key, known, ts)

    def end(
        self,
        keys: Sequence[Key],
        instants: Sequence[int],
        good: Sequence[bool] | None = None,
        since: Sequence[int | None] | None = None,
    ) -> None:
        """They are there no more from these instants on; see `Stays.end`."""
        good = [True] * len(keys) if good is None else good
        since = [None] * len(keys) if since is None else since
        self.dirty["last"].update(keys)
        self.last.update(zip(keys, zip(instants, good, since, strict=True), strict=True))
        super().end(keys, instants, good, since)

    def _begin_earlier(self, key: Key, known: int, ts: int) -> None:
        """An earlier begin of a stay has come late."""
        del self.begins[bisect_left(self.begins, known)]
        insort(self.begins, ts)
        self.moved(bisect_left(self.begins, ts), BEGUN)
        if key in self.open:
            self.open[key] = ts
            self.dirty["open"].add(key)
            return
        end, good, since = self.last[key]
        row = bisect_left(self.ends, max(known, end))
        while (self.since[row], self.good[row]) != (known if since is None else min(known, since), good):
            row += 1
        del self.ends[row], self.since[row], self.good[row]
        self.moved(row, ENDED)
        self._complete(ts, end, good, since)


class Trips(Kept):
    """Ways that parts may go several times, where nothing says which time it is.

    An arrival ends the oldest trip of the part that had begun by then and was not over; without one it counts nowhere.
    """

    __slots__ = ("begins", "ends", "known")
    stored = Stored(columns=({"begins": int}, {"ends": int}), tables={"known": dict[str, list[tuple[int, bool]]]})

    def __init__(self) -> None:
        super().__init__()
        self.begins = array("q")
        self.ends = array("q")
        self.known: dict[str, list[tuple[int, bool]]] = {}  # of each part: instants, and whether it arrived

    def begin(self, parts: Sequence[str], instants: Sequence[int]) -> None:
        """Parts set out at these instants."""
        for part, ts in zip(parts, instants, strict=True):
            row = bisect_right(self.begins, ts)
            self.begins.insert(row, ts)
            self.moved(row, BEGUN)
            self._note(part, ts, arrived=False)

    def end(self, parts: Sequence[str], instants: Sequence[int]) -> None:
        """Parts arrive at these instants."""
        for part, ts in zip(parts, instants, strict=True):
            self._note(part, ts, arrived=True)

    def level(self, at: int) -> int:
        """How many parts are on their way at an instant."""
        return bisect_right(self.begins, at) - bisect_right(self.ends, at)

    @property
    def canonical(self) -> Canonical:
        """The same for the same facts."""
        return [list(self.begins), list(self.ends), sorted(self.known.items())]

    def _note(self, part: str, ts: int, *, arrived: bool) -> None:
        """A fact of a part; one that comes late may make other arrivals count."""
        known = self.known.setdefault(part, [])
        self.dirty["known"].add(part)
        before = _counted(known)
        insort(known, (ts, arrived))
        for gone in before:
            row = bisect_left(self.ends, gone)
            del self.ends[row]
            self.moved(row, ENDED)
        for end in _counted(known):
            row = bisect_right(self.ends, end)
            self.ends.insert(row, end)
            self.moved(row, ENDED)


def _counted(known: Sequence[tuple[int, bool]]) -> list[int]:
    """The arrivals that end a trip."""
    found, open_ones = [], 0
    for ts, arrived in known:
        if not arrived:
            open_ones += 1
        elif open_ones:
            open_ones -= 1
            found.append(ts)
    return found


def _since(column: "array[int]", begin: int, end: int) -> int:
    """Integral over [begin, end) of how many instants of a sorted column have passed."""
    before, until = bisect_right(column, begin), bisect_left(column, end)
    inside = max(0, until - before)
    total = before * (end - begin)
    if inside:
        total += inside * (end - begin) - int((view(column)[before:until] - begin).sum())
    return total


UNTOLD = -1

WORKED, REWORKED, SCRAPPED, AGAIN = 1, 2, 4, 8
"""What is known of a booked part, one bit each: the end of work was seen, it must be worked on again, it is bad, it was
not its first visit. What is bad needs no more work."""

_SAID: dict[Verdict, int] = {"good": 16, "rework": 32, "scrap": 64}
"""What somebody has said that it is: then that is what it is."""


def _verdict(mark: int) -> Verdict:
    for verdict, bit in _SAID.items():
        if mark & bit:
            return verdict
    return "scrap" if mark & SCRAPPED else "rework" if mark & REWORKED else "good"


_MARKS = range(128)
_GOOD = [mark for mark in _MARKS if _verdict(mark) == "good"]
_REWORKED = [mark for mark in _MARKS if _verdict(mark) == "rework"]
_FIRST = [mark for mark in _MARKS if not mark & AGAIN]
_PASSED = [mark for mark in _GOOD if not mark & AGAIN]


class Made(NamedTuple):
    """Parts booked in a window: all, good, to be worked on again; all and good ones at their first visit."""

    produced: int
    good: int
    reworked: int
    first: int
    passed: int

    @property
    def scrapped(self) -> int:
        """Bad ones."""
        return self.produced - self.good - self.reworked


class Outcomes(Kept):
    """Parts that a machine worked on: when the work ended, how long it took, what they are, what became of them.

    A part is booked whenever its work ends. A verdict at that very instant is its own; one without an end of work
    struck the part in the machine, and books it at that instant.
    """

    __slots__ = ("cycle", "kind", "mark", "orders", "parts", "ts")
    stored = Stored(
        columns=({"ts": int, "cycle": int, "mark": int, "kind": int, "parts": str, "orders": str | None},)
    )

    def __init__(self) -> None:
        super().__init__()
        self.ts = array("q")
        self.cycle = array("q")  # UNTOLD where nobody said how long the work took
        self.mark = bytearray()
        self.kind = array("H")  # what it is, by a number that its user gives
        self.parts: list[str] = []
        self.orders: list[str | None] = []

    def finish(  # noqa: PLR0917 a column each
        self,
        instants: Sequence[int],
        parts: Sequence[str],
        cycles: Sequence[int],
        marks: Sequence[int] | None = None,
        kinds: Sequence[int] | None = None,
        orders: Sequence[str | None] | None = None,
    ) -> None:
        """Work on parts ended at these instants; marks, kinds and orders left out: `WORKED`, 0 and none."""
        count = len(parts)
        marks = bytes([WORKED]) * count if marks is None else marks
        in_turn = not self.ts or instants[0] > self.ts[-1]
        if in_turn and sorted(instants) == instants:
            self.ts.extend(array("q", instants))
            self.cycle.extend(array("q", cycles))
            self.mark.extend(marks)
            if kinds is None:
                self.kind.frombytes(bytes(2 * count))
            else:
                self.kind.extend(array("H", kinds))
            self.parts.extend(map(intern, parts))
            self.orders.extend([None] * count if orders is None else orders)
            return
        kinds = [0] * count if kinds is None else kinds
        orders = [None] * count if orders is None else orders
        for ts, part, cycle, mark, kind, order in zip(instants, parts, cycles, marks, kinds, orders, strict=True):
            self._book(ts, part, cycle, mark, kind, order)

    def judge(self, ts: int, part: str, mark: int, kind: int = 0, order: str | None = None) -> None:
        """A part is bad, or must be worked on again."""
        self._book(ts, part, UNTOLD, mark, kind, order)

    def dispose(self, ts: int, part: str, verdict: Verdict) -> None:
        """Somebody says what a part is that was booked at an instant; one that was not booked then is nothing."""
        if (row := self._find(ts, part)) is not None:
            self.mark[row] = self.mark[row] & ~sum(_SAID.values()) | _SAID[verdict]
            self.moved(row)

    def of(self, part: str) -> list[tuple[int, Verdict]]:
        """When a part was booked, and what it is."""
        rows = [row for row, name in enumerate(self.parts) if name == part]
        return [(self.ts[row], _verdict(self.mark[row])) for row in rows]

    def produced(self, begin: int, end: int) -> int:
        """Parts booked in [begin, end), whatever became of them."""
        return bisect_left(self.ts, end) - bisect_left(self.ts, begin)

    def rows(self, begin: int, end: int) -> slice:
        """Parts booked in [begin, end), for `made`, `worth` and `cycle_sum`."""
        return slice(bisect_left(self.ts, begin), bisect_left(self.ts, end))

    def made(self, rows: Rows) -> Made:
        """Some parts by what became of them."""
        counts = np.bincount(self._marks(rows), minlength=len(_MARKS))
        good, reworked, of_first, passed = (int(counts[of].sum()) for of in (_GOOD, _REWORKED, _FIRST, _PASSED))
        return Made(int(counts.sum()), good, reworked, of_first, passed)

    def worth(self, rows: Rows, prices: NDArray[np.int64]) -> tuple[int, int]:
        """Some parts, and the good ones of them, valued with a price for each."""
        return int(prices.sum()), int(prices[np.isin(self._marks(rows), _GOOD)].sum())

    def kinds(self, rows: Rows) -> NDArray[np.uint16]:
        """What some parts are."""
        return np.frombuffer(self.kind, dtype=np.uint16)[rows] if self.kind else np.empty(0, dtype=np.uint16)

    def verdicts(self, rows: slice) -> list[Verdict]:
        """What some parts are taken for."""
        return [_verdict(mark) for mark in self.mark[rows]]

    def _marks(self, rows: Rows) -> NDArray[np.uint8]:
        return np.frombuffer(self.mark, dtype=np.uint8)[rows]

    def cycles(self, begin: int, end: int) -> list[int]:
        """Work times of the parts finished in [begin, end), as far as they are told."""
        first, last = bisect_left(self.ts, begin), bisect_left(self.ts, end)
        return [cycle for cycle in self.cycle[first:last] if cycle != UNTOLD]

    def cycle_sum(self, rows: Rows) -> tuple[int, int]:
        """Number of some parts whose work times are told, and the sum of these."""
        cycles = view(self.cycle)[rows]
        told = cycles[cycles != UNTOLD]
        return len(told), int(told.sum())

    def good_instants(self, begin: int, end: int) -> NDArray[np.int64]:
        """When the good parts of [begin, end) were booked."""
        first, last = bisect_left(self.ts, begin), bisect_left(self.ts, end)
        mask = np.isin(np.frombuffer(self.mark, dtype=np.uint8)[first:last], _GOOD)
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
        told = [order or "" for order in self.orders]
        return sorted(zip(self.ts, self.parts, self.cycle, self.mark, self.kind, told, strict=True))  # type: ignore[return-value]

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

    def _book(self, ts: int, part: str, cycle: int, mark: int, kind: int, order: str | None) -> None:  # noqa: PLR0917
        """Note what is known of a part at an instant, beside what was known."""
        if (row := self._find(ts, part)) is not None:
            self.cycle[row] = max(self.cycle[row], cycle)
            self.mark[row] |= mark
            self.kind[row] = max(self.kind[row], kind)
            self.moved(row)
            self.orders[row] = self.orders[row] or order
            return
        row = bisect_right(self.ts, ts)
        self.ts.insert(row, ts)
        self.cycle.insert(row, cycle)
        self.mark.insert(row, mark)
        self.kind.insert(row, kind)
        self.parts.insert(row, intern(part))
        self.orders.insert(row, order)
        self.moved(row)


class Departures(Kept):
    """Parts that left a line: when, what they were, by a number that its user gives, and for which order."""

    __slots__ = ("kind", "orders", "parts", "ts")
    stored = Stored(columns=({"ts": int, "kind": int, "orders": str | None, "parts": str},))

    def __init__(self) -> None:
        super().__init__()
        self.ts = array("q")
        self.kind = array("H")
        self.orders: list[str | None] = []
        self.parts: list[str] = []

    def note(self, ts: int, part: str, kind: int, order: str | None = None) -> None:
        """A part left."""
        place = len(self.ts) if not self.ts or ts >= self.ts[-1] else bisect_right(self.ts, ts)
        self.ts.insert(place, ts)
        self.kind.insert(place, kind)
        self.orders.insert(place, order)
        self.parts.insert(place, intern(part))
        self.moved(place)

    def give(self, ts: int, part: str, to: "Departures") -> None:
        """A part that left at an instant belongs elsewhere; one that did not is nothing."""
        for row in range(bisect_left(self.ts, ts), bisect_right(self.ts, ts)):
            if self.parts[row] == part:
                to.note(ts, part, self.kind[row], self.orders[row])
                del self.ts[row], self.kind[row], self.orders[row], self.parts[row]
                self.moved(row)
                return

    def of(self, part: str) -> list[int]:
        """When a part left."""
        return [self.ts[row] for row, name in enumerate(self.parts) if name == part]

    def until(self, at: int) -> int:
        """How many left up to and at an instant."""
        return bisect_right(self.ts, at)

    def rows(self, begin: int, end: int) -> slice:
        """Parts that left in [begin, end)."""
        return slice(bisect_left(self.ts, begin), bisect_left(self.ts, end))

    def kinds(self, rows: Rows) -> NDArray[np.uint16]:
        """What some parts are."""
        return np.frombuffer(self.kind, dtype=np.uint16)[rows] if self.kind else np.empty(0, dtype=np.uint16)

    @property
    def canonical(self) -> Canonical:
        """The same for the same facts."""
        told = [order or "" for order in self.orders]
        return sorted(zip(self.ts, self.parts, self.kind, told, strict=True))  # type: ignore[return-value]
