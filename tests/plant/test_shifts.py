"""Shift calendars: the clock on the wall decides, on every day of the year, and nothing is left out or told twice."""

import json
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from plant.errors import EntryError
from plant.shifts import (
    DAYS,
    LOOK_AHEAD,
    Break,
    Calendar,
    Holiday,
    Segment,
    Shift,
    TimeZone,
    at,
    changes,
    format_clock,
    segments,
    time_zone,
)
from plant.time import DAY, EPOCH, HOUR, MINUTE, parse_instant

QUARTER = 15 * MINUTE
WEEK = 7 * DAY
LAWFUL = settings(derandomize=True, deadline=None, max_examples=60)

ZONES = {
    "UTC": "2026-03-01",
    "Europe/Berlin": "2026-03-28",
    "Europe/Moscow": "2026-10-24",
    "America/New_York": "2026-10-31",
    "Australia/Lord_Howe": "2026-04-04",  # a clock that changes by half an hour
    "Asia/Kathmandu": "2026-07-01",  # 5:45 ahead
    "Etc/GMT+12": "2026-12-30",
    "Pacific/Kiritimati": "2026-12-30",  # 14 h ahead
    "Pacific/Apia": "2011-12-28",  # a day that never was: the 30th
}
"""Zones, and a day near to which the clock changes, if it does."""


def shift(name="early", start="06:00", end="14:00", days="mon-fri", breaks=()) -> Shift:
    told = [{"start": begin, "for": length} for begin, length in breaks]
    return Shift.model_validate({"name": name, "start": start, "end": end, "days": days, "breaks": told})


def instant(text: str, zone: str = "UTC") -> int:
    """An instant, told by the clock of a zone."""
    return (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) - EPOCH) // timedelta(microseconds=1)


def work(found: list[Segment]) -> int:
    return sum(segment.end - segment.begin for segment in found if segment.kind == "work")


