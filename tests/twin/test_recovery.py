"""A restart begins at the newest snapshot, and nobody can tell."""

import asyncio
import random
import shutil
import sqlite3
from itertools import pairwise

import pytest
from generated import whole_plants
from hearing import hear, simulated, spoiled, stored, twin_at
from hypothesis import given, settings
from hypothesis import strategies as st
from mortal import account

from plant.errors import StoreError
from plant.time import MINUTE
from twin import Journal, Twin
from twin.recovery import Pace

NEVER = Pace(messages=10**9, seconds=1e9)


def rows(folder, query="SELECT after, position, weight FROM snapshots ORDER BY position"):
    with sqlite3.connect(folder / "journal.sqlite") as db:
        found = db.execute(query).fetchall()
    db.close()
    return found


def told(twin: Twin) -> dict:
    """All that it says of what the journal has."""
    run = twin._run(None)
    tallies = {topic: sink.tally for topic, sink in run.sinks.items() if sink.journaled}
    return {**account(twin), "last": twin.last(run.name).nodes, "tallies": tallies}


@given(whole_plants(most=1), st.integers(0, 10**6), st.integers(1, 200), st.integers(10, 120))
@settings(max_examples=25)
def test_a_twin_that_starts_from_snapshots_is_the_one_that_never_stopped(
    tmp_path_factory, plant, order, size, every
) -> None:
    """It is killed: its files are copied as they are at that instant."""
    folder, copy = tmp_path_factory.mktemp("alive"), tmp_path_factory.mktemp("copy")

    def of(twin):
        begin, end = twin.extent()
        path = next(iter(plant.lines)).node.path
        return twin.digest(), (begin, end), twin.kpis(path, begin, end + 1), twin.last(twin.runs()[-1]).nodes

    async def live_and_again() -> None:
        dice = random.Random(order)
        heard, _, _ = spoiled(simulated(plant, until=MINUTE), order, loss=0.03, twice=0.1, far=dice.choice([0, 9, 200]))
        cut = dice.randrange(1, len(heard))
        async with twin_at(folder, plant, Pace(messages=every, seconds=1e9)) as twin:
            await hear(twin, heard[:cut], size)
            await stored(twin)
            for file in folder.glob("journal*"):
                shutil.copy(file, copy)
            async with twin_at(copy, plant) as again:
                assert of(again) == of(twin)
                assert again.counters().gaps == twin.counters().gaps
                await hear(again, heard[cut:], size)
                await hear(twin, heard[cut:], size)
                assert of(again) == of(twin)
        async with twin_at(copy, plant) as again, twin_at(folder, plant) as twin:
            assert of(again) == of(twin)
            assert again.counters().gaps == twin.counters().gaps
            assert (again.counters().snapshots_damaged, twin.counters().snapshots_damaged) == (0, 0)

    asyncio.run(live_and_again())


async def test_after_a_clean_stop_nothing_is_folded_again_and_the_counters_go_on(tmp_path, monkeypatch) -> None:
    heard, _, repeated = spoiled(simulated(telemetry=True), 1, loss=0.05, twice=0.1, far=9)
    async with twin_at(tmp_path, pace=NEVER) as twin:
        await hear(twin, heard)
        before, counters = told(twin), twin.counters()
        assert counters.snapshots == 0
        assert counters.duplicates == repeated
    monkeypatch.setattr("twin.intake.Run.apply", None)
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before
        assert twin.counters().nodes == counters.nodes


async def test_snapshots_are_taken_after_so_many_messages_or_so_much_time(tmp_path) -> None:
    heard = simulated(until=5 * MINUTE)
    async with twin_at(tmp_path, pace=Pace(messages=100, seconds=1e9)) as twin:
        await hear(twin, heard[:400], 50)
        assert twin.counters().snapshots == 4
        await stored(twin)
        assert rows(tmp_path) == [(0, 100, 1), (100, 200, 1), (200, 300, 1), (300, 400, 1)]
    async with twin_at(tmp_path, pace=Pace(messages=10**9, seconds=0)) as twin:
        await hear(twin, heard[400:500], 50)
        await hear(twin, heard[400:500], 50)
        assert twin.counters().snapshots == 2, "where nothing new is in the journal, none is taken"
    assert rows(tmp_path)[-2:] == [(400, 450, 1), (450, 500, 1)]


async def test_a_chain_is_merged_as_it_grows(tmp_path) -> None:
    heard = simulated(until=8 * MINUTE)
    async with twin_at(tmp_path, pace=Pace(messages=10, seconds=1e9)) as twin:
        await hear(twin, heard, 10)
        before = told(twin)
    chain = rows(tmp_path)
    assert chain[0][:1] == (0,)
    assert all(one[1] == other[0] for one, other in pairwise(chain))
    assert {64, 8} <= {weight for _, _, weight in chain}
    assert len(chain) <= 7 * 4
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before


