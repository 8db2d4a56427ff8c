"""KPIs by order and by product: the shares of a window add up to it exactly, and each is what the ledger says.

Time by product is judged by a walk through the messages, one after the other, since a part that a stopped machine takes
in without a word is known to nobody but the machine.
"""

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from generated import whole_plants
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import booked, failed_runs, ratio

from plant.description import Plant
from plant.messages import PartEvent, StateChange
from plant.time import SECOND
from simulators import Simulation
from tests.laws.test_central_law import LAW, START, in_force, stream
from twin import Twin, open_twin
from twin.characteristics import CAPABILITY

CASE = {
    "seed": st.integers(0, 2**32),
    "until": st.integers(1, 240).map(lambda s: s * SECOND),
    "cuts": st.tuples(st.integers(0, 240 * SECOND), st.integers(0, 240 * SECOND)),
    "minor_stop": st.sampled_from([300 * SECOND, 15 * SECOND]),
}
LEFT_OUT = {"duration", "known", "FE", "TTR", "restored", "wip_integral", "queue_integral", "queue_max", "first_PQ",
            "lead_times", "lead_time_sum", "E"}  # fmt: skip


def add_up(twin: Twin, path: str, begin: int, end: int, by: str) -> dict[str | None, Any]:
    """Shares of a node, after a look at whether they add up to the window."""
    whole, shares = twin.kpis(path, begin, end), twin.kpis_by(path, begin, end, by)
    assert None in shares
    for name, figure in whole.items():
        if name.partition(".")[0] in CAPABILITY:  # of measured values, which have no shares
            continue
        told = [kpis[name] for kpis in shares.values()]
        if all(one.reason == f"not_by_{by}" for one in told):
            assert all(one.value is one.lower is one.upper is None for one in told)
            continue
        for part, total in figure.parts.items():
            if part.partition(".")[0] not in LEFT_OUT:
                assert sum(one.parts[part] for one in told) == total, (path, name, part)
        assert all(one.coverage == figure.coverage for one in told)
        if figure.lower == figure.value == figure.upper:
            assert all(one.lower == one.value == one.upper for one in told if name != "minor_stop_count")
    return shares


def judge_orders(simulation: Simulation, twin: Twin, begin: int, end: int) -> None:
    """Busy and productive time of each order, on each machine and of the orders that are complete."""
    for line in simulation.plant.lines:
        tickets = [t for t in simulation.orders(line.name) if t.completed is not None]
        done = {t.name: t for t in tickets if begin <= t.completed < end}
        entered = {}
        for p in simulation.ledger.passages(line.name):
            entered[p.order] = min(p.entered, entered.get(p.order, p.entered))
        busy: dict[str, int] = defaultdict(int)
        work: dict[str, int] = defaultdict(int)
        for station in line.stations:
            for node in line.machines(station):
                stays = [*simulation.ledger.allotted(node), in_force(simulation, node)]
                shares = add_up(twin, node.path, START + begin, START + end, "order")
                inside: dict[tuple[str | None, str], int] = defaultdict(int)
                for one in stays:
                    inside[one.order or None, one.state] += max(0, min(one.end, end) - max(one.begin, begin))
                    if one.order in done and one.state not in {"off", "pause", "maintenance"}:
                        busy[one.order] += one.end - one.begin
                        work[one.order] += (one.end - one.begin) * (one.state == "processing")
                for order, kpis in shares.items():
                    assert kpis["availability"].parts["APT"] == inside[order, "processing"]
                    assert kpis["loss.starved"].parts["starved"] == (inside[order, "starved"] if order or not
                                                                      line.arrivals.orders else 0)
                stops = minor_of(stays, begin, end, line.minor_stop)
                for order, kpis in shares.items():
                    minor, minors = stops.get(order, (0, 0))
                    counted = minor if order or not line.arrivals.orders else 0
                    assert kpis["minor_stop_time"].parts["minor_stop"] == counted
                    assert kpis["minor_stop_count"].parts["minor_stops"] == minors
                visits = [j for j in simulation.ledger.journeys() if (j.line, j.station) == (line.name, station.name)]
                orders = {p.part: p.order or None for p in simulation.ledger.passages(line.name)}
                if station.machines == 1:
                    mine = booked(visits, simulation.ledger.passages(line.name))
                    made = [orders[j.part] for j in mine if j.finish is not None and begin <= j.finish < end]
                    assert all(kpis["quality_ratio"].parts["PQ"] == made.count(of) for of, kpis in shares.items())
        took = {name: t.completed - entered[name] for name, t in done.items()}
        kpis = twin.kpis(line.node.path, START + begin, START + end)
        assert kpis["allocation_ratio"].value == ratio(sum(busy.values()), sum(took.values()))
        assert kpis["production_process_ratio"].value == ratio(sum(work.values()), sum(took.values()))
        assert kpis["allocation_ratio"].lower == kpis["allocation_ratio"].value == kpis["allocation_ratio"].upper
        shares = add_up(twin, line.node.path, START + begin, START + end, "order")
        for name, t in done.items():
            assert shares[name]["allocation_ratio"].value == ratio(busy[name], took[name])
            assert shares[name]["throughput_rate"].value == ratio((t.good + t.scrap) * 3600 * SECOND, took[name])
        for station in line.stations:
            add_up(twin, f"{line.node.path}/{station.name}", START + begin, START + end, "order")


