"""Parameters as people write them: a value, or a refusal that names the field; never anything else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.questions import LATEST, Refused, instant, length
from plant.time import LONGEST, format_duration, format_instant

NUMBERS = st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{0,4})?([eE][+-]?[0-9]{1,9})? ?(us|ms|s|min|h|d|w)?", fullmatch=True)


@given(st.one_of(st.text(max_size=40), NUMBERS, st.datetimes().map(str)))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    try:
        value = instant("from", text)
    except Refused as refusal:
        assert (refusal.field, refusal.status) == ("from", 422)
        assert refusal.message
    else:
        assert 0 <= value < LATEST


@given(st.one_of(st.text(max_size=40), NUMBERS))
def test_any_text_is_a_length_or_refused(text: str) -> None:
    try:
        value = length("step", text)
    except Refused as refusal:
        assert (refusal.field, refusal.status) == ("step", 422)
        assert refusal.message
    else:
        assert 0 < value <= LONGEST


@given(st.integers(0, 4_102_444_800_000_000))
def test_an_instant_reads_the_same_as_number_and_as_iso(micros: int) -> None:
    assert instant("at", str(micros)) == instant("at", format_instant(micros)) == micros


@given(st.integers(1, 10**15))
def test_a_length_reads_as_it_is_written(micros: int) -> None:
    assert length("step", format_duration(micros)) == micros


def test_an_instant_without_a_zone_is_utc() -> None:
    assert instant("at", "2026-01-05T06:00") == datetime(2026, 1, 5, 6, tzinfo=UTC).timestamp() * 1e6
    assert instant("at", "2026-01-05T09:00+03:00") == instant("at", "2026-01-05T06:00Z")


@pytest.mark.parametrize("text", ["", "now", "-1", "2026-13-01", "1e3", "٣"])
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(Refused, match=r"^at: "):
        instant("at", text)
