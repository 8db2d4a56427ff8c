"""A journal that was torn or damaged is read as far as it can be, and says so."""

import contextlib
import logging
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from hearing import SMALL, simulated
from journaled import everything, row

from plant.errors import DamageError, StoreError
from plant.time import SECOND
from twin import Journal, open_twin
from twin.opening import JOURNAL
from twin.salvage import _ready, finish, salvage

BATCH = 7
FRAME = 24 + 4096
PAGE = 4096
ON_A_PAGE = 40  # messages of this test, at the most


def torn_copy(file: Path, place: Path) -> Path:
    """A database and its log as they lie on the disk now; the index of the log is made anew at the next start."""
    copy = place / file.name
    for part in ("", "-wal"):
        shutil.copy(f"{file}{part}", f"{copy}{part}")
    return copy


def cut_last_batch(folder: Path, step: int) -> None:
    file = folder / JOURNAL
    copies = folder / "copies"
    copies.mkdir()
    with Journal(file) as journal:
        for first in range(0, 10 * BATCH, BATCH):
            whole = Path(f"{file}-wal").stat().st_size
            journal.append([row(first + i, payload=b"%d" % (first + i) * 300) for i in range(BATCH)])
        end = Path(f"{file}-wal").stat().st_size
        copy = torn_copy(file, copies)
    log = Path(f"{copy}-wal")
    assert end - whole >= 3 * FRAME, "the last batch takes several pages"
    body, base = log.read_bytes(), copy.read_bytes()
    edges = {whole + FRAME * i + d for i in range(4) for d in (-1, 0, 1)}
    for size in sorted({*range(whole, end, step), *edges} & set(range(whole, end))):
        copy.write_bytes(base)
        log.write_bytes(body[:size])
        with Journal(copy, durable=False) as journal:
            kept = [int(payload[:2]) for _, payload in everything(journal)]
            assert kept == list(range(10, 9 * BATCH)) or len(kept) == 9 * BATCH
            assert journal.position == 9 * BATCH
            assert journal.append([row(9 * BATCH)]) == [9 * BATCH + 1]
        Path(f"{copy}-wal").unlink(missing_ok=True)


def test_a_torn_last_batch_is_lost_alone(tmp_path) -> None:
    """Cut anywhere in the last transaction, the log gives all transactions before it and a journal that goes on."""
    cut_last_batch(tmp_path, 211)


