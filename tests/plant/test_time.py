"""Durations and instants: read once, rounded once, half to even."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.errors import EntryError
from plant.time import (
    DEFAULT_START,
    LONGEST,
    UNITS,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)

MICROS = st.integers(0, LONGEST)


@given(MICROS)
def test_what_is_written_is_read_back(micros):
    assert parse_duration(format_duration(micros)) == micros


@given(st.decimals(0, 10**9, places=9), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " ", "  "]))
def test_a_duration_is_rounded_once_half_to_even(number, unit, space):
    exact = Fraction(number) * UNITS[unit]
    if exact > LONGEST:
        return
    assert parse_duration(f"{number:f}{space}{unit}") == round(exact)  # Fraction rounds half to even, exactly


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("90 s", 90_000_000),
        ("90s", 90_000_000),
        (90, 90_000_000),
        (0.25, 250_000),
        ("4 min", 240_000_000),
        ("8 h", 28_800_000_000),
        ("2 d", 172_800_000_000),
        ("1 w", 604_800_000_000),
        ("15 ms", 15_000),
        ("7 us", 7),
        ("1e3 s", 1_000_000_000),
        (".5 s", 500_000),
        ("0.5 us", 0),
        ("1.5 us", 2),
        ("2.5 us", 2),
        ("0.1 s", 100_000),
    ],
)
def test_ways_to_write_a_duration(text, micros):
    assert parse_duration(text) == micros


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("9 parsecs", "'9 parsecs' is not a duration"),
        ("", "'' is not a duration"),
        ("s", "'s' is not a duration"),
        ("1 h 30 min", "'1 h 30 min' is not a duration"),
        ("90 S", "'90 S' is not a duration"),
        (True, "true is not a duration"),
        (None, "nothing is not a duration"),
        ([1], "a list is not a duration"),
        (float("nan"), "nan is not a duration"),
        (float("inf"), "inf is not a duration"),
        ("-1 s", "'-1 s' is negative"),
        (-0.1, "-0.1 is negative"),
        ("2e6 d", "'2e6 d' is too long"),
        ("1e999999999 s", "'1e999999999 s' is too long"),
    ],
)
def test_what_is_not_a_duration(value, found):
    with pytest.raises(EntryError) as caught:
        parse_duration(value)
    assert caught.value.found == found
    assert caught.value.allowed


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 made aware below
def test_instants_are_read_back(instant):
    text = instant.replace(tzinfo=UTC).isoformat()
    assert parse_instant(format_instant(parse_instant(text))) == parse_instant(text)
    assert parse_instant(instant.isoformat()) == parse_instant(text), "without a zone it is UTC"


def test_offline_runs_begin_on_a_monday_at_midnight():
    assert format_instant(DEFAULT_START) == "2026-01-05T00:00:00Z"
    assert datetime.fromtimestamp(DEFAULT_START / 1e6, UTC).strftime("%A") == "Monday"
    assert parse_instant("2026-01-05T03:00:00+03:00") == DEFAULT_START


def test_what_is_no_instant_is_said():
    with pytest.raises(EntryError, match="'yesterday' is not an instant"):
        parse_instant("yesterday")
