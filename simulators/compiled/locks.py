"""Machines of the kernel that wait for each other in a circle; see `simulators.locks`."""

from typing import TYPE_CHECKING

from simulators.compiled.part import Parts
from simulators.compiled.phase import DONE, EMPTY, READY
from simulators.compiled.world import LOCKED
from simulators.compiler.language import drop

if TYPE_CHECKING:
    from simulators.compiled.buffer import Buffer
    from simulators.compiled.line import Line
    from simulators.compiled.machine import Machine
    from simulators.compiled.station import Station


def blocked(machine: "Machine", target: "Station") -> None:
    """A machine has become blocked for a place at a station: let a ring move on, or find that nothing moves any more.

    The world has an error afterwards if the machine waits for ever (rule 12).
    """
    if target.assembles:
        target.draw_in()
    line = machine.station.line
    if not line.may_lock or machine.phase != DONE:
        return
    world = line.world
    world.mark += 1
    world.ringed = 0
    _join(machine)
    if _search(machine, machine):
        _turn(machine)
    else:
        _check(line)


def _join(machine: "Machine") -> None:
    world = machine.world
    machine.mark = world.mark
    world.ring[world.ringed] = machine
    world.ringed += 1


def _exchanges(machine: "Machine") -> "Buffer | None":
    """The input in which a machine's part could change places with one that moves on; none if it is not blocked so."""
    target = machine.wants()
    if target is None or target.assembles or machine.phase != DONE or machine.gated or machine.several():
        return None  # a machine that holds several parts is not free when one has gone
    buffer = target.input_from(machine.station)
    if buffer.belt is None and buffer.fleet is None and buffer.place_of(machine) >= 0:
        return buffer
    return None


def _search(origin: "Machine", machine: "Machine") -> bool:
    """Find machines from this one on, each blocked by the next, the last one by the station of the origin.

    Of several machines of a station the one goes first that has been blocked longest for where it wants to go.
    """
    buffer = _exchanges(machine)
    if buffer is None:
        return False
    if buffer.station is origin.station:
        return True
    world = machine.world
    done = -1
    while True:
        found: Machine | None = None
        least = 0
        for other in buffer.station.machines:
            of = _exchanges(other)
            if of is not None:
                rank = of.place_of(other) * len(world.machines) + other.index
                if rank > done and (found is None or rank < least):
                    found = other
                    least = rank
        if found is None:
            return False
        done = least
        if found.mark != world.mark:
            _join(found)
            if _search(origin, found):
                return True
            world.ringed -= 1


def _turn(origin: "Machine") -> None:
    """All give their parts at once; then each takes the head of its queue, and the parts join the queues."""
    world = origin.world
    number = world.ringed
    bottom = world.machines_stacked
    lowest = world.stacked
    for i in range(number):
        world.push_machine(world.ring[i])
    parts = Parts()
    for i in range(number):
        machine = world.machine_stack[bottom + i]
        target = machine.wants()
        part = machine.part
        assert target is not None
        assert part is not None
        buffer = target.input_from(machine.station)
        buffer.remove_giver(machine)
        buffer.claimed += 1
        machine.give(True)
        world.push(buffer)
        parts.append(part)
    for i in range(number):
        machine = world.machine_stack[bottom + i]
        machine.station.fetch(machine)
    for i in range(number):
        buffer = world.stack[lowest + i]
        buffer.claimed -= 1
        buffer.send(parts.popleft())
    drop(parts)
    for i in range(number):
        machine = world.machine_stack[bottom + i]
        if machine.part is None:
            machine.station.refill(machine)
    world.machines_stacked = bottom
    world.stacked = lowest


# --- whether anything can still move -----------------------------------------------------------------------------


def _check(line: "Line") -> None:
    """Find machines that are blocked for ever."""
    for station in line.stations:
        if station.drawing:
            return  # a set is being taken: whoever takes it will work
    for station in line.stations:
        for machine in station.machines:
            machine.moving = False
    while _more_move(line):
        pass
    for station in line.stations:
        for machine in station.machines:
            if machine.phase == DONE and not machine.moving:
                line.world.error = LOCKED


def _more_move(line: "Line") -> bool:
    """Find more machines that surely move; whether there were any."""
    grows = False
    for station in line.stations:
        for machine in station.machines:
            if not machine.moving and _moves(machine):
                machine.moving = True
                grows = True
    return grows


def _moves(machine: "Machine") -> bool:
    """Whether a machine will give or take a part some time, as far as is known of the others."""
    if machine.phase == DONE:
        target = machine.wants()
        if target is None or machine.gated or machine.awaits != 0:
            return True
        buffer = target.input_from(machine.station)
        belt = buffer.belt
        if buffer.coming.count > 0 or (belt is not None and belt.parts.count > 0 and not belt.waits):
            return True
        return _any_moves(target, None)
    if machine.phase == READY and machine.request is None and machine.halted == 0 and machine.due is None:
        target = machine.wants()  # it waits for a reservation
        return target is None or _any_moves(target, None)
    if machine.phase != EMPTY or machine.gated:
        return True
    for buffer in machine.station.inputs:
        if not _fed(machine, buffer):
            return False
    return True


def _any_moves(station: "Station", but: "Machine | None") -> bool:
    for machine in station.machines:
        if machine.moving and machine is not but:
            return True
    return False


def _fed(machine: "Machine", buffer: "Buffer") -> bool:
    """Whether parts will come into an input of an empty machine."""
    station = machine.station
    feeder = buffer.feeder
    if station.assembles and feeder is None:
        return True  # what comes back goes first, but nothing waits for it
    if feeder is not None and buffer.waiting.count + buffer.givers >= buffer.quantity:
        return True
    belt = buffer.belt
    if buffer.coming.count > 0 or buffer.claimed > 0 or (belt is not None and belt.parts.count > 0):
        return True
    source = station.source
    if source is not None and source.brings():
        return True
    if feeder is not None:
        return _any_moves(feeder, machine)
    if buffer.waiting.count > 0:
        return True  # a batch waits for time to pass, or for more
    for other in station.feeders:
        if _any_moves(other, machine):
            return True
    return False
