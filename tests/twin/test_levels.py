"""Minutes and hours tell what the samples told that they were made of, and old files go without a trace but them."""

import asyncio
import math
import sys
from pathlib import Path

import duckdb
import pytest
from blocks import block
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.time import DAY, HOUR, MINUTE, SECOND
from twin import DuckDbHistorian
from twin import telemetry_folder as folders
from twin.historian import steps
from twin.levels import Partition, Retention, partition, partition_of, stretches
from twin.telemetry_file import TelemetryFile
from twin.telemetry_folder import TelemetryFolder

START = 20_000 * DAY  # 2024-10-04
FOR_EVER = Retention(raw=None, minutes=None)


def series(folder: TelemetryFolder, begin: int, end: int, step: int, *, path="a/l/A", tag="power"):
    found = folder.select("r", path, tag, steps(begin, end, step))
    return list(zip(found.min, found.mean, found.max, found.last, strict=True))


def tended(folder: TelemetryFolder) -> TelemetryFolder:
    while folder.tend():
        pass
    return folder


def drop_raw(folder: TelemetryFolder) -> None:
    """All of it, the newest day as well."""
    while folder.shed("raw", []):
        pass


def assert_same(found, wanted, size: float) -> None:
    """Equal, a mean up to rounding, which grows with the largest of the numbers."""
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert (ours[0], *ours[2:]) == (theirs[0], *theirs[2:])
        assert ours[1] == theirs[1] or math.isclose(ours[1], theirs[1], rel_tol=1e-12, abs_tol=1e-12 * size)


