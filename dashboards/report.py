"""What a shift report tells: figures of a window from the same questions to the twin that the API asks."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from plant.description import Line
from plant.figures import planned_bottleneck
from plant.states import State
from plant.time import HOUR
from twin import Interval, KpiValue, OrderView, Twin

STOPS = (State.FAILED, State.SETUP, State.MAINTENANCE, State.WAITING)
"""States in which a machine itself stops; where it is blocked or starved its neighbours do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportWindow:
    """What a report is about.

    Args:
        begin: first instant, microseconds UTC.
        end: first instant that is out.
        shift: name of the shift; none: a window that somebody chose.
        day: production day of the shift.
    """

    begin: int
    end: int
    shift: str | None = None
    day: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A machine stops: a longest stretch of one of the states of `STOPS`.

    Args:
        path: of the machine.
        state: the state.
        reason: its reasons in their order.
        begin: when it began, perhaps before the window.
        end: when it ended, perhaps behind the window, or as far as is known.
        inside: time of it in the window, in microseconds.
        counted: whether it began in the window: a stop across a hand-over counts in the shift where it began.
    """

    path: str
    state: str
    reason: str
    begin: int
    end: int
    inside: int
    counted: bool

    @property
    def length(self) -> int:
        """From begin to end, microseconds."""
        return self.end - self.begin


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Stops of a station in one state for one reason together: how many began, and their time in the window."""

    station: str
    state: str
    reason: str
    count: int
    time: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeReport:
    """A line, station or machine.

    Args:
        path: its path.
        name: as the line calls it.
        kind: line, station or machine.
        kpis: its KPIs by id.
        time: time in state of its machines, microseconds.
        energy_kwh: of its machines; none where a meter has not been read.
    """

    path: str
    name: str
    kind: str
    kpis: dict[str, KpiValue]
    time: dict[str, int]
    energy_kwh: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LineReport:
    """A line.

    Args:
        node: the line as a whole.
        stations: stations in flow order, each followed by its machines where it has several.
        bottleneck: station that limits the line by plan.
        ideal_per_h: parts an hour that the line would give if it never waited or failed.
        scrapped: parts that left the line as scrap.
        minor_stop: shorter stops are minor ones, microseconds.
        causes: why machines stopped, the longest time first.
        stops: those that are not minor, in order of time.
        minor: number of minor stops that began, and the time of all in the window.
        orders: production orders that were open.
    """

    node: NodeReport
    stations: list[NodeReport]
    bottleneck: str
    ideal_per_h: float
    scrapped: int
    minor_stop: int
    causes: list[Cause]
    stops: list[Stop]
    minor: tuple[int, int]
    orders: list[OrderView]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftReport:
    """A report: plant, run, window, what is known of it at all (first and last confirmed instant), and its lines."""

    plant: str
    zone: str
    run: str
    window: ReportWindow
    extent: tuple[int, int]
    lines: list[LineReport]


def shift_report(twin: Twin, window: ReportWindow, run: str) -> ShiftReport:
    """The report of a window of a run that the twin has loaded.

    Raises:
        ValueError: the window is empty, or there is no such run.
    """
    writer = _Writer(twin, window, run)
    return ShiftReport(
        plant=twin.plant.plant,
        zone=twin.plant.time_zone,
        run=run,
        window=window,
        extent=twin.extent(run),
        lines=[writer.line(line) for line in twin.plant.lines],
    )


