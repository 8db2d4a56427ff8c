"""Clocks of publishers beside the twin's: the offset is found, a step is counted, and a delay is neither."""

import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from plant.messages import Clock
from plant.time import DEFAULT_START, HOUR, MINUTE, SECOND
from twin.skew import PATIENCE, STEP, Skew

BEAT = 10 * SECOND
WALL = DEFAULT_START + 100 * HOUR


def beat(seq: int, now: int, *, speed: float = 1.0, running: bool = True, session: int = 1) -> Clock:
    return Clock(session=session, seq=seq, n=seq, ts=now, now=now, speed=speed, epoch=0, running=running, last={})


@dataclass
class Source:
    """A publisher whose clock is behind the wall by an offset, and whose heartbeats take their time."""

    offset: int
    seq: int = 0
    wall: int = WALL

    def beats(self, skew: Skew, delays, every: int = BEAT) -> None:
        for delay in delays:
            self.wall += every
            skew.hear(beat(self.seq, self.wall - self.offset), self.wall + delay)
            self.seq += 1


DELAYS = st.lists(st.integers(0, 2 * SECOND), min_size=3, max_size=50)


@given(offset=st.integers(-HOUR, HOUR), delays=DELAYS)
def test_the_offset_is_that_of_the_clock_and_the_least_delay(offset, delays) -> None:
    skew = Skew()
    Source(offset).beats(skew, delays)
    told = skew.view
    assert (told.offset_us, told.spread_us) == (offset + min(delays), max(delays) - min(delays))
    assert (told.steps_forward, told.steps_back, told.reason, told.session) == (0, 0, "", 1)


STEPS = st.lists(
    st.integers(STEP + 3 * SECOND, HOUR).flatmap(lambda size: st.sampled_from([size, -size])), max_size=4
)


@given(offset=st.integers(-HOUR, HOUR), steps=STEPS, seed=st.integers(0, 10**6))
def test_steps_of_a_clock_are_counted_as_often_as_it_was_set(offset, steps, seed) -> None:
    dice = random.Random(seed)
    skew, source = Skew(), Source(offset)
    jitter = [dice.randrange(SECOND) for _ in range(200)]
    source.beats(skew, jitter[:10])
    for i, step in enumerate(steps):
        source.offset -= step
        source.beats(skew, jitter[10 + 12 * i :][:12])
    told = skew.view
    assert told.steps_forward == sum(step > 0 for step in steps)
    assert told.steps_back == sum(step < 0 for step in steps)
    assert source.offset <= told.offset_us <= source.offset + SECOND


@given(
    held=st.lists(st.tuples(st.integers(1, 4), st.integers(6, 50)), max_size=4),
    drops=st.lists(st.integers(1, 60), max_size=3),
)
def test_a_delay_or_an_absence_is_no_step(held, drops) -> None:
    """Heartbeats are held up for less than a minute, or do not come for minutes: the clock is right all the while."""
    skew, source = Skew(), Source(5 * SECOND)
    source.beats(skew, [0] * 5)
    for count, seconds in held:
        source.beats(skew, [seconds * SECOND] * count)
        source.beats(skew, [0] * 3)
    for count in drops:
        source.wall += count * BEAT
        source.seq += count
        source.beats(skew, [0] * 3)
    told = skew.view
    assert (told.steps_forward, told.steps_back, told.offset_us) == (0, 0, 5 * SECOND)


def test_catching_up_in_many_steps_is_no_step() -> None:
    skew, source = Skew(), Source(HOUR)
    source.beats(skew, [0] * 5)
    for _ in range(10):
        source.offset -= 6 * MINUTE
        source.beats(skew, [0])
    source.beats(skew, [0] * 5)
    told = skew.view
    assert (told.steps_forward, told.steps_back, told.offset_us) == (0, 0, 0)


@given(ppm=st.integers(-200, 200), jitter=st.integers(0, 2000), seed=st.integers(0, 10**6))
def test_a_drift_is_found_as_far_as_delays_allow(ppm, jitter, seed) -> None:
    dice = random.Random(seed)
    skew, wall = Skew(), WALL
    for seq in range(60):
        wall += BEAT
        offset = (wall - WALL) * ppm // 10**6
        skew.hear(beat(seq, wall - offset), wall + dice.randint(0, jitter))
    told = skew.view.drift_ppm
    assert abs(told - ppm) <= 1 + (jitter + 2 * 10 * abs(ppm)) / 290  # arrivals may be a heartbeat apart


def test_only_at_speed_1_there_is_an_offset() -> None:
    skew, source = Skew(), Source(SECOND)
    assert skew.view.reason == "no heartbeat was heard yet"
    source.beats(skew, [0] * 5)
    assert skew.view.offset_us == SECOND
    skew.hear(beat(source.seq, source.wall, speed=10.0), source.wall)
    assert (skew.view.offset_us, skew.view.reason) == (None, "the plant runs at 10 times the wall clock")
    skew.hear(beat(source.seq + 1, source.wall, running=False), source.wall)
    assert (skew.view.offset_us, skew.view.reason) == (None, "the plant is stopped")
    source.seq += 2
    source.beats(skew, [0])
    assert (skew.view.offset_us, skew.view.steps_forward, skew.view.steps_back) == (SECOND, 0, 0)


def test_a_new_session_begins_anew_and_an_overtaken_heartbeat_says_nothing() -> None:
    skew, source = Skew(), Source(SECOND)
    source.beats(skew, [0] * 5)
    skew.hear(beat(2, WALL - HOUR), source.wall)
    assert skew.view.offset_us == SECOND
    skew.hear(beat(0, source.wall - HOUR, session=2), source.wall + BEAT)
    assert (skew.view.offset_us, skew.view.session, skew.view.steps_back) == (HOUR + BEAT, 2, 0)
    assert not skew.at_pace
    skew.hear(beat(1, source.wall - HOUR + BEAT, session=2), source.wall + 2 * BEAT)
    assert skew.at_pace


def test_a_clock_that_is_set_back_by_little_is_noticed_when_it_cannot_be_a_delay() -> None:
    skew, source = Skew(), Source(0)
    source.beats(skew, [0] * 5)
    source.offset += 8 * SECOND
    source.beats(skew, [0] * (PATIENCE // BEAT))
    assert skew.view.steps_back == 0
    source.beats(skew, [0])
    assert (skew.view.steps_back, skew.view.offset_us) == (1, 8 * SECOND)
