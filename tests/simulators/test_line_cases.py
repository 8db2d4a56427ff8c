"""The cases with known answers: every one that the language of plants can say passes, the others are named here.

R independent replications; the estimate is their mean, corrected by controls whose mean is known to be 0 (regression;
each costs a degree of freedom). Bound: two-sided Student quantile so that the whole suite raises one false alarm in a
hundred (Bonferroni over all comparisons), the reference's own error added. Seeds are fixed: a case that passes today
passes until the sample path changes. The half width is asserted too: a noisy run would pass everything.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.simulators.cases import CASES, QUEUES, line_plant, queue_plant, replicate, scrap_plant, wait

R = 20
FALSE_ALARM = 0.01
HALF_WIDTH = 0.003  # relative, of throughput, as the cases ask
HALF_WIDTH_LONG = 0.004  # of the four that would take a million parts each: ten unreliable stations
HALF_WIDTH_WAIT = 0.06  # of waits: 0.3 % would take some ten million parts
WARM_UP = 1000  # parts

LINES = {
    "serial line, exponential, after-service",
    "serial line, exponential, after-service (unbalanced)",
    "serial line, Erlang, after-service",
    "serial line, exponential, before-service",
    "parallel machines, after-service",
    "two stations, no buffer, general service",
    "unreliable exponential line, operating clock",
    "unreliable exponential line, calendar clock",
    "Gershwin line (constant cycle, geometric failures, operating clock)",
    "long line, exponential",
    "constant cycle, exponential failures",
    "benchmark line with calendar failures",
    "benchmark line with operating-clock failures",
    "long Gershwin line",
}
EITHER_WAY = "unreliable exponential line, calendar clock"
"""Its blocked and starved count whether or not the machine is down; ours say failed then (rule 23)."""

ELSEWHERE = {
    "M/M/1/K": "an arrival that finds no place waits outside, it is never lost",
    "dispatching rule SPT in M/M/1": "no dispatching rules yet",
    "priority classes in M/G/1": "no priorities yet",
    "Bernoulli line": "a slot model without a twin in events",
    "two exponential machines, continuous flow, calendar clock": "a fluid, for analytic code",
    "rigid transfer line, no buffers": "one stop stops all: not a line of machines of their own",
    "buffer allocation, exponential line": "a search; its lines are those of E",
    "workload allocation (bowl)": "a search",
    "buffer allocation, Gershwin line": "a search",
    "buffer allocation, Bernoulli line": "a search",
    "buffer allocation, unreliable exponential line": "a search",
    "machine repair with a crew": "no repair crews yet",
    "CONWIP": "no wip_limit yet",
    "laws of factory physics": "no wip_limit yet",
    "assembly of two feeders": "no assembly yet",
    "rework": "no rework yet",
    "rework in a finite line": "no rework yet",
    "shift calendar": "no shifts yet",
    "setups: capacity against lot size": "no setups yet",
    "lots: lead time against lot size": "no lots yet",
    "tool life": "no tools yet",
    "age replacement": "arithmetic of maintenance",
    "age replacement, availability": "no maintenance yet",
    "spare parts, base stock": "no spares yet",
    "OEE": "a KPI, tested where KPIs are",
    "output analysis: batch means": "statistics, tested where experiments are",
    "output analysis: replication/deletion": "statistics",
    "Rinott constant": "statistics",
    "KN constants": "statistics",
    "scheduling: job shop": "scheduling",
    "scheduling: flexible job shop": "scheduling",
    "scheduling: permutation flow shop": "scheduling",
    "scheduling: total weighted tardiness": "scheduling",
    "scheduling: small instance, proven optimum": "scheduling",
}

# Parts over all replications, in thousands, chosen so that the half width holds with some room.
PARTS = {
    "E02": 110, "E03": 150, "E09": 70, "E10": 100, "E11": 110, "E13": 95, "E14": 75, "E15": 130, "E21": 145,
    "BB06": 75, "SCR1": 80, "MS03": 75,
    "G03": 90, "G06": 110, "G09": 75, "C01": 75, "C02": 190, "C03": 70, "C05": 205, "TD01": 205,
    "TD02": 165, "TD03": 95, "TD05": 190, "LL05": 95, "LL08": 410, "LL09": 305, "GG06": 175, "GG10": 215,
    "MMC2": 520, "MG11": 340,
}  # fmt: skip
PARTS_ELSE = 55
PARTS_WAIT = 200
LONG = {"LL08", "LL09", "GG06", "GG10"}
FAST = {"E01", "E18", "ER01", "BB01", "MS02", "ZB01", "G01", "C03", "TD03", "LL04"}
"""A few that take a second each; the others are marked slow."""


def quantities(case: dict[str, Any]) -> list[tuple[str, int | None, float]]:
    """What of a case is compared: name, station and expected value."""
    expected = case["expected"]
    if case["feature"] in QUEUES:
        return [(name, None, expected[name]) for name in ("Wq", "W", "L") if name in expected]
    if case["feature"] == "scrap":
        return [("throughput", None, expected["good_rate"])]
    found = [(name, None, expected[name]) for name in ("throughput", "wip_incl_machines") if name in expected]
    if case["feature"] != EITHER_WAY:
        for name in ("blocked", "starved"):
            found += [(name, station, value) for station, value in enumerate(expected.get(name, ()))]
    return found


RUN = {name: case for name, case in CASES.items() if case["feature"] in LINES | QUEUES | {"scrap"}}
COMPARISONS = sum(len(quantities(case)) for case in RUN.values())


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1), mp_context=get_context("spawn")) as executor:
        yield executor


def estimate(values: Sequence[float], controls: Sequence[Sequence[float]]) -> tuple[float, float, int]:
    """Mean corrected by the controls, its standard error, and degrees of freedom."""
    design = np.column_stack([np.ones(len(values)), controls])
    weights, *_ = np.linalg.lstsq(design, np.array(values), rcond=None)
    rest = np.array(values) - design @ weights
    freedom = len(values) - design.shape[1]
    variance = rest @ rest / freedom * np.linalg.inv(design.T @ design)[0, 0]
    return float(weights[0]), float(np.sqrt(variance)), freedom


def compare(case: dict[str, Any], results: Sequence[dict[str, Any]], tightest: float) -> None:
    reference = case["expected"].get("half_width_95", 0.0) / 1.96
    for number, (name, station, expected) in enumerate(quantities(case)):
        values = [result[name] if station is None else result[name][station] for result in results]
        where = f"{case['id']} {name} {'' if station is None else station}"
        if expected == 0:
            assert max(values) == 0, where
            continue
        mean, error, freedom = estimate(values, [result["controls"] for result in results])
        bound = stats.t.ppf(1 - FALSE_ALARM / COMPARISONS / 2, freedom)
        assert abs(mean - expected) <= bound * np.hypot(error, reference), f"{where}: {mean} instead of {expected}"
        if number == 0:
            assert stats.t.ppf(0.975, freedom) * error <= tightest * expected, f"{where}: run longer"


def parameters(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", parameters([name for name, case in RUN.items() if case["feature"] not in QUEUES]))
def test_line(pool: Executor, name: str) -> None:
    case = CASES[name]
    model = case["model"].get("event_model", case["model"])
    plant = scrap_plant(model) if case["feature"] == "scrap" else line_plant(model)
    rate = quantities(case)[0][2]
    warm_up = round(WARM_UP / rate)
    until = warm_up + round(PARTS.get(name, PARTS_ELSE) * 1000 / R / rate)
    results = list(pool.map(replicate, [plant] * R, [warm_up] * R, [until] * R, range(R)))
    compare(case, results, HALF_WIDTH_LONG if name in LONG else HALF_WIDTH)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, case in RUN.items() if case["feature"] in QUEUES])
def test_queue(pool: Executor, name: str) -> None:
    case = CASES[name]
    plant = queue_plant(case["model"])
    interval = plant.lines[0].arrivals.interval
    rate = 1e6 / interval.mean
    warm_up = round(WARM_UP / rate)
    until = warm_up + round(PARTS.get(name, PARTS_WAIT) * 1000 / R / rate)
    compare(case, list(pool.map(wait, [plant] * R, [warm_up] * R, [until] * R, range(R))), HALF_WIDTH_WAIT)


def test_no_case_vanishes() -> None:
    """Every case is run, or its feature stands in the list of those that are not, with a reason."""
    features = {case["feature"] for case in CASES.values()}
    assert features == LINES | QUEUES | {"scrap"} | ELSEWHERE.keys()
    assert not (LINES | QUEUES | {"scrap"}) & ELSEWHERE.keys()
    assert len(RUN) == 67, "the number of cases that are run; correct it with the lists"
    assert set(PARTS) | FAST <= set(RUN)
