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
