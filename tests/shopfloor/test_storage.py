"""A data folder stays below its bound: what goes, in which order, and what never goes."""

import asyncio
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hearing import SMALL, START, simulated, twin_of
from running import running

from dashboards.metrics import metrics_text
from plant.errors import InputError
from plant.time import SECOND
from shopfloor.continuation import RunBook, RunRecord
from shopfloor.keeping import keep_plant
from shopfloor.settings import size
from shopfloor.storage import Storage
from twin import Journal, Twin, open_twin
from twin.historian import steps

NEVER = 1 << 62


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A folder of three runs and its twin."""

    twin: Twin
    folder: Path
    runs: list[str]

    def storage(self, limit: int) -> Storage:
        return Storage(self.twin, self.folder, limit=limit, run=self.runs[-1])


@asynccontextmanager
async def filling(tmp_path):
    book = RunBook.open(tmp_path)
    async with open_twin(SMALL, tmp_path, durable=False) as twin:
        for seed in (3, 1, 2):
            stream = simulated(seed=seed, until=900 * SECOND, telemetry=True)
            await twin.take(stream)
            run = twin.runs()[-1]
            book = book.begin_next(RunRecord(run=run, seed=seed, start=START))
            keep_plant(tmp_path, run, SMALL)
            await twin.historian.flush()
        yield Filled(twin=twin, folder=tmp_path, runs=list(twin.runs()))


@pytest.fixture
async def filled(tmp_path):
    async with filling(tmp_path) as filled:
        yield filled


def kpis(twin: Twin, run: str) -> list:
    return [twin.kpis(path, START, START + 900 * SECOND, run=run) for path in ("main/line", "main/line/A")]


async def total(storage: Storage) -> int:
    await storage.bound()
    return storage.tell()["bytes"]["total"]


async def test_what_is_below_its_bound_is_left_alone(filled) -> None:
    storage = filled.storage(NEVER)
    await storage.bound()
    told = storage.tell()
    files = [file for file in filled.folder.rglob("*") if file.is_file()]
    assert told["bytes"]["total"] == sum(file.stat().st_size for file in files)
    assert told["bytes"]["journal"] >= (filled.folder / "journal.sqlite").stat().st_size
    assert told["bytes"]["telemetry"] >= told["telemetry"]["raw"].bytes > 0
    assert (told["telemetry"]["raw"].files, told["dropped"], told["above"]) == (3, [], False)


async def test_the_oldest_goes_first_and_no_more_than_has_to(filled) -> None:
    old, middle, _ = filled.runs
    window = steps(START, START + 900 * SECOND, 60 * SECOND)
    series = await filled.twin.historian.select(old, "main/line/A", "power", window)
    journal, known = filled.twin.position(), kpis(filled.twin, old)
    everything = []
    while True:  # a bound one byte below what there is: one thing goes, then the next
        storage = filled.storage(await total(filled.storage(NEVER)) - 1)
        await storage.bound()
        if storage.tell()["above"]:
            break
        everything += [(one["kind"], one["name"].split()[0]) for one in storage.tell()["dropped"]]
        if everything[-1] == ("raw", old):
            told = await filled.twin.historian.select(old, "main/line/A", "power", window)
            assert (told.min, told.max, told.last) == (series.min, series.max, series.last)
            assert kpis(filled.twin, old) == known
    kinds = [kind for kind, _ in everything]
    assert kinds == sorted(kinds, key=["raw", "minutes", "runs"].index)
    assert [name for kind, name in everything if kind == "raw"] == [old, middle], "the day that is being filled stays"
    assert [name for kind, name in everything if kind == "runs"] == [old, middle]
    assert filled.twin.position() == journal


async def test_the_run_that_goes_on_is_never_touched_and_a_warning_says_that_it_is_too_much(filled, caplog) -> None:
    new = filled.runs[-1]
    known = kpis(filled.twin, new)
    storage = filled.storage(1)
    before = await total(filled.storage(NEVER))
    after = await total(storage)
    assert after < before * 0.7
    for _ in range(3):
        await storage.bound()
    told = storage.tell()
    assert told["above"]
    assert "more than its limit" in told["trouble"]
    assert sum("nothing more may be dropped" in record.message for record in caplog.records) == 1
    assert told["dropped_total"] == {"raw": 2, "minutes": 2, "runs": 2}
    assert filled.twin.runs() == [new]
    assert kpis(filled.twin, new) == known
    assert [record.run for record in RunBook.open(filled.folder).records] == [new]
    assert [file.name for file in (filled.folder / "plants").iterdir()] == [f"{new}.json"]
    assert [place.name for place in (filled.folder / "telemetry").iterdir() if place.is_dir()] == [new]
    text = metrics_text(filled.twin, told)
    for line in (
        "shopfloor_storage_above_limit 1",
        'shopfloor_storage_dropped_total{kind="runs"} 2',
        'shopfloor_telemetry_files{level="raw"} 1',
        f'shopfloor_telemetry_oldest_seconds{{level="raw"}} {START // SECOND}',
        f'shopfloor_storage_bytes{{kind="journal"}} {told["bytes"]["journal"]}',
    ):
        assert line in text.splitlines()


async def test_what_was_dropped_stays_so_after_a_restart(tmp_path) -> None:
    async with filling(tmp_path) as filled:
        old, _, new = filled.runs
        await filled.storage(1).bound()
        known = kpis(filled.twin, new)
    async with open_twin(SMALL, tmp_path, durable=False) as twin:
        assert twin.runs() == [new]
        assert kpis(twin, new) == known
        assert set(twin.historian.stored(new)) >= {"main/line/A"}
        assert twin.historian.stored(old) == {}


async def test_messages_go_on_coming_in_while_a_run_is_forgotten_and_it_may_come_again(filled) -> None:
    old, middle, new = filled.runs
    twin, stream = filled.twin, simulated(seed=4, until=900 * SECOND)
    known = kpis(twin, old)

    async def take() -> None:
        for first in range(0, len(stream), 20):
            await twin.take(stream[first : first + 20])

    await asyncio.gather(take(), twin.forget(old), twin.forget("nobody"))
    assert twin.runs()[:-1] == [middle, new]
    await twin.forget(twin.runs()[-1])
    assert len(twin.runs()) == 3, "the newest stays"
    async with twin_of() as other:
        await other.take(stream)
        assert kpis(twin, other.runs()[-1]) == kpis(other, other.runs()[-1])
    assert twin.counters().duplicates == 0
    with pytest.raises(ValueError, match=old):
        twin.kpis("main/line", START, START + SECOND, run=old)
    await twin.take(simulated(seed=3, until=900 * SECOND, telemetry=True))
    assert kpis(twin, old) == known


async def test_a_run_that_is_gone_on_with_is_kept_before_its_first_new_message(filled) -> None:
    old, _, new = filled.runs
    await Storage(filled.twin, filled.folder, limit=1, run=old).bound()
    assert filled.twin.runs() == [old, new], "the newest, and the one that is about to go on"


async def test_telemetry_that_is_elsewhere_is_not_covered(filled) -> None:
    storage = Storage(filled.twin, filled.folder, limit=1, run=filled.runs[-1], elsewhere=True)
    await storage.bound()
    assert storage.tell()["dropped_total"] == {"raw": 0, "minutes": 0, "runs": 2}


async def test_where_forgetting_a_run_leaves_no_room_no_more_runs_are_forgotten(filled, monkeypatch) -> None:
    """A journal of an older version on a disk without the room to write it anew."""
    monkeypatch.setattr(Journal, "shrink", lambda *_: False)
    storage = filled.storage(1)
    for _ in range(2):
        await storage.bound()
        assert storage.tell()["dropped_total"] == {"raw": 2, "minutes": 2, "runs": 1}
        assert "no room to write the journal anew" in storage.tell()["trouble"]
    monkeypatch.undo()
    await storage.bound()
    assert storage.tell()["dropped_total"]["runs"] == 2


async def test_a_run_keeps_its_folder_below_the_limit_and_says_what_went(small, tmp_path) -> None:
    """Something else fills the folder: the run of before goes, the one that goes on stays, and it is said."""
    data = tmp_path / "data"
    start = "2026-01-05T00:00:00Z"
    arguments = ("run", str(small), "--speed", "50", "--start", start, "--port", "0", "--data", str(data))
    async with running(*arguments, "--seed", "1", "--backfill", "20min") as run:
        await run.live()
        health = await run.ask("health")
        first = health["run"]
        async with asyncio.timeout(60):
            while not (told := (await run.ask("health"))["storage"])["bytes"]["total"]:
                await asyncio.sleep(0.05)
        assert (told["limit"], told["above"], told["dropped"]) == (20 * 10**9, False, [])
    (data / "film.mp4").write_bytes(bytes(12_000_000))
    async with running(*arguments, "--seed", "2", "--backfill", "20min", "--data-limit", "10MB") as run:
        await run.live()
        async with asyncio.timeout(60):
            while not (told := (await run.ask("health"))["storage"])["dropped_total"]["runs"] or not told["above"]:
                await asyncio.sleep(0.05)
        health = await run.ask("health")
        assert first not in health["runs"]
        assert {one["name"].split()[0] for one in told["dropped"]} == {first}
        assert told["dropped_total"] == {"raw": 1, "minutes": 1, "runs": 1}
        assert told["bytes"]["other"] >= 12_000_000
        with await asyncio.to_thread(urllib.request.urlopen, f"{run.page}metrics") as answer:
            assert b"shopfloor_storage_limit_bytes 10000000\n" in answer.read()
    assert [file.name for file in (data / "plants").iterdir()] == [f"{health['run']}.json"]


@pytest.mark.parametrize(("text", "bytes_"), [("20GB", 20 * 10**9), ("1.5 tb", 15 * 10**11), ("10MB", 10**7)])
def test_sizes_are_read(text, bytes_) -> None:
    assert size("--data-limit", text) == bytes_


@pytest.mark.parametrize("text", ["20", "GB", "-1GB", "1MB", "1 KB", "", "1e3GB"])
def test_what_is_no_size_is_said_so(text) -> None:
    with pytest.raises(InputError, match="--data-limit"):
        size("--data-limit", text)
