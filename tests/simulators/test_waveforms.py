"""Waveforms: what stands where in their spectra and curves, and that they go through the wire unharmed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.catalogue import CATALOGUE
from plant.draws import Stream, key
from plant.time import SECOND
from plant.units import UNITS
from simulators.doings import Doings, Operation, at_rest
from simulators.functions import FUNCTIONS
from simulators.panel import Instrumented, Panel
from simulators.physics.bearings import bpfi, bpfo
from simulators.track import Track
from simulators.waveforms import MODELS, Blanking, PressFit, Tightening, Vibration, pack
from simulators.waveforms.tightening import ANGLE_HIGH, ANGLE_LOW, OK, TORQUE_LOW, VARIANTS
from simulators.waveforms.waveform import LONGEST, noise

STREAM = Stream(42, "block-line/OP10/1", "waveform.spindle_vibration")
SPEED = 2950.0
ALL = [
    Vibration(speed=SPEED, damage=0.5),
    Vibration(speed=0.0, damage=0.5),
    *(Tightening(variant=name) for name in VARIANTS),
    Blanking(wear=0.5),
    PressFit(tilt=0.5),
]


def vibration(k=0, **figures):
    return Vibration(speed=SPEED, **figures).waveform(STREAM, k)


def lines(values, rate_hz, low, high):
    """Amplitudes of a spectrum between two frequencies, and where the largest stands."""
    amplitude = 2 * np.abs(np.fft.rfft(values * np.hanning(values.size))) / values.size * 2
    hertz = np.fft.rfftfreq(values.size, 1 / rate_hz)
    inside = (hertz >= low) & (hertz <= high)
    return amplitude[inside], hertz[inside][np.argmax(amplitude[inside])]


def envelope(waveform, low=1920.0, high=4480.0):
    """By squares and a low pass: another way than the one under test."""
    values, n = waveform.of.values, waveform.samples
    hertz = np.fft.rfftfreq(n, 1 / waveform.rate_hz)
    band = np.fft.irfft(np.where((hertz > low) & (hertz < high), np.fft.rfft(values), 0), n)
    return np.fft.irfft(np.where(hertz < 1000, np.fft.rfft(2 * band * band), 0), n)


# All models


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50).map(np.array))
def test_values_come_back_from_their_words_within_half_a_step(values):
    packed = pack(values)
    allowed = packed.scale / 2 + 8 * np.spacing(np.max(np.abs(values)))
    assert np.all(np.abs(packed.values() - values) <= allowed)
    assert len(packed.data) == 2 * values.size
    np.testing.assert_array_equal(np.frombuffer(packed.data, "<i2"), packed.words)
    if values.size > 1 and np.ptp(values) > 1e-6:
        assert packed.words.min() == -32768 and packed.words.max() == 32767


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_what_is_no_waveform_is_not_packed(values):
    with pytest.raises(ValueError, match="finite"):
        pack(np.array(values))


@pytest.mark.parametrize("model", ALL, ids=lambda model: f"{type(model).__name__}-{getattr(model, 'variant', '')}")
def test_a_waveform_is_the_same_whenever_it_is_asked_for(model):
    first = model.waveform(STREAM, 5)
    model.waveform(STREAM, 6)
    again = model.waveform(Stream(42, "block-line/OP10/1", "waveform.spindle_vibration"), 5)
    np.testing.assert_array_equal(first.of.values, again.of.values)
    assert first.bands == again.bands
    assert not np.array_equal(first.of.values, model.waveform(STREAM, 6).of.values)
    assert np.all(np.isfinite(first.of.values))
    assert all(math.isfinite(band) for band in first.bands.values())
    for signal in filter(None, (first.of, first.axis)):
        assert signal.unit in UNITS
        assert signal.values.size == first.samples
        packed = signal.packed()
        assert np.max(np.abs(packed.values() - signal.values)) <= packed.scale * 0.500001
    if first.axis is not None:
        assert np.all(np.diff(first.axis.values) > 0)
    assert first.rate_hz > 0


def test_machine_types_find_every_model_by_its_name():
    assert {type(model) for model in ALL} == set(MODELS.values())
    assert MODELS["tightening"](variant="dry-thread").clamp < 30
    with pytest.raises(ValueError, match="too long"):
        noise(STREAM, 0, LONGEST)


# Vibration


def test_tones_stand_where_shaft_and_teeth_put_them():
    record = vibration(unbalance=1.0, cutting=1.5)
    for low, high, hertz in ((30, 70, SPEED / 60), (150, 250, 4 * SPEED / 60), (350, 450, 8 * SPEED / 60)):
        assert lines(record.of.values, record.rate_hz, low, high)[1] == pytest.approx(hertz, abs=0.5)
    assert record.bands["shaft"] == pytest.approx(1.0, rel=0.05)
    assert record.bands["tooth"] == pytest.approx(1.5, rel=0.05)
    assert record.bands["velocity_rms"] == pytest.approx(math.hypot(1.0, 1.5, 0.45, 0.15, 0.3), rel=0.1)


@pytest.mark.parametrize("race", ["outer", "inner"])
def test_a_damaged_race_beats_at_its_frequency_and_its_multiples(race):
    record = vibration(damage=0.5, race=race)
    beats = SPEED / 60 * (bpfo if race == "outer" else bpfi)(9.0, 7.94, 39.04)
    swings = envelope(record)
    for multiple in (1, 2, 3):
        middle = multiple * beats
        amplitude, peak = lines(swings - swings.mean(), record.rate_hz, middle - 15, middle + 15)
        assert peak == pytest.approx(middle, abs=0.5)
        assert amplitude.max() > 6 * np.median(amplitude)
    own, other = ("bpfo", "bpfi") if race == "outer" else ("bpfi", "bpfo")
    assert record.bands[own] > 4 * record.bands[other]
    assert record.bands[own] > 5 * vibration().bands[own]


def test_an_inner_race_is_loud_once_per_turn_an_outer_one_hardly():
    turns, loud = SPEED / 60, {}
    for race in ("inner", "outer"):
        swings = envelope(vibration(damage=0.5, race=race))
        amplitude, peak = lines(swings - swings.mean(), 10_000.0, turns - 15, turns + 15)
        assert peak == pytest.approx(turns, abs=0.5)
        loud[race] = amplitude.max() / swings.mean()
    assert loud["inner"] > 2.5 * loud["outer"]


def test_late_damage_shakes_the_machine_at_its_frequency():
    for damage, times in ((0.0, 0), (1.0, 50)):
        values = vibration(damage=damage, cutting=0.0).of.values
        beats = SPEED / 60 * bpfo(9.0, 7.94, 39.04)
        amplitude, peak = lines(values, 10_000.0, beats - 15, beats + 15)
        assert amplitude.max() > times * np.median(amplitude)
        assert not times or peak == pytest.approx(beats, abs=0.5)


def mean_bands(damage):
    bands = [vibration(k, damage=damage).bands for k in range(4)]
    return {name: float(np.mean([one[name] for one in bands])) for name in bands[0]}


@pytest.fixture(scope="module")
def growth():
    return {damage: mean_bands(damage) for damage in np.linspace(0, 1, 11).round(1)}


def test_symptoms_of_a_bearing_come_in_their_order(growth):
    """Envelope and kurtosis first, then the velocity; in the end the kurtosis falls back."""

    def rise(damage, band):
        return growth[damage][band] / growth[0.0][band]

    assert growth[0.0]["kurtosis"] == pytest.approx(3, abs=0.2)
    assert rise(0.4, "envelope_rms") == pytest.approx(1.5, abs=0.15)
    assert growth[0.4]["kurtosis"] == pytest.approx(5, abs=0.5)
    assert rise(0.4, "velocity_rms") < 1.1
    assert rise(0.7, "envelope_rms") == pytest.approx(3, abs=0.4)
    assert 5 < growth[0.7]["kurtosis"] < 8
    assert 1.3 < rise(0.7, "velocity_rms") < 1.8
    assert 3 < rise(1.0, "velocity_rms") < 6
    assert 3 < growth[1.0]["kurtosis"] < 4


@pytest.mark.parametrize("band", ["envelope_rms", "velocity_rms", "acceleration_rms"])
def test_what_grows_with_the_damage_never_falls(growth, band):
    values = [bands[band] for bands in growth.values()]
    assert values == sorted(values)


def test_the_kurtosis_rises_and_falls_once(growth):
    values = [bands["kurtosis"] for bands in growth.values()]
    top = int(np.argmax(values))
    assert values[1 : top + 1] == sorted(values[1 : top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)


def test_chatter_stands_between_the_teeth_and_multiplies_the_velocity():
    calm, chattering = vibration(), vibration(chatter=1.0)
    assert 5 < chattering.bands["velocity_rms"] / calm.bands["velocity_rms"] < 10
    peak = lines(chattering.of.values, 10_000.0, 20, 2000)[1]
    assert peak == pytest.approx(613.0, abs=0.5)
    assert abs(peak / (4 * SPEED / 60) - round(peak / (4 * SPEED / 60))) > 0.05


def test_an_unbalance_shows_once_per_turn_and_nowhere_else():
    calm, unbalanced = vibration(), vibration(unbalance=4.0)
    assert unbalanced.bands["shaft"] == pytest.approx(4.0, rel=0.05)
    for band in ("envelope_rms", "kurtosis", "tooth"):
        assert unbalanced.bands[band] == pytest.approx(calm.bands[band], rel=0.05)


# Tightening


def tightening(variant, **figures):
    return Tightening(variant=variant, **figures).waveform(STREAM, 0)


@pytest.mark.parametrize(
    ("variant", "torque", "angle", "result"),
    [
        ("normal", 48.0, 63.333, OK),
        ("cross-threaded", 48.0, 21.111, ANGLE_LOW),
        ("stripped", None, 140.0, TORQUE_LOW),
        ("soft-joint", 48.0, 126.667, ANGLE_HIGH),
        ("dry-thread", 48.0, 45.238, OK),
        ("bit-slip", 48.0, 63.333, OK),
    ],
)
def test_a_screw_ends_at_its_torque_and_angle(variant, torque, angle, result):
    bands = tightening(variant).bands
    assert bands["angle_final"] == pytest.approx(angle, abs=1.0)
    assert bands["torque_result"] == result
    if torque is None:
        assert bands["torque_final"] < 0.6 * 48
    else:
        assert bands["torque_final"] == pytest.approx(torque, abs=0.2)


def test_a_good_screw_has_its_torque_rate_and_clamp_force():
    record = tightening("normal")
    assert record.bands["torque_rate"] == pytest.approx(0.6, rel=0.01)
    assert record.bands["rundown_torque"] == pytest.approx(1.5, abs=0.02)
    assert Tightening().clamp == pytest.approx(30.0)


def test_a_dry_thread_has_the_right_torque_and_too_little_clamp_force():
    clamp = [Tightening(variant="dry-thread", severity=severity).clamp for severity in (0, 0.5, 1)]
    assert clamp[0] == pytest.approx(30.0)
    assert clamp == sorted(clamp, reverse=True)
    assert clamp[2] == pytest.approx(30.0 / 1.4)
    assert tightening("dry-thread").bands["torque_rate"] > 1.3 * 0.6


def test_a_bit_that_slips_drops_the_torque_for_a_moment():
    def falls(variant):
        values = tightening(variant).of.values
        return np.max(np.maximum.accumulate(values) - values)

    assert falls("bit-slip") > 5
    assert falls("normal") < 1
    assert falls("stripped") > 5


@pytest.mark.parametrize("variant", VARIANTS)
def test_without_severity_every_screw_is_a_good_one(variant):
    np.testing.assert_allclose(tightening(variant, severity=0.0).of.values, tightening("normal").of.values, rtol=1e-12)


# Strokes


def test_a_stroke_has_its_contact_its_force_and_its_breakthrough():
    model = Blanking()
    record = model.waveform(STREAM, 0)
    way, force = record.axis.values, record.of.values
    assert record.bands["peak_force"] == pytest.approx(200.96, abs=2)
    assert record.bands["breakthrough"] == pytest.approx(model.breaks, abs=0.2)
    assert np.all(np.abs(force[way < 6.0]) < 5 * model.noise)
    assert np.all(np.abs(force[way > model.breaks + 0.2]) < 0.2 * model.most)
    assert force[(way > model.breaks) & (way < model.breaks + 1)].min() < 0, "the frame springs back"


def test_a_worn_punch_needs_more_force_and_work_and_breaks_later():
    bands = [Blanking(wear=wear).waveform(STREAM, 0).bands for wear in (0, 0.25, 0.5, 0.75, 1)]
    for name in ("peak_force", "work", "breakthrough", "tonnage_imbalance"):
        values = [one[name] for one in bands]
        assert values == sorted(values)
    assert 1.1 < bands[-1]["peak_force"] / bands[0]["peak_force"] <= 1.32


def test_a_misfeed_is_a_peak_of_force_on_one_side():
    good, bad = Blanking().waveform(STREAM, 0).bands, Blanking(misfeed=1).waveform(STREAM, 0).bands
    assert bad["peak_force"] > 1.7 * good["peak_force"]
    assert bad["tonnage_imbalance"] > 3 * good["tonnage_imbalance"]


def test_a_press_fit_ends_at_the_stop_with_its_force():
    bands = PressFit().waveform(STREAM, 0).bands
    assert bands["press_fit_depth"] == pytest.approx(15.0, abs=0.2)
    assert bands["press_fit_force"] == pytest.approx(15.0, abs=1.5)
    full = 0.12 * 60 * math.pi * 20 * (0.95 * 15 - 0.5) / 1000
    assert bands["joint_force"] == pytest.approx(full, rel=0.01)


def test_interference_raises_the_force_until_the_part_does_not_seat():
    bands = [PressFit(interference=share).waveform(STREAM, 0).bands for share in (0.5, 1.0, 1.5, 2.0)]
    force = [one["joint_force"] for one in bands]
    assert force == sorted(force)
    assert force[3] / force[0] == pytest.approx(4, rel=0.02)
    assert PressFit(interference=3.0).waveform(STREAM, 0).bands["press_fit_depth"] < 13


def test_a_part_set_on_askew_peaks_where_it_enters():
    straight, askew = PressFit().waveform(STREAM, 0).bands, PressFit(tilt=1.0).waveform(STREAM, 0).bands
    assert askew["entry_force"] > 3 * straight["entry_force"]
    assert askew["joint_force"] == pytest.approx(straight["joint_force"], rel=0.01)


# What the assembly station records, beside what it tells


def assembled(fault, severity=1.0):
    """Tags of one operation with a fault, and the curves that are drawn for it."""
    kind, done = CATALOGUE["assembly-station"], Doings(at_rest(0, "starved"))
    done.change(1, "processing", "")
    done.work(1, Operation(7, 30 * SECOND))
    done.change(30 * SECOND + 1, "starved", "")
    faults = {} if fault is None else {fault: lambda times: np.full(times.shape, severity)}
    machine = Instrumented(kind=kind, power=None, key=lambda purpose: key(3, "l/A/1", purpose), faults=faults)
    panel = Panel([machine], [done], lambda times: np.full(times.shape, 20.0))
    at = np.array([30 * SECOND + 1])
    values = Track(panel, panel.stretches(31 * SECOND)).of_machine(0, at, before=True)
    curves = {}
    for name, model in (("tightening", Tightening), ("press_fit", PressFit)):
        figures = kind.waveforms[name].figures
        own = {figure: float(np.squeeze(of.of(FUNCTIONS, values))) for figure, of in figures.items()}
        curves[name] = model(**own).waveform(STREAM, 7).bands
    return {tag: float(np.squeeze(values.tag(tag))) for tag in kind.tags}, curves


@pytest.mark.parametrize("fault", [None, *CATALOGUE["assembly-station"].faults])
@pytest.mark.parametrize("severity", [0.5, 1.0])
def test_an_assembly_station_tells_what_its_curves_show(fault, severity):
    tags, curves = assembled(fault, severity)
    screw, fit = curves["tightening"], curves["press_fit"]
    assert screw["torque_result"] == tags["torque_result"]
    assert screw["angle_final"] == pytest.approx(tags["angle_final"], rel=0.03)
    assert fit["press_fit_depth"] == pytest.approx(tags["press_fit_depth"], abs=0.05)
    if fault not in ("bit-slip", "stripped"):  # a straight line through dips or past the yield tells little
        assert screw["torque_rate"] == pytest.approx(tags["torque_rate"], rel=0.05)
        assert screw["rundown_torque"] == pytest.approx(tags["rundown_torque"], rel=0.1)
    if fault != "bit-slip":
        assert screw["torque_final"] == pytest.approx(tags["torque_final"], rel=0.03)
    if fault != "chip-in-seat":
        assert fit["joint_force"] == pytest.approx(tags["press_fit_force"], rel=0.08)


def test_a_bit_slips_as_often_as_it_is_told_to():
    smooth, slipping = (Tightening(slips=slips, noise=0.0).waveform(STREAM, 1) for slips in (0.0, 3.0))
    dips = np.diff(slipping.of.values) < 0
    assert not (np.diff(smooth.of.values) < 0).any()
    assert 1 <= np.sum(dips[1:] & ~dips[:-1]) <= 3
    assert slipping.samples == smooth.samples
