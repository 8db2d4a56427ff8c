"""What cannot be true of a plant at once, though each value alone is right.

Each check reads some keys of the description and yields what contradicts itself there, with the place of the decisive
key. None relies on another: an unknown station is told where it is named, and is no reason for a second complaint.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product as pairs
from typing import TYPE_CHECKING

from plant.distributions import Distribution
from plant.document import Place, address
from plant.errors import EntryError, did_you_mean, shown
from plant.flow import as_meant, circles, leads, starts, unreachable, unrouted
from plant.goods import Order, OrderStream
from plant.time import DAY, SECOND, format_duration
from plant.ways import OUT, Choice, Ride, Way

if TYPE_CHECKING:
    from plant.description import Line, Plant, Station
    from plant.goods import Product
    from plant.people import Need, Pool
    from plant.shifts import Shift

MANY = 20  # names that an error lists
WHOLE = 1 + 1e-9  # shares are sums of decimals
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values that cannot be true at once.

    Args:
        place: the way to the decisive value from the plant.
        found: what was found.
        allowed: what may stand there.
        hint: what was probably meant.
    """

    place: Place
    found: str
    allowed: str
    hint: str = ""


class ContradictionError(EntryError):
    """A plant that contradicts itself.

    Attributes:
        contradictions: all of them, in the order of the checks.
    """

    def __init__(self, plant: "Plant", contradictions: tuple[Contradiction, ...]) -> None:
        self.contradictions = contradictions
        first, *others = contradictions
        hints = [first.hint] * bool(first.hint) + [f"and {len(others)} more"] * bool(others)
        where = address(plant.model_dump(by_alias=True), first.place)
        super().__init__(f"{where}: {first.found}", first.allowed, ", ".join(hints), at=first.place)


Found = Iterator[Contradiction]


def contradictions(plant: "Plant", mended: Collection[Place] = ()) -> tuple[Contradiction, ...]:
    """All contradictions of a plant.

    Args:
        plant: a description of which each value alone is right.
        mended: places whose values nobody wrote; what depends on them is not judged.
    """
    found: list[Contradiction] = []
    for of_plant, reads in OF_PLANT:
        if not _touched(reads, mended):
            found += of_plant(plant)
    for index, line in enumerate(plant.lines):
        here = _Here(plant, line, ("lines", index), plant.products_of(line))
        near = [place for place in mended if place[0] != "lines" or place[:2] in {("lines",), here.place}]
        checks = [(check, here, reads) for check, reads in OF_LINE]
        if (meant := as_meant(line, here.products)) is not None:
            flow = replace(here, line=meant[0], products=meant[1])
            checks += [(check, flow, reads) for check, reads in OF_FLOW]
        for check, there, reads in checks:
            if not _touched(reads, near):
                found += check(there)
    return tuple(found)


def _touched(reads: Collection[str], mended: Iterable[Place]) -> bool:
    """Whether one of the keys, or what it stands in, or something in it, was mended."""
    for place in mended:
        steps = [step for step in place if isinstance(step, str)]
        if any(all(a == b for a, b in zip(steps, key.split("."), strict=False)) for key in reads):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Here:
    """A line in its plant.

    Args:
        plant: all of it.
        line: the line.
        place: where it stands.
        products: what it makes.
    """

    plant: "Plant"
    line: "Line"
    place: Place
    products: tuple["Product", ...]

    @property
    def names(self) -> list[str]:
        """Its stations."""
        return [station.name for station in self.line.stations]

    def stations(self) -> Iterator[tuple[Place, "Station"]]:
        """Its stations with their places."""
        for index, station in enumerate(self.line.stations):
            yield (*self.place, "stations", index), station

    def place_of(self, name: str) -> Place:
        """Where a station stands."""
        return (*self.place, "stations", self.names.index(name))


