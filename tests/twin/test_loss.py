"""With losses on the way the twin says what is missing, and the truth is never outside its bounds."""

import asyncio
import random
from functools import cache
from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
from hearing import LINE, SMALL, START, Wire, hear, simulated, spoiled, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from broker import decode, encode
from plant.messages import KINDS, Alarm, Delivery, Status
from plant.time import SECOND

PATHS = ("main/line", "main/line/A", "main/line/B", "main/line/B/1", "main/line/C")
UNTIL = 60 * SECOND
CUTS = (0, 7 * SECOND, 20 * SECOND, 31_500_000, 45 * SECOND, UNTIL)
WINDOWS = tuple(combinations(CUTS, 2))
BORN = 2  # messages by which a session is known to be heard from its beginning


async def told(deliveries, windows):
    async with twin_of() as twin:
        await hear(twin, deliveries)
        assert len(twin.runs()) == 1
        kpis = {(path, w): twin.kpis(path, START + w[0], START + w[1]) for path in PATHS for w in windows}
        return twin.counters(), kpis


def hold(kpis, truth, *, lost: int) -> None:
    """The truth is within the bounds, and where nothing is lost it is the value."""
    for place, values in kpis.items():
        for name, value in values.items():
            true = truth[place][name].value
            assert value.coverage <= 1
            if not lost:
                assert value == truth[place][name]
            if true is None:
                continue
            assert value.lower is None or value.lower <= true + abs(true) * 1e-12, (place, name, value, true)
            assert value.upper is None or true - abs(true) * 1e-12 <= value.upper, (place, name, value, true)


@given(
    seed=st.integers(1, 5),
    spoil=st.integers(0, 10**6),
    loss=st.sampled_from([0.0, 0.01, 0.1, 0.5]),
    cuts=st.lists(st.integers(0, UNTIL), min_size=2, max_size=3, unique=True).map(sorted),
)
@settings(max_examples=40)
def test_counters_equal_what_was_injected_and_bounds_hold_the_truth(seed, spoil, loss, cuts) -> None:
    windows = [(0, UNTIL), *pairwise(cuts)]
    deliveries = simulated(seed=seed, until=UNTIL)
    births, rest = sent(seed)
    arriving, lost, repeated = spoiled(rest, spoil, loss=loss, twice=loss, far=5)
    _, truth = asyncio.run(told(deliveries, windows))
    counters, kpis = asyncio.run(told([*births, *arriving], windows))
    assert counters.gaps == lost
    assert counters.duplicates == repeated
    assert counters.dead_letters == {}
    hold(kpis, truth, lost=lost)


class Trouble(NamedTuple):
    """What a network does to a stream.

    Args:
        seed: of all that is random about it.
        loss: share of messages that are lost, heartbeats too, but for the last.
        twice: share that comes twice.
        far: by how many places a message may be late.
        outages: how often the connection goes away; what is said meanwhile is lost.
        tails: share of topics of which the last message before a heartbeat is lost.
        silence: number of the heartbeat behind which nothing comes any more; none: it is heard to its end.
    """

    seed: int
    loss: float
    twice: float
    far: int
    outages: int
    tails: float
    silence: int | None


TROUBLES = st.builds(
    Trouble,
    seed=st.integers(0, 10**9),
    loss=st.sampled_from([0.0, 0.0, 0.02, 0.2, 0.6]),
    twice=st.sampled_from([0.0, 0.1, 0.5]),
    far=st.sampled_from([0, 5, 200]),
    outages=st.integers(0, 3),
    tails=st.sampled_from([0.0, 0.3, 1.0]),
    silence=st.none() | st.integers(1, 5),
)


@cache
def sent(seed: int) -> tuple[tuple[Delivery, ...], tuple[Delivery, ...]]:
    """The two first messages of a machine, which always arrive, and all others."""
    deliveries = simulated(seed=seed, until=UNTIL)
    births = [d for d in deliveries if d.topic.endswith(("A/meta", "A/state"))][:BORN]
    return tuple(births), tuple(d for d in deliveries if d not in births)


@cache
def truth_of(seed: int):
    return asyncio.run(told([d for part in sent(seed) for d in part], WINDOWS))[1]


def key(delivery: Delivery) -> tuple[str, int, int]:
    _, m = decode(delivery.topic, delivery.payload)
    return delivery.topic, m.session, m.seq


def kind(delivery: Delivery) -> str:
    return "alarm" if "/alarm/" in delivery.topic else delivery.topic.rpartition("/")[2]


