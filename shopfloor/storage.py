"""What the data folder takes on the disk, kept below a bound while a run writes to it.

The oldest goes first, and what is least of a loss: raw telemetry day by day, then its minutes month by month, then
whole runs, never the one that is going on or the newest. If that is not enough, a warning says so and the run goes on.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from plant.errors import StoreError
from shopfloor.continuation import RunBook
from shopfloor.keeping import forget_plant
from twin import DuckDbHistorian, Twin
from twin.levels import NAMES
from twin.old_telemetry import OLD
from twin.opening import JOURNAL
from twin.telemetry_folder import TELEMETRY

log = logging.getLogger(__name__)

EVERY = 10.0  # seconds of wall time between two looks
REMEMBERED = 50  # drops that are told
_KINDS = {
    JOURNAL: "journal",
    f"{JOURNAL}-wal": "journal",
    f"{JOURNAL}-shm": "journal",
    TELEMETRY: "telemetry",
    OLD: "telemetry",
    "spool": "spool",
    "influxdb": "spool",
}
_NOTHING = dict.fromkeys(("journal", "telemetry", "spool", "other", "total"), 0)


class Storage:
    """Looks after a data folder; use it with ``async with``.

    Args:
        twin: the twin whose folder it is.
        folder: the folder.
        limit: bytes that it may take.
        run: the run that is going on.
        elsewhere: whether telemetry is kept in another place; then the bound does not cover it.
    """

    def __init__(self, twin: Twin, folder: Path, *, limit: int, run: str, elsewhere: bool = False) -> None:
        self._twin = twin
        self._folder = folder
        self._limit = limit
        self._run = run
        self._historian = twin.historian if isinstance(twin.historian, DuckDbHistorian) else None
        self._telemetry_here = not elsewhere
        self._bytes = dict(_NOTHING)
        self._levels: dict[str, Any] = {}
        self._dropped: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self._totals = dict.fromkeys(("raw", "minutes", "runs"), 0)
        self._above = ""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to look after it."""
        self._task = asyncio.create_task(self._watch(), name="storage")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def tell(self) -> dict[str, Any]:
        """As plain values: bytes by kind, the limit, what telemetry there is, what was dropped and when (wall time)."""
        return {
            "bytes": self._bytes,
            "limit": self._limit,
            "above": bool(self._above),
            "trouble": self._above,
            "telemetry": self._levels,
            "dropped": list(self._dropped),
            "dropped_total": self._totals,
        }

    async def _watch(self) -> None:
        while True:
            try:
                await self.bound()
            except (StoreError, OSError) as error:
                log.warning("%s cannot be kept below its limit now: %s", self._folder, error)
            await asyncio.sleep(EVERY)

    async def bound(self) -> None:
        """Look, and drop what is oldest until the folder is below its limit or nothing more may go.

        Raises:
            StoreError: something cannot be dropped.
        """
        await self._look()
        while self._bytes["total"] > self._limit:
            if not await self._drop():
                return
            await self._look()
        self._above = ""

    async def _look(self) -> None:
        self._bytes = await asyncio.to_thread(_measured, self._folder)
        if self._historian is not None:
            kept = await self._historian.kept()
            self._levels = {level: getattr(kept, level) for level in NAMES}

    async def _drop(self) -> bool:
        """Drop the one thing whose turn it is; false, with a warning, if there is none."""
        runs = [*(run for run in self._twin.runs() if run != self._run), self._run]
        if self._historian is not None and self._telemetry_here:
            for level in ("raw", "minutes"):
                if name := await self._historian.shed(level, runs):
                    self._note(level, name)
                    return True
        if free := await self._twin.shrink():
            self._warn(f"the disk has no room to write the journal anew, which would free {_told(free)} of it")
            return False
        for run in self._twin.runs()[:-1]:
            if run != self._run:
                await self._twin.forget(run)
                if run in self._twin.runs():  # the newest message is one of its
                    continue
                if self._historian is not None:
                    await self._historian.forget(run)
                await asyncio.to_thread(_forget, self._folder, run)
                await self._twin.shrink()
                self._note("runs", run)
                return True
        self._warn("nothing more may be dropped")
        return False

    def _note(self, kind: str, name: str) -> None:
        self._totals[kind] += 1
        self._dropped.append({"kind": kind, "name": name, "at": time.time_ns() // 1000})
        log.warning("%s is above its limit of %s: dropped %s", self._folder, _told(self._limit), name)

    def _warn(self, why: str) -> None:
        text = f"{self._folder} takes {_told(self._bytes['total'])}, more than its limit of {_told(self._limit)}; {why}"
        if not self._above:
            log.warning("%s", text)
        self._above = text


def _forget(folder: Path, run: str) -> None:
    """Delete what else speaks of a run; after the journal, which cannot be gone on with without it."""
    RunBook.open(folder).forget(run)
    forget_plant(folder, run)


def _measured(folder: Path) -> dict[str, int]:
    """Bytes of the files of a folder by kind; what vanishes meanwhile does not count."""
    found = dict(_NOTHING)
    for place, _, names in os.walk(folder):
        inside = Path(place).relative_to(folder).parts
        for name in names:
            kind = _KINDS.get((*inside, name)[0], "other")
            with contextlib.suppress(FileNotFoundError):
                size = (Path(place) / name).stat().st_size
                found[kind] += size
                found["total"] += size
    return found


def _told(size: int) -> str:
    """A size for people."""
    return f"{size / 1e9:.2f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"
