"""Why machines did not produce: time and number of stops by reason, for a Pareto chart. Pure.

A stop is a maximal stretch of one state; its reason may change inside it. Its time counts under the reason in force, a
part without one under the first reason told in the stop, also where that lies outside the window. The stop counts
once, where it began, with its whole length. A failed machine that is found failed after a break or a night goes on with
the same stop, and what it is (a minor stop, a breakdown) its whole length decides, as in the waterfall: the times of a
bucket add up to the waterfall's bucket exactly.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from plant.states import State
from twin.accounts import CODES
from twin.figures import Window
from twin.mirror import LineMirror, Machine
from twin.planning import counted_by, pieces
from twin.profile import Profile
from twin.values import Interval

STOPPED = tuple(state.value for state in State if state != State.PROCESSING)
"""States that are told of: all in which nothing is produced."""

PROCESSING, FAILED, UNKNOWN = State.PROCESSING.value, State.FAILED.value, State.UNKNOWN.value
_AWAY = frozenset({"off", "pause"})
_BUCKETS = {"pause": "planned_stop", "maintenance": "planned_stop", "no_order_failed": "no_order"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A piece of a stop inside a window, under one reason.

    Args:
        machine: path of the machine.
        bucket: of the waterfall.
        state: of the machine.
        reason: told for it, or first told in its stop; empty: none was.
        time: microseconds of it inside the window.
        unclassified: those of them in a stop that has no class yet.
        begun: whether its stop began with it, inside the window.
        length: if so, the whole time that its stop spent in the state, as far as it is known.
        open: if so, whether it may have gone on.
    """

    machine: str
    bucket: str
    state: str
    reason: str
    time: int
    unclassified: int = 0
    begun: bool = False
    length: int = 0
    open: bool = False


class MachineShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one machine has of a row."""

    path: str
    time_us: int
    count: int


class ParetoRow(msgspec.Struct, frozen=True, kw_only=True):
    """One reason.

    Args:
        bucket: of the waterfall; one state may have two (breakdown and minor stop).
        state: of the machines.
        reason: as told; empty where nobody told one.
        time_us: time inside the window.
        lower_us: no less than that, whatever the unknown time was.
        upper_us: no more than that.
        share: of the time of all rows.
        cumulated: of this and the rows before.
        count: stops that began in the window.
        length_us: their whole lengths, also what lies outside the window.
        mean_s: mean of these: how long it takes until such a stop is over.
        open: how many of them may not have been over.
        unclassified_us: time in stops that are too short to have a class while their ends are not known.
        machines: what each machine has of it, the most first.
    """

    bucket: str
    state: str
    reason: str
    time_us: int
    lower_us: int
    upper_us: int
    share: float
    cumulated: float
    count: int
    length_us: int
    mean_s: float | None
    open: int
    unclassified_us: int
    machines: list[MachineShare]


class Pareto(msgspec.Struct, frozen=True, kw_only=True):
    """Reasons of a window, the one with the most time first.

    Args:
        window_us: length of the window, summed over the machines.
        time_us: time of all rows.
        unknown_us: time of which nothing is known: any row may have had it, and stops in it are not counted.
        coverage: share of the window that is known.
        rows: a reason each.
    """

    window_us: int
    time_us: int
    unknown_us: int
    coverage: float
    rows: list[ParetoRow]


def pareto(
    line: LineMirror, machines: Sequence[Machine], window: Window, states: Collection[str] = STOPPED
) -> Pareto:
    """The reasons of some machines of a line in a window, for these states."""
    begin, end = window.begin, window.end
    told = [one for machine in machines for one in stretches(machine, line, begin, end, window.profile)]
    unknown = sum(one.time for one in told if one.state == UNKNOWN)
    found: dict[tuple[str, str, str], list[Stretch]] = {}
    for one in told:
        if one.state in states:
            found.setdefault((one.bucket, one.state, one.reason), []).append(one)
    unsettled = {key: sum(one.unclassified for one in some) for key, some in found.items()}
    rows = sorted(
        (
            _row(key, some, unknown + (unsettled.get(("breakdown", *key[1:]), 0) if key[0] == "minor_stop" else 0))
            for key, some in found.items()
        ),
        key=_rank,
    )
    total, before = sum(row.time_us for row in rows), 0
    listed = []
    for row in rows:
        before += row.time_us
        shares = (row.time_us / total, before / total) if total else (0.0, 0.0)
        listed.append(msgspec.structs.replace(row, share=shares[0], cumulated=shares[1]))
    whole = len(machines) * (end - begin)
    return Pareto(window_us=whole, time_us=total, unknown_us=unknown, coverage=(whole - unknown) / whole, rows=listed)


def _rank(row: ParetoRow) -> tuple[int, int, str, str, str]:
    return -row.time_us, -row.count, row.bucket, row.state, row.reason


def _row(key: tuple[str, str, str], some: Sequence[Stretch], unknown: int) -> ParetoRow:
    bucket, state, reason = key
    time, unclassified = sum(one.time for one in some), sum(one.unclassified for one in some)
    begun = [one for one in some if one.begun]
    length = sum(one.length for one in begun)
    there: dict[str, tuple[int, int]] = {}
    for one in some:
        known = there.get(one.machine, (0, 0))
        there[one.machine] = known[0] + one.time, known[1] + one.begun
    return ParetoRow(
        bucket=bucket,
        state=state,
        reason=reason,
        time_us=time,
        lower_us=0 if state == UNKNOWN else time - (unclassified if bucket == "breakdown" else 0),
        upper_us=time if state == UNKNOWN else time + unknown,
        share=0.0,
        cumulated=0.0,
        count=len(begun),
        length_us=length,
        mean_s=length / len(begun) / 1_000_000 if begun else None,
        open=sum(one.open for one in begun),
        unclassified_us=unclassified,
        machines=[
            MachineShare(path=path, time_us=of[0], count=of[1])
            for path, of in sorted(there.items(), key=lambda one: (-one[1][0], -one[1][1], one[0]))
        ],
    )


def stretches(machine: Machine, line: LineMirror, begin: int, end: int, profile: Profile) -> Iterator[Stretch]:
    """What a machine did in [begin, end) beside production, each piece under its reason."""
    told = machine.intervals(*machine.states.around(begin, end, line.horizon), line.horizon)
    for stop in whole_stops(told):
        whole = [told[at] for at in stop]
        reason = next((piece.reason for piece in whole if piece.reason), "")
        for piece in whole:
            since, until = max(piece.begin, begin), min(piece.end, end)
            named = msgspec.structs.replace(piece, reason=piece.reason or reason, begin=since, end=until)
            first, *others = _buckets(machine, line, named, profile) if since < until else [None]
            if first and piece is whole[0] and begin <= piece.begin and piece.state != UNKNOWN:
                length = sum(each.end - each.begin for each in whole)
                first = replace(first, begun=True, length=length, open=not _over(told, stop[-1]))
            yield from (one for one in (first, *others) if one)


def _buckets(machine: Machine, line: LineMirror, piece: Interval, profile: Profile) -> list[Stretch]:
    """A piece of a stop by what the waterfall counts it as: by the plan, with an order on the unit and without one."""
    states, limit, state = machine.states, line.line.minor_stop, State(piece.state)
    found = []
    for (begin, end), plan in pieces(machine, line, piece.begin, piece.end):
        by = counted_by(profile, plan)
        with_order, bare = (times[CODES[state]] for times in states.split(begin, end, line.horizon))
        for time, bucket in ((with_order, by.spent[state]), (bare, by.bare.get(state, by.spent[state]))):
            one = Stretch(
                machine=machine.path,
                bucket=_BUCKETS.get(bucket, bucket),
                state=piece.state,
                reason=piece.reason,
                time=time,
            )
            if bucket == "breakdown":
                classed = states.stopped(begin, end, line.horizon, limit)
                one = replace(
                    one, bucket="minor_stop" if classed.minor else bucket, unclassified=classed.unclassified
                )
            if time:
                found.append(one)
    return found


def whole_stops(told: Sequence[Interval]) -> list[list[int]]:
    """Stops by the places of their pieces: of one state, each behind the other.

    Of a failed machine a break or the time between shifts may lie between two pieces; it is a stop of its own.
    """
    stops: list[list[int]] = []
    failed: list[int] | None = None  # a stop that is not over
    for at, piece in enumerate(told):
        if piece.state == FAILED and failed is not None:
            failed.append(at)
        elif at and told[at - 1].state == piece.state != PROCESSING:
            stops[-1].append(at)
        elif piece.state != PROCESSING:
            stops.append([at])
        if piece.state == FAILED:
            failed = failed or stops[-1]
        elif piece.state not in _AWAY:
            failed = None
    return stops


def _over(told: Sequence[Interval], last: int) -> bool:
    """Whether a stop is known to be over behind its last piece."""
    skipped = _AWAY if told[last].state == FAILED else ()
    after = next((at for at in range(last + 1, len(told)) if told[at].state not in skipped), None)
    return after is not None and told[after].state != UNKNOWN
