"""Sums of points are the twin's own figures, exactly, whatever the plant; and points are as their tables say."""

import random
from collections import defaultdict

import pytest
from generated import plants, whole_plants
from hearing import LINE, SMALL, START, A, Wire, simulated, spoiled, state
from histories import histories, plant, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plant.errors import SimulationError
from plant.messages import Alarm, Measured, Order, PartEvent, Quality
from plant.paths import Node
from plant.time import HOUR, MINUTE, SECOND
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.cells import cells
from twin.figures import additive, machine_parts
from twin.kpis import pool
from twin.mirror import Machine
from twin.points import Labels, Subject, window
from twin.points_of_line import points_of_line
from twin.points_of_machine import BASELINE, parts_of, points_of_cell
from twin.points_of_now import FAILED, SILENT, WELL, status
from twin.tables import CELL, FIXED, OF_LINES, OF_MACHINES

LAW = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
LABELS = Labels(plant="site", run="r1")


def subjects_of(line):
    return [Subject(machine=m, line=line, labels=LABELS.machine(m.node)) for m in line.machines]


def points_of(questions, length):
    """All points of a run's cells, and its cells as they were cut."""
    mirror = questions._run(None).mirror
    first, now = mirror.first, mirror.horizon
    found, told = [], [cell.clipped(first, now) for cell in cells(mirror.plant.calendar, first, now, length)]
    for cell in told:
        for line in mirror.lines.values():
            parts = {}
            for subject in subjects_of(line):
                parts[subject.machine] = parts_of(subject, cell)
                found += points_of_cell(subject, cell, parts[subject.machine])
            found += points_of_line(line, LABELS, cell, parts, first)
    return found, told


def judge_form(points) -> None:
    """Points are as their tables say: labels without blanks, fields of the right datatype, no two with one key."""
    once = [(p.table, p.at, p.labels) for p in points if p.table not in {"order", "event"}]
    assert len(set(once)) == len(once)
    types = {"int": int, "float": float, "text": str}
    for point in points:
        table = FIXED[point.table]
        assert len(point.labels) == len(table.labels)
        assert all(type(label) is str and label for label in point.labels), point
        for name, value in point.values.items():
            assert type(value) is types[table.fields[name].datatype], (point.table, name, value)


def judge_sums(questions, points, told, begin, end) -> None:
    """Of whole cells from `begin` to `end`: sums of parts, and quotients of sums."""
    mirror = questions._run(None).mirror
    inside = {cell.at for cell in told[begin:end]}
    span = told[begin].begin, told[end - 1].end
    if span[0] >= span[1]:
        return
    sums = defaultdict(lambda: defaultdict(int))
    for point in points:
        if point.table in {"account", "line_account"} and point.at in inside:
            for name, value in point.values.items():
                sums[point.labels[:-1]][name] += value
    for line in mirror.lines.values():
        ask = window(*span)
        judge(line, LINE_CATALOGUE, "line", sums[LABELS.line(line.node)], OF_LINES, (ask, questions))
        waterfall = [machine_parts(m, line, ask, OF_MACHINES) for m in line.machines]
        pooled = {name: part for name, part in pool(waterfall).items() if name in OF_LINES}
        assert {name: sums[LABELS.line(line.node)][name] for name in pooled if name != "duration"} | {
            "duration": span[1] - span[0]
        } == pooled | {"duration": span[1] - span[0]}
        for subject in subjects_of(line):
            judge(subject.machine, CATALOGUE, "machine", sums[subject.labels], OF_MACHINES, (ask, questions))


def judge(thing, catalogue, scope, sums, fields, asked) -> None:
    ask, questions = asked
    mirror = questions._run(None).mirror
    line = mirror.things[thing.node][0]
    own = {name: part for name, part in additive(line, thing, ask).items() if name in fields}
    assert own, "something is told"
    assert {name: sums[name] for name in own} == own
    if isinstance(thing, Machine):
        assert set(sums) == set(machine_parts(thing, line, ask, OF_MACHINES)) & OF_MACHINES
    values = questions.kpis(thing.path, ask.begin, ask.end)
    for row in catalogue.values():
        if scope not in row.scope or row.chained or not set(row.names) <= fields or row.id not in values:
            continue
        value = values[row.id].value
        if value is not None:
            over, under = row.fraction(sums)
            assert float(over / under) == pytest.approx(value, rel=1e-12, abs=1e-12)


