"""Laws that hold for any plant and seed, on every path."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from generated import plants
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.time import DEFAULT_START as START
from plant.time import MINUTE
from simulators import Simulation, summarise
from tests.simulators.building import S, journeys, make, run

SPAN = 4 * MINUTE


@settings(deadline=None, max_examples=50)
@given(plants(), st.integers(0, 9))
def test_parts_are_conserved(plant: Plant, seed: int) -> None:
    """Parts in = good + scrap + inside, and every part goes station by station without a gap in order."""
    simulation = run(plant, SPAN, seed=seed)
    for line in plant.lines:
        names = [station.name for station in line.stations]
        of = [j for j in journeys(simulation) if j.line == line.name]
        passages = simulation.ledger.passages(line.name)
        assert {p.part for p in passages} == {j.part for j in of}
        by_part: dict[str, list[Any]] = {}
        for journey in of:
            by_part.setdefault(journey.part, []).append(journey)
        for passage in passages:
            visits = by_part[passage.part]
            assert [j.station for j in visits] == names[: len(visits)]
            assert visits[0].enter == passage.entered
            assert all(a.leave is not None and a.leave <= b.enter for a, b in pairwise(visits))
            assert all(j.outcome == "good" for j in visits[:-1])
            if passage.left is not None:
                assert visits[-1].leave == passage.left
                assert visits[-1].outcome == ("good" if passage.good else "scrap")
                assert len(visits) == len(names) or not passage.good
        for journey in of:
            ordered = [t for t in (journey.enter, journey.start, journey.finish, journey.leave) if t is not None]
            assert ordered == sorted(ordered)


@settings(deadline=None, max_examples=50)
@given(plants(), st.integers(0, 9))
def test_no_place_holds_two_parts_and_none_waits_beside_a_free_machine(plant: Plant, seed: int) -> None:
    """Buffers keep within their places, machines hold one part, queues are first come first served."""
    simulation = run(plant, SPAN, seed=seed)
    for line in plant.lines:
        saturated = line.arrivals.interval is None
        for position, station in enumerate(line.stations):
            visits = [j for j in journeys(simulation, station.name) if j.line == line.name]
            capacity = station.buffer if station.buffer is not None else (0 if saturated or position else None)
            for i in sorted({j.enter for j in visits} | {j.leave for j in visits if j.leave is not None}):
                present = [j for j in visits if j.enter <= i and (j.leave is None or i < j.leave)]
                if capacity is not None:
                    assert len(present) <= capacity + station.machines
            for number in range(1, station.machines + 1):
                held = sorted((j for j in visits if j.machine == number), key=lambda j: (j.start is None, j.start or 0))
                begun = [j for j in held if j.start is not None]
                assert all(a.leave is not None and a.leave <= b.start for a, b in pairwise(begun))
            entered = [j.enter for j in sorted(visits, key=lambda j: j.enter)]
            assert entered == sorted(entered)


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9), st.integers(0, SPAN - 1))
def test_states_fill_the_time_of_every_machine(plant: Plant, seed: int, begin: int) -> None:
    simulation = run(plant, SPAN, seed=seed)
    for line in plant.lines:
        for node in (node for station in line.stations for node in line.machines(station)):
            intervals = simulation.ledger.intervals(node)
            assert intervals[0].begin == 0
            assert intervals[-1].end == SPAN
            for a, b in pairwise(intervals):
                assert a.end == b.begin
                assert a.begin < a.end
                assert (a.state, a.reason) != (b.state, b.reason)
    for figures in summarise(simulation, begin, SPAN).values():
        for station in figures["stations"].values():
            assert sum(station["share"].values()) == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9))
def test_littles_law_holds_up_to_its_ends(plant: Plant, seed: int) -> None:
    """The integral of parts inside is the sum of their times inside, over the whole run exactly."""
    simulation = run(plant, SPAN, seed=seed)
    found = summarise(simulation, 0, SPAN)
    for line in plant.lines:
        inside = sum((SPAN if p.left is None else p.left) - p.entered for p in simulation.ledger.passages(line.name))
        assert found[line.name]["wip_mean"] == inside / SPAN


SLOW = st.sampled_from(["2 s", "exponential(2 s)", "geometric(0.4)", "uniform(0 s, 5 s)"])
STOP = {"mode": "stop", "time_to_failure": "exponential(15 s)", "time_to_repair": "exponential(5 s)"}
ROWS = st.lists(
    st.fixed_dictionaries({"cycle_time": SLOW, "buffer": st.integers(0, 3), "failures": st.sampled_from([[], [STOP]])}),
    min_size=2,
    max_size=5,
)


@settings(deadline=None, max_examples=50)
@given(ROWS, st.data(), st.integers(0, 9))
def test_a_place_more_never_delays_a_part(row: list[dict[str, Any]], data: st.DataObject, seed: int) -> None:
    """On the same draws, for serial lines that block after service without calendar failures."""
    which = data.draw(st.integers(1, len(row) - 1))
    wider = [{**station, "buffer": station["buffer"] + (i == which)} for i, station in enumerate(row)]
    before, after = (run(make(of), SPAN, seed=seed).ledger.passages("l") for of in (row, wider))
    left = {p.part: p.left for p in after}
    assert all(left[p.part] <= p.left for p in before if p.left is not None)


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9))
def test_no_machine_that_could_work_waits(plant: Plant, seed: int) -> None:
    """At the end of every instant: no part waits beside a free machine or a free place, no place beside a part."""
    simulation = Simulation(plant, seed=seed, messages=False)
    for _ in range(40):
        simulation.advance(simulation.now + 6 * S)
        for line in simulation._lines:
            for station in line.stations:
                buffer, own = station.buffer, station.own
                assert not (buffer.waiting and station.idle)
                assert not (buffer.givers and buffer.room)
                assert station.idle == sum(machine.phase == "empty" for machine in station.machines)
                if own is not None:
                    assert 0 <= own.taken <= own.places
                    assert own.taken == own.places or all(machine.down for machine in own.waiting)
                for machine in station.machines:
                    assert machine.down == sum(mode.down for mode in machine.modes)
                    assert (machine.phase == "ready") <= (machine.down > 0 or own_waits(station, machine))


def own_waits(station: Any, machine: Any) -> bool:
    return station.next is not None and station.next.own is not None and machine in station.next.own.waiting


def test_the_same_parts_pass_a_line_and_its_mirror() -> None:
    """Reversal keeps the throughput of an exponential line: with 10,000 parts to within 2 %."""
    row = [("exponential(1.3 s)", 0), ("exponential(0.8 s)", 3), ("exponential(1 s)", 1), ("exponential(1.2 s)", 2)]
    there = [{"cycle_time": cycle, "buffer": places} for cycle, places in row]
    places = [0, *[places for _, places in row[:0:-1]]]
    back = [{"cycle_time": cycle, "buffer": n} for (cycle, _), n in zip(row[::-1], places, strict=True)]
    rates = []
    for of in (there, back):
        simulation = Simulation(make(of), messages=False, keep=False, window=(1000 * S, 21000 * S))
        simulation.advance(START + 21000 * S)
        rates.append(summarise(simulation, 1000 * S, 21000 * S)["l"]["throughput_per_s"])
    assert rates[0] == pytest.approx(rates[1], rel=0.02)


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9))
def test_draws_are_used_in_order_of_start(plant: Plant, seed: int) -> None:
    """Rule 2: operation k of a station takes draw k of its cycle stream, on whichever machine."""
    simulation = run(plant, SPAN, seed=seed)
    for line, model in zip(plant.lines, simulation._lines, strict=True):
        for station, of in zip(line.stations, model.stations, strict=True):
            begun = Counter(j.start is not None for j in journeys(simulation, station.name) if j.line == line.name)
            assert of.begun == begun[True]
