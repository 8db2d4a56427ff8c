"""The contract of the API: what is asked, what is answered, and how wrong questions are refused."""

import random
import re
from itertools import pairwise

import httpx
import msgspec
import pytest

from broker import decode
from dashboards import create_app
from dashboards.picture import describe
from plant.description import Plant
from plant.messages import Delivery
from plant.states import State
from plant.time import HOUR, MINUTE, SECOND, format_instant
from tests.dashboards.heard import BLOCK, CAPS, END, MACHINES, PAST, PLANT, START
from twin import Twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATHS = (BLOCK, f"{BLOCK}/OP10", f"{BLOCK}/WASH", *MACHINES, CAPS)
TOKEN = "correct horse battery"  # noqa: S105 of this test only


async def get(client: httpx.AsyncClient, resource: str, **parameters):
    renamed = {name.rstrip("_"): value for name, value in parameters.items()}
    answer = await client.get(f"/api/v1/{resource}", params=renamed)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


# --- state -----------------------------------------------------------------------------------------------------------


async def test_health_says_how_far_the_twin_is(client, twin, deliveries) -> None:
    told = await get(client, "health")
    assert told["status"] == "ok"
    assert told["phase"] == {"name": "live", "progress": 1.0, "text": ""}
    assert [told["run"]] == told["runs"] == twin.runs()
    assert (told["from"], told["to"]) == (START, END)
    assert told["position"] == twin.position()
    assert told["counters"]["received"] == len(deliveries)
    assert told["counters"]["gaps"] == told["counters"]["duplicates"] == 0


async def test_the_plant_is_told_in_flow_order_with_signals_and_states(client) -> None:
    told = await get(client, "plant")
    block, caps = told["lines"]
    assert (told["plant"], block["path"], caps["path"]) == ("works", BLOCK, CAPS)
    assert [station["name"] for station in block["stations"]] == ["OP10", "WASH", "OP20"]
    assert [machine for line in told["lines"] for station in line["stations"] for machine in station["machines"]] == [
        *MACHINES
    ]
    assert block["stations"][0]["ideal_cycle_us"] == 115 * SECOND
    assert [station["ideal_cycle_derived"] for station in block["stations"]] == [False, True, True]
    assert set(told["states"]) == set(State)
    assert all({"title", "colour", "hatch", "symbol"} <= set(row) for row in told["states"].values())
    assert told["types"]["grinder"]["tags"]["power"]["unit_symbol"] == "kW"


async def test_stations_have_the_signals_of_their_birth_documents(client, simulation) -> None:
    told = await get(client, "plant")
    births = {node.path: message.tags for node, message in simulation.births() if message.kind == "meta"}
    types = told["types"]
    for station in (station for line in told["lines"] for station in line["stations"]):
        for machine in station["machines"]:
            assert station["tags"] == list(births[machine])
            for tag, about in births[machine].items():
                known = types[station["type"]]["tags"][tag]
                assert (known["unit"], known["datatype"], known["title"]) == (about.unit, about.datatype, about.title)


async def test_a_station_without_air_has_no_meter_of_it_beside_one_of_its_type_that_has() -> None:
    stations = [{"name": name, "type": "press", "cycle_time": "9 s"} for name in "ABC"]
    stations[1]["power"] = {"air": {"processing": "90 L/min"}}
    told = describe(Plant.model_validate({"plant": "p", "lines": [{"name": "l", "stations": stations}]}))
    own = [set(station["tags"]) for station in told["lines"][0]["stations"]]
    assert own[1] - own[0] == {"air_flow"}
    assert own[0] == own[2]
    assert set(told["types"]["press"]["tags"]) == own[1]


@pytest.mark.parametrize("path", PATHS)
async def test_state_is_what_the_mirror_holds(client, twin, path) -> None:
    told = await get(client, f"state/{path}")
    assert ageless(told) == ageless(msgspec.to_builtins(twin.state(path)))


