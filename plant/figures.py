"""What follows from a plant description before anything runs: derived times, ideal rates, the planned bottleneck."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from plant.description import Line, Plant, Station
from plant.flow import visits
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
        bottleneck: the station with the most planned work per shipped part and machine, the first of several.
        rate_per_h: what the line would give if it never waited or failed.
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


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The station that limits a line by plan: that with the most planned work per shipped part and machine.

    Args:
        station: which one.
        visits: operations there for each part that leaves the line, on average; a route tells its own number.
        work_us: planned work there for each part that leaves the line.
    """

    station: Station
    visits: float
    work_us: float

    def times(self, product: Product) -> float:
        """Operations there for each part of a product."""
        return float(product.route.count(self.station.name)) if product.route else self.visits

    def planned(self, product: Product) -> int:
        """Planned work there for a shipped part of a product, in µs."""
        return round(self.times(product) * self.station.planned(product))

    @property
    def rate_per_h(self) -> float:
        """Parts per hour that the line would give if it never waited or failed."""
        return HOUR * self.station.machines / self.work_us


def planned_bottleneck(line: Line, products: Sequence[Product] = ()) -> Bottleneck:
    """The planned bottleneck of a line, for the mix of its products; the first of several stations."""
    shares = {name: float(share) for name, share in mix(line, products).items()}
    often = visits(line, shares)
    found = []
    for station in line.stations:
        here = Bottleneck(station, often[station.name], 0.0)
        works = [shares[p.name] * here.times(p) * station.planned(p) for p in products if p.name in shares]
        work = math.fsum(works) if works else here.visits * station.planned_cycle
        found.append(replace(here, work_us=work))
    return max(found, key=lambda of: of.work_us / of.station.machines)


def describe(plant: Plant) -> tuple[LineFigures, ...]:
    """The derived figures of all lines, in the order of the file."""
    return tuple(_line(line, plant.products_of(line)) for line in plant.lines)


def _line(line: Line, products: Sequence[Product]) -> LineFigures:
    bottleneck = planned_bottleneck(line, products)
    return LineFigures(
        line=line.name,
        bottleneck=bottleneck.station.name,
        rate_per_h=bottleneck.rate_per_h,
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
