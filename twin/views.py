"""What is known of a node at one instant, for people and programs. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from plant.states import State
from twin.lineage import Link
from twin.measurements import Measurement
from twin.meter import Meter
from twin.mirror import LineMirror, Machine, Place, Thing
from twin.orders import Orders, on_time
from twin.skew import SourceClock
from twin.stays import EVENTS
from twin.values import Genealogy, Kin, NodeView, Tally, Visit

Kind = Literal["line", "station", "machine"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Instant:
    """When a view is taken, and what goes with every node of it.

    Args:
        at: the instant, microseconds UTC.
        live: whether that is the present.
        staleness_us: wall time since the line's connection was last heard.
        silent: whether heartbeats of it are missing now.
        clock: that of its publisher beside the twin's.
        tally: what was lost or came twice on a node's topics.
    """

    at: int
    live: bool
    staleness_us: int
    silent: bool
    clock: SourceClock
    tally: Callable[[str], Tally]


def line_view(line: LineMirror, when: Instant) -> NodeView:
    """A line and all its stations."""
    clock = line.clock
    online = line.online if line.online is not None else line.horizon >= 0
    children = [place_view(place, line, when) for place in line.places]
    reported = {
        "wip": line.wip.level(when.at),
        "parts_out": line.shipped.until(when.at),
        "parts_scrapped": line.scrapped.until(when.at),
        **_orders(line.orders, when.at),
        "online": online,
        "connection": "offline" if when.live and not online else _connection(line, when),
        "stale_since": line.horizon if online and when.live and when.silent else None,
        "plant_time": clock.now if clock else (line.horizon if line.horizon >= 0 else None),
        "speed": clock.speed if clock else None,
        "running": clock.running if clock else None,
        "session": line.session or None,
        **_energy(line.energy, when.at),
        **_alarms(line, when.at),
    }
    changes = [child.last_change for child in children if child.last_change is not None]
    view = _with(_view(line, "line", reported, max(changes, default=None), when), children)
    if when.live:
        view.quality["clock"] = msgspec.to_builtins(when.clock)
    return view


def place_view(place: Place, line: LineMirror, when: Instant) -> NodeView:
    """A station: with one machine it is that machine, else its machines stand below it."""
    shared: dict[str, Any] = {
        "buffer": buffer_of(place, when.at),
        "ideal_cycle_us": place.machines[0].planned_cycle,
        "type": place.station.type,
    }
    if place.single:
        return machine_view(place.machines[0], line, when, shared)
    children = [machine_view(machine, line, when) for machine in place.machines]
    totals = {
        key: sum(child.reported[key] for child in children)
        for key in ("parts_finished", "parts_good", "parts_reworked", "parts_scrapped")
    }
    states = [child.reported["state"] for child in children]
    shared |= {**totals, "states": {state: states.count(state) for state in dict.fromkeys(states)}}
    changes = [child.last_change for child in children if child.last_change is not None]
    return _with(_view(place, "station", shared, max(changes, default=None), when), children)


def machine_view(machine: Machine, line: LineMirror, when: Instant, shared: dict[str, Any] | None = None) -> NodeView:
    """A machine, or a station that has only one."""
    at = when.at
    stretch = machine.at(at, line.horizon)
    gone = _connection(line, when)
    known = stretch is not None and stretch.state != State.UNKNOWN and gone == "online"
    made = machine.outcomes.made(machine.outcomes.rows(-1, at + 1))
    reported = {
        "state": stretch.state if stretch and known else State.UNKNOWN.value,
        "reason": stretch.reason if stretch and known else ("" if gone == "online" else gone),
        "since": _since(stretch.begin if stretch else None, line, gone=gone != "online"),
        "part": part_in(machine, at),
        "parts_finished": made.produced,
        "parts_good": made.good,
        "parts_reworked": made.reworked,
        "parts_scrapped": made.scrapped,
        "cycle_us": machine.outcomes.last_cycle(at),
        "measured": {name: _measured(last) for name, last in machine.measurements.at(at).items()},
        **_energy(machine.energy, at),
        **_alarms(machine, at),
        **(shared or {}),
    }
    kind: Kind = "machine" if shared is None else "station"
    return _view(machine, kind, reported, stretch.begin if stretch else None, when)


def _view(thing: Thing, kind: Kind, reported: dict[str, Any], changed: int | None, when: Instant) -> NodeView:
    return NodeView(
        path=thing.path,
        kind=kind,
        reported=reported,
        last_change=changed,
        staleness_us=when.staleness_us,
        quality=msgspec.to_builtins(when.tally(thing.path)),
    )


def _with(view: NodeView, children: list[NodeView]) -> NodeView:
    return msgspec.structs.replace(view, children=children)


def _connection(line: LineMirror, when: Instant) -> Literal["online", "stale", "offline"]:
    """What is known of a line's connection now; of the past nothing else is told than messages say."""
    if not when.live:
        return "online"
    if line.online is False:
        return "offline"
    return "stale" if when.silent else "online"


