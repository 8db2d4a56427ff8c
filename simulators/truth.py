"""What is really wrong in a run, as records: one for each time of a fault, and for each failure that came by itself.

Those who judge detectors compare with these; the twin never sees them. Times are µs since the start of the run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from plant.description import Line, Plant, Station
from plant.fault_kinds import Parameter
from plant.faults import AnyFault, Layer, SensorFault
from plant.machine_types import FaultRow
from plant.messages import Affected, Emission, Truth
from plant.occurrences import Occurrences, on_the_way
from plant.paths import Node
from plant.states import State
from simulators.faults import befalling
from simulators.ledger import Interval, Ledger

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIGMAS = 3.0
"""Standard deviations of the noise beyond which an effect can be detected."""

TOOL_CHANGE = "tool-change"
_REST = frozenset({State.OFF.value, State.PAUSE.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One thing that is wrong.

    Args:
        id: unique in the run, and the same whenever the run is repeated.
        layer: where it starts.
        what: name of the fault, failure mode or task.
        node: what it befalls, or on whose way messages are.
        tag: signal of a sensor fault.
        begin: physical onset.
        end: when it is over; none: not yet.
        detectable: first instant at which some signal shows it; none: not known, or never.
        severity: how strong it becomes.
        parameters: of the fault.
        tags: signals that show it.
        parts: parts that it touched.
        messages: messages that it touched.
        planned: whether the plant or a scenario says it; false: it came by itself.
    """

    id: str
    layer: Layer
    what: str
    node: Node
    tag: str | None = None
    begin: int
    end: int | None = None
    detectable: int | None = None
    severity: float = 1.0
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    messages: int = 0
    planned: bool = True

    def over(self, end: int) -> "Record":
        """The same, with its end."""
        return replace(self, end=end)

    def emission(self, start: int, now: int) -> Emission:
        """As a message, without numbers.

        Args:
            start: first instant of the run, microseconds UTC.
            now: plant time at which it is told, µs since then.
        """

        def utc(time: int | None) -> int | None:
            return None if time is None else start + time

        told = Truth(
            ts=start + now,
            id=self.id,
            layer=self.layer,
            what=self.what,
            path=self.node.path,
            tag=self.tag,
            t_start=start + self.begin,
            t_end=utc(self.end),
            t_detectable=utc(self.detectable),
            severity=self.severity,
            parameters={key: value for key, value in self.parameters.items() if value is not None},
            affected=Affected(tags=[*self.tags], parts=[*self.parts], messages=self.messages),
            planned=self.planned,
        )
        return self.node, told


def records(plant: Plant, ledger: Ledger, seed: int) -> list[Record]:
    """All records of a run so far, in order of their onset; what shows them is left open.

    Args:
        plant: the description.
        ledger: of the run.
        seed: of the run.
    """
    found = injected(plant, seed, ledger.time)
    for line in plant.lines:
        for station in line.stations:
            for node in line.machines(station):
                found += natural(node, ledger.intervals(node))
    return sorted(found, key=attrgetter("begin", "id"))


def injected(plant: Plant, seed: int, until: int) -> list[Record]:
    """Faults of the plant and its scenarios that began before an instant, of all layers, in order of their onset."""
    found: list[Record] = []
    for line in plant.lines:
        for station in line.stations:
            for number, node in enumerate(line.machines(station), start=1):
                rows = plant.kind(station).faults
                for one in befalling(plant, line.name, station.name, number, seed):
                    if one.fault.layer != "process" or one.fault.what in rows:  # else it is none of this machine
                        found += _times(one.entry, one.fault, node, one.occurrences, until, rows)
    for way in on_the_way(plant, seed):
        found += _times(way.entry, way.fault, place_of(plant, way.fault), way.occurrences, until, {})
    return sorted(found, key=attrgetter("begin", "id"))


def told(plant: Plant, seed: int, start: int, after: int, until: int) -> list[Emission]:
    """What is said of the faults of the plant in (after, until], µs since the start: that one begins, that one is over.

    Those that are there from the first instant are told with `after` -1.
    """
    found: list[Emission] = []
    for record in injected(plant, seed, until + 1):
        if after < record.begin <= until:
            found.append(replace(record, end=None).emission(start, record.begin))
        if record.end is not None and after < record.end <= until:
            found.append(record.emission(start, record.end))
    found.sort(key=lambda one: one[1].ts)
    return found


