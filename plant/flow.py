"""The ways that parts may take through a line, as a graph of its stations (rule 5 of the line rules)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from plant.errors import closest
from plant.ways import OUT, Choice, Way

if TYPE_CHECKING:
    from plant.description import Line, Station
    from plant.goods import Product

Leads = Mapping[str, tuple[str, ...]]
"""Where parts may go from each station: stations, or out."""


def leads(line: "Line", products: Iterable["Product"]) -> Leads:
    """Where parts may go from each station, rework and routes included; names that no station has are passed over."""
    products = tuple(products)
    found: dict[str, list[str]] = {station.name: [] for station in line.stations}
    flowing = unrouted(products) or any(station.disassembly for station in line.stations)
    for index, station in enumerate(line.stations):
        found[station.name] += [*(line.ways(index) if flowing else ()), *backwards(station)]
    for product in products:
        for at, to in pairwise((*product.route, OUT)):
            found.get(at, []).append(to)
    known = {name: [to for to in dict.fromkeys(ways) if to in found or to == OUT] for name, ways in found.items()}
    return {name: tuple(ways) or (OUT,) for name, ways in known.items()}


def as_meant(line: "Line", products: Iterable["Product"]) -> "tuple[Line, tuple[Product, ...]] | None":
    """The line and what it makes as they were probably meant; none if that leaves the flow of parts in doubt.

    Names that no station has are replaced by the closest ones, and no station leads to itself.
    """
    products, names = tuple(products), [station.name for station in line.stations]
    inside = {name for product in products for name in product.route}
    inside |= {name for station in line.stations for name in _joined(station)}
    outwards = {name for station in line.stations for name in _ways_and_pieces(station)}
    led_back = any(station.name in {*_joined(station), *_ways_and_pieces(station)} for station in line.stations)
    if inside <= {*names} and outwards <= {*names, OUT} and not led_back:
        return line, products
    meant = {name: name if name in names else closest(name, names) for name in inside | outwards}
    meant |= {name: name if name in names else closest(name, [*names, OUT]) for name in outwards - inside}
    sure = inside | {piece.to for station in line.stations for piece in station.disassembly}
    if any(meant[name] is None for name in sure):
        return None
    copy = line.model_copy(update={"stations": tuple(_station_as_meant(station, meant) for station in line.stations)})
    copy.__dict__.pop("entries", None)  # those of the line as it was
    routes = ({"route": tuple(meant[name] for name in product.route)} for product in products)
    return copy, tuple(product.model_copy(update=route) for product, route in zip(products, routes, strict=True))


def _joined(station: "Station") -> list[str]:
    return [join.station for join in station.joins]


def _ways_and_pieces(station: "Station") -> list[str]:
    ways = station.next.to if isinstance(station.next, Choice) else [way.to for way in station.next]
    return [*ways, *(piece.to for piece in station.disassembly)]


def _station_as_meant(station: "Station", meant: Mapping[str, str | None]) -> "Station":
    others = {name: to for name, to in meant.items() if to is not None and to != station.name}
    ways: Choice | tuple[Way, ...]
    if isinstance(station.next, Choice):
        ways = station.next.model_copy(update={"to": tuple(others[to] for to in station.next.to if to in others)})
    else:
        ways = tuple(way.model_copy(update={"to": others[way.to]}) for way in station.next if way.to in others)
    joins = (
        join.model_copy(update={"station": others[join.station]}) for join in station.joins if join.station in others
    )
    pieces = (piece.model_copy(update={"to": others[piece.to]}) for piece in station.disassembly if piece.to in others)
    return station.model_copy(update={"next": ways, "joins": tuple(joins), "disassembly": tuple(pieces)})


def backwards(station: "Station") -> tuple[str, ...]:
    """Where a station sends parts that are not right."""
    rework, inspection = station.quality.rework, station.inspection
    back = (None if rework is None else rework.to, None if inspection is None else inspection.to)
    return tuple(to for to in back if to is not None)


def unrouted(products: Iterable["Product"]) -> bool:
    """Whether some parts go as the line flows."""
    products = tuple(products)
    return not products or any(not product.route for product in products)


def starts(line: "Line", products: Iterable["Product"]) -> tuple[str, ...]:
    """Stations at which parts come into the line."""
    flowing = line.entries if unrouted(products) else ()
    return tuple(dict.fromkeys([*flowing, *(product.route[0] for product in products if product.route)]))


def reached(graph: Leads, begin: Iterable[str]) -> set[str]:
    """What can be reached, the beginning included."""
    found: set[str] = set()
    todo = list(begin)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += graph.get(name, ())
    return found


def unreachable(graph: Leads, begin: Iterable[str]) -> list[tuple[str, ...]]:
    """Stations that no part comes to: the first of each group, and those that only lie behind it."""
    missing = {name: None for name in graph if name not in reached(graph, begin)}
    groups = []
    while missing:
        first = next(iter(missing))
        behind = reached(graph, [first])
        groups.append(tuple(name for name in missing if name in behind))
        missing = {name: None for name in missing if name not in behind}
    return groups


def circles(graph: Leads, begin: Iterable[str]) -> list[tuple[str, ...]]:
    """Circles that parts come into and never leave, each told once, from its first station back to it."""
    stuck = [name for name in graph if name in reached(graph, begin) and OUT not in reached(graph, [name])]
    found = []
    while stuck:
        walk = [stuck[0]]
        while (to := graph[walk[-1]][0]) not in walk:
            walk.append(to)
        circle = [*walk[walk.index(to) :], to]
        found.append(tuple(circle))
        stuck = [name for name in stuck if to not in reached(graph, [name])]
    return found


# --- how often a part comes by -----------------------------------------------------------------------------------


def visits(line: "Line", shares: Mapping[str, float]) -> dict[str, float]:
    """Operations at each station for each part that leaves the line, on average, if no part is bad or has a route.

    What comes into a station goes out of it, the inputs of an assembly keep in step, and the entries follow from that.
    Where that leaves a choice, as between two entries that lead to one station, each has an equal part.

    Args:
        line: the line.
        shares: of the products that come, for ways that go by product.
    """
    names = [station.name for station in line.stations]
    if not any(station.next or station.joins or station.disassembly for station in line.stations):
        return dict.fromkeys(names, 1.0)
    return {name: round(often, 9) for name, often in _balanced(line, names, shares).items()}


def _balanced(line: "Line", names: list[str], shares: Mapping[str, float]) -> dict[str, float]:
    """The solution of the balances of all stations, for one part that leaves the line."""
    entries = [name for name in line.entries if name in names]
    place = {name: i for i, name in enumerate([*names, *(f"entry {name}" for name in entries)])}
    out = np.zeros(len(place))
    ways = {name: _sent(line, index, shares) for index, name in enumerate(names)}
    for name in names:
        out[place[name]] += ways[name].get(OUT, 0.0)
    rows = [out]
    for station in line.stations:
        into = np.zeros(len(place))  # what comes in otherwise than as a piece
        pieces = {join.station: join.quantity for join in station.joins}
        for name in names:
            if name not in pieces:
                into[place[name]] += ways[name].get(station.name, 0.0)
        if station.name in entries:
            into[place[f"entry {station.name}"]] += 1.0
        own = np.zeros(len(place))
        own[place[station.name]] = 1.0
        if not pieces:
            rows.append(own - into)
        for name, quantity in pieces.items():
            row = (own - into) * quantity
            row[place[name]] -= ways[name].get(station.name, 0.0)
            rows.append(row)
    found = np.linalg.lstsq(np.array(rows), np.array([1.0] + [0.0] * (len(rows) - 1)), rcond=None)[0]
    return {name: max(0.0, float(found[place[name]])) for name in names}


def _sent(line: "Line", index: int, shares: Mapping[str, float]) -> dict[str, float]:
    """Parts that go each way for one operation at a station."""
    station, sent = line.stations[index], defaultdict[str, float](float)
    if station.disassembly:
        for piece in station.disassembly:
            sent[piece.to] += piece.quantity
        return sent
    if isinstance(station.next, Choice):
        for to in station.next.to:
            sent[to] += 1 / len(station.next.to)
        return sent
    left = 1.0
    for way in station.next:
        given = shares.get(way.product, 0.0) if way.product is not None else way.share
        share = left if given is None else min(given, left)
        sent[way.to] += share
        left -= share
    sent[line.default_way(index)] += left
    return sent
