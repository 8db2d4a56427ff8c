"""Contradictions of arrivals: entries, limits of parts in a line, production orders."""

from typing import TYPE_CHECKING

from plant.contradictions.contradiction import Contradiction, Found, Here, listed, product_names, unknown
from plant.flow import starts, unrouted
from plant.goods import Order, OrderStream

if TYPE_CHECKING:
    from plant.description import Line, Plant
    from plant.document import Place


def limits(here: Here) -> Found:
    """A limit of parts in the line is told once, and for one entry."""
    line = here.line
    if line.wip_limit is not None and line.pallets is not None:
        found = "both wip_limit and pallets are given, and pallets limit the parts already"
        yield Contradiction((*here.place, "pallets"), found, "one of the two")
    begin = starts(line, here.products)
    flowing = line.entries if unrouted(here.products) else ()
    for key, entries in (("wip_limit", flowing), ("pallets", begin)):
        if getattr(line, key) is not None and len(entries) > 1:
            found = f"{key} is for a line with one entry, and parts come in at {listed(entries)}"
            yield Contradiction((*here.place, key), found, "a line with one entry")


def entries(here: Here) -> Found:
    """Only at entries parts come from outside."""
    begin = starts(here.line, here.products)
    for place, station in here.stations():
        for key in ("arrivals", "product", "supply"):
            if getattr(station, key) is not None and station.name not in begin:
                found = f"{station.name} is no entry: its parts come from other stations"
                allowed = f"{key} at {listed(begin)}, where parts come into the line"
                yield Contradiction((*place, key), found, allowed)


def saturated(here: Here) -> Found:
    """Where several stations are first, something must say which product comes when."""
    line = here.line
    routed = {product.route[0] for product in here.products if product.route}
    begin = routed | ({line.entries[0]} if unrouted(here.products) else set())
    endless = line.arrivals.interval is None and not line.arrivals.orders
    if routed and len(begin) > 1 and endless and line.wip_limit is None:
        first = [name for name in here.names if name in begin]
        if len(first) > 1:
            found = f"the products begin at {listed(first)}; saturated, nothing says how many come of each"
            allowed = "arrivals at intervals or from orders, a wip_limit, or routes that begin at the same station"
            yield Contradiction((*here.place, "arrivals"), found, allowed)


def _works_to_orders(line: "Line") -> bool:
    return any(line.arrivals_at(station).orders for station in line.stations if station.name in line.entries) or (
        line.arrivals.orders
    )


def _lines_with_orders(plant: "Plant") -> list[str]:
    return [line.name for line in plant.lines if _works_to_orders(line)]


def lines_wait_for_orders(plant: "Plant") -> Found:
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


def orders(plant: "Plant") -> Found:
    """An order goes to a line that works to orders and makes its product."""
    lines, ordered = {line.name: line for line in plant.lines}, _lines_with_orders(plant)
    streams = {order.order for order in plant.orders if isinstance(order, OrderStream)}
    for k, order in enumerate(plant.orders):
        place: Place = ("orders", k)
        if order.line is not None and order.line not in lines:
            yield from unknown("line", order.line, lines, (*place, "line"))
        elif order.line is not None and order.line not in ordered:
            found = f"the arrivals of {order.line} are not orders"
            yield Contradiction((*place, "line"), found, listed(ordered) or "a line with arrivals: orders")
        elif order.line is None and not ordered:
            found = f"no line works to orders, and {order.order} is one"
            yield Contradiction(place, found, "a line with arrivals: orders")
        elif order.line is None and len(ordered) > 1:
            found = f"{listed(ordered)} work to orders, and nothing says which of them makes {order.order}"
            yield Contradiction(place, found, f"line: {ordered[0]}")
        head, _, number = order.order.rpartition("-")
        if isinstance(order, Order) and head in streams and number.isdigit():
            found = f"{order.order} is a name that the orders of {head} come to have"
            yield Contradiction((*place, "order"), found, "another name")


def ordered_products(plant: "Plant") -> Found:
    """The product of an order is one of its line."""
    lines, ordered = {line.name: line for line in plant.lines}, _lines_with_orders(plant)
    for k, order in enumerate(plant.orders):
        name = order.line if order.line is not None else ordered[0] if len(ordered) == 1 else ""
        makes = [one.name for one in (plant.products_of(lines[name]) if name in ordered else plant.products)]
        if order.product is not None and makes:
            where = f" in line {name}" if name in ordered and order.product in product_names(plant) else ""
            yield from unknown("product", order.product, makes, ("orders", k, "product"), where=where)
        elif isinstance(order, Order) and name in ordered and len(makes) > 1:
            found = f"{name} makes {len(makes)} products, and nothing says which of them {order.order} wants"
            yield Contradiction(("orders", k), found, f"product: one of {listed(makes)}")
