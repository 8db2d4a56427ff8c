"""What a plant says is what happened in it."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from generated import plants
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.messages import Alarm, Message, Meta, PartEvent, StateChange
from plant.time import DEFAULT_START as START
from plant.time import HOUR, MINUTE
from simulators import Simulation
from tests.simulators.building import S, make

if TYPE_CHECKING:
    from plant.description import Plant
    from plant.paths import Node

SPAN = 3 * MINUTE


def told(plant: "Plant", until: int = SPAN, seed: int = 1) -> list[tuple[str, Message]]:
    return [(node.path, message) for node, message in Simulation(plant, seed=seed).advance(START + until)]


def parts(stream: list[tuple[str, Message]]) -> list[tuple[Any, ...]]:
    return [
        (path.rpartition("/l/")[2], (m.ts - START) / S, m.event, m.part, *filter(None, (m.route, m.cause)))
        for path, m in stream
        if isinstance(m, PartEvent)
    ]


def test_a_part_tells_its_way() -> None:
    plant = make([{"cycle_time": 2, "load": 1}, {"cycle_time": 3, "machines": 2, "transport": 4, "buffer": 1}])
    assert [event for event in parts(told(plant, 20 * S)) if event[3] == "l-1"] == [
        ("A", 0, "entered", "l-1"),
        ("A", 1, "started", "l-1"),
        ("A", 3, "finished", "l-1"),
        ("A", 3, "left", "l-1", "B"),
        ("B", 7, "entered", "l-1"),
        ("B/1", 7, "started", "l-1"),
        ("B/1", 10, "finished", "l-1"),
        ("B/1", 10, "left", "l-1"),
    ]


def test_quality_scrap_turns_a_finished_part_and_leaves_with_its_cause() -> None:
    plant = make([{"cycle_time": 2, "unload": 1, "quality": {"scrap": 1}}, {"cycle_time": 3}])
    assert parts(told(plant, 3 * S))[:5] == [
        ("A", 0, "entered", "l-1"),
        ("A", 0, "started", "l-1"),
        ("A", 2, "finished", "l-1"),
        ("A", 2, "scrapped", "l-1", "quality"),
        ("A", 3, "left", "l-1", "quality"),
    ]


def test_a_part_lost_in_a_failure_is_scrapped_without_having_been_finished() -> None:
    failure = {"mode": "crash", "clock": "calendar", "part": "scrap", "time_to_failure": "1 s", "time_to_repair": "5 s"}
    assert parts(told(make([{"cycle_time": 2, "failures": [failure]}]), 3 * S)) == [
        ("A", 0, "entered", "l-1"),
        ("A", 0, "started", "l-1"),
        ("A", 1, "scrapped", "l-1", "crash"),
        ("A", 1, "left", "l-1", "crash"),
        ("A", 1, "entered", "l-2"),
    ]


def test_cycle_us_is_pure_work() -> None:
    failure = {"mode": "stop", "clock": "calendar", "time_to_failure": "3 s", "time_to_repair": "5 s"}
    plant = make([{"cycle_time": 4, "load": 1, "unload": 1, "failures": [failure]}])
    first = next(m for _, m in told(plant, 30 * S) if isinstance(m, PartEvent) and m.event == "finished")
    assert (first.cycle_us, first.ts - START) == (4 * S, 10 * S)



def test_alarms_tell_every_failure_and_its_end() -> None:
    modes = [
        {"mode": mode, "clock": "calendar", "time_to_failure": up, "time_to_repair": down}
        for mode, up, down in (("b", "3 s", "5 s"), ("a", "4 s", "2 s"))
    ]
    stream = [(m, (m.ts - START) // S) for _, m in told(make([{"cycle_time": 9, "failures": modes}]), 12 * S)]
    alarms = [(m, at) for m, at in stream if isinstance(m, Alarm)]
    assert [(m.code, m.alarm_state, at, (m.since - START) // S, m.count) for m, at in alarms] == [
        ("b", "unacknowledged", 3, 3, 1),
        ("a", "unacknowledged", 4, 4, 1),
        ("a", "normal", 6, 4, 1),
        ("b", "normal", 8, 3, 1),
        ("a", "unacknowledged", 10, 10, 2),
        ("b", "unacknowledged", 11, 11, 2),
        ("a", "normal", 12, 10, 2),
    ]
    reasons = [(m.state, m.reason, at) for m, at in stream if isinstance(m, StateChange)]
    assert reasons == [
        ("processing", "", 0), ("failed", "b", 3), ("failed", "b+a", 4), ("failed", "b", 6), ("processing", "", 8),
        ("failed", "a", 10), ("failed", "b+a", 11), ("failed", "b", 12),
    ]  # fmt: skip


def test_births_describe_lines_stations_and_machines() -> None:
    plant = make([{"cycle_time": "uniform(1 s, 4 s)"}, {"cycle_time": 3, "machines": 2, "buffer": 1, "ideal_cycle": 2}])
    metas = {path: m for path, m in told(plant, 0) if isinstance(m, Meta)}
    assert list(metas) == ["main/l", "main/l/A", "main/l/B", "main/l/B/1", "main/l/B/2"]
    a, b, b1 = metas["main/l/A"], metas["main/l/B"], metas["main/l/B/1"]
    assert (a.machines, a.buffer, a.ideal_cycle_us, a.ideal_cycle_derived) == (1, 0, 2_500_000, True)
    assert (b.machines, b.buffer, b.tags) == (2, 1, {})
    assert (b1.machines, b1.buffer, b1.ideal_cycle_us, b1.ideal_cycle_derived) == (None, None, 2 * S, False)
    assert set(a.tags) == set(b1.tags) > {"power", "part_count"}
    open_entry = make([{"cycle_time": 1}], arrivals="every 9 s")
    assert next(m for path, m in told(open_entry, 0) if path == "main/l/A").buffer is None


def test_a_snapshot_tells_state_in_force_and_active_alarms() -> None:
    failure = {"mode": "stop", "clock": "calendar", "time_to_failure": "3 s", "time_to_repair": "5 s"}
    simulation = Simulation(make([{"cycle_time": 9, "failures": [failure]}]))
    simulation.advance(START + 4 * S)
    (_, state), (_, alarm) = simulation.snapshot_states()
    assert (state.ts, state.state, state.since, state.part) == (START + 4 * S, "failed", START + 3 * S, "l-1")
    assert (alarm.ts, alarm.alarm_state) == (START + 4 * S, "unacknowledged")
    assert (alarm.since, alarm.count) == (START + 3 * S, 1)
    assert [m.ts for _, m in simulation.births()] == [START + 4 * S] * 2
    simulation.advance(START + 8 * S)
    assert len(simulation.snapshot_states()) == 1


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9))
def test_states_told_are_the_intervals_of_the_ledger(plant: "Plant", seed: int) -> None:
    simulation = Simulation(plant, seed=seed)
    stream = simulation.advance(START + SPAN)
    told: dict[Node, list[StateChange]] = defaultdict(list)
    for node, message in stream:
        if isinstance(message, StateChange):
            assert message.since == message.ts
            told[node].append(message)
    for line in plant.lines:
        for node in (node for station in line.stations for node in line.machines(station)):
            begins = [(i.state, i.reason, i.begin) for i in simulation.ledger.intervals(node)]
            assert [(m.state, m.reason, m.ts - START) for m in told[node] if m.ts < START + SPAN] == begins


@settings(deadline=None, max_examples=40)
@given(plants(), st.integers(0, 9))
def test_part_events_are_the_journeys_of_the_ledger(plant: "Plant", seed: int) -> None:
    simulation = Simulation(plant, seed=seed)
    events: dict[tuple[str, str | None], dict[str, PartEvent]] = defaultdict(dict)
    machines: dict[tuple[str, str | None], set[int]] = defaultdict(set)
    for node, message in simulation.advance(START + SPAN):
        if isinstance(message, PartEvent):
            key = (message.part, node.station)
            assert message.event not in events[key], "each event of a visit comes once"
            events[key][message.event] = message
            if message.event != "entered":
                machines[key].add(node.machine or 1)
    found = {(j.part, j.station): j for j in simulation.ledger.journeys()}
    assert found.keys() == events.keys()
    for key, journey in found.items():
        visit = events[key]
        at = {name: message.ts - START for name, message in visit.items()}
        assert (at["entered"], at.get("started"), at.get("left")) == (journey.enter, journey.start, journey.leave)
        assert at.get("finished", at.get("scrapped")) == journey.finish
        assert ("scrapped" in visit) == (journey.outcome == "scrap")
        assert machines[key] <= {journey.machine}
        if "left" in visit and journey.outcome == "scrap":
            assert visit["left"].cause == visit["scrapped"].cause
            assert visit["left"].route is None


def test_a_line_of_many_hours_tells_the_same_in_one_piece_and_in_many() -> None:
    """Also across the slabs in which telemetry is computed."""
    plant = make([{"cycle_time": "exponential(600 s)"}], arrivals="exponential(800 s)")
    whole = Simulation(plant).advance(START + 8 * HOUR)
    simulation = Simulation(plant)
    pieces = [e for i in range(1, 9) for e in simulation.advance(START + i * HOUR)]
    assert whole == pieces
