"""The journal: every message that the mirror folds, in the order of arrival, in SQLite.

What is promised: when `append` returns, its messages survive the death of the process, and with `durable` (the default
for files) also a loss of power, as far as the disk keeps what it says it has written: write-ahead log with
``synchronous=FULL``, one transaction a batch. A batch is stored whole or not at all. The key (run, topic, session, seq)
is unique, so nothing is stored twice. One journal, one writer; other processes may read the file.

A file whose last transaction is torn opens without it. One that is damaged says so, at the latest when its messages are
read: see `twin.salvage`. A file of an older version is brought up to date when it is opened.
"""

import math
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from plant.errors import DamageError, StoreError
from plant.messages import Delivery, Message
from twin.chain import Link, Span
from twin.finality import Hour, Revision, Settlement

APPLICATION = 0x53464A31  # "SFJ1", so that a stranger's file is recognised
ROOM = 64 << 20  # bytes that stay free when a file is written anew
# The position is named although every index ends with it: the topic behind it must not come before it in the order.
_BY_TIME = "CREATE INDEX IF NOT EXISTS message_time ON messages (run, ts, position, topic);"

_SNAPSHOTS = """
CREATE TABLE snapshots (
    run INTEGER NOT NULL, position INTEGER NOT NULL, after INTEGER NOT NULL, weight INTEGER NOT NULL,
    version TEXT NOT NULL, checksum BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (run, position)
);
"""
_FINAL = """
CREATE TABLE hours (
    run INTEGER NOT NULL, path TEXT NOT NULL, begin INTEGER NOT NULL, until INTEGER NOT NULL, parts BLOB NOT NULL,
    PRIMARY KEY (run, path, begin)
) WITHOUT ROWID;
CREATE TABLE revisions (
    run INTEGER NOT NULL, line TEXT NOT NULL, number INTEGER NOT NULL, told BLOB NOT NULL,
    PRIMARY KEY (run, line, number)
) WITHOUT ROWID;
CREATE TABLE settled (run INTEGER PRIMARY KEY, position INTEGER NOT NULL, version TEXT NOT NULL);
"""

UPGRADES: tuple[str, ...] = (_BY_TIME, _SNAPSHOTS + _FINAL)
"""SQL that makes a file of the version one higher, beginning with version 1. What was released stays as it is."""
SCHEMA = 1 + len(UPGRADES)

_TABLES = f"""
PRAGMA application_id = {APPLICATION};
CREATE TABLE runs (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
CREATE TABLE topics (id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, path TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE sessions (
    run INTEGER NOT NULL, session INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (run, session)
) WITHOUT ROWID;
CREATE TABLE messages (
    position INTEGER PRIMARY KEY, run INTEGER NOT NULL, topic INTEGER NOT NULL, session INTEGER NOT NULL,
    seq INTEGER NOT NULL, n INTEGER NOT NULL, ts INTEGER NOT NULL, ingest INTEGER NOT NULL,
    retained INTEGER NOT NULL, payload BLOB NOT NULL
);
CREATE UNIQUE INDEX message_key ON messages (run, topic, session, seq);
{_BY_TIME}
{_SNAPSHOTS}{_FINAL}
"""


_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_WIDTH = _ROW.count("?")
_INSERT = "INSERT OR IGNORE INTO messages VALUES "
_INSERTS = {n: _INSERT + ", ".join([_ROW] * n) for n in (3_000, 1_000, 100, 10, 1)}
"""By how many messages they insert. While SQLite works at one the event loop has the interpreter for itself; before and
after each it has to be asked for it, and when it is busy it takes its time."""


