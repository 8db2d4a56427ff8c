"""KPIs of a replication, by the twin's own arithmetic: additive parts from what happened, then its catalogue.

Time elements, stops and failures come of the twin's account of states, figures of its formulas; parts are counted here,
from visits. What the twin would say of all messages of the run, it says here, and without a message.
"""

from collections.abc import Iterable, Mapping, Sequence

from experiments.replications import Record, Window
from plant.description import Line, Plant, Station
from plant.figures import planned_bottleneck
from plant.messages import StateChange
from plant.paths import Node
from simulators import Interval, Journey
from twin.accounts import StateAccount
from twin.catalogue import CATALOGUE, LINE, LINE_CATALOGUE, KpiRow
from twin.characteristics import CAPABILITY
from twin.kpis import SURE, chain, evaluate, pool
from twin.meter import LEVELS, Meter
from twin.profile import ISO

Parts = Mapping[str, int]

_UNKNOWN_HERE = frozenset(
    {"order_PQ", "AOET", "order_AUBT", "order_APT", "PQ_outside", "outside_time", "queue_integral", "cycle_sum"}
)
"""Parts that are not counted here."""

ENERGY_PER_PART = KpiRow(
    id="energy_per_part_kwh", title="Electric energy per good part that left the line", unit="kW.h",
    formula="E / shipped", missing="no_parts", scope=LINE, trend="lower",
)  # fmt: skip

_AT_STATION = {"energy_per_part_kwh": "energy_per_good_part"}


def _countable(rows: Iterable[KpiRow], kind: str) -> dict[str, KpiRow]:
    return {
        row.id: row
        for row in rows
        if kind in row.scope and row.id not in CAPABILITY and _UNKNOWN_HERE.isdisjoint(row.names)
    }


OF_LINE = {**_countable(LINE_CATALOGUE.values(), "line"), ENERGY_PER_PART.id: ENERGY_PER_PART}
"""KPIs of a line that a replication has."""

OF_STATION = _countable(CATALOGUE.values(), "station")
OF_STATION |= {alias: OF_STATION[id_] for alias, id_ in _AT_STATION.items()}
"""KPIs of a station that a replication has."""


def needs_energy(row: KpiRow) -> bool:
    """Whether a KPI is made of readings of meters."""
    return any(name == "E" or name.startswith("E_") for name in row.names)


