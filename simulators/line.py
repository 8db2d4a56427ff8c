"""A line: its sources, its stations in flow order, and what its parts share."""

from itertools import pairwise
from typing import TYPE_CHECKING

from plant import description
from plant.goods import Product
from plant.ways import OUT
from simulators.agenda import Agenda
from simulators.buffer import UNLIMITED
from simulators.ledger import Recorder
from simulators.machine import Machine
from simulators.orders import OrderBook, Ticket
from simulators.part import Part
from simulators.phase import READY
from simulators.report import Report
from simulators.reservations import Reservations
from simulators.source import Mix, Source, Stock
from simulators.station import Station
from simulators.streams import Streams
from simulators.way import Ways

if TYPE_CHECKING:
    from simulators.crew import Crews
    from simulators.fleet import Fleet


class Line:
    """A line of the plant, ready to run. Nothing but operators and vehicles connects it with other lines.

    Attributes:
        described: as the plant file has it.
        name: its name.
        index: position in the plant.
        products: what it makes.
        stations: in flow order; `by_name` the same.
        leads: stations that each station may send parts to, rework included.
        sources: where its parts come from, one per entry.
        made: parts that came into being here so far.
        inside: parts in the line by number.
        outside: parts that wait outside.
        permits: how many parts may still come in (rule 14), or pallets that are free.
        pallets_under_way: how many are on their way back.
        pallet_ends: station at which a part leaves its pallet, if not with the line.
        returning: whether a part may come to a station more than once.
        may_lock: whether machines can come to wait for each other in a circle.
        gating: whether some failure keeps parts from leaving.
        orders: its production orders.
        touched: machines of the plant whose state may have changed in this instant.
    """

    __slots__ = (
        "_back", "_backs", "_limited", "_mix", "_pallets", "by_name", "described", "env", "gating", "index", "inside",
        "leads", "made", "may_lock", "name", "orders", "outside", "pallet_ends", "pallets_under_way", "permits",
        "products", "recorder", "report", "returning", "sources", "stations", "touched",
    )  # fmt: skip

    def __init__(
        self,
        env: Agenda,
        *,
        plant: description.Plant,
        described: description.Line,
        index: int,
        touched: list[Machine],
        streams: Streams,
        recorder: Recorder | None,
        report: Report | None,
        crews: "Crews",
        fleets: "dict[str, Fleet]",
    ) -> None:
        self.env = env
        self.described = described
        self.name = described.name
        self.index = index
        self.products = plant.products_of(described)
        self.made = 0
        self.inside: dict[int, Part] = {}
        self.outside = 0
        self.recorder = recorder
        self.report = report
        self.touched = touched
        self.leads = leads(described, self.products)
        self.returning = returns(self.leads, self.products)
        self.may_lock = self.returning or any(station.joins for station in described.stations)
        self.gating = any(mode.gates == "all" for station in described.stations for mode in station.failures)
        self._pallets = described.pallets
        limit = described.wip_limit if self._pallets is None else self._pallets.count
        self._limited = limit is not None
        self.permits = UNLIMITED if limit is None else limit
        self._back = None if self._pallets is None else streams.some(self.name, "pallet", self._pallets.back)
        self._backs = 0
        self.pallets_under_way = 0
        self.pallet_ends = "" if self._pallets is None else self._pallets.until or ""
        self._mix = shares(described, self.products)
        self.stations: list[Station] = []
        for position, of in enumerate(described.stations):
            self.stations.append(
                Station(
                    env, line=self, index=position, described=of, capacity=places(described, of, self.products),
                    streams=streams, recorder=recorder, report=report, crews=crews, fleets=fleets,
                )
            )  # fmt: skip
        self.by_name = {station.name: station for station in self.stations}
        self.orders = OrderBook(env, self, self._release)
        self.sources = self._open_entries(streams)

    def _open_entries(self, streams: Streams) -> list[Source]:
        sources: list[Source] = []
        first_steps = {product.route[0] for product in self.products if product.route}
        for place, station in enumerate(self.stations):
            entry = station.name in self.described.entries
            if not entry and station.name not in first_steps:
                continue
            arrivals = self.described.arrivals_at(station.described)
            path = self.name if not sources else f"{self.name}/{station.name}"
            interval = arrivals.interval if entry else None
            timed = None if interval is None else streams.draws(path, "arrival", interval)
            passive = arrivals.orders or not entry or (place > 0 and bool(first_steps))
            source = Source(self.env, station, timed, Mix(station, streams, path), orders=passive)
            if (supply := station.described.supply) is not None:
                where = f"{self.name}/{station.name}"
                source.stock = Stock(self.env, source, supply, streams.draws(where, "lead_time", supply.lead_time))
            station.source = source
            sources.append(source)
        return sources

    def wire(self, streams: Streams) -> None:
        """Lead stations to each other, once they all have their machines."""
        following = [*self.stations[1:], None]
        for position, station in enumerate(self.stations):
            of = station.described
            default = None if of.disassembly else self.by_name.get(self.described.default_way(position))
            simple = of.disassembly or not (of.next or any(product.route for product in self.products))
            path = f"{self.name}/{station.name}"
            station.lead_to(default, None if simple else Ways(station, default, streams.shares(path, "way")))
            if self.described.blocking == "before-service" and station.source is None and following:
                station.own = Reservations(station.buffer.capacity + len(station.machines))
        for station in self.stations:
            for machine in station.machines:
                machine.settle_in()

    def catch_up(self) -> None:
        """Let everything move that can: at the beginning the first parts come; nothing if a run goes on."""
        for station in reversed(self.stations):
            for machine in station.machines:
                station.fetch(machine)
                if machine.phase is READY:
                    machine.ready()
            for buffer in station.inputs:
                buffer.move_up()

    # --- products ------------------------------------------------------------------------------------------------

    def product(self, name: str) -> Product:
        """The product of that name."""
        return next(product for product in self.products if product.name == name)

    @property
    def mixed(self) -> bool:
        """Whether its products are drawn."""
        return len(self.products) > 1

    def draw_product(self, share: float) -> Product:
        """The product that a uniform number stands for, by the shares of the mix."""
        return next((product for product, upto in self._mix if share < upto), self._mix[-1][0])

    def source_of(self, product: Product, source: Source) -> Source:
        """Where parts of a product come in: at the first station of its route, else at the given entry."""
        return self.by_name[product.route[0]].source or source if product.route else source

    def work_of(self, product: Product) -> int:
        """Mean work on a part of a product, µs."""
        route = product.route or tuple(station.name for station in self.stations)
        return sum(round(self.by_name[name].described.cycle(product).mean) for name in route)

    def work_left(self, station: Station, part: Part) -> int:
        """Mean work on a part that stands in front of a station, µs."""
        if part.product is None:
            return 0
        if part.product.route:
            route = [self.by_name[name] for name in part.product.route[part.step :]]
        else:
            route = self.stations[station.index :]
        return sum(round(station.described.cycle(part.product).mean) for station in route)

    # --- parts ---------------------------------------------------------------------------------------------------

    def new_part(self, product: Product | None) -> Part:
        """A part comes into being in the line."""
        self.made += 1
        part = Part(self.name, self.made, self.env.time, product)
        self.inside[part.number] = part
        return part

    def let_in(self, part: Part) -> None:
        """A part comes from outside."""
        if self._limited:
            self.permits -= 1
            part.rides = True
        if part.ticket is not None:
            self.orders.enter(part.ticket)

    def part_leaves(self, part: Part) -> None:
        """A part is out of the line, good or scrap."""
        if self.recorder is not None:
            self.recorder.departure(self.index, part, self.env.time)
        self.gone(part)
        if part.ticket is not None:
            self.orders.leave(part.ticket, good=not part.scrap)

    def gone(self, part: Part) -> None:
        """A part is in the line no more: it has left, or is a piece of another one."""
        del self.inside[part.number]
        if part.rides:
            self.free_pallet(part)

    def free_pallet(self, part: Part) -> None:
        """What a part rode on goes back to the entry."""
        part.rides = False
        time = 0
        if self._back is not None:
            time = self._back(self._backs)
            self._backs += 1
        self.pallets_under_way += 1
        if time:
            self.env.after(time, lambda _: self._pallet_is_back())
        else:
            self._pallet_is_back()

    def _pallet_is_back(self) -> None:
        self.pallets_under_way -= 1
        self.permits += 1
        for source in self.sources:
            source.feed()

    def _release(self, ticket: Ticket) -> None:
        self.sources[0].release(ticket)

    def note_outside(self, change: int) -> None:
        """The number of parts that wait outside has changed."""
        self.outside += change
        if self.recorder is not None:
            self.recorder.outside(self.index, self.env.time, self.outside)


