"""Tools, setups and maintenance beside everything else that happens to a machine (rules 20, 21 and 37)."""

from tests.simulators.building import S, described, journeys, make, run, states, times


def test_a_life_in_time_is_over_with_the_operation_in_which_it_is_reached() -> None:
    """Rule 21: 5 s of work are over in the third operation, from 4 to 6."""
    plant = make([{"cycle_time": 2, "tool": {"life": "5 s", "change": "4 s"}}])
    assert states(run(plant, 12 * S), "A")[:3] == [
        ("processing", "", 0, 6), ("setup", "tool", 6, 10), ("processing", "", 10, 12),
    ]  # fmt: skip


def test_scrap_wears_the_tool_like_any_part() -> None:
    """Rule 21: the last operation of a life is the second one, whatever it makes."""
    plant = make([{"cycle_time": 1, "tool": {"life": "2 parts", "change": "5 s"}, "quality": {"scrap": 1}}])
    assert times(run(plant, 9 * S), "A", "start")[:4] == [0, 1, 7, 8]


def test_a_tool_that_breaks_spoils_its_part_and_its_successor_is_new() -> None:
    """Rule 21: broken at 7, in the fourth operation, and at 17: the successor has five operations and 7 s to live.

    With a life of four the tool breaks in the last operation of its life: its successor is not changed again.
    """
    for life in (5, 4):
        tool = {"life": f"{life} parts", "change": "5 s", "breaks": "7 s", "replace": "3 s"}
        simulation = run(make([{"cycle_time": 2, "tool": tool}]), 21 * S)
        assert states(simulation, "A") == [
            ("processing", "", 0, 7), ("failed", "tool", 7, 10), ("processing", "", 10, 17),
            ("failed", "tool", 17, 20), ("processing", "", 20, 21),
        ]  # fmt: skip
        assert [j.outcome for j in journeys(simulation)][:5] == ["good", "good", "good", "scrap", "good"]


def test_a_tool_that_is_changed_in_time_does_not_break() -> None:
    """Rule 21: after 6 s of work it is changed; the next one would break after 7 s of its own."""
    tool = {"life": "3 parts", "change": "5 s", "breaks": "7 s"}
    found = states(run(make([{"cycle_time": 2, "tool": tool}]), 33 * S), "A")
    assert [state for state, *_ in found] == ["processing", "setup"] * 3


def test_a_setup_ages_no_operating_clock() -> None:
    """Rule 20: 4 s of work before the setup from 4 to 14, the fifth after it."""
    stop = {"mode": "m", "time_to_failure": "5 s", "time_to_repair": "3 s"}
    plant = described(
        [{"cycle_time": 4, "setup": {"time": "10 s"}, "failures": [stop]}],
        {"sequence": ["X", "Y"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    assert ("failed", "m", 15, 18) in states(run(plant, 19 * S), "A")


def test_parts_come_into_a_machine_that_is_maintained() -> None:
    """Rule 20: B's task is from 10 to 15; A's part goes there at 12, and work on it begins at 15."""
    plant = make([{"cycle_time": 1}, {"cycle_time": 1, "maintenance": [{"every": "10 s", "time": "5 s"}]}], arrivals=11)
    simulation = run(plant, 17 * S)
    assert times(simulation, "A", "leave") == [12]
    assert times(simulation, "B", "start") == [15]


def test_a_blocked_machine_is_an_opportunity_too() -> None:
    """Rule 37: due at 20, at most 40 % early, so from 12 on; A is blocked from 14 to 27."""
    task = {"every": "20 s", "time": "2 s", "opportunistic": 0.4}
    found = states(run(make([{"cycle_time": 7, "maintenance": [task]}, {"cycle_time": 20}]), 20 * S), "A")
    assert found[1:] == [("maintenance", "maintenance", 14, 16), ("blocked", "B", 16, 20)]


def test_a_machine_that_waits_for_its_operator_is_no_opportunity() -> None:
    """Rule 37: B has the operator until 100; A's part comes at 7, the task is due at 10 and not done earlier."""
    needs = {"operators": [{"pool": "p", "for": ["process"]}], "next": [{"to": "out"}]}
    task = {"every": "10 s", "time": "2 s", "opportunistic": 0.4}
    a = {**needs, "cycle_time": 1, "maintenance": [task], "arrivals": "every 7 s"}
    plant = described([a, {**needs, "cycle_time": 100}], operators=[{"pool": "p", "count": 1}])
    assert states(run(plant, 12 * S), "A") == [
        ("starved", "", 0, 7), ("waiting", "p", 7, 10), ("maintenance", "maintenance", 10, 12),
    ]  # fmt: skip


def test_a_machine_that_is_empty_for_no_time_is_no_opportunity() -> None:
    """Rule 37: one part follows the other, and the task waits until it is due at 10."""
    task = {"every": "10 s", "time": "2 s", "opportunistic": 0.9}
    found = states(run(make([{"cycle_time": 1, "maintenance": [task]}]), 12 * S), "A")
    assert found == [("processing", "", 0, 10), ("maintenance", "maintenance", 10, 12)]
