"""Laws that every bus keeps: order, retained pictures, filters, and nothing lost that was acknowledged."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import Access, MemoryBus, MqttBus, UndeliveredError, endpoint, hide_password
from broker.bus import check_filter, matches
from plant.errors import BrokerError, InputError
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


async def test_what_comes_before_the_first_reader_and_after_the_last_is_kept_for_the_next(brokers) -> None:
    """A persistent session is also for a reader that is not there yet, or has just gone, while the connection is up."""
    writer = await brokers.connect("writer")
    async with MqttBus(brokers.url, identifier="reader", persistent=True) as bus:
        await bus.wait_connected(10)
        async with bus.subscribe("kept/#"):
            pass
        await writer.publish(numbered("kept/a", 5))  # the connection is there, its reader has gone
        async with asyncio.timeout(10):
            while len(bus._early) < 5:
                await asyncio.sleep(0.01)
    await writer.publish(numbered("kept/b", 5))  # nothing is there
    async with MqttBus(brokers.url, identifier="reader", persistent=True) as bus:
        await bus.wait_connected(10)  # the connection is there, its reader not yet
        async with bus.subscribe("kept/#") as subscription:
            found = await collect(subscription, 10)
    assert sorted((d.topic, d.payload) for d in found) == sorted(
        (d.topic, d.payload) for d in [*numbered("kept/a", 5), *numbered("kept/b", 5)]
    )


async def test_a_message_for_two_readers_of_one_connection_is_safe_when_both_have_it(brokers) -> None:
    writer = await brokers.connect("writer")
    both = MqttBus(brokers.url, identifier="both", persistent=True)
    async with both, both.subscribe("two/#") as quick, both.subscribe("two/a") as slow:
        await both.wait_connected(10)
        await writer.publish(numbered("two/a", 3))
        for reader in (quick, slow):
            seen: set[bytes] = set()  # a broker may send one copy for each filter
            async with asyncio.timeout(10):
                while len(seen) < 3:
                    seen |= {delivery.payload for delivery in await reader.batch()}
        await quick.acknowledge()  # but slow does not
    async with MqttBus(brokers.url, identifier="both", persistent=True) as bus, bus.subscribe("two/#") as subscription:
        assert {d.payload for d in await collect(subscription, 3)} == {b"0", b"1", b"2"}


async def test_nothing_goes_before_the_greeting_and_who_subscribes_meanwhile_is_heard(brokers) -> None:
    writer = await brokers.connect("writer")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def greet(bus) -> None:
        begun.set()
        await go_on.wait()
        await bus.publish([Delivery(topic="greet/out", payload=b"greeting")])

    async with MqttBus(brokers.url, identifier="polite", greet=greet) as bus:
        await begun.wait()
        with pytest.raises(UndeliveredError):
            await bus.publish([Delivery(topic="greet/out", payload=b"pushing in")])
        async with bus.subscribe("greet/in") as subscription:
            go_on.set()
            await bus.wait_connected(10)
            await writer.publish([Delivery(topic="greet/in", payload=b"hello")])
            assert [d.payload for d in await collect(subscription, 1)] == [b"hello"]


async def test_a_mistake_in_the_greeting_is_not_hidden(brokers) -> None:
    async def greet(_) -> None:
        raise ZeroDivisionError

    bus = MqttBus(brokers.url, identifier="clumsy", greet=greet)
    with pytest.raises(ZeroDivisionError):
        async with bus:
            await bus.wait_connected(10)


async def test_thousands_of_messages_wait_for_an_absent_reader(brokers) -> None:
    async with MqttBus(brokers.url, identifier="absent", persistent=True) as bus, bus.subscribe("many/#"):
        await bus.wait_connected(10)
    writer = await brokers.connect("writer")
    await writer.publish(numbered("many/a", 3000))
    async with MqttBus(brokers.url, identifier="absent", persistent=True) as bus, bus.subscribe("many/#") as back:
        found = await collect(back, 3000)
    assert [int(d.payload) for d in found] == list(range(3000))


async def test_a_bus_without_a_broker_says_so_and_says_what_arrived() -> None:
    async with MqttBus("mqtt://127.0.0.1:9", identifier="nobody") as bus:
        with pytest.raises(UndeliveredError) as caught:
            await bus.publish(numbered("x", 3))
    assert caught.value.confirmed == 0


async def test_who_waits_for_an_absent_broker_is_told_where_but_not_the_password() -> None:
    async with MqttBus("mqtt://anna:secret@127.0.0.1:9", identifier="nobody") as bus:
        with pytest.raises(BrokerError, match=r"no broker answers at mqtt://…@127\.0\.0\.1:9") as caught:
            await bus.wait_connected(1.0)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("mqtt://localhost", ("localhost", 1883, False, None, None)),
        ("mqtt://a-b.c:1999/", ("a-b.c", 1999, False, None, None)),
        ("mqtt://anna:p%40ss@h:1", ("h", 1, False, "anna", "p@ss")),
        ("mqtt://[::1]:1884", ("::1", 1884, False, None, None)),
        ("mqtts://h", ("h", 8883, True, None, None)),
        ("mqtts://anna@h:1", ("h", 1, True, "anna", None)),
    ],
)
def test_an_address_is_taken_apart(url: str, parts: tuple) -> None:
    at = endpoint(url)
    assert (at.host, at.port, at.tls, at.user, at.password) == parts


def test_a_user_in_the_address_goes_before_the_one_of_the_surroundings() -> None:
    known = Access(user="line-a", password="hidden")
    assert endpoint("mqtt://h", known).user == "line-a"
    assert (endpoint("mqtt://anna@h", known).user, endpoint("mqtt://anna@h", known).password) == ("anna", None)
    assert "hidden" not in f"{known} {endpoint('mqtt://h', known)}"


def test_certificates_that_cannot_be_read_are_named(tmp_path) -> None:
    wrong = tmp_path / "ca.crt"
    wrong.write_text("no certificate")
    with pytest.raises(InputError, match=r"ca\.crt: is no file of certificates"):
        MqttBus("mqtts://h", identifier="x", access=Access(ca_file=wrong))


@pytest.mark.parametrize(
    "url", ["", "localhost", "http://h", "mqtt://", "mqtts://", "mqtt://h:x", "mqtt://h:99999", "mqtt://h/plant"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="is not a broker address"):
        endpoint(url)


def test_a_refused_address_does_not_show_its_password() -> None:
    with pytest.raises(InputError) as caught:
        endpoint("mqtts://anna:secret@h/plant")
    assert "secret" not in str(caught.value)
    assert hide_password("mqtt://h:1") == "mqtt://h:1"


async def test_a_memory_bus_holds_more_retained_topics_than_a_reader_may_fall_behind() -> None:
    bus = MemoryBus(bound=10)
    await bus.publish([Delivery(topic=f"t/{i}", payload=b"x", retain=True) for i in range(100)])
    async with asyncio.timeout(5), bus.subscribe("#") as subscription:
        assert len(await collect(subscription, 100)) == 100


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


LEVEL = st.text("ab$", max_size=2)
PATTERN_LEVEL = st.one_of(LEVEL, st.just("+"))


@given(st.lists(LEVEL, min_size=1, max_size=4), st.lists(PATTERN_LEVEL, min_size=1, max_size=4), st.booleans())
def test_filters_take_what_their_regular_expression_takes(
    names: list[str],
    levels: list[str],
    rest: bool,  # noqa: FBT001 hypothesis gives it by position
) -> None:
    topic, pattern = "/".join(names), "/".join([*levels, *(["#"] if rest else [])])
    expression = "/".join("[^/]*" if level == "+" else re.escape(level) for level in levels)
    expected = re.fullmatch(expression + ("(/.*)?" if rest else ""), topic) is not None
    if topic.startswith("$") and levels[0] == "+":
        expected = False
    assert matches(pattern, topic) is expected


@pytest.mark.parametrize("pattern", ["", "a/#/b", "a#", "a/b+", "+a/b"])
def test_illegal_filters_are_refused_because_brokers_differ(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a topic filter"):
        check_filter(pattern)
