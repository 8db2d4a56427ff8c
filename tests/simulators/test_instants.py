"""Laws of lines with every element, judged at the end of every instant."""

from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from generated import whole_plants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from instants import Judged

from plant.description import Line, Plant, Station
from plant.errors import SimulationError
from plant.goods import Product
from plant.paths import Node
from plant.time import SECOND
from simulators import Simulation, summarise
from simulators.streams import Streams

SPAN = 90 * SECOND
SEEDS = st.integers(0, 9)
HARD = settings(deadline=None, suppress_health_check=list(HealthCheck))


def judged(plant: Plant, seed: int, *, may_lock: bool = False) -> Simulation:
    simulation = Judged(plant, seed=seed, messages=False)
    try:
        simulation.advance(simulation.start + SPAN)
    except SimulationError as error:
        assert may_lock, error
        assert "is locked at" in str(error), "only a deadlock may end a run"
        assert "waits for" in str(error)
    return simulation


@settings(HARD, max_examples=25)
@given(whole_plants(), SEEDS)
def test_at_the_end_of_every_instant_all_that_can_move_has_moved(plant: Plant, seed: int) -> None:
    judged(plant, seed)


@settings(HARD, max_examples=20)
@given(whole_plants(loops=True), SEEDS)
def test_up_to_a_deadlock_as_well(plant: Plant, seed: int) -> None:
    judged(plant, seed, may_lock=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(HARD, max_examples=800)
@given(st.booleans().flatmap(lambda loops: whole_plants(loops=loops)), SEEDS)
def test_at_the_end_of_every_instant_at_length(plant: Plant, seed: int) -> None:
    judged(plant, seed, may_lock=True)


def told(plant: Plant, seed: int, cuts: list[int]) -> tuple[list[Any], Simulation]:
    simulation = Simulation(plant, seed=seed)
    stream: list[Any] = []
    with suppress(SimulationError):
        for cut in [*cuts, SPAN]:
            stream += simulation.advance(simulation.start + cut)
    return stream, simulation


@settings(HARD, max_examples=25)
@given(whole_plants(), SEEDS, st.lists(st.integers(0, SPAN), max_size=6).map(sorted))
def test_any_pieces_tell_the_same(plant: Plant, seed: int, cuts: list[int]) -> None:
    assert told(plant, seed, cuts)[0] == told(plant, seed, [])[0]


@settings(HARD, max_examples=25)
@given(whole_plants(), SEEDS)
def test_messages_and_what_is_kept_change_nothing(plant: Plant, seed: int) -> None:
    _, loud = told(plant, seed, [])
    silent = Simulation(plant, seed=seed, messages=False)
    summed = Simulation(plant, seed=seed, messages=False, keep=False, window=(SPAN // 3, SPAN))
    for simulation in (silent, summed):
        simulation.advance(simulation.start + SPAN)
    assert silent.ledger.journeys() == loud.ledger.journeys()
    assert summarise(silent, SPAN // 3, SPAN) == summarise(summed, SPAN // 3, SPAN)


@settings(HARD, max_examples=15)
@given(whole_plants(most=1), SEEDS)
def test_an_unconnected_station_changes_no_other_number(plant: Plant, seed: int) -> None:
    station = Station(name="S0", cycle_time="exponential(2 s)")
    own = tuple(product.name for product in plant.products)
    strange = tuple(Product(name="strange") for _ in own[:1])
    stranger = Line(name="stranger", area="west", stations=(station,), products=("strange",) if own else None)
    lines = (stranger, plant.lines[0].model_copy(update={"products": own or None}))
    beside = plant.model_copy(update={"lines": lines, "products": plant.products + strange})
    alone, both = (Simulation(of, seed=seed, messages=False) for of in (plant, beside))
    for simulation in (alone, both):
        simulation.advance(simulation.start + SPAN)
    assert alone.ledger.journeys() == [j for j in both.ledger.journeys() if j.line != "stranger"]
    line = plant.lines[0]
    for node in (node for station in line.stations for node in line.machines(station)):
        assert alone.ledger.intervals(node) == both.ledger.intervals(node)


@settings(HARD, max_examples=20)
@given(whole_plants(), SEEDS)
def test_the_ledger_adds_up(plant: Plant, seed: int) -> None:
    """Passages, journeys and states agree with each other; queues that are first come first served are."""
    simulation = Simulation(plant, seed=seed, messages=False)
    simulation.advance(simulation.start + SPAN)
    everywhere = simulation.ledger.journeys()
    for line in plant.lines:
        visits = [j for j in everywhere if j.line == line.name]
        passages = simulation.ledger.passages(line.name)
        names = {passage.part for passage in passages}
        assert len(names) == len(passages)
        assert {passage.into for passage in passages} - {""} <= names
        assert {passage.of for passage in passages} - {""} <= names
        for passage in passages:
            assert passage.since <= passage.entered <= (SPAN if passage.left is None else passage.left)
        ends = Counter(j.part for j in visits if j.leave is not None and j.outcome in {"scrap", "built in"})
        assert set(ends.values()) <= {1}
        for station in line.stations:
            judge_order(line, station, [j for j in visits if j.station == station.name])
            for node in line.machines(station):
                intervals = simulation.ledger.intervals(node)
                assert intervals[0].begin == 0
                assert intervals[-1].end == SPAN
                assert all(a.end == b.begin and a.begin < a.end for a, b in pairwise(intervals))
                assert all((a.state, a.reason) != (b.state, b.reason) for a, b in pairwise(intervals))


@settings(HARD, max_examples=30)
@given(whole_plants(), SEEDS)
def test_work_that_is_resumed_is_neither_lost_nor_done_twice(plant: Plant, seed: int) -> None:
    """Between its start and its end an operation is worked on for just the time drawn for it (rules 2 and 19)."""
    simulation = Simulation(plant, seed=seed, messages=False)
    simulation.advance(simulation.start + SPAN)
    products = {product.name: product for product in plant.products}
    for line in plant.lines:
        for station in line.stations:
            drawn = Streams(seed).stream(f"{line.name}/{station.name}", "cycle")
            begun = [j for j in simulation.ledger.journeys() if (j.line, j.station) == (line.name, station.name)]
            begun = sorted((j for j in begun if j.start is not None), key=lambda j: j.start or 0)
            if not resumes(line, station) or len({j.start for j in begun}) < len(begun):
                continue
            intervals = simulation.ledger.intervals(Node(line.area, line.name, station.name))
            for k, j in enumerate(begun):
                cycle = station.cycle(products[j.product]) if j.product in products else station.cycle_time
                assert j.finish is None or worked(intervals, j) == round(cycle.draw(drawn, k))


def resumes(line: Line, station: Station) -> bool:
    """Whether the one machine of a station ends each operation that it begins, part after part, and makes no others."""
    broken = station.tool is not None and station.tool.breaks is not None and station.tool.part != "resume"
    alone = (
        station.machines == 1
        and not (station.batch or station.disassembly)
        and (station.dispatch or line.dispatch) != "spt"
    )
    return alone and not broken and all(failure.part == "resume" for failure in station.failures)


def worked(intervals: Any, j: Any) -> int:
    work = [i for i in intervals if i.state == "processing" and i.reason not in {"load", "unload"}]
    return sum(max(0, min(i.end, j.finish) - max(i.begin, j.start)) for i in work)


def judge_order(line: Any, station: Any, visits: list[Any]) -> None:
    for j in visits:
        marks = [t for t in (j.enter, j.start, j.finish, j.leave) if t is not None]
        assert j.outcome == "built in" or marks == sorted(marks)
    one_by_one = station.machines == 1 and not (station.joins or station.disassembly or station.batch)
    if one_by_one and (station.dispatch or line.dispatch) == "fifo":
        begun = sorted((j for j in visits if j.start is not None), key=lambda j: j.start)
        assert [j.enter for j in begun] == sorted(j.enter for j in begun)
