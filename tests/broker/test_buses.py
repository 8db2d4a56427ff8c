"""Laws that every bus keeps: order, retained pictures, filters, and nothing lost that was acknowledged."""

import asyncio

import pytest

from broker import MemoryBus, MqttBus, UndeliveredError
from broker.bus import check_filter, matches
from plant.messages import Delivery


async def collect(subscription, count: int) -> list[Delivery]:
    found: list[Delivery] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += await subscription.batch()
            await subscription.acknowledge()
    return found


def numbered(topic: str, count: int, qos: int = 1) -> list[Delivery]:
    return [Delivery(topic=topic, payload=b"%d" % i, qos=qos) for i in range(count)]


async def test_order_is_kept_and_nothing_is_lost(buses) -> None:
    reader, writer = await buses.connect("reader"), await buses.connect("writer")
    async with reader.subscribe("order/#") as subscription:
        sending = asyncio.create_task(writer.publish(numbered("order/a", 500)))
        found = await collect(subscription, 500)
        await sending
    assert [int(delivery.payload) for delivery in found] == list(range(500))


async def test_a_late_subscriber_gets_the_latest_retained_message_of_each_topic(buses) -> None:
    writer = await buses.connect("writer")
    await writer.publish(
        [Delivery(topic=f"late/{t}", payload=b"%d" % i, retain=True) for i in range(3) for t in ("a", "b")]
    )
    await writer.publish([Delivery(topic="late/b", payload=b"", retain=True), Delivery(topic="late/c", payload=b"x")])
    reader = await buses.connect("reader")
    async with reader.subscribe("late/#") as subscription:
        found = await collect(subscription, 1)
        assert [(d.topic, d.payload, d.retain) for d in found] == [("late/a", b"2", True)]
        await writer.publish([Delivery(topic="late/a", payload=b"3", retain=True)])
        (live,) = await collect(subscription, 1)
        assert (live.payload, live.retain) == (b"3", False)


async def test_only_what_matches_the_filter_arrives(buses) -> None:
    reader, writer = await buses.connect("reader"), await buses.connect("writer")
    async with reader.subscribe("filter/+/state") as subscription:
        topics = ["filter/a/state", "filter/a/b/state", "other/a/state", "filter/b/state"]
        await writer.publish([Delivery(topic=topic, payload=b"x") for topic in topics])
        found = await collect(subscription, 2)
    assert [delivery.topic for delivery in found] == ["filter/a/state", "filter/b/state"]


async def test_what_was_not_acknowledged_comes_again(brokers) -> None:
    writer = await brokers.connect("writer")
    first = MqttBus(brokers.url, identifier="reader", persistent=True)
    async with first:
        await first.wait_connected(10)
        async with first.subscribe("again/#") as subscription:
            await writer.publish(numbered("again/a", 5))
            seen: list[Delivery] = []
            async with asyncio.timeout(10):
                while len(seen) < 5:
                    seen += await subscription.batch()  # and never acknowledged
    await writer.publish(numbered("again/b", 3))  # while the reader is away
    second = MqttBus(brokers.url, identifier="reader", persistent=True)
    async with second.subscribe("again/#") as subscription, second:
        found = await collect(subscription, 8)
    assert {(d.topic, d.payload) for d in found} == {(d.topic, d.payload) for d in seen} | {
        ("again/b", b"%d" % i) for i in range(3)
    }


async def test_a_bus_without_a_broker_says_so_and_says_what_arrived() -> None:
    async with MqttBus("mqtt://127.0.0.1:9", identifier="nobody") as bus:
        with pytest.raises(UndeliveredError) as caught:
            await bus.publish(numbered("x", 3))
    assert caught.value.confirmed == 0


async def test_a_slow_reader_of_the_memory_bus_holds_the_writer_up_and_loses_nothing() -> None:
    bus = MemoryBus(bound=10)
    async with bus.subscribe("#") as subscription:
        sending = asyncio.create_task(bus.publish(numbered("slow", 100)))
        await asyncio.sleep(0)
        assert not sending.done()
        assert len(await collect(subscription, 100)) == 100
        await sending


@pytest.mark.parametrize(
    ("pattern", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("+", "a/b", False),
    ],
)
def test_filters_match_as_mqtt_says(pattern: str, topic: str, *, taken: bool) -> None:
    assert matches(pattern, topic) is taken


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a#", "a/b+", "+a/b"])
def test_illegal_filters_are_refused_because_brokers_differ(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a topic filter"):
        check_filter(pattern)
