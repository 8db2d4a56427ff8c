"""The live picture: everything that the page needs once a second, made once for all who watch."""

from collections.abc import Callable
from typing import Any

import msgspec

from plant.description import Line, Plant, Station
from plant.figures import planned_bottleneck
from plant.machine_types import MachineType
from plant.paths import Node
from plant.states import STATES
from plant.time import HOUR
from plant.units import symbol
from twin import NodeView, Twin

WINDOW = HOUR
LINE_KPIS = ("oee", "availability", "effectiveness", "quality_ratio", "throughput", "wip", "lead_time")

Phase = Callable[[], dict[str, Any]]


def live_phase() -> dict[str, Any]:
    """What is said when nobody fills a past."""
    return {"name": "live", "progress": 1.0, "text": ""}


def describe(plant: Plant) -> dict[str, Any]:
    """The plant as the page needs it: lines in flow order, machine types with their signals, the table of states."""
    return {
        "plant": plant.plant,
        "enterprise": plant.enterprise,
        "states": {
            state.value: {"title": row.title, "colour": row.colour, "hatch": row.hatch, "symbol": row.symbol}
            for state, row in STATES.items()
        },
        "types": {
            name: {
                "title": kind.title,
                "tags": {
                    tag: {**msgspec.structs.asdict(about), "unit_symbol": symbol(about.unit)}
                    for tag, about in kind.told_tags.items()
                },
            }
            for name, kind in _types(plant).items()
        },
        "lines": [_describe_line(plant, line) for line in plant.lines],
    }


def _types(plant: Plant) -> dict[str, MachineType]:
    """The types of machines that stand in the plant, with all signals that one of them has."""
    found: dict[str, MachineType] = {}
    for station in (station for line in plant.lines for station in line.stations):
        kind = plant.kind(station)
        if station.type not in found or len(kind.tags) > len(found[station.type].tags):
            found[station.type] = kind  # the same signals, but for the meter of air where there is none
    return found


def _describe_line(plant: Plant, line: Line) -> dict[str, Any]:
    return {
        "path": line.node.path,
        "name": line.name,
        "area": line.area,
        "arrivals": str(line.arrivals),
        "blocking": line.blocking,
        "stations": [
            {
                "name": station.name,
                "path": Node(line.area, line.name, station.name).path,
                "type": station.type,
                "machines": [node.path for node in line.machines(station)],
                "tags": list(plant.kind(station).tags),
                "buffer": station.buffer,
                "cycle_time": str(station.cycle_time),
                "ideal_cycle_us": station.planned_cycle,
                "ideal_cycle_derived": station.ideal_cycle is None,
            }
            for station in line.stations
        ],
    }


def picture(twin: Twin, phase: Phase = live_phase) -> dict[str, Any]:
    """Everything live: states, buffers, figures of the last hour, counters."""
    counters = twin.counters()
    base = {
        "plant": twin.plant.plant,
        "phase": phase(),
        "counters": {"received": counters.received, "gaps": counters.gaps, "dead": sum(counters.dead_letters.values())},
    }
    if not twin.runs():
        return {**base, "run": None, "now": None, "alerts": [], "speed": 1.0, "lines": []}
    first, now = twin.extent()
    lines = [_line(twin, line, max(first, now - WINDOW), now) for line in twin.plant.lines]
    return {
        **base,
        "run": twin.runs()[-1],
        "session": max((line["session"] or 0 for line in lines), default=0) or None,
        "first": first,
        "now": now,
        "alerts": twin.alerts()[0],
        "speed": next((line["speed"] for line in lines if line["speed"] is not None), 1.0),
        "lines": lines,
    }


def _line(twin: Twin, line: Line, begin: int, end: int) -> dict[str, Any]:
    path = line.node.path
    view = twin.state(path)
    slowest = planned_bottleneck(line, twin.plant.products_of(line))
    kpis = twin.kpis(path, begin, end, names=LINE_KPIS) if begin < end else {}
    reported = view.reported
    return {
        "path": path,
        "name": line.name,
        "online": reported.get("connection") == "online",
        "stale_since": reported.get("stale_since"),
        "speed": reported.get("speed"),
        "session": reported.get("session"),
        "wip": reported.get("wip"),
        "parts_out": reported.get("parts_out"),
        "parts_scrapped": reported.get("parts_scrapped"),
        "bottleneck": _observed(twin, path, begin, end) if begin < end else None,
        "planned_bottleneck": slowest.station.name,
        "ideal_per_h": slowest.rate_per_h,
        "kpis": kpis,
        "stations": [
            _station(station, child) for station, child in zip(line.stations, view.children, strict=True)
        ],
    }


def _observed(twin: Twin, path: str, begin: int, end: int) -> str | None:
    """The station with the longest active periods: that method has a say in any window that is long enough."""
    return twin.bottleneck(path, begin, end).methods["active_period"].station


def _station(station: Station, view: NodeView) -> dict[str, Any]:
    machines = view.children or [view]
    return {
        "name": station.name,
        "path": view.path,
        "type": station.type,
        "buffer": view.reported.get("buffer"),
        "machines": [_machine(station, machine) for machine in machines],
    }


def _machine(station: Station, view: NodeView) -> dict[str, Any]:
    number = view.path.rpartition("/")[2] if station.machines > 1 else ""
    keys = (
        "state", "reason", "since", "part", "parts_finished", "parts_good", "parts_scrapped", "cycle_us",
        "energy_kwh", "power_kw",
    )
    return {
        "path": view.path,
        "station": station.name,
        "name": f"{station.name} {number}".strip(),
        **{key: view.reported.get(key) for key in keys},
        "alarms": view.reported.get("alarms", []),
        "alarms_shelved": view.reported.get("alarms_shelved", 0),
    }
