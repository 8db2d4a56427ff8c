"""Batches that are with the twin at the same time end as if they had come one by one, also when the disk fails."""

import asyncio
import threading
from itertools import pairwise
from typing import NamedTuple

import pytest
from hearing import SMALL, START, A, NoHistorian, Wire, hear, simulated, spoiled, state
from hypothesis import given, settings
from hypothesis import strategies as st
from journaled import everything

from plant.errors import StoreError
from plant.messages import Delivery
from plant.time import SECOND
from shopfloor.pacing import listen
from twin import Journal, Twin


def living(wire: Wire) -> list[Delivery]:
    """A machine does something, twice as often as a heartbeat says so."""
    told = [(A, state(i, "processing" if i % 2 else "starved")) for i in range(8)]
    return [one for i in range(0, 8, 2) for one in (*wire.send(*told[i : i + 2]), *wire.heartbeat(START + i + 1))]


STREAM = simulated(until=20 * SECOND)
SEVERAL = [*STREAM[:30], *(delivery for run in ("x", "y") for delivery in living(Wire(run=run))), *STREAM[30:60]]


class Moody(Journal):
    """A journal in memory whose disk is full at some of its appends, and that waits for a permit for each."""

    def __init__(self, full: set[int] = frozenset(), permits: int = 10**6) -> None:
        super().__init__(None)
        self.permits = threading.Semaphore(permits)
        self.tries = 0
        self._full = full

    def append(self, rows):
        assert self.permits.acquire(timeout=10)
        self.tries += 1
        if self.tries - 1 in self._full:
            raise StoreError("the disk is full")
        return super().append(rows)


class Feed:
    """A subscription with all batches there, that notes what was acknowledged."""

    def __init__(self, batches: list[list[Delivery]]) -> None:
        self._batches = batches
        self.given = self.acknowledged = 0

    async def batch(self) -> list[Delivery]:
        if self.given == len(self._batches):
            await asyncio.Event().wait()
        self.given += 1
        return self._batches[self.given - 1]

    async def acknowledge(self) -> None:
        self.acknowledged += 1


def a_twin(journal: Journal) -> Twin:
    return Twin(SMALL, journal=journal, historian=NoHistorian())


def told(twin: Twin) -> tuple:
    """All that a twin knows, and how its messages came."""
    counters = twin.counters()
    how = (counters.received, counters.journaled, counters.duplicates, counters.gaps, counters.late)
    return [twin.digest(run) for run in twin.runs()], how, counters.dead_letters, twin.runs(), everything(twin._journal)


async def decoded() -> None:
    """All that is on its way has come as far as the journal."""
    for _ in range(20):
        await asyncio.sleep(0)


async def one_by_one(batches: list[list[Delivery]]) -> tuple:
    async with a_twin(Journal(None)) as twin:
        for batch in batches:
            await twin.take(batch)
        return told(twin)


class Arrival(NamedTuple):
    """How a stream arrives: spoiled, and cut where it is said; a batch may begin with the end of the one before."""

    runs: int = 1
    seed: int = 0
    loss: float = 0.0
    twice: float = 0.0
    far: int = 0
    cuts: tuple[tuple[float, int], ...] = ()

    @property
    def batches(self) -> list[list[Delivery]]:
        stream = STREAM if self.runs == 1 else SEVERAL
        deliveries, _, _ = spoiled(stream, self.seed, loss=self.loss, twice=self.twice, far=self.far)
        begins = {0: 0, **{1 + int(share * (len(deliveries) - 1)): again for share, again in self.cuts}}
        pieces = pairwise([*sorted(begins), len(deliveries)])
        return [deliveries[max(0, begin - begins[begin]) : end] for begin, end in pieces]


ARRIVALS = st.builds(
    Arrival,
    runs=st.sampled_from([1, 3]),
    seed=st.integers(0, 99),
    loss=st.sampled_from([0.0, 0.1]),
    twice=st.sampled_from([0.0, 0.2]),
    far=st.sampled_from([0, 3, 40]),
    cuts=st.lists(st.tuples(st.floats(0, 0.99), st.sampled_from([0, 0, 7, 50])), max_size=8).map(tuple),
)


