"""One way in which one machine fails: its clock, its repairs."""

from typing import TYPE_CHECKING

from simulators.agenda import Timer
from simulators.breakdown import repaired, strike
from simulators.streams import Times

if TYPE_CHECKING:
    from simulators.crew import Request
    from simulators.job import Job
    from simulators.machine import Machine


class Mode:
    """A failure mode of a machine.

    The interval counts from the end of the repair and is drawn there, the repair time at the failure (rule 15). A
    calendar clock is a timer. An operating clock is what is `left` of it: only work takes from it (rules 15, 24).

    Args:
        machine: whose it is.
        name: of the mode.
        operating: whether its clock runs in work only.
        part: what becomes of the part in work.
        gates: whether parts neither come nor leave while it is down.
        mean: mean interval in µs.
        interval, repair: draws.

    Attributes:
        count: failures since the start of the run.
        renewals: how often its clock began anew without a failure.
        down: whether it is being repaired, or waits for that.
        whole: the time to failure that its clock counts down.
        left: what is left of an operating clock, in µs of work; of a clock or repair that stands, in µs.
        due: instant of the next failure (calendar clock), or of the end of the repair.
        since: instant of the last failure.
        stands: whether clock and repair stand because nobody works.
        tool: the change that a repair makes unnecessary, if this is a tool that breaks.
        maintained_by: tasks whose clocks begin anew with a repair.
    """

    __slots__ = (
        "_interval", "_repair", "count", "down", "due", "gates", "left", "machine", "maintained_by", "mean", "name",
        "operating", "part", "renewals", "request", "since", "stands", "timer", "tool", "whole",
    )  # fmt: skip

    def __init__(
        self, machine: "Machine", *, name: str, operating: bool, part: str, gates: bool, mean: float, interval: Times,
        repair: Times,
    ) -> None:  # fmt: skip
        self.machine = machine
        self.name = name
        self.part = part
        self.operating = operating
        self.gates = gates
        self.mean = mean
        self._interval = interval
        self._repair = repair
        self.count = 0
        self.renewals = 0
        self.down = False
        self.whole = 0
        self.left = 0
        self.due = 0
        self.since = 0
        self.stands = False
        self.timer: Timer | None = None
        self.request: Request | None = None
        self.tool: Job | None = None
        self.maintained_by: list[Job] = []

    def wind(self, left: int | None = None, whole: int = 0) -> None:
        """Set the clock anew, or to what is known to be left of it."""
        time = self._interval(self.count + self.renewals) if left is None else left
        self.whole = max(time, whole)
        if self.operating:
            self.left = time
        else:
            self.run(time)

    def renew(self) -> None:
        """The clock begins anew because of a maintenance or a new tool; a repair under way is not touched."""
        self.renewals += 1
        if not self.down:
            self.wind()

    def go_on(self, left: int | None, whole: int) -> None:
        """Go on from a present state in which so much is left of the clock or of the repair; none: drawn."""
        if self.down:
            self.run(self._repair(self.count - 1) if left is None else left)
        else:
            self.wind(left, whole)

    def used(self, now: int) -> float:
        """Share of the time to failure that its clock has counted down."""
        left = self.left if self.operating or self.stands else self.due - now
        return 1.0 - left / self.whole if self.whole else 0.0

    def run(self, time: int) -> None:
        """Let the calendar clock, or the repair, go on for this time."""
        if self.stands:
            self.left = time
            self.due = -1
            return
        env = self.machine.env
        self.due = env.time + time
        self.timer = env.after(time, self._repaired if self.down else self._falls_due)

    def break_down(self) -> None:
        """Fail now; the repair begins at once, or when the crew is there."""
        self.down = True
        self.since = self.machine.env.time
        if self.machine.health is not None:
            self.machine.health.look(self.since)
        time = self._repair(self.count)
        self.count += 1
        if "repair" in self.machine.station.needs:
            self.left = time
            self.due = -1
            self.timer = None
            self.see_to()
        else:
            self.run(time)

    def see_to(self) -> None:
        """Begin the repair, or what is left of it, if the crew is there."""
        station = self.machine.station
        if self.stands or self.timer is not None:
            return
        if self.request is None:
            self.request = station.crews.ask(self.machine.node, station.needs["repair"], self.see_to)
        if self.request.there:
            self.run(self.left)

    def stand(self) -> None:
        """Nobody works: a calendar clock and a repair stand (rule 22)."""
        self.stands = True
        if self.timer is not None and (self.down or not self.operating):
            self.left = self.due - self.machine.env.time
            self.due = -1
        self.timer = None
        self._dismiss()

    def stir(self) -> None:
        """Work goes on, and so do clock and repair."""
        self.stands = False
        if self.down and "repair" in self.machine.station.needs:
            self.see_to()
        elif self.down or not self.operating:
            self.run(self.left)

    def _dismiss(self) -> None:
        if self.request is not None:
            request, self.request = self.request, None
            self.machine.station.crews.drop(request)

    def _falls_due(self, timer: Timer) -> None:
        if timer is self.timer:  # else it has struck already in this instant, before work began (rule 17)
            strike(self.machine)

    def _repaired(self, timer: Timer) -> None:
        if timer is not self.timer:
            return
        self.timer = None
        self.down = False
        self._dismiss()
        self.wind()
        for job in self.maintained_by:
            if not job.pending:
                job.wind()
        if self.tool is not None:
            self.tool.spare()
        repaired(self.machine, self)