class _Writer:
    """Asks the twin about one window."""

    def __init__(self, twin: Twin, window: ReportWindow, run: str) -> None:
        self._twin = twin
        self._begin, self._end = window.begin, window.end
        self._first, self._last = twin.extent(run)
        self._run = run

    def line(self, line: Line) -> LineReport:
        path = line.node.path
        slowest = planned_bottleneck(line, self._twin.plant.products_of(line))
        stops = {station.name: list(self._stops_of(line, station.name)) for station in line.stations}
        all_stops = [stop for of_station in stops.values() for stop in of_station]
        minor = [stop for stop in all_stops if stop.length < line.minor_stop]
        machines = [node.path for station in line.stations for node in line.machines(station)]
        return LineReport(
            node=self._node(path, line.name, "line", machines),
            stations=list(self._stations(line)),
            bottleneck=slowest.station.name,
            ideal_per_h=slowest.rate_per_h,
            scrapped=self._scrapped(path, self._end) - self._scrapped(path, self._begin),
            minor_stop=line.minor_stop,
            causes=_causes(stops),
            stops=sorted((stop for stop in all_stops if stop.length >= line.minor_stop), key=lambda stop: stop.begin),
            minor=(sum(stop.counted for stop in minor), sum(stop.inside for stop in minor)),
            orders=self._twin.orders(path, self._begin, self._end, run=self._run),
        )

    def _stations(self, line: Line) -> Iterator[NodeReport]:
        for station in line.stations:
            machines = [node.path for node in line.machines(station)]
            yield self._node(f"{line.node.path}/{station.name}", station.name, "station", machines)
            if station.machines > 1:
                for number, machine in enumerate(machines, start=1):
                    yield self._node(machine, f"{station.name} {number}", "machine", [machine])

    def _node(self, path: str, name: str, kind: str, machines: list[str]) -> NodeReport:
        time: Counter[str] = Counter()
        for machine in machines:
            for interval in self._intervals(machine, self._begin, self._end):
                time[interval.state] += interval.end - interval.begin
        used = [self._used(machine) for machine in machines]
        known = [kwh for kwh in used if kwh is not None]
        return NodeReport(
            path=path,
            name=name,
            kind=kind,
            kpis=self._twin.kpis(path, self._begin, self._end, run=self._run),
            time=dict(time),
            energy_kwh=sum(known) if len(known) == len(used) else None,
        )

    def _used(self, machine: str) -> float | None:
        """Energy by the difference of the meter's last readings at both ends, as far as the run is known."""
        begin, end = (
            self._twin.state(machine, run=self._run, at=at).reported["energy_kwh"]
            for at in (max(self._begin, self._first), min(self._end, self._last))
        )
        return None if begin is None or end is None else end - begin

    def _scrapped(self, line: str, before: int) -> int:
        told: int = self._twin.state(line, run=self._run, at=before - 1).reported["parts_scrapped"]
        return told

    def _intervals(self, machine: str, begin: int, end: int) -> list[Interval]:
        return self._twin.intervals(machine, begin, end, run=self._run)

    def _stops_of(self, line: Line, station: str) -> Iterator[Stop]:
        nodes = line.machines(next(one for one in line.stations if one.name == station))
        for machine in [node.path for node in nodes]:
            for state, group in groupby(self._intervals(machine, self._begin, self._end), key=lambda i: i.state):
                if state in STOPS:
                    yield self._stop(machine, state, list(group))

    def _stop(self, machine: str, state: str, found: list[Interval]) -> Stop:
        begin, end = found[0].begin, found[-1].end
        reasons = list(dict.fromkeys(interval.reason for interval in found if interval.reason))
        since = self._earlier(machine, state) if begin == self._begin else begin
        return Stop(
            path=machine,
            state=state,
            reason=" → ".join(reasons),
            begin=since,
            end=self._later(machine, state) if end == self._end else end,
            inside=end - begin,
            counted=since >= self._begin,
        )

    def _earlier(self, machine: str, state: str) -> int:
        """When a stop began that was on at the begin of the window: look back further and further."""
        back = HOUR
        while True:
            start = max(self._first, self._begin - back)
            since = self._begin
            for interval in reversed(self._intervals(machine, start, self._begin) if start < self._begin else []):
                if interval.state != state:
                    return since
                since = interval.begin
            if start <= self._first:
                return since
            back *= 4

    def _later(self, machine: str, state: str) -> int:
        """When a stop ended that was on at the end of the window, or how far it is known."""
        ahead = HOUR
        while True:
            stop = min(self._last, self._end + ahead)
            until = self._end
            for interval in self._intervals(machine, self._end, stop) if stop > self._end else []:
                if interval.state != state:
                    return until
                until = interval.end
            if stop >= self._last:
                return until
            ahead *= 4


def _causes(stops: dict[str, list[Stop]]) -> list[Cause]:
    counts: Counter[tuple[str, str, str]] = Counter()
    times: Counter[tuple[str, str, str]] = Counter()
    for station, of_station in stops.items():
        for stop in of_station:
            key = (station, stop.state, stop.reason)
            counts[key] += stop.counted
            times[key] += stop.inside
    found = [
        Cause(station=station, state=state, reason=reason, count=counts[station, state, reason], time=time)
        for (station, state, reason), time in times.items()
    ]
    return sorted(found, key=lambda cause: -cause.time)
