"""Files that were carried away, read back by other means than they were written with."""

import csv
import io
import json
from datetime import UTC, datetime

import duckdb
import pytest
from openpyxl import load_workbook

from plant.time import parse_instant


def from_csv(content: bytes, kinds: dict) -> list[dict]:
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    assert header == list(kinds)
    read = {"instant": parse_instant, "text": str, "float": float, "int": int, "flag": json.loads}
    return [{k: read[kinds[k]](v) if v else None for k, v in zip(header, row, strict=True)} for row in rows]


def from_xlsx(content: bytes, kinds: dict) -> list[dict]:
    book = load_workbook(io.BytesIO(content))
    (sheet,) = book.worksheets
    header, *rows = sheet.iter_rows(values_only=True)
    assert list(header) == list(kinds)
    found = [dict(zip(header, row, strict=True)) for row in rows]
    instants = [name for name, kind in kinds.items() if kind == "instant"]
    return [row | {k: row[k] and parse_instant(row[k]) for k in instants} for row in found]


def from_parquet(content: bytes, kinds: dict, folder) -> list[dict]:
    file = folder / "table.parquet"
    file.write_bytes(content)
    with duckdb.connect() as db:
        described = {row[0]: row[1] for row in db.execute("DESCRIBE FROM read_parquet(?)", [str(file)]).fetchall()}
        assert list(described) == list(kinds)
        assert all((described[k] == "TIMESTAMP WITH TIME ZONE") == (kind == "instant") for k, kind in kinds.items())
        rows = db.execute("FROM read_parquet(?)", [str(file)]).fetchall()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        {
            name: (value - epoch) // epoch.resolution if isinstance(value, datetime) else value
            for name, value in zip(kinds, row, strict=True)
        }
        for row in rows
    ]


def roughly(row: dict) -> dict:
    """A workbook keeps 16 digits of a number."""
    return {k: pytest.approx(v, rel=1e-15, abs=0) if isinstance(v, float) else v for k, v in row.items()}
