"""What is recorded in pieces, over late messages, restarts and a store that goes away, is what the twin knows."""

import asyncio
import random
import tempfile
from pathlib import Path

import pytest
from hearing import START, A, hear, simulated, spoiled, twin_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore

from plant.description import Plant
from plant.errors import StoreError
from plant.remarks import Disposed, Recoded
from plant.time import HOUR, MINUTE, SECOND
from twin.recorder import Recorder
from twin.tables import tables_of

LATENESS = 5 * SECOND
PLANT = Plant.model_validate(
    {
        "plant": "site",
        "shifts": [
            {"name": "one", "start": "00:00", "end": "00:02"},
            {"name": "two", "start": "00:02", "end": "00:03"},
            {"name": "three", "start": "00:03", "end": "00:00"},
        ],
        "lines": [{"name": "line", "minor_stop": "20 s", "stations": [
            {"name": "A", "cycle_time": "exponential(5 s)",
             "failures": [{"mode": "jam", "time_to_failure": "30 s", "time_to_repair": "exponential(20 s)"}]},
            {"name": "B", "cycle_time": "exponential(9 s)", "machines": 2, "buffer": 2, "transport": "2 s",
             "quality": {"scrap": "20 %"}},
        ]}],
    }
)  # fmt: skip
NOW = {"status", "health", "line_status_line"}
"""Tables of what was now: told when it was."""
PASSING = {"state", "event", "spc"}
"""Tables of which a recorder that was started anew may leave points that are no more; none was seen so far."""


def stories(seed: int, length: int):
    """A plant is heard in pieces, with losses, copies and disorder, and some messages much later than all others."""
    dice = random.Random(seed)
    whole = simulated(PLANT, seed=seed, until=length)
    stream, _, _ = spoiled(whole, seed, loss=dice.choice([0, 0.05]), twice=0.05, far=dice.choice([0, 9]))
    held = [one for one in stream if dice.random() < 0.03 and not one.topic.endswith("clock")]
    rest = [one for one in stream if one not in held]
    while rest or held:
        size = dice.randrange(20, 150)
        batch, rest = rest[:size], rest[size:]
        if held and (not rest or dice.random() < 0.15):
            few = dice.randrange(1, 4)
            batch, held = batch + held[:few], held[few:]
        yield batch, dice


async def said(twin, dice) -> None:
    """Somebody corrects a reason, or a part."""
    first, now = twin.extent()
    for stretch in twin.intervals(A.path, first, now):
        if stretch.state == "failed" and dice.random() < 0.5:
            about = Recoded(begin=stretch.begin, end=stretch.end, reason=dice.choice(["crash", "tooling"]))
            await twin.remark(A.path, about, by="anna")
            break
    booked = [at for at, event, _ in twin.part_events(A.path, first, now) if event == "finished"]
    parts = [part for _, event, part in twin.part_events(A.path, first, now) if event == "finished"]
    if booked:
        await twin.remark(A.path, Disposed(part=parts[0], at=booked[0], verdict="scrap"), by="ben")


async def story(seed: int, folder: Path, cell: int, *, restarts: bool = False) -> None:
    store, whole = MemoryStore(), MemoryStore()
    async with twin_of(PLANT, folder, lateness=LATENESS) as twin:
        recorder = Recorder(twin, store, cell=cell)
        for batch, dice in stories(seed, dice_length(seed)):
            await twin.take(batch)
            if twin.ready and dice.random() < 0.2:
                await twin._seal(twin.known())
            if twin.ready and dice.random() < 0.1:
                await said(twin, dice)
            if restarts and dice.random() < 0.2:
                recorder = Recorder(twin, store, cell=cell)
            store.away = dice.random() < 0.2
            try:
                await recorder.advance(again=dice.random() < 0.7)
            except StoreError:
                assert store.away
        store.away = False
        await recorder.advance(again=True)
        count = len(store.writes)
        await recorder.advance(again=True)
        again = [point for points in store.writes[count:] for point in points]
        assert not again, f"what has not changed is not written again: {again}"
        await Recorder(twin, whole, cell=cell).advance()
        judge(store.known(), whole.known(), NOW | PASSING if restarts else NOW)


