"""Formulas of machines: every vector to its tolerance, laws for any figures, the same alone and among many."""

# ruff: noqa: N803 - inputs are called what the vectors call them

import inspect
import json
import math
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.draws import key
from simulators.physics import (
    FUNCTIONS,
    air,
    arity,
    bearings,
    cutting,
    driving,
    energy,
    fluids,
    furnaces,
    grinding,
    heat,
    joining,
    leaks,
    measuring,
    pressing,
    tools,
    vibration,
    welding,
)
from simulators.physics.lags import (
    after,
    duty,
    integral,
    ramp,
    ramp_integral,
    sawtooth,
    second_order,
    thermostat,
    thermostat_duty,
    two_nodes,
)
from simulators.physics.noise import GRID, TERMS, recursion, wander

TESTS = Path(__file__).parents[1]
FILE = json.loads((TESTS / "vectors" / "sensors-vectors.json").read_text(encoding="utf-8"))
VECTORS = {vector["id"]: vector for vector in FILE["vectors"]}

ELSEWHERE = {
    "sensor.pt100", "sensor.typeK1", "sensor.adc", "sensor.clock", "sensor.chain", "quality.cpk",
    "quality.ppk_with_drift", "ai4i.rows",
}  # fmt: skip
"""Vectors that another file of tests reads."""


def piecewise(given: dict, times: list[float]) -> list[float]:
    """Values at instants, by going from end to end of the segments."""
    x, found = given["x0"], {}
    for begin, end, u in given["segments_t0_t1_u"]:
        found |= {t: after(x, u, given["tau_s"], t - begin) for t in times if begin <= t <= end}
        x = after(x, u, given["tau_s"], end - begin)
    return [found[t] for t in times]


def turning(kc1_N_mm2, mc, f_mm, kappa_deg, ap_mm, vc_m_min, D_mm, eta, P0_kW):
    h = cutting.chip(f_mm, kappa_deg)
    kc = cutting.kienzle(kc1_N_mm2, mc, h)
    force = cutting.cutting_force(kc, ap_mm, f_mm)
    at_edge = cutting.turning_power(ap_mm, f_mm, vc_m_min, kc)
    n, torque = cutting.turning_speed(vc_m_min, D_mm), cutting.cutting_torque(force, D_mm)
    electric = cutting.drive_power(P0_kW, at_edge, 1.0, eta)
    return h, kc, force, at_edge, n, torque, electric, cutting.shaft_power(torque, n)


def milling(kc1_N_mm2, mc, fz_mm, ae_mm, ap_mm, D_mm, z, vc_m_min):
    hm = cutting.small_chip(fz_mm, ae_mm, D_mm)
    kc = cutting.kienzle(kc1_N_mm2, mc, hm)
    n = cutting.turning_speed(vc_m_min, D_mm)
    vf = cutting.table_feed(n, z, fz_mm)
    return hm, kc, n, vf, cutting.milling_power(ap_mm, ae_mm, vf, kc), cutting.tooth_frequency(n, z)


def nodes(C1_J_K, C2_J_K, G12_W_K, G2a_W_K, P_W, Ta_C, T0_C, t_s):
    model = two_nodes(C1_J_K, C2_J_K, G12_W_K, G2a_W_K)
    rises = model.after(np.array(T0_C)[:, np.newaxis] - Ta_C, P_W, np.array(t_s))
    return Ta_C + rises[0], Ta_C + rises[1], Ta_C + model.steady(P_W), model.taus


def bearing(n, d_mm, D_mm, contact_deg):
    outer, inner = bearings.bpfo(n, d_mm, D_mm, contact_deg), bearings.bpfi(n, d_mm, D_mm, contact_deg)
    return outer, inner, bearings.ftf(d_mm, D_mm, contact_deg), bearings.bsf(d_mm, D_mm, contact_deg), outer + inner


def weibull(L10_h, shape):
    scale = bearings.weibull_scale(L10_h, shape)
    return scale, bearings.weibull_mean(scale, shape)


def stable_keys(seed, items):
    """Of NumPy alone: an example of a stable key, not the one that Shopfloor draws by."""
    keys = [crc32(item.encode()) for item in items]
    of = [np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(one,)))) for one in keys]
    return keys, [one.standard_normal(3) for one in of]


def mag(I_A, v_mm_min, eta):
    volt = welding.weld_mag(I_A)
    return volt, welding.heat_input(eta, volt, I_A, v_mm_min)


def tig(I_A, v_mm_min, eta):
    volt = welding.weld_tig(I_A)
    return volt, welding.heat_input(eta, volt, I_A, v_mm_min)


