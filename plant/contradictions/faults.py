"""Contradictions of faults with the plant that they befall, and with each other."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from plant.contradictions.contradiction import Contradiction, Found, Here, listed, unknown
from plant.document import Place
from plant.errors import did_you_mean, shown
from plant.fault_kinds import SENSOR_KINDS
from plant.faults import AnyFault, ProcessFault, SensorFault, TransportFault, span

if TYPE_CHECKING:
    from plant.description import Plant, Station
    from plant.messages import Tag


def of_plant(plant: "Plant") -> Found:
    """Places, faults of machine types and signals that the faults of a plant name."""
    return placed(plant, plant.faults)


def together(plant: "Plant") -> Found:
    """Faults on the way of messages, of which only one can hold at a time."""
    return apart(plant.faults)


def placed(plant: "Plant", faults: Sequence[AnyFault]) -> Found:
    """Whether faults name places of a plant, and what there is."""
    for k, fault in enumerate(faults):
        place: Place = ("faults", k)
        missing = list(_missing(plant, fault, (*place, "on")))
        yield from missing
        if missing:
            continue
        stations = [station for _, station in _befallen(plant, fault)]
        if isinstance(fault, ProcessFault):
            yield from _knows(plant, fault.process, stations, (*place, "process"))
        elif isinstance(fault, SensorFault):
            yield from _has_tag(plant, fault, stations, place)


def apart(faults: Sequence[AnyFault], before: int = 0) -> Found:
    """Whether two faults of one kind on the same way may be there at once.

    Args:
        faults: all of them.
        before: of these first ones nobody complains.
    """
    transport = ((k, fault) for k, fault in enumerate(faults) if isinstance(fault, TransportFault))
    for (_, one), (k, other) in combinations(transport, 2):
        if k < before or one.transport != other.transport or not _overlap(one, other):
            continue
        found = f"{one.transport} on {other.on} may be there together with that on {one.on}: not clear which one holds"
        yield Contradiction(("faults", k - before), found, "one of the two, or times apart")


def of_failures(here: Here) -> Found:
    """Faults that announce failures are known to the machine type."""
    for place, station in here.stations():
        for k, failure in enumerate(station.failures):
            if failure.fault is not None:
                yield from _knows(here.plant, failure.fault, [station], (*place, "failures", k, "fault"))


def _missing(plant: "Plant", fault: AnyFault, place: Place) -> Found:
    """What of its place is not there."""
    name, *inside = fault.place
    lines = {line.name: line for line in plant.lines}
    if name not in lines or not inside:
        yield from unknown("line", name, lines, place)
        return
    stations = {station.name: station for station in lines[name].stations}
    if inside[0] not in stations:
        yield from unknown("station", inside[0], stations, place, where=f" in {name}")
        return
    machines = stations[inside[0]].machines
    if len(inside) > 1 and int(inside[1]) > machines:
        few = "one machine" if machines == 1 else f"{machines} machines"
        yield Contradiction(
            place, f"{inside[0]} has no machine {inside[1]}, but {few}", f"a number from 1 to {machines}"
        )


def _befallen(plant: "Plant", fault: AnyFault) -> Iterator[tuple[str, "Station"]]:
    for line in plant.lines:
        for station in line.stations:
            if any(fault.covers(line.name, station.name, number + 1) for number in range(station.machines)):
                yield line.name, station


def _knows(plant: "Plant", name: str, stations: Iterable["Station"], place: Place) -> Found:
    """Some of the stations must know a process fault."""
    types = {station.type: station for station in stations}
    if not all(plant.has_type(kind) for kind in types):
        return
    some = {fault for station in types.values() for fault in plant.kind(station).faults}
    if name in some:
        return
    found = f"{' and '.join(types)} {'has' if len(types) == 1 else 'have'} no fault {shown(name)}"
    yield Contradiction(place, found, listed(sorted(some)) or "a machine type with faults", did_you_mean(name, some))


def _has_tag(plant: "Plant", fault: SensorFault, stations: Collection["Station"], place: Place) -> Found:
    """Some of the stations must have a signal, and one that the fault can befall."""
    tags: dict[str, Tag] = {}
    if not all(plant.has_type(station.type) for station in stations):
        return
    for station in stations:
        tags |= plant.kind(station).told_tags
    tag = tags.get(fault.tag)
    if tag is None:
        yield from unknown("signal", fault.tag, tags, (*place, "tag"), where=f" on {fault.on}")
    elif tag.datatype in {"str", "bool"} and fault.sensor in SENSOR_KINDS and not SENSOR_KINDS[fault.sensor].text:
        fitting = listed(kind for kind, row in SENSOR_KINDS.items() if row.text)
        found = f"{fault.tag} is no number, and {fault.sensor} befalls numbers only"
        yield Contradiction((*place, "sensor"), found, fitting)


def _overlap(one: AnyFault, other: AnyFault) -> bool:
    """Whether two faults may be at one place at one time."""
    shorter = min(len(one.place), len(other.place))
    if one.place[:shorter] != other.place[:shorter]:
        return False
    (begin, end), (start, stop) = span(one), span(other)
    return begin < stop and start < end
