"""Where the parts of a line come from."""

from typing import TYPE_CHECKING

from simulators.agenda import Agenda, Timer
from simulators.part import Part
from simulators.streams import Times

if TYPE_CHECKING:
    from simulators.line import Line


class Source:
    """Parts in front of the entry: without end if it is saturated, else one after each interval (rules 4 and 6).

    A part that finds no place waits outside the line; neither lead time nor WIP know of it (rule 26).

    Attributes:
        made: parts that entered the line so far.
        arrived: timed arrivals so far.
        outside: parts that wait outside; it stays 0 if the entry is saturated.
        timer: the next timed arrival, due at `due`.
    """

    __slots__ = ("_interval", "_noted", "arrived", "due", "env", "line", "made", "outside", "timer")

    def __init__(self, env: Agenda, line: "Line", interval: Times | None) -> None:
        self.env = env
        self.line = line
        self._interval = interval
        self.made = 0
        self.arrived = 0
        self.outside = 0
        self._noted = 0
        self.due = 0
        self.timer: Timer | None = None

    def wait(self, time: int | None = None) -> None:
        """Wait for the next timed arrival: one interval, or what is left of it."""
        if self._interval is None:
            return
        time = self._interval(self.arrived) if time is None else time
        self.due = self.env.time + time
        self.timer = self.env.after(time, self._arrival)

    def _arrival(self, _: Timer) -> None:
        self.arrived += 1
        self.outside += 1
        self.feed()
        self.wait()

    def feed(self) -> None:
        """Let parts in while there is a place for them."""
        line = self.line
        buffer = line.entry.buffer
        saturated = self._interval is None
        while (saturated or self.outside) and buffer.room:
            self.outside -= not saturated
            self.made += 1
            part = Part(line.name, self.made, self.env.time)
            line.inside[part.number] = part
            buffer.arrive(part)
        if self.outside != self._noted:
            self._noted = self.outside
            line.note_outside(self.outside)
