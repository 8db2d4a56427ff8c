"""The HTTP API and the page: what is asked, what is answered, and who may ask."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from dashboards.guard import Guard
from dashboards.metrics import metrics_text
from dashboards.picture import Phase, describe, live_phase, picture
from dashboards.questions import Refused, Span, instant, known_node, known_run, length, span
from dashboards.stream import Stream
from plant.errors import StoreError
from plant.time import DAY, HOUR
from twin import Explanation, Twin

PAGE = Path(__file__).parent / "page"
MOST_STEPS = 10_000
BY = {"hour": HOUR, "day": DAY}

Run = Annotated[str | None, Query(description="Run; default the newest.")]
From = Annotated[str | None, Query(alias="from", description="ISO 8601 or microseconds UTC.")]
To = Annotated[str | None, Query(description="ISO 8601 or microseconds UTC; default the confirmed present.")]
At = Annotated[str | None, Query(description="Plant time, ISO 8601 or microseconds UTC.")]
PathOf = Annotated[str, Query(description="area/line[/station[/machine]]")]


class Json(Response):
    """JSON of structs and plain values."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode."""
        return msgspec.json.encode(content)


def create_app(twin: Twin, *, token: str | None = None, phase: Phase = live_phase) -> FastAPI:
    """The API over a twin, and the page.

    Args:
        twin: the twin; the app reads it only.
        token: if given, every request needs it (``Authorization: Bearer …``, or the cookie that ``/?token=…`` sets).
        phase: what is going on: ``{name: "past" | "live", progress: 0..1, text}``.
    """
    app = FastAPI(
        title="Shopfloor",
        version="1",
        description="State, KPIs, series and events of the plant, as its digital twin knows them.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        default_response_class=Json,
    )
    app.state.stream = Stream(twin, lambda: picture(twin, phase))
    app.add_middleware(Guard, token=token)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreError, _unavailable)
    _add_state(app, twin, phase)
    _add_kpis(app, twin)
    _add_history(app, twin)
    _add_genealogy(app, twin)
    _add_stream(app)
    _add_page(app, token)
    return app


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 registered for this type
    return Json({"errors": [{"field": error.field, "message": error.message}]}, status_code=error.status)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 registered for this type
    errors = [{"field": str(problem["loc"][-1]), "message": str(problem["msg"])} for problem in error.errors()]
    return Json({"errors": errors}, status_code=422)


def _unavailable(_: Request, error: Exception) -> Response:
    return Json({"errors": [{"field": "store", "message": str(error)}]}, status_code=503)


def _add_state(app: FastAPI, twin: Twin, phase: Phase) -> None:
    @app.get("/api/v1/health", summary="Whether the twin listens, and how far it is")
    async def health() -> Response:
        counters = twin.counters()
        first, horizon = twin.extent() if twin.runs() else (None, None)
        return Json(
            {
                "status": "ok",
                "phase": phase(),
                "run": twin.runs()[-1] if twin.runs() else None,
                "runs": twin.runs(),
                "position": twin.position(),
                "from": first,
                "to": horizon,
                "counters": counters,
            }
        )

    @app.get("/api/v1/plant", summary="The plant: lines in flow order, machine types, signals, states")
    async def plant() -> Response:
        return Json(describe(twin.plant))

    @app.get("/api/v1/state/{path:path}", summary="Reported and desired state of a line, station or machine")
    async def state(path: str, run: Run = None, at: At = None) -> Response:
        node = known_node(twin, path)
        when = None if at is None else instant("at", at)
        return Json(twin.state(node.path, run=await _answerable(twin, run), at=when))

    @app.get("/api/v1/deadletters", summary="Messages that were refused, newest last, with the reason")
    async def dead_letters() -> Response:
        return Json({"counts": twin.counters().dead_letters, "letters": twin.dead_letters()})

    @app.get("/metrics", summary="Counters as Prometheus text", response_class=Response)
    async def metrics() -> Response:
        return Response(metrics_text(twin), media_type="text/plain; version=0.0.4")


async def _answerable(twin: Twin, run: str | None) -> str | None:
    if not twin.runs():
        raise Refused("run", "the twin has not heard of any run yet", 404)
    chosen = known_run(twin, run)
    if chosen is not None:
        await twin.load(chosen)  # an older run may still lie in the journal only
    return chosen


