"""What follows from a plant description before anything runs: derived times, ideal rates, the planned bottleneck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from plant.description import Line, Plant, Station
from plant.goods import Product
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


def mix(line: Line, products: Sequence[Product]) -> dict[str, Fraction]:
    """Shares of the products that come to a line: by its sequence, else as declared, the others in equal parts."""
    if line.sequence:
        total = sum(step.quantity for step in line.sequence)
        shares = dict.fromkeys((step.product for step in line.sequence), Fraction(0))
        for step in line.sequence:
            shares[step.product] += Fraction(step.quantity, total)
        return shares
    named = {station.product for station in line.stations}
    mixed = [p for p in products if p.share is not None or p.name not in named] or list(products)
    told: dict[str, Fraction] = {p.name: Fraction(p.share) for p in mixed if p.share is not None}
    rest = max(Fraction(0), 1 - sum(told.values(), Fraction(0)))
    return {p.name: told[p.name] if p.name in told else rest / (len(mixed) - len(told)) for p in mixed}


def mean_cycle(station: Station, products: Sequence[Product], shares: Mapping[str, Fraction]) -> Fraction:
    """Planned run time at a station for an item of the mix, with nothing for products whose route leaves it out."""
    here = [p for p in products if p.name in shares and (not p.route or station.name in p.route)]
    return sum((shares[p.name] * station.planned(p) for p in here), Fraction(0))


def planned_bottleneck(line: Line, products: Sequence[Product] = ()) -> Station:
    """The station with the longest planned run time per item of the mix and machine, the first of several."""
    shares = mix(line, products)

    def load(station: Station) -> Fraction:
        return (mean_cycle(station, products, shares) if shares else Fraction(station.planned_cycle)) / station.machines

    return max(line.stations, key=load)


def describe(plant: Plant) -> tuple[LineFigures, ...]:
    """The derived figures of all lines, in the order of the file."""
    return tuple(_line(line, plant.products_of(line)) for line in plant.lines)


def _line(line: Line, products: Sequence[Product]) -> LineFigures:
    bottleneck = planned_bottleneck(line, products)
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
