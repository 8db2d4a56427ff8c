"""One way in which one machine of the kernel fails: its clock, its repairs; see `simulators.failure`."""

from typing import TYPE_CHECKING

from simulators.compiled import breakdown
from simulators.compiled.draws import draw
from simulators.compiled.machine import MODE
from simulators.compiled.world import FALLS_DUE, REPAIRED
from simulators.compiler.language import Record

if TYPE_CHECKING:
    from simulators.compiled.crew import Request
    from simulators.compiled.draws import Draw
    from simulators.compiled.job import Job
    from simulators.compiled.machine import Machine
    from simulators.compiler.language import Row


class Mode(Record):
    """A failure mode of a machine.

    Attributes:
        bit: that stands for it in the reason of a condition.
        part: what becomes of the part in work: the harder the higher.
        struck: whether it strikes in this very instant.
        tool: the change that a repair makes unnecessary, if this is a tool that breaks.
        maintained_by: tasks whose clocks begin anew with a repair.
    """

    machine: "Machine"
    index: int = 0
    bit: int = 1
    part: int = 0
    operating: bool = False
    gates: bool = False
    interval: "Draw"
    repair: "Draw"
    count: int = 0
    renewals: int = 0
    down: bool = False
    struck: bool = False
    left: int = 0
    due: int = 0
    stands: bool = False
    timer: int = 0
    request: "Request | None" = None
    tool: "Job | None" = None
    maintained_by: "Row[Job]"

    def wind(self) -> None:
        """Set the clock anew."""
        time = draw(self.interval, self.count + self.renewals)
        if self.operating:
            self.left = time
        else:
            self.run(time)

    def renew(self) -> None:
        """The clock begins anew because of a maintenance or a new tool; a repair under way is not touched."""
        self.renewals += 1
        if not self.down:
            self.wind()

    def run(self, time: int) -> None:
        """Let the calendar clock, or the repair, go on for this time."""
        if self.stands:
            self.left = time
            self.due = -1
            return
        world = self.machine.world
        self.due = world.time + time
        self.timer = world.after(time, REPAIRED if self.down else FALLS_DUE, self.index)

    def break_down(self) -> None:
        """Fail now; the repair begins at once, or when the crew is there."""
        self.down = True
        time = draw(self.repair, self.count)
        self.count += 1
        if self.machine.station.repair_needs is not None:
            self.left = time
            self.due = -1
            self.timer = 0
            self.see_to()
        else:
            self.run(time)

    def see_to(self) -> None:
        """Begin the repair, or what is left of it, if the crew is there."""
        if self.stands or self.timer != 0:
            return
        request = self.request
        if request is None:
            needs = self.machine.station.repair_needs
            assert needs is not None
            request = self.machine.world.crews.ask(self.machine, needs, MODE, self.index)
            self.request = request
        if request.there:
            self.run(self.left)

    def stand(self) -> None:
        """Nobody works: a calendar clock and a repair stand (rule 22)."""
        self.stands = True
        if self.timer != 0 and (self.down or not self.operating):
            self.left = self.due - self.machine.world.time
            self.due = -1
        self.timer = 0
        self._dismiss()

    def stir(self) -> None:
        """Work goes on, and so do clock and repair."""
        self.stands = False
        if self.down and self.machine.station.repair_needs is not None:
            self.see_to()
        elif self.down or not self.operating:
            self.run(self.left)

    def _dismiss(self) -> None:
        request = self.request
        if request is not None:
            self.request = None
            self.machine.world.crews.drop(request)

    def repaired(self, number: int) -> None:
        """A repair ends."""
        if number != self.timer:
            return
        self.timer = 0
        self.down = False
        self._dismiss()
        self.wind()
        for job in self.maintained_by:
            if not job.pending:
                job.wind()
        if self.tool is not None:
            self.tool.spare()
        breakdown.repaired(self.machine)
