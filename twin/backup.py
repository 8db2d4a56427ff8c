"""Consistent copies of the twin's stores while a twin writes to them.

The journal is copied by SQLite out of one snapshot, which holds up no writer. DuckDB lets nobody else open its file, so
the file is copied as bytes. That is sound as long as its header stays the same: DuckDB writes to blocks that the
header does not name, then the header, and only then empties the log. A copy whose header has changed meanwhile is
thrown away and made again.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from plant.errors import InputError, StoreError
from twin.journal import APPLICATION
from twin.levels import NAMES, partition_of
from twin.point_file import POINTS
from twin.telemetry_folder import NOTE

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


def copy_telemetry(file: Path, copy: Path, tell: Tell, table: str = "shopfloor_machines") -> None:
    """Copy a telemetry file: all that was committed when the copying of its log ended.

    Args:
        file: the file.
        copy: where the copy goes.
        tell: is told how far it is.
        table: what the copy must be able to tell of.

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
                    db.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 ours
                return
        except OSError as error:
            raise StoreError(f"telemetry {file} cannot be copied: {error}") from error
        except duckdb.Error as error:
            reason = str(error)
    raise StoreError(f"telemetry {file} cannot be copied: {reason}")


def copy_telemetry_folder(folder: Path, copy: Path, tell: Tell) -> None:
    """Copy the telemetry of all runs, and their points.

    Each file as it is at an instant of its own, the note of its run first and then finest first: samples that have no
    minutes in the copy are in the copy themselves. Of a file that is dropped meanwhile the coarser copies have all.

    Raises:
        StoreError: as `copy_telemetry`.
    """
    total = max(1, sum(file.stat().st_size for file in _files(folder)))
    done = 0
    for run in sorted(place for place in folder.iterdir() if place.is_dir()):
        try:
            note = json.loads((run / NOTE).read_bytes())
        except FileNotFoundError:  # it has just begun, or was forgotten
            continue
        (copy / run.name).mkdir(parents=True)
        for level in NAMES:
            for file in sorted(run.glob(f"{level}-*.duckdb")):
                before, size = done, file.stat().st_size if file.exists() else 0

                def told(share: float, before: int = before, size: int = size) -> None:
                    tell(min(1.0, (before + share * size) / total))

                done += size
                dropped = not _copy_unless_dropped(file, copy / run.name / file.name, told)
                if dropped and (one := partition_of(file)):
                    note["whole"][level] = max(note["whole"].get(level, 0), one.end)
        if (file := run / POINTS).exists():
            before, size = done, file.stat().st_size

            def told_of_points(share: float, before: int = before, size: int = size) -> None:
                tell(min(1.0, (before + share * size) / total))

            done += size
            _copy_unless_dropped(file, copy / run.name / POINTS, told_of_points, "shopfloor_columns")
        (copy / run.name / NOTE).write_text(json.dumps(note) + "\n", encoding="utf-8")


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*/*.duckdb") if file.exists()]


def _copy_unless_dropped(file: Path, copy: Path, tell: Tell, table: str = "shopfloor_machines") -> bool:
    try:
        copy_telemetry(file, copy, tell, table)
    except StoreError:
        if file.exists():
            raise
        for part in (copy, copy.with_name(f"{copy.name}.wal")):
            part.unlink(missing_ok=True)
        return False
    return True


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
