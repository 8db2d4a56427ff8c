"""Measured characteristics of the parts of a machine. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from plant.messages import Measured, Quality
from twin.capability import SUBGROUP, Study, scaled
from twin.kept import Kept, Stored
from twin.stays import Canonical


class Measurement(NamedTuple):
    """A value of a characteristic; session and n tell apart those of one instant."""

    ts: int
    session: int
    n: int
    part: str
    found: Measured


def _key(m: Measurement) -> tuple[int, int, int]:
    return m[:3]


class _Sums:
    """Sums over the first values of a characteristic, so that any stretch of them is a difference."""

    __slots__ = ("limits", "ranges", "squares", "values")

    def __init__(self) -> None:
        self.values = [0]
        self.squares = [0]
        self.ranges = [0]  # over the first subgroups
        self.limits = [0]  # how often the limits changed within the first values

    def forget(self, row: int) -> None:
        """A value came between those before and those after a row."""
        del self.values[row + 1 :], self.squares[row + 1 :], self.ranges[row // SUBGROUP + 1 :], self.limits[row + 1 :]

    def extend(self, told: "list[Measurement]") -> None:
        """Go on to the last value."""
        for row in range(len(self.values) - 1, len(told)):
            found = told[row].found
            x = scaled(found.v)
            before = told[row - 1].found if row else found
            self.values.append(self.values[-1] + x)
            self.squares.append(self.squares[-1] + x * x)
            self.limits.append(self.limits[-1] + ((found.lsl, found.usl) != (before.lsl, before.usl)))
        for group in range(len(self.ranges) - 1, len(told) // SUBGROUP):
            last = group * SUBGROUP
            values = [b - a for a, b in pairwise(self.values[last : last + SUBGROUP + 1])]
            self.ranges.append(self.ranges[-1] + max(values) - min(values))


class Measurements(Kept):
    """Values by characteristic, in the order of the stream."""

    __slots__ = ("_sums", "told")
    stored = Stored(lists={"told": Measurement})

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, list[Measurement]] = {}
        self._sums: dict[str, _Sums] = {}

    def extend(self, messages: Sequence[Quality]) -> None:
        """Take in measured parts."""
        for m in messages:
            for name, found in m.values.items():
                told = self.told.setdefault(name, [])
                one = Measurement(m.ts, m.session, m.n, m.part, found)
                row = bisect_left(told, one[:3], key=_key) if told and _key(told[-1]) > one[:3] else len(told)
                if row < len(told) and name in self._sums:
                    self._sums[name].forget(row)
                told.insert(row, one)
                self.grew("told", name, row)

    def at(self, at: int) -> dict[str, Measurement]:
        """The last value of each characteristic at an instant."""
        rows = {name: bisect_left(told, (at + 1,)) for name, told in sorted(self.told.items())}
        return {name: self.told[name][row - 1] for name, row in rows.items() if row}

    def of(self, name: str, begin: int, end: int) -> list[Measurement]:
        """The values of a characteristic in [begin, end), in the order of the stream."""
        told = self.told.get(name, [])
        return told[bisect_left(told, (begin,)) : bisect_left(told, (end,))]

    def between(self, begin: int, end: int) -> list[tuple[str, Measurement]]:
        """Characteristic and value of all that was measured in [begin, end), in the order of the stream."""
        found = [(name, one) for name in self.told for one in self.of(name, begin, end)]
        return sorted(found, key=lambda pair: (_key(pair[1]), pair[0]))

    def parts(self, name: str, begin: int, end: int) -> dict[str, int]:
        """Sums over the values of a characteristic measured in [begin, end), as parts of its capability.

        Subgroups are counted from the first value ever, and belong where their last value was measured, so that windows
        add up. The limits of specification are left out where there is none, or where they changed in the window.
        """
        told = self.told.get(name, [])
        sums = self._sums.setdefault(name, _Sums())
        sums.extend(told)
        first, last = bisect_left(told, (begin,)), bisect_left(told, (end,))
        study = Study(
            n=last - first,
            x_sum=sums.values[last] - sums.values[first],
            xx_sum=sums.squares[last] - sums.squares[first],
            subgroups=last // SUBGROUP - first // SUBGROUP,
            range_sum=sums.ranges[last // SUBGROUP] - sums.ranges[first // SUBGROUP],
        )
        if first >= last or sums.limits[last] != sums.limits[first + 1]:
            return study.parts()
        lower, upper = told[last - 1].found.lsl, told[last - 1].found.usl
        return study.parts(None if lower is None else scaled(lower), None if upper is None else scaled(upper))

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        return [(name, [(*m[:4], m.found.v, m.found.ok) for m in self.told[name]]) for name in sorted(self.told)]
