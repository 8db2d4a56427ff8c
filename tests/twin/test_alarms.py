"""Alarms: occurrences from transitions, and when there are too many."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.messages import Alarm
from plant.time import DAY, HOUR, MINUTE, SECOND
from twin.alarm_states import Occurrence, occurrences
from twin.alarms import report


def transition(ts: int, state: str, since: int, *, count: int = 1, by: str | None = None) -> Alarm:
    return Alarm(
        ts=ts, code="spindle", text="Spindle", priority=2, alarm_state=state, since=since, ack_by=by, count=count
    )


def raised(*instants: int, code: str = "a", stands: int = SECOND) -> list[Occurrence]:
    return [
        Occurrence(path="m/l/A", code=code, text="", priority=3, raised=t, cleared=t + stands, active=False)
        for t in instants
    ]


def test_an_alarm_is_raised_acknowledged_and_cleared() -> None:
    (one,) = occurrences(
        "m/l/A",
        [
            transition(10, "unacknowledged", 8),
            transition(12, "acknowledged", 8, by="anna"),
            transition(13, "acknowledged", 8, by="ben"),
            transition(20, "normal", 8),
        ],
    )
    assert (one.raised, one.acknowledged, one.cleared, one.active) == (8, 12, 20, False)
    assert one.stood(100) == 12


def test_a_birth_repeats_an_alarm_and_does_not_raise_it_again() -> None:
    (one,) = occurrences("m/l/A", [transition(10, "unacknowledged", 8), transition(15, "unacknowledged", 8)])
    assert one.active
    assert one.stood(20) == 12


def test_who_did_not_hear_the_end_does_not_guess_it() -> None:
    first, second = occurrences(
        "m/l/A", [transition(10, "unacknowledged", 10), transition(50, "unacknowledged", 50, count=2)]
    )
    assert (first.cleared, first.active, second.active) == (None, False, True)
    assert first.stood(100) == 0
    assert occurrences("m/l/A", [transition(5, "normal", 0)]) == []


def test_an_alarm_counts_where_it_was_raised() -> None:
    listed = raised(10, 20, 30)
    parts = [report(listed, a, b, 100).count for a, b in pairwise([0, 10, 20, 30, 40])]
    assert parts == [0, 1, 1, 1]
    assert report(listed, 0, 40, 100).count == 3


def test_eleven_in_ten_minutes_are_a_flood_until_fewer_than_five_come() -> None:
    instants = [i * MINUTE // 2 for i in range(11)]  # within five minutes
    told = report(raised(*instants), 0, HOUR, HOUR)
    (flood,) = told.floods
    assert flood.begin == instants[10]
    assert flood.end == instants[6] + 10 * MINUTE
    assert flood.count == 11
    assert told.flood_share == (flood.end - flood.begin) / HOUR
    assert told.acceptable is False
    assert report(raised(*instants[1:]), 0, HOUR, HOUR).floods == []


@given(st.lists(st.integers(0, 40), max_size=60).map(sorted))
def test_floods_are_those_that_a_look_at_every_instant_finds(minutes) -> None:
    """The state of flood, minute by minute, by its definition."""
    instants = [minute * MINUTE for minute in minutes]
    flood, expected = False, []
    for now in range(0, 60 * MINUTE, MINUTE):
        near = sum(now - 10 * MINUTE < t <= now for t in instants)
        flood = near >= 5 if flood else near > 10
        expected.append(flood)
    told = report([o for i, t in enumerate(instants) for o in raised(t, code=f"a{i}")], 0, HOUR, HOUR)
    inside = [any(f.begin <= now < f.end for f in told.floods) for now in range(0, 60 * MINUTE, MINUTE)]
    assert inside == expected


def test_an_alarm_that_comes_three_times_in_a_minute_chatters() -> None:
    told = report(raised(0, 25 * SECOND, 59 * SECOND) + raised(0, 30 * SECOND, 60 * SECOND, code="b"), 0, HOUR, HOUR)
    assert [(c.code, c.begin, c.count) for c in told.chattering] == [("a", 0, 3)]


def test_chattering_loads_nobody_but_is_counted() -> None:
    """From the third time within a minute on until it is quiet; also where the first ones lie before the window."""
    often = raised(*(i * 10 * SECOND for i in range(30)), 10 * MINUTE)
    told = report(often, 0, HOUR, HOUR)
    assert (told.count, told.suppressed, told.per_hour, told.floods) == (31, 28, 3, [])
    assert [o.raised for o in told.occurrences if not o.suppressed] == [10 * MINUTE, 10 * SECOND, 0]
    later = report(often, 20 * SECOND, HOUR, HOUR)
    assert (later.count, later.suppressed) == (29, 28)


def test_what_stands_for_a_day_is_stale() -> None:
    old, young = (
        Occurrence(path="m/l/A", code=code, text="", priority=1, raised=t) for code, t in (("a", 0), ("b", HOUR))
    )
    told = report([old, young], DAY - HOUR, DAY, DAY)
    assert told.stale == [old]
    assert (told.standing, told.count) == (2, 0)


def test_of_a_window_that_nobody_knows_there_is_no_rate() -> None:
    told = report([], HOUR, 2 * HOUR, HOUR)
    assert (told.per_hour, told.acceptable, told.flood_share) == (None, None, None)
    assert report(raised(0), 0, 2 * HOUR, HOUR).per_hour == pytest.approx(1)


def test_the_worst_come_first() -> None:
    often, rare = raised(*range(0, 50, 10), code="often"), raised(1, 2, code="rare")
    listed = often + rare + raised(3, 4, code="long", stands=HOUR)
    assert [(o.code, o.count) for o in report(listed, 0, HOUR, HOUR).top] == [("often", 5), ("long", 2), ("rare", 2)]
    assert [o.raised for o in report(listed, 0, HOUR, HOUR).occurrences][:2] == [40, 30]
