"""Panels over HTTP: what the boards are, what a panel shows, and how wrong questions are refused."""

import pytest
import pytest_asyncio

from dashboards import create_app
from dashboards.panel_data import MOST_STEPS, STEPS, WANTED, _buckets, _step
from dashboards.panels import Board, Panel, Row, Threshold
from dashboards.questions import Span
from plant.time import DAY, HOUR, MINUTE, SECOND
from tests.dashboards.heard import END, PLANT, START, feed, recorded
from twin import Twin, open_twin
from twin.catalogue import CATALOGUE
from twin.select import Column, Condition, Select, kpi_column
from twin.tables import CELL, Point

pytestmark = pytest.mark.asyncio(loop_scope="session")

OEE = kpi_column(CATALOGUE["availability"], name="oee")
ACCOUNT = Select(table="account", columns=(OEE,), by=("machine",), bucket="auto")
POWER = Select(
    table="machining-center",
    columns=(Column(name="power", formula="power", each="mean", unit="kW", title="Power"),),
    by=("machine",),
    bucket="auto",
)
RUN_A = Select(
    table="account",
    columns=(Column(name="good", formula="GQ"),),
    by=("run",),
    where=(Condition(name="run", value="$run_a"),),
)
BOARD = Board(
    uid="shopfloor-oee",
    title="OEE",
    purpose="where the time goes",
    window="now-1h",
    rows=(
        Row(
            title="Machines",
            panels=(
                Panel(
                    id="oee.by-machine",
                    title="OEE",
                    kind="timeseries",
                    description="OEE",
                    queries=(ACCOUNT,),
                    unit="1",
                    thresholds=(Threshold(value=None, colour="red"), Threshold(value=0.6, colour="grey")),
                ),
                Panel(id="power", title="Power", kind="timeseries", description="", queries=(POWER,), unit="kW"),
                Panel(id="compared", title="Runs", kind="stat", description="", queries=(RUN_A, RUN_A)),
                Panel(id="words", title="Words", kind="text", description="", text="Hello"),
            ),
        ),
    ),
)


def account(run: str, at: int, machine: str, shift: str = "none", **values: int) -> Point:
    station = machine.split(" ", maxsplit=1)[0]
    return Point("account", at, ("works", run, "machining", "block", station, machine, shift), values)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(tmp_path_factory):
    """A twin that heard a plant, with points of accounts that nobody computed."""
    async with open_twin(PLANT, tmp_path_factory.mktemp("panels"), durable=False) as twin:
        await feed(twin, recorded()[1])
        (run,) = twin.runs()
        for k in range(24):
            at = START + k * CELL
            parts = dict.fromkeys(OEE.expression.over_names, 0) | {OEE.expression.over_names[0]: k * 1000}
            under = dict.fromkeys(OEE.expression.under_names, 4000 if k != 20 else 0)
            await twin.historian.record(
                [account(run, at, machine, **{**parts, **under}, GQ=k) for machine in ("OP10 1", "OP10 2")]
            )
        yield twin


@pytest_asyncio.fixture(loop_scope="session")
async def asked(told: Twin, ask):
    async with ask(create_app(told, boards=lambda _: (BOARD,))) as client:
        yield client


async def test_boards_tell_what_the_page_draws(asked) -> None:
    (board,) = (await asked.get("/api/v1/panels")).json()["boards"]
    assert (board["uid"], board["window"], board["variables"][0]) == ("shopfloor-oee", "now-1h", "plant")
    first, power, *_ = board["rows"][0]["panels"]
    assert first["thresholds"] == [{"value": None, "colour": "red"}, {"value": 0.6, "colour": "grey"}]
    assert first["queries"][0]["by"] == ["machine"]
    assert power["queries"] == [
        {"by": ["machine"], "bucket": "auto", "columns": [{"name": "power", "title": "Power", "unit": "kW"}]}
    ]


