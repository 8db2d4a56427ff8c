"""A machining centre, looked at as people on a shop floor do: what follows from what, when, and by how much."""

import numpy as np
import pytest

from plant.catalogue import CATALOGUE
from plant.time import HOUR, MINUTE, SECOND
from simulators.doings import Doings, Operation, at_rest
from simulators.stretches import Floats, Ints
from simulators.track import Track
from tests.simulators.test_catalogue import HALL, panel, track

S = SECOND
CYCLE = 200 * S
ROUGH, FINISH = 22 * S, 128 * S  # in the cycle, where the phases begin: 11 %, and 64 %
KIND = CATALOGUE["machining-center"]


def milling(parts: int, *, used: float = 0.0, fault: str | None = None, begin: int = 0) -> Track:
    """So many parts in a row, without loading."""
    of = Doings(at_rest(0, "starved"))
    of.change(0, "processing", "")
    for number in range(parts):
        of.work(number * CYCLE, Operation(number, CYCLE, used=used))
    of.change(parts * CYCLE, "starved", "")
    return track(panel(KIND, of, fault, begin=begin), parts * CYCLE + 3 * HOUR)


def at(of: Track, name: str, *seconds: float) -> Floats:
    times: Ints = np.array([round(second * S) for second in seconds])
    return of.of_machine(0, times).tag(name)[0]


def phase(of: Track, name: str, begin: int, number: int = 0) -> float:
    """In the middle of a phase, all ramps over."""
    return float(at(of, name, (number * CYCLE + begin + 20 * S) / S)[0])


def test_power_is_that_of_the_formulas_of_milling() -> None:
    """By hand: 1000 /min, 5 teeth of 0.2 mm, 4.6 mm deep and 40 mm wide with 63 mm, kc1 1671 N/mm2, mc 0.186."""
    of = milling(1)
    turn = np.degrees(np.arccos(1 - 2 * 40 / 63))
    chip = 360 * 0.2 * 40 / (np.pi * 63 * turn)
    cut = 4.6 * 40 * 1000 * 1671 * chip**-0.186 / 60e6 * (1 + 0.03 * at(of, "deviate", 30)[0])
    assert phase(of, "cutting_kw", ROUGH) == pytest.approx(cut)
    drive = cut / 0.8 + 3e-4 * 1000 + 1e-7 * 1000**2
    assert phase(of, "spindle_load", ROUGH) == pytest.approx(100 * drive / 15)
    assert phase(of, "spindle_torque", ROUGH) == pytest.approx(9549 * drive / 1000)
    coolant = phase(of, "coolant_flow", ROUGH) * phase(of, "coolant_pressure", ROUGH) / 600 / 0.7
    assert phase(of, "power", ROUGH) == pytest.approx(3 + drive + coolant + 0.3, rel=1e-6)


def test_a_worn_tool_takes_more_force_and_shakes_more() -> None:
    fresh, worn = milling(1), milling(1, used=1.0)
    for name in ("cutting_kw", "x_load", "spindle_torque", "vibration_rms", "power"):
        assert phase(worn, name, ROUGH) > phase(fresh, name, ROUGH), name
    assert phase(worn, "cutting_kw", ROUGH) == pytest.approx(1.4 * phase(fresh, "cutting_kw", ROUGH))


def test_power_is_there_at_once_and_warmth_comes_by_and_by() -> None:
    of = milling(60)
    first, last = (phase(of, "spindle_load", ROUGH, number) for number in (0, 59))
    assert first == pytest.approx(last, rel=0.2)
    rises = at(of, "spindle_temp", *range(0, 60 * 200, 200)) - HALL
    assert rises[0] < 3, "a run begins in the steady state of what it does first: rapid moves"
    assert rises[1] < 0.6 * rises[-1]
    assert 8 < rises[-1] < 25
    cooled = at(of, "spindle_temp", 60 * 200 + 1800, 60 * 200 + 3 * 3600) - HALL
    assert rises[-1] > 2 * cooled[0] > 8 * cooled[1] > 0


def test_a_tool_that_breaks_hits_once_and_cuts_less_from_then_on() -> None:
    whole, broken = milling(2), milling(2, fault="tool-break", begin=60 * S)
    before, hit, after = at(broken, "spindle_load", 59.9, 60.0, 62.0)
    assert before == at(whole, "spindle_load", 59.9)[0]
    assert hit > 1.25 * before
    assert after < 0.3 * before
    assert phase(broken, "spindle_load", ROUGH, 1) < 0.3 * phase(whole, "spindle_load", ROUGH, 1)


def test_unbalance_shows_at_high_speed_and_chatter_in_roughing_only() -> None:
    sound, unbalanced, chatters = (milling(1, fault=fault) for fault in (None, "unbalanced-tool", "chatter"))
    rough, finish = (phase(unbalanced, "one_per_turn", begin) for begin in (ROUGH, FINISH))
    assert finish / rough == pytest.approx(1.5**3, rel=0.05)
    assert phase(unbalanced, "vibration_rms", FINISH) > 3 * phase(sound, "vibration_rms", FINISH)
    assert phase(chatters, "vibration_rms", ROUGH) > 5 * phase(sound, "vibration_rms", ROUGH)
    assert phase(chatters, "vibration_rms", FINISH) == phase(sound, "vibration_rms", FINISH)


def test_a_pump_that_fails_loses_pressure_and_a_blocked_nozzle_gains_it() -> None:
    sound, pump, nozzle = (milling(40, fault=fault) for fault in (None, "coolant-failure", "nozzle-blocked"))
    flow, bar = (phase(sound, name, ROUGH) for name in ("coolant_flow", "coolant_pressure"))
    assert phase(pump, "coolant_flow", ROUGH) < 0.5 * flow
    assert phase(pump, "coolant_pressure", ROUGH) < 0.3 * bar
    assert phase(nozzle, "coolant_flow", ROUGH) < 0.9 * flow
    assert phase(nozzle, "coolant_pressure", ROUGH) > 1.05 * bar
    assert phase(pump, "spindle_temp", ROUGH, 39) > phase(sound, "spindle_temp", ROUGH, 39) + 5


def test_a_slipping_belt_loses_speed_against_what_is_set() -> None:
    of = milling(1, fault="belt-slip")
    assert phase(of, "spindle_speed_set", ROUGH) == 1000
    assert phase(of, "spindle_speed", ROUGH) == pytest.approx(930, abs=0.1)


def test_tank_and_accumulator_rise_and_fall_between_their_limits() -> None:
    of = milling(100)
    tank = at(of, "coolant_temp", *range(0, 100 * 200, 5)) - HALL
    assert tank.min() == pytest.approx(0.5, abs=0.05)
    assert tank.max() == pytest.approx(1.5, abs=0.05)
    turns = np.flatnonzero(np.diff(np.sign(np.diff(tank))))
    assert 5 < np.diff(turns).mean() * 5 / 60 < 15, "minutes from turn to turn"
    bar = at(of, "hydraulic_pressure", *range(0, 100 * 200, 5))
    assert 112 <= bar.min() < bar.max() <= 128
    off = at(of, "hydraulic_pressure", 100 * 200 + 3 * 3600 - 1)
    assert off < 1, "in standby the pressure goes"


def test_the_hanging_axis_holds_its_weight_while_it_is_powered() -> None:
    of = milling(1)
    assert at(of, "z_load", 200 + 60)[0] == KIND.figures["hanging"]
    assert at(of, "x_load", 200 + 60)[0] < 10
    assert at(of, "z_load", 200 + 20 * MINUTE / S)[0] == 0, "in standby a brake holds it"