@pytest.mark.parametrize("spoil", ["state", "checksum", "missing", "garbage", "all"])
async def test_a_snapshot_that_cannot_be_used_costs_time_only(tmp_path, spoil, caplog) -> None:
    heard = simulated()
    async with twin_at(tmp_path) as twin:
        await hear(twin, heard, 40)
        before = told(twin)
    chain = rows(tmp_path)
    assert len(chain) > 3
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        third = (chain[2][1],)
        if spoil == "missing":
            db.execute("DELETE FROM snapshots WHERE position = ?", third)
        elif spoil == "garbage":
            db.execute("UPDATE snapshots SET state = x'00' WHERE position = ?", third)
        elif spoil == "all":
            db.execute("UPDATE snapshots SET checksum = x'00'")
        else:
            (found,) = db.execute(f"SELECT {spoil} FROM snapshots WHERE position = ?", third).fetchone()  # noqa: S608 ours
            flipped = bytes([*found[:-1], found[-1] ^ 1])
            db.execute(f"UPDATE snapshots SET {spoil} = ? WHERE position = ?", (flipped, *third))  # noqa: S608 ours
    db.close()
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before
        assert twin.counters().snapshots_damaged == (spoil != "missing")
        assert ("damaged" in caplog.text) == (spoil != "missing")
        assert twin.counters().dead_letters == {}
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before
        assert twin.counters().snapshots_damaged == 0, "the chain is whole again"


async def test_another_version_of_what_folds_reads_all_and_begins_a_chain_of_its_own(tmp_path, monkeypatch) -> None:
    async with twin_at(tmp_path) as twin:
        await hear(twin, simulated(), 40)
        before = told(twin)
    (old,) = set(rows(tmp_path, "SELECT version FROM snapshots"))
    monkeypatch.setattr("twin.recovery.version", lambda *_: "another")
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before
    assert set(rows(tmp_path, "SELECT version FROM snapshots")) == {("another",)} != {old}
    monkeypatch.setattr("twin.intake.Run.apply", None)
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before


async def test_a_long_rebuild_takes_snapshots_on_its_way(tmp_path, monkeypatch) -> None:
    async with twin_at(tmp_path, pace=None) as twin:
        await hear(twin, simulated(until=4 * MINUTE))
        before = told(twin)
    assert rows(tmp_path) == []
    monkeypatch.setattr("twin.replay.STRETCH", 50)
    monkeypatch.setattr("twin.recovery.REACH", 100)
    async with twin_at(tmp_path) as twin:
        await stored(twin)
        assert [position for _, position, _ in rows(tmp_path)][:3] == [100, 200, 300]
        assert told(twin) == before
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before


async def test_a_snapshot_that_cannot_be_stored_waits_for_the_next_time(tmp_path, monkeypatch, caplog) -> None:
    heard = simulated()
    async with twin_at(tmp_path) as twin:
        with monkeypatch.context() as patch:

            def full(*_):
                raise StoreError("the disk is full")

            patch.setattr(Journal, "keep", full)
            await hear(twin, heard[:100], 50)
            await stored(twin)
        assert rows(tmp_path) == []
        assert "the disk is full" in caplog.text
        await hear(twin, heard[100:], 50)
        await stored(twin)
        before = told(twin)
    assert rows(tmp_path)[0][0] == 0
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before


async def test_no_snapshot_is_taken_of_a_batch_that_was_folded_in_part(tmp_path, monkeypatch) -> None:
    heard = simulated()
    async with twin_at(tmp_path) as twin:
        await hear(twin, heard[:120], 40)
        taken = twin.counters().snapshots
        with monkeypatch.context() as patch:
            patch.setattr("twin.intake.Run.apply", None)
            with pytest.raises(TypeError):
                await twin.take(heard[120:200])
        await hear(twin, heard[120:], 40)
        before = told(twin)
        assert twin.counters().snapshots == taken
    async with twin_at(tmp_path) as twin:
        assert told(twin) == before


async def test_all_runs_are_in_snapshots(tmp_path) -> None:
    streams = [simulated(seed=seed) for seed in (1, 2)]
    async with twin_at(tmp_path, pace=NEVER) as twin:
        for stream in streams:
            await hear(twin, stream)
        known = {run: twin.digest(run) for run in twin.runs()}
    assert len(known) == len(rows(tmp_path)) == 2
    async with twin_at(tmp_path) as twin:
        for run, digest in known.items():
            await twin.load(run)
            assert twin.digest(run) == digest
