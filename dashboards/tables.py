"""Tables of what the twin knows, to be carried away: columns, and rows in pieces so that nothing live is held up.

Each row says what an answer of the API says, from the same question to the twin.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from dashboards.questions import Refused, Span, machines_below
from dashboards.windows import Cut, Portion, cuts, figures_by
from plant.description import Line
from plant.time import SECOND
from twin import ColumnKind, Twin, Wanted

PAGE = 1000  # messages that are read at once

Row = Sequence[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a table is asked for.

    Args:
        twin: who knows.
        run: of this run.
        path: at or below this path; empty: of the whole plant.
        window: in this window.
        by: KPIs of each hour, shift or day; none: of the window as a whole.
        kpis: only these; none: all that a node has.
    """

    twin: Twin
    run: str
    path: str
    window: Span
    by: str | None = None
    kpis: list[str] | None = None

    @property
    def ends(self) -> tuple[int, int]:
        """The window as the twin is asked."""
        return self.window.begin, self.window.end

    def windows(self) -> list[Cut]:
        """Windows of which KPIs are asked for."""
        if self.by is None:
            return [Portion(begin=self.window.begin, end=self.window.end, name=None)]
        return [*cuts(self.twin, self.window, self.by)]

    def has(self, path: str) -> bool:
        """Whether a node is at or below the path."""
        return not self.path or f"{path}/".startswith(f"{self.path}/")

    def above(self, path: str) -> bool:
        """Whether a node is above the path, or at it, or below."""
        return self.has(path) or f"{self.path}/".startswith(f"{path}/")

    def lines(self) -> Iterator[Line]:
        """Lines of which something is asked."""
        return (line for line in self.twin.plant.lines if self.above(line.node.path))


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table: its columns in order, and the way to its rows, some at a time."""

    columns: Mapping[str, ColumnKind]
    rows: Callable[[Asked], AsyncIterator[list[Row]]]


async def _kpis(asked: Asked) -> AsyncIterator[list[Row]]:
    windows = asked.windows()
    wanted, known = asked.kpis, set[str]()
    for path, kind in nodes(asked):
        async for window, figures in figures_by(asked.twin, path, windows, None, asked.run):
            known.update(figures)
            called = window.name, window.day and window.day.isoformat()
            yield [
                (
                    path or asked.twin.plant.plant, kind, window.begin, window.end, *called, name,
                    v.value, v.lower, v.upper, v.coverage, v.unit, v.profile, v.revision, v.reason, _json(v.parts),
                )
                for name, v in figures.items()
                if wanted is None or name in wanted
            ]  # fmt: skip
    if windows and (strange := [name for name in wanted or () if name not in known]):
        raise Refused("kpi", f"there is no KPI {strange[0]!r} for {asked.path or 'this plant'}", 404)


def nodes(asked: Asked) -> Iterator[tuple[str, str]]:
    """Paths and kinds of what has KPIs: the site, areas, and nodes in flow order."""
    if not asked.path:
        yield "", "site"
    yield from ((area, "area") for area in dict.fromkeys(line.area for line in asked.lines()) if asked.has(area))
    for line in asked.lines():
        nodes = [(line.node.path, "line")]
        for station in line.stations:
            nodes.append((f"{line.node.path}/{station.name}", "station"))
            if station.machines > 1:
                nodes += [(node.path, "machine") for node in line.machines(station)]
        yield from (node for node in nodes if asked.has(node[0]))


async def _states(asked: Asked) -> AsyncIterator[list[Row]]:
    for machine in machines_below(asked.twin, asked.path):
        found = asked.twin.intervals(machine, *asked.ends, run=asked.run)
        yield [(machine, i.state, i.reason, i.begin, i.end, (i.end - i.begin) / SECOND, i.part) for i in found]
        await asyncio.sleep(0)


async def _reasons(asked: Asked) -> AsyncIterator[list[Row]]:
    for machine in machines_below(asked.twin, asked.path):
        found = asked.twin.pareto(machine, *asked.ends, run=asked.run)
        yield [
            (machine, r.bucket, r.state, r.reason, r.time_us / SECOND, r.lower_us / SECOND, r.upper_us / SECOND,
             r.count, r.length_us / SECOND, r.mean_s, r.open, r.unclassified_us / SECOND)
            for r in found.rows
        ]  # fmt: skip
        await asyncio.sleep(0)


async def _parts(asked: Asked) -> AsyncIterator[list[Row]]:
    for line in asked.lines():
        for station in line.stations:
            path = f"{line.node.path}/{station.name}"
            if not asked.above(path):
                continue
            numbers = {node.path: node.machine or 1 for node in line.machines(station)}
            yield [
                (part, line.node.path, station.name, numbers.get(v.path), v.entered, v.started, v.finished, v.left,
                 v.verdict)
                for part, v in asked.twin.visits(path, *asked.ends, run=asked.run)
                if asked.has(v.path)
            ]  # fmt: skip
            await asyncio.sleep(0)


async def _orders(asked: Asked) -> AsyncIterator[list[Row]]:
    for line in asked.lines():
        path = line.node.path
        if asked.has(path):
            yield [
                (path, o.order, o.product, o.quantity, o.good, o.scrap, o.event, o.due, o.released, o.started,
                 o.completed, None if o.due is None or o.completed is None else o.completed <= o.due)
                for o in asked.twin.orders(path, *asked.ends, run=asked.run)
            ]  # fmt: skip


async def _measured(asked: Asked) -> AsyncIterator[list[Row]]:
    for machine in machines_below(asked.twin, asked.path):
        found = asked.twin.measured(machine, *asked.ends, run=asked.run)
        yield [
            (m.ts, machine, m.part, name, m.found.v, m.found.unit, m.found.lsl, m.found.usl, m.found.ok)
            for name, m in found
        ]
        await asyncio.sleep(0)


async def _alarms(asked: Asked) -> AsyncIterator[list[Row]]:
    lines = [line.node.path for line in asked.lines() if asked.has(line.node.path)]
    for path in [*lines, *machines_below(asked.twin, asked.path)]:
        found = asked.twin.alarms(path, *asked.ends, run=asked.run)
        yield [(m.ts, path, m.code, m.text, m.priority, m.alarm_state, m.since, m.count, m.ack_by) for m in found]
        await asyncio.sleep(0)


async def _messages(asked: Asked) -> AsyncIterator[list[Row]]:
    begin, end = asked.ends
    twin = asked.twin
    upto, after = twin.position(), None
    while True:
        wanted = Wanted(
            run=asked.run, upto=upto, path=asked.path, begin=begin, end=end, descending=False, after=after
        )
        page = await twin.history(wanted, PAGE)
        told = [(event, event.message) for event in page.events]
        yield [(m["ts"], e.path, e.kind, m["session"], m["seq"], m["n"], e.position, _json(m)) for e, m in told]
        if not page.more:
            return
        after = (page.events[-1].message["ts"], page.events[-1].position)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


TABLES: dict[str, Table] = {
    "kpis": Table(
        columns={
            "path": "text", "kind": "text", "from": "instant", "to": "instant", "name": "text", "day": "text",
            "kpi": "text", "value": "float", "lower": "float", "upper": "float", "coverage": "float", "unit": "text",
            "profile": "text", "revision": "int", "reason": "text", "parts": "text",
        },
        rows=_kpis,
    ),
    "states": Table(
        columns={
            "machine": "text", "state": "text", "reason": "text", "from": "instant", "to": "instant",
            "seconds": "float", "part": "text",
        },
        rows=_states,
    ),
    "reasons": Table(
        columns={
            "machine": "text", "bucket": "text", "state": "text", "reason": "text", "seconds": "float",
            "lower": "float", "upper": "float", "count": "int", "length": "float", "mean": "float", "open": "int",
            "unclassified": "float",
        },
        rows=_reasons,
    ),
    "parts": Table(
        columns={
            "part": "text", "line": "text", "station": "text", "machine": "int", "entered": "instant",
            "started": "instant", "finished": "instant", "left": "instant", "verdict": "text",
        },
        rows=_parts,
    ),
    "orders": Table(
        columns={
            "line": "text", "order": "text", "product": "text", "quantity": "int", "good": "int", "scrap": "int",
            "event": "text", "due": "instant", "released": "instant", "started": "instant", "completed": "instant",
            "on_time": "flag",
        },
        rows=_orders,
    ),
    "measured": Table(
        columns={
            "at": "instant", "machine": "text", "part": "text", "characteristic": "text", "value": "float",
            "unit": "text", "lower": "float", "upper": "float", "ok": "flag",
        },
        rows=_measured,
    ),
    "alarms": Table(
        columns={
            "at": "instant", "path": "text", "code": "text", "text": "text", "priority": "int", "state": "text",
            "since": "instant", "count": "int", "ack_by": "text",
        },
        rows=_alarms,
    ),
    "messages": Table(
        columns={
            "at": "instant", "path": "text", "kind": "text", "session": "int", "seq": "int", "n": "int",
            "position": "int", "message": "text",
        },
        rows=_messages,
    ),
}  # fmt: skip
"""All tables; instants are microseconds UTC here."""