def heard(plant_, seed, until, loss):
    deliveries = simulated(plant_, seed=seed, until=until)
    if loss:
        deliveries, _, _ = spoiled(deliveries, seed, loss=loss, twice=0.05, far=5)
    return told(deliveries, plant_)


CASES = {
    "seed": st.integers(0, 2**16),
    "until": st.integers(60, 300).map(lambda s: s * SECOND),
    "length": st.sampled_from([20 * SECOND, 45 * SECOND, 300 * SECOND]),
    "loss": st.sampled_from([0.0, 0.05]),
    "minor_stop": st.sampled_from([300 * SECOND, 20 * SECOND]),
}


def law(plant_, seed, until, length, loss, minor_stop) -> None:
    lines = tuple(line.model_copy(update={"minor_stop": minor_stop}) for line in plant_.lines)
    plant_ = plant_.model_copy(update={"lines": lines})
    try:
        questions = heard(plant_, seed, until, loss)
    except SimulationError:  # some lines with loops lock
        return
    points, found = points_of(questions, length)
    judge_form(points)
    dice = random.Random(seed)
    for begin, end in [(0, len(found)), *(sorted(dice.choices(range(len(found) + 1), k=2)) for _ in range(2))]:
        if begin < end:
            judge_sums(questions, points, found, begin, end)


@given(plant_=plants(), **CASES)
@settings(LAW, max_examples=25)
def test_sums_of_points_are_the_figures_of_the_twin(plant_, **case) -> None:
    law(plant_, **case)


@given(plant_=whole_plants(), **CASES)
@settings(LAW, max_examples=20)
def test_they_are_so_on_lines_with_every_element(plant_, **case) -> None:
    law(plant_, **case)


@given(plant_=whole_plants(booked=True, loops=True), **CASES)
@settings(LAW, max_examples=25)
def test_they_are_so_on_lines_with_orders_and_loops(plant_, **case) -> None:
    law(plant_, **case)


