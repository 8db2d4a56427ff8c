"""Recorded event logs of real lines, as messages.

The format is CSV with the columns ``time_ns,station,part,event``; an event is ``start`` or ``finish`` of work on a
part, ``part`` is a number that each station counts for itself. What such a log cannot tell is said to be unknown:
between a finish and the next start a machine may be blocked, starved, failed or idle.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from plant.catalogue import CATALOGUE
from plant.description import Line, Plant, Station
from plant.errors import RecordingError
from plant.messages import Emission, Meta, PartEvent, StateChange
from plant.paths import Node
from plant.states import State

COLUMNS = ("time_ns", "station", "part", "event")
NOT_RECORDED = "not recorded"
SCHEMA = "1.0"


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
        line: the line.
        events: rows in order of time; rows of one instant stay in the order of the log.
    """

    run: str
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
        """The log as messages, in order of time."""
        yield from self._births()
        begun: dict[str, tuple[str, int]] = {}
        for event in self.events:
            node = Node(self.line.area, self.line.name, event.station)
            part = f"{self.line.name}-{event.part}"
            if event.event == "start":
                begun[event.station] = (part, event.ts)
                yield node, PartEvent(ts=event.ts, event="started", part=part, product=self.line.name)
                yield node, _state(event.ts, State.PROCESSING, "", part)
            else:
                start = begun.pop(event.station, None)
                cycle = event.ts - start[1] if start is not None and start[0] == part else None
                finished = PartEvent(ts=event.ts, event="finished", part=part, product=self.line.name, cycle_us=cycle)
                yield node, finished
                yield node, _state(event.ts, State.UNKNOWN, NOT_RECORDED, None)

    def _births(self) -> Iterator[Emission]:
        yield self.line.node, Meta(ts=self.begin, schema=SCHEMA, type="line", machines=len(self.line.stations))
        for station in self.line.stations:
            meta = Meta(
                ts=self.begin,
                schema=SCHEMA,
                type=station.type,
                tags=CATALOGUE[station.type].tags,
                ideal_cycle_us=station.planned_cycle,
                ideal_cycle_derived=station.ideal_cycle is None,
                machines=1,
                buffer=station.buffer,
            )
            yield Node(self.line.area, self.line.name, station.name), meta
        for station in self.line.stations:
            node = Node(self.line.area, self.line.name, station.name)
            yield node, _state(self.begin, State.UNKNOWN, NOT_RECORDED, None)


def _state(ts: int, state: State, reason: str, part: str | None) -> StateChange:
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
    except OSError as error:
        raise RecordingError(f"{log}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{log}: is not UTF-8 text: {error.reason}") from error
    if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
        raise RecordingError(f"{log}:1: lacks the column {', '.join(missing)}; needed are {', '.join(COLUMNS)}")
    events = [_event(f"{log}:{rows.line_num}", row, stations) for row in rows]
    if not events:
        raise RecordingError(f"{log}: holds no events")
    run = blake2b(content + plant.run_id(0, 0).encode(), digest_size=6).hexdigest()
    return Recording(run=run, line=line, events=tuple(sorted(events, key=lambda event: event.ts)))


def _stations(log: Path, stations: tuple[Station, ...]) -> dict[str, str]:
    """Names by what a log may call them: the name, or the position from 1."""
    if several := [station.name for station in stations if station.machines > 1]:
        raise RecordingError(f"{log}: a log names stations only, but {several[0]} has several machines")
    return {str(i): s.name for i, s in enumerate(stations, start=1)} | {s.name: s.name for s in stations}


def _event(where: str, row: Mapping[str, str | None], stations: Mapping[str, str]) -> Recorded:
    time, station, part, event = (row[column] or "" for column in COLUMNS)
    if not time.isascii() or not time.isdigit() or len(time) > 19:
        raise RecordingError(f"{where}: time_ns: found {time!r}; allowed is a whole number of nanoseconds since 1970")
    if station not in stations:
        raise RecordingError(f"{where}: station: found {station!r}; allowed is one of {', '.join(stations)}")
    if event not in {"start", "finish"}:
        raise RecordingError(f"{where}: event: found {event!r}; allowed is start or finish")
    if not part:
        raise RecordingError(f"{where}: part: found nothing; allowed is the number of the part")
    return Recorded(ts=int(time) // 1000, station=stations[station], part=part, event=event)
