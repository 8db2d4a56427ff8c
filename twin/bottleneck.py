"""Which station limits a line: three methods, what each of them sees, and how far they agree. Pure.

*Active period* (Roser, Nakano, Tanaka 2001, 2002): a machine is active while it does not wait for a neighbour. The
station whose machines are active longest without a pause, on average, is the one; at each instant the machine in the
longest active period is the momentary bottleneck, and where two of these periods overlap the bottleneck shifts.
*Turning point* (Li, Chang, Ni 2009): before the bottleneck machines are rather blocked, behind it rather starved, and
it is both less than its neighbours. Read here along the ways of the parts, without those that lead back.
*Utilisation*: the station with the largest share of production and setup in planned busy time.

A method names nobody where it cannot tell: it says why.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, groupby, pairwise
from typing import NamedTuple

import msgspec

from twin.accounts import CODES, STATES
from twin.mirror import LineMirror
from twin.stops import Columns

MOST = 1000
"""Momentary bottlenecks that are told one by one, at most; they are counted beyond."""

UNHEARD, IDLE, TIE, NO_TURN = "unheard", "no_activity", "tie", "no_turning_point"
"""Why a method names nobody: of some station nothing is known; no machine was active; several are equal; no station
has blocked ones before and starved ones behind it."""

_AWAY = frozenset({"off", "pause", "maintenance", "unknown"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What is known of a station in a window.

    Args:
        name: of the station.
        time: microseconds of its machines by state.
        periods: active periods of each machine that touch the window, begins and ends, as long as each is known to be.
        after: stations from which parts come, and
        before: to which they go, ways that lead back left out.
    """

    name: str
    time: Mapping[str, int]
    periods: Sequence[tuple[Columns, Columns]] = ()
    after: frozenset[str] = field(default_factory=frozenset)
    before: frozenset[str] = field(default_factory=frozenset)

    @property
    def known(self) -> int:
        """Microseconds of which something is known."""
        return sum(self.time.values()) - self.time.get("unknown", 0)

    @property
    def lengths(self) -> list[int]:
        """Lengths of its active periods."""
        return [length for begins, ends in self.periods for length in (ends - begins).tolist()]

    def share(self, state: str) -> Fraction:
        """Share of the known time that it spent in a state."""
        return Fraction(self.time.get(state, 0), self.known) if self.known else Fraction(0)

    @property
    def utilisation(self) -> Fraction | None:
        """Share of production and setup in the known planned busy time."""
        busy = sum(time for state, time in self.time.items() if state not in _AWAY)
        return Fraction(self.time.get("processing", 0) + self.time.get("setup", 0), busy) if busy else None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What a method says: a station, or why it names none."""

    station: str | None
    reason: str | None = None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """The station that most methods name, and how many; none where none can tell, or where they contradict."""

    station: str | None
    methods: int


class StationSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What the methods see of a station.

    Args:
        station: its name.
        active_periods: active periods of its machines that touch the window.
        active_us: their whole lengths together, also what lies outside the window.
        mean_active_s: mean of these.
        sole_us: time in which one of its machines alone was the momentary bottleneck.
        shifting_us: time in which the bottleneck shifted to it, or from it.
        sole: share of the window.
        shifting: likewise.
        blocked: share of its known time.
        starved: likewise.
        turning_point: whether it is one.
        utilisation: production and setup over planned busy time.
        coverage: share of its time that is known.
    """

    station: str
    active_periods: int
    active_us: int
    mean_active_s: float | None
    sole_us: int
    shifting_us: int
    sole: float
    shifting: float
    blocked: float
    starved: float
    turning_point: bool
    utilisation: float | None
    coverage: float


