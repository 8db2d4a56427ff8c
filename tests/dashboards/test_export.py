"""What is carried away is what the API answers: every table read back from every format."""

import asyncio
import csv
import io
import json

import msgspec
import pytest
import pytest_asyncio

from dashboards import create_app
from dashboards.export import MOST_ROWS
from dashboards.tables import TABLES
from plant.messages import Alarm, Delivery
from plant.time import HOUR, MINUTE, SECOND
from tests.dashboards.carried import from_csv, from_parquet, from_xlsx, roughly
from tests.dashboards.heard import feed, record
from tests.dashboards.jobs import END, JOBS, SHOP, START
from twin import Twin, open_twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

WINDOW = {"from": START + 20 * MINUTE, "to": END - 10 * MINUTE}
PATHS = (None, SHOP, f"{SHOP}/SAW", f"{SHOP}/SAW/2", f"{SHOP}/LATHE", "main/wash")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def jobs(tmp_path_factory):
    """A twin that heard three hours of a shop with orders and measurements."""
    _, deliveries = record(JOBS, 3 * HOUR)
    async with open_twin(JOBS, tmp_path_factory.mktemp("jobs"), durable=False) as twin:
        await feed(twin, deliveries)
        assert twin.counters().dead_letters == {}
        yield twin


@pytest_asyncio.fixture(loop_scope="session")
async def shop(jobs, ask):
    async with ask(create_app(jobs)) as client:
        yield client


async def get(client, resource: str, **asked) -> dict:
    answer = await client.get(f"/api/v1/{resource}", params={k: v for k, v in asked.items() if v is not None})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def export(shop, tmp_path):
    """A table as it comes back from all formats, which must agree."""

    async def read(table: str, **asked) -> list[dict]:
        found = {}
        for kind in ("csv", "xlsx", "parquet"):
            parameters = {k: v for k, v in {**WINDOW, **asked}.items() if v is not None}
            answer = await shop.get(f"/api/v1/export/{table}", params={"format": kind, **parameters})
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-disposition"].endswith(f'.{kind}"')
            kinds = TABLES[table].columns
            if kind == "parquet":
                found[kind] = blank(from_parquet(answer.content, kinds, tmp_path))
            else:
                found[kind] = blank((from_csv if kind == "csv" else from_xlsx)(answer.content, kinds))
        assert found["csv"] == found["parquet"]
        assert found["xlsx"] == [roughly(row) for row in found["csv"]]
        return found["csv"]

    return read


def blank(rows: list[dict]) -> list[dict]:
    """Where there is no text, a spreadsheet cannot say whether it is empty or none."""
    return [{k: None if v == "" else v for k, v in row.items()} for row in rows]


# --- KPIs ------------------------------------------------------------------------------------------------------------

FIGURE = ("value", "lower", "upper", "coverage", "unit", "profile", "revision", "reason")


def same_figures(rows: list[dict], told: dict) -> None:
    assert {row["kpi"] for row in rows} == set(told)
    for row in rows:
        figure = told[row["kpi"]]
        assert {key: row[key] for key in FIGURE} == {key: figure[key] for key in FIGURE}
        assert json.loads(row["parts"]) == figure["parts"]


@pytest.mark.parametrize("path", [None, SHOP, f"{SHOP}/SAW/2"])
async def test_kpis_are_those_of_the_api(shop, export, path) -> None:
    rows = await export("kpis", path=path)
    nodes = list(dict.fromkeys((row["path"], row["kind"]) for row in rows))
    expected = [("jobs", "site"), ("cutting", "area"), ("main", "area"), (SHOP, "line"),
                (f"{SHOP}/SAW", "station"), (f"{SHOP}/SAW/1", "machine"), (f"{SHOP}/SAW/2", "machine"),
                (f"{SHOP}/LATHE", "station"), ("main/wash", "line"), ("main/wash/TUB", "station")]  # fmt: skip
    assert nodes == [node for node in expected if path is None or f"{node[0]}/".startswith(f"{path}/")]
    for node, _ in nodes:
        told = await get(shop, "kpis", path=node, **WINDOW)
        mine = [row for row in rows if row["path"] == node]
        assert {(row["from"], row["to"], row["name"], row["day"]) for row in mine} == {(*WINDOW.values(), None, None)}
        same_figures(mine, told["kpis"])


