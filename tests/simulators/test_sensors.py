"""The sensor chain against its vectors, and laws of noise and of sensor faults."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.draws import key
from plant.fault_kinds import SENSOR_KINDS
from plant.time import HOUR, MINUTE, SECOND
from simulators.faults import befalling
from simulators.sensor_faults import BAD_SENSOR_FAILURE, DISTORTIONS, Faulty, stamps
from simulators.sensors import (
    UNCERTAIN_SENSOR_NOT_ACCURATE,
    Sensor,
    converter,
    quantised,
    tolerance_pt100,
    tolerance_type_k,
)

VECTORS = {
    vector["id"]: vector
    for vector in json.loads((Path(__file__).parents[1] / "vectors" / "sensors-vectors.json").read_text())["vectors"]
}
KEY = key(1, "l/A/1", "noise.temperature")
KEYS = np.array(KEY, dtype=np.uint64)
SENSOR = Sensor(low=0, high=90, sd=0.2, coloured=0.1, tau=20 * SECOND, step=0.1)


def vector(name):
    found = VECTORS[name]
    return found["in"], found["out"], found["rel_tol"]


# --- vectors -------------------------------------------------------------------------------------------------------


def test_tolerances_of_temperature_sensors() -> None:
    given_, out, tolerance = vector("sensor.pt100")
    celsius = np.array(given_["t_C"], dtype=float)
    for grade in "AB":
        assert tolerance_pt100(celsius, grade).tolist() == pytest.approx(out[f"{grade}_C"], rel=tolerance)
    given_, out, tolerance = vector("sensor.typeK1")
    assert tolerance_type_k(np.array(given_["t_C"])).tolist() == pytest.approx(out["tol_C"], rel=tolerance)


def test_a_converter() -> None:
    given_, out, tolerance = vector("sensor.adc")
    sensor = converter(given_["lo"], given_["hi"], given_["bits"])
    x = np.array(given_["x"])
    assert sensor.step == pytest.approx(out["lsb"], rel=tolerance)
    assert sensor.read(x, np.arange(len(x)), KEYS).tolist() == pytest.approx(out["y"], rel=tolerance)


def test_a_clock() -> None:
    given_, out, tolerance = vector("sensor.clock")
    time = np.array([given_["t_s"] * SECOND])
    told = stamps(time, 0, {"ppm": given_["ppm"], "ahead": int(given_["offset_s"] * SECOND), "zone": 0})
    assert (told - time)[0] / SECOND == pytest.approx(out["error_s"], rel=tolerance)
    assert (stamps(time, 0, {"zone": -1}) - time)[0] == -HOUR


def test_the_chain_without_noise() -> None:
    given_, out, tolerance = vector("sensor.chain")
    sensor = Sensor(
        gain=given_["gain"], error=given_["s"], bias=given_["bias"], drift=given_["drift_per_h"], step=given_["step"]
    )
    y = sensor.read(np.array([given_["x"]]), np.array([given_["t_h"] * HOUR]), KEYS)
    assert y[0] == pytest.approx(out["y"], rel=tolerance)


def test_rounding_is_half_up_and_clipping_comes_before() -> None:
    assert quantised(np.array([0.5, 1.5, -0.5, -1.5, 2.4]), 1.0).tolist() == [1, 2, 0, -1, 2]
    sensor = Sensor(low=0, high=10, step=4)
    assert sensor.read(np.array([-3.0, 9.9, 70.0]), np.arange(3), KEYS).tolist() == [0, 8, 12]


# --- noise ---------------------------------------------------------------------------------------------------------


def test_a_reading_is_a_function_of_the_instant_and_the_machine_alone() -> None:
    """Rows or one by one, whole or in pieces, on any grid: the same bits."""
    times = np.arange(0, 600 * SECOND, 7 * SECOND, dtype=np.int64)
    rows = np.array([key(1, f"l/A/{number}", "noise.t") for number in (1, 2, 3)], dtype=np.uint64)
    x = np.linspace(20, 80, len(times)) + np.arange(3)[:, np.newaxis]
    whole = SENSOR.read(x, times, rows)
    assert whole.shape == x.shape
    assert SENSOR.read(x[1], times, rows[1]).tolist() == whole[1].tolist()
    one_by_one = [SENSOR.read(x[:, [i]], times[[i]], rows)[2, 0] for i in range(len(times))]
    assert one_by_one == whole[2].tolist()
    order = np.random.default_rng(1).permutation(len(times))
    assert SENSOR.read(x[:, order], times[order], rows).tolist() == whole[:, order].tolist()


@pytest.mark.parametrize("tau_s", [1, 20])
def test_coloured_noise_has_its_standard_deviation_and_its_memory(tau_s) -> None:
    """20 000 values an eighth of a time constant apart: some 1250 independent ones; bounds are 4 standard errors."""
    step = tau_s * SECOND // 8
    offset = step // 3  # between the nodes
    times = np.arange(20_000, dtype=np.int64) * step + offset
    n = Sensor(coloured=1.0, tau=tau_s * SECOND).read(np.zeros(20_000), times, KEYS)
    few = 20_000 / 16
    fade = math.exp(-1 / 8)
    assert abs(n.mean()) < 4 / math.sqrt(few)
    assert abs(n.std() - 1) < 4 / math.sqrt(2 * few)
    for steps in (4, 8, 16):
        measured = float((n[:-steps] * n[steps:]).mean())
        assert abs(measured - fade**steps) < 4 / math.sqrt(few)


def test_coloured_noise_of_a_faulty_sensor_may_have_any_time_constant() -> None:
    """Below what its grid can be (20 µs) it is white."""
    times = np.arange(1000, dtype=np.int64) * SECOND
    for tau in ("1 us", "19 us", "20 us", "1 s"):
        values, _ = sensor_with("noise", Sensor(low=0, high=90), sd=2, tau=tau).read(np.zeros_like, times + BEGIN)
        assert np.isfinite(values).all()


def test_white_noise_has_its_standard_deviation() -> None:
    times = np.arange(10_000, dtype=np.int64) * SECOND
    n = Sensor(sd=0.5).read(np.zeros(10_000), times, KEYS)
    assert abs(n.std() - 0.5) < 4 * 0.5 / math.sqrt(2 * 10_000)


# --- faults --------------------------------------------------------------------------------------------------------


PARAMETERS = {"saturation": {"high": 45}, "drift": {"rate": 4.0, "walk": 1.0}, "noise": {"sd": 2, "tau": "3 s"}}
BEGIN, END = 5 * MINUTE + 1, 25 * MINUTE


def sensor_with(kind: str, sensor: Sensor = SENSOR, seed: int = 1, **parameters) -> Faulty:
    fault = {"sensor": kind, "on": "l/A", "tag": "temperature", "at": f"{BEGIN} us", "for": f"{END - BEGIN} us"}
    return faulty([fault | PARAMETERS.get(kind, {}) | parameters], sensor, seed)


def faulty(faults, sensor: Sensor = SENSOR, seed: int = 1) -> Faulty:
    line = {"name": "l", "stations": [{"name": "A", "cycle_time": "9 s"}]}
    plant = Plant.model_validate({"plant": "p", "lines": [line], "faults": faults})
    return Faulty(sensor, KEY, befalling(plant, "l", "A", 1, seed), seed)


def process(times):
    return 40 + 20 * np.sin(times / (7 * MINUTE)) + times / HOUR


VALUED = sorted(DISTORTIONS)


def test_every_kind_of_the_table_does_something() -> None:
    assert {*DISTORTIONS, "clock"} == set(SENSOR_KINDS)


@pytest.mark.parametrize("kind", VALUED)
def test_readings_change_while_a_fault_is_there_and_only_then(kind) -> None:
    times = np.arange(0, 30 * MINUTE, 2 * SECOND, dtype=np.int64)
    read, _ = sensor_with(kind).read(process, times)
    healthy = SENSOR.read(process(times), times, KEYS)
    there = (times >= BEGIN) & (times < END)
    assert read[~there].tolist() == healthy[~there].tolist()
    changed = ~np.isclose(read[there], healthy[there], equal_nan=False)
    if kind == "rollover":  # nothing to see below its modulo
        changed = ~np.isclose(sensor_with(kind, modulo=32).read(process, times)[0][there], healthy[there])
    assert changed.any()


@settings(max_examples=40)
@given(kind=st.sampled_from(VALUED), step=st.sampled_from([1, 3, 7, 10]), seed=st.integers(1, 20))
def test_a_faulty_reading_is_the_same_on_any_grid_and_in_any_pieces(kind, step, seed) -> None:
    sensor = sensor_with(kind, seed=seed)
    times = np.arange(0, 30 * MINUTE, step * SECOND, dtype=np.int64)
    whole, codes = sensor.read(process, times)
    cut = len(times) // 2
    pieces = [sensor.read(process, times[:cut])[0], sensor.read(process, times[cut:])[0]]
    assert np.array_equal(np.concatenate(pieces), whole, equal_nan=True)
    some = times[seed % len(times)]
    value, code = sensor.read(process, np.array([some]))
    assert np.array_equal(value, whole[times == some], equal_nan=True)
    expected = 0 if codes is None else codes[times == some][0]
    assert (0 if code is None else code[0]) == expected


@pytest.mark.parametrize("kind", VALUED)
def test_it_says_before_which_other_instants_it_needs(kind) -> None:
    sensor = sensor_with(kind)
    times = np.arange(10 * MINUTE, 30 * MINUTE, SECOND, dtype=np.int64)
    asked: set[int] = set()

    def watched(instants):
        asked.update(instants.tolist())
        return process(instants)

    sensor.read(watched, times)
    assert asked - set(times.tolist()) == set(sensor.sources(times).tolist())
    assert len(sensor.sources(times)) <= 3


def test_what_faults_look_like() -> None:
    times = np.arange(BEGIN, END, SECOND, dtype=np.int64)
    clean = Sensor(low=0, high=90)
    x = process(times)

    def read(kind, **parameters):
        return sensor_with(kind, clean, **parameters).read(process, times)

    assert read("bias", offset=-2)[0] == pytest.approx(x - 2)
    assert read("gain", error="10 %")[0] == pytest.approx(np.minimum(x * 1.1, 90))
    drifting = sensor_with("drift", clean, rate=6.0)
    assert np.diff(sensor_with("stuck", clean).read(process, times)[0]).tolist() == [0.0] * (len(times) - 1)
    assert drifting.read(process, times)[1] is None
    assert read("unit", **{"as": "degF"})[0] == pytest.approx(1.8 * x + 32)
    assert read("rollover", modulo=16)[0] == pytest.approx(x % 16)
    assert read("counter-reset")[0][0] == 0
    values, codes = read("saturation", high=45)
    assert values.max() == 45
    assert set(codes[values == 45].tolist()) == {UNCERTAIN_SENSOR_NOT_ACCURATE}
    assert set(codes[values < 45].tolist()) == {0}
    values, codes = read("dropout", up="20 s", down="20 s")
    assert (np.isnan(values) == (codes == BAD_SENSOR_FAILURE)).all()
    assert 0.25 < np.isnan(values).mean() < 0.75  # 30 gaps: 4 standard errors are 0.26
    stale, _ = read("stale", hold="5 min")
    assert len(set(stale.tolist())) == 4
    spikes, _ = read("spikes", rate=60.0, height=10)
    far = np.abs(spikes - x) > 4
    assert 4 <= far.sum() <= 40  # Poisson with mean 20, 4 standard deviations
    assert abs(np.abs(spikes - x)[far] - 10 * 0.005 * 90).max() < 1e-9
    assert len(set(np.round(read("quantisation", bits=3)[0], 9).tolist())) <= 8


def test_a_random_walk_spreads_with_the_root_of_time() -> None:
    hour = np.array([BEGIN + 15 * MINUTE], dtype=np.int64)
    wide = Sensor()
    ends = [
        float((sensor_with("drift", wide, seed=seed, rate=0, walk=2.0).read(process, hour)[0] - process(hour))[0])
        for seed in range(300)
    ]
    assert abs(np.std(ends) - 1.0) < 4 / math.sqrt(2 * 300)


def test_clock_faults_change_stamps_and_no_value() -> None:
    sensor = sensor_with("clock", ppm=50, ahead="-2 s", zone=1)
    times = np.arange(0, 30 * MINUTE, MINUTE, dtype=np.int64)
    told = sensor.stamps(times) - times
    there = (times >= BEGIN) & (times < END)
    assert set(told[~there].tolist()) == {0}
    assert told[there].tolist() == [HOUR - 2 * SECOND + round((t - BEGIN) * 50e-6) for t in times[there].tolist()]
    assert sensor.read(process, times)[0].tolist() == SENSOR.read(process(times), times, KEYS).tolist()


def test_several_faults_act_one_after_the_other() -> None:
    both = faulty(
        [
            {"sensor": "bias", "on": "l", "tag": "temperature", "offset": 5},
            {"sensor": "stuck", "on": "l/A", "tag": "temperature", "at": "10 s"},
        ],
        Sensor(),
    )
    times = np.array([0, 20 * SECOND, 40 * SECOND], dtype=np.int64)
    values, _ = both.read(process, times)
    held = process(np.array([10 * SECOND]))[0] + 5
    assert values == pytest.approx([process(times)[0] + 5, held, held])
