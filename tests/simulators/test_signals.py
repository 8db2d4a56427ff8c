"""Signals: exact, and the same on any grid and in any pieces."""

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from plant.catalogue import CATALOGUE
from plant.description import Plant
from plant.draws import Stream, key
from plant.machine_types import LEVELS, MachineType
from plant.messages import Emission, Energy, Meta, Telemetry
from plant.power import Power
from plant.states import STATES, State
from plant.time import DEFAULT_START as START
from plant.time import HOUR, MINUTE
from plant.variables import Variable
from simulators import Simulation
from simulators.doings import Doings, Operation, Physics, at_rest
from simulators.panel import Instrumented, Panel
from simulators.physics.noise import gauss
from simulators.sampling import analog, digital, told
from simulators.streams import words
from simulators.stretches import STANDBY_AFTER
from simulators.track import Track
from tests.simulators.building import S, make

PRESS = MachineType.model_validate(
    {
        "like": "machine",
        "power": {"off": "0.1 kW", "standby": "0.8 kW", "ready": "3.5 kW", "processing": "14 kW"},
        "figures": {
            "load_working": 45, "load_ready": 8, "warming_k": 10, "warming_s": 1800, "shaking": 3.2, "humming": 0.4
        },
    }
).onto(CATALOGUE["machine"])  # fmt: skip
"""One whose power depends on its state alone."""
KW = {name: getattr(PRESS.power, name) for name in LEVELS}
HALL = 20.0
STATE = st.sampled_from(["processing", "starved", "blocked", "failed", "off", "setup"])
CHANGES = st.lists(st.tuples(st.integers(1, 2 * HOUR), STATE), max_size=12).map(
    lambda steps: [(sum(dt for dt, _ in steps[: i + 1]), state) for i, (_, state) in enumerate(steps)]
)


def panel(
    changes: list[tuple[int, str]],
    finished: list[int] | None = None,
    kind: MachineType = PRESS,
    base: Physics | None = None,
    power: Power | None = None,
) -> Panel:
    of = Doings(base or at_rest(0, "starved"))
    for time, state in changes:
        of.change(time, state, "")
    for time in finished or []:
        of.finish(time, "")
    machine = Instrumented(kind=kind, power=power, key=lambda purpose: key(1, "l/A/1", purpose))
    return Panel([machine], [of], lambda times: np.full(times.shape, HALL))


def track(of: Panel, to: int) -> Track:
    return Track(of, of.stretches(to))


def shown(of: Track, times: NDArray[np.int64]) -> dict[str, list]:
    """All tags of the one machine at instants, as told."""
    values, found = of.at(times), {}
    for name, row in of.panel.kind.tags.items():
        keys = np.array([key(1, "l/A/1", f"noise.{name}")], dtype=np.uint64)
        found[name] = told(row, digital(row, values.tag(name), analog(row, name, values, keys, times))[0][0])
    return found


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
    energy = track(panel(changes), to).energy(np.array([to]))[0, 0]
    for index, level in enumerate(LEVELS):
        spent = sum(end - begin for begin, end, name in levels(changes, to) if name == level)
        assert energy[index] == pytest.approx(KW[level] * spent / HOUR, rel=1e-12)


@settings(deadline=None)
@given(CHANGES, st.integers(1, HOUR))
def test_temperature_is_an_exact_lag_from_change_to_change(changes: list[tuple[int, str]], more: int) -> None:
    to = (changes[-1][0] if changes else 0) + more
    warming, ready = PRESS.figures["warming_k"], PRESS.figures["load_ready"] / PRESS.figures["load_working"]
    targets = {"off": 0.0, "standby": 0.0, "ready": warming * ready, "processing": warming}
    rise = targets[levels(changes, to)[0][2]]  # it has stood like this for long
    for begin, end, level in levels(changes, to):
        fade = math.exp(-(end - begin) / (PRESS.figures["warming_s"] * S))
        rise = targets[level] + (rise - targets[level]) * fade
    found = shown(track(panel(changes), to), np.array([to]))["temperature"][0]
    assert found == pytest.approx(HALL + rise, abs=0.00501)


