"""KPIs by hour, shift and day of a plant whose clock changes at night."""

import msgspec
import pytest
import pytest_asyncio

from dashboards import create_app
from plant.description import Plant
from plant.time import DAY, HOUR, MINUTE, format_instant, parse_instant
from tests.dashboards.heard import BLOCK, END, START, feed, record
from twin import open_twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

CELL = "main/cell"
NIGHTS = Plant.model_validate(
    {
        "plant": "nights",
        "telemetry": {"sample": "10 min", "block": "1 h"},
        "time_zone": "Europe/Berlin",
        "shifts": [
            {"name": "early", "start": "06:00", "end": "14:00", "breaks": [{"start": "10:00", "for": "30 min"}]},
            {"name": "night", "start": "22:00", "end": "06:00"},
        ],
        "lines": [
            {
                "name": "cell",
                "stations": [
                    {
                        "name": "A", "cycle_time": "exponential(4 min)",
                        "failures": [
                            {"mode": "jam", "time_to_failure": "exponential(1 h)", "time_to_repair": "5 min"},
                        ],
                    },
                    {"name": "B", "machines": 2, "cycle_time": "7 min", "buffer": 2, "quality": {"scrap": "10 %"}},
                ],
            }
        ],
    }
)  # fmt: skip
NODES = (CELL, f"{CELL}/A", f"{CELL}/B/2")
CHANGES = {"spring": ("2026-03-28T20:00Z", 7, 23), "autumn": ("2026-10-24T19:00Z", 9, 25)}


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=CHANGES)
async def changing(request, tmp_path_factory):
    """A twin that heard the 20 hours around a change of the clock; when it began, hours of the night and of the day."""
    begin, night, day = CHANGES[request.param]
    start = parse_instant(begin)
    _, deliveries = record(NIGHTS, 20 * HOUR, start=start)
    async with open_twin(NIGHTS, tmp_path_factory.mktemp(request.param), durable=False) as twin:
        await feed(twin, deliveries)
        assert twin.counters().dead_letters == {}
        yield twin, start, night, day


async def windows(client, by: str, path: str = CELL, **asked) -> list[dict]:
    answer = await client.get("/api/v1/kpis", params={"path": path, "by": by, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["windows"]


async def test_a_night_shift_is_one_window_of_the_day_on_which_it_began(changing, ask) -> None:
    twin, start, length, _ = changing
    async with ask(create_app(twin)) as client:
        found = await windows(client, "shift", **{"from": start, "to": start + 20 * HOUR})
        saturday, sunday = format_instant(start)[:10], format_instant(start + DAY)[:10]
        assert [(one["name"], one["day"]) for one in found] == [("night", saturday), ("early", sunday)]
        night, early = found
        assert [one["to"] - one["from"] for one in found] == [length * HOUR, 8 * HOUR]
        assert night["from"] == start + HOUR
        assert early["from"] == night["to"]
        assert early["kpis"]["availability"]["parts"]["PBT"] == 3 * (7 * HOUR + 30 * MINUTE)


@pytest.mark.parametrize("path", NODES)
async def test_a_window_of_a_shift_has_the_numbers_of_that_time(changing, ask, path) -> None:
    twin, start, _, _ = changing
    async with ask(create_app(twin)) as client:
        for one in await windows(client, "shift", path, **{"from": start, "to": start + 20 * HOUR}):
            assert one["kpis"] == msgspec.to_builtins(twin.kpis(path, one["from"], one["to"]))
            alone = await client.get("/api/v1/kpis", params={"path": path, "from": one["from"], "to": one["to"]})
            assert one["kpis"] == alone.json()["kpis"]


async def test_a_shift_is_cut_where_the_question_ends(changing, ask) -> None:
    twin, start, _, _ = changing
    async with ask(create_app(twin)) as client:
        (night,) = await windows(client, "shift", **{"from": start + 2 * HOUR, "to": start + 5 * HOUR})
        assert (night["from"], night["to"], night["name"]) == (start + 2 * HOUR, start + 5 * HOUR, "night")
        assert await windows(client, "shift", **{"from": start, "to": start + HOUR}) == []


async def test_a_day_is_local_and_as_long_as_the_clock_makes_it(changing, ask) -> None:
    twin, start, _, length = changing
    async with ask(create_app(twin)) as client:
        found = await windows(client, "day", kpi="throughput", **{"from": start, "to": start + 3 * DAY})
        assert found[1]["to"] - found[1]["from"] == length * HOUR
        assert [one["day"] for one in found] == [one["name"] for one in found]
        assert found[1]["day"] == format_instant(start + DAY)[:10]


async def test_hours_of_a_day_add_up_to_the_day(changing, ask) -> None:
    twin, start, _, length = changing
    async with ask(create_app(twin)) as client:
        sunday = (await windows(client, "day", **{"from": start, "to": start + 3 * DAY}))[1]
        by_hour = await windows(client, "hour", **{"from": sunday["from"], "to": sunday["to"]})
        assert len(by_hour) == length
        assert {one["day"] for one in by_hour} == {sunday["day"]}
        assert len({one["name"] for one in by_hour}) == length
        for name in ("availability", "quality_ratio", "oee.pooled"):
            total = sunday["kpis"][name]["parts"]
            assert total == {key: sum(one["kpis"][name]["parts"][key] for one in by_hour) for key in total}


async def test_a_plant_without_shifts_says_so(client) -> None:
    asked = {"path": BLOCK, "by": "shift", "from": START, "to": END}
    answer = await client.get("/api/v1/kpis", params=asked)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error == {"field": "by", "message": "works has no shifts; allowed is hour or day"}


async def test_too_many_windows_are_refused_before_they_are_made(changing, ask) -> None:
    twin, start, _, _ = changing
    async with ask(create_app(twin)) as client:
        for by, begin in (("hour", start - 10_001 * HOUR), ("shift", 0), ("day", 0)):
            asked = {"path": CELL, "by": by, "from": begin, "to": start}
            answer = await client.get("/api/v1/kpis", params=asked)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "by")
