"""Where the parts of a line come from."""

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

from plant.ways import Supply
from simulators.agenda import Agenda, Timer
from simulators.orders import Ticket
from simulators.streams import Streams, Times

if TYPE_CHECKING:
    from plant.goods import Product
    from simulators.buffer import Buffer
    from simulators.station import Station


class Mix:
    """Which product comes next: in a sequence, or drawn by shares, in lots.

    Attributes:
        lots: lots so far, from 1.
    """

    __slots__ = ("_left", "_lot", "_now", "_sequence", "_shares", "_station", "lots")

    def __init__(self, station: "Station", streams: Streams, path: str) -> None:
        line = station.line
        self._station = station
        only = station.described.product
        sequence = [(step.product, step.quantity) for step in line.described.sequence]
        self._sequence = [(only, 1)] if only is not None else sequence
        self._shares = streams.shares(path, "product")
        self._lot = line.described.lot
        self._now = line.products[0]
        self._left = 0
        self.lots = 0

    def next(self) -> "tuple[Product, int]":
        """The product of the next part, and its lot."""
        if self._left == 0:
            line = self._station.line
            if self._sequence:
                name, self._left = self._sequence[self.lots % len(self._sequence)]
                self._now = line.product(name)
                self._left *= self._lot
            else:
                self._left = self._lot
                self._now = line.draw_product(self._shares(self.lots)) if line.mixed else line.products[0]
            self.lots += 1
        self._left -= 1
        return self._now, self.lots


class Stock:
    """Material in front of an entry: ordered again when it runs low.

    Attributes:
        level: parts there.
        ordered: parts under way.
        orders: orders so far.
    """

    __slots__ = ("_env", "_lead_time", "_of", "_source", "level", "ordered", "orders")

    def __init__(self, env: Agenda, source: "Source", of: Supply, lead_time: Times) -> None:
        self._env = env
        self._source = source
        self._of = of
        self._lead_time = lead_time
        self.level = of.initial
        self.ordered = 0
        self.orders = 0

    def order(self, waiting: int) -> None:
        """Order what is missing while so many parts wait for material; a card is free when its container is empty."""
        waiting = 0 if self._of.cards is not None else waiting
        while self.level + self.ordered - waiting <= self._of.level:
            self.ordered += self._of.quantity
            time = self._lead_time(self.orders)
            self.orders += 1
            self._env.after(time, self._delivered)

    def _delivered(self, _: Timer) -> None:
        self.level += self._of.quantity
        self.ordered -= self._of.quantity
        self._source.feed()


class Source:
    """Parts in front of an entry: without end, one after each interval, or as orders want them (rules 4 and 6).

    A part that finds no place waits outside the line; neither lead time nor WIP know of it (rule 26).

    Attributes:
        arrived: timed arrivals so far.
        queue: products and lots of the parts that wait outside.
        tickets: released orders of which parts wait outside.
        outside: how many parts these are.
        timer: the next timed arrival, due at `due`.
    """

    __slots__ = (
        "_feeding", "_interval", "_noted", "_orders", "arrived", "due", "env", "mix", "queue", "station", "stock",
        "tickets", "timer",
    )  # fmt: skip

    def __init__(self, env: Agenda, station: "Station", interval: Times | None, mix: Mix, *, orders: bool) -> None:
        self.env = env
        self.station = station
        self._interval = interval
        self._orders = orders
        self.mix = mix
        self.stock: Stock | None = None
        self.arrived = 0
        self.queue: deque[tuple[Product, int]] = deque()
        self.tickets: list[Ticket] = []
        self._noted = 0
        self._feeding = False
        self.due = 0
        self.timer: Timer | None = None

    @property
    def outside(self) -> int:
        """Parts that wait outside; 0 if the entry is saturated."""
        return len(self.queue) + sum(ticket.quantity - ticket.entered for ticket in self.tickets)

    @property
    def brings(self) -> bool:
        """Whether parts come here some time, whatever the line does."""
        return self.station.line.permits > 0 or self.station.line.pallets_under_way > 0

    def wait(self, time: int | None = None) -> None:
        """Wait for the next timed arrival: one interval, or what is left of it."""
        if self._interval is None:
            return
        time = self._interval(self.arrived) if time is None else time
        self.due = self.env.time + time
        self.timer = self.env.after(time, self._arrival)

    def _arrival(self, _: Timer) -> None:
        self.arrived += 1
        self.come(*self.mix.next())
        self.wait()

    def come(self, product: "Product", lot: int) -> None:
        """A part comes, to the entry where its route begins."""
        source = self.station.line.source_of(product, self)
        source.queue.append((product, lot))
        source.feed()

    def release(self, ticket: Ticket) -> None:
        """Parts of an order may come."""
        source = self.station.line.source_of(ticket.product, self)
        source.tickets.append(ticket)
        source.feed()

    def feed(self) -> None:
        """Let parts in while there is a place for them."""
        if self._feeding:
            return
        self._feeding = True
        station, line = self.station, self.station.line
        buffer: Buffer = station.buffer
        endless = self._interval is None and not self._orders
        while (endless or self.queue or self.tickets) and line.permits and buffer.place:
            if self.stock is not None:
                if not self.stock.level:
                    break
                self.stock.level -= 1
            ticket = None
            if self.queue:
                product, lot = self.queue.popleft()
            elif endless:
                product, lot = self.mix.next()
            else:
                ticket = min(self.tickets, key=self._rank)
                product, lot = ticket.product, ticket.place
                if ticket.entered + 1 == ticket.quantity:
                    self.tickets.remove(ticket)
            part = line.new_part(product)
            part.lot, part.ticket = lot, ticket
            line.let_in(part)
            buffer.arrive(part)
        self._feeding = False
        outside = self.outside
        if self.stock is not None:
            self.stock.order(outside)
        if outside != self._noted:
            line.note_outside(outside - self._noted)
            self._noted = outside

    def _rank(self, ticket: Ticket) -> tuple[float | Fraction, int]:
        """Which order goes first, by the dispatch rule of the line; among equals the first released."""
        rule, line = self.station.line.described.dispatch, self.station.line
        place = ticket.place
        due = float("inf") if ticket.due is None else ticket.due
        match rule:
            case "edd":
                return due, place
            case "spt":
                return line.work_of(ticket.product), place
            case "critical-ratio":
                work = max(1, line.work_of(ticket.product) * (ticket.quantity - ticket.entered))
                return (due if ticket.due is None else Fraction(ticket.due - self.env.time, work)), place
            case "priority":
                return ticket.product.priority, place
        return 0, place
