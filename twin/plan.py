"""The planned run time per item (PRI) of one machine: master data with versions. Pure.

A part is worth the run time that was planned when its cycle began, whatever is planned afterwards. What is planned
comes with birth documents; before the first of them its word holds, too.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plant.messages import Meta
from twin.kept import Kept, Stored
from twin.stays import Canonical, Outcomes, PartLog, Rows, view

OVER = frozenset({"finished", "scrapped", "reworked", "left"})
"""Events after which no cycle is under way."""


class Plan(Kept):
    """Planned run times of a machine, by product and instant.

    Args:
        described: by the plant, where no birth document says another.
        own: of each product, by the numbers of `Outcomes` from 1 on; none: that of the machine. They have no versions.
    """

    __slots__ = ("_described", "_own", "_told")
    stored = Stored(columns=({"_told": tuple[int, int, int, int]},))

    def __init__(self, described: int, own: Sequence[int | None]) -> None:
        super().__init__()
        self._described = described
        self._own = np.array([-1, *(-1 if cycle is None else cycle for cycle in own)], dtype=np.int64)
        self._told: list[tuple[int, int, int, int]] = []  # ts, session, n, run time

    def extend(self, births: Sequence[Meta]) -> None:
        """Take in birth documents."""
        for m in births:
            told = m.ts, m.session, m.n, m.ideal_cycle_us or self._described
            row = bisect_right(self._told, told)
            self._told.insert(row, told)
            self.moved(row)

    @property
    def newest(self) -> int:
        """What is planned now."""
        return self._told[-1][-1] if self._told else self._described

    @property
    def constant(self) -> int | None:
        """What holds for all products at all times; none if it depends."""
        sinces, cycles = self._versions()
        return None if len(sinces) or (self._own >= 0).any() else int(cycles[0])

    @property
    def highest(self) -> int:
        """The longest of all."""
        return max(map(self.highest_of, range(len(self._own))))

    def highest_of(self, kind: int) -> int:
        """The longest of a product."""
        own = int(self._own[kind])
        return own if own >= 0 else int(self._versions()[1].max())

    def at(self, instants: NDArray[np.int64], kinds: NDArray[np.uint16]) -> NDArray[np.int64]:
        """Planned run times at some instants, of some products."""
        sinces, cycles = self._versions()
        prices: NDArray[np.int64] = cycles[np.searchsorted(sinces, instants, "right")]
        if len(self._own) > 1:
            own = self._own[kinds]
            prices = np.where(own < 0, prices, own)
        return prices

    def prices(self, outcomes: Outcomes, log: PartLog, rows: Rows) -> NDArray[np.int64]:
        """Planned run time of each of some parts: that of the instant when work on it began."""
        begun = view(outcomes.ts)[rows]
        sinces, _ = self._versions()
        if len(sinces):
            numbers = np.arange(len(outcomes.ts))[rows]
            begun = begun.copy()
            for since in sinces.tolist():
                for row, start in _across(outcomes, log, since):
                    begun[numbers == row] = start
        return self.at(begun, outcomes.kinds(rows))

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        return list(self._told)

    def _versions(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Instants of changes, and what is planned before the first and from each on; a repetition is none."""
        sinces: list[int] = []
        cycles = [self._told[0][-1] if self._told else self._described]
        for ts, _, _, cycle in self._told:
            if cycle != cycles[-1]:
                sinces.append(ts)
                cycles.append(cycle)
        return np.array(sinces, dtype=np.int64), np.array(cycles, dtype=np.int64)


def _across(outcomes: Outcomes, log: PartLog, at: int) -> list[tuple[int, int]]:
    """Parts whose cycles began before an instant and ended at or after it: their rows, and when they began."""
    under_way: dict[str, int] = {}
    for ts, event, part in log.backwards(at):
        if event in OVER:
            break
        if event == "started":
            under_way.setdefault(part, ts)
    found, row = [], bisect_left(outcomes.ts, at)
    while under_way and row < len(outcomes.ts):
        start = under_way.pop(outcomes.parts[row], None)
        if start is not None:
            found.append((row, start))
        row += 1
    return found
