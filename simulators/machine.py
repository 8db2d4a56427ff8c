"""A machine: how a part goes through it, and how failures stop it."""

from typing import TYPE_CHECKING

from plant.paths import Node
from plant.states import State
from simulators.agenda import Agenda, Timer
from simulators.failure import Mode
from simulators.part import NOTHING, Part

if TYPE_CHECKING:
    from simulators.station import Station

# Where a machine stands with its part. Only LOADING, WORKING and UNLOADING take time.
EMPTY = "empty"
LOADING = "loading"
READY = "ready"  # loaded, work not begun: the machine is down, or waits for a reservation
WORKING = "working"
UNLOADING = "unloading"
DONE = "done"  # waits for a place at the next station

PHASES = {phase: phase for phase in (EMPTY, LOADING, READY, WORKING, UNLOADING, DONE)}
"""By name; phases are compared by identity."""

Condition = tuple[str, str]
"""State and reason, as messages have them."""


class Machine:
    """A machine of a station.

    Its life is `take`, `ready`, `begin`, `work`, `finish`, `hand_over`, `give`; each calls the next at once unless
    time must pass or a place is missing. `fail` stops work and handling, `repaired` lets them go on.

    Attributes:
        number: from 1, lowest first when a part has the choice (rule 9).
        index: position in the plant, over all lines.
        node: its address.
        part: the part it holds, or nothing.
        phase: where it stands with that part.
        remaining: time still to go in this phase when it last (re)started.
        resumed: when that was.
        timer: the end of this phase or of an operating clock; none while nothing runs.
        modes: its failure modes in the order of the plant file.
        down: how many of them are down.
        condition: state and reason in force, from the instant `since` on.
        touched: whether they may have changed in this instant.
    """

    __slots__ = (
        "_calendar", "_end", "_operating", "condition", "down", "env", "index", "modes", "node", "number", "part",
        "phase", "remaining", "resumed", "since", "station", "timer",
        "touched",
    )

    def __init__(self, env: Agenda, station: "Station", number: int, index: int, node: Node) -> None:
        self.env = env
        self.station = station
        self.number = number
        self.index = index
        self.node = node
        self.part = NOTHING
        self.phase = EMPTY
        self.remaining = 0
        self.resumed = 0
        self.timer: Timer | None = None
        self._end = Timer(env, self.finish)
        self.modes: list[Mode] = []
        self._operating: list[Mode] = []
        self._calendar: list[Mode] = []
        self.down = 0
        self.condition: Condition = (State.STARVED.value, "")
        self.since = env.time
        self.touched = False

    def equip(self, modes: list[Mode]) -> None:
        """Give the machine its failure modes."""
        self.modes = modes
        self._operating = [mode for mode in modes if mode.operating]
        self._calendar = [mode for mode in modes if not mode.operating]

    # --- a part goes through -------------------------------------------------------------------------------------

    def take(self, part: Part) -> None:
        """A part gets the place in the machine, be it up or down (rule 19); it is loaded first (rule 24)."""
        station = self.station
        station.idle -= 1
        self.part = part
        part.machine = self.number
        if not self.touched:
            self.touch()
        time = 0
        if station.load is not None:
            time = station.load(station.loaded)
            station.loaded += 1
        if time:
            self._handle(LOADING, time)
        else:
            self.ready()

    def ready(self) -> None:
        """The part is loaded: work begins if the machine is up and, before service, a place downstream is certain."""
        self.phase = READY
        if self.down or (self._calendar and not self.is_up()):
            return
        reservations = self.station.downstream
        if reservations is None:
            self.begin()
        else:
            reservations.ask(self)

    def begin(self) -> None:
        """The operation begins; its number at the station decides on its draws (rule 2)."""
        station, part = self.station, self.part
        part.operation = station.begun
        station.begun += 1
        part.start = self.env.time
        part.worked = 0
        self.phase = WORKING
        self.remaining = station.cycle(part.operation)
        if (report := station.report) is not None:
            report.started(self, part)
        self.work()

    def work(self) -> None:
        """Work until the operation ends or an operating clock has run out; the end goes first (rule 16)."""
        env = self.env
        self.resumed = env.time
        if self._operating and (left := min(mode.left for mode in self._operating)) < self.remaining:
            if left:
                self.timer = env.after(left, self._runs_out)
            else:  # it fell due at the end of the operation before: it strikes at the start of this one
                self.fail(starting=True)
        else:
            self.timer = env.set(self._end, self.remaining)

    def finish(self, timer: Timer) -> None:
        """The operation ends: the part is booked and judged (rule 27), then unloaded."""
        if timer is not self.timer:  # a stop came in between
            return
        station, part = self.station, self.part
        self.timer = None
        part.worked += self.remaining
        for mode in self._operating:
            mode.left -= self.remaining
        part.finish = self.env.time
        if (report := station.report) is not None:
            report.finished(self, part)
        if station.verdict is not None and station.verdict(part.operation):
            part.scrap = "quality"
            if report is not None:
                report.scrapped(self, part)
        if station.reserves:
            station.work_over(part)
        if station.unload is not None and (time := station.unload(part.operation)):
            self._handle(UNLOADING, time)
        else:
            self.hand_over()

    def hand_over(self) -> None:
        """The part goes to the next place, out of the line, or waits here until the place is free (rules 7 and 8)."""
        station, part = self.station, self.part
        if station.next is not None and not part.scrap:
            buffer = station.next.buffer
            if buffer.givers or not buffer.room:
                self.phase = DONE
                self.touch()
                buffer.givers.append(self)
                return
        self.give()
        station.refill(self)

    def give(self) -> None:
        """The part leaves the machine, which is then empty; who calls this sees to the next part."""
        station, part = self.station, self.part
        self.part = NOTHING
        self.phase = EMPTY
        if not self.touched:
            self.touch()
        station.idle += 1
        target = None if part.scrap else station.next
        if station.recorder is not None:
            station.recorder.visit(station.line.index, station.index, part, self.env.time)
        if station.report is not None:
            station.report.left(self, part, target)
        if target is not None:
            target.buffer.send(part)
        else:
            station.line.part_leaves(part)

    # --- handling ------------------------------------------------------------------------------------------------

    def _handle(self, phase: str, time: int) -> None:
        self.phase = phase
        self.remaining = time
        self.touch()
        if not self.down:
            self._handle_on()

    def _handle_on(self) -> None:
        self.resumed = self.env.time
        self.timer = self.env.after(self.remaining, self._handled)

    def _handled(self, timer: Timer) -> None:
        if timer is not self.timer:
            return
        self.timer = None
        self.touch()
        if self.phase is LOADING:
            self.ready()
        else:
            self.hand_over()

    # --- failures ------------------------------------------------------------------------------------------------

    def fail(self, *, starting: bool = False) -> None:
        """Every mode that is due at this instant strikes: by the calendar, or by a clock that has run out in work.

        An operation that ends in this very instant ends first (rule 17), and its part is not touched.
        """
        begun, at_work = self.phase is WORKING, starting
        if self.timer is not None:
            if self.resumed + self.remaining > self.env.time:
                at_work = begun
                self._stop()
            else:
                begun = False
        now = self.env.time
        struck = [
            mode
            for mode in self.modes
            if not mode.down and (at_work and mode.left == 0 if mode.operating else mode.due == now)
        ]
        report = self.station.report
        for mode in struck:
            self.down += 1
            mode.break_down()
            if report is not None:
                report.alarm(self, mode)
        self.touch()
        if begun:
            self._mind_the_part(struck)

    def _stop(self) -> None:
        """What was done counts, the rest follows after the repair."""
        done = self.env.time - self.resumed
        self.timer = None
        self._end = Timer(self.env, self.finish)
        self.remaining -= done
        self.resumed = self.env.time
        if self.phase is WORKING:
            self.part.worked += done
            for mode in self._operating:
                mode.left -= done

    def _mind_the_part(self, modes: list[Mode]) -> None:
        """Resume, restart or scrap a part whose operation has begun (rule 19); of several modes the hardest decides."""
        wishes = {mode.part: mode for mode in reversed(modes)}
        if (mode := wishes.get("scrap")) is not None:
            part = self.part
            part.scrap = mode.name
            part.finish = self.env.time
            if self.station.report is not None:
                self.station.report.scrapped(self, part)
            if self.station.reserves:
                self.station.work_over(part)
            self.give()
            self.station.refill(self)
        elif "restart" in wishes:
            station = self.station
            self.remaining = station.restart(station.restarted)
            station.restarted += 1

    def _runs_out(self, timer: Timer) -> None:
        if timer is self.timer:
            self.fail()

    def is_up(self) -> bool:
        """Whether work may begin or go on now: a calendar failure due at this very instant comes first (rule 17)."""
        now = self.env.time
        for mode in self._calendar:
            if mode.due == now and not mode.down:
                self.fail()
        return self.down == 0

    def repaired(self, mode: Mode) -> None:
        """A repair has ended; with the last one the machine goes on where it stopped (rule 18)."""
        self.down -= 1
        self.touch()
        if self.station.report is not None:
            self.station.report.alarm(self, mode)
        if self.down == 0:
            self.go_on()

    def go_on(self) -> None:
        """Go on with what a failure stopped."""
        if self.timer is not None:  # the end of what it does is due in this very instant
            return
        if self.phase is READY:
            self.ready()
        elif self.phase is WORKING:
            if self.is_up():
                self.work()
        elif self.phase is LOADING or self.phase is UNLOADING:
            self._handle_on()

    # --- what it is doing ----------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Note that the state may have changed; it is settled when the instant is over."""
        if not self.touched:
            self.touched = True
            self.station.touched.append(self)

    def state_now(self) -> Condition:
        """State and reason: the first that applies (rule 23)."""
        if self.down:
            return State.FAILED.value, "+".join([mode.name for mode in self.modes if mode.down])
        return self.station.conditions[self.phase]
