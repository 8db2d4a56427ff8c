"""A run is a function of plant, seed and start: how it is advanced, cut and kept changes nothing."""

from typing import Any

import pytest
from generated import plants
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.messages import Meta, StateChange
from plant.time import DEFAULT_START as START
from plant.time import MINUTE
from simulators import Simulation, summarise
from tests.simulators.building import S, make, run

SPAN = 3 * MINUTE
CUTS = st.lists(st.integers(0, SPAN), max_size=8).map(sorted)
GRID = 20 * S  # telemetry blocks of generated plants


def told(plant: Plant, seed: int, cuts: list[int]) -> list[Any]:
    simulation = Simulation(plant, seed=seed)
    return [e for cut in [*cuts, SPAN] for e in simulation.advance(START + cut)]


@settings(deadline=None, max_examples=30)
@given(plants(), st.integers(0, 9), CUTS)
def test_any_pieces_tell_the_same(plant: Plant, seed: int, cuts: list[int]) -> None:
    assert told(plant, seed, cuts) == told(plant, seed, [])


@settings(deadline=None, max_examples=30)
@given(plants(), st.integers(0, 9))
def test_messages_come_in_order_of_time_and_start_with_births_and_states(plant: Plant, seed: int) -> None:
    stream = told(plant, seed, [])
    stamps = [message.ts for _, message in stream]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= START + SPAN
    machines = [node for line in plant.lines for station in line.stations for node in line.machines(station)]
    metas = [i for i, (_, message) in enumerate(stream) if isinstance(message, Meta)]
    assert metas == list(range(len(metas)))
    first = stream[len(metas) : len(metas) + len(machines)]
    assert [node for node, _ in first] == machines
    assert all(isinstance(message, StateChange) and message.ts == START for _, message in first)


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9), st.integers(0, SPAN // GRID - 1))
def test_a_run_goes_on_from_its_present_state_as_if_never_cut(plant: Plant, seed: int, blocks: int) -> None:
    """The future is equal to the last tie: messages, journeys, intervals, and every later present state."""
    cut = blocks * GRID
    whole = Simulation(plant, seed=seed)
    whole.advance(START + cut)
    present = whole.state()
    again = Simulation(plant, seed=seed, initial=present)
    assert again.state() == present
    assert again.now == whole.now
    rest, told_again = whole.advance(START + SPAN), again.advance(START + SPAN)
    births = sum(isinstance(message, Meta) for _, message in told_again)
    machines = sum(station.machines for line in plant.lines for station in line.stations)
    assert told_again[births + machines :] == rest
    assert again.state() == whole.state()
    assert [j for j in whole.ledger.journeys() if j.leave is None or j.leave > cut] == again.ledger.journeys()
    for line in plant.lines:
        for node in (node for station in line.stations for node in line.machines(station)):
            known = whole.ledger.intervals(node)
            assert [i for i in known if i.end > cut] == again.ledger.intervals(node)


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9), st.integers(0, SPAN - 1), st.integers(0, MINUTE))
def test_figures_are_the_same_from_the_ledger_and_from_sums(plant: Plant, seed: int, begin: int, more: int) -> None:
    kept = run(plant, SPAN + more, seed=seed)
    summed = run(plant, SPAN + more, seed=seed, keep=False, window=(begin, SPAN))
    assert summarise(kept, begin, SPAN) == summarise(summed, begin, SPAN)


@settings(deadline=None, max_examples=40)
@given(plants(lines=1), plants(lines=1), st.integers(0, 9))
def test_a_line_that_is_not_connected_changes_nothing(plant: Plant, other: Plant, seed: int) -> None:
    line = plant.lines[0]
    stranger = other.lines[0].model_copy(update={"name": "stranger"})
    both = plant.model_copy(update={"lines": (stranger, line)})
    alone, beside = run(plant, SPAN, seed=seed), run(both, SPAN, seed=seed)
    assert alone.ledger.journeys() == [j for j in beside.ledger.journeys() if j.line == line.name]
    for station in line.stations:
        for node in line.machines(station):
            assert alone.ledger.intervals(node) == beside.ledger.intervals(node)


def test_messages_change_nothing_in_the_ledger() -> None:
    plant = make([{"cycle_time": "exponential(3 s)"}, {"cycle_time": "exponential(3 s)", "buffer": 2}])
    silent, loud = run(plant, SPAN), Simulation(plant)
    loud.advance(START + SPAN)
    assert silent.ledger.journeys() == loud.ledger.journeys()


def test_time_does_not_run_back() -> None:
    simulation = run(make([{"cycle_time": 1}]), 10 * S)
    with pytest.raises(ValueError, match="cannot advance"):
        simulation.advance(START)


def test_a_run_without_a_ledger_says_so() -> None:
    simulation = run(make([{"cycle_time": 1}]), 10 * S, keep=False)
    with pytest.raises(ValueError, match="keeps no ledger"):
        _ = simulation.ledger
    with pytest.raises(ValueError, match="recorded no window"):
        summarise(simulation, 0, 10 * S)
    with pytest.raises(ValueError, match="before the end of the window"):
        summarise(run(make([{"cycle_time": 1}]), 10 * S), 0, 11 * S)


def test_the_seed_decides() -> None:
    plant = make([{"cycle_time": "exponential(3 s)"}])
    assert run(plant, SPAN, seed=1).ledger.journeys() == run(plant, SPAN, seed=1).ledger.journeys()
    assert run(plant, SPAN, seed=1).ledger.journeys() != run(plant, SPAN, seed=2).ledger.journeys()
