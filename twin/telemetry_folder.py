"""The telemetry of all runs in a folder, as the one thread that owns it sees it: a folder a run, a file a partition.

What a crash in between leaves is harmless. The hours whose coarser levels are not made are noted in the transaction
that stores their samples, and that note is deleted after both levels are stored; to make them twice gives the same.
Before a file is dropped its run notes from which instant on the level is whole; a file before that instant is deleted
at the next opening. Samples before it are refused, since a day that is half there would be told instead of its minutes.
"""

import contextlib
import hashlib
import json
import logging
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from plant.errors import StoreError
from plant.messages import Scalar
from plant.time import DAY, HOUR
from twin.historian import Block
from twin.levels import NAMES, LevelName, Partition, Retention, Stretch, partition, partition_of, stretches
from twin.old_telemetry import OLD, bring_over
from twin.point_file import POINTS
from twin.point_files import PointFiles
from twin.select import Frame, Scope, Select
from twin.select_sql import Sql, admits, answer, fields_of, frames
from twin.tables import FIXED, Point, Table
from twin.telemetry_file import Piece, TelemetryFile, make_level
from twin.telemetry_rows import Asked, Stored, coarsest, pieces, rows_of
from twin.values import LevelKept, Series, TelemetryKept

log = logging.getLogger(__name__)

TELEMETRY = "telemetry"
OWNER = "owner.duckdb"  # holds nothing; who has it open owns the folder
NOTE = "run.json"
ATTACHED = 40  # files that are held open at most
LATE = 6 * HOUR  # plant time that an hour waits for late samples before its minutes are made
MOST_HOURS = 4  # of which the levels are made at once: of few machines four take little longer than one (measured)
MACHINE_HOURS = 80  # of which they are made at once where there are many machines: who asks meanwhile has to wait