def dice_length(seed: int) -> int:
    return random.Random(seed).choice([3 * MINUTE, 5 * MINUTE])


def judge(told, truth, aside) -> None:
    for table, points in truth.items():
        if table not in aside:
            assert told[table] == points, table


@given(seed=st.integers(0, 10_000), cell=st.sampled_from([20 * SECOND, MINUTE]), restarts=st.booleans())
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_what_is_recorded_as_it_comes_is_what_is_known_in_the_end(seed, cell, restarts) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(seed, Path(folder), cell, restarts=restarts))


async def test_every_table_of_a_line_has_points_and_they_are_as_it_says() -> None:
    store = MemoryStore()
    async with twin_of(PLANT, lateness=LATENESS) as twin:
        await hear(twin, simulated(PLANT, until=3 * HOUR), 2000)
        recorder = Recorder(twin, store)
        await recorder.advance()
        told = recorder.recorded
        assert (told.points, told.failures, told.trouble) == (sum(map(len, store.writes)), 0, "")
        assert 0 < told.cells <= 36 * 3
        assert told.lag_us == 0
    tables = tables_of(PLANT)
    written = {table for table, _, _ in store.kept}
    assert written == {name for name, table in tables.items() if not table.raw} - {
        "measured", "spc", "capability", "order"
    }, "this line measures nothing and has no orders"  # fmt: skip
    types = {"int": int, "float": float, "text": str}
    for (name, _, labels), values in store.kept.items():
        assert len(labels) == len(tables[name].labels)
        for field, value in values.items():
            assert type(value) is types[tables[name].fields[field].datatype], (name, field, value)
    hours = {labels[-1]: values for (labels, _), values in store.table("comparison").items()}
    assert hours["throughput"]["hours"] == 2
    assert hours["throughput"]["lower"] <= hours["throughput"]["mean"] <= hours["throughput"]["upper"]


async def test_a_store_that_is_away_is_tried_again_and_one_warning_says_so(monkeypatch, caplog) -> None:
    monkeypatch.setattr("twin.recorder.FIRST_WAIT", 0.001)
    monkeypatch.setattr("twin.recorder.TICK", 0.001)
    monkeypatch.setattr("twin.recorder.HEARTBEATS", 0.0)
    store = MemoryStore()
    store.away = True
    async with twin_of(PLANT) as twin:
        await hear(twin, simulated(PLANT, until=MINUTE))
        recorder = Recorder(twin, store)
        running = asyncio.create_task(recorder.run())
        while recorder.recorded.failures < 3:
            await asyncio.sleep(0.001)
        assert recorder.recorded.trouble == "the store is away"
        store.away = False
        while not recorder.recorded.points or recorder.recorded.trouble:
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await recorder.finish()
    assert [record.message for record in caplog.records if record.name == "twin.recorder"] == [
        "points are not recorded: the store is away; trying again",
        "points are recorded again",
    ]


async def test_pareto_charts_rank_as_the_twin_does() -> None:
    store = MemoryStore()
    async with twin_of(PLANT) as twin:
        await hear(twin, simulated(PLANT, until=4 * MINUTE))
        await Recorder(twin, store).advance()
        for (begin, end), shift in (((0, 2), "one"), ((2, 3), "two"), ((3, 4), "three")):
            chart = twin.pareto("main/line", START + begin * MINUTE, START + end * MINUTE)
            rows: dict = {}
            for row in chart.rows:
                time, count = rows.get((row.state, row.reason or "none"), (0, 0))
                rows[row.state, row.reason or "none"] = time + row.time_us, count + row.count
            told = {labels[5:]: v for (labels, _), v in store.table("pareto").items() if labels[4] == shift}
            assert {why: (v["lost"], v["stops"]) for why, v in told.items()} == rows
            ranked = [v["lost"] for v in sorted(told.values(), key=lambda v: v["rank"])]
            assert ranked == sorted(ranked, reverse=True)
            assert max(v["cumulative"] for v in told.values()) == pytest.approx(1)
