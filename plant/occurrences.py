"""When a fault is there: instants drawn by counter, so that everybody who asks gets the same answer.

A scripted fault comes once; a random one again and again, the interval counted from the end of the last one. Draw k of
the interval and of the length belongs to the k-th time. What is not drawn yet is drawn when somebody asks.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.description import Plant
from plant.distributions import Draws
from plant.draws import Stream
from plant.faults import AnyFault, TransportFault
from plant.time import LONGEST

NEVER = 1 << 62
"""End of what lasts to the end of the run."""

Interval = tuple[int, int]
"""First instant, and the one behind the last, µs since the start of the run."""


class Occurrences:
    """The times at which a fault is there at one place, in order and apart from each other.

    Args:
        fault: the entry.
        seed: seed of the run.
        path: place that it befalls, as streams have it: ``block-line/OP10/2``, or its own `on`.
        purpose: of the draws; the n-th entry of one name at a place has a purpose of its own.
    """

    __slots__ = ("_begins", "_fault", "_interval", "_intervals", "_length")

    def __init__(self, fault: AnyFault, seed: int, path: str, purpose: str) -> None:
        self._fault = fault
        self._interval = None if fault.every is None else Draws(fault.every, Stream(seed, path, purpose))
        self._length = None if fault.lasting is None else Draws(fault.lasting, Stream(seed, path, f"{purpose}.for"))
        self._intervals: list[Interval] = []
        self._begins: list[int] = []

    def before(self, time: int) -> Sequence[Interval]:
        """All that begin before an instant, and perhaps some more."""
        while self._next() < time:
            self._draw()
        return self._intervals

    def between(self, begin: int, end: int) -> list[Interval]:
        """Those that are there at some time in [begin, end)."""
        return [one for one in self.before(end) if one[0] < end and one[1] > begin]

    def at(self, time: int) -> Interval | None:
        """The one that is there at an instant."""
        self.before(time + 1)
        k = bisect_right(self._begins, time) - 1
        return self._intervals[k] if k >= 0 and time < self._intervals[k][1] else None

    def changes(self, after: int) -> Iterator[int]:
        """Instants after a given one at which it comes or goes, in order; of a random one without end."""
        k = 0
        while True:
            while k == len(self._intervals):
                if self._next() >= LONGEST:
                    return
                self._draw()
            for instant in self._intervals[k]:
                if after < instant < NEVER:
                    yield instant
            k += 1

    def index(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of the one that is there at each instant, -1 where none is. Shape: that of times."""
        if times.size == 0:
            return np.zeros(times.shape, dtype=np.int64)
        intervals = self.before(int(times.max()) + 1)
        if not intervals:
            return np.full(times.shape, -1, dtype=np.int64)
        begins, ends = np.array(intervals, dtype=np.int64).T
        k = np.searchsorted(begins, times, side="right") - 1
        there: NDArray[np.int64] = np.where((k >= 0) & (times < ends[k]), k, -1)
        return there

    def _next(self) -> int:
        """When the next one begins that is not drawn yet; never: there is no other."""
        k = len(self._intervals)
        if self._interval is None:
            return self._fault.begin if k == 0 else NEVER
        last = self._intervals[-1][1] if k else 0
        return NEVER if last >= LONGEST else last + max(1, self._interval(k))

    def _draw(self) -> None:
        k, begin = len(self._intervals), self._next()
        end = NEVER if self._length is None else begin + max(1, self._length(k))
        self._intervals.append((begin, end))
        self._begins.append(begin)


def ordinals(faults: Sequence[AnyFault]) -> list[int]:
    """How many entries of the same layer and name stand before each."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for fault in faults:
        key = fault.layer, fault.name
        found.append(seen.get(key, 0))
        seen[key] = found[-1] + 1
    return found


def purpose(fault: AnyFault, ordinal: int) -> str:
    """Purpose of the draws of an entry at a place: ``fault.NAME``, of the second one of that name ``fault.NAME.2``."""
    name = f"fault.{fault.name}"
    return name if ordinal == 0 else f"{name}.{ordinal + 1}"


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """A transport fault, and the times at which it is there: for all messages at its place at once.

    Args:
        entry: its place among the faults of the plant, from 0.
        fault: what the plant says.
        purpose: of its draws; their path is the place of the fault.
        occurrences: when it is there.
    """

    entry: int
    fault: TransportFault
    purpose: str
    occurrences: Occurrences


def on_the_way(plant: Plant, seed: int) -> tuple[OnTheWay, ...]:
    """The transport faults of a plant in the order of its file."""
    found = []
    seen: dict[tuple[str, str], int] = {}
    for entry, fault in enumerate(plant.faults):
        if isinstance(fault, TransportFault):
            ordinal = seen.setdefault((fault.on, fault.what), 0)
            seen[fault.on, fault.what] += 1
            name = purpose(fault, ordinal)
            found.append(OnTheWay(entry, fault, name, Occurrences(fault, seed, fault.on, name)))
    return tuple(found)
