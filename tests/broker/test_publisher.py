"""A publisher loses nothing while the broker is away, greets it when it is back, and its death is told."""

import asyncio
import os
import signal
import sys
import textwrap
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import Identity, MemoryBus, MqttBus, Numbering, Publisher, Spool, build, decode, embedded_broker
from broker.bus import UndeliveredError
from broker.embedded import free_port
from plant.messages import Clock, Delivery, PartEvent, StateChange, Telemetry
from plant.paths import Node
from plant.time import SECOND

LINE, A, B = Node("main", "l"), Node("main", "l", "A"), Node("main", "l", "B")
ALL = "shopfloor/v1/local/x/#"


def publisher(folder: Path, **options) -> Publisher:
    numbering = Numbering("local", "x", run="r")
    return Publisher(
        LINE, numbering, identity=Identity(client="test", version="0"), spool=Spool(folder, **options), epoch=0
    )


def state(ts: int) -> tuple[Node, StateChange]:
    return A, StateChange(ts=ts, state="processing" if ts % 2 else "starved", reason="", since=ts)


def telemetry(ts: int) -> tuple[Node, Telemetry]:
    return A, Telemetry(ts=ts, t=[ts], v={"power": [1.5]})


async def until(condition, patience: float = 30.0) -> None:
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(0.02)


class Ears:
    """A reader's books: how often each number of each topic was heard, and what heartbeats claimed too early."""

    def __init__(self) -> None:
        self.heard: Counter[tuple[str, int]] = Counter()
        self.highest: dict[str, int] = {}
        self.premature: list[tuple[str, int, int]] = []

    async def listen(self, subscription) -> None:
        while True:
            for delivery in await subscription.batch():
                _, message = decode(delivery.topic, delivery.payload)
                self.heard[delivery.topic, message.seq] += 1
                self.highest[delivery.topic] = max(message.seq, self.highest.get(delivery.topic, -1))
                if isinstance(message, Clock):
                    self.premature += [
                        (topic, seq, self.highest.get(topic, -1))
                        for topic, (_, seq) in message.last.items()
                        if seq > self.highest.get(topic, -1)
                    ]
            await subscription.acknowledge()

    def seqs(self, node: Node, kind: str) -> list[int]:
        topic = build("local", "x", node, kind)
        return sorted(seq for heard, seq in self.heard if heard == topic)


@pytest.mark.parametrize("kind", ["iotcore", "mosquitto"])
async def test_nothing_but_old_telemetry_is_lost_while_the_broker_is_away(kind, tmp_path, need) -> None:
    need(kind)
    port, ears = free_port(), Ears()
    speaker = publisher(tmp_path, bound=20_000, segment=4_000)
    quiet = (B, StateChange(ts=0, state="blocked", reason="C", since=0))  # does not change: the new broker needs it too
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(MqttBus(f"mqtt://127.0.0.1:{port}", identifier="ears"))
        mouth = await stack.enter_async_context(
            MqttBus(f"mqtt://127.0.0.1:{port}", identifier="mouth", will=speaker.will, greet=speaker.greet)
        )
        subscription = await stack.enter_async_context(listener.subscribe(ALL))
        hearing = asyncio.create_task(ears.listen(subscription))
        async with embedded_broker(port=port, prefer=kind):
            await listener.wait_connected(20)
            await mouth.wait_connected(20)
            await speaker.publish(mouth, [quiet, *(state(ts) for ts in range(10))], now=10)
            await until(lambda: len(ears.seqs(A, "state")) == 10)
        await until(lambda: not mouth.connected and not listener.connected)
        for ts in range(10, 200):
            await speaker.publish(mouth, [state(ts), telemetry(ts)], now=ts)
        assert speaker.dropped > 0
        async with embedded_broker(port=port, prefer=kind) as broker:
            await listener.wait_connected(30)
            await mouth.wait_connected(30)
            await speaker.publish(mouth, [state(200), telemetry(200)], now=200)
            await speaker.publish(mouth, [], now=200 + 20 * SECOND)
            await until(lambda: ears.seqs(A, "telemetry")[-1:] == [190])
            await until(lambda: len(ears.seqs(A, "state")) == 201)
            late = await stack.enter_async_context(MqttBus(broker.url, identifier="late"))
            await late.wait_connected(10)
            async with late.subscribe(build("local", "x", B, "state")) as picture, asyncio.timeout(10):
                (copy,) = await picture.batch()
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    assert ears.seqs(A, "state") == list(range(201))
    assert len(ears.seqs(A, "telemetry")) + speaker.dropped == 191
    assert ears.premature == []
    assert decode(copy.topic, copy.payload)[1].state == "blocked"
    twice = {topic for (topic, _), times in ears.heard.items() if times > 1}
    assert twice <= {build("local", "x", B, "state")}  # the copy of the greeting, and none of what waited


