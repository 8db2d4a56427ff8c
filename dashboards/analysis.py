"""What limits a line, and why machines did not produce: the bottleneck, and the Pareto of reasons."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Query
from starlette.responses import Response

from dashboards.answers import Json
from dashboards.questions import From, PathOf, Refused, Run, To, answerable, known_node, span
from plant.time import HOUR
from twin import STOPPED, Twin

States = Annotated[list[str] | None, Query(alias="state", description="only these; may be given several times")]


def add_analysis(app: FastAPI, twin: Twin) -> None:
    """Add both questions to the API."""

    @app.get("/api/v1/bottleneck", summary="Which station limits a line, by three methods, and how far they agree")
    async def bottleneck(path: PathOf, begin: From = None, to: To = None, run: Run = None) -> Response:
        node = known_node(twin, path)
        if node.station is not None:
            raise Refused("path", f"{node.path!r} is not a line; a line has a bottleneck")
        chosen = await answerable(twin, run)
        window = span(twin, chosen, begin, to, 8 * HOUR)
        found = twin.bottleneck(node.path, window.begin, window.end, run=chosen)
        return Json({"path": node.path, "from": window.begin, "to": window.end, **msgspec.structs.asdict(found)})

    @app.get("/api/v1/pareto", summary="Why machines did not produce: time and stops by reason, the most first")
    async def pareto(
        path: PathOf, states: States = None, begin: From = None, to: To = None, run: Run = None
    ) -> Response:
        node = known_node(twin, path).path
        chosen = await answerable(twin, run)
        window = span(twin, chosen, begin, to, 8 * HOUR)
        found = twin.pareto(node, window.begin, window.end, states=known_states(states), run=chosen)
        return Json({"path": node, "from": window.begin, "to": window.end, **msgspec.structs.asdict(found)})


def known_states(states: list[str] | None) -> tuple[str, ...]:
    """The states asked for, as far as they are stops."""
    for state in states or ():
        if state not in STOPPED:
            raise Refused("state", f"{state!r} is not available; allowed is {', '.join(STOPPED)}")
    return tuple(states or STOPPED)
