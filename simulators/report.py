"""What a simulated plant says: messages about the happenings in it, in the order in which they happen."""

from typing import TYPE_CHECKING

import msgspec

from plant.messages import (
    Alarm,
    Emission,
    Measured,
    Meta,
    Order,
    OrderEvent,
    PartEvent,
    PartEventName,
    Quality,
    StateChange,
)
from plant.paths import Node
from simulators.agenda import Agenda
from simulators.buffer import UNLIMITED
from simulators.witness import Witness

if TYPE_CHECKING:
    from plant.description import Plant
    from simulators.doings import Doings
    from simulators.failure import Mode
    from simulators.line import Line
    from simulators.machine import Machine
    from simulators.orders import Ticket
    from simulators.part import Part
    from simulators.station import Station

SCHEMA = "1.0"
FAILURE_PRIORITY = 2


class Report:
    """Messages of a run, without numbers.

    Args:
        env: the agenda, for the time.
        start: first instant of the run, microseconds UTC.
        truth: whether it tells what is really wrong.
    """

    __slots__ = ("_env", "_start", "doings", "out", "witness")

    def __init__(self, env: Agenda, start: int, *, truth: bool = False) -> None:
        self._env = env
        self._start = start
        self.out: list[Emission] = []
        self.doings: list[Doings] = []
        self.witness = Witness(start, self.out) if truth else None

    def _part(
        self,
        node: Node,
        event: PartEventName,
        part: "Part",
        *,
        cycle_us: int | None = None,
        cause: str | None = None,
        route: str | None = None,
        into: str | None = None,
        of: str | None = None,
        since: int | None = None,
    ) -> None:
        """Tell of a part. To pass fields on as a dict would take twice the time, and of nothing are there so many."""
        message = PartEvent(
            ts=self._start + self._env.time,
            event=event,
            part=part.name,
            product=part.what,
            order=None if part.ticket is None else part.ticket.name,
            cycle_us=cycle_us,
            cause=cause,
            route=route,
            visit=part.visit,
            into=into,
            of=of,
            since=since,
        )
        self.out.append((node, message))

    def entered(self, station: "Station", part: "Part") -> None:
        """A part got its place in a station; that is the station's affair, no machine's."""
        self._part(station.node, "entered", part)

    def started(self, machine: "Machine", part: "Part") -> None:
        """Work on a part began."""
        self._part(machine.node, "started", part)

    def began(self, machine: "Machine") -> None:
        """An operation began, or begins anew."""
        if self.doings:
            linked = () if machine.health is None else machine.health.linked
            self.doings[machine.index].work(self._env.time, machine.operation_now(), linked)
        if self.witness is not None:
            self.witness.health(machine, self._env.time)

    def finished(self, machine: "Machine", part: "Part") -> None:
        """Work on a part ended."""
        self._part(machine.node, "finished", part, cycle_us=part.worked)
        if self.doings:
            self.doings[machine.index].finish(self._env.time, part.name)

    def scrapped(self, machine: "Machine", part: "Part") -> None:
        """A part is found to be scrap."""
        self._part(machine.node, "scrapped", part, cause=part.scrap)

    def reworked(self, machine: "Machine", part: "Part", to: "Station", cause: str) -> None:
        """A part must be worked on again."""
        self._part(machine.node, "reworked", part, cause=cause, route=to.name)

    def left(self, machine: "Machine", part: "Part", target: "Station | None") -> None:
        """A part gave its place in a machine away: to go on, or out of the line, good or as scrap."""
        if target is not None:
            self._part(machine.node, "left", part, route=target.name)
        else:
            since = self._start + part.since if part.since < part.entered else None
            self._part(machine.node, "left", part, cause=part.scrap or None, since=since)

    def built_in(self, machine: "Machine", part: "Part", product: "Part") -> None:
        """A part became a piece of another one."""
        self._part(machine.node, "left", part, into=product.name)

    def came_out(self, machine: "Machine", part: "Part", of: "Part") -> None:
        """A part came out of one that was taken apart."""
        self._part(machine.node, "entered", part, of=of.name)

    def measured(self, machine: "Machine", part: "Part", values: dict[str, Measured]) -> None:
        """Characteristics of a part were measured."""
        ts = self._start + self._env.time
        gauge = machine.node.path
        self.out.append((machine.node, Quality(ts=ts, part=part.name, product=part.what, values=values, gauge=gauge)))

    def order(self, line: "Line", ticket: "Ticket", event: OrderEvent) -> None:
        """A production order has come or is further on."""
        message = Order(
            ts=self._start + self._env.time,
            order=ticket.name,
            product=ticket.product.name,
            quantity=ticket.quantity,
            good=ticket.good,
            scrap=ticket.scrap,
            event=event,
            due=None if ticket.due is None else self._start + ticket.due,
        )
        self.out.append((line.described.node, message))

    def alarm(self, machine: "Machine", mode: "Mode") -> None:
        """A failure mode has struck, or its repair has ended."""
        self.out.append((machine.node, self._alarm(mode, self._start + self._env.time)))
        if self.doings and machine.health is not None:
            self.doings[machine.index].ail(self._env.time, machine.health.linked)
        if self.witness is not None:
            self.witness.failure(machine, mode, self._env.time)
            self.witness.health(machine, self._env.time)

    def state(self, machine: "Machine") -> None:
        """The state of a machine has changed, or the order on it."""
        self.out.append((machine.node, self._state(machine, self._start + self._env.time)))
        if self.doings:
            self.doings[machine.index].change(self._env.time, *machine.condition)
        if self.witness is not None:
            self.witness.state(machine, self._env.time)

    def taken(self) -> list[Emission]:
        """What was said since this was asked last."""
        told, self.out = self.out, []
        if self.witness is not None:
            self.witness.out = self.out
        return told

    def _state(self, machine: "Machine", ts: int) -> StateChange:
        state, reason = machine.condition
        part = machine.part.name or None
        order = None if machine.order is None else machine.order.name
        return StateChange(ts=ts, state=state, reason=reason, since=self._start + machine.since, part=part, order=order)

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


def births(plant: "Plant", line: "Line", ts: int) -> list[Emission]:
    """Birth documents of a line, its stations and machines, in station order, the line first."""
    found: list[Emission] = [(line.described.node, Meta(ts=ts, schema=SCHEMA, type="line"))]
    for station, described in zip(line.stations, line.described.stations, strict=True):
        several = len(station.machines) > 1
        capacity = station.buffer.capacity if station.buffer.belt is None else described.buffer or 0
        document = Meta(
            ts=ts,
            schema=SCHEMA,
            type=described.type,
            ideal_cycle_us=described.planned_cycle,
            ideal_cycle_derived=described.ideal_cycle is None,
            machines=len(station.machines),
            buffer=None if capacity == UNLIMITED else capacity,
        )
        with_tags = msgspec.structs.replace(document, tags=plant.kind(described).told_tags)
        if several:
            single = msgspec.structs.replace(with_tags, machines=None, buffer=None)
            found += [(station.node, document), *((machine.node, single) for machine in station.machines)]
        else:
            found.append((station.node, with_tags))
    return found
