"""A small KPI oracle of the tests' own: it reads the simulator's ledger and nothing of the twin's code.

All windows are half-open, all times integer microseconds since the start of the run, all figures exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(kw_only=True)
class Account:
    """What one machine did in a window."""

    time: dict[str, int] = field(default_factory=dict)
    produced: int = 0
    good: int = 0
    ideal: int = 0
    ideal_good: int = 0
    failures: int = 0
    restored: int = 0
    repair: int = 0

    def __add__(self, other: "Account") -> "Account":
        states = {*self.time, *other.time}
        return Account(
            time={s: self.time.get(s, 0) + other.time.get(s, 0) for s in states},
            produced=self.produced + other.produced,
            good=self.good + other.good,
            ideal=self.ideal + other.ideal,
            ideal_good=self.ideal_good + other.ideal_good,
            failures=self.failures + other.failures,
            restored=self.restored + other.restored,
            repair=self.repair + other.repair,
        )


def account(intervals: Sequence[Any], journeys: Sequence[Any], begin: int, end: int, planned_cycle: int) -> Account:
    """Time in state, parts and failures of one machine in [begin, end)."""
    result = Account()
    for interval in intervals:
        inside = min(interval.end, end) - max(interval.begin, begin)
        if inside > 0:
            result.time[interval.state] = result.time.get(interval.state, 0) + inside
    for journey in journeys:
        if journey.finish is not None and begin <= journey.finish < end:
            result.produced += 1
            result.ideal += planned_cycle
            if journey.outcome != "scrap":
                result.good += 1
                result.ideal_good += planned_cycle
    for first, last in stops(intervals):
        result.failures += begin <= first < end
        if last is not None and begin <= last < end:
            result.restored += 1
            result.repair += last - first
    return result


def stops(intervals: Sequence[Any]) -> list[tuple[int, int | None]]:
    """Maximal stretches of the state failed, in order; the end is none while it lasts at the end of the ledger."""
    found: list[tuple[int, int | None]] = []
    begun = None
    for interval in intervals:
        if interval.state == "failed":
            begun = interval.begin if begun is None else begun
        elif begun is not None:
            found.append((begun, interval.begin))
            begun = None
    return found if begun is None else [*found, (begun, None)]


def ratio(numerator: int, denominator: int) -> float | None:
    """A quotient rounded once, or nothing."""
    return None if denominator == 0 else float(Fraction(numerator, denominator))


def level_time(stays: Sequence[tuple[int, int | None]], begin: int, end: int) -> int:
    """Integral of the number of stays that are on, over [begin, end)."""
    return sum(max(0, min(end if b is None else b, end) - max(a, begin)) for a, b in stays)
