"""Readings of an energy counter, and what was taken in any window. Pure.

A reading is scaled once to integer milliwatt hours, as the counter shows it, so that increments add up exactly. A
counter that falls, in total or at one of its levels, was reset or has rolled over: such a step is never added, to none
of them, and a window with one is not sure. Of readings of one instant the last one by the order of the stream counts.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plant.messages import Energy
from twin.kept import Kept, Stored
from twin.stays import Canonical, view

LEVELS = ("off", "standby", "ready", "processing")
"""Energy states by which meters tell apart what was taken."""

MWH_PER_KWH = 1_000_000


class Taken(NamedTuple):
    """Energy of a window in milliwatt hours.

    Args:
        total: in all.
        by: in each of `LEVELS`; none if the meter does not tell them apart.
        sure: whether there are readings at both borders, and no reset between them.
    """

    total: int
    by: tuple[int, ...] | None
    sure: bool


class Meter(Kept):
    """Readings of an energy counter."""

    __slots__ = ("by", "kw", "kwh", "mwh", "order", "ts")
    stored = Stored(
        columns=(
            {"ts": int, "order": tuple[int, int], "kwh": float, "kw": float, "mwh": int, "by": (int,) * len(LEVELS)},
        )
    )

    def __init__(self) -> None:
        super().__init__()
        self.ts = array("q")
        self.order: list[tuple[int, int]] = []  # session and n of each reading
        self.kwh = array("d")
        self.kw = array("d")
        self.mwh = array("q")
        self.by = tuple(array("q") for _ in LEVELS)

    def extend(self, messages: Sequence[Energy]) -> None:
        """Note readings."""
        for m in messages:
            row = len(self.ts) if not self.ts or m.ts > self.ts[-1] else bisect_left(self.ts, m.ts)
            if row < len(self.ts) and self.ts[row] == m.ts:
                if (m.session, m.n) <= self.order[row]:
                    continue
                for column in (self.ts, self.order, self.kwh, self.kw, self.mwh, *self.by):
                    del column[row]  # type: ignore[attr-defined]
            self.moved(row)
            self.ts.insert(row, m.ts)
            self.order.insert(row, (m.session, m.n))
            self.kwh.insert(row, m.kwh)
            self.kw.insert(row, m.kw)
            self.mwh.insert(row, round(m.kwh * MWH_PER_KWH))
            for level, column in zip(LEVELS, self.by, strict=True):
                column.insert(row, round(m.by.get(level, 0.0) * MWH_PER_KWH))

    def at(self, at: int) -> tuple[float | None, float | None]:
        """Energy so far in kWh and power in kW at an instant, by the last reading."""
        row = bisect_right(self.ts, at) - 1
        return (self.kwh[row], self.kw[row]) if row >= 0 else (None, None)

    def between(self, begin: int, end: int) -> Taken | None:
        """What was taken in a window; none without a reading.

        A reading tells of the time before it, so it belongs to the window that ends with it. Between two readings
        nobody knows when the energy was taken: it counts where the later one is.
        """
        if not self.ts or self.ts[0] > end:
            return None
        first, last = max(0, bisect_right(self.ts, begin) - 1), max(0, bisect_right(self.ts, end) - 1)
        steps = np.diff(view(self.mwh)[first : last + 1])
        levels = np.array([view(column)[first : last + 1] for column in self.by])
        told = levels.any()  # the last reading may be of a counter that was just reset
        level_steps = np.diff(levels, axis=1)
        reset = (steps < 0) | ((level_steps < 0).any(axis=0) & levels[:, 1:].any(axis=0))
        steps[reset] = 0
        level_steps[:, reset] = 0
        by = tuple(level_steps.clip(0).sum(axis=1).tolist()) if told else None
        sure = self.ts[first] == begin and self.ts[last] == end and not bool(reset.any())
        return Taken(int(steps.sum()), by, sure)

    @property
    def canonical(self) -> Canonical:
        """The same for the same readings."""
        return [list(self.ts), list(self.kwh), list(self.kw), *(list(column) for column in self.by)]
