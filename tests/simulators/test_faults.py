"""Laws of faults in time: pure functions of the instant, of one machine each, and of nothing else."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.occurrences import NEVER
from plant.time import HOUR, MINUTE, SECOND
from simulators.faults import announced, befalling, courses

SECONDS = st.integers(1, 90).map(lambda s: f"{s} s")
TIMES = st.one_of(SECONDS, SECONDS.map(lambda s: f"exponential({s})"), SECONDS.map(lambda s: f"uniform(0 s, {s})"))
PLACES = st.sampled_from(["l", "l/A", "l/A/1", "l/A/2", "l/B"])
UNTIL = 10 * MINUTE


@st.composite
def faults(draw):
    fault = {"process": draw(st.sampled_from(["x", "y"])), "on": draw(PLACES)}
    fault |= draw(st.sampled_from([{}, {"at": "30 s"}, {"every": "E"}]))
    if "every" in fault:
        fault["every"] = draw(TIMES)
    fault |= {"for": draw(TIMES)} if draw(st.booleans()) else {}
    return fault | {"growth": draw(st.sampled_from(["0 s", "20 s"])), "severity": draw(st.sampled_from([1, "40 %"]))}


TYPES = {"faulty": {"like": "machine", "faults": {"x": {"title": "X"}, "y": {"title": "Y"}}}}


def plant(entries, machines: int = 2) -> Plant:
    stations = [
        {"name": "A", "type": "faulty", "cycle_time": "9 s", "machines": machines},
        {"name": "B", "type": "faulty", "cycle_time": "9 s"},
    ]
    lines = [{"name": "l", "stations": stations}]
    return Plant.model_validate({"plant": "p", "machine_types": TYPES, "lines": lines, "faults": entries})


def of(described: Plant, station: str = "A", machine: int = 1, seed: int = 1):
    return befalling(described, "l", station, machine, seed)


@settings(max_examples=30)
@given(entries=st.lists(faults(), min_size=1, max_size=4), step=st.sampled_from([1, 7, 13]), seed=st.integers(1, 99))
def test_severity_is_a_function_of_the_instant_alone(entries, step, seed) -> None:
    """Whoever asks first, whatever the grid and the order of questions: the same value at the same instant."""
    described = plant(entries)
    grid = np.arange(0, UNTIL, step * SECOND, dtype=np.int64)
    for name, course in courses(of(described, seed=seed)).items():
        whole = course.severity(grid)
        again = courses(of(described, seed=seed))[name]
        assert [again.at(int(time)) for time in grid[::-1][:40]] == whole[::-1][:40].tolist()
        cut = len(grid) // 3
        assert np.concatenate([again.severity(grid[:cut]), again.severity(grid[cut:])]).tolist() == whole.tolist()
        assert ((whole >= 0) & (whole <= 1)).all()


@settings(max_examples=30)
@given(entries=st.lists(faults(), min_size=1, max_size=3))
def test_other_machines_change_nothing(entries) -> None:
    grid = np.arange(0, UNTIL, SECOND, dtype=np.int64)
    entries = [entry for entry in entries if entry["on"] != "l/A/2"]
    few, many = plant(entries, machines=1), plant(entries, machines=5)
    for name, course in courses(of(few)).items():
        assert (courses(of(many))[name].severity(grid) == course.severity(grid)).all()


@settings(max_examples=30)
@given(entries=st.lists(faults(), min_size=1, max_size=4))
def test_intervals_are_in_order_apart_and_where_the_severity_is(entries) -> None:
    for one in of(plant(entries)):
        known = one.occurrences.between(0, UNTIL)
        assert all(begin < end for begin, end in known)
        assert all(end <= begin for (_, end), (begin, _) in zip(known, known[1:], strict=False))
        for begin, end in known[:5]:
            assert one.occurrences.at(begin) == (begin, end)
            assert end == NEVER or one.occurrences.at(end) != (begin, end)
        changes = list(islice(one.occurrences.changes(0), 6))
        assert changes == [t for pair in one.occurrences.before(HOUR) for t in pair if 0 < t < NEVER][:6]


@settings(max_examples=30)
@given(entries=st.lists(faults(), min_size=1, max_size=3))
def test_between_its_changes_severity_is_even(entries) -> None:
    """It jumps and bends at the instants that `changes` tells, and nowhere else."""
    for course in courses(of(plant(entries))).values():
        kinks = [0, *(t for t in islice(course.changes(0), 12) if t < UNTIL)]
        for begin, end in zip(kinks, kinks[1:], strict=False):
            if end - begin > 4:
                a, b, c = course.severity(np.array([begin, (begin + end) // 2, end - 1], dtype=np.int64))
                assert b == pytest.approx((a + c) / 2, abs=1e-5) or len(entries) > 1


def test_the_strongest_of_several_counts_and_grows_evenly() -> None:
    described = plant(
        [
            {"process": "x", "on": "l/A", "at": "10 s", "growth": "20 s", "for": "60 s"},
            {"process": "x", "on": "l", "at": "0 s", "severity": "30 %"},
        ]
    )
    course = courses(of(described))["x"]
    seconds = {0: 0.3, 10: 0.3, 16: 0.3, 20: 0.5, 30: 1.0, 69: 1.0, 70: 0.3, 999: 0.3}
    assert {s: course.at(s * SECOND) for s in seconds} == pytest.approx(seconds)
    assert list(course.changes(0)) == [10 * SECOND, 30 * SECOND, 70 * SECOND]
    assert courses(of(described, "B"))["x"].at(20 * SECOND) == 0.3


def test_two_entries_of_one_name_come_at_times_of_their_own() -> None:
    entry = {"process": "x", "on": "l/A", "every": "exponential(60 s)", "for": "5 s"}
    first, second = of(plant([entry, entry]))
    assert first.occurrences.between(0, HOUR) != second.occurrences.between(0, HOUR)
    (alone,) = of(plant([entry]))
    assert alone.occurrences.between(0, HOUR) == first.occurrences.between(0, HOUR)


def test_a_random_fault_is_there_as_long_as_its_means_say() -> None:
    """Renewals with mean 60 s and 20 s: a quarter of the time, within 4 standard errors of 2000 cycles."""
    entry = {"process": "x", "on": "l/A", "every": "exponential(60 s)", "for": "exponential(20 s)"}
    (one,) = of(plant([entry]))
    known = one.occurrences.before(2000 * 80 * SECOND)
    lengths = np.array([end - begin for begin, end in known])
    assert abs(lengths.mean() / SECOND - 20) < 4 * 20 / len(lengths) ** 0.5
    assert abs(lengths.sum() / known[-1][1] - 0.25) < 0.02


def test_what_announces_a_failure_grows_in_the_last_share_of_the_time() -> None:
    assert [announced(used, 0.3) for used in (0, 0.7, 0.85, 1)] == pytest.approx([0, 0, 0.5, 1])
