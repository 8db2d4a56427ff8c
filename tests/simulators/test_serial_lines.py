"""Every time of every part on serial lines equals a recursion that knows no events."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from tests.simulators.building import S, make, run
from tests.simulators.serial_oracle import serial


def times(longest: int = 6) -> st.SearchStrategy[str]:
    """Whole seconds make ties the rule."""
    whole = st.integers(1, longest)
    return st.one_of(
        whole.map(lambda s: f"{s} s"),
        whole.map(lambda s: f"geometric({1 / s:.3f})"),
        whole.map(lambda s: f"exponential({s} s)"),
    )


HANDLING = st.sampled_from(["0 s", "0 s", "0 s", "1 s", "geometric(0.5)", "uniform(0 s, 3 s)"])


@st.composite
def stations(draw: st.DrawFn, *, handling: bool) -> dict[str, Any]:
    station: dict[str, Any] = {
        "cycle_time": draw(times()),
        "buffer": draw(st.integers(0, 3)),
        "transport": draw(HANDLING),
    }
    clock = draw(st.sampled_from(["", "", "operating", "calendar"]))
    if clock:
        station["failures"] = [
            {"mode": "stop", "clock": clock, "time_to_failure": draw(times(15)), "time_to_repair": draw(times())}
        ]
    if handling and clock != "calendar":  # a calendar failure would interrupt it
        station |= {"load": draw(HANDLING), "unload": draw(HANDLING)}
    return station


@st.composite
def lines(draw: st.DrawFn, blocking: str, *, handling: bool) -> Plant:
    row = draw(st.lists(stations(handling=handling), min_size=1, max_size=6))
    if draw(st.booleans()):
        del row[0]["buffer"]
    arrivals = draw(st.sampled_from(["saturated", "saturated", "every 3 s", "exponential(4 s)"]))
    return make(row, blocking=blocking, arrivals=arrivals)


def check(plant: Plant, seed: int, until: int = 120 * S) -> None:
    simulation = run(plant, until, seed=seed)
    found = simulation.ledger.journeys()
    line = plant.lines[0]
    position = {station.name: j for j, station in enumerate(line.stations)}
    table = serial(line, seed, max((int(j.part.rpartition("-")[2]) for j in found), default=0) + 2)
    expected = {
        (u, j): tuple(t if t <= until else None for t in (v.arrive, v.start, v.finish, v.leave))
        for u, row in enumerate(table, start=1)
        for j, v in enumerate(row)
        if v.arrive <= until
    }
    assert {
        (int(j.part.rpartition("-")[2]), position[j.station]): (j.enter, j.start, j.finish, j.leave) for j in found
    } == expected


@settings(deadline=None, max_examples=100)
@given(lines("after-service", handling=True), st.integers(0, 99))
def test_blocking_after_service(plant: Plant, seed: int) -> None:
    check(plant, seed)


@settings(deadline=None, max_examples=100)
@given(lines("before-service", handling=False), st.integers(0, 99))
def test_blocking_before_service(plant: Plant, seed: int) -> None:
    check(plant, seed)
