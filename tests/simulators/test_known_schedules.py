"""Schedules with known answers, executed: the simulator gives each its makespan or cost, to the microsecond.

What is a search stays one: where a case gives the best value, the schedule that has it is found here by enumeration.
A case's data stand in it or come from a published generator; the others are listed in `test_line_cases`.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from plant.description import Plant
from plant.time import DEFAULT_START, SECOND
from simulators import Simulation
from simulators.ledger import Passage
from tests.simulators import cases
from tests.simulators.cases import CASES

Job = list[tuple[int, int]]
"""Its operations in order: machine, and time in microseconds."""
PRIME = 2**31 - 1


def _kind(case: dict[str, Any]) -> str:
    model = case["model"]
    given = any(key in model for key in ("rows", "time_seed", "times", "p")) or isinstance(model.get("jobs"), list)
    return str(model["kind"]) if case["feature"].startswith("scheduling") and given else ""


SCHEDULED = {name: case for name, case in CASES.items() if _kind(case) not in {"", "flexible job shop"}}


def named(kind: str) -> Sequence[str]:
    found = [name for name, case in SCHEDULED.items() if _kind(case) == kind]
    assert found
    return found


def uniform(seed: int) -> Iterator[float]:
    """The random numbers of Taillard, Benchmarks for basic scheduling problems, 1993."""
    while True:
        seed = 16807 * seed % PRIME
        yield seed / PRIME


def times_of(model: dict[str, Any], rows: int, columns: int) -> list[list[int]]:
    draws = uniform(model["time_seed"])
    return [[1 + int(99 * next(draws)) for _ in range(columns)] for _ in range(rows)]


def flow_shop(model: dict[str, Any]) -> list[list[int]]:
    """Times of each job on each machine in seconds; a generated instance comes machine by machine."""
    if "times" in model:
        return list(model["times"])
    return [list(job) for job in zip(*times_of(model, model["machines"], model["jobs"]), strict=True)]


def job_shop(model: dict[str, Any]) -> list[Job]:
    """Jobs of a shop, times in seconds; a generated one has its times job by job and then shuffles the machines."""
    if "time_seed" not in model:
        return [[(m, t) for m, t in job] for job in model.get("rows", model["jobs"])]
    machines = model["machines"]
    draws = uniform(model["machine_seed"])
    jobs = []
    for times in times_of(model, model["jobs"], machines):
        order = list(range(machines))
        for i in range(machines):
            other = i + int((machines - i) * next(draws))
            order[i], order[other] = order[other], order[i]
        jobs.append(list(zip(order, times, strict=True)))
    return jobs


def executed(plant: Plant) -> list[Passage]:
    """What became of the parts, when all have left."""
    simulation = Simulation(plant, messages=False)
    simulation.advance(DEFAULT_START + 100_000 * SECOND)
    passages = simulation.ledger.passages("l")
    assert all(passage.left is not None for passage in passages)
    return passages


def makespan(plant: Plant) -> int:
    return max(passage.left or 0 for passage in executed(plant))


def shop(jobs: Sequence[Job], dispatch: str, apart: int = 0) -> Plant:
    """Each job is an order for one part of a product with its own route, released `apart` µs after another."""
    machines = 1 + max(machine for job in jobs for machine, _ in job)
    stations = [{"name": f"M{m}", "cycle_time": "1 s", "buffer": len(jobs)} for m in range(machines)]
    products = [
        {
            "name": f"J{j}",
            "route": [f"M{m}" for m, _ in job],
            "cycle_times": {f"M{m}": f"{t / SECOND:.6f} s" for m, t in job},
        }
        for j, job in enumerate(jobs)
    ]
    orders = [
        {"order": f"O{j}", "product": f"J{j}", "quantity": 1, "release": f"{j * apart / SECOND:.6f} s"}
        for j in range(len(jobs))
    ]
    return cases.one_line(stations, {"products": products, "orders": orders}, arrivals="orders", dispatch=dispatch)


# --- job shops ----------------------------------------------------------------------------------------------------

Rank = Callable[[int, int], int]
"""Of a waiting operation, by when it came and how long it takes; the lowest goes first."""
RULES: dict[str, Rank] = {"fifo": lambda came, _: came, "spt": lambda _, time: time}


def non_delay(jobs: Sequence[Job], rank: Rank, apart: int = 0) -> int:
    """Makespan when no machine waits while there is work; ties go to the lowest job, then the lowest machine."""
    free = [0] * (1 + max(machine for job in jobs for machine, _ in job))
    came, done = [j * apart for j in range(len(jobs))], [0] * len(jobs)
    for _ in range(sum(map(len, jobs))):
        start, _, j = min(
            (max(came[j], free[job[done[j]][0]]), (rank(came[j], job[done[j]][1]), j, job[done[j]][0]), j)
            for j, job in enumerate(jobs)
            if done[j] < len(job)
        )
        machine, time = jobs[j][done[j]]
        came[j] = free[machine] = start + time
        done[j] += 1
    return max(came)


@pytest.mark.parametrize("name", named("job shop"))
def test_job_shop(name: str) -> None:
    """First the rule here gives the published value, then the simulator what the rule gives.

    Two jobs that come in one instant have no order by time. Under `fifo` the simulator's is that of the cases. Under
    `spt` they hold that a machine sees all that comes in the instant in which it is free, and ours takes what has come
    so far (rule 3): so releases and times are told apart by microseconds, and then both agree to the last of them.
    """
    jobs, expected = job_shop(CASES[name]["model"]), CASES[name]["expected"]
    least = expected.get("makespan_lower_bound", expected.get("makespan"))
    whole = [[(machine, time * SECOND) for machine, time in job] for job in jobs]
    for rule, rank in RULES.items():
        published = expected.get("dispatching", {}).get(f"{rule.upper()}_nondelay")
        if published is not None:
            assert non_delay(whole, rank) == published * SECOND
            assert rule != "fifo" or makespan(shop(whole, rule)) == published * SECOND
        draws = Random(name)
        told = [[(machine, time + draws.randrange(2000)) for machine, time in job] for job in whole]
        found = makespan(shop(told, rule, apart=1))
        assert found == non_delay(told, rank, apart=1)
        assert found >= least * SECOND


# --- flow shops ---------------------------------------------------------------------------------------------------


def in_order(times: Sequence[Sequence[int]], sequence: Sequence[int]) -> int:
    """Makespan of jobs that pass all machines in this order."""
    ready = [0] * len(times[0])
    for j in sequence:
        at = 0
        for machine, time in enumerate(times[j]):
            at = ready[machine] = max(at, ready[machine]) + time
    return ready[-1]


def neh(times: Sequence[Sequence[int]]) -> list[int]:
    """Nawaz, Enscore and Ham: the longest job first, each at the first place where it costs least."""
    sequence: list[int] = []
    for j in sorted(range(len(times)), key=lambda j: (-sum(times[j]), j)):
        places = [[*sequence[:place], j, *sequence[place:]] for place in range(len(sequence) + 1)]
        sequence = min(places, key=lambda tried: in_order(times, tried))
    return sequence


def flow_line(times: Sequence[Sequence[int]], sequence: Sequence[int]) -> Plant:
    return shop([[(machine, time * SECOND) for machine, time in enumerate(times[j])] for j in sequence], "fifo")


@pytest.mark.parametrize("name", named("permutation flow shop"))
def test_flow_shop(name: str) -> None:
    times, expected = flow_shop(CASES[name]["model"]), CASES[name]["expected"]
    jobs = range(len(times))
    sequences = {
        "given_order": list(jobs),
        "rising_total_time": sorted(jobs, key=lambda j: sum(times[j])),
        "NEH": neh(times),
        "makespan": expected.get("sequence", []),
    }
    compared = [rule for rule in sequences if rule in expected]
    assert compared
    for rule in compared:
        assert makespan(flow_line(times, sequences[rule])) == expected[rule] * SECOND


# --- one machine --------------------------------------------------------------------------------------------------


def cheapest(jobs: int, cost: Callable[[int, int, int], float]) -> list[int]:
    """The sequence of least total cost, `cost(done, last, next)` with `done` as bits, by enumeration of subsets."""

    @cache
    def best(done: int, last: int) -> tuple[float, tuple[int, ...]]:
        if done == (1 << jobs) - 1:
            return 0.0, ()
        tails = ((j, best(done | 1 << j, j)) for j in range(jobs) if not done >> j & 1)
        return min((cost(done, last, j) + value, (j, *tail)) for j, (value, tail) in tails)

    return list(best(0, -1)[1])


@pytest.mark.parametrize("name", named("single machine total weighted tardiness"))
def test_weighted_tardiness(name: str) -> None:
    """Orders in the cheapest sequence; what they cost is read off when each of them leaves."""
    model = CASES[name]["model"]
    p, w, d = model["p"], model["w"], model["d"]

    def late(done: int, _: int, j: int) -> float:
        end = p[j] + sum(p[i] for i in range(len(p)) if done >> i & 1)
        return float(w[j] * max(0, end - d[j]))

    sequence = cheapest(len(p), late)
    passages = executed(shop([[(0, p[j] * SECOND)] for j in sequence], "fifo"))
    ends = {sequence[int(passage.order[1:])]: passage.left or 0 for passage in passages}
    assert sum(w[j] * max(0, ends[j] - d[j] * SECOND) for j in ends) == CASES[name]["expected"]["cost"] * SECOND


@pytest.mark.parametrize("name", named("single machine sequence-dependent setups"))
def test_setup_matrix(name: str) -> None:
    """The shortest sequence, with a product of no work before it, from which the first setup starts."""
    model = CASES[name]["model"]
    p, setup, initial = model["p"], model["setup"], model["initial"]
    sequence = cheapest(len(p), lambda _, last, j: p[j] + (initial[j] if last < 0 else setup[last][j]))
    products = [{"name": "before", "cycle_times": {"M": cases.INSTANT}}]
    products += [{"name": f"J{j}", "cycle_times": {"M": f"{time} s"}} for j, time in enumerate(p)]
    matrix = {"before": {f"J{j}": f"{initial[j]} s" for j in range(len(p))}}
    matrix |= {f"J{i}": {f"J{j}": f"{setup[i][j]} s" for j in range(len(p)) if i != j} for i in range(len(p))}
    names = ["before", *(f"J{j}" for j in sequence)]
    orders = [{"order": f"O{place}", "product": product, "quantity": 1} for place, product in enumerate(names)]
    assert all(earlier != later for earlier, later in pairwise(names))
    station = {"name": "M", "cycle_time": "1 s", "setup": {"matrix": matrix}}
    plant = cases.one_line([station], {"products": products, "orders": orders}, arrivals="orders")
    assert makespan(plant) == CASES[name]["expected"]["makespan"] * SECOND + 1
