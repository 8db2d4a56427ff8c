"""Operators in the kernel: pools, who waits for them, and who gets them; see `simulators.crew`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw
from simulators.compiled.machine import JOB, MACHINE
from simulators.compiled.world import WALKED
from simulators.compiler.language import Record, Row, drop, new_row

if TYPE_CHECKING:
    from simulators.compiled.draws import Draw
    from simulators.compiled.machine import Machine
    from simulators.compiled.world import World


class Operator(Record):
    """Somebody of a pool: where they worked last (position of the machine, -1 nowhere), and for whom they are busy."""

    at: int = -1
    request: "Request | None" = None


class Pool(Record):
    """Operators who can do the same.

    Attributes:
        present: how many work now.
        busy: how many of them are at a task.
        walks: walks so far.
        taken, spoken_for: marks of whoever chooses just now.
    """

    operators: Row[Operator]
    present: int = 0
    busy: int = 0
    walking: "Draw | None" = None
    walks: int = 0
    taken: int = 0
    spoken_for: bool = False

    def pick(self, at: int) -> Operator:
        """Who is at that machine already, else the first who is free."""
        found = self.operators[0]
        any_free = False
        for operator in self.operators:
            if operator.request is None:
                if operator.at == at:
                    return operator
                if not any_free:
                    any_free = True
                    found = operator
        return found


class Need(Record):
    """Operators that a station needs for some of its tasks; `chosen` is the pool found for it just now."""

    pools: Row[Pool]
    count: int = 1
    chosen: Pool | None = None


class Needs(Record):
    """All that one task needs: how urgent it is, and what messages call it."""

    needs: Row[Need]
    priority: int = 5
    reason: int = 0


class Request(Record):
    """Operators that a machine waits for or has.

    Attributes:
        at: position of the machine in the plant.
        asker: who asks, `subject` which one.
        slot: its place among the requests.
        there: whether they are at the machine; `sent` whether they are that or on the way.
        timer: number of the scheduling of their arrival.
    """

    at: int = 0
    needs: Needs
    number: int = 0
    asker: int = MACHINE
    subject: int = 0
    slot: int = 0
    reason: int = 0
    there: bool = False
    sent: bool = False
    waits: bool = False
    timer: int = 0
    next: "Request | None" = None

    def goes_before(self, priority: int, number: int) -> bool:
        """Whether it is served before one of this priority and number."""
        return self.needs.priority < priority or (self.needs.priority == priority and self.number < number)


class Crews(Record):
    """All pools of a plant and the requests for their operators.

    Attributes:
        first: the request that is served first; the others through its `next`.
        slots: requests that are there, so that a timer can name one; `free` places of it are given back.
    """

    world: "World"
    pools: Row[Pool]
    first: Request | None = None
    numbers: int = 0
    serving: bool = False
    again: bool = False
    slots: "Row[Request | None]"

    def ask(self, machine: "Machine", needs: Needs, asker: int, subject: int) -> Request:
        """Operators for a machine; who asks is told when they are there, unless they are when this returns."""
        request = Request()
        request.at = machine.index
        request.needs = needs
        request.reason = needs.reason
        request.asker = asker
        request.subject = subject
        request.number = self.numbers
        self.numbers += 1
        self._file(request)
        self._queue(request)
        self.serve(request)
        return request

    def _file(self, request: Request) -> None:
        for slot in range(len(self.slots)):
            if self.slots[slot] is None:
                request.slot = slot
                self.slots[slot] = request
                return
        old = self.slots
        new: Row[Request | None] = new_row(2 * len(old), None)
        for i in range(len(old)):
            new[i] = old[i]
        request.slot = len(old)
        new[request.slot] = request
        self.slots = new

    def _queue(self, request: Request) -> None:
        request.waits = True
        before: Request | None = None
        at = self.first
        while at is not None and at.goes_before(request.needs.priority, request.number):
            before = at
            at = at.next
        request.next = at
        if before is None:
            self.first = request
        else:
            before.next = request

    def _leave_queue(self, request: Request) -> None:
        request.waits = False
        if self.first is request:
            self.first = request.next
        else:
            before = self.first
            while before is not None and before.next is not request:
                before = before.next
            if before is not None:
                before.next = request.next
        request.next = None

    def drop(self, request: Request) -> None:
        """The operators of a request are needed no more, be they there, on the way, or awaited."""
        request.timer = 0
        request.there = False
        self.slots[request.slot] = None
        if request.sent:
            request.sent = False
            for need in request.needs.needs:
                for pool in need.pools:
                    for operator in pool.operators:
                        if operator.request is request:
                            operator.request = None
                            pool.busy -= 1
            drop(request)
            self.serve(None)
        elif request.waits:
            self._leave_queue(request)
            drop(request)
            self.serve(None)

    def attend(self, pool: Pool, number: int) -> None:
        """So many of a pool work from now on; who is at a task finishes it."""
        pool.present = number
        self.serve(None)

    def serve(self, newcomer: Request | None) -> None:
        """Send operators to all that can be served: priority first, then who has waited longest.

        What a request cannot get is not given to those after it either. Who asks meanwhile waits for the next round.
        """
        self.again = True
        if self.serving:
            return
        self.serving = True
        while self.again:
            self.again = False
            for pool in self.pools:
                pool.spoken_for = False
            limit = self.numbers
            request = self._following(-1, -1, limit)
            while request is not None:
                priority = request.needs.priority
                number = request.number
                if self._choose(request):
                    self._leave_queue(request)
                    self._send(request)
                    if request.there and request is not newcomer:
                        self._tell(request)
                else:
                    for need in request.needs.needs:
                        for pool in need.pools:
                            pool.spoken_for = True
                request = self._following(priority, number, limit)
        self.serving = False

    def _following(self, priority: int, number: int, limit: int) -> Request | None:
        """The first one that waits after that of this priority and number, if it was there when the round began."""
        at = self.first
        while at is not None:
            later = at.needs.priority > priority or (at.needs.priority == priority and at.number > number)
            if later and at.number < limit:
                return at
            at = at.next
        return None

    def _choose(self, request: Request) -> bool:
        """Find a pool for each need; not, if one of them cannot be met."""
        for pool in self.pools:
            pool.taken = 0
        for need in request.needs.needs:
            need.chosen = None
            for pool in need.pools:
                if not pool.spoken_for and pool.present - pool.busy - pool.taken >= need.count:
                    pool.taken += need.count
                    need.chosen = pool
                    break
            if need.chosen is None:
                return False
        return True

    def _send(self, request: Request) -> None:
        way = 0
        for need in request.needs.needs:
            pool = need.chosen
            assert pool is not None
            for _ in range(need.count):
                operator = pool.pick(request.at)
                if operator.at != request.at:
                    if operator.at >= 0 and pool.walking is not None:
                        way = max(way, draw(pool.walking, pool.walks))
                        pool.walks += 1
                    operator.at = request.at
                operator.request = request
                pool.busy += 1
        request.sent = True
        if way != 0:
            request.timer = self.world.after(way, WALKED, request.slot)
        else:
            request.there = True

    def walked(self, slot: int, number: int) -> None:
        """Operators arrive at a machine."""
        request = self.slots[slot]
        if request is not None and number == request.timer:
            request.timer = 0
            request.there = True
            self._tell(request)

    def _tell(self, request: Request) -> None:
        """Who asked goes on."""
        if request.asker == MACHINE:
            self.world.machines[request.subject].proceed()
        elif request.asker == JOB:
            self.world.jobs[request.subject].go_on()
        else:
            self.world.modes[request.subject].see_to()