def natural(node: Node, intervals: Sequence[Interval]) -> list[Record]:
    """Failures and tool changes of a machine, from its states.

    A failure goes on over times in which nobody works: they hide it and do not end it.
    """
    found: list[Record] = []
    open_: dict[str, Record] = {}
    counts: dict[str, int] = {}
    last = intervals[-1].end if intervals else 0
    for one in intervals:
        wrong = set(_wrong(one))
        if one.state not in _REST:
            found += [open_.pop(what) for what in [*open_] if what not in wrong]
        for what in sorted(wrong):
            if (known := open_.get(what)) is None:
                k = counts[what] = counts.get(what, -1) + 1
                name = f"{node.path}/{what}/{k}"
                known = Record(id=name, layer="process", what=what, node=node, begin=one.begin, planned=False)
            open_[what] = replace(known, end=one.end if one.end < last else None)
    return sorted([*found, *open_.values()], key=attrgetter("begin", "id"))


def detected(
    record: Record, times: Ints, shown: Mapping[str, tuple[Floats, Floats, float | Floats]], *, sigmas: float = SIGMAS
) -> Record:
    """The record with the first instant at which some signal shows it, and the signals that do.

    Args:
        record: of a fault.
        times: instants, in order, shape (n,); only those at which the fault is there count.
        shown: by signal the values without noise in health, those with the fault, shape (n,) each, and the standard
            deviation of the noise, one for all or of that shape.
        sigmas: how many of these an effect must exceed.
    """
    there = (times >= record.begin) & (times < (np.iinfo(np.int64).max if record.end is None else record.end))
    tags = set(record.tags)
    first = [] if record.detectable is None else [record.detectable]
    for tag, (healthy, faulty, sd) in shown.items():
        seen = there & ~(np.abs(faulty - healthy) <= sigmas * sd)  # no value at all is seen, too
        if seen.any():
            tags.add(tag)
            first.append(int(times[np.argmax(seen)]))
    return replace(record, detectable=min(first, default=None), tags=tuple(sorted(tags)))


def touching(record: Record, messages: int, parts: Iterable[str] = ()) -> Record:
    """The record with the messages and parts that it touched."""
    return replace(record, messages=record.messages + messages, parts=(*record.parts, *parts))


def name_of(node: Node, fault: AnyFault, entry: int, k: int) -> str:
    """What the record of the k-th time of a fault is called.

    Args:
        node: what it befalls.
        fault: the fault.
        entry: its place among the faults of the plant.
        k: from 0.
    """
    return f"{node.path}/{fault.name}/{entry}/{k}"


def place_of(plant: Plant, fault: AnyFault) -> Node:
    """The node at which a fault is: a line, station or machine."""
    line: Line = plant.line(fault.place[0])
    if len(fault.place) == 1:
        return line.node
    station: Station = next(one for one in line.stations if one.name == fault.place[1])
    if len(fault.place) == 2:
        return Node(line.area, line.name, station.name)
    return line.machines(station)[int(fault.place[2]) - 1]


def _times(  # noqa: PLR0917  # what a record consists of
    entry: int, fault: AnyFault, node: Node, occurrences: Occurrences, until: int, rows: Mapping[str, FaultRow]
) -> list[Record]:
    tag = fault.tag if isinstance(fault, SensorFault) else None
    row = rows.get(fault.what) if fault.layer == "process" else None
    return [
        Record(
            id=name_of(node, fault, entry, k),
            layer=fault.layer,
            what=fault.what,
            node=node,
            tag=tag,
            begin=begin,
            end=end if end <= until else None,
            severity=fault.full,
            parameters=fault.parameters,
            tags=row.tags if row is not None else () if tag is None else (tag,),
        )
        for k, (begin, end) in enumerate(occurrences.between(0, until))
    ]


def _wrong(one: Interval) -> Iterable[str]:
    """What an interval of a machine says is wrong with it."""
    if one.state == State.FAILED:
        return one.reason.split("+")
    return (TOOL_CHANGE,) if (one.state, one.reason) == (State.SETUP, "tool") else ()
