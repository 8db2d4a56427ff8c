"""A part is worth what was planned when its cycle began, whatever birth documents say afterwards."""

from hypothesis import given
from hypothesis import strategies as st

from plant.messages import Meta, PartEvent
from twin.plan import Plan
from twin.stays import Outcomes, PartLog

DESCRIBED = 1000
OWN = 7
BIRTHS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([None, 10, 20, 30])), max_size=5)
CYCLES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12), st.integers(1, 3), st.booleans()), max_size=12)


@given(BIRTHS, CYCLES, st.integers(0, 60), st.integers(0, 60), st.randoms(use_true_random=False))
def test_a_part_has_the_price_of_the_instant_when_its_cycle_began(births, cycles, one, other, dice) -> None:
    told = [Meta(run="r", session=1, seq=n, n=n, ts=ts, schema="1.0", type="machine", ideal_cycle_us=cycle)
            for n, (ts, cycle) in enumerate(births)]  # fmt: skip
    plan, log, outcomes = Plan(DESCRIBED, [None, OWN]), PartLog(), Outcomes()
    for m in dice.sample(told, len(told)):
        plan.extend([m])
    now, events, done = 0, [], []
    for batch, (idle, work, size, own) in enumerate(cycles):
        parts = [f"{batch}-{i}" for i in range(size)]
        start, finish = now + idle, now + idle + work
        events += [(start, "started", part) for part in parts] + [(finish, "finished", part) for part in parts]
        events += [(finish, "left", part) for part in parts]
        done += [(start, finish, part, 2 if own else 1) for part in parts]
        now = finish
    log_of = [PartEvent(run="r", session=1, seq=n, n=n, ts=ts, event=event, part=part, product="")
              for n, (ts, event, part) in enumerate(events)]  # fmt: skip
    for m in dice.sample(log_of, len(log_of)):
        log.extend([m])
    for _, finish, part, kind in dice.sample(done, len(done)):
        outcomes.finish([finish], [part], [1], None, [kind])
    in_turn = sorted(told, key=lambda m: (m.ts, m.n))

    def price(start: int, kind: int) -> int:
        before = [m for m in in_turn if m.ts <= start] or in_turn[:1]
        return OWN if kind == 2 else (before[-1].ideal_cycle_us or DESCRIBED) if before else DESCRIBED

    begin, end = sorted((one, other))
    rows = outcomes.rows(begin, end)
    found = dict(zip(outcomes.parts[rows], plan.prices(outcomes, log, rows).tolist(), strict=True))
    assert found == {part: price(start, kind) for start, finish, part, kind in done if begin <= finish < end}
    assert all(value <= plan.highest for value in found.values())


def test_births_that_repeat_what_is_planned_are_no_new_version() -> None:
    plan = Plan(DESCRIBED, [])
    for n in range(3):
        plan.extend([Meta(run="r", session=n + 1, seq=0, n=0, ts=n, schema="1.0", type="machine", ideal_cycle_us=50)])
    assert plan.constant == plan.newest == plan.highest == 50
