"""Answers of InfluxDB to the statements of a question, put together to frames. Pure.

Each statement gives some of the columns; rows of the same labels and instant are one. JSON does not tell a whole
number from a float that happens to be one: the tables do.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from twin.influxql import Statement
from twin.select import Column, Frame, Scope, Select
from twin.tables import Table

Value = float | int | str | None
Rows = dict[tuple[str, ...], dict[int, dict[str, Value]]]


class Found(msgspec.Struct, frozen=True):
    """Rows of one combination of tags."""

    columns: list[str]
    values: list[list[Any]] = []
    tags: dict[str, str] = {}
    partial: bool = False


def frames(
    select: Select, table: Table, scope: Scope, told: Iterable[tuple[Statement, Sequence[Found]]]
) -> list[Frame]:
    """The answer to a question, in order of the labels; rows in which no column has a value are left out.

    Args:
        select: the question.
        table: its table.
        scope: what the asker chose.
        told: the statements and the series that each gave.
    """
    whole = {column.name for column in select.columns if _whole(column, table)}
    counts = {column.name for column in select.columns if column.each == "count"}
    if select.raw:
        ((_, series),) = told
        told_rows = (_raw(select, one, whole) for one in series)
        return sorted((frame for frame in told_rows if frame.t), key=lambda frame: tuple(frame.labels.values()))
    rows: Rows = {}
    for statement, series in told:
        for one in series:
            known = rows.setdefault(tuple(one.tags.get(label, "") for label in select.by), {})
            for t, *values in one.values:
                at = scope.begin if select.bucket == "window" else t
                row = known.setdefault(at, {})
                for name, value in zip(statement.columns, values, strict=True):
                    row[name] = _value(value, whole=name in whole) if value or name not in counts else None
    found = (_frame(select, labels, rows[labels]) for labels in sorted(rows))
    return [frame for frame in found if frame.t]


def _raw(select: Select, one: Found, whole: set[str]) -> Frame:
    """Rows as they are: they came newest first, those without any value, too."""
    rows = [row for row in one.values[::-1] if any(value is not None for value in row[1:])]
    return Frame(
        labels={label: one.tags.get(label, "") for label in select.by},
        t=[row[0] for row in rows],
        values={
            column.name: [_value(row[place], whole=column.name in whole) for row in rows]
            for place, column in enumerate(select.columns, 1)
        },
    )


def _frame(select: Select, labels: tuple[str, ...], rows: dict[int, dict[str, Value]]) -> Frame:
    told = [t for t in sorted(rows) if any(value is not None for value in rows[t].values())]
    instants = told[-select.limit if select.limit else 0 :]
    return Frame(
        labels=dict(zip(select.by, labels, strict=True)),
        t=instants,
        values={column.name: [rows[t].get(column.name) for t in instants] for column in select.columns},
    )


def _value(value: Value, *, whole: bool) -> Value:
    return float(value) if isinstance(value, int) and not whole else value


def _whole(column: Column, table: Table) -> bool:
    """Whether a column is whole numbers, or texts."""
    divided = column.expression.written(str)[1] is not None or column.scale[1] != 1
    if column.each == "count":
        return not divided
    kinds = {table.fields[name].datatype for name in column.expression.names}
    return not divided and "float" not in kinds and column.each != "mean" and "/" not in column.formula
