"""The journal keeps what it took: through a kill, a full disk and a second writer; and nothing twice."""

import random
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journaled import SOURCE, everything, row

from plant.errors import StoreError
from plant.messages import Delivery, StateChange
from twin import journal as journal_module
from twin.chain import Span, closed, opened
from twin.journal import SCHEMA, UPGRADES, Journal, Source, Wanted


def test_what_was_appended_is_read_in_order_also_after_a_new_opening(tmp_path) -> None:
    file = tmp_path / "deep" / "journal.sqlite"
    with Journal(file) as journal:
        assert journal.append([row(0, payload=b"a"), row(1, payload=b"b")]) == [1, 2]
        assert journal.append([row(2, payload=b"c")]) == [3]
    with Journal(file) as journal:
        assert journal.position == 3
        assert everything(journal) == [(1, b"a"), (2, b"b"), (3, b"c")]
        assert journal.append([row(3)]) == [4]
        assert [stored.position for stored in journal.page(1, 2, upto=3)] == [2, 3]


def test_the_same_numbers_are_stored_once(tmp_path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.append([row(0, payload=b"first")])
        assert journal.append([row(0, payload=b"again"), row(1), row(1), row(0, run="other"), row(0, session=2)]) == [
            0, 3, 0, 5, 6,
        ]  # fmt: skip
        assert len(everything(journal)) == 4
        assert everything(journal)[0] == (1, b"first")


@pytest.mark.parametrize("most", [32_766, 999])
def test_a_batch_of_any_size_is_stored_in_order_and_but_once(most) -> None:
    rows = [row(seq, payload=b"%d" % seq) for seq in range(4_321)]
    with Journal(None) as journal:
        journal._db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, most)
        assert journal.append(rows[100:200]) == list(range(1, 101))
        assert journal.append(rows) == [*range(101, 201), *[0] * 100, *range(301, 4_422)]
        stored = sorted(int(payload) for _, payload in everything(journal))
        assert stored == list(range(4_321))
        assert journal.append([row(5_000)]) == [4_422]


def test_groups_hold_each_message_of_a_run_once_and_statuses_keep_their_order() -> None:
    with Journal(None) as journal:
        journal.append([row(i, payload=str(i).encode()) for i in range(5)])
        journal.append([row(i, kind="status", payload=str(i).encode()) for i in (3, 1, 2)])
        journal.append([row(0, run="other", payload=b"x")])
        assert journal.groups("r", 0, 9) == [(SOURCE.topic, False, b"0,1,2,3,4")]
        assert journal.groups("r", 1, 3) == [(SOURCE.topic, False, b"1,2")]
        assert [stored.payload for stored in journal.statuses("r", 0, 9)] == [b"3", b"1", b"2"]
        assert journal.groups("nobody", 0, 9) == []


def test_a_stretch_costs_the_same_however_long_the_journal_is() -> None:
    def steps(journal: Journal) -> int:
        counted = []
        journal._db.set_progress_handler(lambda: counted.append(1), 100)  # returns None: go on
        assert journal.groups("r", 0, 100)
        journal._db.set_progress_handler(None, 0)
        return len(counted)

    with Journal(None) as journal:
        journal.append([row(i) for i in range(100)])
        short = steps(journal)
        journal.append([row(i) for i in range(100, 5_000)])
        assert steps(journal) <= short + 1


def test_the_run_whose_session_began_last_is_the_newest(tmp_path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.append([row(0, run="a"), row(0, run="b"), row(1, run="a")])
        assert journal.runs() == ["a", "b"]
        journal.append([row(0, run="a", session=2)])
        assert journal.runs() == ["b", "a"]


WRITER = """
import sys
from pathlib import Path
from pathlib import Path
sys.path[:0] = {paths!r}
from journaled import row
from twin.journal import SCHEMA, UPGRADES, Journal
journal = Journal(Path({file!r}))
seq = 0
while True:
    journal.append([row(seq + i) for i in range(7)])
    seq += 7
    print(seq, flush=True)
"""


def test_a_killed_writer_has_lost_nothing_it_acknowledged(tmp_path) -> None:
    paths = sys.path
    for deaths in range(1, 4):
        file = tmp_path / f"journal{deaths}.sqlite"
        script = WRITER.format(paths=paths, file=str(file))
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as writer:
            acknowledged = 0
            for line in writer.stdout:
                acknowledged = int(line)
                if acknowledged >= 70 * deaths:
                    writer.send_signal(signal.SIGKILL)
                    break
            acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().split("\n") if line)])
        with Journal(file) as journal:
            kept = len(everything(journal))
            assert kept >= acknowledged
            assert kept % 7 == 0, "a batch is stored whole or not at all"
            assert journal.append([row(kept)]) == [kept + 1]


