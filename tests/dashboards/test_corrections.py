"""Corrections are entered, journaled, and followed by figures with a new revision; wrong ones are refused by field."""

import pytest
import pytest_asyncio

from dashboards import create_app
from plant.time import HOUR, MINUTE
from tests.dashboards.heard import BLOCK, END, PLANT, START, feed, recorded
from twin import open_twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

MACHINE = f"{BLOCK}/OP10/1"
REASON = {"from": 1, "to": 2, "reason": "x"}
CALENDAR = {"from": 1, "to": 2, "planned": "off"}
WINDOW = {"from": str(START + 30 * MINUTE), "to": str(START + HOUR)}


@pytest_asyncio.fixture(loop_scope="session")
async def own(tmp_path, ask):
    """A client and the twin behind it, to be changed."""
    async with open_twin(PLANT, tmp_path, durable=False) as twin:
        await feed(twin, recorded()[1])
        async with ask(create_app(twin)) as client:
            yield client, twin


async def correct(client, **said):
    return await client.post("/api/v1/corrections", json={"path": MACHINE, "by": "anna", **said})


async def figure(client, kpi: str) -> dict:
    answer = await client.get("/api/v1/kpis", params={"path": MACHINE, "kpi": kpi, **WINDOW})
    return answer.json()["kpis"][kpi]


async def test_a_part_is_bad_after_all(own) -> None:
    client, twin = own
    before = await figure(client, "scrap_ratio")
    assert (before["status"], before["revision"]) == ("final", 1)
    begin, end = START + 30 * MINUTE, START + HOUR
    part = next(part for _, event, part in twin.part_events(MACHINE, begin, end) if event == "finished")
    answer = await correct(client, disposition={"part": part, "verdict": "scrap"}, note="crack found at audit")
    assert answer.status_code == 201, answer.text
    after = await figure(client, "scrap_ratio")
    assert after["revision"] == 2
    assert after["parts"]["SQ"] == before["parts"]["SQ"] + 1
    assert after["parts"]["PQ"] == before["parts"]["PQ"]
    (revision,) = answer.json()["revisions"]
    assert revision["causes"] == [answer.json()["position"]]
    assert {"GQ", "SQ"} <= set(revision["hours"][0]["parts"])
    await correct(client, disposition={"part": part, "verdict": "good"})
    again = await figure(client, "scrap_ratio")
    assert (again["value"], again["revision"]) == (before["value"], 3)
    told = (await client.get("/api/v1/corrections", params={"path": BLOCK})).json()["corrections"]
    assert [(one["about"]["verdict"], one["note"]) for one in told] == [("scrap", "crack found at audit"), ("good", "")]
    listed = (await client.get("/api/v1/revisions", params={"path": MACHINE, **WINDOW})).json()
    assert [one["number"] for one in listed["revisions"]] == [2, 1]
    asked = {"path": MACHINE, "kpi": "scrap_ratio", **WINDOW}
    compared = (await client.get("/api/v1/revisions", params=asked)).json()["revisions"]
    values = [(one["before"], one["after"]) for one in compared]
    assert values == [(after["value"], before["value"]), (before["value"], after["value"])]
    assert compared[0]["at"] >= compared[1]["at"] > 0


async def test_a_stop_gets_another_reason(own) -> None:
    client, twin = own
    stops = [i for i in twin.intervals(MACHINE, START, END) if i.state == "failed" and i.end - i.begin > 10]
    stop = stops[0]
    middle = (stop.begin + stop.end) // 2
    said = {"from": middle, "to": stop.end + MINUTE, "reason": "no-coolant"}
    answer = await correct(client, reason=said)
    assert answer.status_code == 201, answer.text
    told = [i for i in twin.intervals(MACHINE, START, END) if i.recorded is not None]
    assert (told[0].begin, told[0].end, told[0].reason, told[0].recorded) == (
        middle, stop.end, "no-coolant", stop.reason,
    )  # fmt: skip
    at = await client.get(f"/api/v1/state/{MACHINE}", params={"at": str(middle)})
    assert at.json()["reported"]["reason"] == "no-coolant"
    (revision,) = answer.json()["revisions"]
    assert revision["hours"][0]["parts"]["failed: no-coolant"] == [0, stop.end - middle]
    whole = {"path": MACHINE, "from": str(START), "to": str(END)}
    rows = (await client.get("/api/v1/pareto", params=whole)).json()["rows"]
    assert sum(row["time_us"] for row in rows if row["reason"] == "no-coolant") >= stop.end - middle


