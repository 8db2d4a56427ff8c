"""Whether twin, database and Grafana are there, let us in, and do what the stack needs of them, over plain HTTP."""

import base64
import time
import uuid
from dataclasses import dataclass, field

from plant.time import format_duration
from shopfloor.asking import Asked, ask
from shopfloor.findings import Finding, failed, ok, skipped

SOURCES = ("shopfloor-influx", "shopfloor-influx-raw")
PROBE = "shopfloor_doctor"
READ_BACK = 5.0  # seconds until what was written must be there
LATE = 120 * 10**6  # a twin whose newest message is older has lost its publishers


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """An InfluxDB.

    Args:
        url: of its HTTP API.
        token: of a user who may write and read.
        org: organisation.
        bucket: to write to and to read from.
    """

    url: str
    token: str = field(default="", repr=False)
    org: str = "shopfloor"
    bucket: str = "shopfloor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Grafana:
    """A Grafana.

    Args:
        url: of it.
        token: of a service account; none: user and password.
        user: name.
        password: of that user.
    """

    url: str
    token: str = field(default="", repr=False)
    user: str = "admin"
    password: str = field(default="", repr=False)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Who asks."""
        if self.token:
            return [("authorization", f"Bearer {self.token}")]
        words = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return [("authorization", f"Basic {words}")]


def twin_findings(url: str, token: str) -> list[Finding]:
    """Whether the twin answers, and how far it is behind the wall."""
    known = [("authorization", f"Bearer {token}")] if token else []
    answer = ask(f"{url}/api/v1/health", headers=known)
    if answer.status != 200:
        remedy = {
            401: "SHOPFLOOR_TOKEN must be that with which the twin was started",
            0: "start the twin (docker compose up -d twin), or name the address of its page with --twin",
        }.get(answer.status, "look at the log of the twin: docker compose logs twin")
        return [failed("twin", "API", answer.trouble, remedy), skipped("twin", "messages", "after the failure above")]
    told = answer.json()
    found = [ok("twin", "API", f"status {told.get('status')}")]
    if not told.get("run"):
        remedy = "start a publisher after the twin, and check that both name the same broker"
        return [*found, failed("twin", "messages", "none yet", remedy)]
    behind = time.time_ns() // 1000 - int(told.get("to") or 0)
    text = f"run {told['run']}, position {told.get('position')}"
    late = f"; the newest is {format_duration(behind - behind % 10**6)} old" if behind > LATE else ""
    return [*found, ok("twin", "messages", text + late)]


def database_findings(at: Database) -> list[Finding]:
    """Whether a point that is written can be read."""
    hop, checks = "historian", ("reachable", "write", "read back")
    found: list[Finding] = []
    pinged = ask(f"{at.url}/ping")
    if pinged.status not in {200, 204}:
        remedy = "start the database (docker compose up -d influxdb), or name it with --historian influxdb:http://HOST:8086"
        found.append(failed(hop, "reachable", pinged.trouble, remedy))
    else:
        found.append(ok(hop, "reachable", at.url))
        found += _written(at, hop)
    return found + [skipped(hop, what, "after the failure above") for what in checks[len(found) :]]


def _written(at: Database, hop: str) -> list[Finding]:
    known = [("authorization", f"Token {at.token}")] if at.token else []
    probe, now = uuid.uuid4().hex, time.time_ns() // 1000
    where = {"org": at.org, "bucket": at.bucket, "precision": "us"}
    line = f"{PROBE},probe={probe} value={now % 10**6}i {now}"
    answer = ask(f"{at.url}/api/v2/write", where, headers=known, body=line.encode())
    if answer.status not in {200, 204}:
        remedy = {
            401: "INFLUXDB_TOKEN must be that with which the database was set up; a volume keeps its first one",
            404: f"make the bucket {at.bucket}: docker compose run --rm setup",
        }.get(answer.status, "look at the log of the database: docker compose logs influxdb")
        return [failed(hop, "write", answer.trouble, remedy)]
    found = [ok(hop, "write", f"a point into {at.bucket}")]
    question = f'SELECT last("value") FROM "{PROBE}" WHERE "probe" = \'{probe}\''  # noqa: S608 a random number of ours
    deadline = time.monotonic() + READ_BACK
    while True:
        answer = ask(f"{at.url}/query", {"db": at.bucket, "q": question}, headers=known)
        if (value := _value(answer)) is not None or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if value == now % 10**6:
        return [*found, ok(hop, "read back", "the same value, by InfluxQL")]
    trouble = answer.trouble if answer.status != 200 else "the point is not there"
    return [*found, failed(hop, "read back", trouble, f"the token must be allowed to read {at.bucket} by /query")]


def _value(answer: Asked) -> object:
    """The one value of an InfluxQL answer; none if there is none."""
    try:
        return answer.json()["results"][0]["series"][0]["values"][0][1]
    except (KeyError, IndexError, TypeError):
        return None


def grafana_findings(at: Grafana) -> list[Finding]:
    """Whether Grafana is up, and has our data sources and dashboards."""
    hop = "grafana"
    health = ask(f"{at.url}/api/health")
    if health.status != 200 or health.json().get("database") != "ok":
        remedy = "start it (docker compose up -d grafana), or name it with --grafana"
        rest = [*(f"data source {uid}" for uid in SOURCES), "dashboards"]
        after = [skipped(hop, what, "after the failure above") for what in rest]
        return [failed(hop, "health", health.trouble, remedy), *after]
    found = [ok(hop, "health", f"version {health.json().get('version', '?')}")]
    for uid in SOURCES:
        answer = ask(f"{at.url}/api/datasources/uid/{uid}/health", headers=at.headers)
        if answer.status == 200 and answer.json().get("status") == "OK":
            found.append(ok(hop, f"data source {uid}", str(answer.json().get("message", ""))))
            continue
        remedy = {
            401: "GRAFANA_PASSWORD must be that with which Grafana was set up, or give GRAFANA_TOKEN",
            404: "it is not provisioned: dashboards/grafana/provisioning must be mounted",
        }.get(answer.status, "Grafana cannot read the database: INFLUXDB_TOKEN must be the same for both")
        found.append(failed(hop, f"data source {uid}", answer.trouble, remedy))
    boards = ask(f"{at.url}/api/search", {"type": "dash-db"}, headers=at.headers)
    listed = boards.json() if boards.status == 200 else []
    if listed:
        return [*found, ok(hop, "dashboards", f"{len(listed)}")]
    remedy = "dashboards/grafana must be mounted; `shopfloor dashboards build` writes it, `push` sends it"
    return [*found, failed(hop, "dashboards", "none" if boards.status == 200 else boards.trouble, remedy)]
