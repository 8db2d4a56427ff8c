"""Where a machine stands with its part, and its state with the reason as one number (rule 23)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.compiled.machine import Machine

EMPTY, SETTING, LOADING, READY, WORKING, UNLOADING, DONE = range(7)

# A condition is a number: the state, and above it the number of the reason. Of a failure the reason is a bit for each
# mode that is down; else it counts words, 0 for none.
STATES = 16
PROCESSING, SETUP, STARVED, BLOCKED, WAITING, FAILED, MAINTENANCE, PAUSE, OFF = range(9)


def condition_of(machine: "Machine") -> int:
    """State and reason: the first that applies."""
    if machine.plain and machine.halted == 0:
        return machine.station.conditions[machine.phase]
    if machine.closed != 0:
        return machine.closed + STATES * machine.shift
    if machine.down > 0:
        reason = 0
        for mode in machine.modes:
            if mode.down:
                reason |= mode.bit
        return FAILED + STATES * reason
    job = machine.due
    if job is not None and job.running != 0:
        return job.condition
    if machine.timer != 0:
        return machine.station.conditions[machine.phase]
    return _waiting(machine)


def _waiting(machine: "Machine") -> int:
    """The condition of a machine that is stopped by nothing of its own, and does nothing."""
    phase = machine.phase
    if phase == DONE:
        if machine.awaits != 0:
            return BLOCKED + STATES * machine.awaits
        return _blocked(machine)
    request = machine.request
    if request is not None and not request.there:
        return WAITING + STATES * request.reason
    job = machine.due
    if job is not None:
        asked = job.request
        if asked is not None:
            return WAITING + STATES * asked.reason
    if phase == READY and machine.station.reserves:
        return _blocked(machine)
    return machine.station.conditions[phase]


def _blocked(machine: "Machine") -> int:
    target = machine.wants()
    return BLOCKED if target is None else BLOCKED + STATES * target.word


def standing(condition: int) -> bool:
    """Whether a machine stands still, so that maintenance may be done early."""
    state = condition % STATES
    return state == BLOCKED or state == STARVED