def carried(stream: list[Delivery], trouble: Trouble) -> list[Delivery]:
    """What arrives of a stream that ends with a heartbeat."""
    dice = random.Random(trouble.seed)
    beats = [i for i, d in enumerate(stream) if kind(d) == "clock"]
    gone: set[int] = {i for i in range(len(stream) - 1) if dice.random() < trouble.loss}
    for beat in dice.sample(beats, min(2, len(beats))) if trouble.tails else ():
        last = {d.topic: i for i, d in enumerate(stream[:beat]) if KINDS[kind(d)].counted}
        gone |= {i for i in last.values() if dice.random() < trouble.tails}
    extra: dict[int, list[Delivery]] = {}  # before which place something else is sent
    for number in range(trouble.outages):
        back = dice.choice(beats)
        away = dice.randrange(back + 1)
        gone |= set(range(away, back))
        gone.discard(back)
        will, online = (status(2 * number + now, stream[0], online=bool(now)) for now in (0, 1))
        extra.setdefault(away, []).append(will)
        extra.setdefault(back, []).append(online)
        extra.setdefault(back + 1, []).extend(newest(stream[:back]))
    arriving = []
    for i in range(len(stream) + 1):
        arriving += extra.get(i, [])
        if i < len(stream) and i not in gone:
            arriving.append(stream[i])
    arriving += [d for d in arriving if dice.random() < trouble.twice]
    order = sorted(range(len(arriving)), key=lambda i: i + dice.uniform(0, trouble.far))
    return [arriving[i] for i in order]


def status(seq: int, like: Delivery, *, online: bool) -> Delivery:
    """What a connection says of itself, or its last will, in the run of another message."""
    run = decode(like.topic, like.payload)[1].run
    (one,) = Wire(run=run).send((LINE, Status(ts=START, online=online, client="c", version="1")))
    _, m = decode(one.topic, one.payload)
    return replace(one, payload=encode(replace(m, seq=seq, n=seq)))


def newest(stream) -> list[Delivery]:
    """The latest of each retained topic, byte for byte, as a publisher sends it again on a new connection."""
    last = {d.topic: d for d in stream if KINDS[kind(d)].retain and KINDS[kind(d)].counted}
    told_now = ((d, decode(d.topic, d.payload)[1]) for d in last.values())
    return [d for d, m in told_now if not (isinstance(m, Alarm) and m.alarm_state == "normal")]


def survive(seed: int, trouble: Trouble) -> None:
    """The law: whatever the network does, counters are exact and bounds hold the truth."""
    births, rest = sent(seed)
    stream = list(rest)
    if trouble.silence is not None:
        beats = [i for i, d in enumerate(stream) if kind(d) == "clock"]
        del stream[beats[trouble.silence - 1] + 1 :]
    arriving = carried(stream, trouble)
    windows = random.Random(trouble.seed).sample(WINDOWS, 4)
    counters, kpis = asyncio.run(told([*births, *arriving], windows))
    said = {key(d) for d in stream if KINDS[kind(d)].counted}
    heard = [key(d) for d in (*births, *arriving)]
    lost = len(said - set(heard))
    assert counters.gaps == lost
    assert counters.duplicates == len(heard) - len(set(heard))
    assert counters.received == len(heard)
    assert counters.journaled == len(set(heard))
    assert counters.dead_letters == {}
    whole = not lost and trouble.silence is None
    exact = whole and {key(d) for d in stream} <= set(heard)  # heartbeats tell until when a state was in force
    hold(kpis, truth_of(seed), lost=0 if exact else 1)


@given(seed=st.integers(1, 5), trouble=TROUBLES)
@settings(max_examples=60)
def test_no_trouble_on_the_way_makes_a_figure_wrong(seed, trouble) -> None:
    survive(seed, trouble)


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(seed=st.integers(1, 40), trouble=TROUBLES)
@settings(max_examples=1000)
def test_no_trouble_on_the_way_makes_a_figure_wrong_in_thousands_of_cases(seed, trouble) -> None:
    survive(seed, trouble)


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_message_lost_last_before_a_silence_is_counted(seed) -> None:
    """Of each topic in turn: nothing of it comes any more, and only the last heartbeat knows that it was sent."""
    births, rest = sent(seed)
    last = {d.topic: i for i, d in enumerate(rest) if KINDS[kind(d)].counted}
    assert len(last) > 10
    for topic, i in last.items():
        counters, kpis = asyncio.run(told([*births, *rest[:i], *rest[i + 1 :]], WINDOWS[4:5]))
        path = topic.removeprefix("shopfloor/v1/local/site/").rpartition(f"/{kind(rest[i])}")[0]
        assert counters.gaps == 1, topic
        assert counters.nodes[path][kind(rest[i])].gaps == 1, topic
        hold(kpis, truth_of(seed), lost=1)


def test_the_plant_of_these_tests_has_what_can_be_lost() -> None:
    kinds = {kind(d) for seed in range(1, 6) for part in sent(seed) for d in part}
    assert kinds >= {"meta", "state", "part", "alarm", "clock"}
    assert SMALL.lines[0].node == LINE
