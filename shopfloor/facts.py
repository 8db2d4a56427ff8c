"""Messages as rows: what a run says becomes the tables of a data set, in memory that does not grow with the run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from plant.messages import Alarm, Energy, Order, PartEvent, Quality, StateChange
from plant.paths import Node

Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The time that is told of: an event at t is in it when begin ≤ t < end; microseconds UTC.

    Args:
        wanted: whether a node is told of.
    """

    begin: int
    end: int
    wanted: Callable[[Node], bool] = lambda _: True

    def has(self, node: Node, ts: int) -> bool:
        """Whether what happened there then is told."""
        return self.begin <= ts < self.end and self.wanted(node)


@dataclass(kw_only=True)
class Events:
    """States of machines, alarms and orders.

    Attributes:
        rows: what was not fetched yet.
        share: µs of machine time in each state inside the window; complete after `close`.
    """

    window: Window
    rows: list[Row] = field(default_factory=list)
    share: dict[str, int] = field(default_factory=dict)
    _states: dict[Node, tuple[int, Row, str]] = field(default_factory=dict)
    _alarms: dict[tuple[Node, str], Row] = field(default_factory=dict)
    _open: bool = False

    def state(self, node: Node, message: StateChange) -> None:
        """A machine is in another state, or another order is on it."""
        self.reach(message.ts)
        row = (
            "state", node.path, message.since, message.state, message.reason, message.part, *(None,) * 4,
            message.order, *(None,) * 6,
        )  # fmt: skip
        if self.window.has(node, message.ts):
            self.rows.append((message.ts, *row))
        if self.window.wanted(node):
            self._book(node, message.ts)
            self._states[node] = message.ts, row, message.state

    def alarm(self, node: Node, message: Alarm) -> None:
        """A failure has come, or is over."""
        self.reach(message.ts)
        row = (
            "alarm", node.path, message.since, *(None,) * 3, message.code, message.alarm_state, message.priority,
            message.count, *(None,) * 7,
        )  # fmt: skip
        if self.window.has(node, message.ts):
            self.rows.append((message.ts, *row))
        if message.alarm_state == "normal":
            self._alarms.pop((node, message.code), None)
        elif self.window.wanted(node):
            self._alarms[node, message.code] = row

    def order(self, node: Node, message: Order) -> None:
        """An order has come, or is further on."""
        self.reach(message.ts)
        if self.window.has(node, message.ts):
            told = message.order, message.event, message.product, message.quantity, message.good, message.scrap
            nothing = (None,) * 8
            self.rows.append((message.ts, "order", node.path, *nothing, *told, message.due))

    def reach(self, ts: int) -> None:
        """Time has come so far: at the begin, what is in force is told."""
        if not self._open and ts >= self.window.begin:
            self._open = True
            self.rows += [(self.window.begin, *row) for _, row, _ in self._states.values()]
            self.rows += [(self.window.begin, *row) for row in self._alarms.values()]

    def close(self) -> None:
        """The window is over."""
        self.reach(self.window.end)
        for node in self._states:
            self._book(node, self.window.end)

    def _book(self, node: Node, to: int) -> None:
        """Book the time of the state that ends."""
        if (last := self._states.get(node)) is not None:
            since, _, state = last
            inside = min(to, self.window.end) - max(since, self.window.begin)
            if inside > 0:
                self.share[state] = self.share.get(state, 0) + inside


@dataclass(kw_only=True)
class _Visit:
    """A part at a station; see `Parts` for the names."""

    message: PartEvent
    node: Node
    enter: int
    machine: Node | None = None
    start: int | None = None
    finish: int | None = None
    worked: int | None = None
    outcome: str = "inside"
    cause: str | None = None
    of: str | None = None

    def row(self, leave: int | None = None, route: str | None = None, into: str | None = None) -> Row:
        """The row of the table."""
        told, node, at = self.message, self.node, self.machine or self.node
        number = None if self.machine is None else self.machine.machine or 1
        return (
            told.part, told.product, told.order, node.line, node.station, number, at.path, told.visit, self.enter,
            self.start, self.finish, leave, self.worked, self.outcome, self.cause, route, into, self.of,
        )  # fmt: skip


@dataclass(kw_only=True)
class Parts:
    """Visits of parts to stations, put together from what machines tell of them; kept are those under way only."""

    window: Window
    rows: list[Row] = field(default_factory=list)
    _open: dict[tuple[str, str, str], _Visit] = field(default_factory=dict)

    def part(self, node: Node, message: PartEvent) -> None:
        """Something happened to a part."""
        if not self.window.wanted(node):
            return
        key = node.line, node.station or "", message.part
        if message.event == "entered":
            self._open[key] = _entered(node, message)
            return
        visit = self._open.get(key)
        if visit is None:
            return
        match message.event:
            case "started":
                visit.machine, visit.start = node, message.ts
            case "finished":
                visit.finish, visit.worked = message.ts, message.cycle_us
            case "scrapped" | "reworked":
                visit.outcome = "scrap" if message.event == "scrapped" else "rework"
                visit.cause = message.cause
                visit.finish = message.ts if visit.finish is None else visit.finish
            case "left":
                del self._open[key]
                self._leaves(visit, node, message)

    def _leaves(self, visit: _Visit, node: Node, message: PartEvent) -> None:
        visit.machine = node
        if message.into is not None:
            visit.outcome = "built in"
        elif visit.outcome == "inside":
            visit.outcome = "good" if message.route is not None or message.cause is None else "scrap"
        visit.cause = visit.cause or message.cause
        if message.ts >= self.window.begin:
            self.rows.append(visit.row(message.ts, message.route, message.into))

    def close(self) -> None:
        """The window is over: those that are still there are told, too."""
        self.rows += [visit.row() for visit in self._open.values()]
        self._open.clear()


def _entered(node: Node, message: PartEvent) -> _Visit:
    """A part got its place; one that came out of another one is done with the work there."""
    station = Node(node.area, node.line, node.station)
    if message.of is None:
        return _Visit(message=message, node=station, enter=message.ts)
    done = message.ts
    return _Visit(message=message, node=station, enter=done, machine=node, start=done, finish=done, of=message.of)


@dataclass(kw_only=True)
class Measurements:
    """Measured characteristics."""

    window: Window
    rows: list[Row] = field(default_factory=list)

    def quality(self, node: Node, message: Quality) -> None:
        """A part was measured."""
        if self.window.has(node, message.ts):
            told = message.ts, node.path, message.part, message.product
            self.rows += [
                (*told, name, of.v, of.unit, of.lsl, of.usl, of.ok, message.gauge)
                for name, of in message.values.items()
            ]


@dataclass(kw_only=True)
class Energies:
    """Counters of energy and compressed air."""

    window: Window
    rows: list[Row] = field(default_factory=list)

    def energy(self, node: Node, message: Energy) -> None:
        """Counters were read off."""
        if self.window.has(node, message.ts):
            by = (message.by.get(level, 0.0) for level in ("off", "standby", "ready", "processing"))
            self.rows.append((message.ts, node.path, message.kw, message.kwh, *by, message.air_m3))