def _unknown(kind: str, name: str, known: Collection[str], place: Place, *, where: str = "") -> Found:
    """A name that nothing has."""
    if name not in known:
        some = [*known][:MANY]
        allowed = ", ".join(some) + (", …" if len(known) > MANY else "")
        yield Contradiction(
            place,
            f"there is no {kind} {shown(name)}{where}",
            allowed or f"a {kind} of the plant; there is none",
            did_you_mean(name, known),
        )


def _percent(share: float) -> str:
    return f"{100 * share:.6g} %"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


# --- stations that are named ---------------------------------------------------------------------------------------


def _stations_named(here: _Here) -> Found:
    """Stations that others name must be there."""
    pallets = here.line.pallets
    if pallets is not None and pallets.until is not None:
        yield from _unknown("station", pallets.until, here.names, (*here.place, "pallets", "until"))
    for place, station in here.stations():
        for at, to, out in _named_by(station):
            known = [*here.names, OUT] if out else here.names
            yield from _unknown("station", to, known, (*place, *at), where=" in the line")
        if station.name.lower() == OUT:
            found = f"{shown(station.name)} is what next calls the way out of the line"
            yield Contradiction((*place, "name"), found, "another name")


def _named_by(station: "Station") -> Iterator[tuple[Place, str, bool]]:
    """Stations that a station names, where it does, and whether it may name the way out."""
    for k, join in enumerate(station.joins):
        yield ("joins", k, "from"), join.station, False
    if station.quality.rework is not None:
        yield ("quality", "rework", "to"), station.quality.rework.to, False
    if station.inspection is not None and station.inspection.to is not None:
        yield ("inspection", "to"), station.inspection.to, False
    for at, to, _ in _ways_of(station):
        yield at, to, not isinstance(station.next, Choice)
    for k, piece in enumerate(station.disassembly):
        yield ("disassembly", k, "to"), piece.to, True


def _ways_of(station: "Station") -> Iterator[tuple[Place, str, Way | None]]:
    """The ways that next names."""
    if isinstance(station.next, Choice):
        for k, to in enumerate(station.next.to):
            yield ("next", "to", k), to, None
    else:
        for k, way in enumerate(station.next):
            yield ("next", k, "to"), way.to, way


def _own_station(here: _Here) -> Found:
    """Some ways must not lead back to where they begin."""
    for place, station in here.stations():
        for at, to, _ in _ways_of(station):
            if to == station.name:
                found = f"a way of {to} leads back to {to} itself"
                allowed = "another station, or out (work done again here is quality.rework)"
                yield Contradiction((*place, *at), found, allowed)
        for k, piece in enumerate(station.disassembly):
            if piece.to == station.name:
                found = f"a piece of {station.name} goes back to {station.name} itself"
                yield Contradiction((*place, "disassembly", k, "to"), found, "another station, or out")
        for k, join in enumerate(station.joins):
            if join.station == station.name:
                found = f"{station.name} joins itself"
                yield Contradiction((*place, "joins", k, "from"), found, "other stations of the line")


# --- ways ----------------------------------------------------------------------------------------------------------


def _ways(here: _Here) -> Found:
    """Ways out of a station: no more than all parts, each part one way."""
    for place, station in here.stations():
        at = (*place, "next")
        if station.disassembly and station.next:
            found = "next is given, and disassembly says where the pieces go"
            yield Contradiction(at, found, "one of the two")
        if isinstance(station.next, Choice):
            continue
        total = sum(way.share or 0.0 for way in station.next)
        if total > WHOLE:
            found = f"the shares of next add up to {_percent(total)}"
            yield Contradiction(at, found, "shares of at most 100 % in all")
        seen: set[str | None] = set()
        for k, way in enumerate(station.next):
            if way.share is not None:
                continue
            if way.product in seen:
                what = "all the rest" if way.product is None else f"product {way.product}"
                found = f"two ways are for {what}"
                yield Contradiction((*at, k), found, "one way; shares divide parts between several")
            seen.add(way.product)