@dataclass(kw_only=True)
class RunFiles:
    """The files of a run.

    Args:
        run: its name.
        folder: where they are; none: in memory.
        held: all files.
        whole: first instant from which on a level is whole, where its files were dropped.
        newest: newest instant by path.
        stale: hours whose levels have to be made, of the days that were looked at.
        unseen: days that were not.
    """

    run: str
    folder: Path | None
    held: set[Partition] = field(default_factory=set)
    whole: dict[LevelName, int] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    stale: dict[Partition, set[int]] = field(default_factory=dict)
    unseen: set[Partition] = field(default_factory=set)

    @property
    def last(self) -> int:
        """Newest instant of all; -1 if none is known."""
        return max(self.newest.values(), default=-1)

    def of(self, level: LevelName) -> list[Partition]:
        """The files of a level, oldest first."""
        return sorted(one for one in self.held if one.level == level)

    @property
    def piece(self) -> int:
        """Time whose levels are made at once."""
        return min(MOST_HOURS, max(1, MACHINE_HOURS // max(1, len(self.newest)))) * HOUR

    def file(self, one: Partition) -> Path | None:
        """The file of a partition."""
        return None if self.folder is None else self.folder / one.name

    @property
    def points(self) -> Path | None:
        """The file of its points."""
        return None if self.folder is None else self.folder / POINTS

    def stretches(self, begin: int, end: int) -> list[Stretch]:
        """Which file tells what of a window."""
        return stretches(((one, self.whole.get(one.level, 0)) for one in self.held), begin, end)

    def note(self) -> None:
        """Write down from where on the levels are whole."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        new = self.folder / f"{NOTE}.new"
        with new.open("w", encoding="utf-8") as out:
            out.write(json.dumps({"run": self.run, "whole": self.whole}) + "\n")
            out.flush()
            os.fsync(out.fileno())
        new.replace(self.folder / NOTE)


class Written:
    """What came of a write: values that found no column, and rows that were too old."""

    def __init__(self) -> None:
        self.refused = self.late = 0


class TelemetryFolder:
    """The telemetry files of a data folder, and those of points; all calls from one thread.

    Args:
        folder: the data folder; none keeps all in memory.
        retention: how long the levels of telemetry are kept; points stay as long as their run.
        tables: those that points may be of, and those of telemetry, by name.
        plant: what the label ``plant`` of telemetry says.
    """

    def __init__(
        self,
        folder: Path | None,
        retention: Retention | None = None,
        *,
        tables: Mapping[str, Table] = FIXED,
        plant: str = "",
    ) -> None:
        self.folder = folder
        self.tables = tables
        self.plant = plant
        self._points = PointFiles(tables)
        self.retention = retention or Retention()
        self.runs: dict[str, RunFiles] = {}
        self.db: duckdb.DuckDBPyConnection | None = None
        self.dropped: dict[LevelName, int] = dict.fromkeys(NAMES, 0)
        self._attached: OrderedDict[tuple[str, Partition], TelemetryFile] = OrderedDict()
        self._doubtful = False  # a write has failed

    @property
    def place(self) -> Path | None:
        """Where the folders of the runs are."""
        return None if self.folder is None else self.folder / TELEMETRY

    def newest(self, run: str) -> dict[str, int]:
        """Newest instant in the store by path; the one question that any thread may ask."""
        found = self.runs.get(run)
        return {} if found is None else found.newest.copy()

    def open(self) -> duckdb.DuckDBPyConnection:
        """The connection; opened, or opened again after an error."""
        if self._doubtful and self.folder is not None:
            self.close()
        if self.db is None:
            place = self.place
            if place is not None:
                place.mkdir(parents=True, exist_ok=True)
            self.db = duckdb.connect(":memory:" if place is None else str(place / OWNER))
            try:
                self.runs = {}
                self._discover()
                self._bring_over(self.db)
            except BaseException:
                self.close()
                raise
        elif self._doubtful:
            for (name, one), file in self._attached.items():
                file.recall()
                self._see(self.runs[name], one, file)
            self._points.recall()
        self._doubtful = False
        return self.db

    def close(self) -> None:
        """Close all files."""
        if self.db is not None:
            with contextlib.suppress(duckdb.Error):
                while self._attached:
                    self._attached.popitem()[1].detach()
                self._points.close()
            self._attached.clear()
            self._points.drop()
            self.db.close()
            self.db = None

    def _discover(self) -> None:
        """Know which files there are."""
        if self.place is None:
            return
        for note in sorted(self.place.glob(f"*/{NOTE}")):
            try:
                told = msgspec.json.decode(note.read_bytes(), type=dict[str, Any])
                run = RunFiles(run=str(told["run"]), folder=note.parent, whole=dict(told["whole"]))
            except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
                raise StoreError(f"{note} cannot be read: {error}") from error
            for one in filter(None, map(partition_of, note.parent.glob("*.duckdb"))):
                if one.end <= run.whole.get(one.level, 0):
                    _unlink(note.parent / one.name)
                else:
                    run.held.add(one)
            self.runs[run.run] = run
            run.unseen = set(run.of("raw"))
            for one in run.of("raw")[-2:]:  # what a crash shortly after midnight leaves is in the last two
                self._file(run, one)

    def _bring_over(self, db: duckdb.DuckDBPyConnection) -> None:
        """Bring over the one file of older versions."""
        if self.folder is None or not (self.folder / OLD).exists():
            return
        log.warning("%s: bringing its telemetry over into a file a day …", self.folder / OLD)

        def raw(name: str, t: int) -> TelemetryFile:
            return self._file(self._run(name), partition("raw", t))

        days = bring_over(db, self.folder / OLD, raw)
        for (name, one), file in list(self._attached.items()):  # what is newest is known by what was stored, not before
            if one.level == "raw":
                file.recall()
                self._see(self.runs[name], one, file)
        _unlink(self.folder / OLD)
        log.warning("%s: its %d days are in %s now", self.folder / OLD, days, self.place)

    def _run(self, name: str) -> RunFiles:
        """The files of a run; noted down if it is new."""
        run = self.runs.get(name)
        if run is None:
            place = self.place
            run = RunFiles(run=name, folder=None if place is None else place / _folder_name(name))
            run.note()
            self.runs[name] = run
        return run

    def _file(self, run: RunFiles, one: Partition, most: int = ATTACHED) -> TelemetryFile:
        """A file, attached."""
        key = (run.run, one)
        file = self._attached.get(key)
        if file is None:
            assert self.db is not None  # noqa: S101 for the type checker
            while self.folder is not None and len(self._attached) >= most:
                self._attached.popitem(last=False)[1].detach()
            try:
                file = self._attached[key] = TelemetryFile(self.db, run.file(one), one.level)
            except duckdb.Error:  # it may be attached by half
                self._doubtful = True
                raise
            run.held.add(one)
            self._see(run, one, file)
        self._attached.move_to_end(key)
        return file

    @staticmethod
    def _see(run: RunFiles, one: Partition, file: TelemetryFile) -> None:
        """Know what is new in a file of raw samples, and what is to be done for it."""
        if one.level == "raw":
            run.unseen.discard(one)
            run.stale[one] = file.stale
            for path, t in file.newest().get(run.run, {}).items():
                run.newest[path] = max(t, run.newest.get(path, -1))

    def write(self, blocks: Sequence[Block]) -> Written:
        """Store blocks, a transaction a day, oldest first: what a crash keeps of them is their beginning."""
        db, written = self.open(), Written()
        days: dict[tuple[int, str], list[Block]] = {}
        for block in blocks:
            if not block.message.t:
                continue
            run = self._run(block.run)
            for day, piece in _days(block, run.whole.get("raw", 0), written):
                days.setdefault((day, block.run), []).append(piece)
        for (day, name), group in sorted(days.items(), key=lambda pair: pair[0]):
            run = self.runs[name]
            file = self._file(run, partition("raw", day * DAY))
            with self._transaction(db):
                written.refused += file.write(group)
            for block in group:
                run.newest[block.path] = max(run.newest.get(block.path, -1), *block.message.t)
        return written

    @contextlib.contextmanager
    def _transaction(self, db: duckdb.DuckDBPyConnection) -> Any:
        db.execute("BEGIN")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                db.execute("ROLLBACK")
            self._doubtful = True
            raise

    def select(self, run: str, path: str, tag: str, span: range) -> Series:
        """Minimum, mean, maximum and last value of a tag per step, each piece of the finest level that has it."""
        self.open()
        steps: dict[int, Piece] = {}
        found = self.runs.get(run, RunFiles(run=run, folder=None))
        for begin, end, one in found.stretches(span.start, span.stop):
            for piece in self._file(found, one).pieces((run, path), tag, (begin, end), span):
                known = steps.get(piece.k)
                steps[piece.k] = piece if known is None else _merged(known, piece)
        told = [steps.get(k) for k in range(len(span))]
        return Series(
            t=list(span),
            min=[None if one is None else one.lowest for one in told],
            mean=[None if one is None else one.total / one.n for one in told],
            max=[None if one is None else one.highest for one in told],
            last=[None if one is None else one.last for one in told],
        )

    def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag."""
        self.open()
        latest: dict[str, tuple[int, Scalar]] = {}
        found = self.runs.get(run, RunFiles(run=run, folder=None))
        for level in NAMES:
            for one in reversed(found.of(level)):
                for tag, (t, value) in self._file(found, one).latest(run, path).items():
                    if tag not in latest:
                        latest[tag] = (t, value)
        return latest

    def record(self, points: Sequence[Point]) -> None:
        """Store points, a transaction a run."""
        db = self.open()
        runs: dict[str, list[Point]] = {}
        for point in points:
            name = point.labels[self.tables[point.table].labels.index("run")]
            runs.setdefault(name, []).append(point)
        for name, group in runs.items():
            run = self._run(name)
            try:
                file = self._points.file(db, name, run.points)
            except duckdb.Error:  # it may be attached by half
                self._doubtful = True
                raise
            with self._transaction(db):
                file.write(group)

    def recorded(self, name: str) -> int | None:
        """Instant of the newest point of a line's account of a run."""
        db, run = self.open(), self.runs.get(name)
        found = () if run is None else self._points.those(db, {name: run.points})
        return found[0].newest("line_account") if found else None

    def query(self, select: Select, scope: Scope) -> list[Frame]:
        """The answer to a question; see `twin.historian.PointStore`.

        Raises:
            ValueError: there is no such table, or it cannot answer that.
        """
        db, table = self.open(), self.tables.get(select.table)
        if table is None:
            raise ValueError(f"there is no table {select.table!r}; there are {', '.join(self.tables)}")
        select.check(table)
        runs = [run for run in self.runs.values() if admits(select, table, scope, "run", run.run)]
        coarse = False
        if table.raw:
            held = [(run, one) for run in runs for one in run.stretches(scope.begin, scope.end)]
            most, level = max(ATTACHED, 2 * len(held)), coarsest(select, table, scope)
            stored = [piece for run, one in held for piece in self._pieces(run, one, level, most)]
            coarse = any(piece.file.level != "raw" for piece in stored)
            source = rows_of(stored, Asked(self.plant, select, table, scope))
        else:
            files = self._points.those(db, {run.run: run.points for run in runs})
            found = [one for file in files if (one := file.source(table, fields_of(select, table))) is not None]
            source = Sql(" UNION ALL ".join(one.text for one in found)) if found else None
        if source is None:
            return []
        asked = answer(select, table, scope, source, coarse=coarse)
        return frames(select, scope, db.execute(asked.text, asked.parameters).fetchall())

    def _pieces(self, run: RunFiles, stretch: Stretch, level: LevelName, most: int) -> Iterator[Stored]:
        """What tells of a stretch: its own file, or a coarser one of samples whose minutes and hours are made."""
        file = self._file(run, stretch.partition, most)
        if stretch.partition.level != "raw" or level == "raw":
            yield Stored(stretch.begin, stretch.end, file)
            return
        for begin, end, made in pieces(stretch.begin, stretch.end, file.stale):
            coarser = partition(level, begin)
            instead = made and coarser in run.held
            yield Stored(begin, end, self._file(run, coarser, most) if instead else file)

    def tend(self) -> bool:
        """Do one small piece of upkeep; whether there was any."""
        self.open()
        for run in self.runs.values():
            for one, hours in run.stale.items():
                if hours and min(hours) + run.piece + LATE <= run.last:
                    self._make_levels(run, one, sorted(hours))
                    return True
        for run in self.runs.values():
            if run.unseen:
                self._file(run, max(run.unseen))
                return True
        return any(self._expire(run) for run in self.runs.values())

    def _make_levels(self, run: RunFiles, one: Partition, hours: Sequence[int]) -> None:
        """Make minutes and hours of the first of some hours of a day, in order."""
        chosen = [hour for hour in hours if hour < hours[0] + run.piece]
        begin, end = chosen[0], chosen[-1] + HOUR
        assert self.db is not None  # noqa: S101 for the type checker
        raw = self._file(run, one)
        minutes = self._file(run, partition("minutes", begin))
        whole = self._file(run, partition("hours", begin))
        self._attached.move_to_end((run.run, one))
        with self._transaction(self.db):
            make_level(raw, minutes, begin, end)
        with self._transaction(self.db):
            make_level(minutes, whole, begin, end)
        with self._transaction(self.db):
            self.db.execute(f"DELETE FROM {raw.name}.shopfloor_stale WHERE hour >= ? AND hour < ?", (begin, end))  # noqa: S608 ours
        raw.stale -= {hour for hour in raw.stale if begin <= hour < end}

    def _expire(self, run: RunFiles) -> bool:
        """Drop the oldest file that is beyond its retention."""
        for level in NAMES:
            kept = self.retention.of(level)
            oldest = next(iter(run.of(level)), None)
            if kept is not None and oldest is not None and oldest.end <= run.last - kept and self._may_go(run, oldest):
                self._drop(run, oldest)
                return True
        return False

    def _may_go(self, run: RunFiles, one: Partition) -> bool:
        """A level goes only after the finer one has gone: that is what it would be made of again."""
        return not any(
            NAMES.index(other.level) < NAMES.index(one.level) and other.begin < one.end and other.end > one.begin
            for other in run.held
        )

    def _drop(self, run: RunFiles, one: Partition) -> None:
        """Drop a file; of raw samples only when all that is coarser is made."""
        if one.level == "raw":
            file = self._file(run, one)
            while file.stale:
                self._make_levels(run, one, sorted(file.stale))
            end = min(one.end, -(-(run.last + 1) // HOUR) * HOUR) if run.last >= 0 else one.end
        else:
            finer = NAMES[NAMES.index(one.level) - 1]
            end = min(one.end, max(run.whole.get(finer, one.end), one.begin))
        run.whole[one.level] = max(run.whole.get(one.level, 0), end)
        run.note()
        self._release(run, one)
        self.dropped[one.level] += 1

    def _release(self, run: RunFiles, one: Partition) -> None:
        """Let a file go and delete it."""
        attached = self._attached.pop((run.run, one), None)
        if attached is not None:
            attached.detach()
        file = run.file(one)
        if file is not None:
            _unlink(file)
        run.held.discard(one)
        run.stale.pop(one, None)
        run.unseen.discard(one)

    def shed(self, level: LevelName, order: Sequence[str]) -> str:
        """Drop the oldest file of a level to make room, and say which.

        Args:
            level: raw samples or minutes.
            order: the runs, newest last. Of the newest the file that is being filled stays.

        Returns:
            Run and file; empty if there is none that may go.
        """
        self.open()
        known = [name for name in order if name in self.runs]
        for name in [*(name for name in self.runs if name not in known), *known]:
            run = self.runs[name]
            files = run.of(level)
            if order and name == order[-1]:
                files = files[:-1]
            for one in files:
                if self._may_go(run, one):
                    self._drop(run, one)
                    return f"{name} {one.name}"
        return ""

    def forget(self, name: str) -> None:
        """Delete all telemetry and all points of a run."""
        self.open()
        run = self.runs.get(name)
        if run is None:
            return
        for one in sorted(run.held, key=lambda one: NAMES.index(one.level)):
            self._release(run, one)
        self._points.detach(name)
        if run.points is not None:
            _unlink(run.points)
        if run.folder is not None:
            for left in (run.folder / NOTE, run.folder / f"{NOTE}.new"):
                left.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something of somebody else is in it
                run.folder.rmdir()
        del self.runs[name]

    def kept(self) -> TelemetryKept:
        """What there is: files, bytes and the oldest instant of each level."""
        levels = {}
        for level in NAMES:
            held = [(run, one) for run in self.runs.values() for one in run.of(level)]
            levels[level] = LevelKept(
                files=len(held),
                bytes=sum(_size(run.file(one)) for run, one in held),
                oldest=min((max(one.begin, run.whole.get(level, 0)) for run, one in held), default=None),
                dropped=self.dropped[level],
            )
        return TelemetryKept(**levels)


def _folder_name(run: str) -> str:
    """Folder of a run: its name, and something besides where a disk that ignores case would mix it up with another."""
    digest = hashlib.blake2b(run.encode(), digest_size=4).hexdigest()
    return run if run == run.lower() else f"{run.lower()}-{digest}"


def _days(block: Block, whole: int, written: Written) -> Iterable[tuple[int, Block]]:
    """A block cut at midnight; rows before `whole` are left out and counted."""
    t = block.message.t
    first, last = min(t), max(t)
    if first >= whole and first // DAY == last // DAY:
        return [(first // DAY, block)]
    days: dict[int, list[int]] = {}
    for row, instant in enumerate(t):
        if instant >= whole:
            days.setdefault(instant // DAY, []).append(row)
        else:
            written.late += 1
    return [(day, _rows(block, rows)) for day, rows in days.items()]


def _rows(block: Block, rows: Sequence[int]) -> Block:
    """Some rows of a block."""
    m = block.message
    message = msgspec.structs.replace(
        m,
        t=[m.t[row] for row in rows],
        v={tag: [column[row] for row in rows] for tag, column in m.v.items()},
        q={tag: [q[row] for row in rows] if isinstance(q, list) else q for tag, q in (m.q or {}).items()},
    )
    return block._replace(message=message)


def _merged(earlier: Piece, later: Piece) -> Piece:
    """Two pieces of one step as one."""
    return Piece(
        earlier.k,
        min(earlier.lowest, later.lowest),
        max(earlier.highest, later.highest),
        earlier.total + later.total,
        earlier.n + later.n,
        later.last,
    )


def _size(file: Path | None) -> int:
    """Bytes of a file and its log."""
    total = 0
    for part in (file, file.with_name(f"{file.name}.wal")) if file is not None else ():
        with contextlib.suppress(FileNotFoundError):
            total += part.stat().st_size
    return total


def _unlink(file: Path) -> None:
    """Delete a file of DuckDB and its log."""
    file.unlink(missing_ok=True)
    file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