class Momentary(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch [begin, end) with its momentary bottleneck; several stations while it shifts."""

    begin: int
    end: int
    stations: list[str]


class Bottleneck(msgspec.Struct, frozen=True, kw_only=True):
    """Which station limited a line in a window.

    Args:
        planned: the station that limits it by plan.
        methods: what each method says.
        agreement: what they say together.
        stations: what they see, in flow order.
        shifting_us: time in which the momentary bottleneck shifted.
        none_us: time without one: no machine is known to have been active.
        momentary: one after the other; the first ones of many.
        momentary_count: how many there are.
    """

    planned: str
    methods: dict[str, Named]
    agreement: Agreement
    stations: list[StationSeen]
    shifting_us: int
    none_us: int
    momentary: list[Momentary]
    momentary_count: int


def watched(line: LineMirror, begin: int, end: int) -> list[Watched]:
    """What is known of the stations of a line in [begin, end), in flow order."""
    index = {place.station.name: at for at, place in enumerate(line.places)}
    ways = {
        (at, index[to]) for at in range(len(line.places)) for to in line.line.ways(at) if index.get(to, -1) > at
    }
    found = []
    for at, place in enumerate(line.places):
        accounts = [machine.states for machine in place.machines]
        sums = [sum(column) for column in zip(*(a.window(begin, end, line.horizon) for a in accounts), strict=True)]
        found.append(
            Watched(
                name=place.station.name,
                time={state.value: sums[CODES[state]] for state in STATES},
                periods=[account.active_periods(begin, end, line.horizon) for account in accounts],
                after=frozenset(line.places[a].station.name for a, b in ways if b == at),
                before=frozenset(line.places[b].station.name for a, b in ways if a == at),
            )
        )
    return found


def bottleneck(stations: Sequence[Watched], planned: str, begin: int, end: int) -> Bottleneck:
    """The bottleneck of [begin, end) by every method.

    Args:
        stations: what is known of each, in flow order.
        planned: the one that limits the line by plan.
        begin: first instant, microseconds UTC.
        end: first instant that is out.
    """
    stretches = list(momentary(stations, begin, end))
    time: dict[tuple[str, bool], int] = {}
    for stretch in stretches:
        for name in stretch.stations:
            key = name, len(stretch.stations) > 1
            time[key] = time.get(key, 0) + stretch.end - stretch.begin
    turning = turning_points(stations)
    methods = {
        "active_period": _by_active_period(stations),
        "turning_point": _by_turning_point(stations, turning),
        "utilisation": _by_utilisation(stations),
    }
    there = sum(stretch.end - stretch.begin for stretch in stretches)
    return Bottleneck(
        planned=planned,
        methods=methods,
        agreement=agreement(methods.values()),
        stations=[_seen(station, time, station.name in turning, end - begin) for station in stations],
        shifting_us=sum(s.end - s.begin for s in stretches if len(s.stations) > 1),
        none_us=end - begin - there,
        momentary=stretches[:MOST],
        momentary_count=len(stretches),
    )


def _seen(station: Watched, time: Mapping[tuple[str, bool], int], turning: bool, window: int) -> StationSeen:  # noqa: FBT001
    lengths = station.lengths
    sole, shifting = (time.get((station.name, several), 0) for several in (False, True))
    whole = sum(station.time.values())
    utilisation = station.utilisation
    return StationSeen(
        station=station.name,
        active_periods=len(lengths),
        active_us=sum(lengths),
        mean_active_s=sum(lengths) / len(lengths) / 1_000_000 if lengths else None,
        sole_us=sole,
        shifting_us=shifting,
        sole=sole / window,
        shifting=shifting / window,
        blocked=float(station.share("blocked")),
        starved=float(station.share("starved")),
        turning_point=turning,
        utilisation=None if utilisation is None else float(utilisation),
        coverage=station.known / whole if whole else 0.0,
    )


# --- the methods ---------------------------------------------------------------------------------------------------


def _by_active_period(stations: Sequence[Watched]) -> Named:
    lengths = {station.name: station.lengths for station in stations}
    means = {name: Fraction(sum(each), len(each)) for name, each in lengths.items() if each}
    return _largest(stations, means)


def _by_utilisation(stations: Sequence[Watched]) -> Named:
    shares = {station.name: station.utilisation for station in stations}
    return _largest(stations, {name: share for name, share in shares.items() if share})


def _by_turning_point(stations: Sequence[Watched], turning: frozenset[str]) -> Named:
    """Of several turning points the one that waits least for its neighbours."""
    if any(not station.known for station in stations):
        return Named(station=None, reason=UNHEARD)
    if not turning:
        return Named(station=None, reason=NO_TURN)
    return _largest(stations, {of.name: -_waits(of) for of in stations if of.name in turning})


def turning_points(stations: Sequence[Watched]) -> frozenset[str]:
    """Stations with rather blocked ones before and rather starved ones behind them, that wait less than these do."""
    by_name = {station.name: station for station in stations}

    def turns(station: Watched) -> bool:
        earlier, later = ([by_name[name] for name in names] for names in (station.after, station.before))
        return (
            all(other.share("blocked") > other.share("starved") for other in earlier)
            and all(other.share("starved") > other.share("blocked") for other in later)
            and all(_waits(station) < _waits(other) for other in (*earlier, *later))
        )

    return frozenset(station.name for station in stations if station.known and turns(station))


def _waits(station: Watched) -> Fraction:
    return station.share("blocked") + station.share("starved")


def _largest(stations: Sequence[Watched], figures: Mapping[str, Fraction]) -> Named:
    if any(not station.known for station in stations):
        return Named(station=None, reason=UNHEARD)
    if not figures:
        return Named(station=None, reason=IDLE)
    most = max(figures.values())
    best = [name for name, figure in figures.items() if figure == most]
    return Named(station=best[0]) if len(best) == 1 else Named(station=None, reason=TIE)


def agreement(methods: Iterable[Named]) -> Agreement:
    """What methods say together."""
    votes = Counter(named.station for named in methods if named.station is not None).most_common(2)
    if not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
        return Agreement(station=None, methods=0)
    return Agreement(station=votes[0][0], methods=votes[0][1])


# --- the momentary bottleneck --------------------------------------------------------------------------------------


class _Period(NamedTuple):
    begin: int
    end: int
    station: int  # its place in the line

    @property
    def length(self) -> int:
        return self.end - self.begin


def momentary(stations: Sequence[Watched], begin: int, end: int) -> Iterator[Momentary]:
    """The momentary bottlenecks of [begin, end) in order; the time in which no machine was active is left out.

    A period that is the longest of all at some instant is a bottleneck's from its begin to its end. Where such
    periods of several stations overlap, the bottleneck shifts from one to the other.
    """
    periods = [
        _Period(first, last, at)
        for at, station in enumerate(stations)
        for begins, ends in station.periods
        for first, last in zip(begins.tolist(), ends.tolist(), strict=True)
        if first < min(end, last) and last > begin
    ]
    chosen = _longest(periods, begin, end)
    edges = sorted({begin, end, *(max(begin, p.begin) for p in chosen), *(min(end, p.end) for p in chosen)})
    coming = sorted(chosen, reverse=True)
    there: list[_Period] = []
    pieces: list[tuple[tuple[int, ...], int, int]] = []
    for first, last in pairwise(edges):
        there = [period for period in there if period.end > first]
        while coming and coming[-1].begin <= first:
            there.append(coming.pop())
        pieces.append((tuple(sorted({period.station for period in there})), first, last))
    for places, group in groupby(pieces, key=lambda piece: piece[0]):
        if places:
            told = list(group)
            yield Momentary(begin=told[0][1], end=told[-1][2], stations=[stations[at].name for at in places])


def _longest(periods: Sequence[_Period], begin: int, end: int) -> set[_Period]:
    """Those that are the longest, or as long as it, at some instant of [begin, end)."""
    coming = sorted(periods, reverse=True)
    edges = sorted({begin, *chain.from_iterable((max(begin, p.begin), p.end) for p in periods)})
    heap: list[tuple[int, _Period]] = []
    chosen: set[_Period] = set()
    for at in edges:
        if at >= end:
            break
        while coming and coming[-1].begin <= at:
            period = coming.pop()
            heapq.heappush(heap, (-period.length, period))
        while heap and heap[0][1].end <= at:
            heapq.heappop(heap)
        tied: list[tuple[int, _Period]] = []
        while heap and (not tied or heap[0][0] == tied[0][0]):
            one = heapq.heappop(heap)
            if one[1].end > at:
                tied.append(one)
        chosen.update(period for _, period in tied)
        for one in tied:
            heapq.heappush(heap, one)
    return chosen
