"""What a run of the kernel leaves behind: sums over a window, and, if it is kept, every stay, visit and passage."""

from typing import TYPE_CHECKING

from simulators.compiled.part import BUILT_IN, GOOD, REWORK, SCRAP
from simulators.compiled.phase import STATES
from simulators.compiler.language import Record, Row, new_row

if TYPE_CHECKING:
    from simulators.compiled.line import Line
    from simulators.compiled.machine import Machine
    from simulators.compiled.part import Part
    from simulators.compiled.station import Station

STAY, VISIT, PASSAGE, DEPARTURE = 5, 11, 10, 2
"""Columns of the rows that are kept."""


class Log(Record):
    """Rows of numbers, one behind the other; it grows."""

    items: Row[int]
    used: int = 0

    def room(self, columns: int) -> int:
        """Make room for a row; where it begins."""
        at = self.used
        self.used += columns
        if self.used > len(self.items):
            old = self.items
            new: Row[int] = new_row(2 * len(old) + columns, 0)
            for i in range(at):
                new[i] = old[i]
            self.items = new
        return at


def log() -> Log:
    """A log without rows."""
    made = Log()
    made.items = [0] * 64
    return made


def record_stay(machine: "Machine", time: int) -> None:
    """A machine was in its condition until now."""
    world = machine.world
    span = world.overlap(machine.since, time)
    if span > 0:
        machine.station.spent[machine.condition % STATES] += span
    if world.keep:
        at = world.stays.room(STAY)
        row = world.stays.items
        row[at] = machine.index
        row[at + 1] = machine.condition
        row[at + 2] = machine.since
        row[at + 3] = time
        row[at + 4] = -1 if machine.order is None else machine.order.place


def record_visit(station: "Station", part: "Part", time: int) -> None:
    """A part leaves a station."""
    world = station.line.world
    outcome = SCRAP if part.scrap else REWORK if part.goes_back else GOOD
    if outcome == GOOD and world.begin <= time and time < world.end:
        station.out += 1
    if world.keep:
        _keep_visit(station, part, time, outcome)


def _keep_visit(station: "Station", part: "Part", time: int, outcome: int) -> None:
    world = station.line.world
    at = world.visits.room(VISIT)
    row = world.visits.items
    row[at] = station.line.index
    row[at + 1] = part.number
    row[at + 2] = part.enter
    row[at + 3] = station.place
    row[at + 4] = part.start
    row[at + 5] = part.finish
    row[at + 6] = part.visit
    row[at + 7] = time
    row[at + 8] = part.machine
    row[at + 9] = outcome
    row[at + 10] = part.product.index


def record_built_in(station: "Station", piece: "Part", product: "Part", time: int) -> None:
    """A part becomes a piece of another one."""
    if station.line.world.keep:
        _keep_visit(station, piece, time, BUILT_IN)
        _keep_passage(station.line, piece, time, product.number)


def record_departure(line: "Line", part: "Part", time: int) -> None:
    """A part leaves a line."""
    world = line.world
    if part.scrap:
        if world.begin <= time and time < world.end:
            line.scrapped += 1
    else:
        at = line.departures.room(DEPARTURE)
        line.departures.items[at] = time
        line.departures.items[at + 1] = part.since
        if world.begin <= time and time < world.end:
            line.out += 1
    if world.keep:
        _keep_passage(line, part, time, 0)


def _keep_passage(line: "Line", part: "Part", time: int, into: int) -> None:
    world = line.world
    at = world.passages.room(PASSAGE)
    row = world.passages.items
    row[at] = line.index
    row[at + 1] = part.number
    row[at + 2] = part.entered
    row[at + 3] = time
    row[at + 4] = 0 if part.scrap else 1
    row[at + 5] = part.since
    row[at + 6] = into
    row[at + 7] = part.of
    row[at + 8] = -1 if part.ticket is None else part.ticket.place
    row[at + 9] = part.product.index
