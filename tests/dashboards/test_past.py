"""Journaled messages page by page: all of them, once, in order, whatever arrives meanwhile."""

import msgspec
import pytest

from dashboards import create_app
from dashboards.past import MOST
from plant.time import HOUR, MINUTE, format_instant
from tests.dashboards.heard import BLOCK, CAPS, END, MACHINES, START

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="session")
def journaled(deliveries) -> list[dict]:
    """What the journal must hold, in the order of arrival."""
    kept = []
    for one in deliveries:
        kind = one.topic.split("/")[-2] if "/alarm/" in one.topic else one.topic.rpartition("/")[2]
        if kind != "telemetry" and one.payload:
            levels = one.topic.removeprefix("shopfloor/v1/local/works/").split("/")
            path = "/".join(levels[: -2 if kind == "alarm" else -1])
            kept.append({"path": path, "kind": kind, "message": msgspec.json.decode(one.payload)})
    return kept


async def history(client, **asked) -> dict:
    renamed = {name.rstrip("_"): value for name, value in asked.items() if value is not None}
    answer = await client.get("/api/v1/history", params=renamed)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def pages(client, **asked) -> list[list[dict]]:
    found, cursor = [], None
    while True:
        told = await history(client, **asked, cursor=cursor)
        found.append(told["messages"])
        cursor = told["next"]
        if cursor is None:
            return found


def by_time(messages: list[dict], *, newest_first: bool) -> list[dict]:
    """Sorted by plant time, then by arrival."""
    rows = sorted(enumerate(messages), key=lambda pair: (pair[1]["message"]["ts"], pair[0]), reverse=newest_first)
    return [message for _, message in rows]


def bare(messages: list[dict]) -> list[dict]:
    return [{key: value for key, value in one.items() if key != "position"} for one in messages]


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("path", [None, BLOCK, f"{BLOCK}/OP10", MACHINES[1], CAPS])
async def test_all_messages_below_a_path_come_once_and_in_order(client, journaled, path, order) -> None:
    found = await pages(client, path=path, order=order, limit=MOST)
    assert all(len(page) == MOST for page in found[:-1])
    below = [one for one in journaled if path is None or f"{one['path']}/".startswith(f"{path}/")]
    assert len(below) > 100
    assert bare([one for page in found for one in page]) == by_time(below, newest_first=order == "desc")


@pytest.mark.parametrize("limit", [1, 7, 40])
async def test_pages_of_any_size_are_the_same_list(client, limit) -> None:
    asked = {"path": f"{BLOCK}/OP10", "kind": ["part", "alarm"], "to": START + 90 * MINUTE}
    (whole,) = await pages(client, **asked, limit=MOST)
    cut = await pages(client, **asked, limit=limit)
    assert [len(page) for page in cut[:-1]] == [limit] * (len(cut) - 1)
    assert [one for page in cut for one in page] == whole
    assert {one["kind"] for one in whole} == {"part", "alarm"}


async def test_the_newest_come_first_by_themselves_and_a_hundred_of_them(client, twin) -> None:
    told = await history(client)
    assert (told["path"], told["run"], told["order"]) == ("", twin.runs()[-1], "desc")
    assert len(told["messages"]) == 100
    assert told["messages"][0]["message"]["ts"] == END


async def test_a_window_is_half_open(client, journaled) -> None:
    instants = sorted({one["message"]["ts"] for one in journaled if one["kind"] == "part"})
    begin, end = instants[10], instants[30]
    found = await pages(client, kind="part", from_=begin, to=format_instant(end), limit=MOST)
    assert {one["message"]["ts"] for page in found for one in page} == set(instants[10:30])
    assert (await history(client, kind="part", from_=END + HOUR))["messages"] == []


async def test_what_is_rare_is_found_as_well_as_what_is_frequent(client, twin, monkeypatch) -> None:
    asked = {"path": BLOCK, "kind": ["alarm", "meta"], "limit": 9}
    found = await pages(client, **asked)
    for few in (0, 10**9):
        monkeypatch.setattr("twin.journal.rare_below", lambda *_, few=few: few)
        assert await pages(client, **asked) == found


async def test_what_arrives_while_somebody_turns_pages_is_on_none_of_them(deaf, deliveries, ask) -> None:
    half = len(deliveries) // 2
    late = [one for one in deliveries[:half] if one.topic.endswith("/OP20/part")]
    first = [one for one in deliveries[:half] if not one.topic.endswith("/OP20/part")]
    await deaf.take(first)
    async with ask(create_app(deaf)) as client:
        whole = [one for page in await pages(client, limit=MOST) for one in page]
        told = await history(client, limit=50)
        found = told["messages"]
        coming = [*late, *deliveries[half:]]  # some of it is older than what was read already
        while told["next"] is not None:
            await deaf.take(coming[:500])
            coming = coming[500:]
            told = await history(client, limit=250, cursor=told["next"])
            found = [*found, *told["messages"]]
        assert found == whole
        assert len(coming) < len(deliveries) - half
        assert (await history(client))["messages"][0]["message"]["ts"] > whole[0]["message"]["ts"]


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"path": "x/y"}, 404, "path"),
        ({"path": "x"}, 422, "path"),
        ({"kind": "gossip"}, 422, "kind"),
        ({"kind": "telemetry"}, 422, "kind"),
        ({"from": "soon"}, 422, "from"),
        ({"from": END, "to": START}, 422, "from"),
        ({"to": str(2**60)}, 422, "to"),
        ({"order": "random"}, 422, "order"),
        ({"limit": "0"}, 422, "limit"),
        ({"limit": str(MOST + 1)}, 422, "limit"),
        ({"limit": "many"}, 422, "limit"),
        ({"cursor": "next"}, 422, "cursor"),
        ({"cursor": "1-2"}, 422, "cursor"),
        ({"cursor": "1-99999999999999999999-3"}, 422, "cursor"),
        ({"run": "nope"}, 404, "run"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_field(client, asked, status, field) -> None:
    answer = await client.get("/api/v1/history", params=asked)
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"]


async def test_a_message_is_the_one_of_the_events(client, twin) -> None:
    told = (await history(client, kind="state", order="asc", limit=1))["messages"][0]
    async for event in twin.events(told["position"] - 1):
        assert msgspec.to_builtins(event) == told
        break
