"""Tables to carry away: CSV, Parquet or Excel, as much as one file may hold."""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

from fastapi import FastAPI
from starlette.responses import Response, StreamingResponse

from dashboards.questions import By, From, Kpis, PathOrAll, Refused, Run, To, answerable, known_scope, span
from dashboards.sheets import TooLongError, csv_pieces, workbook
from dashboards.tables import TABLES, Asked, Row, Table
from plant.time import HOUR
from twin import Twin, parquet

Format = Literal["csv", "parquet", "xlsx"]

MOST_ROWS: dict[Format, int] = {"csv": 200_000, "parquet": 200_000, "xlsx": 50_000}
"""A workbook takes ten times as long per row as the others."""

MEDIA: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def add_export(app: FastAPI, twin: Twin) -> None:
    """Add the export of tables to the API."""

    @app.get("/api/v1/export/{table}", summary="A table as a file: CSV, Parquet or Excel", response_class=Response)
    async def export(  # noqa: PLR0917 the parameters of the question
        table: str,
        format: Format = "csv",  # noqa: A002 the name of the parameter
        path: PathOrAll = None,
        begin: From = None,
        to: To = None,
        by: By = None,
        kpi: Kpis = None,
        run: Run = None,
    ) -> Response:
        found = TABLES.get(table)
        if found is None:
            raise Refused("table", f"there is no table {table!r}; allowed is {', '.join(TABLES)}", 404)
        for field, given in (("by", by), ("kpi", kpi)):
            if given is not None and table != "kpis":
                raise Refused(field, f"{table} takes no {field}; allowed with kpis only")
        node = "" if path is None else known_scope(twin, path)
        chosen = await answerable(twin, run) or twin.runs()[-1]
        window = span(twin, chosen, begin, to, HOUR)
        asked = Asked(twin=twin, run=chosen, path=node, window=window, by=by, kpis=kpi)
        rows = await _rows(found, asked, MOST_ROWS[format])
        headers = {"content-disposition": f'attachment; filename="{table}-{chosen}.{format}"'}
        if format == "csv":
            return StreamingResponse(_streamed(found, rows), media_type=MEDIA[format], headers=headers)
        if format == "parquet":
            content = await asyncio.to_thread(parquet, found.columns, rows)
        else:
            try:
                content = await asyncio.to_thread(workbook, table, found.columns, rows)
            except TooLongError as error:
                raise Refused("format", f"{error}; allowed is csv or parquet") from None
        return Response(content, media_type=MEDIA[format], headers=headers)


async def _rows(table: Table, asked: Asked, most: int) -> list[Row]:
    """All rows: whether they are too many must be known before the first byte of an answer."""
    rows: list[Row] = []
    async for some in table.rows(asked):
        rows += some
        if len(rows) > most:
            raise Refused("to", f"more than {most} rows; ask for a shorter time or for less by path")
    return rows


async def _streamed(table: Table, rows: list[Row]) -> AsyncIterator[bytes]:
    pieces = csv_pieces(table.columns, rows)
    while (piece := await asyncio.to_thread(next, pieces, b"")) != b"":
        yield piece
