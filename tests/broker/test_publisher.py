"""A publisher loses nothing while the broker is away, greets it when it is back, and its death is told."""

import asyncio
import os
import signal
import sys
import textwrap
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from broker import Identity, MqttBus, Numbering, Publisher, Spool, decode, embedded_broker
from broker.embedded import free_port
from plant.messages import Delivery, PartEvent, StateChange, Telemetry
from plant.paths import Node

LINE, A = Node("main", "l"), Node("main", "l", "A")
ALL = "shopfloor/v1/local/x/#"


def publisher(folder: Path, **options) -> Publisher:
    numbering = Numbering("local", "x", run="r")
    return Publisher(
        LINE, numbering, identity=Identity(client="test", version="0"), spool=Spool(folder, **options), epoch=0
    )


def state(ts: int) -> tuple[Node, StateChange]:
    return A, StateChange(ts=ts, state="processing" if ts % 2 else "starved", reason="", since=ts)


async def until(condition, patience: float = 30.0) -> None:
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", ["iotcore", "mosquitto"])
async def test_nothing_but_old_telemetry_is_lost_while_the_broker_is_away(kind, tmp_path, need) -> None:
    need(kind)
    port = free_port()
    speaker = publisher(tmp_path)
    heard: dict[tuple[str, int], int] = {}

    async def hear(subscription) -> None:
        while True:
            for delivery in await subscription.batch():
                _, message = decode(delivery.topic, delivery.payload)
                heard[delivery.topic, message.seq] = heard.get((delivery.topic, message.seq), 0) + 1
            await subscription.acknowledge()

    states = f"{'shopfloor/v1/local/x'}/{A.path}/state"

    def seqs() -> list[int]:
        return sorted(seq for topic, seq in heard if topic == states)

    async with AsyncExitStack() as stack:
        ears = await stack.enter_async_context(MqttBus(f"mqtt://127.0.0.1:{port}", identifier="ears"))
        mouth = await stack.enter_async_context(
            MqttBus(f"mqtt://127.0.0.1:{port}", identifier="mouth", will=speaker.will, greet=speaker.greet)
        )
        subscription = await stack.enter_async_context(ears.subscribe(ALL))
        hearing = asyncio.create_task(hear(subscription))
        async with embedded_broker(port=port, prefer=kind):
            await ears.wait_connected(20)
            await mouth.wait_connected(20)
            await speaker.publish(mouth, [state(ts) for ts in range(10)], now=10)
            await until(lambda: len(seqs()) == 10)
        await until(lambda: not mouth.connected and not ears.connected)
        for ts in range(10, 60):
            await speaker.publish(mouth, [state(ts)], now=ts)
        async with embedded_broker(port=port, prefer=kind):
            await ears.wait_connected(30)
            await mouth.wait_connected(30)
            await speaker.publish(mouth, [state(60)], now=60)
            await until(lambda: len(seqs()) == 61)
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    assert seqs() == list(range(61))


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
