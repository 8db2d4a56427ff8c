"""The historian in DuckDB: a file per run and day, written in columns by one thread that owns the files.

A row is one instant of one machine. Rows newer than all that the file held of their machine when it was opened go
straight in, since the twin has dropped copies already; older ones, which a publisher may send again after a restart,
are checked against the table, so that (machine, t) stays unique. The same thread makes minutes and hours of the samples
and drops what has become too old, a small piece at a time and when nothing waits to be written.
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

from plant.errors import StoreError
from plant.messages import Scalar
from twin.historian import Block, Health
from twin.levels import LevelName, Retention
from twin.telemetry_folder import TelemetryFolder
from twin.values import Series, TelemetryKept

log = logging.getLogger(__name__)
T = TypeVar("T")

FULL = 10_000  # rows that make a batch worth writing at once
PATIENCE = 1.0  # seconds that a row waits at most for others
BOUND = 200_000  # rows that may wait
RETRY, LONGEST_RETRY = 0.1, 10.0  # seconds until a failed write is tried again
UPKEEP = 5.0  # seconds that upkeep waits at most for a moment in which nothing has to be written


class DuckDbHistorian:
    """A historian in a folder, or in memory; open it with ``async with``.

    Args:
        folder: the data folder; none keeps telemetry in memory.
        bound: rows that may wait for the store.
        retention: how long the levels are kept.
    """

    def __init__(
        self, folder: Path | None = None, *, bound: int = BOUND, retention: Retention | None = None
    ) -> None:
        self._folder = TelemetryFolder(folder, retention)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="historian")
        self._waiting: deque[Block] = deque()
        self._rows = 0
        self._bound = bound
        self._stored = self._dropped = 0
        self._away = False
        self._tended = 0.0
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
        self._waiting.extend(blocks)
        self._rows += sum(len(block.message.t) for block in blocks)
        if self._away:
            self._give_up()
        if self._rows >= FULL:
            self._wake.set()
        if self._rows > self._bound:
            self._room.clear()
            await self._room.wait()

    async def select(self, run: str, path: str, tag: str, span: range) -> Series:
        """Minimum, mean, maximum and last value per step; see `twin.historian.Historian`."""
        await self.flush()
        return await self._call(self._folder.select, run, path, tag, span)

    async def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag; see `twin.historian.Historian`."""
        await self.flush()
        return await self._call(self._folder.latest, run, path)

    async def flush(self) -> None:
        """Write all that waits.

        Raises:
            StoreError: the store is away; what waits goes on waiting.
        """
        async with self._writing:
            while self._waiting:
                await self._write(self._next())

    def _next(self) -> list[Block]:
        """The oldest blocks that make a batch."""
        batch, rows = [], 0
        for block in self._waiting:
            batch.append(block)
            rows += len(block.message.t)
            if rows >= 5 * FULL:
                break
        return batch

    async def _write(self, batch: list[Block]) -> None:
        """Write the oldest blocks; they leave the queue when they are stored."""
        first = batch[0]
        written = await self._call(self._folder.write, batch)
        rows = sum(len(block.message.t) for block in batch)
        while self._waiting and batch and self._waiting[0] is not first:  # given up meanwhile
            first = batch.pop(0)
        for _ in range(len(batch)):
            self._rows -= len(self._waiting.popleft().message.t)
        self._stored += rows - written.late
        self._dropped += written.late
        self._away = False
        if written.refused:
            log.warning("%d values of unknown signals found no column", written.refused)
        if written.late:
            log.warning("%d rows are older than the samples that are kept of their run", written.late)
        if self._rows <= self._bound:
            self._room.set()

    def _give_up(self) -> None:
        """Drop the oldest rows beyond the bound: the store is away."""
        while self._rows > self._bound and len(self._waiting) > 1:
            rows = len(self._waiting.popleft().message.t)
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
                await self.flush()
                await self._tend()
                pause = RETRY
            except StoreError as error:
                self._away = True
                self._give_up()
                log.warning("%s; trying again in %.1f s", error, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_RETRY)

    async def _tend(self) -> None:
        """Make levels and drop what is too old while little has to be written; where that is never so, now and then."""
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
        return now > self._tended + UPKEEP or (self._rows < FULL and now >= self._tended)

    async def shed(self, level: LevelName, order: Sequence[str]) -> str:
        """Drop the oldest file of a level to make room, and say which; see `TelemetryFolder.shed`.

        Raises:
            StoreError: it cannot be dropped.
        """
        return await self._call(self._folder.shed, level, order)

    async def forget(self, run: str) -> None:
        """Delete all telemetry of a run.

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