def _add_kpis(app: FastAPI, twin: Twin) -> None:
    @app.get("/api/v1/kpis", summary="KPIs of a window, each with bounds, coverage and the parts it was made of")
    async def kpis(  # noqa: PLR0917 the parameters of the question
        path: PathOf,
        begin: From = None,
        to: To = None,
        by: Annotated[str | None, Query(description="hour or day: a list of windows cut there (UTC)")] = None,
        kpi: Annotated[list[str] | None, Query(description="only these; may be given several times")] = None,
        run: Run = None,
    ) -> Response:
        node = known_node(twin, path).path
        chosen = await _answerable(twin, run)
        window = span(twin, chosen, begin, to, HOUR)
        head = {"path": node, "from": window.begin, "to": window.end}
        if by is None:
            return Json({**head, "kpis": _figures(twin, node, window, kpi, chosen)})
        windows = []
        for cut in _cuts(window, by):
            windows.append({"from": cut.begin, "to": cut.end, "kpis": _figures(twin, node, cut, kpi, chosen)})
            await asyncio.sleep(0)  # thousands of windows must not hold up what is live
        return Json({**head, "by": by, "windows": windows})

    @app.get("/api/v1/kpis/explain", summary="What is behind a number: formula, parts, intervals and part events")
    async def explain(
        path: PathOf,
        begin: From = None,
        to: To = None,
        kpi: Annotated[str | None, Query(description="which; without it the intervals of a machine")] = None,
        run: Run = None,
    ) -> Response:
        node = known_node(twin, path)
        chosen = await _answerable(twin, run)
        window = span(twin, chosen, begin, to, HOUR)
        if kpi is not None:
            head = {"path": node.path, "from": window.begin, "to": window.end}
            return Json({**head, **msgspec.structs.asdict(_explained(twin, node.path, window, kpi, chosen))})
        _only_machine(twin, node.path)
        intervals = twin.intervals(node.path, window.begin, window.end, run=chosen)
        totals: dict[str, int] = {}
        for interval in intervals:
            totals[interval.state] = totals.get(interval.state, 0) + interval.end - interval.begin
        return Json(
            {
                "path": node.path,
                "from": window.begin,
                "to": window.end,
                "time_us": totals,
                "intervals": intervals,
                "cycles_us": twin.cycles(node.path, window.begin, window.end, run=chosen),
                "kpis": _figures(twin, node.path, window, None, chosen),
            }
        )


def _figures(twin: Twin, path: str, window: Span, names: list[str] | None, run: str | None) -> Mapping[str, Any]:
    try:
        return twin.kpis(path, window.begin, window.end, names=names, run=run)
    except KeyError as error:
        raise Refused("kpi", f"there is no KPI {error.args[0]!r} for {path}", 404) from None


def _explained(twin: Twin, path: str, window: Span, name: str, run: str | None) -> Explanation:
    try:
        return twin.explain(path, name, window.begin, window.end, run=run)
    except KeyError as error:
        raise Refused("kpi", f"there is no KPI {error.args[0]!r} for {path}", 404) from None


