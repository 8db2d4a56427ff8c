"""Alerts of other programs over HTTP: Grafana's webhook, or a plain body, in; which stand and which are past, out."""

import contextlib
import hashlib
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from dashboards.answers import Json
from dashboards.questions import LATEST, Refused, Run, answerable, instant, problems
from plant.errors import MessageError
from plant.remarks import Alerted
from plant.time import parse_instant
from twin import Twin

LONGEST = 500
MOST = 500  # alerts of one body
MOST_PAST = 1_000  # that are listed

Status = Literal["firing", "resolved"]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class GrafanaAlert(BaseModel):
    """One alert of a webhook; what else it says is left out."""

    status: Status
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts: Annotated[str, Field(alias="startsAt")] = ""
    ends: Annotated[str, Field(alias="endsAt")] = ""
    fingerprint: str = ""


class GrafanaWebhook(BaseModel):
    """What a webhook contact point of Grafana, and an Alertmanager, send."""

    receiver: str = ""
    alerts: Annotated[list[GrafanaAlert], Field(max_length=MOST)]


class PlainAlert(BaseModel):
    """An alert as a script tells it."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    status: Status = "firing"
    text: Annotated[str, Field(max_length=LONGEST)] = ""
    path: str | None = None
    labels: dict[str, str] = {}
    starts: str | int | None = None
    ends: str | int | None = None
    by: Text = "webhook"


def add_alerts(app: FastAPI, twin: Twin) -> None:
    """Add alerts, in and out, to the API."""

    @app.get("/api/v1/alerts", summary="Alerts of other programs: those that stand, and those that are past")
    async def told(run: Run = None) -> Response:
        chosen = await answerable(twin, run)
        standing, past = twin.alerts(run=chosen)
        return Json({"standing": standing, "past": past[:MOST_PAST], "past_count": len(past)})

    @app.post("/api/v1/alerts", summary="Tell of alerts: the body of Grafana's webhook, or name, status, text, path")
    async def tell(body: Annotated[dict[str, Any], Body()]) -> Response:
        by, found = _read(body)
        if not twin.runs():
            raise Refused("run", "the twin has not heard of any run yet; tell it again later", 503)
        kept = 0
        for about in found:
            place = twin.alert_place(about)
            if place is not None:
                await _keep(twin, place, about, by)
                kept += 1
        standing, _ = twin.alerts()
        return Json({"received": len(found), "kept": kept, "standing": len(standing)})


async def _keep(twin: Twin, place: str, about: Alerted, by: str) -> None:
    try:
        await twin.remark(place, about, by=by)
    except MessageError as error:
        raise Refused("alerts", error.detail) from None


def _read(body: dict[str, Any]) -> tuple[str, list[Alerted]]:
    """Who tells, and what."""
    try:
        if "alerts" in body:
            hook = GrafanaWebhook.model_validate(body)
            return hook.receiver[:LONGEST] or "webhook", [_of_grafana(alert) for alert in hook.alerts]
        plain = PlainAlert.model_validate(body)
    except ValidationError as error:
        first = problems(error.errors())[0]
        raise Refused(first["field"], first["message"]) from None
    return plain.by, [_of_script(plain)]


def _of_grafana(alert: GrafanaAlert) -> Alerted:
    """Instants that cannot be read, or are none (the year 1 of an alert that stands), are left out; texts are cut."""
    labels = {key: _cut(value) for key, value in alert.labels.items()}
    name = labels.get("alertname") or "alert"
    return Alerted(
        name=name,
        status=alert.status,
        fingerprint=alert.fingerprint or _fingerprint(name, labels),
        labels=labels,
        annotations={key: _cut(value) for key, value in alert.annotations.items()},
        starts=_instant(alert.starts),
        ends=_instant(alert.ends) if alert.status == "resolved" else None,
    )


def _of_script(alert: PlainAlert) -> Alerted:
    labels = dict(alert.labels) if alert.path is None else {**alert.labels, "path": alert.path}
    return Alerted(
        name=alert.name,
        status=alert.status,
        fingerprint=_fingerprint(alert.name, labels),
        labels=labels,
        annotations={"summary": alert.text} if alert.text else {},
        starts=None if alert.starts is None else instant("starts", str(alert.starts)),
        ends=None if alert.ends is None else instant("ends", str(alert.ends)),
    )


def _cut(text: str) -> str:
    """A text of a length that is kept."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _fingerprint(name: str, labels: dict[str, str]) -> str:
    """The same for the same name and labels, where the program gives none itself."""
    told = "\n".join([name, *(f"{key}={value}" for key, value in sorted(labels.items()))])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _instant(text: str) -> int | None:
    with contextlib.suppress(ValueError):
        found = parse_instant(text)
        return found if 0 <= found < LATEST else None
    return None
