"""Tables as Parquet files, written by DuckDB, which is here already: at once, or after they have grown."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import duckdb
import msgspec
import numpy as np
from numpy.typing import NDArray

from plant.errors import StoreError
from twin.telemetry_file import quoted

ColumnKind = Literal["instant", "text", "float", "int", "flag"]
"""What a column holds; instants are integer microseconds UTC. Every column may have nones."""

_READ = {"instant": "BIGINT", "text": "VARCHAR", "float": "DOUBLE", "int": "BIGINT", "flag": "BOOLEAN"}

MEMORY = "256MB"  # of tables that grow; the rest waits on the disk


def parquet(columns: Mapping[str, ColumnKind], rows: Iterable[Sequence[Any]]) -> bytes:
    """A Parquet file; instants become timestamps in UTC. Takes its time: not for the event loop.

    Args:
        columns: names and what is in them, in order.
        rows: values in that order.

    Raises:
        StoreError: there is no room for it on the disk, for instance.
    """
    chosen = ", ".join(_chosen(name, kind) for name, kind in columns.items())
    read = {name: _READ[kind] for name, kind in columns.items()}
    encoder = msgspec.json.Encoder()
    try:
        with tempfile.TemporaryDirectory(prefix="shopfloor-", ignore_cleanup_errors=True) as folder:
            lines, file = Path(folder) / "rows.json", Path(folder) / "table.parquet"
            with lines.open("wb") as out:  # the one way in that keeps types, nones and digits without another library
                out.writelines(encoder.encode(dict(zip(read, row, strict=True))) + b"\n" for row in rows)
            with duckdb.connect() as db:
                db.execute("SET threads = 1; SET TimeZone = 'UTC'")
                source = f"SELECT {chosen} FROM read_json($lines, format = 'newline_delimited', columns = $columns)"  # noqa: S608 quoted
                db.execute(f"COPY ({source}) TO $file", {"lines": str(lines), "columns": read, "file": str(file)})
            return file.read_bytes()
    except (duckdb.Error, OSError) as error:
        raise StoreError(f"no Parquet file could be written: {error}") from error


def _chosen(name: str, kind: ColumnKind) -> str:
    return f'make_timestamp("{name}")::TIMESTAMPTZ AS "{name}"' if kind == "instant" else f'"{name}"'


class GrowingTables:
    """Tables that grow piece by piece and then become files: however long they get, the memory they take is bounded.

    Of the same pieces come the same bytes, as long as DuckDB is the same. Takes its time: not for the event loop.

    Args:
        folder: where rows wait for which there is no room in memory.

    Raises:
        StoreError: by all methods, when there is no room on the disk, for instance.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kinds: dict[str, dict[str, ColumnKind]] = {}

    def __enter__(self) -> Self:
        """Open it."""
        with _told("tables cannot be kept"):
            config: dict[str, Any] = {"threads": "1", "memory_limit": MEMORY, "temp_directory": str(self._folder)}
            self._db = duckdb.connect(config=config)
        return self

    def __exit__(self, *_: object) -> None:
        """Let the rows go."""
        self._db.close()

    def begin(self, table: str, columns: Mapping[str, ColumnKind]) -> None:
        """Begin an empty table; instants stay whole microseconds."""
        kinds = ", ".join(f"{quoted(name)} {_READ[kind]}" for name, kind in columns.items())
        with _told(f"{table} cannot be begun"):
            self._db.execute(f"CREATE OR REPLACE TABLE {quoted(table)} ({kinds})")
        self._kinds[table] = dict(columns)

    def append(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows, their values in the order of the columns."""
        if rows:
            columns = zip(self._kinds[table].values(), zip(*rows, strict=True), strict=True)
            self.append_columns(table, [column(values, kind) for kind, values in columns])

    def append_columns(self, table: str, columns: Sequence[NDArray[Any]]) -> None:
        """Add rows that are given column by column; what is masked, or no number, is null."""
        batch = {f"c{place}": values for place, values in enumerate(columns)}
        with _told(f"{table} cannot grow"):
            self._db.register("batch", batch)
            try:
                self._db.execute(f"INSERT INTO {quoted(table)} SELECT * FROM batch")  # noqa: S608 quoted
            finally:
                self._db.unregister("batch")

    def groups(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """The different values of some columns, and how many rows have them, in order."""
        names = ", ".join(map(quoted, columns))
        query = f"SELECT {names}, count(*) FROM {quoted(table)} GROUP BY {names} ORDER BY {names}"  # noqa: S608 quoted
        with _told(f"{table} cannot be counted"):
            return self._db.execute(query).fetchall()

    def store(self, table: str, file: Path, fixed: Mapping[str, str]) -> int:
        """Write a table into a file, in the order in which its rows came, and let it go.

        Args:
            table: its name.
            file: Parquet, compressed with Zstandard.
            fixed: texts that are the same in all rows: columns before the others.

        Returns:
            How many rows it has.
        """
        first = "".join(f"{_text(value)} AS {quoted(name)}, " for name, value in fixed.items())
        source = f"SELECT {first}* FROM {quoted(table)}"  # noqa: S608 quoted
        with _told(f"{file} cannot be written"):
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db.execute(f"COPY ({source}) TO {_text(str(file))} (FORMAT parquet, COMPRESSION zstd)")
            counted = self._db.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone() or (0,)  # noqa: S608 quoted
            self._db.execute(f"DROP TABLE {quoted(table)}")
        del self._kinds[table]
        return int(counted[0])


def column(values: Sequence[Any], kind: ColumnKind) -> NDArray[Any]:
    """Values as an array of their kind; nones become null in a table."""
    if kind == "text":
        return np.array(values, dtype=object)
    if kind == "float":
        return np.array(values, dtype=np.float64)  # a none becomes no number
    whole = np.bool_ if kind == "flag" else np.int64
    absent = [value is None for value in values]
    if not any(absent):
        return np.array(values, dtype=whole)
    return np.ma.masked_array(np.array([value or 0 for value in values], dtype=whole), mask=absent)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say what could not be done; DuckDB takes Ctrl-C as an error of its own."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if isinstance(error, duckdb.InterruptException) or "KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from None
        raise StoreError(f"{what}: {str(error).partition(chr(10))[0]}") from error


def _text(value: str) -> str:
    escaped = value.replace("'", "''")
    return f"'{escaped}'"
