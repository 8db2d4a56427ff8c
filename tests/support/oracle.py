"""A small KPI oracle of the tests' own: it reads the simulator's ledger and nothing of the twin's code.

All windows are half-open, all times integer microseconds since the start of the run, all figures exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(kw_only=True)
class Account:
    """What one machine did in a window."""

    time: dict[str, int] = field(default_factory=dict)
    bare: dict[str, int] = field(default_factory=dict)
    produced: int = 0
    good: int = 0
    reworked: int = 0
    first: int = 0
    passed: int = 0
    ideal: int = 0
    ideal_good: int = 0
    failures: int = 0
    restored: int = 0
    repair: int = 0
    minor: int = 0
    minors: int = 0
    unsettled: int = 0
    pending: int = 0

    def __add__(self, other: "Account") -> "Account":
        states = {*self.time, *other.time}
        return Account(
            time={s: self.time.get(s, 0) + other.time.get(s, 0) for s in states},
            bare={s: self.bare.get(s, 0) + other.bare.get(s, 0) for s in {*self.bare, *other.bare}},
            produced=self.produced + other.produced,
            good=self.good + other.good,
            reworked=self.reworked + other.reworked,
            first=self.first + other.first,
            passed=self.passed + other.passed,
            ideal=self.ideal + other.ideal,
            ideal_good=self.ideal_good + other.ideal_good,
            failures=self.failures + other.failures,
            restored=self.restored + other.restored,
            repair=self.repair + other.repair,
            minor=self.minor + other.minor,
            minors=self.minors + other.minors,
            unsettled=self.unsettled + other.unsettled,
            pending=self.pending + other.pending,
        )


    @property
    def window(self) -> int:
        """All time."""
        return sum(self.time.values())

    @property
    def planned(self) -> int:
        """Planned operation time: when it was to be used."""
        return self.window - self.time.get("off", 0)

    @property
    def busy(self) -> int:
        """Planned busy time: neither off nor in a planned stop."""
        return self.planned - self.time.get("pause", 0) - self.time.get("maintenance", 0)

    @property
    def working(self) -> int:
        """Production."""
        return self.time.get("processing", 0)

    @property
    def running(self) -> int:
        """Production, and setup for an order."""
        return self.working + self.on("setup")

    @property
    def idle(self) -> int:
        """Planned busy time without an order."""
        return sum(self.bare.get(state, 0) for state in ("setup", "failed", "blocked", "waiting", "starved"))

    def on(self, state: str) -> int:
        """Time in a state with an order on the machine."""
        return self.time.get(state, 0) - self.bare.get(state, 0)


def account(
    intervals: Sequence[Any], journeys: Sequence[Any], begin: int, end: int, planned: Mapping[str, int], limit: int = 0,
    *, booked: bool = False,
) -> Account:  # fmt: skip
    """Time in state, parts and failures of one machine in [begin, end).

    `planned` has the run time of each product; `limit` is the length that a minor stop stays below; `booked` says
    whether the line works to orders, so that a machine may have none.
    """
    result = Account()
    result.minor, result.minors, result.unsettled, result.pending = short(intervals, begin, end, limit, booked=booked)
    for interval in intervals:
        inside = min(interval.end, end) - max(interval.begin, begin)
        if inside > 0:
            result.time[interval.state] = result.time.get(interval.state, 0) + inside
            if booked and not interval.order:
                result.bare[interval.state] = result.bare.get(interval.state, 0) + inside
    for journey in journeys:
        if journey.finish is not None and begin <= journey.finish < end:
            ideal, good = planned[journey.product], journey.outcome not in {"scrap", "rework"}
            result.produced += 1
            result.ideal += ideal
            result.reworked += journey.outcome == "rework"
            result.first += journey.visit == 1
            if good:
                result.good += 1
                result.ideal_good += ideal
                result.passed += journey.visit == 1
    for first, last, length in stops(intervals):
        result.failures += begin <= first < end
        if last is not None and begin <= last < end:
            result.restored += 1
            result.repair += length
    return result


def booked(journeys: Sequence[Any], passages: Sequence[Any]) -> list[Any]:
    """Journeys without those of pieces at the machine that they came out of: nobody worked on them there."""
    born = {passage.part: passage.entered for passage in passages if passage.of}
    return [j for j in journeys if not (j.enter == j.start == j.finish == born.get(j.part))]


def stops(intervals: Sequence[Any]) -> list[tuple[int, int | None, int]]:
    """Failures in order: begin, end and time in the state failed; the end is none while it is not over.

    A break or the time between shifts ends no failure, and is no part of its length.
    """
    found: list[tuple[int, int | None, int]] = []
    begun, length = None, 0
    for interval in intervals:
        if interval.state == "failed":
            begun = interval.begin if begun is None else begun
            length += interval.end - interval.begin
        elif begun is not None and interval.state not in {"off", "pause"}:
            found.append((begun, interval.begin, length))
            begun, length = None, 0
    return found if begun is None else [*found, (begun, None, length)]


def short(
    intervals: Sequence[Any], begin: int, end: int, limit: int, *, booked: bool = False
) -> tuple[int, int, int, int]:
    """Time in minor stops in [begin, end), how many began there; the same of short stops that are not over.

    A break or the time between shifts ends no stop and counts in its length, but not in its time; so does time without
    an order. A change of order ends no stop.
    """
    minor = minors = unsettled = pending = 0
    for run, over in failed_runs(intervals):
        told = [one for one in run if one.order or not booked]
        time = sum(max(0, min(one.end, end) - max(one.begin, begin)) for one in told)
        if run[-1].end - run[0].begin < limit:
            minor += over * time
            minors += over and begin <= run[0].begin < end
            unsettled += (not over) * time
            pending += not over and begin <= run[0].begin < end
    return minor, minors, unsettled, pending


def failed_runs(intervals: Sequence[Any]) -> list[tuple[list[Any], bool]]:
    """Intervals of each stop, and whether it is over."""
    runs: list[tuple[list[Any], bool]] = []
    inside: list[Any] = []
    for interval in intervals:
        if interval.state == "failed":
            inside.append(interval)
        elif interval.state not in {"off", "pause"} and inside:
            runs.append((inside, True))
            inside = []
    return [*runs, (inside, False)] if inside else runs


def attained(tickets: Sequence[Any], begin: int, end: int) -> tuple[int, int]:
    """Orders due in [begin, end), and how many of them were completed by then."""
    due = [ticket for ticket in tickets if ticket.due is not None and begin <= ticket.due < end]
    return len(due), sum(ticket.completed is not None and ticket.completed <= ticket.due for ticket in due)


def ratio(numerator: int, denominator: int) -> float | None:
    """A quotient rounded once, or nothing."""
    return None if denominator == 0 else float(Fraction(numerator, denominator))


def level_time(stays: Sequence[tuple[int, int | None]], begin: int, end: int) -> int:
    """Integral of the number of stays that are on, over [begin, end)."""
    return sum(max(0, min(end if b is None else b, end) - max(a, begin)) for a, b in stays)
