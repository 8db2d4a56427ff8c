"""Cells: the pieces of plant time of which the twin's tables tell, and the periods of a Pareto chart. Pure.

A cell begins on a multiple of `CELL`, and where a shift begins or ends; so any hour, shift or day is made of whole
ones. The one in which a run begins, and the one that is not over, tell of what there is of them.
"""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from plant.periods import PERIODS
from plant.shifts import Calendar, segments
from twin.tables import CELL, NO_SHIFT


class Cell(NamedTuple):
    """A piece of time, half-open, in microseconds UTC.

    Args:
        at: where it begins by the calendar: the instant of its points.
        begin: first instant that it tells of.
        end: first instant that it does not tell of any more.
        shift: the shift that works in it.
    """

    at: int
    begin: int
    end: int
    shift: str

    def clipped(self, first: int, until: int) -> "Cell":
        """What of it lies between two instants."""
        begin = min(max(self.begin, first), self.end)
        return self._replace(begin=begin, end=max(begin, min(self.end, until)))


def cells(calendar: Calendar, begin: int, end: int, length: int = CELL) -> list[Cell]:
    """Whole cells that overlap [begin, end), in order; none is longer than `length`."""
    if begin >= end:
        return []
    first, last = begin // length * length, -(-end // length) * length
    if not calendar.shifts:
        return [Cell(at, at, at + length, NO_SHIFT) for at in range(first, last, length)]
    works = segments(calendar, None, first, last)
    edges = {edge for shift in PERIODS["shift"](calendar, first, last) for edge in (shift.begin, shift.end)}
    cuts = sorted({*range(first, last + 1, length), *(edge for edge in edges if first < edge < last)})
    begins = [work.begin for work in works]
    found = (
        Cell(at, at, until, works[bisect_right(begins, at) - 1].shift or NO_SHIFT) for at, until in pairwise(cuts)
    )
    return [cell for cell in found if cell.at < end and cell.end > begin]


def periods(calendar: Calendar, begin: int, end: int) -> Iterator[Cell]:
    """Whole shifts that overlap [begin, end), in order, or days of the clock on the wall where there are no shifts."""
    for period in PERIODS["shift" if calendar.shifts else "day"](calendar, begin, end):
        yield Cell(period.begin, period.begin, period.end, period.name if calendar.shifts else NO_SHIFT)
