"""A machine: how a part goes through it, and what stops it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plant.paths import Node
from plant.states import State
from simulators.agenda import Agenda, Timer
from simulators.failure import Mode
from simulators.job import Job
from simulators.locks import blocked
from simulators.part import NOTHING, Part
from simulators.timetable import Timetable

if TYPE_CHECKING:
    from simulators.crew import Request
    from simulators.station import Station

# Where a machine stands with its part. Only SETTING, LOADING, WORKING and UNLOADING take time.
EMPTY = "empty"
SETTING = "setting"
LOADING = "loading"
READY = "ready"  # loaded, work not begun: the machine is down, or waits for a tool, operator or reservation
WORKING = "working"
UNLOADING = "unloading"
DONE = "done"  # waits for a place at the next station, or for a vehicle

PHASES = {phase: phase for phase in (EMPTY, SETTING, LOADING, READY, WORKING, UNLOADING, DONE)}
"""By name; phases are compared by identity."""

TASKS = {SETTING: "setup", LOADING: "load", UNLOADING: "load"}
"""What operators call the phases that take time; work is the station's."""

Condition = tuple[str, str]
"""State and reason, as messages have them."""


class Machine:
    """A machine of a station.

    Its life is `take`, `ready`, `begin`, `work`, `finish`, `hand_over`, `give`; each calls the next at once unless
    time must pass or something is missing. `halted` counts what stops it altogether (failures, the end of a shift);
    when the last of these is over, `proceed` goes on where it stopped.

    Attributes:
        number: from 1, lowest first when a part has the choice (rule 9).
        index: position in the plant, over all lines.
        node: its address.
        part: the part it holds, or nothing; of several the one that goes next.
        members: all parts it holds, if there are several.
        phase: where it stands with that part.
        remaining: time still to go in this phase when it last (re)started.
        resumed: when that was.
        timer: the end of this phase or of an operating clock; none while nothing runs.
        modes: its failure modes in the order of the plant file, a tool that breaks last.
        down: how many of them are down.
        gated: whether parts can neither come nor leave.
        halted: how many reasons keep it from doing anything.
        timetable: its shifts; none: around the clock.
        closed: state in which it stands outside them, or nothing.
        closing: the same, while the running operation is finished first.
        jobs: tool change and maintenance.
        due: those that must be done before the next operation, in turn.
        tool: the change of its tool, which knows the wear.
        last: the part before, for setups.
        request: operators for what it does with its part.
        awaits: fleet from which it waits for a vehicle.
        condition: state and reason in force, from the instant `since` on.
        touched: whether they may have changed in this instant.
        plain: whether nothing but failures can stop it.
    """

    __slots__ = (
        "_calendar", "_end", "_operating", "_watch", "awaits", "closed", "closing", "condition", "down", "due", "env",
        "gated", "halted", "index", "jobs", "last", "members", "modes", "node", "number", "part", "phase", "plain",
        "remaining", "request", "resumed", "shift", "since", "station", "timer", "timetable", "tool", "touched",
    )  # fmt: skip

    def __init__(self, env: Agenda, station: "Station", number: int, index: int, node: Node) -> None:
        self.env = env
        self.station = station
        self.number = number
        self.index = index
        self.node = node
        self.part = NOTHING
        self.members: list[Part] | None = None
        self.phase = EMPTY
        self.remaining = 0
        self.resumed = 0
        self.timer: Timer | None = None
        self._end = Timer(env, self.finish)
        self.modes: list[Mode] = []
        self._operating: list[Mode] = []
        self._calendar: list[Mode] = []
        self._watch = False
        self.down = 0
        self.gated = False
        self.halted = 0
        self.timetable: Timetable | None = None
        self.closed = ""
        self.closing = ""
        self.shift = ""
        self.jobs: list[Job] = []
        self.due: list[Job] = []
        self.tool: Job | None = None
        self.last = NOTHING
        self.request: Request | None = None
        self.awaits = ""
        self.condition: Condition = (State.STARVED.value, "")
        self.since = env.time
        self.touched = False
        self.plain = True

    def equip(
        self, modes: list[Mode], jobs: Sequence[Job] = (), tool: Job | None = None, timetable: Timetable | None = None
    ) -> None:
        """Give the machine its failure modes, planned work and shifts."""
        self.modes = modes
        self._operating = [mode for mode in modes if mode.operating]
        self._calendar = [mode for mode in modes if not mode.operating]
        self.jobs = list(jobs)
        self.tool = tool
        self.timetable = timetable
        if timetable is not None:
            timetable.turns.append(self.turn)
        self._watch = bool(self._calendar or jobs or timetable)

    def settle_in(self) -> None:
        """The line is wired: find out whether nothing but failures can stop this machine."""
        station = self.station
        of = station.described
        self.plain = not (
            self.jobs
            or self.timetable
            or station.needs
            or station.ways
            or station.joins
            or station.pieces
            or station.inside
            or of.setup
            or of.inspection
            or of.quality.rework
            or station.line.pallet_ends
            or (station.next is not None and (station.next.joins or station.next.buffer.fleet))
        )

    # --- a part goes through -------------------------------------------------------------------------------------

    def take(self, part: Part) -> None:
        """A part gets the place in the machine, be it up or down (rule 19); setup and loading come first (rule 24)."""
        station = self.station
        station.idle -= 1
        self.part = part
        part.machine = self.number
        if self.members is not None:
            for member in self.members:
                member.machine = self.number
        if not self.touched:
            self.touch()
        if station.described.setup is not None and (time := station.setup_time(self, part)):
            self._handle(SETTING, time)
        else:
            self._load()

    def _load(self) -> None:
        station = self.station
        time = 0
        if station.load is not None:
            time = station.load(station.loaded)
            station.loaded += 1
        if time:
            self._handle(LOADING, time)
        else:
            self.ready()

    def ready(self) -> None:
        """The part is loaded: work begins if the machine is up and all that it needs is there."""
        self.phase = READY
        if self.halted or (self._watch and not self.may_begin()):
            return
        station = self.station
        if station.reserves and self.part.ahead is None:
            if station.ways is not None and self.part.target is None:
                self.part.target = station.ways(self.part)
            target = station.next if station.ways is None else self.part.target
            if target is not None and target.own is not None:
                target.own.ask(self)
                return
        if station.needs and not self._staffed(station.process):
            return
        self.begin()

    def may_begin(self) -> bool:
        """Whether work may begin or go on now: what stops it at this very instant comes first (rule 17)."""
        now = self.env.time
        for mode in self._calendar:
            if mode.due == now and not mode.down:
                self.fail()
        if self.timetable is not None and self.timetable.due == now:
            self.timetable.turn()
        if self.phase is not WORKING:
            for job in self.jobs:
                if not job.pending and job.is_due:
                    self.call(job)
            if self.due:
                return False
        return self.halted == 0

    def begin(self) -> None:
        """The operation begins; its number at the station decides on its draws (rule 2)."""
        station, part = self.station, self.part
        self.phase = WORKING
        for member in self.members or (part,):
            member.operation = station.begun
            station.begun += 1
            member.start = self.env.time
            member.worked = 0
            if station.report is not None:
                station.report.started(self, member)
        if part.cycle >= 0:
            self.remaining, part.cycle = part.cycle, -1
        else:
            self.remaining = station.cycle_of(part)(part.operation)
        if not self.touched:
            self.touch()
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
        if self.plain:
            self._book(part)
        else:
            self._wind_up(part)
        if station.unload is not None and (time := station.unload(part.operation)):
            self._handle(UNLOADING, time)
        else:
            self.hand_over()

    def _book(self, part: Part) -> None:
        """A part is finished."""
        station = self.station
        part.finish = self.env.time
        if (report := station.report) is not None:
            report.finished(self, part)
        if station.verdict is not None:
            station.verdict(self, part)
        if part.held is not None or part.ahead is not None:
            _pass_on(part)

    def _wind_up(self, part: Part) -> None:
        """The same where there is more to it: batches, ways, wear, operators, the end of a shift."""
        station = self.station
        self._dismiss()
        self.phase = UNLOADING
        for member in self.members or (part,):
            member.worked = part.worked
            self._book(member)
            if station.ways is not None and not (member.scrap or member.target is not None or station.reserves):
                member.target = station.ways(member)
        self.last = part
        if station.pieces and not part.scrap and part.target is None:
            self._take_apart(part)
        for job in self.jobs:
            job.age(self.remaining)
            job.count_parts(len(self.members or (part,)))
        if self.closing:
            self._shut(self.closing)
        for job in self.jobs:
            if not job.pending and job.is_due:
                self.call(job)
        if self.due:
            self.due[0].go_on()

    def hand_over(self) -> None:
        """Parts go to the next place, out of the line, or wait here until the place is free (rules 7 and 8)."""
        while self._may_leave():
            self.give()
            if self.part is NOTHING:
                self.station.refill(self)
                return

    def _may_leave(self) -> bool:
        """Whether the part can go now; if not, it waits in its turn, or goes back into the own queue."""
        station, part = self.station, self.part
        target = station.next if self.plain else self._target(part)
        if target is None or part.scrap:
            if self.gated:
                self.phase = DONE
            return not self.gated
        if target is station and not self.gated:
            self._again(part)
            return False
        buffer = target.buffer if self.plain else target.input_from(station)
        if self.gated or buffer.givers or not buffer.room:
            self.phase = DONE
            self.touch()
            buffer.givers.append(self)
            if not self.gated and not (self.plain and not station.line.may_lock):
                blocked(self, target)
            return False
        if buffer.fleet is not None:
            self.phase = DONE
            buffer.fleet.call(self, buffer)
            return False
        return True

    def let_go(self) -> None:
        """A place for the part that waits here is free: it goes, and what the machine holds besides tries to follow."""
        self.give()
        if self.part is not NOTHING:
            self.hand_over()

    @property
    def wants(self) -> "Station | None":
        """Station for which its part is bound; none: out of the line."""
        return None if self.part.scrap else self._target(self.part)

    def _target(self, part: Part) -> "Station | None":
        station = self.station
        return part.target if station.ways is not None or part.target is not None else station.next

    def _again(self, part: Part) -> None:
        """Back into the own queue: the part changes places with its head, or begins again at once (rule 13)."""
        station = self.station
        buffer = station.input_from(station)
        self.give(ridden=True)
        if buffer.waiting and station.intake is None and self.part is NOTHING:
            self.take(buffer.waiting.popleft())
        buffer.arrive(part)
        if self.part is not NOTHING and self.phase is DONE:
            self.hand_over()

    def give(self, *, ridden: bool = False) -> None:
        """The part leaves the machine, which is then empty unless it holds more; who calls this sees to the next part.

        Args:
            ridden: somebody else brings it to where it goes.
        """
        station, part = self.station, self.part
        target = None if part.scrap else station.next if self.plain else self._target(part)
        if self.members is None:
            self.part = NOTHING
            self.phase = EMPTY
            station.idle += not self.gated
        else:
            self.members.pop(0)
            self.part = self.members[0]
            if len(self.members) == 1:
                self.members = None
        if not self.touched:
            self.touch()
        if station.recorder is not None:
            station.recorder.visit(station.line.index, station.index, part, self.env.time)
        if station.report is not None:
            station.report.left(self, part, target)
        if target is None:
            station.line.part_leaves(part)
        elif not ridden:
            part.target = None
            target.input_from(station).send(part)
        else:
            part.target = None
        if part.rides and station.line.pallet_ends == station.name and target is not None:
            station.line.free_pallet(part)

    # --- several parts -------------------------------------------------------------------------------------------

    def build_in(self, piece: Part, product: Part) -> None:
        """A part becomes a piece of another one (rule 11)."""
        station = self.station
        piece.machine = self.number
        if station.recorder is not None:
            station.recorder.built_in(station.line.index, station.index, piece, product, self.env.time)
        if station.report is not None:
            station.report.built_in(self, piece, product)
        station.line.gone(piece)

    def _take_apart(self, part: Part) -> None:
        """The part becomes several; the first is the part itself."""
        station = self.station
        line = station.line
        self.members = []
        for place, (to, product) in enumerate(station.pieces):
            piece = part
            if place:
                piece = line.new_part(line.product(product) if product else part.product)
                piece.since = part.since
                piece.enter = piece.start = piece.finish = self.env.time
                piece.machine, piece.operation, piece.worked = self.number, part.operation, 0
                piece.ticket, piece.lot = None, part.lot
                if station.again:
                    station.count_visit(piece)
                if station.report is not None:
                    station.report.came_out(self, piece, part)
                if station.recorder is not None:
                    station.recorder.came_out(line.index, piece, part, self.env.time)
            piece.target = line.by_name.get(to)
            self.members.append(piece)
        if len(self.members) == 1:
            self.members = None

    # --- handling ------------------------------------------------------------------------------------------------

    def _handle(self, phase: str, time: int) -> None:
        self.phase = phase
        self.remaining = time
        self.touch()
        if not self.halted and (not self.station.needs or self._staffed(TASKS[phase])):
            self._handle_on()

    def _handle_on(self) -> None:
        self.resumed = self.env.time
        self.timer = self.env.after(self.remaining, self._handled)

    def _handled(self, timer: Timer) -> None:
        if timer is not self.timer:
            return
        self.timer = None
        self.touch()
        self._dismiss()
        if self.phase is SETTING:
            self._load()
            if self.due and self.phase is not WORKING:
                self.due[0].go_on()
        elif self.phase is LOADING:
            self.ready()
        else:
            self.hand_over()

    def needs_setup(self, part: Part) -> bool:
        """Whether the part is unlike the one before; the first of a run is not."""
        return self.last is not NOTHING and self.station.differ(self.last, part)

    # --- operators -----------------------------------------------------------------------------------------------

    def _staffed(self, task: str) -> bool:
        """Whether the operators for a task are here; if not, they have been asked for."""
        needs = self.station.needs.get(task)
        if needs is None:
            return True
        if self.request is None:
            self.request = self.station.crews.ask(self.node, needs, self.proceed)
        self.touch()
        return self.request.there

    def _dismiss(self) -> None:
        if self.request is not None:
            request, self.request = self.request, None
            self.station.crews.drop(request)

    # --- planned work --------------------------------------------------------------------------------------------

    def call(self, job: Job) -> None:
        """A tool change or maintenance is due: it is done when the operation is over (rule 20)."""
        job.begin()
        self.due.append(job)
        self.touch()
        if self.phase is not WORKING and self.phase is not SETTING and len(self.due) == 1:
            job.go_on()

    def done(self, job: Job) -> None:
        """A job is done."""
        self.due.remove(job)
        self.touch()
        if self.due:
            self.due[0].go_on()
        else:
            self.proceed()

    def seize(self) -> None:
        """The machine stands still anyway: a maintenance that may be done early is done."""
        for job in self.jobs:
            if not job.pending and not self.halted and job.is_ripe:
                self.call(job)

    # --- shifts --------------------------------------------------------------------------------------------------

    def turn(self, kind: str, shift: str) -> None:
        """A shift or break begins or ends: the state in which the machine stands now, or nothing (rule 22)."""
        self.shift = shift
        self.touch()
        if not kind:
            self.closing = ""
            if self.closed:
                self._open()
            return
        if self.closed:
            self.closed = kind
            return
        if self.closing:
            self.closing = kind
            return
        ends_now = self.timer is not None and self.resumed + self.remaining == self.env.time
        finishes = kind == State.OFF.value and self.station.described.at_shift_end == "finish"
        if self.phase is WORKING and self.timer is not None and (finishes or ends_now):
            self.closing = kind
        else:
            self._shut(kind)

    def _shut(self, kind: str) -> None:
        self.closing = ""
        self.closed = kind
        self._halt()
        if self.station.described.repairs != "always":
            for mode in self.modes:
                mode.stand()

    def _open(self) -> None:
        self.closed = ""
        self.halted -= 1
        if self.station.described.repairs != "always":
            for mode in self.modes:
                mode.stir()
        self.proceed()

    def _halt(self) -> None:
        """Everything stops: work, handling, setup, tool change, maintenance."""
        self.halted += 1
        if self.timer is not None and self.resumed + self.remaining > self.env.time:
            self._stop()
        if self.request is not None and self.timer is None:
            self._dismiss()
        if self.due:
            self.due[0].suspend()
        self.touch()

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
            self.halted += 1
            if mode.gates and not self.gated:
                self.gated = True
                self.station.idle -= self.part is NOTHING
        if self.due:
            self.due[0].suspend()
        if self.timer is None:
            self._dismiss()
        for mode in struck:
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
            for job in self.jobs:
                job.age(done)

    def _mind_the_part(self, modes: list[Mode]) -> None:
        """Resume, restart or scrap a part whose operation has begun (rule 19); of several modes the hardest decides."""
        wishes = {mode.part: mode for mode in reversed(modes)}
        if (mode := wishes.get("scrap")) is not None:
            self._spoil(mode.name)
        elif "restart" in wishes:
            station = self.station
            self.remaining = station.restart(station.restarted)
            station.restarted += 1

    def _spoil(self, cause: str) -> None:
        """The parts in work are scrap; they leave at once unless parts cannot leave."""
        station = self.station
        for part in list(self.members or (self.part,)):
            part.scrap = cause
            part.finish = self.env.time
            part.worked = self.part.worked
            if station.report is not None:
                station.report.scrapped(self, part)
            if part.held is not None or part.ahead is not None:
                _pass_on(part)
        if not self.plain:
            self.last = self.part
            for job in self.jobs:
                job.count_parts(len(self.members or (self.part,)))
                if not job.pending and job.is_due:
                    self.call(job)
        self.phase = DONE
        self.hand_over()

    def _runs_out(self, timer: Timer) -> None:
        if timer is self.timer:
            self.fail()

    def repaired(self, mode: Mode) -> None:
        """A repair has ended; with the last one the machine goes on where it stopped (rule 18)."""
        self.down -= 1
        self.halted -= 1
        self.touch()
        if self.station.report is not None:
            self.station.report.alarm(self, mode)
        if self.gated and not any(other.down and other.gates for other in self.modes):
            self._ungate()
        self.proceed()

    def _ungate(self) -> None:
        """Parts come and leave again."""
        self.gated = False
        station = self.station
        if self.part is NOTHING:
            station.idle += 1
            station.refill(self)
        elif self.phase is DONE:
            for buffer in (buffer for other in station.line.stations for buffer in other.inputs):
                if self in buffer.givers:
                    buffer.move_up()
                    return
            self.hand_over()

    def proceed(self) -> None:
        """Go on with what was stopped, or with what now has its operators, if nothing is in the way."""
        if self.halted:
            return
        self.touch()
        if self.due and self.phase is not WORKING and self.phase is not SETTING:
            self.due[0].go_on()
        if self.timer is not None:  # what it does goes on, or its end is due in this very instant
            return
        if self.phase is READY:
            self.ready()
        elif self.phase is WORKING:
            if self.may_begin() and (not self.station.needs or self._staffed(self.station.process)):
                self.work()
        elif self.phase in TASKS and (not self.station.needs or self._staffed(TASKS[self.phase])):
            self._handle_on()

    # --- what it is doing ----------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Note that the state may have changed; it is settled when the instant is over."""
        if not self.touched:
            self.touched = True
            self.station.touched.append(self)

    def state_now(self) -> Condition:
        """State and reason: the first that applies (rule 23)."""
        if self.closed:
            return self.closed, self.shift
        if self.down:
            return State.FAILED.value, "+".join([mode.name for mode in self.modes if mode.down])
        if self.plain:
            return self.station.conditions[self.phase]
        return self._condition()

    def _condition(self) -> Condition:
        job = self.due[0] if self.due else None
        if job is not None and job.running is not None:
            return job.condition
        phase, waits = self.phase, self.request is not None and not self.request.there
        if self.timer is not None:
            return self.station.conditions[phase]
        if phase is DONE:
            target = self._target(self.part)
            return State.BLOCKED.value, self.awaits or ("" if target is None else target.name)
        if waits and self.request is not None:
            return State.WAITING.value, self.request.reason
        if job is not None and job.request is not None:
            return State.WAITING.value, job.request.reason
        if phase is READY and self.station.reserves:
            target = self._target(self.part)
            return State.BLOCKED.value, "" if target is None else target.name
        return self.station.conditions[phase]


def _pass_on(part: Part) -> None:
    """Work has ended: the reservation here is given back, and that for the next station too if it is not needed."""
    held, part.held, part.ahead = part.held, part.ahead, None
    if held is not None:
        held.give_back()
    if part.held is not None and (part.scrap or (part.target is not None and part.target.own is not part.held)):
        ahead, part.held = part.held, None
        ahead.give_back()