def nut(K, F_kN, d_mm, T_snug_Nm, rate_Nm_deg):
    torque = joining.nut_torque(K, F_kN, d_mm)
    return torque, joining.snug_angle(torque, T_snug_Nm, rate_Nm_deg)


def hole(Cd, d_mm, p0_bar_abs, T0_K, rho_ref_kg_m3):
    mass = leaks.choked(Cd, d_mm, p0_bar_abs, T0_K)
    return mass, leaks.free_air(mass, rho_ref_kg_m3)


def belt(D_mm, n_rpm, v_belt_m_s):
    drum = driving.drum_velocity(D_mm, n_rpm)
    return drum, driving.slip(v_belt_m_s, drum)


def integral_of(x0, tau_s, segments_t0_t1_u):
    total, x = 0.0, x0
    for begin, end, u in segments_t0_t1_u:
        total += integral(x, u, tau_s, end - begin)
        x = after(x, u, tau_s, end - begin)
    return (total,)


def roughness(f_mm, r_mm):
    f, r = np.array(f_mm), np.array(r_mm)
    return tools.roughness(f, r), tools.roughness_depth(f, r)


def grinder(dw_mm, b_mm, vf_mm_s, u_J_mm3):
    rate = grinding.removal(dw_mm, b_mm, vf_mm_s)
    return rate, 1000.0 * grinding.grinding_power(u_J_mm3, rate)


def compressor(Q_m3_min, p1_Pa, p2_Pa_abs, eta):
    p1, p2 = p1_Pa / 1e5, p2_Pa_abs / 1e5
    return air.isentropic(Q_m3_min, p1, p2), air.isentropic(Q_m3_min, p1, p2, eta)


def receiver(Qin_m3_min, Qout_m3_min, V_m3, patm_bar):
    assert patm_bar == air.NORMAL_BAR
    return (air.receiver(Qin_m3_min, Qout_m3_min, V_m3),)


CHECKS: dict[str, Callable[..., tuple]] = {
    "turning.kienzle": turning,
    "turning.power.fixed_kc": lambda ap_mm, f_mm, vc_m_min, kc_N_mm2, eta: (
        cutting.turning_power(ap_mm, f_mm, vc_m_min, kc_N_mm2) / eta,
    ),
    "milling.power.fixed_kc": lambda ap_mm, ae_mm, vf_mm_min, kc_N_mm2, eta: (
        cutting.milling_power(ap_mm, ae_mm, vf_mm_min, kc_N_mm2) / eta,
    ),
    "milling.kienzle": milling,
    "milling.mean_chip": lambda fz_mm, ae_mm, D_mm, kappa_deg: (
        cutting.engagement(ae_mm, D_mm),
        cutting.mean_chip(fz_mm, ae_mm, D_mm, kappa_deg),
    ),
    "taylor.200": lambda C_m_min, n, vc_m_min: (tools.taylor(C_m_min, n, vc_m_min),),
    "taylor.240": lambda C_m_min, n, vc_m_min: (tools.taylor(C_m_min, n, vc_m_min),),
    "wear.curve": lambda VB_end_mm, a, x: (tools.wear_land(np.array(x), VB_end_mm, a),),
    "wear.force_factor": lambda c, VB_mm: (tools.force_factor(np.array(VB_mm), c),),
    "roughness": roughness,
    "drift.wear": lambda VB_mm, alpha_deg: (tools.wear_drift(VB_mm, alpha_deg),),
    "drift.thermal": lambda alpha_um_m_K, L_m, dT_K: (heat.thermal_growth(alpha_um_m_K, L_m, dT_K),),
    "chatter.limit": lambda k_N_m, zeta, Kf_N_m2: (cutting.chatter_limit(k_N_m, zeta, Kf_N_m2),),
    "grinding.plunge": grinder,
    "grinding.sparkout": lambda vf_mm_s, tau_s, t_infeed_s, t_sparkout_s: (
        grinding.sparkout(vf_mm_s, tau_s, t_infeed_s, t_sparkout_s),
    ),
    "bearing.6205": bearing,
    "bearing.L10": lambda C_N, P_N, n_rpm, p: (bearings.life_h(C_N, P_N, n_rpm, p),),
    "bearing.weibull": weibull,
    "vibration.v_to_a": lambda v_mm_s, f_Hz: (vibration.acceleration(v_mm_s, f_Hz),),
    "lag1.piecewise": lambda t_s, **rest: (piecewise(rest, t_s),),
    "lag1.integral": integral_of,
    "lag1.ramp": lambda u0, slope_per_s, x0, tau_s, t_s: (ramp(x0, u0, slope_per_s, tau_s, t_s),),
    "thermal.two_node": nodes,
    "noise.ou": lambda dt_s, **rest: recursion(dt_s, rest["tau_s"], rest["sigma"]),
    "power.current": lambda P_kW, U_V, cosphi: (energy.phase_current(P_kW, U_V, cosphi),),
    "energy.counter": lambda states_kW_s: (energy.counter_kwh((kw, s) for _, kw, s in states_kW_s),),
    "press.force": lambda p_bar, A_cm2, Q_l_min, eta: (
        pressing.pressure_force(p_bar, A_cm2),
        pressing.hydraulic_power(p_bar, Q_l_min, eta),
    ),
    "press.blanking": lambda L_mm, t_mm, Rm_N_mm2: (pressing.blanking(L_mm, t_mm, Rm_N_mm2),),
    "weld.mag": mag,
    "weld.tig": tig,
    "furnace.harris": lambda t_h, T_K: (furnaces.harris(np.array(t_h), T_K),),
    "washer.filter_dp": lambda dp0_bar, Q0_l_min, Q_l_min, soil: (
        fluids.filter_drop(dp0_bar, Q0_l_min, Q_l_min, np.array(soil)),
    ),
    "washer.carryout": lambda V_l, c0_g_l, v_l_part, n: (fluids.carry_out(c0_g_l, v_l_part, V_l, n),),
    "nutrunner.torque": nut,
    "leak.choked_air": hole,
    "leak.pressure_decay": lambda V_ml, dp_Pa, dt_s: (
        leaks.leak_flow(V_ml, dp_Pa, dt_s),
        leaks.leak_rate(V_ml, dp_Pa, dt_s),
    ),
    "leak.false_by_temperature": lambda p_bar_abs, dT_K, T_K: (leaks.thermal_decay(p_bar_abs, dT_K, T_K) / 100,),
    "cmm.mpe": lambda A_um, K_mm_um, L_mm: (measuring.permissible_error(A_um, K_mm_um, np.array(L_mm)),),
    "cmm.temperature": lambda L20_mm, alpha_1e6_K, T_C: (measuring.warm_deviation(L20_mm, T_C, alpha_1e6_K),),
    "compressor.isentropic": compressor,
    "compressor.receiver": receiver,
    "agv.battery": lambda SoC_pct, P_W, t_s, E_kWh: (driving.battery(SoC_pct, P_W, t_s, 1000 * E_kWh),),
    "belt.slip": belt,
    "rng.stable_key": stable_keys,
}
"""What reads a vector: its inputs by name, its outputs in the order of the file."""


