"""The cases with known answers: every one that is about a line is run, the others are named here with the reason.

R independent replications; the estimate is their mean, corrected by controls whose mean is known to be 0 (regression;
each costs a degree of freedom). Bound: two-sided Student quantile so that the whole suite raises one false alarm in a
hundred (Bonferroni over all comparisons), the reference's own error added. Seeds are fixed: a case that passes today
passes until the sample path changes. The half width is asserted too: a noisy run would pass everything.

Cases without chance are in `test_known_times` and `test_known_schedules`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from scipy import stats

from plant.description import Plant
from plant.time import SECOND
from tests.simulators import cases
from tests.simulators.cases import CASES, text
from tests.simulators.measures import (
    Measure,
    claims,
    crew,
    effectiveness,
    flow,
    orders,
    output,
    outside,
    renewals,
    wait,
)
from tests.simulators.test_known_schedules import SCHEDULED
from tests.simulators.test_known_times import CERTAIN

R = 20
FALSE_ALARM = 0.01
WARM_UP = 1000  # parts, or other events


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a plant.

    Args:
        case: id of the case.
        plant: what is run.
        measure: gives the figures of a replication.
        expected: figures and their known values; the first one decides whether the run is long enough.
        rate: parts, or other events, per second.
        thousands: so many of them over all replications.
        half_width: the relative half width of the first figure that must be reached.
        error: standard error of the known values.
    """

    case: str
    plant: Plant
    measure: Measure
    expected: Mapping[str, float]
    rate: float
    thousands: float
    half_width: float
    error: float = 0.0


# --- lines --------------------------------------------------------------------------------------------------------

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
QUEUES = {"M/M/c", "M/G/1", "M/G/1 with breakdowns", "D/M/1", "dispatching rule SPT in M/M/1"}

HALF_WIDTH = 0.003  # of throughput, as the cases ask
HALF_WIDTH_LONG = 0.004  # of the four that would take a million parts each: ten unreliable stations
HALF_WIDTH_STOPS = 0.008  # of throughput that depends on stops alone, without controls
HALF_WIDTH_WAIT = 0.06  # of waits: 0.3 % would take some ten million parts
HALF_WIDTH_RARE = 0.02  # of what is counted in failures, claims or orders

PARTS = {
    "E02": 110, "E03": 150, "E09": 70, "E10": 100, "E11": 110, "E13": 95, "E14": 75, "E15": 130, "E21": 145,
    "BB06": 75, "SCR1": 80, "MS03": 75,
    "G03": 90, "G06": 110, "G09": 75, "C01": 75, "C02": 190, "C03": 70, "C05": 205, "TD01": 205,
    "TD02": 165, "TD03": 95, "TD05": 190, "LL05": 95, "LL08": 410, "LL09": 305, "GG06": 175, "GG10": 215,
    "MMC2": 520, "MG11": 340,
    "MMK1": 90, "MMK2": 100, "ASM7": 80, "RW1": 80, "RW2": 130, "RW3": 200, "Z01": 320, "Z02": 320,
    "BAP03 best": 70, "BAP03 second": 75, "BAP04 best": 80, "BAP04 second": 70, "BAP04b best": 75,
    "BAP04b second": 80, "BAP05 best": 80, "BAP05 second": 75, "BAP06 best": 80, "BAP06 second": 85,
    "BAP06b best": 90, "BAP06b second": 90, "BAP07 best": 95, "BAP07 second": 70, "UB01 best": 70,
    "UB01 second": 100, "UB07 best": 160, "UB07 second": 185,
    "CW1 of 5": 65, "CW1 of 6": 80, "CW1 of 8": 130, "CW1 of 10": 125, "CW1 of 12": 145, "CW1 of 15": 115,
    "CW1 of 20": 115, "CW1 of 5 pallets": 65, "CW2 of 4": 70, "CW2 of 5": 75, "CW2 of 6": 75, "CW2 of 8": 95,
    "CW2 of 10": 110, "CW2 of 12": 165, "CW2 of 15": 270, "CW2 of 20": 260, "CW2 of 5 pallets": 75,
    "FP1 of 7": 110, "FP1 of 9": 130, "FP1 of 11": 140,
    "SPT1": 40, "SPT2": 40,
    "LOT1": 200, "LOT3": 16, "LOT4": 13, "LOT6": 8,
}  # fmt: skip
"""Parts over all replications, in thousands, chosen so that the half width holds with some room."""
PARTS_ELSE = 55
PARTS_WAIT = 200
LONG = {"LL08", "LL09", "GG06", "GG10"}
FAST = {"E01", "E18", "ER01", "BB01", "MS02", "ZB01", "G01", "C03", "TD03", "LL04", "CW1 of 1", "BOWL1"}
"""A few that take a second or two each; the others are marked slow."""


