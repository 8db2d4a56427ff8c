"""Shift calendars: when people work, by the clock on their wall.

A shift is written in local time and belongs to the day on which it starts. Its start, its end and the start of each
break are read from the clock of the time zone day by day, so a night shift in which the clock changes is an hour
shorter or longer. A local time that the clock skips counts as the instant of the change, one that it shows twice as the
first of the two. A break lasts its length whatever the clock does, but never beyond its shift.

Where shifts overlap, work comes before a break and a break before time off; the shift is then the one that started
last, of several that started together the one declared first.
"""

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import combinations, count, pairwise, takewhile
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, field_validator, model_validator

from plant.errors import EntryError, did_you_mean, shown
from plant.fields import Description, Duration, Name
from plant.time import DAY, EPOCH, HOUR, MINUTE, SECOND

Kind = Literal["work", "pause", "off"]
Now = tuple[Kind, str]
"""What is on at an instant, and in which shift; the shift of time off is empty."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_ALLOWED = "daily, or days such as mon-fri or mon,wed"
ZONES_ALLOWED = "a name of the IANA time zone database such as Europe/Berlin"

LOOK_AHEAD = 400 * DAY  # weeks repeat, and a year shows every change of the clock: what is quiet so long stays so

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DAY = rf"({'|'.join(DAYS)})"
_DAYS_PATTERN = rf"^\s*(daily|{_DAY}(\s*-\s*{_DAY})?(\s*,\s*{_DAY}(\s*-\s*{_DAY})?)*)\s*$"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MICROSECOND = timedelta(microseconds=1)


# --- what people write ---------------------------------------------------------------------------------------------


def _clock(value: object) -> int:
    if isinstance(value, str) and (match := _CLOCK.fullmatch(value.strip())):
        return int(match[1]) * HOUR + int(match[2]) * MINUTE
    hint = 'midnight is "00:00"' if value == "24:00" else ""
    if type(value) is int and 0 <= value < 24:
        hint = f'did you mean "{value:02}:00"?'
    raise EntryError(f"{shown(value)} is no time of day", 'a local time from "00:00" to "23:59"', hint)


def format_clock(clock: int) -> str:
    """A time of day, in microseconds since midnight by the clock, as people write it.

    >>> format_clock(6 * HOUR + 30 * MINUTE)
    '06:30'
    """
    return f"{clock // HOUR:02}:{clock % HOUR // MINUTE:02}"


def _days(value: object) -> tuple[int, ...]:
    text = value.strip() if isinstance(value, str) else ""
    if text == "daily":
        return tuple(range(7))
    days: set[int] = set()
    for item in text.split(","):
        ends = [end.strip() for end in item.split("-")]
        unknown = [end for end in ends if end not in DAYS]
        if unknown or len(ends) > 2:
            hint = did_you_mean(unknown[0], [*DAYS, "daily"]) if unknown else ""
            raise EntryError(f"{shown(value)} cannot be read as days", DAYS_ALLOWED, hint)
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days |= {(first + further) % 7 for further in range((last - first) % 7 + 1)}
    return tuple(sorted(days))


def _format_days(days: tuple[int, ...]) -> str:
    return "daily" if len(days) == 7 else ",".join(DAYS[day] for day in days)


def _holiday(value: object) -> date:
    if type(value) is date:
        return value
    wrong = EntryError(f"{shown(value)} is no date", 'a day such as "2026-01-01"')
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise wrong
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise wrong from None


def time_zone(name: object) -> tzinfo:
    """The time zone of that name; UTC needs no database.

    Raises:
        EntryError: there is none, or what it means depends on the machine.
    """
    if name == "UTC":
        return UTC
    if isinstance(name, str) and _everywhere(name):
        try:
            return ZoneInfo(name)
        except (LookupError, ValueError, OSError):  # unknown; no name at all; a folder of zones
            pass
    zones = sorted(filter(_everywhere, available_timezones()))
    city = str(name).strip().replace(" ", "_").lower()
    meant = [zone for zone in zones if city in {zone.lower(), zone.rpartition("/")[2].lower()}]
    hint = f"did you mean {meant[0]}?" if meant else did_you_mean(name, zones)
    if not zones:
        hint = "this machine has no time zones; the package tzdata brings them"
    raise EntryError(f"unknown time zone {shown(name)}", ZONES_ALLOWED, hint)


def _everywhere(zone: str) -> bool:
    """Whether a zone means the same on every machine, and counts no leap seconds."""
    return zone not in {"localtime", "posixrules"} and not zone.startswith(("posix/", "right/"))


def _zone_name(value: object) -> object:
    time_zone(value)
    return value


Clock = Annotated[
    int,
    BeforeValidator(_clock),
    PlainSerializer(format_clock, return_type=str),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*{_CLOCK.pattern}\s*$"}),
]
"""A time of day, in microseconds since midnight by the clock."""
Days = Annotated[
    tuple[int, ...],
    BeforeValidator(_days),
    PlainSerializer(_format_days, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DAYS_PATTERN}),
]
"""Days of the week, Monday is 0, in order."""
Holiday = Annotated[date, BeforeValidator(_holiday), WithJsonSchema({"type": "string", "format": "date"})]
TimeZone = Annotated[str, BeforeValidator(_zone_name), WithJsonSchema({"type": "string"})]


class Break(Description):
    """A break in a shift."""

    start: Clock = Field(description='Local time at which it starts: "10:00".')
    length: Duration = Field(alias="for", description="How long it lasts.")

    @field_validator("length")
    @classmethod
    def _takes_time(cls, value: int) -> int:
        if value == 0:
            raise EntryError("0 is no length of a break", "a duration above 0")
        return value


class Shift(Description):
    """A time at which people work, on some days of the week."""

    name: Name = Field(description="Name of the shift, unique in the plant.")
    start: Clock = Field(description='Local time at which it starts: "06:00".')
    end: Clock = Field(
        description="Local time at which it ends; not after the start: on the next day (the same time: 24 h)."
    )
    days: Days = Field(
        tuple(range(7)),
        description="Days on which it starts: daily, mon-fri, fri-mon, or mon,wed.",
        json_schema_extra={"default": "daily"},
    )
    breaks: tuple[Break, ...] = Field((), description="Breaks, inside the shift and apart from each other.")

    @model_validator(mode="after")
    def _breaks_fit(self) -> Self:
        wrong = [
            f"the break at {format_clock(one.start)} is not inside the shift from "
            f"{format_clock(self.start)} to {format_clock(self.end)}"
            for one in self.breaks
            if self._into(one) + one.length > self.length
        ]
        for one, other in combinations(sorted(self.breaks, key=self._into), 2):
            if self._into(one) + one.length > self._into(other):
                wrong.append(f"the breaks at {format_clock(one.start)} and {format_clock(other.start)} overlap")
        if wrong:
            raise EntryError(", ".join(wrong), "breaks inside the shift and apart from each other", at=("breaks",))
        return self

    @property
    def length(self) -> int:
        """Microseconds from start to end where the clock does not change."""
        return (self.end - self.start) % DAY or DAY

    def _into(self, one: Break) -> int:
        """How far into the shift a break starts."""
        return (one.start - self.start) % DAY

    def walls(self) -> Iterator[tuple[int, int]]:
        """Start by the clock, since midnight of the day on which the shift starts, and length of each break."""
        return ((self.start + self._into(one), one.length) for one in self.breaks)


# --- what follows --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The shifts of a plant; without any it works around the clock.

    Args:
        zone: time zone of the clock on the wall, by its IANA name.
        shifts: all that are declared, names unique.
        holidays: days on which no shift starts.
    """

    zone: str = "UTC"
    shifts: tuple[Shift, ...] = ()
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A stretch of time, half-open, in microseconds UTC, and what is on in it; the shift of time off is empty."""

    begin: int
    end: int
    kind: Kind
    shift: str

    @property
    def now(self) -> Now:
        """What is on, and in which shift."""
        return self.kind, self.shift


def segments(calendar: Calendar, names: Collection[str] | None, begin: int, end: int) -> list[Segment]:
    """What is on between two instants, without gaps, each segment unlike the one before.

    Args:
        calendar: the shifts of the plant.
        names: the shifts that count; None: all.
        begin: in microseconds UTC, as all instants here.
        end: not in it any more.

    Raises:
        EntryError: a name is no shift of the calendar.
    """
    found: list[Segment] = []
    for piece in takewhile(lambda piece: piece.begin < end, _pieces(calendar, names, begin)):
        clipped = replace(piece, begin=max(piece.begin, begin), end=min(piece.end, end))
        if clipped.begin >= clipped.end:
            continue
        if found and found[-1].now == clipped.now:
            found[-1] = replace(found[-1], end=clipped.end)
        else:
            found.append(clipped)
    return found


def changes(calendar: Calendar, names: Collection[str] | None, after: int) -> Iterator[tuple[int, Kind, str]]:
    """Each later instant at which kind or shift changes, with what is on from there; it ends if nothing ever changes.

    Args:
        calendar: the shifts of the plant.
        names: the shifts that count; None: all.
        after: changes at this instant, in microseconds UTC, are over.

    Raises:
        EntryError: a name is no shift of the calendar.
    """
    now: Now | None = None
    last = max([after, *((day - EPOCH.date()).days * DAY for day in calendar.holidays)])
    for piece in _pieces(calendar, names, after):
        if piece.begin > after and piece.now != now:
            last = max(last, piece.begin)
            yield piece.begin, piece.kind, piece.shift
        elif piece.begin > last + LOOK_AHEAD:
            return
        now = piece.now


def at(calendar: Calendar, names: Collection[str] | None, instant: int) -> Now:
    """What is on at an instant in microseconds UTC, and in which shift.

    Raises:
        EntryError: a name is no shift of the calendar.
    """
    return next(piece.now for piece in _pieces(calendar, names, instant) if piece.end > instant)


@dataclass(frozen=True, slots=True)
class Worked:
    """A shift on one day, in microseconds UTC, with its breaks."""

    shift: str
    begin: int
    end: int
    pauses: tuple[tuple[int, int], ...]

    def cuts(self) -> Iterator[int]:
        """Where something may change."""
        yield self.begin
        yield self.end
        for pause in self.pauses:
            yield from pause

    def pauses_at(self, instant: int) -> bool:
        """Whether an instant is in a break."""
        return any(begin <= instant < end for begin, end in self.pauses)


def _pieces(calendar: Calendar, names: Collection[str] | None, begin: int) -> Iterator[Segment]:
    """From the UTC day of an instant on, for ever: what is on, cut wherever it may change."""
    shifts = _chosen(calendar, names)
    zone = time_zone(calendar.zone)
    idle: Now = ("off", "") if calendar.shifts else ("work", "")
    first = begin // DAY
    # A local day begins less than a day from the UTC day of its date, and a shift ends less than two days after that.
    near = deque((_of_day(calendar, shifts, zone, day) for day in range(first - 2, first + 1)), maxlen=4)
    for day in count(first):
        near.append(_of_day(calendar, shifts, zone, day + 1))
        worked = [one for ones in near for one in ones]
        midnight, next_midnight = day * DAY, (day + 1) * DAY
        inside = {cut for one in worked for cut in one.cuts() if midnight < cut < next_midnight}
        for start, end in pairwise(sorted({midnight, next_midnight} | inside)):
            kind, shift = _on(worked, start, idle)
            yield Segment(begin=start, end=end, kind=kind, shift=shift)


def _on(worked: list[Worked], instant: int, idle: Now) -> Now:
    here = [one for one in worked if one.begin <= instant < one.end]
    working = [one for one in here if not one.pauses_at(instant)]
    if not here:
        return idle
    return "work" if working else "pause", max(working or here, key=lambda one: one.begin).shift


def _chosen(calendar: Calendar, names: Collection[str] | None) -> list[Shift]:
    known = [shift.name for shift in calendar.shifts]
    for name in names or ():
        if name not in known:
            raise EntryError(f"there is no shift {shown(name)}", ", ".join(known) or "none", did_you_mean(name, known))
    return [shift for shift in calendar.shifts if names is None or shift.name in names]


def worked(calendar: Calendar, day: date) -> list[Worked]:
    """The shifts that start on a local day, the earliest first."""
    shifts, zone = list(calendar.shifts), time_zone(calendar.zone)
    of_day = _of_day(calendar, shifts, zone, (day - EPOCH.date()).days)
    return sorted(of_day, key=lambda one: one.begin)


def _of_day(calendar: Calendar, shifts: list[Shift], zone: tzinfo, day: int) -> list[Worked]:
    """The shifts that start on a local day, counted from 1970."""
    start_of_day = EPOCH.date() + timedelta(days=day)
    if start_of_day in calendar.holidays:
        return []
    return [_work(shift, zone, day * DAY) for shift in shifts if start_of_day.weekday() in shift.days]


def _work(shift: Shift, zone: tzinfo, midnight: int) -> Worked:
    begin = _instant(zone, midnight + shift.start)
    end = _instant(zone, midnight + shift.start + shift.length)
    starts = ((_instant(zone, midnight + wall), length) for wall, length in shift.walls())
    return Worked(shift.name, begin, end, tuple((start, start + length) for start, length in starts))


def _instant(zone: tzinfo, wall: int) -> int:
    """The first instant at which a clock shows a local time; see `readings`."""
    return readings(zone, wall)[0]


def readings(zone: tzinfo, wall: int) -> tuple[int, ...]:
    """The instants at which a clock shows a local time, given in microseconds since 1970 by that clock.

    Two where the clock is set back over that time; where it skips the time, the instant of the change.
    """
    local = (EPOCH + timedelta(microseconds=wall)).replace(tzinfo=zone)
    before, after = _offset(local), _offset(local.replace(fold=1))
    if before >= after:
        return (wall - before,) if before == after else (wall - before, wall - after)
    # The clock skips this time. Read with the offset from before the change it lies behind the change, read with the
    # later one ahead of it; the change is where the offset becomes the later one, and on a whole second.
    seconds = range((wall - after) // SECOND, (wall - before) // SECOND + 1)
    change = bisect_left(seconds, after, key=lambda at: _offset((EPOCH + timedelta(seconds=at)).astimezone(zone)))
    return (seconds[change] * SECOND,)


def _offset(local: datetime) -> int:
    return (local.utcoffset() or timedelta()) // _MICROSECOND
