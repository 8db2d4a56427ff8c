"""Streams: what was journaled comes once and in order, however often the watcher breaks off."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing

import httpx
import pytest

from dashboards import bind, create_app, serve
from dashboards.stream import COMMENT, Stream, frame
from plant.description import Plant
from plant.messages import KINDS
from plant.time import HOUR, MINUTE
from tests.dashboards.heard import BLOCK, END, PLANT, START, feed, record
from twin import Event, Twin, open_twin

pytestmark = pytest.mark.asyncio(loop_scope="session")

Told = tuple[int | None, str, dict]
JOURNALED = {kind for kind, row in KINDS.items() if row.journaled}


async def follow(url: str, opened: asyncio.Event | None = None, **options) -> AsyncIterator[Told]:
    """Events of a stream: id, name, data; comments are left out."""
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream("GET", f"{url}api/v1/events", **options) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        if opened is not None:
            opened.set()
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield int(fields["id"]) if "id" in fields else None, fields["event"], json.loads(fields["data"])
                fields = {}


async def take(events: AsyncIterator, count: int) -> list:
    found = []
    async with aclosing(events):
        async for event in events:
            found.append(event)
            if len(found) == count:
                return found
    return found


async def test_a_stream_that_breaks_off_anywhere_is_the_journal_in_the_end(served, twin) -> None:
    last = twin.position()
    draw = random.Random(5)
    seen: list[Told] = await take(follow(served, params={"after": 0}), 1)
    while seen[-1][0] < last:
        begun = {"last-event-id": str(seen[-1][0])}
        count = min(draw.choice([1, 2, 7, 500, 5000]), last - seen[-1][0])
        seen += await take(follow(served, headers=begun, params={"after": 3}), count)
    assert [position for position, *_ in seen] == list(range(1, last + 1))
    assert {name for _, name, _ in seen} == {"message"}
    assert all(data["position"] == position for position, _, data in seen)
    assert {data["kind"] for *_, data in seen} <= JOURNALED
    assert {data["path"].split("/")[1] for *_, data in seen} == {"block", "caps"}


async def test_without_a_position_a_stream_begins_with_what_comes_next(deaf, deliveries) -> None:
    half = len(deliveries) // 2
    await feed(deaf, deliveries[:half])
    known = deaf.position()
    app = create_app(deaf)
    async with serve(app, bind("127.0.0.1", 0)) as url, asyncio.timeout(30), asyncio.TaskGroup() as group:
        opened = asyncio.Event()
        coming = group.create_task(take(follow(url, opened), 5))
        await opened.wait()
        while not coming.done() and half < len(deliveries):
            await deaf.take(deliveries[half : half + 20])
            half += 20
        await coming
        positions = [position for position, *_ in coming.result()]
        assert positions[0] > known
        assert positions == list(range(positions[0], positions[0] + 5))


async def test_a_live_picture_comes_at_once_and_again(served, twin) -> None:
    (_, name, first), (_, _, second) = await take(follow(served, params={"stream": "picture"}), 2)
    assert name == "picture"
    assert first["run"] == twin.runs()[-1]
    assert first["now"] == END
    assert [line["path"] for line in first["lines"]] == [line.node.path for line in PLANT.lines]
    assert first["lines"] == second["lines"]  # nothing happened in between
    block = first["lines"][0]
    oee = twin.kpis(BLOCK, END - 60 * MINUTE, END)["oee"]
    assert block["kpis"]["oee"]["value"] == oee.value
    assert block["planned_bottleneck"] == "OP20"
    for machine in (machine for station in block["stations"] for machine in station["machines"]):
        assert machine["state"] == twin.state(machine["path"]).reported["state"]


async def test_a_quiet_stream_says_that_it_is_there(twin, monkeypatch) -> None:
    monkeypatch.setattr("dashboards.stream.COMMENT_EVERY", 0.02)
    stream = Stream(twin, dict)
    async with aclosing(stream.journal(twin.position())) as frames, asyncio.timeout(10):
        assert await anext(frames) == COMMENT
        assert await anext(frames) == COMMENT


async def test_streams_end_when_the_server_stops(twin) -> None:
    app = create_app(twin)
    async with asyncio.timeout(10):
        async with serve(app, bind("127.0.0.1", 0)) as url:
            streams = [follow(url, params={"stream": name}) for name in ("journal", "picture")]
            watching = [asyncio.ensure_future(take(stream, 10**9)) for stream in streams]
            await take(follow(url, params={"stream": "picture"}), 1)
        ended = await asyncio.gather(*watching, return_exceptions=True)
    assert all(isinstance(end, list | httpx.TransportError) for end in ended)


FAST = Plant.model_validate(
    {
        "plant": "fast",
        "telemetry": {"sample": "1 h", "block": "1 h"},
        "lines": [{"name": "l", "stations": [{"name": "A", "cycle_time": "1 s", "buffer": 0}]}],
    }
)


async def test_a_watcher_that_does_not_read_holds_nobody_up(tmp_path) -> None:
    _, deliveries = record(FAST, 3 * HOUR)
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        twin = await stack.enter_async_context(open_twin(FAST, tmp_path, durable=False))
        url = await stack.enter_async_context(serve(create_app(twin), bind("127.0.0.1", 0)))
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", int(url.rstrip("/").rpartition(":")[2])))
        line.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=line, limit=32768)  # a birth document fits
        writer.write(b"GET /api/v1/events HTTP/1.1\r\nhost: shopfloor\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await feed(twin, deliveries)  # it comes to an end although nobody reads
        assert twin.counters().events_reset == 1
        while b"event: reset" not in (await reader.readuntil(b"event: ")) + await reader.readline():
            pass
        writer.close()


class Forgetful:
    """A twin whose reader was too slow: ten lines instead of a million messages."""

    async def events(self, after: int | None = None) -> AsyncIterator[Event]:
        yield Event(position=(after or 0) + 1, path="", kind="reset", message={})


async def test_a_reader_that_fell_behind_is_told_to_look_anew() -> None:
    frames = [one async for one in Stream(Forgetful(), dict).journal(41)]
    assert frames == [frame("reset", Event(position=42, path="", kind="reset", message={}), 42)]
    assert frames[0].startswith(b"id: 42\nevent: reset\ndata: {")


@pytest.mark.parametrize("seed", [1, 2])
async def test_two_runs_lie_side_by_side(deaf: Twin, ask, seed) -> None:
    """Another seed is another run; every question takes `run=`."""
    runs = [record(PLANT, 20 * MINUTE, seed=seed), record(PLANT, 30 * MINUTE, seed=seed + 10)]
    for _, deliveries in runs:
        await feed(deaf, deliveries)
    async with ask(create_app(deaf)) as client:
        for simulation, _ in runs:
            answer = (await client.get("/api/v1/kpis", params={"path": BLOCK, "run": simulation.run})).json()
            assert (answer["from"], answer["to"]) == (START, simulation.now)
        newest = (await client.get("/api/v1/kpis", params={"path": BLOCK})).json()
        assert newest == answer
