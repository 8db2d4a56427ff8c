"""The HTTP API and the page: what is asked, what is answered, and who may ask."""

import secrets
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from dashboards.alarms import add_alarms
from dashboards.alerts import add_alerts
from dashboards.analysis import add_analysis
from dashboards.answers import Json
from dashboards.boards import boards_of
from dashboards.catalogue import add_catalogue
from dashboards.corrections import add_corrections
from dashboards.export import add_export
from dashboards.guard import Guard
from dashboards.metrics import Storage, metrics_text, no_storage
from dashboards.panel_data import Boards, add_panels
from dashboards.past import add_past
from dashboards.picture import Phase, describe, live_phase, picture
from dashboards.questions import (
    AsOf,
    At,
    By,
    From,
    Kpis,
    PathOf,
    PathOfAny,
    Refused,
    Run,
    Span,
    To,
    answerable,
    instant,
    known_node,
    known_scope,
    length,
    machines_below,
    problems,
    span,
)
from dashboards.stream import Stream
from dashboards.windows import cuts, figures, figures_by
from plant.errors import StoreError
from plant.time import HOUR
from twin import Explanation, Twin
from twin.control_chart import RULES, Kind

PAGE = Path(__file__).parent / "page"
MOST_STEPS = 10_000


def create_app(
    twin: Twin,
    *,
    token: str | None = None,
    phase: Phase = live_phase,
    storage: Storage = no_storage,
    boards: Boards = boards_of,
) -> FastAPI:
    """The API over a twin, and the page.

    Args:
        twin: the twin; of what is asked here only remarks change it.
        token: if given, every request needs it (``Authorization: Bearer …``, or the cookie that ``/?token=…`` sets).
        phase: what is going on: ``{name: "past" | "live", progress: 0..1, text}``.
        storage: what the data folder holds, its bound, and what was dropped; empty if nobody looks after it.
        boards: gives the boards of the plant.
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
    _add_state(app, twin, phase, storage)
    _add_kpis(app, twin)
    _add_history(app, twin)
    add_analysis(app, twin)
    add_panels(app, twin, boards)
    add_catalogue(app, twin)
    add_past(app, twin)
    add_export(app, twin)
    add_corrections(app, twin)
    _add_quality(app, twin)
    add_alarms(app, twin)
    add_alerts(app, twin)
    _add_genealogy(app, twin)
    _add_stream(app)
    _add_page(app, token)
    return app


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 registered for this type
    return Json({"errors": [{"field": error.field, "message": error.message}]}, status_code=error.status)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 registered for this type
    return Json({"errors": problems(error.errors())}, status_code=422)


def _unavailable(_: Request, error: Exception) -> Response:
    return Json({"errors": [{"field": "store", "message": str(error)}]}, status_code=503)


def _add_state(app: FastAPI, twin: Twin, phase: Phase, storage: Storage) -> None:
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
                "storage": storage(),
            }
        )

    @app.get("/api/v1/plant", summary="The plant: lines in flow order, machine types, signals, states")
    async def plant() -> Response:
        return Json(describe(twin.plant))

    @app.get("/api/v1/state/{path:path}", summary="Reported and desired state of a line, station or machine")
    async def state(path: str, run: Run = None, at: At = None, asof: AsOf = None) -> Response:
        node = known_node(twin, path)
        when = None if at is None else instant("at", at)
        return Json(twin.state(node.path, run=await answerable(twin, run, asof), at=when))

    @app.get("/api/v1/deadletters", summary="Messages that were refused, newest last, with the reason")
    async def dead_letters() -> Response:
        return Json({"counts": twin.counters().dead_letters, "letters": twin.dead_letters()})

    @app.get("/metrics", summary="Counters as Prometheus text", response_class=Response)
    async def metrics() -> Response:
        return Response(metrics_text(twin, storage()), media_type="text/plain; version=0.0.4")


def _add_kpis(app: FastAPI, twin: Twin) -> None:
    @app.get("/api/v1/kpis", summary="KPIs of a window, each with bounds, coverage and the parts it was made of")
    async def kpis(  # noqa: PLR0917 the parameters of the question
        path: PathOfAny,
        begin: From = None,
        to: To = None,
        by: By = None,
        kpi: Kpis = None,
        run: Run = None,
        asof: AsOf = None,
    ) -> Response:
        node = known_scope(twin, path)
        chosen = await answerable(twin, run, asof)
        window = span(twin, chosen, begin, to, HOUR)
        head = {"path": node, "from": window.begin, "to": window.end}
        if by is None:
            return Json({**head, "kpis": figures(twin, node, window, kpi, chosen)})
        windows = [
            {"from": cut.begin, "to": cut.end, "name": cut.name, "day": cut.day, "kpis": kpis_of}
            async for cut, kpis_of in figures_by(twin, node, cuts(twin, window, by), kpi, chosen)
        ]
        return Json({**head, "by": by, "windows": windows})

    @app.get("/api/v1/kpis/explain", summary="What is behind a number: formula, parts, intervals and part events")
    async def explain(  # noqa: PLR0917 the parameters of the question
        path: PathOf,
        begin: From = None,
        to: To = None,
        kpi: Annotated[str | None, Query(description="which; without it the intervals of a machine")] = None,
        run: Run = None,
        asof: AsOf = None,
    ) -> Response:
        node = known_node(twin, path)
        chosen = await answerable(twin, run, asof)
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
                "kpis": figures(twin, node.path, window, None, chosen),
            }
        )


def _explained(twin: Twin, path: str, window: Span, name: str, run: str | None) -> Explanation:
    try:
        return twin.explain(path, name, window.begin, window.end, run=run)
    except KeyError as error:
        raise Refused("kpi", f"there is no KPI {error.args[0]!r} for {path}", 404) from None


def _only_machine(twin: Twin, path: str) -> None:
    if path not in machines_below(twin, path):
        raise Refused("path", f"{path!r} is not a machine; choose one of {', '.join(machines_below(twin, path))}")


def _add_history(app: FastAPI, twin: Twin) -> None:
    @app.get("/api/v1/intervals", summary="States over time of every machine below a path")
    async def intervals(
        path: PathOf, begin: From = None, to: To = None, run: Run = None, asof: AsOf = None
    ) -> Response:
        node = known_node(twin, path).path
        chosen = await answerable(twin, run, asof)
        window = span(twin, chosen, begin, to, HOUR)
        machines = {
            machine: twin.intervals(machine, window.begin, window.end, run=chosen)
            for machine in machines_below(twin, node)
        }
        return Json({"path": node, "from": window.begin, "to": window.end, "machines": machines})

    @app.get("/api/v1/output", summary="Good parts per step")
    async def output(path: PathOf, step: str = "600", begin: From = None, to: To = None, run: Run = None) -> Response:
        node = known_node(twin, path).path
        chosen = await answerable(twin, run)
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
        chosen = await answerable(twin, run)
        window = span(twin, chosen, begin, to, HOUR)
        try:
            found = await twin.series(node, tag, window.begin, window.end, _step(window, step), run=chosen)
        except ValueError as error:  # path, run and window are known to be right
            raise Refused("tag", str(error), 404) from None
        return Json(found)


def _add_quality(app: FastAPI, twin: Twin) -> None:
    @app.get("/api/v1/spc", summary="Control chart of a measured characteristic, with the rules that each point breaks")
    async def spc(  # noqa: PLR0917 the parameters of the question
        path: PathOf,
        characteristic: Annotated[str, Query(description="name of a characteristic of the machine")],
        chart: Annotated[Kind, Query(description="single values, or means and ranges of subgroups")] = "individuals",
        subgroup: Annotated[int, Query(description="values in a point of xbar-r", ge=2, le=10)] = 5,
        rules: Annotated[str, Query(description="nelson or western-electric")] = "nelson",
        baseline: Annotated[int | None, Query(description="first points that make limits; else all", ge=2)] = None,
        begin: From = None,
        to: To = None,
        run: Run = None,
    ) -> Response:
        node = known_node(twin, path).path
        _only_machine(twin, node)
        chosen = await answerable(twin, run)
        window = span(twin, chosen, begin, to, 8 * HOUR)
        if rules not in RULES:
            raise Refused("rules", f"{rules!r} is not available; allowed is {' or '.join(RULES)}")
        try:
            found = twin.control_chart(
                node,
                characteristic,
                window.begin,
                window.end,
                kind=chart,
                subgroup=subgroup,
                rules=rules,
                baseline=baseline,
                run=chosen,
            )
        except ValueError as error:  # all else is known to be right
            raise Refused("characteristic", str(error), 404) from None
        head = {"path": node, "characteristic": characteristic, "from": window.begin, "to": window.end}
        return Json({**head, **msgspec.structs.asdict(found)})


def _add_genealogy(app: FastAPI, twin: Twin) -> None:
    @app.get("/api/v1/genealogy", summary="A part among its kin: what it is made of, where it went, its visits")
    async def genealogy(
        path: PathOf, part: Annotated[str, Query(description="name of a part of the line")], run: Run = None
    ) -> Response:
        node = known_node(twin, path)
        if node.station is not None:
            raise Refused("path", f"{node.path!r} is not a line; a part is known by its name in a line")
        chosen = await answerable(twin, run)
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
        body = source.pictures() if stream == "picture" else source.journal(position)
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
