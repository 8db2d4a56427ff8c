"""Panels for the page: what boards there are, and what a panel shows of a window. Grafana asks the same questions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query
from starlette.responses import Response

from dashboards.answers import Json
from dashboards.panels import Board, Panel
from dashboards.questions import From, Refused, Run, Span, To, answerable, length, span
from plant.description import Plant
from plant.time import DAY, HOUR, MINUTE, SECOND, parse_duration
from twin import Twin
from twin.select import Scope, Select
from twin.tables import CELL, NO_SHIFT, machine_label

Boards = Callable[[Plant], Sequence[Board]]
"""Gives the boards of a plant."""

WANTED = 300
"""Buckets that a window has at most where nobody says how long they are."""

MOST_STEPS = 10_000
OF_CELLS = frozenset({"account", "line_account", "stop"})
"""Tables whose points tell of a cell: in shorter buckets some would be empty."""

STEPS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 56, 112, 224)),
)  # fmt: skip
"""Lengths that people read easily."""

LONGEST = STEPS[-1]
Named = Annotated[list[str] | None, Query(description="only these; may be given several times")]
OtherRun = Annotated[str | None, Query(description="of a panel that compares runs; default the last two")]


def add_panels(app: FastAPI, twin: Twin, boards: Boards) -> None:
    """Add boards, their panels, and what these show to the API."""
    shown = tuple(boards(twin.plant))
    panels = {panel.id: (board, panel) for board in shown for panel in board.panels}

    @app.get("/api/v1/panels", summary="Boards and their panels: what they show, in which unit, and how")
    async def told() -> Response:
        return Json({"boards": [_board(board) for board in shown]})

    @app.get("/api/v1/panels/{id}/data", summary="What a panel shows of a window")
    async def data(  # noqa: PLR0917 the parameters of the question
        id: str,  # noqa: A002 as it is called in the address
        begin: From = None,
        to: To = None,
        step: Annotated[str | None, Query(description="length of a bucket; default at most 300 of them")] = None,
        line: Named = None,
        machine: Named = None,
        shift: Named = None,
        run_a: OtherRun = None,
        run_b: OtherRun = None,
        run: Run = None,
    ) -> Response:
        if id not in panels:
            raise Refused("id", f"there is no panel {id!r}", 404)
        board, panel = panels[id]
        chosen = _chosen(twin.plant, {"line": line, "machine": machine, "shift": shift})
        asked = await answerable(twin, run)
        chosen |= _compared(twin, {"run_a": run_a, "run_b": run_b})
        window = span(twin, asked, begin, to, _length(board.window))
        size = _step(panel.queries, window, step)
        scope = Scope(begin=window.begin, end=window.end, step=size, chosen=chosen)
        queries = [{"frames": await twin.query(select, scope, run=asked)} for select in panel.queries]
        return Json({"panel": id, "from": window.begin, "to": window.end, "step": size, "queries": queries})


def _chosen(plant: Plant, named: Mapping[str, list[str] | None]) -> dict[str, tuple[str, ...]]:
    """Values of labels that were chosen, all of which the plant has."""
    nodes = [node for line in plant.lines for station in line.stations for node in line.machines(station)]
    known = {
        "line": [line.name for line in plant.lines],
        "machine": list(dict.fromkeys(map(machine_label, nodes))),
        "shift": [*(shift.name for shift in plant.calendar.shifts), NO_SHIFT],
    }
    chosen = {}
    for field, values in named.items():
        for value in values or ():
            if value not in known[field]:
                allowed = ", ".join(known[field])
                raise Refused(field, f"there is no {field} {value!r}; allowed is {allowed}", 404)
        if values:
            chosen[field] = tuple(values)
    return chosen


def _compared(twin: Twin, named: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """The two runs that are compared: the newest as B and the one before it as A where nobody says."""
    runs = twin.runs()
    found = {"run_a": runs[-2:][0], "run_b": runs[-1]}
    for field, value in named.items():
        if value is not None and value not in runs:
            raise Refused(field, f"there is no run {value!r}", 404)
    return {field: (named[field] or newest,) for field, newest in found.items()}


def _length(window: str) -> int:
    """Length of a window as Grafana writes it: ``now-8h``."""
    return parse_duration(window.removeprefix("now-"))


def _step(queries: Sequence[Select], window: Span, text: str | None) -> int:
    """Length of the buckets that a panel leaves to the asker; they begin on multiples of it."""
    if text is not None:
        size = length("step", text)
        if _buckets(window, size) > MOST_STEPS:
            raise Refused("step", f"more than {MOST_STEPS} buckets; choose a longer step or a shorter time")
        return size
    of_cells = any(select.table in OF_CELLS for select in queries)
    fitting = (size for size in STEPS if _buckets(window, size) <= WANTED and not (of_cells and size % CELL))
    return next(fitting, -(-(window.end - window.begin) // ((WANTED - 1) * LONGEST)) * LONGEST)


def _buckets(window: Span, size: int) -> int:
    return (window.end - 1) // size - window.begin // size + 1


def _board(board: Board) -> dict[str, Any]:
    return {
        "uid": board.uid,
        "title": board.title,
        "purpose": board.purpose,
        "variables": board.variables,
        "window": board.window,
        "tags": board.tags,
        "rows": [{"title": row.title, "panels": [_panel(panel) for panel in row.panels]} for row in board.rows],
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "id": panel.id,
        "title": panel.title,
        "kind": panel.kind,
        "drawn_by": panel.drawn_by,
        "description": panel.description,
        "unit": panel.unit,
        "units": dict(panel.units),
        "minimum": panel.minimum,
        "maximum": panel.maximum,
        "thresholds": panel.thresholds,
        "mapped": panel.mapped,
        "width": panel.width,
        "height": panel.height,
        "stacked": panel.stacked,
        "opens": panel.opens,
        "text": panel.text,
        "queries": [_query(select) for select in panel.queries],
    }


def _query(select: Select) -> dict[str, Any]:
    return {
        "by": select.by,
        "bucket": "rows" if select.raw else select.bucket,
        "columns": [
            {"name": column.name, "title": column.title or column.name, "unit": column.unit}
            for column in select.columns
        ],
    }
