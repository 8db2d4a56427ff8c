"""The segment algebra: what a window says of units, so that windows add up whatever the cuts. Pure.

A run is a maximal stretch of one state; reason, order, item and calendar may change inside it. What it is (a minor
stop, a breakdown) depends on its whole length, which no window knows of the runs at its borders. So a segment keeps
its first and its last run open, and sums over those inside. `merge` joins neighbours in time and is associative;
`add` puts units side by side over the same time; `twin.closing` gives the classes of one window, with the runs beyond
its borders if they are told.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import NamedTuple, TypeVar

UNKNOWN = "unknown"
FAILED = "failed"
MINOR = "minor_stop"
UNCLASSIFIED = "unclassified"
"""A short stop that may have been longer: an end of it is not known."""


class Key(NamedTuple):
    """What may be said of an instant; a reason that nobody typed is empty."""

    state: str
    reason: str = ""
    order: str = ""
    item: str = ""
    calendar: str = ""


Classed = tuple[str, Key]
Of = TypeVar("Of", bound=Hashable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """How runs are classed by their length.

    Args:
        limit: a run strictly shorter, in microseconds, is a minor stop.
        states: in which runs can be minor stops.
    """

    limit: int = 0
    states: frozenset[str] = frozenset({FAILED})

    def classify(self, run: "Run", *, ends_known: bool = True) -> str:
        """Its state, ``minor_stop`` or ``unclassified``; at or above the limit the class is certain."""
        if run.state not in self.states or run.length >= self.limit:
            return run.state
        return MINOR if ends_known and not run.left_unknown and not run.right_unknown else UNCLASSIFIED


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A maximal stretch of one state, or as much of it as a segment has.

    Args:
        time: microseconds by raw key.
        key: raw key at its first instant.
        reason: the first one typed in it.
        left_unknown: whether the run before it is `unknown`.
        right_unknown: whether the run after it is.
    """

    time: Mapping[Key, int]
    key: Key
    reason: str = ""
    left_unknown: bool = False
    right_unknown: bool = False

    @property
    def state(self) -> str:
        """Its state."""
        return self.key.state

    @property
    def length(self) -> int:
        """Microseconds, as far as it is told."""
        return sum(self.time.values())

    @property
    def restored(self) -> bool:
        """Whether it was a failure, and was seen to be over, if it is over."""
        return self.state == FAILED and not self.right_unknown

    def joined(self, after: "Run") -> "Run":
        """It and the piece of the same run that follows."""
        return Run(
            time=added(self.time, after.time),
            key=self.key,
            reason=self.reason or after.reason,
            left_unknown=self.left_unknown,
            right_unknown=after.right_unknown,
        )

    def filled(self, key: Key) -> Key:
        """A raw key of it; without a reason it takes the run's."""
        return key if key.reason else key._replace(reason=self.reason)