NUMBERS = st.none() | st.booleans() | st.floats(-1e9, 1e9) | st.integers(-(2**40), 2**40)
SAMPLES = st.dictionaries(st.integers(0, 3 * DAY // SECOND - 1).map(lambda s: s * SECOND), NUMBERS, max_size=40)


@given(
    samples=SAMPLES,
    order=st.randoms(use_true_random=False),
    upkeep=st.integers(1, 5),
    step=st.sampled_from([1, 2, 7, 60, 90, 24 * 60]),
    begin=st.integers(-60, 60 * 24),
    length=st.integers(1, 60 * 24 * 4),
)
@settings(max_examples=25, deadline=None)
def test_minutes_and_hours_answer_like_the_samples(samples, order, upkeep, step, begin, length) -> None:
    """In any order of arrival, with upkeep in between: what comes late is in the levels as well."""
    folder = TelemetryFolder(None, FOR_EVER)
    folder.open()
    arrivals = sorted(samples)
    order.shuffle(arrivals)
    for first in range(0, len(arrivals), 8):
        batch = arrivals[first : first + 8]
        folder.write([block([START + t for t in batch], power=[samples[t] for t in batch])])
        for _ in range(upkeep):
            folder.tend()
    window = (START + begin * MINUTE, START + (begin + length) * MINUTE)
    size = max([1.0, *(abs(float(v)) for v in samples.values() if v is not None)])
    raw = series(folder, *window, step * MINUTE)
    inside = sorted(t for t, v in samples.items() if v is not None and window[0] <= START + t < window[1])
    filled = {(START + t - window[0]) // (step * MINUTE) for t in inside}
    assert {k for k, found in enumerate(raw) if found[3] is not None} == filled
    hourly = (START, START + 4 * DAY, HOUR)
    wanted = series(folder, *hourly)
    drop_raw(folder)
    assert_same(series(folder, *window, step * MINUTE), raw, size)
    while folder.shed("minutes", []):
        pass
    assert_same(series(folder, *hourly), wanted, size)
    assert not any(run.of("raw") or run.of("minutes") for run in folder.runs.values())
    folder.close()


LEVELS = st.sampled_from(["raw", "minutes", "hours"])


@given(st.integers(0, (1 << 53) - 1), LEVELS)
def test_a_file_is_named_after_what_it_holds(t, level) -> None:
    found = partition(level, t)
    assert found.begin <= t < found.end
    assert partition(level, found.begin) == partition(level, found.end - 1) == found
    assert partition_of(Path("x", found.name)) == found
    others = ("raw-2026-02-30.duckdb", "raw-2026-02.duckdb", "minutes-2026-01-05.duckdb", "owner.duckdb")
    for other in (*others, found.name[1:]):
        assert partition_of(Path(other)) is None


@given(
    st.sets(st.tuples(LEVELS, st.integers(0, 800)), max_size=8), st.integers(0, 800 * 24), st.integers(1, 800 * 24)
)
def test_a_window_is_cut_into_pieces_each_of_the_finest_level(chosen, begin, length) -> None:
    held = {partition(level, START + day * DAY) for level, day in chosen}
    window = (START + begin * HOUR, START + (begin + length) * HOUR)
    found = stretches(((one, 0) for one in held), *window)
    assert all(a.end <= b.begin for a, b in zip(found, found[1:], strict=False))
    rank = {"raw": 0, "minutes": 1, "hours": 2}
    for t in range(window[0], window[1], DAY // 2):
        having = [one for one in held if one.begin <= t < one.end]
        told = [one.partition for one in found if one.begin <= t < one.end]
        assert told == ([min(having, key=lambda one: rank[one.level])] if having else [])


def test_a_step_shorter_than_a_minute_gets_what_is_known_of_the_minute() -> None:
    folder = TelemetryFolder(None, FOR_EVER)
    folder.write([block([START + s * SECOND for s in (0, 30, 60)], power=[1.0, 3.0, 7.0], program=["a", "b", None])])
    drop_raw(folder)
    found = series(folder, START - 20 * SECOND, START + 130 * SECOND, 20 * SECOND)
    first, second = (1.0, 2.0, 3.0, 3.0), (7.0, 7.0, 7.0, 7.0)
    assert found == [(None,) * 4, first, first, first, second, second, second, (None,) * 4]
    assert folder.latest("r", "a/l/A") == {"power": (START + MINUTE, 7.0), "program": (START, "b")}


@pytest.mark.parametrize(("machines", "hours"), [(1, 4), (20, 4), (21, 3), (40, 2), (100, 1)])
def test_a_piece_of_upkeep_is_small_however_many_machines_there_are(machines, hours) -> None:
    """Who asks may have to wait for one: so many hours of machines, or one hour of all."""
    folder = TelemetryFolder(None, FOR_EVER)
    hourly = [START + hour * HOUR for hour in range(24)]
    folder.write([block(hourly, path=f"a/l/M{n}", power=[1.0] * 24) for n in range(machines)])
    (stale,) = folder.runs["r"].stale.values()
    while stale and min(stale) == START:
        assert folder.tend()
    assert len(stale) == 24 - hours
    folder.close()


def test_each_level_is_kept_as_long_as_it_should_and_files_really_go(tmp_path) -> None:
    folder = TelemetryFolder(tmp_path, Retention(raw=2 * DAY, minutes=20 * DAY))
    begin, days = START + 40 * DAY, range(60)  # from November into January
    for day in days:
        folder.write([block([begin + day * DAY + hour * HOUR for hour in range(4)], power=[day] * 4)])
        tended(folder)
    last = begin + 59 * DAY + 3 * HOUR
    run = folder.runs["r"]
    assert [one.begin for one in run.of("raw")] == [begin + day * DAY for day in (57, 58, 59)]
    assert [one.name for one in run.of("minutes")] == ["minutes-2024-12.duckdb", "minutes-2025-01.duckdb"]
    assert [one.name for one in run.of("hours")] == ["hours-2024.duckdb", "hours-2025.duckdb"]
    assert {one.name for one in run.held} == {file.name for file in run.folder.glob("*.duckdb")}
    kept = folder.kept()
    assert (kept.raw.files, kept.raw.oldest, kept.raw.dropped) == (3, begin + 57 * DAY, 57)
    assert (kept.minutes.files, kept.minutes.dropped) == (2, 1)
    assert all(level.bytes > 10_000 for level in (kept.raw, kept.minutes, kept.hours))
    daily = series(folder, begin, begin + 60 * DAY, DAY)
    assert daily == [(day, day, day, day) for day in days], "of the hours, the minutes and the samples"
    folder.close()
    again = TelemetryFolder(tmp_path)
    again.open()
    assert series(again, begin, begin + 60 * DAY, DAY) == daily
    assert again.newest("r") == {"a/l/A": last}
    again.close()


def test_samples_older_than_what_is_kept_are_refused_and_change_nothing(tmp_path) -> None:
    for place in (None, tmp_path):
        folder = TelemetryFolder(place, Retention(raw=DAY))
        for day in range(4):
            folder.write([block([START + day * DAY, START + day * DAY + HOUR], power=[day, day])])
        tended(folder)
        before = series(folder, START, START + 4 * DAY, DAY)
        written = folder.write([block([START + 5, START + 2 * DAY + 5, START + 3 * DAY + 5], power=[9, 9, 9])])
        assert (written.late, written.refused) == (1, 0)
        tended(folder)
        assert series(folder, START, START + 4 * DAY, DAY) == [*before[:2], (2, 13 / 3, 9, 2), (3, 5, 9, 3)]
        folder.close()


def test_a_run_whose_last_day_had_to_go_goes_on_in_the_next_hour() -> None:
    folder = TelemetryFolder(None)
    folder.write([block([START, START + 90 * MINUTE], power=[1, 2])])
    drop_raw(folder)
    again = [START + minutes * MINUTE for minutes in (90, 110, 120, 130)]
    assert folder.write([block(again, power=[2, 3, 4, 5])]).late == 2
    assert series(folder, START, START + 3 * HOUR, HOUR) == [(1,) * 4, (2,) * 4, (4, 4.5, 5, 5)]
    drop_raw(folder)
    assert series(folder, START, START + 3 * HOUR, HOUR) == [(1,) * 4, (2,) * 4, (4, 4.5, 5, 5)]
    folder.close()


class TornError(Exception):
    pass


@pytest.mark.parametrize("at", range(8))
def test_upkeep_that_is_torn_anywhere_is_made_good(tmp_path, monkeypatch, at) -> None:
    """The process dies in one of the steps: after the next opening nothing is missing and nothing is there twice."""
    folder = TelemetryFolder(tmp_path, Retention(raw=DAY, minutes=None))
    for day in range(3):
        folder.write([block([START + day * DAY + minute * MINUTE for minute in range(0, 1440, 20)], power=[day] * 72)])
    wanted = series(folder, START, START + 3 * DAY, HOUR)
    left = [at]

    def torn(function):
        def maybe(*arguments):
            if left[0] == 0:
                raise TornError
            left[0] -= 1
            return function(*arguments)

        return maybe

    monkeypatch.setattr(folders, "make_level", torn(folders.make_level))
    monkeypatch.setattr(folders, "_unlink", torn(folders._unlink))
    monkeypatch.setattr(folders.RunFiles, "note", torn(folders.RunFiles.note))
    try:
        tended(folder)
    except TornError:
        left[0] = -1
    folder._attached.clear()
    folder.db.close()
    again = TelemetryFolder(tmp_path, Retention(raw=DAY, minutes=None))
    again.open()
    assert series(again, START, START + 3 * DAY, HOUR) == wanted
    tended(again)
    assert [one.begin for one in again.runs["r"].of("raw")] == [START + DAY, START + 2 * DAY]
    assert series(again, START, START + 3 * DAY, HOUR) == wanted
    again.close()


OLD = """
CREATE TABLE shopfloor_machines (id INTEGER PRIMARY KEY, run VARCHAR, path VARCHAR, type VARCHAR);
CREATE TABLE shopfloor_tags (type VARCHAR, tag VARCHAR, name VARCHAR, kind VARCHAR);
CREATE TABLE machine (machine INTEGER, t BIGINT, q BIGINT, power DOUBLE, "tag 4" VARCHAR);
CREATE TABLE "washing-machine" (machine INTEGER, t BIGINT, q BIGINT, load DOUBLE);
INSERT INTO shopfloor_machines VALUES (1, 'r', 'a/l/A', 'machine'), (2, 'Other', 'a/l/A', 'machine'),
    (3, 'r', 'a/l/B', 'machine'), (4, 'r', 'a/l/W', 'washing-machine');
INSERT INTO shopfloor_tags VALUES ('machine', 'power', 'power', 'DOUBLE'), ('machine', 'Próg', 'tag 4', 'VARCHAR'),
    ('washing-machine', 'load', 'load', 'DOUBLE');
INSERT INTO machine SELECT 1 + range % 3, $start + range * 60000000, 0, range, 'p' || range FROM range(5000);
INSERT INTO "washing-machine" VALUES (4, $start + 5, 64, 7);
"""


def old_file(folder: Path) -> None:
    """A telemetry file as older versions wrote it: all runs in one."""
    with duckdb.connect(str(folder / "telemetry.duckdb")) as db:
        db.execute(OLD.replace("$start", str(START)))


async def test_a_file_of_an_older_version_is_brought_over(tmp_path) -> None:
    old_file(tmp_path)
    async with DuckDbHistorian(tmp_path, retention=FOR_EVER) as store:
        assert store.stored("r") == {
            "a/l/A": START + 4998 * MINUTE, "a/l/B": START + 4997 * MINUTE, "a/l/W": START + 5,
        }  # fmt: skip
        assert await store.latest("Other", "a/l/A") == {
            "power": (START + 4999 * MINUTE, 4999.0), "Próg": (START + 4999 * MINUTE, "p4999"),
        }  # fmt: skip
        assert await store.latest("r", "a/l/W") == {"load": (START + 5, 7.0)}
        found = await store.select("r", "a/l/A", "power", steps(START, START + 5 * DAY, DAY))
        assert found.max == [1437.0, 2877.0, 4317.0, 4998.0, None]
        await store.append([block([START + 4998 * MINUTE], power=[4998.0])])
        assert await store.latest("r", "a/l/B")
    assert not (tmp_path / "telemetry.duckdb").exists()
    with duckdb.connect(str(tmp_path / "telemetry" / "r" / partition("raw", START + 3 * DAY).name)) as db:
        assert db.execute("SELECT count(*), count(DISTINCT (machine, t)) FROM machine").fetchone() == (453, 453)


async def test_bringing_over_that_was_interrupted_goes_on(tmp_path, monkeypatch) -> None:
    old_file(tmp_path)
    write, calls = TelemetryFile.make_stale, []

    def torn(self, hours) -> None:
        calls.append(hours)
        if len(calls) == 4:
            raise TornError
        write(self, hours)

    with monkeypatch.context() as patch:
        patch.setattr(TelemetryFile, "make_stale", torn)
        with pytest.raises(TornError):
            await DuckDbHistorian(tmp_path).__aenter__()
    await test_a_file_of_an_older_version_is_brought_over_again(tmp_path)


async def test_a_file_of_an_older_version_is_brought_over_again(tmp_path) -> None:
    """Somebody went back to the older version for a day: what it wrote is added."""
    if not (tmp_path / "telemetry.duckdb").exists():
        async with DuckDbHistorian(tmp_path) as store:
            await store.append([block([START, START + 1], power=[0.0, 0.5])])
        old_file(tmp_path)
    async with DuckDbHistorian(tmp_path, retention=FOR_EVER) as store:
        found = await store.select("r", "a/l/A", "power", steps(START, START + 5 * DAY, 5 * DAY))
        assert (found.max, found.last) == ([4998.0], [4998.0])
    rows = 0
    for file in (tmp_path / "telemetry" / "r").glob("raw-*"):
        with duckdb.connect(str(file)) as db:
            rows += db.execute("SELECT count(*) FROM machine").fetchone()[0]
    assert rows in {3333, 3334}


def test_a_file_that_was_just_begun_when_the_process_died_is_begun_again(tmp_path) -> None:
    folder = TelemetryFolder(tmp_path)
    folder.write([block([START], power=[1.0])])
    folder.close()
    (tmp_path / "telemetry" / "r" / partition("raw", START + DAY).name).touch()
    again = TelemetryFolder(tmp_path)
    again.write([block([START + DAY], power=[2.0])])
    assert series(again, START, START + 2 * DAY, DAY) == [(1.0,) * 4, (2.0,) * 4]
    again.close()


def test_a_file_that_cannot_be_made_is_made_when_it_can_be(tmp_path) -> None:
    folder = TelemetryFolder(tmp_path)
    folder.write([block([START], power=[1.0])])
    in_the_way = tmp_path / "telemetry" / "r" / partition("raw", START + DAY).name
    in_the_way.mkdir()
    for _ in range(2):
        with pytest.raises((duckdb.Error, OSError)):
            folder.write([block([START + HOUR, START + DAY], power=[1.0, 2.0])])
    in_the_way.rmdir()
    folder.write([block([START + HOUR, START + DAY], power=[1.0, 2.0])])
    assert series(folder, START, START + 2 * DAY, DAY) == [(1.0,) * 4, (2.0,) * 4]
    with duckdb.connect() as db:
        folder.close()
        db.execute(f"ATTACH '{tmp_path / 'telemetry' / 'r' / partition('raw', START).name}' AS day")
        assert db.execute("SELECT t FROM day.machine ORDER BY t").fetchall() == [(START,), (START + HOUR,)]


async def test_two_processes_or_one_folder_is_one_too_many(tmp_path) -> None:
    """Who has the folder has all of it: what is not open now as well."""
    async with DuckDbHistorian(tmp_path) as store:
        await store.append([block([START], power=[1.0])])
        script = (
            "import asyncio, sys, pathlib; from twin import DuckDbHistorian\n"
            "asyncio.run(DuckDbHistorian(pathlib.Path(sys.argv[1])).__aenter__())"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, str(tmp_path), stderr=asyncio.subprocess.PIPE
        )
        _, told = await process.communicate()
        assert process.returncode
        assert b"StoreError" in told


def test_runs_that_differ_by_case_only_are_kept_apart_and_a_run_is_forgotten_whole(tmp_path) -> None:
    folder = TelemetryFolder(tmp_path)
    for run in ("Run", "run", "RUN"):
        folder.write([block([START], run=run, power=[len(run)])])
    names = {file.name.lower() for file in (tmp_path / "telemetry").iterdir()}
    assert len(names) == 4
    folder.forget("Run")
    folder.forget("nobody")
    assert sorted(folder.runs) == ["RUN", "run"]
    folder.close()
    again = TelemetryFolder(tmp_path)
    again.open()
    assert sorted(again.runs) == ["RUN", "run"]
    assert len(list((tmp_path / "telemetry").iterdir())) == 3
    again.close()


def test_room_is_made_at_the_oldest_end_and_what_is_being_filled_stays() -> None:
    folder = TelemetryFolder(None, FOR_EVER)
    for run, days in (("old", 2), ("new", 3)):
        for day in range(days):
            folder.write([block([START + day * DAY], run=run, power=[day])])
    order, told = ["old", "new"], []
    while name := folder.shed("raw", order):
        told.append(name)
    assert told == [
        "old raw-2024-10-04.duckdb", "old raw-2024-10-05.duckdb",
        "new raw-2024-10-04.duckdb", "new raw-2024-10-05.duckdb",
    ]  # fmt: skip
    assert folder.shed("minutes", order) == "old minutes-2024-10.duckdb"
    assert folder.shed("minutes", order) == "", "the month of the newest run is being filled"
    assert folder.runs["new"].of("raw") == [Partition("raw", START + 2 * DAY, START + 3 * DAY)]
    folder.close()
