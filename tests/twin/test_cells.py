"""Cells fill time without a gap, and hours and shifts are made of whole ones."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plant.periods import PERIODS
from plant.shifts import Calendar, Shift, at
from plant.time import DAY, DEFAULT_START, HOUR, MINUTE
from twin.cells import cells, periods
from twin.tables import CELL, NO_SHIFT

CLOCK = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
SHIFTS = st.lists(st.tuples(CLOCK, CLOCK), max_size=3).map(
    lambda ends: tuple(
        Shift.model_validate({"name": f"s{i}", "start": start, "end": end}) for i, (start, end) in enumerate(ends)
    )
)
ZONES = st.sampled_from(["UTC", "Europe/Rome"])
CALENDARS = st.builds(lambda zone, shifts: Calendar(zone=zone, shifts=shifts), ZONES, SHIFTS)
INSTANTS = st.integers(DEFAULT_START, DEFAULT_START + 3 * DAY)


@given(CALENDARS, INSTANTS, st.integers(0, 30 * HOUR))
def test_cells_fill_a_window_and_no_shift_changes_within_one(calendar, begin, length) -> None:
    found = cells(calendar, begin, begin + length)
    assert bool(found) == (length > 0)
    if not found:
        return
    assert found[0].begin <= begin < found[0].end
    assert found[-1].begin < begin + length <= found[-1].end
    assert all(one.end == other.begin for one, other in pairwise(found))
    for cell in found:
        assert cell.at == cell.begin < cell.end <= cell.begin + CELL
        assert cell.begin // CELL == (cell.end - 1) // CELL
        for instant in (cell.begin, cell.end - 1):
            assert cell.shift == (at(calendar, None, instant)[1] or NO_SHIFT)
    edges = {cell.begin for cell in found} | {found[-1].end}
    for sort in ("shift", "hour"):
        for period in PERIODS[sort](calendar, begin, begin + length):
            inside = [edge for edge in (period.begin, period.end) if found[0].begin <= edge <= found[-1].end]
            assert set(inside) <= edges, "a period is made of whole cells"


@given(CALENDARS, INSTANTS)
def test_cells_are_the_same_whatever_is_asked_for(calendar, begin) -> None:
    whole = cells(calendar, begin, begin + 2 * HOUR)
    assert [cell for one in whole for cell in cells(calendar, one.begin, one.end)] == whole


def test_a_cell_that_is_cut_keeps_its_instant() -> None:
    (cell,) = cells(Calendar(), DEFAULT_START, DEFAULT_START + 1)
    cut = cell.clipped(DEFAULT_START + MINUTE, DEFAULT_START + 3 * MINUTE)
    assert cut == (DEFAULT_START, DEFAULT_START + MINUTE, DEFAULT_START + 3 * MINUTE, NO_SHIFT)
    assert cell.clipped(0, DEFAULT_START - 1) == (DEFAULT_START, DEFAULT_START, DEFAULT_START, NO_SHIFT)


def test_without_shifts_a_day_is_a_period() -> None:
    (day,) = periods(Calendar(), DEFAULT_START + HOUR, DEFAULT_START + 2 * HOUR)
    assert (day.begin, day.end, day.shift) == (DEFAULT_START, DEFAULT_START + DAY, NO_SHIFT)