def _assemblies(here: _Here) -> Found:
    """An assembly joins two parts or more, each from a station that no other joins."""
    joined: dict[str, str] = {}
    for place, station in here.stations():
        if len(station.joins) == 1 and station.joins[0].quantity == 1:
            found = f"{station.name} joins one part only, so that nothing is assembled"
            yield Contradiction((*place, "joins"), found, "two parts or more")
        for k, join in enumerate(station.joins):
            at, other = (*place, "joins", k, "from"), joined.setdefault(join.station, station.name)
            if k and any(join.station == earlier.station for earlier in station.joins[:k]):
                found = f"{join.station} is joined twice"
                allowed = f"each station once, with its quantity: {{from: {join.station}, quantity: 2}}"
                yield Contradiction(at, found, allowed)
            elif other != station.name:
                found = f"{join.station} is joined by {other} already"
                yield Contradiction(at, found, "stations that no other assembly joins")


def _sets_fit(here: _Here) -> Found:
    """A set can come together: in the places of its input and, without a way, on the machines that wait for one."""
    for place, station in here.stations():
        on_the_way = not (isinstance(station.transport, Distribution) and station.transport.mean == 0)
        for k, join in enumerate(station.joins):
            feeder = next((other for other in here.line.stations if other.name == join.station), None)
            if feeder is None:
                continue
            buffer = (station.buffer or 0) if join.buffer is None else join.buffer
            room = buffer + (0 if on_the_way else feeder.machines)
            if room < join.quantity:
                waiting = "" if on_the_way else f" and {feeder.machines} on the machines of {feeder.name}"
                found = f"a set takes {join.quantity} of {feeder.name}, and {buffer} can wait here{waiting}"
                least = join.quantity - (room - buffer)
                yield Contradiction((*place, "joins", k), found, f"a buffer of at least {least} for them")


def _sent_to_assemblies(here: _Here) -> Found:
    """What an assembly joins comes to it."""
    ways = leads(here.line, here.products)
    for place, station in here.stations():
        for join in station.joins:
            first = here.line.default_way(here.names.index(join.station))
            if station.name == first and station.name not in ways[join.station]:
                found = f"{join.station} sends no parts to {station.name}: its next leads elsewhere"
                yield Contradiction((*place, "joins"), found, f"stations that have {station.name} among their ways")


def _into_assemblies(here: _Here) -> Found:
    """No part comes by default into an assembly that does not join it, nor from outside."""
    assemblies = {
        station.name: {join.station for join in station.joins} for station in here.line.stations if station.joins
    }
    first = here.line.stations[0]
    if first.joins:
        found = f"{first.name} is the first station, where parts come from outside, and an assembly"
        yield Contradiction(here.place_of(first.name), found, "the stations that it joins before it")
    if not unrouted(here.products):
        return
    for index, (place, station) in enumerate(here.stations()):
        to = here.line.default_way(index)
        if to in here.line.ways(index) and station.name not in assemblies.get(to, {station.name}):
            if any(way == to for _, way, _ in _ways_of(station)) or any(
                piece.to == to for piece in station.disassembly
            ):
                continue  # it says so itself
            found = f"parts go on to {to}, an assembly that does not join {station.name}"
            yield Contradiction(place, found, f"{station.name} among the joins of {to}, or another next")


def _flow(here: _Here) -> Found:
    """Parts come to every station, and from every station out of the line."""
    graph = leads(here.line, here.products)
    begin = starts(here.line, here.products)
    for first, *others in unreachable(graph, begin):
        found = f"no part ever comes to {_listed([first, *others])}"
        yield Contradiction(here.place_of(first), found, f"stations on a way that begins at {_listed(begin)}")
    for circle in circles(graph, begin):
        found = f"{' → '.join(circle)} is a circle without a way out of the line"
        allowed = "a way from one of them to a station outside the circle, or out"
        yield Contradiction((*here.place_of(circle[-2]), "next"), found, allowed)