def minor_of(stays: list[Any], begin: int, end: int, limit: int) -> dict[str | None, tuple[int, int]]:
    """Of each order: its time in minor stops, by the whole length of each, and how many began with it."""
    found: dict[str | None, tuple[int, int]] = {}
    for run, over in failed_runs(stays):
        if over and run[-1].end - run[0].begin < limit:
            for one in run:
                time, count = found.get(one.order or None, (0, 0))
                began = one is run[0] and begin <= one.begin < end
                inside = max(0, min(one.end, end) - max(one.begin, begin))
                found[one.order or None] = time + inside, count + began
    return found


def judge_products(plant: Plant, messages: list[Any], twin: Twin, begin: int, end: int) -> None:
    """Time by product of each machine against a walk through its messages."""
    for line in plant.lines:
        makes = {m.order: m.product for node, m in messages if type(m).__name__ == "Order" and node.parent == line.node}
        add_up(twin, line.node.path, START + begin, START + end, "product")
        for node in (node for station in line.stations for node in line.machines(station)):
            mine = [m for of, m in messages if of == node and isinstance(m, StateChange | PartEvent)]
            is_a = {m.part: m.product for m in mine if isinstance(m, PartEvent)}
            time: dict[tuple[str | None, str], int] = defaultdict(int)
            state, order, part, since = "", None, None, START
            for m in [*mine, None]:
                now = START + end if m is None else min(m.ts, START + end)
                product = makes[order] if order else (is_a.get(part) or None)
                time[product, state] += max(0, now - max(since, START + begin))
                since = now
                if isinstance(m, StateChange):
                    state, order, part = m.state, m.order, m.part
                elif m is not None and m.event in {"started", "finished"}:
                    part = m.part
                elif m is not None and m.event == "left" and m.part == part:
                    part = None
            for product, kpis in add_up(twin, node.path, START + begin, START + end, "product").items():
                assert kpis["availability"].parts["APT"] == time[product, "processing"], (node, product)


async def law(plant: Plant, seed: int, until: int, window: tuple[int, int], folder: Any) -> None:
    simulation = Simulation(plant, seed=seed)
    deliveries = stream(simulation, until, 1)
    again = Simulation(plant, seed=seed)
    messages = again.advance(START + until)
    async with open_twin(plant, folder, durable=False) as twin:
        await twin.take(deliveries)
        begin, end = window
        judge_orders(simulation, twin, begin, end)
        judge_products(plant, messages, twin, begin, end)


def run_law(factory: pytest.TempPathFactory, plant: Plant, seed: int, until: int, cuts: Any, minor_stop: int) -> None:
    lines = tuple(line.model_copy(update={"minor_stop": minor_stop}) for line in plant.lines)
    plant = plant.model_copy(update={"lines": lines})
    begin, end = sorted(min(cut, until) for cut in cuts)
    window = (begin, end) if begin < end else (0, until)
    asyncio.run(law(plant, seed, until, window, factory.mktemp("shares")))


@given(plant=whole_plants(most=1, booked=True), **CASE)
@settings(LAW, max_examples=25)
def test_shares_of_orders_add_up_and_are_true(tmp_path_factory, plant, **case) -> None:
    run_law(tmp_path_factory, plant, **case)


@given(plant=whole_plants(most=1), **CASE)
@settings(LAW, max_examples=25)
def test_shares_add_up_on_lines_without_orders(tmp_path_factory, plant, **case) -> None:
    run_law(tmp_path_factory, plant, **case)