def told(found: list[Segment], zone: str = "UTC") -> list[str]:
    """Segments as a person by the clock tells them."""
    clock = [datetime.fromtimestamp(segment.begin // 1_000_000, ZoneInfo(zone)) for segment in found]
    return [
        f"{when:%a %H:%M} {segment.kind} {segment.shift}".strip() for when, segment in zip(clock, found, strict=True)
    ]


# --- laws ----------------------------------------------------------------------------------------------------------


@st.composite
def generated_shifts(draw, name):
    start, length = draw(st.integers(0, 95)), draw(st.integers(1, 96))
    marks = draw(st.lists(st.integers(0, length), max_size=4, unique=True).map(sorted))
    breaks = [
        (format_clock((start + begin) % 96 * QUARTER), f"{(end - begin) * 15} min")
        for begin, end in zip(marks[::2], marks[1::2], strict=False)
    ]
    days = draw(st.sets(st.sampled_from(DAYS), min_size=1))
    ends = format_clock((start + length) % 96 * QUARTER)
    return shift(name, format_clock(start * QUARTER), ends, ",".join(days), breaks)


@st.composite
def calendars(draw):
    zone = draw(st.sampled_from(sorted(ZONES)))
    day = date.fromisoformat(ZONES[zone])
    holidays = draw(st.lists(st.integers(-2, 5).map(lambda n: day + timedelta(days=n)), max_size=2))
    shifts = tuple(draw(generated_shifts(name)) for name in ["early", "late", "night"][: draw(st.integers(1, 3))])
    return Calendar(zone=zone, shifts=shifts, holidays=tuple(holidays))


NAMES = st.none() | st.just(("early",))


@st.composite
def windows(draw):
    """A calendar, some of its shifts, and a window of some days around the day on which its clock changes."""
    calendar, names = draw(calendars()), draw(NAMES)
    begin = parse_instant(ZONES[calendar.zone]) + draw(st.integers(-DAY, DAY))
    return calendar, names, begin, begin + draw(st.integers(1, 5 * DAY))


@LAWFUL
@given(windows())
def test_segments_fill_the_window_and_each_is_unlike_the_one_before(window):
    calendar, names, begin, end = window
    found = segments(calendar, names, begin, end)
    assert [begin, *(segment.end for segment in found)] == [*(segment.begin for segment in found), end]
    assert all(segment.begin < segment.end for segment in found)
    assert all(one.now != other.now for one, other in pairwise(found))


@LAWFUL
@given(windows(), st.data())
def test_a_window_cut_in_two_tells_the_same(window, data):
    calendar, names, begin, end = window
    cut = data.draw(st.integers(begin, end))
    whole = segments(calendar, names, begin, end)
    parts = segments(calendar, names, begin, cut), segments(calendar, names, cut, end)
    glued = [segment for part in parts for segment in part]
    assert [s.now for s in whole] == [s.now for i, s in enumerate(glued) if i == 0 or s.now != glued[i - 1].now]
    assert work(whole) == work(glued)


@LAWFUL
@given(windows())
def test_changes_are_the_inner_bounds_of_segments(window):
    calendar, names, begin, end = window
    found = segments(calendar, names, begin, end)
    inner = takewhile(lambda change: change[0] < end, changes(calendar, names, begin))
    assert list(inner) == [(segment.begin, *segment.now) for segment in found[1:]]


@LAWFUL
@given(windows(), st.data())
def test_what_is_on_at_an_instant_is_what_its_segment_says(window, data):
    calendar, names, begin, end = window
    for segment in segments(calendar, names, begin, end):
        inside = data.draw(st.integers(segment.begin, segment.end - 1))
        assert {at(calendar, names, when) for when in (segment.begin, inside, segment.end - 1)} == {segment.now}


def by_the_wall(calendar: Calendar, names, begin: int, end: int) -> list[tuple[str, str]]:
    """What is on in each quarter of an hour, by somebody who watches the clock and never turns back.

    A time of day has come as soon as the clock has shown it or a later one.
    """
    zone = ZoneInfo(calendar.zone)
    times = range(begin - 4 * DAY, end + 4 * DAY, QUARTER)
    latest, shown = datetime.min, []  # noqa: DTZ901 what a clock shows has no zone
    for time in times:
        latest = max(latest, (EPOCH + timedelta(microseconds=time)).astimezone(zone).replace(tzinfo=None))
        shown.append(latest)

    def comes(wall: datetime) -> int:
        return times[bisect_left(shown, wall)]

    worked = []
    for number in range(-3, (end - begin) // DAY + 3):
        day = (EPOCH + timedelta(microseconds=begin)).date() + timedelta(days=number)
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        for one in calendar.shifts:
            if (names is None or one.name in names) and day.weekday() in one.days and day not in calendar.holidays:
                start = midnight + timedelta(microseconds=one.start)
                over = midnight + timedelta(microseconds=one.end + (DAY if one.end <= one.start else 0))
                pauses = []
                for pause in one.breaks:
                    later = DAY if pause.start < one.start else 0
                    first = comes(midnight + timedelta(microseconds=pause.start + later))
                    pauses.append(range(first, first + pause.length))
                worked.append((comes(start), comes(over), pauses, one.name))
    answers = []
    for time in range(begin, end, QUARTER):
        best = (0, 0, "off", "")
        for start, over, pauses, name in worked:
            if start <= time < over:
                kind = "pause" if any(time in pause for pause in pauses) else "work"
                best = max(best, (1 if kind == "pause" else 2, start, kind, name), key=lambda one: one[:2])
        answers.append(best[2:])
    return answers


@LAWFUL
@given(calendars(), NAMES, st.integers(-4, 4))
def test_the_clock_on_the_wall_decides(calendar, names, quarters):
    begin = parse_instant(ZONES[calendar.zone]) + quarters * QUARTER
    times = range(begin, begin + 4 * DAY, QUARTER)
    found = segments(calendar, names, begin, begin + 4 * DAY)
    assert all(segment.begin % QUARTER == 0 for segment in found)
    spread = [segment.now for segment in found for _ in range(segment.begin, segment.end, QUARTER)]
    assert dict(zip(times, spread, strict=True)) == dict(
        zip(times, by_the_wall(calendar, names, begin, begin + 4 * DAY), strict=True)
    )


@LAWFUL
@given(generated_shifts("early"), st.integers(0, WEEK))
def test_an_ordinary_week_has_the_work_of_its_shifts(one, begin):
    monday = parse_instant("2026-01-05") + begin
    rested = sum(pause.length for pause in one.breaks)
    found = segments(Calendar(shifts=(one,)), None, monday, monday + WEEK)
    assert work(found) == len(one.days) * (one.length - rested)


@LAWFUL
@given(calendars())
def test_what_is_written_out_is_read_back(calendar):
    for one in calendar.shifts:
        assert Shift.model_validate_json(one.model_dump_json(by_alias=True)) == one


# --- days that people ask about ------------------------------------------------------------------------------------

TWO_SHIFTS = Calendar(
    shifts=(
        shift("early", "06:00", "14:00", "mon-fri", [("10:00", "30 min")]),
        shift("late", "14:00", "22:00", "mon-fri", [("18:00", "30 min")]),
    )
)


def test_two_shifts_from_monday_to_friday_work_75_hours():
    """The week of the line cases CAL1 to CAL4."""
    monday = parse_instant("2026-01-05")
    assert work(segments(TWO_SHIFTS, None, monday, monday + WEEK)) == 75 * HOUR
    assert work(segments(TWO_SHIFTS, ["late"], monday, monday + WEEK)) == 37.5 * HOUR


def test_one_shift_follows_another_and_then_comes_the_weekend():
    found = segments(TWO_SHIFTS, None, parse_instant("2026-01-09"), parse_instant("2026-01-13"))
    assert told(found) == [
        "Fri 00:00 off", "Fri 06:00 work early", "Fri 10:00 pause early", "Fri 10:30 work early", "Fri 14:00 work late",
        "Fri 18:00 pause late", "Fri 18:30 work late", "Fri 22:00 off", "Mon 06:00 work early", "Mon 10:00 pause early",
        "Mon 10:30 work early", "Mon 14:00 work late", "Mon 18:00 pause late", "Mon 18:30 work late", "Mon 22:00 off",
    ]  # fmt: skip


def test_a_night_belongs_to_the_day_on_which_it_starts():
    night = shift("night", "22:00", "06:00", "fri", [("23:45", "30 min"), ("02:00", "1 h")])
    found = segments(Calendar(shifts=(night,)), None, parse_instant("2026-01-08"), parse_instant("2026-01-11"))
    assert told(found) == [
        "Thu 00:00 off", "Fri 22:00 work night", "Fri 23:45 pause night", "Sat 00:15 work night",
        "Sat 02:00 pause night", "Sat 03:00 work night", "Sat 06:00 off",
    ]  # fmt: skip


def test_no_shift_starts_on_a_holiday_but_one_may_end_on_it():
    night = shift("night", "22:00", "06:00", "daily")
    calendar = Calendar(shifts=(night,), holidays=(date(2026, 1, 1),))
    found = segments(calendar, None, parse_instant("2025-12-31T12:00"), parse_instant("2026-01-03T00:00"))
    assert told(found) == ["Wed 12:00 off", "Wed 22:00 work night", "Thu 06:00 off", "Fri 22:00 work night"]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-27", 8),
        ("Europe/Berlin", "2026-03-28", 7),  # into the 29th, when 02:00 becomes 03:00
        ("Europe/Berlin", "2026-10-24", 9),  # into the 25th, when 03:00 becomes 02:00
        ("Europe/Moscow", "2026-03-28", 8),
        ("Europe/Moscow", "2026-10-24", 8),
    ],
)
def test_a_night_in_which_the_clock_changes_is_shorter_or_longer(zone, day, hours):
    calendar = Calendar(zone=zone, shifts=(shift("night", "22:00", "06:00", "daily"),))
    noon = instant(f"{day}T12:00", zone)
    found = segments(calendar, None, noon, noon + DAY)
    assert work(found) == hours * HOUR
    assert told(found, zone)[1][4:] == "22:00 work night"
    assert told(found, zone)[2][4:] == "06:00 off"


def test_a_time_that_the_clock_skips_is_the_instant_of_the_change():
    calendar = Calendar(zone="Europe/Berlin", shifts=(shift("short", "02:30", "04:00", "daily"),))
    found = segments(calendar, None, instant("2026-03-29T00:00", "Europe/Berlin"), parse_instant("2026-03-29T10:00Z"))
    assert found[1] == Segment(
        begin=parse_instant("2026-03-29T01:00Z"), end=parse_instant("2026-03-29T02:00Z"), kind="work", shift="short"
    )


def test_a_shift_that_the_clock_skips_is_not_worked():
    calendar = Calendar(zone="Europe/Berlin", shifts=(shift("short", "02:15", "02:45", "sun"),))
    found = segments(calendar, None, parse_instant("2026-03-28"), parse_instant("2026-04-06"))
    assert told(found, "Europe/Berlin") == ["Sat 01:00 off", "Sun 02:15 work short", "Sun 02:45 off"]
    assert found[1].begin == parse_instant("2026-04-05T00:15Z")


def test_a_time_that_the_clock_shows_twice_is_the_first_of_the_two():
    shifts = shift("first", "22:00", "02:30", "daily"), shift("second", "02:30", "04:00", "daily")
    calendar = Calendar(zone="Europe/Berlin", shifts=shifts)
    found = segments(calendar, None, parse_instant("2026-10-24T21:00Z"), parse_instant("2026-10-25T12:00Z"))
    assert [(segment.shift, segment.begin) for segment in found[1:]] == [
        ("second", parse_instant("2026-10-25T00:30Z")),
        ("", parse_instant("2026-10-25T03:00Z")),
    ]


@pytest.mark.parametrize(("day", "begins"), [("2026-03-28", "00:45"), ("2026-10-24", "23:45")])
def test_a_break_lasts_its_length_whatever_the_clock_does(day, begins):
    calendar = Calendar(
        zone="Europe/Berlin", shifts=(shift("night", "22:00", "06:00", "daily", [("01:45", "30 min")]),)
    )
    noon = parse_instant(f"{day}T12:00Z")
    (pause,) = [segment for segment in segments(calendar, None, noon, noon + DAY) if segment.kind == "pause"]
    assert pause.end - pause.begin == 30 * MINUTE
    assert f"{datetime.fromtimestamp(pause.begin // 1_000_000, UTC):%H:%M}" == begins


def test_a_break_ends_with_its_shift():
    one = shift("night", "22:00", "03:00", "sat", [("01:30", "90 min")])  # until the change there is half an hour of it
    found = segments(
        Calendar(zone="Europe/Berlin", shifts=(one,)),
        None,
        parse_instant("2026-03-28T12:00Z"),
        parse_instant("2026-03-30"),
    )
    assert told(found, "Europe/Berlin") == [
        "Sat 13:00 off",
        "Sat 22:00 work night",
        "Sun 01:30 pause night",
        "Sun 03:00 off",
    ]


def test_where_shifts_overlap_work_comes_first_and_then_who_started_last():
    shifts = (
        shift("day", "06:00", "18:00", "daily", [("09:00", "2 h")]),
        shift("noon", "10:00", "14:00", "daily", [("10:30", "1 h")]),
        shift("also", "10:00", "12:00", "daily"),
    )
    begin = parse_instant("2026-01-05")
    assert told(segments(Calendar(shifts=shifts), ["day", "noon"], begin, begin + DAY)) == [
        "Mon 00:00 off", "Mon 06:00 work day", "Mon 09:00 pause day", "Mon 10:00 work noon", "Mon 10:30 pause noon",
        "Mon 11:00 work day", "Mon 11:30 work noon", "Mon 14:00 work day", "Mon 18:00 off",
    ]  # fmt: skip
    assert at(Calendar(shifts=shifts), None, begin + 10 * HOUR) == ("work", "noon")  # started together: declared first
    assert at(Calendar(shifts=shifts), None, begin + 11 * HOUR) == ("work", "also")


def test_without_shifts_a_plant_works_around_the_clock():
    assert segments(Calendar(), None, 7, 3 * DAY) == [Segment(begin=7, end=3 * DAY, kind="work", shift="")]
    assert list(changes(Calendar(), None, 0)) == []
    assert at(Calendar(), (), 12) == ("work", "")


def test_who_belongs_to_no_shift_never_works():
    assert segments(TWO_SHIFTS, (), 0, WEEK) == [Segment(begin=0, end=WEEK, kind="off", shift="")]
    assert list(changes(TWO_SHIFTS, (), 0)) == []


def test_an_empty_window_has_no_segments():
    assert segments(TWO_SHIFTS, None, HOUR, HOUR) == []
    assert segments(TWO_SHIFTS, None, WEEK, HOUR) == []


def test_changes_go_on_for_years_and_through_long_holidays():
    closed = tuple(date(2026, 1, 5) + timedelta(days=n) for n in range(1000))
    calendar = Calendar(shifts=TWO_SHIFTS.shifts, holidays=closed)
    start = parse_instant("2026-01-05")
    assert next(changes(calendar, None, start)) == (parse_instant("2028-10-02T06:00Z"), "work", "early")
    *_, last = islice(changes(TWO_SHIFTS, None, start), 7 * 5 * 52 * 3)
    assert last[0] > start + 3 * 363 * DAY
    assert LOOK_AHEAD > 366 * DAY


def test_a_shift_that_never_ends_changes_only_for_its_holidays():
    always = shift("always", "06:00", "06:00", "daily")
    holiday = date(2031, 5, 1)
    calendar = Calendar(zone="Europe/Berlin", shifts=(always,), holidays=(holiday,))
    begin = parse_instant("2026-01-05")
    assert list(changes(calendar, None, begin)) == [
        (instant("2031-05-01T06:00", "Europe/Berlin"), "off", ""),
        (instant("2031-05-02T06:00", "Europe/Berlin"), "work", "always"),
    ]


def test_what_happens_once_a_year_is_not_missed():
    resting = shift("resting", "06:00", "06:00", "daily", [("06:00", "24 h")])  # works when a day has 25 hours
    calendar = Calendar(zone="Europe/Berlin", shifts=(resting,))
    assert list(islice(changes(calendar, None, parse_instant("2025-10-27")), 2)) == [
        (parse_instant("2026-10-25T04:00Z"), "work", "resting"),
        (parse_instant("2026-10-25T05:00Z"), "pause", "resting"),
    ]


@pytest.mark.parametrize(
    ("zone", "ends"),
    [("Etc/GMT+12", "2026-01-05T11:45Z"), ("Pacific/Kiritimati", "2026-01-04T09:45Z")],  # 12 h behind, 14 h ahead
)
def test_a_long_shift_far_from_greenwich_lasts_to_its_end(zone, ends):
    calendar = Calendar(zone=zone, shifts=(shift("long", "23:45", "23:45", "sat"),))
    end = parse_instant(ends)
    for earlier in (MINUTE, DAY - MINUTE):
        assert at(calendar, None, end - earlier) == ("work", "long")
        assert next(changes(calendar, None, end - earlier)) == (end, "off", "")
    assert segments(calendar, None, end - 2 * DAY, end + DAY) == [
        Segment(begin=end - 2 * DAY, end=end - DAY, kind="off", shift=""),
        Segment(begin=end - DAY, end=end, kind="work", shift="long"),
        Segment(begin=end, end=end + DAY, kind="off", shift=""),
    ]


def test_a_change_at_the_very_instant_is_over():
    begin = parse_instant("2026-01-05T06:00")
    assert next(changes(TWO_SHIFTS, None, begin))[0] == begin + 4 * HOUR
    assert next(changes(TWO_SHIFTS, None, begin - 1)) == (begin, "work", "early")


# --- how it is written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", "daily"),
        ("mon-fri", "mon,tue,wed,thu,fri"),
        ("mon,wed", "mon,wed"),
        ("wed, mon", "mon,wed"),
        ("sat", "sat"),
        ("fri-mon", "mon,fri,sat,sun"),
        ("sat - sun , tue", "tue,sat,sun"),
        ("mon-sun", "daily"),
        ("tue-mon", "daily"),
        ("sun-sun", "sun"),
    ],
)
def test_ways_to_write_days(text, days):
    one = shift(days=text)
    assert one.model_dump(mode="json")["days"] == days
    assert one.days == tuple(index for index, day in enumerate(DAYS) if day in days or days == "daily")