@given(history=histories(energy=3, parts=3), ticks=st.integers(3, 50))
@settings(LAW, max_examples=60)
def test_they_are_so_whatever_machines_do_and_whenever_meters_speak(history, ticks) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    points, found = points_of(questions, ticks * history.unit)
    judge_form(points)
    for begin, end in ((0, len(found)), (len(found) // 2, len(found)), (0, 1)):
        if begin < end:
            judge_sums(questions, points, found, begin, end)


# --- tables by hand --------------------------------------------------------------------------------------------------


BORES = [82.0 + 0.001 * ((7 * n) % 11 - 5) for n in range(160)]
EVERY = 20 * SECOND


def bored(n: int, value: float) -> Quality:
    found = Measured(v=value, unit="mm", lsl=81.99, usl=82.01, ok=81.99 <= value <= 82.01)
    return Quality(ts=START + n * EVERY, part=f"p{n}", product="line", values={"bore": found})


def by_table(*emissions, until):
    """Points of a small line by table, of what it was told, and who answers questions about it."""
    wire = Wire()
    births = [(A, state(0, "starved")), (Node("main", "line", "B", 1), state(0, "starved"))]
    deliveries = wire.send(*births, *sorted(emissions, key=lambda one: one[1].ts))
    questions = told([*filter(lambda d: d.payload, deliveries), *wire.heartbeat(START + until)], SMALL)
    found = defaultdict(list)
    for point in points_of(questions, CELL)[0]:
        found[point.table].append(point)
    return found, questions


def test_control_charts_and_capability_are_those_of_the_twin() -> None:
    values = [*BORES[:-1], 82.02]
    points, questions = by_table(*((A, bored(n, v)) for n, v in enumerate(values)), until=2 * HOUR)
    assert [p.values["value"] for p in points["measured"]] == values
    charted = questions.control_chart(A.path, "bore", START, START + HOUR, kind="xbar-r", baseline=BASELINE)
    assert len(points["spc"]) == len(charted.points) == 32
    for point, truth in list(zip(points["spc"], charted.points, strict=True))[BASELINE:]:
        assert (point.at, point.values["mean"], point.values["range"]) == (truth.at, truth.value, truth.spread)
        assert point.values["centre"] == charted.location.centre
        assert point.values["range_upper"] == charted.spread.upper
        rules = [*truth.broken, *(["range-beyond-limits"] if truth.spread_beyond else [])]
        assert (point.values["rule"], point.values["broken"]) == (", ".join(rules), len(rules))
    assert points["spc"][-1].values["broken"]
    assert "centre" not in points["spc"][0].values, "a single point tells of no chance"
    hours = {(p.at - START) // HOUR: p.values for p in points["capability"]}
    assert set(hours) == {1}, "what comes at two is not over"
    kpis = questions.kpis(A.path, START, START + HOUR, names=["cp", "cpk", "cm", "cmk"])
    assert {f"{name}.bore": of for name, of in hours[1].items() if name != "values"} == {
        name: value.value for name, value in kpis.items()
    }
    assert hours[1]["values"] == len(values)


def test_stops_alarms_orders_and_corrections_are_told() -> None:
    def alarm(at, state_, since):
        told_ = {"code": "jam", "text": "Failure: jam", "priority": 2, "count": 1}
        return Alarm(ts=START + at, alarm_state=state_, since=START + since, **told_)

    def part(at, name, event="finished"):
        return PartEvent(ts=START + at, event=event, part=name, product="line", cycle_us=MINUTE)

    order = Order(ts=START + MINUTE, order="o1", product="P", quantity=9, good=0, scrap=0, event="released", due=START)
    points, questions = by_table(
        (A, state(10 * MINUTE, "failed", "jam")), (A, alarm(10 * MINUTE, "unacknowledged", 10 * MINUTE)),
        (A, state(22 * MINUTE, "setup", "tool")), (A, alarm(22 * MINUTE, "normal", 10 * MINUTE)),
        (A, state(24 * MINUTE, "failed", "chips")), (A, state(25 * MINUTE, "processing")),
        (A, part(30 * MINUTE, "p1")), (A, part(30 * MINUTE, "p2")), (LINE, order), until=40 * MINUTE,
    )  # fmt: skip
    last = {(p.labels[-1], p.at - START): p.values for p in points["event"]}
    assert {kind for kind, _ in last} == {"downtime", "tool change", "fault"}, "the short stop is a minor one"
    assert last["downtime", 10 * MINUTE]["until"] == (START + 22 * MINUTE) // 1000
    stops = [(p.labels[-1], p.at - START, *p.values.values()) for p in points["stop"] if p.labels[-2] == "failed"]
    assert sorted(stops) == sorted([
        ("jam", 10 * MINUTE, 5 * MINUTE, 1, 0), ("jam", 15 * MINUTE, 5 * MINUTE, 0, 0),
        ("jam", 20 * MINUTE, 2 * MINUTE, 0, 0), ("chips", 20 * MINUTE, MINUTE, 1, 1),
    ])  # fmt: skip
    assert [(p.values["active"], p.at - START) for p in points["alarm"]] == [(1, 10 * MINUTE), (0, 22 * MINUTE)]
    assert [(p.values["part"], p.at - START) for p in points["cycle"]] == [("p1", 30 * MINUTE), ("p2", 30 * MINUTE + 1)]
    assert [(p.labels[4:], p.values["due"]) for p in points["order"]] == [(("o1", "P"), START // 1000)]
    line, machine = questions._find_machine(questions.known(), A.path)
    subject = Subject(machine=machine, line=line, labels=LABELS.machine(A))
    attention = {at: status(subject, START + at * MINUTE).values["attention"] for at in (9, 12, 26)}
    assert attention == {9: WELL, 12: FAILED, 26: WELL}
    assert status(subject, START + 12 * MINUTE, "stale").values["attention"] == SILENT
    assert status(subject, START + 12 * MINUTE).values["for"] == 2 * MINUTE
