"""What was known earlier is what a twin knows that was only told so much."""

import asyncio
import random
import time

import pytest
from generated import whole_plants
from hearing import OFTEN, SMALL, hear, simulated, spoiled, stored, twin_at, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.time import MINUTE
from twin import Twin


def told(twin: Twin, run=None) -> tuple:
    begin, end = twin.extent(run)
    line = next(iter(twin.plant.lines)).node.path
    view = twin.state(line, run=run, at=end)
    return twin.digest(run), (begin, end), twin.kpis(line, begin, end + 1, run=run), view.reported, view.children


def same(one: tuple, other: tuple) -> bool:
    """But for wall time, and for what came twice, which is in no journal."""
    return one[:4] == other[:4] and [c.reported for c in one[4]] == [c.reported for c in other[4]]


@given(whole_plants(most=1), st.integers(0, 10**6), st.integers(10, 150))
@settings(max_examples=25)
def test_a_run_asof_a_position_is_what_a_twin_knows_that_was_told_no_more(tmp_path_factory, plant, order, size) -> None:
    dice = random.Random(order)
    heard, _, _ = spoiled(simulated(plant, until=MINUTE), order, loss=0.03, twice=0.1, far=dice.choice([0, 9, 200]))

    async def ask() -> None:
        async with twin_at(tmp_path_factory.mktemp("j"), plant, OFTEN) as twin:
            ends = []
            for first in range(0, len(heard), size):
                await twin.take(heard[first : first + size])
                ends.append((first + size, twin.position()))
            await stored(twin)
            now = told(twin)
            for end, position in dice.sample(ends, min(3, len(ends))):
                async with twin_of(plant) as fresh:
                    await hear(fresh, heard[:end], size)
                    assert same(told(twin, await twin.former(None, position)), told(fresh))
            assert same(told(twin, await twin.former(twin.runs()[-1], twin.position())), now)
            assert same(told(twin), now), "the present is what it was"

    asyncio.run(ask())


async def test_a_position_between_two_snapshots_is_met_exactly(tmp_path) -> None:
    heard = simulated()
    async with twin_at(tmp_path) as twin:
        await hear(twin, heard, 40)
        await stored(twin)
        for position in (1, 39, 40, 41, 79, 80, 100):
            async with twin_of() as fresh:
                await hear(fresh, heard[:position])
                assert twin.digest(await twin.former(None, position)) == fresh.digest()


async def test_wall_time_is_an_axis_of_its_own(tmp_path) -> None:
    """A message about an early instant that comes late was not known before it came."""
    heard = simulated()
    late = next(i for i, d in enumerate(heard) if i > 60 and d.topic.endswith("A/part"))
    async with twin_at(tmp_path) as twin:
        await hear(twin, [*heard[:late], *heard[late + 1 :]])
        begin, end = twin.extent()
        before, position = twin.digest(), twin.position()
        between = time.time_ns() // 1000
        while time.time_ns() // 1000 <= between:
            await asyncio.sleep(0.001)
        await twin.take([heard[late]])
        was = await twin.former(None, between)
        assert was.position == position
        assert twin.digest(was) == before != twin.digest()
        assert twin.extent(was) == (begin, end) == twin.extent()
        kpi = "parts_produced" if "parts_produced" in twin.kpis("main/line/A", begin, end) else None
        assert kpi is None or twin.kpis("main/line/A", begin, end, run=was) != twin.kpis("main/line/A", begin, end)
        half = (begin + end) // 2
        assert twin.state("main/line", run=was, at=half).reported["wip"] >= 0, "both axes at once"


async def test_what_nobody_knew_or_can_know_is_refused() -> None:
    async with twin_of() as twin:
        with pytest.raises(ValueError, match="not heard of any run"):
            await twin.former(None, 1)
        await hear(twin, simulated())
        first, last = twin.runs()[0], twin.position()
        await hear(twin, simulated(seed=2))
        with pytest.raises(ValueError, match="beyond the journal; its last one is"):
            await twin.former(None, twin.position() + 1)
        with pytest.raises(ValueError, match="future"):
            await twin.former(None, time.time_ns() // 1000 + 10**9)
        for asof in (0, last, 10**12):
            with pytest.raises(ValueError, match=f"by then; its first message has the position {last + 1}"):
                await twin.former(twin.runs()[-1], asof)
        assert twin.digest(await twin.former(first, last)) == twin.digest(first)


async def test_the_same_question_is_not_prepared_twice(monkeypatch) -> None:
    async with twin_of(SMALL) as twin:
        await hear(twin, simulated())
        one, other = await asyncio.gather(twin.former(None, 50), twin.former(None, 50))
        assert one.known is other.known
        for position in range(60, 70):
            await twin.former(None, position)
        assert twin.digest(one) == twin.digest(await twin.former(None, 50)), "who asks keeps what he asks about"
