"""The catalogue of KPIs, and KPIs as KPI-ML."""

import asyncio
import time
from typing import Any, Literal

from fastapi import FastAPI
from starlette.responses import Response

from dashboards import kpiml
from dashboards.answers import Json
from dashboards.questions import By, From, Kpis, PathOrAll, Refused, Run, To, answerable, known_node, span
from dashboards.tables import Asked, nodes
from dashboards.windows import SHARES, figures_by
from plant.time import HOUR
from twin import Twin, class_of

MOST_VALUES = 50_000

Document = Literal["definitions", "instances", "values"]


def add_catalogue(app: FastAPI, twin: Twin) -> None:
    """Add both to the API."""

    @app.get("/api/v1/kpis/catalogue", summary="All KPIs: number, formula, unit, possible values, which way is better")
    async def catalogue() -> Response:
        return Json({"kpis": described()})

    @app.get("/api/v1/kpiml/{document}", summary="KPIs in the XML of MESA International", response_class=Response)
    async def document(  # noqa: PLR0917 the parameters of the question
        document: Document,
        path: PathOrAll = None,
        begin: From = None,
        to: To = None,
        by: By = None,
        kpi: Kpis = None,
        run: Run = None,
    ) -> Response:
        created = time.time_ns() // 1000
        if document == "definitions":
            return _file(document, kpiml.definitions(created))
        node = "" if path is None else known_node(twin, path).path
        chosen = await answerable(twin, run) or twin.runs()[-1]
        window = span(twin, chosen, begin, to, HOUR)
        told = await _told(Asked(twin=twin, run=chosen, path=node, window=window, by=by, kpis=kpi))
        make = kpiml.instances if document == "instances" else kpiml.values
        return _file(f"{document}-{chosen}", await asyncio.to_thread(make, told, created))


def described() -> list[dict[str, Any]]:
    """The rows of the catalogue as plain values."""
    return [
        {
            "kpi": row.id,
            "definition": id_,
            "title": row.title,
            "number": row.number,
            "formula": row.formula,
            "parts": list(row.names),
            "unit": row.unit,
            "values": row.range.text,
            "lowest": row.range.low,
            "highest": row.range.high,
            "better": row.trend,
            "of": [kind for kind in kpiml.KINDS if kind in row.scope],
            "reason": row.missing,
            "source": row.source or None,
            "ontology": class_of(row.number),
        }
        for id_, row in kpiml.rows().items()
    ]


async def _told(asked: Asked) -> list[kpiml.Told]:
    if asked.by in SHARES:
        raise Refused("by", f"{asked.by!r} is not available: KPI-ML has no word for a share of a window")
    windows = asked.windows()
    found: list[kpiml.Told] = []
    for path, kind in nodes(asked):
        if kind not in kpiml.KINDS:
            continue
        async for window, figures in figures_by(asked.twin, path, windows, None, asked.run):
            found += [
                kpiml.Told(path=path, kind=kind, kpi=name, begin=window.begin, end=window.end, value=value)
                for name, value in figures.items()
                if asked.kpis is None or name in asked.kpis
            ]
            if len(found) > MOST_VALUES:
                raise Refused("to", f"more than {MOST_VALUES} values; ask for a shorter time or for less by path")
    if not found:
        raise Refused("kpi", f"there is no such KPI for {asked.path or 'this plant'}", 404)
    return found


def _file(name: str, content: bytes) -> Response:
    headers = {"content-disposition": f'attachment; filename="kpiml-{name}.xml"'}
    return Response(content, media_type="application/xml", headers=headers)