def of_flow(name: str, plant: Plant, expected: Mapping[str, float], *, error: float = 0.0) -> Question:
    """What a line gives; named like its case and, after a blank, what it is besides."""
    return Question(
        case=name.split(maxsplit=1)[0],
        plant=plant,
        measure=flow,
        expected=expected,
        rate=expected["throughput"],
        thousands=PARTS.get(name, PARTS_ELSE),
        half_width=HALF_WIDTH_LONG if name in LONG else HALF_WIDTH,
        error=error,
    )


def serial(name: str, case: dict[str, Any]) -> Question:
    """A serial line, and how its stations wait."""
    expected = case["expected"]
    figures = {name: expected[name] for name in ("throughput", "wip_incl_machines") if name in expected}
    if case["feature"] != EITHER_WAY:
        for state in ("blocked", "starved"):
            figures |= {f"{state} {i}": value for i, value in enumerate(expected.get(state, ()))}
    plant = cases.line_plant(case["model"].get("event_model", case["model"]))
    return of_flow(name, plant, figures, error=expected.get("half_width_95", 0.0) / 1.96)


def of_wait(name: str, plant: Plant, expected: Mapping[str, float]) -> Question:
    """How long parts wait in a queue."""
    interval = plant.lines[0].arrivals.interval
    assert interval is not None
    return Question(
        case=name.split(maxsplit=1)[0],
        plant=plant,
        measure=wait,
        expected=expected,
        rate=SECOND / interval.mean,
        thousands=PARTS.get(name, PARTS_WAIT),
        half_width=HALF_WIDTH_WAIT,
    )


