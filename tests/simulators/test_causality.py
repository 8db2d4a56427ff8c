"""What a machine tells follows from what it does: cause before effect, with the right lag, slope and sign."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from plant.description import Plant
from plant.messages import Emission, Energy, PartEvent, Quality, Telemetry, Truth, Waveform
from plant.time import DEFAULT_START as START
from plant.time import HOUR, MINUTE, SECOND
from simulators import Simulation

TAU = 11 * MINUTE
CELL = {
    "title": "Cell",
    "power": {"off": "0.1 kW", "standby": "0.5 kW", "ready": "2 kW"},
    "drive": "cut_kw",
    "phases": [{"name": "rapid", "share": "20 %"}, {"name": "cut", "share": "80 %"}],
    "figures": {"kw": 6, "worn": 0.5},
    "inputs": {"cutting": {"cut": 1}},
    "variables": {
        "cut_kw": {"formula": "kw * cutting * (1 + worn * wear_mm / 0.3) * (1 + 0.5 * bearing)"},
        "rise": {"lag": {"of": "4 * drive_kw", "tau": TAU // SECOND}},
    },
    "tags": {
        "power": {"formula": "power_now", "unit": "kW", "min": 0},
        "load": {"formula": "100 * cut_kw / kw", "unit": "%", "min": 0, "step": 0.1},
        "temperature": {"formula": "20 + rise", "unit": "Cel", "step": 0.000001},
        "wear": {"formula": "wear_mm", "unit": "mm", "step": 0.000001},
        "energy": {"formula": "energy_now", "unit": "kW.h", "step": 0.000001},
        "cycle_time": {"formula": "cycle_s", "unit": "s", "when": "cycle"},
        "door": {"formula": "1 - working", "words": ["closed", "open"], "when": "change"},
    },
    "faults": {
        "bearing": {"title": "Bearing", "shows": ["power +"], "shift": "2 * severity", "spread": "1 + severity"},
    },
    "waveforms": {
        "shaking": {"model": "vibration", "every": 4, "figures": {"speed": "3000 * cutting", "damage": "bearing"}},
    },
}  # fmt: skip


def plant(station: dict | None = None, first: dict | None = None, **more: object) -> Plant:
    stations = [
        {"name": "IN", "cycle_time": "exponential(50 s)", **(first or {})},
        {"name": "A", "type": "cell", "cycle_time": "exponential(40 s)", "buffer": 2, **(station or {})},
    ]
    telemetry = {"sample": "1 s", "block": "60 s", **more.pop("telemetry", {})}  # type: ignore[dict-item]
    tree = {"plant": "p", "machine_types": {"cell": CELL}, "telemetry": telemetry, **more}
    return Plant.model_validate(tree | {"lines": [{"name": "l", "stations": stations}]})


def columns(emissions: Sequence[Emission], station: str = "A") -> tuple[NDArray[np.float64], dict[str, NDArray]]:
    """Instants in seconds since the start, and every tag at them; nan where nothing is told."""
    rows: dict[str, list[float]] = {}
    times: list[float] = []
    for node, m in emissions:
        if isinstance(m, Telemetry) and node.station == station:
            for tag in {*rows, *m.v}:
                column = rows.setdefault(tag, [math.nan] * len(times))
                told = m.v.get(tag, [None] * len(m.t))
                column += [math.nan if v is None or isinstance(v, str) else float(v) for v in told]
            times += [(t - START) / SECOND for t in m.t]
    return np.array(times), {tag: np.array(column) for tag, column in rows.items()}


def on_grid(times: NDArray, of: dict[str, NDArray], tag: str) -> tuple[NDArray, NDArray]:
    there = np.isfinite(of[tag])
    return times[there], of[tag][there]


def stays(simulation: Simulation, state: str) -> list[tuple[float, float]]:
    (line,) = simulation.plant.lines
    (node,) = line.machines(line.stations[1])
    found = simulation.ledger.intervals(node)
    return [(i.begin / SECOND, i.end / SECOND) for i in found if i.state == state]


def inside(times: NDArray, stretches: list[tuple[float, float]]) -> NDArray:
    found = np.zeros(times.shape, dtype=bool)
    for begin, end in stretches:
        found |= (times >= begin) & (times < end)
    return found


def test_there_is_no_load_without_a_part_in_work() -> None:
    simulation = Simulation(plant())
    times, told = columns(simulation.advance(START + 2 * HOUR))
    t, load = on_grid(times, told, "load")
    works = inside(t, stays(simulation, "processing"))
    assert 0.2 < works.mean() < 0.95
    assert (load[~works] == 0).all()
    assert (load[works] > 0).mean() == pytest.approx(0.8, abs=0.02), "the share of the cycle in which it cuts"


def test_the_lag_of_the_temperature_is_found_again_by_regression() -> None:
    """Between two samples of one second T' = (u - T) / tau holds with u constant: the slope tells tau, within 2 %."""
    times, told = columns(Simulation(plant()).advance(START + 4 * HOUR))
    t, temperature = on_grid(times, told, "temperature")
    power = told["power"][np.isin(times, t)]
    steady = np.flatnonzero((power[1:] == power[:-1]) & (np.diff(t) == 1))
    target = 20 + 4 * np.where(power > 2, power - 2, 0)
    gap, step = target[steady] - temperature[steady], np.diff(temperature)[steady]
    slope = (gap * step).sum() / (gap * gap).sum()
    assert -1 / math.log(1 - slope) == pytest.approx(TAU / SECOND, rel=0.02)
    assert slope > 0, "power leads, temperature follows"


