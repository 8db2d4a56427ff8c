"""Panels' questions as targets of Grafana, and what it does with several answers of one panel. Pure."""

from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from dashboards.grafana.sdk import InfluxQuery
from dashboards.panels import Panel
from twin.influxql import GRAFANA, statements
from twin.select import Column, Select
from twin.tables import Table

POINTS, RAW = "shopfloor-influx", "shopfloor-influx-raw"
"""Uids of the data sources: what is kept for ever, and telemetry."""

TABULAR = frozenset({"table", "barchart", "xychart", "canvas"})
"""Kinds that take rows of several fields; the others take a series for each."""

CELLS = frozenset({"account", "line_account", "stop", "pareto"})
"""Tables with a point for each cell of five minutes."""

Json = dict[str, Any]


def source_of(table: Table) -> str:
    """Uid of the data source that has a table."""
    return RAW if table.raw else POINTS


def targets(panel: Panel, tables: Mapping[str, Table]) -> list[InfluxQuery]:
    """All that a panel asks, a target for each statement."""
    found: list[InfluxQuery] = []
    tabular = panel.kind in TABULAR
    for select in panel.queries:
        table = tables[select.table]
        for statement in statements(select, table, GRAFANA):
            found.append(
                InfluxQuery(
                    ref=_ref(len(found)),
                    source=source_of(table),
                    query=statement.text,
                    form="table" if tabular else "time_series",
                    alias="" if tabular else alias(panel, select),
                )
            )
    return found


def _ref(index: int) -> str:
    """A, B, …, Z, AA, AB, …."""
    return (_ref(index // 26 - 1) if index >= 26 else "") + ascii_uppercase[index % 26]


def alias(panel: Panel, select: Select) -> str:
    """Name of a series: whose it is, and what it is where a panel has several columns."""
    whose = [f"$tag_{label}" for label in select.by]
    if len(columns(panel)) > 1:
        return " ".join([*whose, "$col"])
    return " ".join(whose) or titled(select.columns[0])


def columns(panel: Panel) -> tuple[Column, ...]:
    """All columns of a panel, each name once."""
    return tuple({column.name: column for select in panel.queries for column in select.columns}.values())


def labels(panel: Panel) -> tuple[str, ...]:
    """All labels by which its questions are grouped."""
    return tuple(dict.fromkeys(label for select in panel.queries for label in select.by))


def titled(column: Column) -> str:
    """What people read above a column."""
    return column.title or column.name


def interval(panel: Panel) -> str | None:
    """Shortest step that makes sense: no more points than the twin writes, and of shares no more than parts can bear.

    A line that makes a part in two minutes makes two or three in a cell, so a share over one jumps by a third.
    """
    if not panel.queries:
        return None
    if any(select.bucket == "auto" and any(map(_share, select.columns)) for select in panel.queries):
        return "30m"
    return "5m" if any(select.table in CELLS for select in panel.queries) else "10s"


def _share(column: Column) -> bool:
    """Whether it is a quotient without a unit."""
    return column.unit == "1" and bool(column.expression.under_names)


def transformations(panel: Panel, count: int) -> list[Json]:
    """From the answers to so many targets to the rows that are shown."""
    return [*_joined(panel, count), *_chosen(panel), *_ordered(panel), *map(dict, panel.then)]


def _joined(panel: Panel, count: int) -> Iterator[Json]:
    """Answers about the same things become rows; the instant of a sum over a window says nothing."""
    if panel.kind not in TABULAR:
        return
    if not any(select.raw or select.bucket != "window" for select in panel.queries):
        yield {"id": "filterFieldsByName", "options": {"exclude": {"pattern": "/^[Tt]ime$/"}}}
    if count > 1:
        yield {"id": "merge", "options": {}}
    if panel.kind in {"table", "barchart"}:
        names = [*labels(panel), *(column.name for column in columns(panel))]
        order = {name: place for place, name in enumerate(["Time", *names])}
        yield {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": {}}}


def _chosen(panel: Panel) -> Iterator[Json]:
    if panel.only is not None:
        test = {">": "greater", ">=": "greaterOrEqual", "<": "lower", "<=": "lowerOrEqual", "=": "equal",
                "!=": "notEqual"}[panel.only.op]  # fmt: skip
        told = {"fieldName": panel.only.name, "config": {"id": test, "options": {"value": panel.only.value}}}
        yield {"id": "filterByValue", "options": {"filters": [told], "type": "include", "match": "any"}}


def _ordered(panel: Panel) -> Iterator[Json]:
    if panel.sort:
        name, falling = panel.sort.removeprefix("-"), panel.sort.startswith("-")
        yield {"id": "sortBy", "options": {"sort": [{"field": name, "desc": falling}]}}
    elif panel.kind not in TABULAR and any(select.raw for select in panel.queries):
        yield {"id": "sortBy", "options": {"sort": [{"field": "Time", "desc": False}]}}  # they come newest first
