"""Every fault has its record, natural ones too, and a record says when it could be seen."""

import numpy as np
import pytest
from generated import plants
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.messages import Emission, Truth
from plant.paths import Node
from plant.time import DEFAULT_START as START
from plant.time import MINUTE, SECOND
from simulators import Simulation
from simulators.ledger import Interval
from simulators.truth import Record, detected, injected, natural, place_of, records
from simulators.witness import Witness

NODE = Node("main", "l", "A")
PLANT = Plant.model_validate(
    {
        "plant": "p",
        "machine_types": {"faulty": {"like": "machine", "faults": {"x": {"title": "X"}}}},
        "lines": [
            {
                "name": "l",
                "area": "hall",
                "stations": [
                    {"name": "A", "type": "faulty", "cycle_time": "9 s", "machines": 2},
                    {"name": "B", "cycle_time": "9 s"},
                ],
            }
        ],
        "faults": [
            {"process": "x", "on": "l/A", "at": "10 s", "for": "20 s", "severity": "50 %", "growth": "5 s"},
            {"sensor": "bias", "on": "l/B", "tag": "power", "every": "20 s", "for": "10 s"},
            {"transport": "loss", "on": "l/A/2", "at": "70 s"},
        ],
    }
)


def test_each_time_of_each_fault_has_a_record() -> None:
    found = injected(PLANT, 1, 100 * SECOND)
    told = [(r.node.path, r.layer, r.what, r.begin // SECOND, r.end and r.end // SECOND, r.tag) for r in found]
    assert told == [
        ("hall/l/A/1", "process", "x", 10, 30, None),
        ("hall/l/A/2", "process", "x", 10, 30, None),
        ("hall/l/B", "sensor", "bias", 20, 30, "power"),
        ("hall/l/B", "sensor", "bias", 50, 60, "power"),
        ("hall/l/A/2", "transport", "loss", 70, None, None),
        ("hall/l/B", "sensor", "bias", 80, 90, "power"),
    ]
    assert len({record.id for record in found}) == len(found)
    assert found[0].severity == 0.5
    assert place_of(PLANT, PLANT.faults[0]) == Node("hall", "l", "A")


def test_a_later_look_says_the_same_and_more() -> None:
    early, late = (injected(PLANT, 1, until * SECOND) for until in (55, 100))
    known = {record.id: record for record in late}
    assert all(known[one.id].begin == one.begin and one.end in {None, known[one.id].end} for one in early)


def test_a_failure_goes_on_over_a_pause() -> None:
    states = [
        ("processing", "", 0, 5),
        ("failed", "jam", 5, 8),
        ("pause", "early", 8, 12),
        ("failed", "jam+belt", 12, 14),
        ("failed", "belt", 14, 15),
        ("setup", "tool", 15, 17),
        ("processing", "", 17, 18),
        ("failed", "jam", 18, 19),
    ]
    found = natural(NODE, [Interval(*one) for one in states])
    assert [(r.what, r.begin, r.end) for r in found] == [
        ("jam", 5, 14),
        ("belt", 12, 15),
        ("tool-change", 15, 17),
        ("jam", 18, None),
    ]
    assert not any(record.planned for record in found)


@given(plant=plants(), seed=st.integers(1, 99))
@settings(max_examples=12)
def test_natural_faults_cover_just_the_time_in_which_machines_have_failed(plant, seed) -> None:
    simulation = Simulation(plant, seed=seed, messages=False)
    simulation.advance(START + MINUTE)
    ledger = simulation.ledger
    by_node: dict[Node, list[Record]] = {}
    for record in records(plant, ledger, seed):
        by_node.setdefault(record.node, []).append(record)
    for line in plant.lines:
        for station in line.stations:
            for node in line.machines(station):
                for one in ledger.intervals(node):
                    there = {
                        r.what for r in by_node.get(node, ()) if r.begin <= one.begin and (r.end or MINUTE) >= one.end
                    }
                    if one.state == "failed":
                        assert there == set(one.reason.split("+"))
                    elif one.state not in {"off", "pause", "setup"}:
                        assert not there


def test_what_can_be_detected_and_when() -> None:
    times = np.arange(0, 20, dtype=np.int64)
    flat = np.zeros(20)
    growing = np.where(times >= 5, (times - 5) * 0.5, 0.0)
    record = Record(id="1", layer="process", what="x", node=NODE, begin=5, end=18)
    seen = detected(record, times, {"a": (flat, growing, 0.5), "b": (flat, growing, 1.0), "c": (flat, growing, 9.0)})
    assert (seen.detectable, seen.tags) == (9, ("a", "b"))
    assert detected(record, times, {"c": (flat, growing, 9.0)}).detectable is None
    gone = np.where(times == 7, np.nan, flat)
    assert detected(record, times, {"a": (flat, gone, 0.5)}).detectable == 7


def simulated(faults, *, step: int = 5 * MINUTE, to: int = 30 * MINUTE) -> Simulation:
    """A run of which somebody asks what shows, an advance at a time."""
    level = {"formula": "10 + 8 * x", "unit": "bar", "noise": 0.5}
    slow = {"lag": {"of": "8 * x + 4 * y", "tau": 300}, "unit": "Cel", "noise": 0.5}
    faulty = {"like": "machine", "faults": {"x": {"title": "X"}, "y": {"title": "Y"}}}
    plant = {
        "plant": "p",
        "telemetry": {"sample": "1 s", "block": "10 s"},
        "machine_types": {"faulty": {**faulty, "tags": {"level": level, "slow": slow}}},
        "lines": [{"name": "l", "stations": [{"name": "A", "type": "faulty", "cycle_time": "9 s", "machines": 2}]}],
        "faults": faults,
    }
    simulation = Simulation(Plant.model_validate(plant), truth=True)
    simulation.true_values()
    for until in range(step, to + 1, step):
        simulation.advance(START + until)
    return simulation


def shown(faults, **kwargs) -> dict[str, float]:
    return {id_.rpartition("main/")[2]: at / SECOND for id_, at in simulated(faults, **kwargs).detections().items()}


def test_a_fault_of_a_machine_shows_when_its_effect_exceeds_the_noise() -> None:
    """`level` jumps by 4 when its fault has grown, `slow` passes 1.5 of 4 after 300 s ln(4 / 2.5) = 141 s."""
    grown = {"process": "x", "on": "l/A/2", "at": "100 s", "for": "10 min", "severity": "50 %", "growth": "5 s"}
    assert shown([grown]) == {"l/A/2/x/0/0": 105}
    assert shown([{"process": "y", "on": "l/A/1", "at": "100 s"}]) == {"l/A/1/y/0/0": 242}
    faint = {"process": "x", "on": "l/A/2", "at": "100 s", "severity": "10 %"}
    assert shown([faint]) == {}, "0.8 bar is less than three times 0.5 bar"
    both = shown([faint, {"process": "y", "on": "l/A/2", "at": "200 s"}])
    assert both == {"l/A/2/y/1/0": 342}, "what another fault does is not its doing"


def test_a_fault_of_a_sensor_shows_when_its_effect_exceeds_the_noise() -> None:
    far = {"sensor": "bias", "on": "l/A/1", "tag": "level", "at": "61 s", "for": "1 min", "offset": 2.0}
    assert shown([far]) == {"l/A/1/level.bias/0/0": 61}
    assert shown([{**far, "offset": 1.0}]) == {}
    drift = {"sensor": "drift", "on": "l/A/1", "tag": "level", "at": "0 s", "rate": 6.0}
    assert shown([drift]) == {"l/A/1/level.drift/0/0": 901}
    again = {**far, "at": None, "every": "5 min"}
    assert shown([{k: v for k, v in again.items() if v is not None}]) == {
        f"l/A/1/level.bias/0/{k}": 300 * (k + 1) + 60 * k for k in range(5)
    }


@pytest.mark.parametrize("step", [10 * SECOND, 7 * MINUTE, 30 * MINUTE])
def test_when_a_fault_shows_does_not_depend_on_who_looks_when(step) -> None:
    faults = [
        {"process": "y", "on": "l/A", "at": "10 min", "growth": "8 min"},
        {"process": "x", "on": "l/A/1", "every": "4 min", "for": "30 s", "severity": "40 %"},
        {"sensor": "stuck", "on": "l/A/2", "tag": "slow", "at": "5 min"},
        {"sensor": "dropout", "on": "l/A/1", "tag": "slow", "at": "5 min", "up": "1 min", "down": "5 s"},
    ]
    whole = shown(faults, step=MINUTE, to=28 * MINUTE)
    assert {"l/A/1/y/0/0", "l/A/2/slow.stuck/2/0", "l/A/1/slow.dropout/3/0"} <= whole.keys()
    assert shown(faults, step=step, to=28 * MINUTE // step * step) == {
        key: at for key, at in whole.items() if at <= 28 * MINUTE // step * step / SECOND
    }


def test_as_a_message() -> None:
    (record, *_) = injected(PLANT, 1, 100 * SECOND)
    node, message = record.emission(START, 30 * SECOND)
    assert isinstance(message, Truth)
    assert (node.path, message.path) == ("hall/l/A/1", "hall/l/A/1")
    assert (message.t_start, message.t_end) == (START + 10 * SECOND, START + 30 * SECOND)
    assert message.parameters == pytest.approx({"growth": 5 * SECOND, "severity": 0.5})


class Standing:
    """As much of a machine as a witness looks at."""

    def __init__(self) -> None:
        self.index, self.node, self.health, self.condition = 0, Node("a", "l", "A"), None, ("starved", "")


def test_a_tool_change_goes_on_over_a_pause_and_ends_with_what_else_comes_between() -> None:
    out: list[Emission] = []
    witness, machine, change = Witness(START, out), Standing(), ("setup", "tool")
    story = [change, ("pause", "break"), change, ("failed", "m"), change, ("off", "night"), ("starved", ""), change]
    for minute, machine.condition in enumerate(story):
        witness.state(machine, minute * MINUTE)
    newest = {message.id: message for _, message in out}
    spans = [(m.t_start - START, m.t_end and m.t_end - START) for m in newest.values()]
    assert spans == [(0, 3 * MINUTE), (4 * MINUTE, 5 * MINUTE), (7 * MINUTE, None)]
    assert list(newest) == [f"a/l/A/tool-change/{k}" for k in (0, 1, 2)]
