"""Machines that wait for each other in a circle: those that can move on together do, the others are an error."""

from typing import TYPE_CHECKING

from plant.errors import SimulationError
from plant.time import format_duration
from simulators.part import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.buffer import Buffer
    from simulators.line import Line
    from simulators.machine import Machine
    from simulators.station import Station


def blocked(machine: "Machine", target: "Station") -> None:
    """A machine has become blocked for a place at a station: let a ring move on, or find that nothing moves any more.

    Raises:
        SimulationError: the machine waits for ever (rule 12).
    """
    if target.joins:
        target.draw_in()
    line = machine.station.line
    if not line.may_lock or machine.phase != "done":
        return
    if (ring := _ring(machine)) is not None:
        _turn(ring)
    else:
        check(line)


def _exchanges(machine: "Machine") -> "Buffer | None":
    """The input in which a machine's part could change places with one that moves on; none if it is not blocked so."""
    target = machine.wants
    if target is None or target.joins or machine.phase != "done" or machine.gated or machine.members is not None:
        return None  # a machine that holds several parts is not free when one has gone
    buffer = target.input_from(machine.station)
    return buffer if buffer.belt is None and buffer.fleet is None and machine in buffer.givers else None


def _ring(machine: "Machine") -> "list[Machine] | None":
    """Machines from this one on, each blocked by the next, the last one by this one's station.

    Whoever else waits for these places: none of them is free when parts change places. Of several machines of a station
    the one goes that has been blocked longest for where it wants to go (rule 8).
    """
    path = [machine]
    seen = {machine}

    def search() -> bool:
        buffer = _exchanges(path[-1])
        if buffer is None:
            return False
        if buffer.station is machine.station:
            return True
        able = [(of, other) for other in buffer.station.machines if (of := _exchanges(other)) is not None]
        for _, other in sorted(able, key=lambda pair: pair[0].givers.index(pair[1])):
            if other not in seen:
                seen.add(other)
                path.append(other)
                if search():
                    return True
                path.pop()
        return False

    return path if search() else None


def _turn(ring: "list[Machine]") -> None:
    """All give their parts at once; then each takes the head of its queue, and the parts join the queues."""
    moves = []
    for machine in ring:
        target, part = machine.wants, machine.part
        if target is None:
            raise SimulationError("a ring of machines has no way on")
        buffer = target.input_from(machine.station)
        buffer.givers.remove(machine)
        buffer.claimed += 1
        machine.give(ridden=True)
        moves.append((part, buffer))
    for machine in ring:
        machine.station.fetch(machine)
    for part, buffer in moves:
        buffer.claimed -= 1
        buffer.send(part)
    for machine in ring:
        if machine.part is NOTHING:
            machine.station.refill(machine)


# --- whether anything can still move -----------------------------------------------------------------------------


def check(line: "Line") -> None:
    """Find machines that are blocked for ever.

    Raises:
        SimulationError: which stations wait for which, and since when.
    """
    if any(station.drawing for station in line.stations):
        return  # a set is being taken: whoever takes it will work
    moving = _moving(line)
    stuck = [m for station in line.stations for m in station.machines if m.phase == "done" and m not in moving]
    if not stuck:
        return
    waits: dict[str, Station] = {}
    for machine in stuck:
        target = machine.wants
        if target is not None:
            waits.setdefault(machine.station.name, target)
    told = ", ".join(f"{name} waits for {_for(target)}" for name, target in waits.items())
    at = format_duration(line.env.time)
    raise SimulationError(f"line {line.name} is locked at {at}: {told}; nothing can move any more")


def _for(target: "Station") -> str:
    if target.joins and any(machine.part is NOTHING for machine in target.machines):
        lacking = [
            join.station
            for join, buffer in zip(target.described.joins, target.joins, strict=True)
            if len(buffer.waiting) + len(buffer.givers) < join.quantity
        ]
        return f"{target.name}, which lacks parts from {' and '.join(lacking)}"
    return f"a place at {target.name}"


def _moving(line: "Line") -> "set[Machine]":
    """Machines that will give or take a part some time, whatever the others do; grown from those that surely will."""
    machines = [machine for station in line.stations for machine in station.machines]
    moving: set[Machine] = set()
    grows = True
    while grows:
        more = {machine for machine in machines if machine not in moving and _moves(machine, moving)}
        moving |= more
        grows = bool(more)
    return moving


def _moves(machine: "Machine", moving: "set[Machine]") -> bool:
    if machine.phase == "done":
        target = machine.wants
        if target is None or machine.gated or machine.awaits:
            return True
        buffer = target.input_from(machine.station)
        if buffer.coming or (buffer.belt is not None and buffer.belt.parts and not buffer.belt.waits):
            return True
        return any(other in moving for other in target.machines)
    if machine.phase == "ready" and machine.request is None and not machine.halted and not machine.due:
        target = machine.wants  # it waits for a reservation
        return target is None or any(other in moving for other in target.machines)
    if machine.phase != "empty" or machine.gated:
        return True
    return all(_fed(machine, suppliers, moving) for suppliers in _suppliers(machine.station))


def _suppliers(station: "Station") -> "Iterator[set[Station] | None]":
    """For each input that lacks parts the stations that may send some; none where parts are on the way already."""
    buffers = station.joins or station.inputs
    for place, buffer in enumerate(buffers):
        join = station.described.joins[place] if station.joins else None
        if join is not None and len(buffer.waiting) + len(buffer.givers) >= join.quantity:
            continue
        under_way = buffer.coming or buffer.claimed or (buffer.belt is not None and buffer.belt.parts)
        source = station.source is not None and station.source.brings
        waiting = buffer.waiting and not station.joins  # a batch waits for time to pass, or for more
        if under_way or source or waiting:
            yield None
        elif join is not None:
            yield {station.line.by_name[join.station]}
        else:
            yield {other for other in station.line.stations if station.name in station.line.leads[other.name]}


def _fed(machine: "Machine", suppliers: "set[Station] | None", moving: "set[Machine]") -> bool:
    return suppliers is None or any(
        other in moving for station in suppliers for other in station.machines if other is not machine
    )
