"""Questions to the twin: answered from the mirrors in memory, without a store (but for telemetry)."""

import contextlib
import dataclasses
import time
from collections.abc import Iterable
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from msgspec.structs import replace

from broker import PREFIX
from plant.description import Plant
from plant.messages import Alarm, Kpi, KpiFigure, Remark
from plant.paths import Node, parse_node
from plant.remarks import Alerted, Verdict
from plant.time import HOUR
from twin import figures, views
from twin.alarm_states import AlarmNow, occurrences
from twin.alarms import AlarmReport, report
from twin.alerts import PATH, Alert, alerts, known_already
from twin.bottleneck import Bottleneck, bottleneck, watched
from twin.by import kpis_by, lines_kpis_by
from twin.control_chart import ControlChart, Kind, Value, chart
from twin.explanations import explanation
from twin.finality import LATENESS, Revision
from twin.former import Former
from twin.historian import Historian, steps
from twin.intake import Run
from twin.measurements import Measurement
from twin.mirror import LineMirror, Machine, Place, machines_of
from twin.pareto import STOPPED, Pareto, pareto
from twin.profile import ISO
from twin.select import Frame, Scope, Select
from twin.settling import Settled
from twin.shares import By
from twin.silence import behind_others, behind_wall
from twin.skew import SourceClock
from twin.stays import view
from twin.values import Explanation, Genealogy, Interval, KpiValue, Last, NodeView, OrderView, Series, Visit

RECENT = HOUR
"""Window of the KPIs that the twin publishes."""

MOST_STEPS = 100_000


