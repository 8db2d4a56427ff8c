"""Alarms and alerts over HTTP: people acknowledge and shelve, other programs tell, and strangers' pages cannot."""

import json

import pytest
import pytest_asyncio

from dashboards import create_app
from dashboards.picture import picture
from plant.time import MINUTE
from tests.dashboards.heard import BLOCK, CAPS, PLANT, feed, recorded
from twin import open_twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "s3cret"  # noqa: S105 made up
JSON = {"content-type": "application/json"}

GRAFANA = {
    "receiver": "shopfloor",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "OEE below target", "path": BLOCK},
            "annotations": {"summary": "OEE of block is 41 %", "description": "x" * 900},
            "startsAt": "2026-01-05T03:51:03.157076123+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://localhost:3000/alerting/1/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "values": {"B": 0.41, "C": 1},
        }
    ],
    "version": "1",
    "title": "[FIRING:1]",
}


@pytest_asyncio.fixture(loop_scope="session")
async def own(tmp_path):
    """A twin to say something to, and where it keeps that."""
    async with open_twin(PLANT, tmp_path, durable=False) as twin:
        await feed(twin, recorded()[1])
        yield twin


async def last_alarm(client, **asked):
    told = (await client.get("/api/v1/alarms", params={"path": BLOCK, **asked})).json()
    return told["occurrences"][0], told


async def test_an_alarm_is_acknowledged_once(own, ask) -> None:
    async with ask(create_app(own)) as client:
        one, before = await last_alarm(client)
        assert one["id"] == f"{one['path']}/{one['code']}".replace("/", ".")
        address = f"/api/v1/alarms/{one['id']}/acknowledge"
        answer = await client.post(address, json={"by": "anna", "note": "on my way"})
        assert answer.status_code == 200
        now = answer.json()
        assert (now["acknowledged_by"], now["acknowledged"]) == ("anna", own.extent()[1])
        assert now["state"] == ("acknowledged" if one["active"] else "normal")
        again = await client.post(address, json={"by": "ben"})
        assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "id")
        after, told = await last_alarm(client)
        assert (after["acknowledged_by"], after["raised"]) == ("anna", one["raised"])
        assert len(told["returned"]) == len(before["returned"]) - (not one["active"])
        kept = (await client.get("/api/v1/history", params={"kind": "remark"})).json()["messages"]
        assert [(m["path"], m["message"]["by"], m["message"]["note"]) for m in kept] == [
            (one["path"], "anna", "on my way")
        ]


