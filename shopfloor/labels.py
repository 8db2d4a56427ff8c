"""Labels of a data set: what really happened to the machines, and how long each had to its next failure.

A data set is made where the run itself is at hand, so the labels are the truth and no guess: of a run without loss the
messages are the ledger. What is injected into a run comes as records of the same form.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from plant.description import Line, Plant, Station
from plant.messages import Alarm, StateChange
from plant.paths import Node
from plant.states import State
from plant.time import HOUR
from shopfloor.facts import Row, Window

Layer = Literal["process", "sensor", "transport"]
TOOL_CHANGE = "tool-change"
HANDLING = frozenset({"load", "unload"})
"""Reasons of a machine that processes while no clock ages (rule 24)."""
_REST = frozenset({State.OFF.value, State.PAUSE.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """One thing that is really wrong; instants in microseconds UTC.

    Args:
        id: its name, unique in the run.
        layer: where it begins.
        what: failure mode, ``tool-change``, or the name of a fault.
        path: what it befalls.
        tag: the tag whose sensor it is.
        t_start: physical onset.
        t_end: when it is over; none: later than the data.
        t_detectable: first instant at which a tag shows it.
        severity: 0 to 1.
        parameters: of the fault.
        planned: whether plant or scenario say that it comes; false: it came by itself.
    """

    id: str
    layer: Layer
    what: str
    path: str
    tag: str | None = None
    t_start: int
    t_end: int | None
    t_detectable: int | None
    severity: float = 1.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    planned: bool = False

    @property
    def row(self) -> Row:
        """The row of the table."""
        parameters = json.dumps(dict(self.parameters), sort_keys=True, ensure_ascii=False)
        told = self.id, self.layer, self.what, self.path, self.tag, self.t_start, self.t_end, self.t_detectable
        return (*told, self.severity, parameters, self.planned)


@dataclass(kw_only=True)
class Faults:
    """What was wrong in the window: failures and tool changes as messages tell them, and records of others.

    A tool change goes on over times in which nobody works; what else comes between ends it.
    """

    window: Window
    records: list[Truth] = field(default_factory=list)
    _failures: dict[tuple[Node, str], Alarm] = field(default_factory=dict)
    _changes: dict[Node, tuple[int, int | None]] = field(default_factory=dict)
    _counts: dict[Node, int] = field(default_factory=dict)

    def alarm(self, node: Node, message: Alarm) -> None:
        """A failure has come, or its repair has ended."""
        if message.alarm_state != "normal":
            self._failures[node, message.code] = message
        elif (begun := self._failures.pop((node, message.code), None)) is not None:
            self._failed(node, begun, message.ts)

    def state(self, node: Node, message: StateChange) -> None:
        """A machine is in another state: perhaps a tool is being changed, or no longer."""
        if (message.state, message.reason) == (State.SETUP.value, "tool"):
            begin, _ = self._changes.get(node, (message.ts, None))
            self._changes[node] = begin, None
        elif (found := self._changes.get(node)) is not None:
            begin, end = found[0], message.ts if found[1] is None else found[1]
            self._changes[node] = begin, end
            if message.state not in _REST:
                del self._changes[node]
                self._changed(node, begin, end)

    def add(self, record: Truth) -> None:
        """Something that messages do not tell, such as the drift of a sensor."""
        inside = record.t_start < self.window.end and (record.t_end is None or record.t_end > self.window.begin)
        if inside:
            self.records.append(record)

    def close(self) -> list[Truth]:
        """The window is over; all records, in order of their onset."""
        for (node, _), begun in self._failures.items():
            self._failed(node, begun, None)
        for node, (begin, end) in self._changes.items():
            self._changed(node, begin, end)
        self.records.sort(key=lambda record: (record.t_start, record.id))
        return self.records

    def _failed(self, node: Node, begun: Alarm, end: int | None) -> None:
        self._natural(node, begun.code, begun.count - 1, (begun.since, end))

    def _changed(self, node: Node, begin: int, end: int | None) -> None:
        k = self._counts.get(node, 0)
        self._counts[node] = k + 1
        self._natural(node, TOOL_CHANGE, k, (begin, end))

    def _natural(self, node: Node, what: str, k: int, span: tuple[int, int | None]) -> None:
        if self.window.wanted(node):
            begin, end = span
            name = f"{node.path}/{what}/{k}"
            self.add(
                Truth(id=name, layer="process", what=what, path=node.path, t_start=begin, t_end=end, t_detectable=begin)
            )


Pending = tuple[int, int, bool]
"""An hour, the work of the machine until then, and whether it was down."""


@dataclass(kw_only=True)
class _Life:
    """A failure mode of a machine: the hours that wait for its next failure."""

    clock: str
    down: bool = False
    pending: list[Pending] = field(default_factory=list)


@dataclass(kw_only=True)
class Lives:
    """Time to the next failure, known when it has come; what waits for it is an entry an hour.

    Args:
        window: the hours count from its begin.
        plant: for the failure modes of its machines.
    """

    window: Window
    plant: Plant
    rows: list[Row] = field(default_factory=list)
    _lives: dict[Node, dict[str, _Life]] = field(default_factory=dict)
    _worked: dict[Node, int] = field(default_factory=dict)
    _working: dict[Node, int] = field(default_factory=dict)
    _next: int = 0

    def __post_init__(self) -> None:
        """Know the modes."""
        self._next = self.window.begin
        for line in self.plant.lines:
            for station in line.stations:
                self._know(line, station)

    def _know(self, line: Line, station: Station) -> None:
        clocks = {failure.mode: failure.clock for failure in station.failures}
        if station.tool is not None and station.tool.breaks is not None:
            clocks["tool"] = "operating"
        for node in line.machines(station):
            if self.window.wanted(node) and clocks:
                self._lives[node] = {mode: _Life(clock=clock) for mode, clock in clocks.items()}

    def state(self, node: Node, message: StateChange) -> None:
        """A machine is in another state: its operating clocks run or stand."""
        self.reach(message.ts)
        if (since := self._working.pop(node, None)) is not None:
            self._worked[node] = self._worked.get(node, 0) + message.ts - since
        if message.state == State.PROCESSING.value and message.reason not in HANDLING:
            self._working[node] = message.ts

    def alarm(self, node: Node, message: Alarm) -> None:
        """A failure has come, or its repair has ended."""
        self.reach(message.ts)
        life = self._lives.get(node, {}).get(message.code)
        if life is None:
            return
        life.down = message.alarm_state != "normal"
        if life.down:
            self._tell(node, message.code, life, message.ts)

    def reach(self, ts: int) -> None:
        """Time has come so far: note the hours that are over."""
        while self._next <= ts and self._next < self.window.end:
            for node, lives in self._lives.items():
                for life in lives.values():
                    life.pending.append((self._next, self._work_until(node, self._next), life.down))
            self._next += HOUR

    def close(self) -> list[Row]:
        """The window is over; all rows, by hour, machine and mode."""
        self.reach(self.window.end)
        for node, lives in self._lives.items():
            for mode, life in lives.items():
                self._tell(node, mode, life, None)
        self.rows.sort(key=lambda row: row[:3])
        return self.rows

    def _work_until(self, node: Node, ts: int) -> int:
        since = self._working.get(node, ts)
        return self._worked.get(node, 0) + ts - since

    def _tell(self, node: Node, mode: str, life: _Life, failed: int | None) -> None:
        work = None if failed is None or life.clock != "operating" else self._work_until(node, failed)
        for hour, worked, down in life.pending:
            remaining = None if failed is None else failed - hour
            operating = None if work is None else work - worked
            self.rows.append((hour, node.path, mode, life.clock, down, remaining, operating))
        life.pending.clear()


def balance(rows: Iterable[Row], horizons: Iterable[int]) -> dict[int, int]:
    """Of the rows of remaining time, how many have the failure within each horizon, in µs."""
    remaining = [row[5] for row in rows if row[5] is not None]
    return {horizon: sum(time <= horizon for time in remaining) for horizon in horizons}
