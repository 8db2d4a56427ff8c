"""What a simulated plant says: messages about the happenings in it, in the order in which they happen."""

from typing import TYPE_CHECKING

import msgspec

from plant.catalogue import CATALOGUE
from plant.messages import Alarm, Emission, Meta, PartEvent, StateChange
from simulators.agenda import Agenda
from simulators.buffer import UNLIMITED

if TYPE_CHECKING:
    from simulators.failure import Mode
    from simulators.line import Line
    from simulators.machine import Machine
    from simulators.part import Part
    from simulators.signals import Signals
    from simulators.station import Station

SCHEMA = "1.0"
FAILURE_PRIORITY = 2


class Report:
    """Messages of a run, without numbers.

    Args:
        env: the agenda, for the time.
        start: first instant of the run, microseconds UTC.
    """

    __slots__ = ("_env", "_start", "out", "signals")

    def __init__(self, env: Agenda, start: int) -> None:
        self._env = env
        self._start = start
        self.out: list[Emission] = []
        self.signals: list[Signals] = []

    def entered(self, station: "Station", part: "Part") -> None:
        """A part got its place in a station; that is the station's affair, no machine's."""
        ts = self._start + self._env.time
        self.out.append((station.node, PartEvent(ts=ts, event="entered", part=part.name, product=station.product)))

    def started(self, machine: "Machine", part: "Part") -> None:
        """Work on a part began."""
        ts, product = self._start + self._env.time, machine.station.product
        self.out.append((machine.node, PartEvent(ts=ts, event="started", part=part.name, product=product)))

    def finished(self, machine: "Machine", part: "Part") -> None:
        """Work on a part ended."""
        ts, product = self._start + self._env.time, machine.station.product
        event = PartEvent(ts=ts, event="finished", part=part.name, product=product, cycle_us=part.worked)
        self.out.append((machine.node, event))
        if self.signals:
            self.signals[machine.index].finished.append(self._env.time)

    def scrapped(self, machine: "Machine", part: "Part") -> None:
        """A part is found to be scrap."""
        ts, product = self._start + self._env.time, machine.station.product
        event = PartEvent(ts=ts, event="scrapped", part=part.name, product=product, cause=part.scrap)
        self.out.append((machine.node, event))

    def left(self, machine: "Machine", part: "Part", target: "Station | None") -> None:
        """A part gave its place in a machine away: to go on, or out of the line, good or as scrap."""
        ts, product = self._start + self._env.time, machine.station.product
        route, cause = None if target is None else target.name, part.scrap or None
        event = PartEvent(ts=ts, event="left", part=part.name, product=product, route=route, cause=cause)
        self.out.append((machine.node, event))

    def alarm(self, machine: "Machine", mode: "Mode") -> None:
        """A failure mode has struck, or its repair has ended."""
        self.out.append((machine.node, self._alarm(mode, self._start + self._env.time)))

    def state(self, machine: "Machine") -> None:
        """The state of a machine has changed."""
        self.out.append((machine.node, self._state(machine, self._start + self._env.time)))
        if self.signals:
            self.signals[machine.index].change(self._env.time, machine.condition[0])

    def _state(self, machine: "Machine", ts: int) -> StateChange:
        state, reason = machine.condition
        part = machine.part.name or None
        return StateChange(ts=ts, state=state, reason=reason, since=self._start + machine.since, part=part)

    def _alarm(self, mode: "Mode", ts: int) -> Alarm:
        return Alarm(
            ts=ts,
            code=mode.name,
            text=f"Failure: {mode.name}",
            priority=FAILURE_PRIORITY,
            alarm_state="unacknowledged" if mode.down else "normal",
            since=self._start + mode.since,
            count=mode.count,
        )

    def present(self, machine: "Machine", ts: int) -> list[Emission]:
        """State in force and active alarms of a machine."""
        active = [(machine.node, self._alarm(mode, ts)) for mode in machine.modes if mode.down]
        return [(machine.node, self._state(machine, ts)), *active]


def births(line: "Line", ts: int) -> list[Emission]:
    """Birth documents of a line, its stations and machines, in station order, the line first."""
    found: list[Emission] = [(line.described.node, Meta(ts=ts, schema=SCHEMA, type="line"))]
    for station, described in zip(line.stations, line.described.stations, strict=True):
        several = len(station.machines) > 1
        capacity = station.buffer.capacity
        document = Meta(
            ts=ts,
            schema=SCHEMA,
            type=described.type,
            ideal_cycle_us=described.planned_cycle,
            ideal_cycle_derived=described.ideal_cycle is None,
            machines=len(station.machines),
            buffer=None if capacity == UNLIMITED else capacity,
        )
        with_tags = msgspec.structs.replace(document, tags=CATALOGUE[described.type].tags)
        if several:
            single = msgspec.structs.replace(with_tags, machines=None, buffer=None)
            found += [(station.node, document), *((machine.node, single) for machine in station.machines)]
        else:
            found.append((station.node, with_tags))
    return found
