"""A machine: how a part goes through it, and what stops it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plant.paths import Node
from simulators.agenda import Agenda, Timer
from simulators.attendance import Attendance
from simulators.breakdown import strike
from simulators.doings import Operation
from simulators.failure import Mode
from simulators.job import Job
from simulators.locks import blocked
from simulators.part import NOTHING, Part
from simulators.phase import (
    DONE,
    EMPTY,
    LOADING,
    READY,
    SETTING,
    TASKS,
    UNLOADING,
    WORKING,
    Condition,
    condition,
    conditions,
)
from simulators.reservations import pass_on
from simulators.several import take_apart
from simulators.timetable import Timetable

if TYPE_CHECKING:
    from simulators.crew import Request
    from simulators.health import Health
    from simulators.orders import Ticket
    from simulators.station import Station

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
        attendance: its shifts; none: around the clock.
        jobs: tool change and maintenance.
        due: those that must be done before the next operation, in turn.
        tool: the change of its tool, which knows the wear.
        health: its process faults; none: it has none.
        last: the part before, for setups.
        request: operators for what it does with its part.
        awaits: fleet from which it waits for a vehicle.
        condition: state and reason in force, from the instant `since` on.
        touched: whether they may have changed in this instant.
        booked: whether its line works to orders.
        order: the order on it that messages tell of.
        plain: whether nothing but failures can stop it.
    """

    __slots__ = (
        "_calendar", "_end", "_operating", "_watch", "attendance", "awaits", "booked", "condition", "down", "due",
        "env", "gated", "halted", "health", "index", "jobs", "last", "members", "modes", "node", "number", "order",
        "part", "phase", "plain", "remaining", "request", "resumed", "since", "station", "timer", "tool", "touched",
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
        self.attendance: Attendance | None = None
        self.jobs: list[Job] = []
        self.due: list[Job] = []
        self.tool: Job | None = None
        self.health: Health | None = None
        self.last = NOTHING
        self.request: Request | None = None
        self.awaits = ""
        self.condition: Condition = conditions("")[EMPTY]
        self.since = env.time
        self.touched = False
        self.plain = True
        self.booked = station.line.described.arrivals.orders
        self.order: Ticket | None = None

    def equip(
        self, modes: list[Mode], jobs: Sequence[Job] = (), tool: Job | None = None, timetable: Timetable | None = None
    ) -> None:
        """Give the machine its failure modes, planned work and shifts."""
        self.modes = modes
        self._operating = [mode for mode in modes if mode.operating]
        self._calendar = [mode for mode in modes if not mode.operating]
        self.jobs = list(jobs)
        self.tool = tool
        if timetable is not None:
            self.attendance = Attendance(self, timetable)
        self._watch = bool(self._calendar or jobs or timetable)

    def settle_in(self) -> None:
        """The line is wired: find out whether nothing but failures can stop this machine."""
        station = self.station
        of = station.described
        self.plain = not (
            self.jobs
            or self.attendance
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
        if not self.touched:
            self.touched = True
            station.touched.append(self)
        if not self.plain:
            for member in self.members or ():
                member.machine = self.number
            if time := station.setup_time(self, part):
                self._handle(SETTING, time)
                return
        if station.load is None:
            self.ready()
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
            target = self._way_ahead()
            if target is not None and target.own is not None:
                target.own.ask(self)
                return
        if station.needs and not self._staffed(station.process):
            return
        self.begin()

    def _way_ahead(self) -> "Station | None":
        """Where the part will go, chosen before work begins (rule 7)."""
        station, part = self.station, self.part
        if station.ways is None:
            return station.next
        if not part.bound:
            part.bound = True
            part.target = station.ways(part, station.bound)  # its operation has no number yet
            station.bound += 1
        return part.target

    def may_begin(self) -> bool:
        """Whether work may begin or go on now: what stops it at this very instant comes first (rule 17)."""
        now, phase = self.env.time, self.phase
        for mode in self._calendar:
            if mode.due == now and not mode.down:
                strike(self)
        if self.attendance is not None and self.attendance.timetable.due == now:
            self.attendance.timetable.turn()
        if self.phase is not WORKING:
            for job in self.jobs:
                if not job.pending and job.is_due:
                    self.call(job)
            if self.due:
                return False
        return self.halted == 0 and self.timer is None and self.phase is phase  # else it has begun meanwhile

    def begin(self) -> None:
        """The operation begins; its number at the station decides on its draws (rule 2)."""
        station, part = self.station, self.part
        now = self.env.time
        number = station.begun
        for member in self.members or (part,):
            member.operation = station.begun
            station.begun += 1
            member.start = now
            member.worked = 0
            if station.report is not None:
                station.report.started(self, member)
        self.phase = WORKING
        if part.cycle >= 0:
            self.remaining, part.cycle = part.cycle, -1
        else:
            self.remaining = station.cycle_of(part)(number) if station.varies else station.cycle(number)
        if self.health is not None:
            self.health.look(now)
        if station.report is not None:
            station.report.began(self)
        if not self.touched:
            self.touch()
        self.work()

    def operation_now(self) -> Operation:
        """The operation under way as its signals need it: what is left of it is new when it begins anew."""
        part, tool = self.part, self.tool
        used, worn = (0.0, 0) if tool is None else (tool.wear, tool.count)
        return Operation(part.operation, self.remaining, part.what, used, worn)

    def work(self) -> None:
        """Work until the operation ends or an operating clock has run out; the end goes first (rule 16)."""
        env = self.env
        self.resumed = env.time
        if self._operating and (left := min(mode.left for mode in self._operating)) < self.remaining:
            if left:
                self.timer = env.after(left, self._runs_out)
            else:  # it fell due at the end of the operation before: it strikes at the start of this one
                strike(self, starting=True)
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
        if station.reserves:
            pass_on(part)

    def _wind_up(self, part: Part) -> None:
        """The same where there is more to it: batches, ways, wear, operators, the end of a shift."""
        station = self.station
        self.dismiss()
        self.phase = UNLOADING
        for member in self.members or (part,):
            member.worked = part.worked
            self._book(member)
            if station.ways is not None and not (member.scrap or member.target is not None or station.reserves):
                member.target = station.ways(member, member.operation)
        self.last = part
        for job in self.jobs:
            job.age(self.remaining)
        made = len(self.members or (part,))
        if station.pieces and not part.scrap and part.target is None:
            self._hold(take_apart(self, part))
        if self.attendance is not None:
            self.attendance.finished()
        self.count(made)
        if self.due:
            self.due[0].go_on()

    def _hold(self, parts: list[Part]) -> None:
        """It holds these parts from now on."""
        self.members = parts if len(parts) > 1 else None
        self.part = parts[0]

    def hand_over(self) -> None:
        """Parts go to the next place, out of the line, or wait here until the place is free (rules 7 and 8)."""
        while self._may_leave():
            more = self.members is not None
            self.give()  # what it frees may have brought the next part in already
            if not more:
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
        if self.gated or not buffer.room or (buffer.givers and any(not giver.gated for giver in buffer.givers)):
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
        more = self.members is not None
        self.give()
        if more:
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
        more = self.members is not None
        self.give(ridden=True)
        if buffer.waiting and station.intake is None and self.part is NOTHING:
            self.take(buffer.waiting.popleft())
        buffer.arrive(part)
        if more:
            self.hand_over()
        elif self.part is NOTHING:
            station.refill(self)

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
            self._next_member()
        if not self.touched:
            self.touched = True
            station.touched.append(self)
        if station.recorder is not None:
            station.recorder.visit(station.line.index, station.index, part, self.env.time)
        if station.report is not None:
            station.report.left(self, part, target)
        if target is None:
            station.line.part_leaves(part)
        elif self.plain and not ridden:
            target.buffer.send(part)
        else:
            part.target, part.bound = None, False
            if not ridden:
                target.input_from(station).send(part)
            if part.rides and station.line.pallet_ends == station.name:
                station.line.free_pallet(part)

    def _next_member(self) -> None:
        if self.members is not None:
            self.members.pop(0)
            self.part = self.members[0]
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
        self.dismiss()
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

    def dismiss(self) -> None:
        """Operators are needed no more for what it does with its part."""
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

    def count(self, parts: int) -> None:
        """Parts are done, good or not: what is due by now is called."""
        for job in self.jobs:
            job.count_parts(parts)
            if not job.pending and job.is_due:
                self.call(job)

    def done(self) -> None:
        """A job is done."""
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

    # --- stops ---------------------------------------------------------------------------------------------------

    def halt(self) -> None:
        """Everything stops: work, handling, setup, tool change, maintenance."""
        self.halted += 1
        if self.timer is not None and self.resumed + self.remaining > self.env.time:
            self.stop()
        if self.request is not None and self.timer is None:
            self.dismiss()
        if self.due:
            self.due[0].suspend()
        self.touch()

    def stop(self) -> None:
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

    def _runs_out(self, timer: Timer) -> None:
        if timer is self.timer:
            strike(self)

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

    def order_now(self) -> "Ticket | None":
        """The order on the machine: its part's, else the last one until that is complete (rule 36)."""
        if self.part is not NOTHING:
            return self.part.ticket
        return None if self.order is None or self.order.completed is not None else self.order

    def state_now(self) -> Condition:
        """State and reason: the first that applies (rule 23)."""
        if self.plain and not self.halted:
            return self.station.conditions[self.phase]
        return condition(self)