@given(ARRIVALS)
@settings(max_examples=40)
def test_batches_that_overlap_end_as_if_they_came_one_by_one(arrival) -> None:
    batches = arrival.batches

    async def run() -> None:
        async with a_twin(Moody(permits=0)) as twin:
            taking = [twin.offer(batch) for batch in batches]
            await decoded()
            assert twin.position() == twin.counters().received == 0
            twin._journal.permits.release(len(batches))
            await asyncio.gather(*taking)
            assert told(twin) == await one_by_one(batches)
            assert not twin._underway._batches

    asyncio.run(run())


@given(ARRIVALS)
@settings(max_examples=40)
def test_while_one_batch_is_written_the_next_is_decoded(arrival) -> None:
    batches = arrival.batches

    async def run() -> None:
        async with a_twin(Moody(permits=0)) as twin:
            taking = []
            for batch in batches:
                taking.append(twin.offer(batch))
                await decoded()
                if len(taking) > 1:
                    twin._journal.permits.release()
                    await taking[-2]
            twin._journal.permits.release()
            await taking[-1]
            assert told(twin) == await one_by_one(batches)

    asyncio.run(run())


@given(ARRIVALS, st.sets(st.integers(0, 9), max_size=4))
@settings(max_examples=40)
def test_behind_a_batch_that_is_given_back_nothing_is_taken(arrival, full) -> None:
    batches = arrival.batches

    async def run() -> None:
        async with a_twin(Moody(full)) as twin:
            remaining = batches
            while remaining:
                outcomes = await asyncio.gather(*map(twin.offer, remaining), return_exceptions=True)
                assert {type(outcome) for outcome in outcomes} <= {type(None), StoreError}
                good = [outcome is None for outcome in outcomes]
                assert good == sorted(good, reverse=True)
                remaining = remaining[sum(good) :]
            assert told(twin) == await one_by_one(batches)
            assert twin.counters().journal_retries == len([i for i in full if i < twin._journal.tries])
            assert twin.counters().journal_trouble == ""

    asyncio.run(run())


@given(ARRIVALS, st.sets(st.integers(0, 9), max_size=4))
@settings(max_examples=30)
def test_what_is_acknowledged_is_stored_and_what_is_given_back_comes_again_in_order(arrival, full) -> None:
    batches = arrival.batches

    async def run() -> None:
        feed = Feed(batches)
        async with a_twin(Moody(full)) as twin:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("shopfloor.pacing.FIRST_WAIT", 0.001)
                listening = asyncio.create_task(listen(twin, feed))
                async with asyncio.timeout(20):
                    while feed.acknowledged < len(batches):
                        assert not listening.done()
                        assert feed.given - feed.acknowledged <= 3
                        await asyncio.sleep(0)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            assert told(twin) == await one_by_one(batches)

    asyncio.run(run())


async def test_behind_a_batch_without_rows_that_follows_one_that_is_given_back_nothing_is_taken() -> None:
    """What has nothing for the journal, such as copies, hands on that those before it could not be stored."""
    async with a_twin(Moody({0})) as twin:
        batches = [STREAM[:10], STREAM[:10], STREAM[10:20]]
        outcomes = await asyncio.gather(*map(twin.offer, batches), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreError] * 3


async def test_what_fails_before_it_is_stored_holds_up_nothing(monkeypatch) -> None:
    async with a_twin(Moody()) as twin:
        await twin.take(STREAM[:10])
        monkeypatch.setattr(twin, "_sort", unreadable)
        outcomes = await asyncio.gather(twin.take(STREAM[10:20]), twin.take(STREAM[20:30]), return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["unreadable"] * 2
        monkeypatch.undo()
        await hear(twin, STREAM[10:])
        assert twin.position() == len(STREAM)


async def unreadable(*_: object) -> None:
    raise StoreError("unreadable")


async def test_a_run_is_read_from_the_journal_while_batches_are_under_way(tmp_path) -> None:
    async with a_twin(Journal(tmp_path / "j")) as twin:
        await twin.take(STREAM)
        await twin.take(living(Wire(run="new")))
        expected = told(twin)[0]
    async with a_twin(Journal(tmp_path / "j")) as twin:
        takes = [twin.take(STREAM[begin : begin + 50]) for begin in range(0, len(STREAM), 50)]
        await asyncio.gather(*takes, twin.load(twin.runs()[0]))
        assert told(twin)[0] == expected
        assert twin.counters().duplicates == len(STREAM)