async def test_an_area_has_the_sums_of_its_lines_and_the_site_those_of_all(shop, export) -> None:
    rows = await export("kpis", path="cutting")
    assert next(row["kind"] for row in rows) == "area"
    site = (await get(shop, "kpis", path="", **WINDOW))["kpis"]
    assert site == (await get(shop, "kpis", path="jobs", **WINDOW))["kpis"]
    lines = [(await get(shop, "kpis", path=path, **WINDOW))["kpis"] for path in (SHOP, "main/wash")]
    for name in ("availability", "oee.pooled", "quality_ratio", "lead_time", "schedule_attainment", "throughput_rate"):
        for part, total in site[name]["parts"].items():
            assert total == sum(line[name]["parts"][part] for line in lines)
    assert site["throughput"]["value"] == pytest.approx(sum(line["throughput"]["value"] for line in lines))
    assert site["wip"]["value"] == pytest.approx(sum(line["wip"]["value"] for line in lines))
    for name in ("oee", "oee.line", "rolled_throughput_yield"):
        assert (site[name]["value"], site[name]["reason"]) == (None, "not_pooled")


@pytest.mark.parametrize("by", ["order", "product"])
@pytest.mark.parametrize("path", ["", SHOP, f"{SHOP}/SAW"])
async def test_shares_of_orders_and_products_are_those_of_the_api_and_add_up(shop, export, by, path) -> None:
    rows = await export("kpis", path=path or None, by=by, kpi="quality_ratio")
    told = (await get(shop, "kpis", path=path, by=by, kpi="quality_ratio", **WINDOW))["windows"]
    mine = [row for row in rows if row["path"] == (path or "jobs")]
    assert [row["name"] for row in mine] == [one["name"] for one in told]
    assert [json.loads(row["parts"]) for row in mine] == [one["kpis"]["quality_ratio"]["parts"] for one in told]
    whole = (await get(shop, "kpis", path=path, kpi="quality_ratio", **WINDOW))["kpis"]["quality_ratio"]["parts"]
    assert whole["PQ"] > 0
    assert whole == {name: sum(json.loads(row["parts"])[name] for row in mine) for name in whole}
    assert len(told) > 1
    assert told[-1]["name"] is None


@pytest.mark.parametrize("by", ["hour", "shift", "day"])
async def test_kpis_by_window_are_those_of_the_api(shop, export, by) -> None:
    rows = await export("kpis", path=SHOP, by=by)
    for node in (SHOP, f"{SHOP}/LATHE"):
        told = (await get(shop, "kpis", path=node, by=by, **WINDOW))["windows"]
        mine = [row for row in rows if row["path"] == node]
        windows = list(dict.fromkeys((row["from"], row["to"], row["name"], row["day"]) for row in mine))
        assert windows == [(one["from"], one["to"], one["name"], one["day"]) for one in told]
        assert len(windows) > (by != "day")
        for one in told:
            same_figures([row for row in mine if row["from"] == one["from"]], one["kpis"])


async def test_only_some_kpis_where_they_exist(shop, export) -> None:
    rows = await export("kpis", kpi=["lead_time", "oee"])
    assert {(row["kpi"], row["kind"]) for row in rows} == {
        ("lead_time", "site"), ("lead_time", "area"), ("lead_time", "line"),
        ("oee", "site"), ("oee", "area"), ("oee", "line"), ("oee", "station"), ("oee", "machine"),
    }  # fmt: skip
    answer = await shop.get("/api/v1/export/kpis", params={"kpi": ["oee", "beauty"], **WINDOW})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (404, "kpi")


# --- what happened ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_states_are_the_intervals_of_the_api(shop, export, path) -> None:
    rows = await export("states", path=path)
    told = {}
    for line in [SHOP, "main/wash"] if path is None else [path]:
        told |= (await get(shop, "intervals", path=line, **WINDOW))["machines"]
    assert [
        (row["machine"], row["state"], row["reason"], row["from"], row["to"], row["part"]) for row in rows
    ] == [
        (machine, one["state"], one["reason"] or None, one["begin"], one["end"], one["part"])
        for machine, intervals in told.items()
        for one in intervals
    ]
    assert sum(row["seconds"] for row in rows) == pytest.approx(len(told) * (WINDOW["to"] - WINDOW["from"]) / SECOND)