def places(line: description.Line, station: description.Station, products: tuple[Product, ...]) -> int:
    """Places in front of a station; left out 0, at an entry that is not simply saturated unlimited (rules 6 and 14)."""
    entry = station.name in line.entries or any(p.route and p.route[0] == station.name for p in products)
    if entry and line.wip_limit is not None:
        return UNLIMITED
    if station.buffer is not None:
        return station.buffer
    arrivals = line.arrivals_at(station)
    return UNLIMITED if entry and (arrivals.interval is not None or arrivals.orders) else 0


def shares(line: description.Line, products: tuple[Product, ...]) -> list[tuple[Product, float]]:
    """Products of the mix with the upper ends of their shares; one that an entry names comes there only."""
    named = {station.product for station in line.stations}
    mixed = [product for product in products if product.share is not None or product.name not in named] or [*products]
    open_ones = [product for product in mixed if product.share is None]
    rest = max(0.0, 1.0 - sum(product.share or 0.0 for product in mixed))
    upto, found = 0.0, []
    for product in mixed:
        upto += rest / len(open_ones) if product.share is None else product.share
        found.append((product, upto))
    return found


def leads(line: description.Line, products: tuple[Product, ...]) -> dict[str, list[str]]:
    """Stations that parts may go to from each station, with rework and routes."""
    leads: dict[str, list[str]] = {}
    for index, station in enumerate(line.stations):
        back = [] if station.quality.rework is None else [station.quality.rework.to]
        if station.inspection is not None and station.inspection.to is not None:
            back.append(station.inspection.to)
        leads[station.name] = [name for name in (*line.ways(index), *back) if name != OUT]
    for product in products:
        for before, after in pairwise(product.route):
            leads[before].append(after)
    return leads


def returns(leads: dict[str, list[str]], products: tuple[Product, ...]) -> bool:
    """Whether a part may come to a station again: the ways have a circle."""
    if any(len(set(product.route)) < len(product.route) for product in products):
        return True
    for start in leads:
        reached, todo = set(), [start]
        while todo:
            for name in leads.get(todo.pop(), ()):
                if name == start:
                    return True
                if name not in reached:
                    reached.add(name)
                    todo.append(name)
    return False
