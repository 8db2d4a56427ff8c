"""How failures strike a machine of the kernel, and how it goes on (rules 15 to 19); see `simulators.breakdown`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw
from simulators.compiled.phase import DONE, WORKING
from simulators.compiled.reservations import pass_on

if TYPE_CHECKING:
    from simulators.compiled.failure import Mode
    from simulators.compiled.machine import Machine
    from simulators.compiled.part import Part

RESUME, RESTART, SCRAP = 0, 1, 2


def strike(machine: "Machine", starting: bool) -> None:
    """Every mode that is due at this instant strikes: by the calendar, or by a clock that has run out in work.

    An operation that ends in this very instant ends first (rule 17), and its part is not touched.
    """
    begun = machine.phase == WORKING
    at_work = starting
    now = machine.world.time
    if machine.timer != 0:
        if machine.resumed + machine.remaining > now:
            at_work = begun
            machine.stop()
        else:
            begun = False
    for mode in machine.modes:
        mode.struck = not mode.down and ((at_work and mode.left == 0) if mode.operating else mode.due == now)
        if mode.struck:
            _go_down(machine, mode)
    if machine.due is not None:
        machine.due.suspend()
    if machine.timer == 0:
        machine.dismiss()
    worst = RESUME
    for mode in machine.modes:
        if mode.struck:
            mode.struck = False
            worst = max(worst, mode.part)
            mode.break_down()
    machine.world.touch(machine)
    if begun:
        _mind_the_part(machine, worst)


def _go_down(machine: "Machine", mode: "Mode") -> None:
    machine.down += 1
    machine.halted += 1
    if mode.gates and not machine.gated:
        machine.gated = True
        if machine.part is None:
            machine.station.idle -= 1


def _mind_the_part(machine: "Machine", worst: int) -> None:
    """Resume, restart or scrap a part whose operation has begun (rule 19); of several modes the hardest decides."""
    if worst == SCRAP:
        _spoil(machine)
    elif worst == RESTART:
        station = machine.station
        part = machine.part
        assert part is not None
        machine.remaining = draw(station.restarts[part.product.index], station.restarted)
        station.restarted += 1


def _spoil(machine: "Machine") -> None:
    """The parts in work are scrap; they leave at once, unless nothing can leave now."""
    station = machine.station
    part = machine.part
    assert part is not None
    worked = part.worked
    made = 0
    member: Part | None = part
    while member is not None:
        made += 1
        member.scrap = True
        member.finish = machine.world.time
        member.worked = worked
        if station.reserves:
            pass_on(member)
        member = member.next
    machine.phase = DONE
    if station.sets_up:
        machine.remember(part)
    machine.count(made)
    machine.hand_over()


def repaired(machine: "Machine") -> None:
    """A repair has ended; with the last one the machine goes on where it stopped (rule 18)."""
    machine.down -= 1
    machine.halted -= 1
    machine.world.touch(machine)
    if machine.gated:
        gates = False
        for other in machine.modes:
            if other.down and other.gates:
                gates = True
        if not gates:
            _let_pass(machine)
    machine.proceed()


def _let_pass(machine: "Machine") -> None:
    """Parts come and leave again."""
    machine.gated = False
    station = machine.station
    if machine.part is None:
        station.idle += 1
        station.refill(machine)
    elif machine.phase == DONE and machine.awaits == 0:
        for other in station.line.stations:
            for buffer in other.inputs:
                if buffer.place_of(machine) >= 0:
                    buffer.move_up()
                    other.draw_in()
                    return
        machine.hand_over()
