"""Shifts in the kernel: when machines and operators work; see `simulators.timetable`."""

from typing import TYPE_CHECKING

from simulators.compiled.world import TURNS
from simulators.compiler.language import Record, Row

if TYPE_CHECKING:
    from simulators.compiled.crew import Pool
    from simulators.compiled.machine import Machine
    from simulators.compiled.world import World


class Attending(Record):
    """How many of a pool work in each shift of a timetable."""

    pool: "Pool"
    most: int = 0
    by_shift: Row[int]


class Timetable(Record):
    """The shifts of machines or operators that work together.

    Attributes:
        due: instant of the next change; -1: there is none.
        kind, shift: what is on now: state of those who stand, 0 while they work; word of the shift.
        times, kinds, shifts: the changes to come, the next one at `at`.
        pools, machines: who goes by it, in this order; of pools also the position of each shift's word.
    """

    world: "World"
    index: int = 0
    due: int = -1
    kind: int = 0
    shift: int = 0
    at: int = 0
    times: Row[int]
    kinds: Row[int]
    shifts: Row[int]
    pools: Row[Attending]
    machines: "Row[Machine]"

    def look_ahead(self) -> None:
        """Wait for the next change."""
        if self.at >= len(self.times):
            self.due = -1
            return
        self.due = self.times[self.at]
        self.world.after(self.due - self.world.time, TURNS, self.index)

    def turn(self) -> None:
        """The change that is due now, before anything begins at this instant (rule 17)."""
        self.kind = self.kinds[self.at]
        self.shift = self.shifts[self.at]
        self.at += 1
        self.look_ahead()
        self.open()

    def open(self) -> None:
        """Let what is on now take effect."""
        for of in self.pools:
            number = 0
            if self.kind == 0:
                number = of.most if len(of.by_shift) == 0 else of.by_shift[self.shift]
            self.world.crews.attend(of.pool, number)
        for machine in self.machines:
            machine.turn(self.kind, self.shift)
