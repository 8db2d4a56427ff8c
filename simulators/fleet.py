"""Vehicles that bring parts from machines to buffers."""

from typing import TYPE_CHECKING

from plant import ways
from simulators.agenda import Agenda, Timer
from simulators.buffer import Buffer
from simulators.part import Part
from simulators.streams import Times

if TYPE_CHECKING:
    from simulators.machine import Machine


class Vehicle:
    """A vehicle.

    Attributes:
        at: station where it stands, or to which it drives.
        busy: whether it is on a ride or charges.
        driven: µs of driving since it charged last.
    """

    __slots__ = ("at", "busy", "driven", "number")

    def __init__(self, number: int, at: str) -> None:
        self.number = number
        self.at = at
        self.busy = False
        self.driven = 0


class Fleet:
    """Vehicles of one kind. A vehicle is called when a place at the destination is certain, so none waits loaded.

    Attributes:
        name: its name.
        waiting: machines with a part to fetch, and the buffer that it goes to, longest first.
        rides, charges: so far.
    """

    __slots__ = ("_env", "_load", "_of", "_times", "_unload", "_way", "charges", "name", "rides", "vehicles", "waiting")

    def __init__(self, env: Agenda, of: ways.Fleet, home: str, load: Times | None, unload: Times | None) -> None:
        self._env = env
        self._of = of
        self.name = of.fleet
        self._load = load
        self._unload = unload
        self.vehicles = [Vehicle(number, home) for number in range(1, of.vehicles + 1)]
        self.waiting: list[tuple[Machine, Buffer]] = []
        self.rides = self.charges = 0
        self._way = of.drive()
        self._times = {(way.to, way.start): of.drive(way) for way in of.distances}
        self._times |= {(way.start, way.to): of.drive(way) for way in of.distances}

    def time(self, start: str, to: str) -> int:
        """Driving time from one station to another."""
        return 0 if start == to else self._times.get((start, to), self._way)

    def call(self, machine: "Machine", buffer: Buffer) -> None:
        """A machine has a part for a buffer, which has a place for it; the place is kept."""
        buffer.claimed += 1
        machine.awaits = self.name
        machine.touch()
        self.waiting.append((machine, buffer))
        self._dispatch()

    def _dispatch(self) -> None:
        while self.waiting and (free := [vehicle for vehicle in self.vehicles if not vehicle.busy]):
            calls = self.waiting[:1] if self._of.dispatch == "longest-waiting" else self.waiting
            _, place, vehicle = min(
                (self.time(vehicle.at, machine.station.name), place, vehicle.number)
                for place, (machine, _) in enumerate(calls)
                for vehicle in free
            )
            machine, buffer = self.waiting.pop(place)
            self._fetch(self.vehicles[vehicle - 1], machine, buffer)

    def _fetch(self, vehicle: Vehicle, machine: "Machine", buffer: Buffer) -> None:
        vehicle.busy = True
        ride = self.rides
        self.rides += 1
        way = self.time(vehicle.at, machine.station.name)
        vehicle.driven += way
        vehicle.at = machine.station.name
        load = 0 if self._load is None else self._load(ride)
        self._env.after(way + load, lambda _: self._leave(vehicle, machine, buffer, ride))

    def _leave(self, vehicle: Vehicle, machine: "Machine", buffer: Buffer, ride: int) -> None:
        to = buffer.station.name
        way = self.time(vehicle.at, to)
        vehicle.driven += way
        vehicle.at = to
        unload = 0 if self._unload is None else self._unload(ride)
        part = machine.part
        machine.awaits = ""
        more = machine.members is not None
        machine.give(ridden=True)
        self._env.after(way + unload, lambda _: self._arrive(vehicle, part, buffer))
        if more:
            machine.hand_over()
        else:
            machine.station.refill(machine)

    def _arrive(self, vehicle: Vehicle, part: Part, buffer: Buffer) -> None:
        buffer.bring(part)
        charging = self._of.charging
        if charging is not None and vehicle.driven >= charging.after:
            vehicle.driven = 0
            self.charges += 1
            self._env.after(charging.time, lambda timer: self._charged(vehicle, timer))
        else:
            vehicle.busy = False
            self._dispatch()

    def _charged(self, vehicle: Vehicle, _: Timer) -> None:
        vehicle.busy = False
        self._dispatch()
