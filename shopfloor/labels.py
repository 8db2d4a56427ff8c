"""Labels of a data set: what really happened to the machines, and how long each had to its next failure.

A data set is made where the run itself is at hand, so the labels are the truth and no guess.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from plant.description import Line, Plant, Station
from plant.messages import Alarm, StateChange, Truth
from plant.paths import Node
from plant.states import State
from plant.time import HOUR
from shopfloor.facts import Row, Window

HANDLING = frozenset({"load", "unload"})
"""Reasons of a machine that processes while no clock ages (rule 24)."""

@dataclass(kw_only=True)
class Faults:
    """What was wrong in the window, as the run tells it: failures, tool changes, faults of all layers."""

    window: Window
    _known: dict[str, Truth] = field(default_factory=dict)

    def truth(self, node: Node, message: Truth) -> None:
        """Something is wrong, or more is known of it."""
        if self.window.wanted(node):
            self._known[message.id] = message

    def close(self, detections: Mapping[str, int]) -> list[Row]:
        """The window is over; its rows, in order of their onset.

        Args:
            detections: first instants at which faults showed, by the id of their record, microseconds UTC.
        """
        begin, end = self.window.begin, self.window.end
        told = [of for of in self._known.values() if of.t_start < end and (of.t_end is None or of.t_end > begin)]
        return [_row(of, detections.get(of.id)) for of in sorted(told, key=lambda of: (of.t_start, of.id))]


def _row(of: Truth, detected: int | None) -> Row:
    parameters = json.dumps(of.parameters, sort_keys=True, ensure_ascii=False)
    told = of.id, of.layer, of.what, of.path, of.tag, of.t_start, of.t_end
    return (*told, of.t_detectable if detected is None else detected, of.severity, parameters, of.planned)


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