class Ends(NamedTuple):
    """The open runs of a unit in a segment; the same one if it is all there is."""

    first: Run
    last: Run
    one: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """What [begin, end) says of some units. Operating time and coverage follow from `time`.

    Args:
        begin: first instant, microseconds UTC.
        end: first instant that is out.
        rule: how runs are classed.
        units: open runs of each unit, by its name.
        closed_time: microseconds of the runs strictly inside, by class and key.
        closed_count: number of these, by class and key of their first instants.
        time: microseconds of all runs by raw key, whatever their class.
        counts: integers that add up: parts, Σ PRI·PQ, Σx, Σx² …
        integrals: levels times time, and energy.
        restored: failures among the runs strictly inside after which another state was seen.
        restoration: their lengths in microseconds.
    """

    begin: int
    end: int
    rule: Rule = Rule()
    units: Mapping[str, Ends] = field(default_factory=dict)
    closed_time: Mapping[Classed, int] = field(default_factory=dict)
    closed_count: Mapping[Classed, int] = field(default_factory=dict)
    time: Mapping[Key, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    integrals: Mapping[str, int] = field(default_factory=dict)
    restored: int = 0
    restoration: int = 0

    @property
    def canonical(self) -> list[object]:
        """Plain sorted values, the same for equal segments."""
        units = [[name, *map(_plain, ends[:2]), ends.one] for name, ends in sorted(self.units.items())]
        sums = (self.closed_time, self.closed_count, self.time, self.counts, self.integrals)
        rule = [self.rule.limit, sorted(self.rule.states)]
        repairs = [self.restored, self.restoration]
        return [self.begin, self.end, rule, units, *(sorted(each.items()) for each in sums), repairs]


def _plain(run: Run) -> list[object]:
    return [sorted(run.time.items()), run.key, run.reason, run.left_unknown, run.right_unknown]


def empty(at: int, rule: Rule = Rule()) -> Segment:
    """The segment of a point: it changes nothing that it is merged with."""
    return Segment(begin=at, end=at, rule=rule)


def segment(
    unit: str,
    stretches: Iterable[tuple[int, int, Key]],
    window: tuple[int, int],
    *,
    rule: Rule = Rule(),
    counts: Mapping[str, int] | None = None,
    integrals: Mapping[str, int] | None = None,
) -> Segment:
    """The segment of one unit over a window.

    Args:
        unit: its name.
        stretches: begin, end and key in order, without gaps; cut at the window. Those of length 0 are dropped.
        window: begin and end.
        rule: how runs are classed.
        counts: what was counted in the window.
        integrals: and integrated.

    Raises:
        ValueError: the stretches leave a gap in the window.
    """
    begin, end = window
    inside = ((max(first, begin), min(last, end), key) for first, last, key in stretches)
    pieces = [_stretch(unit, first, last, key, rule) for first, last, key in inside if first < last]
    told = reduce(merge, pieces, empty(begin, rule))
    if told.end != end:
        raise ValueError(f"the stretches of {unit!r} end at {told.end}, the window at {end}")
    return replace(told, counts=added(counts or {}, {}), integrals=added(integrals or {}, {}))


def _stretch(unit: str, begin: int, end: int, key: Key, rule: Rule) -> Segment:
    time = {key: end - begin}
    run = Run(time=time, key=key, reason=key.reason)
    return Segment(begin=begin, end=end, rule=rule, units={unit: Ends(run, run, one=True)}, time=time)


def merge(a: Segment, b: Segment) -> Segment:
    """Both, one after the other: the same whatever the order in which neighbours are merged.

    Raises:
        ValueError: they don't meet, are of different units, or class runs differently.
    """
    if a.end != b.begin or a.rule != b.rule:
        raise ValueError(f"a segment up to {a.end} and one from {b.begin} don't meet, or class runs differently")
    if a.begin == a.end and not a.units:
        return b
    if b.begin == b.end and not b.units:
        return a
    if a.units.keys() != b.units.keys():
        raise ValueError(f"segments of {sorted(a.units)} and of {sorted(b.units)} are of different units")
    units: dict[str, Ends] = {}
    inside: list[Run] = []
    for unit, ends in a.units.items():
        units[unit], closed = _meet(ends, b.units[unit])
        inside += closed
    times, counts = _booked(inside, a.rule)
    repairs = [run.length for run in inside if run.restored]
    return Segment(
        begin=a.begin,
        end=b.end,
        rule=a.rule,
        units=units,
        closed_time=added(a.closed_time, b.closed_time, times),
        closed_count=added(a.closed_count, b.closed_count, counts),
        time=added(a.time, b.time),
        counts=added(a.counts, b.counts),
        integrals=added(a.integrals, b.integrals),
        restored=a.restored + b.restored + len(repairs),
        restoration=a.restoration + b.restoration + sum(repairs),
    )


def add(a: Segment, b: Segment) -> Segment:
    """Both, side by side: machines of a station, stations of a line. Their runs are never joined.

    Raises:
        ValueError: they are not of the same time, share a unit, or class runs differently.
    """
    if (a.begin, a.end, a.rule) != (b.begin, b.end, b.rule):
        raise ValueError("segments of different times or rules cannot be added")
    if shared := a.units.keys() & b.units.keys():
        raise ValueError(f"{sorted(shared)} would count twice")
    return Segment(
        begin=a.begin,
        end=a.end,
        rule=a.rule,
        units={**a.units, **b.units},
        closed_time=added(a.closed_time, b.closed_time),
        closed_count=added(a.closed_count, b.closed_count),
        time=added(a.time, b.time),
        counts=added(a.counts, b.counts),
        integrals=added(a.integrals, b.integrals),
        restored=a.restored + b.restored,
        restoration=a.restoration + b.restoration,
    )


def _meet(a: Ends, b: Ends) -> tuple[Ends, list[Run]]:
    """The open runs of two neighbours together, and the runs that have both their ends now."""
    left, right = a.last, b.first
    if left.state == right.state:
        joined = left.joined(right)
        first, last = joined if a.one else a.first, joined if b.one else b.last
        return Ends(first, last, one=a.one and b.one), [] if a.one or b.one else [joined]
    left = replace(left, right_unknown=right.state == UNKNOWN)
    right = replace(right, left_unknown=a.last.state == UNKNOWN)
    first, last = left if a.one else a.first, right if b.one else b.last
    return Ends(first, last, one=False), [run for run, one in ((left, a.one), (right, b.one)) if not one]


def _booked(runs: Iterable[Run], rule: Rule) -> tuple[dict[Classed, int], dict[Classed, int]]:
    times: dict[Classed, int] = {}
    counts: dict[Classed, int] = {}
    for run in runs:
        class_ = rule.classify(run)
        for key, time in run.time.items():
            told = class_, run.filled(key)
            times[told] = times.get(told, 0) + time
        begun = class_, run.filled(run.key)
        counts[begun] = counts.get(begun, 0) + 1
    return times, counts


def added(*sums: Mapping[Of, int]) -> dict[Of, int]:
    """Sums of what has equal names; what is 0 is left out, so that equal sums are equal."""
    total: dict[Of, int] = {}
    for each in sums:
        for name, value in each.items():
            total[name] = total.get(name, 0) + value
    return {name: value for name, value in total.items() if value}
