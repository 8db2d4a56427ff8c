"""Signals: exact, and the same on any grid and in any pieces."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.catalogue import CATALOGUE
from plant.draws import Stream, key
from plant.messages import Energy, Telemetry
from plant.states import STATES, State
from plant.time import DEFAULT_START as START
from plant.time import HOUR, MINUTE
from simulators import Simulation
from simulators.signals import AMBIENT_CEL, LEVELS, NOISE, STANDBY_AFTER, Panel, Physics, Signals, gauss
from simulators.streams import words
from tests.simulators.building import S, make

CENTER = CATALOGUE["machining-center"]
STATE = st.sampled_from(["processing", "starved", "blocked", "failed", "off", "setup"])
CHANGES = st.lists(st.tuples(st.integers(1, 2 * HOUR), STATE), max_size=12).map(
    lambda steps: [(sum(dt for dt, _ in steps[: i + 1]), state) for i, (_, state) in enumerate(steps)]
)


def panel(changes: list[tuple[int, str]], finished: list[int] | None = None) -> Panel:
    of = Signals(Physics(begin=0, state="starved"))
    for time, state in changes:
        of.change(time, state)
    for time in finished or []:
        of.finished.append(time)
    return Panel([CENTER], [[key(1, "l/A/1", f"noise.{tag}") for tag in NOISE]], [of])


def levels(changes: list[tuple[int, str]], to: int) -> list[tuple[int, int, str]]:
    """Begin, end and energy state of each stretch, by the rules and nothing else."""
    merged: list[tuple[int, str]] = [(0, "starved")]
    for time, state in changes:
        if state != merged[-1][1]:
            merged.append((time, state))
    found = []
    for (begin, state), (end, _) in zip(merged, [*merged[1:], (to, "")], strict=True):
        split = min(end, begin + STANDBY_AFTER) if state in {"starved", "blocked"} else end
        found += [(begin, split, STATES[State(state)].energy), (split, end, "standby")]
    return [(begin, end, level) for begin, end, level in found if begin < end]


@settings(deadline=None)
@given(CHANGES, st.integers(0, HOUR))
def test_energy_is_the_integral_of_power(changes: list[tuple[int, str]], more: int) -> None:
    to = (changes[-1][0] if changes else 0) + more
    energy = panel(changes).track(to).energy(np.array([to]))[0, 0]
    for index, level in enumerate(LEVELS):
        spent = sum(end - begin for begin, end, name in levels(changes, to) if name == level)
        assert energy[index] == pytest.approx(CENTER.power_kw[level] * spent / HOUR, rel=1e-12)


@settings(deadline=None)
@given(CHANGES, st.integers(1, HOUR))
def test_temperature_is_an_exact_lag_from_change_to_change(changes: list[tuple[int, str]], more: int) -> None:
    to = (changes[-1][0] if changes else 0) + more
    ready = CENTER.load_pct[1] / CENTER.load_pct[0]
    targets = {"off": 0.0, "standby": 0.0, "ready": CENTER.warming_k * ready, "processing": CENTER.warming_k}
    rise = 0.0
    for begin, end, level in levels(changes, to):
        fade = math.exp(-(end - begin) / (CENTER.warming_s * S))
        rise = targets[level] + (rise - targets[level]) * fade
    found = panel(changes).track(to).samples(np.array([to]))[0]["temperature"][0]
    assert found == pytest.approx(AMBIENT_CEL + rise, abs=0.00501)


@settings(deadline=None)
@given(CHANGES, st.lists(st.integers(0, 26 * HOUR), min_size=1, max_size=6, unique=True).map(sorted))
def test_pieces_leave_no_trace(changes: list[tuple[int, str]], cuts: list[int]) -> None:
    """Read off bit by bit and forgotten, or all at once at the end: the same to the last bit."""
    whole = panel(changes).track(cuts[-1]) if not changes or changes[-1][0] <= cuts[-1] else None
    of = panel([])
    todo = list(changes)
    for cut in cuts:
        while todo and todo[0][0] <= cut:
            of.signals[0].change(*todo.pop(0))
        track = of.track(cut)
        now = np.array([cut])
        values = track.samples(now), track.energy(now).tolist(), track.power(now).tolist()
        of.forget(track, cut)
        if whole is not None:
            assert values == (whole.samples(now), whole.energy(now).tolist(), whole.power(now).tolist())


def test_a_sample_shows_the_state_after_all_that_happens_at_its_instant() -> None:
    track = panel([(10 * S, "processing"), (20 * S, "blocked")], finished=[20 * S]).track(30 * S)
    times = np.array([10 * S - 1, 10 * S, 20 * S - 1, 20 * S])
    power = [CENTER.power_kw[level] for level in ("ready", "processing", "processing", "ready")]
    assert track.power(times)[0].tolist() == power
    assert track.samples(times)[0]["part_count"] == [0, 0, 0, 1]


def test_a_machine_that_waits_for_a_quarter_of_an_hour_goes_to_standby() -> None:
    track = panel([]).track(STANDBY_AFTER)
    assert track.power(np.array([STANDBY_AFTER - 1, STANDBY_AFTER]))[0].tolist() == [3.0, 0.8]


def test_noise_is_nearly_normal_and_bounded() -> None:
    z = gauss(Stream(1, "l/A/1", "noise.power").words(range(200_000)))
    assert abs(z.mean()) < 5 / 200_000**0.5
    assert abs(z.std() - 1) < 0.01
    assert np.abs(z).max() < 12**0.5
    assert np.mean(np.abs(z) < 1) == pytest.approx(0.683, abs=0.02)


def test_many_streams_at_once_are_the_streams_one_by_one() -> None:
    paths = ["l/A/1", "l/A/2", "l/B/1"]
    k = np.array([0, 1, 7, 10**15])
    found = words(np.array([key(9, path, "noise.load") for path in paths], dtype=np.uint64), k)
    assert found.tolist() == [Stream(9, path, "noise.load").words(k).tolist() for path in paths]


def test_every_tag_is_declared_and_inside_its_range() -> None:
    plant = make([{"cycle_time": 30, "type": name} for name in CATALOGUE][:8])
    simulation = Simulation(plant)
    blocks = [(node, m) for node, m in simulation.advance(START + 20 * MINUTE) if isinstance(m, Telemetry)]
    for node, message in blocks:
        station = next(s for s in plant.lines[0].stations if s.name == node.station)
        tags = CATALOGUE[station.type].tags
        assert list(message.v) == list(tags)
        for name, values in message.v.items():
            assert len(values) == len(message.t)
            tag = tags[name]
            assert all(tag.min <= value and (tag.max is None or value <= tag.max) for value in values), name


@pytest.mark.parametrize("sample", [1, 2, 7])
def test_any_grid_shows_the_same_values_at_the_same_instants(sample: int) -> None:
    """Grid independence: a sample is a function of the instant, not of the sampling."""
    row = [{"cycle_time": "exponential(20 s)"}, {"cycle_time": "exponential(20 s)", "buffer": 1}]
    finest = readings(row, 1)
    coarse = readings(row, sample)
    assert coarse.keys() < finest.keys() or sample == 1
    assert all(finest[at] == values for at, values in coarse.items())


def readings(row: list[dict], sample: int) -> dict:
    plant = make(row, telemetry={"sample": sample, "block": 14 * sample})
    found = {}
    for node, message in Simulation(plant).advance(START + 14 * 60 * S):
        if isinstance(message, Telemetry):
            for i, t in enumerate(message.t):
                found[node.path, t] = [column[i] for column in message.v.values()]
    return found


def test_blocks_end_on_a_grid_of_plant_time_whatever_the_start() -> None:
    plant = make([{"cycle_time": 3}], telemetry={"sample": "2 s", "block": "10 s"})
    start = START + 3_500_000
    blocks = [m for _, m in Simulation(plant, start=start).advance(start + MINUTE) if isinstance(m, Telemetry)]
    assert [m.ts - START for m in blocks] == [10 * S * i for i in range(1, 7)]
    assert [t - START for t in blocks[0].t] == [4 * S, 6 * S, 8 * S, 10 * S]
    assert all(m.t[-1] == m.ts and len(m.t) == 5 for m in blocks[1:])


def test_the_energy_of_a_line_is_the_sum_of_its_machines_every_minute() -> None:
    plant = make([{"cycle_time": "exponential(5 s)", "machines": 2}, {"cycle_time": "exponential(2 s)"}])
    found: dict[int, list[Energy]] = {}
    for node, message in Simulation(plant).advance(START + HOUR):
        if isinstance(message, Energy):
            found.setdefault(message.ts, []).append(message)
            assert (node.station is None) == (len(found[message.ts]) == 4), "machines in order, then the line"
    assert list(found) == [START + MINUTE * i for i in range(1, 61)]
    for *machines, line in found.values():
        assert line.kwh == pytest.approx(sum(m.kwh for m in machines), abs=1e-5)
        assert line.kw == pytest.approx(sum(m.kw for m in machines))
        assert sum(line.by.values()) == pytest.approx(line.kwh, abs=1e-5)
    totals = [row[-1].kwh for row in found.values()]
    assert totals == sorted(totals)
