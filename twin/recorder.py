"""The recorder: keeps the tables of a point store up to date with what the twin knows, from the begin of a run on.

Cells are recorded in their order, those of all lines side by side. One that may still change is recorded again while it
does, and only what is another then; from the watermark of its line on (`twin.finality`) it changes by revisions only,
and each of these has the cells recorded anew that it touches. Nothing is ever deleted in a store, so what is no more is
written over with what holds now.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

import msgspec

from plant.errors import StoreError
from plant.time import SECOND
from twin.cells import Cell
from twin.course import Course, LineCourse
from twin.figures import machine_parts
from twin.historian import PointStore
from twin.mirror import NEVER, Machine
from twin.points import window
from twin.points_of_line import (
    OF_RESPONSES,
    comparison_points,
    pareto_points,
    parts_of_line,
    points_of_line,
    responses,
)
from twin.points_of_machine import Stopped, Why, parts_of, points_of_cell, reasons, stopped
from twin.points_of_now import Pace, health, line_points, status, tally_of
from twin.tables import CELL, Point
from twin.twin import Twin

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds of wall time between two looks at what is new."""

AGAIN = 10.0
"""Seconds of wall time between two looks at cells that may change."""

NOW_EVERY = 10 * SECOND
"""Plant time between two points of what is now."""

