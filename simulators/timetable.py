"""Shifts: when machines and operators work."""

from collections.abc import Callable, Iterator

from plant.shifts import Calendar, at, changes
from plant.states import State
from simulators.agenda import Agenda, Timer

KINDS = {"work": "", "pause": State.PAUSE.value, "off": State.OFF.value}
"""State of a machine that stands for this reason; none while it works."""

Turn = Callable[[str, str], None]
"""What a change does: the new state of those who stand, or nothing, and the shift that begins or has ended."""


class Timetable:
    """The shifts of machines or operators that work together.

    Attributes:
        due: instant of the next change.
        kind, shift: what is on now.
        turns: what each change does, in this order.
    """

    __slots__ = ("_changes", "_next", "_start", "due", "env", "kind", "shift", "turns")

    def __init__(self, env: Agenda, calendar: Calendar, names: tuple[str, ...], start: int) -> None:
        self.env = env
        self._start = start
        self.turns: list[Turn] = []
        kind, self.shift = at(calendar, names, start + env.time)
        self.kind = KINDS[kind]
        self._changes: Iterator[tuple[int, str, str]] = changes(calendar, names, start + env.time)
        self.due = -1
        self._next: tuple[str, str] = ("", "")
        self._look_ahead()

    def open(self) -> None:
        """Let what is on now take effect, at the beginning."""
        for turn in self.turns:
            turn(self.kind, self.shift)

    def _look_ahead(self) -> None:
        found = next(self._changes, None)
        if found is None:
            self.due = -1
            return
        instant, kind, shift = found
        self.due = instant - self._start
        self._next = KINDS[kind], shift
        self.env.after(self.due - self.env.time, self._comes)

    def _comes(self, _: Timer) -> None:
        if self.due == self.env.time:  # else it was asked for already in this instant
            self.turn()

    def turn(self) -> None:
        """The change that is due now, before anything begins at this instant (rule 17)."""
        self.kind, self.shift = self._next
        self._look_ahead()
        for turn in self.turns:
            turn(self.kind, self.shift)
