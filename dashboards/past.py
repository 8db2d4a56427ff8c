"""Journaled messages of the past, page by page."""

import dataclasses
import re
from typing import Annotated, Literal

from fastapi import FastAPI, Query
from starlette.responses import Response

from dashboards.answers import Json
from dashboards.questions import LATEST, From, PathOrAll, Refused, Run, answerable, instant, known_node
from plant.messages import KINDS
from twin import Event, Twin, Wanted

JOURNALED = tuple(name for name, row in KINDS.items() if row.journaled)
USUAL, MOST = 100, 1000

_CURSOR = re.compile(r"(\d{1,16})-(\d{1,16})-(\d{1,16})")

Kinds = Annotated[list[str] | None, Query(alias="kind", description="only these kinds; may be given several times")]


def add_past(app: FastAPI, twin: Twin) -> None:
    """Add the question for journaled messages to the API."""

    @app.get("/api/v1/history", summary="Journaled messages at or below a path by plant time, page by page")
    async def history(  # noqa: PLR0917 the parameters of the question
        path: PathOrAll = None,
        kinds: Kinds = None,
        begin: From = None,
        to: Annotated[str | None, Query(description="ISO 8601 or microseconds UTC; default without an end.")] = None,
        order: Annotated[Literal["desc", "asc"], Query(description="desc: newest first.")] = "desc",
        limit: Annotated[int, Query(description="Messages of a page at most.", ge=1, le=MOST)] = USUAL,
        cursor: Annotated[str | None, Query(description="`next` of the page before, with the same question.")] = None,
        run: Run = None,
    ) -> Response:
        node = "" if path is None else known_node(twin, path).path
        chosen = await answerable(twin, run) or twin.runs()[-1]
        wanted = Wanted(
            run=chosen,
            upto=twin.position(),
            path=node,
            kinds=known_kinds(kinds),
            begin=0 if begin is None else instant("from", begin),
            end=LATEST if to is None else instant("to", to),
            descending=order == "desc",
        )
        if wanted.begin >= wanted.end:
            raise Refused("from", "must be before to")
        if cursor is not None:
            wanted = _behind(wanted, cursor)
        page = await twin.history(wanted, limit)
        follow = _cursor(wanted.upto, page.events[-1]) if page.more else None
        return Json({"path": node, "run": chosen, "order": order, "messages": page.events, "next": follow})


def known_kinds(kinds: list[str] | None) -> tuple[str, ...]:
    """The kinds asked for, as far as the journal has such."""
    for kind in kinds or ():
        if kind not in JOURNALED:
            raise Refused("kind", f"{kind!r} is not in the journal; allowed is {', '.join(JOURNALED)}")
    return tuple(kinds or ())


def _cursor(upto: int, last: Event) -> str:
    return f"{upto}-{last.message['ts']}-{last.position}"


def _behind(wanted: Wanted, cursor: str) -> Wanted:
    """The same question, behind the last message of a page and without what has come since the first page."""
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise Refused("cursor", f"{cursor!r} is no cursor; allowed is the next of the page before")
    upto, ts, position = map(int, match.groups())
    return dataclasses.replace(wanted, upto=upto, after=(ts, position))