async def test_a_panel_shows_what_its_question_says(asked) -> None:
    answer = await asked.get("/api/v1/panels/oee.by-machine/data", params={"from": START, "to": END, "step": "5min"})
    assert answer.status_code == 200, answer.text
    data = answer.json()
    assert (data["panel"], data["from"], data["to"], data["step"]) == ("oee.by-machine", START, END, CELL)
    frames = data["queries"][0]["frames"]
    assert [frame["labels"] for frame in frames] == [{"machine": "OP10 1"}, {"machine": "OP10 2"}]
    wanted = [k for k in range(24) if k != 20]  # where the denominator is 0 there is no value
    for frame in frames:
        assert frame["t"] == [START + k * CELL for k in wanted]
        assert frame["values"]["oee"] == pytest.approx([k * 1000 / 4000 for k in wanted])


async def test_variables_limit_and_the_window_is_the_boards(asked) -> None:
    address = "/api/v1/panels/oee.by-machine/data"
    one = (await asked.get(address, params={"machine": "OP10 2"})).json()
    assert (one["to"] - one["from"], one["step"] % CELL) == (HOUR, 0)
    (frame,) = one["queries"][0]["frames"]
    assert frame["labels"] == {"machine": "OP10 2"}
    both = (await asked.get(address, params={"machine": ["OP10 2", "OP10 1"], "line": "block"})).json()
    assert len(both["queries"][0]["frames"]) == 2
    for other in ({"machine": "WASH"}, {"line": "caps"}):
        assert (await asked.get(address, params=other)).json()["queries"] == [{"frames": []}]


async def test_telemetry_is_asked_for_like_all_else(asked, told) -> None:
    data = (await asked.get("/api/v1/panels/power/data", params={"from": START, "to": END, "step": "10min"})).json()
    frames = data["queries"][0]["frames"]
    assert [frame["labels"]["machine"] for frame in frames] == ["OP10 1", "OP10 2"]
    for frame, path in zip(frames, ("machining/block/OP10/1", "machining/block/OP10/2"), strict=True):
        series = await told.series(path, "power", START, END, 10 * MINUTE)
        assert frame["t"] == [t for t, mean in zip(series.t, series.mean, strict=True) if mean is not None]
        assert frame["values"]["power"] == pytest.approx([mean for mean in series.mean if mean is not None])


async def test_runs_are_compared_without_being_named(asked, told) -> None:
    data = (await asked.get("/api/v1/panels/compared/data", params={"from": START, "to": END})).json()
    (frame,) = data["queries"][0]["frames"]
    assert (frame["labels"]["run"], frame["values"]["good"]) == (told.runs()[-1], [2 * sum(range(24))])
    assert (await asked.get("/api/v1/panels/words/data")).json()["queries"] == []


@pytest.mark.parametrize(
    ("id_", "asked_for", "status", "field"),
    [
        ("nothing", {}, 404, "id"),
        ("power", {"run": "nobody"}, 404, "run"),
        ("power", {"run_a": "nobody"}, 404, "run_a"),
        ("power", {"line": "nothing"}, 404, "line"),
        ("power", {"machine": "OP10"}, 404, "machine"),
        ("power", {"shift": "night"}, 404, "shift"),
        ("power", {"from": "yesterday"}, 422, "from"),
        ("power", {"from": END, "to": START}, 422, "from"),
        ("power", {"step": "0"}, 422, "step"),
        ("power", {"step": "soon"}, 422, "step"),
        ("power", {"step": "1ms"}, 422, "step"),
    ],
)
async def test_wrong_questions_are_refused_with_the_field(asked, id_, asked_for, status, field) -> None:
    answer = await asked.get(f"/api/v1/panels/{id_}/data", params=asked_for)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field), answer.text


async def test_buckets_are_few_and_readable_whatever_the_window() -> None:
    for begin in (START, START + 7 * SECOND + 1):
        for length in (1, SECOND, 300 * SECOND, HOUR, 8 * HOUR, DAY, 30 * DAY, 4000 * DAY, 200_000 * DAY):
            window = Span(begin=begin, end=begin + length)
            for queries in ((POWER,), (POWER, ACCOUNT)):
                step = _step(queries, window, None)
                assert 1 <= _buckets(window, step) <= WANTED
                assert step in STEPS or step % STEPS[-1] == 0
                assert queries == (POWER,) or step % CELL == 0
    assert _step((POWER,), Span(begin=START, end=START + HOUR), "1") == SECOND
    assert MOST_STEPS >= WANTED
