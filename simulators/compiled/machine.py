"""A machine in the kernel: how a part goes through it, and what stops it; see `simulators.machine`."""

from typing import TYPE_CHECKING

from simulators.compiled.breakdown import strike
from simulators.compiled.draws import draw
from simulators.compiled.locks import blocked
from simulators.compiled.phase import DONE, EMPTY, LOADING, OFF, READY, SETTING, UNLOADING, WORKING
from simulators.compiled.records import record_stay, record_visit
from simulators.compiled.reservations import pass_on
from simulators.compiled.several import take_apart
from simulators.compiled.verdict import judge
from simulators.compiled.world import FINISH, HANDLED, RUNS_OUT
from simulators.compiler.language import Record

if TYPE_CHECKING:
    from simulators.compiled.buffer import Buffer
    from simulators.compiled.crew import Needs, Request
    from simulators.compiled.failure import Mode
    from simulators.compiled.job import Job
    from simulators.compiled.orders import Ticket
    from simulators.compiled.part import Part
    from simulators.compiled.station import Station
    from simulators.compiled.timetable import Timetable
    from simulators.compiled.world import World
    from simulators.compiler.language import Row

MACHINE, JOB, MODE = 0, 1, 2
"""Who asks for operators."""


class Machine(Record):
    """A machine of a station.

    Attributes:
        part: the part it holds, and through its `next` the others if there are several.
        timer: number of the scheduling that ends this phase, or at which an operating clock runs out; 0: none.
        watch: whether anything but a failure in work may stop it from beginning.
        due: the first job that must be done before the next operation; the others through its `next`.
        closed, closing: state in which it stands outside its shifts, or will when the running operation is over; 0.
        shift: the word of the shift that this goes by.
        awaits: word of the fleet from which it waits for a vehicle; 0.
        worked: whether it has had a part; `last_product`, `last_ticket` and `last_lot` are those of the last one.
        condition: state and reason in force, from the instant `since` on.
        plain: whether nothing but failures can stop it, and its parts have one way to go.
        giving, asking, calling: the next one in the queue of those who are blocked, who want a reservation, a vehicle.
        called_for: the buffer that its part goes to by vehicle.
    """

    world: "World"
    station: "Station"
    number: int = 0
    index: int = 0
    part: "Part | None" = None
    phase: int = EMPTY
    remaining: int = 0
    resumed: int = 0
    timer: int = 0
    modes: "Row[Mode]"
    operating: bool = False
    watch: bool = False
    down: int = 0
    gated: bool = False
    halted: int = 0
    timetable: "Timetable | None" = None
    closed: int = 0
    closing: int = 0
    shift: int = 0
    jobs: "Row[Job]"
    due: "Job | None" = None
    tool: "Job | None" = None
    worked: bool = False
    last_product: int = 0
    last_ticket: "Ticket | None" = None
    last_lot: int = 0
    request: "Request | None" = None
    awaits: int = 0
    condition: int = 0
    since: int = 0
    touched: bool = False
    booked: bool = False
    plain: bool = False
    order: "Ticket | None" = None
    moving: bool = False
    mark: int = 0
    giving: "Machine | None" = None
    asking: "Machine | None" = None
    calling: "Machine | None" = None
    called_for: "Buffer | None" = None

    # --- a part goes through -------------------------------------------------------------------------------------

    def take(self, part: "Part") -> None:
        """A part gets the place in the machine, be it up or down (rule 19); setup and loading come first (rule 24)."""
        station = self.station
        station.idle -= 1
        self.part = part
        member: Part | None = part
        while member is not None:
            member.machine = self.number
            member = member.next
        self.world.touch(self)
        if station.sets_up:
            time = station.setup_time(self, part)
            if time != 0:
                self._handle(SETTING, time)
                return
        self._load()

    def _load(self) -> None:
        station = self.station
        time = 0
        if station.load is not None:
            time = draw(station.load, station.loaded)
            station.loaded += 1
        if time != 0:
            self._handle(LOADING, time)
        else:
            self.ready()

    def ready(self) -> None:
        """The part is loaded: work begins if the machine is up and all that it needs is there."""
        self.phase = READY
        if self.halted > 0 or (self.watch and not self.may_begin()):
            return
        station = self.station
        part = self.part
        assert part is not None
        if station.reserves and part.ahead is None:
            target = self._way_ahead(part)
            if target is not None and target.own is not None:
                target.own.ask(self)
                return
        if station.process_needs is not None and not self._staffed(station.process_needs):
            return
        self.begin()

    def _way_ahead(self, part: "Part") -> "Station | None":
        """Where the part will go, chosen before work begins (rule 7)."""
        station = self.station
        if station.ways is None:
            return station.next
        if not part.bound:
            part.bound = True
            part.target = station.ways.choose(part, station.bound)  # its operation has no number yet
            station.bound += 1
        return part.target

    def may_begin(self) -> bool:
        """Whether work may begin or go on now: what stops it at this very instant comes first (rule 17)."""
        now = self.world.time
        phase = self.phase
        for mode in self.modes:
            if not mode.operating and mode.due == now and not mode.down:
                strike(self, False)
        timetable = self.timetable
        if timetable is not None and timetable.due == now:
            timetable.turn()
        if self.phase != WORKING:
            for job in self.jobs:
                if not job.pending and job.is_due():
                    self.call(job)
            if self.due is not None:
                return False
        return self.halted == 0 and self.timer == 0 and self.phase == phase  # else it has begun meanwhile

    def begin(self) -> None:
        """The operation begins; its number at the station decides on its draws (rule 2)."""
        station = self.station
        part = self.part
        assert part is not None
        number = station.begun
        member: Part | None = part
        while member is not None:
            member.operation = station.begun
            station.begun += 1
            member.start = self.world.time
            member.worked = 0
            member = member.next
        self.phase = WORKING
        if part.cycle >= 0:
            self.remaining = part.cycle
            part.cycle = -1
        else:
            self.remaining = draw(station.cycles[part.product.index], number)
        self.world.touch(self)
        self.work()

    def work(self) -> None:
        """Work until the operation ends or an operating clock has run out; the end goes first (rule 16)."""
        world = self.world
        self.resumed = world.time
        left = self.remaining
        if self.operating:
            for mode in self.modes:
                if mode.operating and mode.left < left:
                    left = mode.left
        if left == self.remaining:
            self.timer = world.after(left, FINISH, self.index)
        elif left != 0:
            self.timer = world.after(left, RUNS_OUT, self.index)
        else:  # it fell due at the end of the operation before: it strikes at the start of this one
            strike(self, True)

    def finish(self, number: int) -> None:
        """The operation ends: the part is booked and judged (rule 27), then unloaded."""
        if number != self.timer:  # a stop came in between
            return
        station = self.station
        part = self.part
        assert part is not None
        self.timer = 0
        part.worked += self.remaining
        if self.operating:
            for mode in self.modes:
                if mode.operating:
                    mode.left -= self.remaining
        operation = part.operation
        if self.plain:
            self._book(part)
        else:
            self._wind_up(part)
        if station.unload is not None:
            time = draw(station.unload, operation)
            if time != 0:
                self._handle(UNLOADING, time)
                return
        self.hand_over()

    def _book(self, part: "Part") -> None:
        """A part is finished."""
        station = self.station
        part.finish = self.world.time
        if station.verdict is not None:
            judge(station.verdict, self, part)
        if station.reserves:
            pass_on(part)

    def _wind_up(self, part: "Part") -> None:
        """The same where there is more to it: batches, ways, wear, operators, the end of a shift."""
        station = self.station
        self.dismiss()
        self.phase = UNLOADING
        made = self._book_all(part)
        if station.sets_up:
            self.remember(part)
        for job in self.jobs:
            job.age(self.remaining)
        if len(station.pieces) > 0 and not part.scrap and part.target is None:
            take_apart(self, part)
        if self.closing != 0:
            self.shut(self.closing)
        self.count(made)
        if self.due is not None:
            self.due.go_on()

    def _book_all(self, part: "Part") -> int:
        """All parts that it holds are finished; how many these are."""
        station = self.station
        made = 0
        member: Part | None = part
        while member is not None:
            made += 1
            member.worked = part.worked
            self._book(member)
            if station.ways is not None and not (member.scrap or member.target is not None or station.reserves):
                member.target = station.ways.choose(member, member.operation)
            member = member.next
        return made

    def remember(self, part: "Part") -> None:
        """What it worked on last, for setups."""
        self.worked = True
        self.last_product = part.product.index
        self.last_ticket = part.ticket
        self.last_lot = part.lot

    def hand_over(self) -> None:
        """Parts go to the next place, out of the line, or wait here until the place is free (rules 7 and 8)."""
        while self._may_leave():
            more = self.several()
            self.give(False)  # what it frees may have brought the next part in already
            if not more:
                self.station.refill(self)
                return

    def several(self) -> bool:
        """Whether it holds more than one part."""
        part = self.part
        return part is not None and part.next is not None

    def _may_leave(self) -> bool:
        """Whether the part can go now; if not, it waits in its turn, or goes back into the own queue."""
        station = self.station
        part = self.part
        assert part is not None
        target = station.next if self.plain else self.target_of(part)
        if target is None or part.scrap:
            if self.gated:
                self.phase = DONE
            return not self.gated
        if target is station and not self.gated:
            self._again(part)
            return False
        buffer = target.input_from(station)
        if self.gated or not buffer.room() or buffer.somebody_can_give():
            self.phase = DONE
            self.world.touch(self)
            buffer.append_giver(self)
            if not (self.gated or (self.plain and not station.line.may_lock)):
                blocked(self, target)
            return False
        if buffer.fleet is not None:
            self.phase = DONE
            buffer.fleet.call(self, buffer)
            return False
        return True

    def let_go(self) -> None:
        """A place for the part that waits here is free: it goes, and what the machine holds besides tries to follow."""
        more = self.several()
        self.give(False)
        if more:
            self.hand_over()

    def wants(self) -> "Station | None":
        """Station for which its part is bound; none: out of the line."""
        part = self.part
        if part is None or part.scrap:
            return None
        return self.target_of(part)

    def target_of(self, part: "Part") -> "Station | None":
        """Where a part goes from here if it is good."""
        station = self.station
        if station.ways is not None or part.target is not None:
            return part.target
        return station.next

    def _again(self, part: "Part") -> None:
        """Back into the own queue: the part changes places with its head, or begins again at once (rule 13)."""
        station = self.station
        buffer = station.input_from(station)
        more = self.several()
        self.give(True)
        if buffer.waiting.count > 0 and station.heads and self.part is None:
            self.take(buffer.waiting.popleft())
        buffer.arrive(part)
        if more:
            self.hand_over()
        elif self.part is None:
            station.refill(self)

    def give(self, ridden: bool) -> None:
        """The part leaves the machine, which is then empty unless it holds more; who calls this sees to the next part.

        Args:
            ridden: somebody else brings it to where it goes.
        """
        station = self.station
        part = self.part
        assert part is not None
        target = None if part.scrap else self.target_of(part)
        self.part = part.next
        part.next = None
        if self.part is None:
            self.phase = EMPTY
            if not self.gated:
                station.idle += 1
        self.world.touch(self)
        record_visit(station, part, self.world.time)
        if target is None:
            station.line.part_leaves(part)
            return
        part.target = None
        part.bound = False
        if not ridden:
            target.input_from(station).send(part)
        if part.rides and station.line.pallet_ends is station:
            station.line.free_pallet(part)

    # --- handling ------------------------------------------------------------------------------------------------

    def _handle(self, phase: int, time: int) -> None:
        self.phase = phase
        self.remaining = time
        self.world.touch(self)
        if self.halted == 0 and self._staffed_for(phase):
            self._handle_on()

    def _staffed_for(self, phase: int) -> bool:
        needs = self.station.setup_needs if phase == SETTING else self.station.load_needs
        return needs is None or self._staffed(needs)

    def _handle_on(self) -> None:
        self.resumed = self.world.time
        self.timer = self.world.after(self.remaining, HANDLED, self.index)

    def handled(self, number: int) -> None:
        """Setup, loading or unloading ends."""
        if number != self.timer:
            return
        self.timer = 0
        self.world.touch(self)
        self.dismiss()
        if self.phase == SETTING:
            self._load()
            if self.due is not None and self.phase != WORKING:
                self.due.go_on()
        elif self.phase == LOADING:
            self.ready()
        else:
            self.hand_over()

    # --- operators -----------------------------------------------------------------------------------------------

    def _staffed(self, needs: "Needs") -> bool:
        """Whether the operators for a task are here; if not, they have been asked for."""
        request = self.request
        if request is None:
            request = self.world.crews.ask(self, needs, MACHINE, self.index)
            self.request = request
        self.world.touch(self)
        return request.there

    def dismiss(self) -> None:
        """Operators are needed no more for what it does with its part."""
        request = self.request
        if request is not None:
            self.request = None
            self.world.crews.drop(request)

    # --- planned work --------------------------------------------------------------------------------------------

    def call(self, job: "Job") -> None:
        """A tool change or maintenance is due: it is done when the operation is over (rule 20)."""
        job.begin()
        alone = self.due is None
        self._append_due(job)
        self.world.touch(self)
        if self.phase != WORKING and self.phase != SETTING and alone:
            job.go_on()

    def _append_due(self, job: "Job") -> None:
        job.next = None
        last = self.due
        if last is None:
            self.due = job
            return
        while last.next is not None:
            last = last.next
        last.next = job

    def remove_due(self, job: "Job") -> None:
        """A job is due no more."""
        if self.due is job:
            self.due = job.next
        else:
            before = self.due
            while before is not None and before.next is not job:
                before = before.next
            if before is not None:
                before.next = job.next
        job.next = None

    def count(self, parts: int) -> None:
        """Parts are done, good or not: what is due by now is called."""
        for job in self.jobs:
            job.count_parts(parts)
            if not job.pending and job.is_due():
                self.call(job)

    def done(self) -> None:
        """A job is done."""
        self.world.touch(self)
        if self.due is not None:
            self.due.go_on()
        else:
            self.proceed()

    def seize(self) -> None:
        """The machine stands still anyway: a maintenance that may be done early is done."""
        for job in self.jobs:
            if not job.pending and self.halted == 0 and job.is_ripe():
                self.call(job)

    # --- stops ---------------------------------------------------------------------------------------------------

    def halt(self) -> None:
        """Everything stops: work, handling, setup, tool change, maintenance."""
        self.halted += 1
        if self.timer != 0 and self.resumed + self.remaining > self.world.time:
            self.stop()
        if self.request is not None and self.timer == 0:
            self.dismiss()
        if self.due is not None:
            self.due.suspend()
        self.world.touch(self)

    def stop(self) -> None:
        """What was done counts, the rest follows after the repair."""
        done = self.world.time - self.resumed
        self.timer = 0
        self.remaining -= done
        self.resumed = self.world.time
        if self.phase == WORKING:
            part = self.part
            assert part is not None
            part.worked += done
            for mode in self.modes:
                if mode.operating:
                    mode.left -= done
            for job in self.jobs:
                job.age(done)

    def proceed(self) -> None:
        """Go on with what was stopped, or with what now has its operators, if nothing is in the way."""
        if self.halted > 0:
            return
        self.world.touch(self)
        if self.due is not None and self.phase != WORKING and self.phase != SETTING:
            self.due.go_on()
        if self.timer != 0:  # what it does goes on, or its end is due in this very instant
            return
        if self.phase == READY:
            self.ready()
        elif self.phase == WORKING:
            needs = self.station.process_needs
            if self.may_begin() and (needs is None or self._staffed(needs)):
                self.work()
        elif (self.phase == SETTING or self.phase == LOADING or self.phase == UNLOADING) and self._staffed_for(
            self.phase
        ):
            self._handle_on()

    # --- shifts (rule 22) ----------------------------------------------------------------------------------------

    def turn(self, kind: int, shift: int) -> None:
        """A shift or break begins or ends: the state in which the machine stands now, or 0."""
        self.shift = shift
        self.world.touch(self)
        if kind == 0:
            self.closing = 0
            if self.closed != 0:
                self._open()
        elif self.closed != 0:
            self.closed = kind
        elif self.closing != 0 or self._runs_on(kind):
            self.closing = kind
        else:
            self.shut(kind)

    def _runs_on(self, kind: int) -> bool:
        """Whether the operation in the machine ends first: by the rule, or because it ends in this very instant."""
        if self.phase != WORKING or self.timer == 0:
            return False
        ends_now = self.resumed + self.remaining == self.world.time
        return ends_now or (self.station.finishes and kind == OFF)

    def shut(self, kind: int) -> None:
        """Nobody works here from now on."""
        self.closing = 0
        self.closed = kind
        self.halt()
        if not self.station.always_repairs:
            for mode in self.modes:
                mode.stand()

    def _open(self) -> None:
        self.closed = 0
        self.halted -= 1
        if not self.station.always_repairs:
            for mode in self.modes:
                mode.stir()
        self.proceed()

    # --- what it is doing ----------------------------------------------------------------------------------------

    def order_now(self) -> "Ticket | None":
        """The order on the machine: its part's, else the last one until that is complete (rule 36)."""
        part = self.part
        if part is not None:
            return part.ticket
        order = self.order
        return None if order is None or order.completed >= 0 else order

    def enter(self, condition: int) -> None:
        """This condition is in force from now on."""
        time = self.world.time
        if self.since < time:
            record_stay(self, time)
        self.condition = condition
        self.since = time
        if self.booked:
            self.order = self.order_now()
