"""The central law: KPIs and time in state from messages alone equal the simulator's own ledger, exactly.

The twin gets bytes and nothing else. The judge is a KPI oracle of the tests' own, over the raw intervals and journeys.
"""

import asyncio
import math
from fractions import Fraction
from typing import Any

import pytest
from generated import plants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Account, account, level_time, ratio

from broker import Numbering
from plant.description import Line, Plant, Station
from plant.messages import Clock, Delivery, StateChange
from plant.paths import Node
from plant.time import DEFAULT_START, SECOND
from simulators import Simulation
from twin import Twin, open_twin

START = DEFAULT_START


def stream(simulation: Simulation, until: int, steps: int) -> list[Delivery]:
    """The run as bytes, with the heartbeat of each line that a clean stop sends."""
    plant = simulation.plant
    numberings = {line.node: Numbering(plant.enterprise, plant.plant, run=simulation.run) for line in plant.lines}
    deliveries: list[Delivery] = []
    for step in range(1, steps + 1):
        for node, message in simulation.advance(START + until * step // steps):
            deliveries += numberings[node.parent].number(node, message)
    for node, numbering in numberings.items():
        now = START + until
        clock = Clock(ts=now, now=now, speed=1.0, epoch=START, running=False, last=numbering.last)
        deliveries += numbering.number(node, clock)
    return deliveries


def judge(simulation: Simulation, twin: Twin, begin: int, end: int) -> None:
    """Everything the twin says about [begin, end), µs since the start, against the ledger."""
    journeys = simulation.ledger.journeys()
    for line in simulation.plant.lines:
        accounts = {}
        for station in line.stations:
            planned = {product.name: station.planned(product) for product in simulation.plant.products_of(line)}
            own = [j for j in journeys if (j.line, j.station) == (line.name, station.name)]
            machines = line.machines(station)
            for number, node in enumerate(machines, start=1):
                visits = [j for j in own if j.machine == number]
                told = account(simulation.ledger.intervals(node), visits, begin, end, planned)
                accounts[node] = told
                judge_time(twin, node, told, begin, end)
                judge_machine(twin, node.path, told, begin, end, machines=1)
            together = sum((accounts[node] for node in machines), Account())
            judge_machine(twin, station_node(line, station).path, together, begin, end, machines=len(machines))
        judge_line(simulation, twin, line, sum(accounts.values(), Account()), begin, end)


def station_node(line: Line, station: Station) -> Node:
    return Node(line.area, line.name, station.name)


def judge_time(twin: Twin, node: Node, told: Account, begin: int, end: int) -> None:
    time: dict[str, int] = {}
    previous = START + begin
    for interval in twin.intervals(node.path, START + begin, START + end):
        assert interval.begin == previous
        previous = interval.end
        time[interval.state] = time.get(interval.state, 0) + interval.end - interval.begin
    assert previous == START + end
    assert time == told.time


def judge_machine(twin: Twin, path: str, told: Account, begin: int, end: int, *, machines: int) -> None:
    kpis = twin.kpis(path, START + begin, START + end)
    busy = machines * (end - begin)
    working = told.time.get("processing", 0)
    expect(kpis, "availability", working, busy)
    expect(kpis, "effectiveness", told.ideal, working)
    expect(kpis, "quality_ratio", told.good, told.produced)
    expect(kpis, "oee", told.ideal_good, busy)
    expect(kpis, "throughput", told.good * 3600 * SECOND, end - begin)
    expect(kpis, "mtbf.usual", working, told.failures * SECOND)
    expect(kpis, "mttr.usual", told.repair, told.restored * SECOND)
    parts = kpis["oee"].parts
    assert parts["PBT"] == busy
    assert parts["PRI_GQ"] == told.ideal_good
    assert kpis["availability"].coverage == 1.0


def judge_line(simulation: Simulation, twin: Twin, line: Line, told: Account, begin: int, end: int) -> None:
    kpis = twin.kpis(line.node.path, START + begin, START + end)
    passages = simulation.ledger.passages(line.name)
    shipped = [p for p in passages if p.good and p.left is not None and begin <= p.left < end]
    slowest = max(line.stations, key=lambda station: Fraction(station.planned_cycle, station.machines))
    busy = (end - begin) * slowest.machines
    expect(kpis, "throughput", len(shipped) * 3600 * SECOND, end - begin)
    expect(kpis, "oee", len(shipped) * slowest.planned_cycle, busy)
    expect(kpis, "wip", level_time([(p.entered, p.left) for p in passages], begin, end), end - begin)
    expect(kpis, "lead_time", sum(p.left - p.entered for p in shipped), len(shipped) * SECOND)
    expect(kpis, "availability", told.time.get("processing", 0), sum(told.time.values()))
    expect(kpis, "quality_ratio", told.good, told.produced)


def expect(kpis: dict[str, Any], name: str, numerator: int, denominator: int) -> None:
    """The value is the exact quotient, rounded once; without a denominator there is none, with a reason."""
    figure = kpis[name]
    wanted = ratio(numerator, denominator)
    assert figure.value == wanted, (name, figure, numerator, denominator)
    if wanted is None:
        assert figure.reason
    else:
        assert math.isfinite(figure.value)
        assert figure.lower == figure.value == figure.upper


async def law(plant: Plant, seed: int, until: int, steps: int, cuts: list[int], folder: Any) -> None:
    simulation = Simulation(plant, seed=seed)
    deliveries = stream(simulation, until, steps)
    async with open_twin(plant, folder, durable=False) as twin:
        for first in range(0, len(deliveries), 500):
            await twin.take(deliveries[first : first + 500])
        assert twin.counters().dead_letters == {}
        assert (twin.counters().gaps, twin.counters().duplicates) == (0, 0)
        borders = sorted({0, until, *cuts})
        for begin, end in [(0, until), *zip(borders, borders[1:], strict=False)]:
            judge(simulation, twin, begin, end)
        judge_present(simulation, twin)


def judge_present(simulation: Simulation, twin: Twin) -> None:
    """The mirror shows every machine in the state that it is in, with the parts that are there."""
    for line in simulation.plant.lines:
        inside = [p for p in simulation.ledger.passages(line.name) if p.left is None]
        assert twin.state(line.node.path).reported["wip"] == len(inside)
    for node, message in simulation.snapshot_states():
        if isinstance(message, StateChange):
            reported = twin.state(node.path).reported
            assert (reported["state"], reported["reason"]) == (message.state, message.reason)


CASES = {
    "plant": plants(),
    "seed": st.integers(0, 2**32),
    "until": st.integers(1, 300).map(lambda s: s * SECOND),
    "steps": st.integers(1, 4),
    "cuts": st.lists(st.integers(1, 300 * SECOND), max_size=3),
}


def run_law(factory: pytest.TempPathFactory, plant: Plant, until: int, cuts: list[int], **rest: int) -> None:
    inside = [cut for cut in cuts if cut < until]
    folder = factory.mktemp("law")
    asyncio.run(law(plant, rest["seed"], until, rest["steps"], inside, folder))


@given(**CASES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_messages_alone_tell_what_the_ledger_knows(tmp_path_factory, plant, seed, until, steps, cuts) -> None:
    run_law(tmp_path_factory, plant, until, cuts, seed=seed, steps=steps)


@pytest.mark.slow
@given(**CASES)
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_messages_alone_tell_what_the_ledger_knows_at_length(tmp_path_factory, plant, seed, until, steps, cuts) -> None:
    run_law(tmp_path_factory, plant, until, cuts, seed=seed, steps=steps)