def ageless(view: dict) -> dict:
    """Without the wall time since its connection was heard."""
    assert view["staleness_us"] >= 0
    return view | {"staleness_us": 0, "children": [ageless(child) for child in view["children"]]}


async def test_state_of_a_past_instant(client, simulation) -> None:
    for line in PLANT.lines:
        for station in line.stations:
            for node in line.machines(station):
                for interval in simulation.ledger.intervals(node)[1:40:7]:
                    at = format_instant(START + interval.begin)
                    reported = (await get(client, f"state/{node.path}", at=at))["reported"]
                    assert (reported["state"], reported["reason"]) == (interval.state, interval.reason)
                    assert reported["since"] == START + interval.begin


async def test_dead_letters_come_with_their_reason(deaf, ask) -> None:
    await deaf.take([Delivery(topic="shopfloor/v1/local/works/machining/block/WASH/state", payload=b"{")])
    async with ask(create_app(deaf)) as client:
        told = await get(client, "deadletters")
    (reason,) = told["counts"]
    assert told["counts"][reason] == 1
    assert told["letters"][-1]["reason"] == reason
    assert told["letters"][-1]["topic"].endswith("/WASH/state")


async def test_metrics_are_prometheus_text(client, twin, deliveries) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(samples["shopfloor_messages_received_total"]) == len(deliveries)
    assert float(samples["shopfloor_journal_position"]) == twin.position()
    families = {line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")}
    assert {name.partition("{")[0] for name in samples} <= families


# --- KPIs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_r10_kpis_are_the_twins_with_bounds_coverage_and_parts(client, twin, path) -> None:  # R10
    told = await get(client, "kpis", path=path, from_=START + 10 * MINUTE, to=format_instant(END - 7 * MINUTE))
    assert (told["path"], told["from"], told["to"]) == (path, START + 10 * MINUTE, END - 7 * MINUTE)
    assert told["kpis"] == msgspec.to_builtins(twin.kpis(path, START + 10 * MINUTE, END - 7 * MINUTE))
    for name, figure in told["kpis"].items():
        assert {"value", "lower", "upper", "coverage", "parts", "unit", "profile", "revision"} <= set(figure), name
        assert figure["value"] is not None or figure["reason"], name


async def test_kpis_default_to_the_last_hour_of_the_newest_run(client, twin) -> None:
    told = await get(client, "kpis", path=BLOCK)
    assert (told["from"], told["to"]) == (END - HOUR, END)
    assert told == await get(client, "kpis", path=BLOCK, run=twin.runs()[-1], from_=END - HOUR, to=END)


async def test_only_the_kpis_that_are_asked_for(client) -> None:
    told = await get(client, "kpis", path=BLOCK, kpi=["oee", "wip"])
    assert set(told["kpis"]) == {"oee", "wip"}


@pytest.mark.parametrize("path", [BLOCK, f"{BLOCK}/OP10", MACHINES[3]])
async def test_windows_by_hour_add_up_to_the_whole(client, path) -> None:
    begin, end = START + 13 * MINUTE, END - 5 * SECOND
    whole = await get(client, "kpis", path=path, from_=begin, to=end)
    cut = await get(client, "kpis", path=path, from_=begin, to=end, by="hour")
    borders = [cut["windows"][0]["from"], *(window["to"] for window in cut["windows"])]
    assert borders == [begin, START + HOUR, end]
    for name in ("availability", "quality_ratio", "oee", "throughput"):
        parts = [window["kpis"][name]["parts"] for window in cut["windows"]]
        total = whole["kpis"][name]["parts"]
        sums = {key: sum(each[key] for each in parts) for key in total}
        assert sums == total, name


async def test_a_day_is_cut_at_midnight_utc(client) -> None:
    cut = await get(client, "kpis", path=CAPS, from_="2026-01-04T22:00Z", to="2026-01-06T01:00Z", by="day")
    assert [format_instant(window["from"]) for window in cut["windows"]] == [
        "2026-01-04T22:00:00Z",
        "2026-01-05T00:00:00Z",
        "2026-01-06T00:00:00Z",
    ]


@pytest.mark.parametrize("path", MACHINES)
async def test_what_is_behind_a_number_explains_it(client, path) -> None:
    told = await get(client, "kpis/explain", path=path, from_=START + MINUTE, to=END - MINUTE)
    assert sum(told["time_us"].values()) == PAST - 2 * MINUTE
    time = dict.fromkeys(told["time_us"], 0)
    for interval in told["intervals"]:
        time[interval["state"]] += interval["end"] - interval["begin"]
    assert time == told["time_us"]
    assert told["kpis"]["availability"]["parts"]["APT"] == time.get("processing", 0)
    assert len(told["cycles_us"]) == told["kpis"]["quality_ratio"]["parts"]["PQ"]


@pytest.mark.parametrize("path", PATHS)
async def test_one_number_is_explained_by_its_formula_and_all_that_it_is_made_of(client, path) -> None:
    window = {"path": path, "from_": START + MINUTE, "to": END - MINUTE}
    for name in ("availability", "quality_ratio", "minor_stop_time", "effectiveness"):
        told = await get(client, "kpis/explain", kpi=name, **window)
        assert told["figure"] == (await get(client, "kpis", kpi=name, **window))["kpis"][name]
        assert set(re.findall(r"[A-Za-z_]+", told["formula"])) <= set(told["figure"]["parts"])
        assert sum(told["waterfall"].values()) == told["figure"]["parts"]["window"]
        for kind in ("intervals", "part_events"):
            assert len(told[kind]) == min(told[f"{kind}_count"], 1000)
        if told["intervals_count"] == len(told["intervals"]) and name == "availability":
            time = sum(i["end"] - i["begin"] for i in told["intervals"] if i["state"] == "processing")
            assert time == told["figure"]["parts"]["APT"]
        if told["part_events_count"] == len(told["part_events"]) and name == "quality_ratio":
            finished = sum(event["event"] == "finished" for event in told["part_events"])
            assert finished == told["figure"]["parts"]["PQ"]
    assert (told["id"], told["number"], told["better"]) == ("effectiveness", 9, "higher")
    oee = next(each for each in told["families"] if each["family"].startswith("ISO 22400"))
    assert (
        oee["denominator"]
        == (await get(client, "kpis", kpi="availability", **window))["kpis"]["availability"]["parts"]["PBT"]
    )


# --- history ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_intervals_of_every_machine_below_a_path_tile_the_window(client, path) -> None:
    told = await get(client, "intervals", path=path, from_=START + MINUTE, to=END + MINUTE)
    assert list(told["machines"]) == [machine for machine in MACHINES if f"{machine}/".startswith(f"{path}/")]
    for intervals in told["machines"].values():
        assert (intervals[0]["begin"], intervals[-1]["end"]) == (START + MINUTE, END + MINUTE)
        assert all(before["end"] == after["begin"] for before, after in pairwise(intervals))
        assert intervals[-1]["state"] == "unknown"  # nobody knows what comes after the confirmed present


async def test_a_part_tells_where_it_has_been(client, simulation) -> None:
    journeys = [j for j in simulation.ledger.journeys() if (j.line, j.part) == ("block", "block-3")]
    told = await get(client, "genealogy", path=BLOCK, part="block-3")
    moments = ("enter", "start", "finish", "leave")
    assert [[visit[key] for key in ("entered", "started", "finished", "left")] for visit in told["visits"]] == [
        [None if (at := getattr(journey, moment)) is None else START + at for moment in moments]
        for journey in sorted(journeys, key=lambda journey: journey.enter)
    ]
    assert told["made_of"] == told["built_into"] == told["came_out_of"] == told["taken_apart_into"] == []


async def test_a_part_that_nobody_heard_of_is_told_so(client) -> None:
    for path, part, status, field in [(BLOCK, "nobody", 404, "part"), (f"{BLOCK}/OP10", "block-3", 422, "path")]:
        answer = await client.get("/api/v1/genealogy", params={"path": path, "part": part})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


async def test_output_counts_what_left_the_line(client, simulation) -> None:
    told = await get(client, "output", path=BLOCK, from_=START, to=END, step="7min")
    assert told["t"] == list(range(START, END, 7 * MINUTE))
    passages = simulation.ledger.passages("block")
    shipped = [p.left for p in passages if p.good and p.left is not None and p.left < PAST]
    assert told["parts"] == [sum(t <= START + left < t + 7 * MINUTE for left in shipped) for t in told["t"]]
    assert sum(told["parts"]) > 30


async def test_a_signal_comes_as_min_mean_max_last(client) -> None:
    told = await get(client, "series", path=MACHINES[3], tag="power", from_=END - 10 * MINUTE, to=END, step="30s")
    assert told["t"] == list(range(END - 10 * MINUTE, END, 30 * SECOND))
    rows = list(zip(told["min"], told["mean"], told["max"], told["last"], strict=True))
    assert len(rows) == len(told["t"])
    assert all(low <= mean <= high and low <= last <= high for low, mean, high, last in rows)
    assert max(told["max"]) > 5  # a grinder at work


async def test_nothing_is_drawn_where_nothing_was_measured(client) -> None:
    told = await get(client, "series", path=MACHINES[3], tag="power", from_=END + MINUTE, to=END + 2 * MINUTE)
    assert set(told["mean"]) == {None}


@pytest.mark.parametrize("resource", ["output", "series"])
async def test_as_many_steps_as_are_allowed_and_one_more(client, resource) -> None:
    asked = {"path": MACHINES[3], "tag": "power", "from_": START, "step": "100ms"}
    assert len((await get(client, resource, **asked, to=START + 1000 * SECOND))["t"]) == 10_000
    answer = await client.get(f"/api/v1/{resource}", params={**asked, "from": START, "to": START + 1000 * SECOND + 1})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "step")


