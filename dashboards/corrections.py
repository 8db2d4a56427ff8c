"""What people correct afterwards, and what has become another figure since: corrections and revisions."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from dashboards.answers import Json
from dashboards.questions import From, PathOf, Refused, Run, To, answerable, instant, known_node, span
from dashboards.windows import figures
from plant.remarks import LONGEST_TEXT, About, Disposed, Planned, Recoded, Replanned, Verdict
from plant.time import DAY
from twin import Twin
from twin.finality import Revision

Instant = int | str
"""Microseconds UTC or ISO 8601."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said to be so."""


class SaidReason(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stop of a machine, or a piece of it, had another reason."""

    from_: Instant = msgspec.field(name="from")
    to: Instant
    reason: Text


class SaidDisposition(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part is something else; without an instant the last time that the machine booked it is meant."""

    part: str
    verdict: Verdict
    at: Instant | None = None


class SaidCalendar(_Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time was planned otherwise."""

    from_: Instant = msgspec.field(name="from")
    to: Instant
    planned: Planned


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody corrects: one of `reason`, `disposition` and `calendar`.

    Args:
        path: of the node.
        by: who says so.
        note: why, in words.
        run: of which run; none: of the newest.
    """

    path: str
    by: Text
    note: Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)] = ""
    run: str | None = None
    reason: SaidReason | None = None
    disposition: SaidDisposition | None = None
    calendar: SaidCalendar | None = None


MOST_COMPARED = 10
"""Revisions of which a value before and after is told: for each the run is folded anew up to there."""

_decode: Callable[[bytes], Correction] = msgspec.json.Decoder(Correction).decode


def add_corrections(app: FastAPI, twin: Twin) -> None:
    """The routes of corrections and revisions."""

    @app.post(
        "/api/v1/corrections",
        status_code=201,
        summary="Correct a reason, what a part is, or the calendar; figures follow with a new revision",
        openapi_extra={"requestBody": {"content": {"application/json": {"schema": _schema()}}, "required": True}},
    )
    async def correct(request: Request) -> Response:
        said = _said(await request.body())
        node = known_node(twin, said.path)
        run = await answerable(twin, said.run)
        about = _about(twin, node.path, said, run)
        position = await twin.remark(node.path, about, by=said.by, note=said.note, run=run)
        since = about.at if isinstance(about, Disposed) else about.begin  # type: ignore[union-attr]
        told = twin.revisions(node.path, since, max(since, twin.extent(run)[1]) + 1, run=run)
        found = [_plain(revision) for revision in told if position in revision.causes]
        return Json({"path": node.path, "position": position, "about": about, "revisions": found}, status_code=201)

    @app.get("/api/v1/corrections", summary="What people said about a node and what is below it, the first word first")
    async def corrections(path: PathOf, run: Run = None) -> Response:
        node = known_node(twin, path).path
        chosen = await answerable(twin, run)
        told = [
            {"path": of, "at": m.ts, "by": m.by, "note": m.note, "about": m.about}
            for of, m in twin.remarks(node, run=chosen)
            if isinstance(m.about, Recoded | Disposed | Replanned)
        ]
        return Json({"path": node, "corrections": told})

    @app.get("/api/v1/revisions", summary="What was final of a window and is something else since, and why")
    async def revisions(  # noqa: PLR0917 the parameters of the question
        path: PathOf,
        begin: From = None,
        to: To = None,
        kpi: Annotated[str | None, Query(description="its value before and after each, of at most ten")] = None,
        limit: Annotated[int, Query(description="the newest so many", ge=1, le=1000)] = 100,
        run: Run = None,
    ) -> Response:
        node = known_node(twin, path).path
        chosen = await answerable(twin, run)
        window = span(twin, chosen, begin, to, DAY)
        told = twin.revisions(node, window.begin, window.end, run=chosen)
        newest = told[: -min(limit, limit if kpi is None else MOST_COMPARED) - 1 : -1]
        instants = await twin.ingested([revision.last for revision in newest])
        found = [{**_plain(revision), "at": at} for revision, at in zip(newest, instants, strict=True)]

        async def known(name: str, position: int) -> float | None:
            try:
                former = await twin.former(chosen, position)
            except ValueError:  # nothing was
                return None
            return figures(twin, node, window, [name], former)[name].value

        if kpi is not None:
            for one, revision in zip(found, newest, strict=True):
                one["before"] = await known(kpi, revision.first - 1)
                one["after"] = await known(kpi, revision.last)
        return Json({"path": node, "from": window.begin, "to": window.end, "count": len(told), "revisions": found})


def _plain(revision: Revision) -> dict[str, Any]:
    """A revision as it is told: of each hour, the parts that changed, before and after."""
    return {
        "number": revision.number,
        "first": revision.first,
        "last": revision.last,
        "count": revision.count,
        "causes": revision.causes,
        "hours": [
            {"from": change.begin, "to": change.end, "parts": change.differences} for change in revision.changes
        ],
    }


def _schema() -> dict[str, Any]:
    """JSON schema of a correction, whole in itself."""
    (schema,), parts = msgspec.json.schema_components([Correction], ref_template="#/$defs/{name}")
    return {**parts.pop("Correction"), "$defs": parts} if "$ref" in schema else schema


def _said(body: bytes) -> Correction:
    try:
        said = _decode(body)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        raise Refused(place.strip("`.") or "body", text) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused("body", f"is no JSON: {error}") from None
    given = [name for name in ("reason", "disposition", "calendar") if getattr(said, name) is not None]
    if len(given) != 1:
        raise Refused("body", f"one of reason, disposition and calendar is needed; found {', '.join(given) or 'none'}")
    return said


def _about(twin: Twin, path: str, said: Correction, run: str | None) -> About:
    if said.reason is not None:
        begin, end = _instants("reason", said.reason.from_, said.reason.to)
        _machine(twin, path, "reason", run)
        return Recoded(begin=begin, end=end, reason=said.reason.reason)
    if said.calendar is not None:
        begin, end = _instants("calendar", said.calendar.from_, said.calendar.to)
        return Replanned(begin=begin, end=end, planned=said.calendar.planned)
    assert said.disposition is not None  # noqa: S101 one of them is given
    return _disposed(twin, path, said.disposition, run)


def _disposed(twin: Twin, path: str, said: SaidDisposition, run: str | None) -> Disposed:
    if path not in {line.node.path for line in twin.plant.lines}:
        _machine(twin, path, "disposition", run)
    elif said.verdict == "rework":
        raise Refused("disposition.verdict", "a part that has left its line is good or scrap")
    booked = [at for at, _ in twin.booked(path, said.part, run=run)]
    if not booked:
        raise Refused("disposition.part", f"nobody has booked a part {said.part!r} at {path}", 404)
    at = booked[-1] if said.at is None else instant("disposition.at", str(said.at))
    if at not in booked:
        known = ", ".join(map(str, booked))
        raise Refused("disposition.at", f"{said.part!r} was not booked at {path} at {at}, but at {known}", 404)
    return Disposed(part=said.part, at=at, verdict=said.verdict)


def _machine(twin: Twin, path: str, what: str, run: str | None) -> None:
    try:
        twin.booked(path, "", run=run)
    except ValueError as error:
        raise Refused("path", f"{error}; a {what} is corrected at a machine") from None


def _instants(field: str, begin: Instant, end: Instant) -> tuple[int, int]:
    first, last = instant(f"{field}.from", str(begin)), instant(f"{field}.to", str(end))
    if first >= last:
        raise Refused(f"{field}.from", "must be before to")
    return first, last
