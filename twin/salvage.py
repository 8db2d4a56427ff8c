"""A damaged journal: what can be read of it goes into a new file, and the damaged one stays beside it.

The new file is written whole before the old one is touched. Who is killed in between finds at the next start either the
old file, or the new one complete; `finish` then puts it in its place.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from plant.errors import StoreError
from twin.journal import Journal

CHUNK = 1_000  # messages that are read at once where nothing is damaged
GIVE_UP = 20_000  # positions in a row that cannot be read: behind them nothing is looked for
PARTS = ("", "-wal", "-shm")  # files that make a database
COLUMNS = "position, run, topic, session, seq, n, ts, ingest, retained, payload"


class Salvaged(NamedTuple):
    """What came of it: messages in the new journal, and where the damaged one is now."""

    kept: int
    damaged: Path


def salvage(file: Path) -> Salvaged:
    """Put a journal of all messages that can be read in the place of a damaged one. Nobody may have it open.

    Raises:
        StoreError: too much is damaged, or the new file cannot be written; the old one is as it was.
    """
    new = file.with_name(f"{file.name}.new")
    _remove(new)
    try:
        Journal(new).close()
        kept = _copy(file, new)
        if not kept:
            raise StoreError(f"journal {file} is damaged and cannot be salvaged: none of its messages can be read")
        new.replace(_ready(file))
        return Salvaged(kept, _swap(file))
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"journal {file} is damaged and cannot be salvaged: {error}") from error
    finally:
        _remove(new)


def finish(file: Path) -> None:
    """Go on with a salvage that was interrupted when its new file was complete.

    Raises:
        StoreError: the files cannot be renamed.
    """
    try:
        if _ready(file).exists():
            _swap(file)
    except OSError as error:
        raise StoreError(f"journal {file}: what was salvaged cannot be put in its place: {error}") from error


def _remove(file: Path) -> None:
    for part in PARTS:
        file.with_name(file.name + part).unlink(missing_ok=True)


def _ready(file: Path) -> Path:
    return file.with_name(f"{file.name}.salvaged")


def _copy(file: Path, new: Path) -> int:
    old = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)  # read only: it stays as it is
    with contextlib.closing(old), contextlib.closing(sqlite3.connect(new, isolation_level=None)) as db:
        old.execute("PRAGMA writable_schema = ON")  # else a file that was cut short cannot be read at all
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN")
        runs = old.execute("SELECT id, run FROM runs NOT INDEXED").fetchall()
        topics = old.execute("SELECT id, topic, path, kind FROM topics NOT INDEXED").fetchall()
        db.executemany("INSERT INTO runs VALUES (?, ?)", runs)
        db.executemany("INSERT INTO topics VALUES (?, ?, ?, ?)", topics)
        known_runs, known_topics = {row[0] for row in runs}, {row[0] for row in topics}
        insert = f"INSERT OR IGNORE INTO messages ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 fixed
        for rows in _readable(old):
            sound = [row for row in rows if _sound(row) and row[1] in known_runs and row[2] in known_topics]
            db.executemany(insert, sound)
        db.execute("INSERT INTO sessions SELECT run, session, min(position) FROM messages GROUP BY run, session")
        kept = db.execute("SELECT count(*) FROM messages").fetchone()[0]
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it in one file, which is then renamed
    return int(kept)


def _readable(db: sqlite3.Connection) -> Iterator[list[Any]]:
    """Messages in order, over places that cannot be read."""
    query = f"SELECT {COLUMNS} FROM messages WHERE position >= ? ORDER BY position LIMIT ?"  # noqa: S608 fixed
    first, size, missed = 1, CHUNK, 0
    last = _last(db)
    while missed < GIVE_UP and first <= last:
        try:
            rows = db.execute(query, (first, size)).fetchall()
        except sqlite3.DatabaseError:
            if size > 1:
                size //= 10
            else:
                first += 1
                missed += 1
            continue
        if not rows:
            return
        yield rows
        first, size, missed = rows[-1][0] + 1, min(CHUNK, size * 10), 0


def _last(db: sqlite3.Connection) -> int:
    """The last position by the keys, which lie on other pages; a number beyond all if they are damaged too."""
    try:
        found = db.execute("SELECT max(position) FROM messages INDEXED BY message_key").fetchone()
    except sqlite3.DatabaseError:
        return 1 << 62
    return int(found[0] or 0)


def _sound(row: tuple[Any, ...]) -> bool:
    """Whether a row holds what belongs there; a damaged page may hold anything."""
    return isinstance(row[-1], bytes) and all(isinstance(value, int) for value in row[:-1])


def _swap(file: Path) -> Path:
    """Set the damaged file aside and put the new one in its place; after an interruption it goes on where it was."""
    others = len([other for other in file.parent.glob(f"{file.name}.damaged-*") if not other.name.endswith(PARTS[1:])])
    damaged = file.with_name(f"{file.name}.damaged-{others + file.exists()}")
    for part in PARTS:  # a log left behind would be taken for that of the new file
        with contextlib.suppress(FileNotFoundError):
            file.with_name(file.name + part).replace(damaged.with_name(damaged.name + part))
    _ready(file).replace(file)
    if os.name == "posix":
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return damaged
