"""Who sees what goes wrong by itself in a run, and says so: failures, the faults that announce them, tool changes."""

from typing import TYPE_CHECKING

from plant.messages import Emission
from plant.states import State
from simulators.truth import TOOL_CHANGE, Record

if TYPE_CHECKING:
    from simulators.failure import Mode
    from simulators.machine import Machine

Key = tuple[int, str]
"""A machine by its position in the plant, and what is wrong with it."""


_REST = frozenset({State.OFF.value, State.PAUSE.value})


class Witness:
    """Tells of everything twice: when it begins, and with its end when it is over.

    Args:
        start: first instant of the run, microseconds UTC.
        out: where messages go.
    """

    __slots__ = ("_counts", "_open", "_rests", "_start", "out")

    def __init__(self, start: int, out: list[Emission]) -> None:
        self._start = start
        self._open: dict[Key, Record] = {}
        self._counts: dict[Key, int] = {}
        self._rests: dict[Key, int] = {}
        self.out = out

    def failure(self, machine: "Machine", mode: "Mode", now: int) -> None:
        """A failure mode has struck, or its repair has ended."""
        self._tell(machine, mode.name, now, there=mode.down)

    def health(self, machine: "Machine", now: int) -> None:
        """The faults that announce failures have been looked at."""
        if machine.health is not None:
            for name, severity in machine.health.announcing().items():
                self._tell(machine, name, now, there=severity > 0, silently=True)

    def state(self, machine: "Machine", now: int) -> None:
        """A machine has changed its state: a tool change may have begun or ended; times without work do not end it."""
        key = machine.index, TOOL_CHANGE
        if key in self._open and machine.condition[0] in _REST:
            self._rests.setdefault(key, now)
            return
        changes = machine.condition == (State.SETUP.value, "tool")
        self._tell(machine, TOOL_CHANGE, now, there=changes, ended=self._rests.pop(key, now))

    def _tell(
        self, machine: "Machine", what: str, now: int, *, there: bool, silently: bool = False, ended: int | None = None
    ) -> None:
        key = machine.index, what
        known = self._open.get(key)
        if there == (known is not None):
            return
        if known is None:
            k = self._counts[key] = self._counts.get(key, -1) + 1
            name = f"{machine.node.path}/{what}/{k}"
            at_once = None if silently else now
            record = self._open[key] = Record(
                id=name, layer="process", what=what, node=machine.node, begin=now, detectable=at_once, planned=False,
                tags=machine.health.shows(what) if silently and machine.health is not None else (),
            )  # fmt: skip
        else:
            record = self._open.pop(key).over(now if ended is None else ended)
        self.out.append(record.emission(self._start, now))
