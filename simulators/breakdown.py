"""How failures strike a machine, what becomes of the part, and how it goes on (rules 15 to 19)."""

from typing import TYPE_CHECKING

from simulators.part import NOTHING
from simulators.phase import DONE, WORKING
from simulators.reservations import pass_on

if TYPE_CHECKING:
    from simulators.failure import Mode
    from simulators.machine import Machine


def strike(machine: "Machine", *, starting: bool = False) -> None:
    """Every mode that is due at this instant strikes: by the calendar, or by a clock that has run out in work.

    An operation that ends in this very instant ends first (rule 17), and its part is not touched.
    """
    begun, at_work = machine.phase is WORKING, starting
    if machine.timer is not None:
        if machine.resumed + machine.remaining > machine.env.time:
            at_work = begun
            machine.stop()
        else:
            begun = False
    now = machine.env.time
    struck = [
        mode
        for mode in machine.modes
        if not mode.down and (at_work and mode.left == 0 if mode.operating else mode.due == now)
    ]
    for mode in struck:
        machine.down += 1
        machine.halted += 1
        if mode.gates and not machine.gated:
            machine.gated = True
            machine.station.idle -= machine.part is NOTHING
    if machine.due:
        machine.due[0].suspend()
    if machine.timer is None:
        machine.dismiss()
    report = machine.station.report
    for mode in struck:
        mode.break_down()
        if report is not None:
            report.alarm(machine, mode)
    machine.touch()
    if begun:
        _mind_the_part(machine, struck)


def _mind_the_part(machine: "Machine", modes: "list[Mode]") -> None:
    """Resume, restart or scrap a part whose operation has begun (rule 19); of several modes the hardest decides."""
    wishes = {mode.part: mode for mode in reversed(modes)}
    if (mode := wishes.get("scrap")) is not None:
        _spoil(machine, mode.name)
    elif "restart" in wishes:
        station = machine.station
        machine.remaining = station.restart_of(machine.part)(station.restarted)
        station.restarted += 1
        if station.report is not None:
            station.report.began(machine)


def _spoil(machine: "Machine", cause: str) -> None:
    """The parts in work are scrap; they leave at once, unless nothing can leave now."""
    station, worked = machine.station, machine.part.worked
    parts = list(machine.members or (machine.part,))
    for part in parts:
        part.scrap = cause
        part.finish = machine.env.time
        part.worked = worked
        if station.report is not None:
            station.report.scrapped(machine, part)
        if station.reserves:
            pass_on(part)
    machine.phase = DONE
    if not machine.plain:
        machine.last = machine.part
        machine.count(len(parts))
    machine.hand_over()


def repaired(machine: "Machine", mode: "Mode") -> None:
    """A repair has ended; with the last one the machine goes on where it stopped (rule 18)."""
    machine.down -= 1
    machine.halted -= 1
    machine.touch()
    if machine.health is not None:
        machine.health.look(machine.env.time)
    if machine.station.report is not None:
        machine.station.report.alarm(machine, mode)
    if machine.gated and not any(other.down and other.gates for other in machine.modes):
        _let_pass(machine)
    machine.proceed()


def _let_pass(machine: "Machine") -> None:
    """Parts come and leave again."""
    machine.gated = False
    station = machine.station
    if machine.part is NOTHING:
        station.idle += 1
        station.refill(machine)
    elif machine.phase is DONE and not machine.awaits:
        buffers = (buffer for other in station.line.stations for buffer in other.inputs)
        blocked_for = next((buffer for buffer in buffers if machine in buffer.givers), None)
        if blocked_for is None:
            machine.hand_over()
        else:
            blocked_for.move_up()
            blocked_for.station.draw_in()
