"""Questions in InfluxQL, in the subset that InfluxDB 1.8, 2.x and 3 Core share. Pure.

A quotient is formed outside a subquery, so that its denominator can be looked at first: InfluxQL itself makes 0 of a
division by 0. Hence columns with denominators of their own become statements of their own.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from twin.select import MOST_ROWS, Column, Condition, Scope, Select
from twin.tables import Table


class Statement(NamedTuple):
    """An InfluxQL statement, and the names of the columns that it gives."""

    text: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """How the scope is said: literally, or by the variables of Grafana.

    Args:
        time: condition on the time.
        step: duration of the buckets that are left to the asker.
        variable: condition on a label, given its name and the name of the variable; none if every value counts.
    """

    time: str
    step: str
    variable: Callable[[str, str], str | None]


def literal(scope: Scope) -> Words:
    """The scope in so many words; times are whole microseconds."""

    def variable(label: str, name: str) -> str | None:
        values = scope.chosen.get(name)
        if values is None:
            return None
        said = [f"{quoted(label)} = {text(value)}" for value in values]
        return f"({' OR '.join(said)})" if said else f"{quoted(label)} = ''"

    return Words(time=f"time >= {scope.begin}u AND time < {scope.end}u", step=f"{scope.step}u", variable=variable)


GRAFANA = Words(
    time="$timeFilter", step="$__interval", variable=lambda label, name: f"{quoted(label)} =~ /^${{{name}:regex}}$/"
)
"""The scope as Grafana fills it in."""


def statements(select: Select, table: Table, words: Words) -> tuple[Statement, ...]:
    """The question in InfluxQL: together its statements give all columns, each in rows of the same times and labels.

    Raises:
        ValueError: the table cannot answer it.
    """
    select.check(table)
    source = f"FROM {quoted(table.name)} WHERE {' AND '.join(_conditions(select, table, words))}"
    if select.raw:
        return (_rows(select, source),)
    plain = [column for column in select.columns if not column.expression.under_names]
    divided = [column for column in select.columns if column not in plain]
    groups = _groups(select, words)
    found = []
    if plain:
        shown = ", ".join(f"{_scaled(column, *_aggregated(column))} AS {quoted(column.name)}" for column in plain)
        found.append(Statement(f"SELECT {shown} {source}{groups}", tuple(column.name for column in plain)))
    for column in divided:
        over, under = _aggregated(column)
        inner = f'SELECT {over} AS "over", {under} AS "under" {source}{groups}'
        shown = f'{_scaled(column, quoted("over"), quoted("under"))} AS {quoted(column.name)}'
        outer = f" GROUP BY {', '.join(map(quoted, select.by))}" if select.by else ""
        whole = f'SELECT {shown} FROM ({inner}) WHERE "under" != 0{outer}'  # noqa: S608 names are quoted
        found.append(Statement(whole, (column.name,)))
    return tuple(found)


def _rows(select: Select, source: str) -> Statement:
    """Rows as they are: the newest ones, newest first."""
    shown = ", ".join(
        f"{_scaled(column, *_halves(column, quoted))} AS {quoted(column.name)}" for column in select.columns
    )
    groups = f" GROUP BY {', '.join(map(quoted, select.by))}" if select.by else ""
    limit = select.limit or MOST_ROWS
    return Statement(
        f"SELECT {shown} {source}{groups} ORDER BY time DESC LIMIT {limit}",
        tuple(column.name for column in select.columns),
    )


def _aggregated(column: Column) -> tuple[str, str | None]:
    return _halves(column, lambda name: f"{column.each}({quoted(name)})")


def _halves(column: Column, name: Callable[[str], str]) -> tuple[str, str | None]:
    """Its halves; factors are reals, since a product of whole numbers beyond 64 bits would be another number."""
    written = column.expression.written
    if "*" not in "".join(filter(None, written(str))):
        return written(name)
    return written(lambda field: f"({name(field)} * 1.0)")


def _scaled(column: Column, over: str, under: str | None = None) -> str:
    """A quotient with its factors; a field as it stands stays what it is."""
    up, down = column.scale
    top = over if up == 1 else f"{over} * {up}.0"
    bottom = [part for part in (under, f"{down}.0" if down != 1 else None) if part is not None]
    return top if not bottom else f"{top} / ({' * '.join(bottom)})"


def _groups(select: Select, words: Words) -> str:
    named = [quoted(label) for label in select.by]
    match select.bucket:
        case "window":
            pass
        case "auto":
            named.insert(0, f"time({words.step})")
        case int() as step:
            named.insert(0, f"time({step}u)")
    if not named:
        return ""
    return f" GROUP BY {', '.join(named)}" + (" fill(none)" if select.bucket != "window" else "")


def _conditions(select: Select, table: Table, words: Words) -> Iterator[str]:
    yield words.time
    for name in select.variables(table):
        if (said := words.variable(name, name)) is not None:
            yield said
    for condition in select.where:
        if (said := _condition(condition, words)) is not None:
            yield said


def _condition(condition: Condition, words: Words) -> str | None:
    match condition.value:
        case str(value) if value.startswith("$"):
            return words.variable(condition.name, value.removeprefix("$"))
        case str(value):
            return f"{quoted(condition.name)} {condition.op} {text(value)}"
        case number:
            return f"{quoted(condition.name)} {condition.op} {Decimal(str(number)):f}"


def quoted(name: str) -> str:
    """A name as InfluxQL writes it."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text(value: str) -> str:
    """A text as InfluxQL writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


BANNED = re.compile(
    r"\b(integral|sample|holt_winters\w*|exponential_moving_average|double_exponential_moving_average"
    r"|triple_exponential_moving_average|triple_exponential_derivative|relative_strength_index"
    r"|kaufmans_\w+|chande_momentum_oscillator)\s*\(|\b(slimit|soffset|into)\b|show\s+series|cardinality",
    re.IGNORECASE,
)
"""What 3 Core does not have, and so no query of ours has."""


def expanded(statement: str, macros: Mapping[str, str]) -> str:
    """A statement of Grafana with its variables filled in, for tests and for people who want to run it by hand."""
    return re.sub(
        r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", lambda found: macros.get(found[1] or found[2], found[0]), statement
    )