def test_energy_is_the_integral_of_power_and_states_explain_it() -> None:
    simulation = Simulation(plant())
    out = simulation.advance(START + 2 * HOUR)
    last = [m for node, m in out if isinstance(m, Energy) and node.station == "A"][-1]
    worked = sum(end - begin for begin, end in stays(simulation, "processing"))
    cut = sum(0.8 * (j.finish - j.start) for j in simulation.ledger.journeys() if j.station == "A" and j.finish)
    assert last.kwh == pytest.approx(sum(last.by.values()), abs=1e-5)
    floor = 2 * worked / 3600
    assert floor < last.by["processing"] <= floor + 6 * worked / 3600
    assert last.by["processing"] - floor == pytest.approx(6 * cut / HOUR, rel=0.03), "but for the part in work now"
    times, told = columns(out)
    t, power = on_grid(times, told, "power")
    works = inside(t, stays(simulation, "processing"))
    shares = {kw: (power[works] == kw).mean() for kw in (2.0, 8.0)}
    assert shares[8.0] == pytest.approx(0.8, abs=0.03)
    assert shares[2.0] + shares[8.0] == 1.0, "the histogram has the levels of the phases and no other"


WORN = {
    "tool": {"life": "40 parts", "change": "2 min"},
    "quality": {
        "characteristics": [{"name": "d", "nominal": "10 mm", "sigma": "0.002 mm", "drift": "0.05 mm"}],
    },
}


def test_wear_only_grows_until_the_tool_is_changed_and_power_and_dimension_follow() -> None:
    simulation = Simulation(plant(WORN))
    out = simulation.advance(START + 6 * HOUR)
    times, told = columns(out)
    t, wear = on_grid(times, told, "wear")
    load = told["load"][np.isin(times, t)]
    falls = t[1:][np.diff(wear) < 0]
    changes = [end for begin, end in stays(simulation, "setup")]
    assert len(falls) == len(changes) - sum(end > falls[-1] + 60 for end in changes) > 3
    for fall in falls:
        assert min(fall - end for end in changes if end <= fall + 1) < 120, "at the first operation with the new tool"
    cuts = load > 0
    expected = 100 * (1 + 0.5 * wear[cuts] / 0.3)
    assert np.abs(load[cuts] - expected).max() < 0.051 + 1e-9
    measured = [m.values["d"].v for node, m in out if isinstance(m, Quality) and node.station == "A"]
    share = (np.arange(len(measured)) % 40) / 40
    slope, _ = np.polyfit(share, np.array(measured), 1)
    # standard error of a slope: sigma / (sd of x * sqrt n) = 0.002 / (0.289 * sqrt n)
    assert abs(slope - 0.05) < 4 * 0.002 / (0.289 * math.sqrt(len(measured)))