async def test_a_late_subscriber_sees_the_whole_line_at_once(brokers, tmp_path) -> None:
    speaker = publisher(tmp_path)
    bus = await brokers.connect("mouth", will=speaker.will, greet=speaker.greet)
    events = [state(ts) for ts in range(5)]
    await speaker.publish(bus, [*events, (A, PartEvent(ts=5, event="left", part="p", product="x"))], now=5)
    reader = await brokers.connect("late")
    async with reader.subscribe(ALL) as subscription:
        found: dict[str, Delivery] = {}
        async with asyncio.timeout(10):
            while len(found) < 3:
                found |= {delivery.topic.rsplit("/", 1)[1]: delivery for delivery in await subscription.batch()}
    assert set(found) == {"status", "clock", "state"}
    assert all(delivery.retain for delivery in found.values())
    assert decode(found["state"].topic, found["state"].payload)[1].ts == 4


async def test_a_clean_stop_confirms_the_numbers_and_says_goodbye(brokers, tmp_path) -> None:
    speaker = publisher(tmp_path)
    reader = await brokers.connect("reader")
    async with reader.subscribe(ALL) as subscription:
        bus = await brokers.connect("mouth", will=speaker.will, greet=speaker.greet)
        await speaker.publish(bus, [state(ts) for ts in range(3)], now=3)
        await speaker.stop(bus, now=7)
        messages: list = []
        async with asyncio.timeout(10):
            while not messages or getattr(messages[-1], "online", True):
                messages += [decode(d.topic, d.payload)[1] for d in await subscription.batch()]
    clock, offline = messages[-2:]
    assert (clock.now, clock.running) == (7, False)
    assert set(clock.last.values()) == {(1, 2)}
    assert offline.online is False


async def test_the_death_of_a_publisher_is_told_by_its_will(brokers, tmp_path) -> None:
    program = textwrap.dedent("""
        import asyncio, pathlib, sys
        from broker import *
        from plant.paths import Node
        async def main(url, folder):
            p = Publisher(Node("main", "l"), Numbering("local", "x", run="r"), epoch=0,
                          identity=Identity(client="c", version="0"), spool=Spool(pathlib.Path(folder)))
            async with MqttBus(url, identifier="mortal", will=p.will, greet=p.greet) as bus:
                await bus.wait_connected(10)
                print("up", flush=True)
                await asyncio.sleep(60)
        asyncio.run(main(*sys.argv[1:]))
    """)
    reader = await brokers.connect("reader")
    async with reader.subscribe("shopfloor/v1/local/x/main/l/status") as subscription:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            brokers.url,
            str(tmp_path),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert await process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGKILL)
        await process.wait()
        told: list = []
        async with asyncio.timeout(30):
            while not told or told[-1].online:
                told += [decode(d.topic, d.payload)[1] for d in await subscription.batch()]
    assert [message.online for message in told] == [True, False]
    assert told[1].seq == told[0].seq + 1  # fixed before the online message was sent, and yet the one after it


def test_a_full_spool_drops_the_oldest_telemetry_counts_it_and_keeps_the_rest_in_order(tmp_path) -> None:
    spool = Spool(tmp_path, bound=20_000, segment=4_000)
    numbering = Numbering("local", "x", run="r")
    sent: list[Delivery] = []
    for ts in range(300):
        for node, message in (state(ts), (A, Telemetry(ts=ts, t=[ts], v={"power": [1.5]}))):
            sent += numbering.number(node, message)
            spool.append(sent[-1])
    kept: list[Delivery] = []
    while batch := spool.peek(7):
        kept += batch
        spool.discard(len(batch))
    assert [d for d in kept if not d.topic.endswith("telemetry")] == [
        d for d in sent if not d.topic.endswith("telemetry")
    ]
    telemetry = [d for d in kept if d.topic.endswith("telemetry")]
    every = [d for d in sent if d.topic.endswith("telemetry")]
    assert spool.dropped == len(every) - len(telemetry) > 0
    assert telemetry == [d for d in every if d in set(telemetry)]
    assert every[-1] in telemetry
    assert list(tmp_path.iterdir()) == []


