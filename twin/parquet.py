"""Tables as Parquet files, written by DuckDB, which is here already."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb
import msgspec

from plant.errors import StoreError

ColumnKind = Literal["instant", "text", "float", "int", "flag"]
"""What a column holds; instants are integer microseconds UTC. Every column may have nones."""

_READ = {"instant": "BIGINT", "text": "VARCHAR", "float": "DOUBLE", "int": "BIGINT", "flag": "BOOLEAN"}


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
