"""One window of the segment algebra with its final classes, and with the runs beyond its borders if told. Pure.

Time is booked inside the window, a run counts where it begins, a repair where it ends. So closed, with
their neighbours, hours add up to the day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from twin.segment import FAILED, UNKNOWN, Classed, Ends, Key, Run, Segment, added


@dataclass(frozen=True, kw_only=True, slots=True)
class Beyond:
    """The runs that touch a window from outside, by unit; a unit without one has an open border there.

    Args:
        before: runs that end where the window begins, or go on in it.
        after: runs that begin where the window ends, or go on from it.
        open: units whose run before or after has a far end that is not told, with ``first`` or ``last``.
    """

    before: Mapping[str, Run] = field(default_factory=dict)
    after: Mapping[str, Run] = field(default_factory=dict)
    open: frozenset[tuple[str, str]] = frozenset()


def beyond(before: Segment | None, after: Segment | None) -> Beyond:
    """What touches a window between two segments."""
    earlier, later = before.units if before else {}, after.units if after else {}
    return Beyond(
        before={unit: ends.last for unit, ends in earlier.items()},
        after={unit: ends.first for unit, ends in later.items()},
        open=frozenset(
            (unit, side)
            for side, told in (("first", earlier), ("last", later))
            for unit, ends in told.items()
            if ends.one
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A window in classes: time booked inside it, runs counted where they begin, repairs booked where they end.

    Args:
        time: microseconds by class and key.
        count: runs that began in the window, by class and key of their first instants.
        restored: failures that ended in it.
        restoration: their whole lengths in microseconds, also what lies before the window.
        open: units whose first or last run has an end that is not told, with ``first`` or ``last``.
    """

    time: Mapping[Classed, int]
    count: Mapping[Classed, int]
    restored: int = 0
    restoration: int = 0
    open: frozenset[tuple[str, str]] = frozenset()

    def time_in(self, class_: str) -> int:
        """Microseconds in a class."""
        return sum(time for (name, _), time in self.time.items() if name == class_)

    def count_of(self, class_: str) -> int:
        """Runs of a class that began in the window."""
        return sum(count for (name, _), count in self.count.items() if name == class_)


def close(whole: Segment, outside: Beyond = Beyond()) -> Closed:
    """The final classes of a window.

    A run at a border is classed by its true length where the neighbour is told, else by what is known of it: it is
    ``unclassified`` while that is below the limit. So closed, with neighbours, hours add up to the day.
    """
    times, counts = dict(whole.closed_time), dict(whole.closed_count)
    restored, restoration = whole.restored, whole.restoration
    open_: set[tuple[str, str]] = set()
    for unit, ends in whole.units.items():
        before, after = outside.before.get(unit), outside.after.get(unit)
        if before is not None and before.state == FAILED and ends.first.state not in {FAILED, UNKNOWN}:
            restored, restoration = restored + 1, restoration + before.length  # it ended at the very first instant
        for run, left, right in _outer(ends, before, after):
            begun, told = _whole(run, left, right)
            edges = {
                (unit, side)
                for side, beside in (("first", left), ("last", right))
                if beside is None or (beside.state == run.state and (unit, side) in outside.open)
            }
            open_ |= edges
            class_ = whole.rule.classify(told, ends_known=not edges)
            for key, time in run.time.items():
                at = class_, told.filled(key)
                times[at] = times.get(at, 0) + time
            if begun:
                at = class_, told.filled(told.key)
                counts[at] = counts.get(at, 0) + 1
            if right is _INNER and run.restored:
                restored, restoration = restored + 1, restoration + told.length
    return Closed(
        time=added(times), count=added(counts), restored=restored, restoration=restoration, open=frozenset(open_)
    )


_INNER = Run(time={}, key=Key(""))
"""Stands for a neighbour inside the window: it is told, by the flags of the run."""


def _outer(ends: Ends, before: Run | None, after: Run | None) -> list[tuple[Run, Run | None, Run | None]]:
    if ends.one:
        return [(ends.first, before, after)]
    return [(ends.first, before, _INNER), (ends.last, _INNER, after)]


def _whole(run: Run, left: Run | None, right: Run | None) -> tuple[bool, Run]:
    """Whether a run began in the window as far as is told, and the run with what lies outside of it."""
    begun, told = True, run
    if left is not None and left is not _INNER:
        begun = left.state != run.state
        told = replace(told, left_unknown=left.state == UNKNOWN) if begun else left.joined(told)
    if right is not None and right is not _INNER:
        other = right.state != run.state
        told = replace(told, right_unknown=right.state == UNKNOWN) if other else told.joined(right)
    return begun, told
