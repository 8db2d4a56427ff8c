"""How far the recorder has come with a run: which cells of each line are final, and what was said of the others."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from plant.time import DAY, HOUR
from twin.cells import Cell, cells, periods
from twin.finality import IDLE, Finality
from twin.intake import Run
from twin.mirror import LineMirror
from twin.points import Key, Labels, Subject, key_of
from twin.points_of_line import NO_RANK
from twin.settling import Settled
from twin.tables import CELL, FieldValue, Point

REMEMBERED = 150
"""Cells of which it is remembered what was recorded."""

PASSING = frozenset({"stop", "state", "event", "spc"})
"""Tables of which a point may be no more when something else is known."""

MARGIN = HOUR
"""Plant time before a stop of the recorder within which revisions may not have been recorded."""

Written = dict[Key, Mapping[str, FieldValue]]


class LineCourse:
    """How far a line is recorded.

    Args:
        mirror: the line.
        finality: what is final of it.
        labels: of the run.
        final: end of the last cell that is recorded and final.
        since: begin of the newest cell that was recorded by somebody else; -1: none was.
    """

    def __init__(self, mirror: LineMirror, finality: Finality, labels: Labels, final: int, since: int) -> None:
        self.mirror = mirror
        self.final = final
        self.settled = final  # what ended by then is final, recorded or not
        self.hours: list[dict[str, float]] = []
        self.subjects = [Subject(machine=m, line=mirror, labels=labels.machine(m.node)) for m in mirror.machines]
        self._finality = finality
        self._since = since
        self._written: dict[int, Written] = {}  # by cell: those that may change
        self._charts: dict[int, Written] = {}  # by period
        self._known = sum(revision.until < since - MARGIN for revision in finality.revisions)
        self._late = len(finality.latecomers)
        self._looking = self._known, self._late
        self._touched: list[tuple[int, int]] = []
        self._received: tuple[int, float] | None = None

    @property
    def revised(self) -> bool:
        """Whether something final is another than was recorded."""
        return len(self._finality.revisions) > self._known or len(self._finality.latecomers) > self._late

    def settle(self, first: int, now: int) -> None:
        """Look at what is final, and what of it has changed; a line without heartbeats is not waited for for ever.

        Args:
            first: begin of the run.
            now: its horizon.
        """
        behind = now - IDLE - self._finality.lateness - self.mirror.line.minor_stop
        self.settled = max(self.settled, self._finality.watermark, behind)
        revisions, latecomers = self._finality.revisions[self._known :], self._finality.latecomers[self._late :]
        self._looking = len(self._finality.revisions), len(self._finality.latecomers)
        touched = {(change.begin, change.end) for revision in revisions for change in revision.changes}
        self._touched = sorted(touched | {(since, max(since + 1, self.final)) for since in latecomers})
        if self._touched:
            del self.hours[max(0, (self._touched[0][0] - first) // HOUR) :]

    def looked(self) -> None:
        """All revisions that were there when it was settled are recorded."""
        (self._known, self._late), self._touched = self._looking, []

    @property
    def touched(self) -> int | None:
        """The first instant that late messages may have changed."""
        return max(self._touched[0][0], self.mirror.first) if self._touched else None

    def touches(self, cell: Cell) -> bool:
        """Whether late messages may have changed something of a cell."""
        return any(begin < cell.end and end > cell.begin for begin, end in self._touched)

    def unsure(self, cell: Cell) -> bool:
        """Whether something may have been recorded of a cell that nobody remembers."""
        return cell.at not in self._written and (cell.end <= self.final or cell.at <= self._since)

    def close(self, cell: Cell) -> None:
        """A cell is recorded, and final."""
        self.final = cell.end
        self._written[cell.at] = _passing(self._written[cell.at])
        for at in sorted(self._written)[:-REMEMBERED]:
            del self._written[at]

    def remember(self, cell: Cell, points: Sequence[Point]) -> None:
        """These are recorded of a cell."""
        written = {key_of(point): point.values for point in points}
        self._written[cell.at] = written if cell.at >= self.final else _passing(written)

    def changed(self, cell: Cell, points: Sequence[Point]) -> list[Point]:
        """Points of a cell that are other than was recorded last, and what holds now of those that are no more."""
        known = self._written.get(cell.at, {})
        elsewhere = {key for key in known if key[0] == "event" and not cell.at <= key[1] < cell.end}
        told = {key_of(point) for point in points}
        return _changed({key: of for key, of in known.items() if key not in elsewhere - told}, points)

    def unsure_chart(self, period: Cell) -> bool:
        """Whether something may have been recorded of a Pareto chart that nobody remembers."""
        return period.at not in self._charts and (self.revised or period.at <= self._since)

    def changed_chart(self, period: Cell, points: Sequence[Point]) -> list[Point]:
        """The same of a Pareto chart."""
        return _changed(self._charts.get(period.at, {}), points)

    def remember_chart(self, period: Cell, points: Sequence[Point]) -> None:
        """These are recorded of a Pareto chart; only the newest are kept."""
        self._charts[period.at] = {key_of(point): point.values for point in points}
        for at in sorted(self._charts)[:-3]:
            del self._charts[at]

    def hours_due(self, first: int) -> Iterator[tuple[int, int]]:
        """Hours of the run that are final, and not compared yet."""
        while (begin := first + len(self.hours) * HOUR) + HOUR <= self.final:
            yield begin, begin + HOUR

    def rate(self, received: int, wall: float) -> float:
        """Messages per second of wall time since the last look."""
        before, self._received = self._received, (received, wall)
        return (received - before[0]) / (wall - before[1]) if before and wall > before[1] else 0.0


class Course:
    """How far a run is recorded.

    Args:
        run: which one.
        settled: what is final of it.
        since: begin of the newest cell that the store has; none: it has nothing.
        length: the longest that a cell may be.
    """

    def __init__(self, run: Run, settled: Settled, since: int | None, length: int = CELL) -> None:
        self.run = run
        self.length = length
        self.calendar = run.mirror.plant.calendar
        self.labels = Labels(plant=run.mirror.plant.plant, run=run.name)
        first = run.mirror.first
        begins = []
        for mirror in run.mirror.lines.values():
            final = settled.lines[mirror.node]
            late = final.lateness + mirror.line.minor_stop + IDLE
            begins.append(first if since is None else max(first, since - late))
        begin = self.cell_at(min(begins)).begin
        told = -1 if since is None else since
        lines = run.mirror.lines.items()
        self.lines = [LineCourse(mirror, settled.lines[node], self.labels, begin, told) for node, mirror in lines]
        self.reached = begin
        self.now, self.wall = -1, 0.0  # of the last points of what is now
        self._pace: tuple[int, float] | None = None

    def cells(self, begin: int, end: int) -> Iterator[Cell]:
        """Cells that overlap a window; a day at a time, for a past may be long."""
        while begin < end:
            found = cells(self.calendar, begin, min(end, begin + DAY), self.length)
            yield from found
            begin = found[-1].end

    def cell_at(self, at: int) -> Cell:
        """The cell of an instant."""
        return next(self.cells(at, at + 1))

    @property
    def revised(self) -> bool:
        """Whether something final of some line is another than was recorded."""
        return any(line.revised for line in self.lines)

    def settle(self, now: int) -> None:
        """Look at what is final now of all lines."""
        for line in self.lines:
            line.settle(self.run.mirror.first, now)

    def looked(self) -> None:
        """All is recorded that there was when it was settled."""
        for line in self.lines:
            line.looked()

    def due(self, now: int) -> tuple[int, int]:
        """Between which instants there are cells to record."""
        touched = [line.touched for line in self.lines if line.touched is not None]
        return min([*(line.final for line in self.lines), *touched]), now

    def periods(self, begin: int, end: int) -> list[Cell]:
        """Shifts, or days, that overlap a window."""
        return list(periods(self.calendar, begin, end))

    def periods_end(self, cell: Cell) -> bool:
        """Whether a shift, or a day, ends with a cell."""
        return any(period.end == cell.end for period in periods(self.calendar, cell.end - 1, cell.end))

    def speed(self, horizon: int, wall: float) -> float:
        """Plant time over wall time since the last look; before it what the publishers say."""
        before, self._pace = self._pace, (horizon, wall)
        if before and wall > before[1]:
            return (horizon - before[0]) / 1_000_000 / (wall - before[1])
        return max((line.mirror.clock.speed for line in self.lines if line.mirror.clock), default=1.0)


def _passing(written: Written) -> Written:
    return {key: values for key, values in written.items() if key[0] in PASSING}


def _changed(known: Written, points: Sequence[Point]) -> list[Point]:
    told = {key_of(point): point.values for point in points}
    found = [Point(*key, values) for key, values in told.items() if known.get(key) != values]
    gone = [_gone(key, values, points) for key, values in known.items() if key not in told]
    return [*found, *(point for point in gone if known[key_of(point)] != point.values)]


def _gone(key: Key, values: Mapping[str, FieldValue], points: Sequence[Point]) -> Point:
    """What holds now where there was a point that is no more."""
    table, at, labels = key
    if table == "state":
        states = [point for point in points if point.table == table and point.labels == labels]
        row = bisect_right([point.at for point in states], at) - 1
        return Point(table, at, labels, states[max(row, 0)].values if states else values)
    nothing: dict[str, FieldValue] = {"lost": 0, "stops": 0, "minor": 0, "broken": 0, "rule": ""}
    if table == "event":
        return Point(table, at, labels, {**values, "text": "withdrawn", "until": at // 1000})
    if table == "pareto":
        nothing = {"lost": 0, "stops": 0, "cumulative": 1.0, "rank": NO_RANK}
    return Point(table, at, labels, {**values, **{name: of for name, of in nothing.items() if name in values}})
