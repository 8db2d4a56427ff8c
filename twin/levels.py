"""How finely telemetry is kept, and how long: as it came, per minute, per hour; each level in files of its own.

A file holds what a run's machines sent within a day (raw), a month (minutes) or a year (hours), UTC, so that to drop
old data is to delete a file.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from plant.time import DAY, HOUR, MINUTE

LevelName = Literal["raw", "minutes", "hours"]
NAMES: tuple[LevelName, ...] = ("raw", "minutes", "hours")
"""The levels, finest first."""

GRAIN: dict[LevelName, int] = {"raw": 0, "minutes": MINUTE, "hours": HOUR}
"""Microseconds of which a row of the level tells; 0: of an instant."""

_EPOCH = dt.date(1970, 1, 1).toordinal()
_NAMED = {"raw": 10, "minutes": 7, "hours": 4}  # characters of an ISO date that name a file


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How long each level of a run is kept, in microseconds of its plant time before its newest sample; none: for ever.

    What is kept is whole files: a day of raw samples goes when all of it is older.
    """

    raw: int | None = 14 * DAY
    minutes: int | None = 366 * DAY
    hours: int | None = None

    def of(self, level: LevelName) -> int | None:
        """That of a level."""
        return {"raw": self.raw, "minutes": self.minutes, "hours": self.hours}[level]


class Partition(NamedTuple):
    """What a file holds: the level and its time [begin, end), microseconds UTC."""

    level: LevelName
    begin: int
    end: int

    @property
    def name(self) -> str:
        """Name of the file."""
        date = dt.date.fromordinal(_EPOCH + self.begin // DAY).isoformat()
        return f"{self.level}-{date[: _NAMED[self.level]]}.duckdb"


def partition(level: LevelName, t: int) -> Partition:
    """Where an instant belongs."""
    date = dt.date.fromordinal(_EPOCH + t // DAY)
    if level == "raw":
        begin, end = date, date + dt.timedelta(days=1)
    elif level == "minutes":
        begin = date.replace(day=1)
        end = (begin + dt.timedelta(days=31)).replace(day=1)
    else:
        begin, end = date.replace(month=1, day=1), date.replace(year=date.year + 1, month=1, day=1)
    return Partition(level, _instant(begin), _instant(end))


def partition_of(file: Path) -> Partition | None:
    """What a file holds by its name; none if it is no file of ours."""
    level, _, date = file.name.removesuffix(".duckdb").partition("-")
    for name in NAMES:
        if name == level and len(date) == _NAMED[name]:
            try:
                found = partition(name, _instant(dt.date.fromisoformat(f"{date}-01-01"[:10])))
            except ValueError:
                return None
            return found if found.name == file.name else None
    return None


def _instant(date: dt.date) -> int:
    return (date.toordinal() - _EPOCH) * DAY


class Stretch(NamedTuple):
    """A piece [begin, end) of a window and the file that tells of it."""

    begin: int
    end: int
    partition: Partition


def stretches(held: Iterable[tuple[Partition, int]], begin: int, end: int) -> list[Stretch]:
    """Cut a window into pieces, each with the finest level that has it, in order; what no level has is left out.

    Args:
        held: the files, each with the first instant from which on it is whole.
        begin: of the window.
        end: of the window.
    """
    left, found = [(begin, end)], []
    for one, whole in sorted(held, key=lambda pair: NAMES.index(pair[0].level)):
        first, last = max(one.begin, whole), one.end
        rest = []
        for a, b in left:
            low, high = max(a, first), min(b, last)
            if low >= high:
                rest.append((a, b))
                continue
            found.append(Stretch(low, high, one))
            rest += [piece for piece in ((a, low), (high, b)) if piece[0] < piece[1]]
        left = rest
    return sorted(found)
