"""The segment algebra: windows add up whatever the cuts, and a run is what its whole length makes it (property 3)."""

from functools import reduce
from itertools import pairwise, product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.closing import Beyond, beyond, close
from twin.segment import (
    FAILED,
    MINOR,
    UNCLASSIFIED,
    UNKNOWN,
    Key,
    Rule,
    Segment,
    add,
    empty,
    merge,
    segment,
)

STATES = ("processing", FAILED, "blocked", UNKNOWN)
RULE = Rule(limit=10)
LENGTHS = st.one_of(st.integers(0, 4), st.integers(5, 15), st.integers(30, 200))
KEYS = st.sampled_from([Key(*each) for each in product(STATES, ("", "jam", "tool"), ("", "o1"))])


@st.composite
def days(draw: st.DrawFn, unit: str = "m") -> tuple[Segment, list[tuple[int, int, Key]]]:
    """A unit over a window: stretches of any length, also none at all, and of one state side by side."""
    lengths = draw(st.lists(LENGTHS, min_size=1, max_size=12))
    borders = [sum(lengths[:i]) for i in range(len(lengths) + 1)]
    stretches = [(a, b, draw(KEYS)) for a, b in pairwise(borders)]
    return segment(unit, stretches, (0, borders[-1]), rule=RULE), stretches


def cut(unit, stretches, borders) -> list[Segment]:
    return [segment(unit, stretches, (a, b), rule=RULE, counts={"PQ": b - a}) for a, b in pairwise(borders)]


def cuts(data, end: int) -> list[int]:
    """Borders of a window: any, equal ones and those of events among them."""
    return [0, *sorted(data.draw(st.lists(st.integers(0, end), max_size=6))), end]


def some_tree(data, pieces: list[Segment]) -> Segment:
    """The merge of neighbours in any order."""
    pieces = list(pieces)
    while len(pieces) > 1:
        at = data.draw(st.integers(0, len(pieces) - 2))
        pieces[at : at + 2] = [merge(pieces[at], pieces[at + 1])]
    return pieces[0]


@given(days(), st.data())
def test_r1_any_cuts_and_any_merge_tree_give_the_same_segment(day, data) -> None:  # R1
    whole, stretches = day
    pieces = cut("m", stretches, cuts(data, whole.end))
    one, other = some_tree(data, pieces), some_tree(data, pieces)
    assert one == other
    encoded = [msgspec.json.encode(each.canonical) for each in (one, other)]
    assert encoded[0] == encoded[1]
    assert (one.units, one.closed_time, one.closed_count, one.time) == (
        whole.units, whole.closed_time, whole.closed_count, whole.time,
    )  # fmt: skip
    assert close(one) == close(whole)
    assert sum(one.time.values()) == one.counts.get("PQ", 0) == whole.end - whole.begin


@given(days(), st.data())
def test_the_segment_of_a_point_changes_nothing(day, data) -> None:
    whole, stretches = day
    for piece in cut("m", stretches, cuts(data, whole.end)):
        assert merge(empty(piece.begin, RULE), piece) == piece == merge(piece, empty(piece.end, RULE))


def test_a_stop_whose_begin_nobody_knows_has_no_class_in_any_hour() -> None:
    stretches = [(0, 5, Key(FAILED)), (5, 6, Key("processing"))]
    first, second = cut("m", stretches, [0, 1, 6])
    assert close(merge(first, second)).time_in(UNCLASSIFIED) == 5
    assert close(second, beyond(first, None)).time_in(UNCLASSIFIED) == 4


@given(days(), st.data())
def test_hours_closed_with_their_neighbours_add_up_to_the_day(day, data) -> None:
    whole, stretches = day
    hours = cut("m", stretches, cuts(data, whole.end))
    times, counts, restored, restoration = {}, {}, 0, 0
    for at, hour in enumerate(hours):
        before = reduce(merge, hours[:at]) if at else None
        after = reduce(merge, hours[at + 1 :]) if at + 1 < len(hours) else None
        told = close(hour, beyond(before, after))
        for total, each in ((times, told.time), (counts, told.count)):
            for key, value in each.items():
                total[key] = total.get(key, 0) + value
        restored, restoration = restored + told.restored, restoration + told.restoration
        assert sum(told.time.values()) == hour.end - hour.begin
    expected = close(whole)
    assert (times, counts) == (expected.time, expected.count)
    assert (restored, restoration) == (expected.restored, expected.restoration)


@st.composite
def two_units(draw: st.DrawFn) -> tuple[list, list]:
    a, b = draw(days()), draw(days())
    end = min(a[0].end, b[0].end)
    return [a[1], b[1]], [0, draw(st.integers(0, end)), end]