async def test_alarms_are_the_failures_that_were(client, simulation) -> None:
    told = await get(client, "alarms", path=BLOCK, from_=START, to=END)
    machines = [node for line in PLANT.lines for s in line.stations for node in line.machines(s)]
    failed = {
        (node.path, START + one.begin, START + one.end)
        for node in machines
        for one in simulation.ledger.intervals(node)
        if one.state == "failed"
    }
    over = {(o["path"], o["raised"], o["cleared"]) for o in told["occurrences"] if not o["active"]}
    assert over <= failed
    assert told["count"] == len(told["occurrences"]) == len(failed)
    assert told["standing"] == sum(o["active"] for o in told["occurrences"])
    one = await get(client, "alarms", path=f"{BLOCK}/OP20", from_=START, to=END)
    assert one["occurrences"] == [o for o in told["occurrences"] if o["path"] == f"{BLOCK}/OP20"]


async def test_a_control_chart_is_made_of_what_was_measured(client, deliveries) -> None:
    grinder = f"{BLOCK}/OP20"
    told = await get(client, "spc", path=grinder, characteristic="bore", from_=START + HOUR)
    messages = [decode(d.topic, d.payload)[1] for d in deliveries if d.topic.endswith("block/OP20/quality")]
    late = [m for m in messages if m.ts >= START + HOUR]
    assert [(p["at"], p["parts"], p["value"]) for p in told["points"]] == [
        (m.ts, [m.part], m.values["bore"].v) for m in late
    ]
    assert told["baseline"] == len(late) > 30
    assert told["location"]["centre"] == pytest.approx(82, abs=0.004)
    assert told["location"]["sigma"] == pytest.approx(0.004, rel=0.5)
    means = await get(
        client, "spc", path=grinder, characteristic="bore", chart="xbar-r", subgroup=4, rules="western-electric"
    )
    assert len(means["points"]) == len(messages) // 4
    assert set(means["rules"]) == {"beyond-limits", "two-of-three", "four-of-five", "eight-on-a-side"}


