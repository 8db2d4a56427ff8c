"""The places in front of a station of the kernel, and the way into them; see `simulators.buffer` and `.conveyor`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw
from simulators.compiled.part import Part, Parts
from simulators.compiled.world import AT_END, CLEAR, IS_HERE
from simulators.compiler.language import Record

if TYPE_CHECKING:
    from simulators.compiled.draws import Draw
    from simulators.compiled.fleet import Fleet
    from simulators.compiled.machine import Machine
    from simulators.compiled.station import Station
    from simulators.compiled.world import World

UNLIMITED = 1 << 62


class Buffer(Record):
    """Places in front of a station; the places in its machines are extra (rule 6).

    Attributes:
        feeder: the station whose parts come in here, if it is the input of an assembly; it needs `quantity` of them.
        coming: parts on their way, first to arrive first (rule 10).
        first_giver: the machine that has been blocked for a place here longest; the others through its `giving`.
    """

    world: "World"
    station: "Station"
    index: int = 0
    capacity: int = 0
    feeder: "Station | None" = None
    quantity: int = 1
    waiting: Parts
    coming: Parts
    claimed: int = 0
    first_giver: "Machine | None" = None
    last_giver: "Machine | None" = None
    givers: int = 0
    transport: "Draw | None" = None
    sent: int = 0
    belt: "Belt | None" = None
    fleet: "Fleet | None" = None

    def at_once(self) -> bool:
        """Whether a part that sets out for here is here."""
        return self.transport is None and self.belt is None and self.fleet is None

    def room(self) -> bool:
        """Whether a part can set out for here."""
        return self.place() if self.belt is None else self.belt.room()

    def place(self) -> bool:
        """Whether a place is free."""
        station = self.station
        taken = self.coming.count + self.claimed
        if self.capacity > 0:
            return self.waiting.count + taken < self.capacity + station.inside * station.idle
        if station.inside > 0:  # a batch gathers in the machine
            return self.waiting.count + taken < station.inside * station.idle
        return not station.assembles and taken < station.idle

    def send(self, part: Part) -> None:
        """A part sets out for here; it is here at once if there is no way to go."""
        if self.transport is None:
            if self.belt is None:
                self.arrive(part)
            else:
                self.belt.put(part)
            return
        time = draw(self.transport, self.sent)
        self.sent += 1
        last = self.coming.tail
        if last is not None:  # nobody overtakes on the way
            time = max(time, last.due - self.world.time)
        self.travel(part, time)

    def travel(self, part: Part, time: int) -> None:
        """A part is on its way for this time."""
        part.due = self.world.time + time
        self.coming.append(part)
        self.world.after(time, IS_HERE, self.index)

    def is_here(self) -> None:
        """The first part that was on its way is here."""
        self.arrive(self.coming.popleft())
        self.move_up()  # the place on the way is free if a machine took the part

    def bring(self, part: Part) -> None:
        """A vehicle brings a part to the place that was kept for it."""
        self.claimed -= 1
        self.arrive(part)
        self.move_up()

    def arrive(self, part: Part) -> None:
        """A part gets its place in the station: in a free machine, else here."""
        station = self.station
        part.enter = self.world.time
        part.machine = -1
        part.start = -1
        part.finish = -1
        part.goes_back = False
        if station.again:
            station.count_visit(part)
        if station.heads:
            if station.idle > 0 and self.waiting.count == 0:
                station.choose().take(part)
            else:  # also behind those who wait for a machine that is free in this very instant
                self.waiting.append(part)
            return
        station.comes(part)
        self.waiting.append(part)
        station.draw_in()

    def move_up(self) -> None:
        """A place is free: the first that is blocked for it gives its part, what stood behind it moves up, and so on.

        A loop up the line instead of a recursion: a chain of blocked machines may be as long as the line. A part in
        front moves before the part behind it.
        """
        world = self.world
        bottom = world.stacked
        world.push(self)
        while world.stacked > bottom:
            buffer = world.stack[world.stacked - 1]
            belt = buffer.belt
            if belt is not None and belt.waits and buffer.place():
                belt.release()
                continue
            giver: Machine | None = None
            if buffer.givers > 0 and buffer.room():
                giver = buffer.next_giver()
            if giver is None:
                world.stacked -= 1
                if buffer.station.source is not None:
                    buffer.station.source.feed()
            elif buffer.fleet is not None:
                buffer.fleet.call(giver, buffer)
            else:
                giver.let_go()
                station = giver.station
                station.fetch(giver)
                for entry in station.inputs:
                    world.push(entry)

    # --- who is blocked for a place here (rule 8) ------------------------------------------------------------------

    def append_giver(self, machine: "Machine") -> None:
        """A machine has become blocked for a place here."""
        machine.giving = None
        if self.last_giver is None:
            self.first_giver = machine
        else:
            self.last_giver.giving = machine
        self.last_giver = machine
        self.givers += 1

    def next_giver(self) -> "Machine | None":
        """Who gives next: the first that is not kept from it by a failure."""
        machine = self.first_giver
        while machine is not None and machine.gated:
            machine = machine.giving
        if machine is not None:
            self.remove_giver(machine)
        return machine

    def remove_giver(self, machine: "Machine") -> None:
        """A machine is blocked for this place no more."""
        before: Machine | None = None
        at = self.first_giver
        while at is not None and at is not machine:
            before = at
            at = at.giving
        if before is None:
            self.first_giver = machine.giving
        else:
            before.giving = machine.giving
        if self.last_giver is machine:
            self.last_giver = before
        machine.giving = None
        self.givers -= 1

    def place_of(self, machine: "Machine") -> int:
        """Place of a machine among those that are blocked; -1 if it is not."""
        place = 0
        at = self.first_giver
        while at is not None:
            if at is machine:
                return place
            place += 1
            at = at.giving
        return -1

    def ready_givers(self) -> int:
        """How many could give their part now."""
        number = 0
        at = self.first_giver
        while at is not None:
            if not at.gated:
                number += 1
            at = at.giving
        return number

    def somebody_can_give(self) -> bool:
        """Whether somebody is blocked whom an arriving part would overtake."""
        return self.givers > 0 and self.ready_givers() > 0


class Belt(Record):
    """A belt that brings parts to a buffer.

    Attributes:
        parts: on the belt, with the instant at which they came onto it, by the belt's own time.
        last: when the last part came on, in belt time.
        stood: how long the belt has stood so far; `since` when it stands now.
        head: number of the scheduling at which the first one is at the end.
        waits: whether it is there and finds no place.
    """

    buffer: Buffer
    index: int = 0
    capacity: int = 0
    accumulating: bool = False
    travel: int = 1
    pitch: int = 1
    parts: Parts
    last: int = 0
    stood: int = 0
    since: int = 0
    head: int = 0
    waits: bool = False

    def time(self) -> int:
        """Time that the belt has moved."""
        if self.waits and not self.accumulating:
            return self.since - self.stood
        return self.buffer.world.time - self.stood

    def room(self) -> bool:
        """Whether a part can come on."""
        if self.waits and not self.accumulating:
            return False
        return self.parts.count < self.capacity and self.time() - self.last >= self.pitch

    def put(self, part: Part) -> None:
        """A part comes on."""
        self.last = self.time()
        part.came = self.last
        self.parts.append(part)
        if self.parts.count == 1:
            self._expect(self.travel)
        self.buffer.world.after(self.pitch, CLEAR, self.index)

    def clear(self) -> None:
        """The beginning of the belt is free again."""
        if self.buffer.givers > 0:
            self.buffer.move_up()

    def _expect(self, time: int) -> None:
        self.head = self.buffer.world.after(time, AT_END, self.index)

    def at_end(self, number: int) -> None:
        """The first part is at the end."""
        if number != self.head:
            return
        if self.buffer.place():
            self.release()
            self.buffer.move_up()
        else:
            self.waits = True
            self.since = self.buffer.world.time

    def release(self) -> None:
        """The first part leaves the belt for its place in the buffer."""
        world = self.buffer.world
        was_waiting = self.waits
        self.waits = False
        if was_waiting and not self.accumulating:
            self.stood += world.time - self.since
            world.after(max(0, self.last + self.pitch - self.time()), CLEAR, self.index)
        part = self.parts.popleft()
        first = self.parts.head
        if first is not None:
            left = first.came + self.travel - self.time()
            self._expect(max(left, self.pitch if self.accumulating else 0, 0))
        self.buffer.arrive(part)