def test_a_full_disk_takes_nothing_of_a_batch_and_goes_on_when_there_is_room(tmp_path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.append([row(0)])
        pages = journal._number("PRAGMA page_count")
        journal._db.execute(f"PRAGMA max_page_count = {pages + 2}")
        big = [row(i, session=2, payload=b"x" * 2000) for i in range(50)]
        with pytest.raises(StoreError, match="full"):
            journal.append(big)
        assert len(everything(journal)) == journal.position == 1
        assert journal.runs() == ["r"]
        journal._db.execute("PRAGMA max_page_count = 100000")
        assert journal.append(big) == list(range(2, 52))


def test_two_writers_are_one_too_many(tmp_path) -> None:
    with Journal(tmp_path / "j") as journal, Journal(tmp_path / "j") as other:
        other._db.execute("PRAGMA busy_timeout = 10")
        journal._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            other.append([row(0)])
        journal._db.execute("ROLLBACK")
        assert other.append([row(0)]) == [1]


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(tmp_path) -> None:
    Journal(tmp_path / "j").close()
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(StoreError, match=f"version 99, of a newer Shopfloor; this one reads up to {SCHEMA}"):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == before


VERSIONS = {
    1: """
        PRAGMA application_id = 1397115441;
        PRAGMA user_version = 1;
        CREATE TABLE runs (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
        CREATE TABLE topics (
            id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, path TEXT NOT NULL, kind TEXT NOT NULL
        );
        CREATE TABLE sessions (
            run INTEGER NOT NULL, session INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (run, session)
        ) WITHOUT ROWID;
        CREATE TABLE messages (
            position INTEGER PRIMARY KEY, run INTEGER NOT NULL, topic INTEGER NOT NULL, session INTEGER NOT NULL,
            seq INTEGER NOT NULL, n INTEGER NOT NULL, ts INTEGER NOT NULL, ingest INTEGER NOT NULL,
            retained INTEGER NOT NULL, payload BLOB NOT NULL
        );
        CREATE UNIQUE INDEX message_key ON messages (run, topic, session, seq);
        INSERT INTO runs VALUES (1, 'r');
        INSERT INTO topics VALUES (1, 'shopfloor/v1/e/s/a/l/A/state', 'a/l/A', 'state');
        INSERT INTO sessions VALUES (1, 1, 1);
        INSERT INTO messages VALUES (1, 1, 1, 1, 0, 0, 0, 0, 0, x'61'), (2, 1, 1, 1, 1, 1, 1, 0, 0, x'62');
    """,
    2: """
        PRAGMA application_id = 1397115441;
        PRAGMA user_version = 2;
        CREATE TABLE runs (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
        CREATE TABLE topics (
            id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, path TEXT NOT NULL, kind TEXT NOT NULL
        );
        CREATE TABLE sessions (
            run INTEGER NOT NULL, session INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (run, session)
        ) WITHOUT ROWID;
        CREATE TABLE messages (
            position INTEGER PRIMARY KEY, run INTEGER NOT NULL, topic INTEGER NOT NULL, session INTEGER NOT NULL,
            seq INTEGER NOT NULL, n INTEGER NOT NULL, ts INTEGER NOT NULL, ingest INTEGER NOT NULL,
            retained INTEGER NOT NULL, payload BLOB NOT NULL
        );
        CREATE UNIQUE INDEX message_key ON messages (run, topic, session, seq);
        CREATE INDEX IF NOT EXISTS message_time ON messages (run, ts, position, topic);
        INSERT INTO runs VALUES (1, 'r');
        INSERT INTO topics VALUES (1, 'shopfloor/v1/e/s/a/l/A/state', 'a/l/A', 'state');
        INSERT INTO sessions VALUES (1, 1, 1);
        INSERT INTO messages VALUES (1, 1, 1, 1, 0, 0, 0, 0, 0, x'61'), (2, 1, 1, 1, 1, 1, 1, 0, 0, x'62');
    """,
    3: """
        PRAGMA application_id = 1397115441;
        PRAGMA user_version = 3;
        CREATE TABLE runs (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
        CREATE TABLE topics (
            id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, path TEXT NOT NULL, kind TEXT NOT NULL
        );
        CREATE TABLE sessions (
            run INTEGER NOT NULL, session INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (run, session)
        ) WITHOUT ROWID;
        CREATE TABLE messages (
            position INTEGER PRIMARY KEY, run INTEGER NOT NULL, topic INTEGER NOT NULL, session INTEGER NOT NULL,
            seq INTEGER NOT NULL, n INTEGER NOT NULL, ts INTEGER NOT NULL, ingest INTEGER NOT NULL,
            retained INTEGER NOT NULL, payload BLOB NOT NULL
        );
        CREATE UNIQUE INDEX message_key ON messages (run, topic, session, seq);
        CREATE INDEX IF NOT EXISTS message_time ON messages (run, ts, position, topic);
        CREATE TABLE snapshots (
            run INTEGER NOT NULL, position INTEGER NOT NULL, after INTEGER NOT NULL, weight INTEGER NOT NULL,
            version TEXT NOT NULL, checksum BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (run, position)
        );
        CREATE TABLE hours (
            run INTEGER NOT NULL, path TEXT NOT NULL, begin INTEGER NOT NULL, until INTEGER NOT NULL,
            parts BLOB NOT NULL, PRIMARY KEY (run, path, begin)
        ) WITHOUT ROWID;
        CREATE TABLE revisions (
            run INTEGER NOT NULL, line TEXT NOT NULL, number INTEGER NOT NULL, told BLOB NOT NULL,
            PRIMARY KEY (run, line, number)
        ) WITHOUT ROWID;
        CREATE TABLE settled (run INTEGER PRIMARY KEY, position INTEGER NOT NULL, version TEXT NOT NULL);
        INSERT INTO runs VALUES (1, 'r');
        INSERT INTO topics VALUES (1, 'shopfloor/v1/e/s/a/l/A/state', 'a/l/A', 'state');
        INSERT INTO sessions VALUES (1, 1, 1);
        INSERT INTO messages VALUES (1, 1, 1, 1, 0, 0, 0, 0, 0, x'61'), (2, 1, 1, 1, 1, 1, 1, 0, 0, x'62');
    """,
}
"""A file of each version, as that version made it, with two messages. What stands here is never changed."""


def tables(file: Path) -> set[tuple[str, str, str]]:
    """What a file is made of, however its definitions are laid out."""
    db = sqlite3.connect(file)
    found = db.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    db.close()
    return {(kind, name, re.sub(r"\s+", "", sql)) for kind, name, sql in found}


def test_there_is_a_file_of_each_version() -> None:
    assert sorted(VERSIONS) == list(range(1, SCHEMA + 1))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_journal_of_an_older_version_is_brought_up_to_date(version, tmp_path) -> None:
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    db = sqlite3.connect(old)
    db.executescript(VERSIONS[version])
    db.close()
    Journal(fresh).close()
    for _ in range(2):  # the second time there is nothing left to do
        with Journal(old) as journal:
            assert journal._number("PRAGMA user_version") == SCHEMA
            assert everything(journal) == [(1, b"a"), (2, b"b")]
            assert [stored.position for stored in journal.past(Wanted(run="r", upto=2), 9)] == [2, 1]
            assert journal.append([row(0), row(1)]) == [0, 0]
        assert tables(old) == tables(fresh)
    with Journal(old) as journal:
        assert journal.append([row(2)]) == [3]


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch) -> None:
    Journal(tmp_path / "j").close()
    before = tables(tmp_path / "j")
    steps = ("CREATE TABLE later (x);", "CREATE TABLE runs (x);")
    monkeypatch.setattr("twin.journal.UPGRADES", (*UPGRADES, *steps))
    monkeypatch.setattr("twin.journal.SCHEMA", SCHEMA + 2)
    with pytest.raises(StoreError, match="runs already exists"):
        Journal(tmp_path / "j")
    assert tables(tmp_path / "j") == before
    monkeypatch.setattr("twin.journal.UPGRADES", (*UPGRADES, steps[0]))
    monkeypatch.setattr("twin.journal.SCHEMA", SCHEMA + 1)
    with Journal(tmp_path / "j") as journal:
        assert journal._number("PRAGMA user_version") == SCHEMA + 1
    assert len(tables(tmp_path / "j")) == len(before) + 1


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path) -> None:
    text, foreign = tmp_path / "text", tmp_path / "foreign"
    text.write_text("This is not a database, but quite a long text about something else. " * 20)
    with pytest.raises(StoreError):
        Journal(text)
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE other (x)")
    db.close()
    with pytest.raises(StoreError, match="not a journal"):
        Journal(foreign)
    with pytest.raises(StoreError):
        Journal(tmp_path)


