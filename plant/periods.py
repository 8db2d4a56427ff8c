"""Hours, days and shifts of a plant by the clock on its wall, each with the name that people give it.

A local day has 23, 24 or 25 hours, or what else its time zone makes of it. A shift may cross midnight; it belongs to
the day on which it starts, its production day.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import count, pairwise

from plant.shifts import Calendar, readings, time_zone, worked
from plant.time import DAY, EPOCH, HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A stretch of time with a name, half-open, in microseconds UTC.

    Args:
        begin: first instant.
        end: first instant that is out.
        day: the local day on which it begins; of a shift its production day.
        name: of a shift its name, of a day its date, of an hour its local time with the offset from UTC.
    """

    begin: int
    end: int
    day: date
    name: str


Periods = Callable[[Calendar, int, int], Iterator[Period]]
"""Periods of one sort, whole ones, that overlap [begin, end), in order."""


def hours(calendar: Calendar, begin: int, end: int) -> Iterator[Period]:
    """Hours that begin when the clock on the wall shows a full hour, both times where it shows one twice.

    Args:
        calendar: its time zone counts.
        begin: in microseconds UTC, as all instants here.
        end: not in it any more.
    """
    zone = time_zone(calendar.zone)
    for day in days(calendar, begin, end):
        midnight = (day.day - EPOCH.date()).days * DAY
        shown = {at for hour in range(24) for at in readings(zone, midnight + hour * HOUR) if day.begin < at < day.end}
        for start, stop in pairwise(sorted({day.begin, day.end} | shown)):
            if start < end and stop > begin:
                name = local_time(zone, start).isoformat(timespec="minutes")
                yield Period(begin=start, end=stop, day=day.day, name=name)


def days(calendar: Calendar, begin: int, end: int) -> Iterator[Period]:
    """Days from midnight to midnight by the clock on the wall; see `hours`."""
    zone = time_zone(calendar.zone)
    for day in _dates(zone, begin):
        midnight = (day - EPOCH.date()).days * DAY
        start, stop = readings(zone, midnight)[0], readings(zone, midnight + DAY)[0]
        if start >= end:
            return
        if stop > max(start, begin):  # some islands have skipped a day
            yield Period(begin=start, end=stop, day=day, name=day.isoformat())


def shifts(calendar: Calendar, begin: int, end: int) -> Iterator[Period]:
    """Shifts with their breaks, from start to end, the earliest first; time in no shift is in no period.

    Shifts that overlap are periods that overlap. See `hours` for the arguments.
    """
    zone = time_zone(calendar.zone)
    for day in _dates(zone, begin):
        for one in worked(calendar, day):
            if one.begin < end and one.end > max(one.begin, begin):
                yield Period(begin=one.begin, end=one.end, day=day, name=one.shift)
        if readings(zone, (day - EPOCH.date()).days * DAY)[0] >= end:
            return


PERIODS: dict[str, Periods] = {"hour": hours, "shift": shifts, "day": days}
"""All sorts of periods."""


def local_time(zone: tzinfo, instant: int) -> datetime:
    """What the clock on the wall shows at an instant in microseconds UTC."""
    return (EPOCH + timedelta(microseconds=instant)).astimezone(zone)


def _dates(zone: tzinfo, begin: int) -> Iterator[date]:
    """Local days without an end, from that before the one of an instant: what begins there may last until here."""
    first = local_time(zone, begin).date() - timedelta(days=1)
    return (first + timedelta(days=further) for further in count())
