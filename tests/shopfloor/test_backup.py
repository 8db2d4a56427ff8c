"""A backup that is made while a run writes is, unpacked elsewhere, the run as it was."""

import asyncio
import shutil
import tarfile
from pathlib import Path

import duckdb
import pytest
from blocks import block
from hearing import SMALL, simulated
from running import running, shopfloor

from plant.errors import StoreError
from plant.time import DAY, HOUR, MINUTE, SECOND
from twin import DuckDbHistorian, Journal, Retention, open_twin
from twin.backup import HEADER, _copy_bytes, copy_journal, copy_telemetry, copy_telemetry_folder
from twin.historian import steps
from twin.old_telemetry import OLD
from twin.opening import JOURNAL
from twin.telemetry_folder import TELEMETRY, TelemetryFolder

START = "2026-01-05T00:00:00Z"
START_OF_DAYS = 20_000 * DAY
PATHS = ("machining/cell", "machining/cell/A", "machining/cell/B/1")


async def past(run, begin: int, end: int) -> list:
    window = f"from={begin}&to={end}"
    questions = [f"kpis?path={path}&{window}" for path in PATHS]
    questions += [f"intervals?path=machining/cell&{window}", f"series?path=machining/cell/A&tag=power&step=30&{window}"]
    return [await run.ask(question) for question in questions]


def unpack(file: Path, folder: Path) -> Path:
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    return folder


async def test_a_backup_of_a_run_that_goes_on_gives_the_same_figures_elsewhere_and_can_go_on_there(
    small, tmp_path
) -> None:
    arguments = ("run", str(small), "--speed", "50", "--seed", "9", "--start", START, "--port", "0", "--data")
    data, file = tmp_path / "data", tmp_path / "kept.tar.gz"
    async with running(*arguments, str(data), "--backfill", "20min") as run:
        await run.live()
        health = await run.ask("health")
        goal = health["to"] + 60 * SECOND

        async def later() -> bool:
            return (await run.ask("health"))["to"] > goal + 60 * SECOND

        async with asyncio.timeout(60):
            while not await later():
                await asyncio.sleep(0.05)
        done = await asyncio.to_thread(shopfloor, "backup", "--data", str(data), str(file))
        assert (done.returncode, done.stderr) == (0, "")
        assert all(name in done.stdout for name in (str(file), JOURNAL, TELEMETRY, "runs.json", "plants"))
        assert len(done.stdout.splitlines()) == 1
        known = await past(run, health["from"], goal)
    assert sorted(other.name for other in tmp_path.iterdir()) == ["data", "kept.tar.gz", "small.yaml"]
    restored = unpack(file, tmp_path / "restored")
    window = ("--from", START, "--to", "2026-01-05T00:10:00Z", "--out", str(tmp_path / "report.html"))
    told = await asyncio.to_thread(shopfloor, "report", "--data", str(restored), *window)
    assert (told.returncode, told.stderr) == (0, ""), "the backup holds the plant of the run"
    async with running(*arguments, str(restored)) as run:
        await run.live()
        again = await run.ask("health")
        assert again["runs"] == [health["run"]]
        assert await past(run, health["from"], goal) == known
        counters = again["counters"]
        assert (counters["gaps"], counters["late"], counters["dead_letters"]) == (0, 0, {})


async def written(folder: Path) -> list:
    deliveries = simulated(until=300 * SECOND, telemetry=True)
    async with open_twin(SMALL, folder, durable=False) as twin:
        await twin.take(deliveries)
    return deliveries


async def test_a_journal_is_copied_as_it_is_at_one_instant_while_it_grows(tmp_path) -> None:
    deliveries = simulated(until=1200 * SECOND)
    half = len(deliveries) // 2
    async with open_twin(SMALL, tmp_path, durable=False) as twin:
        await twin.take(deliveries[:half])
        told = []

        def tell(share: float) -> None:
            told.append(share)

        copying = asyncio.to_thread(copy_journal, tmp_path / JOURNAL, tmp_path / "copy", tell)
        position, _ = await asyncio.gather(copying, twin.take(deliveries[half:]))
    assert position in {half, len(deliveries)}
    assert told[-1] == 1
    with Journal(tmp_path / "copy") as journal:
        assert journal.position == position


async def test_a_telemetry_file_whose_header_changes_is_copied_again(tmp_path, monkeypatch) -> None:
    await written(tmp_path)
    (file,), copy = (tmp_path / TELEMETRY).glob("*/raw-*.duckdb"), tmp_path / "copy"
    with duckdb.connect(str(file)) as db:
        (rows,) = db.execute('SELECT count(*) FROM "machine"').fetchone()

    def disturb(_: float) -> None:
        with duckdb.connect(str(file)) as db:  # a checkpoint right in the middle of the copying
            db.execute("CREATE OR REPLACE TABLE other AS SELECT range FROM range(10000)")

    assert _copy_bytes(file, copy, lambda _: None)
    assert not _copy_bytes(file, copy, disturb)
    assert file.stat().st_size > HEADER
    monkeypatch.setattr("twin.backup.PAUSE", 0.0)
    with pytest.raises(StoreError, match="faster than it can be copied"):
        copy_telemetry(file, copy, disturb)
    disturbances = [disturb]
    copy_telemetry(file, copy, lambda share: disturbances and disturbances.pop()(share))
    with duckdb.connect(str(copy), read_only=True) as db:
        assert db.execute('SELECT count(*) FROM "machine"').fetchone() == (rows,)


