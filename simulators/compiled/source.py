"""Where the parts of a line of the kernel come from; see `simulators.source`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw, uniform
from simulators.compiled.station import CRITICAL_RATIO, EDD, PRIORITY, SPT, less
from simulators.compiled.world import ARRIVAL, DELIVERED
from simulators.compiler.language import Record, Row, drop

if TYPE_CHECKING:
    from simulators.compiled.draws import Draw
    from simulators.compiled.line import Line, Product
    from simulators.compiled.orders import Ticket
    from simulators.compiled.station import Station
    from simulators.compiled.world import World


class Mix(Record):
    """Which product comes next: in a sequence, or drawn by shares, in lots.

    Attributes:
        sequence, quantities: products and how many of each in a row; empty: they are drawn.
        size: parts of a lot.
        product: what comes now, in the lot number `lots`, of which so many are `left`.
    """

    line: "Line"
    sequence: "Row[Product]"
    quantities: Row[int]
    shares: "Draw"
    size: int = 1
    product: "Product"
    left: int = 0
    lots: int = 0

    def turn(self) -> None:
        """The next part is that of `product` and `lots` from now on."""
        if self.left == 0:
            if len(self.sequence) > 0:
                step = self.lots % len(self.sequence)
                self.product = self.sequence[step]
                self.left = self.quantities[step] * self.size
            else:
                self.left = self.size
                if len(self.line.products) > 1:
                    self.product = self.line.draw_product(uniform(self.shares, self.lots))
                else:
                    self.product = self.line.products[0]
            self.lots += 1
        self.left -= 1


class Stock(Record):
    """Material in front of an entry: ordered again when it runs low."""

    world: "World"
    source: "Source"
    index: int = 0
    lead_time: "Draw"
    low: int = 0
    quantity: int = 1
    cards: bool = False
    level: int = 0
    ordered: int = 0
    orders: int = 0

    def order(self, outside: int) -> None:
        """Order what is missing while so many parts wait for material; a card is free when its container is empty."""
        waiting = 0 if self.cards else outside
        while self.level + self.ordered - waiting <= self.low:
            self.ordered += self.quantity
            time = draw(self.lead_time, self.orders)
            self.orders += 1
            self.world.after(time, DELIVERED, self.index)

    def delivered(self) -> None:
        """A delivery is here."""
        self.level += self.quantity
        self.ordered -= self.quantity
        self.source.feed()


class Caller(Record):
    """A part that waits outside: what it will be, and of which lot."""

    product: "Product"
    lot: int = 0
    next: "Caller | None" = None


class Source(Record):
    """Parts in front of an entry: without end, one after each interval, or as orders want them (rules 4 and 6).

    Attributes:
        passive: whether nothing comes here but what orders, or other entries, send.
        first, last: parts that wait outside, `callers` of them.
        ticket: the first released order of which parts wait outside; the others through its `behind`.
    """

    world: "World"
    line: "Line"
    station: "Station"
    index: int = 0
    interval: "Draw | None" = None
    passive: bool = False
    mix: Mix
    stock: Stock | None = None
    arrived: int = 0
    first: Caller | None = None
    last: Caller | None = None
    callers: int = 0
    ticket: "Ticket | None" = None
    noted: int = 0
    feeding: bool = False

    def outside(self) -> int:
        """Parts that wait outside; 0 if the entry is saturated."""
        number = self.callers
        ticket = self.ticket
        while ticket is not None:
            number += ticket.quantity - ticket.entered
            ticket = ticket.behind
        return number

    def brings(self) -> bool:
        """Whether parts come here some time, whatever the line does."""
        return self.line.permits > 0 or self.line.pallets_under_way > 0

    def wait(self) -> None:
        """Wait for the next timed arrival."""
        if self.interval is not None:
            self.world.after(draw(self.interval, self.arrived), ARRIVAL, self.index)

    def arrival(self) -> None:
        """A part arrives."""
        self.arrived += 1
        self.mix.turn()
        self._come(self.mix.product, self.mix.lots)
        self.wait()

    def _come(self, product: "Product", lot: int) -> None:
        """A part comes, to the entry where its route begins."""
        source = self.line.source_of(product, self)
        caller = Caller()
        caller.product = product
        caller.lot = lot
        if source.last is None:
            source.first = caller
        else:
            source.last.next = caller
        source.last = caller
        source.callers += 1
        source.feed()

    def release(self, ticket: "Ticket") -> None:
        """Parts of an order may come."""
        source = self.line.source_of(ticket.product, self)
        ticket.behind = None
        last = source.ticket
        if last is None:
            source.ticket = ticket
        else:
            while last.behind is not None:
                last = last.behind
            last.behind = ticket
        source.feed()

    def feed(self) -> None:
        """Let parts in while there is a place for them."""
        if self.feeding:
            return
        self.feeding = True
        line = self.line
        buffer = self.station.buffer
        endless = self.interval is None and not self.passive
        while (
            (endless or self.first is not None or self.ticket is not None)
            and line.permits > 0
            and buffer.place()
            and line.world.error == 0
        ):
            stock = self.stock
            if stock is not None:
                if stock.level == 0:
                    break
                stock.level -= 1
            self._let_in(endless)
        self.feeding = False
        outside = self.outside()
        if self.stock is not None:
            self.stock.order(outside)
        if outside != self.noted:
            line.note_outside(outside - self.noted)
            self.noted = outside

    def _let_in(self, endless: bool) -> None:
        line = self.line
        caller = self.first
        ticket: Ticket | None = None
        if caller is not None:
            product = caller.product
            lot = caller.lot
            self.first = caller.next
            if self.first is None:
                self.last = None
            self.callers -= 1
            drop(caller)
        elif endless:
            self.mix.turn()
            product = self.mix.product
            lot = self.mix.lots
        else:
            ticket = self._first_ticket()
            product = ticket.product
            lot = ticket.place
            if ticket.entered + 1 == ticket.quantity:
                self._remove(ticket)
        part = line.new_part(product)
        part.lot = lot
        part.ticket = ticket
        line.let_in(part)
        self.station.buffer.arrive(part)

    def _first_ticket(self) -> "Ticket":
        """Which order goes first, by the dispatch rule of the line; among equals the first released."""
        best = self.ticket
        assert best is not None
        ticket = best.behind
        while ticket is not None:
            if self._before(ticket, best) or (not self._before(best, ticket) and ticket.place < best.place):
                best = ticket
            ticket = ticket.behind
        return best

    def _before(self, ticket: "Ticket", other: "Ticket") -> bool:
        rule = self.line.rule
        if rule == SPT:
            return ticket.product.work < other.product.work
        if rule == PRIORITY:
            return ticket.product.priority < other.product.priority
        if rule == EDD or rule == CRITICAL_RATIO:
            if ticket.due < 0 or other.due < 0:
                return ticket.due >= 0 and other.due < 0
            if rule == EDD:
                return ticket.due < other.due
            now = self.world.time
            work = max(1, ticket.product.work * (ticket.quantity - ticket.entered))
            other_work = max(1, other.product.work * (other.quantity - other.entered))
            return less(ticket.due - now, work, other.due - now, other_work)
        return False

    def _remove(self, ticket: "Ticket") -> None:
        if self.ticket is ticket:
            self.ticket = ticket.behind
        else:
            before = self.ticket
            while before is not None and before.behind is not ticket:
                before = before.behind
            if before is not None:
                before.behind = ticket.behind
        ticket.behind = None