async def test_a_part_that_left_the_line_is_scrap_after_all_and_good_again(own) -> None:
    client, twin = own
    path, window = BLOCK, (START, START + HOUR)
    last = next(part for at, event, part in twin.part_events(f"{BLOCK}/OP20", *window) if event == "left")

    def shipped() -> tuple[int, int, int]:
        told = twin.kpis(path, *window, names=["throughput"])["throughput"]
        state = twin.state(path).reported
        return told.parts["shipped"], state["parts_out"], state["parts_scrapped"]

    before = shipped()
    good = twin.booked(path, last)[0][1] == "good"
    for verdict, change in (("scrap", -1 if good else 0), ("scrap", -1 if good else 0), ("good", 0 if good else 1)):
        said = {"path": path, "by": "anna", "disposition": {"part": last, "verdict": verdict}}
        answer = await client.post("/api/v1/corrections", json=said)
        assert answer.status_code == 201, answer.text
        assert shipped() == (before[0] + change, before[1] + change, before[2] - change)


async def test_the_plan_is_another_one_afterwards(own) -> None:
    """A planned stop takes its time out of planned busy time, whatever the machine did; the last word counts."""
    client, twin = own
    window = (START + 30 * MINUTE, START + HOUR)

    def parts(path: str = MACHINE) -> dict[str, int]:
        values = twin.kpis(path, *window, names=["availability", "parts_outside_pbt", "oee"])
        return {name: part for value in values.values() for name, part in value.parts.items()}

    before = parts()
    said = {"from": str(window[0]), "to": str(window[0] + 10 * MINUTE), "planned": "pause"}
    answer = await correct(client, path=BLOCK, calendar=said)
    assert answer.status_code == 201, answer.text
    stopped = parts()
    assert stopped["PBT"] == before["PBT"] - 10 * MINUTE
    assert stopped["APT"] < before["APT"]
    assert stopped["PQ_outside"] > before["PQ_outside"] == 0
    assert stopped["PRI_GQ"] == before["PRI_GQ"]
    assert (await figure(client, "oee"))["revision"] == 2
    rows = twin.pareto(MACHINE, *window).rows
    assert {row.bucket for row in rows} <= {"planned_stop", "breakdown", "minor_stop", "blocked", "starved"}
    by = (await client.get("/api/v1/kpis", params={"path": MACHINE, "by": "product", "kpi": "availability", **WINDOW}))
    assert sum(one["kpis"]["availability"]["parts"]["PBT"] for one in by.json()["windows"]) == stopped["PBT"]
    await correct(client, calendar={**said, "planned": "off"})
    assert parts()["PBT"] == stopped["PBT"]
    assert twin.kpis(f"{BLOCK}/OP10/2", *window, names=["availability"])["availability"].parts["PBT"] == 20 * MINUTE
    await correct(client, calendar={**said, "planned": "work"})
    assert parts() == before


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        ({}, 422, "body"),
        ({"reason": REASON, "calendar": CALENDAR}, 422, "body"),
        ({"reason": {"from": 2, "to": 1, "reason": "x"}}, 422, "reason.from"),
        ({"reason": {"from": "noon", "to": 1, "reason": "x"}}, 422, "reason.from"),
        ({"reason": {"from": 1, "to": 2, "reason": ""}}, 422, "reason.reason"),
        ({"reason": {"from": 1, "to": 2}}, 422, "reason"),
        ({"disposition": {"part": "nobody", "verdict": "good"}}, 404, "disposition.part"),
        ({"disposition": {"part": "nobody", "verdict": "fine"}}, 422, "disposition.verdict"),
        ({"path": BLOCK, "disposition": {"part": "nobody", "verdict": "good"}}, 404, "disposition.part"),
        ({"path": BLOCK, "disposition": {"part": "nobody", "verdict": "rework"}}, 422, "disposition.verdict"),
        ({"path": f"{BLOCK}/OP10", "disposition": {"part": "nobody", "verdict": "good"}}, 422, "path"),
        ({"path": "no/where", "calendar": CALENDAR}, 404, "path"),
        ({"calendar": {"from": 1, "to": 2, "planned": "holiday"}}, 422, "calendar.planned"),
        ({"colour": "blue"}, 422, "body"),
        ({"by": "", "calendar": CALENDAR}, 422, "by"),
        ({"run": "other", "calendar": CALENDAR}, 404, "run"),
    ],
)  # fmt: skip
async def test_wrong_corrections_are_refused_by_field(own, said, status, field) -> None:
    client, twin = own
    position = twin.position()
    answer = await correct(client, **said)
    assert answer.status_code == status, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert twin.position() == position


async def test_a_body_that_is_no_json_is_refused(own) -> None:
    client, _ = own
    answer = await client.post("/api/v1/corrections", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")
