"""What is asked of a historian's tables: a question as frozen data, its scope, and its answer. Pure.

One question is compiled twice, to SQL for the store that ships with us and to InfluxQL (`twin.influxql`) for InfluxDB
and Grafana, and both give the same numbers. A column is a formula over fields, each of them aggregated first: a
quotient is a quotient of sums, whatever the rows are grouped by, and has no value where its denominator is 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from keyword import iskeyword
from typing import Literal

import msgspec

from twin.catalogue import SCALES, KpiRow
from twin.formula import Formula
from twin.tables import Table

Each = Literal["sum", "mean", "min", "max", "first", "last", "count", "raw"]
"""What becomes of the rows of a field: one value; ``raw`` leaves the rows as they are."""

Bucket = Literal["window", "auto"] | int
"""Rows are put together over the whole window, over steps that the asker chooses, or over steps of so many µs."""

VARIABLES = ("plant", "run", "line", "machine", "shift")
"""Labels by which a question is limited to what the asker chose, wherever its table has them."""

MOST_ROWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an answer.

    Args:
        name: what it is called.
        formula: an expression over fields as `twin.formula` reads it, without functions; a field whose name is no word
            stands in double quotes (`field_of`).
        each: what becomes of the rows of each of its fields.
        unit: UCUM unit of the value.
        scale: factors of numerator and denominator, to get to the unit.
        title: what people read; its name where that will do.
    """

    name: str
    formula: str
    each: Each = "sum"
    unit: str = "1"
    scale: tuple[int, int] = (1, 1)
    title: str = ""

    def __post_init__(self) -> None:
        self.expression.written(str)

    @cached_property
    def expression(self) -> Formula:
        """The formula, read."""
        return Formula(self.formula)

    @property
    def plain(self) -> bool:
        """Whether it is a field as it stands: of any datatype, not scaled."""
        return self.expression.names == (self.formula.strip('"'),) and self.scale == (1, 1)


def field_of(name: str) -> str:
    """The formula that gives a field as it stands, whatever its name."""
    return name if name.isidentifier() and not iskeyword(name) else f'"{name}"'


def kpi_column(row: KpiRow, *, name: str | None = None) -> Column:
    """The column that gives a KPI from accounts: its formula in the catalogue, over sums.

    Raises:
        ValueError: it is no quotient of sums.
    """
    if row.chained:
        raise ValueError(f"{row.id} is a product over operations, no quotient of sums")
    return Column(name=name or row.id, formula=row.formula, unit=row.unit, scale=SCALES[row.unit], title=row.title)


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Rows that count: a label equals a text, or a field compares with a number.

    A value that begins with ``$`` is what the asker chose for that variable, ``$run_a`` for one.
    """

    name: str
    value: str | float
    op: Literal["=", "!=", ">", ">=", "<", "<="] = "="


@dataclass(frozen=True, kw_only=True, slots=True)
class Select:
    """A question.

    Args:
        table: name of a table of `twin.tables`.
        columns: what is given; of all the same sort: all raw or none.
        by: labels; there is a frame for each combination of theirs.
        bucket: over what times rows are put together; raw rows are not.
        where: which rows count, besides those that the asker's variables leave out. A condition on a label that is a
            variable takes the place of the asker's.
        limit: raw rows of a frame at most, the newest of them.
    """

    table: str
    columns: tuple[Column, ...]
    by: tuple[str, ...] = ()
    bucket: Bucket = "window"
    where: tuple[Condition, ...] = ()
    limit: int | None = None

    @property
    def raw(self) -> bool:
        """Whether rows are given as they are."""
        return self.columns[0].each == "raw"

    def variables(self, table: Table) -> tuple[str, ...]:
        """Labels that the asker's choice limits, in the order of `VARIABLES`."""
        fixed = {condition.name for condition in self.where}
        return tuple(name for name in VARIABLES if name in table.labels and name not in fixed)

    def check(self, table: Table) -> None:
        """Whether a table can answer it.

        Raises:
            ValueError: what it lacks, or what does not go together.
        """
        if table.name != self.table:
            raise ValueError(f"{self.table} is asked for, not {table.name}")
        if len({column.each == "raw" for column in self.columns}) != 1:
            raise ValueError("raw columns and aggregated ones have no rows in common")
        for column in self.columns:
            if missing := sorted(set(column.expression.names) - table.fields.keys()):
                raise ValueError(f"{table.name} has no field {', '.join(missing)}; it has {', '.join(table.fields)}")
        if missing := sorted(set(self.by) - set(table.labels)):
            raise ValueError(f"{table.name} has no label {', '.join(missing)}; it has {', '.join(table.labels)}")
        if self.limit is not None and not self.raw:
            raise ValueError("only raw rows are limited in number")
        for column in self.columns:
            _check_column(column, table)
        for condition in self.where:
            if condition.name not in table.labels and condition.name not in table.fields:
                raise ValueError(f"{table.name} has neither label nor field {condition.name!r}")
            _check_condition(condition, table)


def _check_column(column: Column, table: Table) -> None:
    if column.each == "raw" and column.expression.under_names:
        raise ValueError(f"{column.name} divides in raw rows, of which one may divide by 0; divide sums")
    if column.each == "count" and len(column.expression.names) > 1:
        raise ValueError(f"{column.name} counts several fields, of which one may have no rows; count one")
    texts = [name for name in column.expression.names if table.fields[name].datatype == "text"]
    if texts and not (column.each == "count" or (column.plain and column.each in {"first", "last", "raw"})):
        raise ValueError(f"{column.name}: {texts[0]} of {table.name} is a text, which has no {column.each}")


def _check_condition(condition: Condition, table: Table) -> None:
    value, name = condition.value, condition.name
    of_text = name in table.labels or table.fields[name].datatype == "text"
    if of_text != isinstance(value, str) or (of_text and condition.op not in {"=", "!="}):
        wanted = "equals a text or does not" if of_text else "compares with a number"
        raise ValueError(f"{name} of {table.name} {wanted}, so {condition.op} {value!r} is not allowed")
    if isinstance(value, str) and value.startswith("$") and (name not in table.labels or condition.op != "="):
        raise ValueError(f"{name} of {table.name}: the variable {value} is for labels, which equal it")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What the asker chose.

    Args:
        begin: first instant, microseconds UTC.
        end: first instant that is out.
        step: length of the buckets of a question that leaves it to the asker; they begin on multiples of it.
        chosen: values of variables; of a variable that is not there every value counts.
    """

    begin: int
    end: int
    step: int
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one combination of labels, in order of time.

    Args:
        labels: the combination.
        t: instant of each row in microseconds UTC: its own, or the first one of its bucket; of a window its begin.
        values: by name of a column, a value for each row; none where there is none.
    """

    labels: dict[str, str]
    t: list[int]
    values: dict[str, list[float | int | str | None]]
