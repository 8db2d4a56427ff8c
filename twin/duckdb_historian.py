"""The historian in DuckDB: files per run, written in columns by one thread that owns them.

A row is one instant of one machine. Rows newer than all that the file held of their machine when it was opened go
straight in, since the twin has dropped copies already; older ones, which a publisher may send again after a restart,
are checked against the table, so that (machine, t) stays unique. The same thread makes minutes and hours of the samples
and drops what has become too old, a small piece at a time and when nothing waits to be written. Who asks then waits for
one piece, and the next questions for none: upkeep then rests. Points of tables wait in the same queue, and are in a
file of their own.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

import duckdb

from plant.description import Plant
from plant.errors import StoreError
from plant.messages import Scalar
from twin.historian import Block, Health
from twin.levels import LevelName, Retention
from twin.select import Frame, Scope, Select
from twin.tables import FIXED, Point, check, tables_of
from twin.telemetry_folder import TelemetryFolder, Written
from twin.values import Series, TelemetryKept

log = logging.getLogger(__name__)
T = TypeVar("T")

FULL = 10_000  # rows that make a batch worth writing at once
PATIENCE = 1.0  # seconds that a row waits at most for others
BOUND = 200_000  # rows that may wait
RETRY, LONGEST_RETRY = 0.1, 10.0  # seconds until a failed write is tried again
UPKEEP = 2.0  # seconds that upkeep waits at most for a moment in which nobody asks and little has to be written


class DuckDbHistorian:
    """A historian in a folder, or in memory; open it with ``async with``.

    Args:
        folder: the data folder; none keeps all in memory.
        plant: the plant, whose tables there are; without one those that every plant has.
        bound: rows that may wait for the store.
        retention: how long the levels of telemetry are kept.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        plant: Plant | None = None,
        bound: int = BOUND,
        retention: Retention | None = None,
    ) -> None:
        self._tables = FIXED if plant is None else tables_of(plant)
        self._folder = TelemetryFolder(
            folder, retention, tables=self._tables, plant="" if plant is None else plant.plant
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="historian")
        self._waiting: deque[Block | Point] = deque()
        self._rows = 0
        self._bound = bound
        self._stored = self._dropped = 0
        self._away = False
        self._tended = 0.0
        self._asked = -PATIENCE  # when the last question came, or was answered
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Open the files, and bring those of older versions over.

        Raises:
            StoreError: they cannot be opened.
        """
        await self._call(self._folder.open)
        self._task = asyncio.create_task(self._work(), name="historian")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write what waits, and close the files."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(StoreError):
            await self.flush()
        with contextlib.suppress(StoreError):
            await self._call(self._folder.close)
        self._thread.shutdown()

    @property
    def health(self) -> Health:
        """How it is doing."""
        return Health(stored=self._stored, backlog=self._rows, dropped=self._dropped)

    def stored(self, run: str) -> Mapping[str, int]:
        """Instant of the newest sample in the store by path, as of the last write."""
        return self._folder.newest(run)

    async def append(self, blocks: Sequence[Block]) -> None:
        """Take blocks over; see `twin.historian.Historian`."""
        await self._take(blocks)

    async def record(self, points: Sequence[Point]) -> None:
        """Take points over; see `twin.historian.PointStore`."""
        for point in points:
            check(point, self._tables)
        await self._take(points)

    async def _take(self, items: Sequence[Block] | Sequence[Point]) -> None:
        self._waiting.extend(items)
        self._rows += sum(map(_rows, items))
        if self._away:
            self._give_up()
        if self._rows >= FULL:
            self._wake.set()
        if self._rows > self._bound:
            self._room.clear()
            await self._room.wait()

    async def select(self, run: str, path: str, tag: str, span: range) -> Series:
        """Minimum, mean, maximum and last value per step; see `twin.historian.Historian`."""
        return await self._ask(self._folder.select, run, path, tag, span)

    async def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag; see `twin.historian.Historian`."""
        return await self._ask(self._folder.latest, run, path)

    async def query(self, select: Select, scope: Scope) -> list[Frame]:
        """The answer to a question; see `twin.historian.PointStore`."""
        return await self._ask(self._folder.query, select, scope)

    async def recorded(self, run: str) -> int | None:
        """Instant of the newest point of a line's account; see `twin.historian.PointStore`."""
        return await self._call(self._folder.recorded, run)

    async def _ask(self, function: Callable[..., T], *args: object) -> T:
        """The answer to a question, which sees all that was taken over before."""
        now = asyncio.get_running_loop().time
        self._asked = now()
        try:
            await self.flush()
            return await self._call(function, *args)
        finally:
            self._asked = now()

    async def flush(self) -> None:
        """Write all that waits.

        Raises:
            StoreError: the store is away; what waits goes on waiting.
        """
        async with self._writing:
            while self._waiting:
                await self._write(self._next())

    async def _write_some(self) -> bool:
        """Write a batch; whether more waits."""
        async with self._writing:
            if self._waiting:
                await self._write(self._next())
        return bool(self._waiting)

    def _next(self) -> list[Block | Point]:
        """The oldest items that make a batch."""
        batch, rows = [], 0
        for item in self._waiting:
            batch.append(item)
            rows += _rows(item)
            if rows >= 5 * FULL:
                break
        return batch

    async def _write(self, batch: list[Block | Point]) -> None:
        """Write the oldest items; they leave the queue when they are stored."""
        first = batch[0]
        written = await self._call(self._store, batch)
        rows = sum(map(_rows, batch))
        while self._waiting and batch and self._waiting[0] is not first:  # given up meanwhile
            first = batch.pop(0)
        for _ in range(len(batch)):
            self._rows -= _rows(self._waiting.popleft())
        self._stored += rows - written.late
        self._dropped += written.late
        self._away = False
        if written.refused:
            log.warning("%d values of unknown signals found no column", written.refused)
        if written.late:
            log.warning("%d rows are older than the samples that are kept of their run", written.late)
        if self._rows <= self._bound:
            self._room.set()

    def _store(self, batch: Sequence[Block | Point]) -> Written:
        """Store a batch, in the owner thread; the points first, since to store them again changes nothing."""
        if points := [item for item in batch if isinstance(item, Point)]:
            self._folder.record(points)
        return self._folder.write([item for item in batch if isinstance(item, Block)])

    def _give_up(self) -> None:
        """Drop the oldest rows beyond the bound: the store is away."""
        while self._rows > self._bound and len(self._waiting) > 1:
            rows = _rows(self._waiting.popleft())
            self._rows -= rows
            self._dropped += rows
        self._room.set()

    async def _work(self) -> None:
        """Write when a batch is full or its oldest row has waited long enough, for ever."""
        pause = RETRY
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._wake.wait()
            self._wake.clear()
            try:
                while await self._write_some():
                    await self._tend()
                await self._tend()
                pause = RETRY
            except StoreError as error:
                self._away = True
                self._give_up()
                log.warning("%s; trying again in %.1f s", error, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_RETRY)

    async def _tend(self) -> None:
        """Make levels and drop what is too old while nobody asks and little has to be written, or else now and then."""
        now = asyncio.get_running_loop().time
        begun = now()
        while now() < begun + PATIENCE and self._due(now()):
            self._tended = now()
            try:
                if not await self._call(self._folder.tend):
                    return
            except StoreError as error:
                self._tended = now() + LONGEST_RETRY
                log.warning("%s; minutes and hours are made later", error)

    def _due(self, now: float) -> bool:
        """Whether upkeep may go on."""
        quiet = self._rows < FULL and now >= self._asked + PATIENCE
        return now > self._tended + UPKEEP or (quiet and now >= self._tended)

    async def shed(self, level: LevelName, order: Sequence[str]) -> str:
        """Drop the oldest file of a level to make room, and say which; see `TelemetryFolder.shed`.

        Raises:
            StoreError: it cannot be dropped.
        """
        return await self._call(self._folder.shed, level, order)

    async def forget(self, run: str) -> None:
        """Delete all telemetry and all points of a run.

        Raises:
            StoreError: it cannot be deleted.
        """
        await self._call(self._folder.forget, run)

    async def kept(self) -> TelemetryKept:
        """What there is, level by level.

        Raises:
            StoreError: the files cannot be looked at.
        """
        return await self._call(self._folder.kept)

    async def _call(self, function: Callable[..., T], *args: object) -> T:
        """Run in the owner thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)
        except (duckdb.Error, OSError) as error:
            raise StoreError(f"historian {self._folder.place or 'in memory'}: {error}") from error


def _rows(item: Block | Point) -> int:
    """Rows that an item of the queue makes."""
    return len(item.message.t) if isinstance(item, Block) else 1
