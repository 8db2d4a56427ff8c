"""Operators: who gets them, and for how long (rule 31)."""

from typing import Any

import pytest

from plant.description import Plant
from tests.simulators.building import S, described, run, times

SHIFTS = [{"name": "a", "start": "00:00", "end": "00:01"}, {"name": "b", "start": "00:01", "end": "12:00"}]
NEED = {"pool": "p", "for": ["process"]}


def entries(*stations: dict[str, Any], pool: dict[str, Any] | None = None, **plant: Any) -> Plant:
    """Stations beside each other that need the same operators for work."""
    beside = [{"operators": [NEED], "next": [{"to": "out"}], **station} for station in stations]
    return described(beside, operators=[{"pool": "p", "count": 1, **(pool or {})}], **plant)


@pytest.mark.parametrize(("priority", "first"), [(1, "C"), (5, "B"), (9, "B")])
def test_requests_go_by_priority_and_then_by_age(priority: int, first: str) -> None:
    """A has the operator until 10; B asks at 1 with the usual priority of 5, C at 2."""
    c = {"cycle_time": 5, "arrivals": "every 2 s", "operators": [{**NEED, "priority": priority}]}
    simulation = run(entries({"cycle_time": 10}, {"cycle_time": 5, "arrivals": "every 1 s"}, c), 11 * S)
    assert [name for name in "BC" if times(simulation, name, "start")[0] is not None] == [first]
    assert times(simulation, first, "start")[0] == 10


def test_an_operator_finishes_a_task_before_going_to_a_more_urgent_one() -> None:
    urgent = {"cycle_time": 1, "arrivals": "every 3 s", "operators": [{**NEED, "priority": 1}]}
    assert times(run(entries({"cycle_time": 10}, urgent), 11 * S), "B", "start")[0] == 10


def test_the_end_of_a_shift_sends_the_operator_to_those_who_work_on() -> None:
    """A pauses at 60, B works in both shifts and has waited since 10."""
    station = {"cycle_time": 100, "shifts": ["a"], "at_shift_end": "pause"}
    plant = entries(station, {"cycle_time": 5, "arrivals": "every 10 s"}, shifts=SHIFTS)
    assert times(run(plant, 61 * S), "B", "start")[0] == 60


def test_an_operator_whose_shift_ends_finishes_the_task() -> None:
    """The operator works to 60, the machine all day: the operation ends at 100, and nobody is there for the next."""
    simulation = run(entries({"cycle_time": 100}, pool={"shifts": ["a"]}, shifts=SHIFTS), 200 * S)
    assert times(simulation, "A", "finish") == [100, None]
    assert times(simulation, "A", "start") == [0, None]


def test_who_stands_at_the_machine_already_is_sent_first() -> None:
    """B's part at 2 has the first operator, who walks to A at 3; at 8 both are free, and the other one is at B."""
    short = {"cycle_time": "0.5 s"}
    plant = entries(
        {**short, "arrivals": "every 3 s"},
        {**short, "arrivals": "every 2 s"},
        pool={"count": 2, "walking": "1 s"},
    )
    simulation = run(plant, 9 * S)
    assert times(simulation, "A", "start") == [4, 6, 9]
    assert times(simulation, "B", "start") == [2, 4, 6, 8]


def test_those_who_come_together_walk_at_the_same_time() -> None:
    """A has both from 0 to 4; B, which needs both too, begins when the later one has walked its 3 s."""
    both = {"operators": [{**NEED, "count": 2}]}
    plant = entries(
        {**both, "cycle_time": 4, "arrivals": "every 100 s"},
        {**both, "cycle_time": 4, "arrivals": "every 102 s"},
        pool={"count": 2, "walking": "3 s"},
    )
    simulation = run(plant, 110 * S)
    assert times(simulation, "A", "start") == [100]
    assert times(simulation, "B", "start") == [107]


def test_the_operator_is_free_when_work_is_over_though_the_part_is_not() -> None:
    """A's second part is blocked from 4 on; its operator works at C then."""
    stations = [
        {"cycle_time": 2, "operators": [NEED]},
        {"cycle_time": 99, "next": [{"to": "out"}]},
        {"cycle_time": 5, "operators": [NEED], "arrivals": "every 3 s"},
    ]
    simulation = run(described(stations, operators=[{"pool": "p", "count": 1}]), 5 * S)
    assert times(simulation, "C", "start") == [4]
