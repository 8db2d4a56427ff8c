"""Sums of points are the twin's own figures, exactly, whatever the plant; and points are as their tables say."""

import random
from collections import defaultdict

import pytest
from generated import plants, whole_plants
from hearing import simulated, spoiled
from histories import told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plant.errors import SimulationError
from plant.time import SECOND
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.cells import cells
from twin.figures import additive, machine_parts
from twin.kpis import pool
from twin.mirror import Machine
from twin.points import Labels, Subject, window
from twin.points_of_line import points_of_line
from twin.points_of_machine import parts_of, points_of_cell
from twin.tables import FIXED, OF_LINES, OF_MACHINES

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
