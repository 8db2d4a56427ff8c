"""Which state is told of several that apply: the first one (rule 23), pair by pair."""

from typing import Any

import pytest

from plant.description import Plant
from simulators import Simulation
from tests.simulators.building import S, described, make, run, states

DOWN = {"mode": "m", "clock": "calendar"}


def told(plant: Plant, until: float) -> list[tuple[str, str, float, float]]:
    return states(run(plant, round(until * S)), "A")


def tool(life: int, change: int) -> dict[str, Any]:
    return {"life": f"{life} part", "change": f"{change} s"}


def test_failed_goes_before_maintenance_and_maintenance_before_starved() -> None:
    """Due at 10 for 5 s, and down from 12 to 16: the rest of the task follows (rule 20)."""
    failure = {**DOWN, "time_to_failure": "12 s", "time_to_repair": "4 s"}
    task = {"every": "10 s", "time": "5 s"}
    plant = make([{"cycle_time": 1, "failures": [failure], "maintenance": [task]}], arrivals="every 99 s")
    assert told(plant, 20) == [
        ("starved", "", 0, 10), ("maintenance", "maintenance", 10, 12), ("failed", "m", 12, 16),
        ("maintenance", "maintenance", 16, 19), ("starved", "", 19, 20),
    ]  # fmt: skip


def test_failed_goes_before_setup_and_an_empty_machine_fails_too() -> None:
    failure = {**DOWN, "time_to_failure": "3 s", "time_to_repair": "4 s"}
    plant = make([{"cycle_time": 2, "tool": tool(1, 5), "failures": [failure]}], arrivals="every 1000 s")
    assert told(plant, 8)[:3] == [("starved", "", 0, 3), ("failed", "m", 3, 7), ("starved", "", 7, 8)]
    busy = make([{"cycle_time": 2, "tool": tool(1, 5), "failures": [failure]}])
    assert told(busy, 12)[:4] == [
        ("processing", "", 0, 2), ("setup", "tool", 2, 3), ("failed", "m", 3, 7), ("setup", "tool", 7, 10),
    ]  # fmt: skip


def test_maintenance_and_tool_change_go_before_loading_and_unloading() -> None:
    """Rules 20 and 23: a part comes at 11 and is loaded while the task is done; another is unloaded beside a change."""
    task = {"every": "10 s", "time": "5 s"}
    plant = make([{"cycle_time": 2, "load": 1, "maintenance": [task]}], arrivals="every 11 s")
    assert told(plant, 17) == [
        ("starved", "", 0, 10), ("maintenance", "maintenance", 10, 15), ("processing", "", 15, 17),
    ]  # fmt: skip
    worn = make([{"cycle_time": 2, "unload": 1, "tool": tool(1, 5)}], arrivals="every 3 s")
    assert told(worn, 9)[:3] == [("starved", "", 0, 3), ("processing", "", 3, 5), ("setup", "tool", 5, 9)]


def served(task: str, station: dict[str, Any], **line: Any) -> Plant:
    """The station A shares its operator with X, which keeps him from 1 s to 101 s."""
    need = {"pool": "p", "for": [task]}
    other = {"cycle_time": 100, "operators": [{"pool": "p", "for": ["process"]}]}
    lines = [
        {"name": "l", "stations": [{"name": "A", "operators": [need], **station}, *line.pop("behind", [])], **line},
        {"name": "k", "arrivals": "every 1 s", "stations": [{"name": "X", **other}]},
    ]
    return Plant.model_validate({"plant": "p", "operators": [{"pool": "p", "count": 1}], "lines": lines})


def test_blocked_goes_before_waiting() -> None:
    """A change of tool is due at 4 and nobody is there to do it, but the part cannot leave either, until 12."""
    plant = served("tool", {"cycle_time": 2, "tool": tool(2, 5)}, behind=[{"name": "B", "cycle_time": 10}])
    assert told(plant, 14) == [
        ("processing", "", 0, 4), ("blocked", "B", 4, 12), ("waiting", "p", 12, 14),
    ]  # fmt: skip


def test_waiting_goes_before_starved() -> None:
    """Due at 10 while the machine is empty, and nobody is there to do it."""
    plant = served("maintain", {"cycle_time": 2, "maintenance": [{"every": "10 s", "time": "5 s"}]}, arrivals=50)
    assert told(plant, 20) == [("starved", "", 0, 10), ("waiting", "p", 10, 20)]


def test_failed_goes_before_waiting() -> None:
    """Rule 31: it is failed while it waits for its crew."""
    failure = {**DOWN, "time_to_failure": "10 s", "time_to_repair": "5 s"}
    assert told(served("repair", {"cycle_time": 100, "failures": [failure]}), 30) == [
        ("processing", "", 0, 10), ("failed", "m", 10, 30),
    ]  # fmt: skip


@pytest.mark.parametrize(("state", "break_"), [("pause", True), ("off", False)])
def test_off_and_pause_go_before_all_else(state: str, break_: bool) -> None:  # noqa: FBT001
    """From 60 to 90 nobody works: neither failed from 50 on nor due for maintenance is told then."""
    shifts: list[dict[str, Any]] = [{"name": "s", "start": "00:00", "end": "12:00"}]
    if break_:
        shifts[0]["breaks"] = [{"start": "00:01", "for": "1 min"}]
    else:
        shifts = [{"name": "s", "start": "00:00", "end": "00:01"}, {"name": "t", "start": "00:02", "end": "12:00"}]
    failure = {**DOWN, "time_to_failure": "50 s", "time_to_repair": "20 s"}
    station = {"cycle_time": 500, "failures": [failure], "maintenance": [{"every": "55 s", "time": "9 s"}]}
    found = told(described([station], shifts=shifts), 150)
    assert [i[0] for i in found] == ["processing", "failed", state, "failed", "processing"]
    assert [i[2] for i in found] == [0, 50, 60, 120, 130]


def test_a_state_that_lasts_no_time_is_not_told() -> None:
    """A part leaves and the next comes in the same instant: the machine was never starved; none in messages either."""
    simulation = Simulation(make([{"cycle_time": 1}, {"cycle_time": 1}]), telemetry=False)
    stream = [m for _, m in simulation.advance(simulation.start + 5 * S) if m.kind == "state"]
    assert [(m.state, m.ts - simulation.start) for m in stream] == [
        ("processing", 0), ("starved", 0), ("processing", S),
    ]  # fmt: skip