@settings(deadline=None)
@given(CHANGES, st.lists(st.integers(0, 26 * HOUR), min_size=1, max_size=6, unique=True).map(sorted))
def test_pieces_leave_no_trace(changes: list[tuple[int, str]], cuts: list[int]) -> None:
    """Read off bit by bit and forgotten, or all at once at the end: the same to the last bit."""
    whole = track(panel(changes), cuts[-1]) if not changes or changes[-1][0] <= cuts[-1] else None
    of = panel([])
    todo = list(changes)
    for cut in cuts:
        while todo and todo[0][0] <= cut:
            of.doings[0].change(*todo.pop(0), "")
        part = track(of, cut)
        now = np.array([cut])
        values = shown(part, now), part.energy(now).tolist(), part.power(now).tolist()
        part.forget(0, cut)
        if whole is not None:
            assert values == (shown(whole, now), whole.energy(now).tolist(), whole.power(now).tolist())


def test_a_sample_shows_the_state_after_all_that_happens_at_its_instant() -> None:
    of = track(panel([(10 * S, "processing"), (20 * S, "blocked")], finished=[20 * S]), 30 * S)
    times = np.array([10 * S - 1, 10 * S, 20 * S - 1, 20 * S])
    assert of.power(times)[0].tolist() == [KW[level] for level in ("ready", "processing", "processing", "ready")]
    assert shown(of, times)["part_count"] == [0, 0, 0, 1]


def test_a_machine_that_waits_for_a_quarter_of_an_hour_goes_to_standby() -> None:
    of = track(panel([]), STANDBY_AFTER + 1)
    assert of.power(np.array([STANDBY_AFTER - 1, STANDBY_AFTER]))[0].tolist() == [KW["ready"], KW["standby"]]


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
        tags = plant.kind(station).tags
        assert [name for name in tags if name in message.v] == list(message.v) or set(message.v) <= set(tags)
        for name, values in message.v.items():
            assert len(values) == len(message.t)
            tag = tags[name]
            shown = [value for value in values if value is not None]
            if tag.words:
                assert set(shown) <= set(tag.words), name
            else:
                assert all(tag.min <= value and (tag.max is None or value <= tag.max) for value in shown), name


@pytest.mark.parametrize("sample", [1, 2, 7])
def test_any_grid_shows_the_same_values_at_the_same_instants(sample: int) -> None:
    """Grid independence: a sample is a function of the instant, not of the sampling."""
    row = [{"cycle_time": "exponential(20 s)"}, {"cycle_time": "exponential(20 s)", "buffer": 1}]
    finest = readings(row, 1)
    coarse = readings(row, sample)
    assert coarse.keys() < finest.keys() or sample == 1
    assert all(finest[at] == value for at, value in coarse.items())


def readings(row: list[dict], sample: int) -> dict:
    """What is sampled at each instant of the grid, by machine, tag and instant."""
    plant = make(row, telemetry={"sample": sample, "block": 14 * sample})
    sampled = [name for name, tag in CATALOGUE["machine"].tags.items() if tag.when is None and tag.every is None]
    return {
        (node.path, name, t): message.v[name][i]
        for node, message in Simulation(plant).advance(START + 14 * 60 * S)
        if isinstance(message, Telemetry)
        for i, t in enumerate(message.t)
        if t % (sample * S) == 0
        for name in sampled
        if name in message.v
    }


def test_blocks_end_on_a_grid_of_plant_time_whatever_the_start() -> None:
    plant = make([{"cycle_time": 3}], telemetry={"sample": "2 s", "block": "10 s"})
    start = START + 3_500_000
    blocks = [m for _, m in Simulation(plant, start=start).advance(start + MINUTE) if isinstance(m, Telemetry)]
    assert [m.ts - START for m in blocks] == [10 * S * i for i in range(1, 7)]
    on_grid = [[t - START for t in m.t if t % (2 * S) == 0] for m in blocks]  # between them it tells of cycles
    assert on_grid[0] == [4 * S, 6 * S, 8 * S, 10 * S]
    assert all(times[-1] == m.ts - START and len(times) == 5 for m, times in zip(blocks[1:], on_grid[1:], strict=True))


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