def _endless_rework(here: _Here) -> Found:
    """A part must not come back for ever."""
    for place, station in here.stations():
        rework, inspection = station.quality.rework, station.inspection
        if rework is not None and rework.share >= 1 and rework.limit is None:
            at = (*place, "quality", "rework", "share")
            found = "all parts are worked on again, for ever"
            yield Contradiction(at, found, "a share below 100 %, or a limit")
        if inspection is None or inspection.to is None or inspection.limit is not None:
            continue
        if min(inspection.sample, inspection.detects, inspection.false_alarm) >= 1 and inspection.every == 1:
            found = "all parts are sent back, for ever"
            at = (*place, "inspection", "false_alarm")
            yield Contradiction(at, found, "a probability below 1, or a limit")


# --- where parts come from -----------------------------------------------------------------------------------------


def _limits(here: _Here) -> Found:
    """A limit of parts in the line is told once, and for one entry."""
    line = here.line
    if line.wip_limit is not None and line.pallets is not None:
        found = "both wip_limit and pallets are given, and pallets limit the parts already"
        yield Contradiction((*here.place, "pallets"), found, "one of the two")
    begin = starts(line, here.products)
    flowing = line.entries if unrouted(here.products) else ()
    for key, entries in (("wip_limit", flowing), ("pallets", begin)):
        if getattr(line, key) is not None and len(entries) > 1:
            found = f"{key} is for a line with one entry, and parts come in at {_listed(entries)}"
            yield Contradiction((*here.place, key), found, "a line with one entry")


def _entries(here: _Here) -> Found:
    """Only at entries parts come from outside."""
    begin = starts(here.line, here.products)
    for place, station in here.stations():
        for key in ("arrivals", "product", "supply"):
            if getattr(station, key) is not None and station.name not in begin:
                found = f"{station.name} is no entry: its parts come from other stations"
                allowed = f"{key} at {_listed(begin)}, where parts come into the line"
                yield Contradiction((*place, key), found, allowed)


def _saturated(here: _Here) -> Found:
    """Where several stations are first, something must say which product comes when."""
    line = here.line
    routed = {product.route[0] for product in here.products if product.route}
    begin = routed | ({line.entries[0]} if unrouted(here.products) else set())
    endless = line.arrivals.interval is None and not line.arrivals.orders
    if routed and len(begin) > 1 and endless and line.wip_limit is None:
        first = [name for name in here.names if name in begin]
        if len(first) > 1:
            found = f"the products begin at {_listed(first)}; saturated, nothing says how many come of each"
            allowed = "arrivals at intervals or from orders, a wip_limit, or routes that begin at the same station"
            yield Contradiction((*here.place, "arrivals"), found, allowed)


def _works_to_orders(line: "Line") -> bool:
    return any(line.arrivals_at(station).orders for station in line.stations if station.name in line.entries) or (
        line.arrivals.orders
    )


def _lines_with_orders(plant: "Plant") -> list[str]:
    return [line.name for line in plant.lines if _works_to_orders(line)]


def _lines_wait_for_orders(plant: "Plant") -> Found:
    """A line that works to orders has some."""
    for index, line in enumerate(plant.lines):
        told = any(order.line == line.name or order.line is None for order in plant.orders)
        if _works_to_orders(line) and not told:
            at = [k for k, station in enumerate(line.stations) if station.arrivals and station.arrivals.orders]
            place: Place = ("lines", index, "arrivals")
            if not line.arrivals.orders and at:
                place = ("lines", index, "stations", at[0], "arrivals")
            found = f"{line.name} works to orders, and there is no order for it"
            yield Contradiction(place, found, "orders of the plant for the line, or other arrivals")


