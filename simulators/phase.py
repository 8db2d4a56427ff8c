"""Where a machine stands with its part, and the state that messages tell of it (rule 23)."""

from typing import TYPE_CHECKING

from plant.states import State

if TYPE_CHECKING:
    from simulators.machine import Machine

# Only SETTING, LOADING, WORKING and UNLOADING take time.
EMPTY = "empty"
SETTING = "setting"
LOADING = "loading"
READY = "ready"  # loaded, work not begun: the machine is down, or waits for a tool, operator or reservation
WORKING = "working"
UNLOADING = "unloading"
DONE = "done"  # waits for a place at the next station, or for a vehicle

PHASES = {phase: phase for phase in (EMPTY, SETTING, LOADING, READY, WORKING, UNLOADING, DONE)}
"""By name; phases are compared by identity."""

TASKS = {SETTING: "setup", LOADING: "load", UNLOADING: "load"}
"""What operators call the phases that take time; work is the station's."""

Condition = tuple[str, str]
"""State and reason, as messages have them."""


def conditions(target: str) -> dict[str, Condition]:
    """Condition by phase of a machine that nothing stops and that leads to one station."""
    return {
        EMPTY: (State.STARVED.value, ""),
        SETTING: (State.SETUP.value, ""),
        LOADING: (State.PROCESSING.value, "load"),
        READY: (State.BLOCKED.value, target),
        WORKING: (State.PROCESSING.value, ""),
        UNLOADING: (State.PROCESSING.value, "unload"),
        DONE: (State.BLOCKED.value, target),
    }


def condition(machine: "Machine") -> Condition:
    """State and reason of any machine: the first that applies."""
    if machine.attendance is not None and machine.attendance.closed:
        return machine.attendance.closed, machine.attendance.shift
    if machine.down:
        return State.FAILED.value, "+".join([mode.name for mode in machine.modes if mode.down])
    job = machine.due[0] if machine.due else None
    if job is not None and job.running is not None:
        return job.condition
    if machine.timer is not None:
        return machine.station.conditions[machine.phase]
    return _waiting(machine)


def _waiting(machine: "Machine") -> Condition:
    """The condition of a machine that is stopped by nothing of its own, and does nothing."""
    phase, request = machine.phase, machine.request
    if phase is DONE:
        return State.BLOCKED.value, machine.awaits or _name_of_target(machine)
    if request is not None and not request.there:
        return State.WAITING.value, request.reason
    if machine.due and machine.due[0].request is not None:
        return State.WAITING.value, machine.due[0].request.reason
    if phase is READY and machine.station.reserves:
        return State.BLOCKED.value, _name_of_target(machine)
    return machine.station.conditions[phase]


def _name_of_target(machine: "Machine") -> str:
    return "" if machine.wants is None else machine.wants.name