# --- wrong questions -------------------------------------------------------------------------------------------------

REFUSALS = [
    ("state/machining/block/OP99", {}, 404, "path"),
    ("state/machining/block/OP10/3", {}, 404, "path"),
    ("state/machining/block/WASH/1", {}, 404, "path"),
    ("state/block", {}, 422, "path"),
    ("state/machining/block", {"at": "yesterday"}, 422, "at"),
    ("state/machining/block", {"run": "nope"}, 404, "run"),
    ("kpis", {}, 422, "path"),
    ("kpis", {"path": BLOCK, "from": "soon"}, 422, "from"),
    ("kpis", {"path": BLOCK, "to": "1e3"}, 422, "to"),
    ("kpis", {"path": BLOCK, "from": END, "to": START}, 422, "from"),
    ("kpis", {"path": BLOCK, "from": START, "to": START}, 422, "from"),
    ("kpis", {"path": BLOCK, "by": "fortnight"}, 422, "by"),
    ("kpis", {"path": BLOCK, "by": "hour", "from": 0, "to": END}, 422, "by"),
    ("kpis", {"path": BLOCK, "kpi": "beauty"}, 404, "kpi"),
    ("kpis", {"path": BLOCK, "run": "nope"}, 404, "run"),
    ("kpis/explain", {"path": BLOCK}, 422, "path"),
    ("kpis/explain", {"path": BLOCK, "kpi": "beauty"}, 404, "kpi"),
    ("kpis/explain", {"path": BLOCK, "kpi": "queue"}, 404, "kpi"),
    ("intervals", {"path": "x/y"}, 404, "path"),
    ("output", {"path": BLOCK, "step": "0"}, 422, "step"),
    ("output", {"path": BLOCK, "step": "-10"}, 422, "step"),
    ("output", {"path": BLOCK, "step": "1 fortnight"}, 422, "step"),
    ("output", {"path": BLOCK, "step": "1us"}, 422, "step"),
    ("series", {"path": BLOCK, "tag": "power"}, 422, "path"),
    ("series", {"path": MACHINES[0]}, 422, "tag"),
    ("series", {"path": MACHINES[0], "tag": "charm"}, 404, "tag"),
    ("spc", {"path": MACHINES[3]}, 422, "characteristic"),
    ("spc", {"path": MACHINES[3], "characteristic": "charm"}, 404, "characteristic"),
    ("spc", {"path": BLOCK, "characteristic": "bore"}, 422, "path"),
    ("spc", {"path": MACHINES[3], "characteristic": "bore", "chart": "pie"}, 422, "chart"),
    ("spc", {"path": MACHINES[3], "characteristic": "bore", "subgroup": 1}, 422, "subgroup"),
    ("spc", {"path": MACHINES[3], "characteristic": "bore", "rules": "golden"}, 422, "rules"),
    ("events", {"stream": "gossip"}, 422, "stream"),
    ("events", {"after": "-1"}, 422, "after"),
]


