"""Clocks that step back: nothing is lost, nothing is put in another order than its own, and every step is counted."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from broker.shdr import Observation
from broker.steps import LATE, Steps, play
from plant.time import HOUR, SECOND

BASE = 1_659_965_838_000_000


def readings(*stamped: tuple[int, str]) -> list[Observation]:
    """One reading a line: microseconds after the base, and the item."""
    return [
        Observation(line=i, ts=BASE + at, device="", item=item, value=str(i))
        for i, (at, item) in enumerate(stamped, start=1)
    ]


def order(*stamped: tuple[int, str]) -> list[tuple[int, int]]:
    """Plant time after the base, and line, in the order in which they are played."""
    return [(ts - BASE, reading.line) for ts, reading in play(readings(*stamped)).readings]


STAMPED = st.lists(st.tuples(st.integers(0, 8 * SECOND), st.sampled_from("abc")), min_size=1, max_size=30)


@given(STAMPED)
def test_nothing_is_lost_and_no_item_ever_goes_back(stamped: list[tuple[int, str]]) -> None:
    given_ = readings(*stamped)
    played = play(given_)
    assert sorted(reading.line for _, reading in played.readings) == [reading.line for reading in given_]
    assert [ts for ts, _ in played.readings] == sorted(ts for ts, _ in played.readings)
    for item in "abc":
        own = [reading.line for _, reading in played.readings if reading.item == item]
        assert own == sorted(own)
    assert played.steps.back == sum(after.ts < before.ts for before, after in pairwise(given_))
    assert played.steps.largest == max([0, *(before.ts - after.ts for before, after in pairwise(given_))])
    assert played.steps.lines == len(given_)


@given(st.lists(st.tuples(st.integers(0, LATE), st.sampled_from("abc")), min_size=1, max_size=30))
def test_small_steps_keep_every_stamp_that_its_item_allows(stamped: list[tuple[int, str]]) -> None:
    played = play(readings(*stamped))
    moved = [reading for ts, reading in played.readings if ts != reading.ts]
    assert played.steps.set_back == 0
    assert len(moved) == played.steps.lifted
    for reading in moved:
        at = next(ts for ts, one in played.readings if one is reading)
        before = [one.ts for one in readings(*stamped) if one.item == reading.item and one.line < reading.line]
        assert at == max(before)  # the time of the one above, and no later


def test_a_slow_reader_is_put_where_its_stamp_is() -> None:
    assert order((0, "a"), (500, "b"), (300, "c"), (600, "a")) == [(0, 1), (300, 3), (500, 2), (600, 4)]


def test_lines_of_one_instant_stay_in_their_order() -> None:
    assert order((500, "a"), (100, "b"), (500, "b"), (500, "c")) == [(100, 2), (500, 1), (500, 3), (500, 4)]


def test_an_item_that_steps_back_waits_for_itself() -> None:
    assert order((500, "a"), (300, "a"), (400, "b")) == [(400, 3), (500, 1), (500, 2)]


def test_a_clock_that_is_set_back_goes_on_from_where_it_was() -> None:
    played = play(readings((2 * HOUR, "a"), (HOUR, "a"), (HOUR + 7, "b"), (HOUR + 9, "a")))
    assert [ts - BASE - 2 * HOUR for ts, _ in played.readings] == [0, 0, 7, 9]
    assert played.steps == Steps(lines=4, back=1, largest=HOUR, set_back=1)


def test_a_stamp_of_another_age_has_no_time() -> None:
    strange = Observation(line=4, ts=0, device="", item="a", value="x")
    played = play([*readings((0, "a"), (1, "a"), (2, "a")), strange])
    assert played.astray == (strange,)
    assert played.steps == Steps(lines=3)


def test_a_line_of_several_items_is_one_step() -> None:
    first, second = readings((500, "a"), (300, "b"))
    also = Observation(line=2, ts=second.ts, device="", item="c", value="")
    assert play([first, second, also]).steps == Steps(lines=2, back=1, largest=200)


def test_nothing_is_nothing() -> None:
    assert play([]).readings == ()
    assert Steps(back=1, largest=5) + Steps(back=2, largest=3) == Steps(back=3, largest=5)
