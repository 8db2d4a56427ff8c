"""Which plants the compiled engine cannot run."""

from plant.description import Plant
from plant.faults import ProcessFault

MOST_MODES = 50
"""Failure modes of a machine that a condition has bits for."""


def uncovered(plant: Plant) -> list[str]:
    """What keeps a plant from the compiled engine; nothing, as a rule."""
    found = []
    for line in plant.lines:
        inspected = any(station.inspection is not None for station in line.stations)
        for station in line.stations:
            place = f"{line.name}/{station.name}"
            if len(station.failures) + (station.tool is not None) > MOST_MODES:
                found.append(f"{place} has more than {MOST_MODES} failure modes")
            if inspected and station.quality.characteristics and _shifts(plant, line.name, station.name):
                found.append(f"{place} has faults that shift what is measured and inspected")
    return found


def _shifts(plant: Plant, line: str, name: str) -> bool:
    """Whether process faults of a station may shift its measures."""
    station = next(of for of in plant.line(line).stations if of.name == name)
    rows = plant.kind(station).faults
    announced = {failure.fault for failure in station.failures if failure.fault is not None}
    told = {fault.process for fault in plant.faults if isinstance(fault, ProcessFault)}
    return any(rows[name].shift is not None or rows[name].spread is not None for name in (announced | told) & set(rows))
