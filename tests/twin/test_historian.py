"""A historian keeps every sample once, and what it tells of a step is what its samples say."""

import asyncio
import math

import duckdb
import pytest
from blocks import block
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.errors import StoreError
from plant.time import DAY, SECOND
from twin import DuckDbHistorian, duckdb_historian
from twin.historian import steps
from twin.telemetry_folder import TelemetryFolder

RAW = "telemetry/r/raw-1970-01-01.duckdb"
VALUES = st.none() | st.floats(-1e9, 1e9) | st.integers(-(2**53), 2**53) | st.booleans()
SAMPLES = st.dictionaries(st.integers(0, 99), VALUES, max_size=20)


@given(SAMPLES, SAMPLES, st.integers(1, 60), st.integers(0, 50), st.integers(1, 80))
@settings(max_examples=30)
def test_a_step_tells_what_its_samples_say(ours, others, step, begin, length) -> None:
    async def run() -> None:
        async with DuckDbHistorian() as store:
            for path, samples in (("a/l/A", ours), ("a/l/B", others)):
                half = sorted(samples)[: len(samples) // 2], sorted(samples)[len(samples) // 2 :]
                await store.append([block(t, path=path, power=[samples[i] for i in t]) for t in half])
            series = await store.select("r", "a/l/A", "power", steps(begin, begin + length, step))
        assert series.t == list(range(begin, begin + length, step))
        for place, start in enumerate(series.t):
            inside = [
                float(v)
                for t, v in sorted(ours.items())
                if v is not None and start <= t < min(start + step, begin + length)
            ]
            told = (series.min[place], series.mean[place], series.max[place], series.last[place])
            if not inside:
                assert told == (None, None, None, None)
                continue
            assert told[0] == min(inside)
            assert told[1] == pytest.approx(math.fsum(inside) / len(inside), rel=1e-9, abs=1e-6)
            assert told[2:] == (max(inside), inside[-1])

    asyncio.run(run())


async def test_a_file_keeps_samples_and_copies_after_an_opening_are_dropped(tmp_path) -> None:
    file = tmp_path / "deep"
    async with DuckDbHistorian(file) as store:
        await store.append([block([1, 2, 3], power=[1.0, 2.0, 3.0]), block([5], path="a/l/B", power=[9.0])])
        await store.flush()
        assert store.stored("r") == {"a/l/A": 3, "a/l/B": 5}
    async with DuckDbHistorian(file) as store:
        assert store.stored("r") == {"a/l/A": 3, "a/l/B": 5}
        assert store.stored("other") == {}
        await store.append([block([2, 3, 4], power=[2.0, 3.0, 4.0]), block([4, 5], path="a/l/B", power=[8.0, 9.0])])
        assert (await store.latest("r", "a/l/A"))["power"] == (4, 4.0)
    with duckdb.connect(str(file / RAW)) as db:
        assert db.execute("SELECT machine, t FROM machine ORDER BY ALL").fetchall() == [
            (1, 1), (1, 2), (1, 3), (1, 4), (2, 4), (2, 5),
        ]  # fmt: skip


async def test_runs_and_types_are_kept_apart() -> None:
    async with DuckDbHistorian() as store:
        await store.append([block([1], run="one", power=[1.0]), block([1], run="two", power=[2.0])])
        await store.append([block([1], path="a/l/W", type_="washing-machine", load=[3.0])])
        assert await store.latest("one", "a/l/A") == {"power": (1, 1.0)}
        assert await store.latest("two", "a/l/A") == {"power": (1, 2.0)}
        assert await store.latest("r", "a/l/W") == {"load": (1, 3.0)}
        assert await store.latest("r", "a/l/nobody") == {}


async def test_signals_may_come_later_and_may_have_any_name_and_value() -> None:
    odd = {"Power": [1], "power": [2], 'a "quoted" name': [3], "t": [4], "machine": [5], "température": [6], "": [7]}
    async with DuckDbHistorian() as store:
        await store.append([block([1], program=["O1000"], power=[1.0])])
        await store.append([block([2], **odd)])
        await store.append([block([3], program=[None], power=[10**400], huge=[True], late=["text"])])
        await store.append([block([4], power=["no number"], program=[5])])
        latest = await store.latest("r", "a/l/A")
        for tag, (value,) in odd.items():
            assert latest[tag] == (2, float(value))
        assert latest["program"] == (1, "O1000")
        assert latest["huge"] == (3, 1.0)
        assert latest["late"] == (3, "text")
        assert set((await store.select("r", "a/l/A", "program", steps(0, 9, 3))).last) == {None}


async def test_too_many_signals_are_refused_and_nothing_else_is_lost() -> None:
    async with DuckDbHistorian() as store:
        await store.append([block([1], **{f"tag{i}": [i] for i in range(1000)})])
        await store.append([block([2], tag0=[7])])
        latest = await store.latest("r", "a/l/A")
        assert len(latest) == 400
        assert latest["tag0"] == (2, 7.0)


async def test_quality_is_the_worst_of_a_row(tmp_path) -> None:
    bad = 0x80000000
    async with DuckDbHistorian(tmp_path) as store:
        await store.append([block([1, 2], q={"power": [0, bad], "load": 64}, power=[1, None], load=[1, 2])])
    with duckdb.connect(str(tmp_path / RAW)) as db:
        assert db.execute("SELECT t, q FROM machine ORDER BY t").fetchall() == [(1, 64), (2, bad)]


class Stubborn(TelemetryFolder):
    """A store that is away for its first writes."""

    refusals = 3

    def write(self, blocks):
        if self.refusals:
            self.refusals -= 1
            raise duckdb.IOException("the disk is away")
        return super().write(blocks)


async def test_while_the_store_is_away_samples_wait_and_are_stored_when_it_is_back() -> None:
    store = DuckDbHistorian()
    store._folder = Stubborn(None)
    async with store:
        await store.append([block([t], power=[t]) for t in range(10_000)])
        async with asyncio.timeout(20):
            while store.health.backlog:
                await asyncio.sleep(0.01)
        assert store.health == (10_000, 0, 0)
        assert (await store.latest("r", "a/l/A"))["power"] == (9999, 9999.0)


async def test_a_store_that_stays_away_costs_the_oldest_samples_and_holds_up_nobody() -> None:
    store = DuckDbHistorian(bound=100)
    store._folder = Stubborn(None)
    store._folder.refusals = 10**9
    async with store:
        async with asyncio.timeout(20):
            for first in range(0, 1000, 50):
                await store.append([block([t], power=[t]) for t in range(first, first + 50)])
        assert store.health.backlog <= 150
        with pytest.raises(StoreError, match="away"):
            await store.latest("r", "a/l/A")
        store._folder.refusals = 0
        assert (await store.latest("r", "a/l/A"))["power"] == (999, 999.0)
        stored, backlog, dropped = store.health
        assert (stored + dropped, backlog) == (1000, 0)
        assert dropped >= 800


class Unkempt(TelemetryFolder):
    """A store whose upkeep fails."""

    tries = 0

    def tend(self) -> bool:
        self.tries += 1
        raise duckdb.IOException("no room for minutes")


async def test_upkeep_that_fails_holds_up_no_samples(caplog) -> None:
    store = DuckDbHistorian()
    store._folder = Unkempt(None)
    async with store, asyncio.timeout(60):
        while not store._folder.tries:
            await asyncio.sleep(0.01)
        for first in range(0, 30_000, 10_000):
            await store.append([block(range(first, first + 10_000), power=list(range(10_000)))])
        while store.health.backlog:
            await asyncio.sleep(0.01)
        assert store.health == (30_000, 0, 0)
        assert store._folder.tries <= 6, "it is tried again after a while, not at once"
    assert "made later" in caplog.text


class Laden(TelemetryFolder):
    """A store whose upkeep never ends, and that notes what it does."""

    def __init__(self) -> None:
        super().__init__(None)
        self.done: list[str] = []

    def tend(self) -> bool:
        self.done.append("upkeep")
        return True

    def write(self, blocks):
        self.done.append("write")
        return super().write(blocks)

    def latest(self, run, path):
        self.done.append("question")
        return super().latest(run, path)


async def test_who_asks_waits_for_one_piece_of_upkeep_and_the_next_questions_for_none(monkeypatch) -> None:
    """However much upkeep is due: it rests until nobody has asked for a while."""
    for pause in ("PATIENCE", "UPKEEP"):
        monkeypatch.setattr(duckdb_historian, pause, 1e9)
    store = DuckDbHistorian()
    store._folder = Laden()
    async with store, asyncio.timeout(60):
        while not store._folder.done:
            store._wake.set()
            await asyncio.sleep(0)
        begun = len(store._folder.done)
        for _ in range(20):
            await store.latest("r", "a/l/A")
        questions = [at for at, what in enumerate(store._folder.done) if what == "question"]
        assert questions[0] - begun <= 1, "the piece under way"
        assert questions == list(range(questions[0], questions[0] + 20))
        monkeypatch.setattr(duckdb_historian, "UPKEEP", 0.0)
        while store._folder.done[-1] == "question":
            store._wake.set()
            await asyncio.sleep(0)


async def test_upkeep_goes_on_while_more_samples_wait_than_can_be_written(monkeypatch) -> None:
    monkeypatch.setattr(duckdb_historian, "UPKEEP", -1.0)
    monkeypatch.setattr(duckdb_historian, "PATIENCE", 0.05)
    store = DuckDbHistorian(bound=10**6)
    store._folder = folder = Laden()
    await store.append([block(range(n, n + 50_000), power=[1.0] * 50_000) for n in range(0, 150_000, 50_000)])
    async with store, asyncio.timeout(60):
        while store.health.backlog:
            await asyncio.sleep(0)
    writes = [at for at, what in enumerate(folder.done) if what == "write"]
    assert len(writes) == 3
    assert all("upkeep" in folder.done[a:b] for a, b in zip(writes, writes[1:], strict=False))


async def test_minutes_are_made_while_samples_come(tmp_path) -> None:
    async with DuckDbHistorian(tmp_path) as store, asyncio.timeout(60):
        begin = 20_000 * DAY
        await store.append([block([begin + second * SECOND for second in range(0, 11 * 3600, 7)], power=[1.0] * 5658)])
        while not (await store.kept()).hours.files:
            await asyncio.sleep(0.05)
    with duckdb.connect(str(tmp_path / "telemetry" / "r" / "minutes-2024-10.duckdb")) as db:
        assert db.execute("SELECT count(*), sum(power.n) FROM machine").fetchone() == (240, 2058)


async def test_a_file_that_is_no_store_is_refused(tmp_path) -> None:
    (tmp_path / "telemetry.duckdb").write_text("no database " * 500)
    with pytest.raises(StoreError):
        await DuckDbHistorian(tmp_path).__aenter__()


def test_a_series_needs_a_window_and_not_too_many_steps() -> None:
    for begin, end, step in ((5, 5, 1), (5, 4, 1), (0, 10, 0), (0, 10**6, 1)):
        with pytest.raises(ValueError, match="step"):
            steps(begin, end, step)
