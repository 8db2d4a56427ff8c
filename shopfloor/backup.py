"""A backup of a data folder in one file, made while a run may be writing to the folder."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from plant.errors import InputError, StoreError
from shopfloor.continuation import BOOK
from shopfloor.keeping import PLANTS
from twin.backup import Tell, copy_journal, copy_telemetry, copy_telemetry_folder
from twin.old_telemetry import OLD
from twin.opening import JOURNAL
from twin.telemetry_folder import TELEMETRY

COMPRESSED = (".gz", ".tgz")


def back_up(data: Path, file: Path, console: Console, *, telemetry: bool = True) -> str:
    """Write the backup of a data folder.

    The journal goes first: what the other files know beyond it does no harm, as after a crash.

    Args:
        data: the folder.
        file: a tar file, compressed if its name ends with ``gz``; it appears when it is whole.
        console: where the progress is shown if it is a terminal.
        telemetry: whether it goes along.

    Returns:
        What is in it, for people.

    Raises:
        InputError: the folder holds no run, or the file is there already.
        StoreError: something cannot be read or written.
    """
    if not (data / JOURNAL).is_file():
        raise InputError(f"{data} is not a data folder: there is no {JOURNAL} in it")
    if file.exists():
        raise InputError(f"{file} is there already; a backup is never written over another file")
    if not file.parent.is_dir():
        raise InputError(f"{file} cannot be written: there is no folder {file.parent}")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as name:
            copies = Path(name)
            with _stage(console, "journal") as tell:
                position = copy_journal(data / JOURNAL, copies / JOURNAL, tell)
            if (data / BOOK).exists():
                (copies / BOOK).write_bytes((data / BOOK).read_bytes())
            if (data / PLANTS).is_dir():
                shutil.copytree(data / PLANTS, copies / PLANTS, ignore=shutil.ignore_patterns("*.new"))
            if telemetry and (data / TELEMETRY).is_dir():
                with _stage(console, "telemetry") as tell:
                    copy_telemetry_folder(data / TELEMETRY, copies / TELEMETRY, tell)
            if telemetry and (data / OLD).exists():  # of an older version, not brought over yet
                with _stage(console, "telemetry") as tell:
                    copy_telemetry(data / OLD, copies / OLD, tell)
            held = [name for name in (JOURNAL, BOOK, PLANTS, TELEMETRY, OLD) if (copies / name).exists()]
            whole = copies / "whole"
            with _stage(console, "file") as tell:
                _pack(copies, held, whole, tell, compressed=file.name.endswith(COMPRESSED))
            whole.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror or error}") from error
    size = file.stat().st_size / 1e6
    return f"{file}: {', '.join(held)}; {position} messages, {size:.1f} MB"


def _pack(folder: Path, held: list[str], whole: Path, tell: Tell, *, compressed: bool) -> None:
    found = [place for name in held for place in (folder / name, *sorted((folder / name).rglob("*")))]
    members = [place for place in found if place.is_file()]
    total, done = max(1, sum(place.stat().st_size for place in members)), 0
    with tarfile.open(whole, "w:gz" if compressed else "w") as archive:
        for place in members:
            size = place.stat().st_size
            with place.open("rb") as source:
                reading = _Reading(source, tell, done, total)
                entry = archive.gettarinfo(place, place.relative_to(folder).as_posix())
                archive.addfile(entry, cast("IO[bytes]", reading))
            done += size
    with whole.open("rb+") as written:
        os.fsync(written.fileno())


class _Reading:
    """A file that tells how much of all files has been read."""

    def __init__(self, source: IO[bytes], tell: Tell, before: int, total: int) -> None:
        self._source = source
        self._tell = tell
        self._before = before
        self._total = total

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        piece = self._source.read(size)
        self._tell((self._before + self._source.tell()) / self._total)
        return piece


@contextmanager
def _stage(console: Console, name: str) -> Iterator[Tell]:
    """A part of the work: how far it is, on a terminal."""
    columns = (TextColumn(f"{name:>9}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=1.0)
        yield lambda share: bar.update(task, completed=share)
