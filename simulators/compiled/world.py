"""All of a running plant: its agenda, what is in it, and the loop that works it off."""

from typing import TYPE_CHECKING

from simulators.compiled.breakdown import strike
from simulators.compiled.phase import condition_of, standing
from simulators.compiler.language import Record, Row, memory_full, new_row

if TYPE_CHECKING:
    from simulators.compiled.buffer import Belt, Buffer
    from simulators.compiled.crew import Crews
    from simulators.compiled.failure import Mode
    from simulators.compiled.fleet import Fleet, Vehicle
    from simulators.compiled.job import Job
    from simulators.compiled.line import Line
    from simulators.compiled.machine import Machine
    from simulators.compiled.orders import OrderStream, Ticket
    from simulators.compiled.records import Log
    from simulators.compiled.source import Source, Stock
    from simulators.compiled.station import Station
    from simulators.compiled.timetable import Timetable

# What a timer does when it comes; its subject is a number in one of the rows of the world.
FINISH, RUNS_OUT, HANDLED, FALLS_DUE, REPAIRED, ARRIVAL, IS_HERE, JOB_COMES, JOB_ENDS = range(9)
CLEAR, AT_END, LEAVES, BRINGS, CHARGED, WALKED, TURNS, NO_LONGER, DELIVERED, PALLET, RELEASED, ORDERED = range(9, 21)

KINDS = 32
STRIDE = 3  # of the heap: time, number of the scheduling, subject and kind
CROWD = 1_000_000  # happenings of one instant after which nobody believes that it will end

LOCKED, CROWDED, FULL = 1, 2, 3


