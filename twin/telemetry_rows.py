"""Rows of telemetry as the tables of `twin.tables` have them, for questions in SQL: wide, with labels."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from plant.paths import parse_node
from plant.time import HOUR
from twin.levels import GRAIN, LevelName
from twin.select import Scope, Select
from twin.select_sql import Sql, admits, fields_of
from twin.tables import Table, machine_label
from twin.telemetry_file import TelemetryFile, quoted


class Stored(NamedTuple):
    """A piece [begin, end) of a window and the file that tells of it."""

    begin: int
    end: int
    file: TelemetryFile


def coarsest(select: Select, table: Table, scope: Scope) -> LevelName:
    """The coarsest level that answers a question as samples do: its steps lie within the buckets, nothing is lost."""
    of_fields = any(condition.name in table.fields for condition in select.where)
    texts = any(table.fields[name].datatype == "text" for column in select.columns for name in column.expression.names)
    if of_fields or texts or any(column.each in {"first", "raw"} for column in select.columns):
        return "raw"
    step = scope.step if select.bucket == "auto" else HOUR if select.bucket == "window" else select.bucket
    return next((level for level in ("hours", "minutes") if not step % GRAIN[level]), "raw")


def pieces(begin: int, end: int, stale: Collection[int]) -> Iterator[tuple[int, int, bool]]:
    """Pieces of a window, and whether the minutes and hours of their samples are made: of whole hours, if at all.

    Args:
        begin: of the window.
        end: of the window.
        stale: begins of the hours whose levels have to be made.
    """
    first, last = -(-begin // HOUR) * HOUR, end // HOUR * HOUR
    borders = sorted({begin, *range(first, last + 1, HOUR), end})
    cut = [(a, b, b - a == HOUR and not a % HOUR and a not in stale) for a, b in pairwise(borders)]
    for made, group in groupby(cut, key=lambda piece: piece[2]):
        members = list(group)
        yield members[0][0], members[-1][1], made


def labels_of(plant: str, run: str, path: str) -> tuple[str, ...]:
    """Labels of a machine, in the order of `twin.tables.MACHINE`."""
    node = parse_node(path)
    return plant, run, node.area, node.line, str(node.station), machine_label(node)


class Asked(NamedTuple):
    """A question about telemetry of a plant."""

    plant: str
    select: Select
    table: Table
    scope: Scope

    def counts(self, labels: Sequence[str]) -> bool:
        """Whether the rows of a machine count."""
        pairs = zip(self.table.labels, labels, strict=True)
        return all(admits(self.select, self.table, self.scope, label, value) for label, value in pairs)


def rows_of(stored: Sequence[Stored], asked: Asked) -> Sql | None:
    """The rows of the machines that count, named as `twin.select_sql` has it; none without any."""
    coarse = any(piece.file.level != "raw" for piece in stored)
    found = [one for piece in stored if (one := _rows(piece, asked, coarse=coarse)) is not None]
    if not found:
        return None
    parameters = tuple(value for one in found for value in one.parameters)
    return Sql(" UNION ALL ".join(one.text for one in found), parameters)


def _rows(stored: Stored, asked: Asked, *, coarse: bool) -> Sql | None:
    file, table = stored.file, asked.table
    known = file.tags.get(table.name)
    machines = {
        number: labels
        for (run, path), (number, kind) in file.machines.items()
        if kind == table.name and asked.counts(labels := labels_of(asked.plant, run, path))
    }
    if known is None or not machines:
        return None
    shown = []
    for i, name in enumerate(fields_of(asked.select, table)):
        text = table.fields[name].datatype == "text"
        column = known.get(name)
        fits = column is not None and (column.kind == "VARCHAR") == text
        kept = f"r.{quoted(column.name)}" if column and fits else None
        if text:
            shown.append(f"{kept or 'NULL'}::VARCHAR AS f{i}")
        elif coarse:
            shown += _coarsely(kept, i, fine=file.level == "raw")
        else:
            shown.append(f"{kept or 'NULL'}::DOUBLE AS f{i}")
    named = ", ".join(f"m.l{i}" for i in range(len(table.labels)))
    unnested = ", ".join(f"unnest(?) AS l{i}" for i in range(len(table.labels)))
    query = (
        f"SELECT {named}, r.t, {', '.join(shown)} FROM {file.table(table.name)} r "  # noqa: S608 quoted
        f"JOIN (SELECT unnest(?) AS id, {unnested}) m ON m.id = r.machine WHERE r.t >= ? AND r.t < ?"
    )
    columns = [list(column) for column in zip(*machines.values(), strict=True)]
    return Sql(query, (list(machines), *columns, stored.begin, stored.end))


def _coarsely(kept: str | None, i: int, *, fine: bool) -> list[str]:
    """What a row of a sample, of a minute or of an hour tells of a field of numbers."""
    told = ("lowest", "highest", "total", "last")
    if kept is None:
        named = ["NULL::BIGINT AS n", *(f"NULL::DOUBLE AS {name}" for name in ("f", *told))]
    elif fine:
        named = [f"({kept} IS NOT NULL)::BIGINT AS n", *(f"{kept} AS {name}" for name in ("f", *told))]
    else:
        named = [f"{kept}.n AS n", f"{kept}.total / {kept}.n AS f", *(f"{kept}.{name} AS {name}" for name in told)]
    return [f"{one}{i}" for one in named]
