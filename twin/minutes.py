"""Telemetry by the minute, in a table of its own that outlives the samples: lowest, highest, last value, and the mean.

Stores that must not be asked for more than InfluxQL of every version has make them so: an hour that is over is read and
its minutes are written. A mean is kept as a sum and a number, so that means of longer times are exact.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from plant.time import HOUR, MINUTE
from twin.influxql import quoted, text
from twin.tables import MACHINE, Datatype, Field, Point, Table
from twin.values import Series

LATE = 10 * MINUTE
"""How long an hour is waited for after its end, in plant time; what comes later has it made again."""

_FIGURES = (("min", "min"), ("max", "max"), ("sum", "sum"), ("count", "n"), ("last", "last"))


def minutes_table(table: Table) -> Table:
    """The table of the minutes of a table of telemetry: of a signal `load` it has `load_min` and so on."""
    fields: dict[str, Field] = {}
    for tag, field in table.fields.items():
        for _, figure in _FIGURES if field.datatype != "text" else _FIGURES[-1:]:
            datatype: Datatype = "int" if figure == "n" else field.datatype
            fields[f"{tag}_{figure}"] = Field(datatype, "1" if figure == "n" else field.unit, field.title)
    return Table(
        name=f"{table.name}_1m", title=f"{table.title}, by the minute", labels=table.labels, fields=fields
    )


def question(table: Table, run: str, hour: int) -> str:
    """What the minutes of an hour were, in InfluxQL."""
    shown = ", ".join(
        f"{function}({quoted(tag)}) AS {quoted(f'{tag}_{figure}')}"
        for tag, field in table.fields.items()
        for function, figure in (_FIGURES if field.datatype != "text" else _FIGURES[-1:])
    )
    groups = ", ".join(map(quoted, table.labels))
    return (
        f'SELECT {shown} FROM {quoted(table.name)} WHERE "run" = {text(run)} '  # noqa: S608 names are quoted
        f"AND time >= {hour}u AND time < {hour + HOUR}u GROUP BY time({MINUTE}u), {groups} fill(none)"
    )


def points(table: Table, tags: dict[str, str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Point]:
    """The points of a table of minutes, out of the answer's rows of one machine."""
    labels = tuple(tags.get(label, "") for label in MACHINE)
    return [
        Point(
            table.name,
            row[0],
            labels,
            {name: value for name, value in zip(columns[1:], row[1:], strict=True) if value is not None},
        )
        for row in rows
    ]


class Piece(NamedTuple):
    """What is known of a signal from an instant on: of its mean the sum and how many, so that pieces merge exactly."""

    t: int
    lowest: float
    highest: float
    total: float
    n: int
    last: float


def series(span: range, steps: Iterable[Piece], minutes: Iterable[Piece]) -> Series:
    """A signal per step.

    Args:
        span: first instants of the steps.
        steps: what samples say, by the first instants of the steps.
        minutes: whole minutes of the time before. One counts in the step where it begins; of steps that are shorter,
            each gets what is known of the minute in which it begins.
    """
    found: dict[int, Piece] = {}
    for piece in minutes:
        first = (piece.t - span.start) // span.step
        after = first + 1
        if span.step < MINUTE:
            first, after = (-((span.start - t) // span.step) for t in (piece.t, piece.t + MINUTE))
        for k in range(max(0, first), min(len(span), after)):
            found[k] = _merged(found.get(k), piece)
    for piece in steps:
        k = (piece.t - span.start) // span.step
        found[k] = _merged(found.get(k), piece)
    told = [found.get(k) for k in range(len(span))]
    return Series(
        t=list(span),
        min=[None if one is None else one.lowest for one in told],
        mean=[None if one is None else one.total / one.n for one in told],
        max=[None if one is None else one.highest for one in told],
        last=[None if one is None else one.last for one in told],
    )


def _merged(a: Piece | None, b: Piece) -> Piece:
    """Two pieces, the later one last."""
    if a is None:
        return b
    return Piece(a.t, min(a.lowest, b.lowest), max(a.highest, b.highest), a.total + b.total, a.n + b.n, b.last)
