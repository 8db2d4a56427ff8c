"""The mirror is a fold: the same set of messages gives the same state, in any order, live or from the journal."""

import asyncio
import random
import shutil
from functools import cache

import pytest
from generated import plants
from hearing import SMALL, START, A, Wire, hear, simulated, spoiled, state, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st

from broker import decode
from plant.errors import MessageError
from plant.messages import Delivery
from plant.time import SECOND
from twin import Mirror


@cache
def heard(seed: int) -> tuple[Delivery, ...]:
    return tuple(simulated(seed=seed))


def folded(deliveries) -> Mirror:
    mirror = Mirror(SMALL)
    for delivery in deliveries:
        mirror.apply(*decode(delivery.topic, delivery.payload))
    return mirror


@given(st.integers(1, 3), st.integers(0, 10**6))
@settings(max_examples=25)
def test_r15_any_order_of_arrival_ends_in_the_same_state(seed, order) -> None:  # R15, R18
    deliveries = list(heard(seed))
    straight = folded(deliveries)
    random.Random(order).shuffle(deliveries)
    assert folded(deliveries).digest() == straight.digest()


@given(st.integers(1, 3), st.integers(0, 10**6), st.integers(20, 200))
@settings(max_examples=10)
def test_any_order_and_repetition_on_the_way_to_a_twin_end_in_the_same_figures(seed, order, size) -> None:
    deliveries = list(heard(seed))

    async def figures(arriving, size):
        async with twin_of() as twin:
            await hear(twin, arriving, size)
            begin, end = twin.extent()
            paths = ("main/line", "main/line/A", "main/line/B/2", "main/line/C")
            kpis = [twin.kpis(path, begin, end) for path in paths]
            return twin.digest(), kpis, twin.counters()

    mixed, _, repeated = spoiled(deliveries, order, twice=0.3, far=len(deliveries))
    straight = asyncio.run(figures(deliveries, 500))
    crooked = asyncio.run(figures(mixed, size))
    assert crooked[:2] == straight[:2]
    assert crooked[2].duplicates == repeated
    assert crooked[2].gaps == straight[2].gaps == 0


@given(plants(lines=2, longest=3), st.integers(0, 99), st.integers(0, 10**6))
@settings(max_examples=15)
def test_what_the_journal_holds_is_what_the_twin_knew(tmp_path_factory, plant, seed, order) -> None:
    """A twin is killed: its files are copied as they are at that instant, and another twin opens the copy."""
    folder = tmp_path_factory.mktemp("alive")

    async def live_and_again() -> None:
        deliveries, _, _ = spoiled(simulated(plant, seed=seed, until=40 * SECOND), order, loss=0.05, twice=0.1, far=9)
        half = len(deliveries) // 2
        async with twin_of(plant, folder) as twin:
            await hear(twin, deliveries[:half])
            copy = tmp_path_factory.mktemp("copy")
            for file in folder.glob("journal*"):
                shutil.copy(file, copy)
            async with twin_of(plant, copy) as again:
                assert again.runs() == twin.runs()
                for run in twin.runs():
                    await again.load(run)
                    assert again.digest(run) == twin.digest(run)
                    assert again.extent(run) == twin.extent(run)
                    assert again.last(run).nodes == twin.last(run).nodes
                assert again.counters().gaps == twin.counters().gaps
                await hear(again, deliveries[half // 2 :])
                await hear(twin, deliveries[half:])
                assert again.digest() == twin.digest()

    asyncio.run(live_and_again())


def test_time_passes_by_messages_only() -> None:
    wire = Wire()
    mirror = folded([*wire.send((A, state(0, "starved")), (A, state(5, "processing"))), *wire.heartbeat(START + 9)])
    line = next(iter(mirror.lines.values()))
    assert (line.first, line.horizon) == (START, START + 9)


@pytest.mark.parametrize("topic", ["main/line/Z/state", "main/line/B/state", "main/line/B/3/state", "main/line/state"])
def test_what_the_plant_does_not_have_is_refused(topic) -> None:
    payload = b'{"run":"r","session":1,"seq":0,"n":0,"ts":1,"state":"off","reason":"","since":1}'
    address, message = decode(f"shopfloor/v1/local/site/{topic}", payload)
    with pytest.raises(MessageError, match="node"):
        Mirror(SMALL).apply(address, message)