@pytest.mark.parametrize(("resource", "parameters", "status", "field"), REFUSALS)
async def test_a_refusal_says_which_field_and_why(client, resource, parameters, status, field) -> None:
    answer = await client.get(f"/api/v1/{resource}", params=parameters)
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"]


async def test_nothing_that_is_asked_breaks_the_server(client) -> None:
    """Several hundred nonsensical questions: each is answered or refused."""
    draw = random.Random(7)
    nasty = ["", "0", "-1", "1e999999", "9" * 400, "²", "\x00", "../..", "%", "null", "2026-01-05", "10 s", "∞", "1us"]
    values = [*nasty, BLOCK, *MACHINES, str(START), str(END), "hour", "day", "shift", "oee", "power", "state"]
    names = ["path", "from", "to", "by", "kpi", "run", "step", "tag", "at"]
    names += ["kind", "limit", "cursor", "order", "format"]
    for _ in range(400):
        resource = draw.choice(["state/" + draw.choice(["x", BLOCK, "%00", "a//b"]), "kpis", "kpis/explain",
                                "intervals", "output", "series", "history", "export/kpis", "export/parts", "export/x"])
        parameters = {name: draw.choice(values) for name in draw.sample(names, draw.randint(1, 5))}
        if draw.random() < 0.7:
            parameters["path"] = draw.choice([BLOCK, *MACHINES])
        answer = await client.get(f"/api/v1/{resource}", params=parameters)
        assert answer.status_code in {200, 404, 422}, (resource, parameters)
        if answer.status_code != 200 and "errors" in answer.json():
            assert answer.json()["errors"][0]["message"]