def _cuts(window: Span, by: str) -> list[Span]:
    if by not in BY:
        raise Refused("by", f"{by!r} is not available; allowed is {' or '.join(BY)}")
    step = BY[by]
    if (window.end - window.begin) // step > MOST_STEPS:
        raise Refused("by", f"more than {MOST_STEPS} windows; ask for a shorter time")
    borders = [window.begin, *range((window.begin // step + 1) * step, window.end, step), window.end]
    return [Span(begin=a, end=b) for a, b in pairwise(borders)]


def _machines(twin: Twin, path: str) -> list[str]:
    nodes = [node for line in twin.plant.lines for station in line.stations for node in line.machines(station)]
    return [node.path for node in nodes if f"{node.path}/".startswith(f"{path}/")]


def _only_machine(twin: Twin, path: str) -> None:
    if path not in _machines(twin, path):
        raise Refused("path", f"{path!r} is not a machine; choose one of {', '.join(_machines(twin, path))}")


def _add_history(app: FastAPI, twin: Twin) -> None:
    @app.get("/api/v1/intervals", summary="States over time of every machine below a path")
    async def intervals(path: PathOf, begin: From = None, to: To = None, run: Run = None) -> Response:
        node = known_node(twin, path).path
        chosen = await _answerable(twin, run)
        window = span(twin, chosen, begin, to, HOUR)
        machines = {
            machine: twin.intervals(machine, window.begin, window.end, run=chosen)
            for machine in _machines(twin, node)
        }
        return Json({"path": node, "from": window.begin, "to": window.end, "machines": machines})

    @app.get("/api/v1/output", summary="Good parts per step")
    async def output(path: PathOf, step: str = "600", begin: From = None, to: To = None, run: Run = None) -> Response:
        node = known_node(twin, path).path
        chosen = await _answerable(twin, run)
        window = span(twin, chosen, begin, to, 4 * HOUR)
        size = _step(window, step)
        parts = twin.output(node, window.begin, window.end, size, run=chosen)
        starts = list(range(window.begin, window.end, size))
        return Json({"path": node, "from": window.begin, "to": window.end, "t": starts, "parts": parts})

    @app.get("/api/v1/series", summary="A signal of a machine: min, mean, max, last per step")
    async def series(  # noqa: PLR0917 the parameters of the question
        path: PathOf, tag: str, step: str = "10", begin: From = None, to: To = None, run: Run = None
    ) -> Response:
        node = known_node(twin, path).path
        _only_machine(twin, node)
        chosen = await _answerable(twin, run)
        window = span(twin, chosen, begin, to, HOUR)
        try:
            found = await twin.series(node, tag, window.begin, window.end, _step(window, step), run=chosen)
        except ValueError as error:  # path, run and window are known to be right
            raise Refused("tag", str(error), 404) from None
        return Json(found)


def _add_genealogy(app: FastAPI, twin: Twin) -> None:
    @app.get("/api/v1/genealogy", summary="A part among its kin: what it is made of, where it went, its visits")
    async def genealogy(
        path: PathOf, part: Annotated[str, Query(description="name of a part of the line")], run: Run = None
    ) -> Response:
        node = known_node(twin, path)
        if node.station is not None:
            raise Refused("path", f"{node.path!r} is not a line; a part is known by its name in a line")
        chosen = await _answerable(twin, run)
        try:
            found = twin.genealogy(node.path, part, run=chosen)
        except ValueError as error:  # path and run are known to be right
            raise Refused("part", str(error), 404) from None
        return Json({"path": node.path, **msgspec.structs.asdict(found)})


def _step(window: Span, step: str) -> int:
    size = length("step", step)
    if -(-(window.end - window.begin) // size) > MOST_STEPS:
        raise Refused("step", f"more than {MOST_STEPS} steps; choose a longer step or a shorter time")
    return size


def _add_stream(app: FastAPI) -> None:
    @app.get("/api/v1/events", summary="Server-sent events: journaled messages, or a live picture once a second")
    async def events(
        request: Request,
        stream: Annotated[str, Query(description="journal or picture")] = "journal",
        after: Annotated[int | None, Query(description="journal position to go on after", ge=0)] = None,
    ) -> Response:
        if stream not in {"journal", "picture"}:
            raise Refused("stream", f"{stream!r} is not available; allowed is journal or picture")
        said = request.headers.get("last-event-id", "")
        position = int(said) if said.isascii() and said.isdigit() else after
        source: Stream = request.app.state.stream
        body: AsyncIterator[bytes] = source.pictures() if stream == "picture" else source.journal(position)
        return StreamingResponse(body, media_type="text/event-stream", headers={"cache-control": "no-store"})


def _add_page(app: FastAPI, token: str | None) -> None:
    @app.get("/", include_in_schema=False)
    async def page(token_given: Annotated[str | None, Query(alias="token")] = None) -> Response:
        if token is not None and token_given is not None and secrets.compare_digest(token, token_given):
            answer = RedirectResponse("/", status_code=303)
            answer.set_cookie("shopfloor", token, httponly=True, samesite="strict")
            return answer
        return FileResponse(PAGE / "index.html")

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> Response:
        return FileResponse(PAGE / "docs.html")

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
