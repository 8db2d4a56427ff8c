"""The journal: every message that the mirror folds, in the order of arrival, in SQLite.

What is promised: when `append` returns, its messages survive the death of the process, and with `durable` (the default
for files) also a loss of power, as far as the disk keeps what it says it has written: write-ahead log with
``synchronous=FULL``, one transaction a batch. A batch is stored whole or not at all. The key (run, topic, session, seq)
is unique, so nothing is stored twice. One journal, one writer; other processes may read the file.

A file whose last transaction is torn opens without it. One that is damaged says so, at the latest when its messages are
read: see `twin.salvage`. A file of an older version is brought up to date when it is opened.
"""

import math
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from plant.errors import DamageError, StoreError
from plant.messages import Delivery, Message

APPLICATION = 0x53464A31  # "SFJ1", so that a stranger's file is recognised
# The position is named although every index ends with it: the topic behind it must not come before it in the order.
_BY_TIME = "CREATE INDEX IF NOT EXISTS message_time ON messages (run, ts, position, topic);"

UPGRADES: tuple[str, ...] = (_BY_TIME,)
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

    def append(self, rows: Sequence[Row]) -> list[int]:
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
        self._position = first + len(rows) - 1
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
                   WHERE position > ? AND position <= ? AND messages.run = ? AND kind != 'status'
                   GROUP BY messages.topic, retained"""
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

    def statuses(self, run: str, upto: int) -> list[Stored]:
        """All messages of kind ``status`` of a run up to a position; their order of arrival matters."""
        query = """SELECT position, topics.topic, retained, payload
                   FROM topics CROSS JOIN messages ON messages.topic = topics.id
                   WHERE kind = 'status' AND messages.run = ? AND position <= ? ORDER BY position"""
        with self._errors():
            return list(map(Stored._make, self._db.execute(query, (self._runs.get(run, -1), upto))))

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

    def _insert(self, rows: Sequence[Row], first: int) -> list[int]:
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
        last = first + len(rows) - 1
        if self._db.total_changes - before == len(rows):
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
