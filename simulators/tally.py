"""Sums over a window of a run, taken while it runs or from a ledger afterwards: memory that does not grow with time.

Only the lead times are kept one by one, 8 bytes each, so that their quantiles are exact.
"""

from array import array
from typing import TYPE_CHECKING

import numpy as np

from plant.description import Plant
from simulators.part import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulators.phase import Condition


class LineTally:
    """Sums of one line over the window.

    Attributes:
        parts_out, parts_scrapped: parts that left the line, good and as scrap.
        lead_times: of the good ones, in µs.
        inside: integral of the number of parts inside over time, in µs.
        outside: the same of those that wait outside, `level` of them now.
        station_out: good parts that left each station.
        time: µs of machine time in each state, by station.
    """

    __slots__ = (
        "inside", "lead_times", "level", "outside", "parts_out", "parts_scrapped", "station_out", "time",
    )  # fmt: skip

    def __init__(self, stations: int) -> None:
        self.parts_out = 0
        self.parts_scrapped = 0
        self.lead_times = array("q")
        self.inside = 0
        self.outside = 0
        self.station_out = [0] * stations
        self.time: list[dict[str, int]] = [{} for _ in range(stations)]
        self.level = 0


    def take_departures(self, pairs: "NDArray[np.int64]", begin: int, end: int) -> None:
        """Note how long parts were inside that left in [begin, end): when they left, when they came. Shape (n, 2)."""
        counted = pairs[(pairs[:, 0] >= begin) & (pairs[:, 0] < end)]
        self.lead_times.frombytes(np.ascontiguousarray(counted[:, 0] - counted[:, 1]).tobytes())


class Tally:
    """A recorder that keeps sums over [begin, end) only; an event at t counts when begin ≤ t < end (rule 25)."""

    def __init__(self, plant: Plant, begin: int, end: int) -> None:
        self.begin = begin
        self.end = end
        self.lines = [LineTally(len(line.stations)) for line in plant.lines]
        self._times = [
            tally.time[index]
            for tally, line in zip(self.lines, plant.lines, strict=True)
            for index, station in enumerate(line.stations)
            for _ in range(station.machines)
        ]
        self._changed = [0] * len(plant.lines)

    def overlap(self, begin: int, end: int) -> int:
        """µs of [begin, end) inside the window."""
        return max(0, min(end, self.end) - max(begin, self.begin))

    def stay(self, machine: int, condition: "Condition", begin: int, end: int, order: str = "") -> None:  # noqa: ARG002 all orders count
        """A machine, by its index in the plant, was in this state for [begin, end)."""
        if begin < self.begin or end > self.end:
            begin, end = max(begin, self.begin), min(end, self.end)
        if begin < end:
            time, state = self._times[machine], condition[0]
            time[state] = time.get(state, 0) + end - begin

    def visit(self, line: int, station: int, part: Part, time: int) -> None:
        """A part leaves a station, by its index in the line."""
        if self.begin <= time < self.end and not part.scrap and not part.goes_back:
            self.lines[line].station_out[station] += 1

    def passed(self, line: int, station: int, time: int, *, good: bool) -> None:
        """A part left a station then."""
        if good and self.begin <= time < self.end:
            self.lines[line].station_out[station] += 1

    def departure(self, line: int, part: Part, time: int) -> None:
        """A part leaves a line."""
        self.left(line, part.entered, time, since=part.since, good=not part.scrap)

    def built_in(self, line: int, station: int, part: Part, product: Part, time: int) -> None:  # noqa: ARG002 only when counts here
        """A part becomes a piece of another one."""
        self.still_inside(line, part.entered, time)

    def came_out(self, line: int, part: Part, of: Part, time: int) -> None:
        """A part comes out of one that is taken apart: it is inside from now on, like any other."""

    def left(self, line: int, entered: int, left: int, *, since: int, good: bool) -> None:
        """A part was in a line for [entered, left), and the first of its pieces from `since` on."""
        tally = self.lines[line]
        tally.inside += self.overlap(entered, left)
        if self.begin <= left < self.end:
            if good:
                tally.parts_out += 1
                tally.lead_times.append(left - since)
            else:
                tally.parts_scrapped += 1

    def still_inside(self, line: int, entered: int, now: int) -> None:
        """A part is, or was, in a line for [entered, now)."""
        self.lines[line].inside += self.overlap(entered, now)

    def outside(self, line: int, time: int, level: int) -> None:
        """So many parts wait outside a line from now on."""
        tally = self.lines[line]
        tally.outside += tally.level * self.overlap(self._changed[line], time)
        tally.level = level
        self._changed[line] = time