@pytest.mark.slow
def test_a_last_batch_that_is_torn_at_thousands_of_places_is_lost_alone(tmp_path) -> None:
    cut_last_batch(tmp_path, 5)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A journal of a run, closed."""
    file = tmp_path_factory.mktemp("written") / JOURNAL
    import asyncio

    async def write() -> None:
        async with open_twin(SMALL, file.parent, durable=False) as twin:
            for seed in (1, 2):
                await twin.take(simulated(seed=seed, until=300 * SECOND))
        with sqlite3.connect(file) as db:  # pages are free where snapshots were
            db.execute("DELETE FROM snapshots WHERE run = 1")
        db.close()

    asyncio.run(write())
    return file


def positions(file: Path) -> list[int]:
    with Journal(file, durable=False) as journal:
        return [position for position, _ in everything(journal)]


@pytest.mark.parametrize("spoiled", ["zeros", "noise"])
async def test_whatever_page_is_damaged_the_rest_is_kept_or_it_is_said_that_nothing_can_be(
    written, tmp_path, spoiled, caplog
) -> None:
    body, whole = written.read_bytes(), positions(written)
    refused, salvaged = [], []
    pages = [0, *range(2, 12), *range(12, len(body) // PAGE, 7)]  # the second says where pages belong when one is moved
    for page in pages:
        folder = tmp_path / str(page)
        folder.mkdir()
        file = folder / JOURNAL
        junk = bytes(PAGE) if spoiled == "zeros" else random.Random(page).randbytes(PAGE)
        file.write_bytes(body[: page * PAGE] + junk + body[(page + 1) * PAGE :])
        caplog.clear()
        try:
            async with open_twin(SMALL, folder, durable=False) as twin:
                assert twin.runs()
                more = simulated(seed=3, until=20 * SECOND)
                await twin.take(more)
                kept = twin.position()
        except StoreError as error:
            assert "\n" not in str(error)
            assert str(file) in str(error)
            assert file.read_bytes()[page * PAGE : (page + 1) * PAGE] == junk, "what cannot be read is left alone"
            refused.append(page)
            continue
        rest = [position for position in positions(file) if position <= kept - len(more)]
        assert len(rest) >= len(whole) - ON_A_PAGE
        if not caplog.records:
            assert rest == whole, page
        else:
            salvaged.append(page)
            told = [record.getMessage() for record in caplog.records]
            assert f"{len(rest)} messages could be read and are kept" in told[-1]
            assert f"{JOURNAL}.damaged-1" in told[-1]
            assert (folder / f"{JOURNAL}.damaged-1").exists()
        shutil.rmtree(folder)
    assert len(refused) <= 4, "the first page, the tables of runs and topics, the root of all messages"
    with contextlib.closing(sqlite3.connect(written)) as db:
        ((free,),) = db.execute("PRAGMA freelist_count")
    assert len(salvaged) >= len(pages) - len(refused) - free // 7 - 1, "what lies on a free page is nobody's loss"


async def test_a_journal_that_was_cut_short_keeps_what_is_left(written, tmp_path, caplog) -> None:
    body, whole = written.read_bytes(), positions(written)
    file = tmp_path / JOURNAL
    for cut in (PAGE, PAGE + 1, 2 * PAGE + 100, 5 * PAGE):
        file.write_bytes(body[:-cut])
        caplog.clear()
        async with open_twin(SMALL, tmp_path, durable=False) as twin:
            assert twin.position() > len(whole) - (cut // PAGE + 1) * ON_A_PAGE
        assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert all((tmp_path / f"{JOURNAL}.damaged-{number}").exists() for number in (1, 2, 3, 4))


async def test_a_message_that_cannot_be_decoded_any_more_costs_itself_only(written, tmp_path) -> None:
    shutil.copy(written, tmp_path)
    async with open_twin(SMALL, tmp_path, durable=False) as twin:
        run, digest = twin.runs()[-1], twin.digest()
    with sqlite3.connect(tmp_path / JOURNAL) as db:
        query = "SELECT max(position) FROM messages JOIN topics ON messages.topic = topics.id WHERE kind = 'part'"
        (position,) = db.execute(query).fetchone()
        db.execute("UPDATE messages SET payload = CAST('{' || payload AS BLOB) WHERE position = ?", (position,))
        db.execute("DELETE FROM snapshots")  # they know what it said
    db.close()
    async with open_twin(SMALL, tmp_path, durable=False) as twin:
        assert twin.runs()[-1] == run
        assert twin.digest() != digest
        assert twin.counters().dead_letters == {"journal": 1}
        assert twin.counters().gaps == 1


@pytest.mark.parametrize("moved", [(), ("",), ("", "-wal")])
def test_a_salvage_that_was_interrupted_is_finished(tmp_path, moved) -> None:
    """Killed when the new file was complete, whatever had been moved by then."""
    file = tmp_path / JOURNAL
    file.write_bytes(b"damaged")
    Path(f"{file}-wal").write_bytes(b"its log")
    for part in moved:
        Path(f"{file}{part}").rename(f"{file}.damaged-1{part}")
    with Journal(_ready(file)) as journal:
        journal.append([row(0)])
    finish(file)
    assert positions(file) == [1]
    assert Path(f"{file}.damaged-1").read_bytes() == b"damaged"
    assert Path(f"{file}.damaged-1-wal").read_bytes() == b"its log"
    assert not _ready(file).exists()


def test_the_log_of_a_damaged_journal_is_read_too(tmp_path) -> None:
    file = tmp_path / "first" / JOURNAL
    with Journal(file) as journal:
        journal.append([row(i) for i in range(100)])
        journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        journal.append([row(i) for i in range(100, 103)])
        copy = torn_copy(file, tmp_path)
    kept, damaged = salvage(copy)
    assert (kept, positions(copy)) == (103, list(range(1, 104)))
    assert Path(f"{damaged}-wal").stat().st_size > 0


def test_keys_that_differ_from_their_messages_are_damage(tmp_path) -> None:
    file = tmp_path / JOURNAL
    with Journal(file) as journal:
        journal.append([row(i) for i in range(20)])
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = replace(sql, 'UNIQUE ', '') WHERE name = 'message_key'")
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'message_key'").fetchone()
    db.close()
    body = bytearray(file.read_bytes())
    begin = (root - 1) * PAGE
    body[begin + 3 : begin + 5] = (19).to_bytes(2, "big")  # the last key is gone
    file.write_bytes(body)
    with pytest.raises(DamageError, match="differ"):
        Journal(file)