@pytest.mark.parametrize("few", [0, 10**6], ids=["through time", "by topic"])
@pytest.mark.parametrize("descending", [True, False])
def test_the_past_is_every_message_that_is_wanted_in_order(monkeypatch, few, descending) -> None:
    monkeypatch.setattr(journal_module, "rare_below", lambda *_: few)
    draw = random.Random(3)
    told = []
    for seq in range(300):
        path, kind = draw.choice(["a/l", "a/l/A", "a/l/A/1", "a/l/AB", "a/l2"]), draw.choice(["state", "part"])
        source = Source(draw.choice("rs"), f"x/{path}/{kind}", path, kind)
        ts = draw.randrange(40)
        message = StateChange(run=source.run, session=1, seq=seq, n=seq, ts=ts, state="off", reason="", since=0)
        told.append((source, message, Delivery(topic=source.topic, payload=b"%d" % seq)))
    with Journal(None) as journal:
        journal.append(told)
        for path in ("", "a/l", "a/l/A", "a/l/A/1", "nowhere"):
            for kinds in ((), ("part",), ("state", "part")):
                rows = [
                    (message.ts, position)
                    for position, (source, message, _) in enumerate(told, 1)
                    if source.run == "r" and position <= 250 and 5 <= message.ts < 31
                    and (not path or f"{source.path}/".startswith(f"{path}/")) and (not kinds or source.kind in kinds)
                ]  # fmt: skip
                rows.sort(reverse=descending)
                wanted = Wanted(
                    run="r", upto=250, path=path, kinds=kinds, begin=5, end=31, descending=descending
                )
                found = []
                while page := journal.past(wanted, 7):
                    found += [(told[stored.position - 1][1].ts, stored.position) for stored in page]
                    wanted = replace(wanted, after=found[-1])
                assert found == rows