def _orders(plant: "Plant") -> Found:
    """An order goes to a line that works to orders and makes its product."""
    lines, ordered = {line.name: line for line in plant.lines}, _lines_with_orders(plant)
    streams = {order.order for order in plant.orders if isinstance(order, OrderStream)}
    for k, order in enumerate(plant.orders):
        place: Place = ("orders", k)
        if order.line is not None and order.line not in lines:
            yield from _unknown("line", order.line, lines, (*place, "line"))
        elif order.line is not None and order.line not in ordered:
            found = f"the arrivals of {order.line} are not orders"
            yield Contradiction((*place, "line"), found, _listed(ordered) or "a line with arrivals: orders")
        elif order.line is None and not ordered:
            found = f"no line works to orders, and {order.order} is one"
            yield Contradiction(place, found, "a line with arrivals: orders")
        elif order.line is None and len(ordered) > 1:
            found = f"{_listed(ordered)} work to orders, and nothing says which of them makes {order.order}"
            yield Contradiction(place, found, f"line: {ordered[0]}")
        head, _, number = order.order.rpartition("-")
        if isinstance(order, Order) and head in streams and number.isdigit():
            found = f"{order.order} is a name that the orders of {head} come to have"
            yield Contradiction((*place, "order"), found, "another name")


def _ordered_products(plant: "Plant") -> Found:
    """The product of an order is one of its line."""
    lines, ordered = {line.name: line for line in plant.lines}, _lines_with_orders(plant)
    for k, order in enumerate(plant.orders):
        name = order.line if order.line is not None else ordered[0] if len(ordered) == 1 else ""
        makes = [one.name for one in (plant.products_of(lines[name]) if name in ordered else plant.products)]
        if order.product is not None and makes:
            where = f" in line {name}" if name in ordered and order.product in _product_names(plant) else ""
            yield from _unknown("product", order.product, makes, ("orders", k, "product"), where=where)
        elif isinstance(order, Order) and name in ordered and len(makes) > 1:
            found = f"{name} makes {len(makes)} products, and nothing says which of them {order.order} wants"
            yield Contradiction(("orders", k), found, f"product: one of {_listed(makes)}")


# --- products ------------------------------------------------------------------------------------------------------


def _product_names(plant: "Plant") -> list[str]:
    return [product.name for product in plant.products]


def _products_named(here: _Here) -> Found:
    """Products that a line names must be there, and be made by it where they come into being."""
    declared, makes = _product_names(here.plant), [product.name for product in here.products]
    for k, name in enumerate(here.line.products or ()):
        yield from _unknown("product", name, declared, (*here.place, "products", k))
    if here.line.products is not None and not here.line.products:
        yield Contradiction((*here.place, "products"), "the line makes nothing", "one product or more")
    for k, step in enumerate(here.line.sequence):
        yield from _unknown(
            "product", step.product, makes, (*here.place, "sequence", k, "product"), where=" in the line"
        )
    for place, station in here.stations():
        if station.product is not None:
            yield from _unknown("product", station.product, makes, (*place, "product"), where=" in the line")
        for name in station.power.by_product if station.power is not None else ():
            yield from _unknown("product", name, declared or makes, (*place, "power", "by_product", name))
        for at, _, way in _ways_of(station):
            if way is not None and way.product is not None:
                yield from _unknown("product", way.product, declared or makes, (*place, *at[:-1], "product"))
        for k, piece in enumerate(station.disassembly):
            if piece.product is not None:
                at = (*place, "disassembly", k, "product")
                yield from _unknown("product", piece.product, makes, at, where=" in the line")


def _matrices(here: _Here) -> Found:
    """A setup matrix goes by products."""
    declared = _product_names(here.plant)
    for place, station in here.stations():
        if station.setup is None or not station.setup.matrix:
            continue
        at = (*place, "setup", "matrix")
        if not declared:
            found = "a matrix goes by product, and the plant declares no products"
            yield Contradiction(at, found, "products of the plant, or a time instead of the matrix")
            continue
        for before, row in station.setup.matrix.items():
            yield from _unknown("product", before, declared, (*at, before))
            for after in row:
                yield from _unknown("product", after, declared, (*at, before, after))