def test_a_shift_is_daily_and_has_no_breaks_unless_it_says_so():
    one = Shift.model_validate({"name": "night", "start": "22:00", "end": "6:00"})
    assert one.model_dump(mode="json", by_alias=True) == {
        "name": "night", "start": "22:00", "end": "06:00", "days": "daily", "breaks": [],
    }  # fmt: skip
    assert one.length == 8 * HOUR


BREAKS = "allowed: breaks inside the shift and apart from each other"
NOT_INSIDE = "is not inside the shift from 06:00 to 14:00"
CLOCK = 'allowed: a local time from "00:00" to "23:59"'


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"start": "25:00"}, f"'25:00' is no time of day; {CLOCK}"),
        ({"start": "06:60"}, f"'06:60' is no time of day; {CLOCK}"),
        ({"start": "six"}, f"'six' is no time of day; {CLOCK}"),
        ({"start": 6}, f'6 is no time of day; {CLOCK} (did you mean "06:00"?)'),
        ({"start": 600}, f"600 is no time of day; {CLOCK}"),
        ({"start": 6.3}, f"6.3 is no time of day; {CLOCK}"),
        ({"start": True}, f"true is no time of day; {CLOCK}"),
        ({"end": "24:00"}, f"'24:00' is no time of day; {CLOCK} (midnight is \"00:00\")"),
        (
            {"days": "mon-fry"},
            "'mon-fry' cannot be read as days; allowed: daily, or days such as mon-fri or mon,wed (did you mean fri?)",
        ),
        (
            {"days": "dayly"},
            "'dayly' cannot be read as days; allowed: daily, or days such as mon-fri or mon,wed (did you mean daily?)",
        ),
        (
            {"days": "mon-wed-fri"},
            "'mon-wed-fri' cannot be read as days; allowed: daily, or days such as mon-fri or mon,wed",
        ),
        ({"days": ""}, "'' cannot be read as days; allowed: daily, or days such as mon-fri or mon,wed"),
        ({"days": "mon,"}, "'mon,' cannot be read as days; allowed: daily, or days such as mon-fri or mon,wed"),
        ({"days": ["mon"]}, "a list cannot be read as days; allowed: daily, or days such as mon-fri or mon,wed"),
        (
            {"breaks": [{"start": "10:00", "for": "0 s"}]},
            "0 is no length of a break; allowed: a duration above 0",
        ),
        (
            {"breaks": [{"start": "15:00", "for": "30 min"}]},
            f"the break at 15:00 {NOT_INSIDE}; {BREAKS}",
        ),
        (
            {"breaks": [{"start": "13:45", "for": "30 min"}, {"start": "05:59", "for": "2 min"}]},
            f"the break at 13:45 {NOT_INSIDE}, the break at 05:59 {NOT_INSIDE}; {BREAKS}",
        ),
        (
            {"breaks": [{"start": "10:15", "for": "1 min"}, {"start": "10:00", "for": "30 min"}]},
            f"the breaks at 10:00 and 10:15 overlap; {BREAKS}",
        ),
        (
            {
                "start": "22:00",
                "end": "06:00",
                "breaks": [{"start": "23:45", "for": "1 h"}, {"start": "00:30", "for": "1 h"}],
            },
            f"the breaks at 23:45 and 00:30 overlap; {BREAKS}",
        ),
        (
            {"start": "22:00", "end": "06:00", "breaks": [{"start": "06:00", "for": "1 min"}]},
            f"the break at 06:00 is not inside the shift from 22:00 to 06:00; {BREAKS}",
        ),
    ],
)
def test_what_is_wrong_with_a_shift_is_said_on_one_line(changed, message):
    with pytest.raises(ValidationError) as caught:
        Shift.model_validate({"name": "early", "start": "06:00", "end": "14:00", **changed})
    (detail,) = caught.value.errors()
    assert str(detail["ctx"]["error"]) == message


