"""Tool changes and maintenance in the kernel (rules 20 and 21); see `simulators.job`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw
from simulators.compiled.machine import JOB
from simulators.compiled.world import JOB_COMES, JOB_ENDS
from simulators.compiler.language import Record

if TYPE_CHECKING:
    from simulators.compiled.crew import Needs, Request
    from simulators.compiled.draws import Draw
    from simulators.compiled.failure import Mode
    from simulators.compiled.machine import Machine
    from simulators.compiler.language import Row


class Job(Record):
    """A task that comes again and again at a machine: after so many parts, so much work, or by the calendar.

    Attributes:
        needs: operators for it; none: nobody is needed.
        early: how much earlier it may be done.
        running: number of the scheduling of its end; 0: it is not being done.
        next: the one that is due after it at its machine.
    """

    machine: "Machine"
    index: int = 0
    condition: int = 0
    needs: "Needs | None" = None
    every: int = 0
    parts: bool = False
    calendar: bool = False
    early: int = 0
    times: "Draw"
    renews: "Row[Mode]"
    left: int = 0
    due: int = -1
    pending: bool = False
    remaining: int = 0
    resumed: int = 0
    running: int = 0
    request: "Request | None" = None
    count: int = 0
    next: "Job | None" = None

    def wind(self) -> None:
        """Its clock begins anew."""
        self.left = self.every
        if self.calendar:
            world = self.machine.world
            self.due = world.time + self.every
            world.after(self.every, JOB_COMES, self.index)

    def comes(self) -> None:
        """It may fall due by the calendar."""
        if self.due == self.machine.world.time and not self.pending:
            self.machine.call(self)

    def age(self, work: int) -> None:
        """The machine has worked."""
        if not self.parts and not self.calendar:
            self.left -= work

    def count_parts(self, number: int) -> None:
        """The machine has finished parts."""
        if self.parts:
            self.left -= number

    def is_due(self) -> bool:
        """Whether its time has come."""
        return self.due == self.machine.world.time if self.calendar else self.left <= 0

    def is_ripe(self) -> bool:
        """Whether it may be done now if the machine stands still anyway."""
        if self.early == 0:
            return False
        return (self.due - self.machine.world.time if self.calendar else self.left) <= self.early

    # --- doing it ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """It is due: it will be done as soon as the machine can."""
        self.pending = True
        self.remaining = draw(self.times, self.count)
        self.count += 1

    def go_on(self) -> None:
        """Do it, or what is left of it, if the operators are there."""
        machine = self.machine
        if self.running != 0 or machine.halted > 0:
            return
        if self.needs is not None:
            request = self.request
            if request is None:
                request = machine.world.crews.ask(machine, self.needs, JOB, self.index)
                self.request = request
            machine.world.touch(machine)
            if not request.there:
                return
        machine.world.touch(machine)
        self.resumed = machine.world.time
        self.running = machine.world.after(self.remaining, JOB_ENDS, self.index)

    def suspend(self) -> None:
        """The machine fails or stands: the rest follows afterwards (rule 20)."""
        if self.running != 0:
            self.remaining -= self.machine.world.time - self.resumed
            self.running = 0
        self._dismiss()

    def spare(self) -> None:
        """Its clock begins anew without it: a broken tool has been replaced, even in the last operation of its life."""
        if self.pending:
            self.pending = False
            self.count -= 1
            self.machine.remove_due(self)
            self._dismiss()
        self.wind()

    def _dismiss(self) -> None:
        request = self.request
        if request is not None:
            self.request = None
            self.machine.world.crews.drop(request)

    def ends(self, number: int) -> None:
        """It is done."""
        if number != self.running:
            return
        self.running = 0
        self.pending = False
        self.wind()
        for mode in self.renews:
            mode.renew()
        self.machine.remove_due(self)
        self._dismiss()
        self.machine.done()
