"""The places in front of a station, the way into them, and the queue of those who wait for one."""

import sys
from collections import deque
from typing import TYPE_CHECKING

from simulators.agenda import Agenda, Timer
from simulators.part import Part
from simulators.streams import Times

if TYPE_CHECKING:
    from simulators.machine import Machine
    from simulators.station import Station

UNLIMITED = sys.maxsize


class Buffer:
    """Places in front of a station; the places in its machines are extra (rule 6).

    A part on its way holds a place here or, with a capacity of 0, one in the next machine (rule 10).

    Attributes:
        capacity: number of places.
        waiting: parts that stand here, first come first served (rule 8).
        coming: parts on their way, when they will be here and the timer of that, first to arrive first (rule 10).
        givers: machines upstream that are blocked for a place here, in the order in which they became so (rule 8).
        sent: parts that ever set out for here.
    """

    __slots__ = ("_transport", "capacity", "coming", "env", "givers", "sent", "station", "waiting")

    def __init__(self, env: Agenda, station: "Station", capacity: int, transport: Times | None) -> None:
        self.env = env
        self.station = station
        self.capacity = capacity
        self.waiting: deque[Part] = deque()
        self.coming: deque[tuple[Part, int, Timer]] = deque()
        self.givers: deque[Machine] = deque()
        self._transport = transport
        self.sent = 0

    @property
    def room(self) -> bool:
        """Whether a place is free."""
        if self.capacity:
            return len(self.waiting) + len(self.coming) < self.capacity
        return len(self.coming) < self.station.idle

    def send(self, part: Part) -> None:
        """A part sets out for here; it is here at once if there is no way to go."""
        if self._transport is None:
            self.arrive(part)
            return
        time = self._transport(self.sent)
        self.sent += 1
        if self.coming:  # nobody overtakes on the way
            time = max(time, self.coming[-1][1] - self.env.time)
        self.travel(part, time)

    def travel(self, part: Part, time: int) -> None:
        """A part is on its way for this time."""
        self.coming.append((part, self.env.time + time, self.env.after(time, self._is_here)))

    def _is_here(self, _: Timer) -> None:
        part = self.coming.popleft()[0]
        self.arrive(part)
        self.move_up()  # the place on the way is free if a machine took the part

    def arrive(self, part: Part) -> None:
        """A part gets its place in the station: in a free machine, else here."""
        station = self.station
        part.enter = self.env.time
        part.machine = -1
        part.start = part.finish = None
        if station.report is not None:
            station.report.entered(station, part)
        if station.idle:
            station.choose().take(part)
        else:
            self.waiting.append(part)

    def move_up(self) -> None:
        """A place is free: the first that is blocked for it gives its part, what stood behind it moves up, and so on.

        A loop up the line instead of a recursion: a chain of blocked machines may be as long as the line. A part in
        front moves before the part behind it.
        """
        station = self.station
        while station.buffer.givers and station.buffer.room:
            giver = station.buffer.givers.popleft()
            giver.give()
            station = giver.station
            station.fetch(giver)
        if station.source is not None:
            station.source.feed()