def closed(name: str, case: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """A closed line with as many parts as the case has answers for, once also with pallets."""
    times = [text(station["service"]) for station in case["model"]["stations"]]
    expected = case["expected"]
    for wip, throughput in expected["throughput"].items():
        figures = {"throughput": throughput}
        if wip in expected["cycle_time"]:
            figures["cycle_time"] = expected["cycle_time"][wip]
        full = f"{name} of {wip}"
        yield full, of_flow(full, cases.conwip_plant(times, int(wip)), figures)
    full = f"{name} of 5 pallets"
    plant = cases.conwip_plant(times, 5, pallets=True)
    yield full, of_flow(full, plant, {"throughput": expected["throughput"]["5"]})


def practical_worst(name: str, case: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """The practical worst case is the balanced exponential line; some of its rows stand in CW1 too."""
    model = case["model"]
    times = [cases.exponential(1 / model["rb"])] * model["W0"]
    for row in case["expected"]["rows"]:
        if str(row["w"]) not in CASES["CW1"]["expected"]["throughput"]:
            figures = {"throughput": row["TH_pwc"], "cycle_time": row["CT_pwc"]}
            full = f"{name} of {row['w']}"
            yield full, of_flow(full, cases.conwip_plant(times, row["w"]), figures)


def best_buffers(name: str, case: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """The best allocation of buffers and the next one: the throughput that a search is judged by."""
    expected, model = case["expected"], case["model"]
    for what, buffers, throughput in (
        ("best", expected["optimal"][0], expected["throughput"]),
        ("second", expected["second_best"][1], expected["second_best"][0]),
    ):
        if "r" in model:
            plant = cases.gershwin_plant(model["p"], model["r"], buffers)
        elif "failure_rates" in model:
            (up,), (down,) = set(model["failure_rates"]), set(model["repair_rates"])
            mode = {"mode": "stop", "time_to_failure": cases.exponential(1 / up)}
            failures = [{**mode, "time_to_repair": cases.exponential(1 / down)}]
            plant = cases.exponential_plant(model["service_means"], buffers, failures=failures)
        else:
            means = [station["cycle_time"]["mean"] for station in model["stations"]]
            plant = cases.exponential_plant(means, buffers)
        yield f"{name} {what}", of_flow(f"{name} {what}", plant, {"throughput": throughput})


def bowl(name: str, case: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """The best allocation of work."""
    expected, model = case["expected"], case["model"]
    buffers = [model["buffer_each"]] * (model["stations"] - 1)
    plant = cases.exponential_plant(expected["optimal_mean_times"], buffers)
    yield name, of_flow(name, plant, {"throughput": expected["throughput"]})


# --- what is counted otherwise --------------------------------------------------------------------------------------


def reworked(name: str, case: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """Rework: how often parts pass, or how long they stay."""
    expected, model = case["expected"], case["model"]
    if "mean_passes" in expected:  # a station that always works gives one good part per so many passes of 1 s
        plant = cases.rework_plant(model["pass_repeat_probability"], "1 s")
        yield name, replace(of_flow(name, plant, {"throughput": 1 / expected["mean_passes"]}), measure=output)
    else:
        arrivals = cases.exponential(1 / model["arrival_rate"])
        plant = cases.rework_plant(model["rework_share"], text(model["service"]), arrivals=arrivals)
        yield name, of_wait(name, plant, {figure: expected[figure] for figure in ("W", "L")})


def replaced(name: str, case: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """Age replacement: the rates of both kinds of renewal give the cost, their times the availability."""
    expected, model = case["expected"], case["model"]
    asked = partial(Question, case=name, thousands=40, half_width=HALF_WIDTH_RARE)
    if "availability" in expected:
        repair, planned = f"{model['failure_time']} s", f"{model['preventive_time']} s"
        plant = cases.replacement_plant(model["life"], failure=repair, preventive=planned, at=model["T"])
        yield name, asked(plant=plant, measure=renewals, expected=expected, rate=1 / model["T"])
        return
    costs = {"failures": model["cost_failure"], "preventive": model["cost_preventive"]}
    at = expected["T_opt"]
    measure = Cost(costs)
    best = cases.replacement_plant(model["life"], failure=cases.INSTANT, preventive=cases.INSTANT, at=at)
    never = cases.replacement_plant(model["life"], failure=cases.INSTANT)
    figures = {"cost": expected["cost_rate"]}
    yield f"{name} at its age", asked(plant=best, measure=measure, expected=figures, rate=1 / at)
    figures = {"cost": expected["run_to_failure"]}
    yield f"{name} at failure", asked(plant=never, measure=measure, expected=figures, rate=1 / at)


@dataclass(frozen=True)
class Cost:
    """Cost per second of what a machine's renewals cost."""

    each: Mapping[str, float]

    def __call__(
        self, plant: Plant, warm_up: int, until: int, replication: int, engine: str = "simpy"
    ) -> dict[str, Any]:
        found = renewals(plant, warm_up, until, replication, engine)
        return {"cost": sum(cost * found[name] for name, cost in self.each.items()), "controls": found["controls"]}


def questions() -> Iterator[tuple[str, Question]]:
    """All that is asked, by name."""
    for name, case in CASES.items():
        model, expected, feature = case["model"], case["expected"], case["feature"]
        if feature in LINES:
            yield name, serial(name, case)
        elif feature in QUEUES:
            figures = {figure: expected[figure] for figure in ("Wq", "W", "L") if figure in expected}
            yield name, of_wait(name, cases.queue_plant(model), figures)
            if model.get("machines", 1) > 1:
                yield f"{name} as supply", supplied(name, case)
        elif feature == "priority classes in M/G/1":
            figures = {f"Wq class-{i}": value for i, value in enumerate(expected["Wq_per_class"], start=1)}
            yield name, of_wait(name, cases.priority_plant(model), figures)
        elif feature == "M/M/1/K":
            figures = {"throughput": expected["throughput"], "blocked 0": expected["loss_probability"]}
            yield name, of_flow(name, cases.loss_plant(model), figures)
        elif feature == "scrap":
            yield name, of_flow(name, cases.scrap_plant(model), {"throughput": expected["good_rate"]})
        elif feature == "rigid transfer line, no buffers":
            plant = cases.rigid_plant(model["p"], model["r"])
            asked = of_flow(name, plant, {"throughput": expected["throughput_per_cycle"]})
            yield name, replace(asked, measure=output, half_width=HALF_WIDTH_STOPS)
        elif feature == "assembly of two feeders":
            yield name, of_flow(name, cases.assembly_plant(model), expected)
        elif feature == "rework in a finite line":
            plant = cases.rework_line_plant(model)
            yield name, of_flow(name, plant, {"throughput": expected["throughput_good"]})
        elif feature == "rework":
            yield from reworked(name, case)
        elif feature == "CONWIP":
            yield from closed(name, case)
        elif name == "FP1":
            yield from practical_worst(name, case)
        elif feature.startswith("buffer allocation") and "Bernoulli" not in feature:
            yield from best_buffers(name, case)
        elif feature == "workload allocation (bowl)":
            yield from bowl(name, case)
        elif feature.startswith("age replacement"):
            yield from replaced(name, case)
        else:
            yield from counted(name, case)


def counted(name: str, case: dict[str, Any]) -> Iterator[tuple[str, Question]]:
    """Crews, spares, lots, OEE."""
    model, expected = case["model"], case["expected"]
    asked = partial(Question, case=name, expected=expected, half_width=HALF_WIDTH_RARE)
    match case["feature"]:
        case "machine repair with a crew":
            rate = model["machines"] * expected["availability"] / model["time_to_failure"]["mean"]
            yield name, asked(plant=cases.repair_plant(model), measure=crew, rate=rate, thousands=60)
        case "spare parts, base stock":
            rate = model["demand_rate"]
            yield name, asked(plant=cases.spares_plant(model), measure=claims, rate=rate, thousands=100)
        case "lots: lead time against lot size":
            figures = {figure: expected[figure] for figure in ("W_lot", "Wq_lot")}
            rate = model["part_rate"] / model["lot"]
            plant = cases.lot_plant(model)
            yield (
                name,
                replace(
                    asked(plant=plant, measure=orders, expected=figures, rate=rate, thousands=PARTS[name]),
                    half_width=HALF_WIDTH_WAIT,
                ),
            )
        case "OEE":
            figures = {figure: expected[figure] for figure in ("oee", "quality")}
            plant = cases.oee_plant(model)
            rate = model["total"] / (14 * 3600)  # the shift ends then
            thousands = R * (model["total"] - WARM_UP) / 1000
            yield name, asked(plant=plant, measure=effectiveness, expected=figures, rate=rate, thousands=thousands)


def supplied(name: str, case: dict[str, Any]) -> Question:
    """The queue in front of several servers as parts that wait for material."""
    model, expected = case["model"], case["expected"]
    plant = cases.supplied_plant(model)
    return Question(
        case=name,
        plant=plant,
        measure=outside,
        expected={"Lq": expected["Lq"]},
        rate=model["arrival_rate"],
        thousands=PARTS.get(name, PARTS_WAIT),
        half_width=HALF_WIDTH_WAIT,
    )


RUN = dict(questions())
COMPARISONS = sum(len(question.expected) for question in RUN.values())

ELSEWHERE = {
    "Bernoulli line": "a slot model without a twin in events",
    "buffer allocation, Bernoulli line": "a slot model without a twin in events",
    "two exponential machines, continuous flow, calendar clock": "a fluid, for analytic code",
    "output analysis: batch means": "statistics, tested where experiments are",
    "output analysis: replication/deletion": "statistics",
    "Rinott constant": "statistics",
    "KN constants": "statistics",
    "scheduling: flexible job shop": "the data are not in the case, and which machine works on what is a search",
    "scheduling: total weighted tardiness": "the data are not in the case",
}
"""Features of which no case is run here, with the reason."""
LEFT_OUT = {
    "FP3": "a formula on the data of a plant whose stations are no whole number of machines",
    "JS-ft20": "the data are not in the case",
    "JS-la02": "the data are not in the case",
    "JS-la16": "the data are not in the case",
    "JS-la21": "the data are not in the case",
    "JS-la24": "the data are not in the case",
    "JS-orb01": "the data are not in the case",
    "JS-yn1": "the data are not in the case",
    "S-FJS1": "which of several machines works on what is a search",
    "S-FJS2": "which of several machines works on what is a search",
}
"""Single cases that are not run, with the reason."""


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


def runs() -> Iterator[Any]:
    """Every case on both engines. They run the same sample paths, so the slower one need not run all of them daily."""
    for name in RUN:
        yield pytest.param(name, "compiled", id=f"{name}-compiled")
        yield pytest.param(name, "simpy", id=name, marks=() if name in FAST else pytest.mark.slow)


@pytest.mark.parametrize(("name", "engine"), list(runs()))
def test_case(pool: Executor, name: str, engine: str) -> None:
    question = RUN[name]
    warm_up = round(WARM_UP / question.rate)
    until = warm_up + round(question.thousands * 1000 / R / question.rate)
    results = list(pool.map(question.measure, [question.plant] * R, [warm_up] * R, [until] * R, range(R), [engine] * R))
    controls = [result["controls"] for result in results]
    for number, (figure, expected) in enumerate(question.expected.items()):
        values = [result[figure] for result in results]
        if expected == 0:
            assert max(values) == 0, figure
            continue
        mean, error, freedom = estimate(values, controls)
        bound = stats.t.ppf(1 - FALSE_ALARM / COMPARISONS / 2, freedom) * np.hypot(error, question.error)
        assert abs(mean - expected) <= bound, f"{figure}: {mean} instead of {expected}"
        if number == 0:
            reached = stats.t.ppf(0.975, freedom) * error / expected
            assert reached <= question.half_width, f"run longer: {reached}"


def test_no_case_vanishes() -> None:
    """Every case is run, or it or its feature stands in the list of those that are not, with a reason."""
    run = {question.case for question in RUN.values()} | CERTAIN.keys() | SCHEDULED.keys()
    for name, case in CASES.items():
        assert (name in run) + (name in LEFT_OUT) + (case["feature"] in ELSEWHERE) == 1, name
    assert set(PARTS) <= set(RUN)
    assert set(FAST) <= set(RUN)
