"""A file of points in DuckDB, as the one thread that owns it sees it: a table for each table of `twin.tables`.

Labels are texts, ``t`` is the instant in microseconds UTC, and each field has a column. There is no index: points come
nearly in order, so only those that are not newer than all the table has are compared with it, and of those only its
newest part (measured: half the time of a primary key). Which column is which field's stands in ``shopfloor_columns``:
DuckDB takes no two names that differ by case only.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from twin.select_sql import Sql
from twin.tables import Datatype, FieldValue, Point, Table
from twin.telemetry_file import BLOCK, quoted

POINTS = "points.duckdb"

_STORED: Mapping[Datatype, str] = {"int": "BIGINT", "float": "DOUBLE", "text": "VARCHAR"}
_INSTANT = "t"
_LABEL, _FIELD = "label", "field"
_numbers_of_files = count()


class PointFile:
    """A file that is attached to a connection; all calls from one thread.

    Args:
        db: the connection.
        file: the file; none keeps it in memory.
        tables: those that points may be of, by name.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, file: Path | None, tables: Mapping[str, Table]) -> None:
        self.db = db
        self.name = f"points{next(_numbers_of_files)}"
        self._tables = tables
        self._stored: dict[str, str] = {}  # name of a table in the file
        self._columns: dict[str, dict[tuple[str, str], str]] = {}  # by table, then by kind and name
        self._newest: dict[str, int] = {}
        place = str(file).replace("'", "''") if file else ":memory:"
        if file and file.exists() and not file.stat().st_size:  # a process died in the moment in which it began
            file.unlink()
        fresh = f" (BLOCK_SIZE {BLOCK})" if file and not file.exists() else ""
        db.execute(f"ATTACH '{place}' AS {self.name}{fresh}")
        db.execute(
            f"CREATE TABLE IF NOT EXISTS {self.name}.shopfloor_columns "
            "(tab VARCHAR, stored VARCHAR, kind VARCHAR, name VARCHAR, col VARCHAR)"
        )
        self.recall()

    def recall(self) -> None:
        """Know what the file holds, and nothing else."""
        self._stored, self._columns, self._newest = {}, {}, {}
        known = self.db.execute(f"SELECT * FROM {self.name}.shopfloor_columns").fetchall()  # noqa: S608 ours
        for table, stored, kind, name, column in known:
            self._stored[table] = stored
            self._columns.setdefault(table, {})[kind, name] = column

    def detach(self) -> None:
        """Let the file go; its log is taken in."""
        self.db.execute(f"DETACH {self.name}")

    def newest(self, table: str) -> int | None:
        """Instant of the newest point of a table."""
        if table not in self._stored:
            return None
        if table not in self._newest:
            ((found,),) = self.db.execute(f"SELECT max(t) FROM {self._place(table)}").fetchall()  # noqa: S608 quoted
            if found is None:
                return None
            self._newest[table] = found
        return self._newest[table]

    def source(self, table: Table, fields: Sequence[str]) -> Sql | None:
        """All rows of a table, with the names that `twin.select_sql` gives their columns; none without any."""
        columns = self._columns.get(table.name)
        if columns is None:
            return None
        shown = [f"{quoted(columns[_LABEL, label])} AS l{i}" for i, label in enumerate(table.labels)]
        for i, name in enumerate(fields):
            column = columns.get((_FIELD, name))
            kept = "NULL" if column is None else quoted(column)
            shown.append(f"{kept}::{_STORED[table.fields[name].datatype]} AS f{i}")
        return Sql(f"SELECT {', '.join(shown)}, t FROM {self._place(table.name)}")  # noqa: S608 quoted

    def write(self, points: Sequence[Point]) -> None:
        """Store points, inside a transaction of the caller.

        The fields of one with the labels and the instant of an older one take the place of the older one's.
        """
        tables: dict[str, dict[tuple[Any, ...], dict[str, FieldValue]]] = {}
        for point in points:
            tables.setdefault(point.table, {}).setdefault((*point.labels, point.at), {}).update(point.values)
        for name, rows in tables.items():
            self._write(self._tables[name], rows)

    def _write(self, table: Table, rows: Mapping[tuple[Any, ...], Mapping[str, FieldValue]]) -> None:
        self._prepare(table)
        columns = self._columns[table.name]
        keys = list(zip(*rows, strict=True))
        names = [*(columns[_LABEL, label] for label in table.labels), _INSTANT]
        batch: dict[str, Any] = {f"k{i}": np.array(column, dtype=object) for i, column in enumerate(keys[:-1])}
        batch[f"k{len(table.labels)}"] = times = np.array(keys[-1], dtype=np.int64)
        told = [name for name in table.fields if any(name in values for values in rows.values())]
        for i, name in enumerate(told):
            batch[f"v{i}"] = _column([values.get(name) for values in rows.values()], table.fields[name].datatype)
        fields = [columns[_FIELD, name] for name in told]
        place, first = self._place(table.name), int(times.min())
        newest = self.newest(table.name)
        insert = f"INSERT INTO {place} ({', '.join(map(quoted, [*names, *fields]))}) SELECT * FROM batch"  # noqa: S608 quoted
        self.db.register("batch", batch)
        try:
            if newest is not None and first <= newest:
                same = " AND ".join(f"known.{quoted(name)} = batch.k{i}" for i, name in enumerate(names))
                where = f"{same} AND known.t >= ?"
                if fields:
                    put = ", ".join(
                        f"{quoted(name)} = coalesce(batch.v{i}, known.{quoted(name)})" for i, name in enumerate(fields)
                    )
                    self.db.execute(f"UPDATE {place} AS known SET {put} FROM batch WHERE {where}", (first,))  # noqa: S608 quoted
                known = f"SELECT 1 FROM {place} AS known WHERE {where}"  # noqa: S608 quoted
                self.db.execute(f"{insert} WHERE NOT EXISTS ({known})", (first,))
            else:
                self.db.execute(insert)
        finally:
            self.db.unregister("batch")
        self._newest[table.name] = max(int(times.max()), -1 if newest is None else newest)

    def _place(self, table: str) -> str:
        return f"{self.name}.{quoted(self._stored[table])}"

    def _prepare(self, table: Table) -> None:
        """Make a table with all its columns, or add those that a file of an older version has not."""
        wanted = {(_LABEL, name): "VARCHAR" for name in table.labels}
        wanted |= {(_FIELD, name): _STORED[about.datatype] for name, about in table.fields.items()}
        known = self._columns.get(table.name, {})
        missing = [key for key in wanted if key not in known]
        if not missing:
            return
        fresh = not known
        if fresh:
            self._stored[table.name] = _free(table.name, self._stored.values(), "shopfloor")
        columns = self._columns.setdefault(table.name, {})
        for key in missing:
            columns[key] = _free(key[1], columns.values(), _INSTANT)
        place = self._place(table.name)
        told = [f"{quoted(columns[key])} {wanted[key]}" for key in missing]
        if fresh:
            self.db.execute(f"CREATE TABLE {place} (t BIGINT, {', '.join(told)})")
        else:
            for key, column in zip(missing, told, strict=True):
                default = " DEFAULT ''" if key[0] == _LABEL else ""
                self.db.execute(f"ALTER TABLE {place} ADD COLUMN {column}{default}")
        self.db.execute(
            f"INSERT INTO {self.name}.shopfloor_columns SELECT ?, ?, unnest(?), unnest(?), unnest(?)",
            (
                table.name,
                self._stored[table.name],
                [kind for kind, _ in missing],
                [name for _, name in missing],
                [columns[key] for key in missing],
            ),
        )


def _free(name: str, taken: Any, reserved: str) -> str:
    """A name that differs from all others by more than case: the one that is wished where that goes."""
    lower = {one.lower() for one in taken}
    plain = name.isascii() and name.isprintable() and name.strip()
    if plain and name.lower() not in lower and not (name.lower() == reserved or name.lower().startswith("shopfloor_")):
        return name
    return next(free for i in count(len(lower)) if (free := f"other {i}") not in lower)


def _column(values: list[FieldValue | None], datatype: Datatype) -> NDArray[Any]:
    """A column of a batch; what is none, or not of the datatype, arrives in the store as NULL."""
    if datatype == "text":
        return np.array([value if isinstance(value, str) else None for value in values], dtype=object)
    if datatype == "float":
        return np.array([_real(value) for value in values], dtype=np.float64)
    whole = [_whole(value) for value in values]
    absent = [value is None for value in whole]
    return np.ma.MaskedArray(np.array([value or 0 for value in whole], dtype=np.int64), absent)


def _real(value: FieldValue | None) -> float:
    try:
        found = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan
    return found if math.isfinite(found) else math.nan


def _whole(value: FieldValue | None) -> int | None:
    if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    found = round(value)
    return found if -(2**63) <= found < 2**63 else None