async def test_a_twin_that_heard_nothing_says_so(deaf: Twin, ask) -> None:
    async with ask(create_app(deaf)) as client:
        health = await get(client, "health")
        assert (health["run"], health["runs"], health["from"]) == (None, [], None)
        assert (await get(client, "plant"))["plant"] == "works"
        for resource in (f"state/{BLOCK}", f"kpis?path={BLOCK}", f"output?path={BLOCK}"):
            answer = await client.get(f"/api/v1/{resource}")
            assert answer.status_code == 404
            assert answer.json()["errors"][0]["field"] == "run"
        assert (await client.get("/metrics")).status_code == 200


# --- who may ask, and the frame of every answer ----------------------------------------------------------------------


async def test_the_policy_goes_with_every_answer(client) -> None:
    for address in ("/", "/api/docs", "/page/app.js", "/api/v1/health", "/api/v1/state/none", "/nowhere"):
        answer = await client.get(address)
        assert answer.headers["content-security-policy"].startswith("default-src 'self';"), address
        assert answer.headers["x-content-type-options"] == "nosniff", address


async def test_a_token_is_needed_where_one_is_set(twin, ask) -> None:
    async with ask(create_app(twin, token=TOKEN)) as client:
        for address in ("/", "/api/v1/health", "/page/app.js", "/api/openapi.json", "/metrics"):
            answer = await client.get(address)
            assert answer.status_code == 401, address
            assert answer.json()["errors"][0]["field"] == "authorization"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert (await client.get(address, headers={"authorization": "Bearer wrong"})).status_code == 401
            allowed = await client.get(address, headers={"authorization": f"Bearer {TOKEN}"})
            assert allowed.status_code == 200, address


async def test_a_browser_gives_the_token_once(twin, ask) -> None:
    async with ask(create_app(twin, token=TOKEN)) as client:
        assert (await client.get("/", params={"token": "wrong"})).status_code == 401
        answer = await client.get("/", params={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert (await client.get("/")).status_code == 200
        assert (await client.get("/api/v1/health")).status_code == 200


async def test_the_documented_questions_are_the_ones_that_exist(client) -> None:
    told = (await client.get("/api/openapi.json")).json()
    assert set(told["paths"]) == {
        "/api/v1/health",
        "/api/v1/plant",
        "/api/v1/bottleneck",
        "/api/v1/pareto",
        "/api/v1/kpis/catalogue",
        "/api/v1/panels",
        "/api/v1/panels/{id}/data",
        "/api/v1/kpiml/{document}",
        "/api/v1/state/{path}",
        "/api/v1/kpis",
        "/api/v1/kpis/explain",
        "/api/v1/intervals",
        "/api/v1/output",
        "/api/v1/series",
        "/api/v1/spc",
        "/api/v1/alarms",
        "/api/v1/alarms/{id}/acknowledge",
        "/api/v1/alarms/{id}/shelve",
        "/api/v1/alerts",
        "/api/v1/corrections",
        "/api/v1/revisions",
        "/api/v1/genealogy",
        "/api/v1/history",
        "/api/v1/export/{table}",
        "/api/v1/events",
        "/api/v1/deadletters",
        "/metrics",
    }
    assert all(question["summary"] for verbs in told["paths"].values() for question in verbs.values())
    names = {parameter["name"] for parameter in told["paths"]["/api/v1/kpis"]["get"]["parameters"]}
    assert names == {"path", "from", "to", "by", "kpi", "run", "asof"}
