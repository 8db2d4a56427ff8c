"""Physics of machines: pure functions of numbers or arrays, a module per topic, and the names that expressions know.

Everything broadcasts element by element and depends on its arguments only. Units and sources stand in the docstrings.
"""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from types import MappingProxyType

from simulators.physics import (
    air,
    bearings,
    cutting,
    driving,
    energy,
    fluids,
    furnaces,
    grinding,
    heat,
    joining,
    lags,
    leaks,
    measuring,
    pressing,
    tools,
    vibration,
    welding,
)
from simulators.physics.elementary import Values, ratio

_FUNCTIONS: tuple[Callable[..., Values], ...] = (
    ratio, lags.decay, lags.duty, lags.thermostat_duty,
    # cutting
    cutting.chip, cutting.small_chip, cutting.mean_chip, cutting.engagement, cutting.kienzle, cutting.cutting_force,
    cutting.turning_power, cutting.milling_power, cutting.cutting_torque, cutting.turning_speed, cutting.cutting_speed,
    cutting.shaft_torque, cutting.shaft_power, cutting.table_feed, cutting.tooth_frequency, cutting.idle_power,
    cutting.drive_power, cutting.chatter_limit, cutting.stable_speed,
    # tools
    tools.taylor, tools.taylor_extended, tools.wear_land, tools.force_factor, tools.wear_drift, tools.roughness,
    tools.roughness_depth, tools.worn_roughness, tools.scatter,
    # grinding
    grinding.removal, grinding.grinding_power, grinding.sparkout, grinding.wheel_turns, grinding.dulled,
    # bearings and vibration
    bearings.bpfo, bearings.bpfi, bearings.ftf, bearings.bsf, bearings.bearing_noise, bearings.bearing_impacts,
    bearings.bearing_envelope, bearings.bearing_velocity, bearings.bearing_kurtosis, bearings.bearing_heat,
    bearings.bearing_drag, vibration.acceleration, vibration.decibels, vibration.hypot, vibration.unbalance,
    vibration.cutting_vibration,
    # heat and energy
    heat.spindle_loss, heat.steady_rise, heat.time_constant, heat.thermal_growth, heat.daily, energy.phase_current,
    energy.power_factor, energy.reactive_power,
    # presses, screws, fluids
    pressing.pressure_force, pressing.force_pressure, pressing.hydraulic_power, pressing.blanking, pressing.crank,
    pressing.press_fit, joining.nut_torque, joining.clamp_force, joining.snug_angle, fluids.filter_drop,
    fluids.carry_out, fluids.pump_flow, fluids.pump_pressure, fluids.viscosity,
    # heat treatment, welding
    furnaces.harris, welding.weld_mag, welding.weld_tig, welding.heat_input, welding.current_density,
    # air, leaks, measuring, driving
    air.isentropic, air.receiver, air.specific_power, leaks.leak_rate, leaks.pressure_decay, leaks.thermal_decay,
    leaks.choked, leaks.free_air, measuring.permissible_error, measuring.warm_length, measuring.warm_deviation,
    driving.drum_velocity, driving.slip, driving.battery,
)  # fmt: skip

FUNCTIONS: Mapping[str, Callable[..., Values]] = MappingProxyType({of.__name__: of for of in _FUNCTIONS})
"""What expressions of machine types may call, by name, with positional arguments."""


def arity(of: Callable[..., Values]) -> tuple[int, int | None]:
    """Fewest and most positional arguments of a function; None: as many as one likes."""
    parameters = signature(of).parameters.values()
    few = sum(one.default is Parameter.empty and one.kind is not Parameter.VAR_POSITIONAL for one in parameters)
    endless = any(one.kind is Parameter.VAR_POSITIONAL for one in parameters)
    return few, None if endless else len(parameters)


__all__ = ["FUNCTIONS", "arity"]