def _mixes(here: _Here) -> Found:
    """The shares of a line's products make one whole."""
    alike = [line for line in here.plant.lines if here.plant.products_of(line) == here.products]
    drawn = [line for line in alike if not line.sequence and not line.arrivals.orders]
    named = {station.product for station in here.line.stations}
    mixed = [one for one in here.products if one.share is not None or one.name not in named]
    told = [one for one in mixed if one.share is not None]
    if not told:
        return
    whole = sum(one.share or 0.0 for one in told)
    place: Place = ("products", _product_names(here.plant).index(told[-1].name), "share")
    where = f" of line {here.line.name}" if len(here.plant.lines) > 1 else ""
    if whole > WHOLE and here.line == alike[0]:  # of lines that make the same, the first one tells it
        found = f"the shares of the products{where} add up to {_percent(whole)}"
        yield Contradiction(place, found, "shares of at most 100 % in all")
    elif whole < 2 - WHOLE and 1 < len(mixed) == len(told) and here.line in drawn[:1]:
        found = f"the shares of all products{where} add up to {_percent(whole)}"
        yield Contradiction(place, found, "100 % in all, or a product without share for the rest")


def _products(plant: "Plant") -> Found:
    """Each product is made by some line, and names stations of lines that make it."""
    stations = {line.name: [station.name for station in line.stations] for line in plant.lines}
    for k, one in enumerate(plant.products):
        lines = [line.name for line in plant.lines if one in plant.products_of(line)]
        known = list(dict.fromkeys(name for line in lines for name in stations[line]))
        if not lines:
            found = f"no line makes {one.name}"
            yield Contradiction(("products", k), found, "a product that is among the products of a line")
            continue
        where = f" that makes {one.name}" if len(lines) < len(plant.lines) else ""
        for key in ("cycle_times", "ideal_cycles"):
            for name in getattr(one, key):
                yield from _unknown("station", name, known, ("products", k, key, name), where=where)
        for step, name in enumerate(one.route):
            lacking = [line for line in lines if name not in stations[line]]
            if lacking == lines:
                yield from _unknown("station", name, known, ("products", k, "route", step), where=where)
            elif lacking:
                found = f"line {lacking[0]}, which makes {one.name} too, has no station {name}"
                at = ("products", k, "route", step)
                yield Contradiction(at, found, "a route through each line that makes it, or products for each line")


# --- what a station needs ------------------------------------------------------------------------------------------


def _pools_named(here: _Here) -> Found:
    """Pools that stations need must be there, with the skill and enough people."""
    pools = {pool.pool: pool for pool in here.plant.operators}
    for place, _, need, name, at in _needs(here):
        pool = pools.get(name)
        if pool is None:
            yield from _unknown("pool", name, pools, at)
            continue
        for t, task in enumerate(need.tasks):
            if task not in pool.skills:
                found = f"the operators of {name} cannot {task}"
                yield Contradiction((*place, "for", t), found, _listed(pool.skills) or "a pool with that skill")
        if need.count > pool.most:
            found = f"{need.count} operators at once are needed, and {name} has {pool.most}"
            yield Contradiction((*place, "count"), found, f"at most {pool.most}")


def _on_shift_together(here: _Here) -> Found:
    """Operators that a station needs are there at some time when it works."""
    shifts = {shift.name: shift for shift in here.plant.shifts}
    pools = {pool.pool: pool for pool in here.plant.operators}
    if not shifts:
        return
    for _, station, need, name, at in _needs(here):
        pool = pools.get(name)
        if pool is None or (station.repairs == "always" and set(need.tasks) <= {"repair"}):
            continue
        theirs = [shifts[one] for one in _works(pool, shifts) if one in shifts]
        ours = [shifts[one] for one in (shifts if station.shifts is None else station.shifts) if one in shifts]
        if theirs and ours and not any(_overlap(one, other) for one, other in pairs(theirs, ours)):
            found = (
                f"{name} is never there when {station.name} works: in shift {_listed(s.name for s in theirs)}, "
                f"not in {_listed(s.name for s in ours)}"
            )
            yield Contradiction(at, found, "a pool that has a shift at the same time as the station")


def _needs(here: _Here) -> Iterator[tuple[Place, "Station", "Need", str, Place]]:
    """What stations need of which pool: its place, the station, the need, the pool, and where that is named."""
    for place, station in here.stations():
        for k, need in enumerate(station.operators):
            for p, name in enumerate(need.pool):
                yield (*place, "operators", k), station, need, name, (*place, "operators", k, "pool", p)