@pytest.mark.parametrize("path", PATHS)
async def test_reasons_are_those_of_the_api(shop, export, path) -> None:
    rows = await export("reasons", path=path)
    machines = list(dict.fromkeys(row["machine"] for row in rows))
    for machine in machines:
        told = (await get(shop, "pareto", path=machine, **WINDOW))["rows"]
        mine = [row for row in rows if row["machine"] == machine]
        keys = {"seconds": "time_us", "lower": "lower_us", "upper": "upper_us", "length": "length_us",
                "unclassified": "unclassified_us"}  # fmt: skip
        assert [{key: row[key] * SECOND for key in keys} for row in mine] == [
            {key: pytest.approx(one[of]) for key, of in keys.items()} for one in told
        ]
        same = ("bucket", "state", "count", "mean", "open")
        assert [tuple(row[key] for key in same) for row in mine] == [
            (one["bucket"], one["state"], one["count"], one["mean_s"], one["open"]) for one in told
        ]
        assert [row["reason"] for row in mine] == [one["reason"] or None for one in told]
    assert machines or path == "main/wash", "which never stops"


@pytest.mark.parametrize("path", PATHS)
async def test_parts_are_the_visits_of_the_genealogy(shop, export, path) -> None:
    rows = await export("parts", path=path)
    keys = ("entered", "started", "finished", "left", "verdict")
    found = set()
    for line in (SHOP, "main/wash"):
        names = {f"{line.partition('/')[2]}-{i}" for i in range(1, 120)} | {row["part"] for row in rows}
        for part in sorted(names):
            answer = await shop.get("/api/v1/genealogy", params={"path": line, "part": part})
            for visit in answer.json().get("visits", ()):
                moments = [visit.get(key) for key in keys[:4] if visit.get(key) is not None]
                inside = any(WINDOW["from"] <= at < WINDOW["to"] for at in moments)
                below = path is None or f"{visit['path']}/".startswith(f"{path}/")
                if inside and below:
                    found.add((part, line, visit["path"], *(visit.get(key) for key in keys)))
    told = set()
    for row in rows:
        several = row["station"] == "SAW" and row["machine"] is not None
        visited = f"{row['line']}/{row['station']}" + (f"/{row['machine']}" if several else "")
        told.add((row["part"], row["line"], visited, *(row[key] for key in keys)))
    assert len(told) == len(rows)
    assert told == found
    if path in {None, f"{SHOP}/LATHE"}:
        assert any(row["verdict"] == "scrapped" for row in rows)
    assert len(rows) > 10


async def test_orders_are_those_of_the_state(shop, export) -> None:
    rows = await export("orders")
    told = (await get(shop, f"state/{SHOP}", at=WINDOW["to"] - 1))["reported"]
    keys = ("order", "product", "quantity", "good", "scrap", "due", "event")
    assert [{key: row[key] for key in keys} for row in rows if row["event"] != "completed"] == told["orders"]
    done = [row for row in rows if row["event"] == "completed"]
    before = (await get(shop, f"state/{SHOP}", at=WINDOW["from"] - 1))["reported"]["orders_completed"]
    assert len(done) == told["orders_completed"] - before > 0
    assert {row["on_time"] for row in done} <= {True, False}
    for row in rows:
        moments = [row[key] for key in ("released", "started", "completed") if row[key] is not None]
        assert moments == sorted(moments)
        assert all(at < WINDOW["to"] for at in moments)
    assert await export("orders", path=f"{SHOP}/SAW") == []