ACCOUNTS = frozenset({"account", "line_account"})
"""Tables that tell of whole cells only."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
HEARTBEATS = 5.0
"""Seconds of wall time for the first heartbeats: before them nothing is final, and would be recorded twice."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """How a recorder is doing.

    Args:
        points: points handed to the store.
        cells: cells of lines that are recorded and final.
        lag_us: plant time of which the twin knows and the store does not.
        failures: how often the store could not be reached.
        trouble: why it cannot be reached now; empty when it can.
    """

    points: int = 0
    cells: int = 0
    lag_us: int = 0
    failures: int = 0
    trouble: str = ""


class Recorder:
    """Records the newest run of a twin.

    Args:
        twin: what is recorded.
        store: where to.
        cell: the longest that a cell may be.
    """

    def __init__(self, twin: Twin, store: PointStore, *, cell: int = CELL) -> None:
        self._twin = twin
        self._store = store
        self._course: Course | None = None
        self._points = self._cells = self._failures = 0
        self._trouble = ""
        self._looked = -AGAIN  # when cells that may change were looked at
        self._over = -1  # begin of the newest cell by then
        self._cell = cell

    @property
    def recorded(self) -> Recorded:
        """How it is doing."""
        course = self._course
        lag = max(0, course.run.mirror.horizon - course.reached) if course else 0
        return Recorded(
            points=self._points, cells=self._cells, lag_us=lag, failures=self._failures, trouble=self._trouble
        )

    async def run(self) -> None:
        """Record, for ever; while the store is away it is tried again."""
        await self._heartbeats()
        wait = FIRST_WAIT
        while True:
            try:
                await self.advance()
            except StoreError as error:
                if not self._trouble:
                    log.warning("points are not recorded: %s; trying again", error)
                self._trouble = str(error)
                self._failures += 1
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                if self._trouble:
                    log.warning("points are recorded again")
                self._trouble, wait = "", FIRST_WAIT
                await asyncio.sleep(TICK)

    async def finish(self) -> None:
        """Record what there is, at the end of a run."""
        self._looked = -AGAIN
        try:
            await self.advance()
        except StoreError as error:
            log.warning("the last points are not recorded: %s", error)

    async def advance(self, *, again: bool = False) -> None:
        """Record what is new; also what may have changed, if that was not looked at for a while.

        Args:
            again: whether to look at it in any case.

        Raises:
            StoreError: the store cannot be reached; the same is tried the next time.
        """
        if not self._twin.ready:
            return
        run = self._twin.known()
        if run.mirror.first == NEVER:
            return
        if self._course is None or self._course.run is not run:
            since = await self._store.recorded(run.name)
            self._course = Course(run, self._twin.settled(run), since, self._cell)
            self._looked = -AGAIN
        course = self._course
        begun, wall = course.cell_at(run.mirror.horizon).at, time.monotonic()
        if again or begun != self._over or wall - self._looked >= AGAIN or course.revised:
            await self._record_cells(course, run.mirror.horizon)
            self._looked, self._over = wall, begun
        await self._record_now(course)

    async def _heartbeats(self) -> None:
        deadline = time.monotonic() + HEARTBEATS
        while time.monotonic() < deadline:
            if self._twin.ready and all(line.clock for line in self._twin.known().mirror.lines.values()):
                return
            await asyncio.sleep(0.1)

    async def _record_cells(self, course: Course, now: int) -> None:
        """Record all cells that are not recorded, that may have changed, or that revisions have touched."""
        course.settle(now)
        first = course.run.mirror.first
        begin, end = course.due(now)
        for cell in course.cells(begin, end):
            cut = cell.clipped(first, now)
            for line in course.lines:
                if cell.end <= line.final and not line.touches(cell):
                    continue
                await self._record_cell(course, line, cut, whole=cell.end <= now)
                if cell.end <= line.settled and cell.end > line.final:
                    line.close(cell)
                    self._cells += 1
            course.reached = max(course.reached, cut.end)
            if cell.end <= now and course.periods_end(cell):
                await self._record_paretos(course, cell.begin, cell.end, now)
        await self._record_paretos(course, max(first, begin), now, now)
        for line in course.lines:
            await self._record_hours(course, line)
        course.looked()

    async def _record_cell(self, course: Course, line: LineCourse, cell: Cell, *, whole: bool) -> None:
        """Record a cell of a line; what it was made of may grow meanwhile, then it is looked at again.

        Accounts wait until it is whole: a quotient over its first seconds would be noise at the edge of every chart.
        """
        points: list[Point] = []
        unsure = line.unsure(cell)
        parts: dict[Machine, dict[str, int]] = {}
        for subject in line.subjects:
            parts[subject.machine] = of = parts_of(subject, cell)
            points += points_of_cell(subject, cell, of, revised=unsure)
            if cell.begin < cell.end:
                points.append(status(subject, cell.begin))
            await asyncio.sleep(0)
        points += points_of_line(line.mirror, course.labels, cell, parts, course.run.mirror.first)
        await asyncio.sleep(0)
        if cell.begin < cell.end:
            points.append(line_points(line.mirror, course.labels, cell.begin, course.run.mirror.first))
            await asyncio.sleep(0)
        told = points if whole else [point for point in points if point.table not in ACCOUNTS]
        await self._write(line.changed(cell, told))
        line.remember(cell, told)

    async def _record_paretos(self, course: Course, begin: int, end: int, now: int) -> None:
        """Record the Pareto charts of all shifts or days that overlap a window."""
        for period in course.periods(begin, end):
            cut = period.clipped(course.run.mirror.first, now)
            if cut.begin >= cut.end:
                continue
            for line in course.lines:
                found: list[Mapping[Why, Stopped]] = []
                known: set[Why] = set()
                for subject in line.subjects:
                    found.append(stopped(subject, cut.begin, cut.end))
                    if line.unsure_chart(period):
                        known |= reasons(subject)
                    await asyncio.sleep(0)
                points = pareto_points(line.mirror, course.labels, cut, found, known)
                await self._write(line.changed_chart(period, points))
                line.remember_chart(period, points)

    async def _record_hours(self, course: Course, line: LineCourse) -> None:
        """Record how the hours of the run compare, once an hour is final."""
        for begin, end in line.hours_due(course.run.mirror.first):
            parts = {}
            for subject in line.subjects:
                parts[subject.machine] = machine_parts(subject.machine, line.mirror, window(begin, end), OF_RESPONSES)
                await asyncio.sleep(0)
            line.hours.append(responses(parts_of_line(line.mirror, begin, end, parts, OF_RESPONSES)))
            try:
                await self._write(comparison_points(line.mirror, course.labels, end, line.hours))
            except StoreError:
                line.hours.pop()
                raise

    async def _record_now(self, course: Course) -> None:
        """Record what machines and lines are doing, and how the twin is."""
        run = course.run
        at = run.mirror.horizon // NOW_EVERY * NOW_EVERY
        wall = time.monotonic()
        if at < run.mirror.first or (at == course.now and wall - course.wall < AGAIN):
            return
        counters = self._twin.counters()
        speed = course.speed(run.mirror.horizon, wall)
        for line in course.lines:
            gone = self._twin.gone(run, line.mirror)
            points = []
            for subject in line.subjects:
                points.append(status(subject, at, gone))
                await asyncio.sleep(0)
            points.append(line_points(line.mirror, course.labels, at, run.mirror.first, gone))
            rate = line.rate(tally_of(counters, line.mirror).received, wall)
            pace = Pace(speed=speed, events=rate, delay=self._twin.staleness(run, line.mirror))
            points.append(health(line.mirror, course.labels, at, counters, pace))
            await self._write(points)
        course.now, course.wall = at, wall

    async def _write(self, points: Sequence[Point]) -> None:
        if points:
            await self._store.record(points)
            self._points += len(points)
