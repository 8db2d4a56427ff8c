"""How many parts were where, and what machines made of them, against the plainest way to count."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plant.messages import PartEvent
from twin.stays import Outcomes, PartLog, Stays

INSTANT = st.integers(0, 50)
STAYS = st.lists(st.tuples(INSTANT, st.none() | INSTANT, st.booleans()), max_size=12).map(
    lambda rows: [(a, b if b is None else max(a, b), good) for a, b, good in rows]
)
WINDOW = st.tuples(INSTANT, INSTANT).map(sorted)


def filled(rows, order=None, orphans=0) -> Stays:
    stays = Stays()
    facts = [("begin", str(part), a, True) for part, (a, _, _) in enumerate(rows)]
    facts += [("end", str(part), b, good) for part, (_, b, good) in enumerate(rows) if b is not None]
    facts += [("end", f"orphan {i}", i, True) for i in range(orphans)]
    facts.sort(key=lambda fact: (fact[2], fact[0]))
    if order is not None:
        order.shuffle(facts)
    for what, part, ts, good in facts:
        stays.begin([part], [ts]) if what == "begin" else stays.end([part], [ts], [good])
    return stays


@given(STAYS, WINDOW, st.randoms(use_true_random=False), st.integers(0, 3))
def test_levels_integrals_and_lengths_in_any_order_of_arrival(rows, window, dice, orphans) -> None:
    begin, end = window
    stays = filled(rows, dice, orphans)
    levels = [sum(a <= at and (b is None or at < b) for a, b, _ in rows) for at in range(60)]
    assert [stays.level(at) for at in range(60)] == levels
    assert stays.integral(begin, end) == sum(levels[begin:end])
    assert stays.highest(begin, end) == max(levels[begin:end], default=levels[begin])
    ended = [b - a for a, b, good in rows if b is not None and good and begin <= b < end]
    assert stays.completed(begin, end) == (len(ended), sum(ended))
    assert stays.canonical == filled(rows, None, orphans).canonical


@given(STAYS, STAYS, st.randoms(use_true_random=False))
def test_many_at_once_are_booked_as_one_by_one(rows, more, dice) -> None:
    together, single = Stays(), filled([*rows, *more])
    numbered = list(enumerate([*rows, *more]))
    for batch in (numbered[: len(rows)], numbered[len(rows) :]):
        dice.shuffle(batch)
        ended = [(str(part), b, good) for part, (_, b, good) in batch if b is not None]
        if ended and dice.random() < 0.5:
            together.end(*(list(column) for column in zip(*ended, strict=True)))
            ended = []
        if batch:
            together.begin([str(part) for part, _ in batch], [row[0] for _, row in batch])
        if ended:
            together.end(*(list(column) for column in zip(*ended, strict=True)))
    assert together.canonical == single.canonical


@given(STAYS, st.lists(INSTANT, min_size=2, max_size=5).map(sorted))
def test_integrals_add_up_whatever_the_cuts(rows, cuts) -> None:
    stays = filled(rows)
    assert sum(stays.integral(a, b) for a, b in pairwise(cuts)) == stays.integral(cuts[0], cuts[-1])


VISITS = st.lists(st.tuples(INSTANT, st.sampled_from(["good", "bad", "struck"]), st.integers(0, 9)), max_size=12)


@given(VISITS, WINDOW, st.randoms(use_true_random=False))
def test_a_part_is_booked_once_with_its_disposition(visits, window, dice) -> None:
    begin, end = window
    facts = []
    for part, (ts, fate, cycle) in enumerate(visits):
        facts += [("finish", ts, str(part), cycle)] if fate != "struck" else []
        facts += [("scrap", ts, str(part), cycle)] if fate != "good" else []
    tables = []
    for shuffled in (False, True):
        outcomes = Outcomes()
        if shuffled:
            dice.shuffle(facts)
        for place, (what, ts, part, cycle) in enumerate(facts):
            outcomes.finish([ts], [part], [cycle]) if what == "finish" else outcomes.scrap(ts, part)
            if place % 3 == 0:
                outcomes.good_count(0, 60)  # what was settled has to be settled again
        tables.append(outcomes)
    outcomes = tables[-1]
    assert tables[0].canonical == outcomes.canonical
    inside = [(fate, cycle) for ts, fate, cycle in visits if begin <= ts < end]
    assert outcomes.produced(begin, end) == len(inside)
    assert outcomes.good_count(begin, end) == sum(fate == "good" for fate, _ in inside)
    worked = [cycle for fate, cycle in inside if fate != "struck"]
    assert sorted(outcomes.cycles(begin, end)) == sorted(worked)
    assert outcomes.cycle_sum(begin, end) == (len(worked), sum(worked))
    assert outcomes.good_instants(begin, end).tolist() == sorted(
        ts for ts, fate, _ in visits if fate == "good" and begin <= ts < end
    )


@given(st.lists(st.tuples(INSTANT, st.sampled_from(["started", "finished", "left"])), max_size=12), st.data())
def test_the_log_is_in_the_order_of_the_stream(rows, data) -> None:
    events = [
        PartEvent(run="r", session=1, seq=n, n=n, ts=ts, event=event, part=f"p{n}", product="p")
        for n, (ts, event) in enumerate(sorted(rows, key=lambda row: row[0]))
    ]
    mixed = data.draw(st.permutations(events))
    log, straight = PartLog(), PartLog()
    for event in mixed:
        log.extend([event])
    if events:
        straight.extend(events)
    assert log.canonical == straight.canonical
    assert straight.events(10, 40) == [(e.ts, e.event, e.part) for e in events if 10 <= e.ts < 40]
    for at in (0, 25, 50):
        before = [e for e in events if e.ts <= at]
        part = before[-1].part if before and before[-1].event != "left" else None
        assert straight.present(at) == (before[-1].ts if before else -1, part)
