"""What follows from a plant description before anything runs: derived times, ideal rates, the planned bottleneck."""

from dataclasses import dataclass

from plant.description import Line, Plant, Station
from plant.stops import Failure
from plant.time import HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureFigures:
    """One failure mode.

    Args:
        mode: its name.
        clock: ``operating`` or ``calendar``.
        time_to_failure_us: mean, on the mode's clock.
        time_to_repair_us: mean.
        availability: share of the clock's time up if nothing else fails: F / (F + R).
        derived: whether the time to failure follows from a given availability.
    """

    mode: str
    clock: str
    time_to_failure_us: float
    time_to_repair_us: float
    availability: float
    derived: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StationFigures:
    """One station.

    Args:
        station: its name.
        planned_cycle_us: planned run time per item.
        derived: whether that is the mean cycle time for want of an ideal cycle.
        rate_per_h: items an hour of all its machines, if they worked all the time at the planned cycle.
        failures: its failure modes in the order of the file.
    """

    station: str
    planned_cycle_us: int
    derived: bool
    rate_per_h: float
    failures: tuple[FailureFigures, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LineFigures:
    """One line.

    Args:
        line: its name.
        bottleneck: the station with the lowest planned rate, the first of several.
        rate_per_h: that rate: what the line would give if it never waited or failed.
        stations: in flow order.
    """

    line: str
    bottleneck: str
    rate_per_h: float
    stations: tuple[StationFigures, ...]


def planned_bottleneck(line: Line) -> Station:
    """The station with the longest planned run time per item and machine, the first of several."""
    return max(line.stations, key=lambda station: station.planned_cycle / station.machines)


def describe(plant: Plant) -> tuple[LineFigures, ...]:
    """The derived figures of all lines, in the order of the file."""
    return tuple(_line(line) for line in plant.lines)


def _line(line: Line) -> LineFigures:
    bottleneck = planned_bottleneck(line)
    return LineFigures(
        line=line.name,
        bottleneck=bottleneck.name,
        rate_per_h=_rate(bottleneck),
        stations=tuple(
            StationFigures(
                station=station.name,
                planned_cycle_us=station.planned_cycle,
                derived=station.ideal_cycle is None,
                rate_per_h=_rate(station),
                failures=tuple(map(_failure, station.failures)),
            )
            for station in line.stations
        ),
    )


def _rate(station: Station) -> float:
    return HOUR * station.machines / station.planned_cycle


def _failure(failure: Failure) -> FailureFigures:
    up, down = failure.interval.mean, failure.time_to_repair.mean
    return FailureFigures(
        mode=failure.mode,
        clock=failure.clock,
        time_to_failure_us=up,
        time_to_repair_us=down,
        availability=up / (up + down),
        derived=failure.time_to_failure is None,
    )
