"""Measured characteristics of the parts of a machine. Pure."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import NamedTuple

from plant.messages import Measured, Quality
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


class Measurements:
    """Values by characteristic, in the order of the stream."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: dict[str, list[Measurement]] = {}

    def extend(self, messages: Sequence[Quality]) -> None:
        """Take in measured parts."""
        for m in messages:
            for name, found in m.values.items():
                insort(self.told.setdefault(name, []), Measurement(m.ts, m.session, m.n, m.part, found), key=_key)

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

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        return [(name, [(*m[:4], m.found.v, m.found.ok) for m in self.told[name]]) for name in sorted(self.told)]