class World(Record):
    """A plant that runs.

    Attributes:
        time: µs since the start of the run.
        heap: what is due and when, in the order in which SimPy has it: by time, then by the number of the scheduling.
        size: entries in the heap; `numbers` given out so far, none of them 0.
        touched: machines whose state may have changed in this instant, the first `touches` of the row.
        opened: whether the first instant is over.
        keep: whether every stay, visit and passage is written down.
        begin, end: window of the sums.
        error: why the run cannot go on; 0 while it can.
        stack, machine_stack: room for those who work off buffers or machines one after the other.
        mark: of the last search through the machines.
    """

    time: int = 0
    heap: Row[int]
    size: int = 0
    numbers: int = 0
    machines: "Row[Machine]"
    modes: "Row[Mode]"
    jobs: "Row[Job]"
    stations: "Row[Station]"
    buffers: "Row[Buffer]"
    belts: "Row[Belt]"
    lines: "Row[Line]"
    sources: "Row[Source]"
    stocks: "Row[Stock]"
    fleets: "Row[Fleet]"
    vehicles: "Row[Vehicle]"
    timetables: "Row[Timetable]"
    told: "Row[Ticket]"
    order_streams: "Row[OrderStream]"
    crews: "Crews"
    touched: "Row[Machine]"
    touches: int = 0
    booked: bool = False
    opened: bool = False
    keep: bool = False
    stays: "Log"
    visits: "Log"
    passages: "Log"
    begin: int = 0
    end: int = 0
    error: int = 0
    stack: "Row[Buffer]"
    stacked: int = 0
    machine_stack: "Row[Machine]"
    machines_stacked: int = 0
    ring: "Row[Machine]"
    ringed: int = 0
    mark: int = 0

    # --- what is due and when --------------------------------------------------------------------------------------

    def after(self, delay: int, kind: int, subject: int) -> int:
        """Have something done after a delay in µs; the number of this scheduling, by which its end is known."""
        at = self.size * STRIDE
        if at + STRIDE > len(self.heap):
            self._grow()
        heap = self.heap
        self.size += 1
        self.numbers += 1
        time = self.time + delay
        while at > 0:  # sift up: the new entry has the highest number, so only time decides
            above = (at // STRIDE - 1) // 2 * STRIDE
            if heap[above] <= time:
                break
            heap[at] = heap[above]
            heap[at + 1] = heap[above + 1]
            heap[at + 2] = heap[above + 2]
            at = above
        heap[at] = time
        heap[at + 1] = self.numbers
        heap[at + 2] = subject * KINDS + kind
        return self.numbers

    def _grow(self) -> None:
        old = self.heap
        new: Row[int] = new_row(2 * len(old), 0)
        for i in range(len(old)):
            new[i] = old[i]
        self.heap = new

    def pop(self) -> None:
        """Take away the first entry of the heap."""
        heap = self.heap
        self.size -= 1
        end = self.size * STRIDE
        time = heap[end]
        number = heap[end + 1]
        what = heap[end + 2]
        at = 0
        below = STRIDE
        while below < end:
            beside = below + STRIDE
            if beside < end and (
                heap[beside] < heap[below] or (heap[beside] == heap[below] and heap[beside + 1] < heap[below + 1])
            ):
                below = beside
            if time < heap[below] or (time == heap[below] and number < heap[below + 1]):
                break
            heap[at] = heap[below]
            heap[at + 1] = heap[below + 1]
            heap[at + 2] = heap[below + 2]
            at = below
            below = 2 * at + STRIDE
        heap[at] = time
        heap[at + 1] = number
        heap[at + 2] = what

    # --- the loop ------------------------------------------------------------------------------------------------

    def work_off(self, to: int) -> int:
        """Do everything that is due up to and including `to`; after each instant that saw an event, settle it.

        Returns:
            Why it cannot go on; 0 if it can.
        """
        crowd = 0
        while True:
            while self.size > 0 and self.heap[0] <= to:
                if self.heap[0] != self.time:
                    self.settle()
                    self.time = self.heap[0]  # settling may have begun something
                    crowd = 0
                crowd += 1
                number = self.heap[1]
                what = self.heap[2]
                self.pop()
                self.happen(what % KINDS, what // KINDS, number)
                if crowd > CROWD:
                    self.error = CROWDED
                if memory_full():
                    self.error = FULL
                if self.error != 0:
                    return self.error
            self.settle()
            if self.error != 0:
                return self.error
            if self.size == 0 or self.heap[0] > to:
                return 0

    def happen(self, kind: int, subject: int, number: int) -> None:
        """A timer comes."""
        if kind == FINISH:
            self.machines[subject].finish(number)
        elif kind == FALLS_DUE:
            mode = self.modes[subject]
            if number == mode.timer:  # else it has struck already in this instant, before work began (rule 17)
                strike(mode.machine, False)
        elif kind == REPAIRED:
            self.modes[subject].repaired(number)
        elif kind == RUNS_OUT:
            machine = self.machines[subject]
            if number == machine.timer:
                strike(machine, False)
        elif kind == HANDLED:
            self.machines[subject].handled(number)
        elif kind == ARRIVAL:
            self.sources[subject].arrival()
        elif kind == IS_HERE:
            self.buffers[subject].is_here()
        elif kind == JOB_COMES:
            self.jobs[subject].comes()
        elif kind == JOB_ENDS:
            self.jobs[subject].ends(number)
        else:
            self._happen_seldom(kind, subject, number)

    def _happen_seldom(self, kind: int, subject: int, number: int) -> None:
        if kind == CLEAR:
            self.belts[subject].clear()
        elif kind == AT_END:
            self.belts[subject].at_end(number)
        elif kind == LEAVES:
            self.vehicles[subject].leave()
        elif kind == BRINGS:
            self.vehicles[subject].bring()
        elif kind == CHARGED:
            self.vehicles[subject].charged()
        elif kind == WALKED:
            self.crews.walked(subject, number)
        elif kind == TURNS:
            timetable = self.timetables[subject]
            if timetable.due == self.time:  # else it was asked for already in this instant
                timetable.turn()
        elif kind == NO_LONGER:
            self.stations[subject].draw_in()
        elif kind == DELIVERED:
            self.stocks[subject].delivered()
        elif kind == PALLET:
            self.lines[subject].pallet_is_back()
        elif kind == RELEASED:
            ticket = self.told[subject]
            ticket.line.release(ticket)
        elif kind == ORDERED:
            self.order_streams[subject].comes()

    # --- the end of an instant -----------------------------------------------------------------------------------

    def settle(self) -> None:
        """An instant is over: the states that came of it are in force; those in between never were."""
        if not self.opened:
            self._open()
            return
        if self.touches > 1:
            self._sort()
        i = 0
        while i < self.touches:  # settling may touch more of them
            machine = self.touched[i]
            i += 1
            machine.touched = False
            condition = condition_of(machine)
            if len(machine.jobs) > 0 and standing(condition):
                machine.seize()
                machine.touched = False
                condition = condition_of(machine)
            if condition != machine.condition or (machine.booked and machine.order_now() is not machine.order):
                machine.enter(condition)
        self.touches = 0
        if self.booked:
            for line in self.lines:
                if line.ended:
                    line.dismiss_order()

    def _sort(self) -> None:
        """By position in the plant, by insertion: there are few of them."""
        touched = self.touched
        for i in range(1, self.touches):
            machine = touched[i]
            j = i
            while j > 0 and touched[j - 1].index > machine.index:
                touched[j] = touched[j - 1]
                j -= 1
            touched[j] = machine

    def _open(self) -> None:
        self.opened = True
        self.touches = 0
        for machine in self.machines:
            machine.touched = False
            condition = condition_of(machine)
            if condition != machine.condition or (machine.booked and machine.order_now() is not machine.order):
                machine.enter(condition)

    def touch(self, machine: "Machine") -> None:
        """Note that the state of a machine may have changed."""
        if not machine.touched:
            machine.touched = True
            if self.touches == len(self.touched):
                self._widen()
            self.touched[self.touches] = machine
            self.touches += 1

    def _widen(self) -> None:
        old = self.touched
        new: Row[Machine] = new_row(2 * len(old), old[0])
        for i in range(len(old)):
            new[i] = old[i]
        self.touched = new

    # --- room for work in progress -------------------------------------------------------------------------------

    def push(self, buffer: "Buffer") -> None:
        """Put a buffer on the stack of those that move up."""
        if self.stacked == len(self.stack):
            old = self.stack
            new: Row[Buffer] = new_row(2 * len(old), old[0])
            for i in range(len(old)):
                new[i] = old[i]
            self.stack = new
        self.stack[self.stacked] = buffer
        self.stacked += 1

    def push_machine(self, machine: "Machine") -> None:
        """Put a machine on the stack."""
        if self.machines_stacked == len(self.machine_stack):
            old = self.machine_stack
            new: Row[Machine] = new_row(2 * len(old), old[0])
            for i in range(len(old)):
                new[i] = old[i]
            self.machine_stack = new
        self.machine_stack[self.machines_stacked] = machine
        self.machines_stacked += 1

    def overlap(self, begin: int, end: int) -> int:
        """µs of [begin, end) inside the window of the sums."""
        return max(0, min(end, self.end) - max(begin, self.begin))
