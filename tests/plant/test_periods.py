"""Hours, days and shifts by the clock on the wall: whole, in order, named, also where the clock changes."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.periods import PERIODS, days, hours, local_time, shifts
from plant.shifts import Calendar, Shift, segments
from plant.time import DAY, HOUR, MINUTE, format_instant, parse_instant

THREE = tuple(
    Shift.model_validate({"name": name, "start": start, "end": end})
    for name, start, end in (("early", "06:00", "14:00"), ("late", "14:00", "22:00"), ("night", "22:00", "06:00"))
)
BERLIN = Calendar(zone="Europe/Berlin", shifts=THREE)
SPRING, AUTUMN = "2026-03-29", "2026-10-25"  # days on which the clock of Berlin changes
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana",
    "Africa/Cairo", "Pacific/Apia", "America/Santiago",
)  # fmt: skip
INSTANTS = st.integers(parse_instant("2009-01-01T00:00Z"), parse_instant("2030-01-01T00:00Z"))


def of_day(day: str, by: str) -> list:
    """Periods that belong to a day."""
    begin = parse_instant(f"{day}T00:00Z") - DAY
    return [one for one in PERIODS[by](BERLIN, begin, begin + 3 * DAY) if one.day == date.fromisoformat(day)]


@pytest.mark.parametrize(("day", "length"), [(SPRING, 23), (AUTUMN, 25), ("2026-01-05", 24)])
def test_a_day_has_the_hours_that_the_clock_gives_it(day, length) -> None:
    (whole,) = of_day(day, "day")
    assert (whole.end - whole.begin, whole.name) == (length * HOUR, day)
    parts = of_day(day, "hour")
    assert len(parts) == length
    assert {one.end - one.begin for one in parts} == {HOUR}
    assert (parts[0].begin, parts[-1].end) == (whole.begin, whole.end)


def test_an_hour_that_is_shown_twice_has_two_names() -> None:
    names = [one.name for one in of_day(AUTUMN, "hour")]
    assert names[1:5] == [
        "2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00",
    ]  # fmt: skip
    names = [one.name for one in of_day(SPRING, "hour")]
    assert names[1:3] == ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]


@pytest.mark.parametrize(("begun", "length"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-03-29", 8)])
def test_a_night_shift_belongs_to_the_day_on_which_it_starts(begun, length) -> None:
    early, late, night = of_day(begun, "shift")
    assert [early.name, late.name, night.name] == ["early", "late", "night"]
    assert (early.end - early.begin, late.end - late.begin) == (8 * HOUR, 8 * HOUR)
    assert night.end - night.begin == length * HOUR
    zone = ZoneInfo("Europe/Berlin")
    assert local_time(zone, night.end).date() == date.fromisoformat(begun) + timedelta(days=1)


def test_a_shift_that_began_the_day_before_is_there_in_the_morning() -> None:
    begin = parse_instant("2026-01-06T02:00+01:00")
    (night,) = shifts(BERLIN, begin, begin + HOUR)
    assert (night.name, night.day) == ("night", date(2026, 1, 5))
    assert [format_instant(at) for at in (night.begin, night.end)] == ["2026-01-05T21:00:00Z", "2026-01-06T05:00:00Z"]


def test_weekends_and_holidays_have_no_shifts_and_no_shifts_are_none() -> None:
    working = tuple(shift.model_copy(update={"days": (0, 1, 2, 3, 4)}) for shift in THREE)
    calendar = Calendar(zone="Europe/Berlin", shifts=working, holidays=(date(2026, 1, 6),))
    begin = parse_instant("2026-01-05T00:00+01:00")
    found = list(shifts(calendar, begin, begin + 7 * DAY))
    assert [one.day.day for one in found[::3]] == [5, 7, 8, 9]
    assert list(shifts(Calendar(), begin, begin + 7 * DAY)) == []


def test_hours_are_full_where_the_zone_is_half_an_hour_off() -> None:
    begin = parse_instant("2026-01-05T00:00Z")
    first = next(hours(Calendar(zone="Asia/Kolkata"), begin, begin + DAY))
    assert (first.begin, first.end) == (begin - 30 * MINUTE, begin + 30 * MINUTE)


@given(st.sampled_from(ZONES), INSTANTS, st.integers(1, 20 * DAY), st.sampled_from(["hour", "day"]))
def test_hours_and_days_follow_each_other_without_a_gap(zone, begin, length, by) -> None:
    found = list(PERIODS[by](Calendar(zone=zone), begin, begin + length))
    assert found[0].begin <= begin < found[0].end
    assert found[-1].begin < begin + length <= found[-1].end
    assert all(before.end == after.begin for before, after in pairwise(found))
    assert len({one.name for one in found}) == len(found)
    for one in found:
        shown = local_time(ZoneInfo(zone), one.begin)
        assert shown.date() == one.day
        assert one.end - one.begin <= (90 * MINUTE if by == "hour" else 26 * HOUR)


@given(INSTANTS, st.integers(1, 9 * DAY))
def test_shifts_are_what_the_calendar_says(begin, length) -> None:
    told = segments(BERLIN, None, begin, begin + length)
    found = list(shifts(BERLIN, begin, begin + length))
    clipped = [(max(one.begin, begin), min(one.end, begin + length), one.name) for one in found]
    assert clipped == [(one.begin, one.end, one.shift) for one in told]


def test_days_end_with_the_window() -> None:
    begin = parse_instant("2026-01-05T00:00Z")
    assert [one.name for one in days(Calendar(), begin, begin + 2 * DAY)] == ["2026-01-05", "2026-01-06"]