def _since(begin: int | None, line: LineMirror, *, gone: bool) -> int | None:
    """Begin of the state; a machine whose connection is gone is unknown from the last confirmed instant."""
    return line.horizon if gone else begin


def part_in(machine: Machine, at: int) -> str | None:
    """The part on the machine: by its events, or by its state message where a part is loaded before work begins."""
    ts, part = machine.log.present(at)
    if part is None:
        since, loaded = machine.states.part_at(at)
        return loaded if since >= ts else None
    return part


def buffer_of(place: Place, at: int) -> dict[str, int | None]:
    """Parts in front of the station's machines, and on the way: not those being worked on, nor those being loaded."""
    there, waiting = place.wip.level(at), place.queue.level(at)
    held = sum(part_in(machine, at) is not None for machine in place.machines)
    return {
        "level": max(0, there - max(there - waiting, held)),
        "in_transport": place.transit.level(at),
        "capacity": place.station.buffer,
    }


def _orders(orders: Orders, at: int) -> dict[str, Any]:
    """Orders that are open, how many are completed, and how many of these in time."""
    last = orders.at(at)
    done = [m for m in last if m.event == "completed"]
    keys = ("order", "product", "quantity", "good", "scrap", "due", "event")
    return {
        "orders": [{key: getattr(m, key) for key in keys} for m in last if m.event != "completed"],
        "orders_completed": len(done),
        "orders_on_time": sum(map(on_time, done)),
    }


def _measured(last: Measurement) -> dict[str, Any]:
    found = last.found
    limits = {"lower": found.lsl, "upper": found.usl}
    return {"value": found.v, "unit": found.unit, **limits, "ok": found.ok, "part": last.part, "at": last.ts}


def _energy(meter: Meter, at: int) -> dict[str, float | None]:
    kwh, kw = meter.at(at)
    return {"energy_kwh": kwh, "power_kw": kw}


def _alarms(thing: Thing, at: int) -> dict[str, Any]:
    """Alarms that people should see, and how many lie on a shelf meanwhile."""
    found = thing.active_alarms(at)
    seen = [msgspec.structs.asdict(alarm) for alarm in found if alarm.state != "shelved"]
    return {"alarms": seen, "alarms_shelved": len(found) - len(seen)}


def genealogy(line: LineMirror, part: str) -> Genealogy | None:
    """A part among its kin; none if nothing was heard of it."""
    lineage = line.lineage
    kin = Genealogy(
        part=part,
        made_of=[_kin(link, into) for link, into in lineage.made_of(part)],
        built_into=[_kin(link) for link in lineage.built_into(part)],
        came_out_of=[_kin(link) for link in lineage.came_out_of(part)],
        taken_apart_into=[_kin(link) for link in lineage.taken.of(part)],
        visits=_visits(line, part),
    )
    known = (kin.made_of, kin.built_into, kin.came_out_of, kin.taken_apart_into, kin.visits)
    return kin if any(known) else None


def _kin(link: Link, into: str | None = None) -> Kin:
    return Kin(part=link.part, at=link.ts, path=link.path, into=into)


def _visits(line: LineMirror, part: str) -> list[Visit]:
    """Where a part has been, in order of time."""
    found: list[dict[str, Any]] = []
    for place in line.places:
        logs = place.machines if place.single else (place, *place.machines)
        told = [(ts, EVENTS.index(event), thing.path) for thing in logs for ts, event in thing.log.of(part)]
        found += _visits_to(sorted(told))
    found.sort(key=lambda visit: min((visit[key] for key in _MOMENTS if key in visit), default=line.horizon))
    return [Visit(**visit) for visit in found]


def visits(place: Place, begin: int, end: int) -> list[tuple[str, Visit]]:
    """Parts and their visits to a station of which something is told in [begin, end), in order of time."""
    logs = place.machines if place.single else (place, *place.machines)
    there = {part for thing in logs for _, _, part in thing.log.events(begin, end)}
    told: dict[str, list[tuple[int, int, str]]] = {}
    for thing in logs:
        for ts, event, part in thing.log.of_all(there):
            told.setdefault(part, []).append((ts, EVENTS.index(event), thing.path))
    found = []
    for part, facts in told.items():
        for visit in _visits_to(sorted(facts)):
            moments = [visit[key] for key in _MOMENTS if key in visit]
            if any(begin <= ts < end for ts in moments):
                found.append((min(moments), part, Visit(**visit)))
    return [(part, visit) for _, part, visit in sorted(found, key=lambda row: row[:2])]


_MOMENTS = frozenset({"entered", "started", "finished", "left"})


def _visits_to(told: list[tuple[int, int, str]]) -> list[dict[str, Any]]:
    """Visits to one place: each begins with a place there; what happens belongs to the first to which it can."""
    visits: list[dict[str, Any]] = []
    for ts, code, path in told:
        event = EVENTS[code]
        key, value = (event, ts) if event in _MOMENTS else ("verdict", event)
        open_ones = [v for v in visits if "left" not in v and key not in v] if event != "entered" else []
        if not open_ones:
            visits.append({})
        visit = open_ones[0] if open_ones else visits[-1]
        visit |= {key: value, "path": path}
    return visits
