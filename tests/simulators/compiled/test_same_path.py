"""The compiled engine runs the same sample path as SimPy's model, to the last tie: any plant, any seed."""

from collections import Counter
from collections.abc import Callable

import pytest
from generated import plants, whole_plants
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.errors import SimulationError
from plant.time import DEFAULT_START, MINUTE
from simulators import Simulation, choose, summarise
from simulators.compiled.coverage import uncovered
from simulators.compiled.engine import CompiledRun
from tests.simulators.building import make

SPAN = 4 * MINUTE
SEEDS = st.integers(0, 9)
ALL = {
    "rows": plants(),
    "every element": whole_plants(),
    "loops": whole_plants(loops=True),
    "orders": whole_plants(booked=True),
}


def compare(plant: Plant, seed: int) -> None:
    """Both engines, part by part, state by state, figure by figure; a locked line is the same error in both."""
    assert not uncovered(plant)
    window = (SPAN // 4, SPAN)
    simulation = Simulation(plant, seed=seed, messages=False)
    try:
        simulation.advance(DEFAULT_START + SPAN)
    except SimulationError as locked:
        with pytest.raises(SimulationError) as told:
            CompiledRun(plant, SPAN, seed=seed)
        assert str(told.value) == str(locked)
        return
    run = CompiledRun(plant, SPAN, seed=seed, window=window, keep=True)
    assert run.journeys() == simulation.ledger.journeys()
    for line in plant.lines:
        for station in line.stations:
            for node in line.machines(station):
                assert run.intervals(node) == simulation.ledger.intervals(node)
                assert run.allotted(node) == simulation.ledger.allotted(node)
        assert run.passages(line.name) == simulation.ledger.passages(line.name)
        mine, others = run.orders(line.name), simulation.orders(line.name)
        assert [(t.name, t.product.name, t.release, t.due, t.completed) for t in mine] == [
            (t.name, t.product.name, t.release, t.due, t.completed) for t in others
        ]
    assert summarise(run, *window) == summarise(simulation, *window)


@pytest.mark.parametrize("kind", ALL)
def test_every_part_and_every_state_is_the_same(kind: str) -> None:
    @settings(deadline=None, max_examples=60)
    @given(ALL[kind], SEEDS)
    def law(plant: Plant, seed: int) -> None:
        compare(plant, seed)

    law()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALL)
def test_every_part_and_every_state_is_the_same_in_many_plants(kind: str) -> None:
    @settings(deadline=None, max_examples=1000)
    @given(ALL[kind], SEEDS)
    def law(plant: Plant, seed: int) -> None:
        compare(plant, seed)

    law()


@settings(deadline=None, max_examples=20)
@given(whole_plants(most=1), SEEDS)
def test_a_run_that_is_used_again_is_as_good_as_new(plant: Plant, seed: int) -> None:
    used = CompiledRun(plant, SPAN, seed=seed + 1, keep=True)
    used.again(seed)
    fresh = CompiledRun(plant, SPAN, seed=seed, keep=True)
    assert used.journeys() == fresh.journeys()
    assert summarise(used, 0, SPAN) == summarise(fresh, 0, SPAN)


def test_another_window_than_the_recorded_one_is_refused() -> None:
    run = CompiledRun(make([{"cycle_time": "5 s"}]), MINUTE, window=(0, MINUTE))
    with pytest.raises(ValueError, match="recorded"):
        summarise(run, 1, MINUTE)
    with pytest.raises(ValueError, match="keep=True"):
        run.journeys()


@pytest.mark.parametrize("kind", ALL)
def test_every_plant_has_a_kernel(kind: str, record_property: Callable[[str, str], None]) -> None:
    """The shares stand at the end of what pytest prints."""
    found: Counter[str] = Counter()

    @settings(deadline=None, max_examples=100)
    @given(ALL[kind])
    def law(plant: Plant) -> None:
        choice = choose(plant, "auto")
        found[choice.kernel or choice.engine] += 1

    law()
    record_property("kernels", f"{kind}: " + ", ".join(f"{of} {found[of]} of {found.total()}" for of in sorted(found)))
    assert not found["simpy"]
