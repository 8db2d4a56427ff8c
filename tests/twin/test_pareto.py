"""Why machines did not produce: the reasons add up to the waterfall, and stops count where they began."""

from dataclasses import replace
from itertools import pairwise

from hearing import START, A, Wire, hear, state, twin_of
from histories import BORDERS, MACHINES, PATHS, History, Stay, histories, plant, told
from hypothesis import given
from hypothesis import strategies as st

from plant.time import HOUR, MINUTE, SECOND
from twin.figures import Window, node_parts
from twin.pareto import STOPPED
from twin.waterfall import waterfall

BUCKETS = ("not_scheduled", "planned_stop", "unknown", "setup", "breakdown", "blocked", "starved", "waiting",
           "minor_stop")  # fmt: skip


def buckets(questions, path: str, begin: int, end: int) -> dict[str, int]:
    run = questions._run(None)
    line, thing = questions._find(run, path)
    return waterfall(node_parts(line, thing, Window(begin=begin, end=end, lost=run.missing_facts)))


@given(histories(parts=0), BORDERS, st.sets(st.sampled_from(MACHINES)), st.integers(0, 20))
def test_times_add_up_to_the_buckets_of_the_waterfall(history, cuts, silent, early) -> None:
    """Also of machines of which nothing is told, and where what was last told is older than the end."""
    history = replace(history, stays={node: stays for node, stays in history.stays.items() if node not in silent})
    heard = history.deliveries([early])
    questions = told(heard, plant(history.unit))
    for path in PATHS:
        for first, last in [*pairwise(cuts), (cuts[0], cuts[-1])]:
            begin, end = history.instant(first), history.instant(last)
            found = questions.pareto(path, begin, end)
            sums = dict.fromkeys(BUCKETS, 0)
            for row in found.rows:
                assert row.time_us == sum(machine.time_us for machine in row.machines)
                assert row.count == sum(machine.count for machine in row.machines)
                assert 0 <= row.lower_us <= row.time_us <= row.upper_us
                sums[row.bucket] += row.time_us
            there = buckets(questions, path, begin, end)
            assert sums == {name: there[name] for name in BUCKETS}
            assert found.unknown_us == there["unknown"]
            assert found.time_us == sum(sums.values())
            assert [row.time_us for row in found.rows] == sorted((row.time_us for row in found.rows), reverse=True)
            kpis = questions.kpis(path, begin, end, names=["minor_stop_count", "mtbf.usual"])
            minors = sum(row.count for row in found.rows if row.bucket == "minor_stop")
            assert minors == kpis["minor_stop_count"].parts["minor_stops"]
            if not there["unknown"]:
                failures = sum(row.count for row in found.rows if row.state == "failed")
                assert failures == kpis["mtbf.usual"].parts["FE"]


@given(histories(parts=0), BORDERS)
def test_windows_add_up_in_time_count_and_length(history, cuts) -> None:
    questions = told(history.deliveries(), plant(history.unit))

    def sums(first: int, last: int) -> dict[tuple, list[int]]:
        found: dict[tuple, list[int]] = {}
        for row in questions.pareto("main/line", history.instant(first), history.instant(last)).rows:
            for at, value in enumerate((row.time_us, row.count, row.length_us, row.open)):
                found.setdefault((row.bucket, row.state, row.reason), [0] * 4)[at] += value
        return {key: values for key, values in found.items() if any(values)}

    together: dict[tuple, list[int]] = {}
    for first, last in pairwise(cuts):
        for key, values in sums(first, last).items():
            together[key] = [a + b for a, b in zip(together.get(key, [0] * 4), values, strict=True)]
    assert together == sums(cuts[0], cuts[-1])


@given(histories(parts=0), st.sets(st.sampled_from(STOPPED), min_size=1))
def test_only_the_states_that_are_asked_for(history, states) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    begin, end = history.instant(0), history.instant(history.end)
    some, every = (questions.pareto("main/line", begin, end, states=chosen) for chosen in (states, STOPPED))
    assert [(r.bucket, r.state, r.reason, r.time_us) for r in some.rows] == [
        (r.bucket, r.state, r.reason, r.time_us) for r in every.rows if r.state in states
    ]
    if some.rows and some.time_us:
        assert some.rows[-1].cumulated == 1.0
        assert abs(sum(row.share for row in some.rows) - 1) < 1e-9


def single(*stays: Stay, end: int = 48) -> History:
    quiet = (Stay(0, "processing", ""),)
    return History(unit=SECOND, end=end, stays=dict.fromkeys(MACHINES, quiet) | {MACHINES[0]: stays})


def rows(history: History, first: int, last: int) -> list[tuple]:
    found = told(history.deliveries(), plant(history.unit)).pareto(
        "main/line/A", history.instant(first), history.instant(last)
    )
    return [(r.bucket, r.reason, r.time_us // SECOND, r.count, r.mean_s) for r in found.rows]


def test_a_part_without_a_reason_takes_the_first_one_told_in_its_stop() -> None:
    history = single(
        Stay(0, "processing", ""), Stay(4, "failed", ""), Stay(7, "failed", "jam"), Stay(9, "failed", "tool"),
        Stay(14, "processing", ""),
    )  # fmt: skip
    assert rows(history, 0, 48) == [("breakdown", "jam", 5, 1, 10.0), ("breakdown", "tool", 5, 0, None)]
    assert rows(history, 0, 6) == [("breakdown", "jam", 2, 1, 10.0)], "what is told later holds for it"
    assert rows(history, 6, 48) == [("breakdown", "tool", 5, 0, None), ("breakdown", "jam", 3, 0, None)]


def test_a_stop_is_minor_by_its_whole_length_and_goes_on_behind_a_break() -> None:
    history = single(
        Stay(0, "processing", ""), Stay(2, "failed", "jam"), Stay(4, "processing", ""), Stay(10, "failed", "jam"),
        Stay(12, "pause", ""), Stay(15, "failed", ""), Stay(17, "blocked", "B"),
    )  # fmt: skip
    assert rows(history, 0, 48) == [
        ("blocked", "B", 31, 1, 31.0), ("breakdown", "jam", 4, 1, 4.0), ("planned_stop", "", 3, 1, 3.0),
        ("minor_stop", "jam", 2, 1, 2.0),
    ]  # fmt: skip


def test_a_stretch_of_no_time_ends_no_stop() -> None:
    history = single(
        Stay(0, "processing", ""), Stay(4, "failed", "jam"), Stay(6, "blocked", ""), Stay(6, "failed", ""),
        Stay(8, "processing", ""),
    )  # fmt: skip
    assert rows(history, 0, 48) == [("minor_stop", "jam", 4, 1, 4.0)]


async def test_what_is_unknown_widens_every_row_and_a_stop_beside_it_is_open() -> None:
    wire = Wire()
    lost = wire.send((A, state(0, "processing")), (A, state(MINUTE, "failed", "jam")))
    wire.send((A, state(2 * MINUTE, "processing")))  # is lost
    lost += wire.send((A, state(HOUR, "starved", "")))
    async with twin_of() as twin:
        await hear(twin, [*lost, *wire.heartbeat(START + 2 * HOUR)])
        found = twin.pareto("main/line/A", START, START + 2 * HOUR)
    assert found.unknown_us == HOUR - MINUTE
    assert {row.state: (row.time_us, row.lower_us, row.upper_us) for row in found.rows} == {
        "starved": (HOUR, HOUR, 2 * HOUR - MINUTE),
        "unknown": (HOUR - MINUTE, 0, HOUR - MINUTE),
    }
    assert found.coverage == 1 - (HOUR - MINUTE) / (2 * HOUR)
