"""Readings as messages: a block of plant time each, in columns."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from plant.messages import Emission, Scalar, Telemetry
from plant.paths import Node

Event = tuple[int, int, str, Scalar]
"""A reading between the instants of the grid: when, its stamp, which differs if a clock is wrong, tag and value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """Readings of a tag of one machine on its grid.

    Args:
        values: as told; nothing where it is not told.
        codes: quality of each; none: all good.
        whole: whether something is told at every instant.
    """

    values: list[Scalar]
    codes: list[int] | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Grid:
    """Instants of a grid within a slab.

    Args:
        stamps: UTC.
        cuts: where each block begins among them, and one behind the last.
        places: positions among the instants of the finest grid.
    """

    stamps: list[int]
    cuts: list[int]
    places: list[int]


@dataclass(frozen=True, slots=True)
class Slab:
    """The blocks that are made at once.

    Args:
        due: their ends, UTC.
        stamps: instants of the finest grid, UTC.
        cuts: where each block begins among them, and one behind the last.
    """

    due: list[int]
    stamps: list[int]
    cuts: list[int]


Sampled = Sequence[tuple[Grid, dict[str, Column]]]
"""Readings of a machine by tag, grid by grid."""


def messages(node: Node, slab: Slab, sampled: Sampled, events: list[Event]) -> list[Emission | None]:
    """A message per block; none where there is nothing to tell.

    Args:
        node: whose they are.
        slab: the blocks.
        sampled: what was read off on grids.
        events: what is told between them, in order of time.
    """
    everywhere = [columns for grid, columns in sampled if len(grid.stamps) == len(slab.stamps)]
    dense: list[tuple[str, Column]] = []  # a reading at every instant of the finest grid
    sparse: list[tuple[str, Column, Grid]] = []
    for grid, columns in sampled:
        for tag, column in columns.items():
            if column.whole and column.codes is None and len(grid.stamps) == len(slab.stamps):
                dense.append((tag, column))
            else:
                sparse.append((tag, column, grid))
    stamps = [event[0] for event in events]
    found: list[Emission | None] = []
    high = 0
    for k, ts in enumerate(slab.due):
        i, j = slab.cuts[k], slab.cuts[k + 1]
        low, high = high, bisect_right(stamps, ts, lo=high) if events else 0
        if low == high and everywhere:
            v = {tag: column.values[i:j] for tag, column in dense}
            codes = _put(v, sparse, k, i, j) if sparse else None
            found.append((node, Telemetry(ts=ts, t=slab.stamps[i:j], v=v, q=codes)))
        else:
            made = _Block(slab.stamps[i:j], sampled, events[low:high], k)
            found.append(made.message(node, ts, bare=not everywhere))
    return found


def _put(
    v: dict[str, list[Scalar]], sparse: Sequence[tuple[str, Column, Grid]], block: int, i: int, j: int
) -> dict[str, int | list[int]] | None:
    """Add the columns of a block that have no reading at some instants; those without any are left out."""
    codes: dict[str, int | list[int]] = {}
    for tag, column, grid in sparse:
        a, b = grid.cuts[block], grid.cuts[block + 1]
        if a == b:
            continue
        values = column.values[a:b]
        if values.count(None) == len(values):
            continue
        own = None if column.codes is None or not any(column.codes[a:b]) else column.codes[a:b]
        if len(values) < j - i:
            wide: list[Scalar] = [None] * (j - i)
            marks = [0] * (j - i)
            for place, value in zip(grid.places[a:b], values, strict=True):
                wide[place - i] = value
            if own is not None:
                for place, code in zip(grid.places[a:b], own, strict=True):
                    marks[place - i] = code
                own = marks
            values = wide
        v[tag] = values
        if own is not None:
            codes[tag] = own
    return codes or None


class _Block:
    """A block in the making: instants, and columns as long as they."""

    __slots__ = ("codes", "t", "v")

    def __init__(self, grid: list[int], sampled: Sampled, events: Sequence[Event], block: int) -> None:
        self.t = sorted({*grid, *(stamp for _, stamp, _, _ in events)}) if events else grid
        self.v: dict[str, list[Scalar]] = {}
        self.codes: dict[str, list[int]] = {}
        for own, columns in sampled:
            a, b = own.cuts[block], own.cuts[block + 1]
            if a < b:
                at = self.places(own.stamps[a:b])
                for tag, column in columns.items():
                    self.put(tag, column.values[a:b], at, None if column.codes is None else column.codes[a:b])
        for _, stamp, tag, value in events:
            self.put(tag, [value], self.places([stamp]), None)

    def places(self, stamps: list[int]) -> list[int]:
        """Positions of instants."""
        return [bisect_left(self.t, stamp) for stamp in stamps]

    def put(self, tag: str, values: list[Scalar], places: list[int], codes: list[int] | None) -> None:
        """Readings of a tag at some positions."""
        if values.count(None) == len(values):
            return
        column = self.v.setdefault(tag, [None] * len(self.t))
        for place, value in zip(places, values, strict=True):
            column[place] = value
        if codes is not None and any(codes):
            own = self.codes.setdefault(tag, [0] * len(self.t))
            for place, code in zip(places, codes, strict=True):
                own[place] = code

    def message(self, node: Node, ts: int, *, bare: bool) -> Emission | None:
        """The message; of a machine that samples nothing at every instant only where something was told."""
        if not self.v:
            return None
        t, v = self.t, self.v
        codes: dict[str, int | list[int]] = dict(self.codes)
        if bare:
            kept = [k for k in range(len(t)) if any(column[k] is not None for column in v.values())]
            t, v = [t[k] for k in kept], {tag: [column[k] for k in kept] for tag, column in v.items()}
            codes = {tag: [own[k] for k in kept] for tag, own in self.codes.items()}
        return node, Telemetry(ts=ts, t=t, v=v, q=codes or None)