class Moody:
    """A memory bus that can be away."""

    def __init__(self) -> None:
        self.bus = MemoryBus()
        self.away = False

    async def publish(self, deliveries) -> None:
        if self.away:
            raise UndeliveredError(0, "away")
        await self.bus.publish(deliveries)


async def test_a_heartbeat_says_nothing_of_what_still_waits(tmp_path) -> None:
    speaker, moody = publisher(tmp_path), Moody()
    async with moody.bus.subscribe(build("local", "x", LINE, "clock")) as clocks:
        await speaker.publish(moody, [state(1)], now=5)
        moody.away = True
        await speaker.publish(moody, [state(6), state(7)], now=9)
        moody.away = False
        await speaker.greet(moody)
        await speaker.stop(moody, now=11)
        first, last = [decode(d.topic, d.payload)[1] for d in await clocks.batch()]
    topic = build("local", "x", A, "state")
    assert (first.now, first.last) == (5, {topic: (1, 0)})
    assert (last.now, last.last) == (11, {topic: (1, 2)})


async def test_a_paused_plant_goes_on_beating_by_the_wall(tmp_path, monkeypatch) -> None:
    speaker, bus = publisher(tmp_path), MemoryBus()
    now = [100.0]
    monkeypatch.setattr("broker.publisher.time.monotonic", lambda: now[0])
    async with bus.subscribe("#") as heard:
        speaker.heartbeat()
        for wall, plant, running, beats in (
            (0.5, 20 * SECOND, True, 0),  # ten seconds of plant time are over, but not a second of wall time
            (1.1, 20 * SECOND, True, 1),
            (5.0, 21 * SECOND, True, 0),  # the other way round
            (5.0, 30 * SECOND, True, 1),
            (6.1, 30 * SECOND, False, 1),
        ):
            now[0], speaker.running = 100.0 + wall, running
            await speaker.publish(bus, [], now=plant)
            await bus.publish([Delivery(topic="mark", payload=b"x")])
            assert [d.topic for d in await heard.batch()].count(build("local", "x", LINE, "clock")) == beats


@given(st.lists(st.one_of(st.booleans(), st.integers(0, 9)), max_size=80), st.sampled_from([200, 1 << 30]))
def test_a_spool_is_a_queue_but_for_the_oldest_telemetry(steps: list[bool | int], bound: int) -> None:
    with TemporaryDirectory() as name:
        spool, sent, got = Spool(Path(name) / "spool", bound=bound, segment=100), [], []
        for step in steps:
            if isinstance(step, bool):
                kind = "telemetry" if step else "state"
                sent.append(Delivery(topic=f"a/{kind}", payload=b"%d" % len(sent), retain=not step))
                spool.append(sent[-1])
            else:
                batch = spool.peek(step)
                got += batch
                spool.discard(len(batch))
            assert spool.holds("a/state") == ({d for d in sent if d.retain} > {d for d in got if d.retain})
        while spool:
            batch = spool.peek(5)
            got += batch
            spool.discard(len(batch))
        assert list((Path(name) / "spool").glob("*")) == []
    kept = set(got)
    assert got == [d for d in sent if d in kept]
    assert all(d.topic == "a/telemetry" for d in sent if d not in kept)
    assert spool.dropped == len(sent) - len(got)
    assert bound == 200 or spool.dropped == 0


def test_a_spool_of_dropped_telemetry_alone_gives_what_follows_it(tmp_path) -> None:
    spool = Spool(tmp_path, bound=300, segment=100)
    for i in range(40):
        spool.append(Delivery(topic="a/telemetry", payload=b"%d" % i))
    spool.append(Delivery(topic="a/state", payload=b"last", retain=True))
    found: list[Delivery] = []
    while batch := spool.peek(100):
        found += batch
        spool.discard(len(batch))
    assert not spool
    assert found[-1].payload == b"last"
    assert len(found) + spool.dropped == 41


def test_a_spool_clears_away_what_a_killed_process_left(tmp_path) -> None:
    (tmp_path / "spool-00000007").write_bytes(b"old")
    Spool(tmp_path)
    assert list(tmp_path.iterdir()) == []