# --- a station's own figures: power, ramp, air ---------------------------------------------------------------------

OWN = Power.model_validate(
    {"standby": "500 W", "processing": "12 kW", "ramp": "40 min", "air": {"processing": "3 m3/h"}}
)
def ramping(ramp: int, power: Power = OWN) -> MachineType:
    return PRESS.at(power.model_copy(update={"ramp": ramp}), {})


WARM = PRESS.at(OWN, {})
FIGURES = st.sampled_from([None, WARM, ramping(7), ramping(3 * HOUR + 1)])


def ramped(changes: list[tuple[int, str]], to: int, kind: MachineType) -> Iterator[tuple[int, int, str, int, float]]:
    """Stretches with the begin of the warm-up in force and the step that it had to climb, by the rules and no more."""
    since, step, before = 0, 0.0, "ready"
    for begin, end, level in levels(changes, to):
        if level in {"off", "standby"}:
            step = 0.0
        elif before in {"off", "standby"}:
            since, step = begin, kind.power.ready - getattr(kind.power, before)
        before = level
        yield begin, end, level, since, step


@settings(deadline=None)
@given(CHANGES, st.integers(1, HOUR), st.sampled_from([WARM, ramping(7), ramping(5 * HOUR)]))
def test_what_a_warm_up_draws_less_is_a_triangle(changes: list[tuple[int, str]], more: int, kind: MachineType) -> None:
    """The area under straight lines, in fractions; the power at an instant is the height of the line."""
    to = (changes[-1][0] if changes else 0) + more
    areas = dict.fromkeys(LEVELS, Fraction(0))
    height = 0.0
    for begin, end, level, since, step in ramped(changes, to, kind):
        missing = [max(Fraction(0), 1 - Fraction(at - since, kind.power.ramp)) for at in (begin, end)]
        lasting = min(end, max(begin, since + kind.power.ramp)) - begin
        triangle = Fraction(step) * lasting * sum(missing) / 2
        areas[level] += Fraction(getattr(kind.power, level)) * (end - begin) - triangle
        height = getattr(kind.power, level) - step * float(missing[1])
    of = track(panel(changes, kind=kind), to + 1)
    energy = of.energy(np.array([to]))[0, 0]
    assert energy == pytest.approx([float(areas[level] / HOUR) for level in LEVELS], rel=1e-9, abs=1e-12)
    assert shown(of, np.array([to]))["energy"][0] == pytest.approx(energy.sum(), abs=0.00006)
    if not any(time == to for time, _ in changes) and not stands_since(changes, to):
        assert of.power(np.array([to]))[0, 0] == pytest.approx(height)


def stands_since(changes: list[tuple[int, str]], to: int) -> bool:
    """Whether a machine goes to standby at this very instant."""
    return any(end == to and level == "ready" for _, end, level in levels(changes, to + 1))


@settings(deadline=None)
@given(CHANGES, st.lists(st.integers(0, 26 * HOUR), min_size=1, max_size=6, unique=True).map(sorted), FIGURES)
def test_a_warm_up_is_the_same_in_pieces_and_after_a_restart(
    changes: list[tuple[int, str]], cuts: list[int], kind: MachineType | None
) -> None:
    kind = kind or PRESS
    whole = track(panel([c for c in changes if c[0] <= cuts[-1]], kind=kind), cuts[-1])
    of = panel([], kind=kind)
    todo = list(changes)
    for cut in cuts:
        while todo and todo[0][0] <= cut:
            of.doings[0].change(*todo.pop(0), "")
        part, now = track(of, cut), np.array([cut])
        seen = [
            [shown(t, now), t.energy(now).tolist(), t.power(now).tolist(), t.flown(now).tolist()] for t in (whole, part)
        ]
        assert seen[0] == seen[1]
        of = panel([], kind=kind, base=part.physics(0, cut))


