"""A run that is judged at the end of every instant: whatever can move has moved, and nothing is in two places."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from simulators import Simulation
from simulators.buffer import Buffer
from simulators.crew import Request
from simulators.intake import Assembling, Batching
from simulators.line import Line
from simulators.machine import Machine
from simulators.part import NOTHING, Part
from simulators.station import Station

TIMED = {"setting", "loading", "working", "unloading"}


class Judged(Simulation):
    """A simulation that looks at itself after each instant; it fails with an AssertionError."""

    def _settle(self) -> None:
        super()._settle()
        now = self._agenda.time
        for line in self._lines:
            judge_parts(self, line)
            judge_sources(line)
            for station in line.stations:
                judge_station(line, station, now)
                for machine in station.machines:
                    judge_machine(line, machine, now)
        judge_people(self)
        judge_vehicles(self)


def buffers(simulation: Simulation) -> Iterator[Buffer]:
    return (buffer for line in simulation._lines for station in line.stations for buffer in station.inputs)


def held(machine: Machine) -> list[Part]:
    return machine.members or ([] if machine.part is NOTHING else [machine.part])


# --- parts ---------------------------------------------------------------------------------------------------------


def parts_at(station: Station) -> Iterator[Part]:
    """Parts at a station and on the way into it, those on vehicles apart."""
    for machine in station.machines:
        yield from held(machine)
    for buffer in station.inputs:
        yield from buffer.waiting
        yield from (part for part, *_ in buffer.coming)
        yield from () if buffer.belt is None else (part for part, _ in buffer.belt.parts)


def judge_parts(simulation: Simulation, line: Line) -> None:
    """Made = shipped + scrapped + built in + inside; each of those inside is in one place, or on a busy vehicle."""
    there = [part.number for station in line.stations for part in parts_at(station)]
    assert len(there) == len(set(there)), "a part is in two places"
    assert line.inside.keys() >= set(there), "a part that has left is still there"
    riding = sum(vehicle.busy for fleet in fleets(simulation) for vehicle in fleet.vehicles)
    assert len(line.inside) - len(there) <= riding, "a part is nowhere"
    gone = [passage for passage in simulation.ledger._passages[line.index] if passage.left is not None]
    assert line.made == len(gone) + len(line.inside)
    of = line.described
    limit = of.wip_limit if of.pallets is None else of.pallets.count
    if limit is not None:
        carried = sum(part.rides for part in line.inside.values())
        assert 0 <= line.permits <= limit - carried
        if of.pallets is None or of.pallets.back.mean == 0:
            assert line.permits == limit - carried


def judge_sources(line: Line) -> None:
    """No part waits outside for which there is a place, a pallet and material."""
    for source in line.sources:
        endless = source._interval is None and not source._orders
        some = endless or source.queue or source.tickets
        material = source.stock is None or source.stock.level
        assert not (some and material and line.permits and source.station.buffer.place), source.station.name


# --- places --------------------------------------------------------------------------------------------------------


def judge_station(line: Line, station: Station, now: int) -> None:
    assert station.idle == sum(machine.part is NOTHING and not machine.gated for machine in station.machines)
    for buffer in station.inputs:
        judge_buffer(line, station, buffer)
    intake = station.intake
    if isinstance(intake, Batching):
        assert not (station.idle and intake_is_ripe(station, intake, now)), "a batch waits beside a free machine"
    elif isinstance(intake, Assembling):
        assert not (station.idle and set_is_there(station, intake)), "a set waits beside a free machine"
    else:
        assert not (station.idle and station.buffer.waiting), "a part waits beside a free machine"
    if (own := station.own) is not None:
        holders = sum((part.held is own) + (part.ahead is own) for part in line.inside.values())
        assert holders == own.taken <= own.places
        assert own.taken == own.places or all(machine.halted or machine.due for machine in own.waiting)


def judge_buffer(line: Line, station: Station, buffer: Buffer) -> None:
    waiting, givers = len(buffer.waiting), [giver for giver in buffer.givers if not giver.gated]
    assert not (givers and buffer.room), "a machine is blocked beside a free place"
    assert len(set(buffer.givers)) == len(buffer.givers)
    assert all(giver.phase == "done" and not giver.awaits for giver in buffer.givers)
    home = station.name in line.leads[station.name]  # rework at home has a place even in a full queue (rule 13)
    if not (line.gating or station.inside or home):
        assert waiting <= buffer.capacity
        assert waiting + len(buffer.coming) + buffer.claimed <= (buffer.capacity or station.idle)
    if (belt := buffer.belt) is not None:
        assert len(belt.parts) <= belt._capacity
        assert not (belt.waits and buffer.place), "a part waits at the end of a belt beside a free place"


def intake_is_ripe(station: Station, intake: Batching, now: int) -> bool:
    kinds: dict[Any, list[Part]] = {}
    for part in station.buffer.waiting:
        kinds.setdefault(intake._kind(part), []).append(part)
    of = intake._of
    return any(
        len(parts) >= of.size or (len(parts) >= of.fewest and now - parts[0].enter >= of.wait)
        for parts in kinds.values()
    )


def set_is_there(station: Station, intake: Assembling) -> bool:
    def there(buffer: Buffer) -> int:
        at_once = buffer.fleet is None and buffer.belt is None and buffer._transport is None
        return len(buffer.waiting) + (sum(not giver.gated for giver in buffer.givers) if at_once else 0)

    complete = all(there(buffer) >= n for buffer, n in zip(station.joins, intake._quantities, strict=True))
    return complete or bool(intake.returns.waiting)


# --- machines ------------------------------------------------------------------------------------------------------


def judge_machine(line: Line, machine: Machine, now: int) -> None:
    """It does what it can, and nothing while it is stopped."""
    closed = machine.attendance is not None and bool(machine.attendance.closed)
    awaited = machine.request is not None and not machine.request.there
    assert machine.down == sum(mode.down for mode in machine.modes)
    assert machine.halted == machine.down + closed
    assert machine.condition == machine.state_now()
    assert (machine.phase == "empty") == (machine.part is NOTHING)
    assert machine.timer is None or not machine.halted, "it works though it is stopped"
    if machine.phase in TIMED:
        assert machine.timer is not None or machine.halted or awaited, f"{machine.phase}, and nothing is done"
    elif machine.phase == "ready":
        reserving = any(of.own is not None and machine in of.own.waiting for of in line.stations)
        assert machine.halted or awaited or machine.due or reserving, "it is ready and does not begin"
    elif machine.phase == "done":
        queues = sum(machine in buffer.givers for of in line.stations for buffer in of.inputs)
        assert queues + bool(machine.awaits) == 1 or machine.gated, "it is done and waits for nothing"
    judge_jobs(machine)
    judge_clocks(machine, now)


def judge_jobs(machine: Machine) -> None:
    assert [job for job in machine.jobs if job.pending] == [job for job in machine.jobs if job in machine.due]
    running = [job for job in machine.due if job.running is not None]
    assert running in ([], machine.due[:1]), "one after the other"
    assert not (running and machine.halted)
    assert not (running and machine.phase == "working"), "planned work never meets an operation"
    if machine.due and not running and machine.phase not in {"working", "setting"}:
        request = machine.due[0].request
        assert machine.halted or (request is not None and not request.there), "planned work is due and not done"


def judge_clocks(machine: Machine, now: int) -> None:
    for mode in machine.modes:
        if mode.stands:
            assert mode.timer is None, "a clock runs though nobody works"
        elif mode.down:
            assert mode.timer is not None or (mode.request is not None and not mode.request.there)
        elif mode.operating:
            assert mode.left >= 0
        else:
            assert mode.timer is not None
            assert mode.due >= now


# --- operators and vehicles ----------------------------------------------------------------------------------------


def requests(simulation: Simulation) -> Iterator[tuple[Machine, Request]]:
    for machine in simulation._machines:
        about = chain([machine], machine.modes, machine.jobs)
        yield from ((machine, one.request) for one in about if one.request is not None)


def judge_people(simulation: Simulation) -> None:
    """Nobody is at two tasks, nobody is idle who could serve the first in turn."""
    crews = simulation._lines[0].stations[0].crews
    asked = [request for _, request in requests(simulation)]
    sent = [operator for request in asked for operator in request.operators]
    assert len(sent) == len(set(sent)), "an operator is at two tasks"
    assert set(crews.waiting) == {request for request in asked if not request.operators}
    for request in asked:
        assert len(request.operators) in {0, sum(need.count for need in request.needs)}
    for pool in crews.pools.values():
        busy = [operator for operator in pool.operators if operator.busy]
        assert pool.busy == len(busy) == sum(operator.pool is pool for operator in sent)
    assert not crews.waiting or crews._choose(crews.waiting[0], set()) is None, "the first in turn could be served"
    for machine, request in requests(simulation):
        repairs = request in [mode.request for mode in machine.modes]
        assert repairs or not (request.there and machine.halted), "operators stand at a machine that is stopped"


def fleets(simulation: Simulation) -> set[Any]:
    return {buffer.fleet for buffer in buffers(simulation) if buffer.fleet is not None}


def judge_vehicles(simulation: Simulation) -> None:
    for fleet in fleets(simulation):
        assert not (fleet.waiting and any(not vehicle.busy for vehicle in fleet.vehicles)), "a vehicle stands idle"
