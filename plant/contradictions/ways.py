"""Contradictions of ways: unknown stations, parts that come from nowhere or can never leave, sets without room."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from plant.contradictions.contradiction import Contradiction, Found, Here, listed, percent, unknown, ways_of
from plant.distributions import Distribution
from plant.document import Place
from plant.errors import shown
from plant.flow import circles, leads, starts, unreachable, unrouted
from plant.ways import OUT, Choice

if TYPE_CHECKING:
    from plant.description import Station

WHOLE = 1 + 1e-9  # shares are sums of decimals


def stations_named(here: Here) -> Found:
    """Stations that others name must be there."""
    pallets = here.line.pallets
    if pallets is not None and pallets.until is not None:
        yield from unknown("station", pallets.until, here.names, (*here.place, "pallets", "until"))
    for place, station in here.stations():
        for at, to, out in _named_by(station):
            known = [*here.names, OUT] if out else here.names
            yield from unknown("station", to, known, (*place, *at), where=" in the line")
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
    for at, to, _ in ways_of(station):
        yield at, to, not isinstance(station.next, Choice)
    for k, piece in enumerate(station.disassembly):
        yield ("disassembly", k, "to"), piece.to, True


def own_station(here: Here) -> Found:
    """Some ways must not lead back to where they begin."""
    for place, station in here.stations():
        for at, to, _ in ways_of(station):
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


def ways(here: Here) -> Found:
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
            found = f"the shares of next add up to {percent(total)}"
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


def assemblies(here: Here) -> Found:
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


def sets_fit(here: Here) -> Found:
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


def sent_to_assemblies(here: Here) -> Found:
    """What an assembly joins comes to it."""
    ways = leads(here.line, here.products)
    for place, station in here.stations():
        for join in station.joins:
            first = here.line.default_way(here.names.index(join.station))
            if station.name == first and station.name not in ways[join.station]:
                found = f"{join.station} sends no parts to {station.name}: its next leads elsewhere"
                yield Contradiction((*place, "joins"), found, f"stations that have {station.name} among their ways")


def into_assemblies(here: Here) -> Found:
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
            if any(way == to for _, way, _ in ways_of(station)) or any(piece.to == to for piece in station.disassembly):
                continue  # it says so itself
            found = f"parts go on to {to}, an assembly that does not join {station.name}"
            yield Contradiction(place, found, f"{station.name} among the joins of {to}, or another next")


def flow(here: Here) -> Found:
    """Parts come to every station, and from every station out of the line."""
    graph = leads(here.line, here.products)
    begin = starts(here.line, here.products)
    for first, *others in unreachable(graph, begin):
        found = f"no part ever comes to {listed([first, *others])}"
        yield Contradiction(here.place_of(first), found, f"stations on a way that begins at {listed(begin)}")
    for circle in circles(graph, begin):
        found = f"{' → '.join(circle)} is a circle without a way out of the line"
        allowed = "a way from one of them to a station outside the circle, or out"
        yield Contradiction((*here.place_of(circle[-2]), "next"), found, allowed)


def endless_rework(here: Here) -> Found:
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
