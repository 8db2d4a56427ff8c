"""Points of a machine: what it did in a cell, for every table that tells of machines. Pure.

Each cell is told of as if it were asked for: with the whole lengths of stops, and the reasons that were said last.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from plant.remarks import Acknowledged, Recoded, Shelved
from plant.states import State, number
from plant.time import HOUR
from twin import characteristics
from twin.alarm_states import alarm_now
from twin.capability import SUBGROUP
from twin.cells import Cell
from twin.control_chart import Value, chart
from twin.figures import machine_parts
from twin.kpis import evaluate
from twin.measurements import Measurement
from twin.pareto import PROCESSING, UNKNOWN, whole_stops
from twin.points import Subject, apart, window
from twin.points_of_events import events_of_machine
from twin.remarks import UNTOUCHED
from twin.stays import UNTOLD
from twin.tables import OF_MACHINES, FieldValue, Point
from twin.values import Interval

STUDIED = 8 * HOUR
"""Time that a capability is of."""

BASELINE = 25
"""Subgroups of which the limits of a control chart are made: the first ones; before they are full, those so far."""

PATTERN = 15
"""Points that a rule of a control chart looks at, at most."""

INDICES = ("cp", "cpk", "cm", "cmk")
RANGE_BEYOND = "range-beyond-limits"

Why = tuple[str, str]
"""State and reason of a stop; empty: none was told."""


class Stopped(NamedTuple):
    """Stops of a reason within a window: microseconds lost, how many began, how many of these are minor stops."""

    lost: int = 0
    stops: int = 0
    minor: int = 0

    def __add__(self, other: "Stopped") -> "Stopped":  # type: ignore[override]
        """Both together."""
        return Stopped(self.lost + other.lost, self.stops + other.stops, self.minor + other.minor)

    @property
    def values(self) -> dict[str, FieldValue]:
        """As fields."""
        return dict(self._asdict())


def parts_of(subject: Subject, cell: Cell) -> dict[str, int]:
    """Additive parts of a machine's cell; those of an account, and what a line's are made of besides."""
    return machine_parts(subject.machine, subject.line, window(cell.begin, cell.end), OF_MACHINES)


def points_of_cell(subject: Subject, cell: Cell, parts: Mapping[str, int], *, revised: bool = False) -> list[Point]:
    """All that is told of a machine's cell.

    Args:
        subject: the machine.
        cell: what of it has been so far.
        parts: of the cell, by `parts_of`.
        revised: whether something else was told of it before: then points that there may have been are told again,
            with what holds now.
    """
    if cell.begin >= cell.end:
        return []
    machine, line = subject.machine, subject.line
    around = machine.intervals(*machine.states.around(cell.begin, cell.end, line.horizon), line.horizon)
    return [
        subject.point("account", cell.at, {n: part for n, part in parts.items() if n in OF_MACHINES}, cell.shift),
        *_stops(subject, cell, around, revised=revised),
        *_states(subject, cell, around, revised=revised),
        *apart(_cycles(subject, cell)),
        *apart(_measured(subject, cell)),
        *apart(_charts(subject, cell)),
        *_capability(subject, cell),
        *_alarms(subject, cell),
        *events_of_machine(subject, cell, around),
    ]


# --- stops and states ------------------------------------------------------------------------------------------------


def stopped(subject: Subject, begin: int, end: int, around: Sequence[Interval] | None = None) -> dict[Why, Stopped]:
    """Stops of a machine in [begin, end) by state and reason, as a Pareto chart counts them (`twin.pareto`).

    Args:
        subject: the machine.
        begin: first instant.
        end: first instant that is out.
        around: what it did, with the stops of the window whole, if that is known already.
    """
    machine, horizon = subject.machine, subject.line.horizon
    if around is None:
        around = machine.intervals(*machine.states.around(begin, end, horizon), horizon)
    minor = machine.states.minor_stops(begin, end, subject.line.line.minor_stop)
    found: dict[Why, Stopped] = {}
    for stop in whole_stops(around):
        pieces = [around[at] for at in stop]
        first = next((piece.reason for piece in pieces if piece.reason), "")
        for piece in pieces:
            time = min(piece.end, end) - max(piece.begin, begin)
            if time <= 0:
                continue
            begun = piece is pieces[0] and begin <= piece.begin and piece.state != UNKNOWN
            short = begun and piece.state == State.FAILED and piece.begin in minor
            why = piece.state, piece.reason or first
            found[why] = found.get(why, Stopped()) + Stopped(time, int(begun), int(short))
    return found


def reasons(subject: Subject) -> set[Why]:
    """All states and reasons of stops that there may ever have been of a machine."""
    machine = subject.machine
    states = [state.value for state in State if state != PROCESSING]
    told = {(state, reason) for state, reason in machine.states.reasons_told() if state != PROCESSING}
    said = {about.reason for _, about in machine.remarks.about(Recoded)}
    return told | {(state, "") for state in states} | {(s, r) for s in states if s not in UNTOUCHED for r in said}


def _stops(subject: Subject, cell: Cell, around: Sequence[Interval], *, revised: bool) -> Iterator[Point]:
    found = stopped(subject, cell.begin, cell.end, around)
    if revised:
        found = {**dict.fromkeys(reasons(subject), Stopped()), **found}
    for (state, reason), of in found.items():
        yield subject.point("stop", cell.at, of.values, cell.shift, state, reason)


def _states(subject: Subject, cell: Cell, around: Sequence[Interval], *, revised: bool) -> Iterator[Point]:
    machine = subject.machine
    told = [one for one in around if one.end > cell.begin and one.begin < cell.end]
    begins = [max(one.begin, cell.begin) for one in told]
    instants = set(begins)
    if revised:
        borders = {at for _, about in machine.remarks.about(Recoded) for at in (about.begin, about.end)}
        instants |= machine.states.told_at(cell.begin, cell.end) | {a for a in borders if cell.begin <= a < cell.end}
    for at in sorted(instants):
        one = told[bisect_left(begins, at + 1) - 1]
        yield subject.point("state", at, state_fields(one.state, one.reason))


def state_fields(state: str, reason: str) -> dict[str, FieldValue]:
    """A state as fields."""
    return {"code": number(state), "state": state, "reason": reason}


# --- parts -----------------------------------------------------------------------------------------------------------


def _cycles(subject: Subject, cell: Cell) -> Iterator[Point]:
    outcomes, plan = subject.machine.outcomes, subject.machine.plan
    rows = outcomes.rows(cell.begin, cell.end)
    if rows.start == rows.stop:
        return
    names = ["", *subject.machine.kinds]
    planned = plan.prices(outcomes, subject.machine.log, rows).tolist()
    kinds, verdicts = outcomes.kinds(rows).tolist(), outcomes.verdicts(rows)
    for row, price, kind, verdict in zip(range(rows.start, rows.stop), planned, kinds, verdicts, strict=True):
        values: dict[str, FieldValue] = {
            "part": outcomes.parts[row],
            "planned": price,
            **{name: int(verdict == name) for name in ("good", "scrap", "rework")},
        }
        if outcomes.cycle[row] != UNTOLD:
            values["cycle"] = outcomes.cycle[row]
        yield subject.point("cycle", outcomes.ts[row], values, names[kind])


def _measured(subject: Subject, cell: Cell) -> Iterator[Point]:
    for name, one in subject.machine.measurements.between(cell.begin, cell.end):
        limits = {"lower": one.found.lsl, "upper": one.found.usl}
        values: dict[str, FieldValue] = {"part": one.part, "value": float(one.found.v), "ok": int(one.found.ok)}
        values |= {which: float(limit) for which, limit in limits.items() if limit is not None}
        yield subject.point("measured", one.ts, values, name)


def _charts(subject: Subject, cell: Cell) -> Iterator[Point]:
    """Points of control charts whose last value is in the cell; each is judged by what was known when it came."""
    for name, told in subject.machine.measurements.told.items():
        first, last = bisect_left(told, (cell.begin,)), bisect_left(told, (cell.end,))
        for group in range(first // SUBGROUP, last // SUBGROUP):
            stable, behind = BASELINE * SUBGROUP, (group + 1) * SUBGROUP
            again = max(stable, behind - PATTERN * SUBGROUP)
            yield _charted(subject, name, [*told[: min(behind, stable)], *told[again:behind]])


def _charted(subject: Subject, name: str, told: Sequence[Measurement]) -> Point:
    found = chart([Value(m.ts, m.part, m.found.v) for m in told], kind="xbar-r", subgroup=SUBGROUP, baseline=BASELINE)
    last, location, spread = found.points[-1], found.location, found.spread
    broken = [*last.broken, *([RANGE_BEYOND] if last.spread_beyond else [])]
    values: dict[str, FieldValue] = {"mean": last.value, "broken": len(broken), "rule": ", ".join(broken)}
    if last.spread is not None:
        values["range"] = last.spread
    if location is not None:
        values |= {"centre": location.centre, "lower": location.lower, "upper": location.upper}
    if spread is not None:
        values |= {"range_centre": spread.centre, "range_upper": spread.upper}
    return subject.point("spc", last.at, values, name)


def _capability(subject: Subject, cell: Cell) -> Iterator[Point]:
    """At each full hour, of what was measured before it."""
    if cell.at % HOUR or cell.begin != cell.at:
        return
    for rows, parts in characteristics.studies((subject.machine,), cell.at - STUDIED, cell.at, INDICES):
        values: dict[str, FieldValue] = {"values": parts["n"]}
        indices = {row.id.partition(".")[0]: evaluate(row, parts).value for row in rows}
        values |= {index: value for index, value in indices.items() if value is not None}
        if parts["n"]:
            yield subject.point("capability", cell.at, values, rows[0].id.partition(".")[2])


# --- alarms ----------------------------------------------------------------------------------------------------------


def _alarms(subject: Subject, cell: Cell) -> Iterator[Point]:
    """Each alarm at each instant at which something was said of it: by the plant, or by people."""
    machine = subject.machine
    told = machine.remarks.told
    for code, known in machine.alarms.items():
        first, last = (bisect_left(known, at, key=lambda m: m.ts) for at in (cell.begin, cell.end))
        said = {m.ts for m in told if isinstance(m.about, Acknowledged | Shelved) and m.about.code == code}
        for at in sorted({m.ts for m in known[first:last]} | {at for at in said if cell.begin <= at < cell.end}):
            if (now := alarm_now(machine.path, known, told, at)) is not None:
                values: dict[str, FieldValue] = {
                    "active": int(now.active), "priority": now.priority, "alarm_state": now.state, "text": now.text
                }  # fmt: skip
                yield subject.point("alarm", at, values, code)
