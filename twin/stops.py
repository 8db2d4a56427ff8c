"""Failures and stops of one machine, from its columns of states. Pure.

A failure is a stretch of the state `failed`; who comes back from a break or from the night to a failed machine finds
the same failure. By its whole length, planned stops inside it included, it is a minor stop or a breakdown, whatever
window asks. One with an end that nobody saw has only a least length: at or above the limit that is enough, below it has
no class.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Failures:
    """Failures of one machine: maximal stretches of the state `failed`; a reason may change inside one.

    Who comes back from a break or from the night to a failed machine finds the same failure: such time does not end it,
    and is no part of its length. A failure is over when the machine is seen in another state.
    """

    def __init__(self, begins: Columns, ends: Columns, lengths: Columns, doubts: Columns) -> None:
        self.begins = begins
        self.ends = ends  # shorter by one while the last is not over
        self.lengths = lengths  # beside each end: time in the state
        self._doubts = doubts  # begins and ends that may have been at another instant

    def begun(self, begin: int, end: int) -> int:
        """Failures that began in [begin, end)."""
        return int(np.searchsorted(self.begins, end) - np.searchsorted(self.begins, begin))

    def restored(self, begin: int, end: int) -> tuple[int, int]:
        """Number of the failures that ended in [begin, end), and their total length."""
        first, last = np.searchsorted(self.ends, [begin, end])
        return int(last - first), int(self.lengths[first:last].sum())

    def doubtful(self, begin: int, end: int) -> bool:
        """Whether begins or ends in [begin, end) may have been at another instant, as time was unknown before them."""
        return bool(np.searchsorted(self._doubts, end) > np.searchsorted(self._doubts, begin))


class Stopped(NamedTuple):
    """Stops of a window that are no breakdowns, or may be none: time inside it in microseconds, and how many began."""

    minor: int
    unclassified: int
    minors: int
    unclassifieds: int


class Stretches:
    """Half-open stretches in order: how much of a window they fill."""

    def __init__(self, begins: Columns, ends: Columns) -> None:
        self._begins = begins
        self._ends = ends
        self._sums = np.concatenate(([0], np.cumsum(ends - begins)))

    def has(self, begins: Columns) -> Flags:
        """Whether stretches begin at these instants."""
        return np.isin(begins, self._begins)

    def time(self, begin: int, end: int) -> int:
        """Microseconds of them in [begin, end)."""
        return self._until(end) - self._until(begin)

    def _until(self, at: int) -> int:
        row = int(np.searchsorted(self._begins, at))
        return int(self._sums[row]) - max(0, int(self._ends[row - 1]) - at) if row else 0


class Stops:
    """Stops of one machine by the class that their whole length gives them.

    Args:
        begins: of each stretch of the state `failed`, as long as it took time.
        ends: known end of each; of the last one of an open stop not used.
        heads: whether it begins a stop; else it goes on with the one before.
        seen: of each stop, whether both its ends were seen.
        limit: a stop strictly shorter is a minor one, in microseconds.
        open: whether the last stretch may still go on.
        bare: of each stretch, whether no order was on the unit: it counts in the length of its stop, not in the time.
    """

    def __init__(
        self, begins: Columns, ends: Columns, heads: Flags, seen: Flags, limit: int, *, open: bool, bare: Flags  # noqa: A002
    ) -> None:
        first = np.flatnonzero(heads)
        last = np.append(first[1:], len(begins)) - 1 if len(first) else first
        short = ends[last] - begins[first] < limit
        settled = np.ones(len(first), dtype=np.bool_)
        if open:
            settled[-1] = False
        self._limit = limit
        self._stop_begins = begins[first]
        stop = np.cumsum(heads) - 1
        self._stop, self._bare = stop, bare
        self._minor, self._minors = self._class(begins, ends, short & seen & settled)
        self._short, self._shorts = self._class(begins, ends, short & ~seen & settled)
        self._open = (begins[first[-1] :], ends[first[-1] :]) if open else None

    def _class(self, begins: Columns, ends: Columns, chosen: Flags) -> tuple[Stretches, Columns]:
        inside = chosen[self._stop] & ~self._bare if len(self._stop) else np.empty(0, dtype=np.bool_)
        return Stretches(begins[inside], ends[inside]), self._stop_begins[chosen]

    def minor_begins(self, begin: int, end: int) -> frozenset[int]:
        """When the minor stops began that did in [begin, end)."""
        first, last = np.searchsorted(self._minors, [begin, end])
        return frozenset(self._minors[first:last].tolist())

    def classes(self, begins: Columns, until: int) -> tuple[Flags, Flags, list[int]]:
        """Whether stretches with these begins are of minor stops, or of stops without a class; begins of minor stops.

        Args:
            begins: of stretches; without time or not of the state `failed` they are of none.
            until: up to when the last stretch is known to go on, if it is open.
        """
        unclassified = self._short.has(begins)
        if self._open is not None and until - int(self._open[0][0]) < self._limit:
            unclassified |= np.isin(begins, self._open[0][~self._bare[-len(self._open[0]) :]])
        return self._minor.has(begins), unclassified, self._minors.tolist()

    def window(self, begin: int, end: int, until: int) -> Stopped:
        """What of [begin, end) belongs to minor stops, and to stops that have no class.

        Args:
            begin: first instant.
            end: first instant that is out.
            until: up to when the last stretch is known to go on, if it is open.
        """
        unclassified, unclassifieds = self._short.time(begin, end), _inside(self._shorts, begin, end)
        if self._open is not None:
            begins, ends = self._open
            ends = np.append(ends[:-1], until)
            if until - int(begins[0]) < self._limit:
                inside = np.clip(ends, begin, end) - np.clip(begins, begin, end)
                unclassified += int(inside[~self._bare[-len(inside) :]].sum())
                unclassifieds += begin <= begins[0] < end
        return Stopped(
            self._minor.time(begin, end), unclassified, _inside(self._minors, begin, end), int(unclassifieds)
        )


def _inside(instants: Columns, begin: int, end: int) -> int:
    return int(np.searchsorted(instants, end) - np.searchsorted(instants, begin))