def test_breaks_may_touch_each_other_and_the_ends_of_their_shift():
    one = shift(breaks=[("06:00", "15 min"), ("06:15", "15 min"), ("13:30", "30 min")])
    assert len(one.breaks) == 3


def test_a_wrong_break_is_found_at_the_breaks():
    with pytest.raises(ValidationError) as caught:
        shift(breaks=[("15:00", "1 h")])
    assert caught.value.errors()[0]["ctx"]["error"].at == ("breaks",)


def test_an_unknown_key_of_a_break_is_an_error():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Break.model_validate({"start": "10:00", "for": "30 min", "until": "10:30"})


@pytest.mark.parametrize("value", ["2026-02-30", "20260101", "2026-W01-1", "1 May", 2026, None])
def test_what_is_no_date_is_no_holiday(value):
    with pytest.raises(ValidationError, match=r'is no date; allowed: a day such as "2026-01-01"'):
        TypeAdapter(Holiday).validate_python(value)


def test_a_holiday_is_a_date():
    holidays = TypeAdapter(tuple[Holiday, ...])
    read = holidays.validate_python(["2026-01-01", date(2026, 5, 1)])
    assert read == (date(2026, 1, 1), date(2026, 5, 1))
    assert json.loads(holidays.dump_json(read)) == ["2026-01-01", "2026-05-01"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", " (did you mean Europe/Berlin?)"),
        ("europe/berlin", " (did you mean Europe/Berlin?)"),
        ("Moscow", " (did you mean Europe/Moscow?)"),
        ("New York", " (did you mean America/New_York?)"),
        ("Europe", None),
        ("localtime", None),
        ("right/Europe/Berlin", None),
        ("../Berlin", None),
        ("", ""),
        (3, ""),
        (None, ""),
    ],
)
def test_an_unknown_time_zone_is_an_error_that_knows_what_was_meant(name, hint):
    with pytest.raises(EntryError) as wrong:
        time_zone(name)
    message = f"unknown time zone {'nothing' if name is None else repr(name)}; allowed: "
    message += "a name of the IANA time zone database such as Europe/Berlin"
    assert str(wrong.value).startswith(message)
    if hint is not None:
        assert str(wrong.value) == message + hint


