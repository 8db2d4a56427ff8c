"""Clocks: one law for all, and what only the wall can do."""

import asyncio
import time

import pytest

from plant.clock import Clock, SimulatedClock, WallClock
from plant.time import DAY, HOUR, SECOND

EPOCH = 1_767_571_200 * SECOND
CLOCKS = {"simulated": lambda: SimulatedClock(EPOCH), "wall": lambda: WallClock(EPOCH, speed=2000.0)}


@pytest.fixture(params=sorted(CLOCKS))
def clock(request) -> Clock:
    return CLOCKS[request.param]()


async def test_after_the_sleep_it_is_not_earlier_than_asked_for(clock):
    for step in (1, SECOND, 30 * SECOND):
        ts = clock.now() + step
        await clock.sleep_until(ts)
        assert clock.now() >= ts


async def test_time_never_goes_back(clock):
    before = clock.now()
    await clock.sleep_until(before - HOUR)
    assert clock.now() >= before


async def test_a_sleep_lets_others_run(clock):
    ran = []
    other = asyncio.create_task(_note(ran))
    await clock.sleep_until(clock.now() - 1)
    await other
    assert ran == [True]


async def _note(ran: list[bool]) -> None:
    ran.append(True)
    await asyncio.sleep(0)


def test_plant_time_is_the_epoch_and_what_has_passed_times_the_speed():
    before = time.monotonic_ns()
    clock = WallClock(EPOCH, speed=100.0)
    made = time.monotonic_ns()
    asked = time.monotonic_ns()
    now = clock.now()
    after = time.monotonic_ns()
    assert (asked - made) * 100 // 1000 <= now - EPOCH <= (after - before) * 100 // 1000 + 1


def test_the_present_does_not_jump_when_the_speed_changes():
    clock = WallClock(EPOCH, speed=3.0)
    moments = []
    for speed in (10_000.0, 0.01, 1.0, 500.0, 0.5):
        moments.append(clock.now())
        clock.speed = speed
        moments.append(clock.now())
        assert clock.speed == speed
    assert moments == sorted(moments)
    steps = [after - before for before, after in zip(moments[::2], moments[1::2], strict=True)]
    assert max(steps) < 10_000 * SECOND, "at most a second of wall time between two lines of this test"


async def test_a_sleeper_counts_anew_when_the_speed_rises():
    clock = WallClock(EPOCH, speed=0.001)
    sleeper = asyncio.create_task(clock.sleep_until(EPOCH + 10 * SECOND))  # 10,000 s of wall time
    await asyncio.sleep(0)
    clock.speed = 10_000.0
    await asyncio.wait_for(sleeper, timeout=30)
    assert clock.now() >= EPOCH + 10 * SECOND


async def test_a_sleeper_is_not_woken_early_when_the_speed_falls():
    clock = WallClock(EPOCH, speed=1_000.0)
    sleeper = asyncio.create_task(clock.sleep_until(EPOCH + DAY))
    await asyncio.sleep(0)
    clock.speed = 900.0
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not sleeper.done()
    sleeper.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeper


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_clock_that_would_stand_is_refused(speed):
    with pytest.raises(ValueError, match="would stop the clock"):
        WallClock(EPOCH, speed=speed)
    clock = WallClock(EPOCH)
    with pytest.raises(ValueError, match="would stop the clock"):
        clock.speed = speed
    assert clock.speed == 1.0