class Questions:
    """What the messages of one or several runs say.

    Paths are ``area/line[/station[/machine]]``; windows are half-open, [begin, end), in microseconds UTC; no run means
    the newest, and a `Former` the run as it was known earlier. A path that the plant does not have, an empty window or
    a run that is not there is a ValueError.

    Args:
        plant: the description.
        historian: where telemetry is.
        prefix: what topics begin with.
        lateness: how late a message may be and change nothing that was called final.
    """

    def __init__(
        self, plant: Plant, historian: Historian, prefix: str = PREFIX, lateness: int = LATENESS
    ) -> None:
        self.plant = plant
        self.prefix = prefix
        self._historian = historian
        self._runs: dict[str, Run] = {}
        self._final: WeakKeyDictionary[Run, Settled] = WeakKeyDictionary()
        self._lateness = lateness
        self._order: list[str] = []
        self._begun = time.monotonic()

    @property
    def historian(self) -> Historian:
        """Where telemetry is."""
        return self._historian

    def runs(self) -> list[str]:
        """All runs, newest last."""
        return list(self._order)

    def known(self, run: str | None = None) -> Run:
        """All that is known of a run: its mirror, and its book of numbers."""
        return self._run(run)

    def gone(self, run: Run, line: LineMirror) -> Literal["", "offline", "stale"]:
        """Why nothing is heard of a line now; empty: it is heard."""
        if line.online is False:
            return "offline"
        return "stale" if self._silent(run, line) else ""

    def staleness(self, run: Run, line: LineMirror) -> int:
        """Wall time since the last message of a line's connection, in microseconds."""
        heard = run.connections[line.node].heard
        return round((time.monotonic() - (self._begun if heard is None else heard)) * 1_000_000)

    def _silent(self, run: Run, line: LineMirror) -> bool:
        skew = run.connections[line.node].skew
        silent = behind_others(line, run.mirror.lines.values())
        return silent or (skew.at_pace and behind_wall(line, self.staleness(run, line)))

    @property
    def ready(self) -> bool:
        """Whether the newest run can be asked about."""
        return bool(self._order) and self._order[-1] in self._runs

    def clocks(self) -> dict[str, SourceClock]:
        """The clocks of the newest run's publishers beside the twin's own, by path of the line."""
        if not self.ready:
            return {}
        return {line.path: connection.skew.view for line, connection in self._run(None).connections.items()}

    def extent(self, run: str | None = None) -> tuple[int, int]:
        """Instant of the first message of a run, and its confirmed horizon."""
        mirror = self._run(run).mirror
        return mirror.first, mirror.horizon

    def state(self, path: str, *, run: str | None = None, at: int | None = None) -> NodeView:
        """A line, station or machine as it is (up to its horizon), or as it was at an instant."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        when = views.Instant(
            at=line.horizon if at is None else at,
            live=at is None and not isinstance(run, Former),
            staleness_us=self.staleness(chosen, line),
            silent=self._silent(chosen, line),
            clock=chosen.connections[line.node].skew.view,
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
            values = figures.lines_kpis(lines, window, names)
            return self._stamped(chosen, values, [line.path for line in lines], window)
        line, thing = self._find(chosen, path)
        if isinstance(thing, LineMirror):
            values = figures.line_kpis(line, window, names)
        elif isinstance(thing, Place):
            values = figures.place_kpis(thing, line, window, names)
        else:
            values = figures.machine_kpis(thing, line, window, names)
        return self._stamped(chosen, values, [thing.path], window)

    def booked(self, path: str, part: str, *, run: str | None = None) -> list[tuple[int, Verdict]]:
        """When a machine booked a part, or it left the line, and what it is taken for, in order of time."""
        line, thing = self._find(self._run(run), path)
        if isinstance(thing, LineMirror):
            good: list[tuple[int, Verdict]] = [(at, "good") for at in line.shipped.of(part)]
            return sorted([*good, *((at, "scrap") for at in line.scrapped.of(part))])
        return self._find_machine(self._run(run), path)[1].outcomes.of(part)

    def remarks(self, path: str, *, run: str | None = None) -> list[tuple[str, Remark]]:
        """What people said about a node and what is below it, the first word first, with the path it is about."""
        line, thing = self._find(self._run(run), path)
        places = line.places if isinstance(thing, LineMirror) else ()
        things = {id(of.remarks): of for of in (*machines_of(line, thing), thing, *places)}
        told = [(of.path, m) for of in things.values() for m in of.remarks.told]
        return sorted(told, key=lambda pair: (pair[1].ts, pair[0], pair[1].seq))

    def revisions(self, path: str, begin: int, end: int, *, run: str | None = None) -> list[Revision]:
        """Revisions of what was final of a node in a window, with the hours of the node that they changed."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        self._window(chosen, begin, end)
        found = self.settled(chosen).lines[line.node].touching(thing.path, begin, end)
        return [
            replace(revision, changes=tuple(change for change in revision.changes if change.path == thing.path))
            for revision in found
        ]

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
            shares, paths = lines_kpis_by(lines, window, by, names), [line.path for line in lines]
        else:
            line, thing = self._find(chosen, path)
            shares, paths = kpis_by(line, thing, window, by, names), [thing.path]
        return {name: self._stamped(chosen, values, paths, window) for name, values in shares.items()}

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
        return machine.intervals(begin, end, line.horizon)

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

    def bottleneck(self, line_path: str, begin: int, end: int, *, run: str | None = None) -> Bottleneck:
        """Which station limits a line, by every method; see `twin.bottleneck`."""
        line, thing = self._find(self._run(run), line_path)
        if not isinstance(thing, LineMirror):
            raise ValueError(f"{line_path!r} is not a line")  # noqa: TRY004 wrong input
        self._window(self._run(run), begin, end)
        return bottleneck(watched(line, begin, end), line.bottleneck.station.name, begin, end)

    def pareto(
        self, path: str, begin: int, end: int, *, states: Iterable[str] = STOPPED, run: str | None = None
    ) -> Pareto:
        """Why the machines of a node did not produce: time and stops by reason; see `twin.pareto`."""
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        return pareto(line, machines_of(line, thing), self._window(chosen, begin, end), frozenset(states))

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
        told = ((of, known) for of in things.values() for known in of.alarms.values())
        raised = [one for of, known in told for one in occurrences(of.path, known, of.remarks.told)]
        until = min(end, line.horizon)
        now = [alarm for of in things.values() for alarm in of.alarms_at(until)]
        return report(raised, begin, end, line.horizon, now=now)

    def alarm(self, path: str, code: str, *, run: str | None = None) -> AlarmNow:
        """An alarm of a line or machine as it is now.

        One that was never raised is a ValueError, too.
        """
        line, thing = self._find(self._run(run), path)
        if isinstance(thing, Place) and thing.single:
            thing = thing.machines[0]
        found = [alarm for alarm in thing.alarms_at(line.horizon) if alarm.code == code]
        if not found:
            raise ValueError(f"{path} has raised no alarm {code!r}")
        return found[0]

    def alerts(self, *, run: str | None = None) -> tuple[list[Alert], list[Alert]]:
        """What other programs told: alerts that stand, and those that are past, each the newest first."""
        things = {id(thing): thing for _, _, thing in self._run(run).mirror.things.values()}
        found = [alerts(thing.remarks.told) for thing in things.values() if thing.remarks.told]
        standing = [one for now, _ in found for one in now]
        past = [one for _, over in found for one in over]
        standing.sort(key=lambda one: one.told, reverse=True)
        past.sort(key=lambda one: one.resolved or one.told, reverse=True)
        return standing, past

    def alert_place(self, about: Alerted, *, run: str | None = None) -> str | None:
        """Path of the node at which an alert is kept; none where the last word on it was the same.

        It is the one that its label ``path`` names, else the first line of which anything was heard.
        """
        mirror = self._run(run).mirror
        heard = [line for line in mirror.lines.values() if line.horizon >= 0]
        place = heard[0].path
        with contextlib.suppress(ValueError):
            found = mirror.things.get(parse_node(about.labels.get(PATH, "")))
            place = found[2].path if found is not None and found[0] in heard else place
        return None if known_already(mirror.things[parse_node(place)][2].remarks.told, about) else place

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

    async def query(self, select: Select, scope: Scope, *, run: str | None = None) -> list[Frame]:
        """The answer to a question about a table; a scope that names no plant and no run is of this plant and `run`.

        Raises:
            ValueError: also where there is no such table, or it cannot answer that.
            StoreError: the historian cannot be read.
        """
        chosen = {"plant": (self.plant.plant,), "run": (self._run(run).name,), **scope.chosen}
        return await self._historian.query(select, dataclasses.replace(scope, chosen=chosen))

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

    def _stamped(
        self, run: Run, values: dict[str, KpiValue], paths: Iterable[str], window: figures.Window
    ) -> dict[str, KpiValue]:
        """Figures of some nodes together, with the word whether they are final, and how often they have been so."""
        settled = self.settled(run)
        revision = settled.revision(list(paths), window.begin, window.end)
        if not revision:
            return values
        return {name: replace(value, status="final", revision=revision) for name, value in values.items()}

    def settled(self, run: Run) -> Settled:
        """What is final of a run."""
        if (found := self._final.get(run)) is None:
            found = self._final[run] = Settled(run, self._lateness)
        return found

    def _run(self, name: str | None) -> Run:
        if isinstance(name, Former):
            return name.known
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
