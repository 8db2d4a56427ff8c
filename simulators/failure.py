"""One way in which one machine fails: its clock, its repairs."""

from typing import TYPE_CHECKING

from plant.stops import Failure
from simulators.agenda import Timer
from simulators.streams import Times

if TYPE_CHECKING:
    from simulators.machine import Machine


class Mode:
    """A failure mode of a machine.

    The interval counts from the end of the repair and is drawn there, the repair time at the failure (rule 15). A
    calendar clock is a timer. An operating clock is what is `left` of it: only work takes from it (rules 15, 24).

    Attributes:
        count: failures since the start of the run.
        down: whether it is being repaired.
        left: what is left of an operating clock, in µs of work.
        due: instant of the next failure (calendar clock), or of the end of the repair.
        since: instant of the last failure.
    """

    __slots__ = (
        "_interval", "_repair", "count", "down", "due", "left", "machine", "name", "operating", "part", "since",
        "timer",
    )  # fmt: skip

    def __init__(self, machine: "Machine", failure: Failure, interval: Times, repair: Times) -> None:
        self.machine = machine
        self.name = failure.mode
        self.part = failure.part
        self.operating = failure.clock == "operating"
        self._interval = interval
        self._repair = repair
        self.count = 0
        self.down = False
        self.left = 0
        self.due = 0
        self.since = 0
        self.timer: Timer | None = None

    def wind(self, left: int | None = None) -> None:
        """Set the clock anew, or to what is known to be left of it."""
        time = self._interval(self.count) if left is None else left
        if self.operating:
            self.left = time
        else:
            self.run(time)

    def go_on(self, left: int | None) -> None:
        """Go on from a present state in which so much is left of the clock or of the repair; none: drawn."""
        if self.down:
            self.run(self._repair(self.count - 1) if left is None else left)
        else:
            self.wind(left)

    def run(self, time: int) -> None:
        """Let the calendar clock, or the repair, go on for this time."""
        env = self.machine.env
        self.due = env.time + time
        self.timer = env.after(time, self._repaired if self.down else self._falls_due)

    def break_down(self) -> None:
        """Fail now; the repair begins at once."""
        self.down = True
        self.since = self.machine.env.time
        time = self._repair(self.count)
        self.count += 1
        self.run(time)

    def _falls_due(self, timer: Timer) -> None:
        if timer is self.timer:  # else it has struck already in this instant, before work began (rule 17)
            self.machine.fail()

    def _repaired(self, _: Timer) -> None:
        self.down = False
        self.wind()
        self.machine.repaired(self)