def _works(pool: "Pool", shifts: Iterable[str]) -> Iterable[str]:
    if isinstance(pool.count, dict):
        return [shift for shift, count in pool.count.items() if count]
    return shifts if pool.shifts is None else pool.shifts


def _overlap(one: "Shift", other: "Shift") -> bool:
    """Whether two shifts are on together on some day of a week."""
    begins = ((a * DAY + one.start, b * DAY + other.start) for a, b in pairs(one.days, other.days))
    return any((b - a) % WEEK < one.length or (a - b) % WEEK < other.length for a, b in begins)


def _shifts_named(plant: "Plant") -> Found:
    """Shifts that people and stations name must be there."""
    known = [shift.name for shift in plant.shifts]
    named: list[tuple[Place, tuple[str, ...] | None]] = []
    for k, pool in enumerate(plant.operators):
        named.append((("operators", k, "shifts"), pool.shifts))
        if isinstance(pool.count, dict):
            for name in pool.count:
                yield from _unknown("shift", name, known, ("operators", k, "count", name))
    for i, line in enumerate(plant.lines):
        named += [(("lines", i, "stations", k, "shifts"), station.shifts) for k, station in enumerate(line.stations)]
    for place, names in named:
        if names == ():
            yield Contradiction(place, "no shift is named, so that nobody ever works", "one or more")
        for k, name in enumerate(names or ()):
            yield from _unknown("shift", name, known, (*place, k))


def _fleets_named(here: _Here) -> Found:
    """A fleet that brings parts must be there."""
    known = [fleet.fleet for fleet in here.plant.fleets]
    for place, station in here.stations():
        if isinstance(station.transport, Ride):
            yield from _unknown("fleet", station.transport.fleet, known, (*place, "transport", "fleet"))


def _distances(plant: "Plant") -> Found:
    """Distances lie between stations of the plant, each told once."""
    known = list(dict.fromkeys(station.name for line in plant.lines for station in line.stations))
    for k, fleet in enumerate(plant.fleets):
        seen: set[tuple[str, str]] = set()
        for d, way in enumerate(fleet.distances):
            place: Place = ("fleets", k, "distances", d)
            yield from _unknown("station", way.start, known, (*place, "from"))
            yield from _unknown("station", way.to, known, (*place, "to"))
            if (way.start, way.to) in seen:
                found = f"the way from {way.start} to {way.to} is there already"
                yield Contradiction(place, found, "each way once")
            seen.add((way.start, way.to))


# --- a station in itself -------------------------------------------------------------------------------------------


def _together(here: _Here) -> Found:
    """Elements that nothing defines the meaning of together."""
    early = here.line.blocking == "before-service"
    for place, station in here.stations():
        if station.batch is not None and (station.joins or station.disassembly):
            other = "joins" if station.joins else "disassembly"
            found = f"batch and {other} are given, and parts are either worked on together or made one"
            if other == "disassembly":
                found = "batch and disassembly are given, and a batch is not taken apart"
            yield Contradiction((*place, "batch"), found, "one of the two")
        given = {
            "batch": station.batch is not None,
            "disassembly": bool(station.disassembly),
            "joins": bool(station.joins),
            "transport": isinstance(station.transport, Ride),
        }
        for key in (key for key, there in given.items() if early and there):
            what = "a fleet" if key == "transport" else key
            found = f"what {what} means with blocking before service is not defined"
            yield Contradiction((*place, key), found, "blocking: after-service in this line")


