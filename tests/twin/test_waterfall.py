"""The loss waterfall telescopes from calendar time to productive time, and the families of OEE are cuts of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.accounts import STATES
from twin.catalogue import CATALOGUE
from twin.kpis import evaluate, pool
from twin.profile import ISO
from twin.waterfall import BUCKETS, FAMILIES, SUMS, TIMES, cut, elements, waterfall

TIME = st.integers(0, 10**7)


@st.composite
def windows(draw: st.DrawFn) -> dict[str, int]:
    """Parts of a unit in a window; planned run times may be too slow."""
    parts = ISO.elements(draw(st.lists(TIME, min_size=len(STATES), max_size=len(STATES))))
    minor = draw(st.integers(0, parts["breakdown"]))
    parts |= {"minor_stop": minor, "breakdown": parts["breakdown"] - minor}
    made, ideal = draw(st.integers(0, 20)), draw(st.integers(1, 10**6))
    good = draw(st.integers(0, made))
    return {**parts, "PQ": made, "GQ": good, "PRI_PQ": made * ideal, "PRI_GQ": good * ideal}


@given(windows())
def test_it_telescopes_exactly(parts) -> None:
    buckets = waterfall(parts)
    assert tuple(buckets) == BUCKETS
    assert sum(buckets.values()) == parts["window"]
    left = parts["window"]
    rungs = {
        "not_scheduled": "POT", "planned_stop": "PBT", "setup": "AUBT − AUST", "idle": "APT", "speed_loss": "PRI_PQ",
        "quality_loss": "PRI_GQ",
    }  # fmt: skip
    known = {**parts, "AUBT − AUST": parts["AUBT"] - parts["AUST"]}
    for bucket in BUCKETS[:-1]:
        left -= buckets[bucket]
        if bucket in rungs:
            assert left == known[rungs[bucket]], bucket
    assert left == buckets["productive"]
    assert all(type(value) is int for value in buckets.values())


@given(windows())
def test_families_differ_in_their_denominators_and_agree_with_the_catalogue(parts) -> None:
    buckets = waterfall(parts)
    for name in ("oee", "ooe", "teep", "loss.breakdown", "loss.setup", "loss.speed", "loss.quality"):
        row, family = CATALOGUE[name], FAMILIES[name]
        assert row.fraction(parts) == cut(buckets, family.numerator, family.denominator), name
    stops = cut(buckets, FAMILIES["loss.stops"].numerator, FAMILIES["loss.stops"].denominator)
    assert stops[0] == parts["ADET"] - parts["breakdown"]


@given(windows())
def test_oee_and_the_losses_are_all_of_the_planned_busy_time(parts) -> None:
    if parts["PBT"]:
        losses = [evaluate(row, parts).value for id_, row in CATALOGUE.items() if id_.startswith("loss.")]
        oee = evaluate(CATALOGUE["oee"], parts).value
        assert sum(losses) + oee + parts["UNK"] / parts["PBT"] == pytest.approx(1)


@given(windows(), windows())
def test_the_waterfall_of_a_pool_is_the_sum_of_waterfalls(one, other) -> None:
    together = waterfall(pool([one, other]))
    assert together == {name: waterfall(one)[name] + waterfall(other)[name] for name in BUCKETS}


def test_every_sum_counts_times_that_there_are_and_each_once() -> None:
    assert all(counted <= set(TIMES) for counted in SUMS.values())
    once = elements(dict.fromkeys(TIMES, 1))
    assert once == {name: len(counted) for name, counted in SUMS.items()}
    assert once["T_B"] == once["T_N"] + once["T_O"] + once["T_T"] + once["T_W"] + once["UNK"]


def test_r7_time_outside_of_shifts_is_no_stop() -> None:  # R7
    parts = ISO.elements([3600 if state == "off" else 0 for state in STATES])
    assert (parts["NST"], parts["UNK"], parts["ADET"], parts["PBT"]) == (3600, 0, 0, 0)
