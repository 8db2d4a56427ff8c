"""A line that falls silent is stale from its last confirmed instant, and holds nobody up."""

import asyncio
from itertools import pairwise

from hearing import START, Wire, hear, simulated, state, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.messages import Clock
from plant.time import MINUTE, SECOND
from twin.silence import BEATS, behind_others, behind_wall

TWO = Plant.model_validate(
    {
        "plant": "site",
        "lines": [
            {"name": name, "stations": [{"name": "A", "cycle_time": "exponential(5 s)", "minimum_cycle": "1 ms"}]}
            for name in ("one", "two")
        ],
    }
)
ONE, OTHER = (line.node for line in TWO.lines)
UNTIL = 5 * MINUTE


def of(deliveries, line):
    return [d for d in deliveries if f"/{line.line}/" in d.topic]


@given(seed=st.integers(1, 5), silent_from=st.integers(0, UNTIL // SECOND).map(lambda s: s * SECOND))
@settings(max_examples=20)
def test_one_silent_line_holds_up_no_other_and_is_unknown_itself(seed, silent_from) -> None:
    deliveries = simulated(TWO, seed=seed, until=UNTIL)
    ends = [i for i, d in enumerate(deliveries) if d.topic.endswith("one/clock")]
    last = ends[min(len(ends) - 2, silent_from // (10 * SECOND))]
    heard = [d for i, d in enumerate(deliveries) if d in of([d], OTHER) or i <= last]

    async def scenario() -> None:
        async with twin_of(TWO) as both, twin_of(TWO) as alone:
            await hear(both, heard)
            await hear(alone, of(deliveries, OTHER))
            window = (START, START + UNTIL)
            assert both.extent()[1] == START + UNTIL
            assert both.kpis(OTHER.path, *window) == alone.kpis(OTHER.path, *window)
            assert both.state(OTHER.path).reported["connection"] == "online"
            line = both.state(ONE.path)
            known = START + min(len(ends) - 1, silent_from // (10 * SECOND) + 1) * 10 * SECOND
            known = min(known, START + (len(ends) - 1) * 10 * SECOND)
            silent = START + UNTIL - known > MINUTE
            assert line.reported["connection"] == ("stale" if silent else "online")
            assert line.reported["stale_since"] == (known if silent else None)
            machine = line.children[0].reported
            assert (machine["state"] == "unknown", machine["reason"] == "stale") == (silent, silent)
            if silent:
                assert machine["since"] == known
            told = both.intervals(f"{ONE.path}/A", *window)
            assert (told[-1].state, told[-1].begin) == ("unknown", known)
            assert all(a.end == b.begin for a, b in pairwise(told))
            coverage = both.kpis(f"{ONE.path}/A", *window)["availability"].coverage
            assert coverage == (known - START) / UNTIL
            past = both.state(ONE.path, at=known).children[0].reported
            assert past["reason"] != "stale"

    asyncio.run(scenario())


def test_a_silent_line_that_comes_back_is_not_stale() -> None:
    async def scenario() -> None:
        async with twin_of(TWO) as twin:
            wire = Wire(TWO)
            await twin.take([*wire.send((TWO.lines[0].machines(TWO.lines[0].stations[0])[0], state(0, "processing")))])
            await twin.take(wire.heartbeat(START + SECOND))
            await twin.take(of(wire.heartbeat(START + 2 * MINUTE), OTHER))
            assert twin.state(ONE.path).reported["connection"] == "stale"
            assert twin.state(f"{ONE.path}/A").reported["state"] == "unknown"
            await twin.take(wire.heartbeat(START + 3 * MINUTE))
            assert twin.state(ONE.path).reported["connection"] == "online"
            assert twin.state(f"{ONE.path}/A").reported["state"] == "processing"

    asyncio.run(scenario())


def test_a_line_that_stands_still_by_its_own_word_is_not_silent() -> None:
    async def scenario() -> None:
        async with twin_of(TWO) as twin:
            wire = Wire(TWO)
            await twin.take(of(wire.heartbeat(START + SECOND, running=False), ONE))
            await twin.take(of(wire.heartbeat(START + 10 * MINUTE), OTHER))
            assert twin.state(ONE.path).reported["connection"] == "online"

    asyncio.run(scenario())


@given(speed=st.sampled_from([0.1, 1.0, 10.0, 100.0]))
def test_heartbeats_may_be_as_far_apart_as_a_publisher_sends_them(speed) -> None:
    plant_time = max(10 * SECOND, round(speed * SECOND))
    wall = max(SECOND, round(10 * SECOND / speed))

    async def scenario() -> None:
        async with twin_of(TWO) as twin:
            wire = Wire(TWO)
            await twin.take(wire.heartbeat(START, speed=speed))
            mirror = twin._runs["r1"].mirror
            one = mirror.lines[ONE]
            for beats, silent in ((BEATS, False), (BEATS + 1, True)):
                await twin.take(of(wire.heartbeat(START + beats * plant_time, speed=speed), OTHER))
                assert behind_others(one, mirror.lines.values()) is silent
                assert behind_wall(one, beats * wall) is silent

    asyncio.run(scenario())


def test_nothing_for_a_minute_by_the_wall_is_stale_where_heartbeats_came_live() -> None:
    async def scenario() -> None:
        async with twin_of(TWO) as twin:
            wire = Wire(TWO)
            await twin.take(wire.heartbeat(START))
            line = twin._runs["r1"].connections[ONE]
            line.heard -= 61  # as if the last had come so long ago
            assert twin.state(ONE.path).reported["connection"] == "online"  # it came from a past
            beat = Clock(session=1, seq=9, n=9, ts=START, now=START, speed=1, epoch=0, running=True, last={})
            line.skew.hear(beat, line.skew._wall + SECOND)
            told = twin.state(ONE.path)
            assert (told.reported["connection"], told.reported["stale_since"]) == ("stale", START)
            assert told.quality["clock"]["session"] == 1
            digest = twin.digest()
            line.heard += 61
            assert twin.digest() == digest

    asyncio.run(scenario())
