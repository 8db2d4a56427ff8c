"""The places in front of a station, the way into them, and the queue of those who wait for one."""

import sys
from collections import deque
from typing import TYPE_CHECKING

from simulators.agenda import Agenda, Timer
from simulators.part import Part
from simulators.streams import Times

if TYPE_CHECKING:
    from simulators.conveyor import Conveyor
    from simulators.fleet import Fleet
    from simulators.machine import Machine
    from simulators.station import Station

UNLIMITED = sys.maxsize


class Buffer:
    """Places in front of a station; the places in its machines are extra (rule 6).

    A part on its way holds a place here or, with a capacity of 0, one in the next machine (rule 10); a part on a
    conveyor holds one on the belt, and gets one here at its end.

    Attributes:
        capacity: number of places.
        waiting: parts that stand here, first come first served (rule 8).
        coming: parts on their way, when they will be here and the timer of that, first to arrive first (rule 10).
        claimed: places kept for parts that vehicles bring or are about to fetch.
        givers: machines upstream that are blocked for a place here, in the order in which they became so (rule 8).
        sent: parts that ever set out for here.
        belt, fleet: what brings parts here, if it is not a fixed time.
    """

    __slots__ = (
        "_transport", "belt", "capacity", "claimed", "coming", "env", "fleet", "givers", "sent", "station", "waiting",
    )  # fmt: skip

    def __init__(self, env: Agenda, station: "Station", capacity: int, transport: Times | None) -> None:
        self.env = env
        self.station = station
        self.capacity = capacity
        self.waiting: deque[Part] = deque()
        self.coming: deque[tuple[Part, int, Timer]] = deque()
        self.claimed = 0
        self.givers: deque[Machine] = deque()
        self._transport = transport
        self.sent = 0
        self.belt: Conveyor | None = None
        self.fleet: Fleet | None = None

    def carry(self, transport: Times | None) -> None:
        """Parts are on their way for these times."""
        self._transport = transport

    @property
    def at_once(self) -> bool:
        """Whether a part that sets out for here is here."""
        return self._transport is None and self.belt is None and self.fleet is None

    @property
    def room(self) -> bool:
        """Whether a part can set out for here."""
        return self.place if self.belt is None else self.belt.room

    @property
    def place(self) -> bool:
        """Whether a place is free."""
        if self.capacity and not self.station.inside:
            return len(self.waiting) + len(self.coming) + self.claimed < self.capacity
        taken = len(self.coming) + self.claimed
        if self.capacity:
            return len(self.waiting) + taken < self.capacity + self.station.inside * self.station.idle
        if self.station.inside:  # a batch gathers in the machine
            return len(self.waiting) + taken < self.station.inside * self.station.idle
        return not self.station.joins and taken < self.station.idle

    def send(self, part: Part) -> None:
        """A part sets out for here; it is here at once if there is no way to go."""
        if self._transport is None:
            if self.belt is None:
                self.arrive(part)
            else:
                self.belt.put(part)
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

    def bring(self, part: Part) -> None:
        """A vehicle brings a part to the place that was kept for it."""
        self.claimed -= 1
        self.arrive(part)
        self.move_up()

    def arrive(self, part: Part) -> None:
        """A part gets its place in the station: in a free machine, else here."""
        station = self.station
        part.enter = self.env.time
        part.machine = -1
        part.start = part.finish = None
        if part.goes_back:
            part.goes_back = False  # it is back
        if station.again:
            station.count_visit(part)
        if station.report is not None:
            station.report.entered(station, part)
        if station.intake is None:
            if station.idle and not self.waiting:
                station.choose().take(part)
            else:  # also behind those who wait for a machine that is free in this very instant
                self.waiting.append(part)
            return
        station.intake.comes(part)
        self.waiting.append(part)
        station.draw_in()

    def move_up(self) -> None:
        """A place is free: the first that is blocked for it gives its part, what stood behind it moves up, and so on.

        A loop up the line instead of a recursion: a chain of blocked machines may be as long as the line. A part in
        front moves before the part behind it.
        """
        stack = [self]
        while stack:
            buffer = stack[-1]
            if (belt := buffer.belt) is not None and belt.waits and buffer.place:
                belt.release()
            elif buffer.givers and buffer.room and (giver := buffer.next_giver()) is not None:
                if buffer.fleet is not None:
                    buffer.fleet.call(giver, buffer)
                    continue
                giver.let_go()
                station = giver.station
                station.fetch(giver)
                stack.extend(station.inputs)
            else:
                stack.pop()
                if buffer.station.source is not None:
                    buffer.station.source.feed()

    def next_giver(self) -> "Machine | None":
        """Who gives next: the first that is not kept from it by a failure."""
        if not self.station.line.gating:
            return self.givers.popleft()
        giver = next((giver for giver in self.givers if not giver.gated), None)
        if giver is not None:
            self.givers.remove(giver)
        return giver