async def test_a_shelf_takes_an_alarm_off_the_lists_until_it_ends(own, ask) -> None:
    async with ask(create_app(own)) as client:
        one, _ = await last_alarm(client)
        address = f"/api/v1/alarms/{one['id']}/shelve"
        now = (await client.post(address, json={"by": "anna", "for": "30min"})).json()
        assert (now["state"], now["shelved_until"]) == ("shelved", own.extent()[1] + 30 * MINUTE)
        _, told = await last_alarm(client)
        assert [(a["id"], a["shelved_by"]) for a in told["shelved"]] == [(one["id"], "anna")]
        machines = [m for line in picture(own)["lines"] for s in line["stations"] for m in s["machines"]]
        assert one["id"] not in {alarm["id"] for machine in machines for alarm in machine["alarms"]}
        assert sum(machine["alarms_shelved"] for machine in machines) == one["active"]
        now = (await client.post(address, json={"by": "anna", "until": 0})).json()
        assert (now["state"] == "shelved", now["shelved_until"]) == (False, None)
        assert (await last_alarm(client))[1]["shelved"] == []


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("acknowledge", {}, "by"),
        ("acknowledge", {"by": ""}, "by"),
        ("acknowledge", {"by": "a" * 501}, "by"),
        ("acknowledge", {"by": "anna", "notes": "x"}, "notes"),
        ("acknowledge", ["anna"], "body"),
        ("shelve", {"by": "anna"}, "until"),
        ("shelve", {"by": "anna", "for": "1 h", "until": 5}, "until"),
        ("shelve", {"by": "anna", "for": "soon"}, "for"),
        ("shelve", {"by": "anna", "for": 0}, "for"),
        ("shelve", {"by": "anna", "until": "soon"}, "until"),
        ("shelve", {"by": "anna", "until": -1}, "until"),
        ("shelve", {"by": "anna", "for": "900000 d"}, "body"),
    ],
)
async def test_wrong_fields_are_named(client, twin, verb, body, field) -> None:
    one, _ = await last_alarm(client)
    before = twin.position()
    answer = await client.post(f"/api/v1/alarms/{one['id']}/{verb}", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert twin.position() == before


@pytest.mark.parametrize(
    "alarm", ["x", "machining.block.OP10.1.heat", "machining.block.OP99.jam", "a.b.c.d.e.f", "%2E%2E", "é"]
)
async def test_an_alarm_that_never_was_is_not_found(client, alarm) -> None:
    for verb, body in (("acknowledge", {}), ("shelve", {"for": 5})):
        answer = await client.post(f"/api/v1/alarms/{alarm}/{verb}", json={"by": "a", **body})
        assert answer.status_code == 404


async def test_what_is_no_json_changes_nothing(own, ask) -> None:
    async with ask(create_app(own)) as client:
        one, _ = await last_alarm(client)
        address, body = f"/api/v1/alarms/{one['id']}/acknowledge", b'{"by": "anna"}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
            headers = {} if kind is None else {"content-type": kind}
            answer = await client.post(address, content=body, headers=headers)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (415, "content-type")
        answer = await client.post(address, content=b"{", headers=JSON)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")

        async def pieces():
            yield body

        answer = await client.post(address, content=pieces(), headers=JSON)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (411, "content-length")
        answer = await client.post(address, content=b" " * (1 << 20) + body, headers=JSON)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (413, "content-length")
        headers = {"content-type": "application/json; charset=utf-8"}
        assert (await client.post(address, content=body, headers=headers)).is_success


PAGES = [
    ("localhost:8000", {"origin": "http://localhost:8000"}, 200),
    ("127.0.0.1:8000", {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}, 200),
    ("[::1]:8000", {"origin": "http://[::1]:8000"}, 200),
    ("localhost:8000", {"origin": "http://localhost:8001"}, 403),
    ("localhost:8000", {"origin": "http://evil.example"}, 403),
    ("localhost:8000", {"origin": "null"}, 403),
    ("localhost:8000", {"origin": "http://[::1"}, 403),
    ("localhost:8000", {"sec-fetch-site": "cross-site"}, 403),
    ("localhost:8000", {"sec-fetch-site": "same-site"}, 403),
    ("evil.example:8000", {"origin": "http://evil.example:8000"}, 403),
]
"""Hosts and headers, and what becomes of a change that has them."""


async def test_pages_of_others_change_nothing(own, ask) -> None:
    async with ask(create_app(own)) as client:
        for place, (host, headers, status) in enumerate(PAGES):
            asked = {"host": host, **headers}
            before = own.counters().alerts
            answer = await client.post("/api/v1/alerts", json={"name": f"a{place}"}, headers=asked)
            assert (answer.status_code, own.counters().alerts - before) == (status, status == 200), asked
            assert (await client.get("/api/v1/alerts", headers=asked)).status_code == 200


async def test_a_token_is_needed_to_say_something_too(own, ask) -> None:
    async with ask(create_app(own, token=TOKEN)) as client:
        assert (await client.post("/api/v1/alerts", json={"name": "a"})).status_code == 401
        bearer = {"authorization": f"Bearer {TOKEN}", "origin": "https://behind.a.proxy"}
        assert (await client.post("/api/v1/alerts", json={"name": "a"}, headers=bearer)).status_code == 200
        cookie = {"cookie": f"shopfloor={TOKEN}", "host": "plant.example", "origin": "https://evil.example"}
        assert (await client.post("/api/v1/alerts", json={"name": "a"}, headers=cookie)).status_code == 403
        cookie["origin"] = "https://plant.example"
        assert (await client.post("/api/v1/alerts", json={"name": "a"}, headers=cookie)).status_code == 200


async def test_alerts_of_grafana_come_stand_and_go(tmp_path, ask) -> None:
    async with open_twin(PLANT, tmp_path, durable=False) as twin, ask(create_app(twin)) as client:
        assert (await client.post("/api/v1/alerts", json=GRAFANA)).status_code == 503
        await feed(twin, recorded()[1])
        assert (await client.post("/api/v1/alerts", json=GRAFANA)).json() == {"received": 1, "kept": 1, "standing": 1}
        assert (await client.post("/api/v1/alerts", json=GRAFANA)).json() == {"received": 1, "kept": 0, "standing": 1}
        (one,) = (await client.get("/api/v1/alerts")).json()["standing"]
        assert (one["name"], one["path"], one["by"]) == ("OEE below target", BLOCK, "shopfloor")
        assert (one["starts"], one["ends"]) == (1767577863157076, None)
        assert len(one["annotations"]["description"]) == 500
        assert [alert.name for alert in picture(twin)["alerts"]] == ["OEE below target"]
    async with open_twin(PLANT, tmp_path, durable=False) as twin, ask(create_app(twin)) as client:
        assert (await client.get("/api/v1/alerts")).json()["standing"] == [one]
        over = json.loads(json.dumps(GRAFANA))
        over["alerts"][0] |= {"status": "resolved", "endsAt": "2026-01-05T04:01:03+02:00"}
        assert (await client.post("/api/v1/alerts", json=over)).json()["standing"] == 0
        told = (await client.get("/api/v1/alerts")).json()
        assert (told["standing"], [a["fingerprint"] for a in told["past"]]) == ([], ["c6eadffa33fcdf37"])
        assert told["past"][0]["ends"] == 1767578463000000
        counters = (await client.get("/api/v1/health")).json()["counters"]
        assert (counters["alerts"], counters["alerts_standing"]) == (1, 0)
        assert "shopfloor_alerts_standing 0" in (await client.get("/metrics")).text


async def test_a_script_tells_of_an_alert_in_one_line(own, ask) -> None:
    async with ask(create_app(own)) as client:
        body = {"name": "press", "text": "oil low", "path": CAPS, "by": "cron"}
        await client.post("/api/v1/alerts", json=body)
        (one,) = (await client.get("/api/v1/alerts")).json()["standing"]
        assert (one["path"], one["annotations"], one["by"]) == (CAPS, {"summary": "oil low"}, "cron")
        (kept,) = (await client.get("/api/v1/history", params={"kind": "remark"})).json()["messages"]
        assert kept["path"] == CAPS
        await client.post("/api/v1/alerts", json={**body, "status": "resolved"})
        assert (await client.get("/api/v1/alerts")).json()["standing"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "a", "status": "burning"}, "status"),
        ({"name": "a", "what": 1}, "what"),
        ({"name": "a", "starts": "soon"}, "starts"),
        ({"name": "a", "labels": {str(i): "" for i in range(65)}}, "alerts"),
        ({"name": "a", "labels": {"k": "v" * 501}}, "alerts"),
        ({"alerts": 1}, "alerts"),
        ({"alerts": [{"status": "burning"}]}, "status"),
        ({"alerts": [{"status": "firing"}] * 501}, "alerts"),
        ([], "body"),
    ],
)
async def test_an_alert_that_cannot_be_is_refused(client, twin, body, field) -> None:
    answer = await client.post("/api/v1/alerts", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert twin.counters().alerts == 0
