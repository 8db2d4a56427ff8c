"""Tool changes and maintenance: planned work at a machine that goes before the next operation (rules 20 and 21)."""

from typing import TYPE_CHECKING

from plant.states import State
from plant.stops import Maintenance, Tool
from simulators.agenda import Timer
from simulators.streams import Times

if TYPE_CHECKING:
    from simulators.crew import Request
    from simulators.failure import Mode
    from simulators.machine import Machine


class Job:
    """A task that comes again and again at a machine: after so many parts, so much work, or by the calendar.

    Attributes:
        condition: state and reason of the machine while it is done.
        task: what operators call it.
        every: parts, or µs, between two; `parts` tells which.
        left: what is left of them on the operating clock or in parts.
        due: instant at which it falls due by the calendar.
        pending: whether it is due or being done.
        remaining: time to go.
        running: its timer while it is being done.
        count: how often it was begun.
    """

    __slots__ = (
        "_calendar", "_early", "_times", "condition", "count", "due", "every", "left", "machine", "parts", "pending",
        "remaining", "renews", "request", "resumed", "running", "task",
    )  # fmt: skip

    def __init__(
        self, machine: "Machine", condition: tuple[str, str], task: str, every: int, times: Times, *, parts: bool,
        calendar: bool = False, early: float = 0.0,
    ) -> None:  # fmt: skip
        self.machine = machine
        self.condition = condition
        self.task = task
        self.every = every
        self.parts = parts
        self._calendar = calendar
        self._early = round(every * early)
        self._times = times
        self.renews: list[Mode] = []
        self.left = every
        self.due = -1
        self.pending = False
        self.remaining = 0
        self.resumed = 0
        self.running: Timer | None = None
        self.request: Request | None = None
        self.count = 0

    def wind(self) -> None:
        """Its clock begins anew."""
        self.left = self.every
        if self._calendar:
            env = self.machine.env
            self.due = env.time + self.every
            env.after(self.every, self._comes)

    def _comes(self, _: Timer) -> None:
        if self.due == self.machine.env.time and not self.pending:
            self.machine.call(self)

    def age(self, work: int) -> None:
        """The machine has worked."""
        if not self.parts and not self._calendar:
            self.left -= work

    def count_parts(self, number: int) -> None:
        """The machine has finished parts."""
        if self.parts:
            self.left -= number

    @property
    def is_due(self) -> bool:
        """Whether its time has come."""
        return self.due == self.machine.env.time if self._calendar else self.left <= 0

    @property
    def is_ripe(self) -> bool:
        """Whether it may be done now if the machine stands still anyway."""
        if not self._early:
            return False
        return (self.due - self.machine.env.time if self._calendar else self.left) <= self._early

    @property
    def wear(self) -> float:
        """Share of its interval that is used up."""
        return 1.0 - self.left / self.every

    # --- doing it ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """It is due: it will be done as soon as the machine can."""
        self.pending = True
        self.remaining = self._times(self.count)
        self.count += 1

    def go_on(self) -> None:
        """Do it, or what is left of it, if the operators are there."""
        machine = self.machine
        if self.running is not None or machine.halted:
            return
        if (needs := machine.station.needs.get(self.task)) is not None:
            if self.request is None:
                self.request = machine.station.crews.ask(machine.node, needs, self.go_on)
            machine.touch()
            if not self.request.there:
                return
        machine.touch()
        self.resumed = machine.env.time
        self.running = machine.env.after(self.remaining, self._ends)

    def suspend(self) -> None:
        """The machine fails or stands: the rest follows afterwards (rule 20)."""
        if self.running is not None:
            self.remaining -= self.machine.env.time - self.resumed
            self.running = None
        self._dismiss()

    def spare(self) -> None:
        """Its clock begins anew without it: a broken tool has been replaced, even in the last operation of its life."""
        if self.pending:
            self.pending = False
            self.count -= 1
            self.machine.due.remove(self)
            self._dismiss()
        self.wind()

    def _dismiss(self) -> None:
        if self.request is not None:
            request, self.request = self.request, None
            self.machine.station.crews.drop(request)

    def _ends(self, timer: Timer) -> None:
        if timer is not self.running:
            return
        self.running = None
        self.pending = False
        self.renew()
        self.machine.due.remove(self)
        self._dismiss()
        self.machine.done()

    def renew(self) -> None:
        """Clocks begin anew: its own and those of the modes that it renews."""
        self.wind()
        for mode in self.renews:
            mode.renew()


def tool_change(machine: "Machine", tool: Tool, times: Times) -> Job:
    """The change of a tool at the end of its life."""
    parts = tool.life.parts is not None
    every = tool.life.parts or tool.life.time or 0
    return Job(machine, (State.SETUP.value, "tool"), "tool", every, times, parts=parts)


def maintenance(machine: "Machine", of: Maintenance, modes: "list[Mode]", times: Times) -> Job:
    """A maintenance task; one that goes by wear falls due on the clock of the modes that it renews."""
    renewed = [mode for mode in modes if mode.name in of.renews]
    parts = of.every is not None and of.every.parts is not None
    if of.every is not None:
        every, calendar = of.every.parts or of.every.time or 0, of.clock == "calendar" and not parts
    else:
        first = min(renewed, key=lambda mode: mode.mean)
        every, calendar = round(first.mean * (of.at_wear or 1.0)), not first.operating
    job = Job(
        machine, (State.MAINTENANCE.value, of.name), "maintain", max(1, every), times, parts=parts, calendar=calendar,
        early=of.opportunistic,
    )  # fmt: skip
    job.renews = renewed
    for mode in renewed:
        mode.maintained_by.append(job)
    return job
