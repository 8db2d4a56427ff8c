"""The central law: KPIs and time in state from messages alone equal the simulator's own ledger, exactly.

The twin gets bytes and nothing else. The judge is a KPI oracle of the tests' own, over the raw intervals and journeys.
"""

import asyncio
import math
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from generated import plants, whole_plants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Account, account, attained, booked, level_time, ratio

from broker import Numbering
from plant.description import Line, Plant, Station
from plant.errors import SimulationError
from plant.figures import planned_bottleneck
from plant.messages import Clock, Delivery, StateChange
from plant.paths import Node
from plant.time import DAY, DEFAULT_START, HOUR, SECOND
from simulators import Interval, Simulation
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
    for line in simulation.plant.lines:
        judge_line(simulation, twin, line, begin, end)


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


def judge_unit(twin: Twin, path: str, told: Account, window: tuple[int, int], machines: int) -> dict[str, Any]:
    """A machine, or the machines of a station together."""
    begin, end = window
    kpis = twin.kpis(path, START + begin, START + end)
    assert kpis["oee"].parts["PBT"] == told.busy
    assert kpis["oee"].parts["PRI_GQ"] == told.ideal_good
    assert kpis["availability"].coverage == 1.0
    failed, maintenance = told.time.get("failed", 0), told.time.get("maintenance", 0)
    quotients = {
        "availability": (told.working, told.busy),
        "effectiveness": (told.ideal, told.working),
        "quality_ratio": (told.good, told.produced),
        "rework_ratio": (told.reworked, told.produced),
        "scrap_ratio": (told.produced - told.good - told.reworked, told.produced),
        "first_pass_yield": (told.passed, told.first),
        "oee": (told.ideal_good, told.busy),
        "ooe": (told.ideal_good, told.planned),
        "teep": (told.ideal_good, machines * (end - begin)),
        "setup_ratio": (told.on("setup"), told.running),
        "allocation_efficiency": (told.busy - told.idle, told.busy),
        "utilization_efficiency": (told.working, told.busy - told.idle),
        "technical_efficiency": (told.working, told.busy - told.idle - told.on("setup")),
        "loss.no_order": (told.idle, told.busy),
        "throughput": (told.good * 3600 * SECOND, end - begin),
        "mtbf.usual": (told.running, told.failures * SECOND),
        "mttr.usual": (told.repair, told.restored * SECOND),
        "mttf.usual": (told.running, told.failures * SECOND),
        "corrective_maintenance_ratio": (failed, failed + maintenance),
        "vdi.technical_availability": (told.busy + maintenance - failed, told.busy + maintenance),
        "vdi.utilization": (told.working, told.busy + maintenance),
        "loss.speed": (told.working - told.ideal, told.busy),
        "loss.quality": (told.ideal - told.ideal_good, told.busy),
        **{f"loss.{name}": (told.on(name), told.busy) for name in ("blocked", "starved", "waiting", "setup")},
    }
    if told.unsettled:
        assert kpis["minor_stop_time"].value == ratio(told.minor, SECOND)
        assert kpis["minor_stop_time"].upper == ratio(told.minor + told.unsettled, SECOND)
    else:
        quotients["minor_stop_time"] = told.minor, SECOND
        quotients["loss.breakdown"] = told.on("failed") - told.minor, told.busy
    if not told.pending:
        quotients["minor_stop_count"] = told.minors, 1
    for name, quotient in quotients.items():
        expect(kpis, name, *quotient)
    return kpis


def in_force(simulation: Simulation, node: Node) -> Interval:
    """The state of a machine from the end of the run on: a stop that ended in the last instant is over."""
    told = (message for of, message in simulation.snapshot_states() if of == node and isinstance(message, StateChange))
    now = simulation.now - simulation.start
    message = next(told)
    return Interval(message.state, message.reason, now, now)


def judge_station(
    simulation: Simulation, twin: Twin, line: Line, station: Station, window: tuple[int, int]
) -> Account:
    """The machines of a station, the station, and how many parts are there."""
    begin, end = window
    planned = {product.name: station.planned(product) for product in simulation.plant.products_of(line)}
    visits = [j for j in simulation.ledger.journeys() if (j.line, j.station) == (line.name, station.name)]
    together = Account()
    for number, node in enumerate(line.machines(station), start=1):
        own = booked([j for j in visits if j.machine == number], simulation.ledger.passages(line.name))
        intervals = [*simulation.ledger.allotted(node), in_force(simulation, node)]
        told = account(intervals, own, begin, end, planned, line.minor_stop, booked=line.arrivals.orders)
        judge_time(twin, node, told, begin, end)
        judge_unit(twin, node.path, told, window, machines=1)
        together += told
    kpis = judge_unit(twin, station_node(line, station).path, together, window, station.machines)
    expect(kpis, "wip", level_time([(j.enter, j.leave) for j in visits], begin, end), end - begin)
    queued = [(j.enter, min((t for t in (j.start, j.leave) if t is not None), default=None)) for j in visits]
    expect(kpis, "queue", level_time(queued, begin, end), end - begin)
    here = station_node(line, station).path
    first = twin.kpis(station_node(line, line.stations[0]).path, START + begin, START + end, names=["quality_ratio"])
    scrapped = together.produced - together.good - together.reworked
    expect({"fall_off_ratio": kpis["fall_off_ratio"]}, "fall_off_ratio", scrapped, first["quality_ratio"].parts["PQ"])
    alone = twin.kpis(here, START + begin, START + end, names=["minor_stop_time"])
    assert alone == {"minor_stop_time": kpis["minor_stop_time"]}
    return together


