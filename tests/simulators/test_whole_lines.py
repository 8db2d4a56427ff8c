"""Laws that hold on lines with every element: parts are conserved and in one place, nothing is used twice."""

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from whole import whole_plant

from plant.errors import SimulationError
from plant.time import SECOND
from simulators import Simulation

SPAN, PIECES = 900 * SECOND, 15


def parts_at(station: Any) -> list[int]:
    """Numbers of the parts at a station and on the way into it."""
    held = [part for machine in station.machines if machine.part.number for part in machine.members or [machine.part]]
    for buffer in station.inputs:
        held += [*buffer.waiting, *(part for part, *_ in buffer.coming)]
        if buffer.belt is not None:
            held += [part for part, _ in buffer.belt.parts]
    return [part.number for part in held]


def judge_line(simulation: Simulation, line: Any) -> None:
    passages = simulation.ledger.passages(line.name)
    gone = sum(passage.left is not None for passage in passages)
    assert line.made == len(passages) == gone + len(line.inside)
    places = Counter(number for station in line.stations for number in parts_at(station))
    assert set(places.values()) <= {1}, "a part is in one place"
    on_vehicles = line.inside.keys() - places.keys()
    assert places.keys() <= line.inside.keys()
    assert len(on_vehicles) <= sum(fleet.vehicles for fleet in simulation.plant.fleets)
    if line.described.wip_limit is not None:
        assert len(line.inside) <= line.described.wip_limit
    for station in line.stations:
        judge_station(line, station)


def judge_station(line: Any, station: Any) -> None:
    free = [machine for machine in station.machines if not machine.part.number]
    assert all((machine.phase == "empty") == (machine in free) for machine in station.machines)
    assert station.idle == sum(not machine.gated for machine in free)
    for machine in station.machines:
        closed = machine.attendance is not None and bool(machine.attendance.closed)
        assert machine.down == sum(mode.down for mode in machine.modes)
        assert machine.halted == machine.down + closed
        assert all(job.pending for job in machine.due)
    for buffer in station.inputs:
        in_front = len(station.machines) if line.gating and not buffer.capacity else 0  # rule 34
        assert len(buffer.waiting) <= buffer.capacity + station.inside * len(station.machines) + in_front
        if buffer.belt is not None:
            assert len(buffer.belt.parts) <= station.described.transport.capacity


def judge_times(simulation: Simulation) -> None:
    now = simulation.now - simulation.start
    for line in simulation.plant.lines:
        for station in line.stations:
            for node in line.machines(station):
                end = 0
                for interval in simulation.ledger.intervals(node):
                    assert interval.begin == end < interval.end
                    end = interval.end
                assert end == now


def judge_people(simulation: Simulation) -> None:
    crews = simulation._lines[0].stations[0].crews
    for pool in crews.pools.values():
        assert pool.busy == sum(operator.busy for operator in pool.operators) <= len(pool.operators)


def run(seed: int) -> bool:
    """Whether the line came to the end of the span without locking."""
    plant = whole_plant(seed)
    simulation = Simulation(plant, seed=seed, telemetry=False)
    for piece in range(1, PIECES + 1):
        try:
            simulation.advance(simulation.start + SPAN * piece // PIECES)
        except SimulationError as error:
            assert "waits for" in str(error), "only a deadlock may end a run"
            return False
        for line in simulation._lines:
            judge_line(simulation, line)
        judge_times(simulation)
        judge_people(simulation)
    return True


def test_parts_places_people_and_times_add_up() -> None:
    assert sum(run(seed) for seed in range(120)) >= 90, "most lines do not lock"


@pytest.mark.slow
def test_parts_places_people_and_times_add_up_at_length() -> None:
    assert sum(run(seed) for seed in range(1000, 2500)) >= 1200


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_a_run_is_the_same_in_one_piece_and_in_many(seed: int) -> None:
    told = []
    for pieces in (1, 7):
        simulation = Simulation(whole_plant(seed), seed=seed, telemetry=False)
        messages = []
        try:
            for piece in range(1, pieces + 1):
                messages += simulation.advance(simulation.start + SPAN * piece // pieces)
        except SimulationError as error:
            messages = [str(error)]
        told.append(messages)
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_another_line_changes_nothing(seed: int) -> None:
    """Unless it uses the same operators or vehicles, which the other line here does not."""
    plant = whole_plant(seed)
    other = {"name": "other", "stations": [{"name": "S0", "cycle_time": "exponential(3 s)"}]}
    described = plant.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    more = type(plant).model_validate({**described, "lines": [*described["lines"], other]})
    found = []
    for each in (plant, more):
        simulation = Simulation(each, seed=seed, messages=False)
        with suppress(SimulationError):  # some lock, then all of them at the same instant
            simulation.advance(simulation.start + SPAN)
        found.append([journey for journey in simulation.ledger.journeys() if journey.line != "other"])
    assert found[0] == found[1]
