"""The recursion has the times, states and figures of the SimPy model, tie for tie, or says why it can't."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.time import DEFAULT_START
from simulators import Simulation, summarise
from simulators.compiled.serial import SerialRun, expressible
from tests.simulators.building import S, described, make, run
from tests.support.generated import plain_stations


@st.composite
def stations(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Failures of both clocks, several at a machine, handling, transport, scrap."""
    station = draw(plain_stations(name)) | {"machines": 1}
    station["failures"] = [mode | {"part": "resume"} for mode in station["failures"]]
    return station


@st.composite
def serial_plants(draw: st.DrawFn) -> Plant:
    lines = [
        {
            "name": f"line{i}",
            "arrivals": draw(st.sampled_from(["saturated", "saturated", "every 4 s", "exponential(5 s)"])),
            "blocking": draw(st.sampled_from(["after-service", "before-service"])),
            "stations": [draw(stations(f"S{j}")) for j in range(draw(st.integers(1, 5)))],
        }
        for i in range(draw(st.integers(1, 2)))
    ]
    return Plant.model_validate({"plant": "generated", "lines": lines})


@settings(deadline=None, max_examples=150)
@given(serial_plants(), st.integers(0, 99), st.sampled_from([0, 20 * S]), st.integers(1, 100 * S))
def test_every_time_and_every_figure_is_that_of_the_model(plant: Plant, seed: int, warm_up: int, span: int) -> None:
    assert expressible(plant) is None
    until = warm_up + span
    simulation = Simulation(plant, seed=seed, messages=False)
    simulation.advance(DEFAULT_START + until)
    serial = SerialRun(plant, until, seed=seed, window=(warm_up, until), keep=True)
    assert serial.journeys() == simulation.ledger.journeys()
    assert summarise(serial, warm_up, until) == summarise(simulation, warm_up, until)


@settings(deadline=None, max_examples=5)
@given(serial_plants(), st.integers(0, 99))
def test_also_over_thousands_of_parts(plant: Plant, seed: int) -> None:
    until = 5000 * S
    serial = SerialRun(plant, until, seed=seed, window=(1000 * S, until))
    assert summarise(serial, 1000 * S, until) == summarise(run(plant, until, seed=seed), 1000 * S, until)


def test_ties_everywhere() -> None:
    """Whole seconds only: work ends when failures begin, repairs end when parts come."""
    modes = [
        {"mode": "a", "clock": "operating", "time_to_failure": "6 s", "time_to_repair": "2 s"},
        {"mode": "b", "clock": "calendar", "time_to_failure": "5 s", "time_to_repair": "1 s"},
        {"mode": "c", "clock": "calendar", "time_to_failure": "7 s", "time_to_repair": "geometric(0.4)"},
    ]
    row = [{"cycle_time": "2 s", "buffer": b, "failures": modes, "load": "1 s", "unload": "1 s"} for b in (0, 1, 0, 2)]
    for blocking in ("after-service", "before-service"):
        plant = make(row, blocking=blocking)
        found = SerialRun(plant, 500 * S, keep=True).journeys()
        assert len(found) > 100
        assert found == run(plant, 500 * S).ledger.journeys()


def test_nobody_overtakes_on_the_way() -> None:
    """Ways are longer than the work before them, and each is another."""
    plant = make([{"cycle_time": "1 s"}, {"cycle_time": "1 s", "buffer": 9, "transport": "uniform(0 s, 9 s)"}])
    found = SerialRun(plant, 100 * S, keep=True).journeys()
    enters = [visit.enter for visit in found if visit.station == "B"]
    assert len(set(enters)) < len(enters), "some arrive together with the part before them"
    assert found == run(plant, 100 * S).ledger.journeys()


PLAIN = {"cycle_time": "3 s"}
FAILURE = {"mode": "m", "time_to_failure": "60 s", "time_to_repair": "9 s"}
REFUSED = [
    ({"machines": 2}, "parallel machines"),
    ({"setup": {"when": "lot changes", "time": "3 s"}}, "setups"),
    ({"tool": {"life": "4 parts", "change": "3 s"}}, "tool"),
    ({"maintenance": [{"name": "oil", "every": "60 s", "time": "3 s"}]}, "maintained"),
    ({"batch": {"size": 2}}, "batches"),
    ({"quality": {"rework": {"share": 0.1, "to": "A"}}}, "sends parts back"),
    ({"inspection": {"false_alarm": 0.1}}, "inspects"),
    ({"transport": {"length": "6 m", "speed": "1 m/s", "capacity": 2}}, "conveyor"),
    ({"failures": [FAILURE | {"part": "scrap"}]}, "restarts or scraps"),
    ({"failures": [FAILURE | {"gates": "all"}]}, "gate"),
    ({"dispatch": "spt", "buffer": 2}, "dispatch"),
    ({"next": [{"to": "out"}]}, "where parts go"),
]


@pytest.mark.parametrize(("word", "why"), REFUSED)
def test_what_it_cannot_express_is_refused_with_the_reason(word: dict[str, Any], why: str) -> None:
    said = expressible(make([PLAIN, PLAIN | word]))
    assert said is not None
    assert why in said
    assert "l/B" in said


ORDER = {"order": "o", "quantity": 3}


@pytest.mark.parametrize(
    ("line", "plant", "why"),
    [
        ({"wip_limit": 3}, {}, "WIP limit"),
        ({"arrivals": "orders"}, {"orders": [ORDER]}, "orders"),
        ({}, {"products": [{"name": "P"}, {"name": "Q"}]}, "several products"),
        ({}, {"shifts": [{"name": "day", "start": "06:00", "end": "14:00"}]}, "shifts"),
    ],
)
def test_lines_are_refused_too(line: dict[str, Any], plant: dict[str, Any], why: str) -> None:
    said = expressible(described([PLAIN], line, **plant))
    assert said is not None
    assert why in said
