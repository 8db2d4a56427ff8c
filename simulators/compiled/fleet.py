"""Vehicles of the kernel that bring parts from machines to buffers; see `simulators.fleet`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw
from simulators.compiled.world import BRINGS, CHARGED, LEAVES
from simulators.compiler.language import Record, Row

if TYPE_CHECKING:
    from simulators.compiled.buffer import Buffer
    from simulators.compiled.draws import Draw
    from simulators.compiled.machine import Machine
    from simulators.compiled.part import Part
    from simulators.compiled.world import World


class Vehicle(Record):
    """A vehicle, and the ride it is on: from `machine` to `buffer` with `part`.

    Attributes:
        at: spot where it stands, or to which it drives.
        driven: µs of driving since it charged last.
    """

    fleet: "Fleet"
    index: int = 0
    at: int = 0
    busy: bool = False
    driven: int = 0
    ride: int = 0
    machine: "Machine | None" = None
    buffer: "Buffer | None" = None
    part: "Part | None" = None

    def fetch(self, machine: "Machine", buffer: "Buffer") -> None:
        """Drive to a machine and take its part on."""
        fleet = self.fleet
        self.busy = True
        self.machine = machine
        self.buffer = buffer
        self.ride = fleet.rides
        fleet.rides += 1
        way = fleet.time(self.at, machine.station.spot)
        self.driven += way
        self.at = machine.station.spot
        load = 0 if fleet.load is None else draw(fleet.load, self.ride)
        fleet.world.after(way + load, LEAVES, self.index)

    def leave(self) -> None:
        """Leave the machine with its part."""
        fleet = self.fleet
        machine = self.machine
        buffer = self.buffer
        assert machine is not None
        assert buffer is not None
        way = fleet.time(self.at, buffer.station.spot)
        self.driven += way
        self.at = buffer.station.spot
        unload = 0 if fleet.unload is None else draw(fleet.unload, self.ride)
        self.part = machine.part
        machine.awaits = 0
        more = machine.several()
        machine.give(True)
        fleet.world.after(way + unload, BRINGS, self.index)
        if more:
            machine.hand_over()
        else:
            machine.station.refill(machine)

    def bring(self) -> None:
        """Set the part down."""
        fleet = self.fleet
        buffer = self.buffer
        part = self.part
        assert buffer is not None
        assert part is not None
        self.part = None
        buffer.bring(part)
        if fleet.charges and self.driven >= fleet.charge_after:
            self.driven = 0
            fleet.world.after(fleet.charge_time, CHARGED, self.index)
        else:
            self.charged()

    def charged(self) -> None:
        """It is free."""
        self.busy = False
        self.fleet.dispatch()


class Fleet(Record):
    """Vehicles of one kind. A vehicle is called when a place at the destination is certain, so none waits loaded.

    Attributes:
        word: its name among the words of the plant.
        times: driving times from spot to spot.
        first: machine that has waited longest for a vehicle; the others through its `calling`.
    """

    world: "World"
    index: int = 0
    word: int = 0
    vehicles: Row[Vehicle]
    longest_waiting: bool = True
    times: Row[Row[int]]
    load: "Draw | None" = None
    unload: "Draw | None" = None
    charges: bool = False
    charge_after: int = 0
    charge_time: int = 0
    rides: int = 0
    first: "Machine | None" = None

    def time(self, start: int, to: int) -> int:
        """Driving time from one spot to another."""
        return self.times[start][to]

    def call(self, machine: "Machine", buffer: "Buffer") -> None:
        """A machine has a part for a buffer, which has a place for it; the place is kept."""
        buffer.claimed += 1
        machine.awaits = self.word
        machine.called_for = buffer
        self.world.touch(machine)
        machine.calling = None
        last = self.first
        if last is None:
            self.first = machine
        else:
            while last.calling is not None:
                last = last.calling
            last.calling = machine
        self.dispatch()

    def dispatch(self) -> None:
        """Send free vehicles: the nearest to the part that waits longest, or the pair that is nearest to each other."""
        while self.first is not None:
            best: Vehicle | None = None
            least = 0
            chosen = self.first
            machine: Machine | None = self.first
            while machine is not None:
                for vehicle in self.vehicles:
                    if not vehicle.busy:
                        way = self.time(vehicle.at, machine.station.spot)
                        if best is None or way < least:
                            best = vehicle
                            least = way
                            chosen = machine
                machine = None if self.longest_waiting else machine.calling
            if best is None:
                return
            self._remove(chosen)
            buffer = chosen.called_for
            assert buffer is not None
            best.fetch(chosen, buffer)

    def _remove(self, machine: "Machine") -> None:
        if self.first is machine:
            self.first = machine.calling
        else:
            before = self.first
            while before is not None and before.calling is not machine:
                before = before.calling
            if before is not None:
                before.calling = machine.calling
        machine.calling = None
