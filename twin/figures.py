"""From the mirror's facts to the additive parts of a window, and what is in doubt about them. Pure.

Parts that take long to find are found only for the KPIs that are asked for.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from plant.messages import Order
from plant.remarks import Planned
from twin import characteristics
from twin.catalogue import CATALOGUE, LINE_CATALOGUE, KpiRow
from twin.kpis import Doubt, chain, evaluate, pool
from twin.meter import LEVELS as METERED
from twin.mirror import LineMirror, Machine, Place, machines_of
from twin.orders import Completed, on_time
from twin.planning import counted_by, pieces
from twin.profile import ISO, Profile
from twin.remarks import UNTOUCHED
from twin.shares import Share, spent_on, whole
from twin.stays import UNTOLD, Made, Rows, Stays, view
from twin.stops import Stopped
from twin.values import KpiValue
from twin.waterfall import SUMS

Lost = Callable[[str, int, int], int | None]
"""Part messages of a machine or station, or order messages of a line, that may be missing in a window; none when nobody
can tell."""

NONE: frozenset[str] = frozenset()
STOPS = frozenset({"FE", "TTR", "restored"})
LEVELS = frozenset({"wip_integral", "queue_integral", "lead_time_sum", "lead_times"})
ALLOTTED = frozenset({"order_AUBT", "order_APT"})
ORDERS = frozenset({"due", "on_time", "order_PQ", "AOET"}) | ALLOTTED
ENERGY = frozenset({"E", *(f"E_{level}" for level in METERED)})
CLASSES = frozenset({"breakdown", "minor_stop", "minor_stops"})
CYCLES = frozenset({"cycles", "cycle_sum"})
OF_A_LINE = frozenset({"PRI_shipped", "bottleneck_PBT", "bottleneck_UNK"})
OUTSIDE = frozenset({"PQ_outside", "outside_time"})
"""Parts that are found, and in doubt, together."""

ALWAYS = frozenset({"window", "UNK", "PBT", "unclassified"})
"""Parts that every figure needs, for its coverage and bounds."""

WATERFALL = frozenset({*SUMS, "PRI_PQ", "PRI_GQ"})
"""Parts that the loss waterfall is made of."""

Names = Collection[str] | None
"""KPIs that are asked for; none: all that the node has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A question: half-open window, what is confirmed, and what was lost.

    Args:
        begin: first instant, microseconds UTC.
        end: first instant that is out.
        lost: part messages that may be missing.
        profile: from states to time elements.
    """

    begin: int
    end: int
    lost: Lost
    profile: Profile = ISO

    def known(self, line: LineMirror) -> tuple[int, int]:
        """The piece of the window of which the line has told."""
        begin, end = max(self.begin, line.first), min(self.end, line.horizon)
        return (begin, end) if begin < end else (self.begin, self.begin)


def machine_parts(machine: Machine, line: LineMirror, window: Window, wanted: Collection[str]) -> dict[str, int]:
    """Time elements, parts and failures of one machine: what is wanted of them, and `ALWAYS`."""
    begin, end = window.begin, window.end
    classed = not CLASSES.isdisjoint(wanted)
    parts = total(
        share_parts(machine, whole(machine, line, *ends, classed=classed), window, wanted, plan)
        for ends, plan in pieces(machine, line, begin, end)
    )
    parts["duration"] = end - begin
    if not STOPS.isdisjoint(wanted):
        failures = machine.states.failures()
        parts["FE"] = failures.begun(begin, end)
        parts["restored"], parts["TTR"] = failures.restored(begin, end)
    if not ENERGY.isdisjoint(wanted):
        parts |= _energy(machine, window)
    return {name: part for name, part in parts.items() if name in wanted or name in ALWAYS}


def total(pieces: Iterable[dict[str, int]]) -> dict[str, int]:
    """Parts of pieces of a window together; all have the same ones."""
    first, *others = pieces
    return {name: part + sum(piece[name] for piece in others) for name, part in first.items()} if others else first


def share_parts(
    machine: Machine, share: Share, window: Window, wanted: Collection[str], plan: Planned | None = None
) -> dict[str, int]:
    """Time elements and parts of a share of what one machine did: what is wanted of them, and `ALWAYS`.

    Args:
        machine: which one.
        share: of a window, or of a piece of it that was planned for one thing.
        window: the question.
        wanted: names of parts.
        plan: for what somebody said that the piece was planned, if not for what the machine told.
    """
    stopped = share.stopped if plan in {None, "work"} else Stopped(0, 0, 0, 0)
    elements = counted_by(window.profile, plan).elements(share.times, stopped.minor, share.bare)
    parts = {**elements, "operating_time": elements["AUPT"], **_booked(machine, share.rows)}
    if not CYCLES.isdisjoint(wanted):
        parts["cycles"], parts["cycle_sum"] = machine.outcomes.cycle_sum(share.rows)
    if not OUTSIDE.isdisjoint(wanted):
        parts["PQ_outside"], parts["outside_time"] = _outside(machine, share.rows, plan)
    if not CLASSES.isdisjoint(wanted):
        parts |= {"minor_stops": stopped.minors, "unclassified": stopped.unclassified}
    return {name: part for name, part in parts.items() if name in wanted or name in ALWAYS}


def _booked(machine: Machine, rows: Rows) -> dict[str, int]:
    """Some parts whose work ended, by what became of them and what they are worth."""
    made = machine.outcomes.made(rows)
    worth, good_worth = _worth(machine, made, rows)
    return {
        "PQ": made.produced,
        "GQ": made.good,
        "RQ": made.reworked,
        "SQ": made.scrapped,
        "IP": made.first,
        "GP": made.passed,
        "PRI_PQ": worth,
        "PRI_GQ": good_worth,
    }


def _energy(machine: Machine, window: Window) -> dict[str, int]:
    """Electric energy in milliwatt hours, by energy state where the meter tells it."""
    taken = machine.energy.between(window.begin, window.end)
    if taken is None:
        return {}
    by = {} if taken.by is None else {f"E_{level}": mwh for level, mwh in zip(METERED, taken.by, strict=True)}
    return {"E": taken.total, **by}


def _worth(machine: Machine, made: Made, rows: Rows) -> tuple[int, int]:
    """Some parts, and the good ones of them, valued with what was planned for each when its cycle began."""
    if (cycle := machine.plan.constant) is not None:
        return made.produced * cycle, made.good * cycle
    outcomes = machine.outcomes
    return outcomes.worth(rows, machine.plan.prices(outcomes, machine.log, rows))


def _outside(machine: Machine, rows: Rows, plan: Planned | None) -> tuple[int, int]:
    """How many of some parts were finished outside planned busy time, and work on them in microseconds."""
    instants = view(machine.outcomes.ts)[rows]
    if plan == "work":
        return 0, 0
    away = np.ones(len(instants), dtype=np.bool_) if plan else machine.states.away(instants)
    cycles = view(machine.outcomes.cycle)[rows][away]
    return int(away.sum()), int(cycles[cycles != UNTOLD].sum())


def machine_doubt(machine: Machine, line: LineMirror, window: Window, wanted: Collection[str]) -> Doubt:
    """What may be missing of a machine's parts: lost messages, and cycles in time of which nothing was heard."""
    begin, end = window.begin, window.end
    lost = window.lost(machine.path, begin, end)
    first = machine.states.first
    heard = line.horizon if first is None else first
    unheard = (min(end, heard) - begin, end - max(begin, line.horizon))
    missing = lost
    shortest = machine.station.minimum_cycle
    for stretch in unheard:
        if stretch > 0 and missing is not None:
            missing = missing - (-stretch // shortest) if shortest else None
    unsure = NONE
    if not STOPS.isdisjoint(wanted) and machine.states.failures().doubtful(begin, end):
        unsure |= STOPS
    if "minor_stops" in wanted:
        stopped = machine.states.stopped(begin, end, line.horizon, line.line.minor_stop)
        unsure |= {"minor_stops"} if stopped.unclassifieds else NONE
    if not ENERGY.isdisjoint(wanted):
        taken = machine.energy.between(begin, end)
        unsure |= NONE if taken and taken.sure else ENERGY
    if not OUTSIDE.isdisjoint(wanted):
        booked = view(machine.outcomes.ts)[machine.outcomes.rows(begin, end)]
        unsure |= NONE if missing == 0 and machine.states.vouched(booked) else OUTSIDE
    return Doubt(missing=missing, disposed=lost, ideal=machine.plan.highest, unsure=unsure)


def pooled_doubt(machines: Iterable[Machine], line: LineMirror, window: Window, wanted: Collection[str]) -> Doubt:
    """What may be missing of the parts of several machines, and of the parts that stand between them.

    A lost part event may have put a part elsewhere for ever, so levels are sure only where none is lost so far.
    """
    doubt = _together([machine_doubt(machine, line, window, wanted) for machine in machines])
    if LEVELS.isdisjoint(wanted):
        return doubt
    places = [place.path for place in line.places if not place.single]
    paths = [*places, *(machine.path for machine in line.machines)]
    strayed = any(window.lost(path, line.first, window.end) != 0 for path in paths)
    return replace(doubt, unsure=doubt.unsure | LEVELS) if strayed else doubt


def _together(doubts: Collection[Doubt]) -> Doubt:
    missing = [doubt.missing for doubt in doubts]
    disposed = [doubt.disposed for doubt in doubts]
    return Doubt(
        missing=None if None in missing else sum(m for m in missing if m is not None),
        disposed=None if None in disposed else sum(d for d in disposed if d is not None),
        ideal=max((doubt.ideal for doubt in doubts), default=0),
        unsure=NONE.union(*(doubt.unsure for doubt in doubts)),
    )


def machine_kpis(machine: Machine, line: LineMirror, window: Window, names: Names) -> dict[str, KpiValue]:
    """KPIs of one of several machines of a station."""
    rows = chosen(CATALOGUE, "machine", names and characteristics.others(names, (machine,)))
    wanted = wanted_of(rows)
    parts, doubt = machine_parts(machine, line, window, wanted), machine_doubt(machine, line, window, wanted)
    return {**_evaluate(rows, parts, doubt, window), **_capability((machine,), window, names)}


def place_kpis(place: Place, line: LineMirror, window: Window, names: Names) -> dict[str, KpiValue]:
    """KPIs of a station: sums over its machines, and what stands there."""
    rows = chosen(CATALOGUE, "station", names and characteristics.others(names, place.machines))
    wanted = wanted_of(rows)
    parts = _place_parts(place, line, window, wanted)
    doubt = pooled_doubt(place.machines, line, window, wanted)
    if "first_PQ" in wanted:
        first = line.places[0].machines
        if any(machine_doubt(machine, line, window, NONE).missing != 0 for machine in first):
            doubt = replace(doubt, unsure=doubt.unsure | {"first_PQ"})
    return {**_evaluate(rows, parts, doubt, window), **_capability(place.machines, window, names)}


def _place_parts(place: Place, line: LineMirror, window: Window, wanted: Collection[str]) -> dict[str, int]:
    """Parts of a station: sums over its machines, and what stands there."""
    parts = pool([machine_parts(machine, line, window, wanted) for machine in place.machines])
    parts |= {"duration": window.end - window.begin, **_stay("wip", place.wip, line, window)}
    if "queue_integral" in wanted:
        parts |= _stay("queue", place.queue, line, window)
        parts["queue_max"] = place.queue.highest(*window.known(line))
    if "first_PQ" in wanted:
        first = line.places[0].machines
        parts["first_PQ"] = sum(machine.outcomes.produced(window.begin, window.end) for machine in first)
    return parts


def line_kpis(line: LineMirror, window: Window, names: Names) -> dict[str, KpiValue]:
    """KPIs of a line: pooled over its machines, and of what leaves it."""
    rows = chosen(LINE_CATALOGUE, "line", names)
    parts, doubt, by_place = _line_parts(line, window, wanted_of(rows))
    chained = {row.id: _chain(row, line, by_place, window) for row in rows if row.chained}
    values = _evaluate((row for row in rows if not row.chained), parts, doubt, window)
    return {row.id: chained[row.id] if row.chained else values[row.id] for row in rows}


def lines_kpis(lines: Collection[LineMirror], window: Window, names: Names) -> dict[str, KpiValue]:
    """KPIs of an area or a site: sums over its lines; what is no quotient of sums has no value."""
    rows = chosen(LINE_CATALOGUE, "line", names)
    wanted = wanted_of(rows)
    each = [_line_parts(line, window, wanted)[:2] for line in lines]
    parts = pooled_lines([parts for parts, _ in each])
    parts["duration"] = window.end - window.begin
    if len({window.known(line) for line in lines}) == 1:
        parts["known"] //= len(lines)
    else:  # levels at different times have no sum
        del parts["known"], parts["wip_integral"]
    doubt = _together([doubt for _, doubt in each])
    return {row.id: pooled_figure(row, parts, doubt, window) for row in rows}


def pooled_lines(members: Iterable[dict[str, int]]) -> dict[str, int]:
    """Parts of several lines together, without what is of one line only."""
    return {name: part for name, part in pool(members).items() if name not in OF_A_LINE}


def pooled_figure(row: KpiRow, parts: dict[str, int], doubt: Doubt, window: Window) -> KpiValue:
    """A figure of several lines; what is a product over stations, or lacks parts, cannot be pooled and says so."""
    told = {name: parts[name] for name in ("UNK", "window")} if row.chained else parts
    value = evaluate(row, told, doubt, window.profile)
    missing = {name for name in row.names if name not in told}
    if row.chained or missing & (OF_A_LINE | {"known", "wip_integral"}):
        return msgspec.structs.replace(value, reason="not_pooled")
    return value


def _line_parts(
    line: LineMirror, window: Window, wanted: Collection[str]
) -> tuple[dict[str, int], Doubt, dict[str, dict[str, int]]]:
    """Parts of a line, what is in doubt about them, and parts of its stations."""
    by_place = {
        place.station.name: pool([machine_parts(machine, line, window, wanted) for machine in place.machines])
        for place in line.places
    }
    parts, unsure = line_parts(line, window, wanted, by_place)
    doubt = pooled_doubt(line.machines, line, window, wanted)
    return parts, replace(doubt, ideal=max(doubt.ideal, line.dearest), unsure=doubt.unsure | unsure), by_place


def line_parts(
    line: LineMirror, window: Window, wanted: Collection[str], by_place: Mapping[str, dict[str, int]]
) -> tuple[dict[str, int], frozenset[str]]:
    """Parts of a line from those of its stations by name, and which of its own are unsure."""
    parts = pool(list(by_place.values()))
    slowest = line.bottleneck.station.name
    leads, lead_sum = line.wip.completed(window.begin, window.end)
    order_parts, unsure = orders_parts(line, window, wanted, line.orders.completed(*window.known(line)))
    parts |= {
        "duration": window.end - window.begin,
        **shipped_parts(line, line.shipped.rows(window.begin, window.end)),
        "bottleneck_PBT": by_place[slowest]["PBT"],
        "bottleneck_UNK": by_place[slowest]["UNK"],
        "lead_times": leads,
        "lead_time_sum": lead_sum,
        **due_parts(line.orders.due(*window.known(line))),
        **order_parts,
        **_stay("wip", line.wip, line, window),
    }
    return parts, unsure


def shipped_parts(line: LineMirror, rows: Rows) -> dict[str, int]:
    """Some parts that left a line, and what they are worth: the planned work at its bottleneck when they left."""
    kinds, plan = line.shipped.kinds(rows), line.bottleneck.machines[0].plan
    instants = view(line.shipped.ts)[rows]
    worth = 0
    for kind in np.unique(kinds).tolist():
        cycles, counts = np.unique(plan.at(instants[kinds == kind], kinds[kinds == kind]), return_counts=True)
        for cycle, count in zip(cycles.tolist(), counts.tolist(), strict=True):
            worth += count * round(line.times[kind] * cycle)
    return {"shipped": len(kinds), "PRI_shipped": worth}


def due_parts(due: Collection[Order]) -> dict[str, int]:
    """How many orders are due, and how many of them were completed by then."""
    return {"due": len(due), "on_time": sum(map(on_time, due))}


def orders_parts(
    line: LineMirror, window: Window, wanted: Collection[str], done: Collection[Completed]
) -> tuple[dict[str, int], frozenset[str]]:
    """Parts and time of orders that are complete, from begin to end of each whatever the window; and what is unsure.

    The time that they were on machines is found only where it is wanted: it takes long.
    """
    parts = {"order_PQ": sum(one.parts for one in done), "AOET": sum(one.ended - one.began for one in done)}
    unsure = ORDERS if window.lost(line.path, line.first, window.end) != 0 else NONE
    if not ALLOTTED.isdisjoint(wanted):
        busy = producing = 0
        spans = {one.order: (one.began, one.ended) for one in done}
        for machine in line.machines if spans else ():
            first, last = min(begin for begin, _ in spans.values()), max(end for _, end in spans.values())
            for (begin, end), plan in pieces(machine, line, first, last):
                inside = {name: (max(b, begin), min(e, end)) for name, (b, e) in spans.items() if b < end and e > begin}
                if not inside:
                    continue
                times, bare, unknown = spent_on(machine, line, inside)
                elements = counted_by(window.profile, plan).elements(times, 0, bare)
                busy += elements["AUBT"]
                producing += elements["APT"]
                unsure |= ALLOTTED if unknown else NONE
        parts |= {"order_AUBT": busy, "order_APT": producing}
    return parts, unsure


def _chain(row: KpiRow, line: LineMirror, by_place: dict[str, dict[str, int]], window: Window) -> KpiValue:
    doubts = {
        place.station.name: _together([machine_doubt(machine, line, window, NONE) for machine in place.machines])
        for place in line.places
    }
    return chain(row, {name: (parts, doubts[name]) for name, parts in by_place.items()}, window.profile)


def node_parts(line: LineMirror, thing: LineMirror | Place | Machine, window: Window) -> dict[str, int]:
    """What the loss waterfall of a node is made of, of all its machines together."""
    machines = (thing,) if isinstance(thing, Machine) else thing.machines
    return pool([machine_parts(machine, line, window, WATERFALL) for machine in machines])


def additive(line: LineMirror, thing: LineMirror | Place | Machine, window: Window) -> dict[str, int]:
    """All parts of a node that add up over windows, and the time of its stops by state and reason."""
    if isinstance(thing, LineMirror):
        parts = _line_parts(line, window, OF_LINES)[0]
    elif isinstance(thing, Place):
        parts = _place_parts(thing, line, window, OF_OTHERS)
        parts.pop("queue_max", None)
    else:
        parts = machine_parts(thing, line, window, OF_OTHERS)
    for machine in machines_of(line, thing):
        for stretch in machine.intervals(window.begin, window.end, line.horizon):
            if stretch.reason and stretch.state not in UNTOUCHED:
                name = f"{stretch.state}: {stretch.reason}"
                parts[name] = parts.get(name, 0) + stretch.end - stretch.begin
    return parts


def row_of(thing: LineMirror | Place | Machine, name: str) -> KpiRow:
    """The row of a KPI that a node has, of a measured characteristic, too.

    Raises:
        KeyError: it has none of that name.
    """
    if isinstance(thing, LineMirror):
        return _in_scope(LINE_CATALOGUE, "line", name)
    id_, _, of = name.partition(".")
    if of and id_ in characteristics.CAPABILITY:
        return characteristics.row_of(id_, of)
    return _in_scope(CATALOGUE, "machine" if isinstance(thing, Machine) else "station", name)


def _stay(name: str, stays: Stays, line: LineMirror, window: Window) -> dict[str, int]:
    begin, end = window.known(line)
    return {"known": end - begin, f"{name}_integral": stays.integral(begin, end)}


def _capability(machines: Collection[Machine], window: Window, names: Names) -> dict[str, KpiValue]:
    """Capability of each measured characteristic; an index is an estimate, so no bounds are given."""
    values: dict[str, KpiValue] = {}
    for rows, parts in characteristics.studies(machines, window.begin, window.end, names):
        values |= _evaluate(rows, parts, Doubt(unsure=characteristics.MEASURED), window)
    return values


def wanted_of(rows: Iterable[KpiRow]) -> frozenset[str]:
    """Parts that some KPIs are made of."""
    return NONE.union(*(row.names for row in rows))


def chosen(rows: dict[str, KpiRow], kind: str, names: Names) -> list[KpiRow]:
    """Rows of the KPIs of a kind of node that are asked for.

    Raises:
        KeyError: there is none of that name.
    """
    if names is None:
        return [row for row in rows.values() if kind in row.scope and row.id not in characteristics.CAPABILITY]
    return [_in_scope(rows, kind, name) for name in names]


def _in_scope(rows: dict[str, KpiRow], kind: str, name: str) -> KpiRow:
    if name not in rows or kind not in rows[name].scope:
        raise KeyError(name)
    return rows[name]


def _evaluate(rows: Iterable[KpiRow], parts: dict[str, int], doubt: Doubt, window: Window) -> dict[str, KpiValue]:
    return {row.id: evaluate(row, parts, doubt, window.profile) for row in rows}


OF_LINES, OF_OTHERS = wanted_of(LINE_CATALOGUE.values()), wanted_of(CATALOGUE.values())
"""All parts that the KPIs of a line, and those of stations and machines, are made of."""