class Account:
    """The additive parts of a run in its window.

    Args:
        plant: what ran.
        window: what counts.
        record: what happened.
    """

    def __init__(self, plant: Plant, window: Window, record: Record) -> None:
        self._plant = plant
        self._begin, self._end = window.warm_up, window.end
        self._record = record
        self._stations: dict[tuple[str, str], dict[str, int]] = {}
        self._lines: dict[str, dict[str, int]] = {}
        self._made: dict[tuple[str, str, int], list[Journey]] = {}
        self._here: dict[tuple[str, str], list[Journey]] = {}
        born = {passage.part: passage.entered for told in record.passages.values() for passage in told if passage.of}
        for visit in record.journeys:
            self._here.setdefault((visit.line, visit.station), []).append(visit)
            finish = visit.finish
            if finish is None or not self._begin <= finish < self._end:
                continue
            if not visit.enter == visit.start == finish == born.get(visit.part):  # else it came out of another here
                self._made.setdefault((visit.line, visit.station, visit.machine), []).append(visit)

    def of_station(self, line: Line, station: Station, row: KpiRow) -> float | None:
        """A KPI of a station."""
        parts = dict(self._station(line, station))
        if "first_PQ" in row.names:
            parts["first_PQ"] = self._station(line, line.stations[0])["PQ"]
        if "wip_integral" in row.names:
            here = self._here.get((line.name, station.name), ())
            parts["wip_integral"] = self._level((visit.enter, visit.leave) for visit in here)
        return evaluate(row, parts).value

    def of_line(self, line: Line, row: KpiRow) -> float | None:
        """A KPI of a line."""
        by_station = {station.name: self._station(line, station) for station in line.stations}
        if row.chained:
            return chain(row, {name: (parts, SURE) for name, parts in by_station.items()}).value
        if line.name not in self._lines:
            self._lines[line.name] = pool(by_station.values()) | self._of_line(line, by_station)
        return evaluate(row, self._lines[line.name]).value

    def _of_line(self, line: Line, by_station: Mapping[str, Parts]) -> dict[str, int]:
        products = self._plant.products_of(line)
        slowest = planned_bottleneck(line, products)
        planned = {product.name: slowest.planned(product) for product in products}
        passages = self._record.passages[line.name]
        gone = [
            (one, one.left) for one in passages
            if one.good and not one.into and one.left is not None and self._begin <= one.left < self._end
        ]  # fmt: skip
        due = [
            ticket for ticket in self._record.orders.get(line.name, ())
            if ticket.due is not None and self._begin <= ticket.due < self._end
        ]  # fmt: skip
        return {
            "duration": self._end - self._begin,
            "known": self._end - self._begin,
            "shipped": len(gone),
            "PRI_shipped": sum(planned[one.product] for one, _ in gone),
            "bottleneck_PBT": by_station[slowest.station.name]["PBT"],
            "lead_times": len(gone),
            "lead_time_sum": sum(left - one.since for one, left in gone),
            "wip_integral": self._level((one.entered, one.left) for one in passages),
            "due": len(due),
            "on_time": sum(ticket.on_time for ticket in due),
        }

    def _level(self, stays: Iterable[tuple[int, int | None]]) -> int:
        """Integral of the number of stays over the window."""
        begin, end = self._begin, self._end
        return sum(max(0, min(end if to is None else to, end) - max(since, begin)) for since, to in stays)

    def _station(self, line: Line, station: Station) -> dict[str, int]:
        key = line.name, station.name
        if key not in self._stations:
            machines = enumerate(line.machines(station), start=1)
            parts = pool([self._machine(line, station, node, number) for number, node in machines])
            self._stations[key] = parts | dict.fromkeys(("duration", "known"), self._end - self._begin)
        return self._stations[key]

    def _machine(self, line: Line, station: Station, node: Node, number: int) -> dict[str, int]:
        begin, end = self._begin, self._end
        states = account(self._record.intervals[node], booked=line.arrivals.orders)
        times, bare = states.split(begin, end, end)
        stopped = states.stopped(begin, end, end, line.minor_stop)
        failures = states.failures()
        restored, repair = failures.restored(begin, end)
        elements = ISO.elements(times, stopped.minor, bare)
        return {
            **elements,
            "operating_time": elements["AUPT"],
            "minor_stops": stopped.minors,
            "unclassified": stopped.unclassified,
            "FE": failures.begun(begin, end),
            "restored": restored,
            "TTR": repair,
            **self._booked(line, station, number),
            **self._energy(node),
        }

    def _booked(self, line: Line, station: Station, number: int) -> dict[str, int]:
        planned = {product.name: station.planned(product) for product in self._plant.products_of(line)}
        made = self._made.get((line.name, station.name, number), [])
        good = [visit for visit in made if visit.outcome not in {"scrap", "rework"}]
        return {
            "PQ": len(made),
            "GQ": len(good),
            "RQ": sum(visit.outcome == "rework" for visit in made),
            "SQ": sum(visit.outcome == "scrap" for visit in made),
            "IP": sum(visit.visit == 1 for visit in made),
            "GP": sum(visit.visit == 1 for visit in good),
            "PRI_PQ": sum(planned[visit.product] for visit in made),
            "PRI_GQ": sum(planned[visit.product] for visit in good),
        }

    def _energy(self, node: Node) -> dict[str, int]:
        if node not in self._record.energy:
            return {}
        meter, start = Meter(), self._record.start
        meter.extend(self._record.energy[node])
        taken = meter.between(start + self._begin, start + self._end)
        if taken is None:
            return {}
        by = {} if taken.by is None else {f"E_{level}": mwh for level, mwh in zip(LEVELS, taken.by, strict=True)}
        return {"E": taken.total, **by}


def account(intervals: Sequence[Interval], *, booked: bool = False) -> StateAccount:
    """The twin's account of what a machine did, as if it had heard of every state."""
    states = StateAccount(booked=booked)
    told = [
        StateChange(
            run="", session=1, seq=seq, n=seq, ts=of.begin, state=of.state, reason=of.reason, since=of.begin,
            order=of.order or None,
        )
        for seq, of in enumerate(intervals)
    ]  # fmt: skip
    if told:
        states.extend(told)
    return states