@pytest.mark.parametrize("version", [None, *VERSIONS])
def test_a_file_shrinks_when_a_run_is_forgotten_whatever_version_it_is_of(version, tmp_path) -> None:
    file = tmp_path / "j"
    if version is not None:
        db = sqlite3.connect(file)
        db.executescript(VERSIONS[version])
        db.close()
    with Journal(file) as journal:
        for first in range(0, 6_000, 500):
            run = "big" if first < 4_500 else "new"
            journal.append([row(i, run=run, payload=bytes(200)) for i in range(first, first + 500)])
        kept, last = everything(journal)[-1_500:], journal.position
        journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before = file.stat().st_size
        while journal.forget("big", 1_000):
            query = "SELECT seq FROM messages WHERE run = ? ORDER BY position"
            left = [seq for (seq,) in journal._db.execute(query, (journal._runs["big"],))]
            assert left == list(range(len(left))), "what is left is the run up to an instant"
        assert "big" not in journal.runs()
        left = pages = journal.free() // journal._number("PRAGMA page_size")
        while journal.shrink(100):
            assert everything(journal)[-1_500:] == kept
            left, was = journal.free() // journal._number("PRAGMA page_size"), left
            assert left == was - 100
        assert pages > 200
        assert file.stat().st_size < before / 2
        assert journal.append([row(0, run="big"), row(5_999, run="new")]) == [last + 1, 0], "the run is as good as new"
    with Journal(file) as journal:
        assert journal.runs()[-2:] == ["new", "big"]
        assert everything(journal)[-1_501:-1] == kept
        assert journal.position == last + 1


def test_the_run_of_the_newest_message_stays() -> None:
    with Journal(None) as journal:
        journal.append([row(0, run="a"), row(0, run="b"), row(1, run="a"), row(1, run="a")])
        assert not journal.forget("a")
        assert not journal.forget("nobody")
        assert len(everything(journal)) == 3
        assert not journal.forget("b")
        assert (journal.runs(), len(everything(journal))) == (["a"], 2)
        assert journal.append([row(2, run="a")]) == [4], "a position is never given twice"