def test_a_ramp_leads_from_off_to_ready_and_processing_comes_on_top() -> None:
    kind = ramping(100 * S, Power())
    of = track(panel([(10 * S, "off"), (200 * S, "starved"), (250 * S, "processing")], kind=kind), 400 * S)
    drawn = of.power(np.array([9, 199, 200, 225, 275, 300, 399]) * S)[0].tolist()
    ready, off, work = (KW[level] for level in ("ready", "off", "processing"))
    step = ready - off
    assert drawn == pytest.approx([ready, off, off, off + step / 4, work - step / 4, work, work])
    assert track(panel([], kind=kind), S).power(np.array([0]))[0, 0] == ready, "a run begins with warm machines"


def test_air_flows_while_a_machine_is_ready_or_works() -> None:
    air = {"ready": "20 l/min", "processing": "120 L/min"}
    kind = PRESS.at(Power.model_validate({"air": air}), {})
    changes = [(10 * MINUTE, "processing"), (25 * MINUTE, "off")]
    of = track(panel(changes, kind=kind), 2 * HOUR)
    assert of.flown(np.array([10 * MINUTE, 25 * MINUTE, 2 * HOUR]))[0].tolist() == pytest.approx([0.2, 2.0, 2.0])
    assert all(getattr(kind.power, name) == KW[name] for name in LEVELS)


SHIFT = {
    "name": "day",
    "start": "00:30",
    "end": "02:00",
    "days": "daily",
    "breaks": [{"start": "01:00", "for": "9 min"}],
}
FIGURED = {"power": {"off": 0, "standby": "400 W", "ramp": "6 min", "air": {"ready": 5, "processing": "60 l/min"}}}


def figured() -> Plant:
    """Two stations with figures of their own and one without, breaks, failures, and nights off."""
    failure = {"mode": "jam", "time_to_failure": "exponential(9 min)", "time_to_repair": "exponential(2 min)"}
    stations = [
        {"name": "A", "cycle_time": "exponential(20 s)", "machines": 2, "failures": [failure], **FIGURED},
        {"name": "B", "cycle_time": "exponential(10 s)", "buffer": 2},
        {"name": "C", "cycle_time": "exponential(12 s)", "power": {"ready": "2 kW", "ramp": "1 min"}},
    ]
    return Plant.model_validate({"plant": "p", "shifts": [SHIFT], "lines": [{"name": "l", "stations": stations}]})


