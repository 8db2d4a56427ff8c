"""A station of the kernel: its places, its machines, and what these take in; see `simulators.station` and `.intake`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw
from simulators.compiled.several import build_in
from simulators.compiled.world import NO_LONGER
from simulators.compiler.language import Record, Row, new_row

if TYPE_CHECKING:
    from simulators.compiled.buffer import Buffer
    from simulators.compiled.crew import Needs
    from simulators.compiled.draws import Draw
    from simulators.compiled.line import Line, Product
    from simulators.compiled.machine import Machine
    from simulators.compiled.part import Part
    from simulators.compiled.reservations import Reservations
    from simulators.compiled.source import Source
    from simulators.compiled.verdict import Verdict
    from simulators.compiled.ways import Ways
    from simulators.compiled.world import World

HEAD, BY_RULE, BATCH, SET = 0, 1, 2, 3
"""What a free machine takes in: the head of the queue, a part by a rule, a batch, a set."""

FIFO, EDD, SPT, CRITICAL_RATIO, PRIORITY, SAME_SETUP = range(6)
PRODUCT_CHANGES, ORDER_CHANGES, LOT_CHANGES = 0, 1, 2
ANYTHING, SAME_PRODUCT, SAME_ORDER = 0, 1, 2


class Piece(Record):
    """What a part is taken apart into: where it goes, and what it is; none: as before."""

    to: "Station | None" = None
    product: "Product | None" = None


class Station(Record):
    """A station of a line.

    Attributes:
        index: position in the plant; `place` that in its line.
        word: its name among the words of the plant; `spot` that for vehicles.
        heads: whether machines take the head of the queue, as most do.
        assembles: whether parts come in through several inputs; then `returns` is for products that come back.
        inside: parts of a batch that may gather in an idle machine; 0 elsewhere.
        cycles, restarts: draws by product.
        spent: µs of machine time in each state inside the window; `out` good parts that left it there.
        freed: machines that gave a piece to the set just taken, the first `frees`.
        feeders: stations whose parts may come here.
    """

    world: "World"
    line: "Line"
    index: int = 0
    place: int = 0
    word: int = 0
    spot: int = 0
    machines: "Row[Machine]"
    idle: int = 0
    takes: int = HEAD
    heads: bool = True
    rule: int = FIFO
    came: int = 0
    assembles: bool = False
    inputs: "Row[Buffer]"
    buffer: "Buffer"
    returns: "Buffer"
    inside: int = 0
    batch: int = 0
    fewest: int = 0
    wait: int = 0
    same: int = ANYTHING
    drawing: bool = False
    freed: "Row[Machine]"
    frees: int = 0
    loading: "Part | None" = None
    next: "Station | None" = None
    feeders: "Row[Station]"
    ways: "Ways | None" = None
    pieces: Row[Piece]
    source: "Source | None" = None
    reserves: bool = False
    own: "Reservations | None" = None
    conditions: Row[int]
    cycles: "Row[Draw]"
    restarts: "Row[Draw]"
    load: "Draw | None" = None
    unload: "Draw | None" = None
    sets_up: bool = False
    changes: int = PRODUCT_CHANGES
    setups: "Row[Row[Draw | None]]"
    verdict: "Verdict | None" = None
    process_needs: "Needs | None" = None
    setup_needs: "Needs | None" = None
    load_needs: "Needs | None" = None
    repair_needs: "Needs | None" = None
    finishes: bool = True
    always_repairs: bool = False
    begun: int = 0
    bound: int = 0
    loaded: int = 0
    restarted: int = 0
    changed: int = 0
    again: bool = False
    spent: Row[int]
    out: int = 0

    def input_from(self, station: "Station") -> "Buffer":
        """The places for parts that come from a station."""
        if not self.assembles:
            return self.buffer
        for buffer in self.inputs:
            if buffer.feeder is station:
                return buffer
        return self.returns

    def setup_time(self, machine: "Machine", part: "Part") -> int:
        """Time of the setup that a part needs on a machine; 0 if it needs none."""
        if not self.needs_setup(machine, part):
            return 0
        times = self.setups[machine.last_product][part.product.index]
        if times is None:
            return 0
        self.changed += 1
        return draw(times, self.changed - 1)

    def needs_setup(self, machine: "Machine", part: "Part") -> bool:
        """Whether the part is unlike the one before; the first of a run is not."""
        if not self.sets_up or not machine.worked:
            return False
        if self.changes == PRODUCT_CHANGES:
            return machine.last_product != part.product.index
        if self.changes == ORDER_CHANGES:
            return machine.last_ticket is not part.ticket
        return machine.last_lot != part.lot

    def count_visit(self, part: "Part") -> None:
        """A part comes here, perhaps not for the first time."""
        visits = part.visits
        if visits is None:
            visits = new_row(len(self.line.stations), 0)
            part.visits = visits
        visits[self.place] += 1
        part.visit = visits[self.place]

    # --- filling machines ----------------------------------------------------------------------------------------

    def choose(self) -> "Machine":
        """The machine for a part: the lowest-numbered free one that is up, a failed one only if it must be (9)."""
        found = self.machines[0]
        if len(self.machines) == 1:
            return found
        any_free = False
        for machine in self.machines:
            if machine.part is None and not machine.gated:
                if machine.down == 0:
                    return machine
                if not any_free:
                    any_free = True
                    found = machine
        return found

    def fetch(self, machine: "Machine") -> None:
        """A machine is free: the head of the queue moves in. No other can be free while parts wait."""
        if not self.heads:
            self.draw_in()
            return
        waiting = self.buffer.waiting
        if waiting.count > 0 and machine.part is None and not machine.gated:
            machine.take(waiting.popleft())

    def draw_in(self) -> None:
        """Free machines take what they can; what was blocked for these places moves up."""
        if self.drawing or self.heads:
            return
        self.drawing = True
        took = False
        while self.idle > 0:
            machine = self.choose()
            load = self._next(machine)
            if load is None:
                break
            took = True
            machine.take(load)
        self.drawing = False
        if took:
            self._refill_givers()
            for buffer in self.inputs:
                buffer.move_up()

    def _refill_givers(self) -> None:
        world = self.world
        bottom = world.machines_stacked
        number = self.frees
        self.frees = 0
        for i in range(number):
            world.push_machine(self.freed[i])
        for i in range(number):
            machine = world.machine_stack[bottom + i]
            machine.station.refill(machine)
        world.machines_stacked = bottom

    def refill(self, machine: "Machine") -> None:
        """A machine is free: the head of the queue moves in, and the parts behind it move up."""
        self.fetch(machine)
        for buffer in self.inputs:
            if buffer.givers > 0 or self.source is not None or buffer.belt is not None:
                buffer.move_up()

    # --- what they take in ---------------------------------------------------------------------------------------

    def comes(self, part: "Part") -> None:
        """A part is about to join the queue."""
        if self.takes == BY_RULE and self.rule == SPT:
            part.cycle = draw(self.cycles[part.product.index], self.came)
            self.came += 1
        elif self.takes == BATCH and self.wait > 0 and self.fewest < self.batch:
            self.world.after(self.wait, NO_LONGER, self.index)

    def _next(self, machine: "Machine") -> "Part | None":
        """What a free machine takes in now, out of the queue, linked by `next`; none if it must wait."""
        if self.takes == BY_RULE:
            return self._best(machine)
        if self.takes == BATCH:
            return self._gathered()
        return self._set(machine)

    def _best(self, machine: "Machine") -> "Part | None":
        waiting = self.buffer.waiting
        best = waiting.head
        if best is None:
            return None
        if self.rule != FIFO:
            part = best.next
            while part is not None:
                if self._before(machine, part, best):
                    best = part
                part = part.next
        waiting.remove(best)
        return best

    def _before(self, machine: "Machine", part: "Part", other: "Part") -> bool:
        """Whether a part goes before another one that came before it."""
        rule = self.rule
        if rule == SPT:
            return part.cycle < other.cycle
        if rule == PRIORITY:
            return part.product.priority < other.product.priority
        if rule == SAME_SETUP:
            return self.needs_setup(machine, other) and not self.needs_setup(machine, part)
        due = _due(part)
        other_due = _due(other)
        if due < 0 or other_due < 0:
            return due >= 0 and other_due < 0
        if rule == EDD:
            return due < other_due
        now = self.world.time
        return less(due - now, self._work_left(part), other_due - now, self._work_left(other))

    def _work_left(self, part: "Part") -> int:
        """Mean work on a part that stands here, µs, at least 1."""
        product = part.product
        if len(product.route) > 0:
            return max(1, product.work_after[part.step])
        return max(1, product.work_from[self.place])

    def _kind_is(self, part: "Part", other: "Part") -> bool:
        """Whether two parts may be in one batch."""
        if self.same == SAME_PRODUCT:
            return part.product is other.product
        if self.same == SAME_ORDER:
            if part.ticket is not None or other.ticket is not None:
                return part.ticket is other.ticket
            return part.lot == other.lot
        return True

    def _gathered(self) -> "Part | None":
        """The first full batch, else the first that need not wait for more."""
        ripe: Part | None = None
        first = self.buffer.waiting.head
        while first is not None:
            if self._opens(first):
                size = self._like(first)
                if size >= self.batch:
                    return self._batch(first)
                if ripe is None and size >= self.fewest and self.world.time - first.enter >= self.wait:
                    ripe = first
            first = first.next
        return None if ripe is None else self._batch(ripe)

    def _opens(self, part: "Part") -> bool:
        """Whether a waiting part is the first of its kind."""
        other = self.buffer.waiting.head
        while other is not None and other is not part:
            if self._kind_is(other, part):
                return False
            other = other.next
        return True

    def _like(self, part: "Part") -> int:
        """How many of a kind wait, from the first of them on."""
        number = 0
        other: Part | None = part
        while other is not None:
            if self._kind_is(part, other):
                number += 1
            other = other.next
        return number

    def _batch(self, first: "Part") -> "Part":
        """Take as many of a kind as fit, the first one first."""
        waiting = self.buffer.waiting
        number = 1
        last = first
        part = first.next
        waiting.remove(first)
        while part is not None and number < self.batch:
            behind = part.next
            if self._kind_is(first, part):
                waiting.remove(part)
                last.next = part
                last = part
                number += 1
            part = behind
        return first

    def _set(self, machine: "Machine") -> "Part | None":
        """A set as one part: the first one of the first input, made of the others (rule 11)."""
        if self.returns.waiting.count > 0:
            return self.returns.waiting.popleft()
        for buffer in self.inputs:
            if buffer.feeder is not None:
                ready = buffer.ready_givers() if buffer.at_once() else 0
                if buffer.waiting.count + ready < buffer.quantity:
                    return None
        product: Part | None = None
        last: Part | None = None
        frees = 0
        for buffer in self.inputs:
            if buffer.feeder is not None:
                frees += self._draw_from(buffer)
                for _ in range(buffer.quantity):
                    part = buffer.waiting.popleft()
                    if last is None:
                        product = part
                    else:
                        last.next = part
                    last = part
        assert product is not None
        self._build(machine, product)
        return product

    def _draw_from(self, buffer: "Buffer") -> int:
        """Let machines that are blocked for a place give what is missing to a set; how many did."""
        number = 0
        while buffer.waiting.count < buffer.quantity:
            giver = buffer.next_giver()
            if giver is None:
                break
            giver.let_go()
            self._note_freed(giver)
            number += 1
        return number

    def _note_freed(self, machine: "Machine") -> None:
        if self.frees == len(self.freed):
            old = self.freed
            new: Row[Machine] = new_row(2 * len(old), machine)
            for i in range(len(old)):
                new[i] = old[i]
            self.freed = new
        self.freed[self.frees] = machine
        self.frees += 1

    def _build(self, machine: "Machine", product: "Part") -> None:
        piece = product.next
        product.next = None
        while piece is not None:
            behind = piece.next
            piece.next = None
            build_in(machine, piece, product)
            piece = behind


def _due(part: "Part") -> int:
    """When the order of a part is due; -1: never."""
    ticket = part.ticket
    return -1 if ticket is None else ticket.due


def less(a: int, b: int, c: int, d: int) -> bool:
    """Whether a/b < c/d, exactly, for b and d above 0: whole parts first, then the other way round what is left."""
    while True:
        whole = a // b
        other = c // d
        if whole != other:
            return whole < other
        a -= whole * b
        c -= other * d
        if a == 0 or c == 0:
            return a == 0 and c != 0
        rest = a  # a/b < c/d where d/c < b/a
        a = d
        d = rest
        rest = b
        b = c
        c = rest
