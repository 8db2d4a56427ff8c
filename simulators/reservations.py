"""Blocking before service: work upstream begins only when a place downstream is certain (rule 7)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.machine import Machine
    from simulators.part import Part


class Reservations:
    """The reservations for a station: as many as it has places in buffer and machines.

    One is taken at the start of work upstream and given back when the work here ends, or with the part as scrap. It
    goes to the machine that waits for it longest and can begin: a failed one keeps its turn, not the place.

    Attributes:
        places: how many there are.
        taken: how many are out.
        waiting: machines upstream that wait for one, longest first.
    """

    __slots__ = ("_granting", "places", "taken", "waiting")

    def __init__(self, places: int) -> None:
        self.places = places
        self.taken = 0
        self.waiting: list[Machine] = []
        self._granting = False

    def ask(self, machine: "Machine") -> None:
        """A machine is ready to begin."""
        if machine not in self.waiting:
            self.waiting.append(machine)
        self._grant()

    def give_back(self) -> None:
        """A place has become certain for somebody else."""
        self.taken -= 1
        self._grant()

    def _grant(self) -> None:
        if self._granting:
            return  # who grants already looks again
        self._granting = True
        while self.taken < self.places and (machine := self._next()) is not None:
            self.waiting.remove(machine)
            self.taken += 1
            machine.part.ahead = self
            machine.touch()
            machine.ready()
        self._granting = False

    def _next(self) -> "Machine | None":
        return next((machine for machine in self.waiting if machine.may_begin()), None)


def pass_on(part: "Part") -> None:
    """Work has ended: the reservation here is given back, and that for the next station too if it is not needed."""
    held, part.held, part.ahead = part.held, part.ahead, None
    if held is not None:
        held.give_back()
    if part.held is not None and (part.scrap or (part.target is not None and part.target.own is not part.held)):
        ahead, part.held = part.held, None
        ahead.give_back()
