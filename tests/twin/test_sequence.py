"""Book-keeping of numbers: what is missing is a function of what has come, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from plant.messages import StateChange
from twin.sequence import DUPLICATE, HOLE, LATE, NEXT, START, Topic, Tracker

ARRIVALS = st.lists(st.integers(0, 12), min_size=1, max_size=30)


def observe(tracker: Tracker, seqs) -> list:
    return [tracker.observe(seq, seq, 10 * seq) for seq in seqs]


def message(seq: int) -> StateChange:
    return StateChange(run="r", session=1, seq=seq, n=seq, ts=10 * seq, state="off", reason="", since=0)


@given(ARRIVALS)
def test_gaps_are_the_numbers_between_that_never_came(seqs) -> None:
    tracker = Tracker()
    observe(tracker, seqs)
    seen = set(seqs)
    assert tracker.gaps == max(seen) - min(seen) + 1 - len(seen)
    assert tracker.received == len(seen)
    assert tracker.duplicates == len(seqs) - len(seen)
    assert all(tracker.seen(seq) == (seq in seen) for seq in range(14))
    missing = {seq for hole in tracker.holes for seq in range(hole.first, hole.last + 1)}
    assert missing == set(range(min(seen), max(seen))) - seen


@given(ARRIVALS, st.integers(0, 14))
def test_a_session_heard_from_its_beginning_lacks_its_head_and_its_tail(seqs, last) -> None:
    seen = set(seqs)
    expected = set(range(max(last, *seen) + 1)) - seen
    early, late = Tracker(complete=True), Tracker()
    observe(early, seqs)
    observe(late, seqs)
    late.complete(0)
    for tracker in (early, late):
        tracker.claim(last, 1000)
        assert tracker.gaps == len(expected)


@given(ARRIVALS)
def test_a_hole_says_when_its_messages_happened(seqs) -> None:
    tracker = Tracker()
    observe(tracker, seqs)
    for hole in tracker.holes:
        assert hole.after <= 10 * hole.first
        assert 10 * hole.last <= hole.before
        assert tracker.missing(hole.after, hole.before + 1) >= hole.last - hole.first + 1


@given(st.lists(ARRIVALS, min_size=1, max_size=5), st.booleans())
def test_many_at_once_are_booked_as_one_by_one(batches, complete) -> None:
    single, together = Tracker(complete=complete), Tracker(complete=complete)
    for seqs in batches:
        fresh = [seq for seq in seqs if single.observe(seq, seq, 10 * seq) is not DUPLICATE]
        assert [m.seq for m in together.observe_all([message(seq) for seq in seqs])] == fresh
    for field in Tracker.__slots__:
        assert getattr(single, field) == getattr(together, field), field


def test_what_an_arrival_means() -> None:
    tracker = Tracker()
    assert observe(tracker, [5, 6, 9, 7, 7, 9, 8]) == [START, NEXT, HOLE, LATE, DUPLICATE, DUPLICATE, LATE]
    assert tracker.gaps == 0


def test_a_heartbeat_shows_a_lost_tail_and_no_gap_where_the_hearing_began() -> None:
    topic = Topic(born={})
    tracker = topic.tracker(1)
    tracker.claim(41, 1000)
    assert tracker.gaps == 0
    observe(tracker, [42])
    tracker.claim(44, 2000)
    assert tracker.gaps == 2
    assert tracker.missing(1500, 1600) == 2
    assert tracker.missing(2001, 3000) == 0


def test_between_sessions_nobody_knows_unless_a_birth_tells_the_last_number() -> None:
    topic = Topic(born={2: 1000})
    observe(topic.tracker(1), [0, 1])
    topic.tracker(2).observe(0, 0, 1000)
    assert topic.missing(0, 5) == 0
    assert topic.missing(0, 2000) is None
    topic.tracker(1).claim(3, 1000, final=True)
    assert topic.missing(0, 2000) == 2
