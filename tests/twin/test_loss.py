"""With losses on the way the twin says what is missing, and the truth is never outside its bounds."""

import asyncio
from itertools import pairwise

from hearing import START, hear, simulated, spoiled, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.time import SECOND

PATHS = ("main/line", "main/line/A", "main/line/B", "main/line/B/1", "main/line/C")
UNTIL = 60 * SECOND


async def told(deliveries, windows):
    async with twin_of() as twin:
        await hear(twin, deliveries)
        kpis = {(path, w): twin.kpis(path, START + w[0], START + w[1]) for path in PATHS for w in windows}
        return twin.counters(), kpis


@given(
    seed=st.integers(1, 5),
    spoil=st.integers(0, 10**6),
    loss=st.sampled_from([0.0, 0.01, 0.1, 0.5]),
    cuts=st.lists(st.integers(0, UNTIL), min_size=2, max_size=3, unique=True).map(sorted),
)
@settings(max_examples=40)
def test_counters_equal_what_was_injected_and_bounds_hold_the_truth(seed, spoil, loss, cuts) -> None:
    windows = [(0, UNTIL), *pairwise(cuts)]
    deliveries = simulated(seed=seed, until=UNTIL)
    births = [d for d in deliveries if d.topic.endswith(("A/meta", "A/state"))][:2]
    rest = [d for d in deliveries if d not in births]
    arriving, lost, repeated = spoiled(rest, spoil, loss=loss, twice=loss, far=5)
    _, truth = asyncio.run(told(deliveries, windows))
    counters, kpis = asyncio.run(told([*births, *arriving], windows))
    assert counters.gaps == lost
    assert counters.duplicates == repeated
    assert counters.dead_letters == {}
    for place, values in kpis.items():
        for name, value in values.items():
            true = truth[place][name].value
            assert value.coverage <= 1
            if true is None:
                continue
            assert value.lower is None or value.lower <= true + abs(true) * 1e-12, (place, name, value, true)
            assert value.upper is None or true - abs(true) * 1e-12 <= value.upper, (place, name, value, true)
            if not lost:
                assert value == truth[place][name]