async def test_all_files_of_telemetry_are_copied_as_they_belong_together_while_they_are_written_and_dropped(
    tmp_path,
) -> None:
    """Whatever the upkeep does meanwhile, the copy tells of every hour that it has what the original tells."""
    begin, days, data, copies = START_OF_DAYS, 12, tmp_path / "data", tmp_path / "copies"
    daily = steps(begin, begin + days * DAY, HOUR)
    async with DuckDbHistorian(data, retention=Retention(raw=2 * DAY)) as store:

        async def fill(first: int, last: int) -> None:
            for hour in range(first, last):
                t = [begin + hour * HOUR + minute * MINUTE for minute in range(0, 60, 20)]
                await store.append([block(t, power=[hour, hour + 1, hour])])
                if hour % 6 == 5:
                    await store.flush()
                    await store._tend()

        await fill(0, 5 * 24)
        made = []
        filling = asyncio.create_task(fill(5 * 24, days * 24))
        while not filling.done() or len(made) < 2:
            copy = copies / str(len(made)) / TELEMETRY
            await asyncio.to_thread(copy_telemetry_folder, data / TELEMETRY, copy, lambda _: None)
            made.append(copy.parent)
        await filling
        wanted = await store.select("r", "a/l/A", "power", daily)
    assert wanted.min == list(range(days * 24))
    for copy in made:
        async with DuckDbHistorian(copy) as store:
            known = store.stored("r")["a/l/A"]
            found = await store.select("r", "a/l/A", "power", daily)
        whole = (known - begin) // HOUR
        assert whole >= 5 * 24 - 1
        assert (found.min[:whole], found.max[:whole], found.last[:whole]) == (
            wanted.min[:whole], wanted.max[:whole], wanted.last[:whole],
        )  # fmt: skip


async def test_a_day_that_is_dropped_while_its_run_is_copied_is_in_the_copy_once(tmp_path) -> None:
    """Right after the samples, or right after the minutes, were copied: the worst moments."""
    for moment in ("raw", "minutes"):
        data, copy = tmp_path / moment, tmp_path / f"{moment}-copy"
        folder = TelemetryFolder(data, Retention(raw=None))
        for day in range(3):
            folder.write([block([START_OF_DAYS + day * DAY + i * HOUR for i in range(24)], power=[day] * 24)])
        wanted = folder.select("r", "a/l/A", "power", steps(START_OF_DAYS, START_OF_DAYS + 3 * DAY, HOUR))
        folder._make_levels(folder.runs["r"], folder.runs["r"].of("raw")[1], [START_OF_DAYS + DAY])
        folder.close()
        folder.open()
        seen = []

        def disturb(share: float, folder=folder, moment=moment, seen=seen) -> None:
            if share > 0.2 and not seen and (moment == "raw" or list(copy.glob("*/r/minutes-*"))):  # noqa: B023
                seen.append(folder.shed("raw", []) and folder.shed("raw", []))

        copy_telemetry_folder(data / TELEMETRY, copy / TELEMETRY, disturb)
        assert seen
        folder.close()
        again = TelemetryFolder(copy)
        again.open()
        while again.tend():
            pass
        found = again.select("r", "a/l/A", "power", steps(START_OF_DAYS, START_OF_DAYS + 3 * DAY, HOUR))
        assert found == wanted
        again.close()


async def test_a_backup_of_an_older_version_is_restored_and_one_of_its_folder_made(tmp_path) -> None:
    """Telemetry was one file then."""
    await written(tmp_path / "data")
    async with open_twin(SMALL, tmp_path / "data", durable=False) as twin:
        run = twin.runs()[-1]
        known = {path: await twin.historian.latest(run, path) for path in twin.historian.stored(run)}
    (raw,) = (tmp_path / "data" / TELEMETRY).glob("*/raw-*.duckdb")
    raw.replace(tmp_path / "data" / OLD)
    shutil.rmtree(tmp_path / "data" / TELEMETRY)
    done = shopfloor("backup", "--data", str(tmp_path / "data"), str(tmp_path / "kept.tar"))
    assert done.returncode == 0, done.stderr
    restored = unpack(tmp_path / "kept.tar", tmp_path / "restored")
    assert sorted(file.name for file in restored.iterdir()) == [JOURNAL, OLD]
    async with open_twin(SMALL, restored, durable=False) as twin:
        found = {path: await twin.historian.latest(run, path) for path in twin.historian.stored(run)}
    assert found == known != {}


async def test_what_cannot_be_backed_up_is_said_in_one_line(tmp_path) -> None:
    data = tmp_path / "data"
    await written(data)
    (tmp_path / "there").touch()
    (tmp_path / "empty").mkdir()
    for folder, file, status, why in [
        ("empty", "new.tar", 2, "not a data folder"),
        ("missing", "new.tar", 2, "not a data folder"),
        ("data", "there", 2, "there already"),
        ("data", "nowhere/new.tar", 2, "there is no folder"),
    ]:
        done = shopfloor("backup", "--data", str(tmp_path / folder), str(tmp_path / file))
        assert (done.returncode, len(done.stderr.splitlines())) == (status, 1)
        assert why in done.stderr
    body = bytearray((data / JOURNAL).read_bytes())
    middle = len(body) // 8192 * 4096
    body[middle : middle + 4096] = bytes(4096)
    (data / JOURNAL).write_bytes(body)
    done = shopfloor("backup", "--data", str(data), str(tmp_path / "new.tar"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is damaged" in done.stderr
    assert sorted(other.name for other in tmp_path.iterdir()) == ["data", "empty", "there"]


async def test_telemetry_may_be_left_out(tmp_path) -> None:
    await written(tmp_path / "data")
    file = tmp_path / "kept.tar"
    done = shopfloor("backup", "--data", str(tmp_path / "data"), str(file), "--no-telemetry")
    assert done.returncode == 0, done.stderr
    assert [other.name for other in unpack(file, tmp_path / "restored").iterdir()] == [JOURNAL]
