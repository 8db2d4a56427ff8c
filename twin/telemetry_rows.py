"""Rows of telemetry as the tables of `twin.tables` have them, for questions in SQL: wide, with labels."""

from collections.abc import Sequence
from typing import NamedTuple

from plant.paths import parse_node
from twin.select_sql import Sql
from twin.tables import Table, machine_label
from twin.telemetry_file import TelemetryFile, quoted


class Stored(NamedTuple):
    """A piece [begin, end) of a window and the file that tells of it."""

    begin: int
    end: int
    file: TelemetryFile


def labels_of(plant: str, run: str, path: str) -> tuple[str, ...]:
    """Labels of a machine, in the order of `twin.tables.MACHINE`."""
    node = parse_node(path)
    return plant, run, node.area, node.line, str(node.station), machine_label(node)


def rows_of(stored: Sequence[Stored], plant: str, table: Table, fields: Sequence[str], *, coarse: bool) -> Sql | None:
    """All rows of some machine type's table in some files, named as `twin.select_sql` has it; none without any."""
    found = [one for piece in stored if (one := _rows(piece, plant, table, fields, coarse=coarse)) is not None]
    if not found:
        return None
    parameters = tuple(value for one in found for value in one.parameters)
    return Sql(" UNION ALL ".join(one.text for one in found), parameters)


def _rows(stored: Stored, plant: str, table: Table, fields: Sequence[str], *, coarse: bool) -> Sql | None:
    file = stored.file
    known = file.tags.get(table.name)
    machines = {
        number: labels_of(plant, run, path)
        for (run, path), (number, kind) in file.machines.items()
        if kind == table.name
    }
    if known is None or not machines:
        return None
    shown = []
    for i, name in enumerate(fields):
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
    labels = [list(column) for column in zip(*machines.values(), strict=True)]
    return Sql(query, (list(machines), *labels, stored.begin, stored.end))


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
