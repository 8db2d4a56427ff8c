"""Plants and runs for the tests of this room."""

from typing import Any

from plant.description import Plant
from plant.time import DEFAULT_START, SECOND
from simulators import Journey, Simulation

S = SECOND


def make(stations: list[dict[str, Any]], telemetry: dict[str, Any] | None = None, **line: Any) -> Plant:
    """A plant of one line `l`; stations are called A, B, C … unless they have names."""
    named = [{"name": chr(ord("A") + i), **station} for i, station in enumerate(stations)]
    lines = [{"name": "l", "stations": named, **line}]
    return Plant.model_validate({"plant": "p", "telemetry": telemetry or {}, "lines": lines})


def described(stations: list[dict[str, Any]], line: dict[str, Any] | None = None, **plant: Any) -> Plant:
    """The same with words of the line, and with words of the plant beside its line."""
    named = [{"name": chr(ord("A") + i), **station} for i, station in enumerate(stations)]
    return Plant.model_validate({"plant": "p", "lines": [{"name": "l", "stations": named, **(line or {})}], **plant})


def run(plant: Plant, until: int, *, seed: int = 1, **options: Any) -> Simulation:
    """A run without messages up to so many µs."""
    simulation = Simulation(plant, seed=seed, messages=False, **options)
    simulation.advance(DEFAULT_START + until)
    return simulation


def journeys(simulation: Simulation, station: str | None = None) -> list[Journey]:
    return [j for j in simulation.ledger.journeys() if station in (None, j.station)]


def times(simulation: Simulation, station: str, field: str) -> list[float | None]:
    """An instant of all visits to a station, in seconds."""
    found = [getattr(j, field) for j in journeys(simulation, station)]
    return [None if t is None else t / S for t in found]


def states(simulation: Simulation, station: str, machine: int | None = None) -> list[tuple[str, str, float, float]]:
    """State, reason, begin and end in seconds of a machine."""
    line = simulation.plant.lines[0]
    nodes = line.machines(next(s for s in line.stations if s.name == station))
    node = nodes[(machine or 1) - 1]
    return [(i.state, i.reason, i.begin / S, i.end / S) for i in simulation.ledger.intervals(node)]
