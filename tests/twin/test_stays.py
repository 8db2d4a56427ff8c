"""How many parts were where, and what machines made of them, against the plainest way to count."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plant.messages import PartEvent
from twin.stays import AGAIN, REWORKED, SCRAPPED, WORKED, Lives, Outcomes, PartLog, Stays, Trips

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


JOURNEYS = st.dictionaries(st.sampled_from("pqr"), st.lists(INSTANT, max_size=6).map(sorted), max_size=3)


@given(JOURNEYS, st.randoms(use_true_random=False), st.data())
def test_trips_of_parts_that_come_again_in_any_order_of_arrival(journeys, dice, data) -> None:
    """A part sets out, arrives, sets out …; nothing says for which time."""
    facts = [(part, ts, place % 2) for part, instants in journeys.items() for place, ts in enumerate(instants)]
    lost = data.draw(st.sets(st.sampled_from(range(len(facts))), max_size=2) if facts else st.just(set()))
    for missing in (set(), lost):
        tables = []
        for shuffled in (False, True):
            kept = [fact for place, fact in enumerate(facts) if place not in missing]
            if shuffled:
                dice.shuffle(kept)
            trips = Trips()
            for part, ts, side in kept:
                (trips.end if side else trips.begin)([part], [ts])
            tables.append(trips)
        assert tables[0].canonical == tables[1].canonical
        assert all(tables[0].level(at) >= 0 for at in range(60))
        if not missing:
            for at in range(60):
                assert tables[0].level(at) == sum(sum(ts <= at for ts in told) % 2 for told in journeys.values())


BIRTHS = st.lists(
    st.tuples(st.lists(INSTANT, min_size=1, max_size=3), st.none() | INSTANT, st.none() | INSTANT), max_size=8
)


@given(BIRTHS, WINDOW, st.randoms(use_true_random=False))
def test_of_several_begins_of_a_life_the_earliest_counts_in_any_order_of_arrival(rows, window, dice) -> None:
    told = [("begin", part, ts, None) for part, (begins, *_) in enumerate(rows) for ts in begins]
    told += [
        ("end", part, max(end, *begins), since) for part, (begins, end, since) in enumerate(rows) if end is not None
    ]
    dice.shuffle(told)
    lives, plain = Lives(), Stays()
    for what, part, ts, since in told:
        if what == "begin":
            lives.begin([str(part)], [ts])
        else:
            lives.end([str(part)], [ts], [part % 2 == 0], [since])
    for part, (begins, end, since) in enumerate(rows):
        plain.begin([str(part)], [min(begins)])
        if end is not None:
            plain.end([str(part)], [max(end, *begins)], [part % 2 == 0], [since])
    assert lives.canonical == plain.canonical
    assert lives.completed(*window) == plain.completed(*window)
    assert lives.integral(*window) == plain.integral(*window)


@given(st.lists(st.tuples(INSTANT, INSTANT, st.none() | INSTANT), max_size=9), st.randoms(use_true_random=False))
def test_lengths_count_from_an_earlier_instant_if_one_is_told(rows, dice) -> None:
    facts = [(part, min(a, b), max(a, b), since) for part, (a, b, since) in enumerate(rows)]
    told = [(side, *fact) for fact in facts for side in (0, 1)]
    dice.shuffle(told)
    stays = Stays()
    for side, part, begin, end, since in told:
        if side:
            stays.end([str(part)], [end], [True], [since])
        else:
            stays.begin([str(part)], [begin])
    assert stays.completed(0, 60) == (len(facts), sum(b - (a if s is None else min(a, s)) for _, a, b, s in facts))


@given(STAYS, st.lists(INSTANT, min_size=2, max_size=5).map(sorted))
def test_integrals_add_up_whatever_the_cuts(rows, cuts) -> None:
    stays = filled(rows)
    assert sum(stays.integral(a, b) for a, b in pairwise(cuts)) == stays.integral(cuts[0], cuts[-1])


FATES = {"good": [], "bad": [SCRAPPED], "struck": [SCRAPPED], "back": [REWORKED], "both": [REWORKED, SCRAPPED]}
VISITS = st.lists(
    st.tuples(INSTANT, st.sampled_from([*FATES]), st.integers(0, 9), st.sampled_from([0, AGAIN]), st.integers(0, 2)),
    max_size=12,
)


@given(VISITS, WINDOW, st.randoms(use_true_random=False))
def test_a_part_is_booked_once_with_its_disposition(visits, window, dice) -> None:
    begin, end = window
    facts = []
    for part, (ts, fate, cycle, again, kind) in enumerate(visits):
        facts += [(ts, str(part), cycle, WORKED | again, kind)] if fate != "struck" else []
        facts += [(ts, str(part), None, verdict | again, kind) for verdict in FATES[fate]]
    tables = []
    for shuffled in (False, True):
        outcomes = Outcomes()
        if shuffled:
            dice.shuffle(facts)
        for ts, part, cycle, mark, kind in facts:
            if cycle is None:
                outcomes.judge(ts, part, mark, kind)
            else:
                outcomes.finish([ts], [part], [cycle], [mark], [kind])
        tables.append(outcomes)
    outcomes = tables[-1]
    assert tables[0].canonical == outcomes.canonical
    inside = [(fate, cycle, again, kind) for ts, fate, cycle, again, kind in visits if begin <= ts < end]
    assert outcomes.produced(begin, end) == len(inside)
    rows = outcomes.rows(begin, end)
    made = outcomes.made(rows)
    fates = [fate for fate, *_ in inside]
    assert (made.produced, made.good, made.reworked) == (len(inside), fates.count("good"), fates.count("back"))
    assert made.scrapped == len(inside) - fates.count("good") - fates.count("back")
    first = [fate for fate, _, again, _ in inside if not again]
    assert (made.first, made.passed) == (len(first), first.count("good"))
    kinds, good = [kind for *_, kind in inside], [kind for fate, *_, kind in inside if fate == "good"]
    assert sorted(outcomes.kinds(rows)) == sorted(kinds)
    prices = outcomes.kinds(rows).astype(np.int64) + 1
    assert outcomes.worth(rows, prices) == (sum(kinds) + len(kinds), sum(good) + len(good))
    worked = [cycle for fate, cycle, *_ in inside if fate != "struck"]
    assert sorted(outcomes.cycles(begin, end)) == sorted(worked)
    assert outcomes.cycle_sum(rows) == (len(worked), sum(worked))
    assert outcomes.good_instants(begin, end).tolist() == sorted(
        ts for ts, fate, *_ in visits if fate == "good" and begin <= ts < end
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
