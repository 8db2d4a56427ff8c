"""Figures of one replication that can be compared with a known answer.

Each measure takes a plant, a window in seconds and the number of the replication. Beside its figures it gives controls:
values whose mean is 0 whatever the line does, such as the work done against the work that came.
"""

import heapq
from collections.abc import Sequence
from typing import Any, Protocol

from experiments.replications import replication_seed
from plant.description import Line, Plant, Station
from plant.goods import OrderStream
from plant.time import DEFAULT_START, SECOND
from simulators import Simulation, summarise
from simulators.compiled.engine import CompiledRun
from simulators.ledger import Interval

SEED = 20260105
Figures = dict[str, Any]
Span = tuple[int, int]


class Measure(Protocol):
    """Figures of a replication over [warm_up, until) seconds."""

    def __call__(self, plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures: ...


class Compiled(CompiledRun):
    """A run of the compiled engine, which keeps its own ledger."""

    @property
    def ledger(self) -> CompiledRun:
        return self


def ran(
    plant: Plant, until: int, replication: int, engine: str, *, keep: bool = True, window: Span | None = None
) -> Any:
    """A run of so many seconds."""
    if engine == "compiled":
        seed = replication_seed(SEED, replication)
        return Compiled(plant, until * SECOND, seed=seed, window=window, keep=keep)
    kept = {} if window is None or keep else {"window": window}
    simulation = Simulation(plant, seed=replication_seed(SEED, replication), messages=False, keep=keep, **kept)
    simulation.advance(DEFAULT_START + until * SECOND)
    return simulation


def passes(station: Station) -> float:
    """Mean number of operations on a part that comes from elsewhere."""
    rework = station.quality.rework
    return 1.0 if rework is None else 1 / (1 - rework.share)


def flow(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """What a line gives and holds, and how its stations wait.

    Controls: work done against parts that left, repairs against what the clocks make expect.
    """
    window = (warm_up * SECOND, until * SECOND)
    line = plant.lines[0]
    simulation = ran(plant, until, replication, engine, keep=False, window=window)
    found = summarise(simulation, *window)[line.name]
    stations = [found["stations"][station.name] for station in line.stations]
    span = until - warm_up
    work = repair = 0.0
    for station, figures in zip(line.stations, stations, strict=True):
        share = figures["share"]
        each = station.cycle_time.mean / SECOND * passes(station)
        work += share["processing"] * station.machines - each * figures["parts_out"] / span
        for mode in station.failures:
            up, down = mode.interval.mean, mode.time_to_repair.mean
            expected = share["processing"] * down / up if mode.clock == "operating" else down / (up + down)
            repair += (share["failed"] / len(station.failures) - expected) * station.machines
    controls = (work, repair)[: 1 + any(station.failures for station in line.stations)]
    return {
        "throughput": found["throughput_per_s"],
        "wip_incl_machines": found["wip_mean"],
        "cycle_time": found["lead_time_s"]["mean"],
        **{f"blocked {i}": figures["share"]["blocked"] for i, figures in enumerate(stations)},
        **{f"starved {i}": figures["share"]["starved"] for i, figures in enumerate(stations)},
        "controls": () if found["parts_scrapped"] else controls,  # scrap is worked on and does not leave
    }


def output(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """What a line gives, without controls: a machine that always works says by its work what it gives."""
    return {**flow(plant, warm_up, until, replication, engine), "controls": ()}


def work_offered(plant: Plant, line: Line) -> float:
    """Seconds of work on a part, over all classes and passes."""
    station = line.stations[0]
    products = plant.products_of(line)
    each = [(product.share or 1.0) * station.cycle(product).mean / SECOND for product in products]
    return sum(each) * passes(station)


def wait(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """Mean waits of the parts that leave a queue in the window, from their journeys; of each class too.

    Controls: the load offered and the parts that came, against their means.
    """
    window = (warm_up * SECOND, until * SECOND)
    line = plant.lines[0]
    station, interval = line.stations[0], line.arrivals.interval
    assert interval is not None
    simulation = ran(plant, until, replication, engine, window=window)
    ledger = simulation.ledger
    counted = [j for j in ledger.journeys() if j.leave is not None and j.leave >= window[0] and j.start is not None]
    waits: dict[str, list[int]] = {}
    for journey in counted:
        waits.setdefault(f"Wq {journey.product}", []).append(journey.start - journey.enter)
    stays = [p.left - p.entered for p in ledger.passages(line.name) if p.left is not None and p.left >= window[0]]
    found = summarise(simulation, *window)[line.name]
    share = found["stations"][station.name]["share"]
    rate = SECOND / interval.mean
    work = share["processing"] * station.machines - rate * work_offered(plant, line)
    coming = found["throughput_per_s"] - rate
    certain = station.cycle_time.constant and not plant.products
    controls = [coming if certain else work]
    if not (interval.constant or certain):
        controls.append(coming)
    controls += [
        share["failed"] - share["processing"] * mode.time_to_repair.mean / mode.interval.mean
        for mode in station.failures
    ]
    return {
        **{name: sum(times) / len(times) / SECOND for name, times in waits.items()},
        "Wq": sum(map(sum, waits.values())) / len(counted) / SECOND,
        "W": sum(stays) / len(stays) / SECOND,
        "L": found["wip_mean"],
        "controls": tuple(controls),
    }


def outside(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """Parts waiting outside the line for material. Control: the parts that came."""
    window = (warm_up * SECOND, until * SECOND)
    line = plant.lines[0]
    interval = line.arrivals.interval
    assert interval is not None
    found = summarise(ran(plant, until, replication, engine, keep=False, window=window), *window)[line.name]
    return {"Lq": found["waiting_outside_mean"], "controls": (found["throughput_per_s"] - SECOND / interval.mean,)}


def _overlap(spans: Sequence[Span], window: Span) -> int:
    return sum(max(0, min(end, window[1]) - max(begin, window[0])) for begin, end in spans)


def _failed(interval: Interval) -> bool:
    return interval.state == "failed"


def crew(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """Machines that are down, and how long they wait for the crew, from their outages alone.

    Who repairs what follows from them: the crew goes to the machine that failed first as soon as one of it is free.
    Controls: failures against the time up, repairs against failures.
    """
    window = (warm_up * SECOND, until * SECOND)
    line, span = plant.lines[0], (until - warm_up) * SECOND
    station, mode = line.stations[0], line.stations[0].failures[0]
    ledger = ran(plant, until, replication, engine).ledger
    outages = sorted(
        (interval.begin, interval.end)
        for node in line.machines(station)
        for interval in ledger.intervals(node)
        if _failed(interval)
    )
    free = [0] * plant.operators[0].most
    repairs: list[Span] = []
    for begin, end in outages:
        start = max(begin, heapq.heappop(free))
        heapq.heappush(free, end)
        repairs.append((start, end))
    inside = [number for number, (begin, _) in enumerate(outages) if begin >= window[0]]
    waits = [repairs[number][0] - outages[number][0] for number in inside]
    down, busy = _overlap(outages, window) / span, _overlap(repairs, window) / span
    per_second = len(waits) * SECOND / span
    return {
        "mean_down": down,
        "mean_waiting": down - busy,
        "availability": 1 - down / station.machines,
        "mean_wait_for_repair": sum(waits) / len(waits) / SECOND,
        "repair_util": busy / len(free),
        "p_all_up": 1 - _overlap(_joined(outages), window) / span,
        "controls": (
            per_second - (station.machines - down) * SECOND / mode.interval.mean,
            busy - per_second * mode.time_to_repair.mean / SECOND,
        ),
    }


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def claims(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """How claims on spares are met. Control: the claims that came."""
    window = (warm_up * SECOND, until * SECOND)
    line, span = plant.lines[0], (until - warm_up) * SECOND
    interval = line.arrivals.interval
    assert interval is not None
    visits = [
        (journey.enter, journey.start or window[1])
        for journey in ran(plant, until, replication, engine).ledger.journeys()
        if journey.station == "SHIP" and journey.product in {"demand", "claim"}
    ]
    came = [(begin, end) for begin, end in visits if begin >= window[0]]
    at_once = sum(end - begin < SECOND // 1000 for begin, end in came)  # assemblies take an instant each
    return {
        "fill_rate": at_once / len(came),
        "backorders": _overlap(visits, window) / span,
        "controls": (len(came) * SECOND / span - SECOND / interval.mean,),
    }


def orders(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """Mean times of orders that are completed in the window. Control: the orders that came.

    An order waits until the machine turns to it: for all of its time but that of the machine's work and setups.
    """
    window = (warm_up * SECOND, until * SECOND)
    line, span, stream = plant.lines[0], until - warm_up, plant.orders[0]
    assert isinstance(stream, OrderStream)
    simulation = ran(plant, until, replication, engine, keep=False, window=window)
    tickets = simulation.orders(line.name)
    times = [t.completed - t.release for t in tickets if t.completed is not None and t.completed >= window[0]]
    came = sum(ticket.release >= window[0] for ticket in tickets)
    share = summarise(simulation, *window)[line.name]["stations"][line.stations[0].name]["share"]
    mean = sum(times) / len(times) / SECOND
    return {
        "W_lot": mean,
        "Wq_lot": mean - (share["processing"] + share["setup"]) * span / len(times),
        "controls": (came / span - SECOND / stream.every.mean,),
    }


def renewals(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """How often a machine is renewed, by failure and before it, and how much of the time it works."""
    begin, span = warm_up * SECOND, (until - warm_up) * SECOND
    node = plant.lines[0].machines(plant.lines[0].stations[0])[0]
    ledger = ran(plant, until, replication, engine).ledger
    intervals = [interval for interval in ledger.intervals(node) if interval.end > begin]
    times = [(interval.state, interval.end - max(begin, interval.begin)) for interval in intervals]
    return {
        "failures": sum(map(_failed, intervals)) * SECOND / span,
        "preventive": sum(state == "maintenance" for state, _ in times) * SECOND / span,
        "availability": sum(time for state, time in times if state == "processing") / span,
        "controls": (),
    }


def effectiveness(plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy") -> Figures:
    """OEE of a machine and its factors: availability over the planned time, performance, quality."""
    window = (warm_up * SECOND, until * SECOND)
    line = plant.lines[0]
    station = line.stations[0]
    found = summarise(ran(plant, until, replication, engine, keep=False, window=window), *window)[line.name]
    share = found["stations"][station.name]["share"]
    total = found["parts_out"] + found["parts_scrapped"]
    ideal = station.planned_cycle / SECOND * total / (until - warm_up)
    availability = share["processing"] / (1 - share["off"] - share["pause"])
    performance = ideal / share["processing"]
    quality = found["parts_out"] / total
    return {
        "total": total,
        "availability": availability,
        "performance": performance,
        "quality": quality,
        "oee": availability * performance * quality,
        "controls": (),
    }
