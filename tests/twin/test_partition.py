"""Overlapping reasons become a partition: no time counts twice (property 14)."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from twin.partition import Reason, partition, time_of

WINDOW = (10, 60)
INSTANTS = st.integers(0, 70)
NAMES = st.sampled_from(("jam", "operator", "ticket"))


@st.composite
def claims(draw: st.DrawFn) -> list[Reason]:
    begins = draw(st.lists(INSTANTS, max_size=7))
    return [
        Reason(begin=b, end=b + draw(st.integers(0, 30)), name=draw(NAMES), priority=draw(st.integers(0, 2)), id=n)
        for n, b in enumerate(begins)
    ]


@given(claims())
def test_r6_its_pieces_follow_each_other_and_add_up_to_the_window(reasons) -> None:  # R6
    pieces = partition(reasons, *WINDOW)
    assert [piece.begin for piece in pieces] + [60] == [10, *(piece.end for piece in pieces)]
    assert sum(time_of(pieces).values()) <= 50
    for piece in pieces:
        at = piece.begin
        there = {reason for reason in reasons if reason.begin <= at < reason.end}
        assert there == ({piece.reason} if piece.reason else set()) | set(piece.overridden)
        assert all(piece.reason.rank >= other.rank for other in there)


@given(claims(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_changes_nothing(reasons, dice) -> None:
    mixed = list(reasons)
    dice.shuffle(mixed)
    assert partition(mixed, *WINDOW) == partition(reasons, *WINDOW)


@given(claims(), st.data())
def test_r5_a_reason_inside_one_of_a_higher_priority_changes_no_time(reasons, data) -> None:  # R5
    begin = data.draw(st.integers(10, 40))
    outer = Reason(begin=begin, end=begin + 20, name="mechanical", priority=9, id=100)
    inner = Reason(begin=begin + 5, end=begin + data.draw(st.integers(5, 15)), name="operator", priority=3, id=101)
    before, after = partition([*reasons, outer], *WINDOW), partition([*reasons, outer, inner], *WINDOW)
    assert time_of(before) == time_of(after)
    if inner.begin < inner.end:
        assert any(inner in piece.overridden for piece in after), "what lost is kept as evidence"


@given(claims(), st.integers(10, 60))
def test_a_cut_of_the_window_changes_no_time(reasons, at) -> None:
    halves = [*partition(reasons, 10, at), *partition(reasons, at, 60)]
    assert time_of(halves) == time_of(partition(reasons, *WINDOW))


def test_at_equal_priority_the_later_start_wins_then_the_higher_event() -> None:
    early = Reason(begin=0, end=50, name="jam", priority=1, id=1)
    late = Reason(begin=20, end=40, name="operator", priority=1, id=0)
    twin = replace(late, name="ticket", id=2)
    assert time_of(partition([early, late], *WINDOW)) == {"jam": 20, "operator": 20}
    assert time_of(partition([early, late, twin], *WINDOW)) == {"jam": 20, "ticket": 20}