FAILING = {
    "failures": [
        {"mode": "spindle", "time_to_failure": "1 h", "time_to_repair": "10 min", "fault": "bearing", "onset": "40 %"}
    ],
    "quality": {"characteristics": [{"name": "d", "nominal": "10 mm", "sigma": "0.01 mm"}]},
}


def auc(healthy: NDArray, faulty: NDArray) -> float:
    """Probability that a faulty value is above a healthy one, ties by half."""
    below = np.searchsorted(np.sort(healthy), faulty, side="left")
    through = np.searchsorted(np.sort(healthy), faulty, side="right")
    return float((below + through).sum() / (2 * len(healthy) * len(faulty)))


def test_a_fault_shows_before_the_failure_that_it_announces_and_never_without_it() -> None:
    simulation = Simulation(plant(FAILING, telemetry={"truth": True}))
    out = simulation.advance(START + 10 * HOUR)
    times, told = columns(out)
    t, load = on_grid(times, told, "load")
    truths = [m for node, m in out if isinstance(m, Truth) and node.station == "A"]
    ended = {m.id: m for m in truths if m.what == "bearing" and m.t_end is not None}
    failures = {m.id: m for m in truths if m.what == "spindle" and m.t_end is not None}
    assert len(ended) == len(failures) >= 3
    for fault, failure in zip(ended.values(), failures.values(), strict=True):
        assert fault.t_start < failure.t_start < failure.t_end == fault.t_end
        assert not fault.planned
    spans = [((m.t_start - START) / SECOND, (m.t_end - START) / SECOND) for m in ended.values()]
    cuts = load > 0
    last = spans[-1][1]
    healthy = load[cuts & ~inside(t, spans) & (t < last)]
    end = [(begin + 0.8 * (stop - begin - 600), stop - 600) for begin, stop in spans]
    assert auc(healthy, load[cuts & inside(t, end)]) == 1.0
    half = len(healthy) // 2
    assert auc(healthy[:half], healthy[half:]) == 0.5, "without a fault all is the same"


def test_a_fault_shifts_and_spreads_what_is_measured() -> None:
    fault = {"process": "bearing", "on": "l/A", "at": "3 h", "for": "5 h"}
    simulation = Simulation(plant({"quality": FAILING["quality"]}, faults=[fault]))
    healthy, faulty = [], []
    for node, m in simulation.advance(START + 8 * HOUR):
        if isinstance(m, Quality) and node.station == "A":
            (faulty if m.ts >= START + 3 * HOUR else healthy).append(m.values["d"].v)
    n, k = len(healthy), len(faulty)
    assert min(n, k) > 100
    assert abs(np.mean(healthy) - 10) < 4 * 0.01 / math.sqrt(n)
    assert abs(np.mean(faulty) - 10.02) < 4 * 0.02 / math.sqrt(k)
    assert np.std(healthy) == pytest.approx(0.01, rel=4 / math.sqrt(2 * n))
    assert np.std(faulty) == pytest.approx(0.02, rel=4 / math.sqrt(2 * k))


SENSOR = {"sensor": "stuck", "on": "l/A", "tag": "power", "at": "20 min", "for": "30 min"}


def test_sensor_faults_change_readings_of_their_tag_and_no_part() -> None:
    out, ill = (Simulation(of).advance(START + HOUR) for of in (plant(), plant(faults=[SENSOR])))
    assert [e for e in out if isinstance(e[1], PartEvent)] == [e for e in ill if isinstance(e[1], PartEvent)]
    (times, told), (same, shown) = columns(out), columns(ill)
    assert times.tolist() == same.tolist()
    wrong = (times >= 1200) & (times < 3000)
    for tag in told:
        if tag != "power":
            assert np.array_equal(told[tag], shown[tag], equal_nan=True)
    assert np.array_equal(told["power"][~wrong], shown["power"][~wrong], equal_nan=True)
    held = shown["power"][wrong & np.isfinite(shown["power"])]
    assert len(set(held.tolist())) == 1
    assert len(set(told["power"][wrong & np.isfinite(told["power"])].tolist())) > 1