def ran(simulation: Simulation, until: int, steps: int = 1) -> list[Emission]:
    return [e for i in range(1, steps + 1) for e in simulation.advance(START + until * i // steps)]


def test_meters_show_the_integral_over_the_states_of_the_ledger_and_lines_their_sum() -> None:
    plant, until = figured(), 3 * HOUR
    simulation = Simulation(plant)
    last = {node.path: message for node, message in ran(simulation, until) if isinstance(message, Energy)}
    (line,) = plant.lines
    machines = [(node, station) for station in line.stations for node in line.machines(station)]
    for node, station in machines:
        kind = plant.kind(station)
        stays = [(i.begin, i.state) for i in simulation.ledger.intervals(node)]
        changes = [(begin, state) for (begin, state), (_, old) in zip(stays[1:], stays, strict=False) if state != old]
        assert {"off", "pause", "processing"} <= {state for _, state in stays}
        kwh, air = Fraction(0), Fraction(0)
        for begin, end, level, since, step in ramped([(0, stays[0][1]), *changes], until, kind):
            lasting = min(end, max(begin, since + kind.power.ramp)) - begin
            missing = [max(Fraction(0), 1 - Fraction(at - since, kind.power.ramp or 1)) for at in (begin, end)]
            kwh += Fraction(getattr(kind.power, level)) * (end - begin) - Fraction(step) * lasting * sum(missing) / 2
            flows = {"ready": kind.air.ready, "processing": kind.air.processing} if kind.air else {}
            air += Fraction(flows.get(level, 0)) * (end - begin)
        meter = last[node.path]
        assert meter.kwh == pytest.approx(float(kwh / HOUR), abs=1e-6)
        assert sum(meter.by.values()) == pytest.approx(meter.kwh, abs=3e-6)
        assert (meter.air_m3 is None) == (station.name != "A")
        assert meter.air_m3 is None or meter.air_m3 == pytest.approx(float(air / (1000 * MINUTE)), abs=1e-6)
    own = [last[node.path] for node, _ in machines]
    assert last[line.node.path].kwh == pytest.approx(sum(m.kwh for m in own), abs=4e-6)
    assert last[line.node.path].air_m3 == pytest.approx(sum(m.air_m3 or 0 for m in own), abs=3e-6)


@pytest.mark.parametrize("steps", [7, 180])
def test_meters_say_the_same_at_any_pace(steps: int) -> None:
    assert ran(Simulation(figured()), 3 * HOUR, steps) == ran(Simulation(figured()), 3 * HOUR)


def test_a_run_goes_on_in_the_middle_of_a_warm_up() -> None:
    failure = {"mode": "jam", "time_to_failure": "exponential(5 min)", "time_to_repair": "exponential(1 min)"}
    plant = make([{"cycle_time": 7, "failures": [failure], "power": {"ramp": "4 min", "air": {"ready": 1}}}])
    first = Simulation(plant)
    ran(first, 47 * MINUTE)
    second = Simulation(plant, initial=first.state())
    (machine,) = first.state().lines[0].stations[0].machines
    assert machine.physics is not None
    assert sum(machine.physics.missed) > 0
    end = START + 2 * HOUR
    rest = [[e for e in of.advance(end) if isinstance(e[1], Energy | Telemetry)] for of in (first, second)]
    assert rest[0] == rest[1]


def test_machines_without_air_say_nothing_of_it() -> None:
    plant = make([{"cycle_time": 5}, {"cycle_time": 5, "power": {"processing": 3}}])
    said = [m for _, m in ran(Simulation(plant), 5 * MINUTE) if isinstance(m, Energy)]
    assert {m.air_m3 for m in said} == {None}


MIXED = {"processing": "4 kW", "by_product": {"hard": "7 kW", "soft": "2500 W"}, "ramp": "40 s"}


def mixed(power: dict) -> Plant:
    """Two machines of which one is never without work, and three products."""
    jam = {"mode": "jam", "time_to_failure": "exponential(4 min)", "time_to_repair": "30 s", "part": "restart"}
    stations = [{"name": "A", "cycle_time": "exponential(9 s)", "failures": [jam], "power": power}]
    stations.append({"name": "B", "cycle_time": "7 s", "power": power})
    products = [{"name": name} for name in ("hard", "plain", "soft")]
    return Plant.model_validate({"plant": "p", "products": products, "lines": [{"name": "l", "stations": stations}]})


def test_processing_draws_what_the_product_in_work_asks_for() -> None:
    plant, until = mixed({**MIXED, "ramp": 0}), HOUR
    simulation = Simulation(plant)
    last = {node.station: m for node, m in ran(simulation, until) if isinstance(m, Energy)}
    kw = {"hard": 7.0, "plain": 4.0, "soft": 2.5}
    journeys = simulation.ledger.journeys()
    for station in ("A", "B"):
        (node,) = plant.lines[0].machines(next(s for s in plant.lines[0].stations if s.name == station))
        own = [j for j in journeys if j.station == station and j.start is not None]
        worked = 0.0
        for stay in simulation.ledger.intervals(node):
            if stay.state == "processing":
                for j in own:
                    end = until if j.finish is None else j.finish
                    worked += kw[j.product] * max(0, min(end, stay.end) - max(j.start, stay.begin))
        assert {j.product for j in own} == set(kw)
        assert last[station].by["processing"] == pytest.approx(worked / HOUR, abs=1e-6)


@pytest.mark.parametrize("steps", [5, 60])
def test_products_leave_the_same_trace_at_any_pace(steps: int) -> None:
    plant = mixed(MIXED | {"air": {"ready": 20, "processing": 90}})
    assert ran(Simulation(plant), HOUR, steps) == ran(Simulation(plant), HOUR)


def test_load_warmth_and_vibration_follow_what_the_product_takes_above_ready() -> None:
    power = Power.model_validate({"by_product": {"hard": "24.5 kW"}})  # twice as much above ready as the mean
    of = Doings(at_rest(0, "processing"))
    for at, product in ((0, "plain"), (2 * HOUR, "hard"), (4 * HOUR, "plain")):
        of.work(at, Operation(at, 2 * HOUR, product))
    machine = Instrumented(kind=PRESS.at(power, {}), power=power, key=lambda purpose: key(1, "l/A/1", purpose))
    seen = track(Panel([machine], [of], lambda times: np.full(times.shape, HALL)), 6 * HOUR)
    values = seen.at(np.array([HOUR, 3 * HOUR, 5 * HOUR]))
    assert values["load"][0].tolist() == [45, 90, 45]
    assert values["shakes"][0].tolist() == [3.2, 6.4, 3.2]
    assert values["power_now"][0].tolist() == [14, 24.5, 14]
    assert values["warmth"][0, 0] < values["warmth"][0, 2] < values["warmth"][0, 1] < 20
    assert seen.energy(np.array([6 * HOUR]))[0, 0].tolist() == pytest.approx([0, 0, 0, 4 * 14 + 2 * 24.5])


def test_a_flow_meter_is_born_and_read_only_where_air_is_taken() -> None:
    plant = make(
        [{"cycle_time": 5, "machines": 2, "power": {"air": {"ready": 20, "processing": 90}}}, {"cycle_time": 4}]
    )
    emissions = ran(Simulation(plant), 5 * MINUTE)
    births = {node.path: m.tags for node, m in emissions if isinstance(m, Meta) and node.station}
    for node, message in emissions:
        if isinstance(message, Telemetry):
            assert message.v.keys() <= births[node.path].keys()
            assert ("air_flow" in message.v) == ("air_flow" in births[node.path]) == (node.station == "A")
            assert set(message.v.get("air_flow", [])) <= {20.0, 90.0, None}


@pytest.mark.parametrize(
    ("power", "words"),
    [
        ({"ready": -1}, "-1 cannot be drawn"),
        ({"processing": "11 hp"}, "'11 hp' cannot be drawn"),
        ({"off": True}, "true cannot be drawn"),
        ({"ready": "2 kW", "processing": "900 W"}, "processing draws 0.9 kW, less than ready"),
        ({"air": {}}, "no air flows"),
        ({"air": {"ready": "3 bar"}}, "'3 bar' cannot be drawn"),
    ],
    ids=str,
)
def test_what_no_machine_can_draw_is_refused(power: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Power.model_validate(power)


def test_what_scatters_is_drawn_for_each_operation_by_itself() -> None:
    """It stands while an operation lasts, also for what is solved exactly, and goes with nothing else."""
    rows = {
        "own": Variable(scatter=2.0),
        "other": Variable(scatter=1.0),
        "whole": Variable.model_validate({"integral": "own"}),
    }
    kind = MachineType(variables=rows).onto(PRESS)
    kind.check()
    of, parts = Doings(at_rest(0, "starved")), 4000
    for number in range(parts):
        of.change(2 * number * S, "processing", "")
        of.work(2 * number * S, Operation(number, S))
        of.change((2 * number + 1) * S, "starved", "")
    machine = Instrumented(kind=kind, power=None, key=lambda purpose: key(1, "l/A/1", purpose))
    own_track = track(Panel([machine], [of], lambda times: np.full(times.shape, HALL)), 2 * parts * S)
    begins = np.arange(parts) * 2 * S
    values, later = own_track.at(begins), own_track.at(begins + 2 * S - 1)
    own, other, deviate = (values[name][0] for name in ("own", "other", "deviate"))
    assert later["own"][0].tolist() == own.tolist()
    assert np.diff(values["whole"][0]) == pytest.approx(2 * own[:-1], abs=1e-9)
    assert own.std() == pytest.approx(2.0, rel=5 / math.sqrt(2 * parts))
    assert abs(own.mean()) < 5 * 2.0 / math.sqrt(parts)
    assert np.abs(np.corrcoef([own, other, deviate]) - np.eye(3)).max() < 5 / math.sqrt(parts)
