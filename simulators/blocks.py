"""Readings as messages: a block of plant time each, in columns."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

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
        blocks: instead of all that: the values of each block, all good and told at every instant of the slab.
    """

    values: list[Scalar] = field(default_factory=list)
    codes: list[int] | None = None
    whole: bool = True
    blocks: list[list[Scalar]] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """Instants of a grid within a slab.

    Args:
        stamps: UTC.
        cuts: where each block begins among them, and one behind the last.
        places: positions among the instants of the finest grid.
        number: how many instants each block has.
    """

    stamps: list[int]
    cuts: list[int]
    places: list[int]
    number: list[int]


@dataclass(frozen=True, slots=True)
class Slab:
    """The blocks that are made at once.

    Args:
        due: their ends, UTC.
        stamps: instants of the finest grid, UTC.
        cuts: where each block begins among them, and one behind the last.
        even: how many blocks there are if all have the same number of instants.
        t: the instants of each block, for all machines: nobody changes them.
    """

    due: list[int]
    stamps: list[int]
    cuts: list[int]
    even: int | None = field(init=False)
    t: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Cut the instants once."""
        object.__setattr__(self, "t", [self.stamps[a:b] for a, b in pairwise(self.cuts)])
        even = len({len(own) for own in self.t}) == 1
        object.__setattr__(self, "even", len(self.t) if even and self.t[0] else None)


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
    readings = [(tag, column, grid) for grid, columns in sampled for tag, column in columns.items()]
    if not events and readings and all(column.blocks is not None for _, column, _ in readings):
        tags = [tag for tag, _, _ in readings]
        cut = zip(*(column.blocks for _, column, _ in readings), strict=True)
        told = zip(slab.due, slab.t, cut, strict=True)
        return [(node, Telemetry(ts=ts, t=t, v=dict(zip(tags, v, strict=True)))) for ts, t, v in told]
    wide = [_spread(tag, column, grid, slab) for tag, column, grid in readings]
    marked = [row for row in wide if row.codes is not None]
    everywhere = any(row.told is None for row in wide)
    stamps = [event[0] for event in events]
    found: list[Emission | None] = []
    high = 0
    for k, ts in enumerate(slab.due):
        i, j = slab.cuts[k], slab.cuts[k + 1]
        t = slab.t[k]
        low, high = high, bisect_right(stamps, ts, lo=high) if events else 0
        v = {
            row.tag: row.values[i:j] if row.blocks is None else row.blocks[k]
            for row in wide
            if row.told is None or row.told[k]
        }
        codes: Codes = {}
        for row in marked:
            if row.tag in v and any(own := row.codes[i:j]):  # type: ignore[index]  # they have some
                codes[row.tag] = own
        if low != high:
            t = _between(t, v, codes, events[low:high])
        if not everywhere:
            t = _without_gaps(t, v, codes)
        found.append((node, Telemetry(ts=ts, t=t, v=v, q=codes or None)) if t else None)  # type: ignore[arg-type]
    return found


Codes = dict[str, list[int]]
"""Quality of readings by tag, where some are not good."""


@dataclass(frozen=True, slots=True)
class _Wide:
    """A column with a place for every instant of the finest grid.

    Args:
        tag: its name.
        values: readings, nothing where there is none.
        codes: their quality; none: all good.
        told: how many readings each block has; none: one at every instant.
        blocks: the values of each block instead of all in a row.
    """

    tag: str
    values: list[Scalar]
    codes: list[int] | None
    told: list[int] | None
    blocks: list[list[Scalar]] | None = None


def _spread(tag: str, column: Column, grid: Grid, slab: Slab) -> _Wide:
    if column.blocks is not None:
        return _Wide(tag, [], None, None, column.blocks)
    everywhere = len(grid.stamps) == len(slab.stamps)
    if everywhere and column.whole and column.codes is None:
        return _Wide(tag, column.values, None, None)
    told = grid.number
    if not column.whole:
        there = [value is not None for value in column.values]
        told = [sum(there[a:b]) for a, b in pairwise(grid.cuts)]
    if everywhere:
        return _Wide(tag, column.values, column.codes, told)
    values: list[Scalar] = [None] * len(slab.stamps)
    for place, value in zip(grid.places, column.values, strict=True):
        values[place] = value
    codes = None
    if column.codes is not None:
        codes = [0] * len(slab.stamps)
        for place, code in zip(grid.places, column.codes, strict=True):
            codes[place] = code
    return _Wide(tag, values, codes, told)


def _between(t: list[int], v: dict[str, list[Scalar]], codes: Codes, events: Sequence[Event]) -> list[int]:
    """Put readings between those of the grid: all columns get room at their instants. Returns all instants."""
    new = sorted({stamp for _, stamp, _, _ in events}.difference(t))
    if new:
        t = sorted([*t, *new])
        rooms = [bisect_left(t, stamp) for stamp in new]  # rising, so each is right once those before are there
        for column in v.values():
            for room in rooms:
                column.insert(room, None)
        for told in codes.values():
            for room in rooms:
                told.insert(room, 0)
    for _, stamp, tag, value in events:
        if tag not in v:
            v[tag] = [None] * len(t)
        v[tag][bisect_left(t, stamp)] = value
    return t


def _without_gaps(t: list[int], v: dict[str, list[Scalar]], codes: Codes) -> list[int]:
    """Leave out instants at which nothing is told, of a machine that samples nothing at every one."""
    kept = [k for k in range(len(t)) if any(column[k] is not None for column in v.values())]
    if len(kept) < len(t):
        for tag, column in v.items():
            v[tag] = [column[k] for k in kept]
        for tag, own in codes.items():
            codes[tag] = [own[k] for k in kept]
    return [t[k] for k in kept]
