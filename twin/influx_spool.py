"""What is on its way to InfluxDB, in files: a batch is written down, then sent, and deleted once it is stored.

Telemetry and points are two lanes, each in order. Beyond a bound the oldest telemetry goes first, and points only when
there is no telemetry left; both are counted. What a process before has left is sent by the next one.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple

Lane = Literal["raw", "points"]
BOUND = 256 << 20
ROWS, BYTES = 5_000, 2 << 20
"""Rows and bytes that are sent together, if there is more than one batch of them."""

DEAD_LETTERS = "dead-letters.lp"
_FILE = re.compile(r"(\d{12})-(raw|points)-(\d+)\.lp")


class Batch(NamedTuple):
    """Lines that were written down together."""

    number: int
    lane: Lane
    rows: int
    size: int
    file: Path


class InfluxSpool:
    """A folder of batches; safe to call from several threads, of which one sends.

    Args:
        folder: it is the spool's alone.
        bound: bytes that may wait.

    Attributes:
        dropped: rows that had to go.
    """

    def __init__(self, folder: Path, *, bound: int = BOUND) -> None:
        self._folder = folder
        self._bound = bound
        self._lock = Lock()
        self._lanes: dict[Lane, deque[Batch]] = {"raw": deque(), "points": deque()}
        self._sending: set[int] = set()
        self._number = 0
        self._size = 0
        self.rows = 0
        self.dropped = 0

    def open(self) -> None:
        """Know what a process before has left.

        Raises:
            OSError: the folder cannot be used.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for half in self._folder.glob("*.new"):
            half.unlink()
        for file in sorted(self._folder.glob("*.lp")):
            if found := _FILE.fullmatch(file.name):
                lane: Lane = "raw" if found[2] == "raw" else "points"
                self._add(Batch(int(found[1]), lane, int(found[3]), file.stat().st_size, file))

    def _add(self, batch: Batch) -> None:
        self._lanes[batch.lane].append(batch)
        self._number = max(self._number, batch.number)
        self._size += batch.size
        self.rows += batch.rows

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return self.rows > 0

    @property
    def number(self) -> int:
        """Number of the newest batch."""
        return self._number

    @property
    def oldest(self) -> int:
        """Number of the oldest batch that waits; beyond the newest if none does."""
        with self._lock:
            return min((lane[0].number for lane in self._lanes.values() if lane), default=self._number + 1)

    def holds(self, lane: Lane) -> bool:
        """Whether anything of a lane waits."""
        return bool(self._lanes[lane])

    def append(self, lane: Lane, lines: Sequence[bytes]) -> None:
        """Write lines down at the end of a lane.

        Raises:
            OSError: they cannot be written; nothing has changed.
        """
        if not lines:
            return
        body = b"\n".join(lines)
        with self._lock:
            number = self._number + 1
        file = self._folder / f"{number:012}-{lane}-{len(lines)}.lp"
        half = file.with_suffix(".new")
        half.write_bytes(body)
        half.replace(file)  # a batch is there whole or not at all
        with self._lock:
            self._add(Batch(number, lane, len(lines), len(body), file))
            self._thin()

    def _thin(self) -> None:
        """Drop what is oldest beyond the bound: telemetry, then points; never what is being sent."""
        for lane in ("raw", "points"):
            for batch in [batch for batch in self._lanes[lane] if batch.number not in self._sending]:
                if self._size <= self._bound:
                    return
                self._lanes[lane].remove(batch)
                self._gone(batch)
                self.dropped += batch.rows

    def _gone(self, batch: Batch) -> None:
        batch.file.unlink(missing_ok=True)
        self._size -= batch.size
        self.rows -= batch.rows

    def next(self) -> list[Batch]:
        """The oldest batches of the lane that has waited longest, as many as go together; none if nothing waits."""
        with self._lock:
            lane = min((lane for lane in self._lanes.values() if lane), key=lambda lane: lane[0].number, default=None)
            chosen: list[Batch] = []
            rows = size = 0
            for batch in lane or ():
                rows, size = rows + batch.rows, size + batch.size
                if chosen and (rows > ROWS or size > BYTES):
                    break
                chosen.append(batch)
            self._sending = {batch.number for batch in chosen}
            return chosen

    def keep(self) -> None:
        """What was being sent is not stored: it waits like all the rest."""
        with self._lock:
            self._sending = set()

    @staticmethod
    def body(batches: Iterable[Batch]) -> bytes:
        """Their lines.

        Raises:
            OSError: they cannot be read.
        """
        return b"\n".join(batch.file.read_bytes() for batch in batches)

    def done(self, batches: Iterable[Batch]) -> None:
        """They are stored, or given up: forget them."""
        with self._lock:
            for batch in batches:
                self._lanes[batch.lane].remove(batch)
                self._gone(batch)
            self._sending = set()

    def bury(self, lines: Iterable[tuple[bytes, str]]) -> None:
        """Keep lines that cannot be stored where a person finds them, each behind its reason as a comment."""
        with (self._folder / DEAD_LETTERS).open("ab") as out:
            for line, reason in lines:
                out.write(b"# " + reason.encode() + b"\n" + line + b"\n")
                self.dropped += 1