def judge_line(simulation: Simulation, twin: Twin, line: Line, begin: int, end: int) -> None:
    window = begin, end
    accounts = {of.name: judge_station(simulation, twin, line, of, window) for of in line.stations}
    told = sum(accounts.values(), Account())
    kpis = twin.kpis(line.node.path, START + begin, START + end)
    passages = simulation.ledger.passages(line.name)
    shipped = [p for p in passages if p.good and not p.into and p.left is not None and begin <= p.left < end]
    products = simulation.plant.products_of(line)
    slowest = planned_bottleneck(line, products)
    planned = {product.name: slowest.planned(product) for product in products}
    expect(kpis, "throughput", len(shipped) * 3600 * SECOND, end - begin)
    expect(kpis, "oee", sum(planned[p.product] for p in shipped), accounts[slowest.station.name].busy)
    expect(kpis, "wip", level_time([(p.entered, p.left) for p in passages], begin, end), end - begin)
    expect(kpis, "lead_time", sum(p.left - p.since for p in shipped), len(shipped) * SECOND)
    expect(kpis, "availability", told.working, told.busy)
    expect(kpis, "quality_ratio", told.good, told.produced)
    inside = level_time([(p.entered, p.left) for p in passages], begin, end)
    expect(kpis, "inventory_turns", len(shipped) * DAY, inside)
    passed = [Fraction(each.passed, each.first) for each in accounts.values() if each.first]
    assert kpis["rolled_throughput_yield"].value == (float(math.prod(passed)) if passed else None)
    due, on_time = attained(simulation.orders(line.name), begin, end)
    expect(kpis, "schedule_attainment", on_time, due)
    done = [t for t in simulation.orders(line.name) if t.completed is not None and begin <= t.completed < end]
    starts = [min(p.entered for p in passages if p.order == t.name) for t in done]
    took = sum(t.completed - start for t, start in zip(done, starts, strict=True))
    expect(kpis, "throughput_rate", sum(t.good + t.scrap for t in done) * HOUR, took)


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
    """The mirror shows every machine in the state that it is in, with the parts that are there and that have left."""
    for line in simulation.plant.lines:
        passages = simulation.ledger.passages(line.name)
        gone = [p for p in passages if p.left is not None and not p.into]
        reported = twin.state(line.node.path).reported
        assert reported["wip"] == sum(p.left is None for p in passages)
        assert reported["parts_out"] == sum(p.good for p in gone)
        assert reported["parts_scrapped"] == sum(not p.good for p in gone)
    for node, message in simulation.snapshot_states():
        if isinstance(message, StateChange):
            reported = twin.state(node.path).reported
            assert (reported["state"], reported["reason"]) == (message.state, message.reason)


CASES = {
    "seed": st.integers(0, 2**32),
    "until": st.integers(1, 300).map(lambda s: s * SECOND),
    "steps": st.integers(1, 4),
    "cuts": st.lists(st.integers(1, 300 * SECOND), max_size=3),
    "minor_stop": st.sampled_from([300 * SECOND, 20 * SECOND, 10 * SECOND]),
}
LAW = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def run_law(factory: pytest.TempPathFactory, plant: Plant, until: int, cuts: list[int], **rest: int) -> None:
    inside = [cut for cut in cuts if cut < until]
    lines = tuple(line.model_copy(update={"minor_stop": rest["minor_stop"]}) for line in plant.lines)
    plant = plant.model_copy(update={"lines": lines})
    folder = factory.mktemp("law")
    asyncio.run(law(plant, rest["seed"], until, rest["steps"], inside, folder))


@given(plant=plants(), **CASES)
@settings(LAW, max_examples=60)
def test_messages_alone_tell_what_the_ledger_knows(tmp_path_factory, plant, **case) -> None:
    run_law(tmp_path_factory, plant, **case)


@given(plant=whole_plants(), **CASES)
@settings(LAW, max_examples=40)
def test_they_do_so_on_lines_with_every_element(tmp_path_factory, plant, **case) -> None:
    run_law(tmp_path_factory, plant, **case)


@given(plant=whole_plants(booked=True), **CASES)
@settings(LAW, max_examples=40)
def test_they_do_so_on_lines_that_work_to_orders(tmp_path_factory, plant, **case) -> None:
    run_law(tmp_path_factory, plant, **case)


@given(plant=whole_plants(loops=True), **CASES)
@settings(LAW, max_examples=30)
def test_they_do_so_on_lines_with_loops(tmp_path_factory, plant, **case) -> None:
    with suppress(SimulationError):  # some lock
        run_law(tmp_path_factory, plant, **case)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("drawn", [plants(), whole_plants()], ids=["rows", "whole"])
def test_messages_alone_tell_what_the_ledger_knows_at_length(tmp_path_factory, drawn) -> None:
    @given(plant=drawn, **CASES)
    @settings(LAW, max_examples=300)
    def at_length(plant, **case) -> None:
        run_law(tmp_path_factory, plant, **case)

    at_length()
