"""Questions in SQL, as DuckDB has it. Pure.

Rows come from a source, whose columns have names of ours: ``l0`` … labels in the order of the table's, ``t`` the
instant, ``f0`` … the fields that are asked for. So nothing that people name stands in the text, and no value does:
those are parameters. Whole numbers are added and multiplied in 128 bits, and only a quotient is a float.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from twin.select import MOST_ROWS, Column, Condition, Each, Frame, Scope, Select
from twin.tables import Table


class Sql(NamedTuple):
    """A text in SQL, and the values of its parameters in order."""

    text: str
    parameters: tuple[Any, ...] = ()


def fields_of(select: Select, table: Table) -> tuple[str, ...]:
    """Fields that a question is about, in the order of their columns in a source."""
    named = [name for column in select.columns for name in column.expression.names]
    limited = [condition.name for condition in select.where if condition.name in table.fields]
    return tuple(dict.fromkeys((*named, *limited)))


def admits(select: Select, table: Table, scope: Scope, label: str, value: str) -> bool:
    """Whether rows may count whose label says this."""
    if label in select.variables(table) and not _chosen(scope, label, value):
        return False
    for condition in select.where:
        if condition.name != label:
            continue
        said = str(condition.value)
        if said.startswith("$"):
            if not _chosen(scope, said.removeprefix("$"), value):
                return False
        elif (value == said) != (condition.op == "="):
            return False
    return True


def _chosen(scope: Scope, variable: str, value: str) -> bool:
    values = scope.chosen.get(variable)
    return values is None or value in (values or ("",))


def answer(select: Select, table: Table, scope: Scope, source: Sql, *, coarse: bool = False) -> Sql:
    """The question in SQL: rows of the labels of `Select.by`, the instant, and the columns.

    Args:
        select: the question, checked.
        table: of this table.
        scope: what the asker chose.
        source: where rows come from. Of a telemetry table it has doubles only.
        coarse: whether some rows tell of minutes or hours; then the source has more columns of each field of numbers:
            ``lowest0``, ``highest0``, ``total0``, ``n0`` and ``last0``, and ``f0`` is the mean.
    """
    writer = _Writer(select, table, coarse=coarse)
    conditions = list(_conditions(select, table, scope, writer.fields))
    limited = tuple(value for condition in conditions for value in condition.parameters)
    where = " AND ".join(condition.text for condition in conditions)
    by = [f"l{table.labels.index(label)}" for label in select.by]
    shown = [writer.column(column) for column in select.columns]
    if select.raw:
        head = f"WITH source AS ({source.text}) SELECT {', '.join([*by, 't'])}"
        known = " OR ".join(f"f{writer.fields.index(name)} IS NOT NULL" for name in writer.shown)
        ties = ", ".join(f"l{i}" for i in range(len(table.labels)))
        parts = f"PARTITION BY {', '.join(by)} " if by else ""
        text = (
            f"{head}, {', '.join(shown)} FROM source WHERE {where} AND ({known}) "
            f"QUALIFY row_number() OVER ({parts}ORDER BY t DESC, {ties}) <= ? "
            f"ORDER BY {', '.join([*by, 't'])}, {ties}"
        )
        return Sql(text, (*source.parameters, *limited, select.limit or MOST_ROWS))
    step = scope.step if select.bucket == "auto" else select.bucket
    when, steps = ("NULL", ()) if step == "window" else ("t // ? * ?", (step, step))
    head = f"WITH source AS ({source.text}) SELECT {', '.join([*by, f'{when} AS begun'])}"
    order = ", ".join([*by, "begun"])
    text = f"{head}, {', '.join(shown)} FROM source WHERE {where} GROUP BY ALL HAVING count(*) > 0 ORDER BY {order}"
    return Sql(text, (*source.parameters, *steps, *limited))


class _Writer:
    """Writes columns of a question."""

    def __init__(self, select: Select, table: Table, *, coarse: bool) -> None:
        self.fields = fields_of(select, table)
        self.shown = tuple(dict.fromkeys(name for column in select.columns for name in column.expression.names))
        self._table = table
        self._coarse = coarse
        self._alone = set(select.by) == set(table.labels)  # no two rows of a group have the same instant

    def column(self, column: Column) -> str:
        """A column: fields, aggregated, then the formula, then its scale."""
        over, under = column.expression.written(lambda name: self._field(name, column.each))
        up, down = column.scale
        top = over if up == 1 else f"{over} * {up}"
        bottom = [part for part in (under, str(down) if down != 1 else None) if part is not None]
        return top if not bottom else f"{top} / nullif({' * '.join(bottom)}, 0)"

    def _field(self, name: str, each: Each) -> str:
        about, k = self._table.fields[name], self.fields.index(name)
        whole = about.datatype == "int" and not self._table.raw
        if self._coarse and about.datatype != "text":
            return self._coarsely(each, k)
        value = self._ordered(each, f"f{k}") if each in {"first", "last"} else _aggregated(each, f"f{k}", whole=whole)
        return f"({value})::HUGEINT" if whole and each != "mean" else value

    def _coarsely(self, each: Each, k: int) -> str:
        match each:
            case "min" | "max":
                return f"{each}({'lowest' if each == 'min' else 'highest'}{k})"
            case "sum":
                return f"fsum(total{k})"
            case "count":
                return f"nullif(sum(n{k}), 0)::BIGINT"
            case "mean":
                return f"fsum(total{k}) / nullif(sum(n{k}), 0)"
            case "first" | "last":
                return self._ordered(each, f"last{k}")
            case "raw":
                return f"f{k}"

    def _ordered(self, each: Each, value: str) -> str:
        """The first or last value; of several at the same instant the greatest, as InfluxDB has it."""
        if self._alone:
            return f"{'arg_min' if each == 'first' else 'arg_max'}({value}, t)"
        order = f"t, {value} DESC" if each == "first" else f"t, {value}"
        return f"{each}({value} ORDER BY {order}) FILTER ({value} IS NOT NULL)"


def _aggregated(each: Each, value: str, *, whole: bool) -> str:
    match each:
        case "raw":
            return value
        case "sum":
            return f"sum({value})" if whole else f"fsum({value})"
        case "mean":
            return f"avg({value})" if whole else f"favg({value})"
        case "count":
            return f"nullif(count({value}), 0)"
    return f"{each}({value})"


def _conditions(select: Select, table: Table, scope: Scope, fields: Sequence[str]) -> Iterator[Sql]:
    yield Sql("t >= ? AND t < ?", (scope.begin, scope.end))
    for name in select.variables(table):
        yield from _among(scope, name, table.labels.index(name))
    for condition in select.where:
        yield from _condition(condition, table, scope, fields)


def _condition(condition: Condition, table: Table, scope: Scope, fields: Sequence[str]) -> Iterator[Sql]:
    said = condition.value
    if isinstance(said, str) and said.startswith("$"):
        yield from _among(scope, said.removeprefix("$"), table.labels.index(condition.name))
    elif condition.name in table.labels:
        yield Sql(f"l{table.labels.index(condition.name)} {condition.op} ?", (said,))
    else:
        yield Sql(f"f{fields.index(condition.name)} {condition.op} ?", (said,))


def _among(scope: Scope, variable: str, label: int) -> Iterator[Sql]:
    values = scope.chosen.get(variable)
    if values is not None:
        values = values or ("",)  # nobody chosen: rows that are nobody's
        yield Sql(f"l{label} IN ({', '.join('?' * len(values))})", tuple(values))


def frames(select: Select, scope: Scope, rows: Iterable[Sequence[Any]]) -> list[Frame]:
    """The answer out of its rows, in order of the labels; rows in which no column has a value are left out."""
    width = len(select.by)
    names = [column.name for column in select.columns]
    found: dict[tuple[str, ...], tuple[list[int], list[Sequence[Any]]]] = {}
    for row in rows:
        values = row[width + 1 :]
        if all(value is None for value in values):
            continue
        times, told = found.setdefault(tuple(row[:width]), ([], []))
        times.append(scope.begin if row[width] is None else row[width])
        told.append(values)
    return [
        Frame(
            labels=dict(zip(select.by, key, strict=True)),
            t=times,
            values={name: list(column) for name, column in zip(names, zip(*told, strict=True), strict=True)},
        )
        for key, (times, told) in sorted(found.items())
    ]
