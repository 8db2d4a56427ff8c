"""Contradictions of what stations need: operators, shifts, vehicles."""

from collections.abc import Iterable, Iterator
from itertools import product as pairs
from typing import TYPE_CHECKING

from plant.contradictions.contradiction import Contradiction, Found, Here, listed, unknown
from plant.document import Place
from plant.time import DAY
from plant.ways import Ride

if TYPE_CHECKING:
    from plant.description import Plant, Station
    from plant.people import Need, Pool
    from plant.shifts import Shift

WEEK = 7 * DAY


def pools_named(here: Here) -> Found:
    """Pools that stations need must be there, with the skill and enough people."""
    pools = {pool.pool: pool for pool in here.plant.operators}
    for place, _, need, name, at in _needs(here):
        pool = pools.get(name)
        if pool is None:
            yield from unknown("pool", name, pools, at)
            continue
        for t, task in enumerate(need.tasks):
            if task not in pool.skills:
                found = f"the operators of {name} cannot {task}"
                yield Contradiction((*place, "for", t), found, listed(pool.skills) or "a pool with that skill")
        if need.count > pool.most:
            found = f"{need.count} operators at once are needed, and {name} has {pool.most}"
            yield Contradiction((*place, "count"), found, f"at most {pool.most}")


def on_shift_together(here: Here) -> Found:
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
                f"{name} is never there when {station.name} works: in shift {listed(s.name for s in theirs)}, "
                f"not in {listed(s.name for s in ours)}"
            )
            yield Contradiction(at, found, "a pool that has a shift at the same time as the station")


def _needs(here: Here) -> Iterator[tuple[Place, "Station", "Need", str, Place]]:
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


def shifts_named(plant: "Plant") -> Found:
    """Shifts that people and stations name must be there."""
    known = [shift.name for shift in plant.shifts]
    named: list[tuple[Place, tuple[str, ...] | None]] = []
    for k, pool in enumerate(plant.operators):
        named.append((("operators", k, "shifts"), pool.shifts))
        if isinstance(pool.count, dict):
            for name in pool.count:
                yield from unknown("shift", name, known, ("operators", k, "count", name))
    for i, line in enumerate(plant.lines):
        named += [(("lines", i, "stations", k, "shifts"), station.shifts) for k, station in enumerate(line.stations)]
    for place, names in named:
        if names == ():
            yield Contradiction(place, "no shift is named, so that nobody ever works", "one or more")
        for k, name in enumerate(names or ()):
            yield from unknown("shift", name, known, (*place, k))


def fleets_named(here: Here) -> Found:
    """A fleet that brings parts must be there."""
    known = [fleet.fleet for fleet in here.plant.fleets]
    for place, station in here.stations():
        if isinstance(station.transport, Ride):
            yield from unknown("fleet", station.transport.fleet, known, (*place, "transport", "fleet"))


def distances(plant: "Plant") -> Found:
    """Distances lie between stations of the plant, each told once."""
    known = list(dict.fromkeys(station.name for line in plant.lines for station in line.stations))
    for k, fleet in enumerate(plant.fleets):
        seen: set[tuple[str, str]] = set()
        for d, way in enumerate(fleet.distances):
            place: Place = ("fleets", k, "distances", d)
            yield from unknown("station", way.start, known, (*place, "from"))
            yield from unknown("station", way.to, known, (*place, "to"))
            if (way.start, way.to) in seen:
                found = f"the way from {way.start} to {way.to} is there already"
                yield Contradiction(place, found, "each way once")
            seen.add((way.start, way.to))