def test_a_file_of_an_older_version_stays_as_large_where_the_disk_has_no_room_to_write_it_anew(
    tmp_path, monkeypatch
) -> None:
    db = sqlite3.connect(tmp_path / "j")
    db.executescript(VERSIONS[1])
    db.close()
    with Journal(tmp_path / "j") as journal:
        journal.append([row(i, run="new", payload=bytes(200)) for i in range(5_000)])
        journal.append([row(9_999, run="newest")])
        while journal.forget("new"):
            pass
        monkeypatch.setattr("twin.journal.ROOM", 1 << 62)
        assert not journal.shrink()
        assert journal._number("PRAGMA freelist_count") > 100
        monkeypatch.undo()
        assert not journal.shrink()
        assert journal._number("PRAGMA freelist_count") == 0


@pytest.mark.parametrize("spoiled", [0, 1, 2, 3, 4, 5, 255])
def test_a_damaged_map_of_pages_costs_no_message(spoiled, tmp_path) -> None:
    """Nothing but giving room back reads it; then the file is written anew."""
    file = tmp_path / "j"
    with Journal(file) as journal:
        journal.append([row(i, run="old" if i < 2_000 else "new", payload=bytes(200)) for i in range(4_000)])
        kept = everything(journal)[2_000:]
    body = file.read_bytes()
    file.write_bytes(body[:4096] + bytes([spoiled]) * 4096 + body[8192:])
    with Journal(file) as journal:
        while journal.forget("old"):
            pass
        while journal.shrink(50):
            pass
        assert journal._number("PRAGMA freelist_count") == 0
        assert everything(journal) == kept
    assert file.stat().st_size < 0.6 * len(body)
    with Journal(file) as journal:
        assert everything(journal) == kept
        assert journal._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
def test_the_position_after_an_append_of_known_messages_is_that_of_the_last_one_stored(tmp_path) -> None:
    """What is beyond it is given away again after a restart, so nothing may be said to be known there."""
    with Journal(tmp_path / "j") as journal:
        assert journal.append([row(0), row(1)]) == [1, 2]
        assert journal.append([row(2), row(1), row(0)]) == [3, 0, 0]
        known = journal.position
    with Journal(tmp_path / "j") as journal:
        assert journal.position == known == 3


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.data())
@settings(max_examples=30)
def test_what_was_known_at_an_instant_is_found_over_missing_positions(steps, data) -> None:
    with Journal(None) as journal:
        instants, now = {}, 1_000
        for seq, step in enumerate(steps):
            now += step
            journal.append([row(seq), row(0)] if seq % 2 else [row(seq)])
            journal._db.execute("UPDATE messages SET ingest = ? WHERE seq = ?", (now, seq))
            instants[journal.position] = now
        asked = data.draw(st.integers(999, now + 3))
        assert journal.known_at(asked) == max((p for p, at in instants.items() if at <= asked), default=0)


def test_snapshots_of_a_run_are_a_chain(tmp_path) -> None:
    def link(after, position, weight=1, version="v"):
        return closed(Span(after, position, weight), version, {"": b"x"})

    with Journal(tmp_path / "j") as journal:
        journal.append([row(0), row(0, run="other")])
        for after in (0, 10, 20):
            journal.keep("r", link(after, after + 10))
            journal.keep("other", link(after, after + 10))
        assert journal.spans("r") == [Span(0, 10), Span(10, 20), Span(20, 30)]
        assert [found.span for found in journal.links("r", 29)] == [Span(0, 10), Span(10, 20)]
        assert all(opened(found) == {"": b"x"} for found in journal.links("r", 99))
        journal.merge("r", link(0, 20, 2))
        assert journal.spans("r") == [Span(0, 20, 2), Span(20, 30)]
        journal.keep("r", link(20, 25))
        assert journal.spans("r") == [Span(0, 20, 2), Span(20, 25)], "who goes on from an earlier one leaves the rest"
        journal.keep("r", link(0, 40, version="w"))
        assert journal.spans("r") == [Span(0, 40)]
        assert len(journal.spans("other")) == 3
        assert journal.links("nobody", 99) == []
        assert (journal.begun("r"), journal.begun("other"), journal.begun("nobody")) == (1, 2, 0)
