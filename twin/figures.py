"""From the mirror's facts to the additive parts of a window, and what is in doubt about them. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from twin.catalogue import CATALOGUE, LINE_CATALOGUE, KpiRow
from twin.kpis import Doubt, evaluate, pool
from twin.mirror import LineMirror, Machine, Place
from twin.profile import ISO, Profile
from twin.stays import Made, Stays
from twin.values import KpiValue

Lost = Callable[[str, int, int], int | None]
"""Part messages of a machine or station, or order messages of a line, that may be missing in a window; none when nobody
can tell."""

NONE: frozenset[str] = frozenset()
STOPS = frozenset({"FE", "TTR", "restored"})
LEVELS = frozenset({"wip_integral", "queue_integral", "lead_time_sum", "lead_times"})
ORDERS = frozenset({"due", "on_time"})
"""Parts that are in doubt together."""

Names = Iterable[str] | None
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


def machine_parts(machine: Machine, line: LineMirror, window: Window) -> dict[str, int]:
    """Time elements, parts and failures of one machine."""
    begin, end = window.begin, window.end
    elements = window.profile.elements(machine.states.window(begin, end, line.horizon))
    made = machine.outcomes.made(begin, end)
    worth, good_worth = _worth(machine, made, window)
    cycles, cycle_sum = machine.outcomes.cycle_sum(begin, end)
    failures = machine.states.failures()
    restored, repair = failures.restored(begin, end)
    return {
        **elements,
        "APT_ADET": elements["APT"] + elements["ADET"],
        "operating_time": elements["AUPT"],
        "duration": end - begin,
        "PQ": made.produced,
        "GQ": made.good,
        "RQ": made.reworked,
        "SQ": made.scrapped,
        "IP": made.first,
        "GP": made.passed,
        "PRI_PQ": worth,
        "PRI_GQ": good_worth,
        "cycles": cycles,
        "cycle_sum": cycle_sum,
        "FE": failures.begun(begin, end),
        "restored": restored,
        "TTR": repair,
    }


def _worth(machine: Machine, made: Made, window: Window) -> tuple[int, int]:
    """Parts booked in a window, and the good ones of them, valued with their planned run times."""
    if not machine.own:
        return made.produced * machine.planned_cycle, made.good * machine.planned_cycle
    prices = machine.prices
    counts = machine.outcomes.kinds(window.begin, window.end, len(prices))
    worth, good_worth = (sum(n * price for n, price in zip(of, prices, strict=True)) for of in counts)
    return worth, good_worth


def machine_doubt(machine: Machine, line: LineMirror, window: Window) -> Doubt:
    """What may be missing of a machine's parts: lost messages, and cycles in time of which nothing was heard."""
    lost = window.lost(machine.path, window.begin, window.end)
    first = machine.states.first
    heard = line.horizon if first is None else first
    unheard = (
        min(window.end, heard) - window.begin,
        window.end - max(window.begin, line.horizon),
    )
    missing = lost
    shortest = machine.station.minimum_cycle
    for stretch in unheard:
        if stretch > 0 and missing is not None:
            missing = missing - (-stretch // shortest) if shortest else None
    doubtful = machine.states.failures().doubtful(window.begin, window.end)
    return Doubt(missing=missing, disposed=lost, ideal=max(machine.prices), unsure=STOPS if doubtful else NONE)


def pooled_doubt(machines: Iterable[Machine], line: LineMirror, window: Window) -> Doubt:
    """What may be missing of the parts of several machines, and of the parts that stand between them.

    A lost part event may have put a part elsewhere for ever, so levels are sure only where none is lost so far.
    """
    listed = [machine_doubt(machine, line, window) for machine in machines]
    places = [place.path for place in line.places if not place.single]
    paths = [*places, *(machine.path for machine in line.machines)]
    strayed = any(window.lost(path, line.first, window.end) != 0 for path in paths)
    missing = [doubt.missing for doubt in listed]
    disposed = [doubt.disposed for doubt in listed]
    return Doubt(
        missing=None if None in missing else sum(m for m in missing if m is not None),
        disposed=None if None in disposed else sum(d for d in disposed if d is not None),
        ideal=max((doubt.ideal for doubt in listed), default=0),
        unsure=NONE.union(*(doubt.unsure for doubt in listed), LEVELS if strayed else NONE),
    )


def machine_kpis(machine: Machine, line: LineMirror, window: Window, names: Names) -> dict[str, KpiValue]:
    """KPIs of one of several machines of a station."""
    parts = machine_parts(machine, line, window)
    return _evaluate(_chosen(CATALOGUE, "machine", names), parts, machine_doubt(machine, line, window), window)


def place_kpis(place: Place, line: LineMirror, window: Window, names: Names) -> dict[str, KpiValue]:
    """KPIs of a station: sums over its machines, and what stands there."""
    parts = pool([machine_parts(machine, line, window) for machine in place.machines])
    parts |= {"duration": window.end - window.begin, **_stay("wip", place.wip, line, window)}
    names = names if names is None else list(names)
    if names is None or "queue" in names:
        parts |= _stay("queue", place.queue, line, window)
        parts["queue_max"] = place.queue.highest(*window.known(line))
    doubt = pooled_doubt(place.machines, line, window)
    return _evaluate(_chosen(CATALOGUE, "station", names), parts, doubt, window)


def line_kpis(line: LineMirror, window: Window, names: Names) -> dict[str, KpiValue]:
    """KPIs of a line: pooled over its machines, and of what leaves it."""
    by_place = {
        place.station.name: pool([machine_parts(machine, line, window) for machine in place.machines])
        for place in line.places
    }
    parts = pool(list(by_place.values()))
    slowest = line.bottleneck
    leads, lead_sum = line.wip.completed(window.begin, window.end)
    machine = slowest.machines[0]
    once = (machine.planned_cycle, *map(machine.planned, line.kinds))
    prices = [round(often * cycle) for often, cycle in zip(line.times, once, strict=True)]
    shipped = line.shipped.kinds(window.begin, window.end, len(prices))
    due, on_time = line.orders.attained(*window.known(line))
    parts |= {
        "duration": window.end - window.begin,
        "shipped": sum(shipped),
        "PRI_shipped": sum(n * price for n, price in zip(shipped, prices, strict=True)),
        "bottleneck_PBT": by_place[slowest.station.name]["PBT"],
        "bottleneck_UNK": by_place[slowest.station.name]["UNK"],
        "lead_times": leads,
        "lead_time_sum": lead_sum,
        "due": due,
        "on_time": on_time,
        **_stay("wip", line.wip, line, window),
    }
    doubt = pooled_doubt(line.machines, line, window)
    doubt = replace(doubt, ideal=max(doubt.ideal, *prices))
    if window.lost(line.path, line.first, window.end) != 0:
        doubt = replace(doubt, unsure=doubt.unsure | ORDERS)
    return _evaluate(_chosen(LINE_CATALOGUE, "line", names), parts, doubt, window)


def observed_bottleneck(line: LineMirror, window: Window) -> str | None:
    """The station whose machines are active longest without a pause, on average (Roser, Nakano, Tanaka 2002)."""
    best, name = 0.0, None
    for place in line.places:
        periods = [m.states.active_periods(window.begin, window.end, line.horizon) for m in place.machines]
        count, length = (sum(column) for column in zip(*periods, strict=True))
        if count and length / count > best:
            best, name = length / count, place.station.name
    return name


def _stay(name: str, stays: Stays, line: LineMirror, window: Window) -> dict[str, int]:
    begin, end = window.known(line)
    return {"known": end - begin, f"{name}_integral": stays.integral(begin, end)}


def _chosen(rows: dict[str, KpiRow], kind: str, names: Names) -> list[KpiRow]:
    if names is None:
        return [row for row in rows.values() if kind in row.scope]
    return [_in_scope(rows, kind, name) for name in names]


def _in_scope(rows: dict[str, KpiRow], kind: str, name: str) -> KpiRow:
    if name not in rows or kind not in rows[name].scope:
        raise KeyError(name)
    return rows[name]


def _evaluate(rows: Iterable[KpiRow], parts: dict[str, int], doubt: Doubt, window: Window) -> dict[str, KpiValue]:
    return {row.id: evaluate(row, parts, doubt, window.profile) for row in rows}