def rare_below(limit: int, messages: int) -> int:
    """How many messages are better gone through one by one than met on the way through all, until `limit` are found.

    Of n among all N messages, a page of `limit` is met after about limit · N / n steps on the index; each of those n
    costs about 32 times as much as a step (measured), since it lies somewhere in the file.
    """
    return math.isqrt(limit * messages // 32)


class Source(NamedTuple):
    """Where messages of one topic and run belong."""

    run: str
    topic: str
    path: str
    kind: str


Row = tuple[Source, Message, Delivery]
"""A message on its way into the journal."""


class Stored(NamedTuple):
    """A message out of the journal."""

    position: int
    topic: str
    retained: bool
    payload: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which messages of the past are wanted, in the order of plant time, at equal instants in that of arrival.

    Args:
        run: of this run.
        upto: not those beyond this position: what has come since a first page was read is on none of the next.
        path: of nodes at or below this path; empty: of all.
        kinds: of these kinds; empty: of all.
        begin: not before this instant, microseconds UTC.
        end: before this instant.
        descending: whether the newest come first.
        after: go on behind this (ts, position), of the last message of the page before.
    """

    run: str
    upto: int
    path: str = ""
    kinds: tuple[str, ...] = ()
    begin: int = 0
    end: int = 1 << 62
    descending: bool = True
    after: tuple[int, int] | None = None


class Journal:
    """A journal file, or one in memory. Not for the event loop: all calls may wait for the disk.

    Args:
        file: the file; none keeps the journal in memory.
        durable: whether `append` waits until the disk has it.

    Raises:
        DamageError: the file is damaged.
        StoreError: the file cannot be opened, or is not a journal, or is one of a newer version.
    """

    def __init__(self, file: Path | None, *, durable: bool = True) -> None:
        self.file = file
        self._runs: dict[str, int] = {}
        self._topics: dict[str, int] = {}
        self._sources: dict[Source, tuple[int, int]] = {}
        self._sessions: set[tuple[int, int]] = set()
        self._position = 0
        with self._errors():
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False, timeout=5.0)
            try:
                self._prepare(durable=durable)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; what was appended stays."""
        self._db.close()

    @property
    def position(self) -> int:
        """Position of the last message; 0 when there is none."""
        return self._position

    def append(self, rows: Iterable[Row]) -> list[int]:
        """Store messages in one transaction.

        Returns:
            The position of each; 0 for one that was stored before.

        Raises:
            StoreError: nothing was stored.
        """
        first = self._position + 1
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                stored = self._insert(rows, first)
                self._db.execute("COMMIT")
            except BaseException:
                self._recall()
                raise
        self._position = max(self._position, *stored) if stored else self._position  # as a restart finds it
        return stored

    def runs(self) -> list[str]:
        """Runs by the beginning of their latest session, newest last."""
        query = """SELECT runs.run FROM sessions JOIN runs ON runs.id = sessions.run
                   GROUP BY runs.id ORDER BY max(sessions.position)"""
        with self._errors():
            return [run for (run,) in self._db.execute(query)]

    def page(self, after: int, limit: int, *, upto: int) -> list[Stored]:
        """Messages of all runs with after < position <= upto in order, at most `limit`."""
        query = """SELECT position, topics.topic, retained, payload
                   FROM messages JOIN topics ON topics.id = messages.topic
                   WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"""
        with self._errors():
            return list(map(Stored._make, self._db.execute(query, (after, upto, limit))))

    def groups(self, run: str, after: int, upto: int) -> list[tuple[str, bool, bytes]]:
        """Messages of a run with after < position <= upto, but for ``status``, topic by topic.

        Returns:
            Topic, whether they were retained copies, and their payloads joined by commas: the fastest way to read many.
        """
        query = """SELECT topics.topic, retained, CAST(group_concat(payload) AS BLOB)
                   FROM messages JOIN topics ON topics.id = messages.topic
                   WHERE position > ? AND position <= ? AND +messages.run = ? AND kind != 'status'
                   GROUP BY messages.topic, retained"""  # with the plus no index of the whole run is gone through
        with self._errors():
            found = self._db.execute(query, (after, upto, self._runs.get(run, -1)))
            return [(topic, bool(retained), payloads) for topic, retained, payloads in found]

    def payloads(self, run: str, topic: str, after: int, upto: int) -> list[tuple[bool, bytes]]:
        """Messages of a run and a topic with after < position <= upto in order, and whether they were retained."""
        query = """SELECT retained, payload FROM messages
                   WHERE position > ? AND position <= ? AND run = ? AND topic = ? ORDER BY position"""
        numbers = (after, upto, self._runs.get(run, -1), self._topics.get(topic, -1))
        with self._errors():
            return [(bool(retained), payload) for retained, payload in self._db.execute(query, numbers)]

    def statuses(self, run: str, after: int, upto: int) -> list[Stored]:
        """All messages of kind ``status`` of a run between positions; their order of arrival matters."""
        query = """SELECT position, topics.topic, retained, payload
                   FROM topics CROSS JOIN messages ON messages.topic = topics.id
                   WHERE kind = 'status' AND messages.run = ? AND position > ? AND position <= ? ORDER BY position"""
        with self._errors():
            return list(map(Stored._make, self._db.execute(query, (self._runs.get(run, -1), after, upto))))

    def begun(self, run: str) -> int:
        """Position of the first message of a run; 0 if there is none."""
        query = "SELECT coalesce(min(position), 0) FROM sessions WHERE run = ?"
        with self._errors():
            return self._number(query, self._runs.get(run, -1))

    def ingested(self, positions: Sequence[int]) -> list[int | None]:
        """When messages were stored, wall time in microseconds UTC; none for a position without one."""
        query = "SELECT ingest FROM messages WHERE position = ?"
        with self._errors():
            found = (self._db.execute(query, (position,)).fetchone() for position in positions)
            return [row and row[0] for row in found]

    def known_at(self, instant: int) -> int:
        """Position of the last message that was stored not after an instant of wall time, microseconds UTC; 0: none."""
        query = "SELECT position, ingest FROM messages WHERE position <= ? ORDER BY position DESC LIMIT 1"
        low, high = 0, self._position
        with self._errors():
            while low < high:  # positions may be missing, so each guess is the last one not beyond it
                middle = (low + high + 1) // 2
                position, ingest = self._db.execute(query, (middle,)).fetchone() or (0, 0)
                low, high = (middle, high) if ingest <= instant else (low, position - 1)
            found = self._db.execute(query, (low,)).fetchone()
        return int(found[0]) if found else 0

    def links(self, run: str, upto: int) -> list[Link]:
        """Snapshots of a run up to a position, in order."""
        query = """SELECT after, position, weight, version, checksum, state FROM snapshots
                   WHERE run = ? AND position <= ? ORDER BY position"""
        with self._errors():
            found = self._db.execute(query, (self._runs.get(run, -1), upto)).fetchall()
        return [Link(Span(*row[:3]), *row[3:]) for row in found]

    def spans(self, run: str) -> list[Span]:
        """What the snapshots of a run hold, in order."""
        query = "SELECT after, position, weight FROM snapshots WHERE run = ? ORDER BY position"
        with self._errors():
            return list(map(Span._make, self._db.execute(query, (self._runs.get(run, -1),))))

    def keep(self, run: str, link: Link) -> None:
        """Store a snapshot that goes on where another ends: what was stored beyond that, or of another version, goes.

        Raises:
            StoreError: nothing was changed.
        """
        self._put(run, link, "position > ? OR version != ?", (link.span.after, link.version))

    def merge(self, run: str, link: Link) -> None:
        """Store a snapshot in the place of those that it is made from.

        Raises:
            StoreError: nothing was changed.
        """
        self._put(run, link, "position > ? AND position <= ?", (link.span.after, link.span.position))

    def _put(self, run: str, link: Link, others: str, values: tuple[int, int | str]) -> None:
        """Store a snapshot in the place of others."""
        number, span = self._runs[run], link.span
        row = (number, span.position, span.after, span.weight, link.version, link.checksum, link.state)
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute(f"DELETE FROM snapshots WHERE run = ? AND ({others})", (number, *values))  # noqa: S608 ours
                self._db.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)", row)
                self._db.execute("COMMIT")
            except BaseException:
                self._recall()
                raise

    def past(self, wanted: Wanted, limit: int) -> list[Stored]:
        """At most `limit` of the messages that are wanted, in their order.

        Most questions are answered on a way through time that ends when the page is full. What is rare is not met on
        it for long, so its topics are gone through instead.
        """
        low, high = (wanted.begin, 0), (wanted.end, 0)  # positions count from 1
        if wanted.after is not None:
            low, high = (low, min(high, wanted.after)) if wanted.descending else (max(low, wanted.after), high)
        with self._errors():
            run, few = self._runs.get(wanted.run, -1), rare_below(limit, self._position)
            among = ", ".join(map(str, self._topics_of(wanted)))
            counted = f"SELECT 1 FROM messages WHERE run = ? AND topic IN ({among}) LIMIT {few + 1}"  # noqa: S608 numbers
            rare = self._number(f"SELECT count(*) FROM ({counted})", run) <= few  # noqa: S608 the same
            down = "DESC" if wanted.descending else "ASC"
            query = f"""SELECT position, topics.topic, retained, payload
                        FROM messages INDEXED BY {"message_key" if rare else "message_time"}
                        CROSS JOIN topics ON topics.id = messages.topic
                        WHERE run = ? AND messages.topic IN ({among}) AND position <= ?
                        AND (ts, position) > (?, ?) AND (ts, position) < (?, ?)
                        ORDER BY ts {down}, position {down} LIMIT ?"""  # noqa: S608 numbers and names of our own
            return list(map(Stored._make, self._db.execute(query, (run, wanted.upto, *low, *high, limit))))

    def settle(self, run: str, settlement: Settlement) -> None:
        """Keep what is final of a run.

        Raises:
            StoreError: nothing was kept.
        """
        number = self._runs[run]
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                rows = [(number, *hour) for hour in settlement.hours]
                self._db.executemany("INSERT OR IGNORE INTO hours VALUES (?, ?, ?, ?, ?)", rows)
                told = [(number, r.line, r.number, msgspec.msgpack.encode(r)) for r in settlement.revisions]
                self._db.executemany("INSERT OR IGNORE INTO revisions VALUES (?, ?, ?, ?)", told)
                row = number, settlement.position, settlement.version
                self._db.execute("INSERT OR REPLACE INTO settled VALUES (?, ?, ?)", row)
                self._db.execute("COMMIT")
            except BaseException:
                self._recall()
                raise

    def settled(self, run: str) -> Settlement:
        """What was kept as final of a run, and up to which position that was looked at."""
        number = self._runs.get(run, -1)
        with self._errors():
            query = "SELECT path, begin, until, parts FROM hours WHERE run = ? ORDER BY begin"
            rows = self._db.execute(query, (number,))
            told = self._db.execute("SELECT told FROM revisions WHERE run = ? ORDER BY number", (number,))
            query = "SELECT position, version FROM settled WHERE run = ?"
            position, version = self._db.execute(query, (number,)).fetchone() or (0, "")
            try:
                revisions = [msgspec.msgpack.decode(blob, type=Revision) for (blob,) in told]
            except msgspec.MsgspecError as error:
                raise DamageError(f"journal {self.file or 'in memory'}: a revision cannot be read: {error}") from None
            hours = list(map(Hour._make, rows))
            return Settlement(hours=hours, revisions=revisions, position=position, version=version)

    def earliest(self, run: str, after: int) -> int | None:
        """Instant of the earliest message of a run after a position; none if there is none."""
        query = "SELECT min(ts) FROM messages WHERE run = ? AND position > ?"
        with self._errors():
            found: int | None = self._db.execute(query, (self._runs.get(run, -1), after)).fetchone()[0]
            return found

    def forget(self, run: str, most: int = 2_000) -> bool:
        """Delete some messages of a run, the newest first, so that what is left is always the run up to an instant.

        With its last message the run itself is unknown. A run that holds the newest message of all stays, since
        positions are never given twice.

        Args:
            run: the run.
            most: how many are deleted at once.

        Returns:
            Whether there is more to delete.
        """
        number = self._runs.get(run, -1)
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                newest = self._db.execute("SELECT run FROM messages ORDER BY position DESC LIMIT 1").fetchone()
                if newest == (number,) or number < 0:
                    self._db.execute("ROLLBACK")
                    return False
                gone = self._db.execute(
                    """DELETE FROM messages WHERE position IN (
                       SELECT position FROM messages INDEXED BY message_time WHERE run = ?
                       ORDER BY ts DESC, position DESC LIMIT ?)""",
                    (number, most),
                ).rowcount
                if gone < most:
                    for table in ("sessions", "snapshots", "hours", "revisions", "settled"):
                        self._db.execute(f"DELETE FROM {table} WHERE run = ?", (number,))  # noqa: S608 names of ours
                    self._db.execute("DELETE FROM runs WHERE id = ?", (number,))
                self._db.execute("COMMIT")
            except BaseException:
                self._recall()
                raise
        if gone == most:
            return True
        del self._runs[run]
        self._sources = {source: numbers for source, numbers in self._sources.items() if numbers[0] != number}
        self._sessions = {(owner, session) for owner, session in self._sessions if owner != number}
        return False

    def shrink(self, pages: int = 1_000) -> bool:
        """Give some of the room that deleted messages leave back to the disk.

        A file of an earlier version cannot give pages back, nor one whose map of pages is damaged; it is written anew,
        once, if the disk has room for what is left of it twice. If not, its free room is filled by what comes, and the
        file grows no more until then.

        Args:
            pages: how many are given back at once.

        Returns:
            Whether there is more to give back.
        """
        with self._errors():
            free = self._number("PRAGMA freelist_count")
            if not free:
                return False
            if self._number("PRAGMA auto_vacuum") and self._give_back(pages):
                more = self._number("PRAGMA freelist_count")
                if not more:
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                return 0 < more < free
            left = (self._number("PRAGMA page_count") - free) * self._number("PRAGMA page_size")
            if self.file is not None and shutil.disk_usage(self.file.parent).free < 2 * left + ROOM:
                return False
            self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return False

    def _give_back(self, pages: int) -> bool:
        """Cut pages off the end of the file; false if its map of pages is damaged: of messages nothing is in it."""
        try:
            self._db.executescript(f"PRAGMA incremental_vacuum({pages})")  # execute ends after one page
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            return False
        return True

    def free(self) -> int:
        """Bytes of the file that hold nothing."""
        with self._errors():
            return self._number("PRAGMA freelist_count") * self._number("PRAGMA page_size")

    def _topics_of(self, wanted: Wanted) -> list[int]:
        """Numbers of the topics at or below a path, of the kinds that are wanted."""
        below = f"{wanted.path}/"
        return [
            number
            for number, path, kind in self._db.execute("SELECT id, path, kind FROM topics")
            if (not wanted.path or f"{path}/".startswith(below)) and (not wanted.kinds or kind in wanted.kinds)
        ]

    def _prepare(self, *, durable: bool) -> None:
        db = self._db
        application = self._number("PRAGMA application_id")
        version = self._number("PRAGMA user_version")
        fresh = not self._number("SELECT count(*) FROM sqlite_master")
        if not fresh and application != APPLICATION:
            raise StoreError(f"{self.file} is not a journal of Shopfloor")
        if version > SCHEMA:
            raise StoreError(
                f"{self.file} is a journal of version {version}, of a newer Shopfloor; this one reads up to {SCHEMA}"
            )
        if fresh:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # so that the file shrinks when a run is forgotten
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        db.execute("PRAGMA cache_size = -65536")
        db.execute("PRAGMA cell_size_check = ON")  # damage is found when a page is read, not when it has done harm
        if fresh or version < SCHEMA:
            steps = [_TABLES] if fresh else UPGRADES[version - 1 :]
            db.executescript(f"BEGIN IMMEDIATE; {''.join(steps)} PRAGMA user_version = {SCHEMA}; COMMIT;")
        self._recall()
        self._look_at_pages()

    def _look_at_pages(self) -> None:
        """Every page of tables and indexes can be read, and there are as many keys as rows.

        SQLite's own ``quick_check`` finds little more and takes seven times the CPU time; what is in the messages shows
        when they are folded, which reads the file a second time, out of the system's memory.
        """
        indexes: dict[str, list[str]] = {}
        for kind, name, table in self._db.execute("SELECT type, name, tbl_name FROM sqlite_master"):
            indexes.setdefault(table, []).extend([name] if kind == "index" else [])
        for table, names in indexes.items():
            rows = self._number(f"SELECT count(*) FROM {table} NOT INDEXED")  # noqa: S608 names of ours
            keys = [f"SELECT total(1) FROM {table} INDEXED BY {name}" for name in names]  # noqa: S608 count(*) picks its own way
            if any(self._number(query) != rows for query in keys):
                raise DamageError(f"journal {self.file}: rows and keys of {table} differ")
        self._db.execute("SELECT max(substr(state, -1)) FROM snapshots").fetchone()  # the last of all their pages
        if free := self._number("PRAGMA freelist_count"):  # pages of former snapshots: can all be given away?
            size = min(free * self._number("PRAGMA page_size"), 1 << 29)  # as much as a value may have
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute("CREATE TABLE trial (pages BLOB)")
                self._db.execute("INSERT INTO trial VALUES (zeroblob(?))", (size,))
            finally:
                self._db.execute("ROLLBACK")

    def _recall(self) -> None:
        """Know what is stored, and nothing else."""
        db = self._db
        if db.in_transaction:
            db.execute("ROLLBACK")
        self._sources.clear()
        self._runs = dict(db.execute("SELECT run, id FROM runs"))
        self._topics = dict(db.execute("SELECT topic, id FROM topics"))
        self._sessions = set(db.execute("SELECT run, session FROM sessions"))
        self._position = self._number("SELECT coalesce(max(position), 0) FROM messages")

    def _insert(self, rows: Iterable[Row], first: int) -> list[int]:
        ingest = time.time_ns() // 1000
        values: list[int | bytes] = []
        sources, known = self._sources, (0, 0)
        for position, (source, m, delivery) in enumerate(rows, first):
            run, topic = sources.get(source) or self._add_source(source)
            session = m.session
            if (run, session) != known:
                known = run, session
                if known not in self._sessions:
                    self._db.execute("INSERT INTO sessions VALUES (?, ?, ?)", (run, session, position))
                    self._sessions.add(known)
            values += (position, run, topic, session, m.seq, m.n, m.ts, ingest, delivery.retain, delivery.payload)
        before = self._db.total_changes
        most, at = self._db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER), 0
        for count, statement in _INSERTS.items():
            size = count * _WIDTH
            while size <= most and at + size <= len(values):
                self._db.execute(statement, values[at : at + size])
                at += size
        inserted = len(values) // _WIDTH
        last = first + inserted - 1
        if self._db.total_changes - before == inserted:
            return list(range(first, last + 1))
        query = "SELECT position FROM messages WHERE position BETWEEN ? AND ?"
        kept = {position for (position,) in self._db.execute(query, (first, last))}
        return [position if position in kept else 0 for position in range(first, last + 1)]

    def _add_source(self, source: Source) -> tuple[int, int]:
        """Numbers of a run and a topic, given now if they are new."""
        run_id = self._runs.get(source.run)
        if run_id is None:
            self._db.execute("INSERT INTO runs (run) VALUES (?)", (source.run,))
            run_id = self._runs[source.run] = self._number("SELECT last_insert_rowid()")
        topic_id = self._topics.get(source.topic)
        if topic_id is None:
            topic = (source.topic, source.path, source.kind)
            self._db.execute("INSERT INTO topics (topic, path, kind) VALUES (?, ?, ?)", topic)
            topic_id = self._topics[source.topic] = self._number("SELECT last_insert_rowid()")
        self._sources[source] = (run_id, topic_id)
        return run_id, topic_id

    def _number(self, query: str, *values: int) -> int:
        """The one number that a query gives."""
        return int(self._db.execute(query, values).fetchone()[0])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Whatever goes wrong with the file is a StoreError."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT
            kind = DamageError if damaged else StoreError
            raise kind(f"journal {self.file or 'in memory'}: {error}") from error