def _durations(here: _Here) -> Found:
    """Durations that make sense beside each other."""
    for place, station in here.stations():
        least, ideal = station.minimum_cycle, station.ideal_cycle
        steady = station.batch is None and not any(station.name in one.cycle_times for one in here.plant.products)
        if least is not None and ideal is not None and least > ideal:
            found = f"minimum_cycle {format_duration(least)} is above ideal_cycle {format_duration(ideal)}"
            yield Contradiction((*place, "minimum_cycle"), found, f"at most {format_duration(ideal)}")
        elif least is not None and steady and least > station.cycle_time.mean:
            mean = format_duration(round(station.cycle_time.mean))
            found = f"minimum_cycle {format_duration(least)} is above the mean of cycle_time, {mean}"
            yield Contradiction((*place, "minimum_cycle"), found, f"at most {mean}")
        for k, task in enumerate(station.maintenance):
            if task.every is not None and task.every.time is not None and task.every.time < SECOND:
                found = f"maintenance every {task.every} leaves no time to work"
                yield Contradiction((*place, "maintenance", k, "every"), found, "1 s or more")


def _modes_named(here: _Here) -> Found:
    """Maintenance renews failure modes of its station."""
    for place, station in here.stations():
        known = [failure.mode for failure in station.failures]
        for k, task in enumerate(station.maintenance):
            for m, mode in enumerate(task.renews):
                yield from _unknown("mode", mode, known, (*place, "maintenance", k, "renews", m))


# --- all of them ---------------------------------------------------------------------------------------------------

_STATIONS = "lines.stations"
_NAMES = (f"{_STATIONS}.name",)
_BACK = (f"{_STATIONS}.quality.rework", f"{_STATIONS}.inspection.to")
_FORTH = (f"{_STATIONS}.next", f"{_STATIONS}.joins", f"{_STATIONS}.disassembly")
_MADE = ("products.name", "lines.products")
_FLOW = (*_NAMES, *_BACK, *_FORTH, *_MADE, "products.route")
_TO_ORDERS = ("lines.arrivals", f"{_STATIONS}.arrivals", "lines.name", "orders.line", *_FLOW)
_PEOPLE = ("operators", f"{_STATIONS}.operators")

OF_PLANT: tuple[tuple[Callable[["Plant"], Found], tuple[str, ...]], ...] = (
    (_shifts_named, ("shifts.name",)),
    (_distances, _NAMES),
    (_products, (*_NAMES, *_MADE)),
    (_lines_wait_for_orders, ("orders", *_TO_ORDERS)),
    (_orders, ("orders.order", *_TO_ORDERS)),
    (_ordered_products, ("orders.order", *_MADE, *_TO_ORDERS)),
)
"""Checks of a plant as a whole, with the keys that they read."""

OF_LINE: tuple[tuple[Callable[[_Here], Found], tuple[str, ...]], ...] = (
    (_stations_named, _NAMES),
    (_own_station, _NAMES),
    (_ways, ()),
    (_assemblies, (f"{_STATIONS}.joins", *_NAMES)),
    (_sets_fit, (*(f"{_STATIONS}.{key}" for key in ("joins", "buffer", "transport", "machines")), *_NAMES)),
    (_endless_rework, (f"{_STATIONS}.quality.rework", f"{_STATIONS}.inspection")),
    (_products_named, _MADE),
    (_matrices, _MADE),
    (_mixes, ("products.share", "lines.sequence", "lines.arrivals", f"{_STATIONS}.product", *_MADE)),
    (_pools_named, ("operators.pool", "operators.skills", "operators.count")),
    (_on_shift_together, ("shifts", f"{_STATIONS}.shifts", f"{_STATIONS}.repairs", *_PEOPLE)),
    (_fleets_named, ("fleets.fleet",)),
    (_together, ("lines.blocking",)),
    (_durations, ("products.cycle_times", f"{_STATIONS}.cycle_time")),
    (_modes_named, (f"{_STATIONS}.failures.mode",)),
)
"""Checks of each line, with the keys that they read."""

OF_FLOW: tuple[tuple[Callable[[_Here], Found], tuple[str, ...]], ...] = (
    (_sent_to_assemblies, _FLOW),
    (_into_assemblies, _FLOW),
    (_flow, _FLOW),
    (_limits, _FLOW),
    (_entries, _FLOW),
    (_saturated, ("lines.arrivals", "lines.wip_limit", *_FLOW)),
)
"""Checks of the flow through each line, names taken as they were probably meant."""
