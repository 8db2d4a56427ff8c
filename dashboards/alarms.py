"""Alarms over HTTP: how they are, and what people say of them: that they know, or that one is to be quiet."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from dashboards.answers import Json
from dashboards.questions import From, PathOf, Refused, Run, To, answerable, instant, known_node, length, span
from plant.errors import MessageError
from plant.remarks import Acknowledged, Shelved
from plant.time import HOUR
from twin import AlarmNow, Twin, alarm_id

AlarmId = Annotated[str, Path(alias="id", description="path and code with dots: area.line.station[.machine].code")]
Text = Annotated[str, Field(max_length=500)]


class Acknowledgement(BaseModel):
    """Somebody knows of an alarm."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[str, Field(min_length=1, max_length=500, description="who says so")]
    note: Text = ""


class Shelving(Acknowledgement):
    """An alarm is to be quiet until an instant of plant time, or for a while from now."""

    until: Annotated[str | int | None, Field(description="plant time, ISO 8601 or microseconds UTC")] = None
    duration: Annotated[str | int | None, Field(alias="for", description="30min; a bare number is seconds")] = None


def add_alarms(app: FastAPI, twin: Twin) -> None:
    """Add the questions about alarms to the API, and the two words of people on them."""

    @app.get("/api/v1/alarms", summary="Alarms of a window: how often, floods, chattering, which stand")
    async def alarms(path: PathOf, begin: From = None, to: To = None, run: Run = None) -> Response:
        node = known_node(twin, path).path
        chosen = await answerable(twin, run)
        window = span(twin, chosen, begin, to, 8 * HOUR)
        found = twin.alarm_report(node, window.begin, window.end, run=chosen)
        told = msgspec.structs.asdict(found)
        for key in ("occurrences", "stale", "top", "chattering"):
            told[key] = [{**msgspec.structs.asdict(one), "id": alarm_id(one.path, one.code)} for one in told[key]]
        return Json({"path": node, "from": window.begin, "to": window.end, **told})

    @app.post("/api/v1/alarms/{id}/acknowledge", summary="Say that somebody knows of an alarm")  # noqa: FAST003 alias
    async def acknowledge(alarm: AlarmId, said: Acknowledgement, run: Run = None) -> Response:
        chosen = await answerable(twin, run)
        now = _known_alarm(twin, alarm, chosen)
        if now.acknowledged is not None:
            who = f" by {now.acknowledged_by}" if now.acknowledged_by else ""
            raise Refused("id", f"there is nothing to acknowledge: {alarm} is {now.state}, acknowledged{who}", 409)
        return Json(await _say(twin, now, Acknowledged(code=now.code), said, chosen))

    @app.post("/api/v1/alarms/{id}/shelve", summary="Keep an alarm quiet for a while, or end that")  # noqa: FAST003 alias
    async def shelve(alarm: AlarmId, said: Shelving, run: Run = None) -> Response:
        chosen = await answerable(twin, run)
        now = _known_alarm(twin, alarm, chosen)
        until = _until(now, said)
        return Json(await _say(twin, now, Shelved(code=now.code, until=until), said, chosen))


def _known_alarm(twin: Twin, alarm: str, run: str | None) -> AlarmNow:
    """The alarm of an id as it is now."""
    path, _, code = alarm.replace(".", "/").rpartition("/")
    try:
        return twin.alarm(known_node(twin, path).path, code, run=run)
    except (Refused, ValueError) as error:
        raise Refused("id", f"there is no alarm {alarm!r}: {getattr(error, 'message', error)}", 404) from None


def _until(now: AlarmNow, said: Shelving) -> int:
    """Plant time at which a shelf ends."""
    if said.until is not None and said.duration is None:
        return instant("until", str(said.until))
    if said.duration is not None and said.until is None:
        return now.at + length("for", str(said.duration))
    raise Refused("until", "either until or for is needed, and not both")


async def _say(
    twin: Twin, alarm: AlarmNow, about: Acknowledged | Shelved, said: Acknowledgement, run: str | None
) -> AlarmNow:
    """Keep what was said; the alarm as it is then."""
    try:
        await twin.remark(alarm.path, about, by=said.by, note=said.note, run=run)
    except MessageError as error:
        raise Refused("body", error.detail) from None
    return twin.alarm(alarm.path, alarm.code, run=run)