@given(two_units())
def test_merge_and_add_exchange(units) -> None:
    (first, second), borders = units
    a, c = cut("a", first, borders)
    b, d = cut("b", second, borders)
    assert merge(add(a, b), add(c, d)) == add(merge(a, c), merge(b, d)) if a.units and c.units else True
    assert add(a, b) == add(b, a)


@given(days())
def test_what_a_run_is_depends_on_all_of_it_and_on_nothing_else(day) -> None:
    whole, stretches = day
    runs: list[list] = []
    for a, b, key in stretches:
        if a == b:
            continue
        if runs and runs[-1][0] == key.state:
            runs[-1][1] += b - a
        else:
            runs.append([key.state, b - a])
    told = close(whole, Beyond(before={"m": _other}, after={"m": _other}))
    minor, unclassified = 0, 0
    for at, (state, length) in enumerate(runs):
        beside = {runs[i][0] for i in (at - 1, at + 1) if 0 <= i < len(runs)}
        if state == FAILED and length < RULE.limit:
            minor += UNKNOWN not in beside
            unclassified += UNKNOWN in beside
    assert (told.count_of(MINOR), told.count_of(UNCLASSIFIED)) == (minor, unclassified)
    assert told.count_of(FAILED) + minor + unclassified == sum(state == FAILED for state, _ in runs)


_other = next(iter(segment("x", [(0, 1, Key("off"))], (0, 1), rule=RULE).units.values())).first


def test_a_reason_typed_late_holds_for_the_part_of_the_stop_without_one() -> None:
    stretches = [
        (0, 100, Key("processing")),
        (100, 105, Key(FAILED)),
        (105, 130, Key(FAILED, "jam", "o1")),
        (130, 140, Key(FAILED, "tool", "o2")),
        (140, 200, Key("processing")),
    ]
    early, late = cut("m", stretches, [0, 103, 200])
    alone = close(early)
    assert alone.time[UNCLASSIFIED, Key(FAILED)] == 3
    assert alone.open == {("m", "first"), ("m", "last")}
    told = close(merge(early, late))
    assert told.time[FAILED, Key(FAILED, "jam")] == 5
    assert told.time[FAILED, Key(FAILED, "jam", "o1")] == 25
    assert told.time[FAILED, Key(FAILED, "tool", "o2")] == 10
    assert told.count == {
        ("processing", Key("processing")): 2,
        (FAILED, Key(FAILED, "jam")): 1,
    }
    assert close(early, beyond(None, late)).time[FAILED, Key(FAILED, "jam")] == 3


def test_a_short_stop_beside_the_unknown_has_no_class_a_long_one_has() -> None:
    stretches = [
        (0, 9, Key(FAILED)), (9, 20, Key(UNKNOWN)), (20, 30, Key(FAILED)), (30, 40, Key("off")), (40, 49, Key(FAILED)),
        (49, 60, Key("off")),
    ]  # fmt: skip
    told = close(segment("m", stretches, (0, 60), rule=RULE), Beyond(before={"m": _other}))
    assert (told.time_in(UNCLASSIFIED), told.time_in(FAILED), told.time_in(MINOR)) == (9, 10, 9)
    assert (told.restored, told.restoration) == (2, 19), "nobody saw the first one end"


def test_r19_a_stop_may_last_longer_than_a_day() -> None:  # R19
    day = 24 * 3600 * 1_000_000
    stretches = [(0, day // 2, Key("processing")), (day // 2, 3 * day, Key(FAILED)), (3 * day, 4 * day, Key("off"))]
    days = cut("m", stretches, [0, day, 2 * day, 3 * day, 4 * day])
    middle = close(days[1], beyond(days[0], merge(days[2], days[3])))
    assert (middle.time_in(FAILED), middle.count_of(FAILED), middle.restored) == (day, 0, 0)
    last = close(days[3], beyond(reduce(merge, days[:3]), None))
    assert (last.restored, last.restoration) == (1, 5 * day // 2)


def test_what_does_not_fit_together_is_refused() -> None:
    a, b, c = (
        segment(unit, [(0, 9, Key("off"))], window) for unit, window in (("a", (0, 4)), ("a", (5, 9)), ("b", (4, 9)))
    )
    with pytest.raises(ValueError, match="meet"):
        merge(a, b)
    with pytest.raises(ValueError, match="different units"):
        merge(a, c)
    with pytest.raises(ValueError, match="different times"):
        add(a, c)
    with pytest.raises(ValueError, match="count twice"):
        add(a, a)
    with pytest.raises(ValueError, match="the window at 10"):
        segment("a", [(0, 9, Key("off"))], (0, 10))