def test_the_true_value_stands_beside_what_a_faulty_sensor_shows() -> None:
    simulation = Simulation(plant(faults=[SENSOR]))
    assert simulation.true_values() == []
    simulation.advance(START + HOUR)
    values = simulation.true_values()
    times, told = columns(Simulation(plant()).advance(START + HOUR))
    healthy = dict(zip(*(c.tolist() for c in on_grid(times, told, "power")), strict=True))
    assert [one.time for _, one in values] == [t * SECOND for t in range(1200, 3000)]
    assert all(one.true == pytest.approx(healthy[one.time / SECOND], abs=0.0006) for _, one in values)
    assert len({one.shown for _, one in values}) == 1
    assert simulation.true_values() == []


def test_a_machine_with_a_wrong_clock_stamps_its_samples_wrongly_and_nothing_else() -> None:
    fault = {"sensor": "clock", "on": "l/A", "tag": "load", "at": "10 min", "for": "10 min", "ahead": "-7 s", "ppm": 0}
    (times, told), (moved, shown) = (
        columns(Simulation(of).advance(START + 30 * MINUTE)) for of in (plant(), plant(faults=[fault]))
    )
    right = dict(zip(*(c.tolist() for c in on_grid(times, told, "load")), strict=True))
    seen = dict(zip(*(c.tolist() for c in on_grid(moved, shown, "load")), strict=True))
    for t, value in right.items():
        assert t < 600 or t >= 1200 or seen[t - 7] in {value, right.get(t - 7)}
    assert np.array_equal(on_grid(times, told, "power")[1], on_grid(moved, shown, "power")[1])


@pytest.mark.parametrize("pieces", [1, 13, 240])
def test_faults_waveforms_and_truth_are_the_same_in_any_pieces(pieces: int) -> None:
    faults = [
        SENSOR,
        {"process": "bearing", "on": "l/A", "at": "10 min", "growth": "7 min", "for": "25 min"},
        {"sensor": "clock", "on": "l/A", "tag": "load", "every": "exponential(9 min)", "for": "2 min", "ahead": "3 s"},
    ]
    of = plant({**WORN, **FAILING}, faults=faults, telemetry={"truth": True, "waveforms": True})
    end = 2 * HOUR
    whole, steps = Simulation(of), Simulation(of)
    for one in (whole, steps):
        one.true_values()
    told = [e for k in range(1, pieces + 1) for e in steps.advance(START + end * k // pieces)]
    out = whole.advance(START + end)
    assert told == out
    assert steps.true_values() == whole.true_values() != []
    waves = [m for _, m in out if isinstance(m, Waveform)]
    assert {m.signal for m in waves} == {"shaking"}
    finished = [m.part for node, m in out if isinstance(m, PartEvent) and m.event == "finished" and node.station == "A"]
    assert [m.part for m in waves] == finished[3::4][: len(waves)]


def test_what_is_told_on_change_or_per_cycle_stands_at_its_instant() -> None:
    simulation = Simulation(plant())
    doors, cycles = [], []
    for node, m in simulation.advance(START + HOUR):
        if isinstance(m, Telemetry) and node.station == "A":
            doors += [(t - START, v) for t, v in zip(m.t, m.v.get("door", []), strict=False) if v is not None]
            cycles += [(t - START, v) for t, v in zip(m.t, m.v.get("cycle_time", []), strict=False) if v is not None]
    journeys = [j for j in simulation.ledger.journeys() if j.station == "A" and j.finish is not None]
    assert [at for at, _ in cycles] == [j.finish for j in journeys]
    assert [v for _, v in cycles] == [pytest.approx((j.finish - j.start) / SECOND, abs=0.0006) for j in journeys]
    assert [v for _, v in doors] == [("open", "closed")[k % 2] for k in range(len(doors))]
    closed = {at for at, v in doors if v == "closed"}
    assert closed <= {j.start for j in journeys} | {max(closed)}