def test_a_time_zone_field_keeps_the_name():
    assert TypeAdapter(TimeZone).validate_python("Europe/Moscow") == "Europe/Moscow"
    assert time_zone("UTC") is UTC


def test_without_a_time_zone_database_utc_works_and_others_say_what_is_missing(monkeypatch):
    monkeypatch.setattr("plant.shifts.available_timezones", set)
    assert time_zone("UTC") is UTC
    with pytest.raises(EntryError, match="this machine has no time zones; the package tzdata brings them"):
        time_zone("Mars/Olympus")


@pytest.mark.parametrize("names", [["erly"], ["early", "erly"]])
def test_a_shift_that_is_not_in_the_calendar_is_an_error(names):
    message = r"there is no shift 'erly'; allowed: early, late \(did you mean early\?\)"
    with pytest.raises(EntryError, match=message):
        at(TWO_SHIFTS, names, 0)
    with pytest.raises(EntryError, match=message):
        segments(TWO_SHIFTS, names, 0, DAY)
    with pytest.raises(EntryError, match=message):
        next(changes(TWO_SHIFTS, names, 0))


def test_the_schema_for_editors_knows_the_defaults():
    about = Shift.model_json_schema(by_alias=True)
    assert about["properties"]["days"]["default"] == "daily"
    assert about["required"] == ["name", "start", "end"]
