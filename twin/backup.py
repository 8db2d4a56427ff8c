"""Consistent copies of the twin's stores while a twin writes to them.

The journal is copied by SQLite out of one snapshot, which holds up no writer. DuckDB lets nobody else open its file, so
the file is copied as bytes. That is sound as long as its header stays the same: DuckDB writes to blocks that the
header does not name, then the header, and only then empties the log. A copy whose header has changed meanwhile is
thrown away and made again.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from plant.errors import InputError, StoreError
from twin.journal import APPLICATION

Tell = Callable[[float], None]
"""Is told how far a copy is, 0 to 1."""

PAGES = 2_000  # of the journal that are copied between two words on how far it is
PIECE = 4 << 20  # bytes
HEADER = 3 * 4096  # of a DuckDB file: the main header and the two that take turns
TRIES = 10
PAUSE = 0.5  # seconds: a checkpoint takes less


def copy_journal(file: Path, copy: Path, tell: Tell) -> int:
    """Copy a journal as it is at one instant.

    Returns:
        The position of its last message.

    Raises:
        InputError: the file is not a journal.
        StoreError: it cannot be read, the copy cannot be written, or the journal is damaged.
    """
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            if source.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
                raise InputError(f"{file} is not a journal of Shopfloor")
            source.execute("BEGIN")
            (position,) = source.execute("SELECT coalesce(max(position), 0) FROM messages").fetchone()  # a snapshot
            source.backup(target, pages=PAGES, progress=lambda _, left, all_: tell(1 - left / max(1, all_)))
            if (found := target.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise StoreError(f"journal {file} is damaged: {' '.join(found.split())}")
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"journal {file} cannot be copied: {error}") from error
    return int(position)


def copy_telemetry(file: Path, copy: Path, tell: Tell) -> None:
    """Copy a telemetry file: all that was committed when the copying of its log ended.

    Raises:
        StoreError: it cannot be read, the copy cannot be written, or the file changes too fast.
    """
    reason = "it is written to faster than it can be copied"
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE)
        try:
            if _copy_bytes(file, copy, tell):
                with contextlib.closing(duckdb.connect(str(copy))) as db:  # takes the log in
                    db.execute("SELECT count(*) FROM shopfloor_machines")
                return
        except OSError as error:
            raise StoreError(f"telemetry {file} cannot be copied: {error}") from error
        except duckdb.Error as error:
            reason = str(error)
    raise StoreError(f"telemetry {file} cannot be copied: {reason}")


def _copy_bytes(file: Path, copy: Path, tell: Tell) -> bool:
    """Copy a file of DuckDB and then its log; whether the header was the same all the time."""
    log, log_copy = (one.with_name(f"{one.name}.wal") for one in (file, copy))
    log_copy.unlink(missing_ok=True)
    size, done = max(1, file.stat().st_size), 0
    with file.open("rb") as source, copy.open("wb") as target:
        header = source.read(HEADER)
        target.write(header)
        while piece := source.read(PIECE):
            target.write(piece)
            done += len(piece)
            tell(min(1.0, done / size))
    with contextlib.suppress(FileNotFoundError):  # there is none after a checkpoint
        log_copy.write_bytes(log.read_bytes())
    others = [one for one in file.parent.glob(f"{file.name}.*wal*") if one != log]  # the log of a checkpoint under way
    with file.open("rb") as source:
        return source.read(HEADER) == header and not others
