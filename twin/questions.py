"""Questions to the twin: answered from the mirrors in memory, without a store (but for telemetry)."""

import time
from collections.abc import Iterable

import numpy as np

from broker import PREFIX
from plant.description import Plant
from plant.messages import Alarm, Kpi, KpiFigure
from plant.paths import Node, parse_node
from plant.time import HOUR
from twin import figures, views
from twin.alarms import AlarmReport, occurrences, report
from twin.by import kpis_by, lines_kpis_by
from twin.control_chart import ControlChart, Kind, Value, chart
from twin.explanations import explanation
from twin.historian import Historian, steps
from twin.intake import Run
from twin.measurements import Measurement
from twin.mirror import LineMirror, Machine, Place, machines_of
from twin.profile import ISO
from twin.shares import By
from twin.stays import view
from twin.values import Explanation, Genealogy, Interval, KpiValue, Last, NodeView, OrderView, Series, Visit

RECENT = HOUR
"""Window of the KPIs that the twin publishes."""

MOST_STEPS = 100_000


class Questions:
    """What the messages of one or several runs say.

    Paths are ``area/line[/station[/machine]]``; windows are half-open, [begin, end), in microseconds UTC; no run means
    the newest. A path that the plant does not have, an empty window or a run that is not there is a ValueError.

    Args:
        plant: the description.
        historian: where telemetry is.
    """

    def __init__(self, plant: Plant, historian: Historian, prefix: str = PREFIX) -> None:
        self.plant = plant
        self.prefix = prefix
        self._historian = historian
        self._runs: dict[str, Run] = {}
        self._order: list[str] = []
        self._begun = time.monotonic()

    def runs(self) -> list[str]:
        """All runs, newest last."""
        return list(self._order)

    def extent(self, run: str | None = None) -> tuple[int, int]:
        """Instant of the first message of a run, and its confirmed horizon."""
        mirror = self._run(run).mirror
        return mirror.first, mirror.horizon

    def state(self, path: str, *, run: str | None = None, at: int | None = None) -> NodeView:
        """A line, station or machine as it is (up to its horizon), or as it was at an instant."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        heard = chosen.connections[line.node].heard
        when = views.Instant(
            at=line.horizon if at is None else at,
            live=at is None,
            staleness_us=round((time.monotonic() - (self._begun if heard is None else heard)) * 1_000_000),
            tally=chosen.tally,
        )
        if isinstance(thing, Place):
            return views.place_view(thing, line, when)
        return views.machine_view(thing, line, when) if isinstance(thing, Machine) else views.line_view(line, when)

    def kpis(
        self, path: str, begin: int, end: int, *, names: Iterable[str] | None = None, run: str | None = None
    ) -> dict[str, KpiValue]:
        """KPIs of a window by id; the path of an area is its name, that of the site is empty.

        Raises:
            KeyError: the node has no KPI of that name.
        """
        chosen = self._run(run)
        window = self._window(chosen, begin, end)
        names = None if names is None else list(names)
        if lines := self._lines_of(chosen, path):
            return figures.lines_kpis(lines, window, names)
        line, thing = self._find(chosen, path)
        if isinstance(thing, Place):
            return figures.place_kpis(thing, line, window, names)
        if isinstance(thing, Machine):
            return figures.machine_kpis(thing, line, window, names)
        return figures.line_kpis(line, window, names)

    def kpis_by(
        self, path: str, begin: int, end: int, by: By, *, names: Iterable[str] | None = None, run: str | None = None
    ) -> dict[str | None, dict[str, KpiValue]]:
        """KPIs of each order or product of a window, by its name, and of none.

        Raises:
            KeyError: the node has no KPI of that name.
        """
        chosen = self._run(run)
        window = self._window(chosen, begin, end)
        names = None if names is None else list(names)
        if lines := self._lines_of(chosen, path):
            return lines_kpis_by(lines, window, by, names)
        return kpis_by(*self._find(chosen, path), window, by, names)

    def explain(self, path: str, name: str, begin: int, end: int, *, run: str | None = None) -> Explanation:
        """What is behind one KPI of a window.

        Raises:
            KeyError: the node has no such KPI; one of a measured characteristic is asked for with its name.
        """
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        window = self._window(chosen, begin, end)
        figure = self.kpis(path, begin, end, names=[name], run=run)[name]
        parts = figures.node_parts(line, thing, window)
        return explanation(figures.row_of(thing, name), figure, parts, (line, thing), (begin, end))

    def intervals(self, path: str, begin: int, end: int, *, run: str | None = None) -> list[Interval]:
        """What a machine did in a window, without a gap; what nobody can tell is ``unknown``."""
        chosen = self._run(run)
        line, machine = self._find_machine(chosen, path)
        self._window(chosen, begin, end)
        return machine.states.intervals(begin, end, line.horizon)

    def output(self, path: str, begin: int, end: int, step: int, *, run: str | None = None) -> list[int]:
        """Good parts per step: leaving the line, or booked by the machine or the machines of a station."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        self._window(chosen, begin, end)
        if step <= 0 or -(-(end - begin) // step) > MOST_STEPS:
            raise ValueError(f"a step of {step} µs is not above 0, or makes more than {MOST_STEPS} steps")
        borders = np.array([*range(begin, end, step), end], dtype=np.int64)
        totals = np.zeros(len(borders) - 1, dtype=np.int64)
        for instants in _good_instants(line, thing, begin, end):
            totals += np.diff(np.searchsorted(instants, borders))
        return [int(total) for total in totals]

    def cycles(self, path: str, begin: int, end: int, *, run: str | None = None) -> list[int]:
        """Work times in microseconds of the parts finished in a window, in order of their end per machine."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        self._window(chosen, begin, end)
        return [cycle for machine in machines_of(line, thing) for cycle in machine.outcomes.cycles(begin, end)]

    def part_events(self, path: str, begin: int, end: int, *, run: str | None = None) -> list[tuple[int, str, str]]:
        """Instant, event and part of a node's part events in a window, a station's with those of its machines."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        self._window(chosen, begin, end)
        logs = [machine.log for machine in machines_of(line, thing)]
        if isinstance(thing, Place) and not thing.single:
            logs.append(thing.log)
        found = [event for log in logs for event in log.events(begin, end)]
        return found if len(logs) == 1 else sorted(found, key=lambda event: event[0])

    def bottleneck(self, line_path: str, begin: int, end: int, *, run: str | None = None) -> str | None:
        """The station that is active longest without a pause on average, none if nobody can tell."""
        chosen = self._run(run)
        line, thing = self._find(chosen, line_path)
        if not isinstance(thing, LineMirror):
            raise ValueError(f"{line_path!r} is not a line")  # noqa: TRY004 wrong input
        return figures.observed_bottleneck(line, self._window(chosen, begin, end))

    def genealogy(self, line_path: str, part: str, *, run: str | None = None) -> Genealogy:
        """Where a part comes from, what it is made of, where it has been, and what has become of it.

        A part of which nothing was heard is a ValueError, too.
        """
        line, thing = self._find(self._run(run), line_path)
        if not isinstance(thing, LineMirror):
            raise ValueError(f"{line_path!r} is not a line")  # noqa: TRY004 wrong input
        found = views.genealogy(line, part)
        if found is None:
            raise ValueError(f"nothing was heard of a part {part!r} in {line_path}")
        return found

    def alarm_report(self, path: str, begin: int, end: int, *, run: str | None = None) -> AlarmReport:
        """How the alarms of a node, and of what is below it, were in a window."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        self._window(chosen, begin, end)
        places = line.places if isinstance(thing, LineMirror) else ()
        things = {id(of): of for of in (thing, *places, *machines_of(line, thing))}
        told = ((of.path, known) for of in things.values() for known in of.alarms.values())
        raised = [occurrence for at, known in told for occurrence in occurrences(at, known)]
        return report(raised, begin, end, line.horizon)

    def control_chart(
        self,
        path: str,
        characteristic: str,
        begin: int,
        end: int,
        *,
        kind: Kind = "individuals",
        subgroup: int = 5,
        rules: str = "nelson",
        baseline: int | None = None,
        run: str | None = None,
    ) -> ControlChart:
        """The control chart of what a machine measured in a window; see `twin.control_chart.chart`.

        A characteristic that the machine never told of is a ValueError, too.
        """
        chosen = self._run(run)
        _, machine = self._find_machine(chosen, path)
        self._window(chosen, begin, end)
        if characteristic not in machine.measurements.told:
            known = ", ".join(sorted(machine.measurements.told)) or "none so far"
            raise ValueError(f"{path} has told of no characteristic {characteristic!r}; it has told of: {known}")
        found = machine.measurements.of(characteristic, begin, end)
        values = [Value(m.ts, m.part, m.found.v) for m in found]
        return chart(values, kind=kind, subgroup=subgroup, rules=rules, baseline=baseline)

    def visits(self, station_path: str, begin: int, end: int, *, run: str | None = None) -> list[tuple[str, Visit]]:
        """Parts and their visits to a station of which something is told in a window, in order of time."""
        chosen = self._run(run)
        _, thing = self._find(chosen, station_path)
        if not isinstance(thing, Place):
            raise ValueError(f"{station_path!r} is not a station")  # noqa: TRY004 wrong input
        self._window(chosen, begin, end)
        return views.visits(thing, begin, end)

    def orders(self, line_path: str, begin: int, end: int, *, run: str | None = None) -> list[OrderView]:
        """Production orders of a line that were open in a window, as far as they were told of before its end."""
        chosen = self._run(run)
        line, thing = self._find(chosen, line_path)
        if not isinstance(thing, LineMirror):
            raise ValueError(f"{line_path!r} is not a line")  # noqa: TRY004 wrong input
        self._window(chosen, begin, end)
        return line.orders.between(begin, end)

    def measured(
        self, path: str, begin: int, end: int, *, run: str | None = None
    ) -> list[tuple[str, Measurement]]:
        """Characteristics of parts that a machine measured in a window, with their values, in order of time."""
        chosen = self._run(run)
        _, machine = self._find_machine(chosen, path)
        self._window(chosen, begin, end)
        return machine.measurements.between(begin, end)

    def alarms(self, path: str, begin: int, end: int, *, run: str | None = None) -> list[Alarm]:
        """Transitions of the alarms of a line or machine in a window, in order of time."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        self._window(chosen, begin, end)
        told = line if isinstance(thing, LineMirror) else self._find_machine(chosen, path)[1]
        return told.alarms_between(begin, end)

    async def series(
        self, path: str, tag: str, begin: int, end: int, step: int, *, run: str | None = None
    ) -> Series:
        """A signal per step: minimum, mean, maximum and last value.

        Raises:
            ValueError: also where the machine has no such signal.
            StoreError: the historian cannot be read.
        """
        chosen = self._run(run)
        _, machine = self._find_machine(chosen, path)
        if tag not in machine.tags:
            raise ValueError(f"{path} has no signal {tag!r}; it has {', '.join(machine.tags)}")
        return await self._historian.select(chosen.name, machine.path, tag, steps(begin, end, step))

    def last(self, run: str) -> Last:
        """How far a run has come: where a publisher has to go on after a stop."""
        return self._run(run).last(self._historian.stored(run))

    def kpi_messages(self, now: int | None = None) -> list[tuple[Node, Kpi]]:
        """KPIs of the newest run over the last hour up to its horizon, per line and machine, ready to be numbered."""
        if not self._order:
            return []
        mirror = self._run(None).mirror
        end = min(mirror.horizon, mirror.horizon if now is None else now)
        begin = max(mirror.first, end - RECENT)
        if begin >= end:
            return []
        nodes = [node for line in mirror.lines.values() for node in (line.node, *(m.node for m in line.machines))]
        return [(node, _message(self.kpis(node.path, begin, end), begin, end)) for node in nodes]

    def digest(self, run: str | None = None) -> str:
        """The same for the same set of messages."""
        return self._run(run).mirror.digest()

    def _run(self, name: str | None) -> Run:
        if name is None:
            if not self._order:
                raise ValueError("the twin has not heard of any run yet")
            name = self._order[-1]
        found = self._runs.get(name)
        if found is None:
            known = name in self._order
            raise ValueError(f"run {name} is still being read" if known else f"there is no run {name!r}")
        return found

    def _lines_of(self, run: Run, path: str) -> list[LineMirror]:
        """Lines of an area, or of the site; none if the path is of something else."""
        return [line for line in run.mirror.lines.values() if path in {"", line.node.area}]

    def _find(self, run: Run, path: str) -> tuple[LineMirror, LineMirror | Place | Machine]:
        """A node and its line; a station is found as a station also where it has one machine only."""
        found = run.mirror.things.get(parse_node(path))
        if found is None:
            raise ValueError(f"{self.plant.plant} has no {path!r}")
        line, place, thing = found
        if place is not None and (thing is place or place.single):
            return line, place
        return line, thing if isinstance(thing, Machine) else line

    def _find_machine(self, run: Run, path: str) -> tuple[LineMirror, Machine]:
        line, thing = self._find(run, path)
        if isinstance(thing, Place) and thing.single:
            return line, thing.machines[0]
        if not isinstance(thing, Machine):
            raise ValueError(f"{path!r} is not a machine")  # noqa: TRY004 wrong input
        return line, thing

    def _window(self, run: Run, begin: int, end: int) -> figures.Window:
        if end <= begin:
            raise ValueError("the window is empty: its end must be later than its begin")
        return figures.Window(begin=begin, end=end, lost=run.missing_facts)


def _good_instants(line: LineMirror, thing: LineMirror | Place | Machine, begin: int, end: int) -> list[np.ndarray]:
    if isinstance(thing, LineMirror):
        return [view(line.shipped.ts)]
    return [machine.outcomes.good_instants(begin, end) for machine in machines_of(line, thing)]


def _message(values: dict[str, KpiValue], begin: int, end: int) -> Kpi:
    """As it goes on the wire."""
    kpi = {
        name: KpiFigure(value=v.value, lower=v.lower, upper=v.upper, coverage=v.coverage, unit=v.unit)
        for name, v in values.items()
    }
    return Kpi(ts=end, kpi=kpi, from_=begin, to=end, profile=ISO.id, revision=0)
