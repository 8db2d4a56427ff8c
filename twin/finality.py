"""What has been said of each hour once it was over, and every change of it since. Pure.

A figure is provisional until the watermark of its line has passed its end: the newest heartbeat, less the time that
late messages are given, and less the length from which a stop is no minor one, since what a stop is must be known as
well. From then on it is final. What comes later is never dropped: hours of which the parts change are revised, and the
change is kept with what caused it. So two answers about the same window differ only where a revision tells why.

Hours are those of the plant's clock, cut at the borders of shifts. Of each node their additive parts are kept, never a
ratio. Between the last hour that is sealed and the watermark lies a piece that is final but not yet kept: it is looked
at before and after a late message is folded.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from plant.messages import Clock, Message, Meta, Order, Remark, StateChange
from plant.periods import PERIODS, Periods
from plant.remarks import Disposed, Recoded, Replanned
from plant.shifts import Calendar
from plant.time import DAY, MINUTE
from twin.mirror import NEVER, LineMirror

LATENESS = MINUTE
"""How late a message may be and change nothing that was called final, in plant time."""

IDLE = 10 * MINUTE
"""A line that is silent for longer than the others no longer holds up what is final of it: that time is unknown."""

WEEK = 7 * DAY
PERIODS_OF_WEEKS = {"day": PERIODS["day"]}
"""What is over for longer than a week is kept by days: a clock that is wrong by years must not fill the disk."""

MOST_CAUSES = 1_000
"""Messages that a revision names one by one."""

Parts = dict[str, int]

PartsOf = Callable[[str, int, int], Parts]
"""The additive parts of a node over a window."""


class Hour(NamedTuple):
    """What was first said of an hour of a node: its parts, encoded."""

    path: str
    begin: int
    end: int
    parts: bytes


class Change(NamedTuple):
    """What an hour of a node, or as much of it as was final, was said to be before and after a revision."""

    path: str
    begin: int
    end: int
    before: bytes
    after: bytes

    @property
    def differences(self) -> dict[str, tuple[int, int]]:
        """Parts that changed, before and after; one that there was not is 0."""
        old, new = decoded(self.before), decoded(self.after)
        both = ((name, (old.get(name, 0), new.get(name, 0))) for name in sorted({*old, *new}))
        return {name: pair for name, pair in both if pair[0] != pair[1]}


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what was final.

    Args:
        line: whose revision it is.
        number: of the line, from 1.
        first: position in the journal of the first message that caused it; the one before knew nothing of it.
        last: of the last one.
        causes: of each, at most 1,000; none where it was found at a start of the twin.
        count: how many caused it, as far as they are known one by one.
        begin: nothing before this instant has changed.
        until: nothing from this instant on was final.
        changes: by node and hour.
    """

    line: str
    number: int
    first: int
    last: int
    causes: tuple[int, ...]
    count: int
    begin: int
    until: int
    changes: tuple[Change, ...]


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a run as final.

    Args:
        hours: in order of time.
        revisions: in order of their numbers.
        position: of the journal, up to which it was looked at.
        version: of what counted; empty: nothing was.
    """

    hours: list[Hour]
    revisions: list[Revision]
    position: int
    version: str


class Late(NamedTuple):
    """Messages that speak of what is final.

    Args:
        since: the first instant of which they say something.
        first: position in the journal of the first one.
        last: of the last one.
        causes: of all of them, where they are known one by one.
    """

    since: int
    first: int
    last: int
    causes: tuple[int, ...] = ()

    def and_one(self, since: int, position: int) -> "Late":
        """These and one more."""
        return Late(min(self.since, since), self.first, position, (*self.causes, position))


class Open(NamedTuple):
    """What is final and not kept yet, before a late message is folded: its borders, and the parts of each node."""

    begin: int
    until: int
    parts: Mapping[str, bytes]


encoded: Callable[[Parts], bytes] = msgspec.json.Encoder(order="sorted").encode
decoded: Callable[[bytes], Parts] = msgspec.json.Decoder(dict[str, int]).decode
NOTHING = encoded({})


class Finality:
    """What is final of one line.

    Args:
        line: its mirror.
        calendar: of the plant, which says where its hours and shifts begin.
        paths: the nodes of the line of which figures are told.
        parts_of: what is said of them.
        lateness: how late a message may be.
    """

    def __init__(
        self, line: LineMirror, calendar: Calendar, paths: Sequence[str], parts_of: PartsOf, lateness: int = LATENESS
    ) -> None:
        self.line = line
        self.calendar = calendar
        self.parts_of = parts_of
        self.lateness = lateness
        self.others = -1  # newest heartbeat of the other lines
        self.borders = array("q")  # of the hours that are sealed, which follow each other
        self.sealed: dict[str, list[bytes]] = {path: [] for path in paths}
        self.revisions: list[Revision] = []
        self.latecomers: list[int] = []  # of which instants late messages spoke, also where no figure has changed
        self._of: dict[str, list[tuple[Revision, list[Change]]]] = {}  # by node: those that changed something of it

    @property
    def watermark(self) -> int:
        """What ended by this instant is final."""
        own = self.line.clock.now if self.line.clock else -1
        return max(own, self.others - IDLE) - self.lateness - self.line.line.minor_stop

    @property
    def touchable(self) -> int:
        """What speaks of an earlier instant may change what is final: also by what a stop is that began before it."""
        return self.watermark + self.line.line.minor_stop

    def revision(self, path: str, begin: int, end: int) -> int:
        """How often [begin, end) of a node has been said, once it was final; 0 while it is provisional."""
        if end > self.watermark:
            return 0
        return 1 + sum(end <= revision.until for revision in self.touching(path, begin, end))

    def touching(self, path: str, begin: int, end: int) -> Iterator[Revision]:
        """Revisions that changed something final of a node in [begin, end), as far as that was final then."""
        for revision, changes in self._of.get(path, ()):
            if any(change.begin < end and change.end > begin for change in changes):
                yield revision

    def since(self, message: Message) -> int:
        """The first instant of which a message says something."""
        heard = self.line.clock.now if self.line.clock else 0
        told = message.ts
        match message:
            case StateChange():
                told = message.since
            case Clock():  # it confirms what has been since the one before
                told = heard
            case Meta() if message.last:  # the same, of the session before
                told = heard
            case Order() if message.event == "released" and message.due is not None:
                told = message.due
            case Remark(about=Recoded() | Replanned() as about):
                told = about.begin
            case Remark(about=Disposed() as about):
                told = about.at
        return min(told, message.ts)

    def open(self, since: int) -> Open:
        """What is final and not kept yet, before something is folded that speaks of the time since an instant."""
        first = min(since, self.line.first)
        begin = self.borders[-1] if self.borders else _floor(self.calendar, first)
        until = max(begin, self.watermark)
        return Open(begin, until, {path: self._said(path, begin, until) for path in self.sealed})

    def kept(self) -> Open:
        """Nothing but what is kept: for a look at that alone, when no message is folded."""
        return Open(self.watermark, self.watermark, {})

    def revise(self, before: Open, late: Late) -> Revision | None:
        """What has changed by late messages that are folded now; none: nothing that was final."""
        self.latecomers.append(late.since)
        changes = sorted([*self._revised(late.since), *self._reopened(before)])
        if not changes:
            return None
        revision = Revision(
            line=self.line.path,
            number=len(self.revisions) + 1,
            first=late.first,
            last=late.last,
            causes=late.causes[:MOST_CAUSES],
            count=len(late.causes),
            begin=min(change.begin for change in changes),
            until=before.until,
            changes=tuple(changes),
        )
        self._note(revision)
        return revision

    @property
    def due(self) -> bool:
        """Whether an hour is over that is not kept."""
        return self._next() is not None

    def seal(self) -> list[Hour]:
        """Keep what is said of the next hour that is over; of each node."""
        if (end := self._next()) is None:
            return []
        if not self.borders:
            self.borders.append(_floor(self.calendar, self.line.first))
        begin = self.borders[-1]
        self.borders.append(end)
        hours = [Hour(path, begin, end, self._said(path, begin, end)) for path in self.sealed]
        for hour in hours:
            self.sealed[hour.path].append(hour.parts)
        return hours

    def recall(self, hours: Iterable[Hour], revisions: Iterable[Revision]) -> None:
        """Know what was kept: hours in order of time, as they were first said, and what has changed since."""
        for hour in hours:
            if (kept := self.sealed.get(hour.path)) is None:
                continue
            if not self.borders:
                self.borders.append(hour.begin)
            if hour.end > self.borders[-1]:
                self.borders.append(hour.end)
            kept.append(hour.parts)
        for revision in revisions:
            self._note(revision)
            for change in revision.changes:
                self._prepend(change.begin)
                row = bisect_left(self.borders, change.begin)
                if list(self.borders[row : row + 2]) == [change.begin, change.end]:
                    self.sealed[change.path][row] = change.after
        whole = len(self.borders) - 1
        for kept in self.sealed.values():  # a node that the plant did not have then
            kept[:0] = [NOTHING] * max(0, whole - len(kept))

    def _note(self, revision: Revision) -> None:
        self.revisions.append(revision)
        by_path: dict[str, list[Change]] = {}
        for change in revision.changes:
            by_path.setdefault(change.path, []).append(change)
        for path, changes in by_path.items():
            self._of.setdefault(path, []).append((revision, changes))

    def _next(self) -> int | None:
        """The end of the next hour to keep, if that is final."""
        if self.line.first == NEVER or self.watermark <= self.line.first:
            return None
        begin = self.borders[-1] if self.borders else _floor(self.calendar, self.line.first)
        whole = self.watermark - begin > WEEK
        return next(_cuts(self.calendar, begin, self.watermark, PERIODS_OF_WEEKS if whole else PERIODS), None)

    def _said(self, path: str, begin: int, end: int) -> bytes:
        return encoded(self.parts_of(path, begin, end)) if begin < end else NOTHING

    def _revised(self, since: int) -> Iterator[Change]:
        """Hours that are sealed and are something else now: from that of an instant on, and back from it as well.

        Time before it changes where a stop is longer than was thought, or where it was unknown; that is always one
        stretch, so the first hour back that is the same is the end of it.
        """
        if not self.borders:
            return
        self._prepend(since)
        first = max(0, bisect_right(self.borders, since) - 1)
        for row in range(first, len(self.borders) - 1):
            yield from self._resealed(row)
        for row in range(min(first, len(self.borders) - 1) - 1, -1, -1):
            changed = list(self._resealed(row))
            yield from changed
            if not changed:
                return

    def _resealed(self, row: int) -> Iterator[Change]:
        begin, end = self.borders[row], self.borders[row + 1]
        for path, kept in self.sealed.items():
            said = self._said(path, begin, end)
            if said != kept[row]:
                yield Change(path, begin, end, kept[row], said)
                kept[row] = said

    def _reopened(self, before: Open) -> Iterator[Change]:
        for path, said in before.parts.items():
            now = self._said(path, before.begin, before.until)
            if now != said:
                yield Change(path, before.begin, before.until, said, now)

    def _prepend(self, since: int) -> None:
        """Hours before all that were sealed, of which something is told after all."""
        if self.borders and since < self.borders[0]:
            begin = _floor(self.calendar, since)
            more = [begin, *_cuts(self.calendar, begin, self.borders[0] - 1)]
            self.borders[:0] = array("q", more)
            for kept in self.sealed.values():
                kept[:0] = [NOTHING] * len(more)


def _cuts(
    calendar: Calendar, begin: int, until: int, sorts: Mapping[str, Periods] = PERIODS
) -> Iterator[int]:
    """Ends of hours and borders of shifts after an instant, or of other periods, up to and at another one."""
    at = begin
    while at < until:
        stop = at + DAY  # a day at a time: a clock that is wrong by years must not cost years
        cuts: set[int] = set()
        for periods in sorts.values():
            cuts.update(edge for period in periods(calendar, at, stop) for edge in (period.begin, period.end))
        for cut in sorted(cut for cut in cuts if at < cut <= stop):
            if cut > until:
                return
            yield cut
        at = stop


def _floor(calendar: Calendar, at: int) -> int:
    """The last full hour of the plant's clock not after an instant."""
    return next(iter(PERIODS["hour"](calendar, at, at + 1))).begin