@pytest.mark.parametrize("name", CHECKS)
def test_a_formula_gives_the_figures_of_its_vector(name):
    vector = VECTORS[name]
    found = CHECKS[name](**vector["in"])
    assert len(found) == len(vector["out"])
    for (quantity, expected), value in zip(vector["out"].items(), found, strict=True):
        np.testing.assert_allclose(value, expected, rtol=vector["rel_tol"], atol=0, err_msg=quantity)


def test_every_vector_is_read_once():
    assert len(VECTORS) == len(FILE["vectors"])
    assert set(CHECKS) | ELSEWHERE == set(VECTORS)
    assert not set(CHECKS) & ELSEWHERE


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_a_vector_that_is_not_read_here_is_read_in_another_file(name):
    if name.startswith("sensor."):
        pytest.importorskip("simulators.sensors", reason="there are no sensors yet")
    others = [file for file in TESTS.rglob("test_*.py") if file != Path(__file__)]
    assert any(f'"{name}"' in file.read_text(encoding="utf-8") for file in others)


# Alone and among many

SOME = np.random.Generator(np.random.PCG64(7)).uniform(0.05, 0.95, (12, 64))
MORE = {
    "mean_chip": [0, 0, 1], "engagement": [0, 1], "carry_out": [0, 0, 1], "harris": [0, 900],
    "thermostat_duty": [9, 0, 3, 5],
}  # fmt: skip
"""What is added to the arguments where a formula has no answer to just any numbers between 0 and 1."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_the_same_of_one_value_as_among_many(name):
    function, (few, most) = FUNCTIONS[name], arity(FUNCTIONS[name])
    for count in range(max(few, 1), (few + 3 if most is None else most) + 1):
        arguments = SOME[:count].copy()
        if name in MORE:
            arguments[: len(MORE[name])] += np.array(MORE[name])[:, np.newaxis]
        many = function(*arguments)
        assert many.shape == (64,)
        assert np.all(np.isfinite(many))
        for first in (0, 1, 3, 8, 60):
            np.testing.assert_array_equal(function(*arguments[:, first:]), many[first:])
        alone = [function(*map(float, column)) for column in arguments.T]
        np.testing.assert_array_equal(alone, many)
        assert all(isinstance(value, float) for value in alone)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_expressions_is_called_what_it_is_and_explains_itself(name):
    assert name.isidentifier()
    assert name.islower()
    assert inspect.getdoc(FUNCTIONS[name])
    assert arity(FUNCTIONS[name])[0] == len(
        [
            one
            for one in inspect.signature(FUNCTIONS[name]).parameters.values()
            if one.default is one.empty and one.kind is not one.VAR_POSITIONAL
        ]
    )


# Lags

LEVEL = st.floats(-1e3, 1e3)
TAU = st.sampled_from([0.0]) | st.floats(1e-3, 1e4)
TIME = st.floats(0, 1e4)
SHARE = st.floats(0, 1)


def close(a, b, size):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * size)


@given(LEVEL, LEVEL, st.floats(-10, 10), TAU, TIME, SHARE)
def test_a_lag_ends_where_it_ends_however_its_stretch_is_cut(x0, u, rate, tau, t, share):
    cut = t * share
    rest = t - cut
    x1 = after(x0, u, tau, cut)
    close(after(x1, u, tau, rest), after(x0, u, tau, t), 1e3)
    close(integral(x0, u, tau, cut) + integral(x1, u, tau, rest), integral(x0, u, tau, t), 1e3 * (t + tau))
    x1 = ramp(x0, u, rate, tau, cut)
    far = 1e3 + 10 * (t + tau)
    close(ramp(x1, u + rate * cut, rate, tau, rest), ramp(x0, u, rate, tau, t), far)
    parts = ramp_integral(x0, u, rate, tau, cut) + ramp_integral(x1, u + rate * cut, rate, tau, rest)
    close(parts, ramp_integral(x0, u, rate, tau, t), far * (t + tau))


@given(LEVEL, LEVEL, st.floats(-10, 10), st.floats(0.5, 50), st.floats(0.1, 100))
def test_the_integral_of_a_lag_is_its_integral(x0, u, rate, tau, t):
    nodes, weights = np.polynomial.legendre.leggauss(20)
    pieces = np.linspace(0, t, 21)
    times = (pieces[:-1, np.newaxis] + pieces[1:, np.newaxis] + np.diff(pieces)[:, np.newaxis] * nodes) / 2
    by_hand = np.sum(after(x0, u, tau, times) * weights) * t / 40
    close(integral(x0, u, tau, t), by_hand, 1e3 * t)
    by_hand = np.sum(ramp(x0, u, rate, tau, times) * weights) * t / 40
    close(ramp_integral(x0, u, rate, tau, t), by_hand, (1e3 + 10 * (t + tau)) * t)


def test_a_lag_without_a_time_constant_is_its_input():
    assert after(5.0, 7.0, 0.0, 0.0) == 7.0
    assert integral(5.0, 7.0, 0.0, 3.0) == 21.0
    assert ramp(5.0, 7.0, 2.0, 0.0, 3.0) == 13.0
    np.testing.assert_array_equal(after(5.0, 7.0, np.array([0.0, 1e9]), 1.0).round(6), [7.0, 5.0])


@pytest.mark.parametrize("step", [0.1, 1.0, 7.0])
def test_the_same_instants_of_a_lag_on_any_grid(step):
    vector = VECTORS["lag1.piecewise"]
    times = [*vector["in"]["t_s"]]
    grid = [*np.arange(0, 100, step), *times]
    assert piecewise(vector["in"], grid)[-len(times) :] == piecewise(vector["in"], times)


DAMPING = st.sampled_from([0.0, 1.0]) | st.floats(0, 4)


@given(LEVEL, LEVEL, LEVEL, st.floats(0.01, 10), DAMPING, st.floats(0, 100), SHARE)
def test_a_second_order_lag_ends_where_it_ends_however_its_stretch_is_cut(x0, v0, u, frequency, damping, t, share):
    cut = t * share
    x1, v1 = second_order(x0, v0, u, frequency, damping, cut)
    whole = second_order(x0, v0, u, frequency, damping, t)
    size = 1e3 * (1 + frequency) * (1 + 1 / frequency)
    close(second_order(x1, v1, u, frequency, damping, t - cut), whole, 100 * size)


@pytest.mark.parametrize("damping", [0.0, 0.3, 1.0, 2.5])
def test_a_second_order_lag_solves_its_equation(damping):
    t, h = np.linspace(0.1, 5, 50), 1e-4
    before, now, then = (second_order(2.0, -3.0, 7.0, 1.7, damping, t + d)[0] for d in (-h, 0.0, h))
    speed = second_order(2.0, -3.0, 7.0, 1.7, damping, t)[1]
    np.testing.assert_allclose((then - before) / (2 * h), speed, atol=1e-6)
    bend = (then - 2 * now + before) / h**2
    np.testing.assert_allclose(bend + 2 * damping * 1.7 * speed + 1.7**2 * (now - 7.0), 0, atol=1e-5)
    assert second_order(2.0, -3.0, 7.0, 1.7, damping, 0.0) == (2.0, -3.0)


@given(
    st.floats(100, 1e5), st.floats(100, 1e5), st.floats(0.5, 100), st.floats(0.5, 100), st.floats(0, 2000),
    st.floats(-20, 80), st.floats(-20, 80), TIME, SHARE,
)  # fmt: skip
def test_two_nodes_end_where_they_end_however_the_stretch_is_cut(c1, c2, g12, g2a, p, x1, x2, t, share):
    model = two_nodes(c1, c2, g12, g2a)
    half = model.after((x1, x2), p, t * share)
    close(model.after(half, p, t - t * share), model.after((x1, x2), p, t), 1e4)
    close(model.after((x1, x2), p, 0.0), [x1, x2], 1e4)
    close(model.after((x1, x2), p, 1e4 * model.taus[1]), model.steady(p), 1e4)
    assert 0 < model.taus[0] < model.taus[1]


def test_two_nodes_keep_their_balance_of_heat():
    """What comes in is stored or given off: C1 x1' + C2 x2' = P - G2a x2, by differences of the closed form."""
    model, h = two_nodes(2000.0, 20000.0, 8.0, 12.0), 0.01
    t = np.linspace(1, 4000, 200)
    before, now, then = (model.after((5.0, 1.0), 300.0, t + d) for d in (-h, 0.0, h))
    slope = (then - before) / (2 * h)
    np.testing.assert_allclose(2000 * slope[0] + 20000 * slope[1], 300.0 - 12.0 * now[1], atol=1e-5)
    np.testing.assert_allclose(2000 * slope[0], 300.0 - 8.0 * (now[0] - now[1]), atol=1e-5)


def test_many_pairs_of_nodes_at_once_are_each_alone():
    model = two_nodes(2000.0, 20000.0, 8.0, 12.0)
    x0, p = np.array([[0.0, 5.0, 9.0], [0.0, 2.0, 1.0]]), np.array([100.0, 0.0, 300.0])
    many = model.after(x0, p, 77.0)
    assert many.shape == (2, 3)
    for one in range(3):
        np.testing.assert_array_equal(model.after(x0[:, one], float(p[one]), 77.0), many[:, one])


def test_nodes_must_hold_and_lead_heat():
    with pytest.raises(ValueError, match="above 0"):
        two_nodes(2000.0, 20000.0, 8.0, 0.0)


RATE = st.floats(0.01, 10)


@given(st.floats(-5, 25), st.booleans(), RATE, RATE, st.floats(0, 500), SHARE)
def test_a_sawtooth_goes_on_from_wherever_it_is_cut(position, rising, up, down, t, share):
    whole, way = sawtooth(position, rising, up, down, 6.0, 8.5, t)
    middle, its_way = sawtooth(position, rising, up, down, 6.0, 8.5, t * share)
    end, _ = sawtooth(middle, its_way, up, down, 6.0, 8.5, t - t * share)
    assert end == pytest.approx(whole, abs=1e-8)
    later, _ = sawtooth(position, rising, up, down, 6.0, 8.5, t + 1e-7)
    assert abs(later - whole) <= 1.1e-7 * max(up, down) + 1e-9, "it never jumps"
    if 6.0 <= position <= 8.5:
        assert 6.0 - 1e-9 <= whole <= 8.5 + 1e-9
    assert bool(way) in {True, False}


def test_a_sawtooth_turns_at_its_limits_and_many_are_each_alone():
    t = np.arange(0.0, 12.0)
    values, rising = sawtooth(0.0, True, 1.0, 2.0, 0.0, 4.0, t)
    np.testing.assert_allclose(values, [0, 1, 2, 3, 4, 2, 0, 1, 2, 3, 4, 2])
    assert rising.tolist() == [True] * 4 + [False] * 2 + [True] * 4 + [False] * 2
    np.testing.assert_array_equal([sawtooth(0.0, True, 1.0, 2.0, 0.0, 4.0, float(one))[0] for one in t], values)
    assert np.mean(sawtooth(0.0, True, 1.0, 2.0, 0.0, 4.0, np.arange(0, 600, 0.01))[1]) == pytest.approx(duty(1.0, 2.0))


def test_a_leg_that_does_not_lead_to_its_limit_never_ends():
    """A net that takes more than the compressor gives: the pressure sinks although it runs."""
    values, rising = sawtooth(7.0, False, -0.5, 1.0, 6.0, 8.0, np.array([0.0, 1.0, 2.0, 5.0]))
    np.testing.assert_allclose(values, [7.0, 6.0, 5.5, 4.0])
    assert rising.tolist() == [False, True, True, True]


TEMPERATURE = st.floats(-20, 120)


@given(TEMPERATURE, st.booleans(), TEMPERATURE, TEMPERATURE, st.floats(0.5, 500), st.floats(0, 5000), SHARE)
def test_a_thermostat_goes_on_from_wherever_it_is_cut(x0, rising, warm, cool, tau, t, share):
    whole, _ = thermostat(x0, rising, warm, cool, tau, 58.0, 62.0, t)
    middle, its_way = thermostat(x0, rising, warm, cool, tau, 58.0, 62.0, t * share)
    end, _ = thermostat(middle, its_way, warm, cool, tau, 58.0, 62.0, t - t * share)
    if warm > 62.01 and cool < 57.99:  # else the last bit may decide whether it turns at all
        assert end == pytest.approx(whole, abs=1e-6)
        if 58 <= x0 <= 62:
            assert 58 - 1e-9 <= whole <= 62 + 1e-9


def test_a_thermostat_is_what_small_steps_make_of_it():
    x, heats, h = 55.0, True, 0.002
    stepped, on = [], []
    for _ in range(100_000):
        stepped.append(x)
        on.append(heats)
        x += h * ((90.0 if heats else 25.0) - x) / 60.0
        heats = x < 62.0 if heats else x <= 58.0
    times = np.arange(100_000) * h
    values, rising = thermostat(55.0, True, 90.0, 25.0, 60.0, 58.0, 62.0, times)
    assert np.mean(np.abs(values - stepped)) < 0.02, "each step turns a little late"
    assert np.mean(rising != on) < 0.02
    period = np.flatnonzero(np.diff(rising.astype(int)) == 1)
    share = rising[period[0] + 1 : period[-1] + 1].mean()
    assert thermostat_duty(90.0, 25.0, 58.0, 62.0) == pytest.approx(share, abs=0.002)
    alone = [thermostat(55.0, True, 90.0, 25.0, 60.0, 58.0, 62.0, float(t))[0] for t in times[::9999]]
    np.testing.assert_array_equal(alone, values[::9999])


def test_a_heater_that_is_too_weak_heats_for_ever_and_a_bath_that_stays_warm_never():
    value, heats = thermostat(50.0, False, 60.0, 20.0, 10.0, 58.0, 62.0, 1e6)
    assert (value, heats) == (pytest.approx(60.0), True)
    value, heats = thermostat(60.0, True, 90.0, 59.0, 10.0, 58.0, 62.0, 1e6)
    assert (value, heats) == (pytest.approx(59.0), False)
    np.testing.assert_array_equal(thermostat_duty(np.array([60.0, 90.0]), np.array([20.0, 59.0]), 58.0, 62.0), [1, 0])


# Noise

KEY = key(42, "block-line/OP10/1", "wander.ambient")
INSTANTS = st.lists(st.integers(-(10**10), 10**10), min_size=1, max_size=12)


@given(INSTANTS, st.integers(GRID, 10**9), st.integers(0, 11))
def test_noise_that_wanders_is_a_function_of_the_instant(instants, tau, other):
    many = wander(KEY, np.array(instants), 0.4, tau)
    one = instants[other % len(instants)]
    assert wander(KEY, np.array([one]), 0.4, tau)[0] == many[other % len(instants)]


def test_noise_is_the_same_in_any_window_and_for_any_company(monkeypatch):
    tau, times = 10_000_000, np.arange(-50, 4000) * 700_001
    whole = wander(KEY, times, 0.4, tau)
    for first, last in ((0, 1), (3, 700), (1000, 1001), (77, 4050)):
        np.testing.assert_array_equal(wander(KEY, times[first:last], 0.4, tau), whole[first:last])
    np.testing.assert_array_equal(wander(KEY, times[::-977], 0.4, tau), whole[::-977])
    far = np.arange(100) * 10**10
    at_once = wander(KEY, far, 0.4, tau)
    monkeypatch.setattr("simulators.physics.noise.AT_ONCE", 7 * TERMS)
    np.testing.assert_array_equal(wander(KEY, far, 0.4, tau), at_once)
    keys = np.array([[KEY], [key(42, "block-line/OP20/1", "wander.ambient")]], dtype=np.uint64)
    together = wander(keys, times, np.array([[[0.4]], [[0.1]]]), tau)
    assert together.shape == (2, 1, times.size)
    np.testing.assert_array_equal(together[0, 0], whole)
    assert wander(KEY, np.array([], dtype=np.int64), 0.4, tau).shape == (0,)
    with pytest.raises(ValueError, match="too short"):
        wander(KEY, times, 0.4, GRID - 1)


def test_noise_has_its_spread_and_its_memory():
    """Over N correlation times a mean square has the relative deviation sqrt(2 tau / T): four of these are allowed."""
    tau, spans = 1_000_000, 20_000
    times = np.arange(0, spans * tau, tau // 7)
    x = wander(KEY, times, 0.4, tau)
    allowed = 4 * math.sqrt(2 / spans)
    assert np.mean(x * x) / 0.16 == pytest.approx(1, abs=allowed)
    assert abs(np.mean(x)) < 0.4 * allowed
    for lag in (1, 3, 7, 14):
        found = np.mean(x[:-lag] * x[lag:]) / 0.16
        assert found == pytest.approx(math.exp(-lag / 7), abs=allowed + 0.005)


def test_the_spread_is_exact_between_points_of_the_grid_too():
    """Many streams at one instant: the variance of the mean square of n normal numbers is 2/n at most."""
    keys = np.array([key(1, f"l/A/{n}", "wander") for n in range(4000)], dtype=np.uint64)
    for instant in (0, 12_500, 25_000, 37_777, 50_000):
        x = wander(keys, np.array([instant]), 1.0, 1_000_000)[:, 0]
        assert np.mean(x * x) == pytest.approx(1, abs=4 * math.sqrt(2 / 4000))
    left, middle, right = wander(keys, np.array([0, 25_000, 50_000]), 1.0, 1_000_000).T
    lost = (1 + math.exp(-1 / GRID)) / 2  # variance of the mean of two neighbours
    np.testing.assert_allclose(middle, (left + right) / 2 / math.sqrt(lost), rtol=1e-12, atol=1e-12)
    assert np.mean(left * right) == pytest.approx(2 * lost - 1, abs=4 * math.sqrt(2 / 4000))


def test_what_the_sum_leaves_out_is_as_little_as_is_said():
    a = math.exp(-1 / GRID)
    assert a ** (2 * TERMS) == pytest.approx(math.exp(-12.8))
    assert a**TERMS < 0.002


# Laws of machines

POSITIVE = st.floats(0.1, 100)


@given(st.integers(5, 30), st.floats(1, 20), st.floats(21, 100), st.floats(0, 40))
def test_frequencies_of_a_bearing_agree_with_each_other(n, d, pitch, contact):
    outer, inner = bearings.bpfo(n, d, pitch, contact), bearings.bpfi(n, d, pitch, contact)
    assert outer + inner == pytest.approx(n, rel=1e-12)
    assert outer == pytest.approx(n * bearings.ftf(d, pitch, contact), rel=1e-12)
    assert bearings.ftf(d, pitch, contact) < 0.5 < inner


@given(st.lists(st.floats(0, 1.5), min_size=2, max_size=20).map(sorted))
def test_wear_only_grows_and_takes_force_size_and_surface_with_it(used):
    vb = tools.wear_land(np.array(used))
    for follower in (vb, tools.force_factor(vb), tools.wear_drift(vb, 7.0), tools.worn_roughness(1.6, vb)):
        assert np.all(np.diff(follower) >= 0)
    assert np.all(tools.wear_drift(vb, 7.0) >= 0), "outside diameters grow"
    assert tools.wear_land(1.0) == pytest.approx(tools.WORN_MM)


@given(st.floats(50, 400), st.floats(1.01, 2), st.floats(0.1, 0.6), st.floats(0.05, 0.3))
def test_tools_live_shorter_at_speed_and_the_more_so_the_lower_the_exponent(vc, faster, n, less):
    def lost(exponent):
        return tools.taylor(300.0, exponent, vc * faster) / tools.taylor(300.0, exponent, vc)

    assert lost(n) < 1
    assert lost(n * (1 - less)) < lost(n)


@given(POSITIVE, POSITIVE, st.floats(1.01, 3), st.sampled_from([3.0, 10 / 3]))
def test_bearings_live_shorter_under_load(load, n, more, p):
    assert bearings.life_h(1000.0, load * more, n, p) < bearings.life_h(1000.0, load, n, p)
    scale = bearings.weibull_scale(2500.0, 1.3)
    assert 1 - math.exp(-((2500.0 / scale) ** 1.3)) == pytest.approx(0.1)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 1e5)), max_size=20), st.integers(0, 20))
def test_energy_of_stretches_adds_up_wherever_it_is_read(stretches, cut):
    whole = energy.counter_kwh(stretches)
    assert whole == pytest.approx(energy.counter_kwh(stretches[:cut]) + energy.counter_kwh(stretches[cut:]), rel=1e-9)
    assert whole == pytest.approx(sum(energy.energy_kwh(kw, s) for kw, s in stretches), rel=1e-9)
    assert whole >= energy.counter_kwh(stretches[:cut]) - 1e-9


def test_oil_gets_thinner_as_it_warms_and_twice_the_amplitude_is_six_decibels():
    thin = fluids.viscosity(46.0, np.array([20.0, 40.0, 60.0]))
    assert np.all(np.diff(thin) < 0)
    assert thin[1] == 46.0
    assert thin[1] / thin[2] == pytest.approx(2, rel=0.02)
    np.testing.assert_allclose(vibration.decibels(np.array([1.0, 2.0, 10.0])), [0, 6.0206, 20], atol=1e-4)


@given(POSITIVE, POSITIVE, st.floats(1e-4, 1), st.floats(1.01, 5))
def test_a_blocked_nozzle_lowers_the_flow_and_raises_the_pressure(head, most, resistance, more):
    assert fluids.pump_flow(head, most, resistance * more) < fluids.pump_flow(head, most, resistance) < most
    assert fluids.pump_pressure(head, most, resistance) < fluids.pump_pressure(head, most, resistance * more) < head
    flow = fluids.pump_flow(head, most, resistance)
    assert fluids.pump_pressure(head, most, resistance) == pytest.approx(resistance * flow**2)
    assert head * (1 - (flow / most) ** 2) == pytest.approx(resistance * flow**2, abs=1e-9 * head)


def test_an_unbalance_grows_with_the_third_power_of_the_speed_and_in_the_end_with_the_speed():
    assert vibration.unbalance(1.0, 200.0, 100.0, 1e6) == pytest.approx(8)
    assert vibration.unbalance(1.0, 2e6, 1e6, 100.0) == pytest.approx(2)
    assert vibration.unbalance(1.7, 3000.0, 3000.0, 9000.0) == pytest.approx(1.7)


def test_what_stands_has_neither_torque_nor_slip():
    assert cutting.shaft_torque(0.0, 0.0) == 0
    assert driving.slip(0.0, 0.0) == 0
    assert welding.heat_input(0.8, 0.0, 0.0, 0.0) == 0
    np.testing.assert_allclose(cutting.shaft_torque(np.array([1.0, 2.0]), np.array([0.0, 9549.0])), [0, 2])


@given(st.floats(10, 500), st.floats(20, 400))
def test_speeds_and_torques_are_read_back(vc, diameter):
    n = cutting.turning_speed(vc, diameter)
    assert cutting.cutting_speed(n, diameter) == pytest.approx(vc)
    assert cutting.shaft_power(cutting.shaft_torque(11.0, n), n) == pytest.approx(11.0, rel=1e-4)
    assert grinding.wheel_turns(vc / 60, diameter) == pytest.approx(n)


def test_the_speed_of_a_lathe_rises_as_the_diameter_falls():
    assert np.all(np.diff(cutting.turning_speed(200.0, np.array([80.0, 60.0, 40.0]))) > 0)


def test_inverses_of_presses_screws_and_leaks():
    assert pressing.force_pressure(pressing.pressure_force(210.0, 490.0), 490.0) == pytest.approx(210.0)
    assert joining.clamp_force(0.16, joining.nut_torque(0.16, 30.0, 10.0), 10.0) == pytest.approx(30.0)
    assert leaks.pressure_decay(leaks.leak_rate(500.0, 25.0, 10.0), 500.0, 10.0) == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("of", "bounds"),
    [
        (bearings.bearing_envelope, [(0.4, 1.4, 1.7), (0.7, 2.7, 3.3), (1.0, 4.0, 6.0)]),
        (bearings.bearing_kurtosis, [(0.0, 3, 3), (0.4, 4.5, 5.5), (0.7, 5, 8), (1.0, 3, 4)]),
        (bearings.bearing_heat, [(0.4, 0, 0), (0.7, 1, 3), (1.0, 5, 20)]),
        (bearings.bearing_drag, [(0.7, 1, 1), (1.0, 1.05, 1.15)]),
        (
            lambda d: vibration.hypot(1.0, bearings.bearing_velocity(1.0, d)),
            [(0.4, 1, 1.05), (0.7, 1.3, 1.8), (1.0, 3, 6)],
        ),
    ],
)
def test_symptoms_of_a_bearing_come_in_their_order(of, bounds):
    for damage, low, high in bounds:
        assert low <= of(damage) <= high
