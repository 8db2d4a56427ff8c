"""The shifts of a machine: when it stands, and what it finishes first (rule 22)."""

from typing import TYPE_CHECKING

from plant.states import State
from simulators.phase import WORKING
from simulators.timetable import Timetable

if TYPE_CHECKING:
    from simulators.machine import Machine


class Attendance:
    """A machine works in some shifts only.

    Attributes:
        timetable: these shifts.
        closed: state in which it stands outside them, or nothing.
        closing: the same, while the running operation is finished first.
        shift: which one it is.
    """

    __slots__ = ("_finishes", "_machine", "_repairs", "closed", "closing", "shift", "timetable")

    def __init__(self, machine: "Machine", timetable: Timetable) -> None:
        of = machine.station.described
        self._machine = machine
        self._finishes = of.at_shift_end == "finish"
        self._repairs = of.repairs == "always"
        self.timetable = timetable
        self.closed = ""
        self.closing = ""
        self.shift = ""
        timetable.turns.append(self.turn)

    def turn(self, kind: str, shift: str) -> None:
        """A shift or break begins or ends: the state in which the machine stands now, or nothing."""
        self.shift = shift
        self._machine.touch()
        if not kind:
            self.closing = ""
            if self.closed:
                self._open()
        elif self.closed:
            self.closed = kind
        elif self.closing or self._runs_on(kind):
            self.closing = kind
        else:
            self._shut(kind)

    def _runs_on(self, kind: str) -> bool:
        """Whether the operation in the machine ends first: by the rule, or because it ends in this very instant."""
        machine = self._machine
        if machine.phase is not WORKING or machine.timer is None:
            return False
        ends_now = machine.resumed + machine.remaining == machine.env.time
        return ends_now or (self._finishes and kind == State.OFF.value)

    def finished(self) -> None:
        """The operation is over."""
        if self.closing:
            self._shut(self.closing)

    def _shut(self, kind: str) -> None:
        self.closing = ""
        self.closed = kind
        self._machine.halt()
        if not self._repairs:
            for mode in self._machine.modes:
                mode.stand()

    def _open(self) -> None:
        self.closed = ""
        self._machine.halted -= 1
        if not self._repairs:
            for mode in self._machine.modes:
                mode.stir()
        self._machine.proceed()
