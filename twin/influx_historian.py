"""The historian in InfluxDB: what is taken over is written down on disk within a second, and sent in order from there.

So nothing is lost while the server is away, up to a bound, nor by a restart of ours. One thread writes down, another
one sends. Once the samples of an hour are stored, its minutes are made of them. Answers come by InfluxQL.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

from plant.description import Plant
from plant.errors import StoreError
from plant.messages import Scalar
from twin.historian import Block, Health
from twin.influx_address import InfluxAddress
from twin.influx_answers import frames
from twin.influx_sender import InfluxSender
from twin.influx_spool import BOUND, InfluxSpool
from twin.influxql import literal, statements
from twin.select import Frame, Scope, Select
from twin.tables import Point, Table, check
from twin.values import Series

log = logging.getLogger(__name__)

FULL = 5_000  # rows that make a batch worth writing at once
PATIENCE = 1.0  # seconds that a row waits at most for others
WAITING = 200_000  # rows that may wait, in memory and on disk, before whoever brings more has to wait
RETRY, LONGEST_RETRY = 0.2, 10.0  # seconds until what failed is tried again
LAST_TRY = 10.0  # seconds that are left for sending at the end


class InfluxHistorian:
    """A historian in an InfluxDB, and a store of points; open it with ``async with``.

    Args:
        plant: the description: of its machines are the labels, of its machine types the tables.
        address: where the server is.
        spool: folder for what is on the way; it is the historian's alone, and what a process before has left there is
            sent.
        bound: bytes that may wait there.
        patience: seconds that an answer of the server may take.
    """

    def __init__(
        self, plant: Plant, address: InfluxAddress, spool: Path, *, bound: int = BOUND, patience: float = 10.0
    ) -> None:
        self._address = address
        self._folder = spool
        self._spool = InfluxSpool(spool, bound=bound)
        self._sender = InfluxSender(plant, address, self._spool, spool / "notes.json", patience=patience)
        self._tables = self._sender.tables
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="historian-spool")
        self._sending = ThreadPoolExecutor(1, thread_name_prefix="historian")
        self._asking = ThreadPoolExecutor(4, thread_name_prefix="historian-query")
        self._waiting: deque[Block | Point] = deque()
        self._rows = self._lost = 0
        self._trouble = ""
        self._failures = 0
        self._full = asyncio.Event()  # enough waits to be written down
        self._more = asyncio.Event()  # something waits to be sent
        self._hurry = asyncio.Event()  # somebody waits for the answer of the server
        self._turn = asyncio.Condition()  # something was sent, or could not be
        self._order = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Open the spool. The server may be away.

        Raises:
            StoreError: the folder of the spool cannot be used.
        """
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._writing, self._sender.open)
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be used: {error}") from error
        if self._spool:
            log.warning("%d rows of before wait in %s for %s", self._spool.rows, self._folder, self._address)
        self._more.set()
        self._tasks = [
            asyncio.create_task(self._write_always(), name="historian spool"),
            asyncio.create_task(self._send_always(), name="historian"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write down what waits, send what can be sent, and go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(StoreError):
            await self._write_down()
        deadline = loop.time() + LAST_TRY
        with contextlib.suppress(StoreError):
            while self._spool and loop.time() < deadline:
                await loop.run_in_executor(self._sending, self._sender.send)
        if self._spool:
            log.warning("%d rows wait in %s for %s", self._spool.rows, self._folder, self._address)
        for thread in (self._writing, self._sending, self._asking):
            thread.shutdown()
        self._sender.server.close()

    @property
    def health(self) -> Health:
        """How it is doing."""
        return Health(
            stored=self._sender.stored,
            backlog=self._rows + self._spool.rows,
            dropped=self._spool.dropped + self._sender.beyond + self._lost,
        )

    @property
    def trouble(self) -> str:
        """Why nothing is stored now; empty if all is well."""
        return self._trouble

    def stored(self, run: str) -> Mapping[str, int]:
        """Instant of the newest sample by path that is stored, or safe on disk on its way there."""
        return self._sender.notes.newest.get(run, {}).copy()

    async def append(self, blocks: Sequence[Block]) -> None:
        """Take blocks over; see `twin.historian.Historian`."""
        await self._take(blocks, sum(len(block.message.t) for block in blocks))

    async def record(self, points: Sequence[Point]) -> None:
        """Take points over; see `twin.historian.PointStore`.

        Raises:
            ValueError: there is no such table, or it has no such label or field.
        """
        for point in points:
            check(point, self._tables)
        await self._take(points, len(points))

    async def _take(self, items: Sequence[Block | Point], rows: int) -> None:
        self._waiting.extend(items)
        self._rows += rows
        if self._rows >= FULL:
            self._full.set()
        if self._crowded:
            async with self._turn:
                await self._turn.wait_for(lambda: not self._crowded)

    @property
    def _crowded(self) -> bool:
        """Whether whoever brings more has to wait: not while the server is away, since that may take long."""
        return self._rows > WAITING or (not self._trouble and self._rows + self._spool.rows > WAITING)

    async def _write_down(self) -> None:
        """Write down all that waits.

        Raises:
            StoreError: the disk does not take it; it goes on waiting.
        """
        await asyncio.shield(asyncio.create_task(self._write_all()))  # whoever asked for it may have gone

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._order:
            while self._waiting:
                batch: list[Block | Point] = []
                rows = 0
                for item in self._waiting:
                    batch.append(item)
                    rows += len(item.message.t) if isinstance(item, Block) else 1
                    if rows >= FULL:
                        break
                try:
                    await loop.run_in_executor(self._writing, self._sender.write_down, batch)
                except OSError as error:
                    raise StoreError(f"{self._folder} takes nothing: {error}") from error
                for _ in batch:
                    self._waiting.popleft()
                self._rows -= rows
                self._more.set()
                await self._told()

    async def _write_always(self) -> None:
        """Write down when a batch is full or its oldest row has waited long enough, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._full.wait()
            self._full.clear()
            try:
                await self._write_down()
            except StoreError as error:
                log.warning("%s; trying again in %.1f s", error, LONGEST_RETRY)
                self._give_up()
                await self._told()
                await asyncio.sleep(LONGEST_RETRY)

    def _give_up(self) -> None:
        """Drop what is oldest beyond the bound, telemetry first: the disk takes nothing."""
        kept: deque[Block | Point] = deque()
        for item in self._waiting:
            if self._rows > WAITING and isinstance(item, Block):
                self._rows -= len(item.message.t)
                self._lost += len(item.message.t)
            else:
                kept.append(item)
        while self._rows > WAITING and kept:
            kept.popleft()
            self._rows -= 1
            self._lost += 1
        self._waiting = kept

    async def _send_always(self) -> None:
        """Send what is written down, for ever."""
        loop = asyncio.get_running_loop()
        pause = RETRY
        while True:
            await self._more.wait()
            self._more.clear()
            try:
                while await loop.run_in_executor(self._sending, self._sender.send):
                    pause = RETRY
                    self._recovered()
                    await self._told()
            except (StoreError, OSError) as error:
                self._failed(error)
                await self._told()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._hurry.wait()
                self._hurry.clear()
                pause = min(2 * pause, LONGEST_RETRY)
                self._more.set()
            else:
                self._recovered()
                await self._told()

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if str(error) != self._trouble:
            log.warning("%s; what comes is kept in %s meanwhile", error, self._folder)
        self._trouble = str(error)

    def _recovered(self) -> None:
        if self._trouble:
            log.warning("%s takes what it is sent again; %d rows wait", self._address, self._spool.rows)
        self._trouble = ""

    async def _told(self) -> None:
        async with self._turn:
            self._turn.notify_all()

    async def flush(self) -> None:
        """Store all that waits.

        Raises:
            StoreError: the server or the disk is away; what waits goes on waiting.
        """
        await self._write_down()
        last, failures = self._spool.number, self._failures
        self._hurry.set()
        async with self._turn:
            await self._turn.wait_for(lambda: self._spool.oldest > last or self._failures > failures)
        self._hurry.clear()
        if self._spool.oldest <= last:
            raise StoreError(self._trouble)

    async def select(self, run: str, path: str, tag: str, span: range) -> Series:
        """Minimum, mean, maximum and last value per step; see `twin.historian.Historian`."""
        await self.flush()
        return await asyncio.get_running_loop().run_in_executor(
            self._asking, self._sender.reader.select, run, path, tag, span
        )

    async def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag; see `twin.historian.Historian`."""
        await self.flush()
        return await asyncio.get_running_loop().run_in_executor(self._asking, self._sender.reader.latest, run, path)

    async def query(self, select: Select, scope: Scope) -> list[Frame]:
        """The answer to a question; see `twin.historian.PointStore`."""
        table = self._table(select.table)
        asked = statements(select, table, literal(scope))
        await self.flush()
        ask = partial(
            self._sender.server.ask, self._address.holder(raw=table.raw), *(statement.text for statement in asked)
        )
        found = await asyncio.get_running_loop().run_in_executor(self._asking, ask)
        return frames(select, table, scope, list(zip(asked, found, strict=True)))

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise ValueError(f"there is no table {name}; there are {', '.join(sorted(self._tables))}")
        return self._tables[name]

    async def recorded(self, run: str) -> int | None:
        """Instant of the newest point of a line's account that is stored, or safe on disk on its way there.

        Raises:
            StoreError: the server is away and no point of that run has been taken here.
        """
        on_the_way = self._sender.notes.points.get(run)
        try:
            stored = await asyncio.get_running_loop().run_in_executor(
                self._asking, self._sender.reader.recorded, run
            )
        except StoreError:
            if on_the_way is None:
                raise
            return on_the_way
        if on_the_way is not None and self._spool.holds("points"):
            return max(on_the_way, stored or on_the_way)
        return stored
