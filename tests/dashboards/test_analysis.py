"""The questions for the bottleneck and for the reasons answer what the twin says, and refuse what makes no sense."""

import msgspec
import pytest

from plant.time import HOUR, MINUTE
from tests.dashboards.heard import BLOCK, CAPS, END, MACHINES, START

pytestmark = pytest.mark.asyncio(loop_scope="session")

WINDOW = {"from": START + 10 * MINUTE, "to": END - 7 * MINUTE}


async def get(client, resource: str, **asked) -> dict:
    answer = await client.get(f"/api/v1/{resource}", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_bottleneck_is_the_twins(client, twin) -> None:
    told = await get(client, "bottleneck", path=BLOCK, **WINDOW)
    found = msgspec.to_builtins(twin.bottleneck(BLOCK, *WINDOW.values()))
    assert told == {"path": BLOCK, **WINDOW, **found}
    assert [station["station"] for station in told["stations"]] == ["OP10", "WASH", "OP20"]
    assert set(told["methods"]) == {"active_period", "turning_point", "utilisation"}
    assert told["planned"] == "OP20"
    assert (await get(client, "bottleneck", path=BLOCK))["from"] == START, "eight hours, as far as there are"


async def test_reasons_are_the_twins_and_add_up_to_the_waterfall(client, twin) -> None:
    told = await get(client, "pareto", path=BLOCK, **WINDOW)
    assert told == {"path": BLOCK, **WINDOW, **msgspec.to_builtins(twin.pareto(BLOCK, *WINDOW.values()))}
    explained = await get(client, "kpis/explain", path=BLOCK, kpi="loss.breakdown", **WINDOW)
    for bucket, time in explained["waterfall"].items():
        if bucket not in {"speed_loss", "quality_loss", "productive"}:
            assert sum(row["time_us"] for row in told["rows"] if row["bucket"] == bucket) == time
    failed = await get(client, "pareto", path=BLOCK, state="failed", **WINDOW)
    assert {row["state"] for row in failed["rows"]} == {"failed"}
    assert {row["reason"] for row in failed["rows"]} == {"spindle", "coolant"}
    assert failed["rows"][-1]["cumulated"] == 1
    some = await get(client, "pareto", path=MACHINES[0], state=["failed", "blocked"], **WINDOW)
    assert {machine["path"] for row in some["rows"] for machine in row["machines"]} == {MACHINES[0]}


@pytest.mark.parametrize(
    ("resource", "asked", "status", "field"),
    [
        ("bottleneck", {"path": f"{BLOCK}/OP10"}, 422, "path"),
        ("bottleneck", {"path": "no/where"}, 404, "path"),
        ("bottleneck", {}, 422, "path"),
        ("pareto", {"path": CAPS, "state": "processing"}, 422, "state"),
        ("pareto", {"path": CAPS, "state": ["failed", "tired"]}, 422, "state"),
        ("pareto", {"path": CAPS, "run": "nope"}, 404, "run"),
        ("pareto", {"path": CAPS, "from": END, "to": END - HOUR}, 422, "from"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_field(client, resource, asked, status, field) -> None:
    answer = await client.get(f"/api/v1/{resource}", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
