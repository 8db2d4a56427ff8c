"""A line of the kernel: its products, its sources, and what its parts share; see `simulators.line`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import draw
from simulators.compiled.part import Part
from simulators.compiled.phase import READY
from simulators.compiled.records import record_departure
from simulators.compiled.world import PALLET
from simulators.compiler.language import Record, Row, drop

if TYPE_CHECKING:
    from simulators.compiled.draws import Draw
    from simulators.compiled.orders import Ticket
    from simulators.compiled.records import Log
    from simulators.compiled.source import Source
    from simulators.compiled.station import Station
    from simulators.compiled.world import World


class Product(Record):
    """A product of a line.

    Attributes:
        index: among those of its line.
        route: stations that it visits; empty: as the line flows.
        work: mean work on a part of it; `work_from` that from each station of the line on, `work_after` that from each
            step of its route on, µs.
    """

    index: int = 0
    priority: int = 5
    route: "Row[Station]"
    work: int = 0
    work_from: Row[int]
    work_after: Row[int]


class Line(Record):
    """A line of the plant; see `simulators.line.Line`.

    Attributes:
        mix, upto: products that are drawn, with the upper ends of their shares.
        rule: which order goes first.
        number: parts in the line now, `inside` the integral of it inside the window, up to `counted`.
        level: the same of parts that wait outside, with `outside` and `noted`.
        departures: instant of leaving, and when it came, of every good part.
        tickets: the first order that was released; `last_ticket`, `released` of them.
        expected: orders in the order of the plant file: told ones counted from 1, streams from -1 down.
        ended: whether an order was completed in this instant.
    """

    world: "World"
    index: int = 0
    products: Row[Product]
    mix: Row[Product]
    upto: Row[float]
    rule: int = 0
    stations: "Row[Station]"
    sources: "Row[Source]"
    made: int = 0
    number: int = 0
    inside: int = 0
    counted: int = 0
    level: int = 0
    outside: int = 0
    noted: int = 0
    out: int = 0
    scrapped: int = 0
    departures: "Log"
    levels: "Log"
    expected: Row[int]
    limited: bool = False
    permits: int = 0
    back: "Draw | None" = None
    backs: int = 0
    pallets_under_way: int = 0
    pallet_ends: "Station | None" = None
    may_lock: bool = False
    orders: bool = False
    ended: bool = False
    tickets: "Ticket | None" = None
    last_ticket: "Ticket | None" = None
    released: int = 0

    # --- products ------------------------------------------------------------------------------------------------

    def draw_product(self, share: float) -> Product:
        """The product that a uniform number stands for, by the shares of the mix."""
        for i in range(len(self.mix)):
            if share < self.upto[i]:
                return self.mix[i]
        return self.mix[len(self.mix) - 1]

    def source_of(self, product: Product, source: "Source") -> "Source":
        """Where parts of a product come in: at the first station of its route, else at the given entry."""
        if len(product.route) > 0:
            own = product.route[0].source
            if own is not None:
                return own
        return source

    # --- parts ---------------------------------------------------------------------------------------------------

    def new_part(self, product: Product) -> Part:
        """A part comes into being in the line."""
        self.made += 1
        part = Part()
        part.number = self.made
        part.product = product
        part.entered = self.world.time
        part.since = self.world.time
        part.enter = self.world.time
        self._count(1)
        return part

    def _count(self, change: int) -> None:
        now = self.world.time
        self.inside += self.number * self.world.overlap(self.counted, now)
        self.counted = now
        self.number += change

    def let_in(self, part: Part) -> None:
        """A part comes from outside."""
        if self.limited:
            self.permits -= 1
            part.rides = True
        ticket = part.ticket
        if ticket is not None:
            ticket.entered += 1

    def part_leaves(self, part: Part) -> None:
        """A part is out of the line, good or scrap."""
        record_departure(self, part, self.world.time)
        ticket = part.ticket
        scrap = part.scrap
        self.gone(part)
        if ticket is not None:
            self._count_of(ticket, scrap)

    def gone(self, part: Part) -> None:
        """A part is in the line no more: it has left, or is a piece of another one."""
        self._count(-1)
        if part.rides:
            self.free_pallet(part)
        drop(part)

    def free_pallet(self, part: Part) -> None:
        """What a part rode on goes back to the entry."""
        part.rides = False
        time = 0
        if self.back is not None:
            time = draw(self.back, self.backs)
            self.backs += 1
        self.pallets_under_way += 1
        if time != 0:
            self.world.after(time, PALLET, self.index)
        else:
            self.pallet_is_back()

    def pallet_is_back(self) -> None:
        """Somebody else may come in."""
        self.pallets_under_way -= 1
        self.permits += 1
        for source in self.sources:
            source.feed()

    def note_outside(self, change: int) -> None:
        """The number of parts that wait outside has changed."""
        now = self.world.time
        self.outside += self.level * self.world.overlap(self.noted, now)
        self.noted = now
        self.level += change
        if self.world.keep:
            at = self.levels.room(2)
            self.levels.items[at] = now
            self.levels.items[at + 1] = self.level

    # --- orders --------------------------------------------------------------------------------------------------

    def release(self, ticket: "Ticket") -> None:
        """An order is released."""
        ticket.place = self.released
        self.released += 1
        if self.last_ticket is None:
            self.tickets = ticket
        else:
            self.last_ticket.next = ticket
        self.last_ticket = ticket
        self.sources[0].release(ticket)

    def _count_of(self, ticket: "Ticket", scrap: bool) -> None:
        """A part of an order has left the line."""
        if scrap:
            ticket.scrap += 1
        else:
            ticket.good += 1
        if ticket.good + ticket.scrap == ticket.quantity:
            ticket.completed = self.world.time
            self.ended = True

    def dismiss_order(self) -> None:
        """An order is complete: it is on none of the machines any more, also where nothing else has happened."""
        self.ended = False
        for station in self.stations:
            for machine in station.machines:
                if machine.order_now() is not machine.order:
                    machine.enter(machine.condition)

    # --- at the beginning ----------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Let everything move that can: the first parts come."""
        for i in range(len(self.stations)):
            station = self.stations[len(self.stations) - 1 - i]
            for machine in station.machines:
                station.fetch(machine)
                if machine.phase == READY:
                    machine.ready()
            for buffer in station.inputs:
                buffer.move_up()

    def close(self) -> None:
        """Bring the integrals up to date."""
        self._count(0)
        now = self.world.time
        self.outside += self.level * self.world.overlap(self.noted, now)
        self.noted = now
