"""Blocking before service in the kernel (rule 7); see `simulators.reservations`."""

from typing import TYPE_CHECKING

from simulators.compiler.language import Record

if TYPE_CHECKING:
    from simulators.compiled.machine import Machine
    from simulators.compiled.part import Part
    from simulators.compiled.world import World


class Reservations(Record):
    """The reservations for a station: as many as it has places in buffer and machines.

    Attributes:
        first: the machine upstream that waits for one longest; the others through its `asking`.
    """

    world: "World"
    places: int = 0
    taken: int = 0
    first: "Machine | None" = None
    granting: bool = False

    def ask(self, machine: "Machine") -> None:
        """A machine is ready to begin."""
        before: Machine | None = None
        at = self.first
        while at is not None and at is not machine:
            before = at
            at = at.asking
        if at is None:
            machine.asking = None
            if before is None:
                self.first = machine
            else:
                before.asking = machine
        self._grant()

    def give_back(self) -> None:
        """A place has become certain for somebody else."""
        self.taken -= 1
        self._grant()

    def _grant(self) -> None:
        if self.granting:
            return  # who grants already looks again
        self.granting = True
        while self.taken < self.places:
            machine = self._next()
            if machine is None:
                break
            self._remove(machine)
            self.taken += 1
            part = machine.part
            assert part is not None
            part.ahead = self
            self.world.touch(machine)
            machine.ready()
        self.granting = False

    def _next(self) -> "Machine | None":
        machine = self.first
        while machine is not None:
            if machine.may_begin():
                return machine
            machine = machine.asking
        return None

    def _remove(self, machine: "Machine") -> None:
        before: Machine | None = None
        at = self.first
        while at is not None and at is not machine:
            before = at
            at = at.asking
        if before is None:
            self.first = machine.asking
        else:
            before.asking = machine.asking
        machine.asking = None


def pass_on(part: "Part") -> None:
    """Work has ended: the reservation here is given back, and that for the next station too if it is not needed."""
    held = part.held
    part.held = part.ahead
    part.ahead = None
    if held is not None:
        held.give_back()
    ahead = part.held
    if ahead is not None and (part.scrap or (part.target is not None and part.target.own is not ahead)):
        part.held = None
        ahead.give_back()