@pytest.mark.parametrize("path", PATHS)
async def test_measured_values_and_alarms_are_the_messages(shop, export, path) -> None:
    async def messages(kind: str) -> list[dict]:
        return (await get(shop, "history", path=path, kind=kind, order="asc", limit=1000, **WINDOW))["messages"]

    rows = await export("measured", path=path)
    keys = ("at", "machine", "part", "characteristic", "value")
    assert sorted(tuple(row[key] for key in keys) for row in rows) == sorted(
        (one["message"]["ts"], one["path"], one["message"]["part"], name, value["v"])
        for one in await messages("quality")
        for name, value in one["message"]["values"].items()
    )
    assert {row["ok"] for row in rows} <= {True, False}
    alarms = await export("alarms", path=path)
    keys = ("at", "path", "code", "state", "count")
    assert sorted(tuple(row[key] for key in keys) for row in alarms) == sorted(
        (m["ts"], path, m["code"], m["alarm_state"], m["count"])
        for path, m in [(one["path"], one["message"]) for one in await messages("alarm")]
    )
    if path is None:
        assert rows
        assert alarms


async def test_messages_are_the_history(shop, export) -> None:
    rows = await export("messages", path=f"{SHOP}/SAW")
    told = await get(shop, "history", path=f"{SHOP}/SAW", order="asc", limit=1000, **WINDOW)
    assert told["next"] is None
    assert [(row["position"], row["path"], row["kind"], json.loads(row["message"])) for row in rows] == [
        (one["position"], one["path"], one["kind"], one["message"]) for one in told["messages"]
    ]
    whole = await export("messages", to=None, **{"from": START})
    assert len(whole) > 1000
    assert [row["at"] for row in whole] == sorted(row["at"] for row in whole)


# --- bounds, refusals, and what is in a text -------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
async def test_a_row_too_many_is_refused(shop, monkeypatch, table, kind) -> None:
    address, asked = f"/api/v1/export/{table}", {"format": kind, **WINDOW}
    whole = await shop.get(f"/api/v1/export/{table}", params=WINDOW)
    rows = len(list(csv.reader(io.StringIO(whole.text, newline="")))) - 1
    assert rows > 1
    monkeypatch.setitem(MOST_ROWS, kind, rows)
    assert (await shop.get(address, params=asked)).status_code == 200
    monkeypatch.setitem(MOST_ROWS, kind, rows - 1)
    answer = await shop.get(address, params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "to")
    assert f"more than {rows - 1} rows" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("table", "asked", "status", "field"),
    [
        ("beauty", {}, 404, "table"),
        ("kpis", {"format": "pdf"}, 422, "format"),
        ("kpis", {"by": "week"}, 422, "by"),
        ("states", {"by": "hour"}, 422, "by"),
        ("states", {"kpi": "oee"}, 422, "kpi"),
        ("states", {"path": "x/y"}, 404, "path"),
        ("parts", {"run": "nope"}, 404, "run"),
        ("parts", {"from": "soon"}, 422, "from"),
        ("parts", {"from": END, "to": START}, 422, "from"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_field(shop, table, asked, status, field) -> None:
    answer = await shop.get(f"/api/v1/export/{table}", params=asked)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["field"] == field


async def test_a_twin_that_heard_nothing_says_so(deaf: Twin, ask) -> None:
    async with ask(create_app(deaf)) as client:
        answer = await client.get("/api/v1/export/states")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (404, "run")


async def test_a_text_that_no_cell_holds_is_refused_not_cut(deaf, ask) -> None:
    alarm = Alarm(run="r", session=1, seq=0, n=0, ts=START, code="long", text="x" * 40_000, priority=1,
                  alarm_state="unacknowledged", since=START, count=1)  # fmt: skip
    topic = "shopfloor/v1/local/works/machining/block/WASH/alarm/long"
    await deaf.take([Delivery(topic=topic, payload=msgspec.json.encode(alarm))])
    asked = {"from": START, "to": START + 1}
    async with ask(create_app(deaf)) as client:
        answer = await client.get("/api/v1/export/alarms", params={**asked, "format": "xlsx"})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "format")
        rows = from_csv((await client.get("/api/v1/export/alarms", params=asked)).content, TABLES["alarms"].columns)
        assert rows[0]["text"] == alarm.text


async def test_the_loop_goes_on_while_a_file_is_made(shop) -> None:
    lags, loop = [], asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.005)
            lags.append(loop.time() - before - 0.005)

    watching = asyncio.create_task(watch())
    answer = await shop.get("/api/v1/export/messages", params={"format": "xlsx", "from": START, "to": END})
    watching.cancel()
    assert answer.status_code == 200
    assert len(lags) > 5
