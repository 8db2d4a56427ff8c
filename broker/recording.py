"""Recorded event logs of real lines, as messages.

The format is CSV with the columns ``time_ns,station,part,event``; an event is ``start`` or ``finish`` of work on a
part, ``part`` is a number that each station counts for itself. What such a log cannot tell is said to be unknown:
between a finish and the next start a machine may be blocked, starved, failed or idle, and after a start that is
followed by anything but its finish nobody knows what it did.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from pathlib import Path

from plant.description import Line, Plant, Station
from plant.errors import RecordingError
from plant.messages import Emission, Meta, PartEvent, StateChange
from plant.paths import NAME, Node
from plant.states import State

COLUMNS = ("time_ns", "station", "part", "event")
NOT_RECORDED = "not recorded"
SCHEMA = "1.0"
LATEST = 9_000_000_000_000_000_000  # nanoseconds; microseconds up to here are exact in every reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One row of a log: when, where, which part, and whether work started or finished."""

    ts: int
    station: str
    part: str
    event: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A log read against the plant it was recorded on.

    Attributes:
        run: hash of the plant and the log.
        plant: what it was read against.
        line: the line.
        events: rows in order of time; rows of one instant stay in the order of the log.
    """

    run: str
    plant: Plant
    line: Line
    events: tuple[Recorded, ...]

    @property
    def begin(self) -> int:
        """First instant, microseconds UTC."""
        return self.events[0].ts

    @property
    def end(self) -> int:
        """Last instant, microseconds UTC."""
        return self.events[-1].ts

    def emissions(self) -> Iterator[Emission]:
        """The log as messages, in order of time; at each instant first what happened, then the states it led to."""
        yield from self._births()
        begins = _begins(self.events)
        in_force = dict.fromkeys((station.name for station in self.line.stations), State.UNKNOWN)
        for ts, group in groupby(range(len(self.events)), key=lambda i: self.events[i].ts):
            after: dict[str, tuple[State, str | None]] = {}
            for i in group:
                event, begin = self.events[i], begins[i]
                part = f"{self.line.name}-{event.part}"
                yield self._node(event.station), self._happening(event, begin, part)
                works = event.event == "start" and begin is not None
                after[event.station] = (State.PROCESSING, part) if works else (State.UNKNOWN, None)
            for station, (state, holds) in after.items():
                if state is not in_force[station]:
                    in_force[station] = state
                    yield self._node(station), _state(ts, state, holds)

    def _happening(self, event: Recorded, begin: int | None, part: str) -> PartEvent:
        product = self.line.name
        if event.event == "start":
            return PartEvent(ts=event.ts, event="started", part=part, product=product)
        cycle = None if begin is None else event.ts - begin
        return PartEvent(ts=event.ts, event="finished", part=part, product=product, cycle_us=cycle)

    def _node(self, station: str) -> Node:
        return Node(self.line.area, self.line.name, station)

    def _births(self) -> Iterator[Emission]:
        yield self.line.node, Meta(ts=self.begin, schema=SCHEMA, type="line", machines=len(self.line.stations))
        for station in self.line.stations:
            meta = Meta(
                ts=self.begin,
                schema=SCHEMA,
                type=station.type,
                tags=self.plant.kind(station).told_tags,
                ideal_cycle_us=station.planned_cycle,
                ideal_cycle_derived=station.ideal_cycle is None,
                machines=1,
                buffer=station.buffer,
            )
            yield self._node(station.name), meta
        for station in self.line.stations:
            yield self._node(station.name), _state(self.begin, State.UNKNOWN, None)


def _begins(events: Sequence[Recorded]) -> list[int | None]:
    """When the work began that each event belongs to; none where start or finish of it is missing."""
    begins: list[int | None] = [None] * len(events)
    before: dict[str, int] = {}  # event before, per station
    for i, event in enumerate(events):
        last = before.get(event.station)
        if event.event == "finish" and last is not None:
            start = events[last]
            if start.event == "start" and start.part == event.part:
                begins[last] = begins[i] = start.ts
        before[event.station] = i
    for i in before.values():
        if events[i].event == "start":  # the log ends in the middle of it
            begins[i] = events[i].ts
    return begins


def _state(ts: int, state: State, part: str | None) -> StateChange:
    reason = NOT_RECORDED if state is State.UNKNOWN else ""
    return StateChange(ts=ts, state=state.value, reason=reason, since=ts, part=part)


def read_recording(log: Path, plant: Plant) -> Recording:
    """Read a log of the one line of a plant.

    Raises:
        RecordingError: the file cannot be read or a row is wrong; says file and line.
    """
    if len(plant.lines) != 1:
        raise RecordingError(f"{log}: a recording belongs to one line, the plant file has {len(plant.lines)}")
    line = plant.lines[0]
    stations = _stations(log, line.stations)
    try:
        content = log.read_bytes()
        rows = csv.DictReader(content.decode("utf-8-sig").splitlines())
        header = rows.fieldnames or ()
    except csv.Error as error:
        raise RecordingError(f"{log}:1: is not CSV: {error}") from error
    except OSError as error:
        raise RecordingError(f"{log}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{log}: is not UTF-8 text: {error.reason}") from error
    if missing := [column for column in COLUMNS if column not in header]:
        raise RecordingError(f"{log}:1: lacks the column {', '.join(missing)}; needed are {', '.join(COLUMNS)}")
    try:
        events = [_event(f"{log}:{rows.line_num}", row, stations) for row in rows]
    except csv.Error as error:
        raise RecordingError(f"{log}:{rows.line_num + 1}: is not CSV: {error}") from error  # not counted yet
    if not events:
        raise RecordingError(f"{log}: holds no events")
    run = blake2b(content + plant.run_id(0, 0).encode(), digest_size=6).hexdigest()
    return Recording(run=run, plant=plant, line=line, events=tuple(sorted(events, key=lambda event: event.ts)))


def _stations(log: Path, stations: tuple[Station, ...]) -> dict[str, str]:
    """Names by what a log may call them: the name, or the position from 1."""
    if several := [station.name for station in stations if station.machines > 1]:
        raise RecordingError(f"{log}: a log names stations only, but {several[0]} has several machines")
    return {str(i): s.name for i, s in enumerate(stations, start=1)} | {s.name: s.name for s in stations}


def _event(where: str, row: Mapping[str, str | None], stations: Mapping[str, str]) -> Recorded:
    time, station, part, event = (row[column] or "" for column in COLUMNS)
    if not time.isascii() or not time.isdigit() or len(time) > 19 or int(time) > LATEST:
        raise RecordingError(f"{where}: time_ns: found {time!r}; allowed is a whole number of nanoseconds since 1970")
    if station not in stations:
        raise RecordingError(f"{where}: station: found {station!r}; allowed is one of {', '.join(stations)}")
    if event not in {"start", "finish"}:
        raise RecordingError(f"{where}: event: found {event!r}; allowed is start or finish")
    if not NAME.fullmatch(part):
        raise RecordingError(f"{where}: part: found {part[:64]!r}; allowed is the number of the part")
    return Recorded(ts=int(time) // 1000, station=stations[station], part=part, event=event)
